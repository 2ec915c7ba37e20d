"""A recording published over Lab Streaming Layer, in the shape in which laboratories publish."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import inf, isinf
from typing import Any
from zlib import crc32

import numpy as np

from stream.clock import Clock
from stream.errors import EkamError
from stream.faults import Fault, injector
from stream.header import copy_into, description
from stream.lsl_find import StreamQuery
from stream.pieces import Piece, pieces
from stream.recording import Recording
from stream.source import Role, StreamInfo

_GRACE_S = 0.3
_LINGER_S = 1.0
_POLL_S = 0.02
_LOOK_S = 0.2
"""A long wait looks this often whether it is still wanted."""
# As fast as possible: beyond this a consumer that pauses for seconds would overflow its buffer of
# six minutes of samples, and LSL drops the oldest without a word.
_FASTEST = 50.0


def replay(
    recording: Recording,
    clock: Clock,
    *,
    stop: threading.Event,
    speed: float = 1.0,
    loop: bool = False,
    start_s: float = 0.0,
    end_s: float = inf,
    seconds: float | None = None,
    wait_consumers: bool = False,
    named: bool = True,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    on_progress: Callable[[float], None] | None = None,
    instead: Iterator[Piece] | None = None,
    publisher: str = "",
) -> float:
    """Publish `recording` until its end, `seconds` or `stop`.

    The outlets say what they replay (``desc/replay``). Stamps keep the spacing of the recording
    whatever the speed: time in the recording plus the clock's time at the start, in whole
    microseconds.

    Parameters
    ----------
    clock : paces the replay; must tell the LSL local clock if consumers compare stamps with it.
    speed : 1 = as recorded; 0 or infinite = as fast as consumers can take it.
    loop : begin again at the end, one marker period after the last marker sample.
    start_s, end_s : the part of the recording that is sent, s from its first sample.
    seconds : time of the recording, all rounds together, after which to end; None = no limit.
    wait_consumers : send nothing until every outlet has a consumer.
    named : say which file is replayed. On a network one does not: files are called after people.
    faults, seed : what goes wrong, and the seed of its chance.
    on_progress : told the time sent so far, s, a few times a second.
    instead : sent instead of the recording's own pieces, with its layout.
    publisher : what the outlets' source_id begins with, see `source_id`; empty for the
        file's name.

    Returns
    -------
    Time of the recording that was sent, s.

    Raises
    ------
    EkamError : a fault names a marker or plate that the recording does not have.
    """
    speed = _FASTEST if speed <= 0 or isinf(speed) else speed
    infos = {
        stream.info.role: _as_sent(stream.info, recording.path.name, named, speed)
        for stream in recording.streams()
    }
    sent = instead if instead is not None else pieces(recording, loop, start_s, end_s)
    if faults and any(chunk.info is not None for chunk in recording.received):
        raise EkamError(
            f"{recording.path.name} was sent by several publishers one after the other: it is replayed "
            "without further faults; leave out --fault"
        )
    rng = np.random.default_rng(seed)
    for fault in faults:
        sent = injector(fault, infos, rng)(sent)
    publishers = {role: _Publisher(info, publisher) for role, info in infos.items()}
    try:
        if wait_consumers:
            _wait_consumers(publishers.values(), clock, stop)
        begun_s = round(clock.now(), 6)
        sent_s, told_s = 0.0, begun_s
        for piece in sent:
            if stop.is_set() or (seconds is not None and piece.due_s >= seconds):
                break
            if not _waited(clock, begun_s + piece.due_s / speed, stop):
                break
            publishers[piece.role].take(piece, begun_s)
            sent_s = max(sent_s, piece.due_s)
            if on_progress is not None and clock.now() - told_s >= 0.25:
                told_s = clock.now()
                on_progress(sent_s)
        # Destroying an outlet throws away what consumers have not fetched yet.
        clock.wait_until(clock.now() + _LINGER_S)
    finally:
        for each in publishers.values():
            each.close()
    return sent_s


def source_id(publisher: str, role: Role) -> str:
    """Of an outlet of a replay whose publisher has a name of its own."""
    return f"{publisher}-{role.value}"


def of_publisher(
    publisher: str, queries: tuple[StreamQuery, StreamQuery]
) -> tuple[StreamQuery, StreamQuery]:
    """What finds the streams of this publisher alone; `queries` are those for markers and forces."""
    markers, forces = queries
    return (
        replace(markers, source_id=source_id(publisher, Role.MARKERS)),
        replace(forces, source_id=source_id(publisher, Role.FORCES)),
    )


def _as_sent(info: StreamInfo, file: str, named: bool, speed: float) -> StreamInfo:
    """What the header of a replay says; without the file's name, if that is not to be said."""
    if not named:
        file = f"recording {crc32(file.encode()):08x}"
    of_file = info.source_id.startswith("ekam-file-")  # then its name is the file's
    name = info.name if named or not of_file else file
    return replace(info, name=name, replay=file, replay_speed=speed)


class _Publisher:
    """One outlet, which may end and come back with its channels in another order."""

    def __init__(self, info: StreamInfo, name: str) -> None:
        self._info, self._name = info, name
        self._order = np.arange(len(info.channels))
        self._outlet = self._open()

    def take(self, piece: Piece, begun_s: float) -> None:
        """Send a piece, end, or come back."""
        if piece.send:
            if self._outlet is not None:
                # A stamp for every sample: with one per push, consumers deduce the others from the
                # rate. As a list, for an array of one stamp may pass for a single number.
                stamps_s = begun_s + piece.stamps_s
                self._outlet.push_chunk(piece.values[:, self._order], stamps_s.tolist())
        elif piece.info is not None:
            info = self._info
            self._info = replace(
                piece.info, name=info.name, replay=info.replay, replay_speed=info.replay_speed
            )
            self._order = np.arange(len(self._info.channels))
            self._outlet = self._open()
        elif piece.shuffle:
            self._order = np.random.default_rng(piece.shuffle).permutation(self._order)
            self._outlet = self._open()
        else:
            self.close()

    def has_consumers(self) -> bool:
        """Whether anybody receives it."""
        return self._outlet is not None and bool(self._outlet.have_consumers())

    def close(self) -> None:
        """End; what consumers have not fetched is lost."""
        self._outlet = None

    def _open(self) -> Any:
        import pylsl

        info = replace(self._info, channels=tuple(self._info.channels[i] for i in self._order))
        outlet_info = pylsl.StreamInfo(
            info.name,
            info.type,
            len(info.channels),
            info.nominal_rate_hz,
            info.number_format,
            source_id(self._name, info.role)
            if self._name
            else f"ekam-replay-{info.role.value}-{info.replay}",
        )
        copy_into(description(info), outlet_info.desc())
        return pylsl.StreamOutlet(outlet_info)


def _waited(clock: Clock, t_s: float, stop: threading.Event) -> bool:
    """Wait until `t_s`; False where it is stopped meanwhile."""
    while (left_s := t_s - clock.now()) > 0.0 and not stop.is_set():
        clock.wait_until(min(t_s, clock.now() + min(left_s, _LOOK_S)))
    return not stop.is_set()


def _wait_consumers(publishers: Any, clock: Clock, stop: threading.Event) -> None:
    while not stop.is_set():
        if all(publisher.has_consumers() for publisher in publishers):
            clock.wait_until(clock.now() + _GRACE_S)  # a consumer opens its inlets one by one
            return
        clock.wait_until(clock.now() + _POLL_S)
