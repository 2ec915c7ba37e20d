"""Sums of a session, from folders whose numbers are known."""

import json

import numpy as np
import pytest
import sessions

from compute import Side
from compute.protocol import Ask
from compute.variables import VARIABLES
from display.report import words
from display.report.page import session_page
from stream.course import course
from stream.curve_means import curve_means
from stream.errors import EkamError
from stream.outcomes import outcomes_of, read_outcomes
from stream.phases import kind_of
from stream.plain import plain
from stream.protocol_file import read_protocol
from stream.protocol_run import Setup
from stream.session_folder import find_sessions, hides, read_session
from stream.summary import summarise
from stream.watched import KFM, PEAK1, PEAK2


def summed(folder, **options):
    return summarise(read_session(folder), **options)


def test_a_good_session(tmp_path):
    left = sessions.leg(change=-0.12)
    found = summed(sessions.write(tmp_path / "s", left, sessions.leg(change=-0.02, seed=9)))
    leg = found.leg(Side.LEFT)
    assert (leg.valid, leg.rejected, leg.baseline.valid, leg.training.valid) == (260, 0, 60, 200)
    peaks = left["ekam_peak1_nm_per_kg"]
    moved = leg.training.changes[PEAK1]
    assert moved.pct == pytest.approx(100.0 * (peaks[60:].mean() / peaks[:60].mean() - 1.0))
    assert moved.pct_interval[0] < moved.pct < moved.pct_interval[1] < 0.0
    inside = (left["feedback_value"] >= 60.0) & (left["feedback_value"] <= 90.0)
    assert (leg.training.judged, leg.training.in_band) == (200, inside.sum())
    assert leg.judgement.state == "reached"
    assert found.leg(Side.RIGHT).judgement.state == "missed"
    assert found.quality.level == "good"
    assert leg.closing.valid == 50


@pytest.mark.parametrize(
    ("given", "column"), [({"kfm_change": 0.2}, KFM), ({"peak2_change": 0.2}, PEAK2)]
)
def test_a_success_that_is_bought_is_none(tmp_path, given, column):
    found = summed(sessions.write(tmp_path / "s", sessions.leg(**given), sessions.leg(seed=9)))
    leg = found.leg(Side.LEFT)
    assert leg.training.changes[column].pct > 10.0
    assert leg.judgement.state == "paid for"


def test_the_other_knee_is_watched(tmp_path):
    found = summed(sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9, change=0.2)))
    assert found.leg(Side.LEFT).judgement.state == "paid for"
    assert "right knee's first EKAM peak" in found.leg(Side.LEFT).judgement.risen[0]


def test_rejected_steps_are_counted_with_their_reasons_and_never_used(tmp_path):
    left = sessions.leg(rejected=60)
    bad = left["verdict"] == "rejected"
    left["ekam_peak1_nm_per_kg"][bad] = 9.0
    found = summed(sessions.write(tmp_path / "s", left)).leg(Side.LEFT)
    assert (found.valid, found.rejected) == (200, 60)
    assert found.reasons == {"marker_gap": 60, "outlier": 60}
    assert found.training.means[PEAK1].mean < 1.0
    assert found.training.judged == int((~bad[60:]).sum())


def test_only_rejected_steps_and_no_steps(tmp_path):
    nothing = summed(sessions.write(tmp_path / "none"))
    assert nothing.quality.level == "bad"
    only = summed(sessions.write(tmp_path / "bad", sessions.leg(rejected=260)))
    assert only.leg(Side.LEFT).valid == 0
    assert only.quality.level == "bad"
    assert only.leg(Side.LEFT).training.changes == {}


def test_a_short_baseline_is_not_judged(tmp_path):
    found = summed(sessions.write(tmp_path / "s", sessions.leg(baseline=12), sessions.leg(seed=9)))
    assert found.leg(Side.LEFT).judgement.state == "unknown"
    assert found.quality.level == "care"


def test_a_baseline_of_an_earlier_session_is_used_without_an_interval(tmp_path):
    feedback = {"variable": "ekam_peak1", "mode": "relative", "low": 60.0, "high": 90.0, "baseline_stances": 60,
                "baseline": {"left": 0.5, "right": None}, "baseline_counts": {"left": 60}}  # fmt: skip
    legs = [sessions.leg(baseline=0, seed=seed, blocks=lambda n: ["train"] * n) for seed in (0, 9)]
    found = summed(sessions.write(tmp_path / "s", *legs, more={"feedback": feedback}))
    moved = found.leg(Side.LEFT).training.changes[PEAK1]
    assert moved.pct == pytest.approx(100.0 * (legs[0]["ekam_peak1_nm_per_kg"].mean() / 0.5 - 1.0))
    assert np.isnan(moved.pct_interval).all()
    assert found.leg(Side.LEFT).judgement.state == "unknown"  # nobody knows what became of KFM
    assert found.leg(Side.RIGHT).training.changes == {}


def blocks(n):
    names = (
        ["warm up"] * 20
        + ["baseline"] * 60
        + ["train 1"] * 60
        + ["rest"] * 4
        + ["train 2"] * 60
        + ["retention"] * 50
    )
    return names[:n]


def test_blocks_of_a_protocol(tmp_path):
    legs = []
    for seed in (0, 9):
        leg = sessions.leg(80, 174, seed=seed, blocks=blocks)
        named = np.array([name.startswith("train") for name in leg["block"]])
        leg["target_low"], leg["target_high"] = (
            np.where(named, 70.0, np.nan),
            np.where(named, 92.0, np.nan),
        )
        legs.append(leg)
    found = summed(sessions.write(tmp_path / "s", *legs)).leg(Side.LEFT)
    assert [part.name for part in found.parts] == [
        "warm up",
        "baseline",
        "train 1",
        "rest",
        "train 2",
        "retention",
    ]
    assert found.baseline.valid == 60
    assert found.training.valid == 120
    value, named = legs[0]["feedback_value"], np.isfinite(legs[0]["target_low"])
    assert found.training.in_band == int(((value >= 70.0) & (value <= 92.0) & named).sum())
    assert (found.training.target_low, found.training.target_high) == (70.0, 92.0)
    assert found.parts[-1].changes[PEAK1].pct < 0.0


def test_kinds_of_blocks():
    assert kind_of("Training 3") == "train"
    assert kind_of("B2", {"B2": "catch"}) == "catch"
    assert kind_of("something") == "other"


@pytest.mark.parametrize(
    "protocol",
    ["blinded = true", "[arm]\nsham = true", "[[blocks]]\nname = 'a'\nkind = 'train'\nsham = true"],
)
def test_a_blinded_session_does_not_tell_its_arm(tmp_path, protocol):
    legs = [
        sessions.leg(80, 174, seed=seed, blocks=lambda n: [f"sham {b}" for b in blocks(n)])
        for seed in (0, 9)
    ]
    folder = sessions.write(tmp_path / "s", *legs, protocol=protocol,
                            more={"protocol": {"name": "sham arm", "sha256": "c" * 64}})  # fmt: skip
    text = json.dumps(plain(summed(folder)))
    assert "sham" not in text
    assert "c" * 64 not in text
    found = summed(folder)
    assert found.concealed
    assert found.label == ""
    assert found.leg(Side.LEFT).training.judged == 0
    assert "c" * 64 in json.dumps(plain(summed(folder, unblind=True)))


def test_a_protocol_that_cannot_be_read_may_have_been_blinded(tmp_path):
    folder = sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9), facts=False)
    assert not summed(folder).concealed
    (folder / "protocol.toml").write_bytes(b"\0" * 30)
    (folder / "session.json").write_text("{")
    found = summed(folder)
    assert found.concealed
    assert any("nor whether it was blinded" in each for each in found.lacking)


def test_what_hides():
    assert not hides({"blinded": False, "sham": "none", "deep": [{"a": 1}]})
    assert hides({"deep": [{"sham": {"source": "other"}}]})


def test_a_killed_session(tmp_path):
    folder = sessions.write(
        tmp_path / "s", sessions.leg(), sessions.leg(seed=9), facts=False, curves=False
    )
    whole = (folder / "stances.csv").read_bytes()
    (folder / "stances.csv").write_bytes(whole[:-40])
    found = summed(folder)
    assert found.leg(Side.RIGHT).valid == 259
    said = " ".join(found.lacking)
    for word in ("session.json", "torn", "raw.xdf", "curves.csv"):
        assert word in said
    assert found.quality.level == "care"
    assert found.leg(Side.LEFT).training.judged == 200  # the lab file tells the band


@pytest.mark.parametrize("facts", [{"lab": None}, {"sync": []}, {"streams": {"markers": 3}}, {"latency_ms": "x"},
                                   {"feedback": 7}, {"versions": None}, {"origin": 1}])  # fmt: skip
def test_facts_of_any_shape(tmp_path, facts):
    assert (
        summed(sessions.write(tmp_path / "s", sessions.leg(), more=facts)).leg(Side.LEFT).valid
        == 260
    )


def test_a_foot_angle_is_told_as_a_difference(tmp_path):
    left = sessions.leg()
    base = left["foot_progression_deg"][:60].mean()
    left["feedback_value"] = np.where(
        np.arange(260) >= 60, left["foot_progression_deg"] - base, np.nan
    )
    feedback = {
        "variable": "foot_progression",
        "mode": "difference",
        "low": -6.0,
        "high": -3.0,
        "baseline_stances": 60,
    }
    found = summed(
        sessions.write(tmp_path / "s", left, sessions.leg(seed=9), more={"feedback": feedback})
    )
    assert found.unit == "°"
    assert found.leg(Side.LEFT).judgement.state == "reached"


def test_late_feedback_and_a_changed_speed_are_doubts(tmp_path):
    left = sessions.leg()
    left["belt_speed_m_per_s"][60:] += 0.05
    slow = {
        "latency_stages_ms": {"arrival": {"p50": 300.0, "p95": 400.0, "p99": 500.0, "max": 900.0}}
    }
    found = summed(sessions.write(tmp_path / "s", left, more=slow))
    doubts = {point.name for point in found.quality.points if point.state == "care"}
    assert {"speed", "feedback in time"} <= doubts
    assert found.latency_ms["arrival"]["p95"] == 400.0


def test_mean_curves(tmp_path):
    left = sessions.leg(baseline=20, training=30)
    folder = sessions.write(tmp_path / "s", left)
    found = curve_means(folder / "curves.csv", {i + 1: "b" if i < 20 else "t" for i in range(50)})
    peaks = left["ekam_peak1_nm_per_kg"]
    assert (found["b"].count, found["t"].count) == (20, 30)
    assert found["b"].mean[50, 0] == pytest.approx(peaks[:20].mean(), abs=1e-6)
    assert found["b"].sd[50, 0] == pytest.approx(peaks[:20].std(ddof=1), abs=1e-6)
    with (folder / "curves.csv").open("rb+") as file:
        file.truncate((folder / "curves.csv").stat().st_size - 200)
    torn = curve_means(folder / "curves.csv", dict.fromkeys(range(1, 51), "t"))
    assert torn["t"].count == 49
    assert curve_means(folder / "nothing.csv", {1: "t"}) == {}


def test_several_sessions(tmp_path):
    for i in (1, 0, 2):  # written in another order than they were walked
        sessions.write(tmp_path / "S01" / f"S01_2026110{i + 1}T090000Z", sessions.leg(peak1=0.6 - 0.1 * i, sd=0.02, seed=i),
                       outcomes=[{"name": "pain", "value": 5 - i}, {"utc": "2026-11-01", "koos": 60 + i}])  # fmt: skip
    found = course([read_session(path) for path in find_sessions(tmp_path / "S01")])
    assert [each.begun_utc[:10] for each in found.sessions] == [
        "2026-11-01",
        "2026-11-02",
        "2026-11-03",
    ]
    left = found.legs[Side.LEFT]
    assert left.difference == pytest.approx(-0.2, abs=0.02)
    assert abs(left.difference) > left.detectable
    assert np.isnan(found.legs[Side.RIGHT].difference)
    assert found.outcomes == {"pain": (5.0, 4.0, 3.0), "koos": (60.0, 61.0, 62.0)}
    sessions.write(tmp_path / "S01" / "other", sessions.leg(), subject_id="S02")
    with pytest.raises(EkamError, match="several people"):
        course([read_session(path) for path in find_sessions(tmp_path / "S01")])


def test_no_session(tmp_path):
    with pytest.raises(EkamError, match="no session folder"):
        find_sessions(tmp_path)
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    (recordings / "raw.xdf").write_bytes(b"XDF:")
    assert find_sessions(recordings) == find_sessions(tmp_path) == (recordings,)
    with pytest.raises(EkamError, match="stances.csv of recordings cannot be read"):
        read_session(recordings)
    sessions.write(recordings / "scored", sessions.leg(20, 10))  # beside what it came from
    assert find_sessions(recordings) == find_sessions(tmp_path) == (recordings / "scored",)
    (tmp_path / "stances.csv").write_text("a,b\n")
    with pytest.raises(EkamError, match="no table of stances"):
        read_session(tmp_path)


@pytest.mark.parametrize("wrong", [None, "x", [], {}, [1], True, float("nan")])
def test_a_session_file_of_wrong_values_still_tells_the_rest(tmp_path, wrong):
    block = {
        "name": "train",
        "kind": "train",
        "to_s": 90.0,
        "legs": {"left": {"valid": wrong, "why": wrong}},
    }
    more = {
        "begun_utc": wrong, "origin": wrong, "plate_check": wrong, "sync": wrong,
        "latency_stages_ms": {"arrival": dict.fromkeys(("p50", "p95", "p99", "max"), wrong)},
        "streams": {"markers": {"health": dict.fromkeys(("samples", "missing", "publishers_bound"), wrong)}},
        "protocol": {"legs": wrong, "halted": wrong, "blocks": [wrong, block]},
    }  # fmt: skip
    found = summed(sessions.write(tmp_path / "s", sessions.leg(40, 60), more=more))
    assert found.leg(Side.LEFT).training.changes[PEAK1].pct < 0.0


def test_outcomes_are_read_whatever_their_form(tmp_path):
    (tmp_path / "outcomes.jsonl").write_text(
        '{"pain": 3, "utc": "2026-11-01"}\n{"name": "koos", "value": 61}\n{"name": "note", "value": "x"}\n{"tor'
    )
    (tmp_path / "outcomes.toml").write_text(
        '[[outcomes]]\nname = "lefs"\nvalue = 70\nwhen = "after"\n'
    )
    found = [(each.name, each.value, each.when) for each in read_outcomes(tmp_path)]
    assert found == [("pain", 3.0, "2026-11-01"), ("koos", 61.0, ""), ("lefs", 70.0, "after")]


def test_a_corrected_answer_is_an_outcome_once(tmp_path):
    lines = (
        {"name": "pain", "value": 8.0, "at_s": 60.0},
        {"name": "pain", "value": 8.0, "at_s": 600.0},
        {"name": "pain", "value": 3.0, "at_s": 60.0, "replaces": 8.0, "corrected_at_s": 700.0},
    )
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "outcomes.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    assert [each.value for each in read_outcomes(folder)] == [3.0, 8.0]
    # as session.json keeps them
    kept = [{**lines[0], "corrected": True, "replaces": None}, {**lines[2]}, {**lines[1]}]
    assert [each.value for each in outcomes_of(kept)] == [3.0, 8.0]


def test_answers_in_the_journal_of_a_participant(tmp_path):
    lines = [
        {"what": "answer", "name": "pain", "value": 9},  # before any session
        {"what": "begun", "session": 1, "folder": "session_01"},
        {"what": "answer", "name": "pain", "value": 4, "at_s": 600.0},
        {"what": "ended", "session": 1, "folder": "session_01"},
        {"what": "begun", "session": 2, "folder": "session_02"},
        {"what": "answer", "name": "pain", "value": 2, "at_s": 60.0},
        {"what": "answer", "session": 1, "name": "koos", "value": 61},
    ]
    (tmp_path / "session_01").mkdir()
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    found = [(each.name, each.value, each.when) for each in read_outcomes(tmp_path / "session_01")]
    assert found == [("pain", 4.0, "10 min"), ("koos", 61.0, "")]


def of_protocol(tmp_path, text, arm="", **leg):
    legs = [
        sessions.leg(seed=seed, blocks=lambda n: (["baseline"] * 60 + ["train"] * 200)[:n], **leg)
        for seed in (0, 9)
    ]
    for each in legs:
        base = each["foot_progression_deg"][:60].mean()
        trained = np.arange(260) >= 60
        each["feedback_value"] = np.where(trained, each["foot_progression_deg"] - base, np.nan)
        each["target_low"], each["target_high"] = (
            np.where(trained, -6.0, np.nan),
            np.where(trained, -2.0, np.nan),
        )
    folder = sessions.write(tmp_path / "s", *legs, protocol=text, more={"feedback": {}})
    (folder / "protocol.jsonl").write_text(json.dumps({"arm": arm}) + "\n")
    return folder


PROTOCOL = '[target]\nvariable = "foot_progression"\nrule = "personal"\n[arms]\nA = "feedback"\nB = "natural"\n'


def test_the_target_is_that_of_the_protocol(tmp_path):
    found = summed(of_protocol(tmp_path, PROTOCOL, "A"))
    assert (found.variable, found.unit, found.band) == ("foot_progression", "°", (-6.0, -2.0))
    assert found.leg(Side.LEFT).training.judged == 200
    assert found.leg(Side.LEFT).judgement.state == "reached"


def test_a_sham_is_never_called_a_success(tmp_path):
    folder = of_protocol(tmp_path, PROTOCOL, "B")
    found = summed(folder).leg(Side.LEFT).judgement
    assert found.state == "unknown"
    assert "sham (natural)" in found.missing[0]
    (folder / "protocol.toml").write_text("blinded = true\n" + PROTOCOL)
    assert "sham" not in json.dumps(plain(summed(folder)))
    assert 'foot_progression"' not in json.dumps(plain(summed(folder)))


def block(name, success, why=(), guards=None, **more):
    numbers = {"valid": 200, "in_band_pct": 47.0, "success": success, "why": list(why), "guards": guards or {}}  # fmt: skip
    untrained = {"valid": 200, "in_band_pct": None, "success": None, "why": [], "guards": {}}
    legs = {"left": numbers | more, "right": untrained}
    return {"name": name, "kind": "train", "from_s": 60.0, "to_s": 400.0, "legs": legs}


RUN = (
    'name = "P"\nsuccess_pct = 40\nlegs = "left"\n[target]\nvariable = "ekam_peak1"\n'
    '[[guards]]\nvariable = "kfm_peak"\nlimit_pct = 25\n'
)


def ran(tmp_path, *blocks, told=True, **leg):
    """A session of a protocol that trained the left leg; the band holds few of its steps."""
    names = [*["baseline"] * 60, *["train"] * 200]
    left, right = (sessions.leg(seed=seed, blocks=lambda n: names[:n], **leg) for seed in (0, 9))
    trained = np.arange(260) >= 60
    left["target_low"], left["target_high"] = (
        np.where(trained, 60.0, np.nan),
        np.where(trained, 87.0, np.nan),
    )
    right["feedback_value"][:] = np.nan
    if not told:
        left["feedback_value"][:] = np.nan
    more = {"protocol": {"legs": ["left"], "blocks": list(blocks)}}
    return sessions.write(tmp_path / "s", left, right, protocol=RUN, more=more)


def test_the_verdict_is_that_of_the_protocol(tmp_path):
    found = summed(ran(tmp_path, block("train", True)))
    left = found.leg(Side.LEFT)
    assert left.judgement.state == "reached"
    assert (left.training.judged, left.training.in_band) == (200, 94)
    assert left.parts[1].verdict.success
    assert (found.demands.in_band_pct, found.demands.limit_pct(KFM)) == (40.0, 25.0)
    assert found.demands.limit_pct(PEAK2) == 10.0
    assert not found.leg(Side.RIGHT).trained


def test_a_guard_of_an_angle_is_told_in_degrees_and_is_no_share(tmp_path):
    folder = ran(
        tmp_path,
        block("train", False, ("hip adduction, peak +3.1 °",), {"hip adduction, peak": 3.1}),
    )
    (folder / "protocol.toml").write_text(
        RUN + '[[guards]]\nvariable = "pelvic_drop_peak"\n'
        '[[guards]]\nvariable = "hip_adduction_peak"\nleg = "other"\nlimit = 3.5\n'
        '[[guards]]\nvariable = "no such thing"\n[[guards]]\nlimit = 4\n'
    )
    found = summed(folder)
    labels = [
        VARIABLES[name].label for name in ("kfm_peak", "pelvic_drop_peak", "hip_adduction_peak")
    ]
    assert found.demands.rule.endswith(
        f"none of these may rise: {labels[0]} by more than 25 %, {labels[1]} by more than 2 °, "
        f"{labels[2]} of the other leg by more than 3.5 °, a moment by 0.02 N·m/kg at least (by the protocol)"
    )
    assert found.demands.rise_pct == {KFM: 25.0}
    assert found.leg(Side.LEFT).judgement.state == "paid for"


@pytest.mark.parametrize(
    ("why", "guards", "state"),
    [
        (("30 % of the steps in the band, 40 % are needed",), {}, "missed"),
        (("knee flexion moment +31 %",), {"knee flexion moment": 31.0}, "paid for"),
        (("30 % …", "knee flexion moment +31 %"), {"knee flexion moment": 31.0}, "missed"),
    ],
)
def test_a_block_that_the_protocol_calls_no_success(tmp_path, why, guards, state):
    found = summed(ran(tmp_path, block("train", False, why, guards))).leg(Side.LEFT).judgement
    assert found.state == state
    assert found.missing == (f"train: {', '.join(why)}",)
    assert found.risen == tuple(guards)


def test_steps_that_were_not_told_are_held_against_their_band(tmp_path):
    told = summed(ran(tmp_path / "told")).leg(Side.LEFT).training
    untold = summed(ran(tmp_path / "untold", told=False)).leg(Side.LEFT).training
    assert (told.told, untold.told) == (200, 0)
    assert (untold.judged, untold.in_band) == (told.judged, told.in_band)
    assert 0 < untold.in_band < untold.judged == 200


def test_when_a_session_began(tmp_path):
    folder = sessions.write(tmp_path / "P1" / "session_01", sessions.leg())
    assert read_session(folder).begun_utc.isoformat() == "2026-11-22T10:15:00+00:00"
    entry = {"what": "begun", "session": 1, "folder": "session_01", "utc": "2026-11-22T09:30:00+00:00"}  # fmt: skip
    (tmp_path / "P1" / "journal.jsonl").write_text(json.dumps(entry) + "\n")
    assert read_session(folder).begun_utc.isoformat() == "2026-11-22T09:30:00+00:00"
    facts = json.loads((folder / "session.json").read_text())
    facts["begun_utc"] = "2026-11-22T09:31:00+00:00"
    (folder / "session.json").write_text(json.dumps(facts))
    assert read_session(folder).begun_utc.isoformat() == "2026-11-22T09:31:00+00:00"


def test_a_replay_is_no_walker(tmp_path):
    streams = {"markers": {"replay": "walk.c3d"}, "forces": {"replay": "walk.c3d"}}
    found = summed(sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9),
                                  mode="live", more={"streams": streams}))  # fmt: skip
    assert found.replayed == "walk.c3d"
    assert found.quality.points[0].state == "care"
    assert "REPLAY of walk.c3d" in found.quality.points[0].sentence


HALTING = """
name = "short"
[[questions]]
name = "pain"
stop_at = 5
[[blocks]]
name = "baseline"
kind = "baseline"
[[blocks]]
name = "train"
kind = "train"
minutes = 5
"""


def test_halts_are_those_of_the_log_of_this_recording(tmp_path):
    folder = sessions.write(tmp_path / "s", sessions.leg(), protocol=HALTING)
    setup = Setup(read_protocol(str(folder / "protocol.toml")))

    def log(*asks):
        lines = [setup.table(), *(each.table() for each in asks)]
        (folder / "protocol.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
        return [(each.at_s, each.why) for each in summed(folder).halts]

    pain = Ask("answer", 120.0, "pain", 6.0)
    assert log(Ask("answer", 60.0, "pain", 3.0)) == []
    assert log(pain, Ask("resume", 130.0), Ask("pause", 200.0, "a shoe is loose")) == [
        (120.0, "pain 6, the limit is 5"),
        (200.0, "a shoe is loose"),
    ]
    assert log(pain, Ask("resume", 130.0), Ask("resumed", 0.0)) == []  # of the part before


def test_a_session_whose_protocol_cannot_be_read_tells_no_arm(tmp_path):
    leg = sessions.leg(40, 60, blocks=lambda n: ["baseline"] * 40 + ["train"] * (n - 40))
    folder = sessions.write(tmp_path / "s", leg, protocol="blinded = true\n[targ")
    found = summed(folder)
    assert found.concealed
    assert any("nor whether it was blinded" in sentence for sentence in found.lacking)


def test_a_personal_target_is_reported_by_the_outcome_that_it_was_chosen_by(tmp_path):
    """First peak 12 % lower, the larger one is the second, which rose: the trial's outcome rose."""
    legs = []
    for seed in (0, 9):
        leg = sessions.leg(60, 100, peak2_change=0.3, seed=seed)
        leg["ekam_larger_peak_nm_per_kg"] = 1.5 * leg["ekam_peak2_nm_per_kg"]
        legs.append(leg)
    aim = (
        '[target]\nvariable = "foot_progression"\nrule = "personal"\noutcome = "ekam_larger_peak"\n'
    )
    notes = {"notes": ["left leg: responder, -6 % at -5 °"], "targets": [
        {"at_s": 600.0, "side": "left", "why": "moved by the operator by +2 °", "low": 1, "high": 5},
        {"at_s": 1.0, "side": "left", "why": "by the protocol"},
    ]}  # fmt: skip
    folder = sessions.write(tmp_path / "s", *legs, protocol=aim, more={"protocol": notes})
    found = summed(folder)
    assert found.main.column == "ekam_larger_peak_nm_per_kg"
    assert found.leg(Side.LEFT).training.changes[found.main.column].pct > 20.0
    assert words.headline(found).startswith("Larger EKAM peak against baseline: left +")
    assert "The left knee's larger EKAM peak was" in words.leg_sentences(found.legs[0], found)[0]
    assert found.happened == (
        "left leg: responder, -6 % at -5 °",
        "10 min, left leg: the band was moved by the operator by +2 °",
    )
    text = session_page(read_session(folder), found)
    assert "What happened" in text
    assert "larger EKAM peak, step by step" not in text
    plain_one = summed(sessions.write(tmp_path / "t", *legs))
    assert plain_one.main.column == PEAK1
