"""The participants' store: enrolled once, sessions in their order, what broke off, what was found."""

import hashlib
import json
import subprocess
import sys
import time

import pytest
from striders import Strider, walk

from compute.conventions import Side
from compute.protocol import Ask
from stream import json_lines
from stream.errors import EkamError
from stream.outcomes import read_outcomes, unwalked
from stream.participants import enrol, line, read_participant
from stream.place import Place, place_of
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun, before_this_recording, resumed
from stream.running import Running, is_running

UTC = "2026-11-20T10:00:00+00:00"
EFFECTS = {-10: -0.04, -5: -0.12, 5: 0.01, 10: 0.04}


def wait_until(found, seconds=10.0):
    begun_s = time.monotonic()
    while not found():
        assert time.monotonic() < begun_s + seconds
        time.sleep(0.01)


@pytest.fixture
def person(tmp_path):
    return enrol(tmp_path / "store", "S01", read_protocol("foot_angle"), Side.LEFT)


def run(person, *, seconds=7200.0, go_on=False):
    """One session of a participant, walked and logged; cut off after some seconds."""
    comes = person.next()
    made = person.setup(comes, go_on=go_on)
    protocol = ProtocolRun(made, audit=lambda what, table: person.note(what, **table))
    comes.folder.mkdir()
    protocol.keep(comes.folder)
    person.begin(comes)
    walked = walk(protocol.plan, Strider(effects=EFFECTS), state=protocol.state, seconds=seconds)
    for each in walked.inputs:
        protocol._write(each)
    protocol.state = walked.state
    protocol.close()
    return protocol, comes.folder


def test_sessions_follow_one_another_and_carry_the_personal_angle(person):
    protocol, folder = run(person)
    person.end(protocol, folder)
    assert folder.name == "session_01"
    assert protocol.state.ended
    found = person.carried()[Side.LEFT]
    assert found == pytest.approx(6.0 - 5.0, abs=0.6)
    comes = person.next()
    assert (comes.session, comes.folder.name, comes.broken) == (2, "session_02", None)
    plan = person.setup(comes).plan()
    assert plan.carried[Side.LEFT] == found
    second, _ = run(person)
    target, base = second.state.targets[Side.LEFT], second.state.baselines[Side.LEFT]
    assert base.mean + 0.5 * (target.low + target.high) == pytest.approx(found)


def test_every_change_of_target_is_in_the_journal(person):
    run(person)
    told = [each for each in person.journal() if each["what"] == "target"]
    tests = {f"test of {c:+g}" for c in (-10, -5, 5, 10)}
    assert {each["why"] for each in told[:4]} == tests
    assert "responder" in told[4]["why"]
    assert all(each["utc"] for each in told)


def test_a_session_that_broke_off_goes_on_with_its_baseline_and_one_that_was_over_is_over(person):
    cut, first = run(person, seconds=900.0)
    comes = person.next()
    assert (comes.session, comes.broken, comes.folder.name) == (1, first, "session_01_2")
    assert comes.broken_h < 0.1
    rest, _ = run(person, go_on=True)
    assert rest.state.baselines == cut.state.baselines
    assert rest.state.tests[0] == cut.state.tests[0]
    assert rest.state.ended
    # killed before its end was noted: what the log holds decides
    assert person.next().session == 2
    assert person.journal()[-1]["what"] == "ended"
    assert person.next().session == 2


def test_answers_are_kept_as_they_come(person):
    protocol = ProtocolRun(
        person.setup(person.next()), audit=lambda what, table: person.note(what, **table)
    )
    protocol.asked("answer", "pain", 3.0, 1.0)
    protocol.asked("answer", "name of somebody", 3.0, 1.0)
    told = protocol.asked("correct", "pain 1", 2.0, 9.0)
    assert (told["text"], told["number"], told["replaces"]) == ("pain 1", 2.0, 3.0)
    person.note("answer", session=1, name="WOMAC pain", value=7.0)
    assert [(each["name"], each["value"]) for each in person.answers()] == [
        ("pain", 3.0),
        ("pain", 2.0),
        ("WOMAC pain", 7.0),
    ]
    right = person.answers()[1]
    assert (right["at_s"], right["replaces"], right["corrected_at_s"]) == (1.0, 3.0, 9.0)


def test_who_is_enrolled_is_read_back_and_nothing_is_written_twice(person, tmp_path):
    root = tmp_path / "store"
    again = read_participant(root, "S01")
    assert (again.id, again.leg, again.arm) == ("S01", Side.LEFT, "")
    assert again.file.sha256 == person.file.sha256
    with pytest.raises(EkamError, match="enrolled already"):
        enrol(root, "S01", person.file, Side.LEFT)
    with pytest.raises(EkamError, match="no participant S02"):
        read_participant(root, "S02")
    with pytest.raises(EkamError, match="not a pseudonym"):
        enrol(root, "Jane Doe", person.file, Side.LEFT)
    with pytest.raises(EkamError, match="trains one leg"):
        enrol(root, "S03", person.file)
    assert not (root / "S03").exists()
    (root / "S01" / "protocol.toml").write_text(person.file.text + "\n# changed\n")
    with pytest.raises(EkamError, match="was changed since S01 was enrolled"):
        read_participant(root, "S01")


def test_a_torn_line_costs_only_itself(person):
    path = person.folder / "journal.jsonl"
    before = len(person.journal())
    with path.open("ab") as file:
        file.write(b'{"utc": "20')
    assert len(person.journal()) == before
    person.note("answer", session=1, name="pain", value=1.0)
    assert len(person.journal()) == before + 1
    assert person.journal()[-1]["name"] == "pain"


def test_lines_are_written_in_their_order_and_a_full_disk_is_told(tmp_path):
    lines = json_lines.Lines(tmp_path / "a.jsonl")
    for i in range(100):
        lines.add({"i": i})
    lines.close()
    lines.close()
    assert [each["i"] for each in json_lines.read(tmp_path / "a.jsonl", "log")] == list(range(100))
    nowhere = json_lines.Lines(tmp_path / "none" / "a.jsonl")
    nowhere.add({"i": 1})
    nowhere.close()
    assert "cannot be written" in nowhere.fault
    assert json.loads(json.dumps(line("x")))["what"] == "x"


def test_a_session_that_runs_did_not_break_off(person):
    comes = person.next()
    protocol = ProtocolRun(person.setup(comes))
    comes.folder.mkdir()
    protocol.keep(comes.folder)
    person.begin(comes)
    # as another program sees it: the lock is the system's, not this object's
    seen = subprocess.run(
        [sys.executable, "-c", SEEN, person.folder.parent],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert seen.stdout.split() == ["True", "1"]
    with pytest.raises(EkamError, match="is running: end it in its own window"):
        resumed(comes.folder)
    protocol.close()
    assert not (comes.folder / "running.lock").exists()
    again = person.next()
    assert (again.running, again.broken) == (False, comes.folder)


SEEN = """
import sys
from pathlib import Path
from stream.participants import read_participant
comes = read_participant(Path(sys.argv[1]), "S01").next()
print(comes.running, comes.session)
"""


def test_a_session_that_was_killed_is_not_taken_for_one_that_runs(person, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HELD, tmp_path], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout.readline() == "held\n"
        assert is_running(tmp_path)
        killed.kill()
    assert (tmp_path / "running.lock").exists()
    assert not is_running(tmp_path)
    Running(tmp_path).close()
    assert not is_running(tmp_path / "nowhere")


HELD = """
import sys, time
from pathlib import Path
from stream.running import Running
held = Running(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60.0)
"""


def test_a_session_whose_log_is_damaged_can_only_begin_anew(person):
    _, folder = run(person, seconds=100.0)
    (folder / "protocol.jsonl").write_bytes(b"\0" * 100)
    comes = person.next()
    assert (comes.session, comes.broken, comes.folder.name) == (1, folder, "session_01_2")
    assert "is damaged" in comes.damaged
    assert person.setup(comes).session == 1
    with pytest.raises(EkamError, match="is damaged"):
        person.setup(comes, go_on=True)


@pytest.mark.parametrize(
    "odd",
    [
        {"what": "ended", "session": "2", "folder": "session_02", "utc": UTC, "personal": {}},
        {"what": "ended", "session": 2, "utc": UTC, "personal": {}},
        {"what": "ended", "session": 2, "folder": "s", "utc": UTC, "personal": {"left": "far"}},
        {"what": "ended", "session": 2, "folder": "s", "utc": UTC, "personal": [1]},
        {"what": "begun", "session": 0, "folder": "s", "utc": UTC},
        {"what": "begun", "session": 2, "folder": "../s", "utc": UTC},
        {"what": "begun", "session": 2, "folder": "s", "utc": "yesterday"},
        {"what": "answer", "personal": 3, "utc": UTC},
        {"what": 7, "utc": UTC},
        {"utc": UTC},
        {},
    ],
)
def test_a_whole_line_that_makes_no_sense_is_named(person, odd):
    json_lines.append(person.folder / "journal.jsonl", [odd])
    for asked in (person.next, person.carried, person.answers):
        with pytest.raises(EkamError, match=r"journal\.jsonl holds a line that nobody can go by"):
            asked()


def test_a_journal_that_is_gone_or_older_than_its_sessions_restarts_no_schedule(person):
    journal = person.folder / "journal.jsonl"
    old = journal.read_text()
    protocol, folder = run(person)
    person.end(protocol, folder)
    journal.write_text(old)
    with pytest.raises(EkamError, match="does not know of session_01, which is there"):
        person.next()
    journal.unlink()
    with pytest.raises(EkamError, match="there is no journal"):
        person.next()


def test_a_wish_that_ends_a_session_counts_for_the_schedule(person):
    protocol, folder = run(person, seconds=100.0)
    protocol.state = protocol.state.asked(Ask("end", 100.0, "ill"))
    person.end(protocol, folder)
    assert person.next().session == 2


def test_a_folder_knows_its_session_and_part(person):
    _, first = run(person, seconds=300.0)
    _, second = run(person, go_on=True, seconds=500.0)
    places = [place_of(each) for each in (first, second)]
    assert [(each.session, each.part, each.continues) for each in places] == [
        (1, 1, ""),
        (1, 2, "session_01"),
    ]
    assert (places[0].protocol, places[0].leg) == ("Personal foot angle", "left")
    assert not any(each.superseded for each in places)
    _, again = run(person)  # anew
    assert [place_of(each).superseded for each in (first, second, again)] == [True, True, False]
    assert place_of(again).part == 1
    assert place_of(person.folder / "nowhere") == Place()


def test_a_full_disk_loses_no_line_and_a_half_written_one_is_taken_back(tmp_path, monkeypatch):
    path, whole = tmp_path / "a.jsonl", json_lines.append
    full = [True]

    def append(to, tables):
        if full[0]:
            raise OSError(28, "No space left on device")
        whole(to, tables)

    monkeypatch.setattr(json_lines, "append", append)
    lines = json_lines.Lines(path)
    lines.add({"i": 0})
    wait_until(lambda: lines.fault)
    assert "a.jsonl cannot be written" in lines.fault
    lines.add({"i": 1})
    full[0] = False
    lines.add({"i": 2})
    lines.close()
    assert lines.fault == ""
    assert [each["i"] for each in json_lines.read(path, "log")] == [0, 1, 2]


def test_what_was_written_in_part_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    json_lines.append(path, [{"i": 0}])
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json_lines.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        json_lines.append(path, [{"i": 1}, {"i": 2}])
    assert path.read_bytes() == before


@pytest.mark.parametrize("byte", [b"\xff", b"\x00", b"}"])
def test_a_damaged_line_is_named_wherever_it_stands(person, byte):
    path = person.folder / "journal.jsonl"
    person.note("answer", session=1, name="pain", value=9.0)
    person.note("answer", session=1, name="pain", value=3.0)
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1][:20] + byte + lines[1][21:]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(
        EkamError, match=r"(line 2 of the journal .* is damaged|nobody can go by): put back a copy"
    ):
        person.next()


def test_a_log_that_lacks_stances_is_no_ground_to_go_on_from(person):
    _, folder = run(person, seconds=300.0)
    log = folder / "protocol.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:10] + lines[14:]))
    comes = person.next()
    assert "is damaged, it lacks stances 10 to 13" in comes.damaged
    log.unlink()  # what was walked is not forgotten
    (folder / "stances.csv").write_text("stance,side\n1,left\n")
    assert "there is no protocol log" in person.next().damaged


def test_a_session_that_never_came_about_is_begun_as_if_nothing_were(person):
    comes = person.next()
    person.begin(comes)
    comes.folder.mkdir()  # killed before anything was written
    again = person.next()
    assert (again.session, again.broken, again.folder.name) == (1, None, "session_01_2")


def test_who_cannot_be_enrolled_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    file = read_protocol("ekam_retraining")
    with monkeypatch.context() as patched:
        patched.setattr(json_lines, "append", full)
        with pytest.raises(EkamError, match="S07 cannot be enrolled in .* No space left on device"):
            enrol(tmp_path, "S07", file)
    assert not (tmp_path / "S07").exists()
    enrol(tmp_path, "S07", file)


def test_another_lab_file_is_noted_when_a_session_goes_on(person):
    _, folder = run(person, seconds=300.0)
    (folder / "lab.toml").write_text("one")
    sha256 = hashlib.sha256(b"one").hexdigest()
    same = person.setup(person.next(), lab_sha256=sha256, go_on=True)
    other = person.setup(person.next(), lab_sha256="b" * 64, go_on=True)
    assert not any("another lab file" in note for note in ProtocolRun(same).state.notes)
    noted = ProtocolRun(other).state.notes
    assert any("another lab file from here on (bbbbbbbbbbbb)" in note for note in noted)
    assert before_this_recording(other, other.before).before == other.before


def test_an_outcome_beside_a_session_is_corrected_and_belongs_to_its_own(person):
    assert person.noted("WOMAC pain", 1) is None
    person.note("answer", session=1, name="WOMAC pain", value=12.0)
    person.note("answer", session=2, name="WOMAC pain", value=5.0)
    assert person.noted("WOMAC pain", 1) == 12.0
    person.note("answer", session=1, name="WOMAC pain", value=2.0, replaces=12.0)
    _, folder = run(person, seconds=300.0)
    answers = [{"name": "pain", "value": 4.0, "at_s": 3.0}]
    json_lines.append(folder / "outcomes.jsonl", answers)
    person.note("answer", session=1, **answers[0])  # the same, as the session tells both
    assert [(each.name, each.value) for each in read_outcomes(folder)] == [
        ("pain", 4.0),
        ("WOMAC pain", 2.0),
    ]
    waiting = unwalked(person.folder)
    assert [(number, each.value) for number, each in waiting] == [(2, 5.0)]


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 3}', '{"id": "S01", "leg": "up"}'])
def test_a_damaged_participant_is_named(person, text):
    (person.folder / "participant.json").write_text(text)
    with pytest.raises(EkamError, match=r"participant\.json is damaged: put back a copy of it"):
        read_participant(person.folder.parent, "S01")
