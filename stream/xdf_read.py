"""XDF files that the recorder wrote, read at the speed of the disk, also when they are cut or damaged.

Every stamp is written out in them, so each chunk of samples is one block of records of the same size.
Files of other programs may leave stamps out; they are read by `pyxdf` (see `stream.xdf_file`).
"""

import mmap
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stream.errors import EkamError

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_MARK = struct.pack("<BBH", 1, 18, _BOUNDARY) + bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_NUMBERS = {
    "double64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "<i1"
}  # fmt: skip


OWN = "<name>ekam-arrivals-"
"""In the header of a stream that only the recorder writes."""


class OtherShapeError(Exception):
    """The file is XDF, but not as the recorder writes it."""


@dataclass
class Block:
    """Samples that were written together.

    Attributes
    ----------
    stamps_s : shape (n,).
    values : shape (n, n_channels), as stored, a view of the file; for texts a list.
    """

    stream_id: int
    stamps_s: np.ndarray
    values: np.ndarray | list[list[str]]


@dataclass
class XdfFile:
    """What an XDF file holds, in the order of the file.

    Attributes
    ----------
    headers : stream id -> header XML.
    finished : stream ids that have a footer.
    damage : (first byte, one past the last byte) of what could not be read.
    """

    headers: dict[int, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    offsets: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    damage: list[tuple[int, int]] = field(default_factory=list)


def read_xdf_file(path: Path) -> XdfFile:
    """Read a file that the recorder wrote.

    A part that cannot be read is left out up to the next boundary mark and listed in `damage`.

    Raises
    ------
    OtherShapeError : another program wrote it.
    EkamError : it is not an XDF file at all.
    """
    with path.open("rb") as file:
        if file.read(4) != b"XDF:":
            raise EkamError(f"{path.name} is not an XDF file: it does not begin with 'XDF:'")
        # A copy: values are views of it, and the file may be written on.
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found = XdfFile()
    layouts: dict[int, np.dtype | int] = {}
    regular: set[int] = set()  # streams of which a block was read
    for tag, content, end in _chunks(data, found.damage):
        try:
            if tag == _SAMPLES:
                own = any(OWN in header for header in found.headers.values())
                found.blocks.append(_block(data, content, end, layouts, regular, own))
            elif tag == _STREAM_HEADER:
                stream_id = _uint(data, content)
                xml = data[content + 4 : end].decode()
                layouts[stream_id] = _layout(xml)
                found.headers[stream_id] = xml
            elif tag == _CLOCK_OFFSET:
                stream_id, t_s, offset_s = struct.unpack_from("<Idd", data, content)
                found.offsets.setdefault(stream_id, []).append((t_s, offset_s))
            elif tag == _STREAM_FOOTER:
                found.finished.add(_uint(data, content))
        except (struct.error, ValueError, KeyError, UnicodeDecodeError):
            _add(found.damage, content, end)
    return found


def structure(path: Path) -> tuple[list[tuple[int, int]], bool]:
    """What of any program's file cannot be read as chunks, but for its end, and whether it was finished."""
    damage: list[tuple[int, int]] = []
    begun: set[int] = set()
    ended: set[int] = set()
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for tag, content, end in _chunks(data, damage):
        if tag in (_STREAM_HEADER, _STREAM_FOOTER) and end - content >= 4:
            (begun if tag == _STREAM_HEADER else ended).add(_uint(data, content))
    torn = bool(damage) and damage[-1][1] == len(data)
    return damage[: len(damage) - torn], not torn and begun <= ended


def _chunks(data: mmap.mmap, damage: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Tag, first byte of the content and one past its last, chunk by chunk."""
    position, size = 4, len(data)
    while position < size:
        chunk = _chunk_at(data, position, size)
        if chunk is None:
            mark = data.find(_MARK, position + 1)
            _add(damage, position, size if mark < 0 else mark)
            if mark < 0:
                return
            position = mark
            continue
        yield chunk
        position = chunk[2]


def _chunk_at(data: mmap.mmap, position: int, size: int) -> tuple[int, int, int] | None:
    width = data[position]
    if width not in (1, 4, 8) or position + 1 + width + 2 > size:
        return None
    length = int.from_bytes(data[position + 1 : position + 1 + width], "little")
    start = position + 1 + width
    if length < 2 or start + length > size:
        return None
    tag = data[start] | data[start + 1] << 8
    if not _FILE_HEADER <= tag <= _STREAM_FOOTER:
        return None
    # What follows must begin like a chunk: a length that was overwritten does not lead to one.
    end = start + length
    return (tag, start + 2, end) if end == size or data[end] in (1, 4, 8) else None


def _block(
    data: mmap.mmap,
    content: int,
    end: int,
    layouts: dict[int, np.dtype | int],
    regular: set[int],
    own: bool,
) -> Block:
    stream_id = _uint(data, content)
    layout = layouts[stream_id]
    n, first = _length(data, content + 4)
    if isinstance(layout, int):
        return _texts(data, stream_id, first, end, n, layout)
    if end - first != n * layout.itemsize:
        if not own and stream_id not in regular and end - first >= n * (layout.itemsize - 8):
            raise OtherShapeError  # stamps were left out, which the recorder never does
        raise ValueError("size")
    records = np.frombuffer(data, layout, n, first)
    if not (records["n"] == 8).all():
        raise ValueError("stamps")
    regular.add(stream_id)
    return Block(stream_id, records["stamp"], records["values"])


def _texts(data: mmap.mmap, stream_id: int, at: int, end: int, n: int, n_channels: int) -> Block:
    stamps, rows = np.empty(n), []
    for i in range(n):
        if data[at] != 8:
            raise ValueError("stamp")
        (stamps[i],) = struct.unpack_from("<d", data, at + 1)
        at += 9
        row = []
        for _ in range(n_channels):
            length, at = _length(data, at)
            if at + length > end:
                raise ValueError("a text is longer than its chunk")
            row.append(data[at : at + length].decode())
            at += length
        rows.append(row)
    return Block(stream_id, stamps, rows)


def _layout(header: str) -> np.dtype | int:
    """Record of one sample; for texts the number of channels."""
    try:
        root = ET.fromstring(header)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    n_channels = int(root.findtext("channel_count") or "0")
    number_format = root.findtext("channel_format") or ""
    if number_format == "string":
        return n_channels
    return np.dtype(
        [("n", "u1"), ("stamp", "<f8"), ("values", _NUMBERS[number_format], (n_channels,))]
    )


def _length(data: mmap.mmap, at: int) -> tuple[int, int]:
    """A length in the format's variable size, and where what follows begins."""
    width = data[at]
    if width not in (1, 4, 8):
        raise ValueError("length")
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def _uint(data: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _add(damage: list[tuple[int, int]], first: int, last: int) -> None:
    damage.append((first, last))
