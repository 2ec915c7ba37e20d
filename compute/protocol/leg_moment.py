"""A trained leg now, for the operator: what it is aimed at, how its last steps went, and its guards."""

from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol.judgement import RECENT, guard_change, is_beyond
from compute.protocol.leg_baseline import LegBaseline, mean
from compute.protocol.plan import AIMED_KINDS, Guard
from compute.protocol.state import State
from compute.variables import find


@dataclass(frozen=True)
class GuardNow:
    """A guard of a leg.

    Attributes
    ----------
    change : of the mean of the last steps from the baseline, in `unit`; NaN while it is not known.
    """

    words: str
    state: Literal["unknown", "within", "beyond"]
    change: float
    limit: float
    unit: str


@dataclass(frozen=True)
class LegNow:
    """A trained leg.

    Attributes
    ----------
    target, baseline : None while there is none. unit : of the baseline.
    last : valid steps of the running block that are looked at, the newest. shown : their mean, in the
        target's terms; NaN without one. inside : how many of them lie in the band.
    """

    side: Side
    target: Target | None
    baseline: LegBaseline | None
    unit: str
    last: int = 0
    shown: float = nan
    inside: int = 0
    guards: tuple[GuardNow, ...] = ()


def legs_now(state: State) -> tuple[LegNow, ...]:
    """The trained legs; none where it would tell a blinded operator the arm."""
    plan = state.plan
    if plan.blinded:
        return ()
    return tuple(_leg(state, side) for side in plan.legs)


def _leg(state: State, side: Side) -> LegNow:
    target, baseline, plan = state.targets[side], state.baselines[side], state.plan
    found = LegNow(side, target, baseline, plan.target.spec.unit)
    block = state.running
    if block is None or block.kind not in AIMED_KINDS:
        return found
    # enough for the last steps of either leg
    recent = state.steps[-4 * (RECENT + plan.mean_of) :]
    values = [step.value for step in recent if step.side is side and step.usable]
    guards = tuple(_guard(guard, state, side) for guard in plan.guards)
    if target is None or not values or (baseline is None and target.mode != "absolute"):
        return LegNow(side, target, baseline, found.unit, guards=guards)
    zero, n = nan if baseline is None else baseline.mean, plan.mean_of
    first = max(0, len(values) - RECENT)
    shown = [
        target.shown(mean(values[max(0, i - n + 1) : i + 1]), zero)
        for i in range(first, len(values))
    ]
    inside = sum(target.low <= each <= target.high for each in shown)
    average = target.shown(mean(values[first:]), zero)
    return LegNow(side, target, baseline, found.unit, len(shown), average, inside, guards)


def _guard(guard: Guard, state: State, side: Side) -> GuardNow:
    given = guard, state.steps[-4 * RECENT :], side, state.plan, state.baselines, RECENT
    _, change = guard_change(*given)
    how: Literal["unknown", "within", "beyond"] = "beyond" if is_beyond(*given) else "within"
    label = find(guard.variable).label
    words = f"{label} {side.other.word}" if guard.leg == "other" else label
    return GuardNow(words, how if isfinite(change) else "unknown", change, guard.most, guard.unit)
