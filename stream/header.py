"""The XML in which LSL and XDF describe a stream: built here, and read with suspicion.

The stream header of an XDF file is the description that an LSL outlet publishes.
"""

import xml.etree.ElementTree as ET
from math import inf
from typing import Any

import numpy as np

from stream.errors import EkamError
from stream.source import Channel, PlateDescription, Role, StreamInfo

MAX_CHANNELS = 4096
MIN_RATE_HZ, MAX_RATE_HZ = 1.0, 1e6
"""No device is slower or faster; LSL sets memory aside in proportion."""
MAX_TEXT = 200
"""Characters of a label or name; the longest known are some 60."""

_NUMBERS = ("float32", "double64", "int8", "int16", "int32", "int64")
_MAX_XML = 8_000_000
_MAX_DEPTH = 32


def description(info: StreamInfo) -> ET.Element:
    """Build the ``desc`` element of a stream: channels, plates, what it replays and how fast.

    Only these: what else the header of a recording said, perhaps about a person, stays behind. Numbers
    are written so that they read back exactly.
    """
    desc = ET.Element("desc")
    if info.replay:
        _leaf(desc, "replay", info.replay)
        _leaf(desc, "replay_speed", repr(float(info.replay_speed)))
    target = "marker" if info.role is Role.MARKERS else "plate"
    channels = ET.SubElement(desc, "channels")
    for channel in info.channels:
        element = ET.SubElement(channels, "channel")
        _leaf(element, "label", channel.label)
        for tag, text in (
            (target, channel.target), ("object", channel.body), ("type", channel.kind),
            ("unit", channel.unit),
        ):  # fmt: skip
            if text:
                _leaf(element, tag, text)
    if info.plates:
        plates = ET.SubElement(desc, "plates")
        for plate in info.plates:
            _add_plate(plates, plate)
    _mark_can_drop_samples(desc)
    return desc


def copy_into(element: ET.Element, target: Any) -> None:
    """Copy the children of `element` into LSL's own tree."""
    for child in element:
        if len(child):
            copy_into(child, target.append_child(child.tag))
        else:
            target.append_child_value(child.tag, child.text or "")


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
    root = _parsed(role, xml)
    name = root.findtext("name") or ""
    refused = f"The {role.value} stream {name[:60]!r} cannot be used: its header "
    cure = "; mend its publisher."
    for tag in ("name", "type", "source_id", "hostname"):
        _refuse_text(refused, tag, root.findtext(tag) or "")
    try:
        n_channels = int(root.findtext("channel_count") or "0")
        rate_hz = float(root.findtext("nominal_srate") or "0")
        plates = tuple(_read_plate(plate) for plate in root.findall("desc/plates/plate"))
        replay = (root.findtext("desc/replay") or "").strip()
        replay_speed = float(root.findtext("desc/replay_speed") or "1")
    except ValueError as error:
        raise EkamError(f"{refused}holds a wrong number ({str(error)[:100]}){cure}") from None
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise EkamError(f"{refused}declares {n_channels} channels, not 1 to {MAX_CHANNELS}{cure}")
    refuse_rate(refused, rate_hz)
    _refuse_text(refused, "replay", replay)
    if not 0 < replay_speed < inf:
        raise EkamError(f"{refused}declares a replay at {replay_speed} times speed{cure}")
    number_format = root.findtext("channel_format") or "float32"
    if number_format not in _NUMBERS:
        raise EkamError(
            f"{refused}declares texts (format {number_format[:20]!r}), not numbers{cure}"
        )
    elements = root.findall("desc/channels/channel")
    if elements and len(elements) != n_channels:
        raise EkamError(
            f"{refused}describes {len(elements)} channels but declares {n_channels}{cure}"
        )
    target = "marker" if role is Role.MARKERS else "plate"
    channels = tuple(
        Channel(*(_stripped(element, tag) for tag in ("label", "unit", "type", target, "object")))
        for element in elements
    )
    for channel in channels:
        for what in ("label", "unit", "kind", "target", "body"):
            _refuse_text(
                refused, what, getattr(channel, what), is_name=what not in ("unit", "kind")
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
        replay=replay,
        replay_speed=replay_speed,
        plates=plates,
        header_xml=xml,
    )


def refuse_rate(refused: str, rate_hz: float) -> None:
    """Raise an `EkamError` that begins with `refused` unless this can be a rate (0 = irregular)."""
    if rate_hz != 0.0 and not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise EkamError(f"{refused}declares a rate of {rate_hz:g} Hz; mend its publisher.")


def _parsed(role: Role, xml: str) -> ET.Element:
    """Parse a header that may be made to choke its reader."""
    refused, cure = f"The header of the {role.value} stream ", "; mend its publisher."
    if len(xml) > _MAX_XML:
        raise EkamError(f"{refused}is {len(xml) / 1e6:.0f} million characters long{cure}")
    if "<!DOCTYPE" in xml:  # entities that grow
        raise EkamError(f"{refused}defines a document type, which no stream header does{cure}")
    try:
        return ET.fromstring(xml, ET.XMLParser(target=_FlatBuilder(f"{refused}is nested", cure)))
    except (ET.ParseError, ValueError) as error:  # the latter for characters that are none
        raise EkamError(f"{refused}is not readable XML ({error}){cure}") from None


class _FlatBuilder(ET.TreeBuilder):
    """Builds elements, but refuses to go deep."""

    def __init__(self, refused: str, cure: str) -> None:
        super().__init__()
        self._refused, self._cure = refused, cure
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise EkamError(f"{self._refused} more than {_MAX_DEPTH} levels deep{self._cure}")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def _refuse_text(refused: str, what: str, text: str, is_name: bool = False) -> None:
    """Refuse what would garble a screen, a table or, as part of a file's name, the disk."""
    if len(text) > MAX_TEXT:
        fault = f"{len(text)} characters long"
    elif not text.isprintable():
        fault = "with control characters"
    elif is_name and ("/" in text or "\\" in text):
        fault = "with a path separator"
    else:
        return
    raise EkamError(f"{refused}holds a {what} {text[:40]!r} {fault}; mend its publisher.")


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
