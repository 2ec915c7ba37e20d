"""A recording as a source: no clock, as fast as it is pulled."""

import numpy as np

from stream.errors import EkamError
from stream.recording import Recording
from stream.source import Chunk, LampState, Role, StreamHealth, StreamInfo

CHUNK_S = 0.25


class FileSource:
    """Plays a recording into a session: a session's own as it was received, others evenly cut.

    Parameters
    ----------
    chunk_s : span of each pull; results do not depend on it.
    """

    def __init__(self, recording: Recording, chunk_s: float = CHUNK_S) -> None:
        if recording.forces is None:
            raise EkamError(
                f"{recording.path.name} has no force plates"
                + (f" ({recording.notes[0]})" if recording.notes else "")
                + ": a walking trial needs them"
            )
        self._streams = recording.streams()
        self._roles = recording.roles
        self._chunk_s = chunk_s
        self._t = min(float(stream.stamps_s[0]) for stream in self._streams)
        self._next = [0 for _ in self._streams]
        self._received = recording.received
        self._given = 0

    def open(self) -> dict[Role, StreamInfo]:
        """Describe both streams."""
        return {stream.info.role: stream.info for stream in self._streams}

    def pull(self, timeout_s: float) -> list[Chunk]:
        """The next span of both streams; never waits."""
        if self._received:
            chunk = self._received[self._given]
            self._given += 1
            self._next[self._roles.index(chunk.role)] += len(chunk.stamps_s)
            return [chunk]
        # Over a pause in one go: it may last an hour.
        waiting = [
            stream.stamps_s[n]
            for stream, n in zip(self._streams, self._next, strict=True)
            if n < len(stream.stamps_s)
        ]
        self._t = max(self._t, float(min(waiting, default=self._t))) + self._chunk_s
        chunks = []
        for i, stream in enumerate(self._streams):
            last = int(np.searchsorted(stream.stamps_s, self._t, side="left"))
            if last > self._next[i]:
                part = slice(self._next[i], last)
                chunks.append(Chunk(stream.info.role, stream.stamps_s[part], stream.values[part]))
                self._next[i] = last
        return chunks

    @property
    def ended(self) -> bool:
        """True when every sample has been pulled."""
        if self._received:
            return self._given == len(self._received)
        return all(
            n == len(stream.stamps_s) for n, stream in zip(self._next, self._streams, strict=True)
        )

    @property
    def progress(self) -> float:
        """Share of the recording that has been pulled."""
        if self._received:
            return self._given / len(self._received)
        return self._next[0] / len(self._streams[0].stamps_s)

    def health(self) -> tuple[StreamHealth, ...]:
        """Files are always well."""
        return tuple(
            StreamHealth(
                stream.info.role,
                stream.info.name,
                LampState.OK,
                stream.info.nominal_rate_hz,
                stream.info.nominal_rate_hz,
                0.0,
                n,
            )
            for stream, n in zip(self._streams, self._next, strict=True)
        )

    def close(self) -> None:
        """Nothing to let go of."""
