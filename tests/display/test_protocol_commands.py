"""Protocols as a lab member runs them: --protocol, ekam participant, a session that is killed and goes on."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
import walkers
from commands import ekam, refused
from peers.protocol_sessions import interrupted

from display.protocol_choice import Chosen, chosen
from stream import json_lines
from stream.errors import EkamError
from stream.participants import enrol, read_participant
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun
from stream.subject_file import read_subject

SHORT = """
name = "short"
warning = "only a test"
[baseline]
stances = 5
least = 5
[[blocks]]
name = "familiarise"
kind = "familiarise"
[[blocks]]
name = "baseline"
kind = "baseline"
[[blocks]]
name = "train"
kind = "train"
minutes = 0.05
[[blocks]]
name = "retention"
kind = "retention"
"""
GIVEN = ("--lab", walkers.LAB_PATH, "--subject", walkers.SUBJECT_PATH)


def process(folder, *more):
    return ekam("process", walkers.WALK_PATH, *GIVEN, "-o", folder, *more)


def test_a_recording_is_processed_with_a_protocol_and_the_operator_s_wishes(tmp_path):
    protocol, wishes, out = tmp_path / "short.toml", tmp_path / "wishes.jsonl", tmp_path / "out"
    protocol.write_text(SHORT)
    wishes.write_text(
        '{"ask": "next", "at_s": 5.0}\n\n{"ask": "pause", "at_s": 20.0, "text": "shoe"}\n'
    )
    done = process(out, "--protocol", protocol, "--wishes", wishes)
    assert done.returncode == 0, done.stderr
    assert "Warning: only a test." in done.stderr
    assert "train, left leg: " in done.stdout
    assert "60 % are needed" in " ".join(done.stdout.split())
    assert "The protocol waits: shoe" in done.stdout
    with (out / "stances.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert list(dict.fromkeys(row["block"] for row in rows)) == [
        "familiarise", "baseline", "train", "retention", "pause",
    ]  # fmt: skip
    assert (out / "protocol.toml").read_text() == SHORT
    facts = json.loads((out / "session.json").read_text())
    assert facts["protocol"]["name"] == "short"
    assert [block["name"] for block in facts["protocol"]["blocks"]] == [
        "familiarise",
        "baseline",
        "train",
    ]
    assert (facts["feedback"]["variable"], facts["feedback"]["low"]) == ("ekam_peak1", 60.0)
    assert facts["feedback"]["baseline"]["left"] == pytest.approx(0.47, abs=0.02)


def test_what_does_not_fit_together_is_refused_in_a_sentence(tmp_path):
    out = tmp_path / "out"
    assert "the templates are ekam_retraining" in refused(process(out, "--protocol", "nope"))
    assert "say which, with --leg" in refused(process(out, "--protocol", "foot_angle"))
    said = refused(process(out, "--protocol", "ekam_retraining", "--feedback", "step_width"))
    assert "leave out --feedback" in said
    assert "say which with --protocol" in refused(process(out, "--wishes", tmp_path / "w"))
    bad = tmp_path / "w.jsonl"
    bad.write_text('{"ask": "dance", "at_s": 1}\n')
    said = refused(process(out, "--protocol", "ekam_retraining", "--wishes", bad))
    assert "there is no wish 'dance'" in said
    said = refused(ekam("live", *GIVEN, "--participant", "S9", "--store", tmp_path))
    assert "there is no participant S9" in said
    assert not out.exists()


def test_an_option_that_would_do_nothing_is_refused(tmp_path):
    out, store = tmp_path / "out", ("--store", tmp_path / "people")
    protocol = tmp_path / "short.toml"
    protocol.write_text(SHORT)
    said = refused(process(out, "--session", 1, "--arm", "A"))
    assert "--session, --arm of which protocol?" in said
    said = refused(process(out, "--protocol", protocol, "--leg", "left"))
    assert "short trains both legs, by itself: leave out --leg left" in said

    def live(*more):
        return refused(ekam("live", *GIVEN, *store, *more))

    assert "say whose with --participant" in live("--resume")
    assert "say whose with --participant" in live("--protocol", protocol, "--anew")
    made = ekam("participant", "S01", "--protocol", protocol, *store, "--rehearsal")
    assert made.returncode == 0, made.stderr
    assert "leave out --leg" in live("--participant", "S01", "--leg", "left")
    assert "give one of them" in live("--participant", "S01", "--resume", "--anew")
    # the synthetic walker is somebody else
    assert "is of SYNTHETIC, not of S01: give the file" in live("--participant", "S01")
    walked = tmp_path / "walked"
    assert process(walked, "--protocol", protocol).returncode == 0
    assert not (walked / "running.lock").exists()
    assert "leave out --session" in live("--go-on", walked, "--session", 2)
    other = tmp_path / "other.toml"
    other.write_text(walkers.SUBJECT_PATH.read_text().replace('"SYNTHETIC"', '"S02"'))
    elsewhere = ("live", "--lab", walkers.LAB_PATH, "--subject", other, "--go-on")
    assert "is of S02, and the session in" in refused(ekam(*elsewhere, walked))
    (walked.rename(tmp_path / "people" / "S01" / "session_01"))
    said = live("--go-on", tmp_path / "people" / "S01" / "session_01")
    assert "go on with --participant S01 --resume" in said


@pytest.mark.parametrize("command", ["live", "process", "participant"])
def test_a_question_mark_lists_the_templates(command):
    listed = ekam(command, "--protocol", "?")
    assert listed.returncode == 0
    assert "foot_angle: Personal foot angle" in listed.stdout


def test_a_participant_is_enrolled_and_told_about(tmp_path):
    store = ("--store", tmp_path / "people")
    made = ekam("participant", "S01", "--protocol", "foot_angle", "--leg", "right", *store)
    assert made.returncode == 0, made.stderr
    assert "Session 1 of 6 comes next." in made.stdout
    noted = ekam("participant", "S01", "--answer", "WOMAC pain", 7, *store)
    assert "answer: session 1, name WOMAC pain, value 7.0" in noted.stdout
    people = ("participant", "S01", "--answer")
    assert "asks no question 'WOMAC'" in refused(ekam(*people, "WOMAC", 7, *store))
    assert "a number from 0 to 20, and 70 is none" in refused(
        ekam(*people, "WOMAC pain", 70, *store)
    )
    assert "asks no question" in refused(
        ekam("participant", "S03", "--protocol", "foot_angle", "--leg", "left",
             "--answer", "x", 1, *store)
    )  # fmt: skip
    assert not (tmp_path / "people" / "S03").exists()
    assert "enrolled already" in refused(
        ekam("participant", "S01", "--protocol", "foot_angle", "--leg", "right", *store)
    )
    assert "--leg is left or right" in refused(
        ekam("participant", "S02", "--protocol", "foot_angle", "--leg", "both", *store)
    )


@pytest.mark.lsl
@pytest.mark.slow
def test_a_session_killed_while_training_goes_on_in_its_block_with_its_baseline(tmp_path):
    found = interrupted(tmp_path)
    assert "is running: end it in its own window first" in found["beside"]
    assert "--resume goes on in its block" in found["refused"]
    assert found["went_on"] == 0, found["said"]
    assert found["block_before"] == found["first_block_after"] == "train"
    assert found["blocks_after"] == ["train", "retention"]
    kept = found["kept"]
    assert kept["baselines"]
    assert kept["targets"]
    # the log may be a stance ahead of the table or behind it, as the kill fell between the two
    assert abs(kept["stances_in_log"][0] - kept["stances_in_log"][1]) <= 1
    assert abs(kept["stances_of_both"][0] - kept["stances_of_both"][1]) <= 1
    assert found["told_apart_pct"] < 0.01  # as written, with its digits
    assert found["ended"]
    assert "calibrated anew" in found["notes"][1]
    assert found["verified"] == ["", ""]
    assert found["journal"][-1] == "ended"


def test_a_replay_takes_no_place_in_a_schedule_but_in_that_of_a_rehearsal(tmp_path):
    file = read_protocol("ekam_retraining")
    walked, rehearsed = (
        Chosen(person.setup(person.next()), person)
        for name, on in (("S01", False), ("TEST", True))
        for person in [enrol(tmp_path, name, file, rehearsal=on)]
    )
    walked.admit(["", ""])
    with pytest.raises(EkamError, match="are a replay of walk, and nobody walks it for S01"):
        walked.admit(["walk", ""])
    rehearsed.admit(["walk", "walk"])
    assert read_participant(tmp_path, "TEST").rehearsal
    Chosen(walked.setup).admit(["walk"])  # without a participant there is no schedule


@pytest.mark.parametrize(("hours", "warned"), [(0.5, False), (48.0, True)])
def test_going_on_after_a_long_break_is_warned_of(tmp_path, capsys, hours, warned):
    subject = read_subject(walkers.SUBJECT_PATH)
    person = enrol(tmp_path, subject.subject.id, read_protocol("ekam_retraining"))
    comes = person.next()
    comes.folder.mkdir()
    run = ProtocolRun(person.setup(comes))
    run.keep(comes.folder)
    run.close()
    begun = datetime.now(UTC) - timedelta(hours=hours)
    json_lines.append(
        person.folder / "journal.jsonl",
        [{"utc": begun.isoformat(), "what": "begun", "session": 1, "folder": comes.folder.name}],
    )
    found = chosen("", participant=person.id, store=tmp_path, resume=True, subject=subject)
    assert found.setup.before
    said = capsys.readouterr().err
    assert ("markers that were off since would change every value" in said) is warned
