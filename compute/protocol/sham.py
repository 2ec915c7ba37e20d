"""What stands in for feedback where a walker is to believe in it.

Two kinds, both of which look like feedback in every respect:

``natural``
    True values, but the band lies around the walker's own baseline: the sham arm of Uhlrich 2025 trained
    at the natural foot angle.
``noise``
    The band of the protocol, but values that do not depend on the step: drawn so that some 60 % of them
    lie inside, varying as the leg's own baseline does (our choice). The draw depends on the plan's seed,
    the leg and the number of its steps so far: it can be repeated, and nobody knows it beforehand.

In either case rejected steps are shown as rejected.
"""

from math import isfinite, sqrt
from random import Random

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol.leg_baseline import LegBaseline
from compute.protocol.plan import Plan

INSIDE_SD = 0.25
"""Mean of the values, in standard deviations inside the nearer edge: 60 % of a normal distribution."""


def sham_value(
    plan: Plan, side: Side, steps: int, baseline: LegBaseline, target: Target, mean_of: int
) -> float:
    """A made-up value of the variable, in the unit shown.

    Parameters
    ----------
    steps : stances of this leg before this one.
    """
    sd = baseline.sd if isfinite(baseline.sd) else 0.1 * abs(baseline.mean)
    sd /= sqrt(mean_of)
    low, high = (_unit_value(edge, target, baseline.mean) for edge in (target.low, target.high))
    middle = high - INSIDE_SD * sd if high <= baseline.mean else low + INSIDE_SD * sd
    if low < baseline.mean < high:
        middle = 0.5 * (low + high)
    return Random(f"{plan.seed}/{plan.session}/{side.word}/{steps}").gauss(middle, sd)


def _unit_value(shown: float, target: Target, baseline: float) -> float:
    """The inverse of `Target.shown`."""
    if target.mode == "relative":
        return shown * baseline / 100.0
    return shown + baseline if target.mode == "difference" else shown
