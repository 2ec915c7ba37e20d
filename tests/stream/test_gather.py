from dataclasses import replace

import numpy as np
import pytest

from stream.gather import LONGEST_S, MOST, Gather
from stream.source import Channel, Chunk, Role, StreamInfo

M, F = Role.MARKERS, Role.FORCES


def chunk(role, *stamps_s, arrived_s=None, offset_s=0.0):
    stamps = np.array(stamps_s)
    arrived_s = stamps[-1] + offset_s + 0.001 if arrived_s is None else arrived_s
    return Chunk(role, stamps, np.zeros((len(stamps), 1)), arrived_s, offset_s)


def test_a_step_is_due_when_forces_have_come_for_a_frame():
    gather, due = Gather(100), []
    for k in range(20):
        if k % 5 == 0:
            gather.add(chunk(M, k / 1000))
            due.append(("m", gather.due))
        gather.add(chunk(F, k / 1000))
        due.append(("f", gather.due))
        if gather.due:
            gather.take(begun=True)
    assert [name for name, yes in due if yes] == ["f"] * 4
    assert due[:2] == [("m", False), ("f", True)]


def test_forces_that_come_in_blocks_behind_the_frames_let_all_pass_that_they_cover():
    gather = Gather(100)
    for k in range(4):
        gather.add(chunk(M, 0.005 * k, arrived_s=0.005 * k))
    assert not gather.due
    gather.add(chunk(F, 0.0, 0.005, 0.01, arrived_s=0.0155))
    assert gather.due
    markers, forces = gather.take(begun=True)
    assert (len(markers.stamps_s), len(forces.stamps_s)) == (4, 3)
    assert not gather.due
    gather.add(chunk(F, 0.015))  # the frame that was taken with the block is covered only now
    assert gather.due


def test_a_stream_that_stands_still_holds_nothing_up_for_long():
    for role in Role:
        gather, k = Gather(100), 0
        while not gather.due:
            k += 1
            gather.add(chunk(role, 0.001 * k, arrived_s=0.001 * k))
        assert 0.001 * (k - 1) == pytest.approx(LONGEST_S, abs=0.0015)
    gather = Gather(100)
    for _ in range(MOST):
        assert not gather.due
        gather.add(chunk(F, 0.0, arrived_s=np.nan))
    assert gather.due


def test_clock_offsets_count_and_every_sample_keeps_its_own():
    gather = Gather(100)
    given = [
        chunk(M, 5.0, offset_s=-4.0),
        chunk(F, 0.5, offset_s=0.25),
        chunk(F, 0.75, offset_s=0.25),
    ]
    for each in given[:2]:
        gather.add(each)
    assert not gather.due
    gather.add(given[2])
    assert gather.due
    markers, forces = gather.take(begun=True)
    assert markers is given[0]
    np.testing.assert_array_equal(forces.stamps_s, [0.5, 0.75])
    np.testing.assert_array_equal(forces.t_arrival_s, [0.751, 1.001])
    np.testing.assert_array_equal(forces.clock_offset_s, [0.25, 0.25])
    whole = replace(given[2], t_arrival_s=np.array([7.0]), clock_offset_s=np.array([0.25]))
    gather.add(whole)
    assert gather.arrived_s == 7.0
    gather.add(replace(whole, stamps_s=np.empty(0), t_arrival_s=np.empty(0)))
    assert not gather.due


def test_publishers_one_after_the_other_stay_apart():
    gather, other = Gather(100), StreamInfo(F, "again", "Force", (Channel("Fz1"),), 1000.0)
    for k, info in enumerate((None, None, other, other, None)):
        gather.add(replace(chunk(F, 0.001 * k), info=info))
    gather.add(chunk(M, 0.0))
    assert gather.due
    assert [(each.role, len(each.stamps_s), each.info) for each in gather.take(begun=True)] == [
        (M, 1, None), (F, 2, None), (F, 2, other), (F, 1, None)
    ]  # fmt: skip


def test_forces_wait_for_the_first_marker_but_not_for_ever():
    gather = Gather(100)
    for k in range(30):
        gather.add(chunk(F, *(0.01 * k + 0.001 * np.arange(10))))
        assert gather.take(begun=False) == []
    gather.add(chunk(M, 0.3))
    [markers] = gather.take(begun=False)
    assert markers.role is M
    [forces] = gather.take(begun=True)
    assert len(forces.stamps_s) == 100
    assert forces.stamps_s[0] == pytest.approx(0.2)
    assert gather.dropped == 200
    assert gather.take(begun=True) == []
