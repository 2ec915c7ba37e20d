"""What a leg is aimed at in a block, or why there is nothing to aim at."""

from collections.abc import Sequence
from math import isfinite, nan

from compute.conventions import Side
from compute.protocol import personal
from compute.protocol.bands import Band, band
from compute.protocol.leg_baseline import LegBaseline
from compute.protocol.personal import Tested
from compute.protocol.plan import TOLD_KINDS, Plan


def aim(
    plan: Plan, index: int, side: Side, baseline: LegBaseline | None, tests: Sequence[Tested]
) -> Band:
    """The band of a leg in block `index`; what refuses it, or keeps it from being known, is said."""
    block = plan.blocks[index]
    n = block.mean_of
    if baseline is None and plan.target.needs_baseline:
        # before the first baseline nobody expects one; a block that tells of a target still needs it
        based = any(each.kind == "baseline" for each in plan.blocks[:index])
        expected = based or block.kind in TOLD_KINDS
        return Band(note=f"{side.word} leg: there is no baseline" if expected else "")
    if block.kind == "test":
        return band(plan, side, baseline, block.change, mean_of=n, test=True)
    if plan.target.rule != "personal":
        return band(plan, side, baseline, mean_of=n)
    if not any(each.kind == "test" for each in plan.blocks[: index + 1]):
        return _carried(plan, side, baseline, n)
    chosen = personal.best(tests, side)
    made = band(plan, side, baseline, nan if chosen is None else chosen.change, mean_of=n)
    said = personal.verdict(tests, side, plan)
    if not personal.responds(chosen, plan):
        return Band(made.target, refused=said)
    return Band(made.target, made.refused, "; ".join(filter(None, (said, made.note))))


def _carried(plan: Plan, side: Side, baseline: LegBaseline | None, n: int) -> Band:
    """A personal target of an earlier session, as it is seen from today's baseline."""
    change = nan if baseline is None else plan.carried[side] - baseline.mean
    if not isfinite(change):
        return Band(note=f"{side.word} leg: no personal target of an earlier session is known")
    return band(plan, side, baseline, change, mean_of=n)
