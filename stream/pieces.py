"""A recording cut into the pieces in which a replay sends it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from stream.align import OFF_CLOCK_S
from stream.errors import EkamError
from stream.recording import RecordedStream, Recording
from stream.source import Chunk, Role, StreamInfo

CHUNK_S = 0.01
BOUND_S = 1.5
"""A publisher that comes back is there so long before what was received of it."""


@dataclass(frozen=True)
class Piece:
    """Some consecutive samples of one stream, or the end or return of its publisher.

    Attributes
    ----------
    due_s : when it is to be sent, s since the start of the replay.
    stamps_s : what the samples are stamped with, on the same axis.
    t_s : when they were taken, whatever they are stamped with.
    shuffle : of a publisher that comes back: seed of the new order of its channels.
    info : of another publisher that takes over: how it describes itself.
    send : False when the publisher ends or comes back.
    """

    due_s: float
    role: Role
    stamps_s: np.ndarray
    values: np.ndarray
    t_s: np.ndarray
    send: bool = True
    shuffle: int = 0
    info: StreamInfo | None = None

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
    """Pieces of both streams in the order in which they are to be sent; for ever if `loop`.

    A session's own recording is sent as it came: cut as it was, as late as it was, by one publisher after
    the other. Any other, and every loop, is cut into 10 ms.

    Parameters
    ----------
    start_s, end_s : part of the recording, s from its first sample. In a loop every round begins again one
        marker period after the last marker sample, with what the first publishers sent.
    """
    if recording.received and not loop:
        yield from sorted(_as_received(recording, start_s, end_s), key=lambda piece: piece.due_s)
        return
    first_s = min(float(stream.stamps_s[0]) for stream in recording.streams())
    streams = tuple(
        _between(stream, first_s + start_s, first_s + end_s) for stream in recording.streams()
    )
    if not all(len(stream.stamps_s) for stream in streams):
        raise EkamError(
            f"{recording.path.name} holds nothing between {start_s:g} and {end_s:g} s: it is "
            f"{float(recording.markers.stamps_s[-1]) - first_s:.4g} s long; correct --start and --end"
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


def _as_received(recording: Recording, start_s: float, end_s: float) -> Iterator[Piece]:
    """One piece per chunk that arrived; chunks whose arrival is not known were in time."""
    begun = [each.stamps_s + each.clock_offset_s for each in recording.received]
    first_s = min(map(_first_s, recording.received, begun)) + start_s
    sender: dict[Role, StreamInfo | None] = dict.fromkeys(Role)
    reached_s = dict.fromkeys(Role, 0.0)
    for chunk, local_s in zip(recording.received, begun, strict=True):
        role, t_s = chunk.role, local_s - first_s
        arrived_s = np.broadcast_to(chunk.t_arrival_s, len(t_s)) - first_s
        due_s = np.where(np.isfinite(arrived_s), arrived_s, t_s)
        wanted = (due_s >= 0.0) & (due_s < end_s - start_s)
        edges = np.flatnonzero(np.diff(due_s)) + 1
        for start, end in pairwise([0, *edges.tolist(), len(t_s)]):
            rows = np.arange(start, end)[wanted[start:end]]
            if not len(rows):
                continue
            last_s = reached_s[role]
            reached_s[role] = max(last_s, float(due_s[rows[-1]]))  # a stream arrives in order
            if chunk.info is not sender[role]:
                sender[role] = chunk.info
                yield Piece.close(role, last_s + CHUNK_S)
                up_s = max(last_s + 2.0 * CHUNK_S, reached_s[role] - BOUND_S)
                yield replace(Piece.close(role, up_s), info=chunk.info)
            yield Piece(reached_s[role], role, t_s[rows], chunk.values[rows], t_s[rows])


def _first_s(chunk: Chunk, local_s: np.ndarray) -> float:
    """The first time that a chunk tells."""
    return float(np.min(local_s[sane(chunk, local_s)], initial=np.inf))


def sane(chunk: Chunk, local_s: np.ndarray) -> np.ndarray:
    """Which times of a chunk, LSL local clock, its arrival does not belie, where it has one."""
    lag_s = np.broadcast_to(chunk.t_arrival_s, len(local_s)) - local_s
    return np.isfinite(local_s) & ~((lag_s < OFF_CLOCK_S[0]) | (lag_s > OFF_CLOCK_S[1]))


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
