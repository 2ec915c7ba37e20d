"""One clock for both streams: the LSL local clock, counted from the first marker sample."""

from dataclasses import dataclass

import numpy as np

from stream.source import Chunk, Role

MEASURE_S = 2.0
"""Span over which the rate of a stream is measured."""

JUMP_S = 0.005
"""Stamps that step back, or a clock comparison that changes, by more than this: the time relation of
markers and forces is not what it was (5 ms is the most that the moment bears)."""

TICKS_PER_S = 1e9
"""Times are rounded to this grid. It is far below any clock's error and makes the same sample get the
same time whether it came from a file or, with a large constant added to its stamp, over the network."""


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

    Attributes
    ----------
    origin_s : local-clock time of the first marker sample; NaN before it.
    dropped : samples per role whose stamps did not increase; they are left out.
    faults : (time, reason of `compute.stance.REASONS`) for `Engine.flag`, since the caller last emptied it.
    """

    def __init__(self, device_delay_s: dict[Role, float]) -> None:
        self._delay_s = device_delay_s
        self._waiting: list[Chunk] = []
        self._last_s = dict.fromkeys(Role, -np.inf)
        self._first_s = {role: np.empty(0) for role in Role}
        self.origin_s = float("nan")
        self.dropped = dict.fromkeys(Role, 0)
        self.faults: list[tuple[float, str]] = []
        self._offset_s: dict[Role, float] = {}

    def place(self, chunk: Chunk) -> list[Placed]:
        """Samples whose times are settled by this chunk, in order per stream.

        Forces that arrive before the first marker sample are held until it is known.
        """
        if np.isnan(self.origin_s):
            if chunk.role is Role.FORCES or not len(chunk.stamps_s):
                self._waiting.append(chunk)
                return []
            self.origin_s = self._local(chunk)[0]
            held, self._waiting = self._waiting, []
            return [self._placed(each) for each in (chunk, *held) if len(each.stamps_s)]
        return [self._placed(chunk)] if len(chunk.stamps_s) else []

    def finish(self, *roles: Role) -> list[Placed]:
        """What still waited of these streams, when their publishers will send nothing more."""
        return []

    def rebind(self, role: Role, device_delay_s: float) -> None:
        """Begin anew with the stamps of another publisher; the time axis goes on."""
        self._delay_s[role] = device_delay_s
        self._offset_s.pop(role, None)

    def rate_hz(self, role: Role) -> tuple[float, float]:
        """Rate of a stream over its first seconds, by mean and by median interval; NaN until known."""
        times = self._first_s[role]
        if len(times) < 2 or not self._measured(role):
            return float("nan"), float("nan")
        intervals = np.diff(times)
        median_s = float(np.median(intervals))
        return 1.0 / float(intervals.mean()), 1.0 / median_s if median_s > 0.0 else float("inf")

    def _local(self, chunk: Chunk) -> np.ndarray:
        return chunk.stamps_s + (chunk.clock_offset_s - self._delay_s[chunk.role])

    def _measured(self, role: Role) -> bool:
        return bool(self._first_s[role][-1] - self._first_s[role][0] >= MEASURE_S)

    def _placed(self, chunk: Chunk) -> Placed:
        values = chunk.values
        times = np.round((self._local(chunk) - self.origin_s) * TICKS_PER_S) / TICKS_PER_S
        self._note_jump(chunk, times)
        rising = times > np.maximum.accumulate(
            np.concatenate([[self._last_s[chunk.role]], times[:-1]])
        )
        if not rising.all():
            self.dropped[chunk.role] += int(np.sum(~rising))
            times, values = times[rising], values[rising]
        if len(times) and not (len(self._first_s[chunk.role]) and self._measured(chunk.role)):
            self._first_s[chunk.role] = np.concatenate([self._first_s[chunk.role], times])
        if len(times):
            self._last_s[chunk.role] = float(times[-1])
        return Placed(chunk.role, times, values)

    def _note_jump(self, chunk: Chunk, times: np.ndarray) -> None:
        offset_s = self._offset_s.get(chunk.role, chunk.clock_offset_s)
        self._offset_s[chunk.role] = chunk.clock_offset_s
        back = np.diff(np.concatenate([[self._last_s[chunk.role]], times])) < -JUMP_S
        if back.any():
            self.faults.append((float(max(self._last_s[chunk.role], times[0])), "clock_jump"))
        elif abs(chunk.clock_offset_s - offset_s) > JUMP_S:
            self.faults.append((float(times[0]), "clock_jump"))
