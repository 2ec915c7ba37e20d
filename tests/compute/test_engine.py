"""The engine on the synthetic walker, whose EKAM is known in closed form."""

from dataclasses import fields, replace

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from walkers import changed, engine, lab, samples, stances, subject, trial

from compute import ContactThresholds, Engine, Settings, Side, Stance
from compute.early import Phase, phase_of
from compute.engine import RETRY_S
from compute.filters import group_delay_s, zero_lag_section
from compute.subject import Leg, Segment

FIELDS = (
    "ekam_peak1_nm",
    "ekam_peak2_nm",
    "ekam_impulse_nms",
    "kfm_peak_nm",
    "fz_peak_n",
    "t_on_s",
    "t_off_s",
)
EVERY_FIELD = tuple(f.name for f in fields(Stance) if f.type in (int, float, bool, Side))


def numbers(found, names=FIELDS):
    return np.array([[getattr(s, f) for f in names] for s in found], dtype=float)


def pushed(running, walk, edges, ahead=0):
    """Stances and early scores from samples cut at these plate samples, plates ahead by some."""
    found, early = [], []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        m = slice(*(np.clip([first, last], 0, None) // 10))
        f = slice(*np.clip([first + ahead if first else 0, last + ahead], 0, 10**6))
        found += running.push(
            walk.marker_time_s[m], walk.markers_m[m], walk.force_time_s[f], walk.wrench[f]
        )
        early += running.early
    return found, early


@pytest.fixture(scope="module")
def walk():
    return samples()


@pytest.fixture(scope="module")
def noisy(walk):
    rng = np.random.default_rng(0)
    return changed(
        walk,
        markers_m=walk.markers_m + rng.normal(0, 0.0003, walk.markers_m.shape),
        wrench=walk.wrench + rng.normal(0, 2.0, walk.wrench.shape) * [1, 1, 1, 0.3, 0.3, 0.3],
    )


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


def test_vector_curve_equals_the_same_filter_on_the_whole_recording(walk, reference):
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
                naive.ekam_kfm(markers[i], w, shank, stance.side.sigma)[0]
                for i, w in zip(rows, at, strict=True)
            ]
        )
        rms = np.sqrt(np.mean((whole - stance.curves.column("ekam_vector_nm")) ** 2))
        assert rms / stance.body_mass_kg <= 0.0005
        top = whole[: len(rows) // 2].max()
        assert stance.ekam_peak1_vector_nm == pytest.approx(top, rel=2e-3)


def test_full_score_is_that_of_a_much_longer_piece_of_the_recording(walk, reference):
    """Newton-Euler too: peak 1 within 0.05 %, peak 2 within 0.1 %, curve within 0.0005 N·m/kg."""
    longer = replace(lab().settings(), context_s=2.0, decide_after_s=0.9)
    for got in stances(walk, Engine(subject(), 100.0, 1000.0, longer))[2:]:
        scored = reference[got.number - 1]
        assert scored.t_on_s == got.t_on_s
        assert scored.ekam_peak1_nm == pytest.approx(got.ekam_peak1_nm, rel=5e-4)
        assert scored.ekam_peak2_nm == pytest.approx(got.ekam_peak2_nm, rel=1e-3)
        gap = scored.curves.ekam_nm - got.curves.ekam_nm
        assert np.sqrt(np.mean(gap**2)) / got.body_mass_kg <= 0.0005


@given(
    cuts=st.lists(st.integers(1, 8000), max_size=12),
    ahead=st.integers(-400, 400),
    offset_n=st.sampled_from([0.0, 6.0, 60.0]),
    flag_s=st.floats(0.0, 8.0),
)
@settings(max_examples=8, deadline=None)
def test_however_the_samples_are_cut(noisy, cuts, ahead, offset_n, flag_s):
    """Bit for bit the same, early scores too, also when one stream runs ahead of the other."""
    shift = np.array([1.0, offset_n, -2.0, 0.5, 0.1, 3.0])
    given_ = changed(noisy, wrench=noisy.wrench + shift)
    whole, pieces = engine(), engine()
    for running in (whole, pieces):
        running.flag(flag_s, "clock_jump")
    expected, expected_early = pushed(whole, given_, [0, 10**6])
    found, early = pushed(pieces, given_, [0, *sorted(cuts), 10**6], ahead)
    assert np.array_equal(
        numbers(found, EVERY_FIELD), numbers(expected, EVERY_FIELD), equal_nan=True
    )
    assert [s.reasons for s in found] == [s.reasons for s in expected]
    assert early == expected_early


def test_the_live_trace_follows_the_scored_curve(walk, reference):
    live = live_rows(walk, engine())
    assert np.all(np.diff(live[:, 0]) > 0)
    assert len(live) >= len(walk.marker_time_s) - 2
    stance = reference[4]
    peak = live[
        (live[:, 0] >= stance.t_on_s) & (live[:, 0] <= stance.t_off_s), 1 + stance.side
    ].max()
    assert peak == pytest.approx(stance.ekam_peak1_nm_per_kg, rel=0.05)


@given(yaw=st.floats(-np.pi, np.pi), shift=st.tuples(*[st.floats(-3, 3)] * 2))
@settings(max_examples=5, deadline=None)
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


def swapped(name):
    return {"L": "R", "R": "L"}.get(name[0], name[0]) + name[1:] if name not in MIDLINE else name


MIDLINE = ("SACR", "C7", "T10", "CLAV", "STRN", "MID", "TOP", "KJC")


def mirrored(what):
    """A segment, leg or person in the sagittal mirror."""
    if isinstance(what, Segment):
        return replace(
            what,
            cluster=tuple(map(swapped, what.cluster)),
            local_m=tuple((x, y, -z) for x, y, z in what.local_m),
            points_m={
                swapped(n) if n.endswith("HJC") else n: (x, y, -z)
                for n, (x, y, z) in what.points_m.items()
            },
        )
    if isinstance(what, Leg):
        inertias = {}
        for name in ("foot_inertia", "shank_inertia", "thigh_inertia"):
            own = getattr(what, name)
            flip = np.array([1.0, 1.0, -1.0])
            tensor = np.array(own.inertia_kg_m2) * np.outer(flip, flip)
            inertias[name] = replace(
                own, com_m=tuple(own.com_m * flip), inertia_kg_m2=tuple(map(tuple, tensor))
            )
        shank = what.shank
        ajc = (*shank.ajc_local_m[:2], -shank.ajc_local_m[2])
        local = tuple((x, y, -z) for x, y, z in shank.local_m)
        shank = replace(
            shank, local_m=local, ajc_local_m=ajc, cluster=tuple(map(swapped, shank.cluster))
        )
        segments = {n: getattr(what, n) and mirrored(getattr(what, n)) for n in ("foot", "thigh")}
        return replace(what, shank=shank, **inertias, **segments)
    return replace(
        what,
        left=mirrored(what.right),
        right=mirrored(what.left),
        pelvis=what.pelvis and mirrored(what.pelvis),
        trunk=what.trunk and mirrored(what.trunk),
    )


def test_a_mirrored_walker_has_mirrored_legs(walk, reference):
    """Reflection in the sagittal plane swaps left and right and nothing else."""
    flip = np.array([1.0, 1.0, -1.0])
    names = subject().markers()
    twin = Engine(mirrored(subject()), 100.0, 1000.0, lab().settings())
    swap = [names.index(swapped(name)) for name in twin.markers]
    axial = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0])  # force is a vector, moment an axial one
    changed_ = changed(
        walk, markers_m=walk.markers_m[:, swap] * flip, wrench=walk.wrench[:, ::-1] * axial
    )
    found = stances(changed_, twin)
    np.testing.assert_allclose(numbers(found), numbers(reference), rtol=1e-9, atol=1e-9)
    assert [s.side for s in found] == [s.side.other for s in reference]
    assert [s.reasons for s in found] == [s.reasons for s in reference]


def spoil(walk, stance, what):
    markers, wrench = walk.markers_m.copy(), walk.wrench.copy()
    time_s, force_time_s = walk.marker_time_s, walk.force_time_s
    m = (time_s >= stance.t_on_s) & (time_s <= stance.t_off_s)
    f = (force_time_s >= stance.t_on_s) & (force_time_s <= stance.t_off_s)
    mine = [subject().markers().index(name) for name in subject().shank(stance.side).cluster]
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
    elif what == "two markers slipped":
        markers[m, mine[0]] += 0.02
        markers[m, mine[1]] -= 0.02
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
        ("marker slipped", set()),  # three others fit without it
        ("two markers slipped", {"cluster_residual"}),
        ("load too small", {"implausible", "handrail"}),
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
    person = replace(subject(), **{side.word: replace(subject().leg(side), shank=bent)})
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


def test_early_scores_move_the_bar_before_toe_off(walk):
    running = engine()
    found, early = pushed(running, walk, [*range(0, 8000, 70), 10**6])
    assert all(np.isnan(s.early_peak1_nm) for s in found[:4])  # two stances a leg must be known
    confirmed = found[4:]
    assert len(early) == len(confirmed) + 1  # the last stance has no end in this recording
    for value, stance in zip(early, confirmed, strict=False):
        assert (value.side, value.t_on_s) == (stance.side, stance.t_on_s)
        assert 0.49 < (value.t_s - stance.t_on_s) / stance.stance_s < 0.53
        assert value.ekam_peak1_nm == stance.early_peak1_nm
        assert value.ekam_peak1_nm_per_kg == pytest.approx(stance.ekam_peak1_nm_per_kg, rel=6e-4)
        assert (value.phase, phase_of(stance)) == (Phase.EARLY, Phase.FINAL)


def test_without_early_scores_everything_else_is_the_same(walk, reference):
    running = engine(early=False)
    found, early = pushed(running, walk, [0, 10**6])
    assert early == []
    others = [name for name in EVERY_FIELD if name != "early_peak1_nm"]
    assert np.array_equal(numbers(found, others), numbers(reference, others), equal_nan=True)
    assert np.isnan([s.early_peak1_nm for s in found]).all()


def test_an_early_value_is_withdrawn_when_the_stance_is_rejected(walk, reference):
    victim = reference[6]
    markers = walk.markers_m.copy()
    mine = [subject().markers().index(name) for name in subject().shank(victim.side).cluster]
    late = np.searchsorted(walk.marker_time_s, victim.t_on_s + 0.7 * victim.stance_s)
    markers[late : late + 15, mine[:3]] = np.nan
    found = stances(changed(walk, markers_m=markers))[6]
    assert found.reasons == ("marker_gap",)
    assert found.early_peak1_nm == victim.early_peak1_nm
    assert phase_of(found) is Phase.WITHDRAWN
    markers[late - 30 : late] = np.nan  # known before half of the stance
    found = stances(changed(walk, markers_m=markers))[6]
    assert np.isnan(found.early_peak1_nm)
    assert phase_of(found) is Phase.FINAL


def test_an_early_score_that_is_not_certain_is_tried_again_until_the_contact_ends(
    walk, reference, monkeypatch
):
    running, tries = engine(), []

    def not_yet(stance, span, context, history):
        assert span.marker_time_s[-1] == stance.t_decide_s
        tries.append((stance.t_on_s, stance.t_decide_s))
        return (
            1.0 if stance.side is Side.LEFT and stance.t_decide_s > stance.t_on_s + 0.45 else None
        )

    monkeypatch.setattr(running._scorer, "early_peak_nm", not_yet)
    found, early = pushed(running, walk, [0, 10**6])
    assert {e.side for e in early} == {Side.LEFT}
    assert all(0.45 < e.t_s - e.t_on_s < 0.49 for e in early)
    for stance in found[4:]:
        at = np.array([t for t_on_s, t in tries if t_on_s == stance.t_on_s])
        np.testing.assert_allclose(np.diff(at), 0.03, atol=1e-9)  # the first sample after it
        if stance.side is Side.RIGHT:
            assert (
                stance.t_off_s - RETRY_S <= at[-1] <= stance.t_off_s + 0.05
            )  # until toe-off is certain


def test_a_fault_known_from_outside_rejects_the_stances_around_it(walk, reference):
    running = engine()
    at_s = reference[6].t_on_s + 0.2
    running.flag(at_s, "clock_jump")
    for got, before in zip(stances(walk, running), reference, strict=True):
        hit = before.t_on_s - 0.3 <= at_s <= before.t_off_s + 0.11
        assert ("clock_jump" in got.reasons) == hit
    with pytest.raises(ValueError, match="'rain' is not a reason"):
        running.flag(1.0, "rain")


@pytest.mark.parametrize(("offset_n", "reasons"), [(8.0, ()), (60.0, ("plate_drift",))])
def test_an_untared_plate_is_corrected_and_said(walk, reference, offset_n, reasons):
    shift = np.array([2.0, offset_n, -3.0, 0.1 * offset_n, 1.0, -0.2 * offset_n])
    found = stances(changed(walk, wrench=walk.wrench + shift))
    by_time = {(s.side, round(s.t_on_s, 2)): s for s in found}
    for before in reference[2:]:
        got = by_time[(before.side, round(before.t_on_s, 2))]
        assert got.plate_offset_n == pytest.approx(offset_n, abs=0.01)
        assert got.reasons == reasons
        assert got.ekam_peak1_nm == pytest.approx(before.ekam_peak1_nm, rel=1e-4)
    assert all(s.plate_offset_n == pytest.approx(0.0, abs=0.01) for s in reference[2:])


def live_rows(given_, running):
    rows = []
    for i in range(0, len(given_.marker_time_s), 7):
        m, f = slice(i, i + 7), slice(10 * i, 10 * (i + 7))
        running.push(
            given_.marker_time_s[m], given_.markers_m[m], given_.force_time_s[f], given_.wrench[f]
        )
        rows.append(running.live_rows)
    return np.concatenate(rows)


def test_a_blinking_marker_leaves_the_live_trace_as_it_is(walk, reference):
    """The three others carry the shank; the one that comes back is trusted when its filter has settled."""
    markers = walk.markers_m.copy()
    mine = [subject().markers().index(name) for name in subject().shank(Side.LEFT).cluster]
    blink = np.arange(len(markers)) % 37 < 3
    markers[blink, mine[0]] = np.nan
    smooth, blinking = (
        live_rows(walk, engine()),
        live_rows(changed(walk, markers_m=markers), engine()),
    )
    np.testing.assert_allclose(blinking, smooth, atol=2e-3)
    markers[blink, mine[1]] = np.nan
    blank = live_rows(changed(walk, markers_m=markers), engine())
    assert np.isnan(blank[blink[: len(blank)], 1]).all()
    assert not np.isnan(blank[:, 2]).any()


def test_the_live_trace_is_without_the_offset_and_its_delay_is_stated(walk):
    running = engine()
    assert running.live_delay_s == pytest.approx(group_delay_s(10.0) + 0.005)
    plain = live_rows(walk, running)
    shifted = live_rows(changed(walk, wrench=walk.wrench + np.full(6, 30.0)), engine())
    late = plain[:, 0] > 1.5
    np.testing.assert_allclose(shifted[late], plain[late], atol=1e-2)


def test_warm_up_leaves_no_trace(walk, reference):
    running = engine()
    running.warm_up()
    assert np.array_equal(numbers(stances(walk, running)), numbers(reference), equal_nan=True)
