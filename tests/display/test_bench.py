"""`ekam bench`: what it measures is what happened, and what it says is what it measured."""

import json
import os
import subprocess
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from commands import EKAM, ekam, ekam_process, refused, without_screen

from display.bench import chain, core, picture, scale, speed, whole
from display.bench.budgets import Budget
from display.bench.compare import compared
from display.bench.work import Size, walk
from stream.latency import ARRIVED, DECIDED, FLUSHED, TOLD
from stream.source import Role

SMALL = Size(markers=40, marker_hz=100.0)


def noted(stamps_s, times_s):
    return {
        f"{role.value}_{name}_s": values
        for role in Role
        for name, values in (("stamps", stamps_s[role]), ("there", times_s[role]))
    }


def joined(*, late_s=0.0002, bare_s=0.0003, session_s=0.0007, lose=()):
    """What the bench makes of three processes whose delays are known."""
    stamps = {
        role: 100.0 + np.arange(int(14.0 * hz)) / hz
        for role, hz in zip(Role, (200.0, 1000.0), strict=True)
    }
    at = {role: s + late_s for role, s in stamps.items()}
    pushed = {f"{r.value}_stamps_s": stamps[r] for r in Role} | {
        f"{r.value}_pushed_s": at[r] for r in Role
    }
    bare = noted(stamps, {role: s + bare_s for role, s in at.items()})
    kept = {
        role: np.delete(s, np.array(lose, dtype=int)) if role is Role.FORCES else s
        for role, s in stamps.items()
    }
    mine = noted(kept, {role: s + late_s + session_s for role, s in kept.items()})
    decided_s = 106.0031 + np.arange(6)  # between two frames: decided by the marker frame at .005
    rows = np.zeros((6, 8))
    rows[:, DECIDED], rows[:, ARRIVED] = decided_s, decided_s + 0.003
    rows[:, TOLD], rows[:, FLUSHED] = decided_s + 0.005, decided_s + 0.009
    rows[3, FLUSHED] = nan
    mine |= {"early": rows[:0], "final": rows}
    mine |= {
        key: np.array(1.0) for key in ("valid", "stances", "live_delay_s", "processor_s", "missing")
    }
    return chain._joined(pushed, bare, mine, "a screen", 10.0)


def test_delays_are_taken_from_the_push_and_the_publishers_own_are_apart():
    found = joined()
    for samples in found.samples.values():
        np.testing.assert_allclose(samples["late"], 0.2, atol=1e-6)
        np.testing.assert_allclose(samples["bare"], 0.3, atol=1e-6)
        np.testing.assert_allclose(samples["session"], 0.7, atol=1e-6)
        assert samples["lost"] == 0
    rows = found.values["final"]
    np.testing.assert_allclose(rows[:, :3], [[0.2, 0.5, 0.9]] * 6, atol=1e-6)
    # scored 5 ms after .0031, that is 3.1 ms after the frame at .005 was due
    np.testing.assert_allclose(rows[:, 3], 3.1, atol=1e-6)
    assert np.isnan(rows[3, 4])
    told = found.table()["values_ms"]["final"]
    assert told["never_flushed"] == 1
    assert told["pushed_to_scored"]["p50"] == pytest.approx(2.9)
    assert told["scored_to_flushed"]["max"] == pytest.approx(4.0)
    assert found.table()["values_ms"]["early"]["values"] == 0
    json.dumps(found.table())


def test_budgets_compare_with_the_bare_consumer():
    rows = {budget.what: budget for budget in joined().budgets()}
    p50 = rows["LSL push to value in the engine, forces: p50 above the bare consumer's"]
    assert (p50.figure, p50.yardstick, p50.ratio) == pytest.approx((0.4, 0.3, 7 / 3), abs=1e-6)
    assert p50.met is False
    p99 = rows["LSL push to value in the engine, markers: p99 over the bare consumer's"]
    assert p99.figure == pytest.approx(7 / 3)
    scored = rows["deciding sample pushed to scored: p99 over the bare consumer"]
    assert scored.figure == pytest.approx(3.1 - 0.5, abs=1e-6)
    assert scored.met is True
    slow = {b.what: b for b in joined(session_s=0.0005, bare_s=0.0003).budgets()}
    assert slow[p50.what].met is True


def test_samples_that_never_came_are_counted():
    assert joined(lose=[7000]).samples["forces"]["lost"] == 1
    assert joined(lose=[7000, 8000, 9000]).samples["forces"]["lost"] == 3


def test_a_budget_that_was_not_measured_is_neither_met_nor_missed():
    told = Budget("soak", 0.0, "samples", "<=", why="run with --soak 60").table()
    assert told["met"] is told["figure"] is told["ratio"] is None
    assert Budget("a", 500.0, "x", ">=", 499.0).met is False
    assert Budget("a", 500.0, "x", ">=", 500.0).met is True


def test_a_regression_is_told_by_ratio_not_by_time():
    def table(ratio, unit="ms"):
        return {"budgets": [replace(Budget("a", 1.0, unit, "<=", 1.0), ratio=ratio).table()]}

    assert compared(table(2.0), table(2.2))[0]["regression"] is False
    assert compared(table(2.0), table(2.6))[0]["regression"] is True
    assert compared(table(nan), table(2.6)) == []


def test_the_streamed_walk_is_as_large_as_asked_for():
    recording = walk(Size(markers=75, marker_hz=200.0, plates=3, force_hz=2000.0))
    markers, forces = recording.streams()
    assert len(markers.info.channels) == markers.values.shape[1] == 225
    assert len(forces.info.channels) == forces.values.shape[1] == 18
    assert (markers.info.nominal_rate_hz, forces.info.nominal_rate_hz) == (200.0, 2000.0)
    assert len(set(markers.info.labels)) == 225
    assert markers.info.replay


def test_the_core_is_timed_on_what_it_computes_right():
    found = speed._own_walk(SMALL)
    batch, single = core.Batch(found), core.FrameByFrame(found)
    assert sum(batch.core().values()) > 0.0
    assert single.differs_by(batch) < 1e-9
    took, idle = single.latencies_ns()
    assert np.median(took) > np.median(idle)


def test_streamed_stances_are_those_of_one_pass_and_files_are_timed(tmp_path):
    found = whole.measure(0.5, SMALL)
    assert found.valid == found.stances > 50
    assert found.gaps.shape[1] == 3
    by_name = {budget.what: budget for budget in found.budgets()}
    for name in ("scored peak 1 against offline", "scored peak 2 against offline"):
        assert by_name[name].met
    assert by_name["scored curve against offline, RMS"].met
    assert all(len(times) == whole.REPEATS for times in found.took_s.values())
    assert found.times_real_time("read") > 1.0
    json.dumps(found.table())


@pytest.mark.lsl
def test_a_bench_from_end_to_end(tmp_path):
    result = ekam("bench", "-o", tmp_path / "b", "--seconds", 6, "--minutes", 0.5, "--json", "--markers", 40,
                  "--marker-rate", 100)  # fmt: skip
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told == json.loads((tmp_path / "b" / "bench.json").read_text()) | (
        {"no_picture": told["no_picture"]} if "no_picture" in told else {}
    )
    assert (tmp_path / "b" / "bench.png").exists() or told["no_picture"]
    assert {row["what"] for row in told["budgets"] if row["met"] is None} <= {
        "recorded samples lost in 60 min",
        "core against OpenSim's inverse kinematics and dynamics, same frames",
    }
    assert len(told["budgets"]) == 15
    assert all(
        set(row)
        == {"what", "bar", "unit", "direction", "figure", "yardstick", "ratio", "met", "why"}
        for row in told["budgets"]
    )
    live = told["live"]
    assert live["samples_ms"]["forces"]["never_came"] == 0
    assert live["session"]["stances"] >= live["session"]["valid"] > 5
    assert live["values_ms"]["final"]["pushed_to_scored"]["p50"] > 0.0
    assert told["display_ms"] == "not measured"
    assert told["machine"]["cores"] >= 1
    again = ekam("bench", "--compare", tmp_path / "b" / "absent.json")
    assert "cannot be read" in refused(again)
    (tmp_path / "x.json").write_text("{}")
    assert "no result of `ekam bench`" in refused(ekam("bench", "--compare", tmp_path / "x.json"))


def test_a_part_that_fails_says_why():
    given = ("/nowhere/lab.toml", "s", "f", "1", "n")
    with (
        chain._child(dict(os.environ), "session", *given) as child,
        pytest.raises(chain.EkamError, match=r"the session of the bench failed: .*lab.toml"),
    ):
        chain._finish(child, "session", 60.0)


def test_growth_is_told_without_a_number_where_nothing_was_flushed(tmp_path):
    found = joined()
    found.values["final"][:, 4] = nan
    row = scale._row("walkers", 2, [found, joined()])
    assert (row["valid"], row["stances"], row["never_came"]) == (2, 2, 0)
    assert row["push_p50_ms"] == pytest.approx(0.7)
    assert row["flushed_p99_ms"] == pytest.approx(7.1 - 0.2, abs=1e-6)
    assert scale._row("walkers", 1, [found])["flushed_p99_ms"] is None
    json.dumps(row, allow_nan=False)


@pytest.mark.qt
def test_pictures_are_painted(tmp_path, qapp):
    rows = [
        scale._row(axis, value, [joined()])
        for axis in ("markers", "walkers")
        for value in (1, 2, 4)
    ]
    rows[1]["scored_p99_ms"] = None
    picture.save_scale(tmp_path / "scale.png", rows)
    picture.save_bench(tmp_path / "bench.png", joined(), joined().budgets())
    for name in ("scale.png", "bench.png"):
        assert (tmp_path / name).stat().st_size > 20_000


@pytest.mark.qt
@pytest.mark.lsl
def test_the_patch_turns_and_a_corner_that_is_none_is_refused():
    done = subprocess.run(
        [*EKAM, "bench", "--photodiode", "3", "--json"], capture_output=True, text=True, timeout=60,
        check=True, env=without_screen() | {"QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert 2 <= told["turns"] <= 5
    assert told["drawing_ms"] > 0.0
    done = ekam("bench", "--photodiode", "3", "--corner", "middle")
    refused(done)
    assert "there is no corner 'middle'" in done.stderr
    refused(ekam_process("bench", "--photodiode", "3"))  # no screen
