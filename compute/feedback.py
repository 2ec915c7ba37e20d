"""What the walker is told after each stance: own baseline first, then the newest step in per cent of it.

Pure and driven by stances alone. Feedback is knowledge of result: the first EKAM peak of a finished
stance, as a percentage of the same leg's baseline, against a target band below it.
"""

from dataclasses import dataclass, replace
from math import nan
from typing import Literal

from compute.conventions import Side
from compute.stance import Stance

HISTORY = 5


@dataclass(frozen=True)
class Target:
    """Band in per cent of the leg's own baseline and the number of stances that make a baseline.

    The default band begins at the usual aim of a 10 % reduction and reaches down to 60 %: lower is
    better, and below that a step is more likely a stumble or a fault than a success.
    """

    low_pct: float = 60.0
    high_pct: float = 90.0
    baseline_stances: int = 10


@dataclass(frozen=True)
class LegFeedback:
    """What one leg's bar shows.

    Attributes
    ----------
    phase : ``baseline`` while the baseline is collected, then ``feedback``.
    baseline_count : valid stances collected so far.
    baseline_nm_per_kg : mean first peak of the baseline stances; NaN until complete.
    value_pct : newest valid stance in per cent of baseline; NaN before the first one.
    history_pct : up to five valid values before `value_pct`, newest last.
    rejected : the newest stance was rejected; `value_pct` is then an older one and is shown grey.
    stance : number of the stance shown; 0 before the first.
    """

    side: Side
    target: Target
    phase: Literal["baseline", "feedback"] = "baseline"
    baseline_count: int = 0
    baseline_nm_per_kg: float = nan
    value_pct: float = nan
    history_pct: tuple[float, ...] = ()
    rejected: bool = False
    stance: int = 0

    @property
    def in_band(self) -> bool:
        """True only for a valid newest stance inside the band: the walker's success."""
        return (
            self.phase == "feedback"
            and not self.rejected
            and self.target.low_pct <= self.value_pct <= self.target.high_pct
        )


@dataclass(frozen=True)
class WalkerFeedback:
    """What the walker window shows: one bar a leg and a line of words that stays on screen."""

    left: LegFeedback
    right: LegFeedback
    banner: str = ""

    def leg(self, side: Side) -> LegFeedback:
        """Feedback of one leg."""
        return self.right if side is Side.RIGHT else self.left

    def after(self, stance: Stance) -> "WalkerFeedback":
        """Feedback once `stance` is scored."""
        leg = _after(self.leg(stance.side), stance)
        return replace(self, right=leg) if stance.side is Side.RIGHT else replace(self, left=leg)


def start(target: Target, banner: str = "") -> WalkerFeedback:
    """Feedback before the first stance."""
    return WalkerFeedback(LegFeedback(Side.LEFT, target), LegFeedback(Side.RIGHT, target), banner)


def _after(leg: LegFeedback, stance: Stance) -> LegFeedback:
    if not stance.valid:
        return replace(leg, rejected=True, stance=stance.number)
    peak = stance.ekam_peak1_nm_per_kg
    if leg.phase == "baseline":
        count = leg.baseline_count + 1
        mean = (
            peak if count == 1 else leg.baseline_nm_per_kg + (peak - leg.baseline_nm_per_kg) / count
        )
        done = count >= leg.target.baseline_stances and mean > 0.0
        return replace(
            leg,
            phase="feedback" if done else "baseline",
            baseline_count=count,
            baseline_nm_per_kg=mean,
            rejected=False,
            stance=stance.number,
        )
    history = leg.history_pct
    if leg.value_pct == leg.value_pct:
        history = (*history, leg.value_pct)[-HISTORY:]
    return replace(
        leg,
        value_pct=100.0 * peak / leg.baseline_nm_per_kg,
        history_pct=history,
        rejected=False,
        stance=stance.number,
    )
