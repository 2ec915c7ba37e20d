"""How a block went, leg by leg; and what got worse while the trained variable got better."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol.inputs import Step
from compute.protocol.leg_baseline import LegBaseline, change_pct, mean
from compute.protocol.plan import Guard, Plan
from compute.variables import find

RECENT = 20
"""Guards look at the means of so many of the last valid stances, and not before there are so many."""
LEAST_JUDGED = 10
"""Fewer valid steps of a leg in a block make no success (our choice)."""
LEAST_RISE = 0.02
"""N·m/kg, of an impulse N·m·s/kg. A moment near zero rises by many per cent without rising: less than this
is no warning."""

Edges = tuple[float, float]
"""Of a band, in the terms of the target."""
Baselines = tuple[LegBaseline | None, LegBaseline | None]


@dataclass(frozen=True)
class Risen:
    """A guard that is beyond its limit.

    Attributes
    ----------
    rise : of the mean from baseline, in `unit`: % of baseline, or the unit shown of a variable whose zero is
        arbitrary.
    """

    words: str
    rise: float
    unit: str = "%"

    @property
    def size(self) -> str:
        """The rise in words."""
        return f"{self.rise:.{0 if self.unit == '%' else 1}f} {self.unit}"


@dataclass(frozen=True)
class LegResult:
    """One leg in one block.

    Attributes
    ----------
    mean : of the variable fed back, in the unit shown. shown : the same in the terms of the target.
    change : of `shown` from the baseline; the target asked for `asked`. measured_pct : change of the
        measured variable, % of baseline. in_band_pct : of the valid steps, each as the mean of
        the last `Plan.mean_of`, in the band that held at the step.
    guards : those beyond their limit.
    success : only of a trained leg with a target; `why` says what is missing. None with a reason in `why`
        where it cannot be judged.
    """

    side: Side
    valid: int
    rejected: int
    mean: float = nan
    shown: float = nan
    change: float = nan
    asked: float = nan
    measured_pct: float = nan
    in_band_pct: float = nan
    guards: tuple[Risen, ...] = ()
    success: bool | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class BlockResult:
    """One block that is over."""

    name: str
    kind: str
    from_s: float
    to_s: float
    legs: tuple[LegResult, LegResult]


def leg_result(
    steps: Sequence[Step],
    side: Side,
    plan: Plan,
    baselines: Baselines,
    target: Target | None,
    bands: Sequence[Edges | None] | None = None,
) -> LegResult:
    """How one leg did.

    Parameters
    ----------
    steps : those of the block, of both legs. target : the protocol's own, by which the change is judged.
    bands : that held at each of the steps, as the operator may have moved it; None for the target's.
    """
    if bands is None:
        bands = [None if target is None else (target.low, target.high)] * len(steps)
    own = [step for step in steps if step.side is side]
    pairs = [pair for pair in zip(steps, bands, strict=True) if pair[0].side is side]
    good = [step for step in own if step.usable]
    found = LegResult(side, len(good), len(own) - len(good))
    if not good:
        return found
    average = mean([step.value for step in good])
    baseline = baselines[side]
    measured = change_of(plan.measured, steps, side, plan, baselines)
    over = tuple(risen(steps, side, plan, baselines, least=1))
    if target is None or (baseline is None and target.mode != "absolute"):
        return LegResult(
            side, found.valid, found.rejected, average, measured_pct=measured, guards=over
        )
    zero_value = nan if baseline is None else baseline.mean
    shown, zero = target.shown(average, zero_value), target.shown(zero_value, zero_value)
    values, n = [step.value for step in good], plan.mean_of
    held = [band for step, band in pairs if step.usable]
    inside = [
        band[0] <= target.shown(mean(values[max(0, i - n + 1) : i + 1]), zero_value) <= band[1]
        for i, band in enumerate(held)
        if band is not None
    ]
    in_band_pct = 100.0 * sum(inside) / len(inside) if inside else nan
    asked = wanted(target, zero)
    why = _missing(plan, in_band_pct, shown - zero, asked, target.unit, over)
    success: bool | None = None
    if side in plan.legs:
        unclear = _unclear(steps, side, plan, baselines, len(inside))
        success = False if why else None if unclear else True
        why = why or unclear
    return LegResult(
        side, found.valid, found.rejected, average, shown, shown - zero, asked, measured, in_band_pct,
        over, success, why,
    )  # fmt: skip


def wanted(target: Target, zero: float) -> float:
    """Change that the target asks for, up to its nearer edge; 0 where the baseline lies inside it."""
    if not isfinite(zero) or target.low <= zero <= target.high:
        return 0.0
    return (target.high if target.high < zero else target.low) - zero


def _missing(
    plan: Plan,
    in_band_pct: float,
    change: float,
    asked: float,
    unit: str,
    over: Sequence[Risen],
) -> tuple[str, ...]:
    """What a block lacks for success: 60 % in the band, half of the change, no guard beyond its limit."""
    why = []
    if in_band_pct < plan.success_pct:
        digits = 0 if round(in_band_pct) < plan.success_pct else 1  # 59.8 is not 60
        why.append(
            f"{in_band_pct:.{digits}f} % of the steps in the band, {plan.success_pct:g} % are needed"
        )
    if isfinite(change) and asked and change / asked < 0.5:
        why.append(f"changed by {change:+.1f} {unit} of the {asked:+.3g} {unit} asked for")
    why.extend(f"{each.words} +{each.size}" for each in over)
    return tuple(why)


def _unclear(
    steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines, judged: int
) -> tuple[str, ...]:
    """Why a block that misses nothing still is no success that anybody could vouch for."""
    why = []
    if judged < LEAST_JUDGED:
        why.append(f"{judged} valid steps, {LEAST_JUDGED} are needed to judge")
    why.extend(
        f"{guard.words} is not known"
        for guard in plan.guards
        if not isfinite(guard_change(guard, steps, side, plan, baselines, 1)[1])
    )
    return tuple(why)


def change_of(
    variable: str, steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines
) -> float:
    """Change of the mean of a watched variable of a leg from its baseline, %; NaN where not known."""
    baseline, column = baselines[side], plan.watched.index(variable)
    values = [step.values[column] for step in steps if step.side is side and step.valid]
    return nan if baseline is None else change_pct(mean(values), baseline.means[column])


def improves(
    steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines, target: Target
) -> bool:
    """Whether the variable fed back moves the way that the target asks for."""
    baseline = baselines[side]
    if baseline is None:
        return False
    zero = target.shown(baseline.mean, baseline.mean)
    return change_shown(steps, side, baseline, target) * wanted(target, zero) > 0.0


def change_shown(steps: Sequence[Step], side: Side, baseline: LegBaseline, target: Target) -> float:
    """Change of the variable fed back from the baseline, in the target's terms; NaN without valid steps."""
    now = mean([step.value for step in steps if step.side is side and step.usable])
    return target.shown(now, baseline.mean) - target.shown(baseline.mean, baseline.mean)


def risen(
    steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines, *, least: int = RECENT
) -> list[Risen]:
    """Guards of a trained leg that are beyond their limit.

    Parameters
    ----------
    least : valid stances of the leg that a guard needs.
    """
    return [
        Risen(guard.words, guard_change(guard, steps, side, plan, baselines, least)[1], guard.unit)
        for guard in plan.guards
        if is_beyond(guard, steps, side, plan, baselines, least)
    ]


def is_beyond(
    guard: Guard, steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines, least: int
) -> bool:
    """Whether a guard of a trained leg is beyond its limit, and not by next to nothing."""
    rise, change = guard_change(guard, steps, side, plan, baselines, least)
    counts = rise > LEAST_RISE or not guard.by_share or "N·m" not in find(guard.variable).unit
    return counts and change > guard.most


def guard_change(
    guard: Guard, steps: Sequence[Step], side: Side, plan: Plan, baselines: Baselines, least: int
) -> tuple[float, float]:
    """Change of a guard's mean from baseline, in its unit and in that of its limit; NaN where unknown.

    Parameters
    ----------
    side : the trained leg. least : valid stances of the guarded leg that it takes; with `RECENT` the mean
        is that of the newest.
    """
    of = side.other if guard.leg == "other" else side
    baseline, column = baselines[of], plan.watched.index(guard.variable)
    values = [
        step.values[column]
        for step in steps
        if step.side is of and step.valid and isfinite(step.values[column])
    ]
    if baseline is None or len(values) < least:
        return nan, nan
    before, now = baseline.means[column], mean(values[-RECENT:] if least == RECENT else values)
    rise = now - before
    return rise, change_pct(now, before) if guard.by_share else rise
