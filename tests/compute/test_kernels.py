"""Every compiled kernel against its slow twin."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from compute.filters import causal_section, causal_step, group_delay_s, zero_lag, zero_lag_section
from compute.lab_frame import markers_to_lab
from compute.plates import COP, WRENCH, PlateArrays, add_wrench, plate_axes, wrench_matrix
from compute.pose import cluster_pose, tibia_frame
from compute.resample import resample

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, n=st.integers(5, 400), cutoff=st.sampled_from([6.0, 10.0, 20.0]))
@settings(max_examples=40, deadline=None)
def test_zero_lag(seed, n, cutoff):
    x = np.random.default_rng(seed).normal(size=(n, 3)).cumsum(axis=0)
    section = zero_lag_section(cutoff, 100.0)
    got = zero_lag(x, section, np.empty(n + 2 * section.pad), np.empty_like(x))
    np.testing.assert_allclose(got, naive.zero_lag(x, section), atol=1e-9 * np.abs(x).max())


@pytest.mark.parametrize("rate_hz", [60.0, 100.0, 1000.0])
@pytest.mark.parametrize("cutoff_hz", [6.0, 15.0])
def test_zero_lag_has_half_power_at_the_cut_off(rate_hz, cutoff_hz):
    """A sine at the cut-off comes out at 1/sqrt(2) of its size and in phase."""
    t = np.arange(int(20 * rate_hz)) / rate_hz
    x = np.column_stack([np.sin(2 * np.pi * cutoff_hz * t)])
    section = zero_lag_section(cutoff_hz, rate_hz)
    y = zero_lag(x, section, np.empty(len(t) + 2 * section.pad), np.empty_like(x))
    middle = slice(len(t) // 4, 3 * len(t) // 4)
    basis = np.column_stack([np.sin(2 * np.pi * cutoff_hz * t), np.cos(2 * np.pi * cutoff_hz * t)])
    gain, quadrature = np.linalg.lstsq(basis[middle], y[middle, 0])[0]
    assert gain == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert quadrature == pytest.approx(0.0, abs=1e-3)


def test_a_rate_too_low_for_the_filter_is_refused():
    with pytest.raises(ValueError, match="6 Hz filter needs more than 10"):
        zero_lag_section(6.0, 10.0)


def test_causal_step_and_its_delay():
    section = causal_section(10.0, 1000.0)
    t = np.arange(3000) / 1000.0
    x = np.column_stack([t, np.sin(t)])
    state = np.full((2, 2), np.nan)
    got = np.array([causal_step(row, section, state, np.empty(2)) for row in x])
    np.testing.assert_allclose(got, naive.causal(x, section), atol=1e-12)
    delay_s = t[2500] - got[2500, 0]  # of a ramp
    assert delay_s == pytest.approx(group_delay_s(10.0), abs=2e-4)


def test_causal_step_restarts_after_missing_values():
    section = causal_section(10.0, 100.0)
    state = np.full((1, 2), np.nan)
    out = np.empty(1)
    for value in (1.0, 1.0, np.nan, 3.0, 3.0):
        causal_step(np.array([value]), section, state, out)
    assert out[0] == pytest.approx(3.0)


@given(seed=seeds, n=st.integers(3, 6), noise=st.sampled_from([0.0, 1e-4, 5e-3]))
@settings(max_examples=200, deadline=None)
def test_cluster_pose(seed, n, noise):
    rng = np.random.default_rng(seed)
    local = rng.uniform(-0.15, 0.15, size=(n, 3))
    spread = np.linalg.svd(local - local.mean(axis=0), compute_uv=False)
    if spread[1] < 0.02:
        return
    rotation = Rotation.random(random_state=int(seed)).as_matrix()
    measured = local @ rotation.T + rng.uniform(-2, 2, size=3) + noise * rng.normal(size=(n, 3))
    r, t = np.empty((3, 3)), np.empty(3)
    residual = cluster_pose(local, measured, r, t)
    r_twin, t_twin, residual_twin = naive.cluster_pose(local, measured)
    np.testing.assert_allclose(r, r_twin, atol=1e-9)
    np.testing.assert_allclose(t, t_twin, atol=1e-9)
    assert residual == pytest.approx(residual_twin, abs=1e-9)
    assert np.linalg.det(r) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, np.pi / 2, np.pi, -np.pi])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_cluster_pose_at_half_turns(angle, axis):
    """Where one component of the quaternion vanishes."""
    local = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.02], [0.0, 0.12, 0.0], [0.03, 0.0, 0.09]])
    rotation = Rotation.from_rotvec(angle * np.eye(3)[axis]).as_matrix()
    r, t = np.empty((3, 3)), np.empty(3)
    assert cluster_pose(local, local @ rotation.T + 1.0, r, t) < 1e-9
    np.testing.assert_allclose(r, rotation, atol=1e-9)


def test_a_missing_marker_makes_the_pose_missing():
    local = np.eye(3)
    measured = local.copy()
    measured[1, 1] = np.nan
    assert np.isnan(cluster_pose(local, measured, np.empty((3, 3)), np.empty(3)))


@given(seed=seeds)
@settings(max_examples=50, deadline=None)
def test_tibia_frame(seed):
    kjc, ajc, right = np.random.default_rng(seed).normal(size=(3, 3))
    got = tibia_frame(kjc, ajc, right, np.empty((3, 3)))
    np.testing.assert_allclose(got, naive.tibia_frame(kjc, ajc, right), atol=1e-12)
    np.testing.assert_allclose(got.T @ got, np.eye(3), atol=1e-12)


@given(seed=seeds)
@settings(max_examples=50, deadline=None)
def test_resample(seed):
    rng = np.random.default_rng(seed)
    time_s = np.sort(rng.uniform(0, 1, 50))
    x = rng.normal(size=(50, 6))
    at_s = np.sort(np.concatenate([rng.uniform(-0.1, 1.1, 20), time_s[[0, 10, -1]]]))
    got = resample(time_s, x, at_s, np.empty((len(at_s), 6)))
    np.testing.assert_allclose(got, naive.resample(time_s, x, at_s), atol=1e-12)


def test_markers_to_lab():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20, 12))
    values[3, 4] = np.nan
    values[5, 3:6] = 0.0
    values[6, 3] = 0.0
    columns = np.array([[0, 1, 2], [3, 4, 5], [-1, -1, -1], [9, 10, 11]])
    to_m = np.array([1e-3, 1e-3, 1.0, 1.0])
    r = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    got = markers_to_lab(values, columns, to_m, r, np.empty((20, 4, 3)))
    np.testing.assert_array_equal(got, naive.markers_to_lab(values, columns, to_m, r))
    assert np.isnan(got[[3, 5], 1]).all()
    assert not np.isnan(got[6, 1]).any()


def test_markers_that_say_that_they_are_not_valid_are_missing():
    values = np.random.default_rng(2).normal(size=(6, 8))
    values[:, 3] = [1.0, 0.5, 0.0, -1.0, np.nan, 1.0]
    values[5, 0] = np.nan
    columns = np.array([[0, 1, 2, 3], [4, 5, 6, -1], [-1, -1, -1, -1]])
    to_m, r = np.ones(3), np.eye(3)
    got = markers_to_lab(values, columns, to_m, r, np.empty((6, 3, 3)))
    np.testing.assert_array_equal(got, naive.markers_to_lab(values, columns, to_m, r))
    np.testing.assert_array_equal(np.isnan(got[:, 0, 0]), [False, False, True, True, True, True])
    assert not np.isnan(got[:, 1]).any()


def test_plate_wrench_about_the_lab_origin():
    rng = np.random.default_rng(2)
    corners = np.array([[0.5, 0.8, 0.0], [0.0, 0.8, 0.0], [0.0, -0.8, 0.0], [0.5, -0.8, 0.0]])
    r, centre = plate_axes(corners)
    np.testing.assert_allclose(
        r @ np.diag([1, 1, 1]), np.column_stack([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    )
    transducer = centre - r @ np.array([0.0, 0.0, 0.04])
    values = rng.normal(size=(30, 8))
    channels = np.array([2, 3, 4, 5, 6, 7])
    plate = PlateArrays(WRENCH, 1, channels, wrench_matrix(r, transducer, 1.0, 1e-3))
    got = add_wrench(values, plate, np.zeros((30, 2, 6)))
    expected = naive.plate_wrench(values[:, 2:5], 1e-3 * values[:, 5:8], r, transducer)
    np.testing.assert_allclose(got[:, 1], expected, atol=1e-12)
    np.testing.assert_array_equal(got[:, 0], 0.0)


def test_force_and_centre_of_pressure():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(30, 9)) * 10
    values[:, 1] += 100.0
    values[4] = [
        2.0,
        -8.0,
        1.0,
        np.nan,
        np.nan,
        np.nan,
        0.3,
        0.3,
        0.3,
    ]  # noise: no centre of pressure
    plate = PlateArrays(COP, 0, np.arange(9), np.eye(9))
    got = add_wrench(values, plate, np.zeros((30, 2, 6)))[:, 0]
    expected = naive.cop_wrench(values[:, :3], values[:, 3:6], values[:, 6:])
    expected[4] = 0.0
    np.testing.assert_allclose(got, expected, atol=1e-12)
    values[7, 3:6] = np.nan  # loaded: then it is missing
    assert np.isnan(add_wrench(values, plate, np.zeros((30, 2, 6)))[7, 0, 3:]).all()


def test_corners_that_are_no_rectangle_are_refused():
    with pytest.raises(ValueError, match="rectangle"):
        plate_axes(np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [1.0, 0.1, 0]]))
