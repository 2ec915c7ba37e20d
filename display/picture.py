"""Shows a `display.scene.Scene` in a pyqtgraph view: items are made once and moved, never added per step."""

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QPolygonF,
    QTransform,
)
from PyQt5.QtWidgets import (
    QGraphicsItem,
    QGraphicsPolygonItem,
    QGraphicsRectItem,
    QGraphicsSimpleTextItem,
)
from pyqtgraph import GraphicsView

from display.projection import Projection
from display.scene import Scene, Shape, Text

_NO_PEN = QPen(Qt.PenStyle.NoPen)
_NO_BRUSH = QBrush(Qt.BrushStyle.NoBrush)
_NOTHING, _NO_WORDS = Shape(""), Text("")


class Picture:
    """The items of one view.

    Parameters
    ----------
    view : shows nothing else.
    """

    def __init__(self, view: GraphicsView) -> None:
        view.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        # What all items hang on: its transform is how the picture lies on the screen.
        self._root = QGraphicsRectItem()
        self._root.setPen(_NO_PEN)
        self._root.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        view.addItem(self._root)
        self._shapes: list[_ShapeItem] = []
        self._texts: list[_TextItem] = []
        self._lies: tuple[Projection, float, float] | None = None

    def show(self, scene: Scene) -> None:
        """Show a scene; only what differs from the last one is touched."""
        for _ in range(len(scene.shapes) - len(self._shapes)):
            self._shapes.append(_ShapeItem(self._root, len(self._shapes)))
        for _ in range(len(scene.texts) - len(self._texts)):
            self._texts.append(_TextItem(self._root))
        for i, item in enumerate(self._shapes):
            item.show(scene.shapes[i] if i < len(scene.shapes) else _NOTHING)
        for i, words in enumerate(self._texts):
            words.show(scene.texts[i] if i < len(scene.texts) else _NO_WORDS)

    def lie(self, projection: Projection, width_px: float, height_px: float) -> None:
        """Lay the picture on a screen of this size."""
        lies = projection, width_px, height_px
        if lies == self._lies:
            return
        self._lies = lies
        width, height = projection.size(width_px, height_px)
        flat = QPolygonF(QRectF(0.0, 0.0, width, height))
        flat.remove(4)  # Qt closes the polygon
        quad = QPolygonF([QPointF(x, y) for x, y in projection.quad(width_px, height_px)])
        transform = QTransform()
        if QTransform.quadToQuad(flat, quad, transform):
            self._root.setTransform(transform)


class _ShapeItem:
    def __init__(self, root: QGraphicsItem, order: int) -> None:
        self._item = QGraphicsPolygonItem(root)
        self._item.setZValue(order)
        self._item.setVisible(False)
        self._drawn = _NOTHING

    def show(self, shape: Shape) -> None:
        if shape == self._drawn:
            return
        before, self._drawn = self._drawn, shape
        if shape.points:
            item = self._item
            if shape.points != before.points:
                item.setPolygon(QPolygonF([QPointF(x, y) for x, y in shape.points]))
            item.setBrush(QBrush(QColor(shape.fill)) if shape.fill else _NO_BRUSH)
            item.setPen(
                _pen(shape.edge, shape.edge_px, shape.dashed)
                if shape.edge and shape.edge_px
                else _NO_PEN
            )
            item.setOpacity(shape.opacity)
        self._item.setVisible(bool(shape.points))


class _TextItem:
    """Words centred in their box, shrunk to its width and height."""

    def __init__(self, root: QGraphicsItem) -> None:
        self._item = QGraphicsSimpleTextItem(root)
        self._item.setZValue(1000.0)
        self._item.setVisible(False)
        self._drawn = _NO_WORDS

    def show(self, text: Text) -> None:
        if text == self._drawn:
            return
        self._drawn = text
        visible = bool(text.words) and not text.box.empty
        if visible:
            font = _font(text.size_px)
            metrics = QFontMetricsF(font)
            share = min(
                text.box.width / max(map(metrics.horizontalAdvance, (text.words, text.widest))),
                text.box.height / metrics.height(),
            )
            if share < 1.0:
                font = _font(text.size_px * share)
            self._item.setFont(font)
            self._item.setBrush(QBrush(QColor(text.colour)))
            self._item.setText(text.words)
            bounds = self._item.boundingRect()
            x, y = text.box.centre
            self._item.setPos(QPointF(x - bounds.width() / 2.0, y - bounds.height() / 2.0))
        self._item.setVisible(visible)


def _font(size_px: float) -> QFont:
    font = QFont("sans-serif")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setBold(True)
    font.setPixelSize(max(1, int(size_px)))
    return font


def _pen(colour: str, width_px: float, dashed: bool) -> QPen:
    pen = QPen(QColor(colour))
    pen.setWidthF(width_px)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashed:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([3.0, 2.0])
    return pen
