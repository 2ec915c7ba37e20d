"""A patch in a corner of the walker's picture that turns black or white with every new value, for a
photodiode that measures when the light arrives. Too small to be a flash to the walker.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from display.scene.shapes import Frame, Shape

PatchCorner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
PATCH_CORNERS: tuple[PatchCorner, ...] = get_args(PatchCorner)
SIDE = 0.06
"""Length of its sides, share of the picture's height."""


@dataclass(frozen=True)
class Patch:
    """Where it is and whether it is white now."""

    corner: PatchCorner
    white: bool = False


def shape(patch: Patch, frame: Frame) -> Shape:
    """The patch, drawn above all else."""
    high = SIDE
    wide = SIDE * frame.height_px / frame.width_px
    x = 0.0 if patch.corner.endswith("left") else 1.0 - wide
    y = 0.0 if patch.corner.startswith("top") else 1.0 - high
    return Shape(
        "patch", frame.box(x, y, wide, high).polygon, "#FFFFFF" if patch.white else "#000000"
    )
