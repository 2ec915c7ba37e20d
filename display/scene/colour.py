"""A half of the screen a leg in the colour of its verdict, with its shape: seen from the corner of the eye.

It changes once per step of a leg, far below the three flashes a second that are held to be unsafe.
"""

from display import theme
from display.scene.shapes import Frame, Shape, Text, fitted
from display.scene.told import COLOURS, Told
from display.theme import Sizes

JUDGED_TEXT = theme.BACKGROUND
"""Words on a judged half: dark on blue and orange."""


def shapes_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Shape, ...]:
    """Everything of one leg that is not words."""
    side = told.leg.side
    half = frame.leg_box(side, 0.012, 0.115, 0.476, 0.77)
    symbol = frame.leg_box(side, 0.10, 0.36, 0.30, 0.44)
    judged = told.verdict in COLOURS
    edge = {"solid": theme.INSIDE_EDGE, "dashed": theme.QUIET}.get(told.edge, "")
    return (
        Shape(
            f"{side.word} half",
            half.inset(sizes.band_edge_px / 2.0).polygon if told.there else (),
            told.colour if judged else theme.TRACK,
            edge,
            sizes.band_edge_px if edge else 0.0,
            told.edge == "dashed",
        ),
        Shape(f"{side.word} symbol", fitted(told.symbol, symbol), theme.BACKGROUND),
    )


def texts_of(told: Told, frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """The words of one leg."""
    side = told.leg.side
    colour = JUDGED_TEXT if told.verdict in COLOURS else told.number_colour
    return (
        Text(
            f"{side.word} number",
            told.number,
            frame.leg_box(side, 0.10, 0.145, 0.30, 0.17),
            sizes.number_px,
            colour,
            told.widest,
        ),
        Text(
            f"{side.word} unit",
            told.unit,
            frame.leg_box(side, 0.36, 0.19, 0.11, 0.07),
            sizes.label_px,
            colour,
        ),
        Text(
            f"{side.word} label",
            side.word if told.there else "",
            frame.leg_box(side, 0.03, 0.80, 0.13, 0.07),
            sizes.label_px,
            colour if told.verdict in COLOURS else theme.TEXT,
        ),
        Text(
            f"{side.word} words",
            told.words,
            frame.leg_box(side, 0.02, 0.905, 0.45, 0.085),
            sizes.words_px,
        ),
    )
