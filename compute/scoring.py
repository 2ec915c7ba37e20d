"""Score one finished stance from the buffered samples around it. Read `Scorer.score` top to bottom."""

from dataclasses import dataclass, replace

import numpy as np

from compute.body import (
    FOOT,
    PELVIS,
    SHANK,
    BodyArrays,
    Poses,
    body_arrays,
    body_poses,
    femur_known,
    leg_row,
    new_poses,
)
from compute.conventions import Side
from compute.curves import leg_curves
from compute.evidence import Context, Evidence, Span
from compute.features import MIN_PROMINENCE_NM_PER_KG, PEAK1_WINDOW_PCT, peak, read_off
from compute.filters import zero_lag, zero_lag_section
from compute.gates import doubtful, fits, judge
from compute.history import History
from compute.kinematic_events import foot_in_swing, foot_paths
from compute.loading import loading_rates
from compute.newton_euler import leg_moments
from compute.repair import MAX_HELD, blank_held, track_through
from compute.resample import resample
from compute.settings import Settings
from compute.stance import CURVES, REASONS, Stance
from compute.subject import Segment, Subject
from compute.uncertainty import (
    force_covariance,
    marker_variance,
    noise_gains,
    peak_sigma_nm,
    residual_variance,
)

LONGEST_CHECKED_S = 5.0
"""A person who stands for longer has left the buffers: nothing can be said of its samples."""
EARLY_MARGIN_S = 0.05
"""An early peak must lie this long before the newest sample, where the filter's end no longer reaches."""


@dataclass(frozen=True)
class _Prepared:
    """Samples of a stance, repaired and filtered."""

    marker_time_s: np.ndarray
    raw_m: np.ndarray
    loads_m: np.ndarray
    smooth_m: np.ndarray
    body: BodyArrays
    left_out: frozenset[str]
    filled: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray
    own_wrench: np.ndarray


@dataclass(frozen=True)
class Scored:
    """A scored stance; `under_other`: its load lies under the other foot (swapped plates)."""

    stance: Stance
    under_other: bool = False


class Scorer:
    """Scores stances of one person at the rates of the two streams.

    Parameters
    ----------
    names : markers in the order of the frames.
    """

    def __init__(
        self,
        subject: Subject,
        names: tuple[str, ...],
        marker_hz: float,
        force_hz: float,
        settings: Settings,
    ) -> None:
        self.subject, self.names, self.settings = subject, names, settings
        self.marker_hz, self.force_hz = marker_hz, force_hz
        self._loads = zero_lag_section(settings.filter_hz, marker_hz)
        slow_hz = min(settings.filter_hz, settings.inertia_hz)
        self._one_filter = slow_hz == settings.filter_hz
        self._smooth = zero_lag_section(slow_hz, marker_hz)
        self._forces = zero_lag_section(settings.filter_hz, force_hz)
        self._wide = zero_lag_section(min(settings.wide_band_hz, 0.4 * force_hz), force_hz)
        self._gains = noise_gains(self._loads, self._smooth, self._forces)
        self._bodies: dict[frozenset[str], BodyArrays] = {}

    def score(self, stance: Stance, span: Span, context: Context, history: History) -> Scored:
        """Fill in a stance of which only number, side and times are known.

        Notes
        -----
        Every stream is filtered at its own rate with the same cut-off, then the loads are read at the
        marker times. Nothing after the deciding sample is used.
        """
        settings = self.settings
        reasons = set(context.flags)
        if stance.stance_s < settings.min_stance_s:
            reasons.add("short_stance")
        if stance.stance_s > settings.max_stance_s:
            reasons.add("implausible")
            if self._stepped_within(stance, span):
                reasons.add("cross_belt")
        if settings.min_stance_s <= stance.stance_s <= LONGEST_CHECKED_S:
            reasons |= self._broken(stance.t_on_s, stance.t_decide_s, span)
        if reasons & {"short_stance", "implausible", "marker_gap", "late_data"}:
            return Scored(_with(stance, reasons))
        prepared = self._prepare(stance, span, context)
        if prepared is None:
            return Scored(_with(stance, reasons | {"marker_gap"}))
        evidence = self._compute(stance, prepared, context)
        scored = self._with_sigma(read_off(evidence), evidence, prepared)
        valr, vilr = loading_rates(evidence, self._wide)
        scored = replace(history.relate(scored), valr_n_per_s=valr, vilr_n_per_s=vilr)
        found, under_other = judge(scored, evidence, history)
        return Scored(_with(scored, reasons | found), under_other)

    def early_peak_nm(
        self, stance: Stance, span: Span, context: Context, history: History
    ) -> float | None:
        """First EKAM peak, N·m, while the stance still lasts; None while it is not certain.

        Parameters
        ----------
        stance : its `t_off_s` is the predicted toe-off, its `t_decide_s` the newest sample's time.
        """
        if context.flags or self._broken(stance.t_on_s, stance.t_decide_s, span):
            return None
        prepared = self._prepare(stance, span, context)
        if prepared is None:
            return None
        evidence = self._compute(stance, prepared, context)
        least_nm = MIN_PROMINENCE_NM_PER_KG * stance.body_mass_kg
        first = peak(evidence.pct, evidence.curve("ekam_nm"), PEAK1_WINDOW_PCT, least_nm)
        at_s = stance.t_on_s + first.at_pct / 100.0 * stance.stance_s
        if not first.local or at_s > stance.t_decide_s - EARLY_MARGIN_S:
            return None
        return None if doubtful(first.value, evidence, history) else first.value

    def body(self, left_out: frozenset[str] = frozenset()) -> BodyArrays:
        """Kernel form of the subject without some markers."""
        if left_out not in self._bodies:
            self._bodies[left_out] = body_arrays(self.subject, self.names, left_out)
        return self._bodies[left_out]

    def _stepped_within(self, stance: Stance, span: Span) -> bool:
        """Whether the foot of a belt that stayed loaded took a step meanwhile: the other foot held it."""
        paths = foot_paths(span.marker_time_s, span.markers_m, self.names, self._smooth)
        if paths is None:
            return False
        within = (paths.time_s > stance.t_on_s) & (paths.time_s < stance.t_off_s)
        return bool((foot_in_swing(paths, stance.side) & within).any())

    def _broken(self, t_on_s: float, until_s: float, span: Span) -> set[str]:
        """Which stream lacks samples between the context before heel strike and `until_s`."""
        settings = self.settings
        start_s = t_on_s - settings.min_context_s
        found = set()
        for time_s, rate_hz, reason in (
            (span.marker_time_s, self.marker_hz, "marker_gap"),
            (span.force_time_s, self.force_hz, "late_data"),
        ):
            core = time_s[max(int(np.searchsorted(time_s, start_s, side="right")) - 1, 0) :]
            if (
                len(core) < 8
                or core[0] > start_s
                or core[-1] < until_s
                or np.diff(core).max() * rate_hz > 1.5
            ):
                found.add(reason)
        core = span.wrench[span.force_time_s >= start_s]
        if not found and np.isnan(core).any():
            found.add("late_data")
        return found

    def _prepare(self, stance: Stance, span: Span, context: Context) -> _Prepared | None:
        """Repair and filter; None when the markers do not carry this leg's shank and foot."""
        core_s = stance.t_on_s - self.settings.min_context_s
        first = _unbroken_from(
            span.force_time_s, self.force_hz, core_s, span.wrench.sum(axis=(1, 2))
        )
        force_time_s = span.force_time_s[first:]
        wrench = span.wrench[first:] - context.offset
        first = _unbroken_from(span.marker_time_s, self.marker_hz, core_s)
        markers = span.markers_m[first:].copy()
        blank_held(markers, MAX_HELD)
        needed = self._rows_of(stance.side)
        seen = ~np.isnan(markers[:, needed, 0]).any(axis=1)
        core = int(np.searchsorted(span.marker_time_s[first:], core_s, side="right")) - 1
        # A blink before the context that is needed only makes the context shorter.
        blinks = np.flatnonzero(~seen[: max(core, 0)])
        cut = int(blinks[-1]) + 1 if len(blinks) else 0
        markers, time_s = markers[cut:], span.marker_time_s[first + cut :]
        tracked = self._track(markers, stance.side)
        if tracked is None:
            return None
        left_out, filled = tracked
        n, k = len(time_s), len(force_time_s)
        scratch = np.empty(
            max(n + 2 * max(self._loads.pad, self._smooth.pad), k + 2 * self._forces.pad)
        )
        flat = markers.reshape(n, -1)
        loads = zero_lag(flat, self._loads, scratch, np.empty_like(flat)).reshape(markers.shape)
        smooth = (
            loads
            if self._one_filter
            else zero_lag(flat, self._smooth, scratch, np.empty_like(flat)).reshape(markers.shape)
        )
        own = np.ascontiguousarray(wrench[:, stance.side])
        own = zero_lag(own, self._forces, scratch, np.empty_like(own))
        return _Prepared(
            time_s, markers, loads, smooth, self.body(left_out), left_out, filled,
            force_time_s, wrench, own,
        )  # fmt: skip

    def _rows_of(self, side: Side) -> list[int]:
        """Rows of the markers that carry one leg's shank and foot."""
        leg = self.subject.leg(side)
        used = (*leg.shank.markers(), *(leg.foot.cluster if leg.foot is not None else ()))
        return [self.names.index(name) for name in dict.fromkeys(used) if name in self.names]

    def _track(self, markers: np.ndarray, side: Side) -> tuple[frozenset[str], np.ndarray] | None:
        """Markers to leave out and frames that were filled; None when this leg is not carried."""
        subject = self.subject
        left_out: set[str] = set()
        filled = np.zeros(len(markers), dtype=bool)
        for own in (side, side.other):
            leg = subject.leg(own)
            shank = leg.shank
            if shank.tracking == "landmarks":
                rows = [self.names.index(name) for name in shank.markers()]
                if own is side and np.isnan(markers[:, rows]).any():
                    return None
            clusters = [leg.foot, leg.thigh]
            if shank.tracking == "cluster":
                clusters.insert(0, Segment(shank.cluster, shank.local_m))
            for cluster in clusters:
                if cluster is None:
                    continue
                way = track_through(markers, self.names, cluster, self.marker_hz)
                if not way.possible and own is side and cluster is not leg.thigh:
                    return None
                left_out |= way.left_out
                if own is side and cluster is not leg.thigh:
                    filled |= way.filled
        for segment in (subject.pelvis, subject.trunk):
            if segment is not None:
                left_out |= track_through(markers, self.names, segment, self.marker_hz).left_out
        return frozenset(left_out), filled

    def _compute(self, stance: Stance, prepared: _Prepared, context: Context) -> Evidence:
        """Poses, moments and curves; the worst marker of a cluster that does not fit is dropped."""
        side = stance.side
        raw = body_poses(prepared.raw_m, prepared.body, new_poses(len(prepared.raw_m)))
        time_s = prepared.marker_time_s
        inside = slice(
            int(np.searchsorted(time_s, stance.t_on_s, side="left")),
            int(np.searchsorted(time_s, stance.t_off_s, side="right")),
        )
        left_out = self._without_worst(side, prepared, raw, inside)
        body = prepared.body
        if left_out != prepared.left_out:
            body = self.body(left_out)
            raw = body_poses(prepared.raw_m, body, new_poses(len(prepared.raw_m)))
        leg = body.right if side is Side.RIGHT else body.left
        poses = body_poses(prepared.loads_m, body, new_poses(len(time_s)))
        smooth = (
            poses
            if self._one_filter
            else body_poses(prepared.smooth_m, body, new_poses(len(time_s)))
        )
        m = inside.stop - inside.start
        wrench = resample(
            prepared.force_time_s, prepared.own_wrench, time_s[inside], np.empty((m, 6))
        )
        vector = np.empty((m, 3))
        moments = leg_moments(
            poses, smooth, wrench, leg.inertia, int(side), self.marker_hz, inside.start,
            np.empty((m, 3, 3)), vector,
        )  # fmt: skip
        paths = foot_paths(
            time_s, prepared.raw_m, self.names, self._smooth,
            knees_m=poses.origin_m[:, [leg_row(0, SHANK), leg_row(1, SHANK)]], ankles_m=poses.ajc_m,
        )  # fmt: skip
        femur = femur_known(leg)
        curves = leg_curves(
            poses, moments, vector, wrench, leg, femur, int(side), inside.start,
            np.empty((m, len(CURVES))),
        )  # fmt: skip
        return Evidence(
            stance, context, self.settings, self.marker_hz, self.force_hz, time_s, inside,
            self.names, prepared.raw_m, paths, poses, raw, body, femur, curves, wrench,
            prepared.force_time_s, prepared.wrench, prepared.filled, tuple(sorted(left_out)),
        )  # fmt: skip

    def _without_worst(
        self, side: Side, prepared: _Prepared, raw: Poses, inside: slice
    ) -> frozenset[str]:
        """Leave out the worst of four markers where shank or foot do not fit with it but do without."""
        settings, leg = self.settings, self.subject.leg(side)
        left_out = prepared.left_out
        clusters = [(FOOT, leg.foot.cluster if leg.foot is not None else ())]
        if leg.shank.tracking == "cluster":
            clusters.append((SHANK, leg.shank.cluster))
        for segment, cluster in clusters:
            row = leg_row(side, segment)
            kept = [name for name in cluster if name in self.names and name not in left_out]
            residual = raw.residual_m[inside, row]
            if len(kept) < 4 or fits(residual, settings):
                continue
            trials = []
            for name in kept:
                less = left_out | {name}
                poses = body_poses(
                    prepared.raw_m[inside], self.body(less), new_poses(len(residual))
                )
                trials.append(
                    (float(poses.residual_m[:, row].max()), less, poses.residual_m[:, row])
                )
            _, less, residual = min(trials, key=lambda trial: trial[0])
            if fits(residual, settings) or segment == FOOT:
                left_out = less
        return left_out | self._bent_pelvis(prepared, raw, inside, left_out)

    def _bent_pelvis(
        self, prepared: _Prepared, raw: Poses, inside: slice, left_out: frozenset[str]
    ) -> frozenset[str]:
        """Pelvis markers to leave out: the worst of four, or all where the rest does not fit either."""
        segment, limit_m = self.subject.pelvis, self.settings.max_pelvis_residual_m
        if segment is None or not raw.residual_m[inside, PELVIS].mean() > limit_m:
            return frozenset()
        kept = [name for name in segment.cluster if name not in left_out]
        trials = []
        for name in kept if len(kept) >= 4 else ():
            poses = body_poses(
                prepared.raw_m[inside],
                self.body(left_out | {name}),
                new_poses(inside.stop - inside.start),
            )
            trials.append((float(poses.residual_m[:, PELVIS].mean()), name))
        least_m, worst = min(trials, default=(np.inf, ""))
        return frozenset({worst}) if least_m <= limit_m else frozenset(kept)

    def _with_sigma(self, stance: Stance, evidence: Evidence, prepared: _Prepared) -> Stance:
        """Uncertainty of both peaks from the noise of this stance."""
        side, inside, leg = stance.side, evidence.inside, evidence.leg
        lo, hi = np.searchsorted(
            evidence.force_time_s, stance.t_on_s + np.array([0.15, 0.85]) * stance.stance_s
        )
        covariance = force_covariance(evidence.wrench[lo:hi, side])
        variances = self._marker_variances(side, evidence)
        sigmas = []
        for at_pct in (stance.ekam_peak1_at_pct, stance.ekam_peak2_at_pct):
            k = int(np.argmin(np.abs(evidence.pct - at_pct))) if at_pct == at_pct else -1
            i = inside.start + k
            if k < 0 or i < 2 or i + 3 > len(prepared.smooth_m):
                sigmas.append(float("nan"))
                continue
            sigmas.append(
                peak_sigma_nm(
                    prepared.loads_m[i], prepared.smooth_m[i - 2 : i + 3], evidence.wrench_at[k], leg,
                    int(side), self.marker_hz, variances, covariance, self._gains,
                )
            )  # fmt: skip
        return replace(stance, ekam_peak1_sigma_nm=sigmas[0], ekam_peak2_sigma_nm=sigmas[1])

    def _marker_variances(self, side: Side, evidence: Evidence) -> tuple[float, float]:
        """Noise of the shank's and the foot's markers, from their misfit where there is one."""
        inside = evidence.inside
        out = []
        for segment, rows in (
            (SHANK, evidence.leg.shank.cluster),
            (FOOT, evidence.leg.foot.rows[evidence.leg.foot.rows >= 0]),
        ):
            residual = evidence.raw_poses.residual_m[inside, leg_row(side, segment)]
            if len(rows) >= 3:
                out.append(residual_variance(residual, len(rows)))
            else:
                own = self._rows_of(side)
                out.append(marker_variance(evidence.markers_m[inside][:, own]))
        return out[0], out[1]


def _unbroken_from(
    time_s: np.ndarray, rate_hz: float, core_s: float, values: np.ndarray | None = None
) -> int:
    """First sample from which on nothing is missing up to `core_s`."""
    n = int(np.searchsorted(time_s, core_s, side="right"))
    broken = np.flatnonzero(np.diff(time_s[:n]) * rate_hz > 1.5) + 1
    start = int(broken[-1]) if len(broken) else 0
    if values is not None:
        gone = np.flatnonzero(np.isnan(values[start : max(n - 1, start)]))
        start += int(gone[-1]) + 1 if len(gone) else 0
    return start


def _with(stance: Stance, reasons: set[str]) -> Stance:
    return replace(stance, reasons=tuple(reason for reason in REASONS if reason in reasons))
