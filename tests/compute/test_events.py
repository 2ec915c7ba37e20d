"""Contacts and the offset of unloaded plates."""

import naive
import naive_events
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import Settings, Side, Stance
from compute.baseline import LOG_COLUMNS, BaselineRules, baseline_rules, track_offset
from compute.baseline import new_state as new_offsets
from compute.contact import (
    BEGUN,
    ENDED,
    EVENT_COLUMNS,
    KIND,
    OFF,
    ON,
    SETTLED,
    SIDE,
    ContactThresholds,
    detect,
    new_state,
)
from compute.steps import Steps

seeds = st.integers(0, 2**32 - 1)
MASS_KG = 70.0
WEIGHT_N = 9.81 * MASS_KG
HZ = 1000.0


def contacts(time_s, fz, thresholds=None, cuts=()):
    """Events, fed in pieces."""
    state, got = new_state(), []
    edges = [0, *sorted(cuts), len(time_s)]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        out = np.empty((2 * (last - first), EVENT_COLUMNS))
        n = detect(
            time_s[first:last], fz[first:last], thresholds or ContactThresholds(), state, out
        )
        got.append(out[:n])
    return np.concatenate(got)


def ended(events, side):
    return [(e[ON], e[OFF]) for e in events if e[KIND] == ENDED and e[SIDE] == side]


@given(seed=seeds, cuts=st.lists(st.integers(0, 3000), max_size=8))
@settings(max_examples=60, deadline=None)
def test_contact(seed, cuts):
    """Against the twin that sees the whole record, however the record is cut."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(3000) / HZ
    knots = np.sort(rng.uniform(0, 3, 12))
    fz = np.column_stack(
        [np.interp(time_s, knots, rng.choice([0.0, 15.0, 30.0, 60.0, 700.0], 12)) for _ in range(2)]
    ) + rng.normal(0, 3, size=(3000, 2))
    events = contacts(time_s, fz, cuts=cuts)
    assert np.array_equal(events, contacts(time_s, fz), equal_nan=True)
    for side in (0, 1):
        assert ended(events, side) == naive.stances(time_s, fz[:, side], *ContactThresholds())
        own = events[events[:, SIDE] == side]
        assert list(own[::2, KIND]) == [BEGUN] * len(own[::2])
        assert list(own[1::2, KIND]) == [ENDED] * len(own[1::2])
        assert np.array_equal(own[1::2, ON], own[: 2 * (len(own) // 2) : 2, ON])
    assert np.all(np.diff(events[:, SETTLED]) >= 0.0)


def test_a_load_that_lingers_is_not_the_beginning():
    """25 N on the belt for 0.2 s before the step: heel strike is where 50 N were passed."""
    time_s = np.arange(1500) / HZ
    fz = np.where(time_s >= 0.5, 700.0, np.where(time_s >= 0.3, 25.0, 0.0)) * (time_s < 1.2)
    events = contacts(time_s, np.column_stack([fz, 0 * fz]))
    assert ended(events, 0) == [(0.5, 1.2)]
    assert events[:, SETTLED] == pytest.approx([0.53, 1.25])


def test_a_stance_that_began_before_the_first_sample_is_not_reported():
    time_s = np.arange(2000) / HZ
    fz = np.where((time_s < 0.5) | ((time_s > 1.0) & (time_s < 1.6)), 700.0, 0.0)
    assert ended(contacts(time_s, np.column_stack([fz, 0 * fz])), 0) == [(1.001, 1.6)]


def test_missing_samples_change_nothing():
    time_s = np.arange(2000) / HZ
    fz = np.where((time_s > 0.5) & (time_s < 1.2), 700.0, 0.0)
    fz[700:900] = np.nan
    assert ended(contacts(time_s, np.column_stack([fz, 0 * fz])), 0) == [(0.501, 1.2)]


def walking(seconds, seed=0, noise_n=3.0, stand_s=0.0, share=(0.5, 0.5)):
    """Plate signals of someone who stands and then walks, right foot first; all six components."""
    time_s = np.arange(int(seconds * HZ)) / HZ
    wrench = np.random.default_rng(seed).normal(0, noise_n, (len(time_s), 2, 6))
    for side in (0, 1):
        u = (((time_s - stand_s) + (0.55 if side == 0 else 0.0)) % 1.1) / 0.7
        shape = np.clip(np.minimum(u, 1.0 - u) / 0.15, 0.0, 1.0) * (
            1.0 - 0.25 * np.sin(np.pi * u) ** 2
        )
        load = WEIGHT_N * 1.1 * np.where(u < 1.0, shape, 0.0)
        load[time_s < stand_s] = share[side] * WEIGHT_N
        wrench[:, side, 1] += load
        wrench[:, side, 5] += 0.1 * load
    return time_s, wrench


def tracked(time_s, wrench, cuts=(), rules=None):
    """Offset of both plates before each sample, fed in pieces."""
    state, out = new_offsets(), np.full((len(time_s), 2, 6), np.nan)
    edges = [0, *sorted(cuts), len(time_s)]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        fz, log = np.empty((last - first, 2)), np.empty((2 * (last - first), LOG_COLUMNS))
        changes = track_offset(
            time_s[first:last], wrench[first:last], rules or baseline_rules(MASS_KG), state, fz, log
        )
        for row in log[:changes]:
            out[time_s > row[0], int(row[1])] = row[2:8]
        known = np.nan_to_num(out[first:last, :, 1])
        np.testing.assert_allclose(fz, wrench[first:last, :, 1] - known, atol=1e-12)
    return out


@given(seed=seeds, cuts=st.lists(st.integers(0, 4000), max_size=6))
@settings(max_examples=20, deadline=None)
def test_offset(seed, cuts):
    """Against the twin: steps, jumps, load resting on the plate, gaps and missing samples."""
    rng = np.random.default_rng(seed)
    time_s, wrench = walking(4.0, seed=seed, stand_s=rng.choice([0.0, 1.0]), share=(0.9, 0.1))
    time_s, wrench = time_s[::2].copy(), wrench[::2].copy()
    wrench += rng.choice([0.0, 25.0, -40.0]) * (time_s > rng.uniform(0, 4))[:, None, None]
    wrench[rng.integers(0, len(wrench), 5), rng.integers(0, 2), 3] = np.nan
    keep = np.ones(len(time_s), dtype=bool)
    keep[(a := rng.integers(0, 1900)) : a + rng.integers(1, 60)] = False
    time_s, wrench = time_s[keep], wrench[keep]
    rules = BaselineRules(jump_s=1.0)._replace(max_n=baseline_rules(MASS_KG).max_n)
    got = tracked(time_s, wrench, [c for c in cuts if c < len(time_s)], rules)
    for side in (0, 1):
        twin = naive_events.offsets(time_s, wrench[:, [side, 1 - side]], rules)
        np.testing.assert_allclose(got[:, side], twin, atol=1e-9)


@pytest.mark.parametrize("shift_n", [0.0, 25.0, 60.0, -30.0])
def test_an_untared_plate_silences_no_leg(shift_n):
    """All stances after the first swing are found at the same times, and the offset is known in full."""
    time_s, wrench = walking(8.0)
    shift = np.array([3.0, shift_n, -4.0, 5.0, -6.0, 7.0])
    steps, before, after = Settings(), [], []
    for found, extra in ((before, 0.0), (after, shift)):
        plates = Steps(steps, MASS_KG)
        _, done = plates.follow(time_s, wrench + extra)
        found += [(s.side, round(s.t_on_s, 2), round(s.t_off_s, 2)) for s in done]
    assert set(before[2:]) <= set(after)
    for side in Side:
        assert plates.offset_before(8.0)[side] == pytest.approx(shift, abs=0.5)


def test_a_plate_that_jumps_up_is_seen_before_it_is_believed():
    """15 N for two seconds: too short to become the offset, and what the swing before a stance reads."""
    time_s, wrench = walking(8.0)
    wrench[(time_s > 4.0) & (time_s < 6.0), Side.LEFT, 1] += 15.0
    plates = Steps(Settings(), MASS_KG)
    _, done = plates.follow(time_s, wrench)
    seen = {
        round(s.t_on_s, 1): plates.unloaded_before_n(s.t_on_s)[Side.LEFT]
        for s in done
        if s.side is Side.LEFT
    }
    for t_s, reading_n in seen.items():
        assert reading_n == pytest.approx(15.0 if 4.6 < t_s < 6.2 else 0.0, abs=1.0), t_s
    assert sum(reading_n > 10.0 for reading_n in seen.values()) == 2
    assert abs(plates.offset_before(8.0)[Side.LEFT, 1]) < 1.0


@pytest.mark.parametrize("share", [(0.5, 0.5), (0.9, 0.1), (0.0, 1.0)])
def test_who_stands_is_not_taken_for_an_offset(share):
    time_s, wrench = walking(8.0, stand_s=3.0, share=share)
    offset = tracked(time_s, wrench)
    assert np.isnan(offset[time_s < 3.0]).all()
    assert np.abs(offset[-1, :, 1]).max() < 1.0


def test_a_foot_that_rested_on_the_plate_is_forgotten_at_once():
    """A tenth of the weight, quiet, while the other plate is not there to tell: a load only adds."""
    time_s, wrench = walking(8.0, stand_s=3.0, share=(0.0, 0.1))
    offset = tracked(time_s, wrench)[:, Side.RIGHT, 1]
    assert offset[2500] == pytest.approx(0.1 * WEIGHT_N, abs=1.0)
    assert abs(offset[np.searchsorted(time_s, 4.2)]) < 1.0  # after the first swing


def test_a_slow_drift_is_followed_and_a_step_on_this_belt_is_not():
    time_s, wrench = walking(30.0)
    wrench[:, 0, 1] += 0.2 * time_s
    crossing = (time_s % 1.1 > 0.2) & (time_s % 1.1 < 0.5)
    wrench[:, 0, 1] += np.where(crossing & (time_s % 4.4 < 1.1), 50.0, 0.0)
    offset = tracked(time_s, wrench)[:, 0, 1]
    after = time_s > 2.0
    assert np.abs(offset - 0.2 * time_s)[after].max() < 2.0


def test_the_offset_is_known_at_any_time_of_the_last_seconds():
    time_s, wrench = walking(60.0)
    wrench[:, 0, 1] += 0.2 * time_s
    steps, expected = Steps(Settings(), MASS_KG), tracked(time_s, wrench)
    for first in range(0, 60000, 500):
        steps.follow(time_s[first : first + 500], wrench[first : first + 500])
        if first == 0:
            assert np.isnan(steps.offset_before(0.1)).all()
    assert len(steps.offsets) < 300
    for i in range(54_500, 60_000, 97):
        np.testing.assert_array_equal(steps.offset_before(time_s[i]), expected[i])


def test_a_plate_that_jumps_is_found_again():
    time_s, wrench = walking(20.0)
    wrench[time_s > 8.0, 1, 1] += 60.0
    wrench[time_s > 14.0, 1, 1] -= 60.0
    offset = tracked(time_s, wrench)[:, 1, 1]
    assert abs(offset[np.searchsorted(time_s, 7.9)]) < 1.0
    assert offset[np.searchsorted(time_s, 13.5)] == pytest.approx(60.0, abs=1.0)
    assert abs(offset[np.searchsorted(time_s, 15.5)]) < 1.0


def test_contacts_recover_after_standing_and_stepping_off():
    time_s, wrench = walking(20.0)
    standing = (time_s > 6.0) & (time_s < 9.0)
    wrench[standing, :, 1] = 0.5 * WEIGHT_N
    wrench[(time_s > 12.0) & (time_s < 14.0)] = 0.0
    begun, done = Steps(Settings(), MASS_KG).follow(time_s, wrench)
    for side in Side:
        late = [s for s in done if s.side is side and s.t_on_s > 14.2]
        assert len(late) >= 4
        assert np.ptp([s.t_off_s - s.t_on_s for s in late]) < 0.02
        assert any(s.t_off_s - s.t_on_s > 1.5 for s in done if s.side is side)
    assert [s.t_on_s for s in begun] == sorted(s.t_on_s for s in begun)


def test_a_contact_knows_what_the_other_foot_did():
    time_s, wrench = walking(10.0, noise_n=0.0)
    steps = Steps(Settings(), MASS_KG)
    _, done = steps.follow(time_s, wrench)
    step = done[-1]
    stance = _stance(step, step.t_off_s + 0.1)
    other_off_s, other_on_s = steps.other_foot(stance)
    assert other_off_s - step.t_on_s == pytest.approx(0.15, abs=0.02)
    assert step.t_off_s - other_on_s == pytest.approx(0.15, abs=0.02)
    early = _stance(step, step.t_on_s + 0.35)
    assert steps.other_foot(early)[0] == other_off_s
    assert np.isnan(steps.other_foot(early)[1])
    assert step.predicted_s == pytest.approx(0.7, abs=0.02)
    assert step.cadence == pytest.approx(60 / 0.55, rel=0.02)


def _stance(step, decide_s):
    return Stance(1, step.side, step.t_on_s, step.t_off_s, decide_s, MASS_KG, 1.7)
