"""A recording cut into the pieces in which a replay sends it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from stream.recording import RecordedStream, Recording
from stream.source import Role

CHUNK_S = 0.01


@dataclass(frozen=True)
class Piece:
    """Some consecutive samples of one stream, or the end or return of its publisher.

    Attributes
    ----------
    due_s : when it is to be sent, s since the start of the replay.
    stamps_s : what the samples are stamped with, on the same axis.
    t_s : when they were taken, whatever they are stamped with.
    shuffle : of a publisher that comes back: seed of the new order of its channels.
    send : False when the publisher ends or comes back.
    """

    due_s: float
    role: Role
    stamps_s: np.ndarray
    values: np.ndarray
    t_s: np.ndarray
    send: bool = True
    shuffle: int = 0

    def only(self, rows: np.ndarray) -> "Piece":
        """The piece with some of its samples."""
        return replace(
            self, stamps_s=self.stamps_s[rows], values=self.values[rows], t_s=self.t_s[rows]
        )

    @staticmethod
    def close(role: Role, due_s: float) -> "Piece":
        """The publisher ends."""
        return Piece(due_s, role, np.empty(0), np.empty((0, 0)), np.empty(0), send=False)

    @staticmethod
    def open(role: Role, due_s: float, shuffle: int) -> "Piece":
        """The publisher comes back with its channels in another order."""
        return replace(Piece.close(role, due_s), shuffle=shuffle)


def pieces(
    recording: Recording, loop: bool, start_s: float = 0.0, end_s: float = np.inf
) -> Iterator[Piece]:
    """Pieces of 10 ms of both streams in order of time; for ever if `loop`.

    Parameters
    ----------
    start_s, end_s : part of the recording, s from its first sample. In a loop every round begins again one
        marker period after the last marker sample.
    """
    first_s = min(float(stream.stamps_s[0]) for stream in recording.streams())
    streams = tuple(
        _between(stream, first_s + start_s, first_s + end_s) for stream in recording.streams()
    )
    if loop:
        period_s = _period_s(streams[0])
        at_s = float(streams[0].stamps_s[0])
        streams = tuple(_between(stream, at_s - 1e-6, at_s + period_s - 1e-6) for stream in streams)
    first_s = min(float(stream.stamps_s[0]) for stream in streams)
    once = sorted(_cut(streams, first_s), key=lambda piece: piece.due_s)
    yield from once
    turn = 0
    while loop:
        turn += 1
        by_s = turn * period_s
        for piece in once:
            yield replace(
                piece,
                due_s=piece.due_s + by_s,
                stamps_s=piece.stamps_s + by_s,
                t_s=piece.t_s + by_s,
            )


def _cut(streams: tuple[RecordedStream, ...], first_s: float) -> Iterator[Piece]:
    for stream in streams:
        t_s = stream.stamps_s - first_s
        edges = np.flatnonzero(np.diff(np.floor(t_s / CHUNK_S + 1e-6))) + 1
        for start, end in pairwise([0, *edges.tolist(), len(t_s)]):
            own = t_s[start:end]
            # A sample must not be there before its time: the piece waits for its last one.
            yield Piece(float(own[-1]), stream.info.role, own, stream.values[start:end], own)


def _between(stream: RecordedStream, first_s: float, last_s: float) -> RecordedStream:
    keep = (stream.stamps_s >= first_s) & (stream.stamps_s < last_s)
    return replace(stream, stamps_s=stream.stamps_s[keep], values=stream.values[keep])


def _period_s(markers: RecordedStream) -> float:
    """Length of one round, such that a periodic recording has no seam."""
    n = len(markers.stamps_s)
    if markers.info.nominal_rate_hz > 0:
        return n / markers.info.nominal_rate_hz
    span_s = float(markers.stamps_s[-1] - markers.stamps_s[0])
    return span_s * n / max(n - 1, 1)
