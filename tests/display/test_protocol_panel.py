"""The protocol as the operator sees and steers it."""

from dataclasses import replace

import pytest

from compute import Side
from compute.feedback import Target
from compute.protocol import Ask, GuardNow, LegNow, moment_of, start
from compute.protocol.leg_baseline import LegBaseline
from compute.protocol.moment import Prompt, TimelineEntry
from compute.protocol.records import Answer
from display.console import words
from stream.protocol_file import read_protocol
from stream.status import SessionStatus, SessionView


def moment(**fields):
    """The first session of the EKAM template at its begin, with other fields."""
    return replace(moment_of(start(read_protocol("ekam_retraining").protocol.plan(1))), **fields)


def plain(said):
    return said.replace("\N{NO-BREAK SPACE}", " ")


def test_the_timeline_names_every_block_and_where_it_is():
    said = plain(words.timeline(moment()))
    assert said.startswith("session 1 of 8    ▶ FAMILIARISE    ○ baseline")
    assert "○ catch (20 steps a leg)" in said
    assert "○ train 1 (8 min)" in said
    blocks = (
        TimelineEntry("baseline", "baseline", "done", 60.0, None),
        TimelineEntry("train", "train", "done", 60.0, None, True),
        TimelineEntry("catch", "catch", "done", 60.0, None, False),
        TimelineEntry("retention", "retention", "now", 60.0, None),
    )
    assert plain(words.timeline(moment(timeline=blocks, sessions=1))) == (
        "• baseline    ✓ train succeeded    ✖ catch not reached    ▶ RETENTION"
    )


def legs(**fields):
    guards = (
        GuardNow("KFM peak", "beyond", 24.6, 10.0, "%"),
        GuardNow("hip adduction", "within", -0.42, 2.0, "°"),
        GuardNow("EKAM peak 1 right", "unknown", float("nan"), 10.0, "%"),
    )
    left = LegNow(
        Side.LEFT, Target("ekam_peak1", "relative", 60.0, 90.0),
        LegBaseline(50, (0.4671,), (0.0312,)), "N·m/kg", 20, 88.4, 14, guards,
    )  # fmt: skip
    return (left, replace(left, side=Side.RIGHT, **fields))


def test_each_trained_leg_has_its_target_and_the_lamps_of_its_guards():
    left, right = legs(target=None, baseline=None, last=0, guards=())
    assert plain(words.leg_line(left)) == (
        "left     target 60 to 90 %     last 20: 88 %, 14 inside     ✖ KFM peak +25 % (limit 10)"
        "     ● hip adduction -0.4 °     ○ EKAM peak 1 right"
    )
    assert plain(words.leg_line(right)) == "right     no target now"
    assert words.baselines((left, right)) == "     baseline  left 0.467 ± 0.031 N·m/kg (50 steps)"
    angle = Target("foot_progression", "difference", -7.0, -3.0)
    assert "target -7.0 to -3.0 °" in plain(words.leg_line(replace(left, target=angle, last=0)))


def test_progress_says_time_steps_feedback_and_what_comes():
    said = words.progress(
        moment(left_s=72.0, counted=(12, 14), needed=50, told=(True, False), number=3)
    )
    assert "block 3 of 7" in said
    assert "0:01:12 left" in said
    assert "left 12 of 50,  right 14 of 50 valid" in said
    assert "feedback: left" in said
    assert "next: baseline" in said
    assert "no feedback now" in words.progress(moment())
    open_end = words.progress(moment(left_s=float("nan"), elapsed_s=61.0))
    assert "since 0:01:01" in open_end
    assert "the protocol is over" in words.progress(moment(ended=True))


@pytest.mark.parametrize(
    "asks", [("pause",), ("next",) * 20, ("end",), ("next", "accept", "pause")]
)
def test_every_state_of_a_protocol_can_be_shown(asks):
    state = start(read_protocol("ekam_retraining").protocol.plan(2))
    for i, what in enumerate(asks):
        state = state.asked(Ask(what, float(i)))
        shown = moment_of(state)
        assert words.progress(shown)
        assert words.timeline(shown)
    if asks == ("pause",):
        assert "PAUSED" in words.progress(shown)


@pytest.fixture
def view():
    return SessionView()


@pytest.fixture
def console(qapp, qtbot, view):
    from display.console import Console

    window = Console(view)
    window.resize(1400, 900)
    window.show()
    yield window
    window.hide()
    window.deleteLater()


def tell(console, view, shown):
    view.status.publish(SessionStatus(state="running", protocol=shown))
    console.tick()


def keys(qtbot, console, *names):
    from PyQt5.QtCore import Qt

    for name in names:
        qtbot.keyClick(console, getattr(Qt.Key, f"Key_{name}"))


@pytest.mark.qt
def test_without_a_protocol_there_is_no_panel_and_no_wish(console, view, qtbot):
    tell(console, view, None)
    assert not console.protocol.isVisible()
    keys(qtbot, console, "F7", "F8", "F9", "P", "A")
    assert not view.control.requests


@pytest.mark.qt
def test_targets_and_guards_are_shown_and_not_to_a_blinded_operator(console, view):
    tell(console, view, moment(legs=legs()))
    panel = console.protocol
    for line in panel.legs.values():
        assert "target 60 to 90 %" in plain(line.text())
        assert line.property("beyond")
    assert "right 0.467 ± 0.031" in console.aim.text()
    assert "60" not in console.aim.text()  # one band for both legs would be wrong of one of them
    assert not console.band.isVisible()
    tell(console, view, moment(legs=(), blinded=True))
    assert not any(line.isVisible() for line in panel.legs.values())


@pytest.mark.qt
def test_wishes_have_keys_and_buttons(console, view, qtbot):
    tell(console, view, moment())
    assert console.protocol.isVisible()
    keys(qtbot, console, "F7", "F8", "F9", "P")
    assert [each.what for each in view.control.requests] == ["next", "repeat", "accept", "pause"]
    view.control.requests.clear()
    console.protocol.next_button.click()
    tell(console, view, moment(halted="pain"))
    assert console.protocol.pause_button.text().startswith("Resume")
    console.protocol.pause_button.click()
    assert [each.what for each in view.control.requests] == ["next", "resume"]
    tell(console, view, moment(ended=True))
    assert not console.protocol.next_button.isEnabled()


@pytest.mark.qt
def test_a_question_that_is_due_is_asked_and_answered(console, view, qtbot):
    from PyQt5.QtCore import Qt

    tell(console, view, moment(prompts=()))
    assert not console.protocol.asked.isVisible()
    due = Prompt("answer", "ask for pain (0 to 10)", "pain", low=0.0, high=10.0)
    tell(console, view, moment(prompts=(due,)))
    assert "ask for pain (0 to 10)" in console.protocol.question.text()
    console.activateWindow()
    keys(qtbot, console, "A")
    answer = console.protocol.answer
    for typed in ("much", "33", "-1", "3,5"):
        qtbot.keyClicks(answer, typed)
        qtbot.keyClick(answer, Qt.Key.Key_Return)
    (asked,) = view.control.requests
    assert (asked.what, asked.text, asked.number) == ("answer", "pain", 3.5)
    assert not answer.text()


@pytest.mark.qt
def test_a_digit_belongs_to_the_question_that_is_due(console, view, qtbot):
    """Not to the walker's picture: the slip that everybody makes."""
    from PyQt5.QtCore import Qt

    due = Prompt("answer", "ask for pain (0 to 10)", "pain")
    tell(console, view, moment(prompts=(due,)))
    console.activateWindow()
    keys(qtbot, console, "5")
    assert console.protocol.answer.text() == "5"
    assert not view.control.requests
    qtbot.keyClick(console.protocol.answer, Qt.Key.Key_Return)
    assert [(each.what, each.number) for each in view.control.requests] == [("answer", 5.0)]
    view.control.requests.clear()
    tell(console, view, moment(prompts=()))
    keys(qtbot, console, "5")
    assert [each.text for each in view.control.requests] == ["blank"]


def answered(*given):
    """A session of which so many answers to its first question were given, a minute apart."""
    state = start(read_protocol("ekam_retraining").protocol.plan(1))
    name = state.plan.questions[0].name
    answers = tuple(Answer(60.0 * i, name, value, i) for i, value in enumerate(given))
    state = replace(state, answers=answers)
    return state, name


@pytest.mark.qt
def test_an_answer_is_corrected_with_a_few_keys(console, view, qtbot):
    from PyQt5.QtCore import Qt

    state, name = answered(1.0, 2.0, 3.0)
    tell(console, view, moment_of(state))
    row = console.protocol.answers
    assert [each.text() for each in row.buttons if each.isVisible()] == [
        f"0:02:00  {name} 3",
        f"0:01:00  {name} 2",
        f"0:00:00  {name} 1",
    ]
    console.activateWindow()
    keys(qtbot, console, "C")
    assert f"0:02:00  {name} 3" in row.lead.text()
    qtbot.keyClick(row.line, Qt.Key.Key_C)
    assert f"0:01:00  {name} 2" in row.lead.text()
    for typed in ("a lot", "70", "4,5"):
        qtbot.keyClicks(row.line, typed)
        qtbot.keyClick(row.line, Qt.Key.Key_Return)
    (asked,) = view.control.requests
    assert (asked.what, asked.text, asked.number) == ("correct", f"{name} 2", 4.5)
    assert not row.line.isVisible()
    tell(console, view, moment_of(state.asked(Ask(asked.what, 130.0, asked.text, asked.number))))
    assert row.buttons[1].text() == f"0:01:00  {name} 4.5 (was 2)"


@pytest.mark.qt
def test_an_answer_is_corrected_with_the_mouse_and_digits_belong_to_it(console, view, qtbot):
    from PyQt5.QtCore import Qt

    state, name = answered(1.0, 2.0)
    tell(console, view, moment_of(state))
    row = console.protocol.answers
    qtbot.mouseClick(row.buttons[1], Qt.MouseButton.LeftButton)
    keys(qtbot, console, "3")
    assert row.line.text() == "3"
    tell(console, view, moment_of(state.at(70.0)))  # a new moment leaves what is typed alone
    assert row.line.text() == "3"
    qtbot.keyClick(row.line, Qt.Key.Key_Escape)
    assert not view.control.requests
    assert row.buttons[1].isVisible()
    qtbot.mouseClick(row.buttons[1], Qt.MouseButton.LeftButton)
    keys(qtbot, console, "3")
    qtbot.keyClick(row.line, Qt.Key.Key_Return)
    assert [(each.text, each.number) for each in view.control.requests] == [(f"{name} 1", 3.0)]


@pytest.mark.qt
def test_a_halt_that_a_correction_makes_or_unmakes_is_said(console, view):
    state, name = answered(1.0)
    for value, said in ((9.0, "(pain was corrected from 1 to 9)"), (2.0, "no reason to stop")):
        state = state.asked(Ask("correct", 70.0, f"{name} 1", value))
        tell(console, view, moment_of(state))
        assert said in console.protocol.prompts.text()
        assert console.protocol.pause_button.text().startswith("Resume")


@pytest.mark.qt
def test_urgent_prompts_stand_out_by_shape(console, view):
    shown = (
        Prompt("stop", "pain 6: resume, or end the session", urgent=True),
        Prompt("guard", "left leg: KFM peak is 14 % above its baseline"),  # a lamp of its own
        Prompt("speed", "belt speed +4 % from that of the baseline"),
    )
    tell(console, view, moment(prompts=shown))
    said = console.protocol.prompts.text().splitlines()
    assert said[0].startswith("✖  pain 6")
    assert said[1:] == ["▲  belt speed +4 % from that of the baseline"]
    assert console.protocol.prompts.property("urgent")


@pytest.mark.qt
def test_a_blinded_operator_sees_neither_the_picture_nor_its_words(console, view):
    from compute.feedback import LegFeedback, Target, WalkerFeedback

    legs = [LegFeedback(side, Target(), "feedback", value=70.0) for side in Side]
    view.walker.publish(WalkerFeedback(*legs))
    tell(console, view, moment(blinded=True))
    visible = [item for item in console.preview.scene().items() if item.isVisible()]
    assert not any(hasattr(item, "text") for item in visible)
    tell(console, view, moment())
    visible = [item for item in console.preview.scene().items() if item.isVisible()]
    assert any(hasattr(item, "text") and item.text() == "70 %" for item in visible)


@pytest.mark.qt
def test_it_fits_a_laptop_with_a_protocol(console, view, qapp):
    due = Prompt("answer", "ask for pain (0 to 10)", "pain")
    state, _ = answered(1.0, 2.0, 3.0, 4.0)
    tell(console, view, replace(moment_of(state), prompts=(due,)))
    qapp.processEvents()
    size = console.minimumSizeHint()
    assert size.width() <= 1366
    assert size.height() <= 720
