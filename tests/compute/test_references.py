"""The engine against moments that others computed from the same recordings."""

import naive
import numpy as np
import pytest
from reference import TRIALS, clean_pairs, needs_data, samples_of, stances_of

from compute.filters import zero_lag_section

pytestmark = needs_data
EVERY = pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.folder)
LABORATORIES = pytest.mark.parametrize("trial", TRIALS[2:], ids=lambda trial: trial.folder)
OVERGROUND_HZ = 20.0
"""What these laboratories' own moments were filtered at, as far as their curves tell."""


def compared(trial, stance, rows, column, curve):
    """Our curve and the reference's at its times, N·m/kg, and the per cent of stance."""
    table = trial.reference()
    time_s, values = table["time_s"][rows], table[column][rows] / trial.mass_kg
    curves = stance.curves
    ours = np.interp(time_s, curves.time_s, curves.column(curve)) / trial.mass_kg
    there = (time_s >= curves.time_s[0]) & (time_s <= curves.time_s[-1]) & ~np.isnan(values)
    pct = 100.0 * (time_s - stance.t_on_s) / stance.stance_s
    return ours[there], values[there], pct[there]


def rms(x):
    return float(np.sqrt(np.mean(np.square(x))))


def first_peak(values, pct):
    return values[(pct >= 8.0) & (pct <= 50.0)].max()


@EVERY
def test_full_newton_euler_is_within_its_bar_of_the_reference(trial):
    for stance, rows in clean_pairs(trial, stances_of(trial)):
        assert stance.valid, stance
        ours, values, pct = compared(trial, stance, rows, "kam_ne_6", "ekam_nm")
        assert rms(ours - values) <= 0.02
        assert abs(first_peak(ours, pct) - first_peak(values, pct)) <= 0.03
        assert np.corrcoef(ours, values)[0, 1] > 0.995
        ours, values, _ = compared(trial, stance, rows, "kfm_ne_6", "kfm_nm")
        assert rms(ours - values) <= 0.05
        assert np.corrcoef(ours, values)[0, 1] > 0.99


@EVERY
def test_the_vector_method_is_the_reference_itself(trial):
    """With the plates as they were read: the references do not take off what an unloaded plate shows."""
    for stance, rows in clean_pairs(trial, stances_of(trial, rezero=False)):
        for column, curve, bar in (
            ("kam_lever_6", "ekam_vector_nm", 0.003),
            ("kfm_lever_6", "kfm_vector_nm", 0.005),
        ):
            ours, values, _ = compared(trial, stance, rows, column, curve)
            assert rms(ours - values) <= bar


@LABORATORIES
def test_at_its_filter_the_laboratorys_own_moment_is_met(trial):
    for stance, rows in clean_pairs(trial, stances_of(trial, filter_hz=OVERGROUND_HZ)):
        ours, values, pct = compared(trial, stance, rows, "kam_lab", "ekam_nm")
        assert rms(ours - values) <= 0.02
        assert abs(first_peak(ours, pct) - first_peak(values, pct)) <= 0.03


@EVERY
def test_another_knee_centre_and_other_axes_explain_the_musculoskeletal_model(trial):
    """OpenSim puts the knee centre and the tibia axes elsewhere. A fixed shift of the centre and a fixed
    small turn of the axes, four numbers a leg, must take its curve to ours."""
    for stance, rows in clean_pairs(trial, stances_of(trial)):
        ours, values, _ = compared(trial, stance, rows, "kam_osim_6", "ekam_nm")
        assert rms(ours - values) < 0.15
        explained = explain(trial, stance, rows, values)
        assert rms(explained - values) < 0.03
        assert np.corrcoef(explained, values)[0, 1] > 0.97


def explain(trial, stance, rows, values):
    """Our curve plus the best linear effect of moving the knee centre and turning the tibia frame.

    With M' = M - d x F and x' = x + e x x, first order in the shift d (lab axes: the tibia of a stance
    leg is nearly upright) and the turn e: four numbers.
    """
    curves, table = stance.curves, trial.reference()
    time_s = table["time_s"][rows]
    inside = (time_s >= curves.time_s[0]) & (time_s <= curves.time_s[-1])
    time_s = time_s[inside & ~np.isnan(table["kam_osim_6"][rows])]

    def at(name):
        return np.interp(time_s, curves.time_s, curves.column(name))

    samples = samples_of(trial)
    section = zero_lag_section(6.0, samples.force_hz)
    force = naive.zero_lag(samples.wrench[:, stance.side, :3], section)
    _, up, right = (np.interp(time_s, samples.force_time_s, column) for column in force.T)
    effects = [right, up, at("knee_internal_rotation_nm"), at("kfm_nm")]
    basis = np.stack(effects, axis=1) / trial.mass_kg
    ours = at("ekam_nm") / trial.mass_kg
    weights, *_ = np.linalg.lstsq(basis, values - ours, rcond=None)
    return ours + basis @ weights
