"""Score one finished stance from the buffered samples around it."""

from dataclasses import dataclass, field, replace

import numpy as np

from compute.contact import ContactThresholds
from compute.conventions import GRAVITY_M_PER_S2, Side
from compute.features import (
    PEAK1_WINDOW_PCT,
    PEAK2_WINDOW_PCT,
    peak,
    positive_impulse,
    valley,
)
from compute.filters import Section, zero_lag
from compute.moment import (
    COP_TO_ANKLE,
    COP_TO_OTHER,
    CURVE_COLUMNS,
    EKAM,
    FZ,
    KFM,
    RESIDUAL,
    knee_moment_curves,
    resample,
)
from compute.stance import REASONS, Stance, StanceCurves
from compute.subject import Subject


@dataclass(frozen=True)
class Settings:
    """Filters, events and gates; the lab file sets filters and events.

    Attributes
    ----------
    filter_hz : zero-lag cut-off of the scored value, the same for markers and plate channels.
    live_filter_hz : causal cut-off of the live trace.
    decide_after_s : the deciding sample is the first one this long after the back-dated toe-off.
    context_s : data before heel strike that the filter is given.
    min_context_s : less than this before heel strike rejects the stance.
    min_stance_s, max_stance_s : shorter is `short_stance`, longer `implausible`.
    max_residual_mean_m, max_residual_m : of the shank cluster while in stance.
    max_cop_to_ankle_m : horizontal, while the load exceeds `cop_min_n`.
    ekam_limits_nm_per_kg : peaks outside are `implausible`.
    fz_peak_limits_bw : peak vertical load in body weights outside is `implausible`.
    """

    filter_hz: float = 6.0
    live_filter_hz: float = 10.0
    contact: ContactThresholds = field(default_factory=ContactThresholds)
    decide_after_s: float = 0.1
    context_s: float = 0.3
    min_context_s: float = 0.05
    min_stance_s: float = 0.35
    max_stance_s: float = 1.5
    max_residual_mean_m: float = 0.003
    max_residual_m: float = 0.006
    max_cop_to_ankle_m: float = 0.22
    cop_min_n: float = 100.0
    ekam_limits_nm_per_kg: tuple[float, float] = (-0.3, 1.3)
    fz_peak_limits_bw: tuple[float, float] = (0.8, 1.6)


@dataclass(frozen=True)
class Span:
    """Buffered samples from before heel strike to the deciding sample.

    Attributes
    ----------
    marker_time_s : shape (n,). markers_m : shape (n, markers, 3), unfiltered, lab.
    force_time_s : shape (k,). wrench : shape (k, 6), unfiltered, this side, F and M_O, lab.
    """

    marker_time_s: np.ndarray
    markers_m: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray


@dataclass(frozen=True)
class Rates:
    """Sampling of both streams with the filter sections that belong to it."""

    marker_hz: float
    force_hz: float
    marker_section: Section
    force_section: Section


def score(
    stance: Stance,
    span: Span,
    rates: Rates,
    subject: Subject,
    names: tuple[str, ...],
    settings: Settings,
) -> tuple[Stance, bool]:
    """Fill in a stance of which only number, side and times are known.

    Returns
    -------
    The scored stance with every reason that speaks against it, and whether the load lies under the
    other foot (a sign of swapped plates).

    Notes
    -----
    Every stream is filtered at its own rate with the same cut-off, then the loads are read at the
    marker times. Nothing after the deciding sample is used.
    """
    reasons: set[str] = set()
    side = stance.side
    if stance.stance_s < settings.min_stance_s:
        reasons.add("short_stance")
    if stance.stance_s > settings.max_stance_s:
        reasons.add("implausible")
    if reasons:
        return _rejected(stance, reasons), False
    if _broken(span.marker_time_s, rates.marker_hz, stance, settings):
        reasons.add("marker_gap")
    if _broken(span.force_time_s, rates.force_hz, stance, settings) or np.isnan(span.wrench).any():
        reasons.add("late_data")
    shank = subject.shank(side)
    seen = tuple(
        name
        for i, name in enumerate(names)
        if name in shank.markers() and not np.isnan(span.markers_m[:, i]).any()
    )
    if not shank.can_be_tracked_by(seen):
        reasons.add("marker_gap")
    if reasons & {"marker_gap", "late_data"}:
        return _rejected(stance, reasons), False

    n, k = len(span.marker_time_s), len(span.force_time_s)
    scratch = np.empty(max(n + 2 * rates.marker_section.pad, k + 2 * rates.force_section.pad))
    flat = np.ascontiguousarray(span.markers_m).reshape(n, -1)
    markers = zero_lag(flat, rates.marker_section, scratch, np.empty_like(flat))
    wrench = zero_lag(span.wrench, rates.force_section, scratch, np.empty((k, 6)))
    time_s = span.marker_time_s
    inside = (time_s >= stance.t_on_s) & (time_s <= stance.t_off_s)
    time_s = time_s[inside]
    at_markers = resample(span.force_time_s, wrench, time_s, np.empty((len(time_s), 6)))
    curves = knee_moment_curves(
        np.ascontiguousarray(markers.reshape(n, -1, 3)[inside]),
        at_markers,
        shank.arrays(names, seen),
        subject.shank(side.other).arrays(names),
        side.sigma,
        np.empty((len(time_s), CURVE_COLUMNS)),
    )
    return _read_off(stance, time_s, curves, span, reasons, settings)


def _read_off(
    stance: Stance,
    time_s: np.ndarray,
    curves: np.ndarray,
    span: Span,
    reasons: set[str],
    settings: Settings,
) -> tuple[Stance, bool]:
    """Features and verdict from the curves of a stance."""
    ekam, kfm, fz = curves[:, EKAM], curves[:, KFM], curves[:, FZ]
    pct = 100.0 * (time_s - stance.t_on_s) / stance.stance_s
    first, second = peak(pct, ekam, PEAK1_WINDOW_PCT), peak(pct, ekam, PEAK2_WINDOW_PCT)
    loaded = fz > settings.cop_min_n
    to_ankle = curves[loaded, COP_TO_ANKLE]
    to_other = curves[loaded, COP_TO_OTHER]
    contact = (span.force_time_s >= stance.t_on_s) & (span.force_time_s <= stance.t_off_s)
    fz_peak_n = float(span.wrench[contact, 1].max())
    fz_peak_bw = fz_peak_n / (stance.body_mass_kg * GRAVITY_M_PER_S2)
    low, high = settings.ekam_limits_nm_per_kg
    peaks = np.array([first.value, second.value]) / stance.body_mass_kg
    residual = curves[:, RESIDUAL]

    if not first.local:
        reasons.add("no_peak")
    if not np.all((peaks >= low) & (peaks <= high)):
        reasons.add("implausible")
    if not settings.fz_peak_limits_bw[0] <= fz_peak_bw <= settings.fz_peak_limits_bw[1]:
        reasons.add("implausible")
    if not len(to_ankle) or to_ankle.max() > settings.max_cop_to_ankle_m:
        reasons.add("cop_outside_foot")
    if residual.mean() > settings.max_residual_mean_m or residual.max() > settings.max_residual_m:
        reasons.add("cluster_residual")
    under_other = bool(
        len(to_ankle)
        and np.median(to_other) < np.median(to_ankle)
        and np.median(to_ankle) > settings.max_cop_to_ankle_m
    )
    scored = replace(
        stance,
        ekam_peak1_nm=first.value,
        ekam_peak2_nm=second.value,
        ekam_valley_nm=valley(pct, ekam, first, second),
        ekam_peak1_at_pct=first.at_pct,
        ekam_peak2_at_pct=second.at_pct,
        ekam_impulse_nms=positive_impulse(time_s, ekam),
        kfm_peak_nm=peak(pct, kfm, (0.0, 50.0)).value,
        fz_peak_n=fz_peak_n,
        curves=StanceCurves(time_s.copy(), ekam.copy(), kfm.copy(), fz.copy()),
    )
    return _rejected(scored, reasons), under_other


def _rejected(stance: Stance, reasons: set[str]) -> Stance:
    return replace(stance, reasons=tuple(reason for reason in REASONS if reason in reasons))


def _broken(time_s: np.ndarray, rate_hz: float, stance: Stance, settings: Settings) -> bool:
    """Whether samples are missing between the context before heel strike and the deciding sample."""
    return bool(
        len(time_s) < 4
        or time_s[0] > stance.t_on_s - settings.min_context_s
        or time_s[-1] < stance.t_decide_s
        or np.diff(time_s).max() * rate_hz > 1.5
    )


def step_cadence(side: Side, t_on_s: float, last_on_s: tuple[float, float]) -> float:
    """Steps per minute from this heel strike and the last one of the other foot; NaN if unknown."""
    step_s = t_on_s - last_on_s[side.other]
    return 60.0 / step_s if 0.2 <= step_s <= 1.5 else float("nan")
