"""What every source of data owes the session: stream descriptions, then chunks of stamped samples.

Live inlets, replayed files and the synthetic walker all speak this, so everything behind it is the
same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import nan
from typing import Protocol

import numpy as np


class Role(Enum):
    """What a stream carries."""

    MARKERS = "markers"
    FORCES = "forces"


@dataclass(frozen=True)
class Channel:
    """One channel as its publisher describes it.

    Attributes
    ----------
    label : the channel's own name, e.g. ``RKNE_X`` or ``Fx1``.
    unit : as written by the publisher, e.g. ``meters``, ``mm``, ``N``; empty if none.
    kind : metadata type, e.g. ``PositionX``, ``ForceZ``, ``MomentX``; empty if none.
    target : marker or plate the channel belongs to, e.g. ``RKNE`` or ``1``; empty if none.
    body : rigid body or subject the channel belongs to (metadata ``object``); empty if none.
    """

    label: str
    unit: str = ""
    kind: str = ""
    target: str = ""
    body: str = ""


@dataclass(frozen=True)
class PlateDescription:
    """Where a force plate is and how to read it, as its file or its stream header says.

    All in the capture system's own axes (those of the markers), metres.

    Attributes
    ----------
    corners_m : shape (4, 3). Corners of the surface, in the order of the C3D format: quadrants
        +x+y, -x+y, -x-y, +x-y of the plate's own axes.
    origin_m : shape (3,). Vector from the transducer origin to the centre of the surface, in the
        plate's own axes.
    reaction : True when the numbers are the load on the foot, False when they act on the plate.
    """

    corners_m: tuple[tuple[float, float, float], ...]
    origin_m: tuple[float, float, float]
    reaction: bool = True


@dataclass(frozen=True)
class StreamInfo:
    """Description that travels with a stream.

    Attributes
    ----------
    nominal_rate_hz : 0 = irregular.
    number_format : ``double64`` or ``float32``, as the publisher sends.
    device_delay_s : time by which the stamps lag the event, as the header states.
    replay : what is being replayed, empty for a live publisher.
    replay_speed : 1 = stamps advance as time does; otherwise arrivals say nothing about the stamps.
    plates : force plates as the source describes them; empty if it does not.
    header_xml : the publisher's whole header, kept for the recording.
    """

    role: Role
    name: str
    type: str
    channels: tuple[Channel, ...]
    nominal_rate_hz: float
    source_id: str = ""
    hostname: str = ""
    number_format: str = "double64"
    device_delay_s: float = 0.0
    replay: str = ""
    replay_speed: float = 1.0
    plates: tuple[PlateDescription, ...] = ()
    header_xml: str = field(default="", repr=False, compare=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Channel labels in order."""
        return tuple(channel.label for channel in self.channels)


@dataclass(frozen=True)
class Chunk:
    """Samples of one stream as they arrived.

    Attributes
    ----------
    stamps_s : shape (n,), s, the source's own clock, as received.
    values : shape (n, n_channels), float64, the publisher's units and order.
    t_arrival_s : LSL local clock when the samples were handed over; shape (n,) where several chunks were
        joined.
    clock_offset_s : to be added to `stamps_s` to get the LSL local clock; likewise.
    info : the publisher that sent them, when it is another than the one that `Source.open` described:
        one that came back, perhaps with its channels in another order.
    """

    role: Role
    stamps_s: np.ndarray
    values: np.ndarray
    t_arrival_s: float | np.ndarray = nan
    clock_offset_s: float | np.ndarray = 0.0
    info: StreamInfo | None = None


def together(parts: Sequence[Chunk]) -> Chunk:
    """Chunks of one publisher as one, in which every sample keeps its own arrival and clock offset."""
    if len(parts) == 1:
        return parts[0]
    sizes = [len(part.stamps_s) for part in parts]
    return Chunk(
        parts[0].role,
        np.concatenate([part.stamps_s for part in parts]),
        np.concatenate([part.values for part in parts]),
        _each([part.t_arrival_s for part in parts], sizes),
        _each([part.clock_offset_s for part in parts], sizes),
        parts[0].info,
    )


def _each(values: Sequence[float | np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    if not any(isinstance(value, np.ndarray) for value in values):
        return np.repeat(np.array(values, dtype=np.float64), sizes)
    whole = [np.broadcast_to(value, size) for value, size in zip(values, sizes, strict=True)]
    return np.concatenate(whole)


class LampState(Enum):
    """State of a stream as the operator's lamp shows it."""

    ABSENT = "absent"
    CONNECTING = "connecting"
    OK = "ok"
    DEGRADED = "degraded"
    LOST = "lost"


@dataclass(frozen=True)
class StreamHealth:
    """A stream at a glance.

    Attributes
    ----------
    age_s : since the newest sample arrived; NaN before the first.
    rate_hz : measured over the last seconds; NaN until known.
    jitter_s : by how much stamps come late on average against an even rate; NaN until known.
    bound : how often a publisher was connected to: 2 after it was restarted once.
    """

    role: Role
    name: str
    state: LampState
    nominal_rate_hz: float = nan
    rate_hz: float = nan
    age_s: float = nan
    samples: int = 0
    missing: int = 0
    clock_offset_s: float = 0.0
    message: str = ""
    hostname: str = ""
    jitter_s: float = nan
    bound: int = 0


class Source(Protocol):
    """Something that delivers a marker stream and a force stream."""

    def open(self) -> dict[Role, StreamInfo]:
        """Connect and describe the streams; raises `EkamError` naming what is missing."""
        ...

    def pull(self, timeout_s: float) -> list[Chunk]:
        """Chunks that have arrived, in order per stream; empty when none came in time."""
        ...

    @property
    def ended(self) -> bool:
        """True when nothing more will ever come."""
        ...

    def health(self) -> tuple[StreamHealth, ...]:
        """State of each stream now."""
        ...

    def close(self) -> None:
        """Let go of the streams; never raises."""
        ...
