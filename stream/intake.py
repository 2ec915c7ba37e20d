"""Chunks of both streams in, samples of both in the lab frame with their times out: gather -> align -> map.

Whoever publishes a stream may change while the session runs; a publisher that cannot be used is refused,
and its samples are recorded but not scored.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from stream.align import WAIT_S, Aligner, Placed
from stream.binding import Binding, ChannelMap
from stream.body_checks import check_body
from stream.errors import EkamError
from stream.gather import Gather
from stream.lab import Lab
from stream.mapping import refuse_other_rate
from stream.source import Chunk, LampState, Role, StreamHealth, StreamInfo

Samples = tuple[np.ndarray, np.ndarray]
"""Times, s from the first marker sample, shape (n,); values in the lab frame, a row each."""


class Intake:
    """What a session takes in.

    Parameters
    ----------
    infos, rates_hz : of each stream when the session opens.
    maps : makes a stream's channel map; raises `EkamError` when something needed is not there.
    rebound : told that another publisher has taken over, and why it is refused; empty when it is not.

    Attributes
    ----------
    fault : why the samples of a stream are not scored; empty while they are.
    """

    def __init__(
        self,
        lab: Lab,
        infos: Mapping[Role, StreamInfo],
        rates_hz: Mapping[Role, float],
        maps: Mapping[Role, Callable[[StreamInfo], ChannelMap]],
        rebound: Callable[[Role, str], None],
    ) -> None:
        self.fault = ""
        self._lab, self._rates_hz, self._rebound = lab, rates_hz, rebound
        self._bound = {role: Binding(infos[role], lab, maps[role]) for role in Role}
        self._gather = Gather(round(2.0 * WAIT_S * rates_hz[Role.FORCES]))
        self._aligner = Aligner(
            {role: each.device_delay_s for role, each in self._bound.items()},
            dict(rates_hz), dict(infos), self._rate_fits,
        )  # fmt: skip
        self._ready: dict[Role, tuple[list[np.ndarray], list[np.ndarray]]] = {
            role: ([], []) for role in Role
        }
        self._scale_known = False

    @property
    def origin_s(self) -> float:
        """Stamp of the first marker sample, LSL local clock; not finite before it has come."""
        return float(self._aligner.origin_s)

    @property
    def arrived_s(self) -> float:
        """Arrival of the newest chunk, LSL local clock; NaN where that is not known."""
        return self._gather.arrived_s

    @property
    def dropped(self) -> dict[Role, int]:
        """Samples of each stream that could not be placed."""
        dropped = dict(self._aligner.dropped)
        dropped[Role.FORCES] += self._gather.dropped
        return dropped

    def look(self, chunk: Chunk) -> None:
        """Take note of a chunk from before the session: it shows only how even its stamps are."""
        self._rebind(chunk)
        self._aligner.look(chunk)

    def add(self, chunk: Chunk) -> None:
        """Take a chunk."""
        self._gather.add(chunk)

    def take(self) -> tuple[Samples, Samples] | None:
        """Markers and forces that are ready; None while nothing is worth a look."""
        if not self._gather.due:
            return None
        self._align()
        return self._taken()

    def rest(self) -> tuple[Samples, Samples] | None:
        """All that is left: nothing more will come."""
        for role in Role:
            self._align()
            self._place(self._aligner.finish(role))
        return self._taken()

    def faults(self) -> Iterator[tuple[float, str]]:
        """Times, s, and reasons why what is around them is not to be trusted, since the last call."""
        while self._aligner.faults:
            yield self._aligner.faults.pop(0)

    def lamp(self, health: StreamHealth, trouble: Callable[[Role], str]) -> StreamHealth:
        """A stream's lamp as the source sees it, made worse where what comes cannot be used.

        Parameters
        ----------
        trouble : what else is known to be wrong with a stream's samples.
        """
        role = health.role
        health = replace(health, jitter_s=self._aligner.jitter_s(role))
        refused = self._bound[role].refused
        if health.state is not LampState.LOST and refused:
            return replace(health, state=LampState.LOST, message=refused)
        if health.state is LampState.OK:
            said = self._aligner.trouble(role) or trouble(role)
            if said:
                return replace(health, state=LampState.DEGRADED, message=said)
        return health

    def _align(self) -> None:
        """Align what has come; forces not before the first marker sample has its time."""
        begun = False
        while not begun:
            begun = bool(np.isfinite(self._aligner.origin_s))
            for chunk in self._gather.take(begun=begun):
                self._rebind(chunk)
                if not self._bound[chunk.role].refused:
                    self._place(self._aligner.place(chunk))
            if not np.isfinite(self._aligner.origin_s):
                break

    def _rebind(self, chunk: Chunk) -> None:
        """Map anew, by name, when another publisher has taken over."""
        binding = self._bound[chunk.role]
        if binding.changes(chunk):
            self._place(self._aligner.finish(chunk.role))  # by the map of the last one
            binding.renew(chunk)
            if not binding.refused:
                self._aligner.rebind(chunk.role, binding.device_delay_s)
            self._rebound(chunk.role, binding.refused)

    def _place(self, placed: list[Placed]) -> None:
        """Bring samples whose times are known into the lab frame, ready for the engine."""
        for each in placed:
            binding = self._bound[each.role]
            if each.role is Role.MARKERS and not self._scale_known:
                self._scale_known = check_body(binding.info, each.values, self._lab)
            times, rows = self._ready[each.role]
            times.append(each.time_s)
            rows.append(binding.apply(each.values))

    def _taken(self) -> tuple[Samples, Samples] | None:
        if not any(times for times, _ in self._ready.values()):
            return None
        return self._of(Role.MARKERS), self._of(Role.FORCES)

    def _of(self, role: Role) -> Samples:
        times, rows = self._ready[role]
        self._ready[role] = ([], [])
        if not times:
            binding = self._bound[role]
            return np.empty(0), binding.apply(np.empty((0, len(binding.info.channels))))
        return np.concatenate(times), np.concatenate(rows)

    def _rate_fits(self, role: Role, mean_hz: float, median_hz: float) -> bool:
        """Refuse a publisher whose samples do not come at the rate that the filters were designed for."""
        try:
            refuse_other_rate(role, self._rates_hz[role], mean_hz, median_hz)
        except EkamError as error:
            self._bound[role].refused = str(error)
            self.fault = f"{error}; its samples are recorded but not scored"
            return False
        return True
