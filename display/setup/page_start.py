"""Start: practise, a new laboratory, or one that is there already; and whether replays are admitted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PyQt5.QtWidgets import (
    QButtonGroup,
    QCompleter,
    QFileSystemModel,
    QLineEdit,
    QListWidget,
    QRadioButton,
    QWidget,
)

from display.setup.answers import Answers, Way
from display.setup.page import Page
from display.setup.parts import label, say
from display.setup.state import free_name
from display.setup.steps import Step
from stream.errors import EkamError

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_REPLAYS = (
    (
        "&Live streams only. Whatever says that it is a replay is refused, so that no recorded walker "
        "reaches a live one.",
        (False, False),
    ),
    (
        "Replayed streams of this machine &too, to test. Then nothing beyond this machine is seen.",
        (True, False),
    ),
    (
        "Replayed streams of &any machine on the network too. A recording may pass for a live walker.",
        (True, True),
    ),
)
_PRACTICE_BASELINE = 10
"""Short, as in the demo."""


class StartPage(Page):
    """The first page."""

    step = Step.START

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self.ways = QButtonGroup(self)
        self.practise = self._way(
            "&Practise: a synthetic walker on this machine only; nothing of a laboratory is needed"
        )
        self.new = self._way("Ne&w laboratory: its streams are found and its file is written")
        self.open = self._way("&Open a laboratory file that is there")
        self.draft = self._way("")
        for each in (self.practise, self.new, self.open, self.draft):
            self.column.addWidget(each)
        self.path = QLineEdit(self.answers.lab_path)
        self.path.setAccessibleName("laboratory file")
        self._complete(self.path)
        self.path_label = label("", "Laboratory &file", self.path)
        self.name = QLineEdit(str(self.answers.table.get("name", "")))
        self.name_label = label("", "Na&me of the laboratory", self.name)
        self.column.addWidget(self.name_label)
        self.column.addWidget(self.name)
        self.column.addWidget(self.path_label)
        self.column.addWidget(self.path)
        self.recent_label = label("", "&Used before")
        self.recent = QListWidget()
        self.recent.setFixedHeight(110)
        self.recent_label.setBuddy(self.recent)
        self.recent.itemClicked.connect(lambda item: self.path.setText(item.text()))
        self.recent.currentTextChanged.connect(self._take_recent)
        self.column.addWidget(self.recent_label)
        self.column.addWidget(self.recent)
        self.replays = QButtonGroup(self)
        self.replay_label = label("lead", "Which streams are admitted?")
        self.column.addSpacing(10)
        self.column.addWidget(self.replay_label)
        self.replay_buttons = []
        for words, _ in _REPLAYS:
            each = QRadioButton(words)
            self.replays.addButton(each)
            self.replay_buttons.append(each)
            self.column.addWidget(each)
        self.replay_buttons[0].setChecked(True)
        self.fault = label("fault")
        self.column.addWidget(self.fault)
        self.column.addStretch()
        self._left = self.setup.drafts.draft()
        self._show_draft()
        recent = [str(path) for path in self.setup.drafts.recent()]
        self.recent.addItems(recent)
        self.practise.setChecked(True)
        if self._left is not None:
            self.draft.setChecked(True)
        elif recent:
            self.open.setChecked(True)
            self.path.setText(recent[0])
        self.ways.buttonClicked.connect(lambda _button: self._chosen())
        self._chosen(keep_path=True)

    def _way(self, words: str) -> QRadioButton:
        made = QRadioButton(words)
        self.ways.addButton(made)
        made.toggled.connect(lambda on: self._chosen() if on else None)
        return made

    def _complete(self, line: QLineEdit) -> None:
        model = QFileSystemModel(self)
        model.setRootPath(str(Path.cwd()))
        completer = QCompleter(self)
        completer.setModel(model)
        line.setCompleter(completer)

    def _show_draft(self) -> None:
        left = self._left
        self.draft.setVisible(left is not None)
        if left is not None:
            step = Step(min(max(left.step, 0), Step.READY))
            name = Path(left.lab_path).name
            self.draft.setText(f"&Go on with the set-up that was left: {name}, at {step.title}")

    def _take_recent(self, text: str) -> None:
        if text:
            self.open.setChecked(True)
            self.path.setText(text)

    def _chosen(self, *, keep_path: bool = False) -> None:
        if not hasattr(self, "replay_buttons"):
            return  # still being built
        way = self._which()
        if way == "new" and not keep_path and Path(self.path.text()).exists():
            self.path.setText(str(free_name(self.setup.folder / "lab.toml")))
        if (
            way == "open"
            and not keep_path
            and self.recent.count()
            and not Path(self.path.text()).exists()
        ):
            item = self.recent.item(0)
            self.path.setText(item.text() if item is not None else "")
        lab = way in ("new", "open")
        for widget in (self.path, self.path_label, self.replay_label, *self.replay_buttons):
            widget.setVisible(lab)
        for widget in (self.name, self.name_label):
            widget.setVisible(way == "new")
        recent = way == "open" and self.recent.count() > 0
        self.recent.setVisible(recent)
        self.recent_label.setVisible(recent)
        say(self.fault, "")

    def _which(self) -> Literal["new", "open", "practise", "draft"]:
        ways: tuple[tuple[Way, QRadioButton], ...] = (
            ("practise", self.practise), ("new", self.new), ("open", self.open)
        )  # fmt: skip
        return next((way for way, each in ways if each.isChecked()), "draft")

    def enter(self) -> None:
        """Show what was answered."""
        if self.answers.step > Step.START:
            ways = {"practise": self.practise, "new": self.new, "open": self.open}
            ways[self.answers.way].setChecked(True)
            if self.answers.way != "practise":
                self.path.setText(self.answers.lab_path)
                admitted = (self.answers.allow_replay, self.answers.network)
                for (_, value), each in zip(_REPLAYS, self.replay_buttons, strict=True):
                    each.setChecked(value == admitted)
            if self.answers.way == "new":
                self.name.setText(str(self.answers.table.get("name", "")))
        self._chosen(keep_path=True)

    def first(self) -> QWidget | None:
        """The choice."""
        return self.ways.checkedButton()

    def tick(self) -> None:
        """Take what is typed, so that Next knows what blocks it."""
        way = self._which()
        if way == "draft":
            if self._left is not None:
                self.setup.answers = replace(self.answers, way="practise")
            return
        replays, network = next(
            value
            for (_, value), each in zip(_REPLAYS, self.replay_buttons, strict=True)
            if each.isChecked()
        )
        self.setup.answers = replace(
            self.answers,
            way=way,
            lab_path=self.path.text().strip() if way != "practise" else self.answers.lab_path,
            allow_replay=way == "practise" or replays,
            network=way != "practise" and network,
        )
        name = "Practice: synthetic split-belt treadmill" if way == "practise" else self.name.text()
        if way != "open" and name.strip():
            self.setup.answers = self.answers.having("name", name.strip())

    def jumps(self) -> bool:
        """Only within the set-up that was begun: another one begins with Next."""
        return not self.setup.another(self._which())

    def leave(self, on: Callable[[], None]) -> None:
        """Configure LSL and begin to look; an opened laboratory goes on with its checks."""
        setup, way = self.setup, self._which()
        first, afresh = setup.begun is None, setup.another(way)
        try:
            if way == "draft" and self._left is not None:
                self._resume(self._left, afresh=afresh)
                return
            self.window_.connections.start(self.answers, afresh=afresh)
            if afresh:
                self.window_.begin_afresh()
            if way == "practise" and (first or afresh):
                self._practise()
            setup.begun = setup.asks_for(way)
            if way == "open":
                setup.open_lab(Path(self.answers.lab_path))
                self.window_.go(Step.STREAMS, then=Step.CHECK)
                return
        except EkamError as error:
            say(self.fault, str(error))
            return
        on()

    def _practise(self) -> None:
        from display.setup.practice import HEIGHT_M, ID, MASS_KG, SEX

        folder = self.setup.folder / "practice"
        number = 1
        while folder.exists():
            number += 1
            folder = self.setup.folder / f"practice{number}"
        folder.mkdir(parents=True)
        self.setup.answers = replace(
            self.answers,
            lab_path=str(folder / "lab.toml"),
            id=ID, mass_kg=MASS_KG, height_m=HEIGHT_M, sex=SEX,
        ).having("feedback", {"baseline_stances": _PRACTICE_BASELINE})  # fmt: skip

    def _resume(self, left: Answers, *, afresh: bool) -> None:
        self.window_.connections.start(left, afresh=afresh)
        if afresh:
            self.window_.begin_afresh()
        self.setup.answers = left
        self.setup.begun = self.setup.asks_for(left.way)
        step = Step(min(max(left.step, Step.STREAMS), Step.PERSON))
        if step > Step.PLATES:
            try:
                self.setup.write_lab("" if not self.setup.lab_question() else "other")
            except EkamError:
                step = Step.PLATES
            # what was judged is not kept: the checks are taken again
            step = min(step, Step.CHECK)
        self.window_.go(Step.STREAMS, then=step)
