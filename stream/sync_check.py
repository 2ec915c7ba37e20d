"""Whether markers and forces keep step, watched during a session and judged at its end.

Two questions, of which a walk answers the second far better (`compute.sync_offset`):

* Are they in step? Known to some 9 ms only, from walker to walker. So the session is warned of when the
  offset is past 2 ms by more than that, refused when it is past 5 ms by more than that, and good only where
  it stays within 5 ms whatever the method is wrong by; otherwise it is not known.
* Did it change since the walk began? Known to less than a millisecond; 2 and 5 ms as they stand.

A refusal at the end of a session cannot take back what the walker was shown, and stances that were
scored stay as they were written: whoever verifies the folder must find the same ones. So it is said
where the values are read: ``sync`` in session.json with its verdict, and the summary of the session. An
offset that was constant can be corrected afterwards, as raw.xdf holds the stamps as they came: the
sentence says by which line of the lab file.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import hypot, isnan, nan
from typing import Literal

import numpy as np

from compute.sync_offset import (
    MIN_WINDOWS,
    NO_BODY,
    WINDOW_S,
    SyncOffset,
    WindowLag,
    bodies_among,
    pooled,
    window_lag,
)
from stream.lab import Lab

GOOD_S, LIMIT_S = 0.002, 0.005
"""5 ms change the first peak of the EKAM by 2-9 %: 2 ms is aimed at, 5 ms is the limit."""
EACH = 8
"""Windows whose median is compared with that of others: 40 s of walking."""
LOOK_EVERY = 6
"""Windows from one look to the next while the session runs: 30 s."""
HELD_S = 30.0
"""A stream that is ahead waits so long for the other one, as in the engine."""
MAX_WINDOWS = 1440

State = Literal["ok", "warn", "refuse", "unknown"]
_ORDER: tuple[State, ...] = ("unknown", "ok", "warn", "refuse")


@dataclass(frozen=True)
class SyncVerdict:
    """What can be said of the offset.

    Attributes
    ----------
    state : of both; ``unknown`` also where nothing changed and the offset itself cannot be told.
    change_state : of the change alone.
    sentence : what it is, and the cure.
    measured : offset over the whole session; `SyncOffset.offset_s` positive: force stamps come late.
    change_s : the largest change seen, forces later than before is positive; NaN where none could be
        told to 2 ms. change_error_s : its standard error. changed_at_s : session time at which it was seen.
    """

    state: State = "unknown"
    sentence: str = ""
    measured: SyncOffset = field(default_factory=SyncOffset)
    change_s: float = nan
    change_error_s: float = nan
    changed_at_s: float = nan
    change_state: State = "unknown"

    @property
    def offset_s(self) -> float:
        """Force stamps come so much later than marker stamps; NaN where it cannot be said."""
        return self.measured.offset_s

    @property
    def uncertainty_s(self) -> float:
        """The offset is known to this: what the method may be wrong by, and twice the standard error."""
        error_s = 0.0 if isnan(self.measured.error_s) else self.measured.error_s
        return self.measured.bound_s + 2.0 * error_s

    @property
    def n(self) -> int:
        """Windows that it rests on."""
        return self.measured.n

    @property
    def alarming(self) -> str:
        """The sentence, where the operator should read it at once; otherwise empty."""
        return self.sentence if self.state in ("warn", "refuse") else ""

    def table(self) -> dict[str, object]:
        """For session.json."""
        return {
            "what": "force stamps against marker stamps, ms, positive = forces late",
            "verdict": self.state,
            "sentence": self.sentence,
            "offset_ms": _ms(self.offset_s),
            "uncertainty_ms": _ms(self.uncertainty_s),
            "seen_with_bias_ms": _ms(self.measured.lag_s),
            "windows": self.n,
            "method": self.measured.method,
            "change_verdict": self.change_state,
            "largest_change_ms": _ms(self.change_s),
            "largest_change_error_ms": _ms(self.change_error_s),
            "largest_change_at_s": None if isnan(self.changed_at_s) else self.changed_at_s,
        }


class SyncCheck:
    """Watches the offset; takes what the engine takes.

    Parameters
    ----------
    lab : its delays are named in the cure.
    names : canonical names of the markers, in the order of the samples.
    marker_hz, force_hz : nominal rates.

    Notes
    -----
    A window of `WINDOW_S` costs just under a millisecond when it is complete, a look at all of them
    (`LOOK_EVERY`) as much after an hour, everything else next to nothing. Results depend on the samples
    and their stamps only, not on how they are cut into calls.
    """

    def __init__(
        self,
        lab: Lab,
        names: Sequence[str],
        marker_hz: float,
        force_hz: float,
    ) -> None:
        self._delays_s = lab.markers.device_delay_s, lab.forces.device_delay_s
        self._rates_hz = marker_hz, force_hz
        wanted = {name for body in bodies_among(names) for name in body.markers}
        self._columns = [i for i, name in enumerate(names) if name in wanted]
        self._names = [names[i] for i in self._columns]
        self._heights = _Held(len(self._columns))
        self._loads = _Held(1)
        self._window: int | None = None
        self._found: deque[WindowLag] = deque(maxlen=MAX_WINDOWS)
        self._first: list[WindowLag] = []
        self._worst = nan, nan, nan
        self._latest = SyncVerdict()
        self._warm_up()

    def add(
        self,
        marker_time_s: np.ndarray,
        markers_m: np.ndarray,
        force_time_s: np.ndarray,
        wrench: np.ndarray,
    ) -> None:
        """Take samples in the order in which the engine takes them (`Engine.push`), shapes as there."""
        if not self._columns:
            return
        self._heights.add(marker_time_s, markers_m[:, self._columns, 1])
        self._loads.add(force_time_s, wrench[:, 0, 1:2] + wrench[:, 1, 1:2])
        newest = self._heights.newest_s, self._loads.newest_s
        self._measure_until(max(min(newest), max(newest) - HELD_S))

    @property
    def latest(self) -> SyncVerdict:
        """As of the last look."""
        return self._latest

    def verdict(self) -> SyncVerdict:
        """After the last sample."""
        self._measure_until(max(self._heights.newest_s, self._loads.newest_s) + WINDOW_S)
        self._look()
        return self._latest

    def _warm_up(self) -> None:
        """Compile and design what a window needs, before anybody walks."""
        marker_s, force_s = (np.arange(int(WINDOW_S * rate)) / rate for rate in self._rates_hz)
        marker_m = np.repeat(np.cos(12.0 * marker_s)[:, None], len(self._names), axis=1)
        load_n = 700.0 - 100.0 * np.cos(12.0 * force_s)
        window_lag(marker_s, marker_m, self._names, force_s, load_n, *self._rates_hz)

    def _measure_until(self, time_s: float) -> None:
        """Measure every window that ends by then."""
        if not np.isfinite(time_s):
            return
        if self._window is None:
            first_s = min(self._heights.oldest_s, self._loads.oldest_s)
            self._window = int(np.floor(first_s / WINDOW_S))
        while (end_s := (self._window + 1) * WINDOW_S) <= time_s:
            oldest_s = min(self._heights.oldest_s, self._loads.oldest_s, time_s)
            empty = int(np.floor(oldest_s / WINDOW_S)) - self._window
            if empty > 1:  # streams that are far apart: nothing is between them
                self._window += empty - 1
                self._look()
                continue
            self._window += 1
            marker_time_s, heights_m = self._heights.take(end_s)
            force_time_s, load_n = self._loads.take(end_s)
            lag = window_lag(
                marker_time_s, heights_m, self._names, force_time_s, load_n[:, 0], *self._rates_hz
            )
            if lag is not None:
                self._found.append(lag)
                if len(self._first) < EACH:
                    self._first.append(lag)
            if self._window % LOOK_EVERY == 0:
                self._look()

    def _look(self) -> None:
        """Judge by what was seen so far."""
        measured = pooled(self._found) if self._columns else SyncOffset(reason=NO_BODY)
        change = self._change(measured)
        if 2.0 * change[1] <= GOOD_S and not abs(change[0]) <= abs(self._worst[0]):
            self._worst = change
        self._latest = self._judged(measured, *self._worst)

    def _change(self, measured: SyncOffset) -> tuple[float, float, float]:
        """Latest windows against the first ones: change, standard error, when."""
        own = [each for each in self._found if each.body.name == measured.method]
        first = [each for each in self._first if each.body.name == measured.method]
        later = [each for each in own if not first or each.start_s > first[-1].start_s]
        if len(later) < EACH:  # a short session: its halves
            first, later = own[: len(own) // 2], own[len(own) // 2 :]
        then, now = pooled(first), pooled(later[-EACH:])
        if min(then.n, now.n) < MIN_WINDOWS:
            return nan, nan, nan
        return now.lag_s - then.lag_s, hypot(now.error_s, then.error_s), float(own[-1].start_s)

    def _judged(
        self, measured: SyncOffset, change_s: float, error_s: float, at_s: float
    ) -> SyncVerdict:
        changed = change_state(change_s)
        verdict = SyncVerdict("unknown", "", measured, change_s, error_s, at_s, changed)
        offset = verdict.offset_s if measured.n >= MIN_WINDOWS else nan
        absolute = offset_state(offset, verdict.uncertainty_s)
        # Who kept the same offset is in step only if that offset is known.
        worse = max(absolute, "unknown" if changed == "ok" else changed, key=_ORDER.index)
        if worse in ("warn", "refuse"):
            said = (
                self._offset_sentence(verdict)
                if absolute == worse
                else self._change_sentence(verdict)
            )
            said += (
                "; the EKAM of this session is not to be used as it is" if worse == "refuse" else ""
            )
        else:
            said = _quiet_sentence(verdict, offset)
        return replace(verdict, state=worse, sentence=said)

    def _offset_sentence(self, verdict: SyncVerdict) -> str:
        late = verdict.offset_s > 0.0
        role = "forces" if late else "markers"
        delay_s = self._delays_s[late] + abs(verdict.offset_s)
        return (
            f"the stamps of the {role} come {_about(abs(verdict.offset_s), verdict.uncertainty_s)} late: "
            f"strike a rod on the belts (ekam check --tap MARKER) and set what it says, about "
            f"device_delay_s = {delay_s:.3f} (now {self._delays_s[late]:g}) under [{role}] in the lab "
            "file, then process raw.xdf again"
        )

    def _change_sentence(self, verdict: SyncVerdict) -> str:
        moved = "later" if verdict.change_s > 0.0 else "earlier"
        return (
            f"by {verdict.changed_at_s:.0f} s the stamps of the forces came "
            f"{_about(abs(verdict.change_s), 2.0 * verdict.change_error_s)} {moved} against the markers than "
            "at the beginning: unless the walk itself changed much, a clock or a device did; strike a rod on "
            "the belts (ekam check --tap MARKER) to see, and restart the publishers"
        )


def _quiet_sentence(verdict: SyncVerdict, offset_s: float) -> str:
    """Where nothing is known to be wrong.

    Parameters
    ----------
    offset_s : NaN where too few windows were seen.
    """
    measured = verdict.measured
    if isnan(offset_s):
        why = (
            measured.reason or f"too little walking was seen ({measured.n} of {MIN_WINDOWS} spans)"
        )
        said = f"the offset of the forces against the markers is not known: {why}; {_TAP}"
    else:
        late = "late" if offset_s > 0.0 else "early"
        about = f"{_about(abs(offset_s), verdict.uncertainty_s)} {late}"
        if offset_state(offset_s, verdict.uncertainty_s) == "ok":
            said = f"markers and forces are in step: forces {about}"
        else:
            said = (
                f"the forces come {about}, and a walk cannot tell closer whether that is within "
                f"{1e3 * LIMIT_S:.0f} ms; {_TAP}"
            )
    if not isnan(verdict.change_s):
        said += (
            "; it changed by no more than "
            f"{_about(abs(verdict.change_s), 2.0 * verdict.change_error_s)}"
        )
    return said


_TAP = "a rod struck on the belts tells it (ekam check --tap MARKER)"


class _Held:
    """Samples of one stream that no window has taken yet."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self.newest_s = -np.inf

    @property
    def oldest_s(self) -> float:
        return float(self._parts[0][0][0]) if self._parts else np.inf

    def add(self, time_s: np.ndarray, values: np.ndarray) -> None:
        if len(time_s):
            self._parts.append((time_s, values))
            self.newest_s = float(time_s[-1])

    def take(self, until_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Samples before a time, which are thereby taken."""
        if not self._parts:
            return np.empty(0), np.empty((0, self._width))
        time_s, values = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        cut = int(np.searchsorted(time_s, until_s))
        self._parts = [(time_s[cut:], values[cut:])] if cut < len(time_s) else []
        return time_s[:cut], values[:cut]


def offset_state(offset_s: float, uncertainty_s: float) -> State:
    """Of an offset that is known to an uncertainty: good or bad only where it is whatever the error."""
    if isnan(offset_s):
        return "unknown"
    least_s = abs(offset_s) - uncertainty_s
    if least_s > GOOD_S:
        return "refuse" if least_s > LIMIT_S else "warn"
    return "ok" if abs(offset_s) + uncertainty_s <= LIMIT_S else "unknown"


def change_state(change_s: float) -> State:
    """Of a change that is known to less than a millisecond."""
    if isnan(change_s):
        return "unknown"
    return "refuse" if abs(change_s) > LIMIT_S else "warn" if abs(change_s) > GOOD_S else "ok"


def _ms(value_s: float) -> float | None:
    return None if isnan(value_s) else round(1e3 * value_s, 3)


def _about(value_s: float, uncertainty_s: float) -> str:
    return f"{1e3 * value_s:.1f} ms (± {1e3 * uncertainty_s:.1f})"
