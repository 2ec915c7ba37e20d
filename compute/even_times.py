"""Sample times from stamps that come late: read `even` first.

A publisher that stamps its samples when they reach it stamps them late, each by another delay. The
samples themselves were taken on an even grid, ``a + b n``; a delay is never negative. So the grid is the
line that touches the stamps from below (the *minimum* delay, as in network clock filters; Moon, Skelly
and Towsley 1999 for the line): the mean of the stamps would be late by the mean delay.

Drop or delay? Index n must not step over a place while a sample may still come that belongs there. A
sample that is later than a period is held back. If a later one is in time for its place without a drop,
there was none. If none is, and for a while nothing came earlier than before, frames were dropped.
"""

import numpy as np

from compute.jit import kernel

TOLERANCE_S = 2e-4
"""A stamp this close to the grid keeps its own value, bit for bit: the device stamped it."""

HOLD_S = 0.06
"""A sample is held back for at most about this long (LONGER times that while later ones still catch up),
by the stamps of those behind it. A stance is decided 100 ms after toe-off and the next heel strike of that
foot is 0.3 s away: so the value still comes 0.1 s before it. Where drop and delay cannot be told apart in
that time samples go out as if nothing was dropped, until it is certain."""

LONGER = 1.5

SURE = 9.0
"""Drops are assigned when the chance that mere delays look like that is exp(-9), 1 in 8000. Tried with 3 ms
of jitter: with 6 more samples get a wrong place than with 9, drops or no drops."""

LEARN_S = 0.25
"""Samples that are held at the beginning, until the grid is known; also the length of a block, of which
the earliest stamp is kept."""

SLACK_S = 4e-4
"""The line from below is known to about this."""

BLOCKS = 24
GAP_S = 0.5
"""After a longer pause a stream with late stamps is learnt anew: it may go on beside its old grid."""

BACK_S = 0.005
WILD = 2
"""So many stamps that lie back are wild; one more, and the clock stepped back."""

FAR_S, FAR_NEED = 0.25, 4
"""A gap of more than FAR_S is believed after so many periods: wild stamps lie far ahead, too."""

SLOPE = 0.006
"""The rate may differ by this share from what it was taken for until now: 0.5 % is a lot for a clock."""

RATE_S = 1.0
"""What this long a span says of the rate counts as much as what was known before: in 0.25 s a single
millisecond is 0.4 %, and a wrong rate finds drops that were none."""

MAX_HELD = 4096

(KNOWN, LAST, AT, ZERO, PERIOD, MIDDLE, NOMINAL, NEWEST, RUN, RUN_FROM, RUN_LEAST, RUN_LEAST_AT,
 BACK, BACK_LEAST, LATE, LASTED, ENDED, COUNT, LEAST, LEAST_INDEX, LEAST_STAMP, SUM, POINTS,
 ASSIGNED, BLOCK) = range(25)  # fmt: skip


def new_state(period_s: float) -> tuple[np.ndarray, np.ndarray]:
    """State and block minima before the first sample of a stream of this nominal period."""
    state = np.zeros(25)
    state[PERIOD] = state[MIDDLE] = state[NOMINAL] = period_s
    state[BLOCK] = max(4.0, np.ceil(LEARN_S / period_s))
    state[NEWEST] = -np.inf
    state[LEAST] = np.inf
    return state, np.zeros((BLOCKS, 2))


def mean_lateness_s(state: np.ndarray) -> float:
    """By how much stamps came late on average over the last seconds; NaN until known."""
    return float(state[LATE]) if state[KNOWN] else float("nan")


@kernel
def even(
    stamps_s: np.ndarray,
    seen: int,
    end: bool,
    state: np.ndarray,
    points: np.ndarray,
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
    state, points : from `new_state`, kept between calls.
    out_s : shape (n,), receives the times of the settled samples, increasing; NaN where a sample has no
        place: it repeats one, or its place was given away when drops were assumed.
    step_s : shape (n,), receives by how much the clock stepped back before a sample, else 0. Times are
        in the stamps' own clock, so they step back with it.

    Returns
    -------
    How many samples, from the first one on, are settled. Independent of how they are cut into calls,
    but for `end`.
    """
    n = stamps_s.shape[0]
    first, i = 0, seen
    while True:
        if state[KNOWN] == 0.0:
            wanted = int(state[BLOCK])
            if n - first < wanted and not (end and first < n):
                return first
            _learn(stamps_s[first : min(first + wanted, n)], state, points)
            i = first
        if i >= n:
            if end and first < n:
                i = first = _last_ones(stamps_s, first, n, state, points, out_s, step_s)
                continue
            return first
        stamp = stamps_s[i]
        period = state[PERIOD]
        late = stamp - _grid(state, state[LAST] + 1.0 + (i - first))
        if late < -(period + BACK_S):
            if state[BACK] == 0.0:
                first = _release(stamps_s, first, i, state, points, out_s, step_s, False)
            state[BACK_LEAST] = min(state[BACK_LEAST], late) if state[BACK] > 0.0 else late
            state[BACK] += 1.0
            i += 1
            if state[BACK] > WILD:
                _step_back(state, points)
                step_s[first] = state[BACK_LEAST]
                i = first + 1
                first = _release(stamps_s, first, i, state, points, out_s, step_s, True)
            continue
        if state[BACK] > 0.0:
            first = _replace(first, i, state, out_s, step_s)
        if late <= -0.5 * period:  # a place too far on: it repeats a sample, or drops were assumed
            first = _release(stamps_s, first, i, state, points, out_s, step_s, False)
            _move_places(np.floor(late / period + 0.5), state, points)
            state[RUN] = 0.0
            i += 1
            first = _release(stamps_s, first, i, state, points, out_s, step_s, False)
        elif late < period - _slack(period):
            i += 1
            first = _release(stamps_s, first, i, state, points, out_s, step_s, False)
            if state[RUN] != 0.0:
                lasted = (stamp - state[RUN_FROM]) / period
                state[LASTED] += min(max(lasted - 1.0, 0.0), HOLD_S / period)
                state[ENDED] += 1.0
                state[RUN] = 0.0
        else:
            if state[RUN] == 0.0:
                state[RUN], state[RUN_FROM] = 1.0, stamp
                state[RUN_LEAST], state[RUN_LEAST_AT] = late, stamp
            elif late > state[RUN_LEAST] + HOLD_S:  # a pause behind a late sample: two matters
                first = _release(stamps_s, first, i, state, points, out_s, step_s, False)
                state[RUN_FROM], state[RUN_LEAST], state[RUN_LEAST_AT] = stamp, late, stamp
            elif late < state[RUN_LEAST] - TOLERANCE_S:
                state[RUN_LEAST], state[RUN_LEAST_AT] = late, stamp
            i += 1
            verdict = _verdict(stamp, i - first, state)
            if verdict == 1:
                first = _drop(stamps_s, first, i, state, points, out_s, step_s)
                i = first  # what is left was looked at with the old places
            elif verdict == 2:
                first = _release(stamps_s, first, i, state, points, out_s, step_s, False)


@kernel
def _grid(state: np.ndarray, index: float) -> float:
    return state[AT] + state[PERIOD] * (index - state[ZERO])


@kernel
def _slack(period: float) -> float:
    """By how much the grid may be off when a sample is a whole period late."""
    return min(0.2 * period, SLACK_S)


@kernel
def _learn(stamps_s: np.ndarray, state: np.ndarray, points: np.ndarray) -> None:
    """Find the grid of the first stamps."""
    n = stamps_s.shape[0]
    late = np.empty(n)
    if n > 3:
        for i in range(n - 1):
            late[i] = stamps_s[i + 1] - stamps_s[i]
        middle = _median(late, n - 1)
        alike, places = 0, 0.0
        for i in range(n - 1):
            step = stamps_s[i + 1] - stamps_s[i]
            alike += abs(step - middle) < 0.5 * TOLERANCE_S
            places += np.floor(step / middle + 0.5) if middle > 0.0 else 0.0
        if alike >= 0.8 * (n - 1) and abs(middle / state[NOMINAL] - 1.0) < 0.06 and places > 0.0:
            # Stamped by the device: its own rate.
            state[PERIOD] = state[MIDDLE] = (stamps_s[n - 1] - stamps_s[0]) / places
    for i in range(n):
        late[i] = stamps_s[i] - stamps_s[0] - i * state[PERIOD]
    usual, least, total = _median(late, n), np.inf, 0.0
    for i in range(n):
        if late[i] >= usual - LEARN_S:
            least = min(least, late[i])
    for i in range(n):
        total += min(max(late[i] - least, 0.0), HOLD_S)
    state[AT], state[ZERO], state[LAST] = stamps_s[0] + least, 0.0, -1.0
    state[LATE] = total / n
    if usual - least < 0.1 * TOLERANCE_S:
        state[LATE] = 0.0  # what is not even was dropped or wild
    state[KNOWN] = 1.0
    state[RUN] = state[BACK] = state[COUNT] = state[SUM] = state[POINTS] = 0.0
    state[ASSIGNED] = -np.inf
    state[LEAST] = np.inf


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
    """What to do with samples that are late: 0 wait, 1 frames were dropped, 2 go on as if none were.

    Of the late samples before this one, a share was followed by another late one: that share to the
    power of n is the chance of n late ones in a row without a drop. Delays that are exponential about
    their mean m, at period b, give exp(-n b/m). The longer of both waits counts.
    """
    period = state[PERIOD]
    places = max(1.0, np.floor((state[RUN_LEAST] + _slack(period)) / period))
    share = (state[LASTED] + 1e-4) / (state[LASTED] + state[ENDED] + 1.0)
    need = max(1.0, np.ceil(-SURE / np.log(share)))
    if state[LATE] > 0.5 * TOLERANCE_S:
        need = max(need, np.ceil(SURE * state[LATE] / period))
    coarse = max(1.0, np.ceil(need / places))  # that any of so many places was dropped
    far = places * period > FAR_S
    longest = LONGER * HOLD_S
    if far:
        longest += FAR_NEED * period
        need, coarse = max(need, float(FAR_NEED)), max(coarse, float(FAR_NEED))
    since, lasted = stamp - state[RUN_LEAST_AT], stamp - state[RUN_FROM]
    if since >= (need - 0.5) * period:
        return 1
    if lasted >= HOLD_S and since >= (coarse - 0.5) * period and (far or coarse * period <= HOLD_S):
        return 1
    if held > MAX_HELD or lasted >= longest or (coarse * period > HOLD_S and not far):
        return 2
    return 0


@kernel
def _drop(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    state: np.ndarray,
    points: np.ndarray,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Assign drops before the first sample that is held; settle those that cannot have more in front."""
    period, least = state[PERIOD], state[RUN_LEAST]
    if least >= GAP_S and state[LATE] > 0.5 * TOLERANCE_S and state[LAST] >= 0.0:
        state[KNOWN] = 0.0
        return first
    most, last = least, first - 1
    places = np.floor((least + _slack(period)) / period)
    for i in range(first, until):
        late = stamps_s[i] - _grid(state, state[LAST] + 1.0 + (i - first))
        most = max(most, late)
        if late < (places + 1.0) * period - _slack(period):
            last = i
    if most - least <= TOLERANCE_S and state[LATE] <= 0.5 * TOLERANCE_S:
        # Stamped by the device, which goes on beside its old grid.
        places = np.floor(least / period + 0.5)
        _shift(least - places * period, state, points)
        last = until - 1
    state[LAST] += places
    state[ASSIGNED] = state[LAST] + 1.0
    state[RUN] = 0.0
    return _release(stamps_s, first, last + 1, state, points, out_s, step_s, False)


@kernel
def _last_ones(
    stamps_s: np.ndarray,
    first: int,
    n: int,
    state: np.ndarray,
    points: np.ndarray,
    out_s: np.ndarray,
    step_s: np.ndarray,
) -> int:
    """Settle what still waits when nothing more will come."""
    if state[BACK] > 1.0:
        _step_back(state, points)
        step_s[first] = state[BACK_LEAST]
        return _release(stamps_s, first, first + 1, state, points, out_s, step_s, True)
    if state[BACK] > 0.0:
        return _replace(first, n, state, out_s, step_s)
    if state[LATE] <= 0.5 * TOLERANCE_S and state[RUN_LEAST] < FAR_S:
        return _drop(stamps_s, first, n, state, points, out_s, step_s)
    return _release(stamps_s, first, n, state, points, out_s, step_s, False)


@kernel
def _replace(
    first: int, until: int, state: np.ndarray, out_s: np.ndarray, step_s: np.ndarray
) -> int:
    """Put wild samples at their places."""
    for i in range(first, until):
        state[LAST] += 1.0
        at = _grid(state, state[LAST])
        out_s[i] = at if at > state[NEWEST] else np.nan
        step_s[i] = 0.0
        state[NEWEST] = max(at, state[NEWEST])
    state[BACK] = 0.0
    return until


@kernel
def _release(
    stamps_s: np.ndarray,
    first: int,
    until: int,
    state: np.ndarray,
    points: np.ndarray,
    out_s: np.ndarray,
    step_s: np.ndarray,
    stepped: bool,
) -> int:
    """Settle samples at the next places of the grid."""
    for i in range(first, until):
        state[LAST] += 1.0
        index, stamp = state[LAST], stamps_s[i]
        grid = _grid(state, index)
        late = stamp - grid
        at = grid if late > TOLERANCE_S else stamp
        if not (stepped and i == first):
            step_s[i] = 0.0
        if at > state[NEWEST]:
            state[NEWEST] = out_s[i] = at
        else:
            out_s[i] = np.nan
        state[SUM] += min(max(late, 0.0), HOLD_S)
        state[COUNT] += 1.0
        if late < state[LEAST]:
            state[LEAST], state[LEAST_INDEX], state[LEAST_STAMP] = late, index, stamp
        if state[COUNT] >= state[BLOCK]:
            _fit(state, points)
    return until


@kernel
def _fit(state: np.ndarray, points: np.ndarray) -> None:
    """Close a block: keep its earliest stamp, and lay the line from below on those of the last seconds.

    Of all lines below the points the one that is closest to them on average is the side of their lower
    convex hull over their mean index.
    """
    # Against the earliest of the block: where a drop is not certain yet, all are late by a period.
    least = min(max(state[LEAST], 0.0), HOLD_S)
    state[LATE] += 0.2 * (state[SUM] / state[COUNT] - least - state[LATE])
    state[LASTED] *= 0.98
    state[ENDED] *= 0.98
    count = int(state[POINTS])
    if count == BLOCKS:
        for i in range(BLOCKS - 1):
            points[i, 0], points[i, 1] = points[i + 1, 0], points[i + 1, 1]
        count -= 1
    points[count, 0], points[count, 1] = state[LEAST_INDEX], state[LEAST_STAMP]
    count += 1
    state[POINTS] = count
    state[COUNT] = state[SUM] = 0.0
    state[LEAST] = np.inf
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
    for i in range(count):
        at = min(at, points[i, 1] + period * (newest - points[i, 0]))
    state[PERIOD], state[ZERO], state[AT] = period, newest, at


@kernel
def _left(points: np.ndarray, a: int, b: int, c: int) -> bool:
    """Whether point b is not below the line from a to c."""
    run, rise = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1]
    return (points[b, 1] - points[a, 1]) * run >= rise * (points[b, 0] - points[a, 0])


@kernel
def _shift(by_s: float, state: np.ndarray, points: np.ndarray) -> None:
    """The grid goes on later or earlier than before."""
    state[AT] += by_s
    state[LEAST_STAMP] += by_s
    for i in range(BLOCKS):
        points[i, 1] += by_s


@kernel
def _step_back(state: np.ndarray, points: np.ndarray) -> None:
    """The publisher's clock was set back: the grid goes with it."""
    _shift(state[BACK_LEAST], state, points)
    state[NEWEST] += state[BACK_LEAST]
    state[BACK] = state[RUN] = 0.0


@kernel
def _move_places(by: float, state: np.ndarray, points: np.ndarray) -> None:
    """A sample repeats one, or drops that were assigned last were none."""
    state[LAST] += by
    if state[LAST] - state[ASSIGNED] > 4 * state[BLOCK] or state[LATE] <= 0.5 * TOLERANCE_S:
        return
    for i in range(int(state[POINTS])):
        if points[i, 0] >= state[ASSIGNED]:
            points[i, 0] += by
    if state[LEAST_INDEX] >= state[ASSIGNED]:
        state[LEAST_INDEX] += by
        state[LEAST] -= by * state[PERIOD]
