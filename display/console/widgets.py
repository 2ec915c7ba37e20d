"""Widgets that every panel of the console is made of."""

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from display import theme
from display.console.words import Cell

COLOUR_ROLE = Qt.ItemDataRole.UserRole


def label(name: str, words: str = "") -> QLabel:
    """Plain words that wrap."""
    made = QLabel(words)
    made.setObjectName(name)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def mark(widget: QWidget, name: str, on: bool) -> None:
    """Set a property that the style sheet goes by; the same again costs nothing."""
    if widget.property(name) == on:
        return
    widget.setProperty(name, on)
    style = widget.style()
    if style is not None:
        style.polish(widget)


def button(name: str, do: Callable[[], None], words: str = "") -> QPushButton:
    """A button that Enter presses when it has the focus; Space is the operator's mark everywhere."""
    made = QPushButton(words)
    made.setObjectName(name)
    made.setAutoDefault(True)
    made.clicked.connect(lambda: do())
    return made


def table(name: str, columns: tuple[str, ...]) -> QTableWidget:
    """A table to read, whose last column takes what is left."""
    made = QTableWidget(0, len(columns))
    made.setObjectName(name)
    made.setHorizontalHeaderLabels(columns)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    made.setTabKeyNavigation(False)
    rows, header = made.verticalHeader(), made.horizontalHeader()
    assert rows is not None  # a table has both; only the type stubs doubt it
    assert header is not None
    rows.hide()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    # the last takes what is left, so that no scroll bar hides a row; its tooltip has all the words
    header.setSectionResizeMode(len(columns) - 1, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    return made


def fill(into: QTableWidget, rows: list[list[Cell]], at_least: int = 0) -> None:
    """Put words and colours into a table; cells are made once and reused."""
    count = max(len(rows), at_least)
    if into.rowCount() != count:
        into.setRowCount(count)
    model, viewport = into.model(), into.viewport()
    assert model is not None  # a table has both; only the type stubs doubt it
    assert viewport is not None
    # Told of every cell, the table would measure all of them each time: 20 ms in which no picture of the
    # walker's is painted.
    model.blockSignals(True)
    changed = False
    for row in range(count):
        for column in range(into.columnCount()):
            words, colour = rows[row][column] if row < len(rows) else ("", theme.TEXT)
            cell = into.item(row, column)
            if cell is None:
                cell = QTableWidgetItem()
                into.setItem(row, column, cell)
            if cell.text() != words:
                cell.setText(words)
                cell.setToolTip(words)
                changed = True
            if cell.data(COLOUR_ROLE) != colour:
                cell.setData(COLOUR_ROLE, colour)
                cell.setForeground(QColor(colour))
                changed = True
    model.blockSignals(False)
    if changed:
        for column in range(into.columnCount() - 1):  # the last one takes what is left
            into.resizeColumnToContents(column)
        viewport.update()
