"""The participants' store: enrolled once, sessions in their order, what broke off, what was found."""

import json

import pytest
from striders import Strider, walk

from compute.conventions import Side
from compute.protocol import Ask
from stream import json_lines
from stream.errors import EkamError
from stream.participants import enrol, line, read_participant
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun

EFFECTS = {-10: -0.04, -5: -0.12, 5: 0.01, 10: 0.04}


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
    assert [each["why"] for each in told[:4]] == [f"test of {c:+g}" for c in (-10, -5, 5, 10)]
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
    person.note("answer", session=1, name="WOMAC pain", value=7.0)
    assert [(each["name"], each["value"]) for each in person.answers()] == [
        ("pain", 3.0),
        ("WOMAC pain", 7.0),
    ]


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


def test_a_wish_that_ends_a_session_counts_for_the_schedule(person):
    protocol, folder = run(person, seconds=100.0)
    protocol.state = protocol.state.asked(Ask("end", 100.0, "ill"))
    person.end(protocol, folder)
    assert person.next().session == 2
