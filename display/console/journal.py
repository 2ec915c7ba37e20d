"""What happened in the session, the newest last; marks and notes are written here."""

from collections.abc import Callable

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from display import theme
from display.console.widgets import button
from display.console.words import log_line
from stream.status import Entry, SessionView

KEPT = 500
COLOURS = {"alarm": theme.WARNING, "mark": theme.INSIDE, "note": theme.INSIDE}
PROMPTS = {
    "note": "note, Enter keeps it, Esc drops it (N)",
    "message": "words for the walker, Enter shows them (6)",
}


class JournalPanel(QWidget):
    """List, filter, and the line for notes and messages.

    Parameters
    ----------
    ask : hands a request of the operator to the session: what, text.
    """

    def __init__(self, ask: Callable[[str, str], None]) -> None:
        super().__init__()
        self._ask = ask
        self._what = "note"
        self._seen = 0
        self.marks = 0
        self.entries: list[Entry] = []
        self.list = QListWidget()
        self.list.setObjectName("log")
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("show only lines with …")
        self.filter.textChanged.connect(self._refilter)
        self.entry = Line(self._entered, self.give_up)
        self.copy_button = button("copy", self.copy, "Copy")
        self.copy_button.setToolTip("the selected lines, or all that are shown (Ctrl+C)")
        self.prompt("note", focus=False)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self.list)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        row = QHBoxLayout()
        row.addWidget(self.filter, 1)
        row.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        column.addWidget(self.entry)

    def mark(self) -> None:
        """Mark this moment with the next number."""
        self.marks += 1
        self._ask("mark", f"mark {self.marks}")

    def prompt(self, what: str, *, focus: bool = True) -> None:
        """Ask for the words of a note or a message."""
        self._what = what
        self.entry.setPlaceholderText(PROMPTS[what])
        if focus:
            self.entry.setFocus()

    def give_up(self) -> None:
        """Drop what was typed."""
        self.entry.clear()
        self.entry.clearFocus()
        self.prompt("note", focus=False)

    def copy(self) -> None:
        """Copy the selected lines, or all that are shown."""
        chosen = self.list.selectedItems() or [
            item for item in self._items() if not item.isHidden()
        ]
        board = QGuiApplication.clipboard()
        if board is not None:
            board.setText("\n".join(item.text() for item in chosen))

    def show_view(self, view: SessionView) -> None:
        """Add what is new."""
        self._seen, new = view.log.since(self._seen)
        if not new:
            return
        bar = self.list.verticalScrollBar()
        at_end = bar is None or bar.value() >= bar.maximum()
        for entry in new:
            self.entries.append(entry)
            item = QListWidgetItem(log_line(entry))
            item.setForeground(QColor(COLOURS.get(entry.kind, theme.TEXT)))
            self.list.addItem(item)
            item.setHidden(not self._fits(item.text()))
        while self.list.count() > KEPT:
            self.list.takeItem(0)
            del self.entries[0]
        if at_end:
            self.list.scrollToBottom()

    def _entered(self) -> None:
        words = self.entry.text().strip()
        if words:
            self._ask(self._what, words)
        self.give_up()

    def _refilter(self) -> None:
        for item in self._items():
            item.setHidden(not self._fits(item.text()))

    def _fits(self, words: str) -> bool:
        return self.filter.text().strip().lower() in words.lower()

    def _items(self) -> list[QListWidgetItem]:
        rows = (self.list.item(i) for i in range(self.list.count()))
        return [item for item in rows if item is not None]


class Line(QLineEdit):
    """A line of which Enter and Esc are heard."""

    def __init__(self, enter: Callable[[], None], escape: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("entry")
        self.setMaxLength(300)
        self.returnPressed.connect(enter)
        self._escape = escape

    def event(self, event: QEvent | None) -> bool:
        """Take Esc before the window's own key of that name sees it."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.KeyPress:
                self._escape()
            event.accept()
            return True
        return bool(super().event(event))
