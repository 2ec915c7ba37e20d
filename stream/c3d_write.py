"""Write a recording as a C3D file.

Points in millimetres and moments in N·mm, as most C3D files have them; forces in N. All numbers
are stored as 32-bit floats with scale factors 1.

Force plates are written as TYPE 2 (six components about a transducer origin). Signs:

- The channels hold the **reaction on the foot** in the plate's own axes, and the order of the
  corners makes the plate's z axis (x cross y, x = C1 - C2, y = C1 - C4) point where it points in
  the recording, usually down: a loaded plate then has a negative Fz.
- ``FORCE_PLATFORM:ORIGIN`` is defined as the vector from the transducer origin to the centre of the
  surface, which for a z axis pointing down has a negative z. Nearly all real files store the
  opposite vector, z > 0, and readers (ezc3d among them) have learnt to turn it round. So the
  opposite vector is stored here when that makes its z positive: the centre of pressure comes out
  right in them.
"""

import os
from collections.abc import Callable
from pathlib import Path

import ezc3d
import numpy as np

from stream.errors import EkamError
from stream.recording import RecordedStream, Recording
from stream.source import PlateDescription

MOST_FRAMES = 65_535
"""Their numbers have 16 bits in the format; programs read no further."""

_MM_PER_M = 1000.0
_LENGTH_IN_M = {"m": 1.0, "mm": 0.001}
_SCALE = {"N": ("N", 1.0), "N·m": ("Nmm", 1000.0), "Nm": ("Nmm", 1000.0), "Nmm": ("Nmm", 1.0)}


def write_c3d(
    recording: Recording, path: Path, describe: Callable[[ezc3d.c3d], None] | None = None
) -> None:
    """Write markers, plate channels and plate descriptions; `describe` adds further parameters.

    The file appears under its name only when it is complete. An existing file is refused.

    Raises
    ------
    EkamError
        If the file exists, it is too long for the format, a unit is unknown or the rates do not fit together.
    """
    if path.suffix.lower() != ".c3d":
        raise EkamError(f"{path.name} must end in .c3d")
    if path.exists():
        raise EkamError(f"{path} exists already: choose another name or move it away")
    refuse_too_long(recording, path)
    file = ezc3d.c3d()
    _put_points(file, recording.markers)
    if recording.forces is not None:
        _put_analogs(file, recording.markers, recording.forces)
        _put_plates(file, recording.forces.info.plates)
    if describe is not None:
        describe(file)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part.c3d")
    try:
        file.write(str(partial))
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def refuse_too_long(recording: Recording, path: Path) -> None:
    """Refuse what the format cannot hold.

    Raises
    ------
    EkamError : there are more frames than that.
    """
    frames, rate_hz = len(recording.markers.stamps_s), recording.markers.info.nominal_rate_hz
    if frames > MOST_FRAMES:
        raise EkamError(
            f"{path.name} would have {frames} frames and a C3D file holds {MOST_FRAMES} "
            f"({MOST_FRAMES / rate_hz:.0f} s at {rate_hz:g} Hz): take a shorter part"
        )


def _put_points(file: ezc3d.c3d, markers: RecordedStream) -> None:
    channels = markers.info.channels
    names = [channel.target for channel in channels[::3]]
    expected = [f"{name}_{axis}" for name in names for axis in "XYZ"]
    if list(markers.info.labels) != expected:
        raise EkamError("marker channels must come as NAME_X, NAME_Y, NAME_Z, one marker at a time")
    units = {channel.unit for channel in channels}
    if len(units) != 1 or not units <= _LENGTH_IN_M.keys():
        raise EkamError(f"marker channels must all be in m or all in mm, not {sorted(units)}")
    scale = _LENGTH_IN_M[units.pop()] * _MM_PER_M
    frames = len(markers.values)
    points = np.ones((4, len(names), frames))
    points[:3] = scale * markers.values.reshape(frames, len(names), 3).transpose(2, 1, 0)
    # A residual of -1 is how the format marks a point that was not seen.
    residuals = np.where(np.isnan(points[:3]).any(axis=0), -1.0, 0.0)
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = residuals[None, :, :]
    file["parameters"]["POINT"]["RATE"]["value"] = [markers.info.nominal_rate_hz]
    file["parameters"]["POINT"]["LABELS"]["value"] = names
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]


def _put_analogs(file: ezc3d.c3d, markers: RecordedStream, forces: RecordedStream) -> None:
    ratio = forces.info.nominal_rate_hz / markers.info.nominal_rate_hz
    if ratio != round(ratio) or len(forces.values) != round(ratio) * len(markers.values):
        raise EkamError("a C3D file needs a whole number of force samples for every marker frame")
    units, scales = [], []
    for channel in forces.info.channels:
        if channel.unit not in _SCALE:
            raise EkamError(f"channel {channel.label} has the unit '{channel.unit}': use N or N·m")
        unit, scale = _SCALE[channel.unit]
        units.append(unit)
        scales.append(scale)
    file["data"]["analogs"] = (forces.values * np.array(scales)).T[None, :, :]
    group = file["parameters"]["ANALOG"]
    group["RATE"]["value"] = [forces.info.nominal_rate_hz]
    group["LABELS"]["value"] = list(forces.info.labels)
    group["UNITS"]["value"] = units
    group["SCALE"]["value"] = np.ones(len(units))
    group["OFFSET"]["value"] = np.zeros(len(units), dtype=int)
    group["GEN_SCALE"]["value"] = [1.0]


def _put_plates(file: ezc3d.c3d, plates: tuple[PlateDescription, ...]) -> None:
    if not plates:
        return
    if not all(plate.reaction for plate in plates):
        raise EkamError("plate channels must be the reaction on the foot before they are written")
    corners = np.stack([np.array(plate.corners_m).T for plate in plates], axis=2)
    origins = np.stack([np.array(plate.origin_m) for plate in plates], axis=1)
    origins = np.where(origins[2] < 0.0, -origins, origins)
    channels = np.arange(1, 6 * len(plates) + 1).reshape(len(plates), 6).T
    values = {
        "USED": np.array([len(plates)]),
        "TYPE": np.full(len(plates), 2),
        "CORNERS": _MM_PER_M * corners,
        "ORIGIN": _MM_PER_M * origins,
        "CHANNEL": channels,
        "ZERO": np.array([1, 0]),
    }
    for name, value in values.items():
        whole = np.issubdtype(value.dtype, np.integer)
        file["parameters"]["FORCE_PLATFORM"][name] = {
            "type": ezc3d.ezc3d.INT if whole else ezc3d.ezc3d.FLOAT,
            "description": "",
            "is_locked": False,
            "value": value,
        }
