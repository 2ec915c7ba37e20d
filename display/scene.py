"""The walker's picture as data: feedback in, rectangles and words out. No Qt.

Per leg one bar on a fixed axis, its target band, the last values as faint ticks, the number, and the
verdict as colour *and* shape. Both legs are mirror images, the left one on the left. Pixels, origin at
the top left.
"""

from dataclasses import dataclass
from enum import Enum
from math import isfinite

from compute.conventions import Side
from compute.feedback import HISTORY, LegFeedback, Target, WalkerFeedback
from display import theme
from display.theme import Sizes, Viewing

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


SHAPES: dict[Verdict, tuple[tuple[float, float], ...]] = {
    Verdict.INSIDE: (
        (0.0, 0.55),
        (0.14, 0.41),
        (0.36, 0.63),
        (0.86, 0.1),
        (1.0, 0.24),
        (0.36, 0.9),
    ),
    Verdict.ABOVE: (
        (0.5, 1.0),
        (0.0, 0.5),
        (0.3, 0.5),
        (0.3, 0.0),
        (0.7, 0.0),
        (0.7, 0.5),
        (1.0, 0.5),
    ),
    Verdict.BELOW: (
        (0.5, 0.0),
        (0.0, 0.5),
        (0.3, 0.5),
        (0.3, 1.0),
        (0.7, 1.0),
        (0.7, 0.5),
        (1.0, 0.5),
    ),
}
"""Second code beside the colour, in a unit square: a check mark, an arrow the way to go."""

COLOURS: dict[Verdict, str] = {
    Verdict.INSIDE: theme.INSIDE,
    Verdict.ABOVE: theme.OUTSIDE,
    Verdict.BELOW: theme.OUTSIDE,
}


@dataclass(frozen=True)
class Rect:
    """Axis-parallel rectangle; empty when it has no area."""

    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def empty(self) -> bool:
        """True when there is nothing to draw."""
        return self.width <= 0.0 or self.height <= 0.0

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Middle, where text is anchored."""
        return self.x + self.width / 2.0, self.y + self.height / 2.0


Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Text:
    """Words centred in `box`; drawn smaller than `size_px` if the box is too narrow for them.

    `widest` are the widest words that ever stand here: they are what is made to fit, so that the size
    does not change with the words.
    """

    words: str = ""
    box: Rect = Rect()
    size_px: float = 1.0
    colour: str = theme.TEXT
    widest: str = ""


@dataclass(frozen=True)
class LegScene:
    """Everything drawn for one leg; what is absent is empty.

    Attributes
    ----------
    edge : outline of the bar: none, ``solid`` for success, ``dashed`` for an older value.
    beyond : triangle at the end of the axis that the value has left.
    symbol : shape of the verdict.
    """

    side: Side
    verdict: Verdict
    track: Rect
    band: Rect
    bar: Rect
    colour: str
    edge: str
    ticks: tuple[Rect, ...]
    beyond: Polygon
    symbol: Polygon
    number: Text
    unit: Text
    label: Text
    words: Text


@dataclass(frozen=True)
class Scene:
    """The whole picture."""

    width_px: float
    height_px: float
    sizes: Sizes
    legs: tuple[LegScene, LegScene]
    band_labels: tuple[Text, Text]
    banner: Text
    title: Text

    def leg(self, side: Side) -> LegScene:
        """Picture of one leg."""
        return self.legs[side]


def verdict(leg: LegFeedback) -> Verdict:
    """What the newest stance of a leg means to the walker."""
    if leg.phase == "baseline":
        return Verdict.BASELINE
    if leg.rejected:
        return Verdict.REJECTED
    if leg.phase == "early":
        return Verdict.EARLY
    if not isfinite(leg.value):
        return Verdict.NO_VALUE
    if leg.in_band:
        return Verdict.INSIDE
    return Verdict.ABOVE if leg.value > leg.target.high else Verdict.BELOW


@dataclass(frozen=True)
class Axis:
    """Ends of a bar's axis, in the target's terms; they follow from the target alone and never move."""

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


def walker_scene(
    feedback: WalkerFeedback,
    width_px: float,
    height_px: float,
    viewing: Viewing = theme.DEFAULT_VIEWING,
) -> Scene:
    """Picture of `feedback` in a window of the given size."""
    sizes = theme.walker_sizes(width_px, height_px, viewing)
    legs = (
        _leg(feedback.left, width_px, height_px, sizes),
        _leg(feedback.right, width_px, height_px, sizes),
    )
    return Scene(
        width_px=width_px,
        height_px=height_px,
        sizes=sizes,
        legs=legs,
        band_labels=_band_labels(feedback, legs, width_px, sizes),
        banner=Text(
            feedback.banner,
            Rect(0.02 * width_px, 0.01 * height_px, 0.96 * width_px, 0.09 * height_px),
            sizes.words_px,
            theme.WARNING,
        ),
        title=Text(
            feedback.left.target.spec.plain,
            # between the bars, clear of the arrows at their upper ends
            Rect(0.425 * width_px, 0.1 * height_px, 0.15 * width_px, 0.06 * height_px),
            sizes.title_px,
            theme.QUIET,
        ),
    )


def _leg(leg: LegFeedback, width_px: float, height_px: float, sizes: Sizes) -> LegScene:
    def box(x: float, y: float, width: float, height: float) -> Rect:
        """Box in shares of the picture, given for the left leg and mirrored for the right."""
        left = x if leg.side is Side.LEFT else 1.0 - x - width
        return Rect(left * width_px, y * height_px, width * width_px, height * height_px)

    column = box(0.295, 0.145, 0.14, 0.635)
    track = box(0.315, 0.145, 0.10, 0.635)
    told = verdict(leg)
    # a baseline is not judged, so it has no bar; a rejected stance keeps the older value
    value = float("nan") if told is Verdict.BASELINE else leg.value
    scale = axis(leg.target)
    colour = COLOURS.get(told, theme.NEUTRAL)
    edges = {Verdict.INSIDE: "solid", Verdict.REJECTED: "dashed"}
    number_colour = theme.QUIET if told is Verdict.REJECTED else theme.TEXT
    return LegScene(
        side=leg.side,
        verdict=told,
        track=track,
        # nothing to aim at while the leg walks as it always does
        band=Rect() if told is Verdict.BASELINE else _band(column, leg.target, scale),
        bar=_bar(track, value, scale),
        colour=colour,
        edge=edges.get(told, ""),
        ticks=_ticks(column, leg.history, scale, sizes.tick_px),
        beyond=_beyond(track, value, scale, 0.03 * height_px),
        symbol=_symbol(told, box(0.015, 0.49, 0.27, 0.24)),
        number=Text(
            number(value, leg.target),
            box(0.01, 0.192, 0.275, 0.19),
            sizes.number_px,
            number_colour,
            widest=_widest(leg.target, scale),
        ),
        unit=Text(
            leg.target.unit if isfinite(value) and leg.target.unit not in CLOSE_UNITS else "",
            box(0.01, 0.385, 0.275, 0.07),
            sizes.label_px,
            number_colour,
        ),
        label=Text(leg.side.word, box(0.255, 0.82, 0.22, 0.075), sizes.label_px),
        words=Text(_words(told, leg), box(0.02, 0.905, 0.45, 0.085), sizes.words_px),
    )


def _words(told: Verdict, leg: LegFeedback) -> str:
    if told is Verdict.ABOVE:
        return leg.target.spec.above
    if told is Verdict.BELOW:
        return leg.target.spec.below
    if told is not Verdict.BASELINE:
        return told.value
    needed = leg.target.baseline_stances
    return f"{told.value} {min(leg.baseline_count, needed)} of {needed}"


def _widest(target: Target, scale: Axis) -> str:
    """The longest number that is usual on this axis."""
    return max(
        (
            number(value, target)
            for value in (scale.low, 100.0, scale.high)
            if scale.low <= value <= scale.high
        ),
        key=len,
    )


def _y(column: Rect, value: float, scale: Axis) -> float:
    return column.bottom - scale.share(value) * column.height


def _span(column: Rect, low: float, high: float, scale: Axis) -> Rect:
    top = _y(column, high, scale)
    return Rect(column.x, top, column.width, _y(column, low, scale) - top)


def _band(column: Rect, target: Target, scale: Axis) -> Rect:
    return _span(column, target.low, target.high, scale)


def _bar(track: Rect, value: float, scale: Axis) -> Rect:
    return _span(track, scale.low, value, scale) if isfinite(value) else Rect()


def _ticks(
    column: Rect, history: tuple[float, ...], scale: Axis, tick_px: float
) -> tuple[Rect, ...]:
    drawn = [
        Rect(column.x, _y(column, value, scale) - tick_px / 2.0, column.width, tick_px)
        for value in history[-HISTORY:]
        if isfinite(value)
    ]
    return (*[Rect()] * (HISTORY - len(drawn)), *drawn)


def _beyond(track: Rect, value: float, scale: Axis, size_px: float) -> Polygon:
    middle, right = track.x + track.width / 2.0, track.x + track.width
    if value > scale.high:
        base = track.y - 0.2 * size_px
        return (track.x, base), (right, base), (middle, base - size_px)
    if value < scale.low:
        base = track.bottom + 0.2 * size_px
        return (track.x, base), (right, base), (middle, base + size_px)
    return ()


def _symbol(told: Verdict, box: Rect) -> Polygon:
    size = min(box.width, box.height)
    x, y = box.centre
    return tuple((x + (px - 0.5) * size, y + (py - 0.5) * size) for px, py in SHAPES.get(told, ()))


def _band_labels(
    feedback: WalkerFeedback, legs: tuple[LegScene, LegScene], width_px: float, sizes: Sizes
) -> tuple[Text, Text]:
    """Name the bands between the legs: one word for two equal bands, else a word at each."""
    gap = Rect(0.442 * width_px, 0.0, 0.116 * width_px, 1.5 * sizes.label_px)
    left, right = (not leg.band.empty for leg in legs)
    apart = left and right and feedback.left.target != feedback.right.target

    def label(leg: LegScene, shown: bool) -> Text:
        width = gap.width / 2.0 if apart else gap.width
        x = gap.x + width if apart and leg.side is Side.RIGHT else gap.x
        y = leg.band.centre[1] - gap.height / 2.0
        return Text("target" if shown else "", Rect(x, y, width, gap.height), sizes.label_px)

    return label(legs[0], left), label(legs[1], right and (apart or not left))
