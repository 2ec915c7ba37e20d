"""By how much force stamps lag marker stamps, from the data of a walk.

On the belts the total vertical load is what holds up and accelerates the body: its ups and downs are
those of the acceleration of the centre of mass, which the pelvis (or the trunk) nearly shares. The lag
at which load and acceleration, both filtered alike without delay, fit best is measured in windows of a
few seconds.

How well this can be known (six recordings of as many walkers, five laboratories, 60-250 frames a
second, themselves taken to be in step):

* A *change* of the offset is seen to better than a millisecond: windows of one walk differ by 1 ms
  (standard deviation), and an offset of up to 20 ms put into a recording is found to 0.3 ms.
* The offset *itself* is not: flesh, arms and the swinging leg follow the pelvis late, differently in
  every walker, by `Body.bias_s` on average and up to `Body.bound_s` more or less (which includes
  whatever the recordings were out of step). That shows the delays of drivers and networks, 10 ms and
  more, but never 2 ms; a rod struck on the belts tells it to 1.5 to 2 ms (`measure_tap`).

Heel strikes were tried and are worse on both counts: from the first 20 N to the vertical stop of the
heel marker it was -14 to 6 ms by walker, and 9 ms (standard deviation) from step to step.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2
from compute.filters import zero_lag, zero_lag_section

WINDOW_S = 5.0
"""Span of one figure: three or four strides once its ends are off. Windows lie on multiples of it."""
CUTOFF_HZ = 6.0
MAX_LAG_S = 0.2
"""Searched both ways; the next lag that fits as well is a step (0.4 s or more) away."""
MARGIN_S = 0.25
"""Off each end of a window: as far as the ends of a filtered span are not to be trusted."""

MIN_CARRIED_S = 0.4
LOADED_N = 50.0
CARRIED_SHARE = 0.4
"""Of the usual load: less, and part of the body is carried by something else."""
CARRIED_TRIM_S = 0.19
"""Over ground, the other foot is still (or again) beside the plates for so long."""
MIN_SWING = 0.05
"""Spread of the load of who walks, share of the mean; standing has less."""
MIN_FIT = 0.8
"""Correlation of load and acceleration; seen 0.93-1.00."""
GAIN_LIMITS = 0.65, 1.2
"""Share of the acceleration of the pelvis that the body follows; seen 0.74-0.94. Beyond these the markers
do not move as the body that the plates carry, and its offset is not said."""
MAX_MARKER_GAP_S = 0.1
MIN_SEEN = 0.9
MAX_FORCE_GAP_S = 0.05
MIN_WINDOWS = 3
SPREAD_S = 0.001
"""Of windows of a steady walk: standard deviation seen on a treadmill."""
MIN_TAPS = 5
NO_BODY = "no marker shows the pelvis or the trunk"
TAP_BOUND_S = 0.0015


@dataclass(frozen=True)
class Body:
    """Markers that stand for the body.

    Attributes
    ----------
    weights : canonical name to its share in the mean.
    bias_s : lag of forces that are in step with the markers, mean of the recordings.
    bound_s : by how much more or less it was in any of them.
    """

    name: str
    weights: tuple[tuple[str, float], ...]
    bias_s: float
    bound_s: float

    @property
    def markers(self) -> tuple[str, ...]:
        """Canonical names."""
        return tuple(name for name, _ in self.weights)


def _even(name: str, markers: Sequence[str], bias_s: float, bound_s: float) -> Body:
    return Body(name, tuple((each, 1.0 / len(markers)) for each in markers), bias_s, bound_s)


BODIES = (
    _even("pelvis", ("LASI", "RASI", "LPSI", "RPSI"), 0.004, 0.009),
    Body("pelvis by the sacrum", (("LASI", 0.25), ("RASI", 0.25), ("SACR", 0.5)), 0.004, 0.009),
    _even("front of the pelvis", ("LASI", "RASI"), 0.005, 0.010),
    _even("trunk", ("C7", "T10", "CLAV", "STRN"), 0.0075, 0.010),
)
"""Best first. Seen, in ms: pelvis -4.0, -0.7, 4.1, 4.6, 6.3, 12.6 (standard deviation 5.8; 4.7 over all
the data of the same recordings); its front -4.2 to 13.2; trunk 3.9 to 10.3 (four recordings). A single
marker is worse (sacrum -11.7 to 12.3)."""


@dataclass(frozen=True)
class WindowLag:
    """Lag seen in one window.

    Attributes
    ----------
    start_s : beginning of the window. lag_s : bias included.
    gain : share of the acceleration of the markers that the body follows.
    used_s : time over which the plates carried the body.
    """

    start_s: float
    body: Body
    lag_s: float
    gain: float
    used_s: float


@dataclass(frozen=True)
class SyncOffset:
    """A measured offset.

    Attributes
    ----------
    offset_s : force stamps come so much later than marker stamps of the same event; NaN when it cannot
        be said, `reason` then says why.
    error_s : standard error of `offset_s`, from the spread of the single figures alone.
    bound_s : by how much the method itself may be wrong in this laboratory and walker.
    spread_s : standard deviation of the single figures (robust). n : their number.
    method : what was compared.
    lag_s : what was seen, bias included: comparable only with that of the same walker and method, but
        then to `error_s`. Known also where `offset_s` is not.
    """

    offset_s: float = nan
    error_s: float = nan
    bound_s: float = nan
    spread_s: float = nan
    n: int = 0
    method: str = ""
    lag_s: float = nan
    reason: str = ""


def measure_offset(
    marker_time_s: np.ndarray,
    markers_m: np.ndarray,
    names: Sequence[str],
    force_time_s: np.ndarray,
    wrench: np.ndarray,
    marker_hz: float,
    force_hz: float,
) -> SyncOffset:
    """Offset over a recording of someone who walks.

    Parameters
    ----------
    marker_time_s : shape (n,), s, increasing. markers_m : shape (n, len(names), 3), lab, m, NaN = missing.
    names : canonical names; those of pelvis or trunk are used.
    force_time_s : shape (k,), s, same clock. wrench : shape (k, 2, 6), load on both feet, lab, N and N·m.
    marker_hz, force_hz : nominal rates.
    """
    if not bodies_among(names):
        return SyncOffset(reason=NO_BODY)
    if not len(marker_time_s) or not len(force_time_s):
        return SyncOffset(reason="nothing was received")
    found = []
    first = int(np.floor(marker_time_s[0] / WINDOW_S))
    for k in range(first, int(np.floor(marker_time_s[-1] / WINDOW_S)) + 1):
        own, load = (
            slice(*np.searchsorted(times, (k * WINDOW_S, (k + 1) * WINDOW_S)))
            for times in (marker_time_s, force_time_s)
        )
        each = window_lag(
            marker_time_s[own], markers_m[own, :, 1], names,
            force_time_s[load], wrench[load, :, 1].sum(axis=1), marker_hz, force_hz,
        )  # fmt: skip
        if each is not None:
            found.append(each)
    return pooled(found)


def measure_tap(offsets_s: np.ndarray) -> SyncOffset:
    """Offset from strikes of a rod on the belts (`compute.plate_check.tap_offsets_s`), shape (k,), s.

    It is known to its bound and twice its standard error: 1.5 to 2 ms.

    A light stiff rod is stopped within 3 ms, and the break of its marker's path lies half of that
    after the load begins: that is the bound.
    """
    if len(offsets_s) < MIN_TAPS:
        return SyncOffset(
            n=len(offsets_s), reason=f"{len(offsets_s)} strikes were seen, {MIN_TAPS} are needed"
        )
    offset_s, spread_s, error_s = _median(offsets_s)
    return SyncOffset(offset_s, error_s, TAP_BOUND_S, spread_s, len(offsets_s), "tap", offset_s)


def bodies_among(names: Iterable[str]) -> tuple[Body, ...]:
    """What can stand for the body, best first, with these markers."""
    there = set(names)
    return tuple(body for body in BODIES if there.issuperset(body.markers))


def window_lag(
    marker_time_s: np.ndarray,
    heights_m: np.ndarray,
    names: Sequence[str],
    force_time_s: np.ndarray,
    load_n: np.ndarray,
    marker_hz: float,
    force_hz: float,
) -> WindowLag | None:
    """Lag in one window.

    Parameters
    ----------
    marker_time_s : shape (n,), s. heights_m : shape (n, len(names)), m, NaN = missing.
    force_time_s : shape (k,), s. load_n : shape (k,), vertical load of both plates together, N.

    Returns
    -------
    None when the window does not show it: nobody walks on the plates, or data are missing.
    """
    usable = np.isfinite(load_n)
    if not usable.all():
        force_time_s, load_n = force_time_s[usable], load_n[usable]
    chosen = _body(marker_time_s, heights_m, names)
    if chosen is None or not _closely_spaced(force_time_s, MAX_FORCE_GAP_S):
        return None
    body, seen_s, height_m = chosen
    first_s = max(seen_s[0], force_time_s[0])
    last_s = min(seen_s[-1], force_time_s[-1])
    if last_s - first_s < 2.0 * (MARGIN_S + MAX_LAG_S) + MIN_CARRIED_S:
        return None
    even_s = first_s + np.arange(int((last_s - first_s) * marker_hz) + 1) / marker_hz
    height_m = _smooth(even_s, seen_s, height_m, marker_hz)
    # Three points, as gentle on 6 Hz as can be (gain 0.97 at 60 frames a second).
    pull = np.zeros(len(even_s))
    pull[1:-1] = (height_m[2:] - 2.0 * height_m[1:-1] + height_m[:-2]) * marker_hz**2
    load_s = first_s + np.arange(int((last_s - first_s) * force_hz) + 1) / force_hz
    smooth_n = np.interp(even_s, load_s, _smooth(load_s, force_time_s, load_n, force_hz))
    reach = round(MAX_LAG_S * marker_hz)
    away = reach + round(MARGIN_S * marker_hz)
    carried = _carried(even_s, np.interp(even_s, force_time_s, load_n))
    at = np.flatnonzero(carried[away:-away]) + away
    if len(at) < MIN_CARRIED_S * marker_hz:
        return None
    mean_n = float(smooth_n[at].mean())
    swing = smooth_n[at] - mean_n
    if swing.std() < MIN_SWING * mean_n:
        return None
    frames, fit, slope_kg = _best(pull, at, swing, reach)
    if isnan(frames) or fit < MIN_FIT:
        return None
    lag_s = frames / marker_hz
    return WindowLag(
        first_s, body, lag_s, slope_kg * GRAVITY_M_PER_S2 / mean_n, len(at) / marker_hz
    )


def pooled(found: Sequence[WindowLag]) -> SyncOffset:
    """One figure from many windows: of those that saw the same markers, and for long enough."""
    longest_s = max((each.used_s for each in found), default=nan)
    found = [each for each in found if each.used_s > 0.5 * longest_s]
    if not found:
        return SyncOffset(reason="nobody was seen to walk with both feet on the plates")
    most = Counter(each.body.name for each in found).most_common(1)[0][0]
    own = [each for each in found if each.body.name == most]
    body = own[0].body
    lag_s, spread_s, error_s = _median(np.array([each.lag_s for each in own]), SPREAD_S)
    gain = float(np.median([each.gain for each in own]))
    known = GAIN_LIMITS[0] <= gain <= GAIN_LIMITS[1]
    return SyncOffset(
        lag_s - body.bias_s if known else nan,
        error_s,
        body.bound_s,
        spread_s,
        len(own),
        body.name,
        lag_s,
        "" if known else f"the {body.name} does not move as the body that the plates carry",
    )


def _median(values: np.ndarray, usual_spread: float = 0.0) -> tuple[float, float, float]:
    """Median, standard deviation from the median deviation, and standard error of the median.

    Three or four values may agree by chance: the error is not taken from less than the usual spread.
    """
    median = float(np.median(values))
    if len(values) < MIN_WINDOWS:
        return median, nan, nan
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    return median, spread, 1.2533 * max(spread, usual_spread) / sqrt(len(values))


def _body(
    time_s: np.ndarray, heights_m: np.ndarray, names: Sequence[str]
) -> tuple[Body, np.ndarray, np.ndarray] | None:
    """What stands for the body here, when it is seen, and its height."""
    column = {name: i for i, name in enumerate(names)}
    for body in bodies_among(names):
        own = [column[name] for name, _ in body.weights]
        height_m = heights_m[:, own] @ np.array([weight for _, weight in body.weights])
        seen = np.isfinite(height_m)
        if seen.sum() > MIN_SEEN * len(seen) and _closely_spaced(time_s[seen], MAX_MARKER_GAP_S):
            return body, time_s[seen], height_m[seen]
    return None


def _closely_spaced(time_s: np.ndarray, gap_s: float) -> bool:
    return len(time_s) > 1 and float(np.diff(time_s).max()) <= gap_s


def _smooth(even_s: np.ndarray, time_s: np.ndarray, x: np.ndarray, rate_hz: float) -> np.ndarray:
    """A signal at even times, after the zero-lag filter for their rate."""
    section = zero_lag_section(CUTOFF_HZ, rate_hz)
    at = np.interp(even_s, time_s, x)[:, None]
    return zero_lag(at, section, np.empty(len(at) + 2 * section.pad), at)[:, 0]


def _carried(time_s: np.ndarray, load_n: np.ndarray) -> np.ndarray:
    """Whether the plates carry the whole body; shape as `time_s`."""
    loaded = load_n > LOADED_N
    if not loaded.any():
        return loaded
    carried = load_n > CARRIED_SHARE * np.median(load_n[loaded])
    for edge in np.flatnonzero(np.diff(carried)):
        carried &= np.abs(time_s - time_s[edge]) > CARRIED_TRIM_S
    return carried


def _best(
    pull: np.ndarray, at: np.ndarray, swing: np.ndarray, reach: int
) -> tuple[float, float, float]:
    """Lag in frames of the load at frames `at` against the acceleration, correlation and slope there.

    The correlation is as smooth over the lag as the signals are over time, so a curve through whole
    frames finds its top between them. NaN when it lies at the end of what is searched.
    """
    lags = np.arange(-reach, reach + 1)
    x = pull[at - lags[:, None]]
    x -= x.mean(axis=1, keepdims=True)
    power = np.einsum("ij,ij->i", x, x)
    both = x @ swing
    fits = both / np.sqrt(power * float(swing @ swing))
    top = int(fits.argmax())
    if not 2 <= top <= 2 * reach - 2:
        return nan, nan, nan
    shift = _top(fits[top - 2 : top + 3])
    return float(lags[top]) + shift, float(fits[top]), float(both[top] / power[top])


def _top(y: np.ndarray) -> float:
    """Where the quartic through five even points is highest, in steps from the middle one.

    By Newton's method from the middle, whose neighbours are lower: within one step.
    """
    a, b, c, d, e = (float(each) for each in y)
    first = (a - 8.0 * b + 8.0 * d - e) / 12.0
    second = (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / 12.0
    third = (-a + 2.0 * b - 2.0 * d + e) / 2.0
    fourth = a - 4.0 * b + 6.0 * c - 4.0 * d + e
    at = 0.0
    for _ in range(4):
        slope = first + at * (second + at * (third / 2.0 + at * fourth / 6.0))
        bend = second + at * (third + at * fourth / 2.0)
        if bend >= 0.0:
            break
        at = min(max(at - slope / bend, -1.0), 1.0)
    return at
