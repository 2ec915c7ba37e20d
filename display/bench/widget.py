"""What a picture costs: a bare widget as large as the screen, and every picture of the walker's window.

python -m display.bench.widget NPZ
"""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from compute.conventions import Side
from compute.feedback import DISPLAYS, HISTORY, Display, LegFeedback, Target, WalkerFeedback
from display.bench.work import save
from display.screens import platform_environment
from stream.latency import Stamps
from stream.status import SessionView

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication, QWidget

PICTURES, WARM_UP, EVERY_MS = 150, 10, 16
BARE = "bare widget"


def main() -> None:
    """Repaint again and again; time from asking to pixels handed to the window system."""
    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    from PyQt5.QtCore import QEvent
    from PyQt5.QtGui import QColor, QPainter, QPaintEvent
    from PyQt5.QtWidgets import QApplication, QWidget

    app = QApplication(["ekam bench"])

    class Bare(QWidget):
        asked_s, height_share = 0.0, 0

        def __init__(self) -> None:
            super().__init__()
            self.took: list[float] = []

        def ask(self) -> None:
            self.height_share = (self.height_share + 7) % 100
            self.asked_s = time.perf_counter()
            self.update()

        def paintEvent(self, event: QPaintEvent | None) -> None:
            painter = QPainter(self)
            painter.fillRect(self.rect(), QColor("#101010"))
            third, high = self.width() // 3, self.height() * self.height_share // 100
            painter.fillRect(third, self.height() - high, third, high, QColor("#56B4E9"))
            painter.end()

        def event(self, event: QEvent | None) -> bool:
            handled = bool(super().event(event))
            if event is not None and event.type() == QEvent.Type.UpdateRequest and self.asked_s:
                self.took.append(time.perf_counter() - self.asked_s)
                self.asked_s = 0.0
            return handled

    bare = Bare()
    took: dict[str, list[float]] = {BARE: _repainted(app, bare, bare.ask, bare.took)}
    for display in DISPLAYS:
        picture = _Picture(display)
        took[display] = _repainted(app, picture.window, picture.ask, picture.took)
    save(sys.argv[1], {name: np.array(each[WARM_UP:]) for name, each in took.items()})
    os._exit(0)


def _repainted(
    app: "QApplication", window: "QWidget", ask: Callable[[], None], took: list[float]
) -> list[float]:
    """Ask a window that covers the screen for `PICTURES` pictures; `took` fills meanwhile."""
    from PyQt5.QtCore import Qt, QTimer

    screen = app.primaryScreen()
    assert screen is not None
    window.setGeometry(screen.geometry())
    window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    window.show()

    def again() -> None:
        if len(took) < PICTURES:
            ask()
        else:
            app.quit()

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(again)
    timer.start(EVERY_MS)
    app.exec()
    timer.stop()
    window.hide()
    return took


class _Picture:
    """The walker's window with one kind of picture, through every state, for ever."""

    def __init__(self, display: Display) -> None:
        from display.walker import WalkerWindow

        self._view = SessionView()
        self._display = display
        self._step = 0
        self._asked_s = 0.0
        self.took: list[float] = []
        self.window = WalkerWindow(self._view, on_flushed=self._flushed)

    def ask(self) -> None:
        self._step += 1
        left, right = (self._leg(side, 7 + 4 * side) for side in Side)
        words = f"step {self._step}"
        self._asked_s = time.perf_counter()
        self._view.walker.publish(WalkerFeedback(left, right, "REPLAY", self._display, words))
        self.window.tick()

    def _leg(self, side: Side, stride: int) -> LegFeedback:
        step = self._step
        phases: tuple[Literal["early", "feedback"], ...] = ("early", "feedback", "feedback")
        return LegFeedback(
            side,
            Target(),
            phases[step % 3],
            value=60.0 + (step * stride) % 80,
            history=tuple(60.0 + (step * 5 + i) % 60 for i in range(HISTORY)),
            rejected=step % 3 == 2,
            stance=step,
        )

    def _flushed(self, _: WalkerFeedback, stamps: Stamps) -> None:
        self.took.append(stamps.flushed_s - self._asked_s)


if __name__ == "__main__":
    main()
