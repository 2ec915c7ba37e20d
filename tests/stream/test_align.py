"""Stamps of two streams to one time axis, and what their arrivals tell."""

from dataclasses import replace

import numpy as np
import pytest
import walkers
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.align import Aligner
from stream.file_source import FileSource
from stream.session import Session
from stream.source import Chunk, Role
from stream.status import SessionView

M, F = Role.MARKERS, Role.FORCES


def aligner(rate=100.0, delays=(0.0, 0.0), infos=None):
    return Aligner({M: delays[0], F: delays[1]}, {M: rate, F: 1000.0}, infos)


def placed(aligner, chunks):
    """All times, per role, after the end."""
    parts = [each for chunk in chunks for each in aligner.place(chunk)]
    parts += aligner.finish(*Role)
    return {
        role: np.concatenate([np.empty(0), *(p.time_s for p in parts if p.role is role)])
        for role in Role
    }


def live(stamps, *, lag=0.01, offset=0.0, arrival=None, size=10, role=M):
    """Chunks as an inlet hands them on; arrivals by the true times where those are given."""
    stamps = np.asarray(stamps, dtype=float)
    arrival = stamps + lag if arrival is None else np.asarray(arrival)
    offset = np.broadcast_to(offset, stamps.shape)
    for i in range(0, len(stamps), size):
        part = slice(i, i + size)
        yield Chunk(
            role, stamps[part], np.zeros((len(stamps[part]), 1)), float(arrival[part][-1]), float(offset[part][-1])
        )  # fmt: skip


def reasons(aligner, which):
    return np.array([time_s for time_s, reason in aligner.faults if reason == which])


def test_clock_offsets_and_device_delays_are_taken_out():
    """Stamps of two machines with different clocks; the marker device is 4 ms late."""
    both = aligner(delays=(0.004, 0.0))
    force = Chunk(F, np.array([500.0, 500.001]), np.zeros((2, 1)), clock_offset_s=-400.0)
    marker = Chunk(M, np.array([1100.004, 1100.014]), np.zeros((2, 1)), clock_offset_s=-1000.0)
    [markers] = [*both.place(marker), *both.finish(M)]
    [forces] = [*both.place(force), *both.finish(F)]
    np.testing.assert_array_equal(markers.time_s, [0.0, 0.01])
    np.testing.assert_array_equal(forces.time_s, [0.0, 0.001])
    assert both.origin_s == pytest.approx(100.0)


@given(
    base=st.floats(1.0, 1e6),
    rate=st.sampled_from([60.0, 100.0, 120.0, 200.0, 240.0, 1000.0, 1200.0]),
)
@settings(max_examples=100, deadline=None)
def test_a_large_constant_in_the_stamps_changes_no_bit(base, rate):
    """What makes a live session equal the file."""
    base = round(base, 6)
    own = np.arange(2000) / rate
    times = [
        placed(aligner(rate), [Chunk(M, stamps, np.zeros((2000, 1)))])[M]
        for stamps in (own, base + own)
    ]
    np.testing.assert_array_equal(*times)
    np.testing.assert_array_equal(times[0], np.round(own * 1e9) / 1e9)


def test_samples_without_a_place_are_left_out_and_counted():
    stamps = np.insert(np.arange(100) / 100.0, 50, 0.49)
    stamps = np.append(stamps, [np.nan, 1.0])
    one = aligner()
    chunk = Chunk(M, stamps, stamps[:, None])
    parts = [*one.place(chunk), *one.finish(M)]
    assert one.dropped[M] == 2
    for each in parts:
        np.testing.assert_allclose(each.values[:, 0], each.time_s)
    assert sum(len(each.time_s) for each in parts) == 101


@pytest.mark.parametrize(
    ("first", "second", "offset_s", "jumps"),
    [
        ([0.0, 0.01, 0.02], [0.03, 0.04], 0.0, []),
        ([0.0, 0.01, 0.02], [0.02, 0.03], 0.0, []),  # repeated, no jump
        ([0.0, 0.01, 0.02], [0.0, 0.01, 0.02], 0.0, [0.02]),
        ([0.0, 0.01, 0.02], [0.03, 0.04], 0.02, [0.05]),
        ([0.0, 0.01, 0.02], [0.03, 0.04], 0.0005, []),
    ],
)
def test_clocks_that_jump_are_noted(first, second, offset_s, jumps):
    one = aligner(delays=(0.0, 0.0))
    before = np.arange(-40, 0) / 100.0
    chunks = [Chunk(M, before, before[:, None])]
    for stamps, offset in ((first, 0.0), (second, offset_s)):
        given = np.array(stamps)
        chunks.append(Chunk(M, given, given[:, None], clock_offset_s=offset))
    placed(one, chunks)
    assert [reason for _, reason in one.faults] == ["clock_jump"] * len(jumps)
    assert [time_s - 0.4 for time_s, _ in one.faults] == pytest.approx(jumps)


@given(seed=st.integers(0, 2**32 - 1), pieces=st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_cuts_change_neither_times_nor_faults(seed, pieces):
    rng = np.random.default_rng(seed)
    true_s = np.arange(900) / 100.0
    stamps = np.maximum.accumulate(true_s + rng.exponential(0.003, 900))
    arrival = np.maximum.accumulate(true_s + rng.choice([0.01, 0.5], 900, p=[0.97, 0.03]) + 0.03)
    at = int(rng.integers(300, 900))
    stamps[at:] += rng.choice([-7200.0, -0.1, 0.0, 0.1, 7200.0])
    values, offset = np.zeros((900, 1)), np.zeros(900)
    whole = aligner()
    one = placed(whole, [Chunk(M, stamps, values, arrival, offset)])[M]
    cut = aligner()
    edges = np.unique([0, *rng.integers(0, 900, pieces), 900])
    two = placed(
        cut,
        [
            Chunk(M, stamps[a:b], values[a:b], arrival[a:b], offset[a:b])
            for a, b in zip(edges[:-1], edges[1:], strict=True)
        ],
    )[M]
    np.testing.assert_array_equal(one, two)
    assert whole.faults == cut.faults


def test_what_comes_late_is_told_and_nothing_else():
    true_s = np.arange(2000) / 100.0
    arrival = true_s + 0.02
    arrival[1000:1050] += 0.4
    one = aligner()
    times = placed(one, live(true_s, arrival=arrival))[M]
    np.testing.assert_array_equal(times, np.round(true_s * 1e9) / 1e9)
    late = reasons(one, "late_data")
    assert len(late) > 10
    assert len(late) == len(one.faults)
    assert late.min() == pytest.approx(10.0, abs=0.1)
    assert late.max() == pytest.approx(10.5, abs=0.1)
    fast = replace(walkers.trial().recording.markers.info, replay_speed=4.0)
    unjudged = aligner(infos={M: fast, F: fast})
    placed(unjudged, live(true_s, arrival=arrival))
    assert unjudged.faults == []


@pytest.mark.parametrize("by_s", [0.1, 7200.0, -0.1, -7200.0])
def test_a_clock_that_is_set_makes_every_later_stance_doubtful(by_s):
    """Stamps step, arrivals do not: the axis goes on, its relation to the other stream is gone."""
    true_s = np.arange(3000) / 100.0
    stamps = true_s + np.where(true_s >= 10.0, by_s, 0.0)
    one = aligner()
    times = placed(one, live(stamps, arrival=true_s + 0.01, size=1))[M]
    np.testing.assert_allclose(times, true_s[-len(times) :] if by_s < 0 else true_s, atol=0.006)
    told = reasons(one, "clock_jump")
    assert told.min() == pytest.approx(10.0, abs=0.02)
    assert told.max() > 29.9
    assert np.diff(told).max() < 0.05
    assert not len(reasons(one, "late_data"))


@pytest.mark.parametrize("by_s", [0.1, 7200.0, -7200.0])
def test_a_clock_comparison_that_catches_up_makes_it_good(by_s):
    """The publisher's clock was set; five seconds later LSL has compared the clocks anew."""
    true_s = np.arange(3000) / 100.0
    stamps = true_s + np.where(true_s >= 10.0, by_s, 0.0)
    offset = np.where(true_s >= 15.0, -by_s, 0.0)
    one = aligner()
    times = placed(one, live(stamps, arrival=true_s + 0.01, offset=offset, size=1))[M]
    np.testing.assert_allclose(times, true_s, atol=0.006)
    np.testing.assert_allclose(times[-1000:], true_s[-1000:], atol=1e-6)
    told = reasons(one, "clock_jump")
    assert told.max() == pytest.approx(15.0, abs=0.02)


def test_a_publisher_with_another_clock_goes_on_and_is_doubtful():
    true_s = np.arange(1000) / 100.0
    one = aligner()
    for chunk in live(true_s, size=1):
        one.place(chunk)
    first = one.finish(M)
    one.rebind(M, 0.0)
    times = placed(one, live(true_s + 11.0 - 5000.0, arrival=true_s + 11.01, size=1))[M]
    assert times[0] > first[-1].time_s[-1] if first else True
    np.testing.assert_allclose(times, true_s + 11.0, atol=1e-3)
    told = reasons(one, "clock_jump")
    assert told.min() == pytest.approx(11.0, abs=0.01)
    assert told.max() > 20.9
    one.faults.clear()
    one.rebind(M, 0.0)
    placed(one, live(true_s + 22.0, arrival=true_s + 22.01, size=1))
    assert one.faults == []  # and this one has the right clock again


def walked(recording):
    view = SessionView()
    view.control.start()
    made = Session(FileSource(recording), walkers.lab(), walkers.subject(), view)
    made.open()
    return made.run().stances


def jittered(stream, rng, gap_s=None):
    """Stamps made on arrival, 3 ms late on average; one sample in a hundred, and a second, never came."""
    stamps = np.maximum.accumulate(stream.stamps_s + rng.exponential(0.003, len(stream.stamps_s)))
    keep = np.ones(len(stamps), dtype=bool)
    if gap_s is not None:
        keep = rng.random(len(stamps)) >= 0.01
        keep &= (stream.stamps_s < gap_s) | (stream.stamps_s > gap_s + 1.0)
        keep[:2] = True
    return replace(stream, stamps_s=stamps[keep], values=stream.values[keep])


def peaks_beside(clean, got, after_s):
    """Both peaks of the same stances, of those that came whole: rejected ones say that frames are missing."""
    assert {reason for s in got for reason in s.reasons} <= {"marker_gap", "late_data"}
    return [
        ([one.ekam_peak1_nm, one.ekam_peak2_nm], [two.ekam_peak1_nm, two.ekam_peak2_nm])
        for one in clean
        for two in got
        if two.side == one.side
        and abs(two.t_on_s - one.t_on_s) < 0.1
        and one.valid
        and two.valid
        and one.t_on_s > after_s
    ]


@pytest.mark.parametrize("both", [False, True])
def test_jitter_leaves_the_peaks_as_they_are(both):
    recording = walkers.trial().recording
    rng = np.random.default_rng(0)
    shaken = replace(recording, markers=jittered(recording.markers, rng))
    if both:
        shaken = replace(shaken, forces=jittered(recording.forces, rng))
    clean, got = walked(recording), walked(shaken)
    assert all(two.valid for two in got)
    pairs = peaks_beside(clean, got, 1.0 if both else 0.0)  # the line is rough in the first second
    assert len(pairs) > 8
    for one, two in pairs:
        np.testing.assert_allclose(two, one, rtol=0.005)


def test_jitter_with_dropped_frames_and_a_gap_leaves_the_peaks_as_they_are():
    """Also behind the gap: nothing of it lasts."""
    recording = walkers.trial(42).recording
    clean = walked(recording)
    got = walked(
        replace(recording, markers=jittered(recording.markers, np.random.default_rng(1), 12.0))
    )
    for until_s in (0.0, 13.5):
        pairs = peaks_beside(clean, got, until_s)
        assert len(pairs) > 8
        for one, two in pairs:
            np.testing.assert_allclose(two, one, rtol=0.005)
