"""What is shown while the picture is fitted to its screen: a grid, a circle, the four corners, the keys."""

from display import theme
from display.scene.shapes import Frame, Point, Rect, Shape, Text, ring
from display.theme import Sizes

COLUMNS, ROWS = 16, 9
HELP = (
    "Drag the corners, or Tab and arrow keys (Shift: ten times as far)",
    "M mirror     R turn     0 as it was made     Enter keep     Esc discard",
)


def shapes_of(frame: Frame, sizes: Sizes, chosen: int) -> tuple[Shape, ...]:
    """Grid lines, a circle that must look round, and a handle at each corner.

    Parameters
    ----------
    chosen : corner of the picture that the keys move, clockwise from its top left.
    """
    line = sizes.tick_px
    width, height = frame.width_px, frame.height_px
    upright = [
        Rect(width * i / COLUMNS - line / 2.0, 0.0, line, height) for i in range(COLUMNS + 1)
    ]
    level = [Rect(0.0, height * i / ROWS - line / 2.0, width, line) for i in range(ROWS + 1)]
    radius = 0.38 * min(width, height)
    middle = (width / 2.0, height / 2.0)
    size = 0.09 * min(width, height)
    corners: tuple[Point, ...] = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return (
        *(Shape(f"line {i}", rect.polygon, theme.RULE) for i, rect in enumerate(upright + level)),
        Shape("circle", ring(middle, radius - line, radius + line, 0.0, 360.0), theme.BAND_EDGE),
        *(
            Shape(f"plate {i}", box.polygon, theme.BACKGROUND)
            for i, box in enumerate(_boxes(frame))
        ),
        *(
            Shape(
                f"corner {i}",
                ring(corner, 0.0, size, 0.0, 360.0),
                theme.OUTSIDE if i == chosen else theme.INSIDE,
                theme.BAND_EDGE if i == chosen else "",
                sizes.band_edge_px,
            )
            for i, corner in enumerate(corners)
        ),
    )


def texts_of(frame: Frame, sizes: Sizes, screen: str) -> tuple[Text, ...]:
    """Which way is up, left and right; which screen; the keys."""
    words = ("TOP", "LEFT", "RIGHT", screen, *HELP)
    return tuple(
        Text(f"words {i}", each, box, sizes.words_px if i < 3 else sizes.label_px)
        for i, (each, box) in enumerate(zip(words, _boxes(frame), strict=True))
    )


def _boxes(frame: Frame) -> tuple[Rect, ...]:
    """Where the words stand."""
    return tuple(
        frame.box(*shares)
        for shares in (
            (0.42, 0.02, 0.16, 0.08),
            (0.02, 0.455, 0.14, 0.09),
            (0.84, 0.455, 0.14, 0.09),
            (0.35, 0.345, 0.30, 0.09),
            (0.17, 0.455, 0.66, 0.09),
            (0.17, 0.565, 0.66, 0.09),
        )
    )
