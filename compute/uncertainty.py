"""Standard uncertainty of an EKAM peak, propagated from the noise seen in the same stance.

First order: every filtered sample that enters the moment at the peak is a weighted sum of raw samples
with independent noise of the markers (from the misfit of their cluster, or from differences where there
is no cluster) and correlated noise of the six plate channels (the noise of the centre of pressure is in
these). Covers the random error of the measurement only: not the placement of markers, soft tissue, the
plate's calibration or the choice of frame.
"""

from typing import NamedTuple

import numpy as np

from compute.body import FOOT, SHANK, InertiaArrays, LegArrays, SegmentArrays, track
from compute.conventions import ekam_nm
from compute.filters import Section, zero_lag
from compute.jit import kernel
from compute.newton_euler import COM, add_effort, moment_about, segment_effort, segment_motion
from compute.pose import LANDMARKS, ShankArrays, shank_pose

_STEP_M = 1e-5
_FRAMES = 5


class NoiseGains(NamedTuple):
    """What the filters make of white noise.

    Attributes
    ----------
    markers : shape (6, 6), covariance, per unit variance of the raw samples, of the load-filtered
        marker at the peak and of the kinematically filtered marker in the five frames around it.
    forces : variance gain of the plate channels' filter.
    """

    markers: np.ndarray
    forces: float


def noise_gains(loads: Section, smooth: Section, forces: Section) -> NoiseGains:
    """Covariance of filtered white noise from the impulse responses of the zero-lag filters."""
    a, b, c = (_impulse_response(section) for section in (loads, smooth, forces))
    n = max(len(a), len(b)) + 8
    rows = [_centred(a, n, 0), *(_centred(b, n, lag) for lag in range(-2, 3))]
    responses = np.array(rows)
    return NoiseGains(responses @ responses.T, float(c @ c))


def _impulse_response(section: Section) -> np.ndarray:
    half = 4 * section.pad
    unit = np.zeros((2 * half + 1, 1))
    unit[half] = 1.0
    work = np.empty(len(unit) + 2 * section.pad)
    return np.asarray(zero_lag(unit, section, work, np.empty_like(unit))[:, 0])


def _centred(response: np.ndarray, n: int, lag: int) -> np.ndarray:
    """The response in a row of n, its middle moved by `lag`."""
    out = np.zeros(n)
    start = n // 2 - len(response) // 2 + lag
    out[start : start + len(response)] = response
    return out


@kernel
def _pose(
    frame: np.ndarray,
    shank: ShankArrays,
    foot: SegmentArrays,
    side: int,
    which: tuple[bool, bool],
    gathered: np.ndarray,
    k: int,
    r: np.ndarray,
    origin: np.ndarray,
    ajc: np.ndarray,
) -> None:
    """Shank (row 0) and foot (row 1) of one leg in one frame, into row `k`; `which` of the two."""
    if which[0]:
        shank_pose(frame, shank, gathered, r[0, k], origin[0, k], ajc[side])
    if not which[1]:
        return
    if foot.rows.shape[0] > 0:
        track(frame, ajc, foot, gathered, r[1, k], origin[1, k])
    else:
        r[1, k] = r[0, k]
        origin[1, k] = ajc[side]


@kernel
def _moves(row: int, shank: ShankArrays, foot: SegmentArrays) -> tuple[bool, bool]:
    """Whether a marker moves the shank, and the foot."""
    of_shank = of_foot = False
    follows = foot.rows.shape[0] == 0
    if shank.mode == LANDMARKS:
        for at in (shank.knee, shank.ankle, shank.axis):
            of_shank = of_shank or row == at[0] or row == at[1]
    else:
        for at in shank.cluster:
            of_shank = of_shank or row == at
    for at in foot.rows:
        of_foot = of_foot or row == at
        follows = follows or at < 0
    return of_shank, of_foot or (of_shank and follows)


@kernel
def _effort(
    row: int,
    inertia: InertiaArrays,
    point: bool,
    rate_hz: float,
    r: np.ndarray,
    origin: np.ndarray,
    motion: np.ndarray,
    effort: np.ndarray,
    com: np.ndarray,
) -> None:
    """What the shank (row 0) or the foot (row 1) applies at its centre of mass; `point`: at its origin."""
    segment = SHANK if row == 0 else FOOT
    at, tensor = inertia.com_m[segment], inertia.inertia_kg_m2[segment]
    if point:
        at, tensor = np.zeros(3), np.zeros((3, 3))
    segment_motion(r[row], origin[row], at, rate_hz, 2, motion)
    segment_effort(inertia.mass_kg[segment], tensor, r[row, 2], motion, effort[row])
    com[row] = motion[COM]


@kernel
def _ekam(
    wrench: np.ndarray,
    sigma: float,
    r_tibia: np.ndarray,
    kjc: np.ndarray,
    effort: np.ndarray,
    com: np.ndarray,
    moment: np.ndarray,
) -> float:
    moment_about(wrench, kjc, moment)
    for row in range(2):
        add_effort(effort[row], com[row], kjc, moment)
    return ekam_nm(sigma, moment, r_tibia)


@kernel
def sensitivities(
    loads_m: np.ndarray,
    smooth_m: np.ndarray,
    wrench: np.ndarray,
    rows: np.ndarray,
    leg: LegArrays,
    side: int,
    rate_hz: float,
    out_markers: np.ndarray,
    out_wrench: np.ndarray,
) -> float:
    """EKAM in one frame and its derivatives.

    Parameters
    ----------
    loads_m : shape (markers, 3), load-filtered. smooth_m : shape (5, markers, 3), for the inertia.
    rows : shape (u,), markers of this shank and foot.
    out_markers : shape (6, u, 3), N·m/m: for `loads_m`, then for the five frames of `smooth_m`.
    out_wrench : shape (6,), N·m per N and per N·m.

    Returns
    -------
    EKAM, N·m. Derivatives by forward differences of 0.01 mm; those of the wrench exactly.
    """
    # Out of their tuples once: every access inside the loops would be counted up and down again.
    shank, foot, inertia, sigma = leg.shank, leg.foot, leg.inertia, leg.sigma
    point = foot.rows.shape[0] == 0
    r, origin = np.empty((2, _FRAMES, 3, 3)), np.empty((2, _FRAMES, 3))
    tibia, kjc, r_load, o_load = np.empty((3, 3)), np.empty(3), np.empty((3, 3)), np.empty(3)
    most = max(shank.cluster.shape[0], foot.rows.shape[0], 1)
    ajc, gathered = np.empty((2, 3)), np.empty((most, 3))
    motion, moment = np.empty((4, 3)), np.empty(3)
    effort, com = np.empty((2, 6)), np.empty((2, 3))
    moved, moved_com = np.empty((2, 6)), np.empty((2, 3))
    for k in range(_FRAMES):
        _pose(smooth_m[k], shank, foot, side, (True, True), gathered, k, r, origin, ajc)
    for row in range(2):
        _effort(row, inertia, point and row == 1, rate_hz, r, origin, motion, effort, com)
    shank_pose(loads_m, shank, gathered, tibia, kjc, ajc[side])
    at = _ekam(wrench, sigma, tibia, kjc, effort, com, moment)
    for j in range(3):
        out_wrench[3 + j] = sigma * tibia[j, 0]
    # x . (-K x F) = -F . (x cross K)
    out_wrench[0] = -sigma * (tibia[1, 0] * kjc[2] - tibia[2, 0] * kjc[1])
    out_wrench[1] = -sigma * (tibia[2, 0] * kjc[0] - tibia[0, 0] * kjc[2])
    out_wrench[2] = -sigma * (tibia[0, 0] * kjc[1] - tibia[1, 0] * kjc[0])
    frame = np.empty_like(loads_m)
    # The loads move with the joint, the efforts with the five frames: one of the two stays.
    frame[:] = loads_m
    for u in range(rows.shape[0]):
        if not _moves(rows[u], shank, foot)[0]:
            out_markers[0, u] = 0.0
            continue
        for j in range(3):
            frame[rows[u], j] += _STEP_M
            shank_pose(frame, shank, gathered, r_load, o_load, ajc[side])
            value = _ekam(wrench, sigma, r_load, o_load, effort, com, moment)
            out_markers[0, u, j] = (value - at) / _STEP_M
            frame[rows[u], j] = loads_m[rows[u], j]
    for k in range(_FRAMES):
        frame[:] = smooth_m[k]
        _pose(frame, shank, foot, side, (True, True), gathered, k, r, origin, ajc)
        still_r, still_origin, still_ajc = r[:, k].copy(), origin[:, k].copy(), ajc[side].copy()
        for u in range(rows.shape[0]):
            # What a marker does not move stays as it is.
            which = _moves(rows[u], shank, foot)
            moved[:], moved_com[:] = effort, com
            for j in range(3):
                frame[rows[u], j] += _STEP_M
                _pose(frame, shank, foot, side, which, gathered, k, r, origin, ajc)
                for row in range(2):
                    if which[row]:
                        _effort(
                            row, inertia, point and row == 1, rate_hz, r, origin, motion, moved,
                            moved_com,
                        )  # fmt: skip
                value = _ekam(wrench, sigma, tibia, kjc, moved, moved_com, moment)
                out_markers[1 + k, u, j] = (value - at) / _STEP_M
                frame[rows[u], j] = smooth_m[k, rows[u], j]
            r[:, k], origin[:, k], ajc[side] = still_r, still_origin, still_ajc
    return at


def force_covariance(wrench: np.ndarray) -> np.ndarray:
    """Covariance of the white noise of six plate channels, shape (6, 6), from raw samples (k, 6).

    Third differences remove the slow signal; of white noise they leave 1 + 9 + 9 + 1 = 20 variances.
    """
    if len(wrench) < 20:
        return np.full((6, 6), np.nan)
    return third_differences(wrench, np.zeros((6, 6)))


@kernel
def third_differences(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Mean products of the third differences of all pairs of columns, over 20.

    x : shape (k, columns). out : shape (columns, columns), of zeros.
    """
    n, columns = x.shape[0] - 3, x.shape[1]
    d = np.empty(columns)
    for i in range(n):
        for a in range(columns):
            d[a] = (
                (x[i + 3, a] - x[i + 2, a]) - 2.0 * (x[i + 2, a] - x[i + 1, a])
                + (x[i + 1, a] - x[i, a])
            )  # fmt: skip
            for b in range(a + 1):
                out[a, b] += d[a] * d[b]
    for a in range(columns):
        for b in range(a + 1):
            out[a, b] /= 20.0 * n
            out[b, a] = out[a, b]
    return out


def marker_variance(markers_m: np.ndarray) -> float:
    """Variance (m^2) of one coordinate's white noise where no cluster tells it, from raw (n, u, 3).

    Fifth differences: of white noise 252 variances; of 3 Hz at 100 samples a second a four-thousandth
    of the amplitude.
    """
    if len(markers_m) < 10:
        return float("nan")
    d = np.diff(markers_m, 5, axis=0)
    return float(np.mean(d * d) / 252.0)


def residual_variance(residual_m: np.ndarray, markers: int) -> float:
    """Variance (m^2) of one coordinate from the raw misfit of a cluster: n e^2 / (3 n - 6)."""
    seen = residual_m[residual_m == residual_m]
    return (
        float(seen @ seen) / len(seen) * markers / (3 * markers - 6) if len(seen) else float("nan")
    )


def peak_sigma_nm(
    loads_m: np.ndarray,
    smooth_m: np.ndarray,
    wrench: np.ndarray,
    leg: LegArrays,
    side: int,
    rate_hz: float,
    variances: tuple[float, float],
    covariance: np.ndarray,
    gains: NoiseGains,
) -> float:
    """Standard uncertainty of EKAM in one frame, N·m.

    Parameters
    ----------
    variances : of a raw coordinate of the shank's and of the foot's markers, m^2.
    covariance : of the raw plate channels, shape (6, 6).
    """
    own, foot = noisy_rows(leg)
    rows = np.concatenate([own, foot])
    by_marker, by_wrench = np.empty((1 + _FRAMES, len(rows), 3)), np.empty(6)
    sensitivities(loads_m, smooth_m, wrench, rows, leg, side, rate_hz, by_marker, by_wrench)
    return float(
        np.sqrt(
            spread_nm2(
                by_marker, len(own), variances[0], variances[1], gains.markers,
                by_wrench, covariance, gains.forces,
            )
        )
    )  # fmt: skip


def noisy_rows(leg: LegArrays) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the markers of the shank, and of those of the foot alone."""
    shank = leg.shank
    own = shank.cluster
    if shank.mode == LANDMARKS:
        own = np.unique(np.concatenate([shank.knee, shank.ankle, shank.axis]))
    used = {-1, -2, *own.tolist()}
    foot = [row for row in leg.foot.rows.tolist() if row not in used]
    return own, np.array(foot, dtype=np.int64)


@kernel
def spread_nm2(
    by_marker: np.ndarray,
    of_shank: int,
    shank_m2: float,
    foot_m2: float,
    marker_gains: np.ndarray,
    by_wrench: np.ndarray,
    covariance: np.ndarray,
    force_gain: float,
) -> float:
    """Variance of EKAM, (N·m)^2: sum of every derivative's part, by the law of propagation.

    Parameters
    ----------
    by_marker, by_wrench : from `sensitivities`; the first `of_shank` markers are those of the shank.
    shank_m2, foot_m2 : variances of a raw coordinate. marker_gains, force_gain : `NoiseGains`.
    covariance : shape (6, 6), of the raw plate channels.
    """
    total = 0.0
    for u in range(by_marker.shape[1]):
        part = 0.0
        for j in range(3):
            for a in range(by_marker.shape[0]):
                for b in range(by_marker.shape[0]):
                    part += by_marker[a, u, j] * marker_gains[a, b] * by_marker[b, u, j]
        total += part * (shank_m2 if u < of_shank else foot_m2)
    forces = 0.0
    for a in range(6):
        for b in range(6):
            forces += by_wrench[a] * covariance[a, b] * by_wrench[b]
    return total + force_gain * forces
