"""From what a stream sends to what the engine needs: by name and unit, never by position."""

from collections.abc import Iterable

import numpy as np

from compute import PURPOSE, Side
from compute.lab_frame import markers_to_lab
from compute.plates import COP, WRENCH, PlateArrays, add_wrench, plate_axes, wrench_matrix
from stream.channel_names import ABSENT, WRENCH_KINDS, Unclear, find_markers, plate_channels
from stream.errors import EkamError
from stream.lab import Lab, Plate
from stream.source import Role, StreamInfo
from stream.units import FORCE, LENGTH, MOMENT, factor

RATE_TOLERANCE = 0.05
MAX_RATE_HZ = {Role.MARKERS: 2000.0, Role.FORCES: 20000.0}
OFFERED = {"unit": "m, cm or mm", "length_unit": "m, cm or mm", "force_unit": "N or kN",
           "moment_unit": "N·m or N·mm"}  # fmt: skip


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
            f"[{info.role.value}] in the lab file (`ekam check` measures it)"
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
    EkamError : a needed marker is not in the stream (said with what it is for), two channels claim to be
        one of the markers, or a unit is not known.
    """

    def __init__(
        self, info: StreamInfo, lab: Lab, needed: Iterable[str], optional: Iterable[str] = ()
    ) -> None:
        self.names = tuple(needed)
        labels, may_lack = lab.markers.labels(), set(optional)
        _refuse_without_names(info)
        found, unclear = find_markers(
            info.channels, {**labels, **{name: name for name in self.names if name not in labels}}
        )
        for name in self.names:
            if name in unclear:
                raise EkamError(_twice(name, labels.get(name, name), unclear[name], info.name))
        missing = [name for name in self.names if name not in found and name not in may_lack]
        if missing:
            raise EkamError(missing_markers(missing, labels, info.name))
        self._columns = np.full((len(self.names), 4), ABSENT, dtype=np.int64)
        self._to_m = np.full(len(self.names), np.nan)
        for row, name in enumerate(self.names):
            if name in found:
                self._columns[row] = (*found[name].columns, found[name].valid)
                self._to_m[row] = _factor(
                    lab.markers.unit, found[name].columns, info, LENGTH, "markers", "unit"
                )
        self._r = lab.axes.r_lab_from_capture()

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Positions, shape (n, len(names), 3), lab, m, NaN = missing."""
        out = np.empty((len(values), len(self.names), 3))
        return markers_to_lab(values, self._columns, self._to_m, self._r, out)


def present_markers(info: StreamInfo, lab: Lab, *, clear: bool = False) -> tuple[str, ...]:
    """Canonical names of all markers that the stream carries.

    `clear` leaves out those for which two channels fit, which a `MarkerMap` refuses.
    """
    found, unclear = find_markers(info.channels, lab.markers.labels())
    return tuple(
        name for name in lab.markers.labels() if name in found or (name in unclear and not clear)
    )


def _refuse_without_names(info: StreamInfo) -> None:
    if not any(channel.label or channel.target for channel in info.channels):
        raise EkamError(
            f"the {info.role.value} stream {info.name!r} names none of its {len(info.channels)} channels: "
            "let its publisher send the channel labels (some do so only when asked to)"
        )


def _twice(name: str, label: str, unclear: Unclear, where: str) -> str:
    if unclear.first == unclear.second:
        return (
            f"{where} has two channels {unclear.first!r} for the marker {name} (label {label!r}): rename one "
            "of the two markers in the capture software"
        )
    return (
        f"{where} has two channels for the marker {name} (label {label!r}), {unclear.first!r} and "
        f"{unclear.second!r}: rename one of the two markers in the capture software, or write the whole "
        "label under [markers.names] in the lab file"
    )


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
        _refuse_without_names(info)
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

    def silent_plates(self, values: np.ndarray) -> tuple[int, ...]:
        """Plates of the lab file (from 1) that sent nothing but zeros in these rows.

        A plate that is measured never does: some publishers fill in the channels of a plate that they
        do not read (lsl.md 1, AMTI).
        """
        return tuple(
            number
            for number, plate in enumerate(self._plates, 1)
            if len(values) and not values[:, plate.channels].any()
        )


def _plate(plate: Plate, number: int, info: StreamInfo, lab: Lab) -> PlateArrays:
    side = int(Side[plate.side.upper()])
    r_lab = lab.axes.r_lab_from_capture()
    sign = 1.0 if plate.acts_on == "foot" else -1.0
    forces = lab.forces
    if plate.force and plate.cop and plate.free_moment:
        columns = _columns((*plate.force, *plate.cop, *plate.free_moment), number, info)
        force = _factor(forces.force_unit, columns[:3], info, FORCE, "forces", "force_unit")
        length = _factor(forces.length_unit, columns[3:6], info, LENGTH, "forces", "length_unit")
        moment = _factor(forces.moment_unit, columns[6:], info, MOMENT, "forces", "moment_unit")
        matrix = np.zeros((9, 9))
        matrix[:3, :3] = r_lab * force * sign
        matrix[3:6, 3:6] = r_lab * length
        matrix[6:, 6:] = r_lab * moment * sign
        return PlateArrays(COP, side, columns, matrix)
    if plate.wrench:
        columns = _columns(plate.wrench, number, info)
    else:
        columns = _indexed_columns(plate.index or 0, number, info)
    corners, origin, sign = plate_geometry(plate, number, info)
    try:
        r_capture_from_plate, centre_m = plate_axes(corners)
    except ValueError as error:
        raise EkamError(f"plate {number}: {error}") from None
    transducer_m = centre_m - r_capture_from_plate @ origin
    force = _factor(forces.force_unit, columns[:3], info, FORCE, "forces", "force_unit")
    moment = _factor(forces.moment_unit, columns[3:], info, MOMENT, "forces", "moment_unit")
    matrix = wrench_matrix(
        r_lab @ r_capture_from_plate, r_lab @ transducer_m, sign * force, sign * moment
    )
    return PlateArrays(WRENCH, side, columns, matrix)


def plate_geometry(
    plate: Plate, number: int, info: StreamInfo
) -> tuple[np.ndarray, np.ndarray, float]:
    """Corners, origin and sign of a plate: as the stream describes it, else as the lab file does."""
    index = plate.index or 0
    if 0 < index <= len(info.plates):
        described = info.plates[index - 1]
        sign = 1.0 if described.reaction else -1.0
        return np.array(described.corners_m), np.array(described.origin_m), sign
    if plate.corners_m is None or plate.origin_m is None:
        raise EkamError(
            f"plate {number} of the lab file asks for plate {index} of {info.name!r}, which describes "
            f"{len(info.plates)} plates: give corners_m and origin_m beside index"
        )
    sign = 1.0 if plate.acts_on == "foot" else -1.0
    return np.array(plate.corners_m), np.array(plate.origin_m), sign


def _columns(labels: tuple[str, ...], number: int, info: StreamInfo) -> np.ndarray:
    missing = [label for label in labels if label not in info.labels]
    if missing:
        raise EkamError(
            f"plate {number}: the force stream {info.name!r} has no channel {', '.join(missing)} (it has "
            f"{', '.join(info.labels[:24])})"
        )
    for label in labels:
        if info.labels.count(label) > 1:
            raise EkamError(
                f"plate {number}: the force stream {info.name!r} has {info.labels.count(label)} channels "
                f"{label!r}: mend its publisher"
            )
    return np.array([info.labels.index(label) for label in labels], dtype=np.int64)


def _indexed_columns(index: int, number: int, info: StreamInfo) -> np.ndarray:
    """Columns of plate `index` of the stream: ForceX..MomentZ."""
    plates = plate_channels(info.channels)
    found = plates.get(index, {})
    missing = [kind for kind in WRENCH_KINDS if kind not in found]
    if missing:
        known = ", ".join(map(str, sorted(plates))) or "none"
        raise EkamError(
            f"plate {number}: the force stream {info.name!r} marks no channel as {', '.join(missing)} of "
            f"plate {index} (plates that it numbers: {known}): name the channels with wrench in the lab file"
        )
    for kind in WRENCH_KINDS:
        if len(found[kind]) > 1:
            first, second = (info.labels[column] for column in found[kind][:2])
            raise EkamError(
                f"plate {number}: {first!r} and {second!r} of the force stream {info.name!r} are both {kind} "
                f"of plate {index}: name the channels with wrench in the lab file"
            )
    return np.array([found[kind][0] for kind in WRENCH_KINDS], dtype=np.int64)


def _factor(
    declared: str,
    columns: Iterable[int],
    info: StreamInfo,
    table: dict[str, float],
    section: str,
    key: str,
) -> float:
    """Factor to SI of channels that must have one unit: the lab file's, or the one they state."""
    set_it = f"set {key} under [{section}] in the lab file"
    channels = [info.channels[column] for column in columns]
    known: float | None = None
    for channel in channels:
        unit = channel.unit if declared == "auto" else declared
        value = factor(unit, table)
        if value is None:
            states = f"has the unit {unit!r}, which is not known" if unit else "states no unit"
            raise EkamError(f"channel {channel.label!r} {states}: {set_it} to {OFFERED[key]}")
        if known is not None and value != known:
            raise EkamError(
                f"channels {channels[0].label!r} and {channel.label!r} belong together but have the units "
                f"{channels[0].unit!r} and {unit!r}: mend the publisher, or {set_it}"
            )
        known = value
    return 1.0 if known is None else known
