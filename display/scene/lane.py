"""The last steps of each leg, the newest at the right, over its target band that runs through like a lane.

Every step has the shape of its verdict: a square inside, a triangle that points to the lane outside.
"""

from math import isfinite, nan

from compute.feedback import HISTORY
from display import theme
from display.scene.shapes import Frame, Point, Polygon, Rect, Shape, Text, fitted
from display.scene.told import COLOURS, Told, Verdict, judgement
from display.theme import Sizes

STEPS = HISTORY
"""Steps before the newest that are seen."""

_SQUARE: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_DOWN: Polygon = ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))
_UP: Polygon = ((0.5, 0.0), (1.0, 1.0), (0.0, 1.0))
_MARKS = {Verdict.INSIDE: _SQUARE, Verdict.ABOVE: _DOWN, Verdict.BELOW: _UP}


def shapes_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Shape, ...]:
    """Everything of one leg that is not words."""
    side, target = told.leg.side, told.leg.target
    panel = _panel(told, frame)
    top, bottom = (_y(panel, value, told) for value in (target.high, target.low))
    band = Rect(panel.x, top, panel.width, bottom - top) if told.aims else Rect()
    symbol = frame.box(0.315 if side.word == "left" else 0.815, 0.125, 0.16, 0.17)

    def name(what: str) -> str:
        return f"{side.word} {what}"

    return (
        Shape(name("track"), panel.polygon if told.there else (), theme.TRACK),
        Shape(name("band"), band.polygon, theme.BAND_FILL),
        Shape(name("band edge"), band.polygon, "", theme.BAND_EDGE, sizes.band_edge_px),
        *_steps(told, panel, name("step")),
        _newest(told, panel, sizes, name("newest")),
        Shape(name("symbol"), fitted(told.symbol, symbol), told.colour),
    )


def texts_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """The words of one leg."""
    side = told.leg.side
    left = 0.0 if side.word == "left" else 0.5
    return (
        Text(
            f"{side.word} number",
            told.number,
            frame.box(left + 0.015, 0.11, 0.285, 0.2),
            sizes.number_px,
            told.number_colour,
            told.widest,
        ),
        Text(
            f"{side.word} unit",
            told.unit,
            frame.box(left + 0.03, 0.30, 0.24, 0.055),
            sizes.label_px,
            told.number_colour,
        ),
        Text(
            f"{side.word} label",
            side.word if told.there else "",
            frame.box(left + 0.14, 0.835, 0.22, 0.07),
            sizes.label_px,
        ),
        Text(
            f"{side.word} words",
            told.words,
            frame.box(left + 0.03, 0.91, 0.44, 0.08),
            sizes.words_px,
        ),
    )


def _panel(told: Told, frame: Frame) -> Rect:
    left = 0.0 if told.leg.side.word == "left" else 0.5
    return frame.box(left + 0.03, 0.36, 0.44, 0.46)


def _y(panel: Rect, value: float, told: Told) -> float:
    return round(panel.bottom - told.scale.share(value) * panel.height)


def _place(panel: Rect, age: int, value: float, told: Told) -> Point:
    """Middle of the mark of a step; age 0 is the newest, whose column is twice as wide."""
    column = panel.width / (STEPS + 2.5)
    from_right = 1.1 * column if age == 0 else (1.6 + age) * column
    return panel.right - from_right, _y(panel, value, told)


def _mark(unit: Polygon, middle: Point, size: float) -> Polygon:
    return fitted(unit, Rect(middle[0] - size / 2.0, middle[1] - size / 2.0, size, size))


def _steps(told: Told, panel: Rect, name: str) -> tuple[Shape, ...]:
    """Oldest first; there are always `STEPS` of them."""
    values = told.older[-STEPS:] if told.aims else ()
    padded = (*[nan] * (STEPS - len(values)), *values)
    size = 0.7 * panel.width / (STEPS + 2.5)
    marks = []
    for i, value in enumerate(padded):
        age = STEPS - i
        found = judgement(value, told.leg.target)
        shape = _MARKS.get(found, ())
        points = _mark(shape, _place(panel, age, value, told), size) if shape else ()
        colour = COLOURS.get(found, theme.NEUTRAL)
        marks.append(Shape(f"{name} {age}", points, colour, opacity=max(0.35, 1.0 - 0.055 * age)))
    return tuple(marks)


def _newest(told: Told, panel: Rect, sizes: Sizes, name: str) -> Shape:
    """The newest step: neutral while it is not judged, outlined by what it is."""
    if not isfinite(told.value):
        return Shape(name)
    size = 1.6 * panel.width / (STEPS + 2.5)
    found = told.verdict
    # neither an early nor an older value is judged: no shape may tell more than the colour
    unit = _MARKS.get(found, _SQUARE)
    edge = {"solid": theme.INSIDE_EDGE, "dashed": theme.QUIET}.get(told.edge, theme.BACKGROUND)
    return Shape(
        name,
        _mark(unit, _place(panel, 0, told.value, told), size),
        told.colour,
        edge,
        sizes.bar_edge_px,
        told.edge == "dashed",
    )
