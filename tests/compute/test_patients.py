"""Walkers whom a laboratory sees every day must not be rejected for what they are."""

import dataclasses

import numpy as np
import pytest
import walkers

from compute.features import peak
from stream.mapping import MarkerMap, PlateMap
from stream.synthetic import synthesise
from stream.synthetic_parameters import WalkParameters


def stances(strides=10, **changes):
    trial = synthesise(dataclasses.replace(WalkParameters(), **changes), duration_strides=strides)
    recording = trial.recording
    markers = MarkerMap(recording.markers.info, walkers.lab(), walkers.subject().markers())
    engine = walkers.engine(live=False)
    return engine.push(
        recording.markers.stamps_s,
        markers.apply(recording.markers.values),
        recording.forces.stamps_s,
        PlateMap(recording.forces.info, walkers.lab()).apply(recording.forces.values),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"speed_m_per_s": 0.8, "cadence_steps_per_min": 90.0},
        {"speed_m_per_s": 0.6, "cadence_steps_per_min": 75.0},
        {"speed_m_per_s": 0.5, "cadence_steps_per_min": 60.0},
        {"toe_out_deg": 20.0},
        {"step_width_m": 0.22},
        {"trunk_lean_deg": 10.0},
    ],
    ids=str,
)
def test_slow_wide_toed_out_and_leaning_walkers_are_scored(changes):
    strides = (
        15 if changes.get("speed_m_per_s") == 0.8 else 10 if "speed_m_per_s" in changes else 14
    )
    given = stances(strides, **changes)
    assert len(given) > 15
    assert [stance.reasons for stance in given if not stance.valid] == []


def test_who_lowers_the_moment_by_two_fifths_is_believed():
    given = stances(42, response=0.40)
    assert [stance.reasons for stance in given if not stance.valid] == []


def test_a_ripple_on_a_flank_is_no_peak():
    pct = np.linspace(0.0, 100.0, 101)
    falling = 0.4 - 0.003 * pct
    ripple = falling + 0.004 * np.exp(-(((pct - 70.0) / 0.6) ** 2))
    assert peak(pct, ripple, (50.0, 100.0)).local
    flank = peak(pct, ripple, (50.0, 100.0), prominence=0.005)
    assert not flank.local
    assert flank.value == pytest.approx(0.25)
    hump = falling + 0.1 * np.exp(-(((pct - 70.0) / 5.0) ** 2))
    assert peak(pct, hump, (50.0, 100.0), prominence=0.005).local
