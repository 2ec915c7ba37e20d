"""The even grid on which the samples of one stream were taken: learnt, kept, moved.

The line ``a + b n`` that touches the stamps from below; see `compute.even_times`, which decides what stands
at which place of it.
"""

import math
from typing import NamedTuple

import numpy as np

from compute.dropped_frames import HOLD_S, TOGETHER, Hypotheses, forget, new_hypotheses
from compute.dropped_frames import PREVIOUS as _PREVIOUS
from compute.jit import kernel

TOLERANCE_S = 2e-4
"""A stamp this close to the grid keeps its own value, bit for bit: the device stamped it."""

SAME_S = 1e-9
"""Times that are no further apart are the same."""

LEARN_S = 0.25
"""Samples that are held at the beginning, until the grid is known; also the length of a block, of which
the earliest stamp is kept."""

BLOCKS = 24

SLOPE = 0.006
"""The rate may differ by this share from what it was taken for until now: 0.5 % is a lot for a clock."""

RATE_S = 1.0
"""What this long a span says of the rate counts as much as what was known before: in 0.25 s a single
millisecond is 0.4 %, and a wrong rate finds drops that were none."""

(KNOWN, LAST, AT, ZERO, PERIOD, MIDDLE, NOMINAL, NEWEST, RUN, RUN_FROM, RUN_LEAST, RUN_LEAST_AT,
 BACK, BACK_LEAST, LATE, COUNT, LEAST, LEAST_INDEX, LEAST_STAMP, SUM, POINTS, ASSIGNED, BLOCK,
 WEIGHED, DELAY, DELAYS, DELAYED, BEFORE) = range(28)  # fmt: skip


class Stream(NamedTuple):
    """What is known of one stream.

    Attributes
    ----------
    state : grid, run of late samples, block; indices above.
    points : shape (BLOCKS, 2), place and stamp of the earliest sample of each block.
    hypotheses : what samples that wait can mean, where stamps are late.
    """

    state: np.ndarray
    points: np.ndarray
    hypotheses: Hypotheses


def new_stream(period_s: float) -> Stream:
    """Before the first sample of a stream of this nominal period."""
    state = np.zeros(28)
    state[PERIOD] = state[MIDDLE] = state[NOMINAL] = period_s
    state[BLOCK] = max(4.0, math.ceil(LEARN_S / period_s))
    state[NEWEST] = -np.inf
    state[LEAST] = np.inf
    return Stream(state, np.zeros((BLOCKS, 2)), new_hypotheses())


@kernel
def grid_s(state: np.ndarray, index: float) -> float:
    """Time of a place of the grid."""
    return state[AT] + state[PERIOD] * (index - state[ZERO])


@kernel
def learn(stamps_s: np.ndarray, stream: Stream) -> None:
    """Find the grid of the first stamps."""
    n, state = stamps_s.shape[0], stream.state
    late = np.empty(n)
    if n > 3:
        for i in range(n - 1):
            late[i] = stamps_s[i + 1] - stamps_s[i]
        middle = _median(late, n - 1)
        alike, alike_s = 0, 0.0
        for i in range(n - 1):
            step = stamps_s[i + 1] - stamps_s[i]
            if abs(step - middle) < 0.5 * TOLERANCE_S:
                alike += 1
                alike_s += step
        if alike >= 0.8 * (n - 1) and abs(middle / state[NOMINAL] - 1.0) < 0.06:
            state[PERIOD] = state[MIDDLE] = alike_s / alike  # stamped by the device: its own rate
    for i in range(n):
        late[i] = stamps_s[i] - stamps_s[0] - i * state[PERIOD]
    usual, least = _median(late, n), np.inf
    for i in range(n):
        if late[i] >= usual - LEARN_S:
            least = min(least, late[i])
    state[AT], state[ZERO], state[LAST] = stamps_s[0] + least, 0.0, -1.0
    if n > 3:
        # The difference of two exponential delays of mean m is in half of all cases below m ln 2.
        for i in range(n - 1):
            late[i] = abs(stamps_s[i + 1] - stamps_s[i] - state[PERIOD])
        state[LATE] = state[DELAY] = min(_median(late, n - 1) / np.log(2.0), HOLD_S)
    if usual - least < 0.1 * TOLERANCE_S:
        state[LATE] = 0.0  # what is not even was dropped or wild
    state[KNOWN] = 1.0
    state[RUN] = state[BACK] = state[COUNT] = state[SUM] = state[POINTS] = 0.0
    state[ASSIGNED] = -np.inf
    state[LEAST] = np.inf
    forget(stream.hypotheses)
    stream.hypotheses.state[_PREVIOUS] = -np.inf


@kernel
def _median(x: np.ndarray, n: int) -> float:
    """Median of the first n values, which are sorted."""
    for i in range(1, n):
        value, k = x[i], i
        while k > 0 and x[k - 1] > value:
            x[k] = x[k - 1]
            k -= 1
        x[k] = value
    return 0.5 * (x[(n - 1) // 2] + x[n // 2])


@kernel
def place(stamp: float, i: int, certain: bool, stream: Stream, out_s: np.ndarray) -> None:
    """Put a sample at the next place of the grid."""
    state = stream.state
    state[LAST] += 1.0
    grid = grid_s(state, state[LAST])
    late = stamp - grid
    at = grid if late > TOLERANCE_S else stamp
    if at > state[NEWEST] + SAME_S:
        state[NEWEST] = out_s[i] = at
    else:
        out_s[i] = np.nan
    state[SUM] += min(max(late, 0.0), HOLD_S)
    state[COUNT] += 1.0
    if stamp > state[BEFORE] + TOGETHER * state[PERIOD]:
        # What is left of an exponential delay, once some of it has passed, is as long on average.
        state[DELAYS] += min(max(stamp - max(grid, state[BEFORE]), 0.0), HOLD_S)
        state[DELAYED] += 1.0
    state[BEFORE] = stamp
    if certain and late < state[LEAST]:
        state[LEAST], state[LEAST_INDEX], state[LEAST_STAMP] = late, state[LAST], stamp
    if state[COUNT] >= state[BLOCK]:
        _fit(stream)


@kernel
def _fit(stream: Stream) -> None:
    """Close a block: keep its earliest stamp, and lay the line from below on those of the last seconds.

    Of all lines below the points the one that is closest to them on average is the side of their lower
    convex hull over their mean index.
    """
    state, points = stream.state, stream.points
    # Against the earliest of the block: where a drop is not certain yet, all are late by a period.
    least = min(max(state[LEAST], 0.0), HOLD_S)
    state[LATE] += 0.2 * (state[SUM] / state[COUNT] - least - state[LATE])
    if state[DELAYED] > 0.0:
        state[DELAY] += 0.2 * (state[DELAYS] / state[DELAYED] - state[DELAY])
    nothing = state[LEAST] == np.inf
    state[COUNT] = state[SUM] = state[DELAYS] = state[DELAYED] = 0.0
    state[LEAST] = np.inf
    if nothing:
        return
    count = int(state[POINTS])
    if count == BLOCKS:
        for i in range(BLOCKS - 1):
            points[i, 0], points[i, 1] = points[i + 1, 0], points[i + 1, 1]
        count -= 1
    points[count, 0], points[count, 1] = state[LEAST_INDEX], state[LEAST_STAMP]
    count += 1
    state[POINTS] = count
    newest, at = points[count - 1, 0], points[count - 1, 1]
    if count == 1:
        state[ZERO], state[AT] = newest, at
        return
    hull = np.empty(count, dtype=np.int64)
    top = 0
    for i in range(count):
        while top > 1 and _left(points, hull[top - 2], hull[top - 1], i):
            top -= 1
        hull[top] = i
        top += 1
    middle = 0.0
    for i in range(count):
        middle += points[i, 0] / count
    side = 0
    while side < top - 2 and points[hull[side + 1], 0] < middle:
        side += 1
    one, two = hull[side], hull[side + 1]
    period = (points[two, 1] - points[one, 1]) / (points[two, 0] - points[one, 0])
    limit = SLOPE * state[MIDDLE]
    period = min(max(period, state[MIDDLE] - limit), state[MIDDLE] + limit)
    span_s = (newest - points[0, 0]) * state[MIDDLE]
    period = state[MIDDLE] + span_s / (span_s + RATE_S) * (period - state[MIDDLE])
    if count == BLOCKS:
        state[MIDDLE] = period
    for i in range(count):
        at = min(at, points[i, 1] + period * (newest - points[i, 0]))
    state[PERIOD], state[ZERO], state[AT] = period, newest, at


@kernel
def _left(points: np.ndarray, a: int, b: int, c: int) -> bool:
    """Whether point b is not below the line from a to c."""
    run, rise = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1]
    return (points[b, 1] - points[a, 1]) * run >= rise * (points[b, 0] - points[a, 0])


@kernel
def shift(by_s: float, stream: Stream) -> None:
    """The grid goes on later or earlier than before."""
    state, points = stream.state, stream.points
    state[AT] += by_s
    state[LEAST_STAMP] += by_s
    for i in range(BLOCKS):
        points[i, 1] += by_s


@kernel
def move_places(by: float, stream: Stream) -> None:
    """A sample repeats one, or drops that were assigned last were none."""
    state, points = stream.state, stream.points
    state[LAST] += by
    if state[LAST] - state[ASSIGNED] > 4 * state[BLOCK] or state[LATE] <= 0.5 * TOLERANCE_S:
        return
    for i in range(int(state[POINTS])):
        if points[i, 0] >= state[ASSIGNED]:
            points[i, 0] += by
    if state[LEAST_INDEX] >= state[ASSIGNED]:
        state[LEAST_INDEX] += by
        state[LEAST] -= by * state[PERIOD]
