"""What the windows read."""

import time

import numpy as np

from stream.status import Bell, Latest, Sight, Trace


def test_a_bell_remembers_one_ring():
    bell = Bell()
    assert not bell.wait(0.0)
    bell.ring()
    bell.ring()
    assert bell.wait(0.0)
    assert not bell.wait(0.0)


def test_publishing_numbers_the_values_and_rings():
    latest = Latest("a")
    assert latest.read() == (0, "a")
    assert [latest.publish("b"), latest.publish("c")] == [1, 2]
    assert latest.read() == (2, "c")
    assert latest.news.wait(0.0)
    assert not latest.news.wait(0.0)


def test_sight_lapses_unless_it_is_renewed():
    sight = Sight()
    assert not sight.is_set()
    sight.set()
    assert sight.is_set()
    sight.set(0.01)
    time.sleep(0.02)
    assert not sight.is_set()
    sight.set(60.0)
    assert sight.is_set()
    sight.clear()
    assert not sight.is_set()


def test_a_trace_is_read_in_pieces_and_forgets_the_oldest():
    trace = Trace(8)
    rows = np.arange(60.0).reshape(12, 5)
    seen, got = trace.since(0)
    assert (seen, got.shape) == (0, (0, 5))
    trace.append(rows[:3])
    seen, got = trace.since(seen)
    np.testing.assert_array_equal(got, rows[:3])
    trace.append(rows[3:7])
    seen, got = trace.since(seen)
    np.testing.assert_array_equal(got, rows[3:7])
    assert len(trace.since(seen)[1]) == 0
    trace.append(rows[7:])
    np.testing.assert_array_equal(trace.since(0)[1], rows[4:])
    np.testing.assert_array_equal(trace.copy(), rows[4:])
    np.testing.assert_array_equal(trace.since(seen)[1], rows[7:])
