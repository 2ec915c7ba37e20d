"""XDF files, written chunk by chunk.

An XDF file is ``XDF:`` and then chunks: length, tag (uint16), content; little endian.
"""

import os
import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan
from pathlib import Path

import numpy as np

from stream.header import header
from stream.source import StreamInfo

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_BOUNDARY_UUID = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_NUMBERS = {"double64": "<f8", "float32": "<f4"}


@dataclass
class _Written:
    """What has been written of one stream, for its footer.

    `sample` is the layout of one sample, None for a stream of strings.
    """

    sample: np.dtype | None
    n_channels: int
    first_s: float = nan
    last_s: float = nan
    count: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)


class XdfWriter:
    """An XDF file being written; never overwrites one that exists (`FileExistsError`).

    Not safe for several threads. Everything written so far is readable at any moment after `flush`,
    also without `close`.
    """

    def __init__(self, path: Path) -> None:
        self._file = open(path, "xb")  # noqa: SIM115 - held open for the session
        self._streams: dict[int, _Written] = {}
        self._bytes = 0
        self._write(b"XDF:")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        xml = f'<?xml version="1.0"?><info><version>1.0</version><datetime>{now}</datetime></info>'
        self._chunk(_FILE_HEADER, xml.encode())

    @property
    def bytes_written(self) -> int:
        """Size of the file so far."""
        return self._bytes

    def add_stream(self, stream_id: int, info: StreamInfo) -> None:
        """Describe a stream; must come before its samples.

        `info.number_format` is ``double64``, ``float32`` or ``string``.
        """
        n_channels = len(info.channels)
        sample = None
        if info.number_format != "string":
            value = _NUMBERS[info.number_format]
            # Every stamp is written out (its length first), so none has to be deduced.
            sample = np.dtype([("n", "u1"), ("stamp", "<f8"), ("values", value, (n_channels,))])
        self._streams[stream_id] = _Written(sample, n_channels)
        self._chunk(_STREAM_HEADER, _id(stream_id) + header(info).encode())

    def samples(
        self, stream_id: int, stamps_s: np.ndarray, values: np.ndarray | Sequence[Sequence[str]]
    ) -> None:
        """Write samples.

        Parameters
        ----------
        stamps_s : shape (n,), s, in the source's own clock.
        values : shape (n, n_channels); for a stream of strings n lists of texts.
        """
        n = len(stamps_s)
        if n == 0:
            return
        stream = self._streams[stream_id]
        if stream.sample is None:
            data = b"".join(
                b"\x08" + struct.pack("<d", stamp) + b"".join(_text(text) for text in row)
                for stamp, row in zip(stamps_s, values, strict=True)
            )
        else:
            block = np.empty(n, stream.sample)
            block["n"] = 8
            block["stamp"] = stamps_s
            # Shapes are compared because numpy would silently repeat a single row.
            if np.shape(values) != (n, stream.n_channels):
                raise ValueError(f"values {np.shape(values)}, expected {(n, stream.n_channels)}")
            block["values"] = values
            data = block.tobytes()
        self._chunk(_SAMPLES, _id(stream_id) + _length(n) + data)
        if stream.count == 0:
            stream.first_s = float(stamps_s[0])
        stream.last_s = float(stamps_s[-1])
        stream.count += n

    def clock_offset(self, stream_id: int, t_s: float, offset_s: float) -> None:
        """Note that at `t_s` of the source's clock, `offset_s` had to be added to its stamps."""
        self._chunk(_CLOCK_OFFSET, _id(stream_id) + struct.pack("<dd", t_s, offset_s))
        self._streams[stream_id].offsets.append((t_s, offset_s))

    def boundary(self) -> None:
        """Write a mark from which a reader of a damaged file goes on."""
        self._chunk(_BOUNDARY, _BOUNDARY_UUID)

    def flush(self) -> None:
        """Bring everything written so far onto the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write the footers and close the file; a second call does nothing."""
        if self._file.closed:
            return
        try:
            for stream_id, stream in self._streams.items():
                self._chunk(_STREAM_FOOTER, _id(stream_id) + _footer(stream).encode())
            self.flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Close the file as it is, after a write has failed; never raises."""
        try:
            self._file.close()
        except OSError:  # the unwritten rest is lost, which the failed write has already said
            pass

    def _chunk(self, tag: int, content: bytes) -> None:
        self._write(_length(len(content) + 2) + struct.pack("<H", tag) + content)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._bytes += len(data)


def _footer(stream: _Written) -> str:
    root = ET.Element("info")
    if stream.count:
        ET.SubElement(root, "first_timestamp").text = repr(stream.first_s)
        ET.SubElement(root, "last_timestamp").text = repr(stream.last_s)
    ET.SubElement(root, "sample_count").text = str(stream.count)
    offsets = ET.SubElement(root, "clock_offsets")
    for t_s, offset_s in stream.offsets:
        element = ET.SubElement(offsets, "offset")
        ET.SubElement(element, "time").text = repr(t_s)
        ET.SubElement(element, "value").text = repr(offset_s)
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode")


def _id(stream_id: int) -> bytes:
    return struct.pack("<I", stream_id)


def _length(n: int) -> bytes:
    """Length in the variable size of the format."""
    if n < 1 << 8:
        return struct.pack("<BB", 1, n)
    if n < 1 << 32:
        return struct.pack("<BI", 4, n)
    return struct.pack("<BQ", 8, n)


def _text(text: str) -> bytes:
    data = text.encode()
    return _length(len(data)) + data
