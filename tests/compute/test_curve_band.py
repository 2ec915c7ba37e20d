"""The newest curve of a leg, and mean and spread of its baseline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute import Side, Stance
from compute.curve_band import PERCENT, CurveBand
from compute.stance import CURVES, StanceCurves

MASS_KG = 70.0


def stance(ekam_nm, *reasons, frames=60):
    """A stance of 0.6 s whose EKAM is the given function of its share."""
    time_s = np.linspace(5.0, 5.6, frames)
    values = np.zeros((frames, len(CURVES)))
    values[:, CURVES.index("ekam_nm")] = ekam_nm((time_s - 5.0) / 0.6)
    return Stance(1, Side.LEFT, 5.0, 5.6, 5.7, MASS_KG, 1.7, reasons=reasons,
                  curves=StanceCurves(time_s, values))  # fmt: skip


def test_a_curve_is_read_in_percent_of_stance_and_per_kg():
    band = CurveBand().after(stance(lambda share: 70.0 * share), baseline=False)
    np.testing.assert_allclose(band.last, PERCENT / 100.0, atol=1e-12)
    assert band.valid
    assert band.n == 0
    assert np.isnan(band.mean).all()


@given(st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=30))
def test_mean_and_spread_are_those_of_all_baseline_curves(levels):
    band = CurveBand()
    for level in levels:
        band = band.after(stance(lambda share, a=level: a * MASS_KG * (1.0 + share)), baseline=True)
    curves = np.array([level * (1.0 + PERCENT / 100.0) for level in levels])
    assert band.n == len(levels)
    np.testing.assert_allclose(band.mean, curves.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(band.sd, curves.std(axis=0, ddof=1), atol=1e-9)


def test_what_is_no_baseline_moves_the_newest_curve_alone():
    band = CurveBand().after(stance(lambda share: 70.0 + 0 * share), baseline=True)
    after = band.after(stance(lambda share: 0 * share, "marker_gap"), baseline=False)
    np.testing.assert_array_equal(after.mean, band.mean)
    assert after.n == 1
    assert not after.valid
    assert np.isnan(after.sd).all()  # of one curve there is none
    assert after.last == pytest.approx(np.zeros(101))
    without = Stance(2, Side.LEFT, 5.0, 5.6, 5.7, MASS_KG, 1.7)
    assert after.after(without, baseline=True) is after
