"""The compute core on marker frames, both legs: poses, full Newton-Euler to the hip, all curves."""

import gc
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute import Subject
from compute.body import body_arrays, body_poses, femur_known, new_poses
from compute.curves import leg_curves
from compute.features import MIN_PROMINENCE_NM_PER_KG, PEAK1_WINDOW_PCT, PEAK2_WINDOW_PCT
from compute.filters import zero_lag, zero_lag_section
from compute.newton_euler import HALF_WIDTH, leg_moments
from compute.peaks import peak
from compute.resample import resample
from compute.stance import CURVES, Stance
from display.bench.one_frame import curves_of, new_state, newest_frame, nothing, packed

CUTOFF_HZ = 6.0


@dataclass(frozen=True)
class Walk:
    """A walking trial, repeated end to end, raw and filtered in one piece.

    Attributes
    ----------
    trial_frames : of one pass. raw_m, markers_m : shape (n, markers, 3). raw_wrench : shape (k, 2, 6).
    wrench : shape (n, 2, 6), filtered, at the frames.
    """

    subject: Subject
    names: tuple[str, ...]
    trial_frames: int
    marker_hz: float
    force_hz: float
    raw_m: np.ndarray
    markers_m: np.ndarray
    raw_wrench: np.ndarray
    wrench: np.ndarray

    @property
    def n(self) -> int:
        """Frames."""
        return len(self.markers_m)

    @staticmethod
    def of(
        subject: Subject,
        markers_m: np.ndarray,
        wrench: np.ndarray,
        rates_hz: tuple[float, float],
        at_least: int,
    ) -> "Walk":
        """A trial, shapes (n, markers, 3) and (k, 2, 6), repeated to at least so many frames."""
        (n, k), (marker_hz, force_hz) = (len(markers_m), len(wrench)), rates_hz
        smooth = _filtered(markers_m.reshape(n, -1), marker_hz).reshape(markers_m.shape)
        loads = resample(
            np.arange(k) / force_hz,
            _filtered(wrench.reshape(k, -1), force_hz),
            (np.arange(n) / marker_hz).clip(max=(k - 1) / force_hz),
            np.empty((n, 12)),
        )
        times = -(-at_least // n)
        return Walk(
            subject, subject.markers(), n, marker_hz, force_hz, np.tile(markers_m, (times, 1, 1)),
            np.tile(smooth, (times, 1, 1)), np.tile(wrench, (times, 1, 1)),
            np.tile(loads.reshape(n, 2, 6), (times, 1, 1)),
        )  # fmt: skip


def _filtered(x: np.ndarray, rate_hz: float) -> np.ndarray:
    section, x = zero_lag_section(CUTOFF_HZ, rate_hz), np.ascontiguousarray(x)
    return zero_lag(x, section, np.empty(len(x) + 2 * section.pad), np.empty_like(x))


class Batch:
    """All frames in one go through preallocated arrays, as a stance or a recording is computed."""

    def __init__(self, walk: Walk) -> None:
        self.walk, n = walk, walk.n
        self.body = body_arrays(walk.subject, walk.names)
        self.poses = new_poses(n)
        self.moments, self.vector = np.empty((2, n, 3, 3)), np.empty((2, n, 3))
        self.curves = np.empty((2, n, len(CURVES)))
        self.wrench = np.ascontiguousarray(walk.wrench.transpose(1, 0, 2))
        self._sections = [zero_lag_section(CUTOFF_HZ, hz) for hz in (walk.marker_hz, walk.force_hz)]
        flat, loads = walk.raw_m.reshape(n, -1), walk.raw_wrench.reshape(len(walk.raw_wrench), -1)
        self._given = (flat, loads)
        self._filtered = (np.empty_like(flat), np.empty_like(loads))
        self._work = np.empty(len(loads) + 2 * self._sections[1].pad)
        self._times = np.arange(n) / walk.marker_hz, np.arange(len(loads)) / walk.force_hz
        self._at_frames = np.empty((n, 12))

    def core(self, markers_m: np.ndarray | None = None) -> dict[str, float]:
        """Seconds spent on poses, moments and curves, by part."""
        walk, body = self.walk, self.body
        t0 = time.perf_counter()
        poses = body_poses(walk.markers_m if markers_m is None else markers_m, body, self.poses)
        t1 = time.perf_counter()
        for side, leg in ((0, body.left), (1, body.right)):
            leg_moments(
                poses, poses, self.wrench[side], leg.inertia, side, walk.marker_hz, 0,
                self.moments[side], self.vector[side],
            )  # fmt: skip
        t2 = time.perf_counter()
        for side, leg in ((0, body.left), (1, body.right)):
            leg_curves(
                poses, self.moments[side], self.vector[side], self.wrench[side], leg, femur_known(leg),
                side, 0, self.curves[side],
            )  # fmt: skip
        t3 = time.perf_counter()
        return {"poses": t1 - t0, "moments": t2 - t1, "curves": t3 - t2}

    def filters(self) -> float:
        """Seconds to filter every marker and every plate channel and to read the loads at the frames."""
        start = time.perf_counter()
        for x, section, out in zip(self._given, self._sections, self._filtered, strict=True):
            zero_lag(x, section, self._work, out)
        resample(self._times[1], self._filtered[1], self._times[0], self._at_frames)
        return time.perf_counter() - start

    def gap_to(self, stance: Stance) -> tuple[float, float, float]:
        """What a stance that was scored while it streamed differs by from this one pass over everything.

        Returns
        -------
        Share of peak 1 and of peak 2, root mean square of the EKAM curve in N·m/kg.
        """
        assert stance.curves is not None
        first = round(float(stance.curves.time_s[0]) * self.walk.marker_hz)
        whole = self.curves[
            stance.side, first : first + len(stance.curves.time_s), CURVES.index("ekam_nm")
        ]
        pct = 100.0 * (stance.curves.time_s - stance.t_on_s) / stance.stance_s
        least_nm = MIN_PROMINENCE_NM_PER_KG * stance.body_mass_kg
        gaps = [
            abs(value / peak(pct, whole, window, least_nm).value - 1.0)
            for value, window in (
                (stance.ekam_peak1_nm, PEAK1_WINDOW_PCT),
                (stance.ekam_peak2_nm, PEAK2_WINDOW_PCT),
            )
        ]
        rms = np.sqrt(np.mean((stance.curves.ekam_nm - whole) ** 2)) / stance.body_mass_kg
        return gaps[0], gaps[1], float(rms)


class FrameByFrame:
    """One call of one kernel per marker frame, as a sample by sample path pays for it."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.body = body_arrays(walk.subject, walk.names)
        self.femur = femur_known(self.body.left)
        self.packed = packed(self.body)
        self.state = new_state()

    def arguments(self, i: int) -> tuple[Any, ...]:
        """Of the call for one frame."""
        walk = self.walk
        return (
            walk.markers_m[i : i + 1], walk.wrench[max(i - HALF_WIDTH, 0)], *self.packed, self.femur,
            walk.marker_hz, self.state,
        )  # fmt: skip

    def latencies_ns(self) -> tuple[np.ndarray, np.ndarray]:
        """Time of every call, shape (n,), and of as many that do nothing."""
        n = self.walk.n
        took, idle = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        clock = time.perf_counter_ns
        newest_frame(*self.arguments(0))
        nothing(self.walk.markers_m[:1])
        gc.disable()
        try:
            for i in range(n):
                given = self.arguments(i)
                start = clock()
                newest_frame(*given)
                took[i] = clock() - start
                start = clock()
                nothing(given[0])
                idle[i] = clock() - start
        finally:
            gc.enable()
        return took, idle

    def differs_by(self, batch: Batch) -> float:
        """Largest difference of the curves, frame by frame, to those of the batch."""
        worst = 0.0
        for i in range(self.walk.trial_frames):
            newest_frame(*self.arguments(i))
            if i >= 2 * HALF_WIDTH:
                gap = curves_of(self.state) - batch.curves[:, i - HALF_WIDTH]
                worst = max(worst, float(np.nanmax(np.abs(gap))))
        return worst
