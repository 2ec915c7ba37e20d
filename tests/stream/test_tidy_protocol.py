"""Tidy tables of sessions that ran a protocol: every column against the state that the walk went through."""

import csv
from math import isfinite

import protocol_folders as folders
import pytest
import sessions
from striders import Strider

from compute import Side
from compute.protocol import Ask
from stream.codebook import codebook
from stream.participants import enrol
from stream.protocol_file import read_protocol
from stream.protocol_follow import follow
from stream.protocol_run import Setup, resumed
from stream.session_folder import read_session
from stream.tidy import TELLING, Study, write_stances


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


def stances(tmp_path, *paths, **options):
    made = tmp_path / f"{len(list(tmp_path.glob('*.csv')))}.csv"
    write_stances([read_session(path) for path in paths], made, **options)
    with made.open(newline="") as table:
        return list(csv.DictReader(table))


def test_a_stance_has_its_place_and_what_it_was_held_against(file, tmp_path):
    run, walked = folders.write(tmp_path / "a", Setup(file, arm="A"))
    found = stances(tmp_path, tmp_path / "a")
    assert len(found) == len(walked.placed)
    for row, placed in zip(found, walked.placed, strict=True):
        assert row["block"] == placed.block
        assert row["told"] == str(int(placed.told))
    kinds = {row["block"]: row["block_kind"] for row in found}
    assert kinds == {
        "warm up": "familiarise", "usual": "baseline", "practice": "train", "without": "retention",
    }  # fmt: skip
    first = found[0]
    assert (first["participant"], first["session"], first["part"], first["recording"]) == (
        "S01", "1", "1", "a",
    )  # fmt: skip
    assert (first["protocol"], first["protocol_sha256"]) == ("short", file.sha256)
    assert (first["body_mass_kg"], first["height_m"], first["replay"]) == ("70.0", "1.72", "")
    assert (first["superseded"], first["rehearsal"], first["legs_trained"]) == (
        "0",
        "0",
        "left;right",
    )
    assert {row["block_number"] for row in found if row["block"] == "practice"} == {"3"}
    assert {row["attempt"] for row in found} == {"1"}
    assert {row["attempt_discarded"] for row in found} == {"0"}
    trained = [row for row in found if row["block"] == "practice"]
    assert {"0", "1"} == {row["told"] for row in trained}
    assert {(row["mean_of"], row["judged_mean_of"]) for row in trained} == {("3", "3")}
    assert {row["mean_of"] for row in found if row["block"] == "without"} == {"1"}
    for row in trained:
        side = {each.word: each for each in Side}[row["side"]]
        assert float(row["baseline"]) == run.state.baselines[side].mean
        assert (row["target_variable"], row["target_mode"], row["target_unit"]) == (
            "ekam_peak1", "relative", "%",
        )  # fmt: skip
    assert {row["baseline"] for row in found if row["block"] == "warm up"} == {""}


def test_what_is_in_the_band_is_what_the_block_was_judged_by(file, tmp_path):
    run, _ = folders.write(tmp_path / "a", Setup(file, arm="A"))
    found = stances(tmp_path, tmp_path / "a")
    for result in run.state.results:
        for leg in result.legs:
            own = [
                row["in_band"] for row in found
                if row["block"] == result.name and row["side"] == leg.side.word and row["counted"] == "1"
                and row["verdict"] == "valid"
            ]  # fmt: skip
            assert len(own) == leg.valid
            if isfinite(leg.in_band_pct):
                assert 100.0 * own.count("1") / len(own) == pytest.approx(leg.in_band_pct)
            else:
                assert set(own) <= {""}
    # a value that the walker was told is the one that was judged
    told = [row for row in found if row["feedback_value"]]
    assert len(told) > 20
    for row in told:
        assert float(row["judged_value"]) == pytest.approx(float(row["feedback_value"]), rel=1e-12)
    assert any(row["judged_value"] and row["told"] == "0" for row in found)


def test_a_block_that_was_begun_again_is_told_from_the_one_that_counts(file, tmp_path):
    asks = [Ask("repeat", 75.3), Ask("pause", 100.0), Ask("resume", 110.0)]
    run, _ = folders.write(tmp_path / "a", Setup(file, arm="A"), asks=asks)
    found = [row for row in stances(tmp_path, tmp_path / "a") if row["block"] == "practice"]
    assert {row["attempt"] for row in found} == {"1", "2"}
    for row in found:
        again = float(row["t_on_s"]) >= 75.3
        assert (row["attempt"], row["attempt_discarded"]) == (("2", "0") if again else ("1", "1"))
    good = [row for row in found if row["attempt_discarded"] == "0" and row["counted"] == "1"]
    [result] = [each for each in run.state.results if each.name == "practice"]
    assert len(good) == sum(leg.valid + leg.rejected for leg in result.legs)
    log = follow(tmp_path / "a")
    assert [(each.name, each.attempt, each.end) for each in log.attempts] == [
        ("warm up", 1, "ended"), ("usual", 1, "ended"), ("practice", 1, "repeated"), ("practice", 2, "ended"),
        ("without", 1, "ended"),
    ]  # fmt: skip


def test_an_attempt_in_an_earlier_part_is_discarded_by_a_later_one(file, tmp_path):
    first, second = tmp_path / "session_01", tmp_path / "session_01_2"
    folders.write(first, Setup(file, arm="A"), seconds=90.0)
    goes_on = resumed(first)
    folders.write(second, goes_on, asks=[Ask("repeat", 20.0)])
    alone = stances(tmp_path, first)
    assert {row["attempt_discarded"] for row in alone} == {"0"}
    both = stances(tmp_path, first, second)
    parts = {row["recording"]: row["part"] for row in both}
    assert parts == {"session_01": "1", "session_01_2": "2"}
    trained = [row for row in both if row["block"] == "practice"]
    assert {(row["recording"], row["attempt"], row["attempt_discarded"]) for row in trained} == {
        ("session_01", "1", "1"), ("session_01_2", "1", "1"), ("session_01_2", "2", "0"),
    }  # fmt: skip
    assert {row["attempt_discarded"] for row in both if row["block"] == "usual"} == {"0"}


def test_a_session_that_was_begun_again_and_a_rehearsal_are_marked(file, tmp_path):
    person = enrol(tmp_path, "S01", file, arm="A", rehearsal=True)
    for _ in range(2):
        comes = person.next()
        made = person.setup(comes)
        folders.write(comes.folder, made, seconds=40.0)
        person.begin(comes)
    found = stances(tmp_path, person.folder / "session_01", person.folder / "session_01_2")
    assert {(row["recording"], row["superseded"], row["rehearsal"], row["part"]) for row in found} == {
        ("session_01", "1", "1", "1"), ("session_01_2", "0", "1", "1"),
    }  # fmt: skip


def test_a_leg_that_is_not_trained_has_no_target(tmp_path):
    (tmp_path / "one.toml").write_text('legs = "one"\n' + folders.PROTOCOL)
    one = read_protocol(str(tmp_path / "one.toml"))
    folders.write(tmp_path / "a", Setup(one, leg=Side.LEFT, arm="A"))
    found = stances(tmp_path, tmp_path / "a")
    assert {(row["side"], row["leg_trained"], row["legs_trained"]) for row in found} == {
        ("left", "1", "left"), ("right", "0", "left"),
    }  # fmt: skip
    for column in ("in_band", "judged_value"):
        assert {row["side"] for row in found if row[column]} == {"left"}
    # it has a baseline nevertheless: guards watch it
    assert {row["side"] for row in found if row["baseline"]} == {"left", "right"}


def test_without_its_log_a_session_keeps_what_its_tables_say(file, tmp_path):
    folders.write(tmp_path / "a", Setup(file, arm="A"))
    whole = stances(tmp_path, tmp_path / "a")
    (tmp_path / "a" / "protocol.jsonl").unlink()
    found = stances(tmp_path, tmp_path / "a")
    assert [row["block_kind"] for row in found] == [row["block_kind"] for row in whole]
    for column in ("attempt", "attempt_discarded", "judged_value", "in_band", "baseline", "part"):
        assert {row[column] for row in found} == {""}
    assert {row["session"] for row in found} == {"1"}
    assert {row["told"] for row in found} == {"", "1"}
    assert all(row["feedback_value"] for row in found if row["told"])
    read = read_session(tmp_path / "a")
    assert [each.path for each in Study([read]).unfollowed()] == [read.path]


def test_a_log_that_belongs_to_another_table_tells_nothing_of_it(file, tmp_path):
    folders.write(tmp_path / "a", Setup(file, arm="A"))
    table = tmp_path / "a" / "stances.csv"
    table.write_text(table.read_text().replace(",practice,", ",other,"))
    found = [row for row in stances(tmp_path, tmp_path / "a") if row["block"] == "other"]
    assert {row["attempt"] for row in found} == {""}


# --- blinded -----------------------------------------------------------------------------------------


def test_a_blinded_table_is_the_same_in_every_arm_but_for_what_was_walked(blinded, tmp_path):
    """Nobody learns anything here, so that only what is exported could tell the arms apart."""
    tables = []
    for code in "ABC":
        folder = tmp_path / code / "s"
        folders.write(folder, folders.arm(Setup(blinded), code), Strider())
        tables.append(stances(tmp_path / code, folder))
    assert tables[0] == tables[1] == tables[2]
    assert {row["block_kind"] for row in tables[0]} == {
        "familiarise",
        "baseline",
        "train",
        "retention",
    }
    assert all(row[column] == "" for row in tables[0] for column in TELLING)
    assert {"0", "1"} == {row["told"] for row in tables[0] if row["block_kind"] == "train"}
    assert not {"arm", "sham"} & set(tables[0][0])


def test_unblinded_the_arm_is_told(blinded, tmp_path):
    folders.write(tmp_path / "s", folders.arm(Setup(blinded), "C"))
    found = stances(tmp_path, tmp_path / "s", unblind=True)
    assert {(row["arm"], row["sham"]) for row in found} == {("C", "noise")}
    assert any(row["in_band"] == "1" for row in found)
    # what is told is made up, what is judged is measured
    told = [row for row in found if row["feedback_value"]]
    assert all(row["feedback_value"] != row["judged_value"] for row in told)
    assert {line.column for line in codebook(unblind=True)} - {line.column for line in codebook()} == {
        "arm", "sham",
    }  # fmt: skip


# --- without a protocol ------------------------------------------------------------------------------


def test_without_a_protocol_kind_and_band_are_those_of_the_session(tmp_path):
    feedback = {
        "variable": "ekam_peak1", "mode": "relative", "low": 60.0, "high": 90.0, "unit": "%",
        "baseline_stances": 20, "baseline": {"left": 0.5, "right": None},
    }  # fmt: skip
    sessions.write(tmp_path / "a", sessions.leg(20, 30), more={"feedback": feedback})
    found = stances(tmp_path, tmp_path / "a")
    assert [row["block_kind"] for row in found] == ["baseline"] * 20 + ["train"] * 30
    assert {(row["session"], row["part"], row["attempt"], row["protocol"]) for row in found} == {
        ("", "1", "", ""),
    }  # fmt: skip
    assert {row["baseline"] for row in found} == {"0.5"}
    for row in found[20:]:
        assert row["judged_value"] == repr(float(row["feedback_value"]))
        assert row["in_band"] == str(int(60.0 <= float(row["feedback_value"]) <= 90.0))
    assert {row["in_band"] for row in found[:20]} == {""}


def test_a_session_that_hides_its_feedback_without_a_protocol(tmp_path):
    feedback = {"variable": "ekam_peak1", "mode": "relative", "low": 60.0, "high": 90.0, "baseline_stances": 20,
                "blinded": True}  # fmt: skip
    sessions.write(tmp_path / "a", sessions.leg(20, 30), more={"feedback": feedback})
    hidden, told = (stances(tmp_path, tmp_path / "a", unblind=unblind) for unblind in (False, True))
    for column in ("feedback_value", "judged_value", "in_band"):
        assert {row[column] for row in hidden} == {""}
        assert all(row[column] for row in told[20:])
