"""Poses of all segments of the body, frame by frame, from marker positions.

The kernel form of `compute.subject.Subject`. Segment frames: X anterior, Y proximal, Z to the right on
both legs (`compute.conventions`); definitions after ISB (Wu 2002) and Grood & Suntay 1983.
"""

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
    return Poses(
        np.full((n, SEGMENTS, 3, 3), np.nan),
        np.full((n, SEGMENTS, 3), np.nan),
        np.full((n, 2, 3), np.nan),
        np.full((n, SEGMENTS), np.nan),
        np.full((n, 3), np.nan),
        np.full((n, 3), np.nan),
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
    k = segment.rows.shape[0]
    if k == 0:
        r[:] = np.nan
        origin[:] = np.nan
        return np.nan
    for i in range(k):
        row = segment.rows[i]
        for j in range(3):
            gathered[i, j] = frame[row, j] if row >= 0 else ajc[-1 - row, j]
    return cluster_pose(segment.local_m, gathered, r, origin)


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
def body_poses(markers_m: np.ndarray, body: BodyArrays, out: Poses) -> Poses:
    """Poses of every segment in every frame.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), lab, m.
    out : from `new_poses`, at least n frames.
    """
    most = max(body.pelvis.rows.shape[0], body.trunk.rows.shape[0], 3)
    for leg in (body.left, body.right):
        most = max(most, leg.thigh.rows.shape[0], leg.foot.rows.shape[0])
        most = max(most, leg.shank.cluster.shape[0])
    gathered, axis = np.empty((most, 3)), np.empty(3)
    left, right = body.left, body.right
    for i in range(markers_m.shape[0]):
        frame = markers_m[i]
        r, o, ajc, e = out.r[i], out.origin_m[i], out.ajc_m[i], out.residual_m[i]
        e[3] = shank_pose(frame, left.shank, gathered, r[3], o[3], ajc[0])
        e[6] = shank_pose(frame, right.shank, gathered, r[6], o[6], ajc[1])
        e[PELVIS] = track(frame, ajc, body.pelvis, gathered, r[PELVIS], o[PELVIS])
        e[TRUNK] = track(frame, ajc, body.trunk, gathered, r[TRUNK], o[TRUNK])
        _carry(r[PELVIS], o[PELVIS], body.pelvis_mid_m, out.mid_m[i])
        top = out.top_m[i]
        count = body.top_rows.shape[0]
        if count > 0:
            for j in range(3):
                total = 0.0
                for k in range(count):
                    total += frame[body.top_rows[k], j]
                top[j] = total / count
        else:
            _carry(r[TRUNK], o[TRUNK], body.trunk_top_m, top)
        e[2] = _thigh(
            frame, left.thigh, left.hjc_m, left.femur_axis, r[PELVIS], o[PELVIS], r[3], o[3],
            ajc, gathered, axis, r[2], o[2],
        )  # fmt: skip
        e[5] = _thigh(
            frame, right.thigh, right.hjc_m, right.femur_axis, r[PELVIS], o[PELVIS], r[6], o[6],
            ajc, gathered, axis, r[5], o[5],
        )  # fmt: skip
        e[4] = track(frame, ajc, left.foot, gathered, r[4], o[4])
        e[7] = track(frame, ajc, right.foot, gathered, r[7], o[7])
    return out


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
