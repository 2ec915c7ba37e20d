"""Static trial: countdown, record, calibrate; every check with its value, limit, verdict and cure."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar, QVBoxLayout

from compute import Check
from display.setup.body_view import BodyView
from display.setup.judging import (
    STATIC_S,
    WALKING_S,
    Calibration,
    calibrate_taken,
    write_calibration,
)
from display.setup.page import Action, Page
from display.setup.parts import CALIBRATION_MARKS, button, fill, label, say, table
from display.setup.state import in_words, worst_of
from display.setup.steps import Step
from display.setup.taking import Taking, Trial
from stream.errors import EkamError

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_COUNTDOWN_S = 3.0


class StaticPage(Page):
    """From standing still to a calibrated person."""

    step = Step.STATIC

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self.taking = Taking(self.window_.connections.listener)
        self.made: Calibration | None = None
        self._fault = ""
        body = QHBoxLayout()
        left = QVBoxLayout()
        row = QHBoxLayout()
        self.record = button("&Record", self.begin)
        self.record.setMinimumHeight(56)
        self.record.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Enter and Alt+R record
        self.walking = QCheckBox(
            "from &walking instead: all markers of the static trial are seen then"
        )
        self.walking.toggled.connect(self._walking_chosen)
        row.addWidget(self.record)
        row.addWidget(self.walking, 1)
        left.addLayout(row)
        self.count = label("count")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.fault, self.good = label("fault"), label("good")
        for widget in (self.count, self.bar, self.fault, self.good):
            left.addWidget(widget)
        self.table = table(("", "check", "found, limit, and what to do"))
        left.addWidget(self.table, 1)
        body.addLayout(left, 3)
        pictures = QVBoxLayout()
        self.views = [BodyView("behind"), BodyView("side")]
        for view in self.views:
            pictures.addWidget(view)
        body.addLayout(pictures, 1)
        self.column.addLayout(body, 1)

    def _walking_chosen(self, on: bool) -> None:
        self.setup.answers = replace(self.answers, from_walking=on)
        self.window_.connections.practise("walking" if on else "standing")

    def enter(self) -> None:
        """The practice walker stands."""
        self.walking.setChecked(self.answers.from_walking)
        self.window_.connections.practise("walking" if self.answers.from_walking else "standing")

    def begin(self) -> None:
        """Count down and record."""
        if self.taking.busy or self.window_.work.busy:
            return
        self.window_.forget_calibration()
        self._fault = ""
        seconds = WALKING_S if self.answers.from_walking else STATIC_S
        self.taking.begin(time.monotonic(), seconds, _COUNTDOWN_S)

    def forget(self) -> None:
        """A trial that was being taken is another's."""
        self.taking = Taking(self.window_.connections.listener)
        self._fault = ""
        self.made = None

    def action(self) -> Action | None:
        """Enter records until there is a good trial."""
        if self.taking.busy or self.window_.work.busy:
            return ("Recording …", lambda: None)
        if self.setup.subject_file is not None or self.setup.subject is not None:
            return None
        return ("Record again" if self.setup.refusal else "Record", self.begin)

    def tick(self) -> None:
        """Go on with the trial, show picture and checks."""
        try:
            trial = self.taking.tick(time.monotonic())
        except EkamError as error:
            trial, self._fault = None, str(error)
        if trial is not None:
            self._calibrate(trial)
        phase, setup = self.taking.phase, self.setup
        working = self.window_.work.busy and self.window_.work.what == "Calibrating"
        counts = f"{self.taking.left_s:.0f}" if phase == "countdown" else ""
        words = "Walk on" if self.answers.from_walking else "Stand still"
        if phase == "recording":
            counts = words
        say(self.count, "Calibrating …" if working else counts)
        self.bar.setVisible(phase == "recording")
        self.bar.setValue(round(1000 * self.taking.share))
        self.record.setEnabled(not self.taking.busy and not self.window_.work.busy)
        say(self.fault, self._fault or _refused(setup.checks, setup.refusal))
        if setup.subject_file is not None:
            say(
                self.good,
                f"✓ {setup.subject_file.subject.id} is calibrated: {setup.subject_file.path}",
            )
        elif setup.subject is not None:
            warned = sum(check.verdict == "warned" for check in setup.checks)
            more = f", {warned} warned: read them" if warned else ", all passed"
            say(self.good, f"✓ The trial is good: {len(setup.checks)} checks{more}.")
        else:
            say(self.good, "")
        checks = worst_of(setup.checks)
        rows = [
            (CALIBRATION_MARKS[c.verdict][0], c.name.replace("_", " "), in_words(c.message))
            for c in checks
        ]
        fill(self.table, rows, [CALIBRATION_MARKS[check.verdict][1] for check in checks])
        picture, why = self.picture()
        for view in self.views:
            view.show_picture(picture, why)

    def leave(self, on: Callable[[], None]) -> None:
        """Write the subject file; an existing one is asked about."""
        setup = self.setup
        if setup.subject_file is not None:
            on()
            return
        question = setup.subject_question()

        def write(answer: str) -> None:
            made, lab_file = self.made, setup.lab_file
            if made is None or lab_file is None:
                self.window_.tell("the trial is gone: record again")
                return
            try:
                path = setup.subject_target(answer)
                setup.subject_file = write_calibration(
                    path, made, lab_file, from_walking=self.answers.from_walking
                )
            except EkamError as error:
                self.window_.tell(str(error))
                return
            setup.answers = replace(setup.answers, subject_path=str(path))
            on()

        if question is None:
            write("")
        else:
            self.window_.ask(question, write)

    def _calibrate(self, trial: Trial) -> None:
        setup, answers = self.setup, self.answers
        if setup.lab_file is None:
            self._fault = "the laboratory file is not written yet: go back to Plates"
            return
        lab = setup.lab_file.lab

        def done(made: Calibration | None, fault: str) -> None:
            if made is None:
                self._fault = fault
                return
            self.made = made
            setup.checks, setup.subject, setup.refusal = made.checks, made.subject, made.refusal

        self.window_.work.begin("Calibrating", lambda: calibrate_taken(trial, lab, answers), done)


def _refused(checks: tuple[Check, ...], refusal: str) -> str:
    """Why a trial cannot be used; the checks that refused stand below with their cures."""
    if not refusal:
        return ""
    count = sum(check.verdict == "refused" for check in checks)
    if not count:
        return f"✗ refused: {in_words(refusal)}"
    many = "one check" if count == 1 else f"{count} checks"
    return f"✗ refused by {many}: do what stands beside, then record again"
