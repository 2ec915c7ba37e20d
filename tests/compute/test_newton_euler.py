"""Kernels of the joint moments against their twins and against cases that can be done by hand."""

import naive_body
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from compute import newton_euler as ne
from compute.body import SHANK, InertiaArrays, new_poses
from compute.conventions import Side
from compute.curves import cardan_zxy, ekam_jcs_nm, foot_progression_rad

RATE_HZ = 100.0
seeds = st.integers(0, 2**31)


def smooth_poses(seed, n=9):
    """A few frames of a body in smooth general motion."""
    rng = np.random.default_rng(seed)
    t = (np.arange(n) - n // 2) / RATE_HZ
    poses = new_poses(n)
    for segment in range(8):
        turn = rng.normal(size=(3, 3)) * [[1.0], [4.0], [20.0]]
        vectors = turn[0] + np.outer(t, turn[1]) + 0.5 * np.outer(t**2, turn[2])
        poses.r[:, segment] = Rotation.from_rotvec(vectors).as_matrix()
        move = rng.normal(size=(3, 3)) * [[0.5], [1.0], [8.0]]
        poses.origin_m[:, segment] = move[0] + np.outer(t, move[1]) + 0.5 * np.outer(t**2, move[2])
    poses.ajc_m[:] = poses.origin_m[:, [4, 7]] + 0.01
    poses.residual_m[:] = 0.001
    return poses


def inertia(seed, mass=(9.0, 3.3, 0.8)):
    rng = np.random.default_rng(seed)
    tensors = []
    for _ in range(3):
        a = rng.normal(size=(3, 3))
        tensors.append(0.02 * (a @ a.T + np.eye(3)))
    return InertiaArrays(np.array(mass), 0.1 * rng.normal(size=(3, 3)), np.array(tensors))


@given(seeds)
def test_a_segments_motion_and_effort_are_those_of_the_twin(seed):
    poses, body = smooth_poses(seed), inertia(seed)
    i = 4
    for segment in range(8):
        motion = ne.segment_motion(
            poses.r[:, segment],
            poses.origin_m[:, segment],
            body.com_m[0],
            RATE_HZ,
            i,
            np.empty((4, 3)),
        )
        wanted = naive_body.segment_motion(
            poses.r[:, segment], poses.origin_m[:, segment], body.com_m[0], RATE_HZ, i
        )
        np.testing.assert_allclose(motion, wanted, rtol=1e-9, atol=1e-9)
        effort = ne.segment_effort(
            3.0, body.inertia_kg_m2[0], poses.r[i, segment], motion, np.empty(6)
        )
        twin = naive_body.segment_effort(3.0, body.inertia_kg_m2[0], poses.r[i, segment], motion)
        np.testing.assert_allclose(effort, twin, rtol=1e-9, atol=1e-9)


@given(seeds)
def test_summing_about_each_joint_equals_the_recursion_from_segment_to_segment(seed):
    rng = np.random.default_rng(seed)
    wrench, joints = rng.normal(size=6) * 500, rng.normal(size=(3, 3))
    efforts, coms = rng.normal(size=(3, 6)) * 30, rng.normal(size=(3, 3))
    moments = ne.joint_moments(wrench, joints, efforts, coms, np.empty((3, 3)))
    np.testing.assert_allclose(
        moments, naive_body.joint_moments(wrench, joints, efforts, coms), rtol=1e-9, atol=1e-8
    )


@pytest.mark.parametrize("side", list(Side))
def test_a_resting_leg_carries_only_weights(side):
    poses = new_poses(5)
    poses.r[:] = np.eye(3)
    poses.origin_m[:] = [0.0, 0.5, 0.0]
    poses.ajc_m[:] = [0.0, 0.1, 0.0]
    poses.residual_m[:] = 0.0
    body = InertiaArrays(
        np.array([9.0, 3.0, 1.0]),
        np.array([[0.1, 0, 0], [0.2, 0, 0], [0.3, 0, 0]]),
        np.zeros((3, 3, 3)),
    )
    vector = np.empty((1, 3))
    moments = ne.leg_moments(
        poses, poses, np.zeros((1, 6)), body, side, RATE_HZ, 2, np.empty((1, 3, 3)), vector
    )
    # weights ahead of the joints turn the leg about -z
    assert moments[0, ne.KNEE] == pytest.approx([0.0, 0.0, -9.81 * (3.0 * 0.2 + 1.0 * 0.3)])
    assert moments[0, ne.HIP] == pytest.approx([0.0, 0.0, -9.81 * (9.0 * 0.1 + 3.0 * 0.2 + 0.3)])
    assert not vector.any()


@given(seeds)
def test_without_mass_the_knee_moment_is_that_of_the_plate(seed):
    poses, rng = smooth_poses(seed), np.random.default_rng(seed)
    wrench, vector = rng.normal(size=(3, 6)) * 400, np.empty((3, 3))
    moments = ne.leg_moments(
        poses, poses, wrench, inertia(seed, (0.0, 0.0, 0.0))._replace(inertia_kg_m2=np.zeros((3, 3, 3))),
        1, RATE_HZ, 3, np.empty((3, 3, 3)), vector,
    )  # fmt: skip
    np.testing.assert_allclose(moments[:, ne.KNEE], vector, atol=1e-9)
    for k in range(3):
        twin = naive_body.moment_about(wrench[k], poses.origin_m[3 + k, 5 + SHANK])
        np.testing.assert_allclose(vector[k], twin, atol=1e-9)


def test_frames_without_neighbours_have_no_moment():
    poses = smooth_poses(1)
    n = len(poses.r)
    moments = ne.leg_moments(
        poses,
        poses,
        np.zeros((n, 6)),
        inertia(1),
        0,
        RATE_HZ,
        0,
        np.empty((n, 3, 3)),
        np.empty((n, 3)),
    )
    missing = np.isnan(moments).all(axis=(1, 2))
    assert missing.tolist() == [True, True] + [False] * (n - 4) + [True, True]


def test_a_foot_without_markers_is_a_point_mass_at_the_ankle():
    poses, body = smooth_poses(3), inertia(3)
    poses.residual_m[:, [4, 7]] = np.nan
    poses.r[:, [4, 7]] = np.nan
    only_foot = body._replace(mass_kg=np.array([0.0, 0.0, 0.8]))
    moments = ne.leg_moments(
        poses, poses, np.zeros((1, 6)), only_foot._replace(inertia_kg_m2=np.zeros((3, 3, 3))), 0, RATE_HZ,
        4, np.empty((1, 3, 3)), np.empty((1, 3)),
    )  # fmt: skip
    _, acceleration = naive_body.five_point(poses.ajc_m[:, 0], 4, RATE_HZ)
    force = 0.8 * (naive_body.GRAVITY - acceleration)
    arm = poses.ajc_m[4, 0] - poses.origin_m[4, 2 + SHANK]
    np.testing.assert_allclose(moments[0, ne.KNEE], np.cross(arm, force), atol=1e-9)
    np.testing.assert_allclose(moments[0, ne.ANKLE], 0.0, atol=1e-9)


@given(seeds)
def test_angles_are_those_of_the_twin_and_miss_nothing(seed):
    proximal, distal = Rotation.random(2, random_state=seed % 2**31).as_matrix()
    out = cardan_zxy(proximal, distal, np.empty(3))
    np.testing.assert_allclose(out, naive_body.cardan_zxy(proximal, distal), atol=1e-12)
    again = Rotation.from_euler("ZXY", out).as_matrix()
    np.testing.assert_allclose(again, proximal.T @ distal, atol=1e-9)


def test_angles_of_an_unknown_segment_are_unknown():
    nothing = np.full((3, 3), np.nan)
    assert np.isnan(cardan_zxy(nothing, np.eye(3), np.empty(3))).all()


@pytest.mark.parametrize("side", list(Side))
def test_signs_of_joint_angles(side):
    sigma = side.sigma

    def turned(axis, degrees):
        return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()

    femur = np.eye(3)
    # shank swung back: the knee is flexed
    assert -cardan_zxy(femur, turned("z", -20.0), np.empty(3))[0] == pytest.approx(np.radians(20))
    # ankle toward the midline: varus on either leg; the shank points down, so about +x on the right
    medial = turned("x", 5.0 * sigma)
    assert (medial @ [0.0, -0.4, 0.0])[2] * sigma < 0.0
    assert sigma * cardan_zxy(femur, medial, np.empty(3))[1] == pytest.approx(np.radians(5))
    # toes toward the midline: internal rotation
    inward = turned("y", 7.0 * sigma)
    assert (inward @ [1.0, 0.0, 0.0])[2] * sigma < 0.0
    assert sigma * cardan_zxy(femur, inward, np.empty(3))[2] == pytest.approx(np.radians(7))


@pytest.mark.parametrize("side", list(Side))
def test_toes_out_is_positive_and_the_second_head_wins_over_the_middle(side):
    sigma = side.sigma
    points = np.array(
        [[-0.05, 0, 0], [0.15, 0, -0.03 * sigma], [np.nan] * 3, [0.13, 0, 0.05 * sigma]]
    )
    straight = foot_progression_rad(sigma, np.eye(3), points)
    assert straight == pytest.approx(np.arctan2(0.01, 0.19))
    points[2] = [0.15, 0.0, 0.0]
    out = Rotation.from_euler("y", -10.0 * sigma, degrees=True).as_matrix()
    assert foot_progression_rad(sigma, out, points) == pytest.approx(np.radians(10))


@given(seeds)
def test_with_equal_axes_the_joint_coordinate_system_gives_the_tibia_value(seed):
    r = Rotation.random(random_state=seed).as_matrix()
    moment = np.random.default_rng(seed).normal(size=3)
    assert ekam_jcs_nm(1.0, moment, r, r) == pytest.approx(moment @ r[:, 0])
