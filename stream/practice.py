"""A practice walker: a bundled recording that steps off, stands or walks when told, over LSL on loopback."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from stream.pieces import CHUNK_S, Piece, pieces
from stream.recording import RecordedStream, Recording
from stream.source import Role, StreamInfo

Does = Literal["away", "stands", "walks"]
ALL: tuple[Does, ...] = get_args(Does)
NOISE_N = 0.6
"""SD of the empty plates: a real plate is never silent."""
SWAY_MM = 0.02
_SEED = 7


def practice_pieces(
    static: Recording, walk: Recording, does: Callable[[], Does]
) -> Iterator[Piece]:
    """Pieces for ever: those of whatever the walker does at that moment, with the layout of `static`.

    What changes begins with its first sample; the stamps go on evenly.
    """
    rng = np.random.default_rng(_SEED)
    walk = _with_layout(walk, static)
    now: Does = does()
    turn, from_s = _turn(now, static, walk), 0.0
    while True:
        reached_s = from_s
        for piece in turn:
            if piece.role is Role.MARKERS and does() != now:
                break  # both streams have reached the same instant here
            reached_s = max(reached_s, from_s + piece.due_s)
            yield replace(
                _touched(piece, now, rng),
                due_s=piece.due_s + from_s,
                stamps_s=piece.stamps_s + from_s,
                t_s=piece.t_s + from_s,
            )
        # the next multiple of the pieces' length keeps both streams on their grids
        from_s = (np.floor(reached_s / CHUNK_S + 1e-6) + 1.0) * CHUNK_S
        now = does()
        turn = _turn(now, static, walk)


def practice_infos(static: Recording) -> dict[Role, StreamInfo]:
    """How the streams are described."""
    return {stream.info.role: stream.info for stream in static.streams()}


def _turn(does: Does, static: Recording, walk: Recording) -> Iterator[Piece]:
    return pieces(walk if does == "walks" else static, loop=True)


def _touched(piece: Piece, does: Does, rng: np.random.Generator) -> Piece:
    """A standing person sways a little; nobody leaves empty plates with their noise."""
    if does == "walks":
        return piece
    if piece.role is Role.FORCES:
        base = piece.values if does == "stands" else np.zeros_like(piece.values)
        return replace(piece, values=base + rng.normal(0.0, NOISE_N, piece.values.shape))
    if does == "away":
        return replace(piece, values=np.full_like(piece.values, np.nan))
    return replace(piece, values=piece.values + rng.normal(0.0, SWAY_MM, piece.values.shape))


def _with_layout(recording: Recording, like: Recording) -> Recording:
    """The recording with the channels of another one; what it lacks is missing (NaN)."""
    assert recording.forces is not None
    assert like.forces is not None
    return replace(
        recording,
        markers=_columns(recording.markers, like.markers.info),
        forces=_columns(recording.forces, like.forces.info),
    )


def _columns(stream: RecordedStream, info: StreamInfo) -> RecordedStream:
    values = np.full((len(stream.values), len(info.channels)), np.nan)
    labels = stream.info.labels
    for column, label in enumerate(info.labels):
        if label in labels:
            values[:, column] = stream.values[:, labels.index(label)]
    return replace(stream, info=info, values=values)
