"""Which screen the walker's window is on, by name, through unplugging and plugging in again."""

import logging
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, QTimer

from display.screen_settings import Remembered, ScreenSettings, screen_key

if TYPE_CHECKING:
    from PyQt5.QtGui import QScreen
    from PyQt5.QtWidgets import QApplication

    from display.console import Console
    from display.walker import WalkerWindow

_log = logging.getLogger(__name__)


def screen_named(app: "QApplication", name: str) -> "QScreen | None":
    """The screen of this name, or the first that has it as a part of its name; None without one."""
    screens = app.screens()
    same = [screen for screen in screens if screen.name() == name]
    part = [screen for screen in screens if name and name.lower() in screen.name().lower()]
    return next(iter([*same, *part]), None)


class Placement(QObject):
    """Puts both windows where they belong and says where the walker's is.

    Parameters
    ----------
    wanted : name, or a part of it, of the walker's screen; empty for the one of last time, else the first
        that is not the operator's.
    """

    def __init__(
        self,
        app: "QApplication",
        walker: "WalkerWindow",
        console: "Console",
        remembered: Remembered,
        wanted: str = "",
    ) -> None:
        super().__init__()
        self._app = app
        self._walker = walker
        self._console = console
        self._remembered = remembered
        self._name = ""
        self._lost = ""
        walker.adjusted.connect(self.keep)
        app.screenRemoved.connect(self._removed)
        app.screenAdded.connect(self._added)
        self._open(wanted)

    @property
    def names(self) -> tuple[str, ...]:
        """Screens that there are now."""
        return tuple(screen.name() for screen in self._app.screens())

    @property
    def screen(self) -> str:
        """Name of the walker's screen."""
        return self._name

    def said(self) -> tuple[bool, str]:
        """Whether the walker sees the picture, and where it is, in words."""
        walker = self._walker
        if self._lost:
            where = f"{self._lost} is unplugged: shown in a window here until it is back"
        elif walker.isFullScreen():
            where = f"on {self._name}, full screen"
        else:
            where = f"in a window on {self._name}"
        if not walker.isVisible():
            return False, "the window is closed (F2 shows it)"
        if walker.isMinimized():
            return False, "the window is minimised (F2 shows it)"
        if walker.adjusting:
            return False, f"{where}; being fitted (Enter keeps, Esc discards)"
        if walker.blank:
            return False, f"{where}; blanked (B brings it back)"
        if walker.shows in ("blank", "message"):
            where += f"; it shows {'nothing' if walker.shows == 'blank' else 'words alone'}"
        return not self._lost, where

    def move_to(self, name: str) -> None:
        """Put the walker's window on a screen that the operator has chosen, and remember that."""
        screen = self._find(name)
        if screen is not None:
            self._lost = ""
            self._remembered.walker_screen = screen.name()
            self._put(screen)

    def show(self) -> None:
        """Bring the walker's window back after it was closed or minimised."""
        if self._walker.isMinimized():
            self._walker.showNormal()
        self._walker.show()
        self._walker.raise_()
        self._console.activateWindow()

    def keep(self, settings: ScreenSettings) -> None:
        """Use and remember settings of the walker's screen."""
        self._walker.settings = settings
        screen = self._find(self._name)
        if screen is not None and not self._remembered.keep(screen_key(screen), settings):
            _log.warning("The settings of the screen cannot be kept: its file cannot be written.")
        self._console.activateWindow()

    def close(self) -> None:
        """Let go of the application."""
        self._app.screenRemoved.disconnect(self._removed)
        self._app.screenAdded.disconnect(self._added)

    def _open(self, wanted: str) -> None:
        screens = self._app.screens()
        target = self._wanted(wanted)
        others = [screen for screen in screens if screen is not target]
        home = others[0] if others else target
        if others:
            self._console.setGeometry(home.availableGeometry())
            self._put(target)
            self._console.showMaximized()
        else:
            free = target.availableGeometry()
            left = self._console_width(free.width())
            self._console.setGeometry(free.x(), free.y(), left, free.height())
            self._beside(target)
            self._console.show()
        self._console.activateWindow()  # the operator keeps the keyboard

    def _wanted(self, wanted: str) -> "QScreen":
        screens = self._app.screens()
        primary = self._app.primaryScreen()
        if wanted:
            found = self._find(wanted)
            if found is not None:
                return found
            _log.warning(
                "There is no screen %r (there are %s); the walker's window opens on another one.",
                wanted,
                ", ".join(self.names),
            )
        last = self._find(self._remembered.walker_screen) if len(screens) > 1 else None
        # the operator's own screen is only ever taken when asked for by name
        if last is not None and last is not primary:
            return last
        return next((screen for screen in screens if screen is not primary), screens[0])

    def _find(self, name: str) -> "QScreen | None":
        return screen_named(self._app, name)

    def _put(self, screen: "QScreen") -> None:
        """Cover a screen; the operator's own only in a part."""
        self._name = screen.name()
        self._walker.settings = self._remembered.of(screen_key(screen))
        if len(self._app.screens()) == 1:
            self._beside(screen)
            return
        self._walker.showNormal()
        self._walker.setGeometry(screen.geometry())
        self._walker.showFullScreen()

    def _beside(self, screen: "QScreen") -> None:
        """Show the walker's window in a corner of the operator's screen."""
        if not self._lost:
            self._name = screen.name()
            self._walker.settings = self._remembered.of(screen_key(screen))
        free = screen.availableGeometry()
        width = max(free.width() - self._console_width(free.width()), 480)
        self._walker.showNormal()
        self._walker.setGeometry(free.right() - width, free.y(), width, free.height() // 2)
        self._walker.show()

    def _console_width(self, whole_px: int) -> int:
        """Of the console beside the walker's window; it may grow by some words."""
        return int(max(whole_px * 11 // 20, self._console.minimumSizeHint().width() + 40))

    def _removed(self, screen: "QScreen") -> None:
        """A screen is unplugged; the system has put its windows anywhere."""
        if screen.name() == self._name and not self._lost:
            self._lost = self._name
            QTimer.singleShot(0, self._take_in)

    def _take_in(self) -> None:
        primary = self._app.primaryScreen()
        if primary is not None:
            self._beside(primary)
            self._console.activateWindow()

    def _added(self, screen: "QScreen") -> None:
        """The walker's screen is back."""
        if self._lost and screen.name() == self._lost:
            self._lost = ""
            self._put(screen)
            self._console.activateWindow()
