"""A leg's band from its baseline, in the terms in which the walker is shown it."""

from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol.leg_baseline import LegBaseline
from compute.protocol.plan import Plan
from compute.variables import Mode


@dataclass(frozen=True)
class Band:
    """A band, and what has to be said of it.

    Attributes
    ----------
    target : None where there is none yet.
    refused : why it may not be used without the operator's consent; empty when it may.
    note : what was done to it; empty when nothing.
    """

    target: Target | None = None
    refused: str = ""
    note: str = ""


def mode_of(plan: Plan) -> Mode:
    """In what terms this plan's target is: the same for every block."""
    if plan.target.rule in ("absolute", "normative"):
        return "absolute"
    return plan.target.spec.mode if plan.target.spec.mode != "absolute" else "difference"


def placeholder(plan: Plan) -> Target:
    """Terms of the target before it is known; its band is not shown."""
    spec, mode = plan.target.spec, mode_of(plan)
    low, high = (spec.low, spec.high) if spec.mode == mode else (-1.0, 1.0)
    return Target(plan.target.variable, mode, low, high, plan.baseline.stances)


def band(
    plan: Plan,
    side: Side,
    baseline: LegBaseline | None,
    change: float = nan,
    *,
    mean_of: int = 1,
    test: bool = False,
) -> Band:
    """The band of a leg.

    Parameters
    ----------
    baseline : None where there is none; absolute and normative bands need none.
    change : of a personal target, from the baseline, in the unit shown; NaN where none is known.
    mean_of : steps whose mean is shown. test : the band of a tested change, which is no sham.
    """
    rule, mode = plan.target, mode_of(plan)
    if baseline is None and rule.needs_baseline:
        return Band()
    if baseline is not None and mode == "relative" and not baseline.mean > 0.0:
        why = f"{side.word} leg: {rule.spec.label} is not above zero, so that a share of it is no target"
        return Band(refused=why)
    if rule.rule == "personal" and not isfinite(change):
        return Band()
    true = made_wide_enough(
        Target(rule.variable, mode, *_edges(plan, baseline, change, mode), plan.baseline.stances),
        plan, side, baseline, mean_of,
    )  # fmt: skip
    if plan.sham != "natural" or test or baseline is None:
        return true
    natural = Target(rule.variable, mode, *_natural(plan, baseline, mode), plan.baseline.stances)
    own = made_wide_enough(
        natural, replace(plan, target=replace(rule, narrow="widen")), side, baseline, mean_of,
        both_ways=True,
    )  # fmt: skip
    # refused where the true band would be, and in its words: a hold must not tell the arms apart
    return replace(own, refused=true.refused)


def _edges(
    plan: Plan, baseline: LegBaseline | None, change: float, mode: Mode
) -> tuple[float, float]:
    rule = plan.target
    if rule.rule == "absolute":
        return rule.low, rule.high
    if rule.rule == "normative":
        return rule.mean - rule.k * rule.sd, rule.mean + rule.k * rule.sd
    if rule.rule == "personal":
        return change - rule.tolerance, change + rule.tolerance
    zero = 100.0 if mode == "relative" else 0.0
    if rule.rule == "band":
        half = rule.k * _shown_sd(baseline, mode)
        return zero - half, zero + half
    return zero + min(rule.change, rule.limit), zero + max(rule.change, rule.limit)


def _natural(plan: Plan, baseline: LegBaseline, mode: Mode) -> tuple[float, float]:
    """Own walk as the aim: as wide as the true band where that lies around a value, else one SD."""
    rule = plan.target
    zero = {"relative": 100.0, "difference": 0.0, "absolute": baseline.mean}[mode]
    half = rule.tolerance if rule.rule == "personal" else _shown_sd(baseline, mode)
    return zero - half, zero + half


def _shown_sd(baseline: LegBaseline | None, mode: Mode) -> float:
    if baseline is None:
        return nan
    return 100.0 * baseline.sd / baseline.mean if mode == "relative" else baseline.sd


def made_wide_enough(
    target: Target,
    plan: Plan,
    side: Side,
    baseline: LegBaseline | None,
    mean_of: int,
    *,
    both_ways: bool = False,
) -> Band:
    """The band widened, or refused, where it is narrower than what can be told apart.

    Half of it has to be at least one standard deviation of the value shown, so that a walker who hits
    its middle is told so two times in three (our choice; about half of the steps are inside ±2° of a
    foot angle: Karatsidis 2018). A band that lies on one side of the baseline grows away from it.
    """
    if baseline is None:
        return Band(target)
    own, noise = baseline.sd / sqrt(mean_of), baseline.sigma / sqrt(mean_of)
    if target.mode == "relative":
        own, noise = 100.0 * own / baseline.mean, 100.0 * noise / baseline.mean
    least = 2.0 * max((each for each in (own, noise) if isfinite(each)), default=0.0)
    width = target.high - target.low
    if not width < least:
        return Band(target)
    cause = "the steps of this person vary" if own >= noise else "the measurement is uncertain"
    said = (
        f"{side.word} leg: the target {text(target)} is narrower than the {least:.3g} {target.unit} by which "
        f"{cause}"
    )
    if plan.target.narrow == "refuse":
        return Band(target, refused=f"{said}: accept it, or give a wider one")
    zero = {"relative": 100.0, "difference": 0.0, "absolute": baseline.mean}[target.mode]
    aside = plan.target.rule == "relative" and not both_ways
    if aside and target.high <= zero:
        low, high = target.high - least, target.high
    elif aside and target.low >= zero:
        low, high = target.low, target.low + least
    else:
        middle = 0.5 * (target.low + target.high)
        low, high = middle - 0.5 * least, middle + 0.5 * least
    wide = Target(target.variable, target.mode, low, high, target.baseline_stances)
    return Band(wide, note=f"{said}: widened to {text(wide)}")


def text(target: Target) -> str:
    """A band in words."""
    digits = target.digits if target.mode == "relative" else max(target.digits, 1)
    return f"{target.low:.{digits}f} to {target.high:.{digits}f} {target.unit}"
