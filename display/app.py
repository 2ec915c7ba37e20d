"""Opens both windows on a session and closes them when it has ended."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, cast

from display.screens import no_screen_reason, platform_environment
from display.window_options import WindowOptions
from stream.status import SessionView

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from compute.feedback import WalkerFeedback
    from display.scene.probe import PatchCorner
    from stream.latency import Stamps

__all__ = ["no_screen_reason", "show"]

POLL_MS = 50

_log = logging.getLogger(__name__)


def show(
    view: SessionView,
    *,
    options: WindowOptions | None = None,
    on_flushed: "Callable[[WalkerFeedback, Stamps], None] | None" = None,
    blank: bool = False,
    on_open: Callable[[Callable[[], None]], Callable[[bool], None]] | None = None,
) -> int:
    """Show the walker's window and the console until the session has ended.

    Call it from the main thread, and only where `no_screen_reason` is None. Ctrl-C asks the session
    to stop, as the Stop button does.

    Parameters
    ----------
    view : shared with the session.
    options : how they are opened. With a single screen both windows stand side by side.
    on_flushed : called with the feedback whose picture was just handed to the window system, and when it
        passed each stage, `perf_counter`.
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

    app = application()
    from display.console import Console
    from display.placement import Placement
    from display.screen_settings import Remembered
    from display.sound import Sound
    from display.walker import WalkerWindow

    options = options or WindowOptions()

    class Bell(QObject):
        rung = pyqtSignal()

    def poll() -> None:
        # also what lets Python run its signal handlers while Qt waits
        on_poll(walker.blank)
        seen, where = placement.said()
        console.say_walker(
            seen,
            where,
            sound.fault,
            placement.names,
            placement.screen,
            walker.settings,
            blank=walker.blank,
        )
        if where != said[-1]:
            said[:] = [where]
            view.control.ask("seen", f"walker's picture: {where}")
        if view.status.read()[1].state == "ended":
            app.quit()

    with _hooks(view), _awake(view):
        sound, said = Sound(), [""]
        walker = WalkerWindow(
            view,
            on_flushed=on_flushed,
            on_told=sound.told,
            patch=cast("PatchCorner | None", options.photodiode or None),
        )
        console = Console(view)
        console.blank_asked.connect(walker.toggle_blank)
        console.adjust_asked.connect(walker.adjust)
        if blank:
            walker.toggle_blank()
        placement = Placement(app, walker, console, Remembered(), options.screen)
        console.walker_asked.connect(placement.show)
        console.screen_asked.connect(placement.move_to)
        console.settings_asked.connect(placement.keep)
        bell = Bell()
        bell.rung.connect(walker.tick)  # queued when rung by another thread
        on_poll = on_open(bell.rung.emit) if on_open else lambda _blank: None
        timer = QTimer()
        timer.timeout.connect(poll)
        timer.start(POLL_MS)
        try:
            return int(app.exec())
        finally:
            timer.stop()
            placement.close()
            for window in (walker, console):
                window.hide()
                window.deleteLater()


def application() -> "QApplication":
    """The application, made with what has to be set before."""
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
def _awake(view: SessionView) -> Iterator[None]:
    """Hold off the screen saver and sleep: nobody touches this computer while somebody walks."""
    from wakepy import keep

    with keep.presenting(on_fail="pass") as held:
        if not held.active:
            view.control.ask("seen", "the screen saver cannot be held off: switch it off by hand")
        yield


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
