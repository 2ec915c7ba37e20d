"""Errors of a force plate against an instrumented pole or a known weight: pure mathematics.

The pole method of Holden, Selbie & Stanhope (2003, Gait & Posture 17, 205-213): a stiff pole with two
markers and a pointed tip is pressed onto the plate by hand. At its tip it can carry no moment, and a pole
that is pushed through a pivot at its top carries force along its axis alone. So the centre of pressure
must lie at the tip, and the force on the pole must point along it. Collins et al. (2009, Gait & Posture 29,
59-64) calibrate instrumented treadmills with the same pole.

Lab frame: X forward, Y up, Z to the right; m, N, N·m.
"""

from dataclasses import dataclass

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2
from compute.plates import centre_of_pressure_m

LOADED_N = 100.0
"""Below this the centre of pressure is noise divided by little."""


@dataclass(frozen=True)
class PointErrors:
    """Centre of pressure against known points over n samples, horizontally.

    Attributes
    ----------
    mean_m : shape (2,), mean error forward and to the right: centre of pressure minus known point.
    rms_m, max_m : of the distance.
    """

    samples: int
    mean_m: tuple[float, float]
    rms_m: float
    max_m: float


@dataclass(frozen=True)
class ForceErrors:
    """Vertical load against a known weight.

    Attributes
    ----------
    mean_n : measured load. error_n : measured minus known; `share` is that over the known one.
    """

    mean_n: float
    error_n: float
    share: float


def pole_axis(top_m: np.ndarray, low_m: np.ndarray) -> np.ndarray:
    """Unit vector up along the pole, shape (n, 3).

    Parameters
    ----------
    top_m, low_m : shape (n, 3), the two markers, lab; `low_m` is the one nearer to the tip.
    """
    along = top_m - low_m
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(along / np.linalg.norm(along, axis=-1, keepdims=True))


def pole_tip_m(top_m: np.ndarray, low_m: np.ndarray, tip_m: float) -> np.ndarray:
    """Tip of the pole, shape (n, 3): low - tip · (top - low) / |top - low|.

    Parameters
    ----------
    tip_m : distance along the pole from the lower marker to the tip.
    """
    return low_m - tip_m * pole_axis(top_m, low_m)


def point_errors(
    wrench: np.ndarray, point_m: np.ndarray, surface_y_m: float, min_load_n: float = LOADED_N
) -> PointErrors:
    """Centre of pressure against where the load is known to be applied.

    Parameters
    ----------
    wrench : shape (n, 6), load on the foot (here the pole or weight), F and M_O, lab.
    point_m : shape (n, 3), known point of application at the same instants; NaN where not seen.
    surface_y_m : height of the surface.

    Notes
    -----
    CoP as in `compute.plates.centre_of_pressure_m`; the error is its horizontal distance from the point.
    """
    cop_m = centre_of_pressure_m(wrench, surface_y_m)
    error = (cop_m - point_m)[:, [0, 2]]
    use = (wrench[:, 1] > min_load_n) & np.isfinite(error).all(axis=1)
    error = error[use]
    if not len(error):
        return PointErrors(0, (np.nan, np.nan), np.nan, np.nan)
    squares = np.sum(error**2, axis=1)
    mean = error.mean(axis=0)
    return PointErrors(
        len(error),
        (float(mean[0]), float(mean[1])),
        float(np.sqrt(squares.mean())),
        float(np.sqrt(squares.max())),
    )


def direction_error_deg(
    wrench: np.ndarray, axis: np.ndarray, min_load_n: float = LOADED_N
) -> float:
    """Angle between the mean force and the mean pole axis, deg; NaN where nothing is loaded.

    Parameters
    ----------
    wrench : shape (n, 6). axis : shape (n, 3), unit vectors up along the pole.

    Notes
    -----
    With u up the pole and f along the force, u x f is the axis of the turn from one to the other times the
    sine of its angle. Its mean over the samples keeps a turn that is common to all, as crosstalk or a plate
    that is not level makes it, while noise and a pole that is rocked cancel; acos(u · f) of single samples
    would add the noise up.
    """
    force = wrench[:, :3]
    norm = np.linalg.norm(force, axis=1)
    use = (force[:, 1] > min_load_n) & np.isfinite(axis).all(axis=1)
    if not use.any():
        return float("nan")
    unit = force[use] / norm[use, None]
    up = axis[use]
    turn = np.cross(up, unit).mean(axis=0)
    return float(np.degrees(np.arcsin(min(1.0, float(np.linalg.norm(turn))))))


def weight_errors(up_n: np.ndarray, weight_kg: float) -> ForceErrors:
    """Mean vertical load against m·g (g = 9.81 m/s², `compute.conventions`).

    Parameters
    ----------
    up_n : shape (n,), vertical load while the weight stands still, without what the empty plate reads.
    """
    mean_n, known_n = float(np.nanmean(up_n)), weight_kg * GRAVITY_M_PER_S2
    return ForceErrors(mean_n, mean_n - known_n, mean_n / known_n - 1.0)


def contacts(loaded: np.ndarray, min_samples: int) -> list[slice]:
    """Stretches of at least `min_samples` samples in which something is put down.

    Parameters
    ----------
    loaded : shape (n,), bool.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loaded, [False]]).astype(np.int8)))
    return [
        slice(int(start), int(stop))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if stop - start >= min_samples
    ]


TAP_ON_N, TAP_QUIET_S, TAP_WINDOW_S = 20.0, 0.15, 0.06
TAP_SEARCH_S, TAP_EDGE_S = 0.2, 0.005
"""How far from each other a strike and a stop are held to be one, and how near to that they are not: a
few that happen to lie there are those of other strikes."""
TAP_STEP_S = 0.00025
FALL_M_PER_S = 0.1
MISFIT_M = 0.003
"""Root mean square: worse is no rod that falls and is stopped, but a swing or a marker that jumps."""


def tap_onsets_s(time_s: np.ndarray, up_n: np.ndarray) -> np.ndarray:
    """Instants at which the load rises 20 N over that of the empty plate after 150 ms below, shape (k,).

    Parameters
    ----------
    time_s, up_n : shape (n,), s and N, vertical load of one plate, its zero perhaps off. Interpolated.
    """
    if not len(up_n):
        return np.empty(0)
    up_n = up_n - np.median(up_n[up_n <= np.percentile(up_n, 10.0) + TAP_ON_N])
    rising = np.flatnonzero((up_n[1:] >= TAP_ON_N) & (up_n[:-1] < TAP_ON_N))
    onsets = []
    for i in rising:
        before = up_n[np.searchsorted(time_s, time_s[i] - TAP_QUIET_S) : i + 1]
        if time_s[i] - time_s[0] >= TAP_QUIET_S and bool((before < TAP_ON_N).all()):
            share = (TAP_ON_N - up_n[i]) / (up_n[i + 1] - up_n[i])
            onsets.append(time_s[i] + share * (time_s[i + 1] - time_s[i]))
    return np.array(onsets)


def tap_stops_s(time_s: np.ndarray, height_m: np.ndarray) -> np.ndarray:
    """Instants at which a falling marker is stopped, after 150 ms without another stop, shape (k,).

    Parameters
    ----------
    time_s, height_m : shape (n,), s and m, of a marker on a rod that is struck on a plate; NaN = missing.

    Notes
    -----
    The break of velocity of science.md 3.4: before the contact at tau the height is a parabola, after it a
    line, and both meet there: h(t) = h0 + v d + a d²/2 for d = t - tau < 0, h0 + w d for d > 0. For each tau
    the four numbers follow by least squares; the tau with the smallest misfit is taken, between frames by a
    parabola through the squares. The rod must come down at 0.1 m/s or more and lose most of that: a rod at
    rest fits as well as one that is stopped, so only instants of a stop are compared.
    """
    seen = np.isfinite(height_m)
    t, h = time_s[seen], height_m[seen]
    if len(t) < 8:
        return np.empty(0)
    frame_s = float(np.median(np.diff(t)))
    near = np.isfinite([_misfit(t, h, tau) for tau in t])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(np.int8)))
    stops: list[float] = []
    last_s = -np.inf
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        taus = np.arange(t[first] - frame_s, t[last] + frame_s, TAP_STEP_S)
        misfit = np.array([_misfit(t, h, tau) for tau in taus])
        best = int(np.argmin(misfit))
        if not 0 < best < len(taus) - 1 or not np.isfinite(misfit[best - 1 : best + 2]).all():
            continue
        low, mid, high = misfit[best - 1 : best + 2]
        bend = low - 2.0 * mid + high
        shift = 0.5 * (low - high) / bend if bend > 0.0 else 0.0
        stop_s = float(taus[best] + np.clip(shift, -1.0, 1.0) * TAP_STEP_S)
        if stop_s - last_s >= TAP_QUIET_S:
            stops.append(stop_s)
        last_s = stop_s
    return np.array(stops)


def _misfit(t: np.ndarray, h: np.ndarray, tau: float) -> float:
    """Mean square misfit of a stop at tau, m²; infinite where there is none.

    Of about 60 ms on each side: a bounce or the swing before do not belong to the contact.
    """
    rows = slice(*np.searchsorted(t, (tau - TAP_WINDOW_S, tau + TAP_WINDOW_S)))
    d, at = t[rows] - tau, h[rows]
    if np.sum(d < 0) < 4 or np.sum(d > 0) < 3:
        return np.inf
    fall, rest = np.minimum(d, 0.0), np.maximum(d, 0.0)
    design = np.column_stack([np.ones_like(d), fall, 0.5 * fall**2, rest])
    fitted, *_ = np.linalg.lstsq(design, at, rcond=None)
    misfit = float(np.mean((design @ fitted - at) ** 2))
    stopped = fitted[1] <= -FALL_M_PER_S and fitted[3] >= 0.5 * fitted[1]
    return misfit if stopped and misfit <= MISFIT_M**2 else np.inf


def tap_offsets_s(onsets_s: np.ndarray, stops_s: np.ndarray) -> np.ndarray:
    """Load onset minus the nearest stop of the marker, one for each strike that both show, s, shape (k,).

    Positive: the forces are late against the markers. What is 195 ms or more apart is not one strike.

    Parameters
    ----------
    onsets_s, stops_s : of all plates (`tap_onsets_s`), and of the marker (`tap_stops_s`).
    """
    if not len(onsets_s) or not len(stops_s):
        return np.empty(0)
    apart_s = onsets_s[:, None] - stops_s
    found = apart_s[np.arange(len(onsets_s)), np.abs(apart_s).argmin(axis=1)]
    return np.asarray(found[np.abs(found) < TAP_SEARCH_S - TAP_EDGE_S])
