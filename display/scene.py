"""The walker's picture as data: feedback in, rectangles and words out. No Qt.

Per leg one bar on a fixed percentage axis, its target band, the last values as faint ticks, the
number, and the verdict as colour *and* shape. Both legs are mirror images, the left one on the left.
Pixels, origin at the top left.
"""

from dataclasses import dataclass
from enum import Enum

from compute.conventions import Side
from compute.feedback import HISTORY, LegFeedback, Target, WalkerFeedback
from display import theme
from display.theme import Sizes, Viewing

AXIS_LOW_PCT = 40.0
AXIS_HIGH_PCT = 140.0


class Verdict(Enum):
    """What the walker is told about the newest stance of a leg; the value is the line of words."""

    BASELINE = "collecting baseline"
    NO_VALUE = "walk on"
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

    def leg(self, side: Side) -> LegScene:
        """Picture of one leg."""
        return self.legs[side]


def verdict(leg: LegFeedback) -> Verdict:
    """What the newest stance of a leg means to the walker."""
    if leg.phase == "baseline":
        return Verdict.BASELINE
    if leg.rejected:
        return Verdict.REJECTED
    if leg.value_pct != leg.value_pct:
        return Verdict.NO_VALUE
    if leg.in_band:
        return Verdict.INSIDE
    return Verdict.ABOVE if leg.value_pct > leg.target.high_pct else Verdict.BELOW


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
    value = float("nan") if told is Verdict.BASELINE else leg.value_pct
    colour = COLOURS.get(told, theme.NEUTRAL)
    edges = {Verdict.INSIDE: "solid", Verdict.REJECTED: "dashed"}
    number_colour = theme.QUIET if told is Verdict.REJECTED else theme.TEXT
    return LegScene(
        side=leg.side,
        verdict=told,
        track=track,
        # nothing to aim at while the leg walks as it always does
        band=Rect() if told is Verdict.BASELINE else _band(column, leg.target),
        bar=_bar(track, value),
        colour=colour,
        edge=edges.get(told, ""),
        ticks=_ticks(column, leg.history_pct, sizes.tick_px),
        beyond=_beyond(track, value, 0.03 * height_px),
        symbol=_symbol(told, box(0.015, 0.46, 0.27, 0.24)),
        number=Text(
            f"{value:.0f} %" if value == value else "",
            box(0.01, 0.17, 0.275, 0.25),
            sizes.number_px,
            number_colour,
            widest="100 %",
        ),
        label=Text(leg.side.word, box(0.255, 0.82, 0.22, 0.075), sizes.label_px),
        words=Text(_words(told, leg), box(0.02, 0.905, 0.45, 0.085), sizes.words_px),
    )


def _words(told: Verdict, leg: LegFeedback) -> str:
    if told is not Verdict.BASELINE:
        return told.value
    needed = leg.target.baseline_stances
    return f"{told.value} {min(leg.baseline_count, needed)} of {needed}"


def _axis_y(column: Rect, value_pct: float) -> float:
    """Height of a percentage on the fixed axis, held within its ends."""
    share = (value_pct - AXIS_LOW_PCT) / (AXIS_HIGH_PCT - AXIS_LOW_PCT)
    return column.bottom - min(max(share, 0.0), 1.0) * column.height


def _span(column: Rect, low_pct: float, high_pct: float) -> Rect:
    top = _axis_y(column, high_pct)
    return Rect(column.x, top, column.width, _axis_y(column, low_pct) - top)


def _band(column: Rect, target: Target) -> Rect:
    return _span(column, target.low_pct, target.high_pct)


def _bar(track: Rect, value_pct: float) -> Rect:
    return _span(track, AXIS_LOW_PCT, value_pct) if value_pct == value_pct else Rect()


def _ticks(column: Rect, history_pct: tuple[float, ...], tick_px: float) -> tuple[Rect, ...]:
    newest = history_pct[-HISTORY:]
    drawn = [
        Rect(column.x, _axis_y(column, value) - tick_px / 2.0, column.width, tick_px)
        for value in newest
        if value == value
    ]
    return (*[Rect()] * (HISTORY - len(drawn)), *drawn)


def _beyond(track: Rect, value_pct: float, size_px: float) -> Polygon:
    middle, right = track.x + track.width / 2.0, track.x + track.width
    if value_pct > AXIS_HIGH_PCT:
        base = track.y - 0.2 * size_px
        return (track.x, base), (right, base), (middle, base - size_px)
    if value_pct < AXIS_LOW_PCT:
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
