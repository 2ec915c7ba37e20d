"""What a picture is made of: polygons and words, in pixels, origin at the top left. No Qt."""

from dataclasses import dataclass
from math import cos, radians, sin

from compute.conventions import Side
from display import theme

Point = tuple[float, float]
Polygon = tuple[Point, ...]


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
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> Point:
        """Middle, where text is anchored."""
        return self.x + self.width / 2.0, self.y + self.height / 2.0

    @property
    def polygon(self) -> Polygon:
        """Its corners, clockwise from the top left; none when it is empty."""
        if self.empty:
            return ()
        left, top, right, bottom = self.x, self.y, self.right, self.bottom
        return (left, top), (right, top), (right, bottom), (left, bottom)

    def inset(self, by_px: float) -> "Rect":
        """The rectangle `by_px` smaller on every side."""
        return Rect(
            self.x + by_px, self.y + by_px, self.width - 2.0 * by_px, self.height - 2.0 * by_px
        )


@dataclass(frozen=True)
class Shape:
    """A polygon, filled, outlined or both; without points it is not drawn.

    Attributes
    ----------
    name : what it is, unique in a scene. fill, edge : colours; empty for none.
    edge_px : width of the outline, half of it on either side of the points.
    """

    name: str
    points: Polygon = ()
    fill: str = ""
    edge: str = ""
    edge_px: float = 0.0
    dashed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class Text:
    """Words centred in `box`; drawn smaller than `size_px` if the box is too narrow for them.

    `widest` are the widest words that ever stand here: they are what is made to fit, so that the size
    does not change with the words.
    """

    name: str
    words: str = ""
    box: Rect = Rect()
    size_px: float = 1.0
    colour: str = theme.TEXT
    widest: str = ""


@dataclass(frozen=True)
class Frame:
    """The picture's extent, and boxes in shares of it."""

    width_px: float
    height_px: float

    def box(self, x: float, y: float, width: float, height: float) -> Rect:
        """Box whose place and extent are shares of the picture, on whole pixels."""
        left, top = round(x * self.width_px), round(y * self.height_px)
        right, bottom = round((x + width) * self.width_px), round((y + height) * self.height_px)
        return Rect(left, top, right - left, bottom - top)

    def leg_box(self, side: Side, x: float, y: float, width: float, height: float) -> Rect:
        """Box given for the left leg; the right leg's is its mirror image."""
        return self.box(x if side is Side.LEFT else 1.0 - x - width, y, width, height)


def fitted(unit: Polygon, box: Rect) -> Polygon:
    """A shape of the unit square, as large as fits into the middle of a box."""
    size = min(box.width, box.height)
    x, y = box.centre
    return tuple((x + (px - 0.5) * size, y + (py - 0.5) * size) for px, py in unit)


def on_circle(centre: Point, radius: float, degrees: float) -> Point:
    """Point on a circle; 0° is up, positive clockwise."""
    x, y = centre
    return x + radius * sin(radians(degrees)), y - radius * cos(radians(degrees))


def ring(centre: Point, inner: float, outer: float, begin: float, end: float) -> Polygon:
    """Part of a ring between two angles, `on_circle`; none when they are equal."""
    if end <= begin:
        return ()
    n = max(2, round((end - begin) / 4.0) + 1)
    angles = [begin + (end - begin) * i / (n - 1) for i in range(n)]
    return (
        *(on_circle(centre, outer, angle) for angle in angles),
        *(on_circle(centre, inner, angle) for angle in reversed(angles)),
    )
