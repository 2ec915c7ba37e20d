"""Tables of a session folder, from made-up stances."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from compute.conventions import Side
from compute.stance import CURVES, Stance, StanceCurves
from compute.variables import VARIABLES
from stream.sinks import Told
from stream.tables import (
    CURVE_COLUMNS,
    MORE_COLUMNS,
    STANCE_COLUMNS,
    CurvesCsv,
    StancesCsv,
    TraceCsv,
    stance_row,
)

MASS_KG = 70.0
WEIGHT_N = MASS_KG * 9.81


def made_up(number=1, side=Side.LEFT, **fields):
    given = {
        "ekam_peak1_nm": 35.0, "ekam_peak2_nm": 28.0, "ekam_valley_nm": 21.0, "ekam_impulse_nms": 14.0,
        "ekam_peak1_vector_nm": 33.6, "ekam_peak1_jcs_nm": 32.9, "ekam_peak1_sigma_nm": 0.7,
        "ekam_peak2_sigma_nm": 1.4, "foot_progression_rad": np.pi / 30.0, "step_width_m": 0.1,
        "valr_n_per_s": 8.0 * WEIGHT_N, "residual_max_m": 0.002, "dropped_marker": "LMT5",
        "peak1_is_local": True, "early_peak1_nm": 34.3,
    }  # fmt: skip
    return Stance(number, side, 1.0, 1.7, 1.8, MASS_KG, 1.75, **{**given, **fields})


def with_curves(number=1, side=Side.LEFT, frames=71):
    """Every curve is a straight line in time, another one for each column."""
    time_s = 1.0 + 0.7 * np.linspace(0.0, 1.0, frames)
    slopes = np.arange(1.0, len(CURVES) + 1.0)
    values = slopes * (time_s[:, None] - 1.0) / 0.7
    values[:, CURVES.index("trunk_lean_rad")] = np.nan
    return replace(made_up(number, side), curves=StanceCurves(time_s, values))


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_every_column_has_its_unit(tmp_path):
    table = StancesCsv(tmp_path)
    table.stance(made_up(), Told("early", 12.5, 91.0))
    [row] = rows(tmp_path / "stances.csv")  # before it is closed: flushed as it happens
    table.close()
    assert tuple(row) == (*STANCE_COLUMNS, *MORE_COLUMNS)
    expected = {
        "ekam_peak1_nm": 35.0, "ekam_peak2_nm": 28.0, "ekam_peak1_nm_per_kg": 0.5, "ekam_peak2_nm_per_kg": 0.4,
        "ekam_peak1_pct_bwht": 100.0 * 35.0 / (WEIGHT_N * 1.75), "ekam_valley_nm_per_kg": 0.3,
        "ekam_impulse_nms_per_kg": 0.2, "ekam_peak1_vector_nm_per_kg": 0.48,
        "ekam_peak1_jcs_nm_per_kg": 0.47, "ekam_peak1_sigma_nm_per_kg": 0.01,
        "ekam_peak2_sigma_nm_per_kg": 0.02, "foot_progression_deg": 6.0, "step_width_m": 0.1,
        "valr_bw_per_s": 8.0, "residual_max_mm": 2.0, "ekam_larger_peak_nm_per_kg": 0.5, "stance_s": 0.7,
        "latency_ms": 12.5, "early_peak1_nm_per_kg": 0.49, "feedback_value": 91.0, "ekam_peak1_is_local": 1, "ekam_peak2_is_local": 0,
    }  # fmt: skip
    for name, value in expected.items():
        assert float(row[name]) == pytest.approx(value), name
    assert (row["shown"], row["verdict"], row["dropped_marker"]) == ("early", "valid", "LMT5")
    told = {"stance", "side", "t_on_s", "t_off_s", "verdict", "shown", "dropped_marker", *expected}
    assert {name for name, text in row.items() if name not in told and text} == set()


def test_rows_and_columns_are_the_same_set():
    columns = {*STANCE_COLUMNS, *MORE_COLUMNS}
    assert len(columns) == len(STANCE_COLUMNS) + len(MORE_COLUMNS)
    assert set(stance_row(made_up(), Told())) == columns
    assert {variable.column for variable in VARIABLES.values()} <= columns


def test_reasons_are_joined():
    row = stance_row(made_up(reasons=("marker_gap", "cross_belt")), Told())
    assert (row["verdict"], row["reasons"]) == ("rejected", "marker_gap;cross_belt")


def test_curves_have_101_points_a_stance_in_report_units(tmp_path):
    table = CurvesCsv(tmp_path)
    table.stance(with_curves(1), Told())
    assert len(rows(tmp_path / "curves.csv")) == 101  # flushed as it happens
    table.stance(made_up(2), Told())  # has no curves
    table.stance(with_curves(3, Side.RIGHT), Told())
    table.close()
    found = rows(tmp_path / "curves.csv")
    assert tuple(found[0]) == CURVE_COLUMNS
    assert CURVE_COLUMNS[:6] == (
        "stance",
        "side",
        "pct",
        "ekam_nm_per_kg",
        "kfm_nm_per_kg",
        "fz_bw",
    )
    assert [(r["stance"], r["side"]) for r in found[100:102]] == [("1", "left"), ("3", "right")]
    assert [r["pct"] for r in found[:101]] == [str(pct) for pct in range(101)]
    for pct, row in enumerate(found[:101]):
        share = pct / 100.0
        assert float(row["ekam_nm_per_kg"]) == pytest.approx(1.0 * share / MASS_KG, abs=6e-7)
        assert float(row["fz_bw"]) == pytest.approx(3.0 * share / WEIGHT_N, abs=6e-7)
        knee = CURVES.index("knee_flexion_rad") + 1
        assert float(row["knee_flexion_deg"]) == pytest.approx(np.degrees(knee * share), abs=6e-5)
        assert row["trunk_lean_deg"] == ""


def test_curves_are_interpolated_between_frames_and_held_at_the_ends(tmp_path):
    frames = with_curves(frames=8)
    inside = StanceCurves(frames.curves.time_s[1:-1], frames.curves.values[1:-1])
    table = CurvesCsv(tmp_path)
    table.stance(replace(frames, curves=inside), Told())
    table.close()
    ekam = np.array([float(r["ekam_nm_per_kg"]) for r in rows(tmp_path / "curves.csv")])
    expected = np.interp(np.arange(101), [100 / 7, 600 / 7], [1 / 7, 6 / 7]) / MASS_KG
    np.testing.assert_allclose(ekam, expected, atol=6e-7)


def test_a_missing_frame_is_a_gap_and_no_guess(tmp_path):
    stance = with_curves()
    stance.curves.values[35, 0] = np.nan
    table = CurvesCsv(tmp_path)
    table.stance(stance, Told())
    table.close()
    empty = [int(r["pct"]) for r in rows(tmp_path / "curves.csv") if not r["ekam_nm_per_kg"]]
    assert 50 in empty
    assert len(empty) <= 3


def test_trace_has_a_line_per_frame(tmp_path):
    table = TraceCsv(tmp_path)
    table.stance(with_curves(), Told())
    table.close()
    found = rows(tmp_path / "trace.csv")
    assert len(found) == 71
    assert float(found[-1]["ekam_nm"]) == pytest.approx(1.0)
    assert float(found[-1]["fz_n"]) == pytest.approx(3.0)
    assert found[-1]["contact"] == "1"
