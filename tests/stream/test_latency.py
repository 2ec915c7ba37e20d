import json
from dataclasses import replace

import numpy as np
import pytest
import walkers
from received import chunks_of, infos_of, run

from stream.latency import (
    ARRIVED,
    BUDGETS_MS,
    DECIDED,
    FLUSHED,
    JUDGED,
    STAGES,
    TOLD,
    Latency,
    Stamps,
)


def passed(told_s, drawing_s):
    """Stages of a picture, a quarter of the time each."""
    return Stamps(*(told_s + share * drawing_s for share in (0.25, 0.5, 0.75, 1.0)))


def filled(n, *, arrival=0.002, computing=0.003, drawing=0.004, on_time=True):
    latency = Latency(on_time=on_time)
    for i in range(n):
        told_s = 100.0 + i + arrival + computing
        latency.told("final" if i % 2 else "early", 100.0 + i, 100.0 + i + arrival, told_s, i)
        latency.flushed(i, passed(told_s, drawing))
        latency.flushed(i, passed(told_s, 9.0))  # painted again
    return latency


def test_stages_add_up():
    latency = filled(20)
    for stage, took_ms in (("arrival", 2.0), ("computing", 3.0), ("drawing", 4.0)):
        np.testing.assert_allclose(
            latency.ms("final", *STAGES[stage]), np.full(10, took_ms), atol=1e-6
        )
    np.testing.assert_allclose(latency.ms("early", DECIDED, FLUSHED), np.full(10, 9.0), atol=1e-6)
    told = latency.table()
    assert told["latency_ms"]["p99"] == pytest.approx(5.0)
    assert told["flush_latency_ms"] | {"what": ""} == {
        "what": "", "pictures": 10, **dict.fromkeys(("p50", "p95", "p99", "max"), pytest.approx(9.0))
    }  # fmt: skip
    assert told["latency_stages_ms"]["drawing"]["p50"] == pytest.approx(4.0)
    parts = told["drawing_ms"]
    assert [parts[name]["p50"] for name in ("taken", "laid_out", "painted", "handed_over")] == (
        pytest.approx([1.0] * 4)
    )
    assert json.dumps(Latency().table()).count("NaN") == 0


def test_a_picture_that_was_never_flushed_has_no_drawing():
    latency = filled(4)
    latency.told("final", 200.0, 200.1, 200.2, 77)
    latency.flushed(99, passed(200.0, 1.0))
    assert len(latency.ms("final", DECIDED, TOLD)) == 3
    assert len(latency.ms("final", TOLD, FLUSHED)) == 2


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_beyond_its_budget_is_told_and_over_when_it_is_over(stage):
    late_s = 1e-3 * BUDGETS_MS[stage] + 0.002
    assert filled(JUDGED - 1, **{stage: late_s}).alarm() == ""
    latency = filled(JUDGED, **{stage: late_s})
    assert latency.alarm().startswith(f"The feedback is late: {stage} takes {1e3 * late_s:.0f} ms")
    for i in range(JUDGED):
        latency.told("final", 300.0 + i, 300.002 + i, 300.004 + i, 1000 + i)
        latency.flushed(1000 + i, passed(300.004 + i, 0.002))
    assert latency.alarm() == ""


def test_arrivals_of_a_replay_at_another_speed_are_not_judged():
    assert filled(JUDGED, arrival=5.0, on_time=False).alarm() == ""
    assert filled(JUDGED, arrival=5.0).alarm() != ""


def test_a_session_on_a_slow_network_says_so():
    recording = walkers.trial(21).recording
    session, told = run(chunks_of(recording, lag_s=0.15))
    arrival_ms = session.outcome.latency.ms("final", DECIDED, ARRIVED)
    assert len(arrival_ms) == len(session.outcome.stances)
    assert np.median(arrival_ms) == pytest.approx(150.0 + 10.0, abs=15.0)
    assert any("The feedback is late: arrival" in status.message for status in told)
    assert session.outcome.latency.ms("final", ARRIVED, TOLD).max() < 1.0
    infos = {role: replace(info, replay_speed=2.0) for role, info in infos_of(recording).items()}
    _, told = run(chunks_of(recording, lag_s=0.15), infos=infos)
    assert not any("The feedback is late" in status.message for status in told)
