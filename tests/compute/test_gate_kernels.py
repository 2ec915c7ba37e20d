"""The kernels of gates, repair and uncertainty against their slow twins."""

import naive_gates as naive
import numpy as np
import pytest
import walkers
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import body as bodies
from compute.conventions import ekam_nm
from compute.cop_gate import complete_outline, distances_m
from compute.cross_belt import against_belt_at, longest_loaded
from compute.features import impulse
from compute.filters import zero_lag, zero_lag_section
from compute.gates import is_rigid, most_stretched_m
from compute.kinematic_events import SWING_SPEED_M_PER_S, seen_mean, speeds, swinging
from compute.marker_gate import median_distance_m, sharpest_bend_m, trade_places
from compute.newton_euler import KNEE, leg_moments
from compute.peaks import maxima
from compute.plate_gate import longest_at_extreme, longest_repeat
from compute.plates import centre_of_pressure_m
from compute.prepared import last_blink, last_missing, unbroken, unbroken_from, whole
from compute.uncertainty import noisy_rows, sensitivities, spread_nm2, third_differences

seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=40, deadline=None)


@given(seed=seeds)
@many
def test_flat_tops_and_repetitions_of_a_plate(seed):
    rng = np.random.default_rng(seed)
    load = rng.normal(size=(80, 6)) * rng.choice([1.0, 100.0], size=6)
    a, b = rng.integers(0, 60, 2)
    load[a : a + rng.integers(1, 20)] = load[a]
    load[b : b + 15, 1] = load[:, 1].max()
    assert longest_at_extreme(load, 10.0) == naive.longest_at_extreme(load, 10.0)
    assert longest_repeat(load, 50.0) == naive.longest_repeat(load, 50.0)


@given(seed=seeds)
@many
def test_markers_that_bend_or_trade_places(seed):
    rng = np.random.default_rng(seed)
    markers = rng.normal(size=(30, 5, 3)).cumsum(axis=0) * 0.01 + rng.normal(size=(1, 5, 3)) * 0.1
    if seed % 2:
        markers[12:, [1, 3]] = markers[12:, [3, 1]]
    rows = np.array([0, 1, 4])
    assert sharpest_bend_m(markers, rows) == pytest.approx(naive.sharpest_bend_m(markers, rows))
    assert trade_places(markers, rows, 0.03) == naive.trade_places(markers, rows, 0.03)
    gap = np.linalg.norm(markers[:, 0] - markers[:, 3], axis=1)
    got = median_distance_m(markers[:, 0], markers[:, 3], np.empty(30))
    assert got == pytest.approx(np.median(gap))
    knee, ankle, axis = np.array([0, 1]), np.array([2, 2]), np.array([3, 4])
    assert most_stretched_m(markers, knee, ankle, axis, 0.4) == pytest.approx(
        naive.most_stretched_m(markers, knee, ankle, axis, 0.4)
    )


@given(seed=seeds)
@many
def test_a_misfit_is_that_of_a_rigid_body(seed):
    residual = 0.001 * np.abs(np.random.default_rng(seed).normal(size=40)).cumsum() / 6.0
    limits = (0.003, 0.006, 0.0004)
    assert is_rigid(residual, *limits) == naive.is_rigid(residual, *limits)
    residual[seed % 40] = np.nan
    assert not is_rigid(residual, *limits)


@pytest.mark.parametrize("gone", [(), (1,), (2,), (3,), (1, 3), (0,), (1, 2), (2, 3)])
def test_the_outline_of_a_foot_and_the_load_under_it(gone):
    rng = np.random.default_rng(1)
    outline, r = rng.normal(size=(20, 4, 2)), rng.normal(size=(20, 3, 3))
    outline[7, list(gone)] = np.nan
    expected, ahead = naive.outline_of_foot(outline.copy(), r, -1.0)
    forward = np.empty((20, 2))
    assert complete_outline(outline, r, -1.0, forward) == (not np.isnan(expected).any())
    np.testing.assert_allclose(outline, expected, atol=1e-15)
    np.testing.assert_allclose(forward, ahead, atol=1e-15)


def test_distance_of_the_load_from_a_point():
    rng = np.random.default_rng(2)
    wrench, point, out = rng.normal(size=(50, 6)) * 100.0, rng.normal(size=(50, 3)), np.empty(50)
    loaded = wrench[:, 1] > 20.0
    gap = (centre_of_pressure_m(wrench) - point)[loaded][:, [0, 2]]
    assert distances_m(wrench, point, 20.0, out) == loaded.sum()
    np.testing.assert_allclose(out[: loaded.sum()], np.linalg.norm(gap, axis=1), rtol=1e-14)


@given(seed=seeds)
@many
def test_speed_swing_and_load(seed):
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0.005, 0.015, 60))
    x = rng.normal(size=(60, 4)).cumsum(axis=0) * 0.02
    speed = speeds(time_s, x, np.empty_like(x))
    np.testing.assert_allclose(speed, np.gradient(x, time_s, axis=0), atol=1e-11)
    before, after = rng.integers(0, 4, 2)
    got = swinging(speed, 1, before, after, np.empty(60, dtype=np.bool_))
    np.testing.assert_array_equal(got, naive.swinging(speed, 1, before, after, SWING_SPEED_M_PER_S))
    for at_s in (0.0, time_s[0], time_s[20], rng.uniform(0, 0.6), time_s[-1] + 1.0):
        expected = np.interp(at_s, time_s, naive.against_belt(speed, 1))
        assert against_belt_at(time_s, speed, 1, at_s) == pytest.approx(expected, abs=1e-12)
    force_time_s = np.sort(rng.uniform(-0.1, 0.8, 500))
    fz = np.repeat(rng.uniform(0, 50, 50), 10)
    args = force_time_s, fz, time_s, got, 0.05, 0.5, 20.0
    assert longest_loaded(*args) == naive.longest_loaded(*args)


@given(seed=seeds)
@many
def test_maxima_and_level_tops(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 8, 60).astype(float)
    time_s, out = np.cumsum(rng.uniform(0.01, 0.02, 60)), np.empty(60)
    for prominence in (0.0, 2.5):
        found = maxima(time_s, x, prominence, out)
        np.testing.assert_allclose(out[:found], naive.maxima(time_s, x, prominence), atol=1e-13)


def test_the_first_group_of_which_all_is_seen():
    markers = np.random.default_rng(3).normal(size=(10, 6, 3))
    markers[4, 1, 0] = np.nan
    groups = np.array([[1, -1, -1, -1], [0, 1, -1, -1], [2, 3, 4, 5], [0, -1, -1, -1]])
    out = np.empty(10)
    for chosen in (groups, groups[3:], groups[:2], groups[:0]):
        expected = naive.seen_mean(markers, chosen)
        assert seen_mean(markers, chosen, out) == (expected is not None)
        if expected is not None:
            np.testing.assert_array_equal(out, expected)


@given(seed=seeds)
@many
def test_what_is_missing_from_a_stream(seed):
    rng = np.random.default_rng(seed)
    rate_hz = rng.choice([100.0, 1000.0])
    time_s = np.delete(np.arange(60) / rate_hz, rng.integers(0, 60, rng.integers(0, 4)))
    rows = rng.normal(size=(len(time_s), 4, 3))
    gone = rng.integers(0, len(time_s), rng.integers(0, 3))
    rows[gone, rng.integers(0, 4)] = np.nan
    start_s, until_s = np.array([rng.uniform(-5, 50), rng.uniform(30, 62)]) / rate_hz
    assert unbroken(time_s, rate_hz, start_s, until_s) == naive.unbroken(
        time_s, rate_hz, start_s, until_s
    )
    assert unbroken_from(time_s, rate_hz, start_s) == naive.unbroken_from(time_s, rate_hz, start_s)
    assert whole(rows) == (not np.isnan(rows).any())
    assert last_missing(rows, time_s, start_s) == naive.last_missing(rows, time_s, start_s)
    used = np.array([0, 2])
    expected = naive.last_missing(rows[:, used, 0], time_s, start_s)
    assert last_blink(rows, used, time_s, start_s) == expected


def test_integrals_over_time():
    rng = np.random.default_rng(4)
    time_s, x = np.cumsum(rng.uniform(0.01, 0.02, 50)), rng.normal(size=50)
    assert impulse(time_s, x, -np.inf) == pytest.approx(np.trapezoid(x, time_s))
    assert impulse(time_s, x, 0.0) == pytest.approx(np.trapezoid(np.maximum(x, 0.0), time_s))
    x[0] = np.nan
    assert np.isnan(impulse(time_s, x, 0.0))


def test_noise_of_plates_and_its_sum():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 6))
    expected = naive.third_differences(x)
    np.testing.assert_allclose(third_differences(x, np.zeros((6, 6))), expected, rtol=1e-12)
    by_marker, gains = rng.normal(size=(6, 7, 3)), rng.normal(size=(6, 6))
    args = by_marker, 4, 2.0, 3.0, gains @ gains.T, rng.normal(size=6), expected, 0.3
    assert spread_nm2(*args) == pytest.approx(naive.spread_nm2(*args), rel=1e-12)


@pytest.mark.parametrize("room", [0, 40, 5000])
def test_a_filter_gives_the_same_however_many_channels_go_side_by_side(room):
    section, x = zero_lag_section(6.0, 100.0), np.random.default_rng(6).normal(size=(70, 9))
    alone = [
        zero_lag(x[:, c : c + 1].copy(), section, np.empty(70 + 2 * section.pad), np.empty((70, 1)))
        for c in range(9)
    ]
    work = np.empty(70 + 2 * section.pad + room)
    np.testing.assert_array_equal(zero_lag(x, section, work, np.empty_like(x)), np.hstack(alone))
    np.testing.assert_array_equal(zero_lag(x, section, work, x), np.hstack(alone))


@pytest.fixture(scope="module")
def walk():
    subject, markers = walkers.subject(), np.ascontiguousarray(walkers.samples(7).markers_m[40:60])
    return subject, markers, bodies.body_arrays(subject, subject.markers())


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("wanted", [bodies.below_knee, bodies.whole_leg])
def test_some_poses_are_those_of_all(walk, side, wanted):
    _, markers, body = walk
    everything = bodies.body_poses(markers, body, bodies.new_poses(20))
    some = bodies.some_poses(markers, body, wanted(side), 4, 15, bodies.new_poses(20))
    rows = [row for row in range(bodies.SEGMENTS) if wanted(side) >> row & 1]
    others = [row for row in range(bodies.SEGMENTS) if row not in rows]
    for got, full in zip(some[:2], everything[:2], strict=True):
        np.testing.assert_array_equal(got[4:15, rows], full[4:15, rows])
        assert np.isnan(got[4:15, others]).all()
        assert np.isnan(got[:4]).all()
        assert np.isnan(got[15:]).all()
    np.testing.assert_array_equal(some.ajc_m[4:15, side], everything.ajc_m[4:15, side])
    np.testing.assert_array_equal(some.residual_m[4:15, rows], everything.residual_m[4:15, rows])


@pytest.mark.parametrize("side", [0, 1])
def test_derivatives_of_ekam_are_those_of_the_whole_computation(walk, side):
    """Each marker moved in each frame, everything computed anew."""
    _, markers, body = walk
    leg = body.right if side else body.left
    loads, smooth = markers[5:10].copy(), markers[5:10].copy()
    wrench = np.array([20.0, 700.0, -30.0, 5.0, -8.0, 12.0])

    def ekam(loads, smooth):
        at = bodies.body_poses(loads, body, bodies.new_poses(5))
        moving = bodies.body_poses(smooth, body, bodies.new_poses(5))
        out = leg_moments(
            at, moving, np.tile(wrench, (1, 1)), leg.inertia, side, 100.0, 2, np.empty((1, 3, 3)),
            np.empty((1, 3)),
        )  # fmt: skip
        return ekam_nm(leg.sigma, out[0, KNEE], at.r[2, bodies.leg_row(side, bodies.SHANK)])

    rows = np.concatenate(noisy_rows(leg))
    by_marker, by_wrench = np.empty((6, len(rows), 3)), np.empty(6)
    value = sensitivities(loads[2], smooth, wrench, rows, leg, side, 100.0, by_marker, by_wrench)
    start = ekam(loads, smooth)
    assert value == pytest.approx(start, rel=1e-12)
    expected = np.empty_like(by_marker)
    for u, row in enumerate(rows):
        for j in range(3):
            for k in range(6):
                moved, moving = loads.copy(), smooth.copy()
                given_to = moved[2] if k == 0 else moving[k - 1]
                given_to[row, j] += 1e-5
                expected[k, u, j] = (ekam(moved, moving) - start) / 1e-5
    np.testing.assert_allclose(by_marker, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(by_marker).max() > 1.0
