"""Intervals of means and changes: closed forms, and their coverage on simulated series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from compute.serial import LEAST, LEAST_EFFECTIVE, SerialMean, change, serial_mean


def ar1(n, phi, reps, seed=0):
    """First-order autoregressions of unit variance about zero, shape (reps, n)."""
    rng = np.random.default_rng(seed)
    out = np.empty((reps, n))
    last = rng.standard_normal(reps)
    for i in range(n):
        last = phi * last + np.sqrt(1.0 - phi**2) * rng.standard_normal(reps)
        out[:, i] = last
    return out


def test_no_and_few_values_have_no_interval():
    assert serial_mean([]) == SerialMean() or np.isnan(serial_mean([]).mean)
    one = serial_mean([3.0])
    assert (one.count, one.mean) == (1, 3.0)
    assert np.isnan(one.sd)
    few = serial_mean(np.arange(LEAST - 1.0))
    assert few.sd == pytest.approx(np.std(np.arange(LEAST - 1.0), ddof=1))
    assert np.isnan(few.interval()).all()


def test_what_is_not_finite_is_left_out():
    values = np.random.default_rng(0).standard_normal(40)
    holed = np.insert(values, [3, 20], np.nan)
    assert serial_mean(holed) == serial_mean(values)


def test_the_same_value_every_time():
    same = serial_mean(np.full(20, 0.5))
    assert same.interval() == (0.5, 0.5)
    moved = change(same, serial_mean(np.full(20, 0.4)))
    assert moved.pct == pytest.approx(-20.0)
    assert moved.pct_interval == pytest.approx((-20.0, -20.0))


def test_alternating_steps_count_in_full_and_never_for_more():
    assert serial_mean(np.tile([0.4, 0.6], 50)).effective == 100.0


@pytest.mark.parametrize("phi", [0.3, 0.6, 0.8])
def test_the_effective_number_is_that_of_an_autoregression(phi):
    found = np.mean([serial_mean(row).effective for row in ar1(5000, phi, 20)])
    assert found == pytest.approx(5000.0 * (1.0 - phi) / (1.0 + phi), rel=0.2)


@pytest.mark.parametrize(
    ("phi", "n", "least", "most"),
    [(0.0, 50, 0.94, 0.985), (0.3, 50, 0.935, 0.985), (0.6, 200, 0.93, 0.98)],
)
def test_intervals_hold_the_true_mean_as_often_as_they_say(phi, n, least, most):
    bounds = np.array([serial_mean(row).interval() for row in ar1(n, phi, 1500, seed=3)])
    held = np.mean((bounds[:, 0] <= 0.0) & (bounds[:, 1] >= 0.0))
    assert least <= held <= most


def test_an_interval_that_takes_steps_for_independent_is_too_narrow():
    rows = ar1(200, 0.6, 400, seed=3)
    half = stats.t.ppf(0.975, 199) * rows.std(axis=1, ddof=1) / np.sqrt(200)
    assert np.mean(np.abs(rows.mean(axis=1)) <= half) < 0.8


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_changes_hold_the_true_change(phi):
    before, after = (
        0.5 + 0.06 * ar1(60, phi, 1000, seed=5),
        0.44 + 0.06 * ar1(300, phi, 1000, seed=6),
    )
    bounds = [
        change(serial_mean(b), serial_mean(a)).pct_interval
        for b, a in zip(before, after, strict=True)
    ]
    held = np.mean([low <= -12.0 <= high for low, high in bounds])
    assert 0.925 <= held <= 0.985


def test_fieller_by_hand():
    """Formula of Fieller 1954 for uncorrelated means, written out."""
    before, after = SerialMean(50, 0.5, 0.05, 40.0, 0.01), SerialMean(200, 0.45, 0.05, 120.0, 0.005)
    found = change(before, after)
    va, vb = 0.005**2, 0.01**2
    t = stats.t.ppf(0.975, (va + vb) ** 2 / (va**2 / 119.0 + vb**2 / 39.0))
    roots = np.roots([0.5**2 - t**2 * vb, -2.0 * 0.5 * 0.45, 0.45**2 - t**2 * va])
    assert found.pct == pytest.approx(-10.0)
    assert found.pct_interval == pytest.approx(tuple(100.0 * (np.sort(roots) - 1.0)))
    assert found.difference_interval == pytest.approx(
        (-0.05 - t * np.sqrt(va + vb), -0.05 + t * np.sqrt(va + vb))
    )


def test_a_baseline_near_zero_bounds_nothing():
    near = SerialMean(50, 0.01, 0.05, 40.0, 0.01)
    found = change(near, SerialMean(50, 0.4, 0.05, 40.0, 0.01))
    assert np.isnan(found.pct_interval).all()
    assert np.isfinite(found.difference_interval).all()
    below = change(SerialMean(50, -0.1, 0.05, 40.0, 0.01), near)
    assert np.isnan(below.pct)


def test_too_few_independent_steps_have_a_mean_and_no_interval():
    drifting = serial_mean(np.linspace(0.4, 0.6, 200))
    assert drifting.effective < LEAST_EFFECTIVE < LEAST < drifting.count
    assert drifting.mean == pytest.approx(0.5)
    assert np.isfinite(drifting.error)
    assert np.isnan(drifting.interval()).all()
    steady = SerialMean(50, 0.5, 0.05, 40.0, 0.01)
    for moved in (change(drifting, steady), change(steady, drifting)):
        assert moved.pct == pytest.approx(0.0, abs=1e-9)
        assert np.isnan([*moved.pct_interval, *moved.difference_interval]).all()


def test_the_least_effective_number_is_where_an_interval_is_no_wider_than_steps_scatter():
    at_least = SerialMean(100, 0.0, 1.0, LEAST_EFFECTIVE, 1.0 / np.sqrt(LEAST_EFFECTIVE))
    assert at_least.interval()[1] == pytest.approx(1.24, abs=0.01)
    below = SerialMean(100, 0.0, 1.0, LEAST_EFFECTIVE - 0.01, 1.0)
    assert not below.bounded
    assert stats.t.ppf(0.975, 1) / np.sqrt(2.0) == pytest.approx(9.0, abs=0.05)


@given(st.lists(st.floats(-1e3, 1e3), max_size=60), st.floats(0.1, 10.0))
def test_units_make_no_difference(values, factor):
    one, other = serial_mean(values), serial_mean(np.array(values) * factor)
    assert other.count == one.count
    if one.count:
        assert other.mean == pytest.approx(factor * one.mean, rel=1e-6, abs=1e-9)
    if np.isfinite(one.error) and one.error > 1e-6:
        assert other.error == pytest.approx(factor * one.error, rel=1e-6)
        assert 2.0 <= one.effective <= one.count
