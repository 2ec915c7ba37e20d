"""A recording published over Lab Streaming Layer, in the shape in which laboratories publish."""

import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isinf
from typing import Any

import numpy as np

from stream.clock import Clock
from stream.recording import RecordedStream, Recording
from stream.source import Role, StreamInfo
from stream.xdf import description

TYPES = {Role.MARKERS: "Mocap", Role.FORCES: "Force"}

_CHUNK_S = 0.01
_GRACE_S = 0.3
_LINGER_S = 1.0
_POLL_S = 0.02
# As fast as possible: beyond this a consumer that pauses for seconds would overflow its buffer of
# six minutes of samples, and LSL drops the oldest without a word.
_FASTEST = 50.0


@dataclass(frozen=True)
class _Piece:
    """Some consecutive samples of one stream, due at `due_s` of the replay's time."""

    due_s: float
    role: Role
    stamps_s: np.ndarray
    values: np.ndarray


def replay(
    recording: Recording,
    clock: Clock,
    *,
    stop: threading.Event,
    speed: float = 1.0,
    loop: bool = False,
    seconds: float | None = None,
    wait_consumers: bool = False,
    prefix: str = "",
    on_progress: Callable[[float], None] | None = None,
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
    seconds : time of the recording, all rounds together, after which to end; None = no limit.
    wait_consumers : send nothing until every outlet has a consumer.
    prefix : put before the streams' names.
    on_progress : told the time sent so far, s, a few times a second.

    Returns
    -------
    Time of the recording that was sent, s.
    """
    import pylsl

    speed = _FASTEST if speed <= 0 or isinf(speed) else speed
    outlets: dict[Role, Any] = {}
    for stream in recording.streams():
        outlet_info = _outlet_info(pylsl, stream.info, recording.path.name, prefix)
        outlets[stream.info.role] = pylsl.StreamOutlet(outlet_info)
    try:
        if wait_consumers:
            _wait_consumers(list(outlets.values()), clock, stop)
        start_s = round(clock.now(), 6)
        first_s = min(float(stream.stamps_s[0]) for stream in recording.streams())
        base_s = round(start_s - first_s, 6)
        sent_s, told_s = 0.0, start_s
        for piece in _pieces(recording, loop):
            if stop.is_set() or (seconds is not None and piece.due_s - first_s >= seconds):
                break
            clock.wait_until(start_s + (piece.due_s - first_s) / speed)
            # A stamp for every sample: with one per push, consumers deduce the others from the
            # rate. As a list, for an array of one stamp may pass for a single number.
            stamps_s = base_s + piece.stamps_s
            outlets[piece.role].push_chunk(piece.values, stamps_s.tolist())
            sent_s = piece.due_s - first_s
            if on_progress is not None and clock.now() - told_s >= 0.25:
                told_s = clock.now()
                on_progress(sent_s)
        # Destroying an outlet throws away what consumers have not fetched yet.
        clock.wait_until(clock.now() + _LINGER_S)
    finally:
        outlets.clear()
    return sent_s


def _pieces(recording: Recording, loop: bool) -> Iterator[_Piece]:
    """Cut the recording into pieces of 10 ms, both streams in order of time; for ever if `loop`."""
    streams = recording.streams()
    if loop:
        period_s = _period_s(recording.markers)
        streams = tuple(_within(stream, period_s) for stream in streams)
    pieces = sorted(_cut(streams), key=lambda piece: piece.due_s)
    yield from pieces
    turn = 0
    while loop:
        turn += 1
        shift_s = turn * period_s
        for piece in pieces:
            yield replace(piece, due_s=piece.due_s + shift_s, stamps_s=piece.stamps_s + shift_s)


def _cut(streams: tuple[RecordedStream, ...]) -> Iterator[_Piece]:
    first_s = min(float(stream.stamps_s[0]) for stream in streams)
    for stream in streams:
        number_of_piece = np.floor((stream.stamps_s - first_s) / _CHUNK_S + 1e-6)
        edges = np.flatnonzero(np.diff(number_of_piece)) + 1
        bounds = [0, *edges.tolist(), len(stream.stamps_s)]
        for start, end in pairwise(bounds):
            stamps_s = stream.stamps_s[start:end]
            values = stream.values[start:end]
            # A sample must not be there before its time: the piece waits for its last one.
            yield _Piece(float(stamps_s[-1]), stream.info.role, stamps_s, values)


def _period_s(markers: RecordedStream) -> float:
    """Length of one round, such that a periodic recording has no seam."""
    n = len(markers.stamps_s)
    if markers.info.nominal_rate_hz > 0:
        return n / markers.info.nominal_rate_hz
    span_s = float(markers.stamps_s[-1] - markers.stamps_s[0])
    return span_s * n / max(n - 1, 1)


def _within(stream: RecordedStream, period_s: float) -> RecordedStream:
    """Leave out force samples before the first marker or beyond the round: stamps must rise."""
    keep = (stream.stamps_s > -1e-6) & (stream.stamps_s < period_s - 1e-6)
    return replace(stream, stamps_s=stream.stamps_s[keep], values=stream.values[keep])


def _wait_consumers(outlets: list[Any], clock: Clock, stop: threading.Event) -> None:
    while not stop.is_set():
        if all(outlet.have_consumers() for outlet in outlets):
            clock.wait_until(clock.now() + _GRACE_S)  # a consumer opens its inlets one by one
            return
        clock.wait_until(clock.now() + _POLL_S)


def _outlet_info(pylsl: Any, info: StreamInfo, replayed: str, prefix: str) -> Any:
    """Describe an outlet of one recorded stream (pylsl's description)."""
    info = replace(info, replay=replayed)
    outlet_info = pylsl.StreamInfo(
        prefix + info.name,
        TYPES[info.role],
        len(info.channels),
        info.nominal_rate_hz,
        info.number_format,
        f"ekam-replay-{info.role.value}-{replayed}",
    )
    _copy(description(info), outlet_info.desc())
    return outlet_info


def _copy(element: ET.Element, target: Any) -> None:
    """Copy the children of `element` into LSL's own tree."""
    for child in element:
        if len(child):
            _copy(child, target.append_child(child.tag))
        else:
            target.append_child_value(child.tag, child.text or "")
