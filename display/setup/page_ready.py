"""Ready: what was written, what the walker is shown, on which screen; and the command that does the same."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from compute.variables import VARIABLES
from display.setup.blocks import blocked
from display.setup.page import Page
from display.setup.parts import button, choose, label, say
from display.setup.schedule import How
from display.setup.state import protocol_of
from display.setup.steps import Step
from stream.errors import EkamError
from stream.protocol_file import templates

if TYPE_CHECKING:
    from display.setup.window import SetupWindow


TEMPLATES = templates()


def _entry(how: How) -> str:
    """Of the list of protocols: what belongs to a schedule instead of a template's name."""
    return f"schedule: {how}"


class ReadyPage(Page):
    """The last page."""

    step = Step.READY

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self.files = label("panel")
        self.column.addWidget(self.files)
        grid = QGridLayout()
        self.protocol, self.leg = QComboBox(), QComboBox()
        self.variable, self.screen_ = QComboBox(), QComboBox()
        self.enrol = QCheckBox()
        self.session, self.baseline = QSpinBox(), QSpinBox()
        self.baseline.setRange(1, 200)
        for number in (self.session, self.baseline):
            number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        rows = (
            self.protocol, self.enrol, self.session, self.leg, self.variable, self.baseline, self.screen_,
        )  # fmt: skip
        for wide in rows:
            wide.setMinimumWidth(470)
        self.protocol.activated.connect(lambda _at: self._protocol_chosen())
        self.leg.activated.connect(lambda _at: self._protocol_chosen())
        self.enrol.toggled.connect(lambda _on: self._protocol_chosen())
        self.session.valueChanged.connect(lambda _n: self._protocol_chosen())
        self.variable.activated.connect(lambda _at: self._variable_chosen())
        self.baseline.valueChanged.connect(lambda _n: self._baseline_chosen())
        self.screen_.activated.connect(lambda _at: self._screen_chosen())
        self._leads: dict[QWidget, QWidget] = {}
        self.band, self.source = label(""), label("")
        self.enrolled = label("", "the sessions follow one another, each goes by the last")
        for row, (words, widget, more) in enumerate(
            (
                ("&Protocol", self.protocol, self.source),
                ("&Participant", self.enrol, self.enrolled),
                ("S&ession of the protocol", self.session, None),
                ("Trained &leg", self.leg, None),
                ("The walker is &shown", self.variable, self.band),
                ("B&aseline, valid stances of each leg", self.baseline, None),
                ("&Walker's screen", self.screen_, None),
            )
        ):
            lead = label("lead", words, widget)
            self._leads[widget] = lead
            grid.addWidget(lead, row, 0)
            grid.addWidget(widget, row, 1)
            if more is not None:
                grid.addWidget(more, row, 2)
        grid.setColumnStretch(2, 1)
        self.column.addLayout(grid)
        self.warning, self.lacks, self.schedule = label("doubt"), label("doubt"), label("doubt")
        self.column.addWidget(self.schedule)
        self.column.addWidget(self.warning)
        self.column.addWidget(self.lacks)
        self.column.addSpacing(16)
        self.next_time = label("lead")
        self.column.addWidget(self.next_time)
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setAccessibleName("command")
        self.column.addWidget(self.command)
        self.copy = button("&Copy the command", self._copy)
        row_ = QHBoxLayout()
        row_.addWidget(self.copy)
        row_.addStretch()
        self.column.addLayout(row_)
        self.note = label("")
        self.column.addWidget(self.note)
        self.fault = label("fault")
        self.column.addWidget(self.fault)
        self.column.addStretch()

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.command.text())

    def _variable_chosen(self) -> None:
        feedback = self.answers.section("feedback")
        chosen = self.variable.currentData()
        if chosen != feedback.get("variable", "ekam_peak1"):
            # the band of another variable says nothing of this one
            kept = {k: v for k, v in feedback.items() if k == "baseline_stances"}
            self.setup.answers = self.answers.having("feedback", {**kept, "variable": chosen})

    def _protocol_chosen(self) -> None:
        chosen, leg = self.protocol.currentData(), self.leg.currentData()
        how: How = next((how for how in get_args(How) if chosen == _entry(how)), "")
        protocol = "" if how else str(chosen or "")
        if protocol and self.enrol.isChecked() and self._may_enrol:
            how = "enrol"
        self.setup.answers = replace(
            self.answers.settled("schedule"),
            protocol=protocol, schedule=how, leg=leg or "", session=self.session.value(),
        )  # fmt: skip

    @property
    def _may_enrol(self) -> bool:
        """Whoever has a schedule keeps it; nobody has one in practice."""
        return self.setup.schedule is None and self.answers.way != "practise"

    def _show_protocol(self) -> None:
        """What is run; without a protocol the walker is shown one variable after a baseline."""
        answers, schedule = self.answers, self.setup.schedule
        offered = schedule.options if schedule is not None else []
        scheduled = answers.schedule in (how for _, how in offered)
        options: list[tuple[str, object]] = [
            *((text, _entry(how)) for text, how in offered),
            ("none: a baseline, then feedback", ""),
            *((title, name) for name, title in TEMPLATES.items()),
        ]
        choose(self.protocol, options, _entry(answers.schedule) if scheduled else answers.protocol)
        say(self.schedule, f"! {schedule.said}" if schedule is not None and schedule.said else "")
        runs = protocol_of(answers.protocol) if answers.protocol and not scheduled else None
        enrols = runs is not None and answers.schedule == "enrol"
        subject = self.setup.subject
        self.enrol.setText(f"enrol {'' if subject is None else subject.id}")
        if schedule is not None and scheduled and schedule.person is not None:
            runs = schedule.person.file.protocol
        choose(self.leg, [("– choose –", ""), ("left", "left"), ("right", "right")], answers.leg)
        for widget, asked in (
            (self.enrol, runs is not None and not scheduled and self._may_enrol),
            (self.leg, runs is not None and runs.legs == "one" and not scheduled),
            (self.session, runs is not None and runs.sessions > 1 and not enrols and not scheduled),
            (self.variable, runs is None),
            (self.baseline, runs is None),
        ):
            widget.setVisible(asked)
            self._leads[widget].setVisible(asked)
        self.session.blockSignals(True)
        self.session.setRange(1, 1 if runs is None else runs.sessions)
        self.session.setValue(answers.session)
        self.session.blockSignals(False)
        self.session.setSuffix("" if runs is None else f" of {runs.sessions}")
        self.enrolled.setVisible(not self.enrol.isHidden())
        named = f"{runs.name}, " if runs is not None and scheduled else ""
        say(self.source, "" if runs is None else f"{named}after {runs.source}")
        say(self.warning, f"! {runs.warning}" if runs is not None and runs.warning else "")

    def _baseline_chosen(self) -> None:
        feedback = self.answers.section("feedback")
        if self.baseline.value() != feedback.get("baseline_stances", 30):
            feedback["baseline_stances"] = self.baseline.value()
            self.setup.answers = self.answers.having("feedback", feedback)

    def _screen_chosen(self) -> None:
        data = self.screen_.currentData()
        self.setup.answers = replace(
            self.answers, walker_screen=data if isinstance(data, str) else ""
        )

    def enter(self) -> None:
        """In practice the walker walks on; of a participant the schedule is looked up."""
        self.window_.connections.practise("walking")
        self.setup.look_up_schedule()
        self.baseline.blockSignals(True)
        self.baseline.setValue(int(self.answers.section("feedback").get("baseline_stances", 30)))
        self.baseline.blockSignals(False)

    def tick(self) -> None:
        """Show files, choices and the command."""
        setup = self.setup
        if setup.lab_file is None or setup.subject_file is None:
            return
        feedback = self.answers.section("feedback")
        subject = setup.subject_file.subject
        name = str(feedback.get("variable", "ekam_peak1"))
        self._show_protocol()
        options: list[tuple[str, object]] = [
            (each.label + ("" if not each.lacking(subject) else "  (markers missing)"), each.name)
            for each in VARIABLES.values()
        ]
        choose(self.variable, options, name)
        chosen = VARIABLES[name]
        lacks = chosen.lacking(subject)
        say(self.lacks, f"! {chosen.label} stays empty: it needs {lacks}" if lacks else "")
        where = f"participants/{subject.id}" if self.answers.schedule else "sessions"
        changed = " (the file is written anew when you start)" if setup.lab_changed() else ""
        say(
            self.files,
            f"✓ laboratory   {setup.lab_file.path}{changed}\n✓ person   {setup.subject_file.path}   "
            f"({subject.id}, {subject.body_mass_kg:g} kg, {subject.height_m:g} m)\n"
            f"Every session makes a folder of its own under {where}/.",
        )
        target = setup.target()
        if target is not None:
            signed = {
                "relative": "% of the leg's own baseline",
                "difference": "from baseline",
                "absolute": "",
            }
            say(
                self.band,
                ""
                if self.answers.protocol or self.answers.schedule
                else f"band {target.low:g} to {target.high:g} "
                f"{signed[target.mode] if target.mode != 'absolute' else target.unit}",
            )
        screens: list[tuple[str, object]] = [("by itself: another than this one", "")]
        for screen in QGuiApplication.screens():
            size = screen.geometry()
            screens.append((f"{screen.name()}, {size.width()} × {size.height()}", screen.name()))
        choose(self.screen_, screens, self.answers.walker_screen)
        self.screen_.setEnabled(len(screens) > 2)
        self._show_next_time()

    def _show_next_time(self) -> None:
        """The command that does the same, where there is one that works."""
        plan, waits = self.setup.plan(), bool(blocked(self.setup, self.step))
        command = "" if plan.practise or waits else shlex.join(["ekam", *plan.arguments()])
        for widget in (self.command, self.copy):
            widget.setVisible(bool(command))
        if plan.practise:
            words = "Next time: choose Practise again. No command repeats it, for the walker ends with it."
        else:
            words = "" if waits else "Next time, without this window:"
        say(self.next_time, words)
        if self.command.text() != command:
            self.command.setText(command)
            self.command.setCursorPosition(0)
        say(
            self.note,
            ""
            if plan.practise
            else "Once a day check the plates with a pole: ekam check --lab LAB --plates --pole TOP,TIP",
        )

    def leave(self, on: Callable[[], None]) -> None:
        """Write what was changed here and start."""
        setup = self.setup
        question = setup.lab_question() if setup.lab_changed() else None

        def write(answer: str) -> None:
            looked = setup.looked
            try:
                setup.write_lab(answer)
            except EkamError as error:
                say(self.fault, str(error))
                return
            setup.looked = looked  # nothing that was judged has changed
            try:
                setup.enrol()
            except (EkamError, OSError) as error:
                say(self.fault, str(error))
                return
            on()

        if question is None:
            write("")
        else:
            self.window_.ask(question, write)
