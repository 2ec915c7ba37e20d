"""Check: the checks of `ekam check` in three looks, each line with its cure."""

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar

from display.check_say import summary
from display.setup.judging import judge_look
from display.setup.looks import LOOKS, SECONDS, WORDS, Look, said_here, sorted_findings
from display.setup.page import Action, Page
from display.setup.parts import MARKS, button, fill, label, say, table
from display.setup.steps import Step
from display.setup.taking import Taking, Trial
from stream.check_seen import Finding
from stream.errors import EkamError

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_BUTTONS = {"empty": "&Empty belts", "standing": "&Standing", "walking": "&Walking"}
_TELLS = {
    "empty": "Nobody on the belts; belts running at test speed if they can.",
    "standing": "Stand still, one foot on each belt, hands off the rails.",
    "walking": "Walk at a comfortable speed, one foot on each belt.",
}
_PRACTICE_SETTLES_S = 2.5


class CheckPage(Page):
    """Three looks and their findings together."""

    step = Step.CHECK

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self.taking = Taking(self.window_.connections.listener)
        self._look: Look = "empty"
        self._fault = ""
        row = QHBoxLayout()
        self.buttons = {}
        for look in LOOKS:
            each = button("", partial(self.begin, look))
            each.setMinimumHeight(56)
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Enter takes the next look, Alt any
            self.buttons[look] = each
            row.addWidget(each, 1)
        self.column.addLayout(row)
        self.tells = label("lead")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.column.addWidget(self.tells)
        self.column.addWidget(self.bar)
        self.fault = label("fault")
        self.column.addWidget(self.fault)
        self.table = table(("", "check", "found, and what to do"))
        self.column.addWidget(self.table, 1)
        self.summary = label("good")
        self.column.addWidget(self.summary)
        self.override = QCheckBox(
            "&Go on although a check failed: values may be wrong while every session looks right"
        )
        self.override.toggled.connect(self._overridden)
        self.column.addWidget(self.override)

    def begin(self, look: Look) -> None:
        """Take a look."""
        window = self.window_
        if self.taking.busy or window.work.busy:
            return
        self._look, self._fault = look, ""
        moves = window.connections.practice is not None
        window.connections.practise(look)
        self.taking.begin(time.monotonic(), SECONDS[look], _PRACTICE_SETTLES_S if moves else 0.2)

    def _overridden(self, on: bool) -> None:
        self.setup.answers = replace(self.answers, override=on)

    def enter(self) -> None:
        """Findings that are there are shown."""
        self.override.setChecked(self.answers.override)

    def forget(self) -> None:
        """A trial that was being taken is another's."""
        self.taking = Taking(self.window_.connections.listener)
        self._fault = ""

    def action(self) -> Action | None:
        """Enter takes the next look."""
        if self.taking.busy or self.window_.work.busy:
            return ("Checking …", lambda: None)
        look = self.setup.looked.next
        if look is None or look in self.setup.looked.findings:
            return None  # one that was taken with something else on the belts is repeated by its button
        return (f"Check: {WORDS[look]}", lambda: self.begin(look))

    def tick(self) -> None:
        """Go on with a look, show what was found."""
        try:
            trial = self.taking.tick(time.monotonic())
        except EkamError as error:
            trial, self._fault = None, str(error)
        if trial is not None:
            self._judge(trial)
        looked, busy = self.setup.looked, self.taking.busy or self.window_.work.busy
        for look, each in self.buttons.items():
            state = "– not yet"
            if looked.done(look):
                state = "✓ looked"
            elif missed := looked.missed(look):
                state = f"! {missed}"
            words = f"{_BUTTONS[look]}   {state}"
            if each.text() != words:
                each.setText(words)
            each.setEnabled(not busy)
        running = self.taking.phase == "recording"
        tells = ""
        if busy:
            tells = f"Now: {_TELLS[self._look]}"
            if self.window_.work.busy and not self.taking.busy:
                tells = f"{self.window_.work.what} …"
        elif looked.next is not None:
            tells = f"Next: {_TELLS[looked.next]}"
        say(self.tells, tells)
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * self.taking.share))
        self.bar.setFormat(
            f"{self.taking.share * SECONDS[self._look]:.0f} of {SECONDS[self._look]:.0f} s"
        )
        say(self.fault, self._fault)
        findings = sorted_findings(looked.merged())
        rows = [(MARKS[each.verdict][0], each.check, said_here(each)) for each in findings]
        fill(self.table, rows, [MARKS[each.verdict][1] for each in findings])
        say(self.summary, summary(findings) if findings else "")
        failures = bool(looked.failures())
        self.override.setVisible(failures)
        if not failures and self.override.isChecked():
            self.override.setChecked(False)

    def _judge(self, trial: Trial) -> None:
        setup, look = self.setup, self._look
        lab_file = setup.lab_file
        if lab_file is None:
            self._fault = "the laboratory file is not written yet: go back to Plates"
            return
        replays = self.answers.allow_replay or self.answers.way == "practise"
        mass_kg, found = self.answers.mass_kg, setup.found
        if "mass" not in self.answers.decided:
            mass_kg = None  # offered from these very plates: no second opinion

        def done(findings: list[Finding] | None, fault: str) -> None:
            if findings is None:
                self._fault = fault
            else:
                setup.looked = setup.looked.having(look, findings)

        self.window_.work.begin(
            "Judging",
            lambda: judge_look(
                trial, lab_file.lab, found, mass_kg=mass_kg, allow_replay=replays
            ),
            done,
        )  # fmt: skip
