"""Marker and force streams from Lab Streaming Layer, taken up again when their publishers come back.

Every publisher gets a fresh inlet and its own header is read: what comes after a restart is mapped anew,
by name, or refused (`stream.binding`). LSL's own reconnecting would go on with the old channel order.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from stream.errors import EkamError
from stream.lsl_find import Network, StreamQuery
from stream.lsl_inlet import Connection
from stream.lsl_supervisor import Supervisor
from stream.source import Chunk, LampState, Role, StreamHealth, StreamInfo

__all__ = ["LslSource", "StreamQuery"]


class LslSource:
    """A marker and a force stream on the network, as a `Source`.

    A live publisher that goes is looked for until it comes back; chunks of one that came back carry
    its `info`. A replay that ends ends the source as soon as both of its streams are gone, also if it
    is started again later: that is another recording of another walk.

    Parameters
    ----------
    allow_replay : take streams that say they are a replay.
    resolve_timeout_s : how long to look for the streams.
    given_up : asked while looking; a reason other than ``""`` ends the search with that error.
    """

    def __init__(
        self,
        markers: StreamQuery,
        forces: StreamQuery,
        *,
        allow_replay: bool = False,
        resolve_timeout_s: float = 10.0,
        given_up: Callable[[], str] = lambda: "",
    ) -> None:
        self._queries = {Role.MARKERS: markers, Role.FORCES: forces}
        self._allow_replay = allow_replay
        self._resolve_timeout_s = resolve_timeout_s
        self._given_up = given_up
        self._chunks: SimpleQueue[Chunk] = SimpleQueue()
        self._supervisors: dict[Role, Supervisor] = {}
        self._over = False

    def open(self) -> dict[Role, StreamInfo]:
        """Find both streams, check their headers, compare the clocks and subscribe."""
        network = Network()
        found = network.find(self._queries, self._resolve_timeout_s, self._given_up)
        connections: dict[Role, Connection] = {}
        try:
            for role, stream in found.items():
                connections[role] = Connection(role, stream)
                self._refuse_replay(connections[role].info)
            # Clocks first: their first comparison takes 0.6 s, and samples flow once subscribed.
            with ThreadPoolExecutor(len(connections)) as pool:
                list(pool.map(Connection.compare_clocks, connections.values()))
            for connection in connections.values():
                connection.subscribe()
        except BaseException:
            for connection in connections.values():
                connection.leave()
            raise
        for role, connection in connections.items():
            connection.watch_clock()
            self._supervisors[role] = Supervisor(
                connection, self._queries[role], self._refuse_replay, self._chunks
            )
        for supervisor in self._supervisors.values():
            supervisor.start(network)
        return {role: connection.info for role, connection in connections.items()}

    def _refuse_replay(self, info: StreamInfo) -> None:
        if info.replay and not self._allow_replay:
            raise EkamError(
                f"The {info.role.value} stream {info.name!r} on {info.hostname} is a replay of "
                f"{info.replay}, not a live walker; `--allow-replay` admits it."
            )

    def pull(self, timeout_s: float) -> list[Chunk]:
        """Chunks that have arrived; waits up to `timeout_s` for the first."""
        chunks: list[Chunk] = []
        try:
            chunks.append(self._chunks.get(timeout=max(timeout_s, 0.0)))
            while True:
                chunks.append(self._chunks.get_nowait())
        except Empty:
            return chunks

    @property
    def ended(self) -> bool:
        """True when a replay is over and pulled; a live publisher may come back."""
        supervisors = self._supervisors.values()
        if not self._over and supervisors and all(each.replay_is_gone for each in supervisors):
            self._over = True
            for supervisor in supervisors:
                supervisor.stop()  # nothing may come after the end
        return self._over and self._chunks.empty()

    def health(self) -> tuple[StreamHealth, ...]:
        """State of each stream now."""
        if not self._supervisors:
            absent = LampState.ABSENT
            return tuple(StreamHealth(role, q.name, absent) for role, q in self._queries.items())
        return tuple(supervisor.health() for supervisor in self._supervisors.values())

    def close(self) -> None:
        """Stop the threads and let go of the inlets."""
        for supervisor in self._supervisors.values():
            supervisor.stop()
        for supervisor in self._supervisors.values():
            supervisor.join()
