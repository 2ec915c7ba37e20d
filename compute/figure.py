"""A walker as lines and arrows, for the operator: joint centres, feet, trunk and ground reactions of one
moment. Unfiltered and never scored.
"""

from dataclasses import dataclass

import numpy as np

from compute.body import (
    FOOT,
    FOOT_POINTS,
    SHANK,
    THIGH,
    BodyArrays,
    body_poses,
    leg_row,
    new_poses,
)
from compute.conventions import Side

TOP, MIDDLE = 0, 1
HIP_JOINT, KNEE_JOINT, ANKLE_JOINT, HEEL, TOE = range(5)
_LEG_POINTS = 5
POINTS = 2 + 2 * _LEG_POINTS
LOADED_N = 20.0
"""A plate that carries less has no centre of pressure."""


def point(side: Side, joint: int) -> int:
    """Row of a leg's point in `Figure.points_m`."""
    return 2 + _LEG_POINTS * side + joint


BONES: tuple[tuple[int, int], ...] = (
    (TOP, MIDDLE),
    (point(Side.LEFT, HIP_JOINT), point(Side.RIGHT, HIP_JOINT)),
    *(
        (point(side, a), point(side, b))
        for side in Side
        for a, b in (
            (HIP_JOINT, KNEE_JOINT),
            (KNEE_JOINT, ANKLE_JOINT),
            (ANKLE_JOINT, HEEL),
            (HEEL, TOE),
            (TOE, ANKLE_JOINT),
        )
    ),
)
"""Pairs of rows of `Figure.points_m` that a line joins."""


@dataclass(frozen=True)
class Figure:
    """One moment, lab frame (X forward, Y up, Z to the right), m and N; NaN where it is not known.

    Attributes
    ----------
    time_s : from the first marker sample of the session.
    points_m : shape (POINTS, 3), `TOP` of the trunk, `MIDDLE` of the pelvis and those of `point`.
    markers_m : shape (k, 3), as received.
    cop_m, force_n : shape (2, 3), centre of pressure on the floor (Y = 0) and ground reaction on the left
        and right foot.
    """

    time_s: float
    points_m: np.ndarray
    markers_m: np.ndarray
    cop_m: np.ndarray
    force_n: np.ndarray


def figure(time_s: float, markers_m: np.ndarray, wrench: np.ndarray, body: BodyArrays) -> Figure:
    """The walker in one marker frame.

    Parameters
    ----------
    markers_m : shape (k, 3), lab, m. wrench : shape (2, 6), load on the left and right foot: F (N), M_O
        (N·m) about the lab origin, lab frame.
    """
    poses = body_poses(markers_m[None], body, new_poses(1))
    r, origin = poses.r[0], poses.origin_m[0]
    points = np.full((POINTS, 3), np.nan)
    points[TOP] = poses.top_m[0]
    points[MIDDLE] = poses.mid_m[0]
    for side, leg in zip(Side, (body.left, body.right), strict=True):
        points[point(side, HIP_JOINT)] = origin[leg_row(side, THIGH)]
        points[point(side, KNEE_JOINT)] = origin[leg_row(side, SHANK)]
        points[point(side, ANKLE_JOINT)] = poses.ajc_m[0, side]
        foot = leg_row(side, FOOT)
        placed = leg.foot_points_m @ r[foot].T + origin[foot]
        known = dict(zip(FOOT_POINTS, placed, strict=True))
        points[point(side, HEEL)] = known["HEE"]
        toes = np.stack([known["TOE"], known["MT1"], known["MT5"]])
        seen = toes[np.isfinite(toes).all(axis=1)]
        if len(seen):
            points[point(side, TOE)] = seen[0] if np.isfinite(toes[0]).all() else seen.mean(axis=0)
    return Figure(time_s, points, markers_m, centres_of_pressure(wrench), wrench[:, :3].copy())


def centres_of_pressure(wrench: np.ndarray) -> np.ndarray:
    """Where the loads act on the floor, shape (2, 3), m; NaN for an unloaded plate.

    From M_O = P × F + T with T vertical and P on Y = 0: x = M_z / F_y, z = -M_x / F_y.
    """
    cop = np.full((len(wrench), 3), np.nan)
    for row, (_, f_y, _, m_x, _, m_z) in enumerate(wrench):
        if f_y > LOADED_N:
            cop[row] = m_z / f_y, 0.0, -m_x / f_y
    return cop
