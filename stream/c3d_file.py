"""Reader of C3D files with their force plates."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stream.body_checks import check_body
from stream.c3d_child import load_c3d
from stream.channel_names import find_markers
from stream.errors import EkamError
from stream.lab import Lab
from stream.plate_evidence import RawPlate, settle
from stream.recording import RecordedStream, Recording
from stream.source import Channel, PlateDescription, Role, StreamInfo
from stream.units import LENGTH, factor

MODEL_OUTPUTS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS")
INTEL = 84
"""Processor type of files with little-endian numbers."""
RESOLVED_TYPES = (2, 4)
"""Plate types read from their six channels; the others are taken as the C3D library resolves them."""


def read_c3d(path: Path, lab: Lab) -> Recording:
    """Markers and plate wrenches of a C3D file.

    Points that the file lists as model outputs (angles, moments, powers) are left out. Each plate
    gives six channels, the load on the foot about the plate's own origin in the plate's own axes;
    signs and origin are settled by `stream.plate_evidence`.

    Raises
    ------
    EkamError : not a C3D file, no points, or a loaded plate that fits no reading of its description.
    """
    if not path.is_file():
        raise EkamError(f"there is no file {path}")
    cut = _check_size(path)
    file = load_c3d(path)
    parameters = file["parameters"]
    points = file["data"]["points"]
    rate_hz = float(parameters["POINT"]["RATE"]["value"][0])
    if points.shape[2] < 2 or points.shape[1] == 0 or rate_hz <= 0.0:
        raise EkamError(f"{path.name} holds no marker frames")
    unit = str((parameters["POINT"].get("UNITS", {}).get("value") or [""])[0])
    markers = _markers(
        path, points, _labels(parameters, points.shape[1]), unit, rate_hz, parameters
    )
    check_body(markers.info, markers.values, lab)
    raw = _plates(file, path)
    if not raw:
        return Recording(path, markers, None, (*cut, "the file has no force plates"))
    feet_m = _feet(markers, lab)
    settled = [settle(plate, feet_m, lab, rate_hz) for plate in raw]
    forces = _forces(path, [s.plate for s in settled], [s.description for s in settled])
    return Recording(path, markers, forces, (*cut, *(s.note for s in settled)))


def _check_size(path: Path) -> tuple[str, ...]:
    """A sentence when the file is shorter than its header says; refuses one cut before its data.

    The C3D library ends the process on some files that were cut off inside their description.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(512)
    if len(header) < 512 or header[1] != 0x50:
        raise EkamError(f"{path.name} is not a C3D file, or is cut off in its first block")
    points, analogs, first, last = struct.unpack_from("<4H", header, 2)
    (scale,) = struct.unpack_from("<f", header, 12)
    (start,) = struct.unpack_from("<H", header, 16)
    with path.open("rb") as file:
        file.seek(512 * max(header[0] - 1, 0))
        description = file.read(4)
    if (
        len(description) < 4
        or size < 512 * (header[0] - 1 + description[2])
        or size <= 512 * (start - 1)
    ):
        raise EkamError(f"{path.name} is cut off before its data: copy it again")
    frames = last - first + 1
    if description[3] != INTEL or start < 2 or not 0 < frames < 65535:
        return ()
    whole = 512 * (start - 1) + frames * (4 * points + analogs) * (4 if scale < 0.0 else 2)
    if size >= whole:
        return ()
    held = frames * (size - 512 * (start - 1)) // (whole - 512 * (start - 1))
    return (f"{path.name} is cut short: it holds {held} of {frames} frames; these are used",)


def _labels(parameters: Any, count: int) -> list[str]:
    """Point labels, trimmed; formats with more than 255 points continue in LABELS2, LABELS3, ..."""
    labels: list[str] = []
    for key in ("LABELS", *(f"LABELS{i}" for i in range(2, 10))):
        if len(labels) < count and key in parameters["POINT"]:
            labels += [label.strip() for label in parameters["POINT"][key]["value"]]
    return (labels + [f"*{i}" for i in range(len(labels), count)])[:count]


def _markers(
    path: Path, points: np.ndarray, labels: list[str], unit: str, rate_hz: float, parameters: Any
) -> RecordedStream:
    outputs = {
        name.strip()
        for key in MODEL_OUTPUTS
        for name in parameters["POINT"].get(key, {}).get("value", ())
    }
    seen: set[str] = set()
    kept = []
    for i, label in enumerate(labels):
        if label not in outputs and label not in seen:
            kept.append(i)
            seen.add(label)
    channels = tuple(
        Channel(f"{labels[i]}_{axis}", unit, f"Position{axis}", labels[i])
        for i in kept
        for axis in "XYZ"
    )
    values = points[:3, kept, :].transpose(2, 1, 0).reshape(points.shape[2], -1)
    info = StreamInfo(Role.MARKERS, path.stem, "Mocap", channels, rate_hz, f"ekam-file-{path.name}")
    stamps = np.arange(points.shape[2]) / rate_hz
    return RecordedStream(info, stamps, np.ascontiguousarray(values, dtype=np.float64))


def _plates(file: Any, path: Path) -> list[RawPlate]:
    parameters = file["parameters"]
    if not file["data"]["platform"]:
        return []
    group = parameters["FORCE_PLATFORM"]
    types = [int(t) for t in group["TYPE"]["value"]]
    analogs = file["data"]["analogs"][0]
    rate_hz = float(parameters["ANALOG"]["RATE"]["value"][0])
    plates = []
    for i, resolved in enumerate(file["data"]["platform"]):
        length = factor(resolved["unit_position"] or "mm", LENGTH) or 1e-3
        corners_m = np.asarray(resolved["corners"], dtype=np.float64).T * length
        origin_m = np.asarray(group["ORIGIN"]["value"], dtype=np.float64)[:, i] * length
        if types[i] in RESOLVED_TYPES:
            columns = np.asarray(group["CHANNEL"]["value"], dtype=int)[:6, i] - 1
            if columns.min() < 0 or columns.max() >= len(analogs):
                raise EkamError(
                    f"{path.name}: plate {i + 1} names analog channels that are not there"
                )
            channels = analogs[columns].T
            if types[i] == 4:
                channels = channels @ np.asarray(resolved["cal_matrix"], dtype=np.float64).T
        else:
            channels, origin_m = _about_centre(resolved, corners_m, length)
        plates.append(
            RawPlate(
                i + 1,
                np.ascontiguousarray(channels, dtype=np.float64),
                rate_hz,
                corners_m,
                origin_m,
                str(resolved["unit_force"] or "N"),
                str(resolved["unit_moment"] or "Nmm"),
            )
        )
    return plates


def _about_centre(
    resolved: Any, corners_m: np.ndarray, length: float
) -> tuple[np.ndarray, np.ndarray]:
    """Six channels about the centre of the surface, in plate axes, from the library's resolved load."""
    from compute.plates import plate_axes

    r, centre_m = plate_axes(corners_m)
    force = np.nan_to_num(resolved["force"]).T
    lever = (np.nan_to_num(resolved["center_of_pressure"]).T * length - centre_m) / length
    moment = np.cross(lever, force) + np.nan_to_num(resolved["Tz"]).T
    return np.hstack([force @ r, moment @ r]), np.zeros(3)


def _forces(
    path: Path, plates: list[RawPlate], described: list[PlateDescription]
) -> RecordedStream:
    channels = tuple(
        Channel(
            f"{what[0]}{axis.lower()}{plate.number}",
            plate.force_unit if what == "Force" else plate.moment_unit,
            f"{what}{axis}",
            str(plate.number),
        )
        for plate in plates
        for what in ("Force", "Moment")
        for axis in "XYZ"
    )
    rate_hz = plates[0].rate_hz
    info = StreamInfo(
        Role.FORCES, path.stem, "Force", channels, rate_hz, f"ekam-file-{path.name}-forces"
    )
    info = replace(info, plates=tuple(described))
    values = np.ascontiguousarray(np.hstack([plate.channels for plate in plates]))
    return RecordedStream(info, np.arange(len(values)) / rate_hz, values)


def _feet(markers: RecordedStream, lab: Lab) -> np.ndarray:
    """Positions of all foot and ankle markers that the file has, capture axes, m: (n, markers, 3)."""
    labels = lab.markers.labels()
    names = [side + name for side in "RL" for name in ("HEE", "ANK", "AJC", "TOE", "MT5", "FT1")]
    wanted = {name: labels[name] for name in names if name in labels}
    found, _ = find_markers(markers.info.channels, wanted)
    columns = sorted(column for marker in found.values() for column in marker.columns)
    unit = markers.info.channels[0].unit if lab.markers.unit == "auto" else lab.markers.unit
    values = markers.values[:, columns] * (factor(unit, LENGTH) or 1.0)
    return values.reshape(len(values), -1, 3)
