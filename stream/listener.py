"""The chosen streams, received all the time: the newest seconds to look at, and trials on demand.

One thread opens, pulls and closes the source; whoever looks takes what it has put down.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from stream.check_seen import Seen, seen_stream
from stream.errors import EkamError
from stream.source import Chunk, Role, Source, StreamHealth, StreamInfo

if TYPE_CHECKING:
    from stream.lsl_find import StreamQuery

KEEP_S = 12.0
_PULL_S = 0.05
_RETRY_S = 0.3
_JOIN_S = 10.0
_NONE = "no streams are chosen"


@dataclass(frozen=True)
class Wanted:
    """Which streams to receive."""

    markers: "StreamQuery"
    forces: "StreamQuery"
    allow_replay: bool


class Listener:
    """Receives the wanted streams until it is stopped, through failures and changes of mind.

    Parameters
    ----------
    open_source : makes the source for what is wanted.

    Attributes
    ----------
    infos : headers of what is received; empty while nothing is. Replaced as a whole.
    fault : why nothing is received; empty while something is.
    layout : counts every time that the channels may have changed.
    """

    def __init__(self, open_source: Callable[[Wanted], Source]) -> None:
        self._open_source = open_source
        self.infos: Mapping[Role, StreamInfo] = {}
        self.fault = "not connected yet"
        self.layout = 0
        self._wanted: Wanted | None = None
        self._changed = Event()
        self._stop = Event()
        self._lock = Lock()
        self._recent: dict[Role, deque[Chunk]] = {role: deque() for role in Role}
        self._trial: dict[Role, list[Chunk]] | None = None
        self._source: Source | None = None
        self._thread = Thread(target=self._run, name="ekam-listener", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the streams and wait until they are."""
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def want(self, wanted: Wanted | None) -> None:
        """Receive these; nothing when None. The same again changes nothing."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    def health(self) -> tuple[StreamHealth, ...]:
        """State of each stream; empty while nothing is received."""
        source = self._source
        return source.health() if source is not None and self.infos else ()

    def seen(self, seconds: float) -> Seen | None:
        """The newest seconds of both streams; None while nothing is received."""
        infos = self.infos
        if len(infos) < len(Role):
            return None
        with self._lock:
            chunks = {role: list(self._recent[role]) for role in Role}
        newest_s = max((_newest_s(each) for each in chunks.values() if each), default=0.0)
        kept = {
            role: [c for c in each if _newest_s([c]) > newest_s - seconds]
            for role, each in chunks.items()
        }
        return Seen({role: seen_stream(infos[role], kept[role]) for role in Role})

    def record(self) -> None:
        """Begin to keep everything, for a trial."""
        with self._lock:
            self._trial = {role: [] for role in Role}

    def recorded_s(self) -> float:
        """How much of the trial there is, by the markers' stamps."""
        with self._lock:
            parts = self._trial[Role.MARKERS] if self._trial else []
            return float(parts[-1].stamps_s[-1] - parts[0].stamps_s[0]) if parts else 0.0

    def take(self) -> tuple[Mapping[Role, StreamInfo], Mapping[Role, list[Chunk]]]:
        """End the trial and hand it over.

        Raises
        ------
        EkamError : the streams were interrupted meanwhile.
        """
        with self._lock:
            trial, self._trial = self._trial, None
            infos = self.infos
        if trial is None or not infos:
            raise EkamError("the streams were interrupted while it was recorded: record again")
        return infos, trial

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.clear()
            wanted = self._wanted
            if wanted is None:
                self.fault = _NONE
                self._changed.wait(_RETRY_S)
                continue
            source = self._open_source(wanted)
            self.fault = self.fault if self.fault and self.fault != _NONE else "connecting"
            try:
                infos = source.open()
            except EkamError as error:
                self.fault = str(error)
                source.close()
                self._changed.wait(_RETRY_S)
                continue
            self._begin(source, infos)
            try:
                while not self._changed.is_set() and not source.ended:
                    self._keep(source.pull(_PULL_S))
            except EkamError as error:
                self.fault = str(error)
            finally:
                self._end(source)

    def _begin(self, source: Source, infos: Mapping[Role, StreamInfo]) -> None:
        with self._lock:
            for each in self._recent.values():
                each.clear()
            self._source, self.infos, self.fault = source, dict(infos), ""
            self.layout += 1

    def _end(self, source: Source) -> None:
        with self._lock:
            self._source, self.infos, self._trial = None, {}, None
        self.fault = self.fault or "the publisher is gone; it is looked for"
        source.close()

    def _keep(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            with self._lock:
                if chunk.info is not None and chunk.info is not self.infos[chunk.role]:
                    # another publisher, perhaps with its channels in another order
                    self.infos = {**self.infos, chunk.role: chunk.info}
                    self._recent[chunk.role].clear()
                    self._trial = None
                    self.layout += 1
                recent = self._recent[chunk.role]
                recent.append(chunk)
                while _newest_s([chunk]) - _newest_s([recent[0]]) > KEEP_S:
                    recent.popleft()
                if self._trial is not None:
                    self._trial[chunk.role].append(chunk)


def _newest_s(chunks: list[Chunk]) -> float:
    """Last stamp of the last chunk, LSL local clock."""
    last = chunks[-1]
    offset = last.clock_offset_s
    return float(last.stamps_s[-1] + (offset if isinstance(offset, float) else offset[-1]))
