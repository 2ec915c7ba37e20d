"""What the operator asks of a running session, and the log of it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import walkers
from received import CLOCK_S, Received, chunks_of, infos_of, run

from compute.feedback import DISPLAYS, SOUNDS, Target, start
from stream.operator import LONGEST, Journal, carried_out, sentence
from stream.session import Session
from stream.source import LampState, Role, StreamHealth
from stream.status import Entry, Request, Rows, SessionView
from stream.verify import verify
from stream.xdf_read import read_xdf_file

NOW = start(Target())


@pytest.mark.parametrize("display", DISPLAYS)
def test_every_picture_can_be_asked_for(display):
    assert carried_out("display", display, float("nan"), NOW) == replace(NOW, display=display)


@pytest.mark.parametrize("sound", SOUNDS)
def test_every_sound_can_be_asked_for(sound):
    assert carried_out("sound", sound, float("nan"), NOW).sound == sound


def test_a_message_is_shown_at_once_and_an_empty_one_is_not():
    shown = carried_out("message", "slow down", float("nan"), NOW)
    assert (shown.display, shown.message) == ("message", "slow down")
    assert carried_out("message", "", float("nan"), NOW).display == "bar"
    assert len(carried_out("message", "x" * 10_000, float("nan"), NOW).message) == LONGEST


def test_both_edges_of_the_band_move():
    moved = carried_out("shift_band", "", -2.0, NOW)
    for leg in (moved.left, moved.right):
        assert (leg.target.low, leg.target.high) == (58.0, 88.0)


@pytest.mark.parametrize(
    ("asked", "text", "number"),
    [("display", "fireworks", float("nan")), ("sound", "loud", 1.0), ("shift_band", "", float("nan")),
     ("mark", "x", float("nan")), ("nothing", "", 0.0)],
)  # fmt: skip
def test_what_cannot_be_done_changes_nothing(asked, text, number):
    assert carried_out(asked, text, number, NOW) == NOW


def test_a_band_cannot_become_one_of_something_else():
    with pytest.raises(ValueError, match="not become one of something else"):
        NOW.aimed_at(Target("foot_progression", "difference", -9.0, -5.0))


def test_requests_of_a_session_change_its_picture_and_are_recorded(tmp_path):
    asks = [
        (CLOCK_S + 1.0, Request("mark", "mark 1")),
        (CLOCK_S + 1.5, Request("display", "lane")),
        (CLOCK_S + 2.0, Request("shift_band", number=-1.0)),
        (CLOCK_S + 2.5, Request("note", "knee pain 2")),
        (CLOCK_S + 3.0, Request("seen", "walker's picture: closed")),
    ]
    session, told = run(chunks_of(walkers.trial().recording), tmp_path, asks=asks, seen=True)
    feedback = session._view.walker.read()[1]
    assert feedback.display == "lane"
    assert told[-1].target.high == 89.0
    file = read_xdf_file(tmp_path / "raw.xdf")
    own = {i for i, header in file.headers.items() if "<name>ekam-events</name>" in header}
    events = [
        json.loads(row[0])
        for block in file.blocks
        if block.stream_id in own
        for row in block.values
    ]
    assert [event["event"] for event in events] == [
        "start", "target", "mark", "display", "target", "note", "seen", "stop",
    ]  # fmt: skip
    assert events[3]["display"] == "lane"
    assert (events[4]["low"], events[4]["high"]) == (59.0, 89.0)
    kinds = [entry.kind for entry in session._view.log.since(0)[1]]
    assert [kind for kind in kinds if kind not in ("lamp", "alarm")] == [
        event["event"] for event in events
    ]
    assert not verify(tmp_path).difference


@pytest.mark.parametrize("display", ["blank", "message"])
def test_a_walker_who_is_told_nothing_was_shown_nothing(tmp_path, display):
    asks = [(0.0, Request("message" if display == "message" else "display", display))]
    shown = {}
    for name, asked in (("told", ()), ("not", asks)):
        folder = tmp_path / name
        folder.mkdir()
        run(chunks_of(walkers.trial(14).recording), folder, asks=asked, seen=True)
        with (folder / "stances.csv").open() as file:
            shown[name] = {row["shown"] for row in csv.DictReader(file)}
    assert shown == {"told": {"none", "final"}, "not": {"none"}}


def test_the_operator_is_shown_the_walker_and_the_curves():
    session, _ = run(chunks_of(walkers.trial().recording), live=True)
    view = session._view
    number, figure = view.figure.read()
    assert 10 < number / figure.time_s <= 20  # a second
    assert np.isfinite(figure.points_m).all()
    _, curves = view.curves.read()
    valid = [each for each in session.outcome.stances if each.valid]
    for band, side in zip(curves, (0, 1), strict=True):
        own = [each for each in valid if each.side == side]
        assert band.n == min(len(own), walkers.lab().target().baseline_stances)
        peak = max(each.ekam_peak1_nm_per_kg for each in own)
        assert np.nanmax(band.mean[:50]) == pytest.approx(peak, rel=0.15)


def test_lamps_and_alarms_are_logged_when_they_change():
    log = Rows[Entry](100)
    journal = Journal(log)

    def lamp(state, message=""):
        return (StreamHealth(Role.MARKERS, "m", state, message=message),)

    for t_s, state, message in (
        (0.0, LampState.OK, ""), (1.0, LampState.OK, ""), (2.0, LampState.LOST, "silent for 1 s"),
        (3.0, LampState.LOST, "silent for 2 s"), (4.0, LampState.OK, ""),
    ):  # fmt: skip
        journal.lamps(t_s, lamp(state, message))
    for t_s, text in ((5.0, ""), (6.0, "late: 60 ms"), (7.0, "late: 71 ms"), (8.0, "")):
        journal.alarm(t_s, text)
    assert [(each.t_s, each.kind, each.text) for each in log.since(0)[1]] == [
        (0.0, "lamp", "markers ok"), (2.0, "lamp", "markers lost: silent for 1 s"),
        (4.0, "lamp", "markers ok"), (6.0, "alarm", "late: 60 ms"),
        (8.0, "alarm", "the alarm before is over"),
    ]  # fmt: skip


def test_every_event_reads_as_a_sentence():
    summary = NOW.summary()
    for event, more, words in (
        ("start", {}, "the session started"), ("stop", {}, "the session stopped"),
        ("target", summary, "target EKAM peak 1: 60 to 90 %"),
        ("target", {"label": "foot", "low": None, "high": None, "why": "no responder"},
         "target foot: none (no responder)"),
        ("block", {"block": "train 1"}, "block train 1"),
        ("protocol", {"ask": "answer", "text": "pain", "number": 3.0}, "protocol: answer pain 3"),
        (
            "protocol",
            {"ask": "correct", "text": "pain 1", "number": 3.0, "replaces": 8.0, "why": "why"},
            "protocol: correct pain 1 3 in place of 8: why",
        ),
        ("display", {"display": "lane", "message": "", "sound": "off"}, "shown lane; sound off"),
        ("display", {"display": "message", "message": "slow", "sound": "off"}, "message: slow"),
        ("rebind", {"stream": "markers", "refused": ""}, "markers come from another publisher"),
        ("note", {"text": "pain 2"}, "pain 2"), ("unheard of", {}, "unheard of"),
    ):  # fmt: skip
        assert words in sentence(event, more)


def test_rows_are_given_once_and_the_oldest_are_forgotten():
    rows = Rows[int](3)
    assert rows.since(0) == (0, ())
    for i in range(5):
        rows.add(i)
    assert rows.since(0) == (5, (2, 3, 4))
    assert rows.since(4) == (5, (4,))
    assert rows.since(5) == (5, ())


def test_a_moved_band_judges_no_step_that_was_walked_before():
    leg = replace(NOW.left, phase="feedback", value=95.0, confirmed=95.0, history=(99.0,))
    walked = replace(NOW, left=leg)
    moved = carried_out("shift_band", "", 10.0, walked).left
    assert not moved.in_band
    assert np.isnan([moved.value, moved.confirmed]).all()
    assert moved.history == ()


def test_no_success_stands_while_a_stream_is_lost():
    class Silent(Received):
        def health(self):
            lost = self.given > 0.9 * len(self.chunks)
            return (StreamHealth(Role.MARKERS, "s", LampState.LOST if lost else LampState.OK),)

    chunks = chunks_of(walkers.trial(14).recording)
    view = SessionView()
    view.control.start()
    shown = []
    publish = view.walker.publish
    view.walker.publish = lambda feedback: (shown.append(feedback), publish(feedback))[1]
    source = Silent(infos_of(walkers.trial().recording), chunks, view)
    session = Session(source, walkers.lab(), walkers.subject(), view, now=source.now, live=False)
    session.open()
    session.run()
    lost_from = next(i for i, each in enumerate(shown) if i and np.isnan(each.left.value)
                     and each.left.phase == "feedback" and np.isfinite(shown[i - 1].left.value))  # fmt: skip
    assert shown[lost_from].left.confirmed == shown[lost_from - 1].left.confirmed
    assert not shown[lost_from].left.in_band
