"""Axes and unit: guessed from the body, with the evidence, beside a picture that shows a wrong one."""

from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QComboBox, QHBoxLayout

from display.setup.body_view import BodyView
from display.setup.page import Page
from display.setup.parts import button, choose, label, say
from display.setup.steps import Step
from stream.axis_guess import third_axis

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
_UNITS = (
    ("as the stream says", "auto"),
    ("metres", "m"),
    ("centimetres", "cm"),
    ("millimetres", "mm"),
)


class AxesPage(Page):
    """Which capture axes point forward, up and right, and the unit of the markers."""

    step = Step.AXES

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        row = QHBoxLayout()
        self.forward, self.up, self.unit = QComboBox(), QComboBox(), QComboBox()
        for words, box, do in (
            ("&Forward", self.forward, self._axes_chosen),
            ("&Up", self.up, self._axes_chosen),
            ("Un&it", self.unit, self._unit_chosen),
        ):
            row.addWidget(label("lead", words, box))
            row.addWidget(box)
            box.activated.connect(lambda _at, do=do: do())
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMinimumWidth(96)
        self.unit.setMinimumWidth(220)
        self.right = label("lead")
        row.insertWidget(4, self.right)
        row.addStretch()
        row.addWidget(button("&Guess again", self._again))
        self.column.addLayout(row)
        views = QHBoxLayout()
        self.views = [BodyView("behind"), BodyView("side")]
        for view in self.views:
            views.addWidget(view)
        self.column.addLayout(views, 1)
        self.evidence, self.doubts = label("panel"), label("doubt")
        self.column.addWidget(self.evidence)
        self.column.addWidget(self.doubts)

    def _axes_chosen(self) -> None:
        forward, up = self.forward.currentData(), self.up.currentData()
        if forward and up:
            self.setup.set_axes(str(forward), str(up))

    def _unit_chosen(self) -> None:
        markers = self.answers.section("markers")
        self.setup.answers = self.answers.having(
            "markers", {**markers, "unit": self.unit.currentData()}
        ).settled("unit")

    def _again(self) -> None:
        self.setup.answers = self.answers.open_again("axes", "unit")
        self.window_.guess_soon()

    def tick(self) -> None:
        """Show axes, evidence and the person."""
        axes, guesses = self.answers.section("axes"), self.setup.guesses
        for box, key in ((self.forward, "forward"), (self.up, "up")):
            choose(box, [(each, each) for each in _AXES], axes.get(key))
        right = axes.get("right") or third_axis(axes.get("forward", "+x"), axes.get("up", "+x"))
        say(self.right, f"Right {right or '–'} follows")
        choose(self.unit, list(_UNITS), self.answers.section("markers").get("unit", "auto"))
        picture, why = self.picture()
        for view in self.views:
            view.show_picture(picture, why)
        told = guesses.axes.axes
        lines, doubts = [*guesses.axes.evidence], [*guesses.axes.doubts]
        if guesses.unit.evidence:
            (lines if guesses.unit.sure else doubts).append(f"unit: {guesses.unit.evidence}")
        chosen = self.answers.section("markers").get("unit", "auto")
        if guesses.unit.sure and chosen != guesses.unit.unit:
            doubts.append("another unit is chosen than the one that fits a body")
        if (
            told is not None
            and axes
            and (told.forward, told.up) != (axes.get("forward"), axes.get("up"))
        ):
            doubts.insert(
                0, f"the body says forward {told.forward}, up {told.up}; you chose otherwise"
            )
        if guesses.axes.why_not and not axes:
            doubts.append(guesses.axes.why_not)
        say(self.evidence, "\n".join(f"✓ {line}" for line in lines))
        say(self.doubts, "\n".join(f"! {line}" for line in doubts))
