"""How fast a long session's recording is read and scored, against pyxdf's reading of it in the same run.

A synthetic walker for `--minutes`: 60 markers at 200 Hz and two plates at 1000 Hz, recorded as a live session
records them. Prints one line of JSON: multiples of real time, each the median of `--repeats` runs one after the other
on one core.

    python tests/peers/process_speed.py --minutes 30 --repeats 3
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import pyxdf  # noqa: E402

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import stream.recorder  # noqa: E402
from compute import Side  # noqa: E402
from stream.file_source import FileSource  # noqa: E402
from stream.lab import read_lab  # noqa: E402
from stream.readers import read_recording  # noqa: E402
from stream.recorder import Recorder  # noqa: E402
from stream.recording import RecordedStream  # noqa: E402
from stream.session import Session  # noqa: E402
from stream.sinks import Outcome  # noqa: E402
from stream.source import Channel, Chunk  # noqa: E402
from stream.status import SessionView  # noqa: E402
from stream.subject_file import read_subject  # noqa: E402
from stream.synthetic import Noise, synthesise, with_noise  # noqa: E402
from stream.tables import CurvesCsv, StancesCsv  # noqa: E402

DATA = ROOT / "replay_data"
LAB, SUBJECT = DATA / "synthetic_lab.toml", DATA / "synthetic_subject.toml"
MARKERS = 60
ROUND_STRIDES = 105  # two minutes at 105 steps a minute
PULL_S = 0.02
WRITTEN_S = 0.1


def record(path: Path, minutes: float) -> float:
    """Write the recording; its length in s."""
    trial = with_noise(synthesise(duration_strides=ROUND_STRIDES, marker_rate_hz=200.0), Noise())
    streams = [_with_more_markers(trial.recording.markers), trial.recording.forces]
    stream.recorder._DRAIN_S = 0.001
    recorder = Recorder(path, {each.info.role: each.info for each in streams}, capacity=1 << 20)
    end_s, pulls = 60.0 * minutes, round(WRITTEN_S / PULL_S)
    for i in range(round(end_s / PULL_S)):
        for each in streams:
            n = round(PULL_S * each.info.nominal_rate_hz)
            first = i * n % len(each.stamps_s)
            stamps_s = 100.0 + (i * n + np.arange(n)) / each.info.nominal_rate_hz
            values = each.values[first : first + n]
            recorder.offer(Chunk(each.info.role, stamps_s, values, stamps_s[-1] + 0.001, 0.0))
        if i % pulls == pulls - 1:
            while recorder._queue:
                time.sleep(0.0005)
    recorder.close()
    assert not recorder.fault
    return end_s


def _with_more_markers(markers: RecordedStream) -> RecordedStream:
    """60 markers, as a full-body set has."""
    more = MARKERS - len(markers.info.channels) // 3
    channels = [
        Channel(f"X{i}_{axis}", "m", f"Position{axis}", f"X{i}")
        for i in range(more)
        for axis in "XYZ"
    ]
    info = replace(markers.info, channels=(*markers.info.channels, *channels))
    values = np.concatenate([markers.values, markers.values[:, : 3 * more]], axis=1)
    return RecordedStream(info, markers.stamps_s, values)


def process(path: Path, folder: Path) -> Outcome:
    """What `ekam process` does, from the file to the tables."""
    lab = read_lab(LAB).lab
    recording = read_recording(path, lab)
    view = SessionView()
    view.control.start()
    session = Session(FileSource(recording), lab, read_subject(SUBJECT).subject, view, live=False)
    session.open()
    folder.mkdir()
    session.keep([StancesCsv(folder, sync=False), CurvesCsv(folder)])
    return session.run()


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="use this recording, made on the first run")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory(prefix="ekam-speed-") as made:
        path = asked.keep or Path(made) / "raw.xdf"
        if not path.exists():
            record(path, asked.minutes)
        span_s = 60.0 * asked.minutes
        lab = read_lab(LAB).lab
        process(path, Path(made) / "warm")
        took: dict[str, list[float]] = {"pyxdf": [], "read": [], "process": []}
        for i in range(asked.repeats):
            took["pyxdf"].append(_took(lambda: pyxdf.load_xdf(path, dejitter_timestamps=False)))
            took["read"].append(_took(lambda: read_recording(path, lab)))
            took["process"].append(_took(lambda i=i: process(path, Path(made) / str(i))))
        outcome = process(path, Path(made) / "last")
        size = path.stat().st_size
    told: dict[str, Any] = {
        "minutes": asked.minutes,
        "megabytes": round(size / 1e6),
        "stances": len(outcome.tally),
        "valid": sum(len(outcome.tally.valid(side)) for side in Side),
    }
    for name, times in took.items():
        told[f"{name}_s"] = [round(t, 2) for t in times]
        told[f"{name}_times_real_time"] = round(span_s / statistics.median(times))
    told["process_over_pyxdf"] = round(
        statistics.median(b / a for a, b in zip(took["pyxdf"], took["process"], strict=True)), 3
    )
    print(json.dumps(told))  # noqa: T201
    return 0


def _took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
