"""The synthetic walker ready for the engine, shared by tests."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from compute import Engine, Stance, Subject
from compute.calibration import Person, calibrate
from stream.c3d_write import write_c3d
from stream.lab import Lab, read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers
from stream.recording import Recording
from stream.synthetic import SyntheticTrial, static_trial, synthesise

REPLAY_DATA = Path(__file__).parents[1] / "replay_data"
LAB_PATH = REPLAY_DATA / "synthetic_lab.toml"
SUBJECT_PATH = REPLAY_DATA / "synthetic_subject.toml"
WALK_PATH = REPLAY_DATA / "synthetic_walk.c3d"
STATIC_PATH = REPLAY_DATA / "synthetic_static.c3d"


@dataclass(frozen=True)
class Samples:
    """What the engine takes, lab frame."""

    marker_time_s: np.ndarray
    markers_m: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray


@cache
def lab() -> Lab:
    return read_lab(LAB_PATH).lab


@cache
def trial(strides: int = 7) -> SyntheticTrial:
    return synthesise(duration_strides=strides)


@cache
def subject(tracking: str = "auto") -> Subject:
    parameters = trial().parameters
    static = static_trial(parameters)
    names = present_markers(static.markers.info, lab())
    at = MarkerMap(static.markers.info, lab(), names).apply(static.markers.values)
    person = Person("SYNTHETIC", parameters.body_mass_kg, parameters.height_m, "f")
    return calibrate(
        {name: at[:, i] for i, name in enumerate(names)}, 100.0, person, tracking=tracking
    )


def samples(strides: int = 7) -> Samples:
    recording = trial(strides).recording
    return Samples(
        recording.markers.stamps_s,
        MarkerMap(recording.markers.info, lab(), subject().markers()).apply(
            recording.markers.values
        ),
        recording.forces.stamps_s,
        PlateMap(recording.forces.info, lab()).apply(recording.forces.values),
    )


def engine(**options) -> Engine:
    return Engine(subject(), 100.0, 1000.0, lab().settings(), **options)


def stances(given: Samples, running: Engine | None = None) -> list[Stance]:
    running = running or engine()
    return running.push(given.marker_time_s, given.markers_m, given.force_time_s, given.wrench)


def changed(given: Samples, **fields) -> Samples:
    return replace(given, **{k: np.ascontiguousarray(v) for k, v in fields.items()})


def cut_walk(folder: Path, seconds: float) -> Path:
    """A C3D file of the beginning of the walk."""
    recording = trial().recording
    parts = [
        replace(stream, stamps_s=stream.stamps_s[:n], values=stream.values[:n])
        for stream in recording.streams()
        for n in [round(seconds * stream.info.nominal_rate_hz)]
    ]
    path = folder / "short.c3d"
    write_c3d(Recording(path, parts[0], parts[1]), path)
    return path
