"""One clock for both streams: the LSL local clock, counted from the first marker sample.

Stamp as received -> even sample time (`compute.even_times`) -> local clock (`clock_offset_s`, device
delay) -> what the arrivals say of it (`compute.arrivals`) -> time from the first marker sample.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from compute import arrivals, even_times, sample_grid
from stream.source import Chunk, Role, StreamInfo

MEASURE_S = 2.0
"""Span over which the rate of a stream is measured."""

PAUSE_S = 0.1
"""What is longer than this between two stamps is a pause, and says nothing of the rate."""

OFF_CLOCK_S = (-1.0, 60.0)
"""A sample that arrives so long before or after its time was not stamped with LSL's clock."""

WAIT_S = 5.0
"""Forces of so long before the first marker sample are used."""

JUMP_S = arrivals.JUMP_S

TICKS_PER_S = 1e9
"""Times are rounded to this grid. It is far below any clock's error and makes the same sample get the
same time whether it came from a file or, with a large constant added to its stamp, over the network."""

FLAG_EVERY_S = 0.02
"""While a condition lasts it is told of this often: closer than the context of any stance."""


@dataclass(frozen=True)
class Placed:
    """Samples with their times.

    Attributes
    ----------
    time_s : shape (n,), s from the first marker sample, increasing over all calls.
    values : shape (n, n_channels), as received.
    """

    role: Role
    time_s: np.ndarray
    values: np.ndarray


class Aligner:
    """Corrects stamps and refers them to the first marker sample.

    Parameters
    ----------
    device_delay_s : per role, time by which the device's stamps lag the event; subtracted.
    rate_hz : per role, nominal sampling rate.
    infos : the streams as they were opened; their arrivals are not judged if they are replayed faster or
        slower than time goes.
    rate_fits : asked once of every publisher with the rate of its first seconds, by mean and by median
        interval; nothing behind the sample that told it is used where it says no.

    Attributes
    ----------
    origin_s : local-clock time of the first marker sample; NaN before it.
    dropped : samples per role that have no place on the time axis; they are left out.
    faults : (time, reason of `compute.stance.REASONS`) for `Engine.flag`, since the caller last emptied it.
    """

    def __init__(
        self,
        device_delay_s: Mapping[Role, float],
        rate_hz: Mapping[Role, float],
        infos: Mapping[Role, StreamInfo] | None = None,
        rate_fits: Callable[[Role, float, float], bool] = lambda role, mean_hz, median_hz: True,
    ) -> None:
        self._streams = {
            role: _Stream(
                device_delay_s[role],
                rate_hz[role],
                infos[role] if infos else None,
                partial(rate_fits, role),
            )
            for role in device_delay_s
        }
        self.origin_s = float("nan")
        self.faults: list[tuple[float, str]] = []

    @property
    def dropped(self) -> dict[Role, int]:
        """Samples per role that were left out."""
        return {role: stream.dropped for role, stream in self._streams.items()}

    def place(self, chunk: Chunk) -> list[Placed]:
        """Samples whose times are settled by this chunk, in order.

        Forces come after the first marker sample has been placed; those before have no place.
        """
        stream = self._streams[chunk.role]
        chunk = stream.accept(chunk)
        if chunk.role is Role.FORCES:
            chunk = self._not_too_old(chunk)
        return self._take(chunk.role, stream.add(chunk))

    def finish(self, *roles: Role) -> list[Placed]:
        """What still waited of these streams, when their publishers will send nothing more."""
        placed: list[Placed] = []
        for role in roles:
            placed += self._take(role, self._streams[role].settle(end=True))
        return placed

    def rebind(self, role: Role, device_delay_s: float) -> None:
        """Begin anew with the stamps of another publisher; the time axis goes on."""
        self._streams[role].renew(device_delay_s)

    def jitter_s(self, role: Role) -> float:
        """By how much stamps come late on average, against the even grid; NaN until known."""
        return even_times.mean_lateness_s(self._streams[role].stamps)

    def look(self, chunk: Chunk) -> None:
        """See whether a chunk that is not part of the session yet has usable stamps, for `trouble`."""
        self._streams[chunk.role].look(chunk)

    def trouble(self, role: Role) -> str:
        """What is wrong with the times of a stream, a sentence; empty while nothing is."""
        return self._streams[role].trouble()

    def _not_too_old(self, chunk: Chunk) -> Chunk:
        """What of forces lies at most `WAIT_S` before the first marker sample."""
        stream = self._streams[chunk.role]
        kept = stream.local_s(chunk) >= self.origin_s - WAIT_S
        if kept.all():
            return chunk
        stream.dropped += int(np.sum(~kept))
        return _only(chunk, kept)

    def _take(self, role: Role, settled: Iterator["_Settled"]) -> list[Placed]:
        placed = []
        for each in settled:
            if np.isnan(self.origin_s):
                known = each.local_s[np.isfinite(each.local_s)]
                if not len(known):
                    self._streams[role].dropped += len(each.local_s)
                    continue
                self.origin_s = float(known[0])
            placed.append(self._placed(role, each))
        return placed

    def _placed(self, role: Role, settled: "_Settled") -> Placed:
        stream, values = self._streams[role], settled.values
        times = np.round((settled.local_s - self.origin_s) * TICKS_PER_S) / TICKS_PER_S
        before = np.fmax.accumulate(np.concatenate([[stream.last_s], times[:-1]]))
        if settled.marks is not None:
            self._tell(stream, times, before, settled.marks)
        rising = times > before
        if not rising.all():
            stream.dropped += int(np.sum(~rising))
            times, values = times[rising], values[rising]
        if len(times):
            stream.last_s = float(times[-1])
        return Placed(role, times, values)

    def _tell(
        self, stream: "_Stream", times: np.ndarray, before: np.ndarray, marks: np.ndarray
    ) -> None:
        """Turn marked samples into faults; a step back is told just behind where the axis had come to.

        Behind it, for what was decided by then stays as it was.
        """
        for i in np.flatnonzero(marks):
            t_s, mark = float(times[i]), int(marks[i])
            if t_s != t_s:
                continue
            if t_s <= before[i]:
                if not mark & arrivals.JUMPED:
                    continue  # it has no place anyway
                t_s = float(before[i]) + 1.0 / TICKS_PER_S
            every = not abs(t_s - stream.lost_told_s) < FLAG_EVERY_S
            if mark & arrivals.JUMPED or (mark & arrivals.LOST and every):
                self.faults.append((t_s, "clock_jump"))
                stream.lost_told_s = t_s
            if mark & arrivals.LATE and not abs(t_s - stream.late_told_s) < FLAG_EVERY_S:
                self.faults.append((t_s, "late_data"))
                stream.late_told_s = t_s


@dataclass(frozen=True)
class _Settled:
    """Samples on the local clock; NaN where one has no place. `marks`: of `arrivals.follow`, if any."""

    local_s: np.ndarray
    values: np.ndarray
    marks: np.ndarray | None


class _Stream:
    """One stream: its samples that wait for their times, and what its stamps and arrivals told so far."""

    def __init__(
        self,
        device_delay_s: float,
        rate_hz: float,
        info: StreamInfo | None,
        rate_fits: Callable[[float, float], bool],
    ) -> None:
        self._rate_fits = rate_fits
        self._period_s = 1.0 / rate_hz
        self._delay_s = device_delay_s
        self._info = info
        self._arrivals = arrivals.new_state(device_delay_s)
        self._begin()
        self.dropped = 0
        self.last_s = -np.inf
        self.lost_told_s = self.late_told_s = np.nan
        self._newest_s = self._axis_s = -np.inf
        self._follow(*(np.empty(0) for _ in range(4)))  # compiles before the first sample
        even_times.even(np.empty(0), 0, False, self.stamps, np.empty(0), np.empty(0))

    def _begin(self) -> None:
        self.stamps = sample_grid.new_stream(self._period_s)
        self._stamps_s = np.empty(0)
        self._chunks: deque[Chunk] = deque()
        self._taken = 0
        self._quiet = True
        self._first_s = np.empty(0)
        self._measured = self._other_rate = False
        self._accepted = False
        self._off_clock_s = float("nan")

    def renew(self, device_delay_s: float) -> None:
        """Begin anew with another publisher; what the last one left is gone."""
        self.dropped += len(self._stamps_s)
        self._begin()
        self._delay_s = device_delay_s
        expected_s = arrivals.least_lag_s(self._arrivals)
        self._arrivals = arrivals.new_state(device_delay_s, expected_s)
        self._accepted = not np.isnan(expected_s)  # the axis then goes on by the arrivals
        self._axis_s = self._newest_s

    def look(self, chunk: Chunk) -> np.ndarray:
        """See which samples of a chunk may have been stamped by LSL's clock; shape (n,), bool."""
        lag_s = np.asarray(chunk.t_arrival_s - self.local_s(chunk))
        if self._replayed(chunk):
            lag_s = np.zeros(len(lag_s))
        on_clock = np.isfinite(chunk.stamps_s) & ~(
            (lag_s < OFF_CLOCK_S[0]) | (lag_s > OFF_CLOCK_S[1])
        )
        self._off_clock_s = float("nan") if on_clock.any() or not len(lag_s) else float(lag_s[-1])
        return on_clock

    def accept(self, chunk: Chunk) -> Chunk:
        """What of a chunk has stamps that can be used: none before the first one made by LSL's clock."""
        usable = np.isfinite(chunk.stamps_s)
        if not self._accepted:
            usable &= np.cumsum(self.look(chunk)) > 0
            self._accepted = bool(usable.any())
        if not usable.all():
            self.dropped += int(np.sum(~usable))
            chunk = _only(chunk, usable)
        if self._other_rate:
            last = 0
        elif (told := self._measure(chunk.stamps_s)) is None or self._rate_fits(*told[1:]):
            return chunk
        else:
            self._other_rate, last = True, told[0] + 1
        self.dropped += len(chunk.stamps_s) - last
        return _only(chunk, np.arange(len(chunk.stamps_s)) < last)

    def local_s(self, chunk: Chunk) -> np.ndarray:
        """When samples were taken by their stamps, LSL local clock, shape (n,)."""
        return np.asarray(chunk.stamps_s + chunk.clock_offset_s - self._delay_s)

    def trouble(self) -> str:
        """What is wrong with the times, a sentence; empty while nothing is."""
        if not np.isnan(self._off_clock_s):
            where = "behind" if self._off_clock_s > 0 else "ahead of"
            return (
                f"its stamps lie {abs(self._off_clock_s):.4g} s {where} their arrival and are not used: let "
                "its publisher stamp with LSL's clock (local_clock)"
            )
        if self._arrivals[arrivals.IS_LOST]:
            return (
                "its clock was set, or it came back with another delay: stances are rejected (clock_jump), "
                "for its time relation is not known any more; begin a new session"
            )
        lag_s = arrivals.least_lag_s(self._arrivals) - self._delay_s
        if lag_s > arrivals.LATE_S:
            return f"its samples come {lag_s:.2g} s late at best: use a cable, shorten the publisher's blocks"
        return ""

    def _replayed(self, chunk: Chunk) -> bool:
        """Whether arrivals say nothing, as in a replay that is faster or slower than time."""
        info = chunk.info or self._info
        return info is not None and info.replay_speed != 1.0

    def _measure(self, stamps_s: np.ndarray) -> tuple[int, float, float] | None:
        """Measure the rate of the first stamps, once; the same however they are cut.

        Returns
        -------
        Which of these stamps told it, and the rate by mean and by median interval, Hz; None otherwise.
        """
        if self._measured:
            return None
        before = len(self._first_s)
        known_s = np.concatenate([self._first_s, stamps_s])
        enough = np.flatnonzero(
            (np.arange(len(known_s)) * self._period_s > 0.25 * MEASURE_S)
            & (known_s - known_s[:1] >= MEASURE_S)
        )
        back = np.flatnonzero(np.diff(known_s) < -PAUSE_S)
        if len(back) and not (len(enough) and enough[0] <= back[0]):
            self._first_s = np.empty(0)  # a clock that was set: begin behind it
            behind = int(back[0]) + 1
            told = self._measure(known_s[behind:])
            return None if told is None else (told[0] + behind - before, *told[1:])
        if not len(enough):
            self._first_s = known_s
            return None
        self._first_s, self._measured = np.empty(0), True
        steps_s = np.diff(np.sort(known_s[: enough[0] + 1]))
        pauses_s = steps_s[steps_s > PAUSE_S] - self._period_s
        median_s = float(np.median(steps_s))
        return (
            int(enough[0]) - before,
            len(steps_s) / float(steps_s.sum() - pauses_s.sum()),
            1.0 / median_s if median_s > 0.0 else float("inf"),
        )

    def add(self, chunk: Chunk) -> Iterator["_Settled"]:
        """Take new samples; give those whose times they settle."""
        if not len(chunk.stamps_s):
            return iter(())
        self._chunks.append(chunk)
        return self.settle(chunk.stamps_s)

    def settle(self, new_s: np.ndarray | None = None, *, end: bool = False) -> Iterator["_Settled"]:
        """Give samples whose times are settled; at the `end` all."""
        seen = len(self._stamps_s)
        stamps = self._stamps_s if new_s is None else np.concatenate([self._stamps_s, new_s])
        even_s, step_s = np.empty(len(stamps)), np.empty(len(stamps))
        n = even_times.even(stamps, seen, end, self.stamps, even_s, step_s)
        self._stamps_s = stamps[n:]
        return self._pieces(even_s[:n], step_s[:n])

    def _pieces(self, even_s: np.ndarray, step_s: np.ndarray) -> Iterator["_Settled"]:
        """Join settled times with the samples that waited for them, which are cut but never copied."""
        start = 0
        while start < len(even_s):
            chunk, first = self._chunks[0], self._taken
            n = min(len(chunk.stamps_s) - first, len(even_s) - start)
            part, rows = slice(start, start + n), slice(first, first + n)
            yield self._settled(chunk, rows, even_s[part], step_s[part])
            start += n
            self._taken += n
            if self._taken == len(chunk.stamps_s):
                self._chunks.popleft()
                self._taken = 0

    def _settled(
        self, chunk: Chunk, rows: slice, even_s: np.ndarray, step_s: np.ndarray
    ) -> _Settled:
        offset_s, arrival_s = chunk.clock_offset_s, chunk.t_arrival_s
        offset = offset_s[rows] if isinstance(offset_s, np.ndarray) else offset_s
        local_s = even_s + (offset - self._delay_s)
        if self._replayed(chunk):
            arrival_s = np.nan
        scalar = not isinstance(arrival_s, np.ndarray) and not isinstance(offset_s, np.ndarray)
        if scalar and np.isnan(arrival_s) and self._quiet and offset_s == 0.0 and not step_s.any():
            self._arrivals[arrivals.OFFSET] = 0.0
            return _Settled(local_s, chunk.values[rows], None)  # a file
        self._quiet = False
        n = len(even_s)
        arrival = arrival_s[rows] if isinstance(arrival_s, np.ndarray) else np.full(n, arrival_s)
        offsets = offset if isinstance(offset, np.ndarray) else np.full(n, offset)
        marks = self._follow(local_s, offsets, arrival, step_s)
        return _Settled(local_s, chunk.values[rows], marks if marks.any() else None)

    def _follow(
        self, local_s: np.ndarray, offset: np.ndarray, arrival: np.ndarray, step_s: np.ndarray
    ) -> np.ndarray:
        marks = np.zeros(len(local_s), dtype=np.int64)
        arrivals.follow(
            local_s,
            np.ascontiguousarray(offset, dtype=np.float64),
            np.ascontiguousarray(arrival, dtype=np.float64),
            step_s,
            self._axis_s,
            self._arrivals,
            marks,
        )
        if len(local_s) and np.isfinite(local_s[-1]):
            self._newest_s = float(local_s[-1])
        return marks


def _only(chunk: Chunk, rows: np.ndarray) -> Chunk:
    """A chunk with some of its samples."""
    offset_s, arrival_s = chunk.clock_offset_s, chunk.t_arrival_s
    return Chunk(
        chunk.role,
        chunk.stamps_s[rows],
        chunk.values[rows],
        arrival_s[rows] if isinstance(arrival_s, np.ndarray) else arrival_s,
        offset_s[rows] if isinstance(offset_s, np.ndarray) else offset_s,
        chunk.info,
    )
