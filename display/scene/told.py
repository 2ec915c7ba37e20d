"""What the walker is told of the newest stance of a leg: verdict, number, axis, words."""

from dataclasses import dataclass
from enum import Enum
from math import isfinite, nan

from compute.conventions import Side
from compute.feedback import LegFeedback, Target
from display import theme
from display.scene.shapes import Polygon

RELATIVE_AXIS = (40.0, 140.0)
"""Per cent of baseline that the axis shows; a band beyond it widens the axis."""
CLOSE_UNITS = {"%": " %", "°": "°"}
"""Units that stand behind the number; others would make it too small and stand below it."""
MINUS = "\N{MINUS SIGN}"


class Verdict(Enum):
    """What the walker is told about the newest stance of a leg; the value is the line of words."""

    BASELINE = "collecting baseline"
    NO_VALUE = "walk on"
    EARLY = ""
    INSIDE = "in the target"
    ABOVE = "go lower"
    BELOW = "go higher"
    REJECTED = "step not counted"
    OFF = " "


_CHECK_MARK = ((0.0, 0.55), (0.14, 0.41), (0.36, 0.63), (0.86, 0.1), (1.0, 0.24), (0.36, 0.9))
_DOWN = ((0.5, 1.0), (0.0, 0.5), (0.3, 0.5), (0.3, 0.0), (0.7, 0.0), (0.7, 0.5), (1.0, 0.5))
_UP = tuple((x, 1.0 - y) for x, y in _DOWN)

SHAPES: dict[Verdict, Polygon] = {
    Verdict.INSIDE: _CHECK_MARK,
    Verdict.ABOVE: _DOWN,
    Verdict.BELOW: _UP,
}
"""Second code beside the colour, in a unit square: a check mark, an arrow the way to go."""

COLOURS: dict[Verdict, str] = {
    Verdict.INSIDE: theme.INSIDE,
    Verdict.ABOVE: theme.OUTSIDE,
    Verdict.BELOW: theme.OUTSIDE,
}


def verdict(leg: LegFeedback) -> Verdict:
    """What the newest stance of a leg means to the walker."""
    if leg.phase == "off":
        return Verdict.OFF
    if leg.phase == "baseline":
        return Verdict.BASELINE
    if leg.rejected:
        return Verdict.REJECTED
    if leg.phase == "early":
        return Verdict.EARLY
    return judgement(leg.value, leg.target)


def judgement(value: float, target: Target) -> Verdict:
    """Where a value lies."""
    if not isfinite(value):
        return Verdict.NO_VALUE
    if target.low <= value <= target.high:
        return Verdict.INSIDE
    return Verdict.ABOVE if value > target.high else Verdict.BELOW


@dataclass(frozen=True)
class Axis:
    """Ends of an axis, in the target's terms; they follow from the target alone and never move."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Height of a value as a share of the axis, held within its ends."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def axis(target: Target) -> Axis:
    """Axis on which a target's band and what lies around it are seen.

    A difference is seen from well beyond zero, which is the walker's own baseline; a plain value from
    two widths of the band on either side.
    """
    width = target.high - target.low
    if target.mode == "relative":
        low, high = RELATIVE_AXIS
        return Axis(min(low, target.low - 10.0), max(high, target.high + 10.0))
    if target.mode == "absolute":
        return Axis(target.low - 2.0 * width, target.high + 2.0 * width)
    low, high = min(target.low, 0.0), max(target.high, 0.0)
    margin = max(0.75 * (high - low), width)
    return Axis(low - margin, high + margin)


def number(value: float, target: Target) -> str:
    """A value as the walker reads it: ``87 %``, ``−6°``, or ``+4`` with its unit below."""
    if not isfinite(value):
        return ""
    digits = format(abs(value), f".{target.digits}f")
    negative = value < 0.0 and float(digits) > 0.0
    plus = "+" if target.mode == "difference" and float(digits) > 0.0 else ""
    return f"{MINUS if negative else plus}{digits}{CLOSE_UNITS.get(target.unit, '')}"


@dataclass(frozen=True)
class Told:
    """What every picture of a leg is drawn from.

    Attributes
    ----------
    symbol : shape of the verdict, in a unit square.
    value : in the target's terms; NaN where none is to be seen. older : values before it, newest last.
    scale : axis of the target. colour : of the verdict. edge : of what shows the value: ``solid`` for
        success, ``dashed`` for an older value, else none. number, unit, words : as they are read.
    widest : the longest number that is usual on this axis.
    """

    leg: LegFeedback
    verdict: Verdict
    value: float
    older: tuple[float, ...]
    scale: Axis
    colour: str
    edge: str
    symbol: Polygon
    number: str
    number_colour: str
    unit: str
    words: str
    widest: str

    @property
    def there(self) -> bool:
        """Whether anything is drawn of this leg: nothing of one that is not trained."""
        return self.verdict is not Verdict.OFF

    @property
    def aims(self) -> bool:
        """Whether there is a band: none while a leg walks as it always does."""
        return self.verdict not in (Verdict.BASELINE, Verdict.OFF)


def told(leg: LegFeedback) -> Told:
    """Everything that a picture says of a leg."""
    found = verdict(leg)
    # a baseline is not judged, so it has no value; a rejected stance keeps the older one
    value = nan if found in (Verdict.BASELINE, Verdict.OFF) else leg.value
    scale = axis(leg.target)
    target = leg.target
    usual = (scale.low, 100.0, scale.high)
    return Told(
        leg=leg,
        verdict=found,
        value=value,
        older=tuple(each for each in leg.history if isfinite(each)),
        scale=scale,
        colour=COLOURS.get(found, theme.NEUTRAL),
        symbol=SHAPES.get(_way(found, leg), ()),
        edge={Verdict.INSIDE: "solid", Verdict.REJECTED: "dashed"}.get(found, ""),
        number=number(value, target),
        number_colour=theme.QUIET if found is Verdict.REJECTED else theme.TEXT,
        unit=target.unit if isfinite(value) and target.unit not in CLOSE_UNITS else "",
        words=_words(found, leg),
        widest=max(
            (number(each, target) for each in usual if scale.low <= each <= scale.high), key=len
        ),
    )


def _way(found: Verdict, leg: LegFeedback) -> Verdict:
    """Which way this leg has to go: of a difference between the legs, the right one the other way."""
    between = leg.target.spec.better == "either" and leg.side is Side.RIGHT
    other = {Verdict.ABOVE: Verdict.BELOW, Verdict.BELOW: Verdict.ABOVE}
    return other.get(found, found) if between else found


def _words(found: Verdict, leg: LegFeedback) -> str:
    if found is Verdict.ABOVE:
        return leg.target.spec.above.format(side=leg.side.word)
    if found is Verdict.BELOW:
        return leg.target.spec.below.format(side=leg.side.word)
    if found is not Verdict.BASELINE:
        return found.value
    needed = leg.target.baseline_stances
    return f"{found.value} {min(leg.baseline_count, needed)} of {needed}"
