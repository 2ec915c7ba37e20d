"""The core of one marker frame, both legs, as the kernels and as their NumPy twins compute it."""

import gc
import time
from dataclasses import dataclass
from pathlib import Path

import naive_body
import numpy as np
from one_frame import curves_of, new_state, newest_frame, nothing, packed

from compute.body import body_arrays, body_poses, femur_known, new_poses
from compute.calibration import Person, calibrate
from compute.conventions import Side
from compute.curves import ANKLE_FLEXION, EKAM, HIP_FLEXION, KFM, KNEE_FLEXION, leg_curves
from compute.filters import zero_lag, zero_lag_section
from compute.newton_euler import HALF_WIDTH, leg_moments
from compute.resample import resample
from compute.stance import CURVES
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.readers import read_recording

TESTS = Path(__file__).parents[1]
FOLDER = TESTS.parents[1] / "shared" / "data" / "treadmill_gait2354_subject01"
LAB = TESTS / "labs" / f"{FOLDER.name}.toml"
PERSON = Person("T1", 72.6, 1.803, "m")
CUTOFF_HZ = 6.0


@dataclass(frozen=True)
class Walk:
    """Walking trial, repeated end to end to `n` frames: raw and filtered, with the loads per foot."""

    subject: object
    names: tuple
    trial_frames: int
    marker_hz: float
    force_hz: float
    raw_m: np.ndarray
    markers_m: np.ndarray
    raw_wrench: np.ndarray
    wrench: np.ndarray

    @property
    def n(self):
        return len(self.markers_m)


def read_walk(at_least):
    lab = read_lab(LAB).lab
    static = read_recording(FOLDER / "subject01_static.trc", lab)
    names = present_markers(static.markers.info, lab)
    at = MarkerMap(static.markers.info, lab, names).apply(static.markers.values)
    subject = calibrate(
        {name: at[:, i] for i, name in enumerate(names)}, rate_hz(static.markers.info, lab), PERSON
    )
    walk = read_recording(FOLDER / "subject01_walk1.trc", lab)
    subject = subject.restricted_to(present_markers(walk.markers.info, lab))[0]
    names = subject.markers()
    raw = MarkerMap(walk.markers.info, lab, names).apply(walk.markers.values)
    wrench = PlateMap(walk.forces.info, lab).apply(walk.forces.values)
    marker_hz, force_hz = rate_hz(walk.markers.info, lab), rate_hz(walk.forces.info, lab)
    wrench = np.nan_to_num(wrench[: round(len(raw) * force_hz / marker_hz)])
    raw, wrench = np.ascontiguousarray(raw), np.ascontiguousarray(wrench)
    n, k = len(raw), len(wrench)
    smooth = _filtered(raw.reshape(n, -1), marker_hz).reshape(raw.shape)
    loads = _filtered(wrench.reshape(k, -1), force_hz)
    loads = resample(
        np.arange(k) / force_hz,
        loads,
        (np.arange(n) / marker_hz).clip(max=(k - 1) / force_hz),
        np.empty((n, 12)),
    )
    times = -(-at_least // n)
    return Walk(
        subject, names, n, marker_hz, force_hz, np.tile(raw, (times, 1, 1)), np.tile(smooth, (times, 1, 1)),
        np.tile(wrench, (times, 1, 1)), np.tile(loads.reshape(n, 2, 6), (times, 1, 1)),
    )  # fmt: skip


def _filtered(x, rate):
    section = zero_lag_section(CUTOFF_HZ, rate)
    x = np.ascontiguousarray(x)
    return zero_lag(x, section, np.empty(len(x) + 2 * section.pad), np.empty_like(x))


class Batch:
    """All frames in one go through preallocated arrays, as a stance or a recording is computed."""

    def __init__(self, walk):
        self.walk, n = walk, walk.n
        self.body = body_arrays(walk.subject, walk.names)
        self.poses = new_poses(n)
        self.moments, self.vector = np.empty((2, n, 3, 3)), np.empty((2, n, 3))
        self.curves = np.empty((2, n, len(CURVES)))
        self.wrench = np.ascontiguousarray(walk.wrench.transpose(1, 0, 2))
        self._sections = [
            zero_lag_section(CUTOFF_HZ, rate) for rate in (walk.marker_hz, walk.force_hz)
        ]
        flat, loads = walk.raw_m.reshape(n, -1), walk.raw_wrench.reshape(len(walk.raw_wrench), -1)
        self._given = (flat, loads)
        self._filtered = (np.empty_like(flat), np.empty_like(loads))
        self._work = np.empty(len(loads) + 2 * self._sections[1].pad)
        self._times = np.arange(n) / walk.marker_hz, np.arange(len(loads)) / walk.force_hz
        self._at_frames = np.empty((n, 12))

    def core(self, markers_m=None):
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

    def filters(self):
        """Seconds to filter every marker and every plate channel and to read the loads at the frames."""
        start = time.perf_counter()
        for x, section, out in zip(self._given, self._sections, self._filtered, strict=True):
            zero_lag(x, section, self._work, out)
        resample(self._times[1], self._filtered[1], self._times[0], self._at_frames)
        return time.perf_counter() - start


class FrameByFrame:
    """One call of one kernel per marker frame, as a sample by sample path pays for it."""

    def __init__(self, walk):
        self.walk = walk
        self.body = body_arrays(walk.subject, walk.names)
        self.femur = femur_known(self.body.left)
        self.packed = packed(self.body)
        self.state = new_state()

    def arguments(self, i):
        walk = self.walk
        return (
            walk.markers_m[i : i + 1], walk.wrench[max(i - HALF_WIDTH, 0)], *self.packed, self.femur,
            walk.marker_hz, self.state,
        )  # fmt: skip

    def latencies_ns(self):
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

    def differs_by(self, batch):
        """Largest difference of the curves, frame by frame, to those of the batch."""
        worst = 0.0
        for i in range(self.walk.trial_frames):
            newest_frame(*self.arguments(i))
            if i >= 2 * HALF_WIDTH:
                gap = curves_of(self.state) - batch.curves[:, i - HALF_WIDTH]
                worst = max(worst, float(np.nanmax(np.abs(gap))))
        return worst


class Twin:
    """The slow, obvious NumPy of the tests on one pass of the trial."""

    def __init__(self, walk):
        self.walk, n = walk, walk.trial_frames
        self.rows = np.full((2, n, 5), np.nan)

    def seconds(self):
        """Seconds for `trial_frames` frames; `rows` receives EKAM, KFM and three flexion angles."""
        walk, n = self.walk, self.walk.trial_frames
        start = time.perf_counter()
        poses = [
            naive_body.body_poses(frame, walk.subject, walk.names) for frame in walk.markers_m[:n]
        ]
        for side in Side:
            self._leg(poses, side)
        return time.perf_counter() - start

    def _leg(self, poses, side):
        walk, n = self.walk, self.walk.trial_frames
        leg = walk.subject.leg(side)
        hip = np.array(walk.subject.pelvis.points_m[side.letter + "HJC"])
        thigh = [
            (pose[side, "thigh"][0], pose["pelvis"][1] + pose["pelvis"][0] @ hip) for pose in poses
        ]
        parts = []
        for inertia, frames in (
            (leg.thigh_inertia, thigh),
            (leg.shank_inertia, [pose[side, "shank"] for pose in poses]),
            (leg.foot_inertia, [pose[side, "foot"] for pose in poses]),
        ):
            r, origin = np.array([r for r, _ in frames]), np.array([o for _, o in frames])
            parts.append(
                (
                    inertia.mass_kg,
                    np.array(inertia.com_m),
                    np.array(inertia.inertia_kg_m2),
                    r,
                    origin,
                )
            )
        for i in range(HALF_WIDTH, n - HALF_WIDTH):
            efforts, coms = [], []
            window = slice(i - HALF_WIDTH, i + HALF_WIDTH + 1)
            for mass, com, tensor, r, origin in parts:
                motion = naive_body.segment_motion(
                    r[window], origin[window], com, walk.marker_hz, 2
                )
                efforts.append(naive_body.segment_effort(mass, tensor, r[i], motion))
                coms.append(motion[0])
            shank, foot = parts[1][3][i], parts[2][3][i]
            joints = (poses[i][side, "ajc"], parts[1][4][i], parts[0][4][i])
            moments = naive_body.joint_moments(walk.wrench[i, side], joints, efforts, coms)
            tibia = moments[1] @ shank
            self.rows[side, i] = (
                side.sigma * tibia[0],
                -tibia[2],
                naive_body.cardan_zxy(shank, foot)[0],
                -naive_body.cardan_zxy(parts[0][3][i], shank)[0],
                naive_body.cardan_zxy(poses[i]["pelvis"][0], parts[0][3][i])[0],
            )

    def differs_by(self, batch):
        """Largest difference of these rows to the kernels', away from where the trial is repeated."""
        n = self.walk.trial_frames
        columns = [EKAM, KFM, ANKLE_FLEXION, KNEE_FLEXION, HIP_FLEXION]
        inside = slice(HALF_WIDTH, n - HALF_WIDTH)
        return float(np.abs(batch.curves[:, inside][:, :, columns] - self.rows[:, inside]).max())
