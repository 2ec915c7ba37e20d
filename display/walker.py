"""The walker's window: one view with a fixed set of items, moved once per stance.

It pulls the newest feedback and never shows an error: whatever fails is logged once and the last
good picture stays.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from PyQt5.QtCore import QEvent, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QWidget
from pyqtgraph import GraphicsView

from compute.feedback import Display, WalkerFeedback
from display import theme
from display.adjusting import Adjusting
from display.picture import Picture
from display.scene import Patch, Scene, grid_scene, walker_scene
from display.scene.probe import PatchCorner
from display.screen_settings import ScreenSettings
from stream.latency import Stamps
from stream.status import SessionView

REFRESH_MS = 16

_log = logging.getLogger(__name__)


class WalkerWindow(GraphicsView):  # type: ignore[misc] # pyqtgraph has no types
    """What the walker looks at.

    Keys: B blanks the picture and brings it back, F switches full screen, Esc leaves it, K shows the grid
    by which the picture is fitted to the screen.

    Parameters
    ----------
    view : shared with the session; read only.
    settings : how the picture lies on the screen and how far away it is seen from.
    on_flushed : called with the feedback whose picture was just handed to the window system, and when it
        passed each stage, `perf_counter`.
    on_told : called with the feedback before and after, when the walker is shown another one.
    patch : corner of a patch for a photodiode; None for no patch.

    Attributes
    ----------
    adjusted : emitted with the new settings when the operator has fitted the picture.
    """

    adjusted = pyqtSignal(object)

    def __init__(
        self,
        view: SessionView,
        settings: ScreenSettings | None = None,
        on_flushed: Callable[[WalkerFeedback, Stamps], None] | None = None,
        on_told: Callable[[WalkerFeedback, WalkerFeedback], None] | None = None,
        patch: PatchCorner | None = None,
    ) -> None:
        super().__init__(useOpenGL=False, background=theme.BACKGROUND)
        self._view = view
        self._settings = settings or ScreenSettings()
        self._on_flushed = on_flushed
        self._on_told = on_told
        self._patch = Patch(patch) if patch else None
        self._unflushed: WalkerFeedback | None = None
        self._shown_s = self._paint_s = self._painted_s = 0.0
        self._faulted = False
        self._adjusting: Adjusting | None = None
        self.blank = False
        self.setWindowTitle("ekam: walker")
        self.setInteractive(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._show_cursor(False)
        self.setMinimumSize(320, 180)
        self._picture = Picture(self)
        self._shown, self._feedback = view.walker.read()
        self._guard(self._draw)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(REFRESH_MS)

    @property
    def settings(self) -> ScreenSettings:
        """How the picture lies on its screen."""
        return self._settings

    @settings.setter
    def settings(self, settings: ScreenSettings) -> None:
        self._settings = settings
        self._guard(self._draw)

    @property
    def shows(self) -> Display:
        """Which picture is asked for."""
        return self._feedback.display

    @property
    def adjusting(self) -> bool:
        """Whether the operator fits the picture to its screen."""
        return self._adjusting is not None

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

    def adjust(self) -> None:
        """Show the grid and take the keys and the mouse for it, until it is kept or discarded."""
        if self._adjusting is None:
            self._adjusting = Adjusting(self._settings.projection)
            self._show_cursor(True)
            self.show()
            self.activateWindow()
            self.setFocus()
            self._say_seen(False)
            self._guard(self._draw)

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
        """Blank, full screen, grid; every other key is ignored."""
        key = event.key()
        if self._adjusting is not None:
            far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._adjusted(self._adjusting.key(key, far, self.width(), self.height()))
        elif key == Qt.Key.Key_B:
            self.toggle_blank()
        elif key == Qt.Key.Key_F:
            self.toggle_full_screen()
        elif key == Qt.Key.Key_K:
            self.adjust()
        elif key == Qt.Key.Key_Escape and self.isFullScreen():
            self.showNormal()
        else:
            event.ignore()

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Tab is a key of this window; there is nothing to go to."""
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the nearest corner of the grid."""
        if self._adjusting is not None:
            self._adjusting.take(event.x() / self.width(), event.y() / self.height())
            self._guard(self._draw)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the corner."""
        if self._adjusting is not None and event.buttons():
            self._adjusting.drag(event.x() / self.width(), event.y() / self.height())
            self._guard(self._draw)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay the picture out again."""
        super().resizeEvent(event)
        if hasattr(self, "_timer"):  # the base class resizes before there is anything to lay out
            self._guard(self._draw)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint; a fault leaves the last picture."""
        self._paint_s = perf_counter()
        self._guard(lambda: GraphicsView.paintEvent(self, event))
        self._painted_s = perf_counter()

    def event(self, event: QEvent) -> bool:
        """Report the flush: painting and flushing both happen inside the update request."""
        handled = bool(super().event(event))
        if event.type() == QEvent.Type.UpdateRequest and getattr(self, "_unflushed", None):
            self._guard(self._report_flush)
        return handled

    def _report_flush(self) -> None:
        if self._painted_s < self._shown_s:
            return  # a window that is not exposed yet is asked to update and paints nothing
        feedback, self._unflushed = self._unflushed, None
        if feedback is not None and self._on_flushed is not None:
            self._on_flushed(
                feedback, Stamps(self._shown_s, self._paint_s, self._painted_s, perf_counter())
            )

    def _pull(self) -> None:
        sequence, feedback = self._view.walker.read()
        if sequence == self._shown:
            return
        before, self._shown, self._feedback = self._feedback, sequence, feedback
        self._shown_s = perf_counter()
        if self._patch is not None:
            self._patch = replace(self._patch, white=not self._patch.white)
        self._draw()
        if self.blank or self._adjusting is not None:
            return
        self._unflushed = feedback
        # one pixel: a picture that happens to stay the same is flushed and reported as well
        self.viewport().update(0, 0, 1, 1)
        if self._on_told is not None and self.isVisible():
            self._on_told(before, feedback)

    def _draw(self) -> None:
        size = self.viewport().size()
        adjusting = self._adjusting
        projection = adjusting.projection if adjusting else self._settings.projection
        self._picture.lie(projection, size.width(), size.height())
        self._picture.show(self._scene(*projection.size(size.width(), size.height())))

    def _scene(self, width_px: float, height_px: float) -> Scene:
        viewing = self._settings.viewing
        if self._adjusting is not None:
            screen = self._screen_name()
            return grid_scene(screen, self._adjusting.picture_corner, width_px, height_px, viewing)
        feedback = replace(self._feedback, display="blank") if self.blank else self._feedback
        return walker_scene(feedback, width_px, height_px, viewing, self._patch)

    def _screen_name(self) -> str:
        handle = self.windowHandle()
        screen = handle.screen() if handle is not None else None
        return screen.name() if screen is not None else ""

    def _adjusted(self, done: bool | None) -> None:
        """Go on with the grid, or end it: kept when True, discarded when False."""
        adjusting = self._adjusting
        if done is not None and adjusting is not None:
            self._adjusting = None
            self._show_cursor(False)
            self._say_seen(self.isVisible())
            if done:
                self._settings = replace(self._settings, projection=adjusting.projection)
            self.adjusted.emit(self._settings)
        self._guard(self._draw)

    def _show_cursor(self, shown: bool) -> None:
        shape = Qt.CursorShape.CrossCursor if shown else Qt.CursorShape.BlankCursor
        self.setCursor(shape)
        self.viewport().setCursor(shape)

    def _say_seen(self, visible: bool) -> None:
        """Tell the session, which writes for every stance what the walker saw of it."""
        if visible and not self.blank and self._adjusting is None:
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
