"""The walker's window: one view with a fixed set of items, moved once per stance.

It pulls the newest feedback and never shows an error: whatever fails is logged once and the last
good picture stays.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from PyQt5.QtCore import QEvent, QPointF, QRectF, Qt, QTimer
from PyQt5.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QHideEvent,
    QKeyEvent,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
)
from PyQt5.QtWidgets import (
    QGraphicsItem,
    QGraphicsPolygonItem,
    QGraphicsRectItem,
    QGraphicsSimpleTextItem,
    QWidget,
)
from pyqtgraph import GraphicsView

from compute.feedback import HISTORY, WalkerFeedback
from display import theme
from display.scene import LegScene, Polygon, Rect, Scene, Text, walker_scene
from display.theme import Viewing
from stream.status import SessionView

REFRESH_MS = 16

Item = TypeVar("Item", bound=QGraphicsItem)

_log = logging.getLogger(__name__)
_NO_PEN = QPen(Qt.PenStyle.NoPen)
_NO_BRUSH = QBrush(Qt.BrushStyle.NoBrush)


class WalkerWindow(GraphicsView):  # type: ignore[misc] # pyqtgraph has no types
    """What the walker looks at.

    Keys: B blanks the picture and brings it back, F switches full screen, Esc leaves it.

    Parameters
    ----------
    view : shared with the session; read only.
    viewing : where the walker's eyes are.
    on_flushed : called with the feedback whose picture was just handed to the window system.
    """

    def __init__(
        self,
        view: SessionView,
        viewing: Viewing = theme.DEFAULT_VIEWING,
        on_flushed: Callable[[WalkerFeedback], None] | None = None,
    ) -> None:
        super().__init__(useOpenGL=False, background=theme.BACKGROUND)
        self._view = view
        self._viewing = viewing
        self._on_flushed = on_flushed
        self._unflushed: WalkerFeedback | None = None
        self._faulted = False
        self.blank = False
        self.setWindowTitle("ekam: walker")
        self.setInteractive(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.viewport().setCursor(Qt.CursorShape.BlankCursor)
        self.setMinimumSize(320, 180)
        self._legs = (_LegItems(self), _LegItems(self))
        self._band_labels = (_TextItem(self), _TextItem(self))
        self._banner = _TextItem(self)
        self._title = _TextItem(self)
        self._shown, self._feedback = view.walker.read()
        self._guard(self._draw)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(REFRESH_MS)

    def tick(self) -> None:
        """Take the newest feedback if there is any the picture does not show yet."""
        self._guard(self._pull)

    def toggle_blank(self) -> None:
        """Take everything off the screen, or bring it back."""
        self.blank = not self.blank
        self._guard(self._draw)
        self._say_seen(self.isVisible())

    def toggle_full_screen(self) -> None:
        """Switch between full screen and a window."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def showEvent(self, event: QShowEvent | None) -> None:
        """The walker can see the picture from now on."""
        super().showEvent(event)
        self._say_seen(True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """The picture is gone: closed or minimised."""
        super().hideEvent(event)
        self._say_seen(False)

    def close(self) -> bool:
        """Close the window but keep its items, so that it can be shown again."""
        return QWidget.close(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Blank, full screen; every other key is ignored."""
        key = event.key()
        if key == Qt.Key.Key_B:
            self.toggle_blank()
        elif key == Qt.Key.Key_F:
            self.toggle_full_screen()
        elif key == Qt.Key.Key_Escape and self.isFullScreen():
            self.showNormal()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay the picture out again."""
        super().resizeEvent(event)
        if hasattr(self, "_timer"):  # the base class resizes before there is anything to lay out
            self._guard(self._draw)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint; a fault leaves the last picture."""
        self._guard(lambda: GraphicsView.paintEvent(self, event))

    def event(self, event: QEvent) -> bool:
        """Report the flush: painting and flushing both happen inside the update request."""
        handled = bool(super().event(event))
        if event.type() == QEvent.Type.UpdateRequest and getattr(self, "_unflushed", None):
            self._guard(self._report_flush)
        return handled

    def _report_flush(self) -> None:
        feedback, self._unflushed = self._unflushed, None
        if feedback is not None and self._on_flushed is not None:
            self._on_flushed(feedback)

    def _pull(self) -> None:
        sequence, feedback = self._view.walker.read()
        if sequence == self._shown:
            return
        self._shown, self._feedback = sequence, feedback
        self._draw()
        if not self.blank:
            self._unflushed = feedback
            # one pixel: a picture that happens to stay the same is flushed and reported as well
            self.viewport().update(0, 0, 1, 1)

    def _draw(self) -> None:
        size = self.viewport().size()
        scene = walker_scene(self._feedback, size.width(), size.height(), self._viewing)
        for items, leg in zip(self._legs, scene.legs, strict=True):
            items.show(leg, scene, self.blank)
        for item, text in zip(self._band_labels, scene.band_labels, strict=True):
            item.show(text, self.blank)
        self._banner.show(scene.banner, self.blank)
        self._title.show(scene.title, self.blank)

    def _say_seen(self, visible: bool) -> None:
        """Tell the session, which writes for every stance what the walker saw of it."""
        if visible and not self.blank:
            self._view.walker_sees.set()
        else:
            self._view.walker_sees.clear()

    def _guard(self, do: Callable[[], None]) -> None:
        # an exception that leaves a Qt virtual or slot would end the process in mid-walk
        try:
            do()
        except Exception:
            if not self._faulted:
                self._faulted = True
                _log.exception("The walker window failed; it keeps its last picture.")


class _LegItems:
    """The items of one leg, created once."""

    def __init__(self, view: WalkerWindow) -> None:
        self.track = _rect(view, 0, theme.TRACK)
        self.band_fill = _rect(view, 1, theme.BAND_FILL)
        self.ticks = [_rect(view, 2, theme.TICK) for _ in range(HISTORY)]
        for age, tick in enumerate(reversed(self.ticks)):
            tick.setOpacity(0.75 - 0.12 * age)
        self.bar = _rect(view, 3, theme.NEUTRAL)
        self.band_edge = _rect(view, 4, theme.BACKGROUND)
        self.band_edge.setBrush(_NO_BRUSH)
        self.bar_edge = _rect(view, 5, theme.BACKGROUND)
        self.bar_edge.setBrush(_NO_BRUSH)
        self.beyond = _polygon(view)
        self.symbol = _polygon(view)
        self.texts = [_TextItem(view) for _ in range(4)]

    def show(self, leg: LegScene, scene: Scene, blank: bool) -> None:
        sizes = scene.sizes
        brush = QBrush(QColor(leg.colour))
        for item, rect in (
            (self.track, leg.track),
            (self.band_fill, leg.band),
            (self.bar, leg.bar),
            *zip(self.ticks, leg.ticks, strict=True),
        ):
            _place(item, rect, blank)
        self.bar.setBrush(brush)
        self.band_edge.setPen(_pen(theme.BAND_EDGE, sizes.band_edge_px))
        _place(self.band_edge, leg.band, blank)
        dashed = leg.edge == "dashed"
        self.bar_edge.setPen(
            _pen(theme.QUIET if dashed else theme.INSIDE_EDGE, sizes.bar_edge_px, dashed)
        )
        _place(self.bar_edge, _inset(leg.bar, sizes.bar_edge_px / 2.0), blank or not leg.edge)
        _place_polygon(self.beyond, leg.beyond, brush, blank)
        _place_polygon(self.symbol, leg.symbol, brush, blank)
        for words, text in zip(
            self.texts, (leg.number, leg.unit, leg.label, leg.words), strict=True
        ):
            words.show(text, blank)


class _TextItem:
    """Words centred in their box, shrunk to its width and height."""

    def __init__(self, view: WalkerWindow) -> None:
        self.item = QGraphicsSimpleTextItem()
        self.item.setZValue(6)
        self._drawn: tuple[Text, bool] | None = None
        view.addItem(self.item)

    def show(self, text: Text, blank: bool) -> None:
        if (text, blank) == self._drawn:
            return
        self._drawn = (text, blank)
        visible = bool(text.words) and not text.box.empty and not blank
        if visible:
            font = _font(text.size_px)
            metrics = QFontMetricsF(font)
            share = min(
                text.box.width / max(map(metrics.horizontalAdvance, (text.words, text.widest))),
                text.box.height / metrics.height(),
            )
            if share < 1.0:
                font = _font(text.size_px * share)
            self.item.setFont(font)
            self.item.setBrush(QBrush(QColor(text.colour)))
            self.item.setText(text.words)
            bounds = self.item.boundingRect()
            x, y = text.box.centre
            self.item.setPos(QPointF(x - bounds.width() / 2.0, y - bounds.height() / 2.0))
        self.item.setVisible(visible)


def _font(size_px: float) -> QFont:
    font = QFont("sans-serif")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setBold(True)
    font.setPixelSize(max(1, int(size_px)))
    return font


def _pen(colour: str, width_px: float, dashed: bool = False) -> QPen:
    pen = QPen(QColor(colour))
    pen.setWidthF(width_px)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashed:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([3.0, 2.0])
    return pen


def _rect(view: WalkerWindow, z: float, colour: str) -> QGraphicsRectItem:
    item = QGraphicsRectItem()
    item.setPen(_NO_PEN)
    item.setBrush(QBrush(QColor(colour)))
    return _add(view, item, z)


def _polygon(view: WalkerWindow) -> QGraphicsPolygonItem:
    item = QGraphicsPolygonItem()
    item.setPen(_NO_PEN)
    return _add(view, item, 6)


def _add(view: WalkerWindow, item: Item, z: float) -> Item:
    item.setZValue(z)
    view.addItem(item)
    return item


def _inset(rect: Rect, by_px: float) -> Rect:
    return Rect(rect.x + by_px, rect.y + by_px, rect.width - 2 * by_px, rect.height - 2 * by_px)


def _place(item: QGraphicsRectItem, rect: Rect, hidden: bool) -> None:
    item.setRect(QRectF(rect.x, rect.y, rect.width, rect.height))
    item.setVisible(not hidden and not rect.empty)


def _place_polygon(
    item: QGraphicsPolygonItem, points: Polygon, brush: QBrush, hidden: bool
) -> None:
    item.setPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    item.setBrush(brush)
    item.setVisible(bool(points) and not hidden)
