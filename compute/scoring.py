"""Score one finished stance from the buffered samples around it. Read `Scorer.score` top to bottom."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compute.body import (
    FOOT,
    PELVIS,
    SHANK,
    BodyArrays,
    Poses,
    below_knee,
    body_arrays,
    body_poses,
    femur_known,
    leg_row,
    new_poses,
    some_poses,
    whole_leg,
)
from compute.conventions import Side
from compute.curves import leg_curves
from compute.evidence import Context, Evidence, Span
from compute.features import MIN_PROMINENCE_NM_PER_KG, PEAK1_WINDOW_PCT, read_off
from compute.filters import zero_lag_section
from compute.gates import doubtful, fits, judge
from compute.history import History
from compute.kinematic_events import FootPaths, foot_in_swing, foot_paths
from compute.loading import loading_rates
from compute.newton_euler import HALF_WIDTH, leg_moments
from compute.peaks import peak
from compute.prepared import Preparation, Prepared
from compute.resample import resample
from compute.settings import Settings
from compute.stance import CURVES, REASONS, Stance
from compute.subject import Subject
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
        self._preparation = Preparation(subject, names, marker_hz, force_hz, settings)
        self._wide = zero_lag_section(min(settings.wide_band_hz, 0.4 * force_hz), force_hz)
        given = self._preparation
        self._gains = noise_gains(given.loads, given.smooth, given.forces)
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
            reasons |= self._preparation.broken(stance.t_on_s, stance.t_decide_s, span)
        if reasons & {"short_stance", "implausible", "marker_gap", "late_data"}:
            return Scored(_with(stance, reasons))
        prepared = self._preparation.prepare(stance, span, context)
        if prepared is None:
            return Scored(_with(stance, reasons | {"marker_gap"}))
        evidence = self._compute(stance, prepared, context)
        numbers = read_off(evidence)
        numbers |= self._sigmas(numbers, evidence, prepared)
        numbers |= loading_rates(evidence, self._wide)
        numbers |= history.relate(stance, numbers)
        scored = replace(stance, **numbers)
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
        preparation = self._preparation
        if context.flags or preparation.broken(stance.t_on_s, stance.t_decide_s, span):
            return None
        prepared = preparation.prepare(stance, span, context)
        if prepared is None:
            return None
        evidence = self._compute(stance, prepared, context, early=True)
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
        paths = foot_paths(span.marker_time_s, span.markers_m, self.names, self._preparation.smooth)
        if paths is None:
            return False
        within = (paths.time_s > stance.t_on_s) & (paths.time_s < stance.t_off_s)
        return bool((foot_in_swing(paths, stance.side) & within).any())

    def _compute(
        self, stance: Stance, prepared: Prepared, context: Context, *, early: bool = False
    ) -> Evidence:
        """Poses, moments and curves; the worst marker of a cluster that does not fit is dropped.

        Parameters
        ----------
        early : only what the knee needs: no thigh, pelvis, trunk, nor the other leg.
        """
        side, time_s = stance.side, prepared.marker_time_s
        n = len(time_s)
        inside = slice(
            int(time_s.searchsorted(stance.t_on_s, side="left")),
            int(time_s.searchsorted(stance.t_off_s, side="right")),
        )
        checked = below_knee(side) | (0 if early else 1 << PELVIS)
        wanted = below_knee(side) if early else whole_leg(side)
        body = self.body(prepared.left_out)
        raw = self._poses(prepared.raw_m, body, checked, inside)
        left_out = self._without_worst(side, prepared, raw, inside, early)
        if left_out != prepared.left_out:
            body = self.body(left_out)
            raw = self._poses(prepared.raw_m, body, checked, inside)
        leg = body.right if side is Side.RIGHT else body.left
        # The moments are differentiated: two frames more on either side.
        around = slice(max(inside.start - HALF_WIDTH, 0), min(inside.stop + HALF_WIDTH, n))
        poses = self._poses(prepared.loads_m, body, wanted, around)
        smooth = poses
        if not self._preparation.one_filter:
            smooth = self._poses(prepared.smooth_m, body, wanted, around)
        if not early:
            # The other foot at heel strike, for the step.
            k = max(inside.start, 1)
            some_poses(prepared.loads_m, body, below_knee(side.other), k - 1, k + 1, poses)
        m = inside.stop - inside.start
        wrench = resample(
            prepared.force_time_s, prepared.own_wrench, time_s[inside], np.empty((m, 6))
        )
        vector = np.empty((m, 3))
        moments = leg_moments(
            poses, smooth, wrench, leg.inertia, int(side), self.marker_hz, inside.start,
            np.empty((m, 3, 3)), vector,
        )  # fmt: skip
        femur = femur_known(leg)
        curves = leg_curves(
            poses, moments, vector, wrench, leg, femur, int(side), inside.start,
            np.empty((m, len(CURVES))),
        )  # fmt: skip
        return Evidence(
            stance, context, self.settings, self.marker_hz, self.force_hz, time_s, inside,
            self.names, prepared.raw_m, prepared.loads_m, self._paths(prepared, body), poses, raw, body,
            femur, curves, wrench, prepared.force_time_s, prepared.wrench, prepared.filled,
            tuple(sorted(left_out)),
        )  # fmt: skip

    def _poses(self, markers_m: np.ndarray, body: BodyArrays, wanted: int, frames: slice) -> Poses:
        """Poses of some segments; NaN in all other frames."""
        poses = new_poses(len(markers_m))
        return some_poses(markers_m, body, wanted, frames.start, frames.stop, poses)

    def _paths(self, prepared: Prepared, body: BodyArrays) -> FootPaths | None:
        """Paths of the feet from markers, or from the joint centres where the markers do not show them."""
        time_s, section = prepared.marker_time_s, self._preparation.smooth
        paths = foot_paths(time_s, prepared.raw_m, self.names, section)
        if paths is not None:
            return paths
        shanks = 1 << leg_row(0, SHANK) | 1 << leg_row(1, SHANK)
        poses = self._poses(prepared.loads_m, body, shanks, slice(0, len(time_s)))
        return foot_paths(
            time_s, prepared.raw_m, self.names, section,
            knees_m=poses.origin_m[:, [leg_row(0, SHANK), leg_row(1, SHANK)]], ankles_m=poses.ajc_m,
        )  # fmt: skip

    def _without_worst(
        self, side: Side, prepared: Prepared, raw: Poses, inside: slice, early: bool
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
        return left_out if early else left_out | self._bent_pelvis(prepared, raw, inside, left_out)

    def _bent_pelvis(
        self, prepared: Prepared, raw: Poses, inside: slice, left_out: frozenset[str]
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

    def _sigmas(
        self, numbers: dict[str, Any], evidence: Evidence, prepared: Prepared
    ) -> dict[str, float]:
        """Uncertainty of both peaks from the noise of this stance."""
        stance, inside, leg = evidence.stance, evidence.inside, evidence.leg
        lo, hi = evidence.force_time_s.searchsorted(
            (stance.t_on_s + 0.15 * stance.stance_s, stance.t_on_s + 0.85 * stance.stance_s)
        )
        covariance = force_covariance(evidence.wrench[lo:hi, stance.side])
        variances = self._marker_variances(stance.side, evidence)
        sigmas = {}
        for peak_name in ("ekam_peak1", "ekam_peak2"):
            at_pct = numbers[f"{peak_name}_at_pct"]
            k = int(np.abs(evidence.pct - at_pct).argmin()) if at_pct == at_pct else -1
            i = inside.start + k
            if k < 0 or i < 2 or i + 3 > len(prepared.smooth_m):
                sigmas[f"{peak_name}_sigma_nm"] = float("nan")
                continue
            sigmas[f"{peak_name}_sigma_nm"] = peak_sigma_nm(
                prepared.loads_m[i], prepared.smooth_m[i - 2 : i + 3], evidence.wrench_at[k], leg,
                int(stance.side), self.marker_hz, variances, covariance, self._gains,
            )  # fmt: skip
        return sigmas

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
                own = self._preparation.rows[side]
                out.append(marker_variance(evidence.markers_m[inside][:, own]))
        return out[0], out[1]


def _with(stance: Stance, reasons: set[str]) -> Stance:
    if not reasons:
        return stance
    return replace(stance, reasons=tuple(reason for reason in REASONS if reason in reasons))
