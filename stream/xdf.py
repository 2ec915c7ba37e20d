"""XDF files, written chunk by chunk, and the XML in which LSL and XDF describe a stream.

The stream header of an XDF file is the description that an LSL outlet publishes, so both are built
and read here. An XDF file is ``XDF:`` and then chunks: length, tag (uint16), content; little endian.
"""

import os
import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, nan
from pathlib import Path

import numpy as np

from stream.errors import EkamError
from stream.source import Channel, PlateDescription, Role, StreamInfo

MAX_CHANNELS = 4096

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_BOUNDARY_UUID = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_NUMBERS = {"double64": "<f8", "float32": "<f4"}


def description(info: StreamInfo) -> ET.Element:
    """Build the ``desc`` element of a stream: channels, plates, what it replays.

    Numbers are written so that they read back exactly.
    """
    desc = ET.Element("desc")
    if info.replay:
        _leaf(desc, "replay", info.replay)
    target = "marker" if info.role is Role.MARKERS else "plate"
    channels = ET.SubElement(desc, "channels")
    for channel in info.channels:
        element = ET.SubElement(channels, "channel")
        _leaf(element, "label", channel.label)
        for tag, text in ((target, channel.target), ("type", channel.kind), ("unit", channel.unit)):
            if text:
                _leaf(element, tag, text)
    if info.plates:
        plates = ET.SubElement(desc, "plates")
        for plate in info.plates:
            _add_plate(plates, plate)
    _mark_can_drop_samples(desc)
    return desc


def header(info: StreamInfo) -> str:
    """LSL header XML of a stream: the publisher's own if there is one, else built from `info`.

    Declares that samples can be dropped: without that, readers that remove jitter smear every gap
    over the whole file.
    """
    try:
        root = ET.fromstring(info.header_xml)
    except ET.ParseError:
        root = ET.Element("info")
    if root.tag != "info":
        root = ET.Element("info")
    # What the numbers in the file need must be as written here, whatever the publisher said.
    for tag, text in (
        ("name", info.name),
        ("type", info.type),
        ("channel_count", str(len(info.channels))),
        ("channel_format", info.number_format),
        ("source_id", info.source_id),
        ("nominal_srate", repr(float(info.nominal_rate_hz))),
        ("hostname", info.hostname),
    ):
        element = root.find(tag)
        if element is None:
            element = ET.SubElement(root, tag)
        element.text = _clean(text)
    desc = root.find("desc")
    if desc is None:
        root.append(description(info))
    else:
        _mark_can_drop_samples(desc)
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode")


def read_header(role: Role, xml: str) -> StreamInfo:
    """Read LSL header XML; whatever it says is checked, for it comes from the network or a file.

    The delay of a device is not taken from the header: the metadata standard leaves open which
    sign ``offset_mean`` has, and ``compensated_lag`` is already in the stamps.

    Raises
    ------
    EkamError : the header cannot be used.
    """
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as error:
        raise EkamError(
            f"The header of the {role.value} stream is not readable XML ({error}); mend its "
            "publisher."
        ) from None
    name = root.findtext("name") or ""
    refused = f"The {role.value} stream {name!r} cannot be used: its header "
    cure = "; mend its publisher."
    try:
        n_channels = int(root.findtext("channel_count") or "0")
        rate_hz = float(root.findtext("nominal_srate") or "0")
        plates = tuple(_read_plate(plate) for plate in root.findall("desc/plates/plate"))
    except ValueError as error:
        raise EkamError(f"{refused}holds a wrong number ({error}){cure}") from None
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise EkamError(f"{refused}declares {n_channels} channels, not 1 to {MAX_CHANNELS}{cure}")
    if not 0 <= rate_hz < inf:
        raise EkamError(f"{refused}declares a rate of {rate_hz} Hz{cure}")
    number_format = root.findtext("channel_format") or "float32"
    if number_format in ("string", "undefined"):
        raise EkamError(f"{refused}declares texts (format {number_format!r}), not numbers{cure}")
    elements = root.findall("desc/channels/channel")
    if elements and len(elements) != n_channels:
        raise EkamError(
            f"{refused}describes {len(elements)} channels but declares {n_channels}{cure}"
        )
    target = "marker" if role is Role.MARKERS else "plate"
    channels = tuple(
        Channel(*(_stripped(element, tag) for tag in ("label", "unit", "type", target)))
        for element in elements
    )
    return StreamInfo(
        role=role,
        name=name,
        type=root.findtext("type") or "",
        channels=channels or (Channel(""),) * n_channels,
        nominal_rate_hz=rate_hz,
        source_id=root.findtext("source_id") or "",
        hostname=root.findtext("hostname") or "",
        # Whole numbers of any size that LSL sends fit a double exactly or nearly so.
        number_format="float32" if number_format == "float32" else "double64",
        replay=(root.findtext("desc/replay") or "").strip(),
        plates=plates,
        header_xml=xml,
    )


def _stripped(element: ET.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _read_plate(element: ET.Element) -> PlateDescription:
    corners = [float(x) for x in _stripped(element, "corners").split()]
    origin = [float(x) for x in _stripped(element, "origin").split()]
    if len(corners) != 12 or len(origin) != 3 or not np.isfinite(corners + origin).all():
        raise ValueError("a plate needs 4 corners and 1 origin of 3 numbers each")
    rows = [(corners[i], corners[i + 1], corners[i + 2]) for i in range(0, 12, 3)]
    reaction = _stripped(element, "reaction").lower() != "false"
    return PlateDescription(tuple(rows), (origin[0], origin[1], origin[2]), reaction)


def _add_plate(parent: ET.Element, plate: PlateDescription) -> None:
    element = ET.SubElement(parent, "plate")
    numbers = [x for corner in plate.corners_m for x in corner]
    _leaf(element, "corners", " ".join(repr(float(x)) for x in numbers))
    _leaf(element, "origin", " ".join(repr(float(x)) for x in plate.origin_m))
    _leaf(element, "reaction", "true" if plate.reaction else "false")


def _mark_can_drop_samples(desc: ET.Element) -> None:
    synchronization = desc.find("synchronization")
    if synchronization is None:
        synchronization = ET.SubElement(desc, "synchronization")
    element = synchronization.find("can_drop_samples")
    if element is None:
        element = ET.SubElement(synchronization, "can_drop_samples")
    element.text = "true"


def _leaf(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _clean(text)


def _clean(text: str) -> str:
    """Drop control characters, which XML cannot hold."""
    return "".join(c for c in text if c.isprintable() or c == " ")


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
        _leaf(root, "first_timestamp", repr(stream.first_s))
        _leaf(root, "last_timestamp", repr(stream.last_s))
    _leaf(root, "sample_count", str(stream.count))
    offsets = ET.SubElement(root, "clock_offsets")
    for t_s, offset_s in stream.offsets:
        element = ET.SubElement(offsets, "offset")
        _leaf(element, "time", repr(t_s))
        _leaf(element, "value", repr(offset_s))
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
