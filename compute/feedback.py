"""What the walker is told after each stance: own baseline first, then the newest step against a band.

Pure and driven by stances alone. Feedback is knowledge of result: one value of a finished stance, in
per cent of the same leg's baseline, as a difference to it, or as it is. The first EKAM peak is known
before the stance has ended: it moves the bar at once, in neutral colour and without a verdict; the
stance then confirms or withdraws it.
"""

from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Literal, get_args

from compute.conventions import Side
from compute.early import Early
from compute.stance import Stance
from compute.variables import Mode, Variable, find

HISTORY = 12
"""Valid values of a leg that are kept before the newest one."""
Display = Literal["bar", "lane", "colour", "polar", "blank", "message"]
Sound = Literal["off", "inside", "both"]
SOUNDS: tuple[Sound, ...] = get_args(Sound)
"""When a tone is heard with the verdict: never, for a step in the band, for every judged one."""
DISPLAYS: tuple[Display, ...] = get_args(Display)
"""Pictures the walker can be shown; the last two tell no value."""
EARLY_VARIABLE = "ekam_peak1"
"""The one variable that is known before toe-off."""


@dataclass(frozen=True)
class Target:
    """The band of one variable, and the number of stances that make a baseline.

    The default is the usual aim of a 10 % lower first EKAM peak and reaches down to 60 %: lower is
    better, and below that a step is more likely a stumble or a fault than a success.

    Attributes
    ----------
    low, high : % of the leg's own baseline, or difference or value in the variable's unit (`mode`).
    """

    variable: str = EARLY_VARIABLE
    mode: Mode = "relative"
    low: float = 60.0
    high: float = 90.0
    baseline_stances: int = 10

    @property
    def spec(self) -> Variable:
        """What is fed back."""
        return find(self.variable)

    @property
    def unit(self) -> str:
        """Unit of `low`, `high` and of the values shown."""
        return "%" if self.mode == "relative" else self.spec.unit

    @property
    def digits(self) -> int:
        """Decimals of the values shown."""
        return 0 if self.mode == "relative" else self.spec.digits

    def shown(self, value: float, baseline: float) -> float:
        """A value of the variable, in its unit, as the walker is shown it."""
        if self.mode == "relative":
            return 100.0 * value / baseline
        return value - baseline if self.mode == "difference" else value


def target_for(
    name: str,
    *,
    mode: Mode | None = None,
    low: float | None = None,
    high: float | None = None,
    baseline_stances: int = 10,
) -> Target:
    """Target of a variable; what is not given is its default.

    Raises
    ------
    ValueError : no such variable, another mode without its own band, or a band without width.
    """
    spec = find(name)
    if mode not in (None, spec.mode) and (low is None or high is None):
        raise ValueError(
            f"mode {mode!r} of {name} needs low and high: the default band is for {spec.mode!r}"
        )
    bottom, top = spec.low if low is None else low, spec.high if high is None else high
    if not bottom < top:
        raise ValueError(f"the band of {name} needs low below high, not {bottom:g} to {top:g}")
    return Target(name, mode or spec.mode, bottom, top, baseline_stances)


@dataclass(frozen=True)
class LegFeedback:
    """What one leg's bar shows.

    Attributes
    ----------
    phase : ``baseline`` while the baseline is collected, ``early`` while an unconfirmed value is
        shown, ``off`` while the walker is told nothing of this leg, otherwise ``feedback``.
    baseline_count : usable stances collected so far.
    baseline : mean of the baseline stances, in the variable's unit; NaN before the first one.
    value : shown now, in the target's terms; NaN before the first one.
    confirmed : newest value of a valid stance; equals `value` except in phase ``early``.
    history : up to `HISTORY` valid values before `confirmed`, newest last.
    rejected : the newest stance cannot be used; `value` is then an older one and is shown grey.
    stance : number of the stance shown; 0 before the first.
    """

    side: Side
    target: Target
    phase: Literal["baseline", "early", "feedback", "off"] = "baseline"
    baseline_count: int = 0
    baseline: float = nan
    value: float = nan
    confirmed: float = nan
    history: tuple[float, ...] = ()
    rejected: bool = False
    stance: int = 0

    @property
    def in_band(self) -> bool:
        """True only for a valid newest stance inside the band: the walker's success."""
        return (
            self.phase == "feedback"
            and not self.rejected
            and self.target.low <= self.value <= self.target.high
        )


@dataclass(frozen=True)
class WalkerFeedback:
    """What the walker window shows.

    Attributes
    ----------
    banner : line of words that stays on screen. display : which picture is shown.
    message : words of the ``message`` picture. sound : of the verdict.
    """

    left: LegFeedback
    right: LegFeedback
    banner: str = ""
    display: Display = "bar"
    message: str = ""
    sound: Sound = "off"

    @property
    def tells(self) -> bool:
        """Whether the picture tells how the walker walks."""
        return self.display not in ("blank", "message")

    def leg(self, side: Side) -> LegFeedback:
        """Feedback of one leg."""
        return self.right if side is Side.RIGHT else self.left

    def after_early(self, early: Early, value: float | None = None) -> "WalkerFeedback":
        """Feedback once the first peak of a stance is known that has not ended; not yet counted.

        `value` stands in for the stance's own, here and in `after`, in the variable's unit.
        """
        return self._with(_after_early(self.leg(early.side), early, value))

    def after(self, stance: Stance, value: float | None = None) -> "WalkerFeedback":
        """Feedback once `stance` is scored: an early value is confirmed or withdrawn."""
        return self._with(_after(self.leg(stance.side), stance, value))

    def aimed_at(self, target: Target) -> "WalkerFeedback":
        """Feedback with another band, for the steps to come; the variable and its terms stay.

        Raises
        ------
        ValueError : the target is of another variable or in other terms.
        """
        known = self.left.target
        if (target.variable, target.mode) != (known.variable, known.mode):
            raise ValueError("a band can move, not become one of something else")
        # no step that was walked for another band is judged by this one
        left, right = (
            replace(leg, target=target, value=nan, confirmed=nan, history=())
            for leg in (self.left, self.right)
        )
        return replace(self, left=left, right=right)

    def unknown(self) -> "WalkerFeedback":
        """Feedback without a value and without a verdict: nobody knows any more how the walker walks."""

        def of(leg: LegFeedback) -> LegFeedback:
            if leg.phase in ("baseline", "off"):
                return leg
            return replace(leg, phase="feedback", value=nan, rejected=False)

        return replace(self, left=of(self.left), right=of(self.right))

    def summary(self) -> dict[str, object]:
        """What was aimed at, for the record; baselines in the variable's unit, None before the first."""
        target = self.left.target
        return {
            "variable": target.variable,
            "label": target.spec.label,
            "mode": target.mode,
            "low": target.low,
            "high": target.high,
            "unit": target.unit,
            "baseline_stances": target.baseline_stances,
            "baseline": {
                leg.side.word: leg.baseline if isfinite(leg.baseline) else None
                for leg in (self.left, self.right)
            },
            "baseline_unit": target.spec.unit,
            "baseline_counts": {
                leg.side.word: leg.baseline_count for leg in (self.left, self.right)
            },
        }

    def _with(self, leg: LegFeedback) -> "WalkerFeedback":
        if leg is self.leg(leg.side):
            return self
        return replace(self, right=leg) if leg.side is Side.RIGHT else replace(self, left=leg)


def start(
    target: Target, banner: str = "", display: Display = "bar", sound: Sound = "off"
) -> WalkerFeedback:
    """Feedback before the first stance."""
    legs = LegFeedback(Side.LEFT, target), LegFeedback(Side.RIGHT, target)
    return WalkerFeedback(*legs, banner=banner, display=display, sound=sound)


def _after_early(leg: LegFeedback, early: Early, given: float | None) -> LegFeedback:
    target = leg.target
    if leg.phase in ("baseline", "off") or target.variable != EARLY_VARIABLE:
        return leg
    value = target.shown(early.ekam_peak1_nm_per_kg if given is None else given, leg.baseline)
    if not isfinite(value):
        return leg
    return replace(leg, phase="early", value=value, rejected=False)


def _after(leg: LegFeedback, stance: Stance, given: float | None) -> LegFeedback:
    target = leg.target
    if leg.phase == "off":
        return replace(leg, stance=stance.number)
    value = target.spec.value(stance) if given is None else given
    if not (stance.valid and isfinite(value)):
        return replace(
            leg,
            phase="baseline" if leg.phase == "baseline" else "feedback",
            value=leg.confirmed,
            rejected=True,
            stance=stance.number,
        )
    if leg.phase == "baseline":
        count = leg.baseline_count + 1
        mean = value if count == 1 else leg.baseline + (value - leg.baseline) / count
        done = count >= target.baseline_stances and (mean > 0.0 or target.mode != "relative")
        return replace(
            leg,
            phase="feedback" if done else "baseline",
            baseline_count=count,
            baseline=mean,
            rejected=False,
            stance=stance.number,
        )
    history = (*leg.history, leg.confirmed)[-HISTORY:] if isfinite(leg.confirmed) else leg.history
    shown = target.shown(value, leg.baseline)
    return replace(
        leg,
        phase="feedback",
        value=shown,
        confirmed=shown,
        history=history,
        rejected=False,
        stance=stance.number,
    )
