"""The operator's window: streams, Start and Stop, the live trace, the last stances.

Everything is pulled from the session on one timer; nothing here can stop the walker's picture. No
dialog ever opens: the Stop question is a panel of this window.
"""

import logging
import time
from collections.abc import Callable
from textwrap import fill

import numpy as np
from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QColor, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QShortcut,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from pyqtgraph import PlotCurveItem, PlotWidget, mkPen

from compute.conventions import Side
from compute.feedback import Target
from compute.stance import Stance
from display import theme
from stream.source import LampState, StreamHealth
from stream.status import SessionStatus, SessionView

REFRESH_MS = 50
COLOUR_ROLE = Qt.ItemDataRole.UserRole
TRACE_S = 6.0
TRACE_NM_PER_KG = (-0.45, 1.05)
STANCE_ROWS = 12
SILENT_S = 3.0

LAMPS = {
    LampState.ABSENT: ("○", theme.QUIET),
    LampState.CONNECTING: ("◌", theme.WARNING),
    LampState.OK: ("●", theme.INSIDE),
    LampState.DEGRADED: ("▲", theme.WARNING),
    LampState.LOST: ("✖", theme.FAULT),
}
"""Shape and colour of a stream's state; the word stands beside."""

STREAM_COLUMNS = (
    "state", "stream", "host", "rate (Hz)", "jitter (ms)", "age (s)", "missing", "rebinds", "note",
)  # fmt: skip
STANCE_COLUMNS = ("no", "leg", "peak 1", "peak 2", "KFM", "feedback", "verdict and reasons")
KEYS = (
    "F5  start        F6  stop (asks)        Ctrl+F6  stop without asking        "
    "Esc  keep running\nB  blank the walker's picture, again to bring it back        "
    "F2  show the walker's window        F1  hide this list"
)

_log = logging.getLogger(__name__)


class Console(QWidget):
    """The operator's window.

    Signals `blank_asked` and `walker_asked` go to the walker's window.
    """

    blank_asked = pyqtSignal()
    walker_asked = pyqtSignal()

    def __init__(self, view: SessionView) -> None:
        super().__init__()
        self._view = view
        self._sequence = -1
        self._status = SessionStatus()
        self._news_s = time.monotonic()
        self._grown_s = time.monotonic()
        self._faulted = False
        self.setObjectName("console")
        self.setWindowTitle("ekam: operator")
        self.setStyleSheet(theme.CONSOLE_STYLE)
        self.banner = _label("banner")
        self.headline = _label("headline")
        self.start_button = _button("start", self._start)
        self.stop_button = _button("stop", self.ask_stop)
        self.question = self._question()
        self.counts = _label("counts")
        self.recorded = _label("recorded")
        self.folder = _label("folder")
        self.aim = _label("aim")
        self.notes = _label("notes")
        self.troubles = _label("troubles")
        self.message = _label("message")
        self.keys = _label("keys", KEYS)
        self.keys.hide()
        self.streams = _table("streams", STREAM_COLUMNS)
        self.stances = _table("stances", STANCE_COLUMNS)
        self._fill(self.stances, [], STANCE_ROWS)
        self.plot, self.curves = _plot()
        self._arrange()
        for keys, do in (
            ("F5", self._start),
            ("F6", self.ask_stop),
            ("Ctrl+F6", self.stop_now),
            ("Esc", self.keep_running),
            ("B", self.blank_asked.emit),
            ("F2", self.walker_asked.emit),
            ("F1", lambda: self.keys.setVisible(self.keys.isHidden())),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(do)
        self.tick()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.tick)
        self._timer.start(REFRESH_MS)

    # -- what the operator asks ------------------------------------------------------------------

    def _start(self) -> None:
        if self.start_button.isEnabled():
            self._view.control.start()

    def ask_stop(self) -> None:
        """Ask before a running session is stopped; one that does not run stops at once."""
        if self._status.state != "running":
            self.stop_now()
            return
        self.question.show()
        self.keep_button.setFocus()

    def stop_now(self) -> None:
        """Stop the session."""
        self.question.hide()
        self._view.control.stop()

    def keep_running(self) -> None:
        """Withdraw the Stop question."""
        self.question.hide()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing is a Stop: asked for while the session runs."""
        if self._status.state == "running" and not self._view.control.stop_requested.is_set():
            if event is not None:
                event.ignore()
            self.ask_stop()
            return
        self._view.control.stop()

    # -- what the operator sees ------------------------------------------------------------------

    def tick(self) -> None:
        """Show the newest status and trace; a fault is logged once and the window goes on."""
        try:
            self._pull()
        except Exception:
            if not self._faulted:
                self._faulted = True
                _log.exception("The operator's window failed to show the session.")

    def _pull(self) -> None:
        now_s = time.monotonic()
        sequence, status = self._view.status.read()
        if sequence != self._sequence:
            if status.recorded_bytes != self._status.recorded_bytes:
                self._grown_s = now_s
            if status.state != self._status.state:
                self._grown_s = now_s
            self._sequence, self._status, self._news_s = sequence, status, now_s
            self._show_status(status)
        self._show_buttons(self._status)
        self._show_liveness(self._status, now_s)
        self._show_trace()

    def _show_status(self, status: SessionStatus) -> None:
        self.banner.setText(status.banner)
        self.banner.setVisible(bool(status.banner))
        self.headline.setText(
            f"{status.state.upper()}     subject {status.subject_id or '–'}     "
            f"{clock(status.elapsed_s)}"
        )
        self.folder.setText(f"folder  {status.folder or '–'}")
        self.aim.setText(aim(status))
        self.notes.setText("\n".join(status.notes))
        self.notes.setVisible(bool(status.notes))
        self.counts.setText(
            "\n".join(
                f"{side.word}:  {status.valid[side]} valid,  {status.rejected[side]} rejected"
                for side in Side
            )
        )
        self._fill(self.streams, [_stream_row(stream) for stream in status.streams])
        # in full: beside a walker's window on the same screen the last column is narrow
        troubles = [f"{each.role.value}: {each.message}" for each in status.streams if each.message]
        self.troubles.setText("\n".join(troubles))
        self.troubles.setVisible(bool(troubles))
        newest = list(reversed(status.recent))[:STANCE_ROWS]
        self._fill(
            self.stances, [_stance_row(stance, status.target) for stance in newest], STANCE_ROWS
        )
        if status.state != "running":
            self.question.hide()

    def _show_buttons(self, status: SessionStatus) -> None:
        control = self._view.control
        reason = start_blocked(status, control.start_requested.is_set())
        if control.stop_requested.is_set():
            reason = "stopping"
        words = fill(f"Start: {reason}", 28) if reason else "Start  (F5)"
        if words != self.start_button.text():
            self.start_button.setText(words)
            self.start_button.setToolTip(reason)
        self.start_button.setEnabled(not reason)
        stopping = control.stop_requested.is_set() or status.state in ("stopping", "ended")
        self.stop_button.setText("stopping…" if stopping else "Stop  (F6)")
        self.stop_button.setEnabled(not stopping)

    def _show_liveness(self, status: SessionStatus, now_s: float) -> None:
        running = status.state == "running"
        still_s = now_s - self._grown_s
        growing = f"NOT GROWING for {still_s:.0f} s" if running and still_s > SILENT_S else ""
        self.recorded.setText(f"recorded  {status.recorded_bytes / 1e6:.2f} MB  {growing}".rstrip())
        silent_s = now_s - self._news_s
        words = status.message
        if running and silent_s > SILENT_S:
            words = f"No news from the session for {silent_s:.0f} s. {words}"
        self.message.setText(words or "F1  keys")

    def _show_trace(self) -> None:
        rows = self._view.trace.copy()
        if not len(rows):
            return
        age_s = rows[:, 0] - rows[-1, 0]
        rows, age_s = rows[age_s >= -TRACE_S], age_s[age_s >= -TRACE_S]
        for side in Side:
            self.curves[side].setData(age_s, np.ascontiguousarray(rows[:, 1 + side]))

    @staticmethod
    def _fill(table: QTableWidget, rows: list[list[tuple[str, str]]], at_least: int = 0) -> None:
        """Put words and colours into a table; cells are made once and reused."""
        count = max(len(rows), at_least)
        if table.rowCount() != count:
            table.setRowCount(count)
        model, viewport = table.model(), table.viewport()
        assert model is not None  # a table has both; only the type stubs doubt it
        assert viewport is not None
        # Told of every cell, the table would measure all of them each time: 20 ms in which no picture of the
        # walker's is painted.
        model.blockSignals(True)
        changed = False
        for row in range(count):
            for column in range(table.columnCount()):
                words, colour = rows[row][column] if row < len(rows) else ("", theme.TEXT)
                cell = table.item(row, column)
                if cell is None:
                    cell = QTableWidgetItem()
                    table.setItem(row, column, cell)
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
            for column in range(table.columnCount() - 1):  # the last one takes what is left
                table.resizeColumnToContents(column)
            viewport.update()

    # -- layout ----------------------------------------------------------------------------------

    def _question(self) -> QFrame:
        panel = QFrame()
        panel.setObjectName("ask")
        column = QVBoxLayout(panel)
        column.addWidget(_label("question", "Stop the session?"))
        self.keep_button = _button("keep", self.keep_running, "Keep running  (Esc)")
        self.stop_now_button = _button("stop_now", self.stop_now, "Stop now  (Ctrl+F6)")
        column.addWidget(self.keep_button)
        column.addWidget(self.stop_now_button)
        panel.hide()
        return panel

    def _arrange(self) -> None:
        self.start_button.setMinimumHeight(110)
        self.stop_button.setMinimumHeight(70)
        left = QVBoxLayout()
        for widget in (self.start_button, self.stop_button, self.question, self.counts):
            left.addWidget(widget)
        left.addWidget(self.recorded)
        left.addStretch()
        right = QVBoxLayout()
        right.addWidget(_legend())
        right.addWidget(self.plot, 3)
        right.addWidget(self.stances, 2)
        self.streams.setFixedHeight(112)
        self.streams.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QHBoxLayout()
        body.addLayout(left)
        body.addLayout(right, 1)
        for widget in (self.start_button, self.stop_button, self.question, self.recorded):
            widget.setFixedWidth(310)
        whole = QVBoxLayout(self)
        whole.addWidget(self.banner)
        whole.addWidget(self.headline)
        whole.addWidget(self.folder)
        whole.addWidget(self.aim)
        whole.addWidget(self.notes)
        whole.addWidget(self.streams)
        whole.addWidget(self.troubles)
        whole.addLayout(body, 1)
        whole.addWidget(self.keys)
        whole.addWidget(self.message)


def start_blocked(status: SessionStatus, requested: bool) -> str:
    """Why Start cannot be pressed; empty when it can."""
    if status.state in ("preparing", "waiting") and status.blocked:
        return status.blocked
    if status.state == "waiting":
        return "starting…" if requested else ""
    return "already running" if status.state == "running" else status.state


def clock(elapsed_s: float) -> str:
    """Elapsed time as h:mm:ss."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


def aim(status: SessionStatus) -> str:
    """What the walker is aimed at, and from which baseline."""
    target = status.target
    spec, unit, digits = target.spec, target.unit, target.digits
    space = "" if unit == "°" else " "
    of = {"relative": " of baseline", "difference": " from baseline", "absolute": ""}[target.mode]
    signed = "+" if target.mode == "difference" else ""
    band = f"{target.low:{signed}.{digits}f} to {target.high:{signed}.{digits}f}{space}{unit}{of}"
    known = [
        f"{side.word} {_with_unit(value, spec.digits + 1, spec.unit)}"
        for side, value in zip(Side, status.baseline, strict=True)
        if value == value
    ]
    baseline = f"     baseline  {',  '.join(known)}" if known else ""
    return f"feedback  {spec.label}: {band}{baseline}"


def _stream_row(stream: StreamHealth) -> list[tuple[str, str]]:
    shape, colour = LAMPS[stream.state]
    nominal = _number(stream.nominal_rate_hz, ".0f") if stream.nominal_rate_hz else "irregular"
    rebinds = max(stream.bound - 1, 0)
    return [
        (f"{shape}  {stream.state.value}", colour),
        (f"{stream.role.value}: {stream.name or '–'}", theme.TEXT),
        (stream.hostname or "–", theme.TEXT),
        (f"{_number(stream.rate_hz, '.1f')} / {nominal}", theme.TEXT),
        (_number(1e3 * stream.jitter_s, ".2f"), theme.TEXT),
        (_number(stream.age_s, ".2f"), theme.TEXT),
        (f"{stream.missing}", theme.TEXT if not stream.missing else theme.WARNING),
        (f"{rebinds}", theme.TEXT if not rebinds else theme.WARNING),
        (stream.message, theme.TEXT),
    ]


def _stance_row(stance: Stance, target: Target) -> list[tuple[str, str]]:
    colour = theme.TEXT if stance.valid else theme.WARNING
    spec = target.spec
    reasons = ", ".join(reason.replace("_", " ") for reason in stance.reasons)
    return [
        (f"{stance.number}", colour),
        (stance.side.word, colour),
        (_number(stance.ekam_peak1_nm_per_kg, ".3f"), colour),
        (_number(stance.ekam_peak2_nm_per_kg, ".3f"), colour),
        (_number(stance.kfm_peak_nm / stance.body_mass_kg, ".3f"), colour),
        (_with_unit(spec.value(stance), spec.digits + 1, spec.unit), colour),
        ("● valid" if stance.valid else f"✖ rejected: {reasons}", colour),
    ]


def _number(value: float, form: str) -> str:
    return format(value, form) if value == value else "–"


def _with_unit(value: float, digits: int, unit: str) -> str:
    space = "" if unit == "°" else " "
    return f"{value:.{digits}f}{space}{unit}" if value == value else "–"


def _label(name: str, words: str = "") -> QLabel:
    label = QLabel(words)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _legend() -> QLabel:
    gap = "&nbsp;" * 5
    label = QLabel(
        f"live EKAM{gap}<span style='color:{theme.LEG_LEFT}'>▬ left</span>{gap}"
        f"<span style='color:{theme.LEG_RIGHT}'>▬ right</span>{2 * gap}"
        "table: EKAM peaks and KFM in N·m/kg"
    )
    label.setTextFormat(Qt.TextFormat.RichText)
    return label


def _button(name: str, do: Callable[[], None], words: str = "") -> QPushButton:
    button = QPushButton(words)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: do())
    return button


def _table(name: str, columns: tuple[str, ...]) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setObjectName(name)
    table.setHorizontalHeaderLabels(columns)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setTabKeyNavigation(False)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    assert rows is not None  # a table has both; only the type stubs doubt it
    assert header is not None
    rows.hide()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    # the last takes what is left, so that no scroll bar hides a row; its tooltip has all the words
    header.setSectionResizeMode(len(columns) - 1, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    return table


def _plot() -> tuple[PlotWidget, tuple[PlotCurveItem, PlotCurveItem]]:
    plot = PlotWidget(background=theme.PANEL)
    item = plot.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    plot.setMouseEnabled(x=False, y=False)
    plot.setXRange(-TRACE_S, 0.0, padding=0.0)
    plot.setYRange(*TRACE_NM_PER_KG, padding=0.0)
    plot.disableAutoRange()
    plot.setLabel("bottom", "seconds before the newest sample")
    plot.setLabel("left", "EKAM (N·m/kg)")
    for name in ("bottom", "left"):
        axis = plot.getAxis(name)
        axis.setPen(theme.RULE)
        axis.setTextPen(theme.TEXT)
    plot.addItem(zero := PlotCurveItem([-TRACE_S, 0.0], [0.0, 0.0], pen=mkPen(theme.RULE)))
    zero.setZValue(-1)
    curves = tuple(
        PlotCurveItem(pen=mkPen(colour, width=2), antialias=False, connect="finite")
        for colour in (theme.LEG_LEFT, theme.LEG_RIGHT)
    )
    for curve in curves:
        plot.addItem(curve)
    return plot, curves
