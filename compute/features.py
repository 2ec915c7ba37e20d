"""Numbers read off one stance's curves (definitions after the field's common practice)."""

from typing import Any

import numpy as np

from compute.body import SHANK, leg_row
from compute.conventions import Side
from compute.evidence import Evidence
from compute.jit import kernel
from compute.peaks import Peak, peak
from compute.pose import LANDMARKS
from compute.stance import StanceCurves

PEAK1_WINDOW_PCT = (8.0, 50.0)
"""First-peak search in % of stance; the contact transient before 8 % is skipped."""
PEAK2_WINDOW_PCT = (50.0, 100.0)
KFM_WINDOW_PCT = (0.0, 50.0)
MIN_PROMINENCE_NM_PER_KG = 0.005
"""A moment peak that stands out by less is a ripple on a flank: below the uncertainty of any set-up. The
smallest first peak of the clean stances at hand stands out by 0.009."""
FOOT_FLAT_PCT = (15.0, 40.0)
"""Part of the stance in which the whole foot lies on the belt."""


@kernel
def impulse(time_s: np.ndarray, curve: np.ndarray, least: float) -> float:
    """Integral over time (trapezoids) of a curve that is nowhere taken to be less than `least`."""
    total = 0.0
    for i in range(1, time_s.shape[0]):
        before = least if curve[i - 1] < least else curve[i - 1]  # NaN stays
        after = least if curve[i] < least else curve[i]
        total += (time_s[i] - time_s[i - 1]) * (before + after) / 2.0
    return total


def positive_impulse(time_s: np.ndarray, curve: np.ndarray) -> float:
    """Integral of the positive part of a curve over time (trapezoids)."""
    return float(impulse(time_s, curve, 0.0))


def valley(pct: np.ndarray, curve: np.ndarray, first: Peak, second: Peak) -> float:
    """Lowest value between the two peaks; NaN if either is not a local maximum."""
    if not (first.local and second.local):
        return float("nan")
    between = curve[_between(pct, (first.at_pct, second.at_pct))]
    return float(between.min()) if len(between) else float("nan")


def _between(pct: np.ndarray, window_pct: tuple[float, float]) -> slice:
    """Frames within a part of the stance, both ends included."""
    first = pct.searchsorted(window_pct[0], side="left")
    return slice(int(first), int(pct.searchsorted(window_pct[1], side="right")))


def read_off(evidence: Evidence) -> dict[str, Any]:
    """Every number of a stance that its own samples tell, by the field of `Stance`."""
    stance, pct, time_s = evidence.stance, evidence.pct, evidence.time_s
    ekam = evidence.curve("ekam_nm")
    least_nm = MIN_PROMINENCE_NM_PER_KG * stance.body_mass_kg
    first = peak(pct, ekam, PEAK1_WINDOW_PCT, least_nm)
    second = peak(pct, ekam, PEAK2_WINDOW_PCT, least_nm)

    def at_peak1(name: str) -> float:
        return _at(pct, evidence.curve(name), first.at_pct)

    def highest(name: str, window_pct: tuple[float, float]) -> float:
        return peak(pct, evidence.curve(name), window_pct, least_nm).value

    whole, loading = _between(pct, (0.0, 100.0)), _between(pct, KFM_WINDOW_PCT)

    def most(name: str, frames: slice) -> float:
        return float(evidence.curve(name)[frames].max())

    contact = evidence.in_contact()
    fz = np.ascontiguousarray(evidence.wrench[contact, stance.side, 1])
    fz_time_s = evidence.force_time_s[contact]
    late = int(fz_time_s.searchsorted(stance.t_on_s + 0.5 * stance.stance_s, side="right"))
    flat = _between(pct, FOOT_FLAT_PCT)
    misfit = _shank_misfit(evidence)
    own, other = _feet_at_contact(evidence)
    ends = evidence.context
    return {
        "ekam_peak1_nm": first.value,
        "ekam_peak2_nm": second.value,
        "ekam_valley_nm": valley(pct, ekam, first, second),
        "ekam_peak1_at_pct": first.at_pct,
        "ekam_peak2_at_pct": second.at_pct,
        "peak1_is_local": first.local,
        "peak2_is_local": second.local,
        "ekam_impulse_nms": positive_impulse(time_s, ekam),
        "ekam_impulse_signed_nms": float(impulse(time_s, ekam, -np.inf)),
        "ekam_peak1_vector_nm": highest("ekam_vector_nm", PEAK1_WINDOW_PCT),
        "ekam_peak2_vector_nm": highest("ekam_vector_nm", PEAK2_WINDOW_PCT),
        "ekam_peak1_jcs_nm": highest("ekam_jcs_nm", PEAK1_WINDOW_PCT),
        "kfm_peak_nm": highest("kfm_nm", KFM_WINDOW_PCT),
        "hip_adduction_moment_peak_nm": most("hip_adduction_nm", whole),
        "hip_adduction_peak_rad": most("hip_adduction_rad", whole),
        "hip_internal_rotation_peak_rad": most("hip_internal_rotation_rad", whole),
        "pelvic_drop_peak_rad": most("pelvic_drop_rad", whole),
        "foot_progression_rad": float(evidence.curve("foot_progression_rad")[flat].mean()),
        "trunk_lean_peak_rad": most("trunk_lean_rad", whole),
        "knee_varus_at_peak_rad": at_peak1("knee_varus_rad"),
        "knee_flexion_at_contact_rad": float(evidence.curve("knee_flexion_rad")[0]),
        "knee_flexion_peak_rad": most("knee_flexion_rad", loading),
        "tibia_frontal_at_peak_rad": at_peak1("tibia_frontal_rad"),
        "tibia_sagittal_at_contact_rad": float(evidence.curve("tibia_sagittal_rad")[0]),
        "step_width_m": abs(float(own[1] - other[1])),
        "step_length_m": float(own[0] - other[0]),
        "fz_peak_n": float(fz.max()),
        "fz_peak2_n": float(fz[late:].max()),
        "fz_impulse_ns": float(impulse(fz_time_s, fz, -np.inf)),
        "double_support_s": ends.other_off_s - stance.t_on_s,
        "single_support_s": ends.other_on_s - ends.other_off_s,
        "heel_forward_m": float(own[0]),
        "belt_speed_m_per_s": belt_speed_m_per_s(evidence),
        "residual_mean_m": float(misfit.mean()),
        "residual_max_m": float(misfit.max()),
        "dropped_marker": " ".join(evidence.dropped),
        "curves": StanceCurves(time_s.copy(), evidence.curves),
    }


def _shank_misfit(evidence: Evidence) -> np.ndarray:
    """Unfiltered misfit of the shank cluster in stance, m; NaN where landmarks carry the shank."""
    row = leg_row(evidence.stance.side, SHANK)
    misfit = evidence.raw_poses.residual_m[evidence.inside, row]
    return np.full(1, np.nan) if evidence.leg.shank.mode == LANDMARKS else misfit


def _at(pct: np.ndarray, curve: np.ndarray, at_pct: float) -> float:
    return float(np.interp(at_pct, pct, curve)) if at_pct == at_pct else float("nan")


def _feet_at_contact(evidence: Evidence) -> tuple[tuple[float, float], tuple[float, float]]:
    """(forward position of the heel, sideways position of the ankle) of both feet at heel strike.

    Between two frames, so that the belt's travel within a frame does not count.
    """
    k = max(evidence.inside.start, 1)
    frames = slice(k - 1, k + 1)
    before_s, after_s = evidence.marker_time_s[frames].tolist()
    share = (evidence.stance.t_on_s - before_s) / (after_s - before_s)

    def place(side: Side) -> tuple[float, float]:
        heel = evidence.heel_m(side, frames)[:, 0].tolist()
        ankle = evidence.poses.ajc_m[frames, side, 2].tolist()
        return (
            heel[0] + share * (heel[1] - heel[0]),
            ankle[0] + share * (ankle[1] - ankle[0]),
        )

    return place(evidence.stance.side), place(evidence.stance.side.other)


def belt_speed_m_per_s(evidence: Evidence) -> float:
    """Speed at which the flat foot is carried backwards, m/s: slope of the least-squares line."""
    flat = _between(evidence.pct, FOOT_FLAT_PCT)
    x = evidence.heel_m(evidence.stance.side, evidence.inside)[flat, 0]
    if len(x) < 4:
        return float("nan")
    t = evidence.time_s[flat]
    t = t - t.mean()
    return -float(t @ (x - x.mean()) / (t @ t))
