"""Both windows, offscreen."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from compute import Side, Stance
from compute.feedback import DISPLAYS, LegFeedback, Target, WalkerFeedback, target_for
from stream.source import LampState, Role, StreamHealth
from stream.status import SessionStatus, SessionView

pytestmark = pytest.mark.qt


@pytest.fixture
def view():
    return SessionView()


@pytest.fixture
def walker(qapp, qtbot, view):
    from display.walker import WalkerWindow

    window = WalkerWindow(view)
    window.resize(1280, 720)
    window.show()
    yield window
    window.hide()
    window.deleteLater()


@pytest.fixture
def console(qapp, qtbot, view):
    from display.console import Console

    window = Console(view)
    window.resize(1280, 900)
    window.show()
    yield window
    window.hide()
    window.deleteLater()


def feedback(left=None, right=None, *, rejected=False, banner=""):
    legs = [
        LegFeedback(
            side, Target(), phase="baseline" if value is None else "feedback",
            value=float("nan") if value is None else value, rejected=rejected,
        )
        for side, value in ((Side.LEFT, left), (Side.RIGHT, right))
    ]  # fmt: skip
    return WalkerFeedback(*legs, banner)


def picture(window):
    """Pixels, shape (height, width, 3)."""
    image = window.grab().toImage().convertToFormat(4)  # RGB32
    data = image.bits().asstring(image.width() * image.height() * 4)
    return (
        np.frombuffer(data, np.uint8)
        .reshape(image.height(), image.width(), 4)[:, :, 2::-1]
        .astype(int)
    )


def colour(text):
    return [int(text[i : i + 2], 16) for i in (1, 3, 5)]


def show(window, view, given):
    view.walker.publish(given)
    window.tick()
    return picture(window)


def inside_bar(side):
    """A pixel near the foot of the bar, clear of outline and band."""
    return (0.74, 0.37 if side is Side.LEFT else 0.63)


def at(pixels, place):
    return list(pixels[int(place[0] * pixels.shape[0]), int(place[1] * pixels.shape[1])])


def test_bars_have_the_colour_of_their_verdict(walker, view):
    from display import theme

    pixels = show(walker, view, feedback(85.0, 104.0))
    assert at(pixels, inside_bar(Side.LEFT)) == colour(theme.INSIDE)
    assert at(pixels, inside_bar(Side.RIGHT)) == colour(theme.OUTSIDE)
    assert at(pixels, (0.5, 0.002)) == colour(theme.BACKGROUND)
    grey = show(walker, view, feedback(85.0, 85.0, rejected=True))
    assert at(grey, inside_bar(Side.LEFT)) == colour(theme.NEUTRAL)
    empty = show(walker, view, feedback())
    assert at(empty, inside_bar(Side.LEFT)) == colour(theme.TRACK)


def test_the_band_outline_is_drawn_over_the_bar_and_lights_up_beside_it(walker, view):
    from display import theme
    from display.scene import walker_scene

    given = feedback(104.0, 104.0)
    pixels = show(walker, view, given)
    (left, top), _, (right, bottom), _ = (
        walker_scene(given, 1280.0, 720.0).shape("left band").points
    )
    middle_x, middle_y = int((left + right) / 2), int((top + bottom) / 2)
    for y in (top, bottom):
        assert list(pixels[round(y), middle_x]) == colour(theme.BAND_EDGE)
    assert list(pixels[middle_y, middle_x]) == colour(theme.OUTSIDE)
    assert list(pixels[middle_y, int(left) + 10]) == colour(theme.BAND_FILL)
    assert list(pixels[middle_y, int(left) - 6]) == colour(theme.BACKGROUND)


def deuteranopia(rgb):
    """What a person without green cones sees (Vienot, Brettel & Mollon 1999), linear RGB."""
    linear = (np.asarray(rgb) / 255.0) ** 2.2
    m = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    return np.clip(m @ linear, 0, 1) ** (1 / 2.2)


def test_inside_and_outside_differ_for_red_green_blind_eyes():
    from display import theme

    shades = [deuteranopia(colour(c)) for c in (theme.INSIDE, theme.OUTSIDE, theme.NEUTRAL)]
    for i in range(3):
        for j in range(i):
            assert np.linalg.norm(shades[i] - shades[j]) > 0.25


def test_text_contrast_is_at_least_seven_to_one():
    from display import theme

    def luminance(text):
        linear = [
            (c / 255 / 12.92) if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4
            for c in colour(text)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for text in (theme.TEXT, theme.WARNING, theme.QUIET):
        assert (luminance(text) + 0.05) / (luminance(theme.BACKGROUND) + 0.05) > 7.0


def test_nothing_is_added_over_ten_thousand_stances(walker, view, console):
    """Neither items nor memory, in no picture, in no preview."""
    import resource

    def walk(begin, end):
        for i in range(begin, end):
            given = feedback(60.0 + i % 80, 140.0 - i % 80, rejected=i % 7 == 0)
            display = DISPLAYS[i // 50 % len(DISPLAYS)]
            view.walker.publish(replace(given, display=display, message=f"word {i % 9}"))
            walker.tick()
            if i % 20 == 0:
                console.preview.show_view(view, blank=False, viewing=console._viewing)

    walk(0, 1000)
    items = len(walker.scene().items()), len(console.preview.scene().items())
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walk(1000, 10_000)
    assert (len(walker.scene().items()), len(console.preview.scene().items())) == items
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 2000


def test_number_keeps_its_size(walker, view):
    sizes = []
    for value in (85.0, 104.0):
        view.walker.publish(feedback(value, value))
        walker.tick()
        sizes.append(
            max(i.font().pixelSize() for i in walker.scene().items() if hasattr(i, "font"))
        )
    assert sizes[0] == sizes[1]


def test_blank_shows_nothing_and_comes_back(walker, view, qtbot):
    from PyQt5.QtCore import Qt

    before = show(walker, view, feedback(85.0, 104.0, banner="REPLAY"))
    qtbot.keyClick(walker, Qt.Key.Key_B)
    assert len(np.unique(picture(walker).reshape(-1, 3), axis=0)) == 1
    view.walker.publish(feedback(86.0, 104.0))
    walker.tick()
    assert len(np.unique(picture(walker).reshape(-1, 3), axis=0)) == 1
    qtbot.keyClick(walker, Qt.Key.Key_B)
    assert not np.array_equal(picture(walker), before)
    assert len(np.unique(picture(walker).reshape(-1, 3), axis=0)) > 3


def test_a_fault_keeps_the_last_picture(walker, view, monkeypatch, caplog):
    before = show(walker, view, feedback(85.0, 104.0))
    monkeypatch.setattr("display.walker.walker_scene", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR):
        after = show(walker, view, feedback(120.0, 60.0))
        show(walker, view, feedback(121.0, 60.0))
    assert np.array_equal(before, after)
    assert sum("last picture" in record.message for record in caplog.records) == 1


def test_closing_the_walker_window_does_not_stop_the_session(walker, view):
    walker.close()
    assert not view.control.stop_requested.is_set()


STREAMS = (
    StreamHealth(
        Role.MARKERS, "mocap", LampState.DEGRADED, 200.0, 171.0, 0.04, 100, 12,
        hostname="capture-pc", jitter_s=0.00042, bound=3,
    ),
    StreamHealth(Role.FORCES, "", LampState.LOST, 1000.0, 0.0, 6.0, message="no data"),
)  # fmt: skip


def stance(number, *reasons):
    return Stance(number, Side(number % 2), 0.0, 0.7, 0.8, 70.0, 1.7, 35.0, 28.0, reasons=reasons)


def running(**fields):
    return SessionStatus(
        state="running", streams=STREAMS, recent=(stance(1), stance(2, "marker_gap")), **fields
    )


def words(table):
    return [
        [table.item(r, c).text() for c in range(table.columnCount())]
        for r in range(table.rowCount())
    ]


def test_console_says_the_state_of_streams_and_stances_in_words(console, view):
    view.status.publish(running(subject_id="S07", banner="REPLAY", valid=(3, 4), rejected=(1, 0)))
    console.tick()
    streams = words(console.streams)
    assert "degraded" in streams[0][0]
    assert "lost" in streams[1][0]
    assert streams[0][0][0] != streams[1][0][0]  # another shape
    assert console.troubles.text() == "forces: no data"
    assert streams[0][2:] == [
        "capture-pc",
        "171.0 / 200",
        "0.42",
        "+0.00 ms",
        "0.04",
        "12",
        "2",
    ]
    assert streams[1][2:] == ["–", "0.0 / 1000", "–", "+0.00 ms", "6.00", "0", "0"]
    newest, older = words(console.stances)[:2]
    assert newest[:6] == ["2", "left", "0.500", "0.400", "–", "0.500 N·m/kg"]
    assert "rejected: marker gap" in newest[6]
    assert "valid" in older[6]
    assert console.banner.text() == "REPLAY"
    assert "left:  3 valid,  1 rejected" in console.counts.text()


def test_console_says_what_the_walker_is_aimed_at_and_what_is_missing(console, view):
    view.status.publish(running())
    console.tick()
    assert console.aim.text() == "feedback  EKAM peak 1: 60 to 90 % of baseline"
    assert not console.notes.isVisible()
    told = "C7 is not in the stream: trunk lean stays empty"
    view.status.publish(
        running(target=target_for("foot_progression"), baseline=(6.24, 5.0), notes=(told,))
    )
    console.tick()
    assert console.aim.text() == (
        "feedback  foot progression: -9 to -5° from baseline     baseline  left 6.2°,  right 5.0°"
    )
    assert console.notes.isVisible()
    assert console.notes.text() == told


def test_the_session_knows_whether_the_walker_sees_anything(walker, view):
    assert view.walker_sees.is_set()
    walker.toggle_blank()
    assert not view.walker_sees.is_set()
    walker.toggle_blank()
    assert view.walker_sees.is_set()
    walker.close()
    assert not view.walker_sees.is_set()


def test_start_is_disabled_with_the_reason_on_it(console, view):
    view.status.publish(SessionStatus(state="waiting", blocked="the force stream is missing"))
    console.tick()
    assert not console.start_button.isEnabled()
    assert "force stream" in console.start_button.text()
    view.status.publish(SessionStatus(state="waiting"))
    console.tick()
    assert console.start_button.isEnabled()
    console.start_button.click()
    assert view.control.start_requested.is_set()


def test_stop_asks_while_running(console, view, qtbot):
    view.status.publish(running())
    console.tick()
    console.stop_button.click()
    assert console.question.isVisible()
    assert not view.control.stop_requested.is_set()
    console.keep_button.click()
    assert not console.question.isVisible()
    console.close()  # closing is a Stop: it asks too
    assert console.isVisible()
    assert not view.control.stop_requested.is_set()
    console.stop_now_button.click()
    assert view.control.stop_requested.is_set()


def test_keys(console, view, qtbot):
    from PyQt5.QtCore import Qt

    asked = []
    console.blank_asked.connect(lambda: asked.append("blank"))
    console.activateWindow()
    view.status.publish(SessionStatus(state="waiting"))
    console.tick()
    qtbot.keyClick(console, Qt.Key.Key_F5)
    assert view.control.start_requested.is_set()
    qtbot.keyClick(console, Qt.Key.Key_B)
    assert asked == ["blank"]
    view.status.publish(running())
    console.tick()
    qtbot.keyClick(console, Qt.Key.Key_F6)
    assert console.question.isVisible()
    qtbot.keyClick(console, Qt.Key.Key_F6, Qt.KeyboardModifier.ControlModifier)
    assert view.control.stop_requested.is_set()


def test_console_draws_the_live_trace_of_both_legs(console, view):
    t = np.arange(200) / 100.0
    rows = np.column_stack([t, np.sin(t), np.cos(t), t, t])
    view.trace.append(rows)
    console.first.setCurrentWidget(console.trace)
    console.tick()
    for side, curve in zip(Side, console.trace.curves, strict=True):
        x, y = curve.getData()
        np.testing.assert_allclose(x, t - t[-1])
        np.testing.assert_allclose(y, rows[:, 1 + side])


def test_a_fault_in_the_console_is_logged_once_and_goes_on(console, view, monkeypatch, caplog):
    view.status.publish(replace(running(), recent=(None,)))
    with caplog.at_level(logging.ERROR):
        console.tick()
        console.tick()
    assert sum("failed to show" in record.message for record in caplog.records) == 1
    view.status.publish(running(message="all well"))
    console.tick()
    assert console.alarm.text() == "▲  all well"
    assert console.alarm.isVisible()


def test_windows_close_when_the_session_has_ended(qapp, view):
    from PyQt5.QtCore import QTimer

    from display.app import show as show_windows

    view.status.publish(running())
    QTimer.singleShot(300, lambda: view.status.publish(SessionStatus(state="ended")))
    assert show_windows(view) == 0


def test_a_missing_screen_is_a_sentence(monkeypatch):
    from display.screens import explain, no_screen_reason

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert no_screen_reason() == "no screen (DISPLAY is not set)"
    said = explain("ImportError: libGL.so.1: cannot open shared object file: No such file")
    assert said.startswith("the system library libGL.so.1 is missing; apt-get install ")
    monkeypatch.setenv("DISPLAY", ":987")
    assert "DISPLAY=:987 cannot be reached" in (no_screen_reason() or "")


def test_tables_fill_their_width_and_no_bar_hides_a_row(console, view, qapp):
    for samples in (1, 123_456_789):
        health = StreamHealth(Role.MARKERS, "m" * 30, LampState.OK, 200.0, 200.0, samples=samples)
        view.status.publish(SessionStatus(state="running", streams=(health,)))
        console.tick()
        qapp.processEvents()
        for table in (console.streams, console.stances):
            assert table.horizontalHeader().length() == table.viewport().width()
            assert table.horizontalScrollBar().maximum() == 0
