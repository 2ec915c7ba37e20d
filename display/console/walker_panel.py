"""What the walker sees, and everything the operator can do to it."""

from collections.abc import Callable
from dataclasses import replace

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QVBoxLayout,
    QWidget,
)
from pyqtgraph import GraphicsView

from compute.feedback import DISPLAYS, SOUNDS, Display
from display import theme
from display.console.widgets import button, label
from display.picture import Picture
from display.scene import walker_scene
from display.screen_settings import DISTANCE_M, WIDTH_M, ScreenSettings
from display.theme import Viewing
from stream.status import SessionView

ASPECT = 9.0 / 16.0
WIDTH_PX = 272


class Preview(GraphicsView):  # type: ignore[misc] # pyqtgraph has no types
    """The walker's picture, small and as it is laid out; never turned or bent."""

    def __init__(self) -> None:
        super().__init__(useOpenGL=False, background=theme.BACKGROUND)
        self.setObjectName("preview")
        self.setInteractive(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(WIDTH_PX, round(WIDTH_PX * ASPECT))
        self._picture = Picture(self)
        self._drawn: tuple[int, bool, Viewing] | None = None

    def show_view(self, view: SessionView, *, blank: bool, viewing: Viewing) -> None:
        """Draw what is new."""
        number, feedback = view.walker.read()
        if (number, blank, viewing) == self._drawn:
            return
        self._drawn = number, blank, viewing
        shown = replace(feedback, display="blank") if blank else feedback
        self._picture.show(walker_scene(shown, self.width(), self.height(), viewing))


class PictureChoice(QWidget):
    """Buttons for the picture, the band and the sound; each has a key.

    Parameters
    ----------
    ask : hands a request of the operator to the session: what, text.
    shift : moves the band by so many presses. message : asks for the words of a message.
    blank, mark : take everything off the screen, or bring it back; mark this moment.
    """

    def __init__(
        self,
        ask: Callable[[str, str], None],
        shift: Callable[[int], None],
        message: Callable[[], None],
        blank: Callable[[], None],
        mark: Callable[[], None],
    ) -> None:
        super().__init__()
        self._ask = ask
        self._message = message
        self.buttons = {
            display: button(f"show_{display}", lambda d=display: self.choose(d))  # type: ignore[misc]
            for display in DISPLAYS
        }
        self.sound = QComboBox()
        self.sound.addItems([f"sound {each}  (S)" for each in SOUNDS])
        self.sound.activated.connect(lambda i: ask("sound", SOUNDS[i]))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for i, each in enumerate(self.buttons.values()):
            each.setCheckable(True)
            grid.addWidget(each, i // 3, i % 3)
            grid.setColumnStretch(i % 3, 1)
        grid.addWidget(button("lower", lambda: shift(-1), "− band"), 2, 0)
        grid.addWidget(button("higher", lambda: shift(1), "+ band"), 2, 1)
        grid.addWidget(self.sound, 2, 2)
        grid.addWidget(button("blank", blank, "Blank at once  (B)"), 3, 0, 1, 2)
        grid.addWidget(button("mark", mark, "Mark  (Space)"), 3, 2)

    def choose(self, display: Display) -> None:
        """Show the walker another picture; a message needs its words first."""
        if display == "message":
            self._message()
        else:
            self._ask("display", display)

    def next_sound(self) -> None:
        """Take the next of the sounds."""
        self._ask("sound", SOUNDS[(self.sound.currentIndex() + 1) % len(SOUNDS)])

    def show_view(self, view: SessionView) -> None:
        """Press in what is shown now."""
        feedback = view.walker.read()[1]
        for key, (display, each) in enumerate(self.buttons.items(), 1):
            chosen = display == feedback.display
            if each.isChecked() != chosen or not each.text():
                each.setChecked(chosen)
            each.setText(f"{'●' if chosen else key} {display}")
        self.sound.setCurrentIndex(SOUNDS.index(feedback.sound))


class ScreenPanel(QWidget):
    """Where the walker's window is, and from how far away it is seen.

    Signals: `screen_asked` with a screen's name, `settings_asked` with `ScreenSettings`, `adjust_asked`.
    """

    screen_asked = pyqtSignal(str)
    settings_asked = pyqtSignal(object)
    adjust_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._settings = ScreenSettings()
        self.screens = QComboBox()
        self.screens.activated.connect(lambda i: self.screen_asked.emit(self.screens.itemText(i)))
        self.distance = _metres(DISTANCE_M, self._changed)
        self.width_m = _metres(WIDTH_M, self._changed)
        self.sizes = label("sizes")
        self.adjust_button = button("adjust", self.adjust_asked.emit, "Fit the picture  (K)")
        form = QFormLayout()
        form.addRow("walker's screen  (F3: next)", self.screens)
        form.addRow("distance of the eyes", self.distance)
        form.addRow("width of the picture", self.width_m)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.sizes)
        column.addWidget(self.adjust_button)
        column.addStretch()

    def next_screen(self) -> None:
        """Take the next of the screens."""
        if self.screens.count() > 1:
            i = (self.screens.currentIndex() + 1) % self.screens.count()
            self.screen_asked.emit(self.screens.itemText(i))

    def show_settings(self, names: tuple[str, ...], name: str, settings: ScreenSettings) -> None:
        """Show which screens there are, which is the walker's, and its settings."""
        if names != tuple(self.screens.itemText(i) for i in range(self.screens.count())):
            self.screens.clear()
            self.screens.addItems(names)
        if name in names:
            self.screens.setCurrentIndex(names.index(name))
        if settings == self._settings and self.sizes.text():
            return
        self._settings = settings
        for box, value in (
            (self.distance, settings.viewing.distance_m),
            (self.width_m, settings.viewing.screen_width_m),
        ):
            if not box.hasFocus():
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)
        self.sizes.setText(theme.sizes_in_words(settings.viewing))

    def _changed(self) -> None:
        viewing = Viewing(self.distance.value(), self.width_m.value())
        self.settings_asked.emit(replace(self._settings, viewing=viewing))


def _metres(between: tuple[float, float], changed: Callable[[], None]) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(*between)
    made.setSingleStep(0.1)
    made.setDecimals(2)
    made.setSuffix(" m")
    made.setKeyboardTracking(False)
    made.valueChanged.connect(lambda _: changed())
    return made
