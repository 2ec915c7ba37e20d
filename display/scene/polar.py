"""A dial a leg, like a speedometer: the band is a part of its ring, the value a pointer on it."""

from math import isfinite

from display import theme
from display.scene.shapes import Frame, Point, Polygon, Rect, Shape, Text, fitted, on_circle, ring
from display.scene.told import Told
from display.theme import Sizes

TICKS = 5
SWEEP_DEG = 120.0
"""The axis runs from -`SWEEP_DEG` to +`SWEEP_DEG`; 0° is up, higher values lie clockwise."""
_INNER, _POINTER = 0.80, 0.68
"""Inner edge of the ring and of the pointer, shares of the outer radius."""


def shapes_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Shape, ...]:
    """Everything of one leg that is not words."""
    side, target = told.leg.side, told.leg.target
    centre, radius = _dial(told, frame)

    def name(what: str) -> str:
        return f"{side.word} {what}"

    band: Polygon = ()
    if told.aims:
        begin, end = _angle(target.low, told), _angle(target.high, told)
        band = ring(centre, _INNER * radius, radius, begin, end)
    symbol = Rect(
        centre[0] - 0.27 * radius, centre[1] + 0.16 * radius, 0.54 * radius, 0.54 * radius
    )
    return (
        Shape(
            name("track"),
            ring(centre, _INNER * radius, radius, -SWEEP_DEG, SWEEP_DEG) if told.there else (),
            theme.TRACK,
        ),
        Shape(name("band"), band, theme.BAND_FILL),
        *_ticks(told, centre, radius, sizes, name("tick")),
        Shape(name("band edge"), band, "", theme.BAND_EDGE, sizes.band_edge_px),
        _pointer(told, centre, radius, sizes, name("pointer")),
        Shape(name("symbol"), fitted(told.symbol, symbol), told.colour),
    )


def texts_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """The words of one leg."""
    side = told.leg.side
    (x, y), radius = _dial(told, frame)
    half = 0.62 * radius
    return (
        Text(
            f"{side.word} number",
            told.number,
            Rect(x - half, y - 0.5 * radius, 2.0 * half, 0.5 * radius),
            sizes.number_px,
            told.number_colour,
            told.widest,
        ),
        Text(
            f"{side.word} unit",
            told.unit,
            Rect(x - half, y - 0.02 * radius, 2.0 * half, 0.16 * radius),
            sizes.label_px,
            told.number_colour,
        ),
        Text(
            f"{side.word} label",
            side.word if told.there else "",
            Rect(x - half, y + 0.75 * radius, 2.0 * half, 0.2 * radius),
            sizes.label_px,
        ),
        Text(
            f"{side.word} words",
            told.words,
            frame.leg_box(side, 0.02, 0.905, 0.45, 0.085),
            sizes.words_px,
        ),
    )


def _dial(told: Told, frame: Frame) -> tuple[Point, float]:
    """Middle and outer radius."""
    box = frame.leg_box(told.leg.side, 0.04, 0.11, 0.42, 0.79)
    radius = min(box.width / 2.0, box.height / 1.92)
    return (box.centre[0], box.y + radius + 0.02 * frame.height_px), radius


def _angle(value: float, told: Told) -> float:
    return SWEEP_DEG * (2.0 * told.scale.share(value) - 1.0)


def _ticks(told: Told, centre: Point, radius: float, sizes: Sizes, name: str) -> tuple[Shape, ...]:
    """Oldest and faintest first; there are always `TICKS` of them."""
    half_deg = 0.5 * sizes.tick_px / radius * 57.3
    values = told.older[-TICKS:] if told.aims else ()
    drawn = [
        ring(centre, _INNER * radius, radius, angle - half_deg, angle + half_deg)
        for angle in (_angle(value, told) for value in values)
    ]
    padded: list[Polygon] = [()] * (TICKS - len(drawn)) + drawn
    return tuple(
        Shape(f"{name} {TICKS - i}", points, theme.TICK, opacity=0.75 - 0.12 * (TICKS - 1 - i))
        for i, points in enumerate(padded)
    )


def _pointer(told: Told, centre: Point, radius: float, sizes: Sizes, name: str) -> Shape:
    """A wedge across the ring; it ends in the ring's middle and stands out of it where it begins."""
    if not isfinite(told.value):
        return Shape(name)
    angle = _angle(told.value, told)
    edge = {"solid": theme.INSIDE_EDGE, "dashed": theme.QUIET}.get(told.edge, theme.BACKGROUND)
    return Shape(
        name,
        (
            on_circle(centre, 1.02 * radius, angle),
            on_circle(centre, _POINTER * radius, angle + 9.0),
            on_circle(centre, _POINTER * radius, angle - 9.0),
        ),
        told.colour,
        edge,
        sizes.bar_edge_px,
        told.edge == "dashed",
    )
