"""A few words for the walker, as large as they fit."""

from textwrap import wrap

from display.scene.shapes import Frame, Text
from display.theme import Sizes

LINES, LETTERS = 5, 22
"""Lines and letters a line that are read at a glance; what is longer is cut and ends in an ellipsis."""


def texts_of(words: str, frame: Frame, sizes: Sizes) -> tuple[Text, ...]:
    """The lines, centred as a block; there are always `LINES` of them."""
    lines = _lines(words)
    height = 0.15
    top = 0.5 - 0.5 * height * len(lines)
    return tuple(
        Text(
            f"line {i + 1}",
            lines[i] if i < len(lines) else "",
            frame.box(0.04, top + i * height, 0.92, height),
            sizes.message_px,
        )
        for i in range(LINES)
    )


def _lines(words: str) -> list[str]:
    """As few lines as can be, and these as even as can be."""
    lines = wrap(words, LETTERS, max_lines=LINES, placeholder=" …")
    for letters in range(LETTERS // 2, LETTERS):
        even = wrap(words, letters, break_long_words=False)
        if len(even) == len(lines) and max(map(len, even), default=0) <= letters:
            return even
    return lines
