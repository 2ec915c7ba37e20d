"""The verdict on a stance: every reason that speaks against it.

Limits are in `compute.settings`; each gate is one function that answers yes or no from the evidence.
"""

from collections.abc import Callable
from statistics import median

import numpy as np

from compute.body import FOOT, SHANK, body_poses, leg_row, new_poses
from compute.cop_gate import outside_foot, under_other_foot
from compute.cross_belt import crosses_belts
from compute.evidence import Evidence
from compute.features import belt_speed_m_per_s
from compute.history import History
from compute.jit import kernel
from compute.marker_gate import apart, distance_m, exchanged, jumped, widths_m
from compute.plate_gate import drifted, frozen, reads_unloaded, saturated
from compute.pose import LANDMARKS
from compute.settings import Settings
from compute.stance import Stance

_OVERGROUND_M_PER_S = 0.2
_STRIDE_S = 1.5
"""Stances that began this long before a heel strike belong to the stride that ends with its stance."""


def judge(stance: Stance, evidence: Evidence, history: History) -> tuple[set[str], bool]:
    """Reasons against a scored stance, and whether its load lies under the other foot."""
    gates: dict[str, Callable[[Stance, Evidence, History], bool]] = {
        "cross_belt": lambda s, e, h: crosses_belts(e),
        "marker_gap": _filled_near_peak,
        "marker_swap": _swapped,
        "plate_saturated": lambda s, e, h: saturated(e),
        "late_data": lambda s, e, h: frozen(e),
        "plate_drift": lambda s, e, h: reads_unloaded(e) and drifted(e),
        "cop_outside_foot": lambda s, e, h: outside_foot(e),
        "no_peak": lambda s, e, h: not s.peak1_is_local,
        "implausible": _implausible,
        "outlier": _outlier,
        "handrail": _handrail,
        "speed_change": _speed_changed,
        "lever_mismatch": _lever_mismatch,
    }
    reasons = {name for name, gate in gates.items() if gate(stance, evidence, history)}
    misfit = _misfit(evidence, history)
    if misfit and "marker_swap" not in reasons:
        reasons.add("cluster_residual")
    history.measure(stance, widths_m(evidence))
    return reasons, under_other_foot(evidence)


def doubtful(peak_nm: float, evidence: Evidence, history: History) -> bool:
    """Whether an early first peak had better wait for the end of the stance."""
    settings = evidence.settings
    value = peak_nm / evidence.stance.body_mass_kg
    low, high = settings.ekam_limits_nm_per_kg
    return bool(
        not low <= value <= high
        or _far_off(peak_nm, evidence, history)
        or _speed_differs(belt_speed_m_per_s(evidence), evidence, history)
        or _misfit(evidence, history)
        or saturated(evidence)
        or frozen(evidence)
        or reads_unloaded(evidence)
        or crosses_belts(evidence)
        or outside_foot(evidence)
    )


def fits(residual_m: np.ndarray, settings: Settings) -> bool:
    """Whether the unfiltered misfit of a shank cluster over a stance is that of a rigid body."""
    return bool(
        is_rigid(
            residual_m, settings.max_residual_mean_m, settings.max_residual_m, settings.max_residual_step_m
        )
    )  # fmt: skip


@kernel
def is_rigid(residual_m: np.ndarray, mean_m: float, most_m: float, step_m: float) -> bool:
    """Whether a misfit, shape (n,), its mean and its changes stay below limits; not where one is missing."""
    total, n = 0.0, residual_m.shape[0]
    for i in range(n):
        total += residual_m[i]
        if not residual_m[i] < most_m:
            return False
        if i > 0 and not abs(residual_m[i] - residual_m[i - 1]) < step_m:
            return False
    return total / n < mean_m


def _misfit(evidence: Evidence, history: History) -> bool:
    """Shank cluster (or its landmarks) bent or moved, or foot cluster beyond use."""
    settings, side, inside = evidence.settings, evidence.stance.side, evidence.inside
    foot = evidence.raw_poses.residual_m[inside, leg_row(side, FOOT)]
    # Each is looked at whatever the others say, so that warming up compiles all of them.
    found = [(foot > settings.max_foot_residual_m).any(), jumped(evidence), apart(evidence)]
    if evidence.leg.shank.mode == LANDMARKS:
        usual, now = history.widths_m(side), widths_m(evidence)
        found += [_stretched(evidence)]
        found += [bool(len(usual)) and np.abs(now - usual).max() > settings.max_width_change_m]
    else:
        found += [not fits(evidence.raw_poses.residual_m[inside, leg_row(side, SHANK)], settings)]
    return any(found)


def _stretched(evidence: Evidence) -> bool:
    """Distances between the landmarks of a tibia that is read frame by frame.

    Knee to ankle against calibration; the widths of both joints against their own median.
    """
    settings, shank = evidence.settings, evidence.leg.shank
    markers = evidence.markers_m[evidence.inside]
    length_m = float(np.linalg.norm(shank.ajc_local_m))
    most = most_stretched_m(markers, shank.knee, shank.ankle, shank.axis, length_m)
    return bool(most > settings.max_stretch_m)


@kernel
def most_stretched_m(
    markers_m: np.ndarray, knee: np.ndarray, ankle: np.ndarray, axis: np.ndarray, length_m: float
) -> float:
    """Largest change of a tibia's length from `length_m`, or of its widths from their medians.

    Parameters
    ----------
    markers_m : shape (n, markers, 3). knee, ankle, axis : rows of two markers (`ShankArrays`).
    """
    n, most = markers_m.shape[0], 0.0
    width, kjc, ajc = np.empty(n), np.empty(3), np.empty(3)
    for i in range(n):
        for j in range(3):
            kjc[j] = 0.5 * (markers_m[i, knee[0], j] + markers_m[i, knee[1], j])
            ajc[j] = 0.5 * (markers_m[i, ankle[0], j] + markers_m[i, ankle[1], j])
        most = max(most, abs(distance_m(kjc, ajc) - length_m))
    for pair in (knee, ankle, axis):
        if pair[0] == pair[1]:
            continue
        for i in range(n):
            width[i] = distance_m(markers_m[i, pair[0]], markers_m[i, pair[1]])
        usual = np.median(width)
        for i in range(n):
            most = max(most, abs(width[i] - usual))
    return most


def _swapped(stance: Stance, evidence: Evidence, history: History) -> bool:
    """Two labels exchanged: they trade places, the tibia is turned round, or a cluster fits put back."""
    side, inside = stance.side, evidence.inside
    row = leg_row(side, SHANK)
    r = evidence.poses.r[inside, row]
    if exchanged(evidence) or (r[:, 2, 2] < 0.0).any() or (r[:, 1, 1] < 0.0).any():
        return True
    if evidence.leg.shank.mode == LANDMARKS:
        return False
    residual = evidence.raw_poses.residual_m[inside, row]
    if fits(residual, evidence.settings):
        return False
    worst = int(np.argmax(residual))
    if residual[worst] < evidence.settings.max_residual_m:
        return False
    frame = evidence.markers_m[inside][worst : worst + 1]
    for a in evidence.leg.shank.cluster:
        for b in range(frame.shape[1]):
            if b == a:
                continue
            put_back = frame.copy()
            put_back[0, [a, b]] = frame[0, [b, a]]
            poses = body_poses(put_back, evidence.body, new_poses(1))
            if poses.residual_m[0, row] < evidence.settings.max_residual_mean_m:
                return True
    return False


def _filled_near_peak(stance: Stance, evidence: Evidence, history: History) -> bool:
    """A marker was reconstructed within 50 ms of a peak."""
    if not evidence.filled.any():
        return False
    filled_s = evidence.marker_time_s[evidence.filled]
    peaks_pct = np.array([stance.ekam_peak1_at_pct, stance.ekam_peak2_at_pct])
    at_s = stance.t_on_s + peaks_pct / 100.0 * stance.stance_s
    return bool((np.abs(filled_s[:, None] - at_s[None, :]) <= 0.05).any())


def _implausible(stance: Stance, evidence: Evidence, history: History) -> bool:
    """Size of the moment, its rate and impulse; size of the vertical load."""
    settings, mass = evidence.settings, stance.body_mass_kg
    low, high = settings.ekam_limits_nm_per_kg
    ekam = evidence.curve("ekam_nm")
    rate = (ekam[1:] - ekam[:-1]) * evidence.marker_hz / mass
    fz = evidence.wrench[evidence.in_contact(), stance.side, 1] / evidence.weight_n
    return not bool(
        low <= stance.ekam_peak1_nm / mass <= high
        and low <= stance.ekam_peak2_nm / mass <= high
        and np.abs(rate).max() < settings.max_ekam_rate_nm_per_kg_s
        and stance.ekam_impulse_nms / mass < settings.max_impulse_nms_per_kg
        and settings.fz_peak_limits_bw[0] <= fz.max() <= settings.fz_peak_limits_bw[1]
        and settings.fz_mean_limits_bw[0] <= fz.mean() <= settings.fz_mean_limits_bw[1]
        and _single_support_bw(evidence).min(initial=np.inf) > settings.min_single_support_bw
        and not _stride_load_bw(evidence, history) > 1.0 + settings.max_unweighting
    )


def _single_support_bw(evidence: Evidence) -> np.ndarray:
    """Filtered vertical load, body weights, while the other foot is off the ground.

    20 to 80 % of the stance where the plates do not tell when that is.
    """
    stance, context, time_s = evidence.stance, evidence.context, evidence.time_s
    first_s, last_s = context.other_off_s, context.other_on_s
    if not last_s > first_s:
        first_s = stance.t_on_s + 0.2 * stance.stance_s
        last_s = stance.t_on_s + 0.8 * stance.stance_s
    first = int(time_s.searchsorted(first_s, side="left"))
    last = int(time_s.searchsorted(last_s, side="right"))
    return np.asarray(evidence.wrench_at[first:last, 1] / evidence.weight_n)


def _handrail(stance: Stance, evidence: Evidence, history: History) -> bool:
    return _stride_load_bw(evidence, history) < 1.0 - evidence.settings.max_unweighting


def _stride_load_bw(evidence: Evidence, history: History) -> float:
    """Mean load of both plates over the stride, in body weights; NaN where a step of it is not whole."""
    stance = evidence.stance
    if history.broken_since(stance.t_on_s - _STRIDE_S):
        return float("nan")
    return evidence.context.stride_load_n / evidence.weight_n


def _outlier(stance: Stance, evidence: Evidence, history: History) -> bool:
    return _far_off(stance.ekam_peak1_nm, evidence, history)


def _far_off(peak_nm: float, evidence: Evidence, history: History) -> bool:
    """First peak far from the last stances of this leg, by robust statistics."""
    settings, before = evidence.settings, history.peaks_nm(evidence.stance.side)
    if len(before) < 10:
        return False
    usual = median(before)
    spread = 1.4826 * median([abs(each - usual) for each in before])
    spread = max(spread, settings.outlier_floor * abs(usual))
    return abs(peak_nm - usual) > settings.outlier_z * spread


def _speed_changed(stance: Stance, evidence: Evidence, history: History) -> bool:
    return _speed_differs(stance.belt_speed_m_per_s, evidence, history)


def _speed_differs(speed_m_per_s: float, evidence: Evidence, history: History) -> bool:
    """The stance foot travels at another speed than in the last strides; never over ground."""
    settings, usual = evidence.settings, history.belt_speed_m_per_s()
    if not usual > _OVERGROUND_M_PER_S:
        return False
    most = max(settings.max_speed_change * usual, settings.max_speed_change_m_per_s)
    return abs(speed_m_per_s - usual) > most


def _lever_mismatch(stance: Stance, evidence: Evidence, history: History) -> bool:
    settings, mass = evidence.settings, stance.body_mass_kg
    ekam, vector = evidence.curve("ekam_nm"), evidence.curve("ekam_vector_nm")
    for at_pct in (stance.ekam_peak1_at_pct, stance.ekam_peak2_at_pct):
        k = int(np.abs(evidence.pct - at_pct).argmin())
        gap = abs(ekam[k] - vector[k])
        if (
            gap > settings.max_lever_gap * abs(ekam[k])
            and gap > settings.max_lever_gap_nm_per_kg * mass
        ):
            return True
    return False
