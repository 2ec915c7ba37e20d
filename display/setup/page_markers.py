"""Markers: which label is which, what each is for, and where it is in the picture."""

from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QComboBox, QHBoxLayout

from compute import PURPOSE
from display import theme
from display.setup.body_view import BodyView
from display.setup.page import Page
from display.setup.parts import button, choose, fill, label, say, table
from display.setup.steps import Step
from stream.channel_names import MarkerChannels, find_markers, marker_channels
from stream.marker_guess import similar_labels
from stream.marker_sets import PRESETS
from stream.source import Role

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_WANTED = (
    "RASI", "LASI", "RPSI", "LPSI",
    *(side + name for side in "LR" for name in
      ("TH1", "KNE", "KNM", "SK1", "SK2", "SK3", "ANK", "MED", "HEE", "TOE", "MT5")),
)  # fmt: skip
"""Markers that are shown although the stream lacks them."""


class MarkersPage(Page):
    """The table of names."""

    step = Step.MARKERS

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        self._rows: list[str] = []
        self._clicked = ""
        top = QHBoxLayout()
        self.preset = QComboBox()
        self.preset.activated.connect(lambda _at: self._preset_chosen())
        top.addWidget(label("lead", "&Preset", self.preset))
        top.addWidget(self.preset)
        self.evidence = label("panel")
        top.addWidget(self.evidence, 1)
        top.addWidget(button("&Guess again", self._again))
        self.column.addLayout(top)
        middle = QHBoxLayout()
        self.table = table(("", "marker", "label in the stream", "what it is for"), selects=True)
        self.table.itemSelectionChanged.connect(self._selected)
        middle.addWidget(self.table, 1)
        pictures = QHBoxLayout()
        self.views = [BodyView("behind"), BodyView("side")]
        for view in self.views:
            view.clicked.connect(self._click)
            pictures.addWidget(view)
        middle.addLayout(pictures, 1)
        self.column.addLayout(middle, 1)
        bottom = QHBoxLayout()
        self.which = label("lead")
        self.label_box = QComboBox()
        self.label_box.setMinimumWidth(260)
        self.label_box.activated.connect(lambda _at: self._label_chosen())
        self.take = button("", self._take)
        bottom.addWidget(label("lead", "&Label of", self.label_box))
        bottom.addWidget(self.which)
        bottom.addWidget(self.label_box)
        bottom.addWidget(self.take)
        bottom.addStretch()
        self.column.addLayout(bottom)
        self.lacking = label("doubt")
        self.column.addWidget(self.lacking)

    @property
    def chosen(self) -> str:
        """Canonical name of the selected row; empty without one."""
        at = self.table.currentRow()
        return self._rows[at] if 0 <= at < len(self._rows) else ""

    def _groups(self) -> list[str]:
        info = self.setup.infos.get(Role.MARKERS)
        return [group.name for group in marker_channels(info.channels)] if info is not None else []

    def _preset_chosen(self) -> None:
        markers = self.answers.section("markers")
        preset = self.preset.currentData()
        self.setup.answers = self.answers.having(
            "markers", {**markers, "preset": preset, "names": {}}
        ).settled("markers")

    def _again(self) -> None:
        self.setup.answers = self.answers.open_again("markers")
        self.window_.guess_soon()

    def _selected(self) -> None:
        self._clicked = ""

    def _click(self, text: str) -> None:
        """A marker was clicked: its row is chosen; one without a row is offered for the chosen row."""
        picture, _ = self.picture()
        if picture is None:
            return
        names = picture.names[picture.labels.index(text)] if text in picture.labels else ()
        if names and names[0] in self._rows:
            self.table.selectRow(self._rows.index(names[0]))
        self._clicked = text

    def _take(self) -> None:
        if self.chosen and self._clicked:
            self.setup.name_marker(self.chosen, self._clicked)

    def _label_chosen(self) -> None:
        if self.chosen:
            self.setup.name_marker(self.chosen, str(self.label_box.currentData() or ""))

    def enter(self) -> None:
        """The first row is chosen."""
        self.tick()
        if self._rows and not self.chosen:
            self.table.selectRow(0)
            self.tick()

    def tick(self) -> None:
        """Show the table and the picture."""
        info, lab = self.setup.infos.get(Role.MARKERS), self.setup.lab()
        if info is None or lab is None:
            return
        found, unclear = find_markers(info.channels, lab.markers.labels())
        unsure = () if "markers" in self.answers.decided else self.setup.guesses.markers.unsure
        self._rows = [n for n in PURPOSE if n in found or n in unclear or n in _WANTED]
        rows, colours = [], []
        for name in self._rows:
            if name in unclear:
                both = unclear[name]
                rows.append(("✗ two", name, f"{both.first}, {both.second}", PURPOSE[name]))
                colours.append(theme.FAULT)
            elif name not in found:
                rows.append(("○ none", name, "–", PURPOSE[name]))
                colours.append(theme.QUIET)
            else:
                sure = name not in unsure
                rows.append(("✓" if sure else "? look", name, found[name].name, PURPOSE[name]))
                colours.append(theme.TEXT if sure else theme.WARNING)
        fill(self.table, rows, colours)
        preset = self.answers.section("markers").get("preset", "canonical")
        choose(self.preset, [(name, name) for name in PRESETS], preset)
        say(self.evidence, self.setup.guesses.markers.evidence)
        self._show_choice(found)
        lacking = self.window_.lacking()
        said = [f"missing: {each}; what it is for stays empty" for each in lacking]
        if unsure:
            said.insert(0, f"{len(unsure)} labels are only alike (? look): see that each is right")
        say(self.lacking, "\n".join(f"! {each}" for each in said[:4]))

    def _show_choice(self, found: dict[str, MarkerChannels]) -> None:
        name = self.chosen
        say(self.which, name or "–")
        current = found[name].name if name in found else ""
        options: list[tuple[str, object]] = [("– none –", "")]
        if name:
            options += [(each, each) for each in similar_labels(name, self._groups())]
        choose(self.label_box, options, current)
        offered = bool(self._clicked and name and self._clicked != current)
        self.take.setVisible(offered)
        if offered:
            self.take.setText(f"T&ake the clicked {self._clicked} for {name}")
        picture, why = self.picture()
        marked = self._clicked if offered else current
        for view in self.views:
            view.show_picture(picture, why, marked)
