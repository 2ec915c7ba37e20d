"""Reader of XDF recordings: a session's own ``raw.xdf``, and those of LabRecorder and other programs."""

import logging
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from stream.errors import EkamError
from stream.header import read_header
from stream.lab import Lab
from stream.lsl import StreamQuery
from stream.recorder import ARRIVALS
from stream.recording import RecordedStream, Recording
from stream.source import Chunk, Role, StreamInfo, together
from stream.xdf_read import Block, OtherShapeError, XdfFile, read_xdf_file, structure

MOST_GAP_S = 3600.0
"""Nobody pauses a recording for longer."""

JOIN_S = 0.5
"""Chunks that arrived within this span are handed on as one; each sample keeps its own arrival."""


def read_xdf(path: Path, lab: Lab) -> Recording:
    """Marker and force stream of an XDF file.

    A session's own recording comes back as it was received (`Recording.received`). Stamps of other
    programs' files are put on one clock by the clock comparisons that the file holds; jitter is left
    in them.

    Raises
    ------
    EkamError : not an XDF file, damaged beyond reading, or no or several streams fit the lab file.
    """
    if not path.is_file():
        raise EkamError(f"there is no file {path}")
    try:
        file = read_xdf_file(path)
    except OtherShapeError:
        return _read_foreign(path, lab)
    arrivals_of = _arrivals_of(file.headers)
    return _read_own(path, file, arrivals_of) if arrivals_of else _read_foreign(path, lab)


# --- a session's own ---------------------------------------------------------------------------------


@dataclass
class _Sent:
    """What one publisher sent."""

    role: Role
    info: StreamInfo
    chunks: list[Chunk] = field(default_factory=list)
    waiting: Block | None = None
    offset_s: float = 0.0
    no_arrival: int = 0


def _read_own(path: Path, file: XdfFile, arrivals_of: Mapping[int, tuple[Role, int]]) -> Recording:
    first: dict[Role, StreamInfo] = {}
    sent: dict[int, _Sent] = {}
    begun = {block.stream_id for block in file.blocks}
    # One that another had replaced before the recording began sent nothing.
    for role, samples_id in sorted(arrivals_of.values(), key=lambda each: each[1] not in begun):
        info = replace(read_header(role, file.headers[samples_id]), role=role)
        sent[samples_id] = _Sent(role, info)
        first.setdefault(role, info)
    received: list[Chunk] = []
    for block in file.blocks:
        if block.stream_id in sent:
            _give_up(sent[block.stream_id], received, first)
            sent[block.stream_id].waiting = block
        elif block.stream_id in arrivals_of:
            _arrived(sent[arrivals_of[block.stream_id][1]], block, received, first)
    for each in sent.values():
        _give_up(each, received, first)
    torn = bool(file.damage) and file.damage[-1][1] == path.stat().st_size
    whole = not torn and sent.keys() <= file.finished
    damage = file.damage[:-1] if torn else file.damage
    notes = _notes(path, damage, whole, sum(each.no_arrival for each in sent.values()))
    missing = [role.value for role in Role if not any(chunk.role is role for chunk in received)]
    if missing:
        raise EkamError(
            f"{path.name} holds no {' and no '.join(missing)}: nothing was recorded of them"
        )
    received = _joined(received)
    markers, forces = (_as_arrays(role, first[role], received) for role in Role)
    start_s = markers.stamps_s[np.isfinite(markers.stamps_s).argmax()]
    return Recording(
        path,
        replace(markers, stamps_s=markers.stamps_s - start_s),
        replace(forces, stamps_s=forces.stamps_s - start_s),
        notes,
        tuple(received),
        whole,
    )


def _arrived(
    sent: _Sent, arrivals: Block, received: list[Chunk], first: Mapping[Role, StreamInfo]
) -> None:
    """Join samples with when they came; the recorder writes the two one after the other."""
    rows = np.asarray(arrivals.values)
    counts = rows[:, 0].astype(np.int64)
    block = sent.waiting
    if block is None or counts.sum() != len(block.stamps_s):
        return  # a damaged neighbour: the samples are handed on without
    sent.waiting = None
    sent.offset_s = float(rows[-1, 2])
    received.append(
        _chunk(sent, block, np.repeat(rows[:, 1], counts), np.repeat(rows[:, 2], counts), first)
    )


def _give_up(sent: _Sent, received: list[Chunk], first: Mapping[Role, StreamInfo]) -> None:
    """Hand on samples whose arrival was not written any more."""
    if sent.waiting is not None:
        block, sent.waiting = sent.waiting, None
        sent.no_arrival += len(block.stamps_s)
        n = len(block.stamps_s)
        received.append(_chunk(sent, block, np.full(n, np.nan), np.full(n, sent.offset_s), first))


def _chunk(
    sent: _Sent,
    block: Block,
    t_arrival_s: np.ndarray,
    clock_offset_s: np.ndarray,
    first: Mapping[Role, StreamInfo],
) -> Chunk:
    values = np.asarray(block.values).astype(np.float64)
    info = None if sent.info is first[sent.role] else sent.info
    return Chunk(sent.role, np.array(block.stamps_s), values, t_arrival_s, clock_offset_s, info)


def _joined(chunks: list[Chunk]) -> list[Chunk]:
    """Chunks in the order of their arrival, those of one publisher in the same half second as one.

    In the file they stand as the recorder came to write them: after a pause of the disk all that waited of
    one stream stands before all that waited of the other.
    """
    pieces: dict[int, list[Chunk]] = {}
    reached = dict.fromkeys(Role, -(2**62))
    for chunk in chunks:
        arrived_s = np.asarray(chunk.t_arrival_s)
        taken_s = chunk.stamps_s + chunk.clock_offset_s
        spans = np.floor(np.where(np.isfinite(arrived_s), arrived_s, taken_s) / JOIN_S)
        spans = np.where(np.isfinite(spans), spans, reached[chunk.role]).clip(-(2.0**62), 2.0**62)
        spans = np.maximum.accumulate(np.maximum(spans, reached[chunk.role])).astype(np.int64)
        reached[chunk.role] = int(spans[-1])
        cuts = [0, *(np.flatnonzero(np.diff(spans)) + 1).tolist(), len(spans)]
        for first, last in pairwise(cuts):
            pieces.setdefault(int(spans[first]), []).append(_part(chunk, slice(first, last)))
    joined = []
    for span in sorted(pieces):
        for role in Role:
            own = [piece for piece in pieces[span] if piece.role is role]
            for _, same in groupby(own, key=lambda piece: id(piece.info)):
                joined.append(together(list(same)))
    return joined


def _part(chunk: Chunk, rows: slice) -> Chunk:
    t_arrival_s, clock_offset_s = np.asarray(chunk.t_arrival_s), np.asarray(chunk.clock_offset_s)
    return Chunk(
        chunk.role,
        chunk.stamps_s[rows],
        chunk.values[rows],
        t_arrival_s[rows],
        clock_offset_s[rows],
        chunk.info,
    )


def _as_arrays(role: Role, info: StreamInfo, received: list[Chunk]) -> RecordedStream:
    """All that the first publisher of a role sent, stamps on the recorder's clock."""
    parts = [chunk for chunk in received if chunk.role is role and chunk.info is None]
    if not parts:
        return RecordedStream(info, np.empty(0), np.empty((0, len(info.channels))))
    return RecordedStream(
        info,
        np.concatenate([part.stamps_s + part.clock_offset_s for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _notes(
    path: Path, damage: list[tuple[int, int]], whole: bool, no_arrival: int
) -> tuple[str, ...]:
    notes = []
    if damage:
        size = sum(last - first for first, last in damage)
        notes.append(
            f"{path.name} is damaged: {size} of its bytes in {len(damage)} places could not be read; "
            "the samples in them are missing"
        )
    if not whole:
        notes.append(f"{path.name} was not finished: it ends where the recording broke off")
    if no_arrival:
        notes.append(f"{no_arrival} samples have no arrival time: they are taken to be in time")
    return tuple(notes)


def _arrivals_of(headers: Mapping[int, str]) -> dict[int, tuple[Role, int]]:
    """Arrivals stream -> role and stream whose arrivals it holds."""
    found = {}
    for stream_id, header in headers.items():
        try:
            source_id = ET.fromstring(header).findtext("source_id") or ""
        except ET.ParseError:
            continue
        for role, name in ARRIVALS.items():
            of = source_id.removeprefix(f"{name}-")
            if of != source_id and of.isdecimal() and int(of) in headers:
                found[stream_id] = (role, int(of))
    return found


# --- other programs' ---------------------------------------------------------------------------------


def _read_foreign(path: Path, lab: Lab) -> Recording:
    """Read by `pyxdf`, without its removal of jitter: a gap would be smeared over the whole file."""
    import pyxdf

    logging.getLogger("pyxdf").setLevel(logging.CRITICAL)  # what it says of damage is said below
    try:
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    except Exception as error:  # whatever a damaged file makes of a foreign reader
        raise EkamError(
            f"{path.name} cannot be read as an XDF file: it is damaged, or ends before its first samples "
            f"({error})"
        ) from None
    chosen = {}
    for role, query in zip(Role, lab.queries(), strict=True):
        fitting = [
            s
            for s in streams
            if _fits(query, s["info"])
            and len(s["time_stamps"])
            and isinstance(s["time_series"], np.ndarray)  # texts are a list
        ]
        if len(fitting) != 1:
            there = "; ".join(
                f"{_first(s['info'], 'name')!r} (type {_first(s['info'], 'type')!r})"
                for s in streams
            )
            raise EkamError(
                f"{path.name} holds {len(fitting)} streams that fit the {role.value} query ({query}): it has "
                f"{there or 'none'}; correct [{role.value}] stream in the lab file"
            )
        chosen[role] = fitting[0]
    damage, whole = structure(path)
    parts, notes = {}, ["recorded by another program", *_notes(path, damage, whole, 0)]
    for role, stream in chosen.items():
        notes += _lacking(path, role, stream)
        info = read_header(role, ET.tostring(_xml("info", stream["info"]), encoding="unicode"))
        stamps_s = np.asarray(stream["time_stamps"], dtype=np.float64)
        values = np.asarray(stream["time_series"], dtype=np.float64)
        parts[role] = _usable(path, RecordedStream(info, stamps_s, values), notes)
    marker_s, force_s = (parts[role].stamps_s for role in Role)
    if marker_s[0] > force_s[-1] or force_s[0] > marker_s[-1]:
        raise EkamError(
            f"{path.name}: markers and forces were not taken at the same time ({marker_s[0]:.6g} and "
            f"{force_s[0]:.6g} s): record both with their clock comparisons"
        )
    start_s = float(marker_s[0])
    markers, forces = (replace(parts[r], stamps_s=parts[r].stamps_s - start_s) for r in Role)
    return Recording(path, markers, forces, tuple(notes), whole=whole)


def _lacking(path: Path, role: Role, stream: Mapping[str, Any]) -> list[str]:
    """How many samples are not there, by the stream's own footer."""
    try:
        count = int(_first(stream["footer"]["info"], "sample_count"))
    except (KeyError, TypeError, ValueError):
        return []
    missing = count - len(stream["time_stamps"])
    if missing == 0:
        return []
    return [f"{path.name} lacks {missing} of the {count} samples of its {role.value}"]


def _usable(path: Path, stream: RecordedStream, notes: list[str]) -> RecordedStream:
    """The samples whose stamps go on; the others are told of."""
    stamps_s, role = stream.stamps_s, stream.info.role.value
    kept = np.isfinite(stamps_s)
    reached_s = np.fmax.accumulate(np.concatenate([[-np.inf], np.where(kept, stamps_s, -np.inf)]))
    kept &= stamps_s >= reached_s[:-1]
    if not kept.any():
        raise EkamError(f"{path.name}: no sample of the {role} has a usable time stamp")
    widest_s = float(np.max(np.diff(stamps_s[kept]), initial=0.0))
    if widest_s > MOST_GAP_S:
        raise EkamError(
            f"{path.name}: the stamps of the {role} jump by {widest_s:.4g} s: the file is damaged, or a "
            "clock was set while it was recorded"
        )
    if not kept.all():
        notes.append(
            f"{int(np.sum(~kept))} samples of the {role} without a usable time stamp are left out"
        )
    return RecordedStream(stream.info, stamps_s[kept], stream.values[kept])


def _first(info: Mapping[str, Any], key: str) -> str:
    return str((info.get(key) or [""])[0] or "")


def _fits(query: StreamQuery, info: Mapping[str, Any]) -> bool:
    texts = {key: _first(info, key) for key in ("name", "source_id", "hostname")}
    return _first(info, "type").casefold() == query.type.casefold() and all(
        getattr(query, key) in ("", text) for key, text in texts.items()
    )


def _xml(tag: str, node: Any) -> ET.Element:
    """The header as XML again, from the lists and dictionaries that `pyxdf` makes of it."""
    element = ET.Element(tag)
    if isinstance(node, Mapping):
        for key, items in node.items():
            for item in items if isinstance(items, list) else [items]:
                element.append(_xml(key, item))
    elif node is not None:
        element.text = str(node)
    return element
