"""Samples of one stance checked for gaps, repaired and filtered."""

from dataclasses import dataclass

import numpy as np

from compute.conventions import Side
from compute.evidence import Context, Span
from compute.filters import zero_lag, zero_lag_section
from compute.jit import kernel
from compute.repair import MAX_HELD, blank_held, track_through
from compute.settings import Settings
from compute.stance import Stance
from compute.subject import Segment, Subject

MAX_STEP = 1.5
"""Sample periods: further apart, two samples have another one missing between them."""
SHORT_S = 0.0035
"""So little may always be missing: two samples of a plate at 1000 Hz are nothing to a filter of 6 Hz."""
LEAST_SAMPLES = 8


@dataclass(frozen=True)
class Prepared:
    """Samples of a stance, repaired and filtered.

    Attributes
    ----------
    marker_time_s : shape (n,). raw_m : shape (n, markers, 3), lab, repaired.
    loads_m : the same, filtered like the plates; smooth_m : filtered for what is differentiated.
    left_out : markers not to be used. filled : shape (n,), frames with a reconstructed marker.
    force_time_s : shape (k,). wrench : shape (k, 2, 6), offset taken off.
    own_wrench : shape (k, 6), of this foot, filtered.
    """

    marker_time_s: np.ndarray
    raw_m: np.ndarray
    loads_m: np.ndarray
    smooth_m: np.ndarray
    left_out: frozenset[str]
    filled: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray
    own_wrench: np.ndarray


class Preparation:
    """Prepares the stances of one person.

    Attributes
    ----------
    loads, smooth, forces : the filters. one_filter : whether the first two are the same.
    rows : per side, rows of the markers that carry the shank and the foot.
    """

    def __init__(
        self,
        subject: Subject,
        names: tuple[str, ...],
        marker_hz: float,
        force_hz: float,
        settings: Settings,
    ) -> None:
        self._subject, self._names, self._settings = subject, names, settings
        self._marker_hz, self._force_hz = marker_hz, force_hz
        slow_hz = min(settings.filter_hz, settings.inertia_hz)
        self.one_filter = slow_hz == settings.filter_hz
        self.loads = zero_lag_section(settings.filter_hz, marker_hz)
        self.smooth = zero_lag_section(slow_hz, marker_hz)
        self.forces = zero_lag_section(settings.filter_hz, force_hz)
        self.rows = tuple(self._rows_of(side) for side in Side)

    def broken(self, t_on_s: float, until_s: float, span: Span) -> set[str]:
        """Which stream lacks samples between the context before heel strike and `until_s`."""
        start_s = t_on_s - self._settings.min_context_s
        found = set()
        if not unbroken(span.marker_time_s, self._marker_hz, start_s, until_s):
            found.add("marker_gap")
        if not unbroken(span.force_time_s, self._force_hz, start_s, until_s):
            found.add("late_data")
        if not found:
            first = int(span.force_time_s.searchsorted(start_s, side="left"))
            if not whole(span.wrench[first:]):
                found.add("late_data")
        return found

    def prepare(self, stance: Stance, span: Span, context: Context) -> Prepared | None:
        """Repair and filter; None when the markers do not carry this leg's shank and foot."""
        core_s = stance.t_on_s - self._settings.min_context_s
        first = unbroken_from(span.force_time_s, self._force_hz, core_s)
        first += last_missing(span.wrench[first:], span.force_time_s[first:], core_s) + 1
        force_time_s = span.force_time_s[first:]
        wrench = span.wrench[first:] - context.offset
        first = unbroken_from(span.marker_time_s, self._marker_hz, core_s)
        markers = span.markers_m[first:].copy()
        blank_held(markers, MAX_HELD)
        # A blink before the context that is needed only makes the context shorter.
        time_s = span.marker_time_s[first:]
        cut = last_blink(markers, self.rows[stance.side], time_s, core_s) + 1
        markers, time_s = markers[cut:], time_s[cut:]
        tracked = self._track(markers, stance.side)
        if tracked is None:
            return None
        n, k = len(time_s), len(force_time_s)
        flat = markers.reshape(n, -1)
        own = np.ascontiguousarray(wrench[:, stance.side])
        scratch = np.empty(
            max(
                (max(self.loads.pad, self.smooth.pad) + 3) * flat.shape[1] + n,
                k + 2 * self.forces.pad,
            )
        )
        loads = zero_lag(flat, self.loads, scratch, np.empty_like(flat)).reshape(markers.shape)
        smooth = loads
        if not self.one_filter:
            smooth = zero_lag(flat, self.smooth, scratch, np.empty_like(flat))
            smooth = smooth.reshape(markers.shape)
        own = zero_lag(own, self.forces, scratch, own)
        return Prepared(time_s, markers, loads, smooth, *tracked, force_time_s, wrench, own)

    def _rows_of(self, side: Side) -> np.ndarray:
        leg = self._subject.leg(side)
        used = (*leg.shank.markers(), *(leg.foot.cluster if leg.foot is not None else ()))
        rows = [self._names.index(name) for name in dict.fromkeys(used) if name in self._names]
        return np.array(rows, dtype=np.int64)

    def _track(self, markers: np.ndarray, side: Side) -> tuple[frozenset[str], np.ndarray] | None:
        """Markers to leave out and frames that were filled; None when this leg is not carried."""
        subject = self._subject
        left_out: set[str] = set()
        filled = np.zeros(len(markers), dtype=bool)
        if whole(markers):
            return frozenset(), filled
        for own in (side, side.other):
            leg = subject.leg(own)
            shank = leg.shank
            if shank.tracking == "landmarks":
                rows = [self._names.index(name) for name in shank.markers()]
                if own is side and np.isnan(markers[:, rows]).any():
                    return None
            clusters = [leg.foot, leg.thigh]
            if shank.tracking == "cluster":
                clusters.insert(0, Segment(shank.cluster, shank.local_m))
            for cluster in clusters:
                if cluster is None:
                    continue
                way = track_through(markers, self._names, cluster, self._marker_hz)
                if not way.possible and own is side and cluster is not leg.thigh:
                    return None
                left_out |= way.left_out
                if own is side and cluster is not leg.thigh:
                    filled |= way.filled
        for segment in (subject.pelvis, subject.trunk):
            if segment is not None:
                left_out |= track_through(markers, self._names, segment, self._marker_hz).left_out
        return frozenset(left_out), filled


@kernel
def unbroken(time_s: np.ndarray, rate_hz: float, start_s: float, until_s: float) -> bool:
    """Whether samples reach from before `start_s` to `until_s` with none missing but for `SHORT_S`.

    Parameters
    ----------
    time_s : shape (n,), increasing.
    """
    first = max(int(np.searchsorted(time_s, start_s, side="right")) - 1, 0)
    n = time_s.shape[0]
    if n - first < LEAST_SAMPLES or time_s[first] > start_s or time_s[n - 1] < until_s:
        return False
    widest_s = 0.0
    for i in range(first + 1, n):
        widest_s = max(widest_s, time_s[i] - time_s[i - 1])
    return widest_s <= max(MAX_STEP / rate_hz, SHORT_S)


@kernel
def unbroken_from(time_s: np.ndarray, rate_hz: float, core_s: float) -> int:
    """First sample from which on none is missing up to `core_s`, but for `SHORT_S`."""
    for i in range(int(np.searchsorted(time_s, core_s, side="right")) - 1, 0, -1):
        if time_s[i] - time_s[i - 1] > max(MAX_STEP / rate_hz, SHORT_S):
            return i
    return 0


@kernel
def whole(rows: np.ndarray) -> bool:
    """Whether no value is missing. rows : shape (n, a, b)."""
    for i in range(rows.shape[0]):
        for a in range(rows.shape[1]):
            for b in range(rows.shape[2]):
                if np.isnan(rows[i, a, b]):
                    return False
    return True


@kernel
def last_missing(rows: np.ndarray, time_s: np.ndarray, core_s: float) -> int:
    """Last row with a NaN before the one at or before `core_s`; -1 if there is none."""
    for i in range(int(np.searchsorted(time_s, core_s, side="right")) - 2, -1, -1):
        if not whole(rows[i : i + 1]):
            return i
    return -1


@kernel
def last_blink(markers_m: np.ndarray, rows: np.ndarray, time_s: np.ndarray, core_s: float) -> int:
    """Last frame before the one at or before `core_s` in which one of the markers is missing; or -1.

    Parameters
    ----------
    markers_m : shape (n, markers, 3). rows : the markers that count.
    """
    for i in range(int(np.searchsorted(time_s, core_s, side="right")) - 2, -1, -1):
        for row in rows:
            if np.isnan(markers_m[i, row, 0]):
                return i
    return -1
