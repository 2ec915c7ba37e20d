"""What every page of the set-up is: shown, asked 20 times a second, and left."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QVBoxLayout, QWidget

from display.setup.answers import Answers
from display.setup.state import Setup
from display.setup.steps import Step
from stream.live_picture import Picture

if TYPE_CHECKING:
    from display.setup.window import SetupWindow

Action = tuple[str, Callable[[], None]]


class Page(QWidget):
    """One page; `column` takes what it shows."""

    step: Step

    def __init__(self, window: "SetupWindow") -> None:
        super().__init__()
        self.window_ = window
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(10)

    @property
    def setup(self) -> Setup:
        """What is known."""
        return self.window_.setup

    @property
    def answers(self) -> Answers:
        """What was answered."""
        return self.window_.setup.answers

    def enter(self) -> None:
        """It is shown now."""

    def tick(self) -> None:
        """Show what is new."""

    def forget(self) -> None:
        """Another set-up begins: what was shown or taken here is not its own."""

    def first(self) -> QWidget | None:
        """Where the keyboard goes when it is shown; None for Next."""
        return None

    def action(self) -> Action | None:
        """What Enter does before Next is the thing to do; None for Next."""
        return None

    def jumps(self) -> bool:
        """Whether it may be left without Next."""
        return True

    def leave(self, on: Callable[[], None]) -> None:
        """Next was pressed and nothing blocks: do what it takes, then call `on`."""
        on()

    def picture(self) -> tuple[Picture | None, str]:
        """The newest picture, or why there is none."""
        return self.window_.picture()
