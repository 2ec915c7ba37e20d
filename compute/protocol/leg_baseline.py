"""A leg's own baseline: means of its last valid stances, and whether they can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

from compute.protocol.inputs import Step
from compute.protocol.plan import BaselineRules
from compute.serial import SerialMean, serial_mean
from compute.variables import Variable

CHANCE = 2.0
"""A difference between two means counts from so many of its own standard errors on: with 50 steps that
vary by 15 %, thirds differ by more than 5 % every third time by chance alone."""


@dataclass(frozen=True)
class LegBaseline:
    """Means of one leg; all in the units shown.

    Attributes
    ----------
    means, sds : of the plan's `watched` variables, NaN where none is known.
    sigma : mean standard uncertainty of the first of them. speed_m_per_s : of the belt.
    series : means of the watched variables once more, with their errors as of a series of steps.
    """

    count: int
    means: tuple[float, ...]
    sds: tuple[float, ...]
    sigma: float = nan
    speed_m_per_s: float = nan
    series: tuple[SerialMean, ...] = ()

    @property
    def mean(self) -> float:
        """Of the variable that is fed back."""
        return self.means[0]

    @property
    def sd(self) -> float:
        """Of the variable that is fed back, between steps."""
        return self.sds[0]


def leg_baseline(steps: Sequence[Step]) -> LegBaseline:
    """Baseline from usable steps of one leg; at least one."""
    columns = list(zip(*(step.values for step in steps), strict=True))
    return LegBaseline(
        len(steps),
        tuple(mean(column) for column in columns),
        tuple(spread(column) for column in columns),
        mean([step.sigma for step in steps]),
        mean([step.speed_m_per_s for step in steps]),
        tuple(serial_mean(column) for column in columns),
    )


def baseline_faults(
    steps: Sequence[Step], rules: BaselineRules, spec: Variable, leg: str
) -> tuple[str, ...]:
    """Why these usable steps of one leg make no baseline, sentences; empty when they do.

    Parameters
    ----------
    leg : its name, for the sentences.
    """
    if len(steps) < rules.stances:
        return (f"{leg} leg: {len(steps)} of {rules.stances} valid stances",)
    last = steps[-rules.stances :]
    return (*_trend(last, rules, spec, leg), *_speed(last, rules, leg))


def _trend(
    steps: Sequence[Step], rules: BaselineRules, spec: Variable, leg: str
) -> tuple[str, ...]:
    values = [step.value for step in steps]
    first, last = _thirds(values)
    change = mean(last) - mean(first)
    by_chance = CHANCE * sqrt((spread(first) ** 2 + spread(last) ** 2) / len(first))
    if not abs(change) > by_chance:
        return ()
    if spec.mode != "relative":
        return (f"{leg} leg: {spec.label} moved by {change:+.3g} {spec.unit} within the baseline",)
    change_pct = 100.0 * change / abs(mean(values))
    if abs(change_pct) < rules.trend_pct:
        return ()
    return (
        f"{leg} leg: {spec.label} changed by {change_pct:+.0f} % within the baseline, "
        f"{rules.trend_pct:g} % are allowed",
    )


def _speed(steps: Sequence[Step], rules: BaselineRules, leg: str) -> tuple[str, ...]:
    speeds = [step.speed_m_per_s for step in steps if isfinite(step.speed_m_per_s)]
    if len(speeds) < 6:
        return ()  # not known without foot markers
    first, last = _thirds(speeds)
    whole = mean(speeds)
    worst_pct = max(
        (100.0 * abs(mean(third) / whole - 1.0) for third in (first, last)), default=0.0
    )
    if worst_pct <= rules.speed_pct:
        return ()
    return (f"{leg} leg: the belt speed changed by {worst_pct:.0f} % within the baseline",)


def _thirds(values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """First and last third."""
    n = max(1, len(values) // 3)
    return values[:n], values[-n:]


def mean(values: Sequence[float]) -> float:
    """Mean of what is known; NaN where nothing is."""
    known = [value for value in values if isfinite(value)]
    return sum(known) / len(known) if known else nan


def spread(values: Sequence[float]) -> float:
    """Standard deviation of what is known; NaN below two values."""
    known = [value for value in values if isfinite(value)]
    if len(known) < 2:
        return nan
    middle = sum(known) / len(known)
    return sqrt(sum((value - middle) ** 2 for value in known) / (len(known) - 1))


def change_pct(now: float, before: float) -> float:
    """Change in % of the size of what was; NaN near zero."""
    return 100.0 * (now - before) / abs(before) if abs(before) > 1e-9 else nan
