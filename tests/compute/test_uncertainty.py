"""The propagated uncertainty of a peak against the scatter of many noisy copies of one stance."""

import numpy as np
import pytest
import walkers

from compute.conventions import Side

COPIES = 130
MARKER_NOISE_M = 0.0005
FORCE_NOISE_N = 1.0
MOMENT_NOISE_NM = 0.3
"""About the plate's own origin; with 1 N this is the usual noise of a treadmill plate."""


@pytest.mark.slow
def test_propagated_sigma_is_the_scatter_of_noisy_copies():
    """A dozen stances of the synthetic walker, 130 noisy copies of each: over 1500 stances."""
    given = walkers.samples(7)
    rng = np.random.default_rng(20)
    peaks, sigmas = {}, {}
    for _ in range(COPIES):
        markers = given.markers_m + rng.normal(0.0, MARKER_NOISE_M, given.markers_m.shape)
        noise = rng.normal(0.0, 1.0, given.wrench.shape)
        noise[..., :3] *= FORCE_NOISE_N
        noise[..., 3:] *= MOMENT_NOISE_NM
        noisy = walkers.changed(given, markers_m=markers, wrench=given.wrench + noise)
        for stance in walkers.stances(noisy, walkers.engine(live=False, early=False)):
            key = stance.number, stance.side
            peaks.setdefault(key, []).append((stance.ekam_peak1_nm, stance.ekam_peak2_nm))
            sigmas.setdefault(key, []).append(
                (stance.ekam_peak1_sigma_nm, stance.ekam_peak2_sigma_nm)
            )
    whole = [key for key in peaks if len(peaks[key]) == COPIES]
    assert {side for _, side in whole} == set(Side)
    for key in whole:
        scatter = np.std(peaks[key], axis=0, ddof=1)
        told = np.sqrt(np.mean(np.square(sigmas[key]), axis=0))
        np.testing.assert_allclose(told / scatter, 1.0, atol=0.2, err_msg=str(key))


def test_without_noise_there_is_next_to_no_uncertainty():
    given = walkers.samples(7)
    for stance in walkers.stances(given):
        assert 0.0 <= stance.ekam_peak1_sigma_nm < 1e-3 * abs(stance.ekam_peak1_nm)
