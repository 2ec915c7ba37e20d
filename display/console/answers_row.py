"""What the walker answered last, and the line by which a mistaken answer is corrected."""

from collections.abc import Callable
from functools import partial

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from compute.protocol import Moment
from compute.protocol.plan import Question
from compute.protocol.questions import standing
from compute.protocol.records import Answer
from display.console import words
from display.console.journal import Line
from display.console.widgets import button

SHOWN = 4
"""Answers that are listed, the newest first: as many as fit beside each other on a laptop."""


class AnswersRow(QWidget):
    """The last answers as buttons, each of which opens the line for its correction; hidden without one.

    Parameters
    ----------
    ask : hands a wish to the session: what, text, number.
    """

    def __init__(self, ask: Callable[[str, str, float], None]) -> None:
        super().__init__()
        self._ask = ask
        self._known: tuple[tuple[str, Answer], ...] = ()
        self._questions: tuple[Question, ...] = ()
        self._which = ""
        self.lead = QLabel()
        self.buttons = [button("answer", partial(self.correct, place)) for place in range(SHOWN)]
        self.line = CorrectionLine(self._entered, self.give_up, self.next)
        self.line.setAccessibleName("correction")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.lead)
        for each in self.buttons:
            each.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            each.setToolTip("correct this answer")
            row.addWidget(each)
        row.addWidget(self.line, 1)
        row.addStretch()
        self.hide()

    def show_moment(self, moment: Moment) -> None:
        """List the last answers; one that is being corrected stays."""
        self._questions = moment.questions
        known = standing(moment.answers)[::-1][:SHOWN]
        if self._which and self._which not in dict(known):
            self.give_up()
        if known == self._known and self.isHidden() != bool(known):
            return
        self._known = known
        self.setVisible(bool(known))
        self._show()

    def next(self) -> None:
        """Correct the newest answer; asked again, the one before it."""
        places = [which for which, _ in self._known]
        if places:
            at = places.index(self._which) + 1 if self._which in places else 0
            self.correct(at % len(places))

    def correct(self, place: int) -> None:
        """Open the line for one of the answers that are listed, 0 for the newest."""
        self._which = self._known[place][0]
        self.line.clear()
        self._show()
        self.line.setFocus()

    def type(self, digit: str) -> bool:
        """Take a digit; False while nothing is corrected."""
        if not self._which:
            return False
        self.line.setFocus()
        self.line.insert(digit)
        return True

    def give_up(self) -> None:
        """Correct nothing."""
        self._which = ""
        self.line.clear()
        self.line.clearFocus()
        self._show()

    def _show(self) -> None:
        wrong = dict(self._known).get(self._which)
        self.line.setVisible(wrong is not None)
        for each, known in zip(self.buttons, self._known, strict=False):
            each.setText(words.answer(known[1]))
        for i, each in enumerate(self.buttons):
            each.setVisible(wrong is None and i < len(self._known))
        if wrong is None:
            self.lead.setText("answers  (C corrects):")
            return
        self.lead.setText(f"correct  {words.answer(wrong)}  to:")
        self.line.setPlaceholderText("Enter keeps it, Esc does not, C the answer before")

    def _entered(self) -> None:
        which, wrong = self._which, dict(self._known)[self._which]
        value = words.typed(self.line.text())
        refused = words.refused(value, wrong.name, self._questions)
        if refused:
            self.line.clear()
            self.line.setPlaceholderText(refused)
            return
        self.give_up()
        self._ask("correct", which, value)


class CorrectionLine(Line):
    """A line in which C goes on to the answer before."""

    def __init__(
        self, enter: Callable[[], None], escape: Callable[[], None], further: Callable[[], None]
    ) -> None:
        super().__init__(enter, escape)
        self._further = further

    def event(self, event: QEvent | None) -> bool:
        """Take the key before it is typed; the line itself has claimed it from the window's keys."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_C
            and not event.modifiers()
        ):
            self._further()
            return True
        return super().event(event)
