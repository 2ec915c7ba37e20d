"""Other synthetic walkers than the bundled one: their files are processed to what is known of them."""

import csv

import numpy as np
import pytest
from commands import ekam, refused


@pytest.mark.parametrize(
    ("options", "toe_out", "lean", "width"),
    [
        ("--toe-out -4 --trunk-lean 6", -4.0, 6.0, 0.15),
        (
            "--toe-out 15 --step-width 0.22 --speed 1.3 --cadence 110 --mass 95 --height 1.9 --marker-rate 200 --noise",
            15.0, 1.5, 0.22,
        ),
        ("--peak1 0.3 0.6 --no-answers --trunk-lean 12 --lowers 0.4", 6.0, 12.0, 0.15),
    ],
)  # fmt: skip
def test_what_is_known_is_found(tmp_path, options, toe_out, lean, width):
    made = ekam("walker", tmp_path / "w", *options.split())
    assert made.returncode == 0, made.stderr
    files = {
        name: tmp_path / "w" / f"synthetic_{name}"
        for name in ("walk.c3d", "lab.toml", "subject.toml")
    }
    done = ekam("process", files["walk.c3d"], "--lab", files["lab.toml"], "--subject", files["subject.toml"],
                "-o", tmp_path / "s")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "w" / "synthetic_truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    with (tmp_path / "s" / "stances.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 0.9 * len(truth)
    off = 0.03 if "noise" in options else 0.01
    for row in rows:
        assert row["verdict"] == "valid", row["reasons"]
        true = min(
            (each for each in truth if each["side"] == row["side"]),
            key=lambda each: abs(float(each["t_on_s"]) - float(row["t_on_s"])),
        )
        for name in ("ekam_peak1_nm", "ekam_peak2_nm"):
            assert float(row[name]) == pytest.approx(float(true[name]), rel=off)
    mean = {key: np.mean([float(row[key]) for row in rows]) for key in
            ("foot_progression_deg", "trunk_lean_peak_deg", "step_width_m")}  # fmt: skip
    assert mean["foot_progression_deg"] == pytest.approx(toe_out, abs=1.5)
    assert mean["trunk_lean_peak_deg"] == pytest.approx(lean, abs=1.0)
    assert mean["step_width_m"] == pytest.approx(width, abs=0.01)


def test_nobody_walks_like_that(tmp_path):
    said = refused(ekam("walker", tmp_path / "w", "--speed", 2, "--cadence", 70))
    assert "lower speed, higher cadence" in said
    assert not (tmp_path / "w").exists()
    (tmp_path / "w").mkdir()
    assert "exists" in refused(ekam("walker", tmp_path / "w"))
