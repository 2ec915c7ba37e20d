"""What the kernels ask of the heap does not grow with the frames they are given."""

import numpy as np
import pytest
import walkers
from numba.core.runtime import _nrt_python, rtsys

from compute import newton_euler as ne
from compute.body import body_arrays, body_poses, femur_known, new_poses
from compute.curves import leg_curves
from compute.filters import causal_section, causal_step, zero_lag, zero_lag_section
from compute.resample import resample
from compute.stance import CURVES

FRAMES = 40


@pytest.fixture
def allocations():
    """How often a call allocates in compiled code, one for each array that it is given included."""

    def count(call):
        call()  # compiles
        before = rtsys.get_allocation_stats().alloc
        call()
        return rtsys.get_allocation_stats().alloc - before

    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    yield count
    if not was_on:
        _nrt_python.memsys_disable_stats()


@pytest.fixture(scope="module")
def walk():
    given, subject = walkers.samples(7), walkers.subject()
    frames = np.ascontiguousarray(given.markers_m[50 : 50 + FRAMES])
    body = body_arrays(subject, subject.markers())
    return frames, body, body_poses(frames, body, new_poses(FRAMES))


def test_the_count_sees_an_allocation(allocations, walk):
    assert allocations(lambda: leg_of(walk, 3)) > 0


def leg_of(walk, n):
    _, body, poses = walk
    wrench, moments, vector = np.ones((n, 6)), np.empty((n, 3, 3)), np.empty((n, 3))
    ne.leg_moments(poses, poses, wrench, body.left.inertia, 0, 100.0, 5, moments, vector)
    leg_curves(
        poses,
        moments,
        vector,
        wrench,
        body.left,
        femur_known(body.left),
        0,
        5,
        np.empty((n, len(CURVES))),
    )


def test_poses_allocate_once_a_call(allocations, walk):
    frames, body, poses = walk
    few, many = (allocations(lambda n=n: body_poses(frames[:n], body, poses)) for n in (1, FRAMES))
    assert few == many


def test_moments_and_curves_allocate_once_a_call(allocations, walk):
    few, many = (allocations(lambda n=n: leg_of(walk, n)) for n in (1, FRAMES - 10))
    assert few == many


def test_a_foot_without_markers_allocates_no_more(allocations, walk):
    frames, body, poses = walk
    untracked = poses._replace(residual_m=np.full_like(poses.residual_m, np.nan))
    few, many = (
        allocations(lambda n=n: leg_of((frames, body, untracked), n)) for n in (1, FRAMES - 10)
    )
    assert few == many


def test_the_sums_of_one_frame_allocate_nothing(allocations, walk):
    _, body, poses = walk
    r, origin, inertia = poses.r[:, 3], poses.origin_m[:, 3], body.left.inertia
    motion, effort, joints = np.zeros((4, 3)), np.zeros(6), np.zeros((3, 3))
    com, tensor, at = inertia.com_m[1], inertia.inertia_kg_m2[1], r[5]
    efforts, coms, out = np.zeros((3, 6)), np.zeros((3, 3)), np.zeros((3, 3))
    for given, call in (
        (4, lambda: ne.segment_motion(r, origin, com, 100.0, 5, motion)),
        (4, lambda: ne.segment_effort(3.0, tensor, at, motion, effort)),
        (5, lambda: ne.joint_moments(effort, joints, efforts, coms, out)),
    ):
        assert allocations(call) == given


def test_filters_and_resampling_allocate_nothing(allocations):
    x, out = np.random.default_rng(0).normal(size=(200, 3)), np.empty((200, 3))
    section, live = zero_lag_section(6.0, 100.0), causal_section(6.0, 100.0)
    work, state, row = np.empty(200 + 2 * section.pad), np.zeros((3, 2)), np.empty(3)
    times, at = np.arange(200.0), np.linspace(1.0, 150.0, 40)
    for given, call in (
        (6, lambda: zero_lag(x, section, work, out)),
        (6, lambda: causal_step(x[0], live, state, row)),
        (4, lambda: resample(times, x, at, out[:40])),
    ):
        assert allocations(call) == given
