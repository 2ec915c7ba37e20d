"""Streams: both found live, with the reason for the guess; two equal candidates are a question."""

from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QComboBox, QGridLayout

from display import theme
from display.console.words import LAMPS
from display.setup.page import Page
from display.setup.parts import choose, fill, label, say, table
from display.setup.steps import Step
from stream.check_network import Found, guess_role, looks_like
from stream.source import LampState, Role

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

_COLUMNS = ("for", "name", "type", "host", "rate", "channels", "kind", "looks like")


class StreamsPage(Page):
    """Which stream carries the markers, and which the forces."""

    step = Step.STREAMS

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__(window)
        grid = QGridLayout()
        self.boxes: dict[Role, QComboBox] = {}
        self.lamps, self.whys, self.doubts = {}, {}, {}
        for row, (role, words) in enumerate(((Role.MARKERS, "&Markers"), (Role.FORCES, "&Forces"))):
            box = QComboBox()
            box.setAccessibleName(f"{role.value} stream")
            box.activated.connect(lambda _at, role=role: self._choose(role))
            self.boxes[role] = box
            self.lamps[role], self.whys[role] = label("good"), label("panel")
            self.doubts[role] = label("doubt")
            grid.addWidget(label("lead", words, box), 4 * row, 0)
            grid.addWidget(box, 4 * row, 1)
            grid.addWidget(self.lamps[role], 4 * row + 1, 1)
            grid.addWidget(self.whys[role], 4 * row + 2, 1)
            grid.addWidget(self.doubts[role], 4 * row + 3, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        self.where = label("")
        self.column.addWidget(self.where)
        self.table = table(_COLUMNS)
        self.column.addWidget(self.table, 1)

    def _choose(self, role: Role) -> None:
        stream = self.boxes[role].currentData()
        if isinstance(stream, Found):
            self.setup.choose(role, stream)

    def tick(self) -> None:
        """Show what is there now."""
        setup = self.setup
        healths = {health.role: health for health in self.window_.connections.health()}
        for role in Role:
            chosen = setup.chosen(role)
            options: list[tuple[str, object]] = [
                (_words(each), each) for each in setup.found if each.number_format != "string"
            ]
            if chosen is None:
                options.insert(0, ("– choose –" if options else "– none yet –", None))
            choose(self.boxes[role], options, chosen)
            best = setup.pick(role)
            decided = f"{role.value} stream" in self.answers.decided
            why = (
                best.why
                if chosen is None or not decided
                else "chosen by you or in the laboratory file"
            )
            say(self.whys[role], why)
            doubt = setup.doubt(role)
            say(self.doubts[role], f"! {doubt}" if doubt else "")
            health = healths.get(role)
            if chosen is None:
                say(
                    self.lamps[role],
                    f"{LAMPS[LampState.ABSENT][0]} {'not chosen' if best.rivals else 'absent'}",
                )
            elif refused := setup.refused(role):
                say(self.lamps[role], f"{LAMPS[LampState.LOST][0]} refused: {refused}")
            elif health is not None:
                shape, _ = LAMPS[health.state]
                rate = (
                    f"{health.rate_hz:.1f} Hz"
                    if health.rate_hz == health.rate_hz
                    else "rate unknown yet"
                )
                words = f"{shape} {health.state.value}: {health.name} on {health.hostname}, {rate}"
                say(self.lamps[role], f"{words}   {health.message}".rstrip())
            else:
                shape, _ = LAMPS[LampState.CONNECTING]
                other = next(each for each in Role if each is not role)
                fault = setup.connection_fault
                if setup.refused(other):
                    fault = f"waits for the {other.value} stream"
                say(self.lamps[role], f"{shape} connecting: {chosen.name}   {fault}".rstrip())
        where = self.window_.connections.where
        looking = "" if setup.looked_round else " (the first answers take two seconds)"
        count = len(setup.found)
        say(self.where, f"Looking on {where}{looking}: {count} stream{'s' if count != 1 else ''}.")
        rows, colours = [], []
        for each in setup.found:
            uses = [role.value for role in Role if setup.chosen(role) == each]
            kind = f"replay of {each.replay}" if each.replay else "live"
            rate = f"{each.rate_hz:g} Hz" if each.rate_hz else "not declared"
            rows.append(
                (", ".join(uses) or "–", each.name, each.type, each.hostname, rate, str(each.channels), kind,
                 looks_like(each))
            )  # fmt: skip
            colours.append(theme.TEXT if guess_role(each) else theme.QUIET)
        fill(self.table, rows, colours)


def _words(stream: Found) -> str:
    rate = f"{stream.rate_hz:g} Hz" if stream.rate_hz else "no rate"
    kind = "REPLAY" if stream.replay else "live"
    return f"{stream.name}   {stream.type}, {stream.hostname}, {rate}, {stream.channels} channels, {kind}"
