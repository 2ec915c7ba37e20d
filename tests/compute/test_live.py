"""Poses of the live path from the markers at hand."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from compute.pose import LANDMARKS, ShankArrays, second_extent_m, shank_pose_of_seen
from compute.subject import cluster_spread_m

NONE = np.zeros(2, dtype=np.int64)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 6), flat=st.sampled_from([0.0, 1e-3, 1.0]))
@settings(max_examples=200, deadline=None)
def test_second_extent(seed, n, flat):
    points = np.random.default_rng(seed).normal(size=(n, 3)) * [0.1, 0.1 * flat, 0.05 * flat]
    points = points @ Rotation.random(random_state=seed).as_matrix().T
    got = second_extent_m(np.vstack([points, np.full((2, 3), np.nan)]), n)
    assert got == pytest.approx(cluster_spread_m(points), abs=1e-4)
    assert second_extent_m(np.zeros((3, 3)), 3) == 0.0


def posed(frame, usable, shank):
    k = max(len(shank.cluster), 1)
    r, kjc, ajc = np.empty((3, 3)), np.empty(3), np.empty(3)
    residual = shank_pose_of_seen(
        frame, usable, shank, 0.02, np.empty((k, 3)), np.empty((k, 3)), r, kjc, ajc
    )
    return residual, r, kjc, ajc


def test_the_markers_at_hand_carry_the_shank():
    local = np.array(
        [[0.05, -0.1, 0.05], [0.03, -0.2, -0.04], [0.06, -0.12, -0.01], [0.05, -0.3, 0.03]]
    )
    ajc_local = np.array([0.0, -0.4, 0.01])
    shank = ShankArrays(0, np.array([4, 1, 3, 2]), local, ajc_local, NONE, NONE, NONE)
    rotation = Rotation.random(random_state=1).as_matrix()
    frame = np.full((5, 3), np.nan)
    frame[shank.cluster] = local @ rotation.T + [1.0, 2.0, 3.0]
    for hidden in ((), (0,), (3,), (0, 3)):
        usable = np.ones(5, dtype=bool)
        usable[shank.cluster[list(hidden)]] = False
        residual, r, kjc, ajc = posed(frame, usable, shank)
        if len(hidden) > 1:
            assert np.isnan(residual)
            assert np.isnan(np.concatenate([r.ravel(), kjc, ajc])).all()
            continue
        kept = [i for i in range(4) if i not in hidden]
        r_twin, t_twin, _ = naive.cluster_pose(local[kept], frame[shank.cluster][kept])
        np.testing.assert_allclose(r, r_twin, atol=1e-9)
        np.testing.assert_allclose(kjc, t_twin, atol=1e-9)
        np.testing.assert_allclose(ajc, r_twin @ ajc_local + t_twin, atol=1e-9)
        assert residual < 1e-9


def test_three_markers_in_line_do_not():
    line = np.array([[0.05, -0.1, 0.0], [0.051, -0.2, 0.0], [0.05, -0.3, 0.001], [0.1, -0.2, 0.05]])
    shank = ShankArrays(0, np.arange(4), line, np.zeros(3), NONE, NONE, NONE)
    assert posed(line, np.ones(4, dtype=bool), shank)[0] < 1e-9
    assert np.isnan(posed(line, np.array([True, True, True, False]), shank)[0])


def test_landmarks_are_read_as_they_are():
    shank = ShankArrays(
        LANDMARKS, np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros(3),
        np.array([0, 1]), np.array([2, 3]), np.array([0, 1]),
    )  # fmt: skip
    frame = np.array([[0.0, 0.5, -0.05], [0.0, 0.5, 0.05], [0.0, 0.1, -0.03], [0.0, 0.1, 0.03]])
    _, r, kjc, ajc = posed(frame, np.ones(4, dtype=bool), shank)
    np.testing.assert_allclose(r, np.eye(3), atol=1e-12)
    np.testing.assert_allclose([kjc, ajc], [[0, 0.5, 0], [0, 0.1, 0]], atol=1e-12)
