"""From what a stream sends to what the engine needs: by name and unit, never by position."""

from collections.abc import Iterable

import numpy as np

from compute import PURPOSE, Side
from compute.lab_frame import markers_to_lab
from compute.plates import COP, WRENCH, PlateArrays, add_wrench, plate_axes, wrench_matrix
from stream.errors import EkamError
from stream.lab import Lab, Plate
from stream.source import Channel, Role, StreamInfo
from stream.units import FORCE, LENGTH, MOMENT, factor

AXES = "XYZ"
ABSENT = (-1, -1, -1)
"""Columns of a marker that the stream does not carry."""
SUFFIXES = ("_", ":", ".", " ")
RATE_TOLERANCE = 0.05
MAX_RATE_HZ = {Role.MARKERS: 2000.0, Role.FORCES: 20000.0}
WRENCH_KINDS = tuple(f"{what}{axis}" for what in ("Force", "Moment") for axis in AXES)


def rate_hz(info: StreamInfo, lab: Lab) -> float:
    """Sampling rate of a stream: the lab file's, or the one it declares.

    Raises
    ------
    EkamError : neither states one.
    """
    table = lab.markers if info.role is Role.MARKERS else lab.forces
    rate = table.rate_hz or info.nominal_rate_hz
    if rate <= 0.0:
        raise EkamError(
            f"the {info.role.value} stream {info.name!r} declares no sampling rate: set rate_hz under "
            f"[{info.role.value}] in the lab file"
        )
    highest = MAX_RATE_HZ[info.role]
    if rate > highest:
        raise EkamError(
            f"the {info.role.value} stream {info.name!r} declares {rate:g} samples per second, more than any "
            f"device ({highest:g}): correct the publisher or set rate_hz under [{info.role.value}]"
        )
    if rate <= 2.5 * max(lab.filter.scored_hz, lab.filter.live_hz):
        raise EkamError(
            f"the {info.role.value} stream {info.name!r} has {rate:g} samples per second, too few for the "
            f"filters of the lab file ({lab.filter.scored_hz:g} and {lab.filter.live_hz:g} Hz)"
        )
    return rate


def refuse_other_rate(role: Role, used_hz: float, mean_hz: float, median_hz: float) -> None:
    """Refuse a stream whose samples do not come at the rate that the filters were designed for.

    Parameters
    ----------
    mean_hz, median_hz : as its stamps tell; either may be off (gaps, blocks of equal stamps), not both.

    Raises
    ------
    EkamError : both are.
    """
    if min(abs(mean_hz / used_hz - 1.0), abs(median_hz / used_hz - 1.0)) > RATE_TOLERANCE:
        raise EkamError(
            f"the {role.value} stream delivers {mean_hz:.4g} samples per second, not the {used_hz:g} "
            f"it was taken for: correct rate_hz under [{role.value}] in the lab file"
        )


class MarkerMap:
    """Markers of a stream by canonical name, in the lab frame.

    Parameters
    ----------
    needed : canonical names, in the order of the result.
    optional : those of them that the stream may lack: they are missing (NaN) in every frame.

    Raises
    ------
    EkamError : a needed marker is not in the stream (said with what it is for), or its unit is not
        known.
    """

    def __init__(
        self, info: StreamInfo, lab: Lab, needed: Iterable[str], optional: Iterable[str] = ()
    ) -> None:
        self.names = tuple(needed)
        labels, may_lack = lab.markers.labels(), set(optional)
        found = _positions(info.channels)
        absent = [name for name in self.names if labels.get(name, name) not in found]
        missing = [name for name in absent if name not in may_lack]
        if missing:
            raise EkamError(missing_markers(missing, labels, info.name))
        columns = [found.get(labels.get(name, name), ABSENT) for name in self.names]
        self._columns = np.array(columns, dtype=np.int64).reshape(-1, 3)
        self._to_m = np.array(
            [
                _factor(lab.markers.unit, info.channels[x], LENGTH, "[markers] unit")
                if x >= 0
                else np.nan
                for x, _, _ in columns
            ]
        )
        self._r = lab.axes.r_lab_from_capture()

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Positions, shape (n, len(names), 3), lab, m, NaN = missing."""
        out = np.empty((len(values), len(self.names), 3))
        return markers_to_lab(values, self._columns, self._to_m, self._r, out)


def present_markers(info: StreamInfo, lab: Lab) -> tuple[str, ...]:
    """Canonical names of all markers that the stream carries."""
    found = _positions(info.channels)
    return tuple(name for name, label in lab.markers.labels().items() if label in found)


def missing_markers(missing: list[str], labels: dict[str, str], where: str) -> str:
    """Sentence that names missing markers, what each is for, and the cure."""
    listed = "; ".join(
        f"{name} ({PURPOSE.get(name, 'marker')}; label {labels[name]!r})"
        if name in labels
        else f"{name} ({PURPOSE.get(name, 'marker')}; no label is set for it)"
        for name in missing
    )
    return (
        f"{where} has no marker {listed}: label it in the capture software or correct [markers] in the "
        "lab file"
    )


class PlateMap:
    """Load on each foot about the lab origin from a force stream.

    Raises
    ------
    EkamError : a plate's channels, unit or geometry are missing, or a side has no plate.
    """

    def __init__(self, info: StreamInfo, lab: Lab) -> None:
        sides = {plate.side for plate in lab.plates}
        if sides != {"left", "right"}:
            absent = " and ".join(sorted({"left", "right"} - sides))
            raise EkamError(
                f"the lab file names no plate for the {absent} foot: add [[plates]] with side = "
                f'"{absent.split(" ")[0]}"'
            )
        self._plates = [
            _plate(plate, number, info, lab) for number, plate in enumerate(lab.plates, 1)
        ]

    def apply(self, values: np.ndarray) -> np.ndarray:
        """F (N) and M_O (N·m) on the left and the right foot, shape (n, 2, 6), lab."""
        out = np.zeros((len(values), 2, 6))
        for plate in self._plates:
            add_wrench(values, plate, out)
        return out

    def apply_one(self, number: int, values: np.ndarray) -> np.ndarray:
        """F (N) and M_O (N·m) of plate `number` of the lab file alone, shape (n, 6), lab."""
        plate = self._plates[number - 1]
        return add_wrench(values, plate, np.zeros((len(values), 2, 6)))[:, plate.side]


def _positions(channels: tuple[Channel, ...]) -> dict[str, tuple[int, int, int]]:
    """Marker label -> columns of x, y, z: by metadata where given, by label suffix otherwise.

    A label that occurs twice keeps its first three columns.
    """
    grouped: dict[str, dict[str, int]] = {}
    for column, channel in enumerate(channels):
        name, axis = "", ""
        if channel.target and channel.kind.startswith("Position"):
            name, axis = channel.target, channel.kind[-1].upper()
        elif (
            not channel.kind
            and channel.label[-1:].upper() in AXES
            and channel.label[-2:-1] in SUFFIXES
        ):
            name, axis = channel.label[:-2], channel.label[-1].upper()
        if name and axis in AXES:
            grouped.setdefault(name, {}).setdefault(axis, column)
    return {
        name: (axes["X"], axes["Y"], axes["Z"]) for name, axes in grouped.items() if len(axes) == 3
    }


def _plate(plate: Plate, number: int, info: StreamInfo, lab: Lab) -> PlateArrays:
    side = int(Side[plate.side.upper()])
    r_lab = lab.axes.r_lab_from_capture()
    if plate.force and plate.cop and plate.free_moment:
        columns = _columns((*plate.force, *plate.cop, *plate.free_moment), number, info)
        force = _factor(
            lab.forces.force_unit, info.channels[columns[0]], FORCE, "[forces] force_unit"
        )
        length = _factor(
            lab.forces.length_unit, info.channels[columns[3]], LENGTH, "[forces] length_unit"
        )
        moment = _factor(
            lab.forces.moment_unit, info.channels[columns[6]], MOMENT, "[forces] moment_unit"
        )
        sign = 1.0 if plate.acts_on == "foot" else -1.0
        matrix = np.zeros((9, 9))
        matrix[:3, :3] = r_lab * force * sign
        matrix[3:6, 3:6] = r_lab * length
        matrix[6:, 6:] = r_lab * moment * sign
        return PlateArrays(COP, side, columns, matrix)
    if plate.wrench and plate.corners_m and plate.origin_m:
        columns = _columns(plate.wrench, number, info)
        corners, origin = np.array(plate.corners_m), np.array(plate.origin_m)
        sign = 1.0 if plate.acts_on == "foot" else -1.0
    else:
        index = plate.index or 0
        if index > len(info.plates):
            raise EkamError(
                f"plate {number} of the lab file asks for plate {index} of {info.name!r}, which describes "
                f"{len(info.plates)} plates: give wrench, corners_m and origin_m instead of index"
            )
        described = info.plates[index - 1]
        columns = _indexed_columns(index, info)
        corners, origin = np.array(described.corners_m), np.array(described.origin_m)
        sign = 1.0 if described.reaction else -1.0
    try:
        r_capture_from_plate, centre_m = plate_axes(corners)
    except ValueError as error:
        raise EkamError(f"plate {number}: {error}") from None
    transducer_m = centre_m - r_capture_from_plate @ origin
    force = _factor(lab.forces.force_unit, info.channels[columns[0]], FORCE, "[forces] force_unit")
    moment = _factor(
        lab.forces.moment_unit, info.channels[columns[3]], MOMENT, "[forces] moment_unit"
    )
    matrix = wrench_matrix(
        r_lab @ r_capture_from_plate, r_lab @ transducer_m, sign * force, sign * moment
    )
    return PlateArrays(WRENCH, side, columns, matrix)


def _columns(labels: tuple[str, ...], number: int, info: StreamInfo) -> np.ndarray:
    missing = [label for label in labels if label not in info.labels]
    if missing:
        raise EkamError(
            f"plate {number}: the force stream {info.name!r} has no channel {', '.join(missing)} (it has "
            f"{', '.join(info.labels[:24])})"
        )
    return np.array([info.labels.index(label) for label in labels], dtype=np.int64)


def _indexed_columns(index: int, info: StreamInfo) -> np.ndarray:
    """Columns of plate `index` by metadata: ForceX..MomentZ of target `index`."""
    columns = {
        channel.kind.replace("Momentum", "Moment").replace("Torque", "Moment"): column
        for column, channel in enumerate(info.channels)
        if channel.target == str(index)
    }
    missing = [kind for kind in WRENCH_KINDS if kind not in columns]
    if missing:
        raise EkamError(
            f"the force stream {info.name!r} marks no channel as {', '.join(missing)} of plate {index}: "
            "name the channels with wrench in the lab file"
        )
    return np.array([columns[kind] for kind in WRENCH_KINDS], dtype=np.int64)


def _factor(declared: str, channel: Channel, table: dict[str, float], key: str) -> float:
    unit = channel.unit if declared == "auto" else declared
    value = factor(unit, table)
    if value is None:
        raise EkamError(
            f"channel {channel.label!r} has the unit {unit!r}, which is not known: set {key} in the lab "
            f"file to one of {', '.join(table)}"
        )
    return value
