"""Numbers read off one stance's curves (definitions after the field's common practice)."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compute.body import SHANK, leg_row
from compute.conventions import Side
from compute.evidence import Evidence
from compute.jit import kernel
from compute.pose import LANDMARKS
from compute.stance import Stance, StanceCurves

PEAK1_WINDOW_PCT = (8.0, 50.0)
"""First-peak search in % of stance; the contact transient before 8 % is skipped."""
PEAK2_WINDOW_PCT = (50.0, 100.0)
KFM_WINDOW_PCT = (0.0, 50.0)
MIN_PROMINENCE_NM_PER_KG = 0.005
"""A moment peak that stands out by less is a ripple on a flank: below the uncertainty of any set-up. The
smallest first peak of the clean stances at hand stands out by 0.009."""
FOOT_FLAT_PCT = (15.0, 40.0)
"""Part of the stance in which the whole foot lies on the belt."""


class Peak(NamedTuple):
    """A maximum of a curve.

    Attributes
    ----------
    value : at the vertex of the parabola through the highest sample and its neighbours, so that the
        marker rate does not lower it; the highest sample itself where there is no local maximum.
    at_pct : % of stance.
    local : False when the window holds no local maximum that stands out (a flank or plateau).
    """

    value: float
    at_pct: float
    local: bool


@kernel
def _prominence(curve: np.ndarray, top: int) -> float:
    """How far a maximum stands out: down to the higher of the lowest points before it is reached again."""
    base = -np.inf
    for step in (-1, 1):
        lowest, i = curve[top], top + step
        while 0 <= i < curve.shape[0] and not curve[i] > curve[top]:
            lowest = min(lowest, curve[i])
            i += step
        base = max(base, lowest)
    return curve[top] - base


@kernel
def _highest(curve: np.ndarray, first: int, last: int, prominence: float) -> tuple[int, bool]:
    """Highest local maximum among [first, last), else the highest sample; -1 where all is missing."""
    top, best = -1, -1
    for i in range(first, last):
        if np.isnan(curve[i]):
            continue
        if best < 0 or curve[i] > curve[best]:
            best = i
        if (
            0 < i < curve.shape[0] - 1
            and curve[i] >= curve[i - 1]
            and curve[i] > curve[i + 1]
            and (top < 0 or curve[i] > curve[top])
            and _prominence(curve, i) >= prominence
        ):
            top = i
    return (top, True) if top >= 0 else (best, False)


def peak(
    pct: np.ndarray, curve: np.ndarray, window_pct: tuple[float, float], prominence: float = 0.0
) -> Peak:
    """Highest local maximum of `curve` inside a window of the stance.

    Parameters
    ----------
    pct, curve : shape (n,), % of stance and the curve there, evenly spaced.
    prominence : by which a local maximum must stand out of the whole curve, in its unit.
    """
    first, last = np.searchsorted(pct, window_pct[0]), np.searchsorted(pct, window_pct[1], "right")
    if first >= last:
        return Peak(np.nan, np.nan, False)
    top, local = _highest(curve, int(first), int(last), float(prominence))
    if top < 0:
        return Peak(np.nan, np.nan, False)
    if not local:
        return Peak(float(curve[top]), float(pct[top]), False)
    before, at, after = curve[top - 1], curve[top], curve[top + 1]
    shift = 0.5 * (before - after) / (before - 2.0 * at + after)
    value = at - 0.25 * (before - after) * shift
    return Peak(float(value), float(pct[top] + shift * (pct[top + 1] - pct[top])), True)


def positive_impulse(time_s: np.ndarray, curve: np.ndarray) -> float:
    """Integral of the positive part of a curve over time (trapezoids)."""
    return float(np.trapezoid(np.maximum(curve, 0.0), time_s))


def valley(pct: np.ndarray, curve: np.ndarray, first: Peak, second: Peak) -> float:
    """Lowest value between the two peaks; NaN if either is not a local maximum."""
    if not (first.local and second.local):
        return float("nan")
    between = curve[(pct >= first.at_pct) & (pct <= second.at_pct)]
    return float(between.min()) if len(between) else float("nan")


def read_off(evidence: Evidence) -> Stance:
    """Every number of a stance that its own samples tell."""
    stance, pct, time_s = evidence.stance, evidence.pct, evidence.time_s
    ekam = evidence.curve("ekam_nm")
    least_nm = MIN_PROMINENCE_NM_PER_KG * stance.body_mass_kg
    first = peak(pct, ekam, PEAK1_WINDOW_PCT, least_nm)
    second = peak(pct, ekam, PEAK2_WINDOW_PCT, least_nm)

    def at_peak1(name: str) -> float:
        return _at(pct, evidence.curve(name), first.at_pct)

    def highest(name: str, window_pct: tuple[float, float]) -> float:
        return peak(pct, evidence.curve(name), window_pct, least_nm).value

    def most(name: str, window_pct: tuple[float, float] = (0.0, 100.0)) -> float:
        inside = (pct >= window_pct[0]) & (pct <= window_pct[1])
        return float(np.max(evidence.curve(name)[inside]))

    contact = evidence.in_contact()
    fz = evidence.wrench[contact, stance.side, 1]
    fz_time_s = evidence.force_time_s[contact]
    late = fz_time_s > stance.t_on_s + 0.5 * stance.stance_s
    flat = (pct >= FOOT_FLAT_PCT[0]) & (pct <= FOOT_FLAT_PCT[1])
    misfit = _shank_misfit(evidence)
    own, other = _feet_at_contact(evidence)
    ends = evidence.context
    return replace(
        stance,
        ekam_peak1_nm=first.value,
        ekam_peak2_nm=second.value,
        ekam_valley_nm=valley(pct, ekam, first, second),
        ekam_peak1_at_pct=first.at_pct,
        ekam_peak2_at_pct=second.at_pct,
        peak1_is_local=first.local,
        peak2_is_local=second.local,
        ekam_impulse_nms=positive_impulse(time_s, ekam),
        ekam_impulse_signed_nms=float(np.trapezoid(ekam, time_s)),
        ekam_peak1_vector_nm=highest("ekam_vector_nm", PEAK1_WINDOW_PCT),
        ekam_peak2_vector_nm=highest("ekam_vector_nm", PEAK2_WINDOW_PCT),
        ekam_peak1_jcs_nm=highest("ekam_jcs_nm", PEAK1_WINDOW_PCT),
        kfm_peak_nm=highest("kfm_nm", KFM_WINDOW_PCT),
        hip_adduction_moment_peak_nm=most("hip_adduction_nm"),
        hip_adduction_peak_rad=most("hip_adduction_rad"),
        hip_internal_rotation_peak_rad=most("hip_internal_rotation_rad"),
        pelvic_drop_peak_rad=most("pelvic_drop_rad"),
        foot_progression_rad=float(np.mean(evidence.curve("foot_progression_rad")[flat])),
        trunk_lean_peak_rad=most("trunk_lean_rad"),
        knee_varus_at_peak_rad=at_peak1("knee_varus_rad"),
        knee_flexion_at_contact_rad=float(evidence.curve("knee_flexion_rad")[0]),
        knee_flexion_peak_rad=most("knee_flexion_rad", KFM_WINDOW_PCT),
        tibia_frontal_at_peak_rad=at_peak1("tibia_frontal_rad"),
        tibia_sagittal_at_contact_rad=float(evidence.curve("tibia_sagittal_rad")[0]),
        step_width_m=abs(float(own[1] - other[1])),
        step_length_m=float(own[0] - other[0]),
        fz_peak_n=float(fz.max()),
        fz_peak2_n=float(fz[late].max()),
        fz_impulse_ns=float(np.trapezoid(fz, fz_time_s)),
        double_support_s=ends.other_off_s - stance.t_on_s,
        single_support_s=ends.other_on_s - ends.other_off_s,
        heel_forward_m=float(own[0]),
        belt_speed_m_per_s=belt_speed_m_per_s(evidence),
        residual_mean_m=float(misfit.mean()),
        residual_max_m=float(misfit.max()),
        dropped_marker=" ".join(evidence.dropped),
        curves=StanceCurves(time_s.copy(), evidence.curves),
    )


def _shank_misfit(evidence: Evidence) -> np.ndarray:
    """Unfiltered misfit of the shank cluster in stance, m; NaN where landmarks carry the shank."""
    row = leg_row(evidence.stance.side, SHANK)
    misfit = evidence.raw_poses.residual_m[evidence.inside, row]
    return np.full(1, np.nan) if evidence.leg.shank.mode == LANDMARKS else misfit


def _at(pct: np.ndarray, curve: np.ndarray, at_pct: float) -> float:
    return float(np.interp(at_pct, pct, curve)) if at_pct == at_pct else float("nan")


def _feet_at_contact(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """(forward position of the heel, sideways position of the ankle) of both feet at heel strike.

    Between two frames, so that the belt's travel within a frame does not count.
    """
    k = max(evidence.inside.start, 1)
    frames = slice(k - 1, k + 1)
    time_s = evidence.marker_time_s[frames]
    share = (evidence.stance.t_on_s - time_s[0]) / (time_s[1] - time_s[0])

    def place(side: Side) -> np.ndarray:
        heel = evidence.heel_m(side, frames)[:, 0]
        ankle = evidence.poses.ajc_m[frames, side, 2]
        both = np.stack([heel, ankle], axis=1)
        return np.asarray(both[0] + share * (both[1] - both[0]))

    return place(evidence.stance.side), place(evidence.stance.side.other)


def belt_speed_m_per_s(evidence: Evidence) -> float:
    """Speed at which the flat foot is carried backwards, m/s: slope of a straight line."""
    pct = evidence.pct
    flat = (pct >= FOOT_FLAT_PCT[0]) & (pct <= FOOT_FLAT_PCT[1])
    x = evidence.heel_m(evidence.stance.side, evidence.inside)[flat, 0]
    if len(x) < 4 or np.isnan(x).any():
        return float("nan")
    return -float(np.polyfit(evidence.time_s[flat], x, 1)[0])
