"""Real recordings with third-party reference moments, where they are at hand."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

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
