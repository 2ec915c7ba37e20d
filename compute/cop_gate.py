"""Whether the load acts under the foot that is said to carry it."""

import numpy as np

from compute.body import FOOT, FOOT_POINTS, Poses, leg_row
from compute.conventions import Side
from compute.evidence import Evidence
from compute.jit import kernel
from compute.plates import centre_of_pressure_m

_HALF_WIDTH_M = 0.045
"""Half the width of the forefoot where only one of its markers is known."""


def outside_foot(evidence: Evidence) -> bool:
    """The centre of pressure leaves the foot."""
    settings = evidence.settings
    outline, forward = _outline(evidence)
    if not _farthest_from_ankle_m(evidence) <= settings.max_cop_to_ankle_m:
        return True
    if outline is None:
        return False
    pct, wrench = evidence.pct, evidence.wrench_at
    loaded = wrench[:, 1] > settings.cop_min_n
    early = loaded & (pct >= 10.0) & (pct <= 60.0)
    late = loaded & (pct > 60.0)
    longer = outline.copy()
    longer[:, 1:] += settings.toe_extension_m * forward[:, None, :]
    points = np.ascontiguousarray(centre_of_pressure_m(wrench)[:, ::2])
    return bool(
        max(farthest_outside(points, outline, early), farthest_outside(points, longer, late))
        > settings.max_cop_outside_m
    )


def under_other_foot(evidence: Evidence) -> bool:
    """The load lies nearer to the other ankle, out of reach of this foot: plates swapped."""
    settings, stance = evidence.settings, evidence.stance
    if not _farthest_from_ankle_m(evidence) > settings.max_cop_to_ankle_m:
        return False
    own_m = float(np.median(_to_ankle_m(evidence, evidence.poses, stance.side)))
    if not own_m > settings.max_cop_to_ankle_m:
        return False
    other = _to_ankle_m(evidence, evidence.other_shank(), stance.side.other)
    return float(np.median(other)) < own_m


def _farthest_from_ankle_m(evidence: Evidence) -> float:
    """Largest distance of the centre of pressure from this foot's ankle; NaN while there is no load."""
    away_m = _to_ankle_m(evidence, evidence.poses, evidence.stance.side)
    return float(away_m.max()) if len(away_m) else float("nan")


def _to_ankle_m(evidence: Evidence, poses: Poses, side: Side) -> np.ndarray:
    """Distances of the centre of pressure from an ankle on the floor, in the loaded frames."""
    wrench, ajc_m = evidence.wrench_at, poses.ajc_m[evidence.inside, side]
    away_m = np.empty(len(wrench))
    return away_m[: distances_m(wrench, ajc_m, evidence.settings.cop_min_n, away_m)]


@kernel
def distances_m(wrench: np.ndarray, points_m: np.ndarray, least_n: float, out: np.ndarray) -> int:
    """Distances on the floor of the centre of pressure from a point, where the load is large enough.

    Parameters
    ----------
    wrench : shape (n, 6). points_m : shape (n, 3), lab. least_n : vertical load.
    out : shape (>= n,), receives the distances.

    Returns
    -------
    Number of frames in which the load exceeds `least_n`. Formula: `compute.plates.centre_of_pressure_m`.
    """
    found = 0
    for i in range(wrench.shape[0]):
        if wrench[i, 1] > least_n:
            x = wrench[i, 5] / wrench[i, 1] - points_m[i, 0]
            z = -wrench[i, 3] / wrench[i, 1] - points_m[i, 2]
            out[found] = np.hypot(x, z)
            found += 1
    return found


def _outline(evidence: Evidence) -> tuple[np.ndarray | None, np.ndarray]:
    """Heel, first, second and fifth metatarsal head on the floor, shape (m, 4, 2), and forward (m, 2)."""
    stance, inside = evidence.stance, evidence.inside
    r = evidence.poses.r[inside, leg_row(stance.side, FOOT)]
    outline, forward = np.empty((len(r), 4, 2)), np.empty((len(r), 2))
    for k, name in enumerate(FOOT_POINTS):
        outline[:, k] = evidence.foot_point_m(stance.side, name, inside)[:, ::2]
    known = complete_outline(outline, r, stance.side.sigma, forward)
    return (outline if known else None), forward


@kernel
def complete_outline(outline: np.ndarray, r: np.ndarray, sigma: float, forward: np.ndarray) -> bool:
    """Fill in the metatarsal heads that are not known; where the foot points.

    Parameters
    ----------
    outline : shape (m, 4, 2), heel, first, second, fifth head; a corner that is missing in a frame is
        put in anew in all. The second lies between the others; a first (fifth) head is the mirror image
        of the fifth (first) about the second.
    r : shape (m, 3, 3), R_lab_from_foot. forward : shape (m, 2), receives the foot's x axis on the floor.

    Returns
    -------
    Whether all corners are known now.
    """
    m = outline.shape[0]
    missing = np.zeros(4, dtype=np.bool_)
    for i in range(m):
        length = np.sqrt(r[i, 0, 0] * r[i, 0, 0] + r[i, 2, 0] * r[i, 2, 0])
        forward[i, 0], forward[i, 1] = r[i, 0, 0] / length, r[i, 2, 0] / length
        for k in range(4):
            missing[k] = missing[k] or np.isnan(outline[i, k, 0] + outline[i, k, 1])
    for i in range(m):
        mt1, mt2, mt5 = outline[i, 1], outline[i, 2], outline[i, 3]
        for j in range(2):
            lateral = sigma * (-forward[i, 1] if j == 0 else forward[i, 0])
            if missing[2]:
                mt2[j] = 0.5 * (mt1[j] + mt5[j])
            if missing[3]:
                mt5[j] = mt2[j] + _HALF_WIDTH_M * lateral if missing[1] else 2.0 * mt2[j] - mt1[j]
            if missing[1]:
                mt1[j] = 2.0 * mt2[j] - mt5[j]
    for i in range(m):
        for k in range(4):
            if np.isnan(outline[i, k, 0] + outline[i, k, 1]):
                return False
    return True


@kernel
def farthest_outside(points: np.ndarray, outlines: np.ndarray, when: np.ndarray) -> float:
    """Largest distance of a point from its polygon, m; 0 where all lie inside.

    Parameters
    ----------
    points : shape (n, 2). outlines : shape (n, k, 2), corners in order. when : shape (n,), rows that count.
    """
    farthest = 0.0
    k = outlines.shape[1]
    for i in range(points.shape[0]):
        if not when[i]:
            continue
        x, y = points[i, 0], points[i, 1]
        inside = False
        nearest = np.inf
        for a in range(k):
            b = (a + 1) % k
            ax, ay = outlines[i, a, 0], outlines[i, a, 1]
            bx, by = outlines[i, b, 0], outlines[i, b, 1]
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                inside = not inside
            dx, dy = bx - ax, by - ay
            t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
            t = min(max(t, 0.0), 1.0)
            nearest = min(nearest, np.hypot(x - ax - t * dx, y - ay - t * dy))
        if not inside:
            farthest = max(farthest, nearest)
    return farthest
