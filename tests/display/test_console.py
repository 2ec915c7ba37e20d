"""The operator's window: keys, curves, figure, latency, log, and what it does to the walker's picture."""

from dataclasses import replace

import numpy as np
import pytest

from compute import Side
from compute.curve_band import PERCENT, CurveBand
from compute.feedback import DISPLAYS, SOUNDS, LegFeedback, Target, WalkerFeedback, target_for
from compute.figure import ANKLE_JOINT, HIP_JOINT, KNEE_JOINT, MIDDLE, POINTS, TOP, Figure, point
from display.screen_settings import ScreenSettings
from display.theme import Viewing
from stream.source import LampState, Role, StreamHealth
from stream.status import Entry, Request, SessionStatus, SessionView

pytestmark = pytest.mark.qt


@pytest.fixture
def view():
    return SessionView()


@pytest.fixture
def console(qapp, qtbot, view):
    from display.console import Console

    window = Console(view)
    window.resize(1280, 900)
    window.show()
    view.status.publish(SessionStatus(state="running"))
    window.tick()
    yield window
    window.hide()
    window.deleteLater()


def key(qtbot, console, name):
    from PyQt5.QtCore import Qt

    console.activateWindow()
    qtbot.keyClick(console, getattr(Qt.Key, f"Key_{name}"))


def test_numbers_choose_the_picture(console, view, qtbot):
    for number, display in enumerate(DISPLAYS[:5], 1):
        key(qtbot, console, str(number))
        assert view.control.requests.popleft() == Request("display", display)


def test_the_picture_that_is_shown_is_marked_by_more_than_colour(console, view):
    for display in DISPLAYS:
        feedback = view.walker.read()[1]
        view.walker.publish(replace(feedback, display=display))
        console.tick()
        marked = [name for name, each in console.choice.buttons.items() if each.text()[0] == "●"]
        assert marked == [display]


def test_a_message_is_asked_for_and_shown(console, view, qtbot):
    from PyQt5.QtCore import Qt

    key(qtbot, console, "6")
    assert not view.control.requests
    assert console.second.currentWidget() is console.log
    qtbot.keyClicks(console.log.entry, "Walk 5 b n s")  # keys of the console are letters here
    qtbot.keyClick(console.log.entry, Qt.Key.Key_Return)
    assert list(view.control.requests) == [Request("message", "Walk 5 b n s")]


def test_notes_and_marks(console, view, qtbot):
    from PyQt5.QtCore import Qt

    key(qtbot, console, "Space")
    key(qtbot, console, "Space")
    key(qtbot, console, "N")
    qtbot.keyClicks(console.log.entry, "knee pain 3")
    qtbot.keyClick(console.log.entry, Qt.Key.Key_Return)
    key(qtbot, console, "N")
    qtbot.keyClicks(console.log.entry, "dropped")
    qtbot.keyClick(console.log.entry, Qt.Key.Key_Escape)
    key(qtbot, console, "N")
    qtbot.keyClicks(console.log.entry, "   ")
    qtbot.keyClick(console.log.entry, Qt.Key.Key_Return)
    asked = [(each.what, each.text) for each in view.control.requests]
    assert asked == [("mark", "mark 1"), ("mark", "mark 2"), ("note", "knee pain 3")]
    assert not console.log.entry.text()


def test_space_marks_whatever_has_the_focus(console, view, qtbot):
    from PyQt5.QtCore import Qt

    console.stop_button.setFocus()
    qtbot.keyClick(console.stop_button, Qt.Key.Key_Space)
    assert [each.what for each in view.control.requests] == ["mark"]
    assert not console.question.isVisible()
    qtbot.keyClick(console.stop_button, Qt.Key.Key_Return)
    assert console.question.isVisible()


@pytest.mark.parametrize(
    ("target", "step"),
    [(Target(), 1.0), (target_for("foot_progression"), 1.0),
     (target_for("ekam_peak1", mode="absolute", low=0.3, high=0.4), 0.01)],
)  # fmt: skip
def test_plus_and_minus_move_the_band_by_one_step_of_what_is_shown(
    console, view, qtbot, target, step
):
    view.status.publish(SessionStatus(state="running", target=target))
    console.tick()
    key(qtbot, console, "Plus")
    key(qtbot, console, "Minus")
    asked = [(each.what, each.number) for each in view.control.requests]
    assert asked == [("shift_band", step), ("shift_band", -step)]


def test_s_takes_the_next_sound(console, view, qtbot):
    key(qtbot, console, "S")
    assert view.control.requests.popleft() == Request("sound", SOUNDS[1])
    view.walker.publish(replace(view.walker.read()[1], sound="both"))
    console.tick()
    key(qtbot, console, "S")
    assert view.control.requests.popleft() == Request("sound", "off")


def test_the_band_is_said_in_its_unit(console, view):
    view.status.publish(SessionStatus(state="running", baseline=(0.5, float("nan"))))
    console.tick()
    assert console.band.text() == "left  0.300 to 0.450 N·m/kg"
    foot = target_for("foot_progression")
    view.status.publish(SessionStatus(state="running", target=foot, baseline=(6.0, 5.0)))
    console.tick()
    assert console.band.text() == "left  -3.0 to 1.0 °\nright  -4.0 to 0.0 °"


def test_the_question_does_not_push_anything_out_of_the_window(console, view, qapp):
    qapp.processEvents()
    before = console.height(), console.halves.geometry().bottom()
    console.ask_stop()
    qapp.processEvents()
    assert (console.height(), console.halves.geometry().bottom()) == before
    console.keep_running()
    assert console.start_button.isVisible()


def buttons_of(console):
    from PyQt5.QtCore import QPoint
    from PyQt5.QtWidgets import QPushButton

    return {
        each.text(): (each.mapTo(console, QPoint(0, 0)), each.size())
        for each in console.findChildren(QPushButton)
        if each.isVisible() and each.objectName() != "answer"
    }


@pytest.mark.parametrize("size", [(1366, 740), (1000, 740), (1920, 1040)])
def test_no_button_moves_when_something_goes_wrong(console, view, qapp, size):
    from compute.protocol import moment_of, start
    from stream.protocol_file import read_protocol

    moment = moment_of(start(read_protocol("ekam_retraining").protocol.plan(1)))
    calm = SessionStatus(state="running", protocol=moment)
    console.resize(*size)
    lost = StreamHealth(Role.MARKERS, "m", LampState.LOST, 200.0, message="look " * 40)
    for trouble in (
        replace(calm, message="the disk is full"),
        replace(calm, message="the left plate drifts, look at its amplifier; " * 7),
        replace(calm, message="the markers are lost", streams=(lost,), notes=("no trunk " * 40,)),
        replace(calm, late="drawing takes 81 ms (at most 50)", message="late", elapsed_s=4000.0),
    ):
        places = []
        for status in (calm, trouble, calm):
            view.status.publish(status)
            console.tick()
            qapp.processEvents()
            places.append(buttons_of(console))
        assert "Stop  (F6)" in places[0]
        assert places[0] == places[1] == places[2]
    assert not console.alarm.isVisible()


def test_a_long_alarm_is_seen_to_its_end(console, view, qapp):
    from display.console.alarm import SIZES_PX

    words = (
        "the left plate drifts, look at its amplifier and at the network of the capture computer"
    )
    sizes = []
    for text in (words, ", ".join((words,) * 3)):
        view.status.publish(SessionStatus(state="running", message=text))
        console.tick()
        qapp.processEvents()
        sizes.append(console.alarm.font().pixelSize())
        assert console.alarm.heightForWidth(console.alarm.width()) <= console.alarm.height()
    assert SIZES_PX[0] == sizes[0] > sizes[1]
    assert console.alarm.toolTip() == ", ".join((words,) * 3)


def test_the_log_adds_filters_and_copies(console, view, qapp):
    from PyQt5.QtGui import QGuiApplication

    view.log.add(Entry(5.0, "lamp", "markers lost: no data"))
    view.log.add(Entry(65.0, "mark", "mark 1"))
    view.log.add(Entry(66.0, "alarm", "the disk is slow"))
    console.tick()
    console.tick()
    lines = [console.log.list.item(i).text() for i in range(console.log.list.count())]
    assert [line.split()[0] for line in lines] == ["0:00:05", "0:01:05", "0:01:06"]
    console.log.filter.setText("MARK")
    shown = [i for i in range(3) if not console.log.list.item(i).isHidden()]
    assert shown == [0, 1]
    view.log.add(Entry(70.0, "note", "nothing of that"))
    console.tick()
    assert console.log.list.item(3).isHidden()
    console.log.copy_button.click()
    assert QGuiApplication.clipboard().text().splitlines() == lines[:2]
    for i in range(700):
        view.log.add(Entry(i, "mark", f"mark {i}"))
        if i % 100 == 0:
            console.tick()
    console.tick()
    assert console.log.list.count() == 500


def test_the_latency_is_said_in_words_and_drawn_against_the_budget(console, view):
    from display.console.words import BUDGET_MS

    assert "no picture" in console.meter.words.text()
    console.first.setCurrentWidget(console.meter)
    for ms in (10.0, 12.0, 14.0):
        view.delays.add(ms)
    console.tick()
    assert "in time" in console.meter.words.text()
    assert "p50 12" in console.meter.words.text()
    assert sum(console.meter.bars.opts["height"]) == 3
    for _ in range(10):
        view.delays.add(BUDGET_MS + 100.0)
    view.status.publish(SessionStatus(state="running", late="drawing takes 81 ms (at most 50)"))
    console.tick()
    assert "▲ late: drawing takes 81 ms (at most 50)" in console.meter.words.text()
    assert sum(console.meter.bars.opts["height"]) == 13  # what is off the scale is in the last bar
    assert console.meter.bars.opts["height"][-1] == 10


def band(n=2):
    mean = np.sin(np.pi * PERCENT / 100.0)
    return CurveBand(n, mean, 0.01 * np.ones(101), 0.9 * mean, True)


def test_each_leg_is_drawn_over_its_own_baseline(console, view):
    view.curves.publish((band(), CurveBand(last=0.5 * np.ones(101), valid=False)))
    console.tick()
    left, right = console.curves.legs
    np.testing.assert_allclose(left.high.getData()[1] - left.mean.getData()[1], 0.1)
    np.testing.assert_allclose(left.last.getData()[1], band().last)
    assert right.mean.getData()[1] is None or not len(right.mean.getData()[1])
    np.testing.assert_allclose(right.last.getData()[1], 0.5)
    from PyQt5.QtCore import Qt

    assert left.last.opts["pen"].style() == Qt.PenStyle.SolidLine
    assert right.last.opts["pen"].style() == Qt.PenStyle.DashLine  # rejected


def test_the_stance_under_way_is_drawn_while_the_foot_is_loaded(console, view):
    t = np.arange(100) / 100.0
    load = np.where(t > 0.65, 700.0, 0.0)
    view.trace.append(np.column_stack([t, t, -t, load, np.zeros(100)]))
    console.tick()
    left, right = console.curves.legs
    x, y = left.under_way.getData()
    first = int(np.flatnonzero(load)[0])
    np.testing.assert_allclose(y, t[first:])
    np.testing.assert_allclose(x[-1], 100.0 * (t[-1] - t[first]) / 0.7)
    assert not len(right.under_way.getData()[0])


def walker_figure():
    points = np.full((POINTS, 3), np.nan)
    points[TOP], points[MIDDLE] = (2.0, 1.4, 0.0), (2.0, 1.0, 0.0)
    for side in Side:
        z = side.sigma * 0.1
        for joint, y in ((HIP_JOINT, 0.95), (KNEE_JOINT, 0.5), (ANKLE_JOINT, 0.08)):
            points[point(side, joint)] = (2.0, y, z)
    cop = np.array([[2.1, 0.0, -0.1], [np.nan] * 3])
    force = np.array([[0.0, 700.0, 0.0], [0.0, 0.0, 0.0]])
    return Figure(1.0, points, np.zeros((4, 3)), cop, force)


def test_the_figure_shows_joints_and_the_force_of_the_loaded_foot(console, view):
    console.first.setCurrentWidget(console.figure)
    view.figure.publish(walker_figure())
    console.tick()
    behind, side_view = console.figure.views
    x, y = behind.forces[Side.LEFT].getData()
    assert (x[0], y[0], y[1]) == pytest.approx((-0.1, 0.0, 0.7))  # 700 N are 0.7 m
    assert not len(behind.forces[Side.RIGHT].getData()[0])
    x, _ = side_view.forces[Side.LEFT].getData()
    assert x[0] == pytest.approx(0.1)  # in front of the pelvis
    x, _ = behind.legs[Side.LEFT].getData()
    assert set(np.round(x, 6)) == {-0.1}  # the left leg is left when seen from behind
    x, _ = behind.legs[Side.RIGHT].getData()
    assert set(np.round(x, 6)) == {0.1}


def test_nothing_is_drawn_that_no_one_sees(console, view):
    view.figure.publish(walker_figure())
    console.tick()
    assert not np.size(console.figure.views[0].forces[Side.LEFT].xData)


def test_what_has_become_of_the_walkers_picture_is_said(console):
    settings = ScreenSettings(viewing=Viewing(3.0, 2.0))
    say = ("in time", ("DP-1", "HDMI-2"), "HDMI-2", settings)
    console.say_walker(True, "on HDMI-2, full screen", "", *say[1:], blank=False)
    assert console.walker.text() == "● walker's picture on HDMI-2, full screen"
    console.say_walker(False, "the window is closed", "there is no sound", *say[1:], blank=False)
    assert "NOT SEEN" in console.walker.text()
    assert "there is no sound" in console.walker.text()
    panel = console.screen_panel
    assert panel.screens.currentText() == "HDMI-2"
    assert (panel.distance.value(), panel.width_m.value()) == (3.0, 2.0)


def test_distance_and_width_are_asked_for(console, qtbot):
    asked, screens = [], []
    console.settings_asked.connect(asked.append)
    console.screen_asked.connect(screens.append)
    settings = ScreenSettings()
    console.say_walker(True, "here", "", ("A", "B"), "A", settings, blank=False)
    console.screen_panel.distance.setValue(6.0)
    assert asked[-1].viewing.distance_m == 6.0
    assert asked[-1].projection == settings.projection
    console.say_walker(True, "here", "", ("A", "B"), "A", asked[-1], blank=False)
    console.screen_panel.width_m.setValue(0.4)
    console.say_walker(True, "here", "", ("A", "B"), "A", asked[-1], blank=False)
    assert console.screen_panel.sizes.text().startswith("▲")
    key(qtbot, console, "F3")
    assert screens == ["B"]


def test_the_preview_is_the_walkers_picture(console, view):
    legs = [LegFeedback(side, Target(), "feedback", value=70.0) for side in Side]
    view.walker.publish(WalkerFeedback(*legs))
    console.tick()
    texts = {item.text() for item in console.preview.scene().items() if hasattr(item, "text")}
    assert "70 %" in texts
    console._blank = True
    console.tick()
    visible = [item for item in console.preview.scene().items() if item.isVisible()]
    assert not any(hasattr(item, "text") for item in visible)


def test_a_dialog_in_front_of_the_console_stops_nothing(console, view, qapp, qtbot):
    """A nested event loop, as every system dialog is: the walker's picture goes on."""
    from PyQt5.QtCore import QTimer
    from PyQt5.QtWidgets import QMessageBox

    from display.walker import WalkerWindow

    walker = WalkerWindow(view)
    walker.resize(640, 360)
    walker.show()
    box = QMessageBox(console)
    shown = []

    def while_it_is_open():
        legs = [LegFeedback(side, Target(), "feedback", value=71.0) for side in Side]
        view.walker.publish(WalkerFeedback(*legs))
        QTimer.singleShot(100, look)

    def look():
        shown.extend(item.text() for item in walker.scene().items() if hasattr(item, "text"))
        box.reject()

    QTimer.singleShot(50, while_it_is_open)
    box.exec()
    assert "71 %" in shown
    walker.hide()
    walker.deleteLater()


def test_keys_are_listed(console, qtbot):
    assert not console.keys.isVisible()
    key(qtbot, console, "F1")
    assert console.keys.isVisible()
    for name in ("F5", "F6", "Space", "1 to 6", "F3"):
        assert name in console.keys.text()


def test_it_fits_a_laptop(console):
    size = console.minimumSizeHint()
    assert size.width() <= 1366
    assert size.height() <= 700


def test_on_a_small_screen_all_tabs_are_one_group(console, qapp, qtbot):
    def groups():
        return [
            [tabs.widget(i) for i in range(tabs.count())]
            for tabs in (console.first, console.second)
        ]

    console.resize(1280, 950)
    qapp.processEvents()
    apart = groups()
    assert console.log in apart[1]
    console.resize(1100, 720)
    qapp.processEvents()
    assert groups() == [apart[0] + apart[1], []]
    assert not console.second.isVisible()
    key(qtbot, console, "N")
    assert console.first.currentWidget() is console.log
    console.resize(1500, 720)
    qapp.processEvents()
    assert groups() == apart
    assert console.second.isVisible()
