"""Which publisher a stream comes from at present, and how its channels map into the lab frame.

A publisher that was restarted may send its channels in another order or in another unit, so everything
is mapped anew, by name, whenever samples come from another one than before.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import RATE_TOLERANCE, rate_hz
from stream.source import Chunk, Role, StreamInfo


class ChannelMap(Protocol):
    """Channels of one publisher to the lab frame."""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Values as received, shape (n, n_channels), to what the engine takes."""
        ...


class Binding:
    """One stream of a session.

    Parameters
    ----------
    make : maps a publisher's channels; raises `EkamError` when something needed is not there.

    Attributes
    ----------
    info : the publisher whose samples are used.
    rate_hz : sampling rate that the filters were designed for.
    refused : why the samples that come now are not used; empty while they are.
    """

    def __init__(
        self, info: StreamInfo, lab: Lab, make: Callable[[StreamInfo], ChannelMap]
    ) -> None:
        self._lab = lab
        self._make = make
        self._first = info
        self._seen: StreamInfo | None = None
        self.info = info
        self.rate_hz = rate_hz(info, lab)
        self.refused = ""
        self._map = make(info)
        self._map.apply(np.empty((0, len(info.channels))))  # compiles before the first sample

    @property
    def role(self) -> Role:
        """What the stream carries."""
        return self.info.role

    @property
    def device_delay_s(self) -> float:
        """Time by which stamps lag the event: the lab file's and the publisher's own together."""
        table = self._lab.markers if self.role is Role.MARKERS else self._lab.forces
        return table.device_delay_s + self.info.device_delay_s

    def changes(self, chunk: Chunk) -> bool:
        """Whether a chunk comes from another publisher than the last one asked about."""
        return chunk.info is not self._seen

    def renew(self, chunk: Chunk) -> None:
        """Bind to the publisher of this chunk, or refuse it: `refused` then says why."""
        self._seen = chunk.info
        info = chunk.info or self._first
        try:
            if abs(rate_hz(info, self._lab) / self.rate_hz - 1.0) > RATE_TOLERANCE:
                raise EkamError(
                    f"it now sends {rate_hz(info, self._lab):g} samples per second, not {self.rate_hz:g}"
                )
            self._map = self._make(info)
        except EkamError as error:
            self.refused = f"came back with another layout and is not used: {error}"
        else:
            self.info, self.refused = info, ""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Map samples of `info`."""
        return self._map.apply(values)
