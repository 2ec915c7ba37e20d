"""A whole recording: how fast it is scored, and how near its stances come to one pass over it all."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compute import Side, Stance, Subject
from display.bench.budgets import Budget
from display.bench.core import Batch, Walk
from display.bench.work import Size, lab_and_subject, walk
from stream.file_source import FileSource
from stream.lab import Lab, read_lab
from stream.mapping import MarkerMap, PlateMap, rate_hz
from stream.readers import read_recording
from stream.recorder import Recorder
from stream.recording import Recording
from stream.session import Session
from stream.sinks import Outcome, StanceSink, Told
from stream.source import Chunk
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import CurvesCsv, StancesCsv

PULL_S, WRITTEN_S = 0.02, 0.1
REPEATS = 3
BARS = {"process": 500.0, "peak1": 0.05, "peak2": 0.1, "curve": 0.0005}


@dataclass(frozen=True)
class Whole:
    """What was measured; times in s, one a repeat, each repeat one after the other."""

    minutes: float
    megabytes: float
    stances: int
    valid: int
    took_s: Mapping[str, list[float]]
    gaps: np.ndarray

    def times_real_time(self, what: str) -> float:
        """Multiples of real time, median."""
        return float(np.median([60.0 * self.minutes / s for s in self.took_s[what]]))

    def budgets(self) -> list[Budget]:
        """The promises about files."""
        ratio = np.median(
            [
                ours / theirs
                for ours, theirs in zip(self.took_s["process"], self.took_s["pyxdf"], strict=True)
            ]
        )
        peak1, peak2, curve = np.max(self.gaps, axis=0).tolist()
        why = f"the worst of {len(self.gaps)} stances; yardstick: one zero-lag pass over the whole recording"
        return [
            Budget(
                f"process of a {self.minutes:g} min raw.xdf, one core", BARS["process"], "x real time", ">=",
                self.times_real_time("process"), self.times_real_time("pyxdf"), float(ratio),
                "yardstick: pyxdf.load_xdf alone; ratio: our time over its",
            ),
            Budget("scored peak 1 against offline", BARS["peak1"], "%", "<=", 100.0 * peak1, why=why),
            Budget("scored peak 2 against offline", BARS["peak2"], "%", "<=", 100.0 * peak2, why=why),
            Budget("scored curve against offline, RMS", BARS["curve"], "N·m/kg", "<=", curve, why=why),
        ]  # fmt: skip

    def table(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "minutes": self.minutes,
            "megabytes": self.megabytes,
            "stances": self.stances,
            "valid": self.valid,
            "took_s": dict(self.took_s),
            "times_real_time": {what: self.times_real_time(what) for what in self.took_s},
        }


class _Kept:
    """Keeps the stances of a file with their curves."""

    def __init__(self) -> None:
        self.stances: list[Stance] = []

    def stance(self, stance: Stance, told: Told) -> None:
        """Keep one."""
        self.stances.append(stance)

    def close(self) -> None:
        """Nothing to do."""


def measure(minutes: float, size: Size) -> Whole:
    """Record the walker for so long, as a live session records, and read and score it again and again."""
    import pyxdf

    with tempfile.TemporaryDirectory(prefix="ekam-bench-") as made, one_core():
        folder = Path(made)
        lab_path, subject_path = lab_and_subject(folder)
        lab, subject = read_lab(lab_path).lab, read_subject(subject_path).subject
        path = folder / "raw.xdf"
        record(path, minutes, size)
        process(path, lab, subject, folder / "warm")
        took: dict[str, list[float]] = {"pyxdf": [], "read": [], "process": []}
        for i in range(REPEATS):
            begun_s = time.perf_counter()
            pyxdf.load_xdf(str(path), dejitter_timestamps=False)
            took["pyxdf"].append(time.perf_counter() - begun_s)
            begun_s = time.perf_counter()
            read_recording(path, lab)
            took["read"].append(time.perf_counter() - begun_s)
            begun_s = time.perf_counter()
            outcome = process(path, lab, subject, folder / str(i))
            took["process"].append(time.perf_counter() - begun_s)
        megabytes = path.stat().st_size / 1e6
        valid = sum(len(outcome.tally.valid(side)) for side in Side)
        return Whole(
            minutes, round(megabytes, 1), len(outcome.tally), valid, took, gaps(size, lab, subject)
        )


def gaps(size: Size, lab: Lab, subject: Subject) -> np.ndarray:
    """Differences of streamed stances to one pass over everything, shape (stances, 3), `Batch.gap_to`.

    Nothing is taken off the plates, which one pass over everything does not do either.
    """
    recording, kept = walk(size), _Kept()
    lab = lab.model_copy(update={"events": lab.events.model_copy(update={"rezero": False})})
    score(recording, lab, subject, [kept])
    assert recording.forces is not None
    info, plates = recording.markers.info, recording.forces.info
    markers = MarkerMap(info, lab, subject.markers()).apply(recording.markers.values)
    wrench = PlateMap(plates, lab).apply(recording.forces.values)
    rates_hz = rate_hz(info, lab), rate_hz(plates, lab)
    batch = Batch(
        Walk.of(subject, np.ascontiguousarray(markers), np.ascontiguousarray(wrench), rates_hz, 1)
    )
    batch.core()
    # At its ends neither way has a context to filter with.
    first_s, last_s = 1.0, float(recording.markers.stamps_s[-1]) - 1.0
    inner = [
        each
        for each in kept.stances
        if each.valid and first_s < each.t_on_s and each.t_off_s < last_s
    ]
    return np.array([batch.gap_to(stance) for stance in inner])


def record(path: Path, minutes: float, size: Size) -> None:
    """Write the walker's recording as a live session does: pulled every 20 ms, written every 100."""
    streams = walk(size).streams()
    recorder = Recorder(path, {each.info.role: each.info for each in streams}, drain_s=0.0005)
    for i in range(round(60.0 * minutes / PULL_S)):
        for each in streams:
            info = each.info
            n = round(PULL_S * info.nominal_rate_hz)
            rows = np.arange(i * n, (i + 1) * n) % len(each.stamps_s)
            stamps_s = 100.0 + np.arange(i * n, (i + 1) * n) / info.nominal_rate_hz
            recorder.offer(Chunk(info.role, stamps_s, each.values[rows], stamps_s[-1] + 0.001, 0.0))
        if i % round(WRITTEN_S / PULL_S) == 0:
            while recorder.waiting:
                time.sleep(0.0005)
    recorder.close()


def process(path: Path, lab: Lab, subject: Subject, folder: Path) -> Outcome:
    """What `ekam process` does, from the file to the tables."""
    folder.mkdir()
    sinks: list[StanceSink] = [StancesCsv(folder, sync=False), CurvesCsv(folder)]
    return score(read_recording(path, lab), lab, subject, sinks)


def score(recording: Recording, lab: Lab, subject: Subject, sinks: list[StanceSink]) -> Outcome:
    """A recording through the session, into `sinks`."""
    view = SessionView()
    view.control.start()
    session = Session(FileSource(recording), lab, subject, view, live=False)
    session.open()
    session.keep(sinks)
    return session.run()


@contextmanager
def one_core() -> Iterator[None]:
    """Stay on one processor core where the system lets a process choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
