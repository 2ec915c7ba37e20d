"""Scored stance by stance while it streams, against one zero-lag pass over the whole recording."""

import numpy as np
import pytest
import walkers
from reference import TRIALS, Samples, clean_pairs, needs_data, samples_of, stances_of, subject_of

from compute.body import body_arrays, body_poses, femur_known, new_poses
from compute.conventions import Side
from compute.curves import leg_curves
from compute.features import (
    MIN_PROMINENCE_NM_PER_KG,
    PEAK1_WINDOW_PCT,
    PEAK2_WINDOW_PCT,
    peak,
)
from compute.filters import zero_lag, zero_lag_section
from compute.newton_euler import leg_moments
from compute.resample import resample
from compute.stance import CURVES


def offline_curves(subject, samples, side, cutoff_hz=6.0):
    """Curves of one leg over all frames, everything filtered in one piece."""
    markers = samples.markers_m.reshape(len(samples.markers_m), -1)
    forces = np.ascontiguousarray(samples.wrench[:, side])
    smooth = []
    for x, rate_hz in ((markers, samples.marker_hz), (forces, samples.force_hz)):
        section = zero_lag_section(cutoff_hz, rate_hz)
        smooth.append(
            zero_lag(
                np.ascontiguousarray(x),
                section,
                np.empty(len(x) + 2 * section.pad),
                np.empty(x.shape),
            )
        )
    n = len(markers)
    body = body_arrays(subject, samples.names)
    leg = body.right if side is Side.RIGHT else body.left
    poses = body_poses(smooth[0].reshape(samples.markers_m.shape), body, new_poses(n))
    wrench = resample(samples.force_time_s, smooth[1], samples.marker_time_s, np.empty((n, 6)))
    moments, vector = np.empty((n, 3, 3)), np.empty((n, 3))
    leg_moments(poses, poses, wrench, leg.inertia, int(side), samples.marker_hz, 0, moments, vector)
    return leg_curves(
        poses,
        moments,
        vector,
        wrench,
        leg,
        femur_known(leg),
        int(side),
        0,
        np.empty((n, len(CURVES))),
    )


def compare(subject, samples, stance):
    """(relative error of peak 1, of peak 2, root mean square of the curve in N·m/kg)."""
    whole = offline_curves(subject, samples, stance.side)[:, CURVES.index("ekam_nm")]
    inside = np.isin(samples.marker_time_s, stance.curves.time_s)
    offline = whole[inside]
    pct = 100.0 * (stance.curves.time_s - stance.t_on_s) / stance.stance_s
    errors = []
    for value, window in (
        (stance.ekam_peak1_nm, PEAK1_WINDOW_PCT),
        (stance.ekam_peak2_nm, PEAK2_WINDOW_PCT),
    ):
        true = peak(pct, offline, window, MIN_PROMINENCE_NM_PER_KG * stance.body_mass_kg).value
        errors.append(abs(value / true - 1.0))
    gap = (stance.curves.ekam_nm - offline) / stance.body_mass_kg
    return errors[0], errors[1], float(np.sqrt(np.nanmean(gap**2)))


@needs_data
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.folder)
def test_the_recordings(trial):
    subject, samples = subject_of(trial), samples_of(trial)
    for stance, _ in clean_pairs(trial, stances_of(trial, rezero=False)):
        first, second, rms = compare(subject, samples, stance)
        assert first <= 0.0005, stance
        assert second <= 0.001, stance
        assert rms <= 0.0005, stance


def test_the_synthetic_walker():
    given, subject = walkers.samples(7), walkers.subject()
    samples = Samples(
        subject.markers(), given.marker_time_s, given.markers_m, given.force_time_s, given.wrench,
        100.0, 1000.0,
    )  # fmt: skip
    for stance in walkers.stances(given):
        first, second, rms = compare(subject, samples, stance)
        assert first <= 0.0005
        assert second <= 0.001
        assert rms <= 0.0005
