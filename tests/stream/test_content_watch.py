import numpy as np
import pytest

from stream.content_watch import STUCK_S, ContentWatch
from stream.source import Role


def told(role, values, rate_hz=100.0, size=7):
    watch = ContentWatch(role)
    time_s = np.arange(len(values)) / rate_hz
    seen = []
    for i in range(0, len(values), size):
        watch.add(time_s[i : i + size], values[i : i + size])
        seen.append((float(time_s[i : i + size][-1]), watch.trouble))
    return seen


def test_a_walk_is_no_trouble_and_an_empty_plate_neither():
    moving = np.random.default_rng(0).normal(size=(200, 4, 3))
    assert {said for _, said in told(Role.MARKERS, moving)} == {""}
    assert {said for _, said in told(Role.FORCES, np.zeros((200, 2, 6)))} == {""}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("value", "word"), [(np.nan, ("seen", "no numbers")), (3.0, ("again and", "again and"))])  # fmt: skip
def test_nothing_and_the_same_are_told_and_forgotten(role, value, word):
    values = np.random.default_rng(0).normal(size=(300, 4, 3))
    values[100:200] = value
    seen = told(role, values)
    first_s = next(t_s for t_s, said in seen if said)
    assert first_s - 1.0 == pytest.approx(STUCK_S, abs=0.1)
    assert word[role is Role.FORCES] in next(said for _, said in seen if said)
    assert seen[-1][1] == ""


def test_one_marker_that_is_seen_is_enough():
    values = np.random.default_rng(0).normal(size=(300, 4, 3))
    values[:, 1:] = np.nan
    assert {said for _, said in told(Role.MARKERS, values)} == {""}
