"""Even sample times from late stamps."""

import naive_times
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.dropped_frames import HOLD_S
from compute.even_times import even, mean_lateness_s
from compute.sample_grid import LEARN_S, new_stream

RATES = (100.0, 200.0, 250.0, 1000.0)


def evened(stamps, rate, cuts=None):
    """Times and steps of all stamps, and after how many stamps each was settled."""
    n = len(stamps)
    stream = new_stream(1.0 / rate)
    times, steps, settled = np.empty(n), np.empty(n), np.empty(n, dtype=int)
    done = before = 0
    for cut in [n] if cuts is None else [*cuts, n]:
        waiting = np.array(stamps[done:cut], dtype=float)
        out, step = np.empty(len(waiting)), np.empty(len(waiting))
        m = even(waiting, before - done, cut == n, stream, out, step)
        times[done : done + m], steps[done : done + m] = out[:m], step[:m]
        settled[done : done + m] = cut
        done, before = done + m, cut
    assert done == n
    return times, steps, settled, stream


def walk(rate, seconds, rng, ms=3.0, fifo=True, drop=0.0, gap=False, off=0.0):
    """True times and stamps of what was not dropped."""
    n = int(seconds * rate)
    true_s = np.arange(n) / (rate * (1.0 + off))
    stamps = true_s + rng.exponential(ms / 1e3, n)
    keep = rng.random(n) >= drop
    keep[0] = True
    if gap:
        keep &= (true_s < seconds / 2) | (true_s > seconds / 2 + 1.0)
    true_s, stamps = true_s[keep], stamps[keep]
    return true_s, np.maximum.accumulate(stamps) if fifo else stamps


@st.composite
def streams(draw, bases=(0.0, 1234.5, 1e6)):
    """Everything that happens, at once."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rate = draw(st.sampled_from(RATES))
    seconds = draw(st.floats(0.02, 200.0 / rate + 2.0))
    _, stamps = walk(
        rate, seconds, rng, draw(st.sampled_from([0.0, 0.05, 1.0, 3.0, 8.0])), draw(st.booleans()),
        draw(st.sampled_from([0.0, 0.01, 0.2])), draw(st.booleans()), draw(st.sampled_from([0.0, 3e-3, -5e-3])),
    )  # fmt: skip
    stamps = stamps + draw(st.sampled_from(bases))
    for kind in draw(st.lists(st.sampled_from(["wild", "step", "stall", "twice"]), max_size=3)):
        at = int(rng.integers(len(stamps)))
        if kind == "wild":
            stamps[at] += rng.choice([-3600.0, -0.03, 0.03, 3600.0])
        elif kind == "step":
            stamps[at:] += rng.choice([-3600.0, -0.02, 0.02, 3600.0])
        elif kind == "stall":
            stamps[at : at + 12] = stamps[min(at + 12, len(stamps) - 1)]
        else:
            stamps = np.insert(stamps, at, stamps[at])
    return rate, stamps, rng


@given(stream=streams(bases=(0.0, 1234.5)))  # beyond, rounding decides what is a tie
@settings(max_examples=150)
def test_the_kernel_is_its_twin(stream):
    rate, stamps, _ = stream
    times, steps, _, _ = evened(stamps, rate)
    wanted, stepped = naive_times.Twin(1.0 / rate).all(stamps)
    np.testing.assert_allclose(times, wanted, rtol=0.0, atol=2e-8)
    np.testing.assert_allclose(steps, stepped, rtol=0.0, atol=2e-8)


@given(stream=streams(), pieces=st.integers(1, 80))
@settings(max_examples=100)
def test_cuts_change_no_bit(stream, pieces):
    rate, stamps, rng = stream
    cuts = np.sort(rng.integers(0, len(stamps), pieces))
    for one, two in zip(evened(stamps, rate)[:2], evened(stamps, rate, cuts)[:2], strict=True):
        np.testing.assert_array_equal(one, two)


@given(stream=streams())
@settings(max_examples=100)
def test_times_increase_and_are_never_later_than_their_stamps(stream):
    rate, stamps, _ = stream
    times, steps, _, _ = evened(stamps, rate)
    back = np.cumsum(steps)  # the publisher's clock was set back: so are its times
    placed = np.isfinite(times)
    assert (np.diff((times - back)[placed]) > 0.0).all()
    assert np.isfinite(times).mean() > 0.2
    assert not np.isnan(times[0])


@given(
    rate=st.sampled_from([60.0, 100.0, 120.0, 200.0, 250.0, 1000.0, 2000.0]),
    off=st.floats(-0.005, 0.005),
    base=st.floats(0.0, 1e6),
    gaps=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 900)), max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100)
def test_stamps_of_the_device_pass_unchanged(rate, off, base, gaps, seed):
    """Whatever the true rate, with a microsecond of rounding, and frames missing here and there."""
    n = np.arange(2000)
    for at, count in gaps:
        if at > 300:
            n = n[(n < at) | (n >= at + count)]
    stamps = np.round(base + n / (rate * (1.0 + off)), 6)
    times, steps, _, state = evened(stamps, rate)
    np.testing.assert_array_equal(times, stamps)
    assert not steps.any()
    assert mean_lateness_s(state) < 2e-4


@pytest.mark.parametrize("pause_s", [0.0437, 0.3141, 1.2345])
def test_a_device_that_goes_on_beside_its_old_grid_passes_unchanged(pause_s):
    stamps = np.arange(1000) / 100.0
    stamps[500:] += pause_s
    np.testing.assert_array_equal(evened(stamps, 100.0)[0], stamps)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("fifo", [True, False])
@pytest.mark.parametrize("off", [0.0, 0.003])
def test_jitter_is_taken_out(rate, fifo, off):
    """3 ms of it on average, a pause of a second; and after it the times are as good as before."""
    for seed in range(3):
        true_s, stamps = walk(rate, 30.0, np.random.default_rng(seed), fifo=fifo, gap=True, off=off)
        times, steps, _, state = evened(stamps, rate)
        error = (times - true_s)[true_s > 1.0]
        assert np.sqrt(np.nanmean(error**2)) < 6e-4
        for part in (true_s < 15.0, true_s > 17.0):
            assert abs(np.nanmean((times - true_s)[part & (true_s > 1.0)])) < 6e-4
        right = np.abs(error) < 0.5 / rate
        assert rate > 500.0 or right.mean() > 0.99  # a period is less than the jitter there
        assert np.isnan(times).sum() <= 1e-3 * len(times) + 2
        assert not steps.any()
        raw = np.mean(stamps - true_s)
        assert mean_lateness_s(state) == pytest.approx(raw, rel=0.5)


@pytest.mark.parametrize("rate", RATES[:3])
@pytest.mark.parametrize("fifo", [True, False])
def test_jitter_with_dropped_frames(rate, fifo):
    """One in a hundred, and a pause: 0.5 ms is what the moment bears many times over."""
    for seed in range(4):
        true_s, stamps = walk(
            rate, 30.0, np.random.default_rng(seed), fifo=fifo, drop=0.01, gap=True
        )
        times, _, _, _ = evened(stamps, rate)
        error = (times - true_s)[true_s > 1.0]
        assert np.sqrt(np.nanmean(error**2)) < 5e-4
        assert (np.abs(error) < 0.5 / rate).mean() > 0.98


@pytest.mark.parametrize(("fifo", "bound_s"), [(False, 5e-4), (True, 1.6e-3)])
def test_drops_shorter_than_the_jitter(fifo, bound_s):
    """At 1000 Hz drops of a millisecond are seen; where stamps wait in line behind late ones they
    could only be placed exactly by waiting 0.2 s.
    """
    for seed in range(2):
        true_s, stamps = walk(
            1000.0, 20.0, np.random.default_rng(seed), fifo=fifo, drop=0.01, gap=True
        )
        times, _, _, _ = evened(stamps, 1000.0)
        assert np.sqrt(np.nanmean((times - true_s)[true_s > 1.0] ** 2)) < bound_s


def test_one_dropped_frame_costs_one_sample_of_waiting():
    stamps = np.delete(np.arange(400) / 100.0, 300)
    _, _, settled, _ = evened(stamps, 100.0, range(1, len(stamps)))
    waited = settled - np.arange(len(stamps)) - 1
    np.testing.assert_array_equal(waited[: round(100 * LEARN_S)], np.arange(25)[::-1])
    assert waited[300] == 1
    assert waited[25:].sum() == 1


def test_samples_are_held_no_longer_than_said():
    for rate in RATES:
        for drop in (0.0, 0.01):
            _, stamps = walk(rate, 6.0, np.random.default_rng(1), drop=drop)
            _, _, settled, _ = evened(stamps, rate, range(1, len(stamps)))
            # One more sample is needed to see that the time is over; its stamp may be late, too.
            over = (stamps[settled - 2] - stamps)[round(rate) :]
            assert over.max() < HOLD_S
            waited = (stamps[settled - 1] - stamps)[round(rate) :]
            # A period that is shorter than the jitter leaves almost every sample in doubt.
            assert np.median(waited) < (0.01 if rate < 500.0 else 0.03)


@pytest.mark.parametrize("ms", [0.0, 1.0])
@pytest.mark.parametrize("count", [4, 60, 400])
def test_a_burst_is_no_drop(ms, count):
    """A stall, and then all samples at once with the same stamp."""
    rng = np.random.default_rng(0)
    true_s, stamps = walk(200.0, 8.0, rng, ms, fifo=False)
    at = 1000
    stamps[at : at + count] = true_s[at + count - 1] + 1e-4
    times, _, _, _ = evened(stamps, 200.0)
    np.testing.assert_allclose(times[100:], true_s[100:], atol=1e-3)
    assert not np.isnan(times).any()


@pytest.mark.parametrize("by_s", [7200.0, -7200.0, 0.4, -0.4])
@pytest.mark.parametrize("ms", [0.0, 2.0])
def test_a_wild_stamp_loses_no_sample(by_s, ms):
    true_s, stamps = walk(200.0, 8.0, np.random.default_rng(3), ms)
    stamps[[10, 500, 1000]] += by_s
    times, steps, _, _ = evened(stamps, 200.0)
    np.testing.assert_allclose(times[100:], true_s[100:], atol=1.5e-3)
    assert not steps.any()
    clean = np.ones(len(stamps), dtype=bool)
    clean[[10, 500, 1000]] = False
    if not ms:
        np.testing.assert_array_equal(times[clean], stamps[clean])


@pytest.mark.parametrize("by_s", [-0.02, -3.0, -7200.0])
@pytest.mark.parametrize("ms", [0.0, 2.0])
def test_a_clock_that_was_set_back_is_told(by_s, ms):
    true_s, stamps = walk(200.0, 8.0, np.random.default_rng(4), ms)
    true_s, stamps = true_s.copy(), stamps.copy()
    true_s[800:] += by_s
    stamps[800:] += by_s
    times, steps, _, _ = evened(stamps, 200.0)
    [at] = np.flatnonzero(steps)
    assert at == 800
    assert steps[at] == pytest.approx(by_s, abs=2e-3)
    np.testing.assert_allclose(times[100:], true_s[100:], atol=3e-3)


def test_a_rate_that_drifts_is_followed():
    rng = np.random.default_rng(5)
    t = np.arange(12000) / 200.0
    true_s = t + 0.002 * np.sin(2 * np.pi * t / 60.0)
    times, _, _, _ = evened(np.maximum.accumulate(true_s + rng.exponential(0.003, len(t))), 200.0)
    assert np.sqrt(np.mean((times - true_s)[200:] ** 2)) < 5e-4


def test_a_repeated_sample_has_no_place():
    stamps = np.insert(np.arange(200) / 100.0, 100, 0.99)
    times, _, _, _ = evened(stamps, 100.0)
    assert np.flatnonzero(np.isnan(times)).tolist() == [100]
    np.testing.assert_array_equal(np.delete(times, 100), np.delete(stamps, 100))
