"""Whether each plate carries the foot that the lab file says, judged by where its load lies."""

import numpy as np

from compute import Side, Subject
from compute.plates import centre_of_pressure_m
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import MarkerMap, PlateMap
from stream.recording import Recording

LOADED_N = 100.0
CLEAR_M = 0.05


def check_plate_sides(recording: Recording, lab: Lab, subject: Subject) -> None:
    """Refuse a recording in which a plate carries the other foot.

    Raises
    ------
    EkamError : over the loaded frames of a plate the load is nearer to the other leg's shank markers.
    """
    if recording.forces is None:
        return
    plates = PlateMap(recording.forces.info, lab)
    at_m = {
        side: np.nanmean(
            MarkerMap(recording.markers.info, lab, subject.shank(side).markers()).apply(
                recording.markers.values
            ),
            axis=1,
        )
        for side in Side
    }
    nearest = np.searchsorted(recording.forces.stamps_s, recording.markers.stamps_s)
    nearest = np.minimum(nearest, len(recording.forces.stamps_s) - 1)
    values = recording.forces.values[nearest]
    for number, plate in enumerate(lab.plates, 1):
        wrench = plates.apply_one(number, values)
        loaded = wrench[:, 1] > LOADED_N
        cop_m = centre_of_pressure_m(wrench[loaded])
        own, other = Side[plate.side.upper()], Side[plate.side.upper()].other
        gap = {
            side: np.hypot(cop_m[:, 0] - at_m[side][loaded, 0], cop_m[:, 2] - at_m[side][loaded, 2])
            for side in Side
        }
        nearer = gap[own] - gap[other]
        if np.isfinite(nearer).sum() >= 10 and np.nanmedian(nearer) > CLEAR_M:
            share = float(np.mean(nearer[np.isfinite(nearer)] > 0))
            raise EkamError(
                f"plate {number} is declared {own.word}, but in {share:.0%} of its loaded frames the load "
                f'lies under the {other.word} foot: set side = "{other.word}" for it in the lab file, or '
                "check the marker labels"
            )
