"""From a recorded trial to a calibrated subject: what every way to calibrate shares."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compute import Subject
from compute.calibration import Person, calibrate
from stream.body_checks import LOADED_N, check_body, check_plate_sides
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.recording import RecordedStream, Recording
from stream.source import Chunk, Role, StreamInfo


def calibrate_trial(
    trial: Recording, lab: Lab, person: Person, *, from_walking: bool = False
) -> Subject:
    """Calibrate a person from a trial of a laboratory.

    Raises
    ------
    CalibrationError : a marker is missing or a check refuses; it holds the checks that were made.
    EkamError : the trial does not fit the lab file, or a plate carries the other foot.
    """
    info = trial.markers.info
    names = present_markers(info, lab)
    at_m = MarkerMap(info, lab, names).apply(trial.markers.values)
    wrench = None
    if trial.forces is not None and lab.plates:
        wrench = PlateMap(trial.forces.info, lab).apply(trial.forces.values)
    subject = calibrate(
        {name: at_m[:, i] for i, name in enumerate(names)},
        rate_hz(info, lab),
        person,
        wrench=wrench,
        from_walking=from_walking,
        tracking=lab.model.tracking,
        inertia=lab.model.inertia,
        hip_centre=lab.model.hip_centre,
    )
    # Both feet on one plate tell nothing of its side.
    if wrench is not None and (
        from_walking or np.nanmedian(wrench[:, :, 1], axis=0).min() > LOADED_N
    ):
        check_plate_sides(trial, lab, subject)
    return subject


def recorded(
    infos: Mapping[Role, StreamInfo], chunks: Mapping[Role, Sequence[Chunk]], lab: Lab
) -> Recording:
    """Put together what was received live, on one clock from its first marker sample.

    Raises
    ------
    EkamError : no markers came, or they do not span a body.
    """
    if not chunks.get(Role.MARKERS):
        raise EkamError("no markers came: start the capture and try again")
    first = chunks[Role.MARKERS][0]
    first_s = (first.stamps_s + first.clock_offset_s)[0]
    streams = {}
    for role, parts in chunks.items():
        if parts:
            stamps_s = (
                np.concatenate([part.stamps_s + part.clock_offset_s for part in parts]) - first_s
            )
            values = np.concatenate([part.values for part in parts])
            streams[role] = RecordedStream(infos[role], stamps_s, values)
    check_body(infos[Role.MARKERS], streams[Role.MARKERS].values, lab)
    return Recording(Path("live"), streams[Role.MARKERS], streams.get(Role.FORCES))
