"""The core of one marker frame in one cheap call.

A kernel call that is handed the body as its 39 arrays costs ten times what is computed: here the body
travels as one row of integers and one of floats, and is put together again inside.
"""

import numpy as np

from compute.body import BodyArrays, InertiaArrays, LegArrays, Poses, SegmentArrays, body_poses
from compute.curves import leg_curves
from compute.jit import kernel
from compute.newton_euler import leg_moments
from compute.pose import ShankArrays
from compute.stance import CURVES

COLUMNS = len(CURVES)


def packed(body: BodyArrays) -> tuple[np.ndarray, np.ndarray]:
    """(integers, floats) of a body, in the order in which `_body` reads them."""
    integers: list[int] = []
    floats: list[float] = []

    def add(x: np.ndarray) -> None:
        (integers if x.dtype.kind == "i" else floats).extend(x.ravel().tolist())

    def segment(given: SegmentArrays) -> None:
        integers.append(len(given.rows))
        add(given.rows)
        add(given.local_m)

    segment(body.pelvis)
    segment(body.trunk)
    for point in (body.pelvis_mid_m, body.trunk_top_m):
        add(point)
    integers.append(len(body.top_rows))
    add(body.top_rows)
    for leg in (body.left, body.right):
        floats.append(leg.sigma)
        integers.append(leg.shank.mode)
        segment(SegmentArrays(leg.shank.cluster, leg.shank.local_m))
        add(leg.shank.ajc_local_m)
        for rows in (leg.shank.knee, leg.shank.ankle, leg.shank.axis):
            add(rows)
        segment(leg.thigh)
        segment(leg.foot)
        add(leg.hjc_m)
        add(leg.femur_axis)
        add(leg.foot_points_m)
        for x in leg.inertia:
            add(x)
    return np.array(integers, dtype=np.int64), np.array(floats)


@kernel
def _rows(integers: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    at[0] += n
    return integers[at[0] - n : at[0]]


@kernel
def _numbers(floats: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    at[1] += n
    return floats[at[1] - n : at[1]]


@kernel
def _segment(integers: np.ndarray, floats: np.ndarray, at: np.ndarray) -> SegmentArrays:
    k = _rows(integers, at, 1)[0]
    return SegmentArrays(_rows(integers, at, k), _numbers(floats, at, 3 * k).reshape((k, 3)))


@kernel
def _leg(integers: np.ndarray, floats: np.ndarray, at: np.ndarray) -> LegArrays:
    sigma, mode = _numbers(floats, at, 1)[0], _rows(integers, at, 1)[0]
    cluster = _segment(integers, floats, at)
    ajc_local = _numbers(floats, at, 3)
    knee, ankle, axis = _rows(integers, at, 2), _rows(integers, at, 2), _rows(integers, at, 2)
    shank = ShankArrays(mode, cluster.rows, cluster.local_m, ajc_local, knee, ankle, axis)
    thigh, foot = _segment(integers, floats, at), _segment(integers, floats, at)
    hjc, femur_axis = _numbers(floats, at, 3), _rows(integers, at, 2)
    points = _numbers(floats, at, 12).reshape((4, 3))
    mass, com = _numbers(floats, at, 3), _numbers(floats, at, 9).reshape((3, 3))
    inertia = InertiaArrays(mass, com, _numbers(floats, at, 27).reshape((3, 3, 3)))
    return LegArrays(sigma, shank, thigh, foot, hjc, femur_axis, points, inertia)


@kernel
def _body(integers: np.ndarray, floats: np.ndarray) -> BodyArrays:
    at = np.zeros(2, dtype=np.int64)
    pelvis, trunk = _segment(integers, floats, at), _segment(integers, floats, at)
    mid, top = _numbers(floats, at, 3), _numbers(floats, at, 3)
    top_rows = _rows(integers, at, _rows(integers, at, 1)[0])
    left, right = _leg(integers, floats, at), _leg(integers, floats, at)
    return BodyArrays(pelvis, mid, trunk, top, top_rows, left, right)


_SIZES = (72, 24, 6, 8, 3, 3)
"""Numbers of one frame in the members of `Poses`."""
_POSES, _MOMENTS, _VECTOR = 5 * sum(_SIZES), 18, 6
STATE = _POSES + _MOMENTS + _VECTOR + 2 * COLUMNS


def new_state() -> np.ndarray:
    """Five frames of poses, then moments, vector and curves of both legs: all that a call writes."""
    return np.full(STATE, np.nan)


def curves_of(state: np.ndarray) -> np.ndarray:
    """Shape (2, columns), view."""
    return state[-2 * COLUMNS :].reshape(2, -1)


@kernel
def newest_frame(
    frame: np.ndarray,
    wrench: np.ndarray,
    integers: np.ndarray,
    floats: np.ndarray,
    femur: int,
    rate_hz: float,
    state: np.ndarray,
) -> None:
    """Take one frame into a window of five; moments and curves of both legs at the middle one.

    frame : (1, markers, 3). wrench : (2, 6), at the middle frame. state : from `new_state`.
    """
    at = np.zeros(2, dtype=np.int64)
    r, origin, ajc = _numbers(state, at, 360), _numbers(state, at, 120), _numbers(state, at, 30)
    residual, top, mid = _numbers(state, at, 40), _numbers(state, at, 15), _numbers(state, at, 15)
    for x in (r, origin, ajc, residual, top, mid):
        step = x.shape[0] // 5
        for k in range(4 * step):
            x[k] = x[k + step]
    poses = Poses(
        r.reshape((5, 8, 3, 3)), origin.reshape((5, 8, 3)), ajc.reshape((5, 2, 3)), residual.reshape((5, 8)),
        top.reshape((5, 3)), mid.reshape((5, 3)),
    )  # fmt: skip
    moments = _numbers(state, at, _MOMENTS).reshape((2, 1, 3, 3))
    vector = _numbers(state, at, _VECTOR).reshape((2, 1, 3))
    curves = _numbers(state, at, 2 * COLUMNS).reshape((2, 1, COLUMNS))
    body = _body(integers, floats)
    newest = Poses(
        poses.r[4:], poses.origin_m[4:], poses.ajc_m[4:], poses.residual_m[4:], poses.top_m[4:],
        poses.mid_m[4:],
    )  # fmt: skip
    body_poses(frame, body, newest)
    left, right = body.left, body.right
    load = wrench[0:1]
    leg_moments(poses, poses, load, left.inertia, 0, rate_hz, 2, moments[0], vector[0])
    leg_curves(poses, moments[0], vector[0], load, left, femur, 0, 2, curves[0])
    load = wrench[1:2]
    leg_moments(poses, poses, load, right.inertia, 1, rate_hz, 2, moments[1], vector[1])
    leg_curves(poses, moments[1], vector[1], load, right, femur, 1, 2, curves[1])


@kernel
def nothing(frame: np.ndarray) -> float:
    """A kernel call that does nothing: what the loop and the machine add to every time."""
    return frame[0, 0, 0]
