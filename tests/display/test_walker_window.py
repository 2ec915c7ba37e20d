"""The walker's window on its screen: fitting, patch, tones, unplugging."""

import numpy as np
import pytest

from compute import Side
from compute.feedback import LegFeedback, Target, WalkerFeedback
from display.projection import Projection
from display.screen_settings import Remembered, ScreenSettings, screen_key
from stream.status import SessionView

pytestmark = pytest.mark.qt


def feedback(value, stance=1, **fields):
    legs = [LegFeedback(s, Target(), "feedback", value=value, stance=stance) for s in Side]
    return WalkerFeedback(*legs, **fields)


@pytest.fixture
def view():
    return SessionView()


@pytest.fixture
def made(qapp, qtbot, view):
    """Makes windows, and takes them away."""
    from display.walker import WalkerWindow

    windows = []

    def make(**options):
        window = WalkerWindow(view, **options)
        window.resize(1280, 720)
        with qtbot.waitExposed(window):
            window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.hide()
        window.deleteLater()


def pixels(window):
    image = window.grab().toImage().convertToFormat(4)
    data = image.bits().asstring(image.width() * image.height() * 4)
    return (
        np.frombuffer(data, np.uint8)
        .reshape(image.height(), image.width(), 4)[:, :, 2::-1]
        .astype(int)
    )


def keys(qtbot, window, *names, modifier=None):
    from PyQt5.QtCore import Qt

    for name in names:
        more = (modifier,) if modifier is not None else ()
        qtbot.keyClick(window, getattr(Qt.Key, f"Key_{name}"), *more)


def test_mirrored_and_turned_pictures_are_mirrored_and_turned(made, view):
    window = made()
    view.walker.publish(feedback(104.0))
    window.tick()
    plain = pixels(window)
    for projection, expected in (
        (Projection(mirror=True), plain[:, ::-1]),
        (Projection(180), plain[::-1, ::-1]),
        (Projection(180, True), plain[::-1]),
    ):
        window.settings = ScreenSettings(projection)
        off = abs(pixels(window) - expected).max(axis=2) > 60
        assert off.mean() < 0.01  # letters are drawn afresh, not copied


def test_a_picture_fitted_to_a_corner_stays_there(made, view):
    window = made()
    view.walker.publish(feedback(104.0))
    window.tick()
    quarter = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))
    window.settings = ScreenSettings(Projection(corners=quarter))
    shown = pixels(window)
    background = shown[0, 0]
    assert (shown[:360] == background).all()
    assert (shown[:, :640] == background).all()
    assert not (shown[360:, 640:] == background).all()


def test_the_picture_is_fitted_by_keys(made, view, qtbot):
    from PyQt5.QtCore import Qt

    window = made()
    kept = []
    window.adjusted.connect(kept.append)
    keys(qtbot, window, "K")
    assert window.adjusting
    assert not view.walker_sees.is_set()  # a grid is no feedback
    keys(qtbot, window, "Right", "Right", "Down")
    keys(qtbot, window, "Tab")
    keys(qtbot, window, "Left", modifier=Qt.KeyboardModifier.ShiftModifier)
    keys(qtbot, window, "M", "R", "Return")
    assert not window.adjusting
    projection = kept[0].projection
    assert projection.corners[0] == pytest.approx((2 / 1280, 1 / 720))
    assert projection.corners[1] == pytest.approx((1 - 10 / 1280, 0.0))
    assert (projection.mirror, projection.turn_deg) == (True, 90)
    assert window.settings == kept[0]
    assert view.walker_sees.is_set()


def test_a_fitting_can_be_discarded_and_undone(made, qtbot):
    start = ScreenSettings(Projection(180, True))
    window = made(settings=start)
    keys(qtbot, window, "K", "M", "Left", "Escape")
    assert window.settings == start
    keys(qtbot, window, "K", "0", "Return")
    assert window.settings == ScreenSettings()


def test_the_picture_is_fitted_by_the_mouse(made, qtbot):
    from PyQt5.QtCore import QEvent, QPointF, Qt
    from PyQt5.QtGui import QMouseEvent
    from PyQt5.QtWidgets import QApplication

    window = made()
    window.adjust()

    def mouse(kind, x, y):
        place = QPointF(x, y)
        event = QMouseEvent(kind, place, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton,
                            Qt.KeyboardModifier.NoModifier)  # fmt: skip
        QApplication.sendEvent(window.viewport(), event)

    mouse(QEvent.Type.MouseButtonPress, 1270, 700)
    mouse(QEvent.Type.MouseMove, 1152, 648)
    mouse(QEvent.Type.MouseButtonRelease, 1152, 648)
    assert window._adjusting.projection.corners[2] == pytest.approx((0.9, 0.9))
    keys(qtbot, window, "Return")
    assert window.settings.projection.corners[2] == pytest.approx((0.9, 0.9))


def test_feedback_goes_on_behind_the_grid(made, view, qtbot):
    window = made()
    window.adjust()
    view.walker.publish(feedback(71.0))
    window.tick()
    keys(qtbot, window, "Escape")
    texts = {item.text() for item in window.scene().items() if hasattr(item, "text")}
    assert "71 %" in texts


def test_the_patch_turns_with_every_value_and_is_off_by_default(made, view):
    plain, probed = made(), made(patch="bottom-right")
    colours = []
    for stance in range(4):
        view.walker.publish(feedback(100.0, stance))
        for window in (plain, probed):
            window.tick()
        assert list(pixels(plain)[-5, -5]) == [16, 16, 16]
        colours.append(int(pixels(probed)[-5, -5, 0]))
    assert colours == [255, 0, 255, 0]


def test_stages_of_a_picture_are_reported_in_order(made, view, qtbot):
    reported = []
    window = made(on_flushed=lambda feedback, stamps: reported.append((feedback, stamps)))
    given = feedback(88.0)
    view.walker.publish(given)
    window.tick()
    qtbot.waitUntil(lambda: bool(reported))
    told, stamps = reported[0]
    assert told is given
    assert stamps.shown_s <= stamps.paint_s <= stamps.painted_s <= stamps.flushed_s


def test_tones_are_asked_for_only_while_the_picture_is_seen(made, view):
    told = []
    window = made(on_told=lambda before, after: told.append(after.left.stance))

    def step(stance):
        view.walker.publish(feedback(80.0, stance))
        window.tick()

    step(1)
    window.toggle_blank()
    step(2)
    window.toggle_blank()
    step(3)
    window.adjust()
    step(4)
    window._adjusted(False)
    window.close()
    step(5)
    assert told == [1, 3]


def test_a_fault_in_painting_leaves_the_window_alive(made, view, monkeypatch, caplog):
    from pyqtgraph import GraphicsView

    window = made()
    painted = GraphicsView.paintEvent
    monkeypatch.setattr(GraphicsView, "paintEvent", lambda *_: 1 / 0)
    view.walker.publish(feedback(104.0))
    window.tick()
    window.viewport().repaint()
    assert "keeps its last picture" in caplog.text
    monkeypatch.setattr(GraphicsView, "paintEvent", painted)
    view.walker.publish(feedback(80.0))
    window.tick()
    assert {item.text() for item in window.scene().items() if hasattr(item, "text")} >= {"80 %"}


# -- screens --------------------------------------------------------------------------------------


class Screen:
    """A screen of an application that has several; the offscreen platform has one."""

    def __init__(self, name, x):
        from PyQt5.QtCore import QRect, QSize

        self._name, self._rect, self._size = name, QRect(x, 0, 800, 600), QSize(800, 600)

    def name(self):
        return self._name

    def size(self):
        return self._size

    def geometry(self):
        return self._rect

    availableGeometry = geometry  # noqa: N815 # Qt's name


@pytest.fixture
def desk(qapp, qtbot, made, view, tmp_path):
    """Two screens, the walker's window, the console and their placement."""
    from PyQt5.QtCore import QObject, pyqtSignal

    from display.console import Console
    from display.placement import Placement

    class App(QObject):
        screenRemoved = pyqtSignal(object)  # noqa: N815 # Qt's names
        screenAdded = pyqtSignal(object)  # noqa: N815

        def screens(self):
            return self.there

        def primaryScreen(self):
            return self.there[0]

    app = App()
    app.there = [Screen("eDP-1", 0), Screen("HDMI-1", 800)]
    console = Console(view)
    remembered = Remembered(str(tmp_path / "screens.ini"))

    def place(wanted=""):
        window = made()
        return window, Placement(app, window, console, remembered, wanted)

    yield app, console, remembered, place
    console.hide()
    console.deleteLater()


def test_the_walker_is_not_put_on_the_operators_screen(desk):
    _, console, _, place = desk
    window, placement = place()
    assert placement.screen == "HDMI-1"
    assert window.isFullScreen()
    assert console.geometry().x() < 800
    assert placement.said() == (True, "on HDMI-1, full screen")


def test_a_screen_is_chosen_by_name_or_a_part_of_it_and_a_wrong_name_is_told(desk, caplog):
    app, _, _, place = desk
    app.there.append(Screen("DP-3", 1600))
    assert place("DP-3")[1].screen == "DP-3"
    assert place("hdmi")[1].screen == "HDMI-1"
    assert place("beamer")[1].screen == "HDMI-1"
    assert "no screen 'beamer' (there are eDP-1, HDMI-1, DP-3)" in caplog.text


def test_the_choice_is_remembered_with_the_settings_of_each_screen(desk):
    app, _, remembered, place = desk
    app.there.append(Screen("DP-3", 1600))
    window, placement = place()
    floor = ScreenSettings(Projection(180, True))
    placement.move_to("DP-3")
    assert placement.screen == "DP-3"
    placement.keep(floor)
    placement.move_to("HDMI-1")
    assert window.settings == ScreenSettings()
    placement.move_to("DP-3")
    assert window.settings == floor
    assert remembered.of(screen_key(app.there[2])) == floor
    assert place()[1].screen == "DP-3"


def test_an_unplugged_screen_neither_covers_the_console_nor_is_forgotten(desk, qtbot):
    app, _, _, place = desk
    window, placement = place()
    gone = app.there.pop()
    app.screenRemoved.emit(gone)
    qtbot.waitUntil(lambda: not window.isFullScreen())
    seen, where = placement.said()
    assert not seen
    assert where.startswith("HDMI-1 is unplugged")
    assert window.isVisible()
    assert window.width() < 800
    app.there.append(Screen("HDMI-1", 800))
    app.screenAdded.emit(app.there[-1])
    assert window.isFullScreen()
    assert placement.said() == (True, "on HDMI-1, full screen")


def test_another_screen_may_come_and_go(desk):
    app, _, _, place = desk
    _, placement = place()
    other = Screen("DP-9", 1600)
    app.there.append(other)
    app.screenAdded.emit(other)
    app.there.remove(other)
    app.screenRemoved.emit(other)
    assert placement.said() == (True, "on HDMI-1, full screen")


def test_a_single_screen_holds_both_windows(desk):
    app, _, _, place = desk
    del app.there[1]
    window, placement = place()
    assert not window.isFullScreen()
    assert placement.said() == (True, "in a window on eDP-1")


def test_every_way_not_to_be_seen_is_said(desk, qtbot):
    _, _, _, place = desk
    window, placement = place()
    window.toggle_blank()
    assert placement.said() == (False, "on HDMI-1, full screen; blanked (B brings it back)")
    window.toggle_blank()
    window.adjust()
    assert "being fitted" in placement.said()[1]
    keys(qtbot, window, "Escape")
    window.close()
    assert placement.said() == (False, "the window is closed (F2 shows it)")
    placement.show()
    assert placement.said()[0]


def test_a_picture_that_tells_nothing_is_said(desk, view):
    _, _, _, place = desk
    window, placement = place()
    for display, words in (("blank", "; it shows nothing"), ("message", "; it shows words alone")):
        view.walker.publish(feedback(80.0, display=display))
        window.tick()
        assert placement.said() == (True, "on HDMI-1, full screen" + words)


@pytest.mark.parametrize("display", ["bar", "lane", "colour", "polar"])
def test_what_to_do_is_readable_from_where_the_walker_walks(qapp, display):
    """At least 30 minutes of arc tall at 2.5 m, also the longest words."""
    from PyQt5.QtGui import QFontMetricsF

    from compute import Side
    from compute.feedback import LegFeedback, WalkerFeedback, target_for
    from compute.variables import VARIABLES
    from display import theme
    from display.picture import _font
    from display.scene import walker_scene

    least_px = theme.DEFAULT_VIEWING.px(30.0, 1920.0) / theme.CAP_HEIGHT
    for name in VARIABLES:
        target = target_for(name)
        for value in (target.low - 1.0, target.high + 1.0):
            legs = (LegFeedback(side, target, "feedback", value=value) for side in Side)
            shown = walker_scene(WalkerFeedback(*legs, display=display), 1920.0, 1080.0)
            for side in Side:
                text = shown.text(f"{side.word} words")
                metrics = QFontMetricsF(_font(text.size_px))
                widest = max(map(metrics.horizontalAdvance, (text.words, text.widest)))
                share = min(text.box.width / widest, text.box.height / metrics.height(), 1.0)
                assert text.size_px * share >= least_px, (name, text.words)
