"""The protocol for the operator: where it is, what comes next, what is to be asked or decided."""

from collections.abc import Callable

from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from compute import Side
from compute.protocol import Moment, Prompt
from display.console import words
from display.console.answers_row import AnswersRow
from display.console.journal import Line
from display.console.widgets import button, label, mark

Ask = Callable[[str, str, float], None]
"""Hands a wish to the session: what, text, number."""


class ProtocolPanel(QFrame):
    """Timeline, progress, prompts and the wishes that a protocol knows; hidden without one."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.setObjectName("protocol")
        self._ask = ask
        self._moment: Moment | None = None
        self._question = ""
        self._due: Prompt | None = None
        self.timeline = label("timeline")
        self.progress = label("progress")
        self.legs = {side: label("leg") for side in Side}
        self.prompts = label("prompts")
        self.question = QLabel()
        self.question.setObjectName("due")
        self.answer = Line(self._answered, self._give_up)
        self.answers = AnswersRow(ask)
        self.next_button = button("next", lambda: ask("next", "", float("nan")), "Next block  (F7)")
        self.repeat_button = button(
            "repeat", lambda: ask("repeat", "", float("nan")), "Repeat  (F8)"
        )
        self.accept_button = button(
            "accept", lambda: ask("accept", "", float("nan")), "Accept  (F9)"
        )
        self.pause_button = button("pause", self.pause)
        asked = QHBoxLayout()
        asked.addWidget(self.question)
        asked.addWidget(self.answer, 1)
        self.asked = QWidget()
        self.asked.setLayout(asked)
        asked.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        for each in (self.next_button, self.repeat_button, self.accept_button, self.pause_button):
            each.setFixedHeight(36)  # also where there is too little room
            row.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        # buttons above what comes, goes and wraps: they must not move under the mouse
        column.addLayout(row)
        for widget in (
            self.timeline, self.progress, *self.legs.values(), self.prompts, self.asked, self.answers,
        ):  # fmt: skip
            column.addWidget(widget)
        self.hide()

    def wish(self, what: str) -> None:
        """Ask for the next block, its repetition, or that something be accepted."""
        if self._moment is not None:
            self._ask(what, "", float("nan"))

    def pause(self) -> None:
        """Pause, or go on."""
        if self._moment is not None:
            self.wish("resume" if self._moment.halted else "pause")

    def write_answer(self) -> None:
        """Take the keys for the answer that is due."""
        if self.asked.isVisible():
            self.answer.setFocus()

    def type(self, digit: str) -> bool:
        """Take a digit as the begin of a correction or of the answer that is due; False when none is."""
        if self.answers.type(digit):
            return True
        if not self.asked.isVisible():
            return False
        self.answer.setFocus()
        self.answer.insert(digit)
        return True

    def show_moment(self, moment: Moment | None) -> None:
        """Show where the protocol is."""
        self._moment = moment
        self.setVisible(moment is not None)
        if moment is None:
            return
        self.timeline.setText(words.timeline(moment))
        self.progress.setText(words.progress(moment))
        self._show_legs(moment)
        due = next((each for each in moment.prompts if each.kind == "answer"), None)
        # what is due is asked below, beside the line that takes the answer
        lines = [
            f"{'✖' if each.urgent else '▲'}  {each.text}"
            for each in moment.prompts
            if each != due and each.kind != "guard"  # its lamp says it
        ]
        self.prompts.setText("\n".join(lines))
        self.prompts.setVisible(bool(lines))
        mark(self.prompts, "urgent", any(each.urgent for each in moment.prompts))
        self._show_question(due)
        self.answers.show_moment(moment)
        self.pause_button.setText("Resume  (P)" if moment.halted else "Pause  (P)")
        for each in (self.next_button, self.repeat_button, self.accept_button, self.pause_button):
            each.setEnabled(not moment.ended)

    def _show_legs(self, moment: Moment) -> None:
        legs = {leg.side: leg for leg in moment.legs}
        for side, line in self.legs.items():
            line.setVisible(side in legs)
            if side in legs:
                line.setText(words.leg_line(legs[side]))
                beyond = any(each.state == "beyond" for each in legs[side].guards)
                mark(line, "beyond", beyond)

    def _show_question(self, due: Prompt | None) -> None:
        self._due = due
        name = "" if due is None else due.name
        if name != self._question:
            self._question = name
            self.answer.clear()
        self.asked.setVisible(due is not None)
        if due is not None:
            self.question.setText(f"▲  {due.text}  (A, then Enter):")

    def _answered(self) -> None:
        value = words.typed(self.answer.text())
        if value != value:
            self.answer.clear()
            self.answer.setPlaceholderText("a number")
            return
        due = self._due
        if due is not None and (value < due.low or value > due.high):
            self.answer.clear()
            self.answer.setPlaceholderText(f"{due.name} is {due.low:g} to {due.high:g}")
            return
        self._ask("answer", self._question, value)
        self._give_up()

    def _give_up(self) -> None:
        self.answer.clear()
        self.answer.clearFocus()
