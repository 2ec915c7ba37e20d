"""A protocol in a session: columns, picture, operator, log; computed again to the last bit."""

import csv
import json
from dataclasses import replace
from math import isfinite

import pytest
import received
import walkers
from received import chunks_of

from compute.protocol import start
from stream.errors import EkamError
from stream.file_source import FileSource
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun, Setup, read_setup, replayed, resumed, script_of
from stream.session import Session
from stream.status import Request, SessionView
from stream.tables import StancesCsv
from stream.verify import verify

SHORT = """
name = "short"
arms = { A = "feedback", B = "natural", C = "noise" }
[baseline]
stances = 5
least = 5
[[questions]]
name = "pain"
stop_at = 5
[[blocks]]
name = "familiarise"
kind = "familiarise"
minutes = 0.05
[[blocks]]
name = "baseline"
kind = "baseline"
[[blocks]]
name = "train"
kind = "train"
minutes = 0.25
share = 0.7
cycle_minutes = 0.08
mean_of = 2
[[blocks]]
name = "catch"
kind = "catch"
valid = 2
[[blocks]]
name = "retention"
kind = "retention"
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "short.toml"
    path.write_text(SHORT)
    return read_protocol(str(path))


@pytest.fixture(scope="module")
def walk():
    return walkers.trial(35).recording  # 40 s


def infos(recording):
    return received.infos_of(recording)


def rows(folder):
    with (folder / "stances.csv").open() as table:
        return list(csv.DictReader(table))


def live(walk, folder, setup, wishes=(), **options):
    protocol = ProtocolRun(setup)
    asks = [(received.CLOCK_S + at_s, Request(*asked)) for at_s, *asked in wishes]
    session, told = received.run(
        chunks_of(walk, **options),
        folder,
        infos=infos(walk),
        seen=True,
        protocol=protocol,
        asks=asks,
    )
    return session, told, protocol


WISHES = (
    (1.0, "answer", "pain", 1.0),
    (15.0, "shift_band", "too easy", -3.0),
    (18.0, "pause", "shoe"),
    (21.0, "resume"),
    (26.0, "answer", "pain", 6.0),
    (27.0, "correct", "pain 2", 2.0),
    (28.0, "resume", "agreed"),
    (38.0, "next"),
)


@pytest.mark.parametrize("arm", "ABC")
def test_a_session_with_wishes_repeats_itself_to_the_last_bit(file, walk, tmp_path, arm):
    _, told, protocol = live(walk, tmp_path, Setup(file, arm=arm, seed="x"), WISHES)
    found = rows(tmp_path)
    blocks = list(dict.fromkeys(row["block"] for row in found))
    assert blocks == ["familiarise", "baseline", "train", "pause", "catch", "retention", "end"]
    assert {row["target_low"] != "" for row in found if row["block"] == "train"} == {True}
    assert {row["target_low"] for row in found if row["block"] in ("baseline", "pause")} == {""}
    assert {row["shown"] for row in found if row["block"] != "train"} == {"none"}
    assert {"none", "final"} <= {row["shown"] for row in found if row["block"] == "train"}
    again = verify(tmp_path)
    assert (again.difference, again.stances) == ("", len(found))
    assert told[-1].protocol.label == protocol.state.stretches[-1].label


@pytest.mark.parametrize("cut_s", [0.005, 0.1, 0.2])
def test_how_samples_were_cut_makes_no_difference(file, walk, tmp_path, cut_s):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    live(walk, whole, Setup(file, arm="A"))
    live(walk, cut, Setup(file, arm="A"), cut_s=cut_s)
    columns = ("block", "target_low", "target_high", "feedback_value", "verdict")
    assert [[r[c] for c in columns] for r in rows(cut)] == [
        [r[c] for c in columns] for r in rows(whole)
    ]


def test_a_file_runs_the_same_protocol(file, walk, tmp_path):
    live(walk, tmp_path, Setup(file, arm="A"))
    view, made = SessionView(), tmp_path / "file"
    made.mkdir()
    view.control.start()
    protocol = ProtocolRun(Setup(file, arm="A"))
    session = Session(
        FileSource(walk), walkers.lab(), walkers.subject(), view, live=False, protocol=protocol
    )
    session.open()
    session.keep([StancesCsv(made, sync=False)])
    session.run()
    columns = ("block", "target_low", "target_high")
    assert [[r[c] for c in columns] for r in rows(made)] == [
        [r[c] for c in columns] for r in rows(tmp_path)
    ]
    assert session.outcome.protocol["blocks"][0]["name"] == "familiarise"


def test_the_log_alone_makes_the_state_again_and_a_torn_line_costs_only_itself(
    file, walk, tmp_path
):
    _, _, protocol = live(walk, tmp_path, Setup(file, arm="A"), WISHES)
    setup, inputs = read_setup(tmp_path)
    assert repr(replayed(start(setup.plan()), inputs)) == repr(protocol.state)
    log = tmp_path / "protocol.jsonl"
    text = log.read_bytes()
    log.write_bytes(text[:-20])
    assert len(read_setup(tmp_path)[1]) == len(inputs) - 1
    log.write_bytes(b"{}\n" + text)
    with pytest.raises(EkamError, match="is damaged"):
        read_setup(tmp_path)


def test_what_broke_off_goes_on_and_both_parts_verify(file, walk, tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for each in (first, second, third):
        each.mkdir()
    begin = replace(
        walk,
        markers=replace(walk.markers, stamps_s=walk.markers.stamps_s[:2000], values=walk.markers.values[:2000]),
        forces=replace(walk.forces, stamps_s=walk.forces.stamps_s[:20000], values=walk.forces.values[:20000]),
    )  # fmt: skip
    _, _, cut = live(begin, first, Setup(file, arm="A"), WISHES[:2])
    assert cut.state.running.name == "train"
    on = resumed(first, subject_sha256="another")
    _, _, goes_on = live(walk, second, on, WISHES[2:5])
    assert goes_on.state.baselines == cut.state.baselines
    assert "calibrated anew" in goes_on.state.notes[1]
    assert rows(second)[0]["block"] == "train"
    _, _, again = live(walk, third, resumed(second))
    assert again.state.baselines == cut.state.baselines
    for each in (first, second, third):
        assert verify(each).difference == ""
    total = sum(len(rows(each)) for each in (first, second, third))
    assert sum(again.state.taken) == total


def test_verify_finds_a_block_that_was_another(file, walk, tmp_path):
    live(walk, tmp_path, Setup(file, arm="A"))
    table = tmp_path / "stances.csv"
    table.write_text(table.read_text().replace(",train,", ",catch,", 1))
    assert "block was catch and is now train" in verify(tmp_path).difference


def test_a_changed_protocol_is_refused(file, walk, tmp_path):
    live(walk, tmp_path, Setup(file, arm="A"))
    (tmp_path / "protocol.toml").write_text(SHORT.replace("0.25", "0.5"))
    with pytest.raises(EkamError, match="its hash differs"):
        verify(tmp_path)


def test_a_blinded_session_tells_the_operator_and_its_summary_no_target(walk, tmp_path):
    text = "blinded = true\n" + SHORT
    path = tmp_path / "b.toml"
    path.write_text(text)
    file, seen = read_protocol(str(path)), []
    for arm in "ABC":
        folder = tmp_path / arm
        folder.mkdir()
        session, told, _ = live(walk, folder, Setup(file, arm=arm))
        events = [e for e in _events(folder) if e["event"] not in ("start", "stop")]
        targets = {status.target for status in told}
        seen.append((events, targets, {s.protocol.legs for s in told}, session.outcome.protocol))
        assert not any(
            "natural" in json.dumps(each) or "noise" in json.dumps(each) for each in events
        )
        assert (session.outcome.feedback["low"], session.outcome.feedback["high"]) == (60.0, 90.0)
    assert seen[0] == seen[1] == seen[2]


def _events(folder):
    from stream.verify import _events as read

    return list(read(folder / "raw.xdf"))


def test_a_picture_that_the_operator_chose_stays_chosen(file, walk, tmp_path):
    # in the baseline, of which no picture tells; 15 s: in the training
    wishes = ((5.0, "display", "lane"), (18.0, "pause", "shoe"), (21.0, "resume"))
    _, told, protocol = live(walk, tmp_path, Setup(file, arm="A"), wishes)
    assert protocol.usual == "lane"
    assert {each.protocol.display for each in told if each.protocol.kind == "train"} >= {"lane"}
    assert "bar" not in {each.protocol.display for each in told if each.protocol.kind == "train"}


def test_wishes_are_checked():
    with pytest.raises(EkamError, match="there is no wish 'go'"):
        script_of([{"ask": "go", "at_s": 1.0}])
    [found] = script_of([{"event": "mark"}, {"ask": "next", "at_s": 2.0}])
    assert (found.ask.what, found.ask.at_s) == ("next", 2.0)
    assert not isfinite(found.after_stance)


def test_a_script_asks_at_its_time(file, walk):
    view = SessionView()
    view.control.start()
    protocol = ProtocolRun(Setup(file, arm="A"), script=script_of([{"ask": "pause", "at_s": 2.0}]))
    session = Session(
        FileSource(walk), walkers.lab(), walkers.subject(), view, live=False, protocol=protocol
    )
    session.open()
    session.run()
    assert protocol.state.halted == "paused by the operator"
    assert protocol.state.stretches[-1].from_s == 2.0
