"""Session folders from made-up numbers: what a report says of them is known beforehand."""

import csv
import json
from pathlib import Path

import numpy as np
import walkers

from stream.tables import CURVE_COLUMNS, MORE_COLUMNS, STANCE_COLUMNS

COLUMNS = (*STANCE_COLUMNS, *MORE_COLUMNS)
HUMP = np.sin(np.linspace(0.0, np.pi, 101))


def series(n, mean, sd, phi=0.4, seed=0):
    """Steps of one leg: each resembles the one before."""
    rng = np.random.default_rng(seed)
    out = np.empty(n)
    last = rng.standard_normal()
    for i in range(n):
        last = phi * last + np.sqrt(1.0 - phi**2) * rng.standard_normal()
        out[i] = last
    return mean + sd * out


def leg(
    baseline=60,
    training=200,
    peak1=0.5,
    change=-0.12,
    kfm_change=0.0,
    peak2_change=0.0,
    rejected=0,
    sd=0.05,
    seed=0,
    blocks=None,
):
    """Columns of one leg's stances, in order; `change` as a share of the baseline."""
    n = baseline + training
    after = np.arange(n) >= baseline
    noise = {
        name: series(n, 0.0, 1.0, seed=seed + i) for i, name in enumerate(("1", "2", "k", "s"))
    }
    found = {
        "ekam_peak1_nm_per_kg": peak1 * (1.0 + change * after) + sd * noise["1"],
        "ekam_peak2_nm_per_kg": 0.8 * peak1 * (1.0 + peak2_change * after) + 0.5 * sd * noise["2"],
        "kfm_peak_nm_per_kg": 0.6 * (1.0 + kfm_change * after) + 0.6 * sd * noise["k"],
        "ekam_impulse_nms_per_kg": 0.4 * (peak1 * (1.0 + change * after) + 0.5 * sd * noise["1"]),
        "belt_speed_m_per_s": 1.1 + 0.002 * noise["s"],
        "foot_progression_deg": 6.0 - 4.0 * after + noise["s"],
        "stance_s": 0.68 + 0.01 * noise["s"],
        "cadence_steps_per_min": 105.0 + noise["s"],
        "verdict": np.array(["valid"] * n, dtype=object),
        "reasons": np.array([""] * n, dtype=object),
        "block": np.array([""] * n, dtype=object),
    }  # fmt: skip
    base = (
        float(np.mean(found["ekam_peak1_nm_per_kg"][:baseline])) if baseline else peak1
    )  # as a session that goes on with the last one's
    found["feedback_value"] = np.where(after, 100.0 * found["ekam_peak1_nm_per_kg"] / base, np.nan)
    if rejected:
        bad = np.linspace(0, n - 1, rejected).astype(int)
        found["verdict"][bad] = "rejected"
        found["reasons"][bad] = "marker_gap;outlier"
        found["feedback_value"][bad] = np.nan
    if blocks is not None:
        found["block"][:] = blocks(n)
    return found


def write(
    folder: Path,
    left=None,
    right=None,
    *,
    facts=True,
    curves=True,
    subject_id="S01",
    height_m=1.72,
    protocol="",
    outcomes=(),
    mode="process",
    more=None,
):
    """A session folder of the stances of two legs, which alternate."""
    folder.mkdir(parents=True)
    rows = []
    for side, columns in (("left", left), ("right", right)):
        for i in range(0 if columns is None else len(columns["verdict"])):
            t_on_s = 1.0 + 1.14 * i + (0.57 if side == "right" else 0.0)
            row = {name: values[i] for name, values in columns.items()}
            rows.append(
                {**row, "side": side, "t_on_s": t_on_s, "t_off_s": t_on_s + 0.68, "shown": "none"}
            )
    rows.sort(key=lambda row: row["t_on_s"])
    with (folder / "stances.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for i, row in enumerate(rows, 1):
            row["stance"] = i
            out.writerow(
                ["" if row.get(c, "") != row.get(c, "") else row.get(c, "") for c in COLUMNS]
            )
    if curves:
        with (folder / "curves.csv").open("w") as file:
            file.write(",".join(CURVE_COLUMNS) + "\n")
            empty = "," * (len(CURVE_COLUMNS) - 6)
            for row in rows:
                for pct in range(101):
                    ekam, kfm = (
                        row[c] * HUMP[pct] for c in ("ekam_peak1_nm_per_kg", "kfm_peak_nm_per_kg")
                    )
                    file.write(
                        f"{row['stance']},{row['side']},{pct},{ekam:.6f},{kfm:.6f},{HUMP[pct]:.6f}{empty}\n"
                    )
    (folder / "lab.toml").write_text(walkers.LAB_PATH.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "subject.toml").write_text(
        f'[subject]\nid = "{subject_id}"\nbody_mass_kg = 72.0\nheight_m = {height_m}\nsex = "f"\n',
        encoding="utf-8",
    )
    if protocol:
        (folder / "protocol.toml").write_text(protocol, encoding="utf-8")
    if outcomes:
        (folder / "outcomes.jsonl").write_text(
            "".join(json.dumps(each) + "\n" for each in outcomes)
        )
    if facts:
        table = {
            "mode": mode,
            "written_utc": "2026-11-22T10:15:00+00:00",
            "versions": {"ekam": "0.1.0"},
            "lab": {"name": "A laboratory", "sha256": "a" * 64},
            "subject": {"id": subject_id, "sha256": "b" * 64},
            "feedback": {
                "variable": "ekam_peak1", "mode": "relative", "low": 60.0, "high": 90.0, "unit": "%",
                "baseline_stances": 60,
            },
            "sync": {"verdict": "ok", "sentence": "forces and markers are in step to 0.4 ms"},
            "plate_check": {"sentence": "Plates last checked today: ok.", "good": True},
            "latency_stages_ms": {"arrival": {"p50": 13.0, "p95": 17.0, "p99": 19.0, "max": 20.0}},
            **(more or {}),
        }  # fmt: skip
        (folder / "session.json").write_text(json.dumps(table))
    return folder
