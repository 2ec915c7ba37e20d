"""Real recordings with third-party reference moments, where they are at hand."""

import csv
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from faults import Samples

from compute import Engine
from compute.calibration import Person, calibrate
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.readers import read_recording

LABS = Path(__file__).parent / "labs"
DATA = Path(__file__).parents[2] / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared recordings are not beside the checkout"
)


@dataclass(frozen=True)
class Trial:
    folder: str
    static: str
    walk: str
    mass_kg: float
    height_m: float
    sex: str
    from_walking: bool = False

    @property
    def lab(self):
        return LABS / f"{self.folder}.toml"

    def path(self, name):
        return DATA / self.folder / name

    def calibrate_arguments(self, out):
        given = [str(self.path(self.static)), "--lab", str(self.lab), "--mass", str(self.mass_kg)]
        given += ["--height", str(self.height_m), "--sex", self.sex, "--id", "T1", "-o", str(out)]
        return ["calibrate", *given, *(["--from-walking"] if self.from_walking else [])]

    def process_arguments(self, subject, out):
        given = [str(self.path(self.walk)), "--lab", str(self.lab), "--subject", str(subject)]
        return ["process", *given, "-o", str(out), "--trace"]

    def reference(self):
        """Rows of reference.csv as floats: column -> array, sides as 0 left, 1 right."""
        with self.path("reference.csv").open() as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        table = {}
        for key in rows[0]:
            if key == "side":
                table[key] = np.array([int(row[key] == "r") for row in rows])
            else:
                table[key] = np.array([float(row[key] or "nan") for row in rows])
        return table


TRIALS = [
    Trial("treadmill_gait2354_subject01", "subject01_static.trc", "subject01_walk1.trc", 72.6, 1.803, "m"),
    Trial("treadmill_gaitalytics_si02", "treadmill_no_events.c3d", "treadmill_no_events.c3d", 55.33, 1.72, "f", True),
    Trial("overground_biomechzoo_HC033A", "static.c3d", "walk.c3d", 51.5, 1.605, "f"),
    Trial("overground_biomechzoo_HC038A", "static.c3d", "walk.c3d", 56.8, 1.74, "f"),
]  # fmt: skip


def clean_stances(reference, side):
    """First and last row of every run of clean rows of one leg."""
    rows = np.flatnonzero((reference["side"] == side) & (reference["clean"] == 1))
    cuts = np.flatnonzero(np.diff(rows) > 1) + 1
    return [part for part in np.split(rows, cuts) if len(part) > 10]


def read_trace(path):
    """trace.csv as column -> array, sides as 0 left, 1 right."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return {
        key: np.array([int(r[key] == "right") if key == "side" else float(r[key]) for r in rows])
        for key in rows[0]
    }


def _read(trial, name, lab):
    recording = read_recording(trial.path(name), lab, None)
    names = present_markers(recording.markers.info, lab)
    at = MarkerMap(recording.markers.info, lab, names).apply(recording.markers.values)
    return recording, names, at


@cache
def subject_of(trial):
    """The calibrated person, with what the walking trial does not show taken away."""
    lab = read_lab(trial.lab).lab
    recording, names, at = _read(trial, trial.static, lab)
    person = Person("T1", trial.mass_kg, trial.height_m, trial.sex)
    subject = calibrate(
        {name: at[:, i] for i, name in enumerate(names)},
        rate_hz(recording.markers.info, lab),
        person,
        from_walking=trial.from_walking,
        tracking=lab.model.tracking,
    )
    return subject.restricted_to(_read(trial, trial.walk, lab)[1])[0]


@cache
def samples_of(trial):
    """The walking trial: markers that the subject uses, loads per foot."""
    lab = read_lab(trial.lab).lab
    recording, names, at = _read(trial, trial.walk, lab)
    used = tuple(name for name in subject_of(trial).markers() if name in names)
    first_s = recording.markers.stamps_s[0]
    return Samples(
        used,
        recording.markers.stamps_s - first_s,
        np.ascontiguousarray(at[:, [names.index(name) for name in used]]),
        recording.forces.stamps_s - first_s,
        PlateMap(recording.forces.info, lab).apply(recording.forces.values),
        rate_hz(recording.markers.info, lab),
        rate_hz(recording.forces.info, lab),
    )


def stances_of(trial, samples=None, **changes):
    """Every stance of a trial through the engine; `changes` to the laboratory's settings."""
    given = samples or samples_of(trial)
    settings = replace(read_lab(trial.lab).lab.settings(), **changes)
    engine = Engine(subject_of(trial), given.marker_hz, given.force_hz, settings, live=False)
    assert engine.markers == given.names
    return engine.push(given.marker_time_s, given.markers_m, given.force_time_s, given.wrench)


def clean_pairs(trial, stances):
    """(stance, its rows in reference.csv) for every clean stance of the reference."""
    reference = trial.reference()
    for side in (0, 1):
        own = [stance for stance in stances if stance.side == side]
        for rows in clean_stances(reference, side):
            start_s = reference["time_s"][rows[0]]
            yield min(own, key=lambda stance: abs(stance.t_on_s - start_s)), rows
