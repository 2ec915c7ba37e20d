"""Poses of all segments of the body, frame by frame, from marker positions.

The kernel form of `compute.subject.Subject`. Segment frames: X anterior, Y proximal, Z to the right on
both legs (`compute.conventions`); definitions after ISB (Wu 2002) and Grood & Suntay 1983.
"""

from itertools import accumulate
from math import prod
from typing import NamedTuple

import numpy as np

from compute.conventions import Side
from compute.jit import kernel
from compute.pose import ShankArrays, cluster_pose, shank_pose, tibia_frame
from compute.subject import Leg, Segment, SegmentInertia, Subject

# Rows of the poses of one frame: pelvis and trunk, then three segments a leg.
PELVIS, TRUNK = 0, 1
THIGH, SHANK, FOOT = 0, 1, 2
SEGMENTS = 8
_LEFT, _RIGHT = 2, 5
ALL_SEGMENTS = (1 << SEGMENTS) - 1

# How the medio-lateral axis of the femur is known.
NO_FEMUR, TIBIA_AXIS, LIVE_AXIS, THIGH_CLUSTER = 0, 1, 2, 3

FOOT_POINTS = ("HEE", "MT1", "TOE", "MT5")


class SegmentArrays(NamedTuple):
    """A cluster in kernel form; without markers the segment is not tracked.

    Attributes
    ----------
    rows : shape (k,), rows of the markers in a frame; -1 and -2 stand for the left and right ankle
        joint centre as the shank carries it.
    local_m : shape (k, 3).
    """

    rows: np.ndarray
    local_m: np.ndarray


class InertiaArrays(NamedTuple):
    """Inertia of thigh, shank and foot: shapes (3,), (3, 3), (3, 3, 3); `compute.subject.SegmentInertia`."""

    mass_kg: np.ndarray
    com_m: np.ndarray
    inertia_kg_m2: np.ndarray


class LegArrays(NamedTuple):
    """One leg in kernel form.

    Attributes
    ----------
    hjc_m : shape (3,), hip joint centre in the pelvis frame; NaN where unknown.
    femur_axis : shape (2,), rows of the medial-to-right pair of epicondyle markers seen in every
        frame (the second lies to the right); -1 where they are not.
    foot_points_m : shape (4, 3), `FOOT_POINTS` in the foot frame; NaN for absent ones.
    """

    sigma: float
    shank: ShankArrays
    thigh: SegmentArrays
    foot: SegmentArrays
    hjc_m: np.ndarray
    femur_axis: np.ndarray
    foot_points_m: np.ndarray
    inertia: InertiaArrays


class BodyArrays(NamedTuple):
    """The body in kernel form.

    Attributes
    ----------
    pelvis_mid_m, trunk_top_m : shape (3,), points of the pelvis and the trunk in their frames.
    top_rows : rows of markers whose mean is the top of the trunk where it has no cluster.
    """

    pelvis: SegmentArrays
    pelvis_mid_m: np.ndarray
    trunk: SegmentArrays
    trunk_top_m: np.ndarray
    top_rows: np.ndarray
    left: LegArrays
    right: LegArrays


class Poses(NamedTuple):
    """Poses over n frames, lab frame; NaN where a segment is not tracked.

    Attributes
    ----------
    r : shape (n, SEGMENTS, 3, 3), R_lab_from_segment. origin_m : shape (n, SEGMENTS, 3): pelvis
        mid-ASIS, thigh hip joint centre, shank knee joint centre, foot ankle joint centre.
    ajc_m : shape (n, 2, 3), ankle joint centre carried by the shank.
    residual_m : shape (n, SEGMENTS), root mean square misfit of the cluster; NaN without one.
    top_m, mid_m : shape (n, 3), top of the trunk, middle of the pelvis.
    """

    r: np.ndarray
    origin_m: np.ndarray
    ajc_m: np.ndarray
    residual_m: np.ndarray
    top_m: np.ndarray
    mid_m: np.ndarray


def leg_row(side: int, segment: int) -> int:
    """Row of THIGH, SHANK or FOOT of one side in `Poses`."""
    return 2 + 3 * side + segment


def new_poses(n: int) -> Poses:
    """Room for the poses of n frames."""
    shapes = ((SEGMENTS, 3, 3), (SEGMENTS, 3), (2, 3), (SEGMENTS,), (3,), (3,))
    sizes = [n * prod(shape) for shape in shapes]
    room = np.full(sum(sizes), np.nan)  # one block is quicker to get than six
    ends = list(accumulate(sizes))
    return Poses(
        *(
            room[end - size : end].reshape(n, *shape)
            for shape, size, end in zip(shapes, sizes, ends, strict=True)
        )
    )


@kernel
def track(
    frame: np.ndarray,
    ajc: np.ndarray,
    segment: SegmentArrays,
    gathered: np.ndarray,
    r: np.ndarray,
    origin: np.ndarray,
) -> float:
    """Pose of a cluster in one frame; NaN when it has no markers or one is missing."""
    rows, local = segment.rows, segment.local_m
    k = rows.shape[0]
    if k == 0:
        r[:] = np.nan
        origin[:] = np.nan
        return np.nan
    for i in range(k):
        row = rows[i]
        for j in range(3):
            gathered[i, j] = frame[row, j] if row >= 0 else ajc[-1 - row, j]
    return cluster_pose(local, gathered, r, origin)


@kernel
def _carry(r: np.ndarray, origin: np.ndarray, local: np.ndarray, out: np.ndarray) -> None:
    for j in range(3):
        out[j] = origin[j] + r[j, 0] * local[0] + r[j, 1] * local[1] + r[j, 2] * local[2]


@kernel
def _thigh(
    frame: np.ndarray,
    thigh: SegmentArrays,
    hjc_local_m: np.ndarray,
    femur_axis: np.ndarray,
    pelvis_r: np.ndarray,
    pelvis_o: np.ndarray,
    shank_r: np.ndarray,
    kjc: np.ndarray,
    ajc: np.ndarray,
    gathered: np.ndarray,
    axis: np.ndarray,
    r: np.ndarray,
    hjc: np.ndarray,
) -> float:
    """Femur frame: y from knee to hip joint centre, z the epicondylar axis.

    With a thigh cluster the frame of the static trial is carried by it. Without, it is built from the
    joint centres and the epicondyles seen in this frame, or, failing these, the tibia's axis: the
    long axis (and with it hip flexion and adduction) is then right, the turn about it is not known.
    """
    residual = np.nan
    if thigh.rows.shape[0] > 0:
        residual = track(frame, ajc, thigh, gathered, r, hjc)
        if np.isfinite(hjc_local_m[0]) and np.isfinite(pelvis_o[0]):
            _carry(pelvis_r, pelvis_o, hjc_local_m, hjc)
        return residual
    _carry(pelvis_r, pelvis_o, hjc_local_m, hjc)
    if femur_axis[0] >= 0:
        for j in range(3):
            axis[j] = frame[femur_axis[1], j] - frame[femur_axis[0], j]
    else:
        for j in range(3):
            axis[j] = shank_r[j, 2]
    tibia_frame(hjc, kjc, axis, r)
    return residual


@kernel
def some_poses(
    markers_m: np.ndarray, body: BodyArrays, wanted: int, first: int, last: int, out: Poses
) -> Poses:
    """Poses of some segments in some frames; everything else in `out` stays as it is.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), lab, m.
    wanted : bits of the rows (`PELVIS`, `TRUNK`, `leg_row`) of the segments. A thigh without a cluster
        needs pelvis and shank, a foot that uses the ankle joint centre its shank.
    first, last : frames first to last - 1.
    out : from `new_poses`, at least `last` frames.
    """
    # Out of their tuples once: every access inside the loop would be counted up and down again.
    pelvis, trunk, left, right = body.pelvis, body.trunk, body.left, body.right
    l_shank, l_thigh, l_foot, l_hjc, l_axis = (
        left.shank, left.thigh, left.foot, left.hjc_m, left.femur_axis
    )  # fmt: skip
    r_shank, r_thigh, r_foot, r_hjc, r_axis = (
        right.shank, right.thigh, right.foot, right.hjc_m, right.femur_axis
    )  # fmt: skip
    mid_local, top_local, top_rows = body.pelvis_mid_m, body.trunk_top_m, body.top_rows
    all_r, all_origin, all_ajc, all_residual, all_top, all_mid = out
    most = max(pelvis.rows.shape[0], trunk.rows.shape[0], 3)
    most = max(most, l_thigh.rows.shape[0], l_foot.rows.shape[0], l_shank.cluster.shape[0])
    most = max(most, r_thigh.rows.shape[0], r_foot.rows.shape[0], r_shank.cluster.shape[0])
    gathered, axis = np.empty((most, 3)), np.empty(3)
    count = top_rows.shape[0]
    for i in range(first, last):
        frame, ajc, e = markers_m[i], all_ajc[i], all_residual[i]
        r, o = all_r[i], all_origin[i]
        pelvis_r, pelvis_o = r[PELVIS], o[PELVIS]
        l_r, l_kjc, r_r, r_kjc = (
            r[_LEFT + SHANK], o[_LEFT + SHANK], r[_RIGHT + SHANK], o[_RIGHT + SHANK]
        )  # fmt: skip
        if wanted & (1 << (_LEFT + SHANK)):
            e[_LEFT + SHANK] = shank_pose(frame, l_shank, gathered, l_r, l_kjc, ajc[0])
        if wanted & (1 << (_RIGHT + SHANK)):
            e[_RIGHT + SHANK] = shank_pose(frame, r_shank, gathered, r_r, r_kjc, ajc[1])
        if wanted & (1 << PELVIS):
            e[PELVIS] = track(frame, ajc, pelvis, gathered, pelvis_r, pelvis_o)
            _carry(pelvis_r, pelvis_o, mid_local, all_mid[i])
        if wanted & (1 << TRUNK):
            e[TRUNK] = track(frame, ajc, trunk, gathered, r[TRUNK], o[TRUNK])
            if count > 0:
                for j in range(3):
                    total = 0.0
                    for k in range(count):
                        total += frame[top_rows[k], j]
                    all_top[i, j] = total / count
            else:
                _carry(r[TRUNK], o[TRUNK], top_local, all_top[i])
        if wanted & (1 << (_LEFT + THIGH)):
            e[_LEFT + THIGH] = _thigh(
                frame, l_thigh, l_hjc, l_axis, pelvis_r, pelvis_o, l_r, l_kjc, ajc, gathered, axis,
                r[_LEFT + THIGH], o[_LEFT + THIGH],
            )  # fmt: skip
        if wanted & (1 << (_RIGHT + THIGH)):
            e[_RIGHT + THIGH] = _thigh(
                frame, r_thigh, r_hjc, r_axis, pelvis_r, pelvis_o, r_r, r_kjc, ajc, gathered, axis,
                r[_RIGHT + THIGH], o[_RIGHT + THIGH],
            )  # fmt: skip
        if wanted & (1 << (_LEFT + FOOT)):
            e[_LEFT + FOOT] = track(
                frame, ajc, l_foot, gathered, r[_LEFT + FOOT], o[_LEFT + FOOT]
            )  # fmt: skip
        if wanted & (1 << (_RIGHT + FOOT)):
            e[_RIGHT + FOOT] = track(
                frame, ajc, r_foot, gathered, r[_RIGHT + FOOT], o[_RIGHT + FOOT]
            )  # fmt: skip
    return out


@kernel
def body_poses(markers_m: np.ndarray, body: BodyArrays, out: Poses) -> Poses:
    """Poses of every segment in every frame.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), lab, m.
    out : from `new_poses`, at least n frames.
    """
    return some_poses(markers_m, body, ALL_SEGMENTS, 0, markers_m.shape[0], out)


def below_knee(side: int) -> int:
    """Bits of shank and foot of one leg, for `some_poses`."""
    return 1 << leg_row(side, SHANK) | 1 << leg_row(side, FOOT)


def whole_leg(side: int) -> int:
    """Bits of one leg, the pelvis and the trunk, for `some_poses`."""
    return below_knee(side) | 1 << leg_row(side, THIGH) | 1 << PELVIS | 1 << TRUNK


def femur_known(leg: LegArrays) -> int:
    """Where the medio-lateral axis of the femur comes from."""
    if len(leg.thigh.rows):
        return THIGH_CLUSTER
    if not np.isfinite(leg.hjc_m).all():
        return NO_FEMUR
    return LIVE_AXIS if leg.femur_axis[0] >= 0 else TIBIA_AXIS


def body_arrays(
    subject: Subject, names: tuple[str, ...], left_out: frozenset[str] = frozenset()
) -> BodyArrays:
    """Kernel form of a subject for frames whose markers are `names` in this order.

    Parameters
    ----------
    left_out : markers not to be used; a cluster that keeps fewer than three is not tracked.
    """

    def segment(given: Segment | None) -> SegmentArrays:
        kept = (
            []
            if given is None
            else [i for i, name in enumerate(given.cluster) if name not in left_out]
        )
        if given is None or len(kept) < 3:
            return SegmentArrays(np.zeros(0, dtype=np.int64), np.zeros((0, 3)))
        rows = [_row(given.cluster[i], names) for i in kept]
        return SegmentArrays(
            np.array(rows, dtype=np.int64), np.array([given.local_m[i] for i in kept])
        )

    def point(given: Segment | None, name: str) -> np.ndarray:
        known = given is not None and name in given.points_m
        return np.array(given.points_m[name] if given and known else (np.nan,) * 3)

    def one_leg(side: Side) -> LegArrays:
        leg = subject.leg(side)
        pair = (side.letter + "KNE", side.letter + "KNM")
        inward = pair[::-1] if side is Side.RIGHT else pair
        seen = set(pair) <= set(names) and not left_out & set(pair)
        axis = [names.index(name) for name in inward] if seen else [-1, -1]
        used = tuple(name for name in leg.shank.cluster if name not in left_out)
        return LegArrays(
            side.sigma,
            leg.shank.arrays(names, used),
            segment(leg.thigh),
            segment(leg.foot),
            point(subject.pelvis, side.letter + "HJC"),
            np.array(axis, dtype=np.int64),
            np.stack([point(leg.foot, name) for name in FOOT_POINTS]),
            _inertia(leg),
        )

    top = tuple(name for name in subject.trunk_top if name in names)
    cluster = segment(subject.trunk)
    return BodyArrays(
        segment(subject.pelvis),
        point(subject.pelvis, "MID"),
        cluster,
        point(subject.trunk, "TOP"),
        np.array(
            [names.index(name) for name in top] if not len(cluster.rows) else [], dtype=np.int64
        ),
        one_leg(Side.LEFT),
        one_leg(Side.RIGHT),
    )


def _row(name: str, names: tuple[str, ...]) -> int:
    if name in names:
        return names.index(name)
    return {"LAJC": -1, "RAJC": -2}[name]


def _inertia(leg: Leg) -> InertiaArrays:
    parts: tuple[SegmentInertia, ...] = (leg.thigh_inertia, leg.shank_inertia, leg.foot_inertia)
    return InertiaArrays(
        np.array([part.mass_kg for part in parts]),
        np.array([part.com_m for part in parts]),
        np.array([part.inertia_kg_m2 for part in parts]),
    )
