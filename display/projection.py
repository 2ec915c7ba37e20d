"""How the walker's picture lies on its screen: turned, mirrored, and fitted into four corners. No Qt.

A projector that looks at the belt or at a wall from aside needs all three. Corners are shares of the
screen, clockwise from its top left; they must make a convex quadrangle, else the picture would fold.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

Turn = Literal[0, 90, 180, 270]
TURNS: tuple[Turn, ...] = get_args(Turn)
Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]

WHOLE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEAST_AREA = 0.02
"""A picture on a smaller share of the screen is taken for a slip of the hand."""


@dataclass(frozen=True)
class Projection:
    """Where the corners of the picture go.

    Attributes
    ----------
    turn_deg : clockwise. mirror : left and right exchanged, before it is turned.
    corners : of the quadrangle on the screen, clockwise, the one nearest to the screen's top left first.
    """

    turn_deg: Turn = 0
    mirror: bool = False
    corners: Corners = WHOLE

    def size(self, width_px: float, height_px: float) -> tuple[float, float]:
        """Width and height in which the picture is laid out for a screen of this size."""
        return (width_px, height_px) if self.turn_deg % 180 == 0 else (height_px, width_px)

    def quad(self, width_px: float, height_px: float) -> Corners:
        """Where the picture's top left, top right, bottom right and bottom left corner are drawn, px."""
        a, b, c, d = ((x * width_px, y * height_px) for x, y in self.corners)
        turned = {0: (a, b, c, d), 90: (b, c, d, a), 180: (c, d, a, b), 270: (d, a, b, c)}
        a, b, c, d = turned[self.turn_deg]
        return (b, a, d, c) if self.mirror else (a, b, c, d)

    def picture_corner(self, index: int) -> int:
        """Which corner of the picture, clockwise from its top left, lies at a corner of the quadrangle."""
        return self.quad(1.0, 1.0).index(self.corners[index])

    @property
    def plain(self) -> bool:
        """Whether the picture simply fills the screen."""
        return self == Projection()

    def turned(self) -> "Projection":
        """A quarter turn further clockwise."""
        return replace(self, turn_deg=TURNS[(TURNS.index(self.turn_deg) + 1) % len(TURNS)])

    def mirrored(self) -> "Projection":
        """Left and right exchanged."""
        return replace(self, mirror=not self.mirror)

    def with_corner(self, index: int, x: float, y: float) -> "Projection":
        """With one corner elsewhere on the screen; unchanged where the picture would fold."""
        x, y = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        first, second, third, fourth = (
            (x, y) if i == index else corner for i, corner in enumerate(self.corners)
        )
        corners = (first, second, third, fourth)
        return replace(self, corners=corners) if convex(corners) else self


def convex(corners: Corners) -> bool:
    """Whether corners go round clockwise without a fold, and enclose more than a speck."""
    area = 0.0
    for i in range(4):
        (x0, y0), (x1, y1), (x2, y2) = (corners[(i + k) % 4] for k in range(3))
        if (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) <= 0.0:
            return False
        area += 0.5 * (x0 * y1 - x1 * y0)
    return area >= LEAST_AREA
