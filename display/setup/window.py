"""The set-up window: the list of steps, one page at a time, and the bar with Back and Next.

Everything is pulled on one timer; threads hand over newest values only. No dialog ever opens: what is
asked is a panel of this window.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QShortcut,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from display.console.words import LAMPS
from display.setup.blocks import blocked, lacking
from display.setup.connections import Connections
from display.setup.guessing import Guesses, guess
from display.setup.page import Page
from display.setup.page_axes import AxesPage
from display.setup.page_check import CheckPage
from display.setup.page_markers import MarkersPage
from display.setup.page_person import PersonPage
from display.setup.page_plates import PlatesPage
from display.setup.page_ready import ReadyPage
from display.setup.page_start import StartPage
from display.setup.page_static import StaticPage
from display.setup.page_streams import StreamsPage
from display.setup.parts import STYLE, button, label, say
from display.setup.plan import Plan, Question
from display.setup.state import Setup
from display.setup.steps import Step
from display.setup.wording import said_in_window
from display.setup.work import Work
from stream.live_picture import Picture, PictureMaker
from stream.practice import Does

TICK_MS = 50
GUESS_EVERY, SEE_EVERY = 20, 6
"""Ticks between two guesses and between two looks at the network."""
GUESS_S, PICTURE_S = 4.0, 0.12

_log = logging.getLogger(__name__)
_PRACTICE: tuple[tuple[str, Does], ...] = (
    ("F7  steps off", "away"),
    ("F8  stands", "stands"),
    ("F9  walks", "walks"),
)
_SETTLES = {
    Step.STREAMS: ("markers stream", "forces stream"),
    Step.AXES: ("axes", "unit"),
    Step.MARKERS: ("markers",),
    Step.PLATES: ("plates", "markers rate", "forces rate"),
}
"""What is settled when a page is left."""


class SetupWindow(QWidget):
    """The window.

    Signal `closed` is given once it has let go of the streams; `plan` is then what is to be started, or
    None.

    Parameters
    ----------
    at : page that is shown first. told : words that are shown on it, why a session did not come about.
    """

    closed = pyqtSignal()

    def __init__(
        self, setup: Setup, connections: Connections, at: Step = Step.START, told: str = ""
    ) -> None:
        super().__init__()
        self.setup, self.connections = setup, connections
        self.work, self._guesser = Work(), Work()
        self.plan: Plan | None = None
        self._ticks = 0
        self._reached = Step.START
        self._then: Step | None = None
        self._answer: Callable[[str], None] | None = None
        self._maker: tuple[object, PictureMaker] | None = None
        self._picture: tuple[Picture | None, str] = (None, "no streams yet")
        self._faulted = False
        self.setObjectName("setup")
        self.setWindowTitle("ekam: set-up")
        self.setStyleSheet(STYLE)
        self.pages = QStackedWidget()
        made: list[Page] = [
            kind(self)
            for kind in (
                StartPage, StreamsPage, AxesPage, MarkersPage, PlatesPage, CheckPage, PersonPage, StaticPage,
                ReadyPage,
            )
        ]  # fmt: skip
        self._all = {page.step: page for page in made}
        for page in made:
            self.pages.addWidget(page)
        self._arrange()
        for keys in ("Return", "Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.enter_pressed)
        QShortcut(QKeySequence("Esc"), self).activated.connect(self._withdraw)
        QShortcut(QKeySequence("F1"), self).activated.connect(
            lambda: self.keys.setVisible(self.keys.isHidden())
        )
        for step in Step:
            QShortcut(QKeySequence(f"Alt+{step + 1}"), self).activated.connect(
                lambda step=step: self._jump(step)
            )
        self.go(at)
        self.tell(told)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.tick)
        self._timer.start(TICK_MS)

    # -- where one is ------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._all[self.step]

    def go(self, step: Step, *, then: Step | None = None) -> None:
        """Show a page; go on to `then` as soon as nothing blocks."""
        self._withdraw()
        self.step = step
        self._then = then
        self._reached = max(self._reached, step, then or step)
        self.pages.setCurrentWidget(self.page)
        say(self.title, step.title)
        say(self.lead, step.lead)
        say(self.told, "")
        self.page.enter()
        self.page.tick()
        if step > Step.START:
            self.setup.answers = replace(self.setup.answers, step=int(step))
            self.setup.drafts.keep(self.setup.answers)
        self._show_bar()
        (self.page.first() or self.next).setFocus(Qt.FocusReason.OtherFocusReason)

    def next_pressed(self) -> None:
        """Go on, unless something blocks; what was shown is settled by it."""
        if self._answer is not None or blocked(self.setup, self.step):
            return
        self.setup.answers = self.setup.answers.settled(*_SETTLES.get(self.step, ()))
        self.page.leave(self._left)

    def _left(self) -> None:
        if self.step is Step.READY:
            self.plan = self.setup.plan()
            self.setup.drafts.drop()
            self.close()
        else:
            self.go(Step(self.step + 1))

    def back(self) -> None:
        """One page back."""
        if self.step > Step.START:
            self.go(Step(self.step - 1))

    def enter_pressed(self) -> None:
        """Enter: the answer or button that has the keyboard, else what the page does next, else Next."""
        focus = self.focusWidget()
        if isinstance(focus, QPushButton) and focus is not self.next and focus.isVisible():
            focus.click()
            return
        if self._answer is not None:
            return
        action = self.page.action()
        if action is not None:
            action[1]()
        else:
            self.next_pressed()

    def _jump(self, step: Step) -> None:
        if step <= self._reached and step != self.step and not self.work.busy:
            if not self.page.jumps():
                self.tell("press Next: this is another set-up than the one that was begun")
                return
            for before in Step:
                if before < step and before > Step.START and blocked(self.setup, before):
                    self.tell(f"first: {before.title}")
                    return
            self.go(step)

    # -- what pages ask ------------------------------------------------------------------------------

    def picture(self) -> tuple[Picture | None, str]:
        """The newest picture, or why there is none."""
        return self._picture

    def lacking(self) -> list[str]:
        """Markers that are missing, by body part."""
        return lacking(self.setup)

    def begin_afresh(self) -> None:
        """Another set-up begins; what a thread still finds out about the last one is not its own."""
        for each in (self.work, self._guesser):
            each.drop()
        self.setup.begin_afresh()
        for page in self._all.values():
            page.forget()
        self._maker, self._reached = None, Step.START

    def guess_soon(self) -> None:
        """Guess at the next tick."""
        self._ticks = -1

    def forget_calibration(self) -> None:
        """Whoever was calibrated is another person, or is calibrated again."""
        setup = self.setup
        setup.subject = setup.subject_file = None
        setup.checks, setup.refusal = (), ""

    def tell(self, words: str) -> None:
        """Say why something did not work."""
        say(self.told, words)

    def ask(self, question: Question, answer: Callable[[str], None]) -> None:
        """Ask in a panel of this window."""
        while (item := self.options.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        say(self.asked, question.text)
        first = None
        for words, value in (*question.options, ("Canc&el", "")):
            each = button(words, lambda value=value: self._answered(value))  # type: ignore[misc]
            self.options.addWidget(each)
            first = first or each
        self._answer = answer
        self.panel.show()
        if first is not None:
            first.setFocus()

    def _answered(self, value: str) -> None:
        answer = self._answer
        self._withdraw()
        if answer is not None and value:
            answer(value)

    def _withdraw(self) -> None:
        self._answer = None
        self.panel.hide()

    # -- what is shown -------------------------------------------------------------------------------

    def tick(self) -> None:
        """Pull what is new; a fault is logged once and the window goes on."""
        try:
            self._pull()
        except Exception as error:
            if not self._faulted:
                self._faulted = True
                _log.exception("The set-up window failed to show a page.")
                self.tell(f"something went wrong here ({error!r}); what was written is kept")

    def _pull(self) -> None:
        setup, connections = self.setup, self.connections
        self._ticks += 1
        self.work.collect()
        self._guesser.collect()
        setup.infos = connections.infos
        setup.connection_fault = setup.starting() or said_in_window(connections.listener.fault)
        if self._ticks % SEE_EVERY == 0 and connections.where:
            setup.see(connections.found, connections.looked_round)
            connections.want(setup.answers)
        if self._ticks % GUESS_EVERY == 0 and setup.infos and not self._guesser.busy:
            seen, answers = connections.listener.seen(GUESS_S), setup.answers
            if seen is not None and len(seen.markers.values) > 2 and len(seen.forces.values) > 2:
                self._guesser.begin("guess", lambda: guess(seen, answers), self._guessed)
        self._picture = self._newest_picture()
        self.page.tick()
        self._show_bar()
        if self._then is not None and not blocked(setup, self.step):
            then = self._then
            self.go(then)

    def _guessed(self, guesses: Guesses | None, fault: str) -> None:
        if guesses is not None:
            self.setup.learn(guesses)
        elif fault:
            _log.warning("Guessing failed: %s", fault)

    def _newest_picture(self) -> tuple[Picture | None, str]:
        setup, listener = self.setup, self.connections.listener
        if self.step not in (Step.AXES, Step.MARKERS, Step.PLATES, Step.STATIC):
            return None, ""
        infos = setup.infos
        if not infos:
            return None, f"no streams: {setup.connection_fault}"
        seen, lab = listener.seen(PICTURE_S), setup.lab()
        if seen is None or lab is None or not len(seen.markers.values):
            return None, "no markers come"
        key = (listener.layout, id(infos), lab)
        if self._maker is None or self._maker[0] != key:
            self._maker = (key, PictureMaker(infos, lab))
        rows = seen.forces.values if len(seen.forces.values) else np.empty((0, 0))
        if len(seen.markers.info.channels) != seen.markers.values.shape[1]:
            return None, "the publisher was restarted"
        return self._maker[1].picture(seen.markers.values[-1], rows), ""

    def _show_bar(self) -> None:
        reason = blocked(self.setup, self.step)
        action = self.page.action()
        words = "&Next"
        if self.step is Step.READY:
            words = "Start sessio&n"
        focus = self.focusWidget()
        enters = action[0] if action is not None else words.replace("&", "")
        if isinstance(focus, QPushButton) and focus is not self.next and focus.isVisible():
            enters = focus.text().replace("&", "")
        if self.next.text() != words:
            self.next.setText(words)
        self.next.setEnabled(not reason and self._answer is None)
        self.back_button.setEnabled(self.step > Step.START)
        say(self.reason, reason)
        able = action is not None or not reason
        title = f"ekam: set-up, {self.step + 1} of {len(Step)} {self.step.title}"
        title += f" – Enter: {enters}" if able else ""
        if self.windowTitle() != title:
            self.setWindowTitle(title)
        say(self.enters, f"Enter: {enters}" if able else "")
        for step, each in self.steps.items():
            mark = "▶" if step is self.step else "✓" if step < self.step else "○"
            each.setText(f"{mark}  {step + 1}  {step.title}")
            each.setEnabled(step <= self._reached)
            name = "here" if step is self.step else "step"
            if each.objectName() != name:
                each.setObjectName(name)
                style = each.style()
                if style is not None:
                    style.unpolish(each)
                    style.polish(each)
        practice = self.connections.practice
        self.banner.setVisible(practice is not None)
        if practice is not None:
            for does, each in self.does.items():
                each.setChecked(practice.does == does)
            say(self.practice_fault, practice.fault)
        healths = [h for h in self.connections.health() if self.setup.was_chosen(h.role)]
        say(
            self.lamps,
            "     ".join(
                f"{LAMPS[h.state][0]} {h.role.value} {h.state.value}"
                + (f": {h.message}" if h.message else "")
                for h in healths
            )
            or ("" if self.step is Step.START else f"○ no streams: {self.setup.connection_fault}"),
        )

    # -- closing -------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Keep the draft and let go of the streams; the practice walker stays for a session."""
        if not self.isEnabled():  # the session is on its way
            if event is not None:
                event.ignore()
            return
        self._timer.stop()
        if self.plan is None:
            if self.step > Step.START:
                self.setup.drafts.keep(self.setup.answers)
            self.hide()
        else:
            self._say_starting()
        self.work.wait(5.0)
        self._guesser.wait(5.0)
        if self.plan is None:
            self.connections.stop()
        else:
            self.connections.let_go()
        if event is not None:
            # with a plan it stays until the session's windows are there
            event.setAccepted(self.plan is None)
        self.closed.emit()

    def _say_starting(self) -> None:
        say(self.lead, "The session starts: its windows open in a few seconds.")
        self.next.setText("Starting …")
        self.setEnabled(False)
        QApplication.processEvents()  # painted before the streams are let go, which takes a while

    # -- layout --------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        left = QFrame()
        left.setObjectName("steps")
        listed = QVBoxLayout(left)
        self.steps: dict[Step, QPushButton] = {}
        for step in Step:
            each = button("", lambda step=step: self._jump(step), "step")  # type: ignore[misc]
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.steps[step] = each
            listed.addWidget(each)
        listed.addStretch()
        self.keys = label(
            "keys",
            "Enter  next\nAlt+N  next\nAlt+B  back\nAlt+1 … 9  a page\nAlt+letter  what is underlined\n"
            "Tab  from one to the next\nEsc  withdraw a question\nF7 F8 F9  practice walker\nF1  hide this",
        )
        listed.addWidget(self.keys)
        self.keys.hide()
        listed.addWidget(label("", "F1  keys"))
        left.setFixedWidth(250)
        self.banner = QFrame()
        banner = QHBoxLayout(self.banner)
        banner.setContentsMargins(0, 0, 0, 0)
        words = label("banner", "PRACTICE   a synthetic walker, on this machine only")
        banner.addWidget(words, 1)
        banner.addWidget(label("", "the walker"))
        self.does: dict[Does, QAbstractButton] = {}
        for text, does in _PRACTICE:
            each = button(text, lambda does=does: self._let_do(does))  # type: ignore[misc]
            each.setCheckable(True)
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            QShortcut(QKeySequence(text[:2]), self).activated.connect(each.click)
            self.does[does] = each
            banner.addWidget(each)
        self.practice_fault = label("fault")
        self.banner.hide()
        self.title, self.lead = label("title"), label("lead")
        self.panel = QFrame()
        self.panel.setObjectName("ask")
        panel = QVBoxLayout(self.panel)
        self.asked = label("question")
        panel.addWidget(self.asked)
        self.options = QHBoxLayout()
        panel.addLayout(self.options)
        self.panel.hide()
        self.told, self.reason, self.enters = label("fault"), label("reason"), label("")
        self.lamps = label("")
        self.back_button = button("&Back", self.back, "back")
        self.next = button("&Next", self.next_pressed, "next")
        bar = QHBoxLayout()
        bar.addWidget(self.back_button)
        said = QVBoxLayout()
        said.addWidget(self.reason)
        said.addWidget(self.enters)
        bar.addLayout(said, 1)
        bar.addWidget(self.next)
        # a small screen scrolls the page and keeps Back and Next
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.pages)
        right = QVBoxLayout()
        for widget in (self.banner, self.practice_fault, self.title, self.lead):
            right.addWidget(widget)
        right.addWidget(scroll, 1)
        for widget in (self.told, self.panel, self.lamps):
            right.addWidget(widget)
        right.addLayout(bar)
        whole = QHBoxLayout(self)
        whole.addWidget(left)
        whole.addLayout(right, 1)

    def _let_do(self, does: Does) -> None:
        if self.connections.practice is not None:
            self.connections.practice.do(does)
