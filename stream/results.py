"""What a session leaves on disk beside the raw recording: stances.csv, trace.csv, session.json."""

import csv
import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from compute import Stance
from compute.conventions import pct_bw_ht
from stream.errors import EkamError
from stream.lab import LabFile
from stream.session import Outcome
from stream.subject_file import SubjectFile

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

TRACE_COLUMNS = ("time_s", "side", "ekam_nm", "kfm_nm", "fz_n", "contact")

METHOD = (
    "external knee adduction moment, vector method: (P - K) x F + T from the plate wrench about the knee "
    "joint centre, in the tibia frame; zero-lag Butterworth on markers and plate channels alike; segment "
    "weight and inertia not included"
)

PACKAGES = ("ekam", "ezc3d", "numba", "numpy", "pylsl", "scipy")


def refuse_existing(path: Path | None) -> None:
    """Refuse an output that exists, before any work is done."""
    try:
        taken = path is not None and path.exists()
    except OSError as error:
        raise EkamError(f"{path} cannot be written: {error.strerror}") from None
    if taken:
        raise EkamError(f"{path} exists and is not written into: choose another name with -o")


def new_folder(chosen: Path | None, subject_id: str) -> Path:
    """Make the session folder; an existing one is refused.

    Raises
    ------
    EkamError : it exists or cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = chosen or Path("sessions") / f"{subject_id}_{stamp}"
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise EkamError(
            f"{folder} exists and is not written into: choose another folder with -o"
        ) from None
    except OSError as error:
        raise EkamError(f"{folder} cannot be made: {error}") from None
    return folder


def keep_inputs(folder: Path, lab: LabFile, subject: SubjectFile) -> None:
    """Copy the laboratory and subject files verbatim."""
    (folder / "lab.toml").write_text(lab.text, encoding="utf-8")
    (folder / "subject.toml").write_text(subject.text, encoding="utf-8")


class StancesCsv:
    """``stances.csv``: a line per stance, on disk before the next one begins."""

    def __init__(self, folder: Path) -> None:
        self._file: TextIO = (folder / "stances.csv").open("x", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, STANCE_COLUMNS, restval="", lineterminator="\n")
        self._writer.writeheader()
        self._flush()

    def stance(self, stance: Stance, shown: str, latency_ms: float) -> None:
        """Write one line."""
        self._writer.writerow(
            {name: _text(value) for name, value in _row(stance, shown, latency_ms).items()}
        )
        self._flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


class TraceCsv:
    """``trace.csv``: the scored curves of every stance, a line per marker frame."""

    def __init__(self, folder: Path) -> None:
        self._file: TextIO = (folder / "trace.csv").open("x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(TRACE_COLUMNS)

    def stance(self, stance: Stance, shown: str, latency_ms: float) -> None:
        """Write the curves of one stance; a stance that was not computed has none."""
        if stance.curves is None:
            return
        curves = stance.curves
        rows = np.column_stack([curves.time_s, curves.ekam_nm, curves.kfm_nm, curves.fz_n])
        self._writer.writerows(
            (_text(t), stance.side.word, _text(ekam), _text(kfm), _text(fz), 1)
            for t, ekam, kfm, fz in rows
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(stance: Stance, shown: str, latency_ms: float) -> dict[str, Any]:
    mass = stance.body_mass_kg
    return {
        "stance": stance.number,
        "side": stance.side.word,
        "t_on_s": stance.t_on_s,
        "t_off_s": stance.t_off_s,
        "ekam_peak1_nm": stance.ekam_peak1_nm,
        "ekam_peak2_nm": stance.ekam_peak2_nm,
        "ekam_peak1_nm_per_kg": stance.ekam_peak1_nm_per_kg,
        "ekam_peak2_nm_per_kg": stance.ekam_peak2_nm_per_kg,
        "ekam_peak1_pct_bwht": pct_bw_ht(stance.ekam_peak1_nm, mass, stance.height_m),
        "ekam_valley_nm_per_kg": stance.ekam_valley_nm / mass,
        "ekam_peak1_at_pct": stance.ekam_peak1_at_pct,
        "ekam_peak2_at_pct": stance.ekam_peak2_at_pct,
        "ekam_impulse_nms_per_kg": stance.ekam_impulse_nms / mass,
        "ekam_peak1_vector_nm_per_kg": stance.ekam_peak1_nm_per_kg,
        "kfm_peak_nm_per_kg": stance.kfm_peak_nm / mass,
        "fz_peak_bw": stance.fz_peak_bw,
        "stance_s": stance.stance_s,
        "cadence_steps_per_min": stance.cadence_steps_per_min,
        "verdict": "valid" if stance.valid else "rejected",
        "reasons": ";".join(stance.reasons),
        "shown": shown,
        "latency_ms": latency_ms,
    }


def _text(value: Any) -> str:
    """Shortest text that reads back to the same number; empty for NaN."""
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def write_session_json(
    folder: Path,
    outcome: Outcome,
    lab: LabFile,
    subject: SubjectFile,
    *,
    mode: str,
    origin: Mapping[str, Any],
    feedback: Mapping[str, Any] | None = None,
) -> None:
    """``session.json``: what ran, on what, with which settings and how it went.

    Parameters
    ----------
    mode : ``live``, ``replay``, ``demo`` or ``process``.
    origin : where the data came from: file and hash, or the LSL configuration.
    feedback : target that the walker was shown, in a session that shows one.
    """
    reasons = Counter(reason for stance in outcome.stances for reason in stance.reasons)
    valid = [stance for stance in outcome.stances if stance.valid]
    latency = np.array(outcome.latencies_ms)
    table = {
        "mode": mode,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "origin": dict(origin),
        "lab": {"name": lab.lab.name, "sha256": lab.sha256},
        "subject": {"id": subject.subject.id, "sha256": subject.sha256},
        "method": METHOD,
        "filter": lab.lab.filter.model_dump(),
        "events": lab.lab.events.model_dump(),
        "feedback": dict(feedback) if feedback is not None else None,
        "streams": {
            role.value: {
                "name": info.name,
                "type": info.type,
                "channels": len(info.channels),
                "nominal_rate_hz": info.nominal_rate_hz,
                "rate_used_hz": outcome.rates_hz[role],
                "number_format": info.number_format,
                "source_id": info.source_id,
                "hostname": info.hostname,
                "replay": info.replay,
                "samples_with_stamps_that_did_not_increase": outcome.dropped.get(role, 0),
            }
            for role, info in outcome.infos.items()
        },
        "stances": {
            "valid": {
                side: sum(stance.side.word == side for stance in valid)
                for side in ("left", "right")
            },
            "rejected": len(outcome.stances) - len(valid),
            "reasons": dict(sorted(reasons.items())),
        },
        "latency_ms": {
            "what": "deciding sample's stamp to value handed to the walker window",
            **{f"p{q}": float(np.percentile(latency, q)) for q in (50, 95, 99) if len(latency)},
            **({"max": float(latency.max())} if len(latency) else {}),
        },
    }
    with (folder / "session.json").open("x", encoding="utf-8") as file:
        json.dump(table, file, indent=2)
        file.write("\n")
