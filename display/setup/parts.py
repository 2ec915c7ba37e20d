"""Labels, buttons, tables and marks as all pages of the set-up use them."""

from collections.abc import Callable, Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from display import theme
from stream.check_seen import Verdict

MARKS = {
    Verdict.OK: ("✓ ok", theme.TEXT),
    Verdict.WARNING: ("! warning", theme.WARNING),
    Verdict.FAILED: ("✗ failed", theme.FAULT),
    Verdict.INCOMPLETE: ("… incomplete", theme.WARNING),
    Verdict.NOT_CHECKED: ("– not checked", theme.QUIET),
}
CALIBRATION_MARKS = {
    "passed": ("✓ passed", theme.TEXT),
    "warned": ("! warned", theme.WARNING),
    "refused": ("✗ refused", theme.FAULT),
}

STYLE = (
    theme.CONSOLE_STYLE
    + f"""
QLabel#title {{ font-size: 26px; font-weight: bold; }}
QLabel#lead {{ font-size: 18px; }}
QLabel#count {{ font-size: 64px; font-weight: bold; }}
QLabel#doubt {{ color: {theme.WARNING}; }}
QLabel#fault {{ color: {theme.FAULT}; font-size: 18px; font-weight: bold; }}
QLabel#good {{ font-size: 18px; font-weight: bold; }}
QLabel#panel {{ background: {theme.PANEL}; padding: 6px; }}
QLabel#reason {{ color: {theme.WARNING}; font-size: 17px; }}
QPushButton {{ padding: 6px 14px; }}
QPushButton:hover {{ border-color: {theme.BAND_EDGE}; }}
QPushButton:disabled {{ color: {theme.QUIET}; border: 2px dashed {theme.RULE}; }}
QPushButton#next:enabled {{ background: #0072B2; border-color: {theme.INSIDE}; font-size: 20px;
    font-weight: bold; }}
QPushButton#next {{ font-size: 20px; min-width: 200px; min-height: 44px; }}
QPushButton#back {{ min-height: 44px; min-width: 110px; }}
QPushButton#step {{ text-align: left; border: none; padding: 8px 10px; font-size: 17px; }}
QPushButton#step:disabled {{ color: {theme.QUIET}; border: none; }}
QPushButton#here {{ text-align: left; border: 2px solid {theme.INSIDE}; padding: 8px 10px; font-size: 17px;
    font-weight: bold; }}
QPushButton:checked {{ background: #0072B2; border-color: {theme.BAND_EDGE}; }}
QLineEdit, QComboBox, QSpinBox {{ background: {theme.PANEL}; border: 2px solid {theme.QUIET};
    border-radius: 4px; padding: 5px; font-size: 17px; min-height: 26px; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus {{ border: 3px solid {theme.BAND_EDGE}; }}
QComboBox QAbstractItemView {{ background: {theme.PANEL}; color: {theme.TEXT};
    selection-background-color: #0072B2; }}
QListWidget {{ background: {theme.PANEL}; border: 1px solid {theme.RULE}; }}
QListWidget:focus {{ border: 2px solid {theme.BAND_EDGE}; }}
QListWidget::item:selected, QTableWidget::item:selected {{ background: #0072B2; color: {theme.TEXT}; }}
QRadioButton, QCheckBox {{ font-size: 17px; spacing: 10px; padding: 3px; border: 2px solid transparent; }}
QRadioButton:focus, QCheckBox:focus {{ border: 2px solid {theme.BAND_EDGE}; }}
QRadioButton::indicator, QCheckBox::indicator {{ width: 18px; height: 18px; border: 2px solid {theme.QUIET};
    background: {theme.PANEL}; }}
QRadioButton::indicator {{ border-radius: 11px; }}
QRadioButton::indicator:checked, QCheckBox::indicator:checked {{ background: {theme.INSIDE};
    border-color: {theme.BAND_EDGE}; }}
QProgressBar {{ background: {theme.TRACK}; border: 2px solid {theme.QUIET}; text-align: center;
    color: {theme.TEXT}; min-height: 30px; font-size: 17px; }}
QProgressBar::chunk {{ background: #0072B2; }}
QHeaderView::section {{ font-size: 16px; }}
QFrame#steps {{ border-right: 2px solid {theme.RULE}; }}
QToolTip {{ font-size: 16px; }}
"""
)


def label(name: str, words: str = "", buddy: QWidget | None = None) -> QLabel:
    """A line of text that wraps; with a `buddy`, ``&`` in it marks the key that goes there."""
    made = QLabel(words)
    made.setObjectName(name)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if buddy is not None:
        made.setBuddy(buddy)
        made.setWordWrap(False)
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
    return made


def button(words: str, do: Callable[[], None], name: str = "") -> QPushButton:
    """A button; ``&`` in its words marks its key."""
    made = QPushButton(words)
    made.setObjectName(name)
    made.setAutoDefault(False)
    # a click leaves the keyboard where it was, so that Enter does not press it again
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda: do())
    return made


def say(where: QLabel, words: str, *, name: str = "") -> None:
    """Change a text, and what kind it is, only where it changed; an empty one takes no room."""
    if name and where.objectName() != name:
        where.setObjectName(name)
        where.setStyleSheet(where.styleSheet())  # the style is looked up again
        if (style := where.style()) is not None:
            style.unpolish(where)
            style.polish(where)
    if where.text() != words:
        where.setText(words)
    where.setVisible(bool(words))


def table(columns: Sequence[str], *, selects: bool = False) -> QTableWidget:
    """A table that only shows; the last column takes what is left and wraps."""
    made = QTableWidget(0, len(columns))
    made.setHorizontalHeaderLabels(list(columns))
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    mode = QAbstractItemView.SelectionMode
    made.setSelectionMode(mode.SingleSelection if selects else mode.NoSelection)
    made.setTabKeyNavigation(False)
    made.setWordWrap(True)
    made.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    rows, header = made.verticalHeader(), made.horizontalHeader()
    assert rows is not None
    assert header is not None
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(len(columns) - 1, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    return made


def fill(
    where: QTableWidget, rows: Sequence[Sequence[str]], colours: Sequence[str] | None = None
) -> None:
    """Show rows; only what changed is touched, so that a selection stays."""
    if where.rowCount() != len(rows):
        where.setRowCount(len(rows))
    for i, row in enumerate(rows):
        colour = QColor(colours[i] if colours is not None else theme.TEXT)
        for j, text in enumerate(row):
            item = where.item(i, j)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
                where.setItem(i, j, item)
            if item.text() != text:
                item.setText(text)
            if item.foreground().color() != colour:
                item.setForeground(colour)


def choose(where: QComboBox, choices: Sequence[tuple[str, object]], chosen: object) -> None:
    """Fill a choice and select in it, without telling anybody; an open list is left alone."""
    view = where.view()
    if view is not None and view.isVisible():
        return
    old = [(where.itemText(i), where.itemData(i)) for i in range(where.count())]
    where.blockSignals(True)
    if old != list(choices):
        where.clear()
        for words, data in choices:
            where.addItem(words, data)
    at = next((i for i, (_, data) in enumerate(choices) if data == chosen), -1)
    if where.currentIndex() != at:
        where.setCurrentIndex(at)
    where.blockSignals(False)


def number(text: str) -> float | None:
    """A number as people type it; None where there is none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
