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


def tap_onsets_s(time_s: np.ndarray, up_n: np.ndarray) -> np.ndarray:
    """Instants at which the load rises through 20 N after 150 ms below it, interpolated, shape (k,).

    Parameters
    ----------
    time_s, up_n : shape (n,), s and N, vertical load of one plate.
    """
    rising = np.flatnonzero((up_n[1:] >= TAP_ON_N) & (up_n[:-1] < TAP_ON_N))
    onsets = []
    for i in rising:
        before = up_n[(time_s >= time_s[i] - TAP_QUIET_S) & (time_s <= time_s[i])]
        if time_s[i] - time_s[0] >= TAP_QUIET_S and bool((before < TAP_ON_N).all()):
            share = (TAP_ON_N - up_n[i]) / (up_n[i + 1] - up_n[i])
            onsets.append(time_s[i] + share * (time_s[i + 1] - time_s[i]))
    return np.array(onsets)


def tap_contact_s(time_s: np.ndarray, height_m: np.ndarray, near_s: float) -> float:
    """Instant at which a falling marker is stopped, within 50 ms of `near_s`; NaN if it is not.

    Parameters
    ----------
    time_s, height_m : shape (n,), s and m, of a marker on a rod that is struck on a plate.

    Notes
    -----
    The break of velocity of science.md 3.4: before the contact at tau the height is a parabola, after it a
    line, and both meet there: h(t) = h0 + v d + a d²/2 for d = t - tau < 0, h0 + w d for d > 0. For each tau
    the four numbers follow by least squares; the tau with the smallest misfit is taken, between frames by a
    parabola through the squares. The rod must come down at 0.1 m/s or more and lose most of that.
    """
    use = (np.abs(time_s - near_s) <= TAP_WINDOW_S + 0.05) & np.isfinite(height_m)
    t, h = time_s[use] - near_s, height_m[use]
    if len(t) < 8:
        return float("nan")
    taus = np.arange(-0.05, 0.0501, 0.00025)
    misfit = np.full(len(taus), np.inf)
    breaks = np.zeros((len(taus), 2))
    for i, tau in enumerate(taus):
        d = t - tau
        # Of about 60 ms on each side: a bounce or the swing before do not belong to the contact.
        d, at = d[np.abs(d) <= TAP_WINDOW_S], h[np.abs(d) <= TAP_WINDOW_S]
        if np.sum(d < 0) < 4 or np.sum(d > 0) < 3:
            continue
        fall, rest = np.minimum(d, 0.0), np.maximum(d, 0.0)
        design = np.column_stack([np.ones_like(d), fall, 0.5 * fall**2, rest])
        fitted, *_ = np.linalg.lstsq(design, at, rcond=None)
        misfit[i] = float(np.mean((design @ fitted - at) ** 2))
        breaks[i] = fitted[1], fitted[3]
    # A rod at rest fits as well as one that is stopped, so only instants of a stop are compared.
    stops = (breaks[:, 0] <= -0.1) & (breaks[:, 1] >= 0.5 * breaks[:, 0])
    best = int(np.argmin(np.where(stops, misfit, np.inf)))
    if not stops[best] or not 0 < best < len(taus) - 1:
        return float("nan")
    low, mid, high = misfit[best - 1 : best + 2]
    bend = low - 2.0 * mid + high
    shift = 0.5 * (low - high) / bend if np.isfinite(bend) and bend > 0.0 else 0.0
    return float(near_s + taus[best] + np.clip(shift, -1.0, 1.0) * (taus[1] - taus[0]))


def tap_offsets_s(
    force_time_s: np.ndarray, up_n: np.ndarray, marker_time_s: np.ndarray, height_m: np.ndarray
) -> np.ndarray:
    """Load onset minus contact of the marker, one for each strike that both show, s, shape (k,).

    Positive: the forces are late against the markers.
    """
    offsets = [
        onset - tap_contact_s(marker_time_s, height_m, onset)
        for onset in tap_onsets_s(force_time_s, up_n)
    ]
    found = np.array(offsets)
    return found[np.isfinite(found)]
