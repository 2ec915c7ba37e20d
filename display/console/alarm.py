"""What goes wrong now: words in a place of their own, so that nothing moves when they come."""

from PyQt5.QtCore import QRect, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QLabel

HEIGHT_PX = 64
SIZES_PX = (20, 18, 16, 14, 12)
"""Of the letters: the largest with which the words fit."""
PADDING_PX = 5


class Alarm(QLabel):
    """An alarm; its place stays empty without one."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("alarm")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(200)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()

    def show_words(self, words: str) -> None:
        """Say this; nothing where it is empty."""
        said = f"▲  {words}"
        if said != self.text():
            self.setText(said)
            self.setToolTip(words)
            self._fit()
        self.setVisible(bool(words))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit the words anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Take the largest letters with which all words are seen."""
        room = self.rect().adjusted(PADDING_PX, PADDING_PX, -PADDING_PX, -PADDING_PX)
        font = self.font()
        font.setBold(True)
        for size in SIZES_PX:
            font.setPixelSize(size)
            self.setFont(font)
            needed = self.fontMetrics().boundingRect(
                QRect(0, 0, room.width(), 10_000), Qt.TextFlag.TextWordWrap, self.text()
            )
            if needed.height() <= room.height() and needed.width() <= room.width():
                break
        self.setStyleSheet(f"font-size: {font.pixelSize()}px")
