"""A personal foot angle: which of the tested changes lowers the larger EKAM peak most.

After Uhlrich 2022: -10, -5, +5 and +10 degrees, the one with the lowest larger peak is taken, and whoever
lowers it by less than 5 % responds to none. A change that the walker did not make is no test of it: at
least half of it has to be reached (our choice).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from compute.conventions import Side
from compute.protocol.inputs import Step
from compute.protocol.leg_baseline import LegBaseline, change_pct, mean
from compute.protocol.plan import Plan
from compute.serial import LEVEL, serial_mean
from compute.serial import change as change_between

SETTLE = 10
"""Valid stances of a leg at the beginning of a test that do not count: the walker is finding the angle."""
LEAST = 10
"""A test with fewer counted stances says nothing."""


@dataclass(frozen=True)
class Tested:
    """One tested change of one leg.

    Attributes
    ----------
    change : asked for, in the unit shown. reached : mean change of the variable.
    effect_pct : change of the outcome, % of baseline. interval_pct : its confidence interval, as wide as it
        has to be for all of the session's tests to hold together; NaN where it is unbounded.
    """

    side: Side
    change: float
    block: int
    count: int
    reached: float = nan
    effect_pct: float = nan
    interval_pct: tuple[float, float] = (nan, nan)

    @property
    def made(self) -> bool:
        """Whether the walker made the change, by half at least."""
        return self.reached / self.change >= 0.5 if self.change else True


def tested(
    steps: Sequence[Step],
    side: Side,
    plan: Plan,
    baseline: LegBaseline | None,
    change: float,
    block: int,
) -> Tested:
    """What a test block found for one leg."""
    good = [step for step in steps if step.side is side and step.usable][SETTLE:]
    column = plan.watched.index(plan.measured)
    values = [step.values[column] for step in good if isfinite(step.values[column])]
    if baseline is None or len(values) < LEAST:
        return Tested(side, change, block, len(values))
    effect_pct = change_pct(mean(values), baseline.means[column])
    reached = mean([step.value for step in good]) - baseline.mean
    interval = (nan, nan)
    if isfinite(effect_pct) and baseline.series:
        before = baseline.series[column]
        found = change_between(before, serial_mean(values), level_of(plan))
        interval = found.pct_interval
        if not before.mean > 0.0:
            low, high = (100.0 * each / abs(before.mean) for each in found.difference_interval)
            interval = low, high
    return Tested(side, change, block, len(values), reached, effect_pct, interval)


def level_of(plan: Plan) -> float:
    """Level of each test's interval: the best of several is chosen, so that chance has several chances.

    Bonferroni: the sum of what all intervals may miss is what one may.
    """
    tests = sum(block.kind == "test" for block in plan.blocks)
    return 1.0 - (1.0 - LEVEL) / max(tests, 1)


def best(found: Sequence[Tested], side: Side) -> Tested | None:
    """The change, of those made, that lowers the outcome most, the smaller of two equals; None without."""
    own = [each for each in found if each.side is side and isfinite(each.effect_pct) and each.made]
    return min(own, key=lambda each: (each.effect_pct, abs(each.change)), default=None)


def responds(chosen: Tested | None, plan: Plan) -> bool:
    """Whether a leg answers to the change."""
    return chosen is not None and chosen.effect_pct <= -plan.target.responder_pct


def verdict(found: Sequence[Tested], side: Side, plan: Plan) -> str:
    """What the tests say of a leg, a sentence."""
    unit, rule, chosen = plan.target.spec.unit, plan.target, best(found, side)
    missed = [
        f"{each.change:+g} {unit} was not made ({each.reached:+.1f} {unit})"
        for each in found
        if each.side is side and isfinite(each.reached) and not each.made
    ]
    besides = f"; {', '.join(missed)}" if missed else ""
    if chosen is None:
        none = f"no change was tested with {LEAST} valid stances or more"
        return f"{side.word} leg: {', '.join(missed) or none}"
    low, high = chosen.interval_pct
    interval = f"{100.0 * LEVEL:.0f} % interval over all tests {low:+.1f} to {high:+.1f} %"
    if not (isfinite(low) and isfinite(high)):
        interval = "its interval is not known"
    effect = f"{chosen.effect_pct:+.1f} % ({interval}) at {chosen.change:+g} {unit}"
    if not responds(chosen, plan):
        return (
            f"{side.word} leg: no responder, the best of the tests changes the outcome by {effect}; "
            f"-{rule.responder_pct:g} % is asked for{besides}"
        )
    sure = "" if high < 0.0 else ", which may be chance"
    return f"{side.word} leg: responder, {effect}{sure}{besides}"
