"""Tables of answers, blocks and recordings."""

import csv
import json
from math import isfinite

import protocol_folders as folders
import pytest
import sessions
from striders import Strider

from compute.protocol import Ask
from stream.participants import enrol
from stream.protocol_file import read_protocol
from stream.protocol_run import Setup, resumed
from stream.session_folder import read_session
from stream.tidy import Study
from stream.tidy_columns import BLOCKS, SESSIONS, names
from stream.tidy_more import TELLING, write_answers, write_blocks, write_sessions


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "short.toml"
    path.write_text(folders.PROTOCOL)
    return read_protocol(str(path))


@pytest.fixture(scope="module")
def blinded(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "blinded.toml"
    path.write_text("blinded = true\n" + folders.PROTOCOL)
    return read_protocol(str(path))


def made(write, tmp_path, *paths, **options):
    path = tmp_path / f"{len(list(tmp_path.glob('*.csv')))}.csv"
    write(Study([read_session(each) for each in paths], **options), path)
    with path.open(newline="") as table:
        return list(csv.DictReader(table))


def test_a_block_is_as_the_protocol_judged_it(file, tmp_path):
    run, _ = folders.write(tmp_path / "a", Setup(file, arm="A"), Strider(answer=0.15, kfm_rise=0.3))
    found = made(write_blocks, tmp_path, tmp_path / "a")
    results = [(result, leg) for result in run.state.results for leg in result.legs]
    assert len(found) == len(results) == 8
    for row, (result, leg) in zip(found, results, strict=True):
        assert (row["block"], row["block_kind"], row["side"]) == (
            result.name,
            result.kind,
            leg.side.word,
        )
        assert (row["from_s"], row["to_s"]) == (repr(result.from_s), repr(result.to_s))
        assert (row["valid"], row["rejected"]) == (str(leg.valid), str(leg.rejected))
        for name in ("mean", "change", "asked", "in_band_pct", "measured_pct"):
            value = getattr(leg, name)
            assert row[name] == (repr(value) if isfinite(value) else "")
        assert row["success"] == ("" if leg.success is None else str(int(leg.success)))
        assert row["why"] == "; ".join(leg.why)
        assert row["ended"] == "ended"
    assert "KFM" in found[4]["guards_beyond"] or "flexion" in found[4]["guards_beyond"]
    assert {row["target_unit"] for row in found} == {"%"}


def test_every_attempt_at_a_block_is_there_and_in_the_recording_in_which_it_ended(file, tmp_path):
    first, second = tmp_path / "session_01", tmp_path / "session_01_2"
    folders.write(first, Setup(file, arm="A"), asks=[Ask("repeat", 60.0)], seconds=90.0)
    folders.write(second, resumed(first))
    found = made(write_blocks, tmp_path, first, second)
    trained = [row for row in found if row["block"] == "practice" and row["side"] == "left"]
    assert [(r["recording"], r["attempt"], r["ended"], r["attempt_discarded"]) for r in trained] == [
        ("session_01", "1", "repeated", "1"), ("session_01_2", "2", "ended", "0"),
    ]  # fmt: skip
    assert (trained[0]["success"], trained[0]["why"]) == ("", "")
    assert float(trained[1]["from_s"]) < 0.0
    # alone, the first part ends within the block
    alone = made(write_blocks, tmp_path, first)
    assert [(r["attempt"], r["ended"]) for r in alone if r["block"] == "practice"][-1] == (
        "2", "unfinished",
    )  # fmt: skip


def test_blocks_of_a_session_without_its_log(file, tmp_path):
    folders.write(tmp_path / "a", Setup(file, arm="A"), Strider(answer=0.15, kfm_rise=0.3))
    whole = made(write_blocks, tmp_path, tmp_path / "a")
    (tmp_path / "a" / "protocol.jsonl").unlink()
    found = made(write_blocks, tmp_path, tmp_path / "a")
    same = (
        "session", "block_number", "block", "block_kind", "side", "leg_trained", "valid", "mean", "asked", "why",
    )  # fmt: skip
    assert [[r[c] for c in same] for r in found] == [[r[c] for c in same] for r in whole]
    assert {row["attempt"] for row in found} == {""}


def test_a_blinded_block_tells_what_was_walked_and_no_arm(blinded, tmp_path):
    tables = []
    for code in "ABC":
        folder = tmp_path / code / "s"
        folders.write(folder, folders.arm(Setup(blinded), code), Strider())
        tables.append(
            (
                made(write_blocks, tmp_path / code, folder),
                made(write_sessions, tmp_path / code, folder),
            )
        )
    assert tables[0] == tables[1] == tables[2]
    blocks, [session] = tables[0]
    assert all(row[column] == "" for row in blocks for column in TELLING)
    assert all(row["mean"] for row in blocks)
    assert tuple(blocks[0]) == names(*BLOCKS)
    assert tuple(session) == names(*SESSIONS)
    assert session["blinded"] == "1"
    told = made(write_blocks, tmp_path, tmp_path / "B" / "s", unblind=True)
    assert {(row["arm"], row["sham"]) for row in told} == {("B", "natural")}
    assert any(row["asked"] for row in told)


def test_a_recording_and_how_far_it_can_be_trusted(file, tmp_path):
    folders.write(
        tmp_path / "a", Setup(file, arm="A"), asks=[Ask("pause", 60.0, "shoe")], seconds=70.0
    )
    [row] = made(write_sessions, tmp_path, tmp_path / "a")
    assert (row["participant"], row["session"], row["recording"]) == ("S01", "1", "a")
    assert (row["protocol_ended"], row["halted"], row["blinded"]) == ("0", "shoe", "0")
    assert (row["plates_good"], row["sync"], row["latency_p95_ms"]) == ("1", "ok", "31.5")
    assert (row["markers_missing_pct"], row["forces_missing_pct"]) == ("1.0", "")
    assert (row["ekam_version"], row["lab"]) == ("0.1.0", "A laboratory")
    assert "raw.xdf is missing" in row["remarks"]
    assert row["quality"] == "care"
    counted = sum(
        int(row[f"{word}_{side}"]) for word in ("valid", "rejected") for side in ("left", "right")
    )
    assert counted == len((tmp_path / "a" / "stances.csv").read_text().splitlines()) - 1


def test_a_session_of_which_nothing_but_its_stances_is_left(tmp_path):
    sessions.write(tmp_path / "a", sessions.leg(20, 10), facts=False)
    (tmp_path / "a" / "subject.toml").unlink()
    [row] = made(write_sessions, tmp_path, tmp_path / "a")
    assert (row["participant"], row["body_mass_kg"], row["ekam_version"]) == ("", "", "")
    assert row["valid_left"] == "30"
    assert made(write_blocks, tmp_path, tmp_path / "a") == []
    assert made(write_answers, tmp_path, tmp_path / "a") == []


def test_answers_and_their_corrections(file, tmp_path):
    person = enrol(tmp_path, "S01", file, arm="A")
    asks = [
        Ask("answer", 5.0, "pain", 1.0), Ask("answer", 50.0, "pain", 6.0), Ask("correct", 55.0, "pain 2", 2.0),
    ]  # fmt: skip
    comes = person.next()
    folders.write(
        comes.folder, person.setup(comes), asks=asks, seconds=90.0,
        note=lambda what, table: person.note(what, session=1, **table),
    )  # fmt: skip
    person.begin(comes)
    comes = person.next()
    later = [Ask("correct", 5.0, "pain 1", 3.0)]
    folders.write(comes.folder, person.setup(comes, go_on=True), asks=later, seconds=20.0)
    person.begin(comes)
    person.note("answer", session=2, name="WOMAC pain", value=7)
    found = made(
        write_answers, tmp_path, person.folder / "session_01", person.folder / "session_01_2"
    )
    assert [
        (r["session"], r["recording"], r["question"], r["value"], r["replaces"], r["replaced"]) for r in found
    ] == [
        ("1", "session_01", "pain", "1.0", "", "1"),
        ("1", "session_01", "pain", "6.0", "", "1"),
        ("1", "session_01", "pain", "2.0", "6.0", "0"),
        ("1", "session_01_2", "pain", "3.0", "1.0", "0"),
        ("2", "", "WOMAC pain", "7.0", "", "0"),
    ]  # fmt: skip
    assert found[1]["at_s"] == found[2]["at_s"] == "50.0"
    assert all(row["told_utc"] for row in found)


def test_answers_of_another_form_are_taken_as_they_are(tmp_path):
    outcomes = [{"koos": 61, "utc": "2026-11-20T10:00:00+00:00"}]
    sessions.write(tmp_path / "a", sessions.leg(20, 10))
    (tmp_path / "a" / "outcomes.json").write_text(json.dumps(outcomes))
    [row] = made(write_answers, tmp_path, tmp_path / "a")
    assert (row["question"], row["value"], row["told_utc"]) == (
        "koos", "61.0", "2026-11-20T10:00:00+00:00",
    )  # fmt: skip
