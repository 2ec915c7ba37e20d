"""How a C3D file's plate is to be read, decided by what its loaded frames show.

Files differ in the sign of ORIGIN and in whether the channels act on the plate or on the foot. The
reading is chosen by three facts that hold for every standing or walking person: the load on the foot
points up, the centre of pressure lies on the plate, and it lies under a foot. Where several readings
fit, the transducer must be below the surface.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from compute.plates import plate_axes
from stream.errors import EkamError
from stream.lab import Lab
from stream.source import PlateDescription
from stream.units import FORCE, MOMENT, factor

LOADED_N = 100.0
EDGE_M = 0.02
UNDER_FOOT_M = 0.25
ENOUGH = 0.9


@dataclass(frozen=True)
class RawPlate:
    """One plate as the file stores it.

    Attributes
    ----------
    channels : shape (n, 6), force and moment about the transducer origin, plate axes, file's units.
    corners_m : shape (4, 3), capture axes. origin_m : shape (3,), as stored.
    """

    number: int
    channels: np.ndarray
    rate_hz: float
    corners_m: np.ndarray
    origin_m: np.ndarray
    force_unit: str
    moment_unit: str


@dataclass(frozen=True)
class Settled:
    """A plate with the reading that fits, and a sentence that says which."""

    plate: RawPlate
    description: PlateDescription
    note: str


def settle(plate: RawPlate, feet_m: np.ndarray, lab: Lab, marker_rate_hz: float) -> Settled:
    """Choose the reading of one plate.

    Parameters
    ----------
    feet_m : shape (n, markers, 3), foot and ankle markers, capture axes, m; may hold no marker.

    Raises
    ------
    EkamError : the plate is loaded and no reading fits.
    """
    force_unit = plate.force_unit if lab.forces.force_unit == "auto" else lab.forces.force_unit
    moment_unit = plate.moment_unit if lab.forces.moment_unit == "auto" else lab.forces.moment_unit
    to_n, to_nm = factor(force_unit, FORCE), factor(moment_unit, MOMENT)
    if to_n is None or to_nm is None:
        raise EkamError(
            f"plate {plate.number} is in {force_unit!r} and {moment_unit!r}, which are not known: set "
            "force_unit and moment_unit under [forces] in the lab file"
        )
    try:
        r, centre_m = plate_axes(plate.corners_m)
    except ValueError as error:
        raise EkamError(f"plate {plate.number}: {error}") from None
    up = lab.axes.r_lab_from_capture()[1]
    readings = []
    for flip, reaction in product((True, False), (True, False)):
        origin_m = -plate.origin_m if flip else plate.origin_m
        below = float((r @ origin_m) @ up) >= 0.0
        readings.append((reaction, flip, origin_m, below))
    readings.sort(key=lambda reading: not reading[3])
    force = plate.channels[:, :3] * to_n
    moment = plate.channels[:, 3:] * to_nm
    loaded = np.flatnonzero(np.abs(force @ r.T @ up) > LOADED_N)
    loaded = loaded[:: max(1, len(loaded) // 500)]
    if len(loaded) < 10:
        reaction, flip, origin_m, _ = readings[0]
        return _settled(plate, reaction, origin_m, "is not loaded in this file; read as usual")
    tried = []
    for reaction, flip, origin_m, below in readings:
        sign = 1.0 if reaction else -1.0
        pointing_up = float(np.mean(sign * (force[loaded] @ r.T @ up) > 0.0))
        local = _cop_plate(force[loaded], moment[loaded], origin_m)
        cop_m = centre_m + (local - origin_m) @ r.T
        inside = float(np.mean(_inside(local - origin_m, plate.corners_m)))
        near = _near(cop_m, loaded / plate.rate_hz, feet_m, marker_rate_hz, up)
        if min(pointing_up, inside, near) >= ENOUGH:
            what = "load on the foot" if reaction else "load on the plate, reversed"
            how = "ORIGIN reversed" if flip else "ORIGIN as stored"
            where = "transducer below the surface" if below else "transducer above the surface"
            return _settled(
                plate,
                reaction,
                origin_m,
                f"{what}, {how} ({where}): up in {pointing_up:.0%}, on the plate in {inside:.0%}, under a "
                f"foot in {near:.0%} of its loaded samples",
            )
        tried.append((pointing_up, inside, near))
    up_best, inside_best, near_best = (max(t[i] for t in tried) for i in range(3))
    raise EkamError(
        f"plate {plate.number} fits no reading of its corners and origin: at best the load points up in "
        f"{up_best:.0%}, lies on the plate in {inside_best:.0%} and under a foot in {near_best:.0%} of its "
        "loaded samples; check the axes and units in the lab file and the plate's corners in the C3D file"
    )


def _settled(plate: RawPlate, reaction: bool, origin_m: np.ndarray, text: str) -> Settled:
    corners = tuple((float(c[0]), float(c[1]), float(c[2])) for c in plate.corners_m)
    origin = (float(origin_m[0]), float(origin_m[1]), float(origin_m[2]))
    return Settled(
        plate, PlateDescription(corners, origin, reaction), f"plate {plate.number}: {text}"
    )


def _cop_plate(force: np.ndarray, moment: np.ndarray, origin_m: np.ndarray) -> np.ndarray:
    """Centre of pressure in plate axes from the transducer origin; surface at z = origin z.

    x = (oz Fx - My) / Fz, y = (Mx + oz Fy) / Fz.
    """
    oz = origin_m[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (oz * force[:, 0] - moment[:, 1]) / force[:, 2]
        y = (moment[:, 0] + oz * force[:, 1]) / force[:, 2]
    return np.column_stack([x, y, np.full(len(x), oz)])


def _inside(local_m: np.ndarray, corners_m: np.ndarray) -> np.ndarray:
    """Whether points, in plate axes from the centre of the surface, lie on the plate."""
    half_x = 0.5 * np.linalg.norm(corners_m[0] - corners_m[1]) + EDGE_M
    half_y = 0.5 * np.linalg.norm(corners_m[0] - corners_m[3]) + EDGE_M
    return (np.abs(local_m[:, 0]) <= half_x) & (np.abs(local_m[:, 1]) <= half_y)


def _near(
    cop_m: np.ndarray, time_s: np.ndarray, feet_m: np.ndarray, rate_hz: float, up: np.ndarray
) -> float:
    """Share of the points with a foot marker within reach horizontally; 1 where no marker is known."""
    frames = np.clip(np.round(time_s * rate_hz).astype(int), 0, len(feet_m) - 1)
    gap = feet_m[frames] - cop_m[:, None, :]
    gap = gap - (gap @ up)[..., None] * up
    distance = np.linalg.norm(gap, axis=2)
    seen = (
        ~np.isnan(distance).all(axis=1) if distance.shape[1] else np.zeros(len(cop_m), dtype=bool)
    )
    if not seen.any():
        return 1.0
    return float(np.mean(np.nanmin(distance[seen], axis=1) < UNDER_FOOT_M))
