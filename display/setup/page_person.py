"""Person: pseudonym, mass (offered from the plates), height and sex; or a person calibrated before."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLineEdit, QRadioButton, QWidget

from display.setup.page import Page
from display.setup.parts import button, label, number, say
from display.setup.state import mass_from_plates, mass_note
from display.setup.steps import Step
from stream.errors import EkamError

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_MASS = "kg, as walked: with shoes and markers"


class PersonPage(Page):
    """Who walks."""

    step = Step.PERSON

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        grid = QGridLayout()
        self.id, self.mass, self.height_, self.knee, self.ankle = (QLineEdit() for _ in range(5))
        self.mass_note = label("panel")
        self.take = button("", self._take_mass)
        medial = "only where the knee (ankle) has no medial marker"
        for row, (words, line, unit) in enumerate(
            (
                ("Pseudon&ym", self.id, "letters, digits, dot, dash, underscore"),
                ("&Mass", self.mass, _MASS),
                ("&Height", self.height_, "m"),
                ("&Knee width", self.knee, f"mm, {medial}"),
                ("&Ankle width", self.ankle, f"mm, {medial}"),
            )
        ):
            line.setMaximumWidth(260)
            line.textEdited.connect(lambda _text: self._typed())
            grid.addWidget(label("lead", words, line), row, 0)
            grid.addWidget(line, row, 1)
            said = label("", unit)
            grid.addWidget(said, row, 2)
            if line is self.mass:
                self.mass_unit = said
        grid.setColumnStretch(2, 1)
        self.column.addLayout(grid)
        notes = QHBoxLayout()
        notes.addWidget(self.mass_note, 1)
        notes.addWidget(self.take)
        self.column.addLayout(notes)
        sexes = QHBoxLayout()
        self.sex = QButtonGroup(self)
        self.female, self.male = QRadioButton("&female"), QRadioButton("ma&le")
        sexes.addWidget(label("lead", "Table of segment masses:"))
        for each in (self.female, self.male):
            self.sex.addButton(each)
            sexes.addWidget(each)
            each.clicked.connect(lambda _on: self._typed())
        sexes.addStretch()
        self.column.addLayout(sexes)
        self.column.addSpacing(24)
        self.column.addWidget(
            label("lead", "Or somebody who was calibrated with these markers still on:")
        )
        row_ = QHBoxLayout()
        self.path = QLineEdit()
        self.path.setPlaceholderText("S01.toml")
        row_.addWidget(label("", "&Subject file", self.path))
        row_.addWidget(self.path, 1)
        row_.addWidget(button("&Open it", self._open))
        row_.addWidget(button("Fo&rget it", self._forget))
        self.column.addLayout(row_)
        self.opened, self.fault = label("good"), label("fault")
        self.column.addWidget(self.opened)
        self.column.addWidget(self.fault)
        self.column.addStretch()

    def forget(self) -> None:
        """Another laboratory has its own people."""
        self.path.setText("")
        say(self.fault, "")

    def first(self) -> QWidget | None:
        """The pseudonym, where it is still to be given."""
        return None if self.answers.id else self.id

    def enter(self) -> None:
        """Show what was answered."""
        answers = self.answers
        for line, value in (
            (self.id, answers.id), (self.mass, answers.mass_kg), (self.height_, answers.height_m),
            (self.knee, answers.knee_width_mm), (self.ankle, answers.ankle_width_mm),
        ):  # fmt: skip
            line.setText("" if value is None else value if isinstance(value, str) else f"{value:g}")
        self.female.setChecked(answers.sex == "f")
        self.male.setChecked(answers.sex == "m")
        if not self.path.text():
            self.path.setText(answers.subject_path)

    def _typed(self) -> None:
        """Whatever changes about the person makes a calibration of before another's."""
        sex = "f" if self.female.isChecked() else "m" if self.male.isChecked() else ""
        before = self.answers
        mass_kg = number(self.mass.text())
        self.setup.answers = replace(
            before,
            id=self.id.text().strip(),
            mass_kg=mass_kg,
            height_m=number(self.height_.text()),
            sex=sex,
            knee_width_mm=number(self.knee.text()),
            ankle_width_mm=number(self.ankle.text()),
        )
        if mass_kg != before.mass_kg:
            self.setup.answers = self.setup.answers.settled("mass")
        if self.setup.answers.id != before.id:
            self.setup.answers = self.answers.of_another_person()
        if self.setup.answers != before:
            self.window_.forget_calibration()

    def _take_mass(self) -> None:
        standing_kg = self.setup.guesses.standing_kg
        if standing_kg == standing_kg:
            self.mass.setText(f"{standing_kg:.1f}")
            self._typed()
            self.setup.answers = self.answers.open_again("mass")  # no second opinion on the plates

    def _open(self) -> None:
        try:
            self.setup.open_subject(Path(self.path.text().strip()))
            self.setup.answers = self.answers.of_another_person()
            say(self.fault, "")
        except EkamError as error:
            say(self.fault, str(error))

    def _forget(self) -> None:
        self.window_.forget_calibration()

    def tick(self) -> None:
        """Show what the plates say, and who is taken."""
        say(
            self.mass_unit, f"{_MASS}; from the plates" if mass_from_plates(self.answers) else _MASS
        )
        note = mass_note(self.answers, self.setup.guesses)
        say(self.mass_note, note)
        offered = bool(note)
        self.take.setVisible(offered)
        if offered:
            self.take.setText(f"&Take {self.setup.guesses.standing_kg:.1f} kg")
        if self.answers.mass_kg is not None and not self.mass.text() and not self.mass.hasFocus():
            self.mass.setText(f"{self.answers.mass_kg:g}")
        taken = self.setup.subject_file
        say(
            self.opened,
            ""
            if taken is None
            else f"✓ {taken.subject.id}, {taken.subject.body_mass_kg:g} kg, {taken.subject.height_m:g} m is "
            "taken as calibrated; the static trial is not needed",
        )
