"""What is on the screen until both windows are: that the session starts, and what it waits for."""

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QApplication, QLabel, QProgressBar, QVBoxLayout, QWidget

from display import theme
from stream.status import SessionView

_STYLE = f"""
QWidget {{ background: {theme.BACKGROUND}; color: {theme.TEXT}; font-size: 18px; }}
QLabel#starting {{ font-size: 26px; font-weight: bold; }}
QProgressBar {{ background: {theme.PANEL}; border: 2px solid {theme.RULE}; max-height: 10px; }}
QProgressBar::chunk {{ background: {theme.INSIDE}; }}
"""


class StartingWindow(QWidget):
    """A small window on the operator's screen; closing it stops what begins."""

    def __init__(self, view: SessionView) -> None:
        super().__init__()
        self._view = view
        self.setWindowTitle("ekam: starting")
        self.setStyleSheet(_STYLE)
        title, self.words, moves = QLabel("The session starts …"), QLabel(), QProgressBar()
        title.setObjectName("starting")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        moves.setRange(0, 0)
        moves.setTextVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(30, 24, 30, 24)
        for each in (title, self.words, moves):
            column.addWidget(each)
        self.setFixedSize(640, 200)

    def open(self) -> None:
        """Show it in the middle of the operator's screen, painted."""
        screen = QApplication.primaryScreen()
        if screen is not None:
            self.move(screen.availableGeometry().center() - self.rect().center())
        self.show()
        self.look()

    def look(self) -> None:
        """Say what is waited for now, and let Qt work."""
        stopping = self._view.control.stop_requested.is_set()
        words = "stopping" if stopping else self._view.status.read()[1].blocked
        if words != self.words.text():
            self.words.setText(words)
        QApplication.processEvents()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Whoever closes it wants no session."""
        self._view.control.stop()
        if event is not None:
            event.ignore()
