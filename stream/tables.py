"""The tables of a session folder: stances.csv, curves.csv, trace.csv."""

import csv
import os
from math import isnan, nan
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from compute import Stance
from compute.conventions import GRAVITY_M_PER_S2, pct_bw_ht
from compute.decimals import WIDEST, write_rows
from compute.resample import resample
from compute.stance import CURVES
from compute.variables import readings
from stream.sinks import Told

STANCE_COLUMNS = (
    "stance", "side", "t_on_s", "t_off_s", "ekam_peak1_nm", "ekam_peak2_nm", "ekam_peak1_nm_per_kg",
    "ekam_peak2_nm_per_kg", "ekam_peak1_pct_bwht", "ekam_valley_nm_per_kg", "ekam_peak1_at_pct",
    "ekam_peak2_at_pct", "ekam_impulse_nms_per_kg", "ekam_peak1_sigma_nm_per_kg",
    "ekam_peak2_sigma_nm_per_kg", "ekam_peak1_vector_nm_per_kg", "ekam_peak1_jcs_nm_per_kg",
    "kfm_peak_nm_per_kg", "hip_adduction_peak_deg", "pelvic_drop_peak_deg", "foot_progression_deg",
    "trunk_lean_peak_deg", "knee_varus_at_peak_deg", "tibia_frontal_at_peak_deg", "step_width_m",
    "step_length_m", "fz_peak_bw", "valr_bw_per_s", "vilr_bw_per_s", "stance_s",
    "cadence_steps_per_min", "verdict", "reasons", "block", "target_low", "target_high", "shown",
    "latency_ms",
)  # fmt: skip
"""Contract with every reader of a session; a value that cannot be computed is empty."""

MORE_COLUMNS = (
    "ekam_peak2_vector_nm_per_kg", "ekam_peak1_is_local", "ekam_peak2_is_local", "ekam_larger_peak_nm_per_kg",
    "ekam_impulse_signed_nms_per_kg", "ekam_symmetry_pct", "hip_adduction_moment_peak_nm_per_kg",
    "hip_internal_rotation_peak_deg", "knee_flexion_at_contact_deg", "knee_flexion_peak_deg",
    "tibia_sagittal_at_contact_deg", "stride_length_m", "fz_peak2_bw", "fz_impulse_bw_s", "stride_s",
    "single_support_s", "double_support_s", "stance_symmetry_pct", "belt_speed_m_per_s",
    "plate_offset_n", "residual_mean_mm", "residual_max_mm", "dropped_marker",
    "early_peak1_nm_per_kg", "feedback_value",
)  # fmt: skip
"""Further columns. `feedback_value` is in the terms of the session's target (session.json: feedback);
`..._is_local` is 0 where a peak is the highest value of its window but no local maximum."""

TRACE_COLUMNS = ("time_s", "side", "ekam_nm", "kfm_nm", "fz_n", "contact")

CURVE_POINTS = 101
"""0, 1, … 100 % of stance."""

_UNITS = {
    "_nm": ("_nm_per_kg", 6, 1.0),
    "_n": ("_bw", 6, 1.0 / GRAVITY_M_PER_S2),
    "_rad": ("_deg", 4, 180.0 / np.pi),
}
"""Unit of a curve inside -> unit in curves.csv, decimals written there, factor (moments and forces: also
divided by body mass)."""


def _unit(curve: str) -> str:
    return "_" + curve.rsplit("_", 1)[1]


CURVE_COLUMNS = (
    "stance",
    "side",
    "pct",
    *(curve.removesuffix(_unit(curve)) + _UNITS[_unit(curve)][0] for curve in CURVES),
)

_SHARES = np.linspace(0.0, 1.0, CURVE_POINTS)
_FACTORS = np.array([_UNITS[_unit(curve)][2] for curve in CURVES])
_PER_MASS = np.array([_unit(curve) != "_rad" for curve in CURVES])


class StancesCsv:
    """``stances.csv``: a line per stance, handed to the disk before the next one begins.

    Parameters
    ----------
    sync : wait until each line is on the disk, so that a power cut cannot take it.
    """

    def __init__(self, folder: Path, *, sync: bool = True) -> None:
        self._sync = sync
        self._file: TextIO = (folder / "stances.csv").open("x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow((*STANCE_COLUMNS, *MORE_COLUMNS))
        self._flush()

    def stance(self, stance: Stance, told: Told) -> None:
        """Write one line."""
        row = stance_row(stance, told)
        self._writer.writerow([_cell(row.get(c, "")) for c in (*STANCE_COLUMNS, *MORE_COLUMNS)])
        self._flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _flush(self) -> None:
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())


def stance_row(stance: Stance, told: Told) -> dict[str, Any]:
    """Values of the columns of ``stances.csv``; NaN where there is none."""
    mass = stance.body_mass_kg
    return {
        **readings(stance),
        "stance": stance.number,
        "side": stance.side.word,
        "t_on_s": stance.t_on_s,
        "t_off_s": stance.t_off_s,
        "ekam_peak1_nm": stance.ekam_peak1_nm,
        "ekam_peak2_nm": stance.ekam_peak2_nm,
        "ekam_peak2_nm_per_kg": stance.ekam_peak2_nm_per_kg,  # fed back only where it is a peak
        "ekam_peak1_pct_bwht": pct_bw_ht(stance.ekam_peak1_nm, mass, stance.height_m),
        "ekam_valley_nm_per_kg": stance.ekam_valley_nm / mass,
        "ekam_peak1_at_pct": stance.ekam_peak1_at_pct,
        "ekam_peak2_at_pct": stance.ekam_peak2_at_pct,
        "ekam_peak1_sigma_nm_per_kg": stance.ekam_peak1_sigma_nm / mass,
        "ekam_peak2_sigma_nm_per_kg": stance.ekam_peak2_sigma_nm / mass,
        "ekam_peak1_vector_nm_per_kg": stance.ekam_peak1_vector_nm / mass,
        "ekam_peak2_vector_nm_per_kg": stance.ekam_peak2_vector_nm / mass,
        "ekam_peak1_jcs_nm_per_kg": stance.ekam_peak1_jcs_nm / mass,
        "ekam_peak1_is_local": nan if isnan(stance.ekam_peak1_nm) else int(stance.peak1_is_local),
        "ekam_peak2_is_local": nan if isnan(stance.ekam_peak2_nm) else int(stance.peak2_is_local),
        "ekam_impulse_signed_nms_per_kg": stance.ekam_impulse_signed_nms / mass,
        "stride_length_m": stance.stride_length_m,
        "fz_peak2_bw": stance.fz_peak2_n / (mass * GRAVITY_M_PER_S2),
        "stride_s": stance.stride_s,
        "belt_speed_m_per_s": stance.belt_speed_m_per_s,
        "plate_offset_n": stance.plate_offset_n,
        "residual_mean_mm": 1e3 * stance.residual_mean_m,
        "residual_max_mm": 1e3 * stance.residual_max_m,
        "dropped_marker": stance.dropped_marker,
        "verdict": "valid" if stance.valid else "rejected",
        "reasons": ";".join(stance.reasons),
        "block": told.block,
        "target_low": told.low,
        "target_high": told.high,
        "shown": told.shown,
        "latency_ms": told.latency_ms,
        "early_peak1_nm_per_kg": stance.early_peak1_nm / mass,
        "feedback_value": told.value,
    }


def _cell(value: Any) -> Any:
    """Empty for NaN; the writer gives any other number its shortest text that reads back to the same."""
    return "" if value != value else value


class CurvesCsv:
    """``curves.csv``: every curve of every stance at 0, 1, … 100 % of it, written as it happens.

    Moments per kg of body mass and the load in body weights to 1e-6, angles to 1e-4 degrees.
    """

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = (folder / "curves.csv").open("xb")
        self._file.write((",".join(CURVE_COLUMNS) + "\n").encode())
        self._file.flush()
        self._decimals = np.array([0, *(_UNITS[_unit(curve)][1] for curve in CURVES)])
        self._out = np.empty(CURVE_POINTS * (32 + len(self._decimals) * WIDEST), dtype=np.uint8)
        # compiles now, not in front of a walker
        self._lines("", np.empty((0, len(self._decimals))))

    def stance(self, stance: Stance, told: Told) -> None:
        """Write the lines of one stance; a stance that was not computed has none."""
        if stance.curves is None or len(stance.curves.time_s) < 2:
            return
        table = np.column_stack([np.arange(float(CURVE_POINTS)), curves_at_percent(stance)])
        self._file.write(self._lines(f"{stance.number},{stance.side.word},", table))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _lines(self, prefix: str, table: np.ndarray) -> bytes:
        start = np.frombuffer(prefix.encode(), dtype=np.uint8).copy()
        return self._out[: write_rows(start, table, self._decimals, self._out)].tobytes()


def curves_at_percent(stance: Stance) -> np.ndarray:
    """Curves of a stance at 0, 1, … 100 % of it, shape (101, len(CURVES)), in the units of curves.csv.

    Linear between marker frames; before the first and after the last one, which lie up to a frame
    inside heel strike and toe-off, the nearest frame is held.
    """
    curves = stance.curves
    if curves is None:
        return np.full((CURVE_POINTS, len(CURVES)), np.nan)
    time_s, values = curves.time_s, curves.values
    at_s = stance.t_on_s + _SHARES * stance.stance_s
    at_s = np.minimum(np.maximum(at_s, time_s[0]), time_s[-1])
    out = resample(time_s, values, at_s, np.empty((CURVE_POINTS, len(CURVES))))
    # per kg, per body weight, in degrees
    factors = _FACTORS / np.where(_PER_MASS, stance.body_mass_kg, 1.0)
    return np.multiply(out, factors, out=out)


class TraceCsv:
    """``trace.csv``: the scored curves of every stance, a line per marker frame."""

    def __init__(self, folder: Path) -> None:
        self._file: TextIO = (folder / "trace.csv").open("x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(TRACE_COLUMNS)

    def stance(self, stance: Stance, told: Told) -> None:
        """Write the curves of one stance; a stance that was not computed has none."""
        if stance.curves is None:
            return
        curves = stance.curves
        rows = np.column_stack([curves.time_s, curves.ekam_nm, curves.kfm_nm, curves.fz_n])
        self._writer.writerows(
            (t, stance.side.word, _cell(ekam), _cell(kfm), _cell(fz), 1)
            for t, ekam, kfm, fz in rows.tolist()
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
