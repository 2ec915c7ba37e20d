"""The synthetic walk as each publisher of ``stream/publishers.md`` sends it.

Shapes after lsl.md 1; the numbers are those of the walk, so a shape that is mapped right gives the
stances of the plain file.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import walkers

from stream.header import description, read_header
from stream.lab import Lab, validate
from stream.readers import read_recording
from stream.recording import RecordedStream, Recording
from stream.source import Role

SECONDS = 9.0
DTYPES = {"float32": np.float32, "double64": np.float64, "int32": np.int32}
JUNK = 7777.0
"""What a publisher leaves in the place of a position that it did not measure."""


@dataclass(frozen=True)
class Sent:
    """One stream as its publisher describes and fills it; `channels` as in the LSL header."""

    name: str
    type: str
    rate_hz: float
    number_format: str
    channels: list[dict[str, str]]
    columns: list[np.ndarray]
    source_id: str = "shape"
    desc: ET.Element | None = None

    def values(self) -> np.ndarray:
        return np.column_stack(self.columns).astype(DTYPES[self.number_format])

    def description(self) -> ET.Element:
        if self.desc is not None:
            return self.desc
        desc = ET.Element("desc")
        channels = ET.SubElement(desc, "channels")
        for channel in self.channels:
            element = ET.SubElement(channels, "channel")
            for key, text in channel.items():
                ET.SubElement(element, key).text = text
        return desc

    def header(self) -> str:
        root = ET.Element("info")
        for key, text in (
            ("name", self.name),
            ("type", self.type),
            ("channel_count", str(len(self.columns))),
            ("nominal_srate", repr(self.rate_hz)),
            ("channel_format", self.number_format),
            ("source_id", self.source_id),
        ):
            ET.SubElement(root, key).text = text
        root.append(self.description())
        return ET.tostring(root, encoding="unicode")

    def stream(self, role: Role) -> RecordedStream:
        """What a consumer makes of it, without a network."""
        info = read_header(role, self.header())
        plain = walk().markers if role is Role.MARKERS else walk().forces
        return RecordedStream(info, plain.stamps_s, self.values().astype(np.float64))


@dataclass(frozen=True)
class Shape:
    """One row of the table.

    Attributes
    ----------
    publisher : first word of its row.
    lab : what the lab file says for it, beside name, axes and plates.
    plates : keys of each plate, beside side; ``{corners}`` stands for its geometry, ``{pushed}`` for it
        with numbers that act on the plate.
    bound : largest difference of the first peak, N·m/kg; 0 where the conversion is exact.
    """

    publisher: str
    markers: Callable[[], Sent]
    forces: Callable[[], Sent]
    lab_markers: tuple[str, ...] = ()
    lab_forces: tuple[str, ...] = ()
    plates: tuple[str, str] = ("index = 1", "index = 2")
    bound: float = 0.0

    def lab(self) -> Lab:
        lines = ['name = "x"', 'axes = { forward = "-y", up = "+z", right = "-x" }']
        lines += ["[markers]", *self.lab_markers, "[forces]", *self.lab_forces]
        for number, (side, plate) in enumerate(zip(("left", "right"), self.plates, strict=True)):
            given = geometry(number)
            pushed = given.replace('"foot"', '"plate"')
            keys = plate.format(corners=given, pushed=pushed)
            lines += ["[[plates]]", f'side = "{side}"', keys]
        return validate(Lab, "\n".join(lines), Path("lab.toml"))

    def sent(self, role: Role) -> Sent:
        sent = self.markers() if role is Role.MARKERS else self.forces()
        return replace(sent, source_id=f"{self.publisher}-{role.value}")

    def recording(self) -> Recording:
        parts = [self.sent(role).stream(role) for role in Role]
        return Recording(Path(self.publisher), *parts)


@cache
def walk() -> Recording:
    """The beginning of the walk, in which two markers are lost for a while: NaN."""
    whole = read_recording(walkers.WALK_PATH, walkers.lab())
    parts = []
    for stream in whole.streams():
        n = round(SECONDS * stream.info.nominal_rate_hz)
        parts.append(replace(stream, stamps_s=stream.stamps_s[:n], values=stream.values[:n].copy()))
    targets = [channel.target for channel in parts[0].info.channels]
    for name, first, last in (("LSK1", 300, 306), ("LSK2", 303, 309), ("RHEE", 500, 700)):
        columns = [i for i, target in enumerate(targets) if target == name]
        assert len(columns) == 3
        parts[0].values[first:last, columns] = np.nan
    return Recording(whole.path, parts[0], parts[1])


def geometry(plate: int) -> str:
    """Corners, origin and sign of a plate as lines of a lab file."""
    described = walk().forces.info.plates[plate]
    corners = [list(corner) for corner in described.corners_m]
    acts_on = "foot" if described.reaction else "plate"
    return f'corners_m = {corners}\norigin_m = {list(described.origin_m)}\nacts_on = "{acts_on}"'


def positions_mm() -> dict[str, np.ndarray]:
    """Marker -> its positions, shape (n, 3), mm, NaN = missing."""
    stream = walk().markers
    assert {channel.unit for channel in stream.info.channels} == {"mm"}
    names = list(dict.fromkeys(channel.target for channel in stream.info.channels))
    return {name: stream.values[:, 3 * i : 3 * i + 3] for i, name in enumerate(names)}


def as_zero(at: np.ndarray) -> np.ndarray:
    return np.nan_to_num(at)


def as_junk(at: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(at), JUNK, at)


def seen(at: np.ndarray) -> np.ndarray:
    return np.isfinite(at[:, 0]).astype(float)


def channel(label: str, kind: str = "", unit: str = "", **more: str) -> dict[str, str]:
    """A channel of a header; empty entries are left out."""
    given = {"label": label, **more, "type": kind, "unit": unit}
    return {key: text for key, text in given.items() if text}


# --- markers ---------------------------------------------------------------------------------------


def plain_markers() -> Sent:
    stream = walk().markers
    info = stream.info
    return Sent("walk", "Mocap", info.nominal_rate_hz, "double64", [], list(stream.values.T),
                desc=description(info))  # fmt: skip


def qualisys() -> Sent:
    channels, columns = [], []
    for name, at in reversed(positions_mm().items()):
        for axis, x in zip("XYZ", at.T, strict=True):
            channels.append(channel(f"{name}_{axis}", f"Position{axis}", "meters", marker=name))
            columns.append(np.round(x / 1000.0, 6))
    for part, kind, unit in (
        ("X", "PositionX", "meters"), ("Y", "PositionY", "meters"), ("Z", "PositionZ", "meters"),
        ("P", "OrientationP", "degrees"), ("R", "OrientationR", "degrees"),
        ("H", "OrientationH", "degrees"),
    ):  # fmt: skip
        channels.append(channel(f"RKNE_{part}", kind, unit, object="RKNE"))
        columns.append(np.full(len(at), JUNK))
    return Sent("Qualisys", "Mocap", 0.0, "float32", channels, columns)


def optitrack() -> Sent:
    channels, columns = [], []
    for part, kind in zip(
        "XYZABCD",
        [*(f"Position{a}" for a in "XYZ"), *(f"Orientation{a}" for a in "ABCD")],
        strict=True,
    ):
        channels.append(
            channel(
                f"LKNE_{part}", kind, "meters" if part in "XYZ" else "quaternion", object="LKNE"
            )
        )
        columns.append(np.full(len(walk().markers.values), JUNK))
    channels.append(channel("LKNE_Conf", "Confidence", "normalized", object="LKNE"))
    columns.append(np.zeros(len(walk().markers.values)))  # a mean error, not a confidence
    for name, at in positions_mm().items():
        for axis, x in zip("XYZ", as_zero(at).T, strict=True):
            channels.append(channel(f"{name}_{axis}", f"Position{axis}", "meters", marker=name))
            columns.append(x / 1000.0)
    return Sent("OptiTrack", "Mocap", 100.0, "float32", channels, columns)


def with_confidence(name: str, lost: float, kinds: Callable[[str], str]) -> Sent:
    channels, columns = [], []
    for marker, at in positions_mm().items():
        for axis, x in zip("XYZ", as_junk(at).T, strict=True):
            channels.append(
                channel(f"{marker}_{axis}", kinds(f"Position{axis}"), "meters", marker=marker)
            )
            columns.append(x / 1000.0)
        channels.append(channel(f"{marker}_Conf", kinds("Confidence"), "normalized", marker=marker))
        columns.append(np.where(seen(at) > 0.0, 0.5, lost))
    channels.append(channel("TriggerTTL", "Trigger"))
    columns.append(np.zeros(len(at)))
    return Sent(name, "Mocap", 100.0, "float32", channels, columns)


def phasespace() -> Sent:
    return with_confidence("PhaseSpace", -1.0, str)


def kinect() -> Sent:
    return with_confidence("KinectMocap0", 0.0, str.lower)


def shadow() -> Sent:
    channels, columns = [], []
    for node, at in positions_mm().items():
        for part in ("Lqw", "Lqx", "Lqy", "Lqz"):
            channels.append(channel(f"{node}.{part}", "", "quaternion"))
            columns.append(np.full(len(at), JUNK))
        for part, x in zip(("cx", "cy", "cz"), at.T, strict=True):
            channels.append(channel(f"{node}.{part}", "", "centimeters"))
            columns.append(x / 10.0)
    return Sent("ShadowMocap", "MoCap", 100.0, "float32", channels, columns)


def vicon() -> Sent:
    channels, columns = [], []
    for name, at in positions_mm().items():
        for axis, x in zip("XYZ", at.T, strict=True):
            channels.append(channel(f"S01:{name}:{axis}", "", "mm"))
            columns.append(x)
        channels.append(channel(f"S01:{name}:Valid", "", "bool"))
        columns.append(seen(at))
    return Sent("ViconMarkers", "MoCap", 100.0, "double64", channels, columns)


def home_made() -> Sent:
    """Labels in small letters, no types, no units; the last position of a lost marker, not valid."""
    channels, columns = [], []
    for name, at in positions_mm().items():
        for axis, x in zip("xyz", as_junk(at).T, strict=True):
            channels.append(channel(f"{name.lower()} {axis}"))
            columns.append(x)
        channels.append(channel(f"{name.lower()} valid"))
        columns.append(seen(at))
    return Sent("lab", "mocap", 0.0, "double64", channels, columns)


def whole_numbers() -> Sent:
    """Whole millimetres, 0, 0, 0 for a lost marker."""
    channels, columns = [], []
    for name, at in positions_mm().items():
        for axis, x in zip("XYZ", as_zero(at).T, strict=True):
            channels.append(channel(f"{name}:{axis}", "POS", "mm"))
            columns.append(np.rint(x))
    return Sent("lab", "Mocap", 100.0, "int32", channels, columns)


# --- forces ----------------------------------------------------------------------------------------


def plain_forces() -> Sent:
    stream = walk().forces
    return Sent("plates", "Force", 1000.0, "double64", [], list(stream.values.T),
                desc=description(stream.info))  # fmt: skip


def plates(
    label: str,
    *,
    kinds: str = "",
    units: tuple[str, str] = ("", ""),
    per_si: tuple[float, float] = (1.0, 1.0),
    number_format: str = "float32",
    target: bool = False,
    rate_hz: float = 1000.0,
    sign: float = 1.0,
) -> Sent:
    """Both plates, right before left, and a trigger.

    `label` is filled with q (F or M), a (x, y, z), n (1, 2) and s (L, R); `kinds` names the moments'
    type, if any; `per_si` are the numbers that stand for 1 N and 1 N·m.
    """
    stream = walk().forces
    to_nm = {"Nmm": 1e-3, "N·m": 1.0, "Nm": 1.0}
    channels, columns = (
        [channel("Trig", "Trigger" if kinds else "")],
        [np.zeros(len(stream.values))],
    )
    for n in (2, 1):
        own = [i for i, each in enumerate(stream.info.channels) if each.target == str(n)]
        for column, (q, a) in zip(own, [(q, a) for q in "FM" for a in "xyz"], strict=True):
            from_file = 1.0 if q == "F" else to_nm[stream.info.channels[column].unit]
            scale = per_si["FM".index(q)] * from_file * sign
            kind = f"{'Force' if q == 'F' else kinds}{a.upper()}" if kinds else ""
            more = {"plate": str(n)} if target else {}
            channels.append(
                channel(
                    label.format(q=q, a=a, n=n, s="LR"[n - 1]), kind, units["FM".index(q)], **more
                )
            )
            columns.append(stream.values[:, column] * scale)
    return Sent("plates", "Force", rate_hz, number_format, channels, columns)


def amti() -> Sent:
    return replace(plates("{q}{a}{n}", kinds="Momentum"), name="AMTI Force Plate")


def on_the_plate() -> Sent:
    return plates(
        "Left{q}{a}".replace("Left", "{s}."), units=("N", "Nm"), sign=-1.0, number_format="double64"
    )


INDEXED = ("index = 1\n{corners}", "index = 2\n{corners}")
N_NM = ('force_unit = "N"', 'moment_unit = "N·m"')
FLOAT32 = 1e-6
"""N·m/kg: float32 resolves a position of 2 m to 0.1 µm, and a force of 1000 N to 0.03 mN."""

SHAPES = [
    Shape("canonical", plain_markers, plain_forces),
    Shape("qualisys", qualisys, lambda: plates("{q}{a}{n}", rate_hz=0.0),
          ('publisher = "qualisys"', "rate_hz = 100"), (*N_NM, "rate_hz = 1000"), INDEXED, 2e-5),
    Shape("optitrack", optitrack, lambda: plates("FP{n}_{q}{a}", units=("kN", "kN·m"), per_si=(1e-3, 1e-3)),
          ('publisher = "optitrack"',), (), INDEXED, FLOAT32),
    Shape("phasespace", phasespace, lambda: plates("Force.{q}{a}{n}", units=("Newtons", "N.m")),
          ('publisher = "phasespace"',), (), INDEXED, FLOAT32),
    Shape("kinect", kinect, lambda: plates("chan {a}{q}{n}", kinds="Torque", target=True, units=("N", "N m")),
          ('publisher = "kinect"',), (), INDEXED, FLOAT32),
    Shape("shadow", shadow, lambda: plates("{q}{a}_{s}", units=("n", "nm")),
          ('publisher = "shadow"',), (), INDEXED, FLOAT32),
    Shape("vicon", vicon, plain_forces, ('publisher = "vicon"',)),
    Shape("amti", plain_markers, amti, (), ('publisher = "amti"', *N_NM), INDEXED, FLOAT32),
    Shape("home-made", home_made, on_the_plate, ('unit = "mm"', "rate_hz = 100"), (),
          tuple(f'wrench = ["{s}.Fx", "{s}.Fy", "{s}.Fz", "{s}.Mx", "{s}.My", "{s}.Mz"]\n{{pushed}}'
                for s in "LR"), FLOAT32),
    Shape("whole numbers", whole_numbers, plain_forces, bound=1e-2),
]  # fmt: skip
"""One per row of the table."""
