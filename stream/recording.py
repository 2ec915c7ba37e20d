"""A recording in memory: the same description and samples that a live stream would bring."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stream.source import Chunk, Role, StreamInfo


@dataclass(frozen=True)
class RecordedStream:
    """One stream of a recording.

    Attributes
    ----------
    stamps_s : shape (n,), s, from the first marker sample of the recording.
    values : shape (n, n_channels), float64, in the units and order of `info`.
    """

    info: StreamInfo
    stamps_s: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Recording:
    """What a file holds. `forces` is None for a trial without force plates (some static trials).

    `notes` are sentences to be shown: what was assumed or chosen when the file was read. `received` holds
    a session's own recording as it was received: every chunk with its arrivals and clock offsets. `whole` is
    False when the recording broke off.
    """

    path: Path
    markers: RecordedStream
    forces: RecordedStream | None
    notes: tuple[str, ...] = ()
    received: tuple[Chunk, ...] = field(default=(), repr=False)
    whole: bool = True

    def streams(self) -> tuple[RecordedStream, ...]:
        """The streams that are there, markers first."""
        return (self.markers,) if self.forces is None else (self.markers, self.forces)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles of the streams that are there."""
        return tuple(stream.info.role for stream in self.streams())
