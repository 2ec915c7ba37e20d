"""The yardstick of every picture: a bare widget as large as the screen, one filled bar, asked to repaint.

python -m display.bench.widget NPZ
"""

import os
import sys
import time

import numpy as np

from display.bench.work import save
from display.screens import platform_environment

PICTURES, EVERY_MS = 150, 16


def main() -> None:
    """Repaint again and again; time from asking to pixels handed to the window system."""
    os.environ.update(platform_environment())
    from PyQt5.QtCore import QEvent, Qt, QTimer
    from PyQt5.QtGui import QColor, QPainter, QPaintEvent
    from PyQt5.QtWidgets import QApplication, QWidget

    app = QApplication(["ekam bench"])
    took: list[float] = []

    class Bare(QWidget):
        asked_s, height_share = 0.0, 0

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
                took.append(time.perf_counter() - self.asked_s)
                self.asked_s = 0.0
                if len(took) == PICTURES:
                    app.quit()
            return handled

    screen = app.primaryScreen()
    assert screen is not None
    bare = Bare()
    bare.setGeometry(screen.geometry())
    bare.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    bare.show()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(bare.ask)
    timer.start(EVERY_MS)
    app.exec()
    save(sys.argv[1], {"took_s": np.array(took[10:])})
    os._exit(0)


if __name__ == "__main__":
    main()
