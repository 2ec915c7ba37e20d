"""Plates: which one carries which foot, told by names, places and the loaded foot; live bars and loads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PyQt5.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from display.setup.answers import UNUSED
from display.setup.body_view import BodyView
from display.setup.page import Page
from display.setup.parts import MARKS, button, choose, label, number, say
from display.setup.steps import Step
from stream.body_checks import LOADED_N
from stream.errors import EkamError

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_SIDES = (("– which? –", ""), ("left", "left"), ("right", "right"), ("not used", UNUSED))
_NAMES = ("P&late 1", "Pla&te 2")
_FULL_N = 1200
_FORCE_UNITS = (("as the stream says", "auto"), ("N", "N"), ("kN", "kN"))
_MOMENT_UNITS = (
    ("as the stream says", "auto"), ("N·m", "Nm"), ("N·mm", "Nmm"), ("N·cm", "Ncm"), ("kN·m", "kNm"),
)  # fmt: skip
_ACTS = (("the foot", "foot"), ("the plate", "plate"))
_PLACES = ("corner +x +y", "corner -x +y", "corner -x -y", "corner +x -y", "origin to middle")


class PlatesPage(Page):
    """Sides, units and, where the stream does not say it, the place of each plate."""

    step = Step.PLATES

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self._plates: list[_PlateRow] = []
        body = QHBoxLayout()
        left = QVBoxLayout()
        self.grid = QVBoxLayout()
        left.addLayout(self.grid)
        units = QGridLayout()
        self.force_unit, self.moment_unit = QComboBox(), QComboBox()
        for row, (words, box) in enumerate(
            (("&Force unit", self.force_unit), ("M&oment unit", self.moment_unit))
        ):
            units.addWidget(label("", words, box), row, 0)
            units.addWidget(box, row, 1)
            box.activated.connect(lambda _at: self._units_chosen())
        units.setColumnStretch(1, 1)
        left.addLayout(units)
        row_ = QHBoxLayout()
        row_.addWidget(button("&Guess again", self._again))
        row_.addStretch()
        left.addLayout(row_)
        self.alone = label("good")
        self.findings = label("panel")
        left.addWidget(self.alone)
        left.addWidget(self.findings)
        left.addStretch()
        body.addLayout(left, 3)
        self.view = BodyView("above")
        body.addWidget(self.view, 2)
        self.column.addLayout(body, 1)

    def _units_chosen(self) -> None:
        forces = self.answers.section("forces")
        forces["force_unit"] = self.force_unit.currentData()
        forces["moment_unit"] = self.moment_unit.currentData()
        self.setup.answers = self.answers.having("forces", forces).settled("plates")

    def _again(self) -> None:
        self.setup.answers = self.answers.open_again("plates")
        self.window_.guess_soon()

    def tick(self) -> None:
        """Show bars, sides, evidence and the loads from above."""
        plates, guesses = self.answers.plates, self.setup.guesses
        while len(self._plates) < len(plates):
            row = _PlateRow(len(self._plates), self._changed)
            self._plates.append(row)
            self.grid.addWidget(row)
        while len(self._plates) > len(plates):
            gone = self._plates.pop()
            self.grid.removeWidget(gone)
            gone.deleteLater()
        picture, why = self.picture()
        loads = {p.number: p.up_n for p in picture.plates} if picture is not None else {}
        used = 0
        for at, plate in enumerate(plates):
            if plate.get("side") != UNUSED:
                used += 1
            load = loads.get(used) if plate.get("side") != UNUSED else None
            if load is None and at < len(guesses.loads_n):
                load = guesses.loads_n[
                    at
                ]  # its size alone: enough to see on which one somebody stands
            found = guesses.plates[at] if at < len(guesses.plates) else None
            side = guesses.sides[at] if at < len(guesses.sides) else None
            decided = "plates" in self.answers.decided
            why_side = "as chosen" if decided else (side.evidence if side is not None else "")
            kind = found.kind if found is not None else "as in the laboratory file"
            self._plates[at].show_plate(
                plate,
                load,
                f"{kind}; {why_side}" if why_side else kind,
                geometry=found is not None and found.needs_geometry,
            )
        forces = self.answers.section("forces")
        choose(self.force_unit, list(_FORCE_UNITS), forces.get("force_unit", "auto"))
        choose(self.moment_unit, list(_MOMENT_UNITS), forces.get("moment_unit", "auto"))
        alone = guesses.alone
        if alone is not None and alone < len(plates):
            carries = plates[alone].get("side") or "not said yet"
            say(self.alone, f"Only plate {alone + 1} ({carries}) is loaded now.")
        else:
            say(self.alone, "")
        lines = [
            f"{MARKS[each.verdict][0]}  {each.check}: {each.found}"
            + (f"  → {each.cure}" if each.cure else "")
            for each in guesses.load
        ]
        if picture is not None and picture.fault:
            lines.insert(0, f"✗ {picture.fault}")
        if guesses.units.evidence and forces.get("force_unit", "auto") != "auto":
            lines.append(f"! units: {guesses.units.evidence}")
        loaded = any(abs(load) > LOADED_N for load in loads.values())
        waiting = "… looking at the loads" if loaded else "– nobody stands on the plates"
        say(self.findings, "\n".join(lines) or waiting)
        self.view.show_picture(picture, why)

    def _changed(self, at: int, changes: dict[str, Any]) -> None:
        self.setup.set_plate(at, **changes)

    def leave(self, on: Callable[[], None]) -> None:
        """Write the laboratory file; an existing one is asked about."""
        question = self.setup.lab_question()

        def write(answer: str) -> None:
            try:
                self.setup.write_lab(answer)
            except EkamError as error:
                self.window_.tell(str(error))
                return
            on()

        if question is None:
            write("")
        else:
            self.window_.ask(question, write)


class _PlateRow(QWidget):
    """One plate: side, bar, evidence and, where it must be said, its place."""

    def __init__(self, at: int, changed: Callable[[int, dict[str, Any]], None]) -> None:
        super().__init__()
        self._at, self._tell = at, changed
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        row = QHBoxLayout()
        self.side = QComboBox()
        self.side.setMinimumWidth(130)
        self.side.activated.connect(lambda _i: self._tell(at, {"side": self.side.currentData()}))
        row.addWidget(
            label("lead", _NAMES[at] if at < len(_NAMES) else f"Plate {at + 1}", self.side)
        )
        row.addWidget(self.side)
        self.bar = QProgressBar()
        self.bar.setRange(0, _FULL_N)
        row.addWidget(self.bar, 1)
        column.addLayout(row)
        self.why = label("panel")
        column.addWidget(self.why)
        self.place = _place_table()
        self.place.itemChanged.connect(lambda _item: self._place_typed())
        self.acts = QComboBox()
        self.acts.activated.connect(lambda _i: self._tell(at, {"acts_on": self.acts.currentData()}))
        self.acts_label = label("", "the numbers act on", self.acts)
        self.place_label = label(
            "doubt",
            "! the stream does not say where this plate is: give its corners (capture axes) and the way from "
            "the transducer to the middle of the surface (the plate's own axes), mm",
        )
        for widget in (self.place_label, self.place, self.acts_label, self.acts):
            column.addWidget(widget)

    def show_plate(
        self, plate: dict[str, Any], load_n: float | None, why: str, *, geometry: bool
    ) -> None:
        """Show the newest load and what is answered."""
        choose(self.side, list(_SIDES), plate.get("side", ""))
        shown = 0.0 if load_n is None or load_n != load_n else load_n
        self.bar.setValue(min(max(round(abs(shown)), 0), _FULL_N))
        words = "no numbers" if load_n is None else f"{shown:.0f} N"
        if shown < -100.0:
            words += " ✗ points down"
        self.bar.setFormat(words)
        say(self.why, why)
        for widget in (self.place_label, self.place, self.acts_label, self.acts):
            widget.setVisible(geometry)
        if geometry:
            choose(self.acts, list(_ACTS), plate.get("acts_on", "foot"))
            if "corners_m" in plate and not self.place.hasFocus():
                self._show_place(plate)

    def _show_place(self, plate: dict[str, Any]) -> None:
        self.place.blockSignals(True)
        for i, point in enumerate((*plate["corners_m"], plate["origin_m"])):
            for j, value in enumerate(point):
                item = self.place.item(i, j)
                if item is not None and number(item.text()) != 1e3 * value:
                    item.setText(f"{1e3 * value:g}")
        self.place.blockSignals(False)

    def _place_typed(self) -> None:
        """All fifteen numbers make a place; fewer make none."""
        rows = []
        for i in range(len(_PLACES)):
            items = [self.place.item(i, j) for j in range(3)]
            values = [number(item.text()) if item is not None else None for item in items]
            if any(value is None for value in values):
                return
            rows.append([1e-3 * value for value in values if value is not None])
        self._tell(self._at, {"corners_m": rows[:4], "origin_m": rows[4]})


def _place_table() -> QTableWidget:
    made = QTableWidget(len(_PLACES), 3)
    made.setVerticalHeaderLabels(list(_PLACES))
    made.setHorizontalHeaderLabels(["x (mm)", "y (mm)", "z (mm)"])
    made.setFixedHeight(210)
    for i in range(len(_PLACES)):
        for j in range(3):
            made.setItem(i, j, QTableWidgetItem(""))
    header = made.horizontalHeader()
    assert header is not None
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    return made
