"""The offset between markers and forces, watched during a session."""

import json
from dataclasses import replace
from math import isnan

import numpy as np
import pytest
import reference
import walkers
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.sync_offset import BODIES, measure_offset
from stream.file_source import FileSource
from stream.lab import read_lab
from stream.results import keep_inputs, new_folder, write_session_json
from stream.session import Session
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.sync_check import EACH, HELD_S, SyncCheck, SyncVerdict, offset_state

NAMES = ("LASI", "RASI", "LPSI", "RPSI", "LHEE")
STEPS_W = 2.0 * np.pi * 1.75


def walk(offset_s=0.0, seconds=240.0, jump_s=0.0, jump_at_s=120.0, gain=0.85, seed=1):
    """A body that follows its pelvis; force stamps late by `offset_s`, and `jump_s` more from a time on."""
    rng = np.random.default_rng(seed)
    marker_s = np.arange(int(seconds * 100)) / 100.0
    force_s = np.arange(int(seconds * 500)) / 500.0
    markers = rng.normal(scale=3e-4, size=(len(marker_s), len(NAMES), 3))
    markers[:, :, 1] += 0.95 + 0.018 * np.cos(STEPS_W * marker_s)[:, None]
    wrench = rng.normal(scale=3.0, size=(len(force_s), 2, 6))
    event_s = force_s - BODIES[0].bias_s
    pull = -0.018 * STEPS_W**2 * np.cos(STEPS_W * event_s)
    wrench[:, :, 1] += (35.0 * (9.81 + gain * pull))[:, None]
    stamps_s = force_s + offset_s + np.where(force_s >= jump_at_s, jump_s, 0.0)
    return marker_s, markers, stamps_s, wrench


def check():
    return SyncCheck(walkers.lab(), NAMES, 100.0, 500.0)


def fed(samples, every_s=0.5, cuts=None):
    """A check that was given the samples in pieces; `cuts`: times at which to cut."""
    made = check()
    marker_s, markers, force_s, wrench = samples
    last_s = max([0.0, *marker_s[-1:], *force_s[-1:]])
    cuts = np.arange(every_s, last_s, every_s) if cuts is None else np.sort(cuts)
    for own, load in zip(_parts(marker_s, cuts), _parts(force_s, cuts), strict=True):
        made.add(marker_s[own], markers[own], force_s[load], wrench[load])
    return made


def _parts(time_s, cuts):
    at = [0, *np.searchsorted(time_s, cuts), len(time_s)]
    return [slice(a, b) for a, b in zip(at[:-1], at[1:], strict=True)]


def named_delay_s(verdict):
    return float(verdict.sentence.split("device_delay_s = ")[1].split()[0])


def same(a, b):
    return json.dumps(a.table()) == json.dumps(b.table())


@pytest.mark.parametrize("offset_s", [0.0, 0.003, 0.008, -0.008])
def test_an_offset_is_measured_to_a_millisecond(offset_s):
    verdict = fed(walk(offset_s, seconds=60.0)).verdict()
    assert verdict.offset_s == pytest.approx(offset_s, abs=1e-3)
    # Less than the walk itself may be wrong by: not alarming, and the sentence says how well it is known.
    assert verdict.state == "unknown"
    assert verdict.alarming == ""
    assert "a walk cannot tell closer whether that is within 5 ms" in verdict.sentence
    assert "--tap MARKER" in verdict.sentence
    assert BODIES[0].bound_s < verdict.uncertainty_s < BODIES[0].bound_s + 2e-3
    assert "(± " in verdict.sentence
    assert verdict.n == 12


@pytest.mark.parametrize(
    ("offset_s", "state"),
    [(0.008, "unknown"), (0.0125, "warn"), (0.018, "refuse"), (-0.018, "refuse"), (0.06, "refuse")],
)
def test_an_offset_beyond_what_a_walk_can_be_wrong_by(offset_s, state):
    verdict = fed(walk(offset_s, seconds=60.0)).verdict()
    assert verdict.state == state
    if state == "unknown":
        return
    role = "forces" if offset_s > 0.0 else "markers"
    assert f"the stamps of the {role} come" in verdict.alarming
    assert f"(now 0) under [{role}] in the lab file" in verdict.alarming
    assert named_delay_s(verdict) == pytest.approx(abs(offset_s), abs=1.5e-3)
    assert ("not to be used" in verdict.alarming) == (state == "refuse")


def test_the_cure_cures():
    """The delay that the sentence names takes the offset away, with its sign."""
    for offset_s in (0.025, -0.025):
        verdict = fed(walk(offset_s, seconds=60.0)).verdict()
        table = "forces" if "under [forces]" in verdict.sentence else "markers"
        delay_s = named_delay_s(verdict)
        marker_s, markers, force_s, wrench = walk(offset_s, seconds=60.0)
        if table == "forces":
            force_s = force_s - delay_s  # as stream.align does
        else:
            marker_s = marker_s - delay_s
        cured = fed((marker_s, markers, force_s, wrench)).verdict()
        assert (cured.state, cured.change_state) == ("unknown", "ok")
        assert abs(cured.offset_s) < 2e-3


def test_the_delay_that_is_set_already_is_added_to():
    lab = walkers.lab()
    lab = lab.model_copy(update={"forces": lab.forces.model_copy(update={"device_delay_s": 0.01})})
    made = SyncCheck(lab, NAMES, 100.0, 500.0)
    made.add(*walk(0.03, seconds=60.0))
    assert "device_delay_s = 0.040 (now 0.01) under [forces]" in made.verdict().sentence


@pytest.mark.parametrize(
    ("jump_s", "state"), [(0.0, "ok"), (0.0035, "warn"), (0.008, "refuse"), (-0.008, "refuse")]
)
def test_a_change_is_judged_by_the_limits_as_they_stand(jump_s, state):
    verdict = fed(walk(jump_s=jump_s)).verdict()
    assert verdict.change_state == verdict.table()["change_verdict"] == state
    # In step all the time, or out of step all the time: a walk does not tell.
    assert verdict.state == ("unknown" if state == "ok" else state)
    assert verdict.change_s == pytest.approx(jump_s, abs=1e-3)
    if state != "ok":
        assert ("later" if jump_s > 0.0 else "earlier") in verdict.alarming
        assert verdict.changed_at_s > 120.0


def test_a_change_that_went_away_again_is_not_forgotten():
    marker_s, markers, force_s, wrench = walk()
    force_s = force_s + np.where((force_s > 90.0) & (force_s < 150.0), 0.008, 0.0)
    assert fed((marker_s, markers, force_s, wrench)).verdict().state == "refuse"


def test_the_operator_is_told_while_it_happens():
    samples = walk(jump_s=0.008)
    made, told = check(), []
    for k in range(240):
        rows = [(s >= k) & (s < k + 1) for s in (samples[0], samples[2])]
        made.add(samples[0][rows[0]], samples[1][rows[0]], samples[2][rows[1]], samples[3][rows[1]])
        told.append(made.latest.state)
    assert set(told[:120]) == {"unknown"}
    assert "refuse" in told[120 : 120 + 5 * EACH + 30]


def test_a_pelvis_that_does_not_show_the_offset_shows_a_change():
    for jump_s, state in ((0.0, "ok"), (0.003, "warn"), (0.008, "refuse"), (-0.008, "refuse")):
        verdict = fed(walk(jump_s=jump_s, gain=0.5)).verdict()
        assert isnan(verdict.offset_s)
        assert verdict.change_state == state
        assert verdict.change_s == pytest.approx(jump_s, abs=1e-3)
        if state == "ok":
            assert (verdict.state, verdict.alarming) == ("unknown", "")
            assert "does not move as the body" in verdict.sentence
            assert "it changed by no more than" in verdict.sentence


@pytest.mark.parametrize(
    ("offset_s", "uncertainty_s", "state"),
    [
        (0.001, 0.003, "ok"),
        (-0.002, 0.003, "ok"),
        (0.003, 0.003, "unknown"),
        (0.0, 0.006, "unknown"),
        (-0.006, 0.003, "warn"),
        (0.009, 0.003, "refuse"),
        (np.nan, 0.003, "unknown"),
    ],
)
def test_an_offset_is_good_only_if_it_is_whatever_the_error(offset_s, uncertainty_s, state):
    assert offset_state(offset_s, uncertainty_s) == state


@given(cuts=st.lists(st.floats(0.0, 70.0), max_size=60), last_s=st.sampled_from([30.0, 42.0, 70.0]))
@settings(max_examples=15, deadline=None)
def test_how_samples_are_cut_changes_nothing(cuts, last_s):
    samples = walk(0.004, seconds=last_s, jump_s=0.003, jump_at_s=35.0)
    assert same(fed(samples, cuts=np.array(cuts)).verdict(), fed(samples).verdict())


@pytest.mark.parametrize("ahead_s", [3.0, -3.0, 20.0])
def test_a_stream_that_comes_later_changes_nothing(ahead_s):
    marker_s, markers, force_s, wrench = samples = walk(0.004, seconds=60.0)
    made = check()
    for end_s in np.arange(1.0, 100.0, 1.0):
        first_s = end_s - 1.0 if end_s > 1.0 else -np.inf
        own = (marker_s >= first_s) & (marker_s < end_s)
        load = (force_s >= first_s - ahead_s) & (force_s < end_s - ahead_s)
        made.add(marker_s[own], markers[own], force_s[load], wrench[load])
    assert same(made.verdict(), fed(samples).verdict())


def test_it_says_what_the_whole_recording_says():
    marker_s, markers, force_s, wrench = walk(0.004, seconds=60.0)
    whole = measure_offset(marker_s, markers, NAMES, force_s, wrench, 100.0, 500.0)
    assert fed((marker_s, markers, force_s, wrench)).verdict().measured == whole


def test_a_stream_that_ends_is_not_waited_for_without_bound():
    marker_s, markers, force_s, wrench = walk(seconds=200.0)
    gone = force_s < 50.0
    made = fed((marker_s, markers, force_s[gone], wrench[gone]))
    held = sum(len(times) for times, _ in made._heights._parts)
    assert held <= 100 * (HELD_S + 6.0)
    assert made.verdict().n == 10


def test_what_cannot_be_told_is_unknown():
    marker_s, markers, force_s, wrench = walk(seconds=60.0)
    cases = {
        "nothing": (marker_s[:0], markers[:0], force_s[:0], wrench[:0]),
        "no markers": (marker_s[:0], markers[:0], force_s, wrench),
        "no forces": (marker_s, markers, force_s[:0], wrench[:0]),
        "no steps": (marker_s, markers, force_s, wrench * 0.0),
        "no pelvis": (marker_s, np.full_like(markers, np.nan), force_s, wrench),
        "a few steps": tuple(
            each[: len(each) // 6] for each in (marker_s, markers, force_s, wrench)
        ),
    }
    for what, samples in cases.items():
        verdict = fed(samples).verdict()
        assert (verdict.state, verdict.alarming) == ("unknown", ""), what
        assert "--tap" in verdict.sentence, what
        json.dumps(verdict.table(), allow_nan=False)
    made = SyncCheck(walkers.lab(), ("LHEE", "RHEE"), 100.0, 500.0)
    made.add(marker_s, markers[:, :2], force_s, wrench)
    assert made.verdict().state == "unknown"
    assert "no marker shows the pelvis" in made.verdict().sentence


@reference.needs_data
def test_a_real_treadmill_walk_that_drifts():
    """12 s of a real walk, five times, so that the change between the rounds is known: none, then 8 ms."""
    given_ = reference.samples_of(reference.TRIALS[1])
    n, k = 1150, 11500  # ten strides
    rounds = 6
    markers = np.concatenate([given_.markers_m[:n]] * rounds)
    wrench = np.concatenate([given_.wrench[:k]] * rounds)
    marker_s, force_s = np.arange(n * rounds) / 100.0, np.arange(k * rounds) / 1000.0
    for jump_s, state, changed in ((0.0, "unknown", "ok"), (0.008, "refuse", "refuse")):
        made = SyncCheck(
            reference.read_lab(reference.TRIALS[1].lab).lab, given_.names, 100.0, 1000.0
        )
        late_s = force_s + np.where(force_s > 11.5 * rounds / 2, jump_s, 0.0)
        made.add(marker_s, markers, late_s, wrench)
        verdict = made.verdict()
        assert (verdict.state, verdict.change_state) == (state, changed)
        assert verdict.change_s == pytest.approx(jump_s, abs=1e-3)


def session(recording):
    view = SessionView()
    view.control.start()
    made = Session(FileSource(recording), walkers.lab(), walkers.subject(), view)
    made.open()
    return made, view


@pytest.fixture(scope="module")
def long_walk():
    """Ten rounds of the synthetic walker, 80 s."""
    recording, rounds = walkers.trial().recording, 10
    parts = []
    for stream in recording.streams():
        period_s = len(stream.stamps_s) / stream.info.nominal_rate_hz
        stamps_s = np.concatenate([stream.stamps_s + i * period_s for i in range(rounds)])
        parts.append(replace(stream, stamps_s=stamps_s, values=np.tile(stream.values, (rounds, 1))))
    return replace(recording, markers=parts[0], forces=parts[1])


@pytest.mark.parametrize(
    ("jump_s", "state"), [(0.0, "unknown"), (0.008, "refuse"), (-0.008, "refuse")]
)
def test_a_session_says_it_in_its_summary(long_walk, tmp_path, jump_s, state):
    forces = long_walk.forces
    first_s = forces.stamps_s[0]
    late_s = np.where(forces.stamps_s - first_s > 40.0, jump_s, 0.0)
    keep = np.diff(forces.stamps_s + late_s, prepend=-np.inf) > 0.0
    forces = replace(forces, stamps_s=(forces.stamps_s + late_s)[keep], values=forces.values[keep])
    made, view = session(replace(long_walk, forces=forces))
    outcome = made.run()
    made.end()
    assert outcome.sync.state == state
    assert view.status.read()[1].message == outcome.sync.alarming
    assert outcome.sync.change_s == pytest.approx(jump_s, abs=1e-3)
    folder = new_folder(tmp_path / "made", "SYNTHETIC")
    lab, subject = read_lab(walkers.LAB_PATH), read_subject(walkers.SUBJECT_PATH)
    keep_inputs(folder, lab, subject)
    write_session_json(folder, outcome, lab, subject, mode="process", origin={})
    table = json.loads((folder / "session.json").read_text())["sync"]
    assert (table["verdict"], table["sentence"]) == (state, outcome.sync.sentence)
    assert table["largest_change_ms"] == pytest.approx(1e3 * jump_s, abs=1.0)
    # Stances stay as they were scored: the verdict stands beside them.
    assert len(outcome.stances) > 100


def test_no_data_no_verdict():
    assert SyncVerdict().state == "unknown"
    assert check().verdict().n == 0
