"""Session folders of people who walk for a protocol, made without a recording: log, table, answers, facts."""

import csv
import json
from dataclasses import replace

import sessions
import walkers
from striders import Strider, walk

from compute.protocol import Ask
from stream.protocol_run import ProtocolRun

PROTOCOL = """
name = "short"
arms = { A = "feedback", B = "natural", C = "noise" }
[target]
variable = "ekam_peak1"
[baseline]
stances = 14
least = 8
[[guards]]
variable = "kfm_peak"
limit_pct = 5.0
[[questions]]
name = "pain"
[[blocks]]
name = "warm up"
kind = "familiarise"
minutes = 0.3
[[blocks]]
name = "usual"
kind = "baseline"
[[blocks]]
name = "practice"
kind = "train"
minutes = 2.0
share = 0.5
cycle_minutes = 0.5
mean_of = 3
[[blocks]]
name = "without"
kind = "retention"
minutes = 0.5
"""


def write(
    folder, setup, strider=None, asks=(), *, seconds=7200.0, subject_id="S01", note=None, **more
):
    """A folder as a session leaves it; returns the run, and what was walked."""
    run = ProtocolRun(setup, audit=note)
    walked = walk(
        run.plan, strider or Strider(answer=0.15), asks=tuple(asks), seconds=seconds, state=run.state
    )  # fmt: skip
    folder.mkdir(parents=True)
    run.keep(folder)
    placed, rows = iter(walked.placed), []
    for each in walked.inputs:
        if isinstance(each, Ask):
            run.asked(each.what, each.text, each.number, each.at_s)
            continue
        run.state = run.state.after(each)
        run._write(each)
        rows.append(_row(each, next(placed), run))
    assert repr(run.state) == repr(walked.state)
    run.close()
    with (folder / "stances.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, sessions.COLUMNS, lineterminator="\n", restval="")
        out.writeheader()
        out.writerows(rows)
    (folder / "lab.toml").write_text(walkers.LAB_PATH.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "subject.toml").write_text(
        f'[subject]\nid = "{subject_id}"\nbody_mass_kg = 70.0\nheight_m = 1.72\nsex = "f"\n'
    )
    facts = {
        "mode": "live",
        "begun_utc": "2026-11-20T10:00:00+00:00",
        "versions": {"ekam": "0.1.0", "numpy": "2"},
        "lab": {"name": "A laboratory", "sha256": "a" * 64},
        "subject": {"id": subject_id, "sha256": "b" * 64},
        "plate_check": {"sentence": "Plates last checked today: ok.", "good": True},
        "sync": {"verdict": "ok", "sentence": "in step"},
        "latency_ms": {"p50": 20.0, "p95": 31.5, "p99": 40.0, "max": 50.0},
        "feedback": run.aims(None),
        "protocol": run.summary(),
        "streams": {"markers": {"health": {"samples": 990, "missing": 10, "publishers_bound": 1}}},
        **more,
    }
    (folder / "session.json").write_text(json.dumps(facts))
    return run, walked


def _row(step, placed, run):
    target = run.state.targets[step.side]
    baseline = run.state.baselines[step.side]
    value = ""
    if placed.told and step.usable and target is not None:
        value = target.shown(placed.value, baseline.mean)
    row = {
        "stance": step.number,
        "side": step.side.word,
        "t_on_s": step.t_on_s,
        "t_off_s": step.t_on_s + 0.72,
        "ekam_peak1_nm_per_kg": step.values[0],
        "belt_speed_m_per_s": step.speed_m_per_s,
        "verdict": "valid" if step.valid else "rejected",
        "reasons": "" if step.valid else "marker_gap",
        "block": placed.block,
        "target_low": placed.low,
        "target_high": placed.high,
        "shown": "final" if value != "" else "none",
        "feedback_value": value,
    }
    return {name: "" if cell != cell else cell for name, cell in row.items()}


def arm(setup, code):
    """The same session in another arm."""
    return replace(setup, arm=code, seed="x")
