"""One stream, whatever becomes of its publishers: receive, notice the end, search, connect anew."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from stream.errors import EkamError
from stream.lsl_find import FORGET_S, Network, StreamQuery, rivals, successors, why_none
from stream.lsl_inlet import Connection
from stream.source import Chunk, LampState, StreamHealth, StreamInfo

_STALE_S = 0.2
_STALE_PERIODS = 5.0
_LONGEST_STALE_S = 0.8
_RATE_TOLERANCE = 0.02
_SWITCH_S = 2.0
_LOOK_S = 0.5
_SEARCH_S = 0.02
_RETRY_S = 1.0
_JOIN_S = 2.0


@dataclass(frozen=True)
class _Past:
    """What came over the connections before the present one, and how the last of them ended."""

    samples: int = 0
    missing: int = 0
    arrived_s: float = nan
    offset_s: float = 0.0


class Supervisor:
    """One stream: receives from its publisher, and from the next one when that is gone.

    One thread connects, receives and searches; the others only read what it replaces as a whole.
    """

    def __init__(
        self,
        connection: Connection,
        query: StreamQuery,
        refuse: Callable[[StreamInfo], None],
        chunks: SimpleQueue[Chunk],
    ) -> None:
        from pylsl import local_clock

        self._now_s: Callable[[], float] = local_clock
        self._query = query
        self._refuse = refuse
        self._chunks = chunks
        self._stop = Event()
        self._at: tuple[Connection | None, _Past] = (connection, _Past())
        self._info = connection.info
        self._bound = 1
        self._note = ""
        self._answers = True
        # Publishers that were left, and when: the network still shows them for a while.
        self._left_s: dict[str, float] = {}
        self._refused_uid, self._retry_s = "", 0.0
        self._thread: Thread | None = None

    def start(self, network: Network) -> None:
        """Begin to receive."""
        name = f"lsl-{self._info.role.value}"
        # Held by the thread alone: the search ends with the last one.
        self._thread = Thread(target=self._run, args=(network,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the thread, but not for one that waits for a publisher's answer."""
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    @property
    def replay_is_gone(self) -> bool:
        """Whether the last publisher was a replay and has not been followed by another."""
        return self._at[0] is None and bool(self._info.replay)

    def health(self) -> StreamHealth:
        """State now."""
        (connection, past), info = self._at, self._info
        state, message, rate_hz = LampState.LOST, self._note, nan
        if connection is not None:
            state, message = self._judged(connection)
            past, rate_hz = _after(past, connection), connection.rate_hz
        return StreamHealth(
            role=info.role,
            name=info.name,
            state=state,
            nominal_rate_hz=info.nominal_rate_hz,
            rate_hz=rate_hz,
            age_s=self._now_s() - past.arrived_s,
            samples=past.samples,
            missing=past.missing,
            clock_offset_s=past.offset_s,
            message=message,
            hostname=info.hostname,
            bound=self._bound,
        )

    def _judged(self, connection: Connection) -> tuple[LampState, str]:
        """Lamp of a publisher that is connected."""
        nominal_hz, rate_hz = connection.info.nominal_rate_hz, connection.rate_hz
        silent_s = connection.silent_s()
        frozen = (
            "" if self._answers else ", and its publisher does not answer: frozen, or a cable out"
        )
        if connection.samples == 0:
            return LampState.CONNECTING, f"no samples yet{frozen}"
        stale_s = min(_STALE_PERIODS / nominal_hz, _LONGEST_STALE_S) if nominal_hz else 0.0
        if silent_s > max(_STALE_S, stale_s):
            return LampState.DEGRADED, f"no samples for {silent_s:.1f} s{frozen}"
        if self._note:
            return LampState.DEGRADED, self._note
        if nominal_hz and abs(rate_hz - nominal_hz) > _RATE_TOLERANCE * nominal_hz:
            return LampState.DEGRADED, f"{rate_hz:.1f} Hz instead of {nominal_hz:g} Hz"
        return LampState.OK, ""

    def _run(self, network: Network) -> None:
        while not self._stop.is_set():
            connection = self._at[0]
            try:
                if connection is None:
                    self._search(network)
                else:
                    self._receive(connection, network)
            except Exception as error:  # whatever one publisher sends, the next one must be heard
                self._note = f"receiving failed ({error!r}) and is tried again"
                self._stop.wait(_RETRY_S)
        connection = self._at[0]
        if connection is not None:
            connection.leave()

    def _receive(self, connection: Connection, network: Network) -> None:
        """Hand chunks on until the publisher is gone or another one is to be taken."""
        next_chunk = connection.puller(connection.info if self._bound > 1 else None)
        look_s = self._now_s()
        try:
            while not self._stop.is_set():
                chunk = next_chunk()
                if chunk is not None:
                    self._chunks.put(chunk)
                if self._now_s() >= look_s:
                    look_s = self._now_s() + _LOOK_S
                    if self._is_to_be_left(connection, network):
                        break
            else:
                return
        except RuntimeError:  # every error of an inlet means that nothing more will come
            pass
        self._leave(connection)

    def _is_to_be_left(self, connection: Connection, network: Network) -> bool:
        """Whether the publisher is silent and exactly one other stands in its place."""
        seen = network.seen()
        self._answers = connection.uid in seen
        following = successors(self._fitting(seen, connection.uid), connection.info, self._query)
        self._note = rivals(following) if following else ""
        return len(following) == 1 and connection.silent_s() > _SWITCH_S

    def _leave(self, connection: Connection) -> None:
        connection.leave()
        self._left_s[connection.uid] = self._now_s()
        self._answers, self._note = True, why_none((), self._info, self._query)
        self._at = (None, _after(self._at[1], connection))

    def _search(self, network: Network) -> None:
        """Look once for a publisher that stands in the place of the last one, and connect to it."""
        fitting = self._fitting(network.seen())
        following = successors(fitting, self._info, self._query)
        if len(following) != 1:
            self._note = why_none(fitting, self._info, self._query)
        elif following[0].uid() != self._refused_uid or self._now_s() > self._retry_s:
            self._bind(following[0])
            return
        self._stop.wait(_SEARCH_S)

    def _bind(self, found: Any) -> None:
        if found.uid() != self._refused_uid:  # else what is wrong with it stays to be read
            self._note = "the publisher is back; connecting to it"
        try:
            connection = Connection(self._info.role, found)
            self._refuse(connection.info)
            # What comes while the clocks are compared waits in the inlet.
            connection.subscribe()
            connection.compare_clocks()
        except EkamError as error:
            self._note = str(error)
            self._refused_uid, self._retry_s = found.uid(), self._now_s() + _RETRY_S
            return
        connection.watch_clock()
        self._info, self._note = connection.info, ""
        self._bound += 1
        self._at = (connection, self._at[1])

    def _fitting(self, seen: dict[str, Any], but: str = "") -> list[Any]:
        """Streams that fit the query, without those that are shown although they are gone."""
        recent_s = self._now_s() - FORGET_S - _LOOK_S
        self._left_s = {uid: left_s for uid, left_s in self._left_s.items() if left_s > recent_s}
        return [
            found
            for uid, found in seen.items()
            if uid != but and uid not in self._left_s and self._query.admits(found)
        ]


def _after(past: _Past, connection: Connection) -> _Past:
    """`past` with what came over a connection added."""
    return _Past(
        past.samples + connection.samples,
        past.missing + connection.missing,
        connection.arrived_s if connection.samples else past.arrived_s,
        connection.offset_s,
    )
