"""The commands as a lab member types them; those that use LSL in their own process."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import walkers
from commands import ekam, ekam_process, refused
from reference import TRIALS, clean_stances, needs_data, read_trace


def synthetic(out, *more, recording=walkers.WALK_PATH, lab=walkers.LAB_PATH):
    return ["process", recording, "--lab", lab, "--subject", walkers.SUBJECT_PATH, "-o", out, *more]


def test_process_tells_programs_in_one_json_object(tmp_path):
    result = ekam(*synthetic(tmp_path / "s", "--json"))
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["folder"] == str(tmp_path / "s")
    with (tmp_path / "s" / "stances.csv").open() as file:
        rows = list(csv.DictReader(file))
    for side in ("left", "right"):
        own = [float(row["ekam_peak1_nm_per_kg"]) for row in rows if row["side"] == side]
        assert (told["sides"][side]["valid"], told["sides"][side]["rejected"]) == (len(own), 0)
        peak1 = told["sides"][side]["ekam_peak1_nm_per_kg"]
        assert peak1["mean"] == pytest.approx(np.mean(own), rel=1e-12)
        assert peak1["sd"] == pytest.approx(np.std(own, ddof=1), rel=1e-12)
    assert told["reasons"] == {}
    assert told["notes"][0].startswith("plate 1: load on the foot")


def test_process_scores_the_bundled_walk(tmp_path):
    result = ekam(*synthetic(tmp_path / "s", "--trace"))
    assert result.returncode == 0, result.stderr
    with (tmp_path / "s" / "stances.csv").open() as file:
        rows = list(csv.DictReader(file))
    true = sorted(walkers.trial(21).stances, key=lambda s: s.t_off_s)
    assert len(rows) >= 40
    for row, expected in zip(rows, true, strict=False):
        assert row["verdict"] == "valid"
        assert row["side"] == expected.side.word
        assert float(row["ekam_peak1_nm"]) == pytest.approx(expected.ekam_peak1_nm, rel=6e-3)
        assert row["block"] == row["target_low"] == row["latency_ms"] == ""
        assert row["shown"] == "none"
    session = json.loads((tmp_path / "s" / "session.json").read_text())
    assert session["stances"]["rejected"] == 0
    assert session["mode"] == "process"
    for name in ("lab.toml", "subject.toml"):
        kept = (tmp_path / "s" / name).read_text()
        assert kept == walkers.REPLAY_DATA.joinpath(f"synthetic_{name}").read_text()
    trace = read_trace(tmp_path / "s" / "trace.csv")
    assert np.all(trace["contact"] == 1)
    assert trace["ekam_nm"].max() == pytest.approx(
        max(float(r["ekam_peak1_nm"]) for r in rows), rel=2e-3
    )
    again = ekam(*synthetic(tmp_path / "s"))
    assert "exists and is not written into" in refused(again)


@needs_data
@pytest.mark.parametrize("trial", TRIALS, ids=[t.folder for t in TRIALS])
def test_agreement_with_the_reference(trial, tmp_path):
    """Full Newton-Euler of two programs over the clean stances, N·m/kg. Most of the difference is the
    inertia table; tests/compute/test_references.py looks closer.
    """
    subject, out = tmp_path / "subject.toml", tmp_path / "out"
    assert ekam(*trial.calibrate_arguments(subject)).returncode == 0
    assert ekam(*trial.process_arguments(subject, out)).returncode == 0
    reference, trace = trial.reference(), read_trace(out / "trace.csv")
    compared = 0
    for side in (0, 1):
        for rows in clean_stances(reference, side):
            t = reference["time_s"][rows]
            mine = np.flatnonzero(
                (trace["side"] == side)
                & (trace["time_s"] > t[0] - 0.005)
                & (trace["time_s"] < t[-1] + 0.005)
            )
            assert abs(len(mine) - len(rows)) <= 2
            for ours, theirs in (("ekam_nm", "kam_ne_6"), ("kfm_nm", "kfm_ne_6")):
                expected = (
                    np.interp(trace["time_s"][mine], t, reference[theirs][rows]) / trial.mass_kg
                )
                got = trace[ours][mine] / trial.mass_kg
                assert np.sqrt(np.mean((got - expected) ** 2)) <= (
                    0.02 if ours == "ekam_nm" else 0.05
                )
                assert np.corrcoef(got, expected)[0, 1] > 0.99
            compared += 1
    assert compared == {"treadmill_gaitalytics_si02": 5}.get(trial.folder, 2)


def edited(path, tmp_path, *changes):
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    made = tmp_path / "edited.toml"
    made.write_text(text)
    return made


def test_an_unknown_feedback_variable_is_answered_with_all_of_them(tmp_path):
    for command in (synthetic(tmp_path / "s"), ["demo", "-o", tmp_path / "s"]):
        said = refused(ekam(*command, "--feedback", "foot_progresion"))
        assert "no feedback variable 'foot_progresion', did you mean 'foot_progression'" in said
        assert "ekam_peak1, ekam_peak2" in said
    lab = edited(walkers.LAB_PATH, tmp_path, ('variable = "ekam_peak1"', 'variable = "kmf"'))
    said = refused(ekam(*synthetic(tmp_path / "s", lab=lab)))
    assert "feedback: there is no feedback variable 'kmf'" in said
    assert not (tmp_path / "s").exists()


def test_the_fed_back_variable_is_on_record(tmp_path):
    lab = edited(
        walkers.LAB_PATH, tmp_path,
        ('variable = "ekam_peak1"', 'variable = "step_width"'), ("low = 60.0", "low = 3.0"),
        ("high = 90.0", "high = 8.0"), ("baseline_stances = 10", "baseline_stances = 5"),
    )  # fmt: skip
    for options, variable, low in (([], "step_width", 3.0), (["--feedback", "valr"], "valr", 50.0)):
        out = tmp_path / variable
        assert ekam(*synthetic(out, *options, lab=lab)).returncode == 0
        told = json.loads((out / "session.json").read_text())["feedback"]
        assert (told["variable"], told["low"], told["baseline_stances"]) == (variable, low, 5)
        with (out / "stances.csv").open() as file:
            values = [row["feedback_value"] for row in csv.DictReader(file)]
        assert values[:10] == [""] * 10
        assert all(values[10:])


def test_no_such_file(tmp_path):
    said = refused(ekam(*synthetic(tmp_path / "s", recording=tmp_path / "nothing.c3d")))
    assert "there is no file" in said
    assert "nothing.c3d" in said


def test_a_misspelt_key(tmp_path):
    lab = edited(walkers.LAB_PATH, tmp_path, ("preset =", "presett ="))
    said = refused(ekam(*synthetic(tmp_path / "s", lab=lab)))
    assert "'markers.presett' is not known; did you mean 'preset'?" in said


def test_millimetres_declared_as_metres(tmp_path):
    lab = edited(walkers.LAB_PATH, tmp_path, ('unit = "auto"  ', 'unit = "m"  '))
    said = refused(ekam(*synthetic(tmp_path / "s", lab=lab)))
    assert 'look like mm: set unit = "mm"' in said


def test_plates_on_the_wrong_side(tmp_path):
    lab = edited(
        walkers.LAB_PATH, tmp_path,
        ('side = "left"', 'side = "none"'), ('side = "right"', 'side = "left"'), ('side = "none"', 'side = "right"'),
    )  # fmt: skip
    said = refused(ekam(*synthetic(tmp_path / "s", lab=lab)))
    assert "plate 1 is declared right, but in 100% of its loaded frames" in said
    assert not (tmp_path / "s").exists()


def test_plates_on_the_wrong_side_show_in_the_static_trial(tmp_path):
    lab = edited(
        walkers.LAB_PATH, tmp_path,
        ('side = "left"', 'side = "none"'), ('side = "right"', 'side = "left"'), ('side = "none"', 'side = "right"'),
    )  # fmt: skip
    said = refused(
        ekam("calibrate", walkers.STATIC_PATH, "--lab", lab, "--mass", 72, "--height", 1.72,
             "--sex", "f", "--id", "S1", "-o", tmp_path / "s.toml")
    )  # fmt: skip
    assert 'is declared left lies under the right foot: set side = "right"' in said


def test_a_body_upside_down(tmp_path):
    lab = edited(walkers.LAB_PATH, tmp_path, ('up = "+z", right = "-x"', 'up = "-z", right = "+x"'))
    assert "correct up under axes" in refused(ekam(*synthetic(tmp_path / "s", lab=lab)))


def test_walking_the_other_way_is_noted_and_changes_no_moment(tmp_path):
    lab = edited(
        walkers.LAB_PATH, tmp_path, ('forward = "-y", up = "+z", right = "-x"', 'forward = "+y", up = "+z", right = "+x"')
    )  # fmt: skip
    result = ekam(*synthetic(tmp_path / "s", lab=lab))
    assert result.returncode == 0
    assert "do not point along the forward axis" in result.stderr
    assert "calibrated with another lab file" in result.stderr


def test_a_recording_with_no_stance_says_why(tmp_path):
    short = walkers.cut_walk(tmp_path, seconds=0.5)
    said = refused(ekam(*synthetic(tmp_path / "s", recording=short)))
    assert (
        "holds no stance that could be scored: no complete left stance: its plate carries" in said
    )


def test_a_file_that_was_cut_off(tmp_path):
    """Inside its description it is refused; inside its data, what it holds is used and said."""
    data = walkers.WALK_PATH.read_bytes()
    cut = tmp_path / "cut.c3d"
    for size in (100, 700, 1500, 2500):
        cut.write_bytes(data[:size])
        assert "cut" in refused(ekam(*synthetic(tmp_path / "s", recording=cut)))
    cut.write_bytes(data[: len(data) // 2])
    result = ekam(*synthetic(tmp_path / "half", recording=cut))
    assert result.returncode == 0, result.stderr
    assert "of 2400 frames; these are used" in result.stderr


def test_names_that_look_like_markup_are_printed_as_they_are(tmp_path):
    result = ekam(*synthetic(tmp_path / "a[" / "x]"))
    assert result.returncode == 0, result.stderr
    assert "x]" in result.stdout


def test_a_static_trial_without_the_knee_markers(tmp_path):
    """The walking trial has no medial markers: it cannot calibrate."""
    said = refused(
        ekam("calibrate", walkers.WALK_PATH, "--lab", walkers.LAB_PATH, "--mass", 72, "--height", 1.72,
             "--sex", "f", "--id", "S1", "-o", tmp_path / "s.toml")
    )  # fmt: skip
    assert "LKNM (left medial epicondyle" in said
    assert not (tmp_path / "s.toml").exists()


def test_a_pseudonym_that_would_leave_the_folder(tmp_path):
    said = refused(
        ekam("calibrate", walkers.STATIC_PATH, "--lab", walkers.LAB_PATH, "--mass", 72, "--height", 1.72,
             "--sex", "f", "--id", "../x", "-o", tmp_path / "s.toml")
    )  # fmt: skip
    assert "is not a pseudonym" in said


@pytest.mark.lsl
def test_a_missing_stream(tmp_path):
    said = refused(
        ekam_process("live", "--lab", walkers.LAB_PATH, "--subject", walkers.SUBJECT_PATH, "--allow-replay",
             "--wait", 2, "-o", tmp_path / "s")
    )  # fmt: skip
    assert "Mocap" in said
    assert not (tmp_path / "s").exists()


@pytest.mark.lsl
@needs_data
def test_live_gives_the_stances_of_the_file(tmp_path):
    """A real treadmill recording through real LSL between two processes, to the last bit."""
    trial = TRIALS[1]
    subject = tmp_path / "subject.toml"
    assert ekam(*trial.calibrate_arguments(subject)).returncode == 0
    assert ekam(*trial.process_arguments(subject, tmp_path / "file")).returncode == 0
    publisher = subprocess.Popen(
        [sys.executable, "-P", "-m", "display.cli", "replay", str(trial.path(trial.walk)),
         "--lab", str(trial.lab), "--wait-consumers", "--seconds", "60"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        result = ekam_process("live", "--lab", trial.lab, "--subject", subject, "--allow-replay", "--wait", 30,
                      "-o", tmp_path / "live")  # fmt: skip
        assert result.returncode == 0, result.stderr
        publisher.wait(30)
    finally:
        publisher.kill()
        publisher.wait()
    tables = []
    for name in ("file", "live"):
        with (tmp_path / name / "stances.csv").open() as file:
            tables.append(list(csv.DictReader(file)))
    assert len(tables[0]) == len(tables[1]) == 18
    for offline, online in zip(*tables, strict=True):
        assert float(online.pop("latency_ms")) > 0.0
        offline.pop("latency_ms")
        assert online == offline
    told = json.loads((tmp_path / "live" / "session.json").read_text())["streams"]
    for role, samples in (("markers", 1206), ("forces", 12060)):
        health = told[role]["health"]
        assert (health["samples"], health["missing"], health["publishers_bound"]) == (samples, 0, 1)
        assert health["clock_offset_ms"] == 0.0
    again = ekam("process", "--verify", tmp_path / "live")
    assert again.returncode == 0, again.stderr
    assert "18 stances, every column the same, bit for bit" in " ".join(again.stdout.split())
    again = ekam("process", "--verify", tmp_path / "live", "--json")
    told = json.loads(again.stdout)
    assert (told["stances"], told["beyond"], told["difference"]) == (18, 0, "")
    import pyxdf

    streams, _ = pyxdf.load_xdf(tmp_path / "live" / "raw.xdf", dejitter_timestamps=False)
    sizes = {s["info"]["type"][0]: s["time_series"] for s in streams}
    assert (len(sizes["Mocap"]), len(sizes["Force"])) == (1206, 12060)


@pytest.mark.lsl
def test_demo_ends_by_itself_with_valid_stances(tmp_path):
    result = ekam_process("demo", "--seconds", 8, "-o", tmp_path / "s", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "synthetic" in result.stderr
    assert f"Session folder: {tmp_path / 's'}" in result.stdout.replace("\n", "")
    with (tmp_path / "s" / "stances.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["side"] for row in rows if row["verdict"] == "valid"} == {"left", "right"}


@pytest.mark.parametrize("command", ["demo", "calibrate", "live", "replay", "process", "walker"])
def test_help_shows_an_example(command):
    result = ekam(command, "--help")
    assert result.returncode == 0
    assert f"Example: ekam {command}" in " ".join(result.stdout.replace("│", " ").split())


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (("replay", "--fault", "?"), "freeze"),
        (("live", "--feedback", "?"), "foot_progression: foot progression (°)"),
        (("process", "--feedback", "?"), "ekam_peak1: EKAM peak 1 (N·m/kg)"),
        (("demo", "--feedback", "?"), "cadence"),
        (("live", "--protocol", "?"), "ekam_retraining"),
    ],
)
def test_a_question_mark_lists_what_there_is_whatever_else_is_missing(asked, line):
    done = ekam(*asked)
    assert done.returncode == 0
    assert line in done.stdout
