"""Sample times from stamps that come late: read `even` first.

A publisher that stamps its samples when they reach it stamps them late, each by another delay. The
samples themselves were taken on an even grid, ``a + b n``; a delay is never negative. So the grid is the
line that touches the stamps from below (the *minimum* delay, as in network clock filters; Moon, Skelly
and Towsley 1999 for the line): the mean of the stamps would be late by the mean delay.

Index n must not step over a place while a sample may still come that belongs there. A sample that is
later than a period is held back until later ones tell whether frames were dropped before it. Where the
device stamps, two late samples in a row do; where stamps are late, `compute.dropped_frames` weighs it.
"""

import math
from typing import NamedTuple

import numpy as np

from compute.dropped_frames import DROPS as _DROPS
from compute.dropped_frames import (
    FAR_S,
    HOLD_PERIODS,
    HOLD_S,
    MAX_HELD,
    TOGETHER,
    Hypotheses,
    forget,
    new_hypotheses,
    settle,
    slack_s,
    weigh,
)
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
GAP_S = 0.5
"""After a longer pause a stream with late stamps is learnt anew: it may go on beside its old grid."""

BACK_S = 0.005
WILD = 2
"""So many stamps that lie back are wild; one more, and the clock stepped back."""

FAR_NEED = 4
"""A gap of more than FAR_S is believed after so many periods: wild stamps lie far ahead, too."""

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


def mean_lateness_s(stream: Stream) -> float:
    """By how much stamps came late on average over the last seconds; NaN until known."""
    return float(stream.state[LATE]) if stream.state[KNOWN] else float("nan")


@kernel
def even(
    stamps_s: np.ndarray,
    seen: int,
    end: bool,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Advance over new stamps of one stream; say what is settled.

    Parameters
    ----------
    stamps_s : shape (n,), s, the publisher's clock, finite: those that an earlier call left unsettled,
        then the new ones.
    seen : how many of them earlier calls have seen.
    end : nothing more will come, or not for a while: settle all.
    stream : from `new_stream`, kept between calls.
    out_s : shape (n,), receives the times of the settled samples, increasing; NaN where a sample has no
        place: it repeats one, or its place was given away when drops were assumed.
    step_s : shape (n,), receives by how much the clock stepped back before a sample, else 0. Times are
        in the stamps' own clock, so they step back with it.

    Returns
    -------
    How many samples, from the first one on, are settled. Independent of how they are cut into calls,
    but for `end`.
    """
    n, state, hypotheses = stamps_s.shape[0], stream.state, stream.hypotheses
    first, i = 0, seen
    while True:
        if state[KNOWN] == 0.0:
            wanted = int(state[BLOCK])
            if n - first < wanted and not (end and first < n):
                return first
            _learn(stamps_s[first : min(first + wanted, n)], stream)
            i = first
        if i >= n:
            if end and first < n:
                i = first = _last_ones(stamps_s, first, n, stream, out_s, step_s)
                continue
            return first
        stamp, period = stamps_s[i], state[PERIOD]
        if i == first:
            state[WEIGHED] = state[LATE] > 0.5 * TOLERANCE_S
        weighed = state[WEIGHED] != 0.0
        places = state[LAST] + 1.0 + (i - first)
        late = stamp - _grid(state, places)
        surely = hypotheses.drops[0, 0] - hypotheses.state[_DROPS] if weighed else 0.0
        if late - surely * period < -(period + BACK_S):
            if state[BACK] == 0.0:
                first = _let_go(stamps_s, first, i, stream, out_s, step_s)
                late = stamp - _grid(state, state[LAST] + 1.0)
            state[BACK_LEAST] = min(state[BACK_LEAST], late) if state[BACK] > 0.0 else late
            state[BACK] += 1.0
            i += 1
            if state[BACK] > WILD:
                _step_back(stream)
                step_s[first] = state[BACK_LEAST]
                i = first + 1
                first = _release(stamps_s, first, i, stream, out_s, step_s, True)
            continue
        if state[BACK] > 0.0:
            first = _replace(first, i, state, out_s, step_s)
        in_time = late - surely * period < period - slack_s(period)
        if late - surely * period <= -0.5 * period:
            # A place too far on: it repeats a sample, or drops were assumed.
            first = _let_go(stamps_s, first, i, stream, out_s, step_s)
            late = stamp - _grid(state, state[LAST] + 1.0)
            _move_places(np.floor(late / period + 0.5), stream)
            i += 1
            first = _let_pass(stamps_s, first, i, stream, out_s, step_s)
        elif in_time and (first == i or not weighed):
            i += 1
            first = _let_pass(stamps_s, first, i, stream, out_s, step_s)
        elif weighed:
            mean = max(state[DELAY], 0.5 * TOLERANCE_S)
            weigh(stamp, late, period, mean, i - first, hypotheses)
            i += 1
            first = _settle(stamps_s, first, i, False, stream, out_s, step_s)
        elif state[RUN] != 0.0 and late > state[RUN_LEAST] + HOLD_S:
            # A pause behind a late sample: two matters, and the first of them is thereby a gap.
            i = first = _drop(stamps_s, first, i, stream, out_s, step_s)
        else:
            if state[RUN] == 0.0:
                state[RUN], state[RUN_FROM] = 1.0, stamp
                state[RUN_LEAST], state[RUN_LEAST_AT] = late, stamp
            elif late < state[RUN_LEAST] - TOLERANCE_S:
                state[RUN_LEAST], state[RUN_LEAST_AT] = late, stamp
            i += 1
            verdict = _verdict(stamp, i - first, state)
            if verdict == 1:
                first = _drop(stamps_s, first, i, stream, out_s, step_s)
                i = first  # what is left was looked at with the old places
            elif verdict == 2:
                first = _let_go(stamps_s, first, i, stream, out_s, step_s)


@kernel
def _grid(state: np.ndarray, index: float) -> float:
    return state[AT] + state[PERIOD] * (index - state[ZERO])


@kernel
def _learn(stamps_s: np.ndarray, stream: Stream) -> None:
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
def _verdict(stamp: float, held: int, state: np.ndarray) -> int:
    """What to do with late samples of a device: 0 wait, 1 frames were dropped, 2 go on as if none were."""
    period = state[PERIOD]
    places = max(1.0, np.floor((state[RUN_LEAST] + slack_s(period)) / period))
    need = FAR_NEED if places * period > FAR_S else 1
    if stamp - state[RUN_LEAST_AT] >= (need - 0.5) * period:
        return 1
    longest = HOLD_S + need * period
    return 2 if held > MAX_HELD or stamp - state[RUN_FROM] >= longest else 0


@kernel
def _drop(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Assign drops before the first late sample of a device; settle what cannot have more in front."""
    state = stream.state
    period, least = state[PERIOD], state[RUN_LEAST]
    most, last = least, first - 1
    places = np.floor((least + slack_s(period)) / period)
    for i in range(first, until):
        late = stamps_s[i] - _grid(state, state[LAST] + 1.0 + (i - first))
        most = max(most, late)
        if late < (places + 1.0) * period - slack_s(period):
            last = i
    if most - least <= TOLERANCE_S:  # it goes on beside its old grid
        places = np.floor(least / period + 0.5)
        _shift(least - places * period, stream)
        last = until - 1
    _skip(places, state)
    state[RUN] = 0.0
    return _release(stamps_s, first, last + 1, stream, out_s, step_s, False)


@kernel
def _skip(places: float, state: np.ndarray) -> None:
    """Frames were dropped before the next sample."""
    state[LAST] += places
    state[ASSIGNED] = state[LAST] + 1.0


@kernel
def _settle(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    must: bool,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Settle samples that were weighed, as far as their places are certain or they have waited enough."""
    state = stream.state
    while first < until:
        held = until - first
        waited_s = stamps_s[until - 1] - stamps_s[first]
        over = waited_s >= max(HOLD_S, HOLD_PERIODS * state[PERIOD])
        over = over or must or held >= MAX_HELD
        dropped = settle(held, over, state[PERIOD], stream.hypotheses)
        if dropped < 0.0:
            break
        if dropped > 0.0:
            if dropped * state[PERIOD] >= GAP_S and not must and state[LAST] >= 0.0:
                state[KNOWN] = 0.0
                break
            _skip(dropped, state)
        # Behind a gap: it may as well be the last one before it, and the line must not be laid on that.
        _place(stamps_s[first], first, dropped == 0.0, stream, out_s)
        step_s[first] = 0.0
        first += 1
    return first


@kernel
def _let_go(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Settle all that waits, certain or not."""
    state = stream.state
    state[RUN] = 0.0
    if state[WEIGHED] != 0.0:
        _settle(stamps_s, first, until, True, stream, out_s, step_s)
        return until
    return _release(stamps_s, first, until, stream, out_s, step_s, False)


@kernel
def _let_pass(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Settle up to a sample that was in time: none was dropped before those that waited."""
    stream.state[RUN] = 0.0
    stream.hypotheses.state[_PREVIOUS] = stamps_s[until - 1]
    return _release(stamps_s, first, until, stream, out_s, step_s, False)


@kernel
def _last_ones(
    stamps_s: np.ndarray,
    first: int,
    n: int,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Settle what still waits when nothing more will come."""
    state = stream.state
    if state[BACK] > 1.0:
        _step_back(stream)
        step_s[first] = state[BACK_LEAST]
        return _release(stamps_s, first, first + 1, stream, out_s, step_s, True)
    if state[BACK] > 0.0:
        return _replace(first, n, state, out_s, step_s)
    if state[WEIGHED] == 0.0 and state[RUN_LEAST] < FAR_S:
        return _drop(stamps_s, first, n, stream, out_s, step_s)
    return _let_go(stamps_s, first, n, stream, out_s, step_s)


@kernel
def _replace(
    first: int, until: int, state: np.ndarray, out_s: np.ndarray, step_s: np.ndarray
) -> int:
    """Put wild samples at their places."""
    for i in range(first, until):
        state[LAST] += 1.0
        at = _grid(state, state[LAST])
        out_s[i] = at if at > state[NEWEST] + SAME_S else np.nan
        step_s[i] = 0.0
        state[NEWEST] = max(at, state[NEWEST])
    state[BACK] = 0.0
    return until


@kernel
def _release(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    stream: Stream,
    out_s: np.ndarray,
    step_s: np.ndarray,
    stepped: bool,
) -> int:
    """Settle samples at the next places of the grid."""
    for i in range(first, until):
        if not (stepped and i == first):
            step_s[i] = 0.0
        _place(stamps_s[i], i, True, stream, out_s)
    return until


@kernel
def _place(stamp: float, i: int, certain: bool, stream: Stream, out_s: np.ndarray) -> None:
    """Put a sample at the next place of the grid."""
    state = stream.state
    state[LAST] += 1.0
    grid = _grid(state, state[LAST])
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
def _shift(by_s: float, stream: Stream) -> None:
    """The grid goes on later or earlier than before."""
    state, points = stream.state, stream.points
    state[AT] += by_s
    state[LEAST_STAMP] += by_s
    for i in range(BLOCKS):
        points[i, 1] += by_s


@kernel
def _step_back(stream: Stream) -> None:
    """The publisher's clock was set back: the grid goes with it."""
    state = stream.state
    _shift(state[BACK_LEAST], stream)
    state[NEWEST] += state[BACK_LEAST]
    state[BACK] = state[RUN] = 0.0


@kernel
def _move_places(by: float, stream: Stream) -> None:
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
