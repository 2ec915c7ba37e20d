"""Opens both windows on a session and closes them when it has ended."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from display.screens import no_screen_reason, platform_environment
from stream.status import SessionView

if TYPE_CHECKING:
    from PyQt5.QtGui import QScreen
    from PyQt5.QtWidgets import QApplication

    from compute.feedback import WalkerFeedback
    from display.console import Console
    from display.walker import WalkerWindow

__all__ = ["no_screen_reason", "show"]

POLL_MS = 50

_log = logging.getLogger(__name__)


def show(
    view: SessionView,
    *,
    walker_screen: int | None = None,
    fullscreen: bool = True,
    on_flushed: "Callable[[WalkerFeedback], None] | None" = None,
    blank: bool = False,
    on_open: Callable[[Callable[[], None]], Callable[[bool], None]] | None = None,
) -> int:
    """Show the walker's window and the console until the session has ended.

    Call it from the main thread, and only where `no_screen_reason` is None. Ctrl-C asks the session
    to stop, as the Stop button does.

    Parameters
    ----------
    view : shared with the session.
    walker_screen : screen of the walker's window, counted from 0; the first that is not the
        console's when None. A screen that does not exist counts as None.
    fullscreen : cover the walker's screen. With a single screen both windows stand side by side.
    on_flushed : called with the feedback whose picture was just handed to the window system.
    blank : open with the walker's picture blanked.
    on_open : given a function that makes the walker's window look for news at once and may be called
        from any thread; returns one that is called 20 times a second with whether the picture is blanked.

    Returns
    -------
    0 when the session has ended.
    """
    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    from PyQt5.QtCore import QObject, QTimer, pyqtSignal

    app = _application()
    from display.console import Console
    from display.walker import WalkerWindow

    class Bell(QObject):
        rung = pyqtSignal()

    def poll() -> None:
        # also what lets Python run its signal handlers while Qt waits
        on_poll(walker.blank)
        if view.status.read()[1].state == "ended":
            app.quit()

    with _hooks(view):
        walker = WalkerWindow(view, on_flushed=on_flushed)
        console = Console(view)
        console.blank_asked.connect(walker.toggle_blank)
        console.walker_asked.connect(walker.show)
        if blank:
            walker.toggle_blank()
        _place(app, walker, console, walker_screen, fullscreen)
        bell = Bell()
        bell.rung.connect(walker.tick)  # queued when rung by another thread
        on_poll = on_open(bell.rung.emit) if on_open else lambda _blank: None
        # a window whose screen is unplugged jumps to another one: it must not cover the console
        app.screenRemoved.connect(walker.showNormal)
        timer = QTimer()
        timer.timeout.connect(poll)
        timer.start(POLL_MS)
        try:
            return int(app.exec())
        finally:
            timer.stop()
            app.screenRemoved.disconnect(walker.showNormal)
            for window in (walker, console):
                window.hide()
                window.deleteLater()


def _application() -> "QApplication":
    from PyQt5.QtCore import Qt
    from PyQt5.QtWidgets import QApplication

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
        QApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        app = QApplication(["ekam"])
        app.setStyle("Fusion")
    # the session ends the windows, never the other way round
    app.setQuitOnLastWindowClosed(False)
    return app


@contextmanager
def _hooks(view: SessionView) -> Iterator[None]:
    """Log what escapes instead of ending the process, turn Ctrl-C into Stop; undone at the end."""

    def log(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("A window failed.", exc_info=(kind, error, trace))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        view.control.stop()

    in_main = threading.current_thread() is threading.main_thread()
    hook, sys.excepthook = sys.excepthook, log
    handler = signal.signal(signal.SIGINT, stop) if in_main else None
    try:
        yield
    finally:
        sys.excepthook = hook
        if in_main:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)


def _place(
    app: "QApplication",
    walker: "WalkerWindow",
    console: "Console",
    walker_screen: int | None,
    fullscreen: bool,
) -> None:
    screens = app.screens()
    target = _walker_screen(app, walker_screen)
    others = [screen for screen in screens if screen is not target]
    if not others:
        free = target.availableGeometry()
        left = max(free.width() * 11 // 20, console.minimumSizeHint().width())
        console.setGeometry(free.x(), free.y(), left, free.height())
        walker.setGeometry(free.x() + left, free.y(), free.width() - left, free.height() // 2)
        # the operator keeps the keyboard
        walker.show()
        console.show()
        console.activateWindow()
        return
    console.setGeometry(others[0].availableGeometry())
    walker.setGeometry(target.geometry())
    if fullscreen:
        walker.showFullScreen()
    else:
        walker.show()
    console.showMaximized()
    console.activateWindow()


def _walker_screen(app: "QApplication", index: int | None) -> "QScreen":
    screens = app.screens()
    primary = app.primaryScreen()
    if index is not None and 0 <= index < len(screens):
        return screens[index]
    if index is not None:
        _log.warning("There is no screen %d; the walker's window opens on another one.", index)
    return next((screen for screen in screens if screen is not primary), screens[0])
