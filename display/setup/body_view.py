"""The live picture of all markers: from behind, from the right side, or from above with the plates."""

from typing import Literal

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QWidget

from compute import Side
from display import theme
from stream.check_axes import FEET
from stream.live_picture import Picture

From = Literal["behind", "side", "above"]

_ACROSS = {"behind": (2, 1), "side": (0, 1), "above": (2, 0)}
_WORDS = {
    "behind": ("from behind", "left", "right"),
    "side": ("from the right side", "back", "front"),
    "above": ("from above, walking up the picture", "left", "right"),
}
_STICKS = (("HIP", "KNEE"), ("KNEE", "ANKLE"), ("ANKLE", "HEEL"), ("HEEL", "TOE"), ("ANKLE", "TOE"))
_JOINTS = {
    "HIP": ("HJC", "ASI"),
    "KNEE": ("KNE", "KJC"),
    "ANKLE": ("ANK", "AJC"),
    "HEEL": ("HEE",),
    "TOE": ("TOE", "MT5", "MT1"),
}
_ROOM, _LEAST_M = 1.15, 0.9
_REACH_PX = 26.0
_PLAUSIBLE_M = (0.25, 3.0)


class BodyView(QWidget):
    """One view of the newest picture.

    Signal `clicked` carries the label of the marker that was clicked.
    """

    clicked = pyqtSignal(str)

    def __init__(self, seen_from: From) -> None:
        super().__init__()
        self._from: From = seen_from
        self._picture: Picture | None = None
        self._marked = ""
        self._why = "no streams yet"
        self._middle: np.ndarray | None = None
        self._px_per_m, self._shown_m = 1.0, 2.0
        self.setMinimumSize(220, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"markers {_WORDS[seen_from][0]}")

    def show_picture(self, picture: Picture | None, why: str = "", marked: str = "") -> None:
        """Show a picture, or in its place why there is none; `marked` is a label that stands out."""
        self._picture, self._why, self._marked = picture, why, marked
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Tell which marker was clicked."""
        if event is None or self._picture is None:
            return
        at = np.array([[p.x(), p.y()] for p in self._points(self._picture.at_m)])
        away = np.hypot(at[:, 0] - event.x(), at[:, 1] - event.y()) if len(at) else np.empty(0)
        if len(away) and np.isfinite(away).any() and np.nanmin(away) < _REACH_PX:
            self.clicked.emit(self._picture.labels[int(np.nanargmin(away))])

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint the view."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(16)
        painter.setFont(font)
        title, low, high = _WORDS[self._from]
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(8, 22, title)
        picture = self._picture
        if picture is None or np.isnan(picture.at_m).all():
            self._middle = None
            box = QRectF(self.rect().adjusted(10, 40, -10, -10))
            words = self._why if picture is None else "no marker is seen: nobody there?"
            wrap = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(box, wrap, words)
            if picture is not None and self._from == "above" and picture.plates:
                self._place(np.concatenate([c.corners_m for c in picture.plates if c.corners_m is not None]
                                           or [np.zeros((1, 3))]))  # fmt: skip
                self._paint_plates(painter, picture)
            return
        span_m = self._place(picture.at_m)
        if self._from == "above":
            self._paint_plates(painter, picture)
        else:
            self._paint_sticks(painter, picture)
        self._paint_markers(painter, picture)
        if self._from == "above":
            self._paint_loads(painter, picture)
        self._paint_rule(painter)
        painter.setPen(QColor(theme.QUIET))
        painter.drawText(8, self.height() - 10, f"◀ {low}")
        painter.drawText(
            QRectF(0, self.height() - 28, self.width() - 8, 22),
            int(Qt.AlignmentFlag.AlignRight),
            f"{high} ▶",
        )
        if not _PLAUSIBLE_M[0] <= span_m <= _PLAUSIBLE_M[1]:
            painter.setPen(QColor(theme.FAULT))
            painter.drawText(8, 44, f"✗ the markers span {span_m:.4g} m: is the unit right?")

    def _place(self, at_m: np.ndarray) -> float:
        """Choose middle and scale; returns the extent of the markers, m."""
        points = at_m[~np.isnan(at_m[:, 0])]
        span_m = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
        low, high = points.min(axis=0), points.max(axis=0)
        middle = 0.5 * (low + high)
        wanted = min(max(_ROOM * span_m, _LEAST_M), _ROOM * _PLAUSIBLE_M[1])
        if not 0.8 * self._shown_m < wanted < 1.1 * self._shown_m:
            self._shown_m = wanted  # it stays as it is while somebody walks
        shown = self._shown_m
        if span_m > _PLAUSIBLE_M[1]:
            shown, self._middle = _ROOM * span_m, middle
        if self._middle is None or float(np.abs(self._middle - middle).max()) > 0.25 * shown:
            self._middle = middle  # it stays where it is while somebody sways
        if self._from == "above" and self._picture is not None:
            corners = [p.corners_m for p in self._picture.plates if p.corners_m is not None]
            if corners:
                self._middle = np.concatenate(corners).mean(axis=0)
                extent = np.ptp(np.concatenate(corners), axis=0)
                shown = max(shown, 1.15 * float(max(extent[0], extent[2])))
        self._px_per_m = min(self.width(), self.height() - 60) / shown
        return span_m

    def _points(self, at_m: np.ndarray) -> list[QPointF]:
        """Pixels of positions; NaN stays NaN."""
        across, up = _ACROSS[self._from]
        middle = np.zeros(3) if self._middle is None else self._middle
        x = 0.5 * self.width() + (at_m[:, across] - middle[across]) * self._px_per_m
        y = 0.5 * self.height() + 10 - (at_m[:, up] - middle[up]) * self._px_per_m
        return [QPointF(a, b) for a, b in zip(x, y, strict=True)]

    def _paint_markers(self, painter: QPainter, picture: Picture) -> None:
        for label, names, point in zip(
            picture.labels, picture.names, self._points(picture.at_m), strict=True
        ):
            if np.isnan(point.x()):
                continue
            if self._from == "above" and not (names and names[0][1:] in FEET):
                continue  # from above only the feet matter: they stand on the plates
            if names:
                colour = {"L": theme.LEG_LEFT, "R": theme.LEG_RIGHT}.get(names[0][0], theme.TEXT)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(point, 4.5, 4.5)
            else:
                painter.setPen(QPen(QColor(theme.QUIET), 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(point, 3.0, 3.0)
            if label == self._marked:
                painter.setPen(QPen(QColor(theme.BAND_EDGE), 3.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(point, 13.0, 13.0)
                painter.drawText(point + QPointF(17.0, 6.0), names[0] if names else label)

    def _paint_sticks(self, painter: QPainter, picture: Picture) -> None:
        """Left legs dashed, right ones solid, with their letter at the knee."""
        at = {
            name: point
            for names, point in zip(picture.names, self._points(picture.at_m), strict=True)
            for name in names
            if not np.isnan(point.x())
        }
        for letter, colour, style in (
            ("L", theme.LEG_LEFT, Qt.PenStyle.DashLine),
            ("R", theme.LEG_RIGHT, Qt.PenStyle.SolidLine),
        ):
            painter.setPen(QPen(QColor(colour), 2.0, style))
            joints = {
                joint: next((at[letter + n] for n in names if letter + n in at), None)
                for joint, names in _JOINTS.items()
            }
            for first, second in _STICKS:
                a, b = joints[first], joints[second]
                if a is not None and b is not None:
                    painter.drawLine(a, b)
            knee = joints["KNEE"]
            if knee is not None:
                aside = -22.0 if letter == "L" else 10.0
                painter.drawText(knee + QPointF(aside, -8.0), letter)
        if "LASI" in at and "RASI" in at:
            painter.setPen(QPen(QColor(theme.TEXT), 2.0))
            painter.drawLine(at["LASI"], at["RASI"])

    def _paint_plates(self, painter: QPainter, picture: Picture) -> None:
        for plate in picture.plates:
            colour = QColor(theme.LEG_LEFT if plate.side is Side.LEFT else theme.LEG_RIGHT)
            painter.setPen(QPen(colour, 2.0))
            painter.setBrush(QColor(theme.TRACK))
            if plate.corners_m is not None:
                points = self._points(plate.corners_m)
                painter.drawPolygon(QPolygonF(points))
                top = min(points, key=lambda p: p.y())
                left = min(point.x() for point in points)
                painter.drawText(
                    QPointF(left + 6.0, top.y() + 20.0), f"{plate.number}: {plate.side.word}"
                )

    def _paint_loads(self, painter: QPainter, picture: Picture) -> None:
        """Where the load of each plate acts, as a cross, and how much it is."""
        for plate in picture.plates:
            if plate.cop_m is not None and np.isfinite(plate.cop_m).all():
                at = self._points(plate.cop_m[None, :])[0]
                painter.setPen(QPen(QColor(theme.BAND_EDGE), 3.0))
                for dx, dy in ((10.0, 0.0), (0.0, 10.0)):
                    painter.drawLine(at - QPointF(dx, dy), at + QPointF(dx, dy))
                aside = -84.0 if plate.side is Side.LEFT else 30.0
                painter.drawText(at + QPointF(aside, -14.0), f"{plate.up_n:.0f} N")

    def _paint_rule(self, painter: QPainter) -> None:
        """A length to compare with: 0.5 m, or a power of ten for wrong units."""
        length_m = 0.5
        while length_m * self._px_per_m < 20.0:
            length_m *= 10.0
        painter.setPen(QPen(QColor(theme.QUIET), 2.0))
        right, y = self.width() - 14.0, 20.0
        px = min(length_m * self._px_per_m, self.width() - 30.0)
        painter.drawLine(QPointF(right - px, y), QPointF(right, y))
        painter.drawText(
            QRectF(0.0, y + 2.0, right, 20.0), int(Qt.AlignmentFlag.AlignRight), f"{length_m:g} m"
        )
