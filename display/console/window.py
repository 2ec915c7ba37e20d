"""The operator's window: streams, Start and Stop, curves, stances, and what the walker sees.

Everything is pulled from the session on one timer; nothing here can stop the walker's picture. No
dialog ever opens: the Stop question is a panel of this window.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from textwrap import fill as wrapped

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeySequence, QResizeEvent
from PyQt5.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QShortcut,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from compute.feedback import DISPLAYS
from display import theme
from display.console import words
from display.console.alarm import HEIGHT_PX, Alarm
from display.console.journal import JournalPanel
from display.console.meter import LatencyMeter
from display.console.plots import LiveTrace, StanceCurves
from display.console.protocol_panel import ProtocolPanel
from display.console.stick import StickFigure
from display.console.walker_panel import PictureChoice, Preview, ScreenPanel
from display.console.widgets import button, fill, label, table
from display.screen_settings import ScreenSettings
from stream.status import SessionStatus, SessionView

REFRESH_MS = 50
STANCE_ROWS = 12
SILENT_S = 3.0
WIDE_PX = 1300
"""From this width on both groups of tabs stand side by side."""
LOW_PX = 900
"""Below this height, where they cannot stand side by side, all tabs are one group."""
NARROW_PX = 1200
"""Below this width the streams' jitter and clock are not shown."""
LEFT_PX = 310

_log = logging.getLogger(__name__)


class Console(QWidget):
    """The operator's window.

    Signals `blank_asked`, `walker_asked`, `screen_asked`, `settings_asked` and `adjust_asked` go to the
    walker's window.
    """

    blank_asked = pyqtSignal()
    walker_asked = pyqtSignal()
    screen_asked = pyqtSignal(str)
    settings_asked = pyqtSignal(object)
    adjust_asked = pyqtSignal()

    def __init__(self, view: SessionView) -> None:
        super().__init__()
        self._view = view
        self._sequence = -1
        self._status = SessionStatus()
        self._news_s = time.monotonic()
        self._grown_s = time.monotonic()
        self._faulted = False
        self._walker: tuple[bool, str, str] = (False, "", "")
        self._viewing = theme.DEFAULT_VIEWING
        self._blank = self._blinded = False
        self.setObjectName("console")
        self.setWindowTitle("ekam: operator")
        self.setStyleSheet(theme.CONSOLE_STYLE)
        self._make()
        self._arrange()
        does: tuple[tuple[str, Callable[[], object]], ...] = (
            ("F5", self._start),
            ("F6", self.ask_stop),
            ("Ctrl+F6", self.stop_now),
            ("Esc", self.keep_running),
            ("B", self.blank_asked.emit),
            ("F2", self.walker_asked.emit),
            ("F3", self.screen_panel.next_screen),
            ("K", self.adjust_asked.emit),
            ("Space", self.log.mark),
            ("N", lambda: self._prompt("note")),
            ("S", self.choice.next_sound),
            ("+", lambda: self._shift(1)),
            ("-", lambda: self._shift(-1)),
            *((str(digit), partial(self._digit, digit)) for digit in range(10)),
            ("F7", lambda: self.protocol.wish("next")),
            ("F8", lambda: self.protocol.wish("repeat")),
            ("F9", lambda: self.protocol.wish("accept")),
            ("P", self.protocol.pause),
            ("A", self.protocol.write_answer),
            ("C", self.protocol.answers.next),
            ("F1", lambda: self.keys.setVisible(self.keys.isHidden())),
        )
        for keys, do in does:
            QShortcut(QKeySequence(keys), self).activated.connect(lambda do=do: do())
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
        self.start_button.hide()  # its place is the question's, so that nothing else moves
        self.question.show()
        self.keep_button.setFocus()

    def stop_now(self) -> None:
        """Stop the session."""
        self._withdraw()
        self._view.control.stop()

    def keep_running(self) -> None:
        """Withdraw the Stop question."""
        self._withdraw()

    def _withdraw(self) -> None:
        self.question.hide()
        self.start_button.show()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing is a Stop: asked for while the session runs."""
        if self._status.state == "running" and not self._view.control.stop_requested.is_set():
            if event is not None:
                event.ignore()
            self.ask_stop()
            return
        self._view.control.stop()

    def _ask(self, what: str, text: str) -> None:
        self._view.control.ask(what, text)

    def _shift(self, presses: int) -> None:
        """Move the band; both edges keep their distance."""
        step = words.band_step(self._status.target)
        self._view.control.ask("shift_band", number=presses * step)

    def _digit(self, digit: int) -> None:
        """A picture, unless a number is asked for: then it belongs to the answer."""
        if not self.protocol.type(str(digit)) and 1 <= digit <= len(DISPLAYS):
            self.choice.choose(DISPLAYS[digit - 1])

    def _prompt(self, what: str) -> None:
        tabs = self.first if self.first.indexOf(self.log) >= 0 else self.second
        tabs.setCurrentWidget(self.log)
        self.log.prompt(what)

    # -- what the operator sees ------------------------------------------------------------------

    def say_walker(
        self,
        seen: bool,
        where: str,
        silence: str,
        screens: tuple[str, ...],
        screen: str,
        settings: ScreenSettings,
        *,
        blank: bool,
    ) -> None:
        """Show what has become of the walker's picture.

        Parameters
        ----------
        seen, where : whether the walker sees it, and where it is. silence : why no sound is heard.
        screens, screen : all names, and that of the walker's. settings : of that one. blank : blanked.
        """
        self._viewing, self._blank = settings.viewing, blank
        self.screen_panel.show_settings(screens, screen, settings)
        if (seen, where, silence) != self._walker:
            self._walker = seen, where, silence
            shape, colour = ("●", theme.INSIDE) if seen else ("✖ NOT SEEN:", theme.FAULT)
            sound = f"\n▲ {silence}" if silence else ""
            self.walker.setText(f"{shape} walker's picture {where}{sound}")
            self.walker.setStyleSheet(f"color: {colour}")

    def tick(self) -> None:
        """Show the newest status and curves; a fault is logged once and the window goes on."""
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
        self.log.show_view(self._view)
        self.choice.show_view(self._view)
        # beside the true values it would tell a sham from the real thing
        self.preview.show_view(
            self._view, blank=self._blank or self._blinded, viewing=self._viewing
        )
        self.preview.setToolTip("hidden: the session is blinded" if self._blinded else "")
        self.meter.show_view(self._view, self._status.late, histogram=self.meter.isVisible())
        # what no one sees is not painted either: the walker's picture comes first
        if self.figure.isVisible():
            self.figure.show_view(self._view)
        if self.trace.isVisible():
            self.trace.show_view(self._view)
        if self.curves.isVisible():
            self.curves.show_view(self._view, self._status)

    def _show_status(self, status: SessionStatus) -> None:
        self.banner.setText(status.banner)
        self.banner.setVisible(bool(status.banner))
        self.headline.setText(words.headline(status))
        self.folder.setText(f"folder  {status.folder or '–'}")
        self.aim.setText(words.aim(status))
        self.band.setText(words.band_in_unit(status))
        self.band.setVisible(bool(self.band.text()))
        self.notes.setText("\n".join(status.notes))
        self.notes.setVisible(bool(status.notes))
        self.counts.setText(words.counts(status))
        self.protocol.show_moment(status.protocol)
        self._blinded = status.protocol is not None and status.protocol.blinded
        fill(self.streams, [words.stream_row(stream) for stream in status.streams])
        # in full: beside a walker's window on the same screen the last column is narrow
        troubles = [f"{each.role.value}: {each.message}" for each in status.streams if each.message]
        self.troubles.setText("\n".join(troubles))
        self.troubles.setVisible(bool(troubles))
        newest = list(reversed(status.recent))[:STANCE_ROWS]
        rows = [words.stance_row(stance, status.target) for stance in newest]
        fill(self.stances, rows, STANCE_ROWS)
        if status.state != "running":
            self._withdraw()

    def _show_buttons(self, status: SessionStatus) -> None:
        control = self._view.control
        reason = words.start_blocked(status, control.start_requested.is_set())
        if control.stop_requested.is_set():
            reason = "stopping"
        text = wrapped(f"Start: {reason}", 28) if reason else "Start  (F5)"
        if text != self.start_button.text():
            self.start_button.setText(text)
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
        text = status.message
        if running and silent_s > SILENT_S:
            text = f"No news from the session for {silent_s:.0f} s. {text}"
        self.alarm.show_words(text)

    # -- layout ----------------------------------------------------------------------------------

    def _make(self) -> None:
        self.banner = label("banner")
        self.headline = label("headline")
        self.start_button = button("start", self._start)
        self.stop_button = button("stop", self.ask_stop)
        self.question = self._question()
        self.counts = label("counts")
        self.recorded = label("recorded")
        self.folder = label("folder")
        self.aim = label("aim")
        self.band = label("band")
        self.notes = label("notes")
        self.troubles = label("troubles")
        self.alarm = Alarm()
        self.message = label("message", "F1  keys")
        self.walker = label("walker")
        self.keys = label("keys", words.KEYS)
        self.keys.hide()
        self.streams = table("streams", words.STREAM_COLUMNS)
        self.stances = table("stances", words.STANCE_COLUMNS)
        fill(self.stances, [], STANCE_ROWS)
        self.trace = LiveTrace()
        self.curves = StanceCurves()
        self.figure = StickFigure()
        self.meter = LatencyMeter()
        self.log = JournalPanel(self._ask)
        self.protocol = ProtocolPanel(self._view.control.ask)
        self.preview = Preview()
        self.choice = PictureChoice(
            self._ask,
            self._shift,
            lambda: self._prompt("message"),
            self.blank_asked.emit,
            self.log.mark,
        )
        self.screen_panel = ScreenPanel()
        self.screen_panel.screen_asked.connect(self.screen_asked)
        self.screen_panel.settings_asked.connect(self.settings_asked)
        self.screen_panel.adjust_asked.connect(self.adjust_asked)

    def _question(self) -> QFrame:
        panel = QFrame()
        panel.setObjectName("ask")
        column = QVBoxLayout(panel)
        column.addWidget(label("question", "Stop the session?"))
        self.keep_button = button("keep", self.keep_running, "Keep running  (Esc)")
        self.stop_now_button = button("stop_now", self.stop_now, "Stop now  (Ctrl+F6)")
        column.addWidget(self.keep_button)
        column.addWidget(self.stop_now_button)
        panel.hide()
        return panel

    def _arrange(self) -> None:
        self.start_button.setMinimumHeight(72)
        self.stop_button.setMinimumHeight(48)
        left = QVBoxLayout()
        for widget in (
            self.start_button,
            self.stop_button,
            self.question,
            self.choice,
            self.counts,
            self.recorded,
            self.walker,
            self.band,
        ):
            widget.setFixedWidth(LEFT_PX)
            left.addWidget(widget)
        left.insertWidget(left.indexOf(self.choice), self.preview)
        left.addStretch()
        self.first, self.second = QTabWidget(), QTabWidget()
        self._seconds: tuple[tuple[str, QWidget], ...] = (
            ("St&ances", self.stances),
            ("L&og and notes", self.log),
            ("Walke&r's screen", self.screen_panel),
        )
        for tabs, name, widget in (
            (self.first, "&Curves", self.curves),
            (self.first, "Fi&gure", self.figure),
            (self.first, "Live &trace", self.trace),
            (self.first, "&Latency", self.meter),
        ):
            tabs.addTab(widget, name)
        for name, widget in self._seconds:
            self.second.addTab(widget, name)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.first)
        self.halves.addWidget(self.second)
        for i, tabs in enumerate((self.first, self.second)):
            tabs.setMinimumSize(200, 100)  # smaller than its pages would like: the window must fit
            self.halves.setStretchFactor(i, 1)
        self.streams.setFixedHeight(112)
        self.streams.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stances.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        right = QVBoxLayout()
        # what changes its height stands below the protocol's buttons
        for top in (
            self.folder,
            self.streams,
            self.protocol,
            self.aim,
            self.meter.words,
            self.troubles,
            self.notes,
        ):
            right.addWidget(top)
        right.addWidget(self.halves, 1)
        body = QHBoxLayout()
        body.addLayout(left)
        body.addLayout(right, 1)
        whole = QVBoxLayout(self)
        whole.addWidget(self.banner)
        whole.addLayout(self._top())
        whole.addLayout(body, 1)
        whole.addWidget(self.keys)

    def _top(self) -> QHBoxLayout:
        """State and time, beside them the room for an alarm."""
        row = QHBoxLayout()
        self.headline.setFixedSize(LEFT_PX, HEIGHT_PX)
        row.addWidget(self.headline)
        row.addWidget(self.alarm, 1)
        row.addWidget(self.message)
        self.message.setWordWrap(False)
        return row

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Put both groups of tabs side by side where there is room."""
        super().resizeEvent(event)
        for column in words.SPARE_COLUMNS:
            self.streams.setColumnHidden(column, self.width() < NARROW_PX)
        wide = Qt.Orientation.Horizontal if self.width() >= WIDE_PX else Qt.Orientation.Vertical
        if wide != self.halves.orientation():
            self.halves.setOrientation(wide)
            self.halves.setSizes([10_000, 10_000])  # the same for both
        small = wide == Qt.Orientation.Vertical and self.height() < LOW_PX
        if small == self.second.isVisibleTo(self.halves):
            for name, widget in self._seconds:
                (self.first if small else self.second).addTab(widget, name)
            self.second.setVisible(not small)
