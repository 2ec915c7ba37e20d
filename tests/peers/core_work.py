"""The frames of a real trial for the core, and its NumPy twin."""

import time
from pathlib import Path

import naive_body
import numpy as np

from compute.calibration import Person, calibrate
from compute.conventions import Side
from compute.curves import ANKLE_FLEXION, EKAM, HIP_FLEXION, KFM, KNEE_FLEXION
from compute.newton_euler import HALF_WIDTH
from display.bench.core import Walk
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.readers import read_recording

TESTS = Path(__file__).parents[1]
FOLDER = TESTS.parents[1] / "shared" / "data" / "treadmill_gait2354_subject01"
LAB = TESTS / "labs" / f"{FOLDER.name}.toml"
PERSON = Person("T1", 72.6, 1.803, "m")


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
    return Walk.of(subject, raw, wrench, (marker_hz, force_hz), at_least)


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
