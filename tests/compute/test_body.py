"""Poses and curves of the whole body against their twins, on frames of the synthetic walker."""

import naive
import naive_body
import numpy as np
import pytest
import walkers

from compute.body import (
    FOOT,
    PELVIS,
    SHANK,
    THIGH,
    TRUNK,
    body_arrays,
    body_poses,
    leg_row,
    new_poses,
)
from compute.conventions import Side
from compute.curves import EKAM_VECTOR, KFM_VECTOR, leg_curves
from compute.newton_euler import leg_moments
from compute.stance import CURVES


@pytest.fixture(scope="module")
def walk():
    given = walkers.samples(7)
    return walkers.subject(), given, given.markers_m[50:90]


def test_every_pose_is_that_of_the_twin(walk):
    subject, _, frames = walk
    names = subject.markers()
    poses = body_poses(frames, body_arrays(subject, names), new_poses(len(frames)))
    for i in range(0, len(frames), 7):
        twin = naive_body.body_poses(frames[i], subject, names)
        wanted = {PELVIS: twin["pelvis"], TRUNK: twin["trunk"]}
        for side in Side:
            wanted[leg_row(side, SHANK)] = twin[side, "shank"]
            wanted[leg_row(side, FOOT)] = twin[side, "foot"]
            np.testing.assert_allclose(poses.ajc_m[i, side], twin[side, "ajc"], atol=1e-10)
            # the thigh's turn comes from its cluster, its origin is the pelvis's hip joint centre
            r, o = twin[side, "thigh"]
            hip = np.array(subject.pelvis.points_m[side.letter + "HJC"])
            wanted[leg_row(side, THIGH)] = r, twin["pelvis"][1] + twin["pelvis"][0] @ hip
            np.testing.assert_allclose(o, wanted[leg_row(side, THIGH)][1], atol=2e-3)
        for row, (r, o) in wanted.items():
            np.testing.assert_allclose(poses.r[i, row], r, atol=1e-10)
            np.testing.assert_allclose(poses.origin_m[i, row], o, atol=1e-10)


def test_a_segment_without_its_markers_is_missing_and_harms_no_other(walk):
    subject, _, frames = walk
    names = subject.markers()
    whole = body_poses(frames, body_arrays(subject, names), new_poses(len(frames)))
    gone = frozenset((*subject.pelvis.cluster, *subject.trunk.cluster))
    poses = body_poses(frames, body_arrays(subject, names, gone), new_poses(len(frames)))
    assert np.isnan(poses.r[:, [PELVIS, TRUNK]]).all()
    for side in Side:
        for segment in (SHANK, FOOT):
            row = leg_row(side, segment)
            assert np.array_equal(poses.r[:, row], whole.r[:, row])


@pytest.mark.parametrize("side", list(Side))
def test_vector_moments_are_those_of_force_and_centre_of_pressure(walk, side):
    subject, given, frames = walk
    names = subject.markers()
    n = len(frames)
    body = body_arrays(subject, names)
    leg = body.right if side is Side.RIGHT else body.left
    poses = body_poses(frames, body, new_poses(n))
    rng = np.random.default_rng(1)
    wrench = rng.normal(size=(n, 6)) * 100 + [0, 700, 0, 0, 0, 0]
    moments, vector = np.empty((n, 3, 3)), np.empty((n, 3))
    leg_moments(poses, poses, wrench, leg.inertia, int(side), 100.0, 0, moments, vector)
    curves = leg_curves(
        poses, moments, vector, wrench, leg, 3, int(side), 0, np.empty((n, len(CURVES)))
    )
    for i in range(n):
        ekam, kfm = naive.ekam_kfm(frames[i], wrench[i], leg.shank, side.sigma)
        assert curves[i, EKAM_VECTOR] == pytest.approx(ekam, abs=1e-8)
        assert curves[i, KFM_VECTOR] == pytest.approx(kfm, abs=1e-8)
    assert len(given.markers_m) > n
