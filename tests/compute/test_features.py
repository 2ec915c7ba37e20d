import numpy as np
import pytest

from compute.features import PEAK1_WINDOW_PCT, PEAK2_WINDOW_PCT, peak, positive_impulse, valley


def humps(pct, first=(25.0, 0.5), second=(75.0, 0.4)):
    return sum(h * np.exp(-(((pct - c) / 12.0) ** 2)) for c, h in (first, second))


@pytest.mark.parametrize("n", [40, 73, 101])
def test_peaks_do_not_depend_on_the_marker_rate(n):
    pct = np.linspace(0, 100, n)
    first, second = peak(pct, humps(pct), PEAK1_WINDOW_PCT), peak(pct, humps(pct), PEAK2_WINDOW_PCT)
    assert (first.local, second.local) == (True, True)
    assert first.value == pytest.approx(0.5, rel=2e-3)
    assert second.value == pytest.approx(0.4, rel=2e-3)
    assert first.at_pct == pytest.approx(25.0, abs=0.3)
    assert valley(pct, humps(pct), first, second) == pytest.approx(0.0125, abs=5e-3)


def test_the_contact_transient_is_skipped():
    pct = np.linspace(0, 100, 101)
    curve = humps(pct) + 2.0 * np.exp(-(((pct - 4.0) / 1.5) ** 2))
    assert peak(pct, curve, PEAK1_WINDOW_PCT).value == pytest.approx(0.5, rel=1e-2)


def test_a_flank_is_no_peak_and_gives_the_window_maximum():
    pct = np.linspace(0, 100, 101)
    rising = peak(pct, pct / 100.0, PEAK1_WINDOW_PCT)
    assert rising == (0.5, 50.0, False)
    assert np.isnan(valley(pct, pct, rising, rising))


def test_no_frames_no_peak():
    assert not peak(np.array([1.0]), np.array([1.0]), PEAK1_WINDOW_PCT).local


def test_impulse_counts_adduction_only():
    t = np.linspace(0, 1, 1001)
    assert positive_impulse(t, np.sin(2 * np.pi * t)) == pytest.approx(1 / np.pi, rel=1e-5)
