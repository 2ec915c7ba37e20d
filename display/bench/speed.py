"""How fast the compute core is, against its NumPy twin and OpenSim on the same frames."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from display.bench.budgets import Budget
from display.bench.core import Batch, FrameByFrame, Walk
from display.bench.whole import one_core
from display.bench.work import Size, lab_and_subject, walk
from stream.lab import read_lab
from stream.latency import percentiles
from stream.mapping import MarkerMap, PlateMap, rate_hz
from stream.subject_file import read_subject

FRAMES = 20_000
REPEATS = 3
BARS = {"frame": 20.0, "frames": 100_000.0, "opensim": 500.0}
_NO_TWIN = (
    "the tests with the NumPy twin, or the recording that they use, are not beside this program"
)


@dataclass(frozen=True)
class Speed:
    """What was measured; medians of the repeats.

    Attributes
    ----------
    on : whose frames. batch_us, filters_us : per frame, all frames in one call. frame_us : percentiles of one
        call per frame. twin_us, opensim_us : per frame; NaN where there is none, then `why` says why.
    """

    on: str
    frames: int
    batch_us: float
    filters_us: float
    frame_us: Mapping[str, float]
    twin_us: float
    opensim_us: float
    why: Mapping[str, str]

    def budgets(self) -> list[Budget]:
        """The promises about the core."""
        twin = f"yardstick: the NumPy twin; {self.on}"
        return [
            Budget(
                "core, both legs, full Newton-Euler, one marker frame: p99", BARS["frame"], "µs", "<=",
                self.frame_us["p99"], self.twin_us, self.frame_us["p99"] / self.twin_us,
                self.why.get("twin", twin),
            ),
            Budget(
                "core, frames a second on one core", BARS["frames"], "1/s", ">=", 1e6 / self.batch_us,
                1e6 / self.twin_us, self.twin_us / self.batch_us, self.why.get("twin", twin),
            ),
            Budget(
                "core against OpenSim's inverse kinematics and dynamics, same frames", BARS["opensim"],
                "times", ">=", self.opensim_us / self.batch_us, self.opensim_us,
                self.batch_us / self.opensim_us,
                self.why.get("opensim", f"yardstick: µs a frame of OpenSim; {self.on}"),
            ),
        ]  # fmt: skip

    def table(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "on": self.on,
            "frames": self.frames,
            "us_per_frame": {
                "batch": self.batch_us,
                "filters": self.filters_us,
                "one_call_a_frame": dict(self.frame_us),
                "numpy_twin": None if np.isnan(self.twin_us) else self.twin_us,
                "opensim": None if np.isnan(self.opensim_us) else self.opensim_us,
            },
            "why": dict(self.why),
        }


def measure(size: Size) -> Speed:
    """Time the core, and its peers where they are at hand, in turns on one processor core."""
    with one_core():
        peers = _peers()
        twin, opensim, why = peers
        walk_ = twin.walk if twin is not None else _own_walk(size)
        batch, single = Batch(walk_), FrameByFrame(walk_)
        batch.core(), batch.filters(), single.latencies_ns()  # compile
        rows: dict[str, list[float]] = {
            name: [] for name in ("batch", "filters", "twin", "opensim")
        }
        frame_us: list[dict[str, float]] = []
        for _ in range(REPEATS):
            rows["batch"].append(min(sum(batch.core().values()) for _ in range(3)) / walk_.n)
            rows["filters"].append(batch.filters() / walk_.n)
            frame_us.append(percentiles(1e-3 * single.latencies_ns()[0]))
            rows["twin"].append(twin.seconds() / walk_.trial_frames if twin is not None else nan)
            rows["opensim"].append(
                sum(opensim.seconds()) / (opensim.n - 1) if opensim is not None else nan
            )
        us = {name: 1e6 * float(np.median(times)) for name, times in rows.items()}
        frame = {key: float(np.median([each[key] for each in frame_us])) for key in frame_us[0]}
        on = "a real treadmill trial" if twin is not None else "the synthetic walker"
        return Speed(on, walk_.n, us["batch"], us["filters"], frame, us["twin"], us["opensim"], why)


def _own_walk(size: Size) -> Walk:
    import tempfile

    recording = walk(size)
    with tempfile.TemporaryDirectory() as made:
        lab_path, subject_path = lab_and_subject(Path(made))
        lab, subject = read_lab(lab_path).lab, read_subject(subject_path).subject
    assert recording.forces is not None
    markers = MarkerMap(recording.markers.info, lab, subject.markers()).apply(
        recording.markers.values
    )
    wrench = PlateMap(recording.forces.info, lab).apply(recording.forces.values)
    rates_hz = rate_hz(recording.markers.info, lab), rate_hz(recording.forces.info, lab)
    return Walk.of(
        subject, np.ascontiguousarray(markers), np.ascontiguousarray(wrench), rates_hz, FRAMES
    )


def _peers() -> tuple[Any, Any, dict[str, str]]:
    """NumPy twin and OpenSim on the frames of a real trial, None where not at hand, and why."""
    why: dict[str, str] = {}
    tests = Path(__file__).parents[2] / "tests"
    with _importable(tests, tests / "peers"):
        try:
            work = importlib.import_module("core_work")
            if not work.FOLDER.is_dir():
                raise ImportError
            twin = work.Twin(work.read_walk(FRAMES))
        except ImportError:
            return None, None, {"twin": _NO_TWIN, "opensim": _NO_TWIN}
        try:
            opensim = importlib.import_module("opensim_work").OpenSim(work.FOLDER)
        except ImportError:
            why["opensim"] = "OpenSim is not installed: run with the group peers"
            return twin, None, why
    return twin, opensim, why


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = map(str, folders)
    try:
        yield
    finally:
        sys.path[:] = before
