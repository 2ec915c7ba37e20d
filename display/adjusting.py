"""Fitting the picture to its screen by keys and mouse: which corner is held, and where it goes."""

from PyQt5.QtCore import Qt

from display.projection import Projection

_ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
_FAR_PX = 10.0


class Adjusting:
    """One fitting, from the grid's appearance to its end.

    Attributes
    ----------
    projection : as it is now.
    """

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self._held = 0

    @property
    def picture_corner(self) -> int:
        """The held corner of the picture, clockwise from its top left."""
        return self.projection.picture_corner(self._held)

    def key(self, key: int, far: bool, width_px: int, height_px: int) -> bool | None:
        """Do what a key asks; True to keep the fitting, False to discard it, None to go on."""
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return True
        if key == Qt.Key.Key_Escape:
            return False
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._held = (self._held + (1 if key == Qt.Key.Key_Tab else 3)) % 4
        elif key == Qt.Key.Key_M:
            self.projection = self.projection.mirrored()
        elif key == Qt.Key.Key_R:
            self.projection = self.projection.turned()
        elif key == Qt.Key.Key_0:
            self.projection = Projection()
        elif key in _ARROWS:
            (x, y), (dx, dy) = self.projection.corners[self._held], _ARROWS[Qt.Key(key)]
            step = _FAR_PX if far else 1.0
            self.drag(x + step * dx / width_px, y + step * dy / height_px)
        return None

    def take(self, x: float, y: float) -> None:
        """Hold the corner that is nearest to a point, shares of the screen."""
        self._held = min(
            range(4),
            key=lambda i: (
                (self.projection.corners[i][0] - x) ** 2 + (self.projection.corners[i][1] - y) ** 2
            ),
        )

    def drag(self, x: float, y: float) -> None:
        """Move the held corner there."""
        self.projection = self.projection.with_corner(self._held, x, y)
