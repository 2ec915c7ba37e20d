"""One bar a leg on a fixed axis, its target band, the last values as faint ticks. The default picture."""

from math import isfinite

from display import theme
from display.scene.shapes import Frame, Polygon, Rect, Shape, Text, fitted
from display.scene.told import Axis, Told
from display.theme import Sizes

TICKS = 5
"""Values before the newest that are seen."""


def shapes_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Shape, ...]:
    """Everything of one leg that is not words."""
    side = told.leg.side
    column = frame.leg_box(side, 0.295, 0.145, 0.14, 0.635)
    track = frame.leg_box(side, 0.315, 0.145, 0.10, 0.635)
    target, scale = told.leg.target, told.scale
    band = _span(column, target.low, target.high, scale) if told.aims else Rect()
    bar = _span(track, scale.low, told.value, scale) if isfinite(told.value) else Rect()
    symbol = frame.leg_box(side, 0.015, 0.49, 0.27, 0.24)

    def name(what: str) -> str:
        return f"{side.word} {what}"

    return (
        Shape(name("track"), track.polygon if told.there else (), theme.TRACK),
        Shape(name("band"), band.polygon, theme.BAND_FILL),
        *_ticks(told, column, sizes, name("tick")),
        Shape(name("bar"), bar.polygon, told.colour),
        Shape(name("band edge"), band.polygon, "", theme.BAND_EDGE, sizes.band_edge_px),
        Shape(
            name("bar edge"),
            bar.inset(sizes.bar_edge_px / 2.0).polygon if told.edge else (),
            "",
            theme.QUIET if told.edge == "dashed" else theme.INSIDE_EDGE,
            sizes.bar_edge_px,
            told.edge == "dashed",
        ),
        Shape(
            name("beyond"), _beyond(track, told.value, scale, 0.03 * frame.height_px), told.colour
        ),
        Shape(name("symbol"), fitted(told.symbol, symbol), told.colour),
    )


def texts_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """The words of one leg."""
    side = told.leg.side
    return (
        Text(
            f"{side.word} number",
            told.number,
            frame.leg_box(side, 0.01, 0.192, 0.275, 0.19),
            sizes.number_px,
            told.number_colour,
            told.widest,
        ),
        Text(
            f"{side.word} unit",
            told.unit,
            frame.leg_box(side, 0.01, 0.385, 0.275, 0.07),
            sizes.label_px,
            told.number_colour,
        ),
        Text(
            f"{side.word} label",
            side.word if told.there else "",
            frame.leg_box(side, 0.255, 0.82, 0.22, 0.075),
            sizes.label_px,
        ),
        Text(
            f"{side.word} words",
            told.words,
            frame.leg_box(side, 0.02, 0.905, 0.45, 0.085),
            sizes.words_px,
        ),
    )


def band_labels(told: tuple[Told, Told], frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """Name the bands between the legs, a word beside each; one for both where two words would touch."""
    gap = frame.box(0.442, 0.0, 0.116, 1.5 * sizes.label_px / frame.height_px)
    column = frame.box(0.295, 0.145, 0.14, 0.635)
    left, right = told
    middles = [
        _span(column, each.leg.target.low, each.leg.target.high, each.scale).centre[1]
        for each in told
    ]
    one = left.aims and right.aims and abs(middles[0] - middles[1]) < gap.height
    if one:
        middles = [sum(middles) / 2.0] * 2
    return tuple(
        Text(
            f"{each.leg.side.word} band label",
            "target" if shown else "",
            Rect(gap.x, middle - gap.height / 2.0, gap.width, gap.height),
            sizes.label_px,
        )
        for each, middle, shown in zip(
            told, middles, (left.aims, right.aims and not one), strict=True
        )
    )


def _y(column: Rect, value: float, scale: Axis) -> float:
    return round(column.bottom - scale.share(value) * column.height)


def _span(column: Rect, low: float, high: float, scale: Axis) -> Rect:
    top = _y(column, high, scale)
    return Rect(column.x, top, column.width, _y(column, low, scale) - top)


def _ticks(told: Told, column: Rect, sizes: Sizes, name: str) -> tuple[Shape, ...]:
    """Oldest and faintest first; there are always `TICKS` of them."""
    drawn = [
        Rect(
            column.x,
            _y(column, value, told.scale) - sizes.tick_px / 2.0,
            column.width,
            sizes.tick_px,
        )
        for value in told.older[-TICKS:]
    ]
    padded = [Rect()] * (TICKS - len(drawn)) + drawn
    return tuple(
        Shape(
            f"{name} {TICKS - i}", rect.polygon, theme.TICK, opacity=0.75 - 0.12 * (TICKS - 1 - i)
        )
        for i, rect in enumerate(padded)
    )


def _beyond(track: Rect, value: float, scale: Axis, size_px: float) -> Polygon:
    """Triangle at the end of the axis that the value has left."""
    middle = track.centre[0]
    if value > scale.high:
        base = track.y - 0.2 * size_px
        return (track.x, base), (track.right, base), (middle, base - size_px)
    if value < scale.low:
        base = track.bottom + 0.2 * size_px
        return (track.x, base), (track.right, base), (middle, base + size_px)
    return ()
