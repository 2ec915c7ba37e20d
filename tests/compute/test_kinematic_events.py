"""Heel strikes and toe-offs from markers, on the synthetic walker and on real recordings."""

import naive_events
import numpy as np
import pytest
import reference
from walkers import lab, trial

from compute import Side
from compute.filters import zero_lag_section
from compute.kinematic_events import (
    FootPaths,
    foot_in_swing,
    foot_paths,
    kinematic_events,
    stance_events,
)
from compute.steps import Steps
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers
from stream.readers import read_recording

SECTION = zero_lag_section(6.0, 100.0)


@pytest.fixture(scope="module")
def walk():
    recording = trial().recording
    names = tuple(present_markers(recording.markers.info, lab()))
    markers = MarkerMap(recording.markers.info, lab(), names).apply(recording.markers.values)
    return recording.markers.stamps_s, markers, names


def without(names, *gone):
    return tuple("-" if name in gone or name[1:] in gone else name for name in names)


def test_events_of_the_synthetic_walker(walk):
    time_s, markers, names = walk
    events = kinematic_events(foot_paths(time_s, markers, names, SECTION))
    inner = [s for s in trial().stances if s.t_on_s > 0.3 and s.t_off_s < trial().duration_s - 0.3]
    assert len(inner) > 8
    for stance in inner:
        seen = stance_events(events, stance.side, stance.t_on_s, stance.t_off_s)
        assert abs(seen.kinematic_on_s - stance.t_on_s) < 0.06
        assert abs(seen.kinematic_off_s - stance.t_off_s) < 0.06
        assert seen.nearest is stance.side
        assert (
            stance_events(events, stance.side.other, stance.t_on_s, stance.t_off_s).nearest
            is stance.side
        )
    assert abs(len(events.strikes_s[0]) - len(events.strikes_s[1])) <= 1


def test_against_the_twin_and_however_long_the_span(walk):
    time_s, markers, names = walk
    rng = np.random.default_rng(0)
    noisy = markers + rng.normal(0, 0.001, markers.shape)
    row = names.index
    pelvis = noisy[:, [row("LPSI"), row("RPSI")], 0].mean(axis=1)
    events = kinematic_events(foot_paths(time_s, noisy, names, SECTION))
    for side in Side:
        heel = noisy[:, row(side.letter + "HEE"), 0]
        toe = noisy[:, row(side.letter + "TOE"), 0]
        strikes = naive_events.event_times(time_s, heel, pelvis, SECTION, 0.02)
        offs = naive_events.event_times(time_s, -toe, -pelvis, SECTION, 0.02)
        assert events.strikes_s[side] == pytest.approx(strikes, abs=1e-6)
        assert events.toe_offs_s[side] == pytest.approx(offs, abs=1e-6)
    for stance in trial().stances:
        inside = (time_s >= stance.t_on_s - 0.3) & (time_s <= stance.t_off_s + 0.11)
        if stance.t_on_s < 0.3 or inside.sum() < 100 * (stance.t_off_s - stance.t_on_s + 0.4):
            continue
        short = kinematic_events(foot_paths(time_s[inside], noisy[inside], names, SECTION))
        seen, whole = (
            stance_events(e, stance.side, stance.t_on_s, stance.t_off_s) for e in (short, events)
        )
        assert seen.kinematic_on_s == pytest.approx(whole.kinematic_on_s, abs=0.003)
        assert seen.kinematic_off_s == pytest.approx(whole.kinematic_off_s, abs=0.005)


@pytest.mark.parametrize(
    "gone",
    [
        ("LPSI", "RPSI"),
        ("LPSI", "RPSI", "SACR", "LASI", "RASI"),
        ("HEE", "TOE"),
        ("HEE", "TOE", "MT1", "MT5"),
    ],
)
def test_other_markers_stand_in(walk, gone):
    time_s, markers, names = walk
    hidden = without(names, *gone)
    row = [names.index(name) for name in gone if name in names]
    blanked = markers.copy()
    blanked[40, row] = np.nan  # one missing frame is as good as none
    for m, n in ((markers, hidden), (blanked, names)):
        paths = foot_paths(time_s, m, n, SECTION)
        if paths is None:
            pytest.fail("no paths")
        events = kinematic_events(paths)
        stance = trial().stances[5]
        seen = stance_events(events, stance.side, stance.t_on_s, stance.t_off_s)
        assert abs(seen.kinematic_on_s - stance.t_on_s) < 0.08
        assert abs(seen.kinematic_off_s - stance.t_off_s) < 0.12
        for own in trial().stances:
            frames = (time_s >= own.t_on_s) & (time_s <= own.t_off_s)
            assert not foot_in_swing(paths, own.side)[frames].any()


def test_joint_centres_stand_in_and_without_anything_there_are_no_events(walk):
    time_s, markers, names = walk
    row = names.index
    nothing = ("-",) * len(names)
    assert foot_paths(time_s, markers, nothing, SECTION) is None
    knees = markers[:, [row("LKNE"), row("RKNE")]]
    ankles = markers[:, [row("LANK"), row("RANK")]]
    paths = foot_paths(time_s, markers, nothing, SECTION, knees_m=knees, ankles_m=ankles)
    assert paths.has_toe == (False, False)
    stance = trial().stances[5]
    seen = stance_events(kinematic_events(paths), stance.side, stance.t_on_s, stance.t_off_s)
    assert abs(seen.kinematic_on_s - stance.t_on_s) < 0.08
    assert foot_paths(time_s[:4], markers[:4], names, SECTION) is None
    seen = stance_events(kinematic_events(paths), stance.side, stance.t_on_s + 0.5, np.nan)
    assert np.isnan(seen.kinematic_off_s)


def test_who_stands_makes_no_events(walk):
    time_s, markers, names = walk
    sway = 0.03 * np.sin(2 * np.pi * 0.4 * time_s)
    noise = np.random.default_rng(0).normal(0, 0.002, markers.shape)
    hips = np.array([[0.0 if name[1:] in ("HEE", "TOE", "MT5") else 1.0] for name in names])
    still = markers[:1] + noise + sway[:, None, None] * hips * np.array([1.0, 0, 0])
    events = kinematic_events(foot_paths(time_s, still, names, SECTION))
    assert [len(t) for t in (*events.strikes_s, *events.toe_offs_s)] == [0, 0, 0, 0]
    seen = stance_events(events, Side.LEFT, 1.0, 2.0)
    assert np.isnan([seen.kinematic_on_s, seen.kinematic_off_s]).all()
    assert seen.nearest is None
    paths = foot_paths(time_s, still, names, SECTION)
    assert not foot_in_swing(paths, Side.LEFT).any()


def test_swing_is_seen_on_a_belt_and_over_ground(walk):
    time_s, markers, names = walk
    for belt_m_per_s in (0.0, 1.3):
        moved = markers + (belt_m_per_s * time_s)[:, None, None] * np.array([1.0, 0, 0])
        paths = foot_paths(time_s, moved, names, SECTION)
        for side in Side:
            swing = foot_in_swing(paths, side)
            stance = np.zeros(len(time_s), dtype=bool)
            for own in trial().stances:
                if own.side is side:
                    stance |= (time_s >= own.t_on_s) & (time_s <= own.t_off_s)
            assert not (swing & stance).any()
            assert swing.mean() > 0.2


def test_a_single_foot_path_is_enough_for_types():
    paths = FootPaths(np.arange(5.0), np.zeros(5), np.zeros((5, 2)), np.zeros((5, 2)), (True, True))
    assert not foot_in_swing(paths, Side.LEFT).any()


def real(given):
    """Markers, names, and the contacts of a real recording by its plates."""
    laboratory = read_lab(given.lab).lab
    recording = read_recording(given.path(given.walk), laboratory)
    names = tuple(present_markers(recording.markers.info, laboratory))
    markers = MarkerMap(recording.markers.info, laboratory, names).apply(recording.markers.values)
    wrench = PlateMap(recording.forces.info, laboratory).apply(recording.forces.values)
    plates = Steps(laboratory.settings(), given.mass_kg)
    _, steps = plates.follow(recording.forces.stamps_s, wrench)
    there = ~np.isnan(markers).any(axis=(1, 2))
    return recording.markers.stamps_s[there], markers[there], names, steps, plates.offsets


def clean(given, steps):
    table = given.reference()
    for step in steps:
        for rows in reference.clean_stances(table, int(step.side)):
            first, last = table["time_s"][rows[0]], table["time_s"][rows[-1]]
            if abs(first - step.t_on_s) < 0.06 and abs(last - step.t_off_s) < 0.06:
                yield step


@reference.needs_data
@pytest.mark.parametrize("given", reference.TRIALS, ids=lambda t: t.folder)
def test_cameras_and_plates_agree_on_real_stances(given):
    time_s, markers, names, steps, _ = real(given)
    rate_hz = 1.0 / np.median(np.diff(time_s))
    paths = foot_paths(time_s, markers, names, zero_lag_section(6.0, rate_hz))
    events = kinematic_events(paths)
    found = list(clean(given, steps))
    assert len(found) >= 2
    for step in found:
        seen = stance_events(events, step.side, step.t_on_s, step.t_off_s)
        if step.t_on_s > 0.1:
            assert -0.06 < seen.kinematic_on_s - step.t_on_s < 0.0
            assert seen.nearest is step.side
        if step.t_off_s < time_s[-1] - 0.1:
            assert -0.04 < seen.kinematic_off_s - step.t_off_s < 0.02
        frames = (time_s >= step.t_on_s) & (time_s <= step.t_off_s)
        assert not foot_in_swing(paths, step.side)[frames].any()


@reference.needs_data
@pytest.mark.parametrize("given", reference.TRIALS, ids=lambda t: t.folder)
def test_unloaded_real_plates_have_no_offset(given):
    *_, offsets = real(given)
    assert len(offsets) > 2
    assert np.abs(offsets[:, 3]).max() < 3.0
