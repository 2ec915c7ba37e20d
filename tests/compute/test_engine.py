"""The engine on the synthetic walker, whose EKAM is known in closed form."""

from dataclasses import replace

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from walkers import changed, engine, samples, stances, subject, trial

from compute import ContactThresholds, Engine, Settings, Side
from compute.filters import zero_lag_section

FIELDS = (
    "ekam_peak1_nm",
    "ekam_peak2_nm",
    "ekam_impulse_nms",
    "kfm_peak_nm",
    "fz_peak_n",
    "t_on_s",
    "t_off_s",
)


def numbers(found):
    return np.array([[getattr(s, f) for f in FIELDS] for s in found])


@pytest.fixture(scope="module")
def walk():
    return samples()


@pytest.fixture(scope="module")
def reference(walk):
    return stances(walk)


def test_every_complete_stance_is_found_and_valid(reference):
    true = [s for s in trial().stances if s.t_off_s + 0.1 <= trial().duration_s]
    assert [s.side for s in reference] == [s.side for s in sorted(true, key=lambda s: s.t_off_s)]
    assert [s.reasons for s in reference] == [()] * len(true)
    assert [s.number for s in reference] == list(range(1, len(true) + 1))
    assert {s.side for s in reference} == set(Side)


def test_peaks_are_the_known_ones_but_for_the_filter(reference):
    """The 6 Hz filter raises peak 1 of this walker by up to 0.4 %; nothing else may move it."""
    true = sorted(trial().stances, key=lambda s: s.t_off_s)
    for got, expected in zip(reference, true, strict=False):
        assert got.ekam_peak1_nm == pytest.approx(expected.ekam_peak1_nm, rel=6e-3)
        assert got.ekam_peak2_nm == pytest.approx(expected.ekam_peak2_nm, rel=2e-3)


def test_curve_equals_the_same_filter_on_the_whole_recording(walk, reference):
    """Scoring sees a stance and 100 ms beyond; filtering everything at once gives the same."""
    flat = naive.zero_lag(
        walk.markers_m.reshape(len(walk.markers_m), -1), zero_lag_section(6.0, 100.0)
    )
    markers = flat.reshape(walk.markers_m.shape)
    for stance in reference:
        shank = subject().shank(stance.side).arrays(subject().markers())
        wrench = naive.zero_lag(walk.wrench[:, stance.side], zero_lag_section(6.0, 1000.0))
        rows = np.searchsorted(walk.marker_time_s, stance.curves.time_s - 1e-6)
        at = naive.resample(walk.force_time_s, wrench, walk.marker_time_s[rows])
        whole = np.array(
            [
                naive.ekam_kfm(markers[i], w, shank, stance.side.sigma)
                for i, w in zip(rows, at, strict=True)
            ]
        )
        rms = np.sqrt(np.mean((whole[:, 0] - stance.curves.ekam_nm) ** 2)) / stance.body_mass_kg
        assert rms <= 0.0005
        assert stance.ekam_peak1_nm == pytest.approx(whole[:, 0][: len(rows) // 2].max(), rel=2e-3)


@given(cuts=st.lists(st.integers(1, 6000), max_size=12), ahead=st.integers(-400, 400))
@settings(max_examples=25, deadline=None)
def test_however_the_samples_are_cut(walk, reference, cuts, ahead):
    """Bit for bit the same, also when one stream runs ahead of the other."""
    running, found = engine(), []
    edges = [0, *sorted(cuts), 10**6]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        m = slice(*(np.clip([first, last], 0, None) // 10))
        f = slice(*np.clip([first + ahead if first else 0, last + ahead], 0, 10**6))
        found += running.push(
            walk.marker_time_s[m], walk.markers_m[m], walk.force_time_s[f], walk.wrench[f]
        )
    assert np.array_equal(numbers(found), numbers(reference), equal_nan=True)
    assert [s.reasons for s in found] == [s.reasons for s in reference]


def test_the_live_trace_follows_the_scored_curve(walk, reference):
    running = engine()
    rows = []
    for i in range(0, len(walk.marker_time_s), 7):
        m, f = slice(i, i + 7), slice(10 * i, 10 * (i + 7))
        running.push(walk.marker_time_s[m], walk.markers_m[m], walk.force_time_s[f], walk.wrench[f])
        rows.append(running.live_rows)
    live = np.concatenate(rows)
    assert np.all(np.diff(live[:, 0]) > 0)
    assert len(live) >= len(walk.marker_time_s) - 2
    stance = reference[4]
    peak = live[
        (live[:, 0] >= stance.t_on_s) & (live[:, 0] <= stance.t_off_s), 1 + stance.side
    ].max()
    assert peak == pytest.approx(stance.ekam_peak1_nm_per_kg, rel=0.05)


@given(yaw=st.floats(-np.pi, np.pi), shift=st.tuples(*[st.floats(-3, 3)] * 2))
@settings(max_examples=10, deadline=None)
def test_turning_and_moving_the_lab_changes_nothing(walk, reference, yaw, shift):
    r = Rotation.from_rotvec([0, yaw, 0]).as_matrix()
    offset = np.array([shift[0], 0.0, shift[1]])
    force = walk.wrench[..., :3] @ r.T
    about = walk.wrench[..., 3:] @ r.T + np.cross(offset, force)
    moved = changed(
        walk,
        markers_m=walk.markers_m @ r.T + offset,
        wrench=np.concatenate([force, about], axis=-1),
    )
    np.testing.assert_allclose(numbers(stances(moved)), numbers(reference), atol=1e-7)


def test_a_mirrored_walker_has_mirrored_legs(walk, reference):
    """Reflection in the sagittal plane swaps left and right and nothing else."""
    flip = np.array([1.0, 1.0, -1.0])
    names = subject().markers()
    swap = [names.index({"L": "R", "R": "L"}[n[0]] + n[1:]) for n in names]
    axial = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0])  # force is a vector, moment an axial one
    mirrored = changed(
        walk, markers_m=walk.markers_m[:, swap] * flip, wrench=walk.wrench[:, ::-1] * axial
    )
    left, right = (
        replace(s, local_m=tuple((x, y, -z) for x, y, z in s.local_m), cluster=tuple(
            {"L": "R", "R": "L"}[n[0]] + n[1:] for n in s.cluster))
        for s in (subject().right, subject().left)
    )  # fmt: skip
    twin = Engine(replace(subject(), left=left, right=right), 100.0, 1000.0)
    assert twin.markers == names
    found = stances(mirrored, twin)
    np.testing.assert_allclose(numbers(found), numbers(reference), rtol=1e-9, atol=1e-9)
    assert [s.side for s in found] == [s.side.other for s in reference]


def spoil(walk, stance, what):
    markers, wrench = walk.markers_m.copy(), walk.wrench.copy()
    time_s, force_time_s = walk.marker_time_s, walk.force_time_s
    m = (time_s >= stance.t_on_s) & (time_s <= stance.t_off_s)
    f = (force_time_s >= stance.t_on_s) & (force_time_s <= stance.t_off_s)
    mine = [i for i, n in enumerate(subject().markers()) if n[0] == stance.side.letter]
    keep_m = np.ones(len(time_s), dtype=bool)
    keep_f = np.ones(len(force_time_s), dtype=bool)
    if what == "two markers hidden":
        markers[np.flatnonzero(m)[20], mine[:2]] = np.nan
    elif what == "one of four hidden":
        markers[np.flatnonzero(m)[20], mine[0]] = np.nan
    elif what == "frames dropped":
        keep_m[np.flatnonzero(m)[30:33]] = False
    elif what == "force samples dropped":
        keep_f[np.flatnonzero(f)[300:305]] = False
    elif what == "marker slipped":
        markers[m, mine[0]] += 0.02
    elif what == "load too small":
        wrench[f, stance.side] *= 0.5
    elif what == "load elsewhere":
        wrench[f, stance.side, 3:] += np.cross([0.3, 0, 0], wrench[f, stance.side, :3])
    return changed(
        walk, marker_time_s=time_s[keep_m], markers_m=markers[keep_m],
        force_time_s=force_time_s[keep_f], wrench=wrench[keep_f],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "reasons"),
    [
        ("two markers hidden", {"marker_gap"}),
        ("one of four hidden", set()),
        ("frames dropped", {"marker_gap"}),
        ("force samples dropped", {"late_data"}),
        ("marker slipped", {"cluster_residual"}),
        ("load too small", {"implausible"}),
        ("load elsewhere", {"cop_outside_foot"}),
    ],
)
def test_a_spoilt_stance_is_rejected_by_name_and_the_others_are_kept(
    walk, reference, what, reasons
):
    victim = reference[4]
    found = stances(spoil(walk, victim, what))
    assert len(found) == len(reference)
    for got, before in zip(found, reference, strict=True):
        if got.number == victim.number:
            assert set(got.reasons) == reasons
        elif abs(got.t_on_s - victim.t_on_s) > 1.0:  # neighbours share the frames that were spoilt
            assert got.reasons == ()
            assert got.ekam_peak1_nm == before.ekam_peak1_nm


def test_markers_nearly_in_line_do_not_track_a_leg(walk, reference):
    """One of four hidden leaves three; where these are almost collinear the stance is not scored."""
    side = reference[4].side
    shank = subject().shank(side)
    line = tuple((0.05 + 0.002 * i, -0.1 - 0.1 * i, 0.02) for i in range(3))
    bent = replace(shank, local_m=(*line, shank.local_m[3]))
    person = replace(subject(), **{side.word: bent})
    markers = walk.markers_m.copy()
    mine = [subject().markers().index(name) for name in shank.cluster]
    for i, frame in enumerate(walk.markers_m[:, mine]):
        r, t, _ = naive.cluster_pose(np.array(shank.local_m), frame)
        markers[i, mine] = np.array(bent.local_m) @ r.T + t
    whole = stances(changed(walk, markers_m=markers), Engine(person, 100.0, 1000.0))
    assert whole[4].reasons == ()
    at = np.searchsorted(walk.marker_time_s, reference[4].t_on_s) + 20
    markers[at, mine[3]] = np.nan
    assert stances(changed(walk, markers_m=markers), Engine(person, 100.0, 1000.0))[4].reasons == (
        "marker_gap",
    )


@pytest.mark.parametrize("cut", [1, 25, 100, 10_000])
def test_a_stream_that_stalls_and_comes_back_is_waited_for(walk, reference, cut):
    """Forces come only after all markers have come: every stance is scored, however markers were cut."""
    running = engine()
    for first in range(0, len(walk.marker_time_s), cut):
        m = slice(first, first + cut)
        assert not running.push(
            walk.marker_time_s[m], walk.markers_m[m], np.empty(0), np.empty((0, 2, 6))
        )
    found = running.push(
        np.empty(0), np.empty((0, *walk.markers_m.shape[1:])), walk.force_time_s, walk.wrench
    )
    assert np.array_equal(numbers(found), numbers(reference), equal_nan=True)


def test_a_stream_that_never_comes_back_is_not_waited_for_without_end(walk):
    running = engine()
    shape = walk.markers_m.shape[1:]
    for second in range(120):
        t = second + np.arange(100) / 100.0
        running.push(t, np.zeros((100, *shape)), np.empty(0), np.empty((0, 2, 6)))
    assert running._held_markers.newest_s - running._held_markers.oldest_s <= 31.0


def test_chattering_load_harms_nothing(walk):
    wrench = walk.wrench.copy()
    wrench[:, :, 1] = np.where(np.arange(len(wrench))[:, None] % 12 < 6, 700.0, 0.0)
    settings_ = Settings(contact=ContactThresholds(on_min_s=0.0, off_min_s=0.0))
    found = stances(changed(walk, wrench=wrench), Engine(subject(), 100.0, 1000.0, settings_))
    assert len(found) > 500
    assert {s.reasons for s in found} == {("short_stance",)}


def test_a_stance_without_its_data_has_no_numbers(walk, reference):
    found = stances(spoil(walk, reference[4], "two markers hidden"))[4]
    assert np.isnan(found.ekam_peak1_nm)
    assert found.curves is None


def test_standing_is_not_a_stance(walk):
    wrench = walk.wrench.copy()
    wrench[500:4000, :, 1] = 350.0
    found = stances(changed(walk, wrench=wrench))
    assert all("implausible" in s.reasons for s in found if s.stance_s > 1.5)
    assert any(s.stance_s > 1.5 for s in found)


def test_load_under_the_other_foot_is_counted(walk):
    running = engine()
    stances(changed(walk, wrench=walk.wrench[:, ::-1]), running)
    wrong, total = running.under_other_foot.sum(axis=0)
    assert wrong == total > 0
