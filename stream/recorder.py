"""The recorder: everything received goes into an XDF file, from a thread of its own."""

import shutil
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan, nan
from pathlib import Path
from threading import Event, Thread

import numpy as np

from stream.errors import EkamError
from stream.outlet_layout import EVENTS
from stream.source import Channel, Chunk, Role, StreamInfo
from stream.xdf import XdfWriter

EVENTS_INFO = StreamInfo(
    Role.MARKERS, EVENTS, "Markers", (Channel("event"),), 0.0, EVENTS, number_format="string"
)
ARRIVALS = {role: f"ekam-arrivals-{role.value}" for role in Role}

LOW_MIN = 30.0
"""With less room on the disk than for so many minutes the operator is told."""

LEAST_MIN = 1.0
"""With less room than that nothing is begun."""

DRAIN_S = 0.1
"""How often what waits is written."""

SLOW_S = 2.0
"""A disk that takes nothing for so long is slow; what is received meanwhile waits in memory."""

_ROOM_S = 5.0
_FLUSH_S = 0.8  # with the drain in front of it: a power cut costs at most a second
_BOUNDARY_S = 2.0
_OFFSET_S = 5.0


@dataclass(frozen=True)
class _Rows:
    """Rows of a stream of results."""

    stream_id: int
    stamps_s: np.ndarray
    values: np.ndarray


@dataclass
class _Track:
    """One publisher in the file: its samples, and beside them when each chunk arrived."""

    samples_id: int
    arrivals_id: int
    info: StreamInfo | None = None
    offset_s: float = nan
    offset_at_s: float = nan
    waiting: list[Chunk] = field(default_factory=list)


def refuse_full_disk(path: Path, infos: Mapping[Role, StreamInfo]) -> None:
    """Refuse to begin where a recording of these streams would end within a minute.

    Parameters
    ----------
    path : file or folder that is still to be made.

    Raises
    ------
    EkamError : the disk has no room.
    """
    there = next((each for each in path.absolute().parents if each.exists()), Path.cwd())
    minutes = _minutes_of_room(there, sum(map(_expected_bytes_per_s, infos.values())))
    if minutes < LEAST_MIN:
        raise EkamError(
            f"the disk of {there} has room for {60.0 * minutes:.0f} s of recording only: free some space or "
            "choose another folder with -o"
        )


class Recorder:
    """Writes chunks to `path` without ever holding up the one who offers them.

    Scored results depend on when each chunk arrived and on its clock offset, so both are recorded,
    one sample per chunk, in ``ekam-arrivals-markers`` and ``ekam-arrivals-forces``. A publisher that
    came back, perhaps with other channels, gets streams of its own.

    Parameters
    ----------
    path : a file that does not exist yet.
    infos : the streams that will be offered.
    results : further streams, of which `rows` will come, the events among them; their stamps are on the
        LSL local clock.
    capacity : chunks that may wait for the disk, about a minute of live streams.
    drain_s : how often what waits is written.
    """

    def __init__(
        self,
        path: Path,
        infos: dict[Role, StreamInfo],
        results: Sequence[StreamInfo] = (EVENTS_INFO,),
        *,
        capacity: int = 65536,
        drain_s: float = DRAIN_S,
    ) -> None:
        try:
            self._writer = XdfWriter(path)
        except FileExistsError:
            raise EkamError(f"{path.name} exists already; choose another session folder.") from None
        except OSError as error:
            raise EkamError(
                f"{path.name} cannot be written ({error.strerror}); choose another folder."
            ) from None
        self._next_id = 1
        self._tracks = {role: self._new_track(role, info) for role, info in infos.items()}
        self._result_ids = {info.name: self._own_stream(info) for info in results}
        self._capacity, self._drain_s = capacity, drain_s
        self._queue: deque[Chunk | _Rows] = deque()
        self._lost = 0
        self._write_fault = ""
        self._closing = Event()
        self._path = path
        self._minutes_left = inf
        self._bytes_per_s = float(sum(map(_expected_bytes_per_s, infos.values())))
        self._begun_at = self._boundary_at = self._flush_at = self._written_at = time.monotonic()
        self._room_at = -inf
        self._thread = Thread(target=self._run, name="ekam-recorder", daemon=True)
        self._thread.start()

    @property
    def bytes_written(self) -> int:
        """Size of the file so far."""
        return self._writer.bytes_written

    @property
    def waiting(self) -> int:
        """Chunks and results that the disk has still to take."""
        return len(self._queue)

    @property
    def lost(self) -> int:
        """Samples and events that could not be recorded."""
        return self._lost

    @property
    def fault(self) -> str:
        """What is wrong with the recording, a sentence; empty when nothing is."""
        if self._write_fault:
            return self._write_fault
        if self._lost:
            return (
                f"The disk is too slow for the recording: {self._lost} samples are not in the file; "
                "record on a faster disk."
            )
        return ""

    @property
    def notice(self) -> str:
        """What will go wrong with the recording unless somebody acts, a sentence; empty when nothing."""
        waited_s = time.monotonic() - self._written_at
        if waited_s > SLOW_S and self._queue and not self._closing.is_set():
            return (
                f"The disk has taken nothing for {waited_s:.0f} s: what is received waits in memory; record "
                "on a faster disk."
            )
        if self._minutes_left < LOW_MIN:
            return (
                f"The disk has room for about {self._minutes_left:.0f} more minutes of recording: free "
                "some space."
            )
        return ""

    def offer(self, chunk: Chunk) -> None:
        """Queue a chunk; its arrays must not change afterwards. Never blocks, never raises."""
        self._put(chunk, len(chunk.stamps_s))

    def rows(self, name: str, stamps_s: np.ndarray, values: np.ndarray) -> None:
        """Queue rows of a stream of results; like `offer`.

        Raises
        ------
        KeyError : no such stream was announced.
        """
        self._put(_Rows(self._result_ids[name], stamps_s, values), len(stamps_s))

    def events(self, text: str, t_s: float) -> None:
        """Queue an event at `t_s` of the LSL local clock."""
        self.rows(EVENTS, np.array([t_s]), np.array([[text]], dtype=object))

    def close(self) -> None:
        """Write what is queued and the footers; never raises. A second call does nothing."""
        self._closing.set()
        self._thread.join()

    def _new_track(self, role: Role, info: StreamInfo) -> _Track:
        samples_id = self._next_id
        self._next_id += 1
        self._writer.add_stream(samples_id, info)
        return _Track(samples_id, self._own_stream(_arrivals_info(role, samples_id)))

    def _own_stream(self, info: StreamInfo) -> int:
        """Add a stream whose stamps are in the recorder's own clock."""
        stream_id = self._next_id
        self._next_id += 1
        self._writer.add_stream(stream_id, info)
        self._writer.clock_offset(stream_id, 0.0, 0.0)
        return stream_id

    def _put(self, item: "Chunk | _Rows", n: int) -> None:
        if self._write_fault or self._closing.is_set() or len(self._queue) >= self._capacity:
            self._lost += n
        else:
            self._queue.append(item)

    def _run(self) -> None:
        # Waking now and then instead of for every chunk leaves the processor to the feedback.
        try:
            while not self._closing.wait(self._drain_s):
                self._drain()
            self._drain()
            self._writer.close()
        except Exception as error:  # whatever it is, it must be told: nothing is recorded any more
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._write_fault = (
                f"The recording stopped: the file cannot be written ({reason}); free some space and "
                "start a new session."
            )
            waiting = [chunk for track in self._tracks.values() for chunk in track.waiting]
            self._lost += sum(len(item.stamps_s) for item in (*waiting, *self._queue))
            self._queue.clear()
            self._writer.abandon()

    def _drain(self) -> None:
        rows: dict[int, list[_Rows]] = {}
        for _ in range(len(self._queue)):
            item = self._queue.popleft()
            if isinstance(item, Chunk):
                self._track_of(item).waiting.append(item)
            else:
                rows.setdefault(item.stream_id, []).append(item)
        for track in self._tracks.values():
            if track.waiting:
                self._write_track(track)
        for stream_id, parts in rows.items():
            stamps_s = np.concatenate([part.stamps_s for part in parts])
            self._writer.samples(
                stream_id, stamps_s, np.concatenate([part.values for part in parts])
            )
        now = time.monotonic()
        if now - self._boundary_at >= _BOUNDARY_S:
            self._boundary_at = now
            self._writer.boundary()
        if now - self._room_at >= _ROOM_S:
            self._room_at = now
            self._look_for_room(now - self._begun_at)
        if now - self._flush_at >= _FLUSH_S:
            self._flush_at = now
            self._writer.flush()
        self._written_at = time.monotonic()

    def _look_for_room(self, elapsed_s: float) -> None:
        rate = self._bytes_per_s
        if elapsed_s > 60.0:  # by then the true rate is known
            rate = self.bytes_written / elapsed_s
        self._minutes_left = _minutes_of_room(self._path.parent, rate)

    def _track_of(self, chunk: Chunk) -> _Track:
        track = self._tracks[chunk.role]
        if chunk.info is not None and chunk.info is not track.info:
            if track.waiting:
                self._write_track(track)
            track = self._tracks[chunk.role] = self._new_track(chunk.role, chunk.info)
            track.info = chunk.info
        return track

    def _write_track(self, track: _Track) -> None:
        chunks = track.waiting
        arrivals = np.array(
            [(len(c.stamps_s), c.t_arrival_s, c.clock_offset_s) for c in chunks], dtype=np.float64
        )
        # A chunk without an arrival time (read from a file) is placed at its last sample.
        placed = np.array([_placed_at(chunk) for chunk in chunks])
        self._writer.samples(
            track.samples_id,
            np.concatenate([chunk.stamps_s for chunk in chunks]),
            np.concatenate([chunk.values for chunk in chunks]),
        )
        self._writer.samples(track.arrivals_id, placed, arrivals)
        for chunk, t_s in zip(chunks, placed, strict=True):
            offset_s = float(chunk.clock_offset_s)
            if offset_s != track.offset_s or t_s - track.offset_at_s >= _OFFSET_S:
                track.offset_s, track.offset_at_s = offset_s, t_s
                self._writer.clock_offset(track.samples_id, float(t_s - offset_s), offset_s)
        track.waiting = []


def _expected_bytes_per_s(info: StreamInfo) -> float:
    size = 4 if info.number_format == "float32" else 8
    return info.nominal_rate_hz * (9 + size * len(info.channels))


def _minutes_of_room(folder: Path, bytes_per_s: float) -> float:
    """For how long a disk can record; infinite where that is not known."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return inf
    return free / bytes_per_s / 60.0 if bytes_per_s > 0.0 else inf


def _placed_at(chunk: Chunk) -> float:
    if not isnan(chunk.t_arrival_s) or len(chunk.stamps_s) == 0:
        return float(chunk.t_arrival_s)
    return float(chunk.stamps_s[-1] + chunk.clock_offset_s)


def _arrivals_info(role: Role, of: int) -> StreamInfo:
    """When the chunks of stream `of` of this file arrived."""
    channels = (
        Channel("n_samples"),
        Channel("t_arrival_s", "seconds"),
        Channel("clock_offset_s", "seconds"),
    )
    name = ARRIVALS[role]
    return StreamInfo(role, name, "Arrivals", channels, 0.0, source_id=f"{name}-{of}")
