"""What the outlets of a session look like to other programs: channels, units, codes, and their headers.

The layout depends on nothing but this version of the program: a client finds a value by its label, and a
recorder that waits for a stream by its source_id gets the next session of the same treadmill.
"""

import socket
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from zlib import crc32

from compute.early import Phase
from compute.feedback import Target
from compute.stance import REASONS
from stream.lab import Lab
from stream.results import METHOD
from stream.sinks import Outcome
from stream.source import Channel, Role, StreamInfo
from stream.tables import MORE_COLUMNS, STANCE_COLUMNS

STANCES, LIVE, EVENTS = "ekam-stances", "ekam-live", "ekam-events"

WORDS = ("block", "dropped_marker")
"""Columns of ``stances.csv`` that are no numbers and not among the channels."""

STANCE_CHANNELS = (
    "phase",
    *(column for column in (*STANCE_COLUMNS, *MORE_COLUMNS) if column not in WORDS),
    "t_decide_s",
)
"""The columns of ``stances.csv``; before them the phase, after them the time that the stamp tells, on
the axis of `t_on_s` and `t_off_s`: stamp - t_decide_s is second 0 of the session. Without a protocol
`target_low` and `target_high` stand here alone."""

LIVE_CHANNELS = (
    ("ekam_left_nm_per_kg", "Nm/kg", "Moment"),
    ("ekam_right_nm_per_kg", "Nm/kg", "Moment"),
    ("fz_left_n", "N", "Force"),
    ("fz_right_n", "N", "Force"),
)

CODES: dict[str, dict[str, int]] = {
    "phase": {phase.name.lower(): phase.value for phase in Phase},
    "side": {"left": 0, "right": 1},
    "verdict": {"rejected": 0, "valid": 1},
    "shown": {"none": 0, "early": 1, "final": 2},
    "reasons": {reason: 1 << bit for bit, reason in enumerate(REASONS)},
}
"""Numbers in place of words; those of `reasons` are added up."""

ENDINGS = (  # the first that fits
    ("_nms_per_kg", "Nm*s/kg", "Impulse"),
    ("_nm_per_kg", "Nm/kg", "Moment"),
    ("_nm", "Nm", "Moment"),
    ("_pct_bwht", "%BW*Ht", "Moment"),
    ("_bw_per_s", "BW/s", "LoadingRate"),
    ("_bw_s", "BW*s", "Impulse"),
    ("_bw", "BW", "Force"),
    ("_deg", "deg", "Angle"),
    ("_steps_per_min", "1/min", "Cadence"),
    ("_m_per_s", "m/s", "Speed"),
    ("_pct", "%", "Share"),
    ("_mm", "mm", "Length"),
    ("_ms", "ms", "Time"),
    ("_m", "m", "Length"),
    ("_s", "s", "Time"),
    ("_n", "N", "Force"),
    ("stance", "count", "Count"),
    ("_is_local", "code", "Code"),
)


@dataclass(frozen=True)
class Layout:
    """One stream as other programs see it.

    Attributes
    ----------
    channels : label, unit and type of each. desc : the rest of the header, by element.
    """

    name: str
    type: str
    rate_hz: float
    number_format: str
    source_id: str
    channels: tuple[tuple[str, str, str], ...]
    desc: Mapping[str, object]

    def description(self) -> ET.Element:
        """Element ``desc`` of its header."""
        root = ET.Element("desc")
        channels = ET.SubElement(root, "channels")
        for label, unit, kind in self.channels:
            _fill(ET.SubElement(channels, "channel"), {"label": label, "unit": unit, "type": kind})
        _fill(root, self.desc)
        return root

    def info(self) -> StreamInfo:
        """For a recording."""
        header = ET.Element("info")
        header.append(self.description())
        return StreamInfo(
            Role.MARKERS,  # of no consequence: a recording does not tell it
            self.name,
            self.type,
            tuple(Channel(label, unit, kind) for label, unit, kind in self.channels),
            self.rate_hz,
            self.source_id,
            socket.gethostname(),
            self.number_format,
            header_xml=ET.tostring(header, encoding="unicode"),
        )


def _fill(element: ET.Element, table: Mapping[str, object]) -> None:
    for tag, content in table.items():
        child = ET.SubElement(element, tag)
        if isinstance(content, Mapping):
            _fill(child, content)
        else:
            child.text = str(content)


def layouts(outcome: Outcome, lab: Lab, target: Target) -> tuple[Layout, ...]:
    """Streams of a session whose sources are connected.

    Nothing in them tells who walks, nor what the file is called that is replayed.
    """
    replays = [info for info in outcome.infos.values() if info.replay]
    common: dict[str, object] = {"synchronization": {"can_drop_samples": "true"}}
    if replays:
        common |= {"replay": "true", "replay_speed": repr(float(replays[0].replay_speed))}
    common["versions"] = {name: version(name) for name in ("ekam", "numba", "numpy", "pylsl")}

    def source_id(name: str) -> str:
        # Never the same for a walker and a recording: who waits for one must not be given the other.
        what = f"{name}-replay" if replays else name
        return f"{what}-{socket.gethostname()}-{crc32(lab.name.encode()):08x}"

    filters = {"scored_hz": repr(lab.filter.scored_hz), "live_hz": repr(lab.filter.live_hz)}
    stances = common | {
        "codes": CODES,
        "method": METHOD,
        "filter": filters,
        "stamps": "the deciding sample of the value; stamp - t_decide_s is second 0 of the times",
        "phases": "every early value (0) is followed by one final (1) or withdrawn (2) of its side and "
        "t_on_s",
        "feedback": target_table(target),
    }
    live = common | {
        "live_delay_s": repr(outcome.live_delay_s),
        "scored": "never",
        "method": {
            "ekam": "external knee adduction moment, positive = adduction, both legs alike, in the tibia "
            "frame, quasi-static: without weight and inertia of the segments",
            "filter": "causal: values lag behind their stamps by live_delay_s",
            "fz": "vertical load of the plate on the foot, upward positive, through the same filter",
        },
        "filter": filters,
        "stamps": "the marker frame",
    }
    rate_hz = outcome.rates_hz[Role.MARKERS]
    return (
        Layout(
            STANCES,
            "Biomechanics",
            0.0,
            "double64",
            source_id(STANCES),
            tuple((label, *unit_and_type(label, target)) for label in STANCE_CHANNELS),
            stances,
        ),
        Layout(LIVE, "Biomechanics", rate_hz, "double64", source_id(LIVE), LIVE_CHANNELS, live),
        Layout(
            EVENTS, "Markers", 0.0, "string", source_id(EVENTS), (("event", "", "JSON"),), common
        ),
    )


def unit_and_type(label: str, target: Target) -> tuple[str, str]:
    """Unit and metadata type of a channel of the stances."""
    if label in CODES:
        return "code", "Code"
    if label in ("feedback_value", "target_low", "target_high"):
        unit = target.unit.replace("N·m", "Nm").replace("·", "*").replace("°", "deg")
        return unit, "Feedback"
    for ending, unit, kind in ENDINGS:
        if label.endswith(ending):
            return unit, kind
    raise ValueError(f"the channel {label!r} has no unit: add its ending to the list")


def target_table(target: Target) -> dict[str, object]:
    """What the walker is aimed at, for a header or an event."""
    return {
        "variable": target.variable,
        "mode": target.mode,
        "low": target.low,
        "high": target.high,
        "unit": target.unit,
        "baseline_stances": target.baseline_stances,
    }
