"""What arrival times tell about stamps: samples that came too late, and clocks that were set."""

import numpy as np

from compute.jit import kernel

LATE_S = 0.25
"""A sample that comes later than this after the fastest ones is late: a stance is decided 100 ms after
toe-off, so its value would come just when that foot strikes again."""

JUMP_S = 0.005
"""Stamps that step, or a clock comparison that changes, by more than this: the time relation of markers
and forces is not what it was (5 ms is the most that the moment bears)."""

EARLY_S = 0.001
"""No sample arrives before it was taken. By more than what clocks are compared to: another clock."""

DRIFT = 1e-4
"""So fast may the lag of the fastest samples grow: clocks drift apart. What grows faster is late data."""

KNOWN_S = 2.0
"""Arrivals must have been followed for so long before they are judged by."""

BUCKET_S = 30.0
"""The smallest lag of the last one to two buckets is what others are compared with, as far as `DRIFT` lets
it grow."""

FRESH_S = 0.5
"""The newest lags are compared with older ones: the samples of a chunk arrive together, so that their lags
fall one by one, and none of them would ever be a step below the one before it."""

SAME_S = 0.05
"""A clock comparison that changes by as much as the stamps stepped, to within this, makes it good."""

APART_S = 1.0
"""A publisher that came back and whose samples lie this far beside their arrivals has another clock."""

JUMPED, LATE, LOST = 1, 2, 4

(REBASE, IS_LOST, OFFSET, SINCE, BUCKET, LEAST_BEFORE, LEAST_NOW, EXPECTED, BEGUN, DELAY,
 COMPARED, FRESH, FRESH_AT) = range(13)  # fmt: skip


def new_state(delay_s: float = 0.0, expected_s: float = np.nan) -> np.ndarray:
    """State before the first sample of a publisher.

    Parameters
    ----------
    delay_s : device delay, which is part of every lag.
    expected_s : lag of the publisher before it, if there was one.
    """
    state = np.full(13, np.nan)
    state[REBASE] = state[IS_LOST] = state[BEGUN] = state[COMPARED] = 0.0
    state[LEAST_BEFORE] = state[LEAST_NOW] = state[FRESH] = np.inf
    state[EXPECTED], state[DELAY] = expected_s, delay_s
    return state


def least_lag_s(state: np.ndarray) -> float:
    """Lag of the fastest samples; NaN until known."""
    least = min(state[LEAST_BEFORE], state[LEAST_NOW], state[FRESH])
    return float(least) if np.isfinite(least) else float(state[EXPECTED])


@kernel
def follow(
    time_s: np.ndarray,
    offset_s: np.ndarray,
    arrival_s: np.ndarray,
    step_s: np.ndarray,
    newest_s: float,
    state: np.ndarray,
    marks: np.ndarray,
) -> None:
    """Judge samples of one stream, and keep its time axis going where a clock was set.

    The lag of a sample is its arrival less its time. The network makes it larger at will, but no smaller
    than the fastest sample's: stamps that come to lie closer to their arrivals, or behind them, were made
    by a clock that was set forward. One that was set back shows in the stamps themselves.

    Parameters
    ----------
    time_s : shape (n,), s, local clock; changed in place where the axis is rebased on the arrivals.
    offset_s : shape (n,), s, clock comparison that `time_s` contains.
    arrival_s : shape (n,), s, local clock; NaN = not known or not to be judged by.
    step_s : shape (n,), by how much the publisher's clock stepped back before a sample.
    newest_s : time of the newest sample of the publisher before; minus infinity if there was none.
    marks : shape (n,), int64, receives `JUMPED` where a clock was set, `LATE`, and `LOST` as long as the
        stamps have a relation to the other stream that nobody knows.

    Notes
    -----
    A publisher that came back must lag as the one before it did, to within `JUMP_S`, which shows once its
    fastest samples are known; samples that arrive before they were taken show at once. After a step that
    arrivals contradict the axis goes on as the arrivals do, to within what the network adds, too rough for
    a moment. Only a clock comparison that changes by as much ends it: it was the
    publisher's clock, and its new relation is known. Without arrivals a step of a second or more is
    taken out likewise; a smaller one is waited out.
    """
    for i in range(time_s.shape[0]):
        mark = 0
        arrived = np.isfinite(arrival_s[i]) and np.isfinite(time_s[i])
        change = offset_s[i] - state[OFFSET]
        if abs(change) > JUMP_S:
            mark |= JUMPED
            if state[IS_LOST] != 0.0:
                state[REBASE] -= change
                if abs(state[REBASE]) <= SAME_S:
                    state[REBASE] = state[IS_LOST] = 0.0
            else:
                state[SINCE] = np.nan
        state[OFFSET] = offset_s[i]
        if step_s[i] != 0.0:
            mark |= JUMPED
            if arrived or step_s[i] < -APART_S:
                state[REBASE] -= step_s[i]
                state[IS_LOST] = 1.0
        t = time_s[i] + state[REBASE]
        lag = arrival_s[i] - t
        if arrived and state[BEGUN] == 0.0:
            apart = abs(lag - state[EXPECTED]) > APART_S or t < newest_s - APART_S
            if apart and np.isfinite(state[EXPECTED]):
                mark |= JUMPED
                state[REBASE] += lag - state[EXPECTED]
                state[IS_LOST] = 1.0
                t = time_s[i] + state[REBASE]
                lag = state[EXPECTED]
            elif lag - state[DELAY] < -EARLY_S and state[EXPECTED] - state[DELAY] >= -EARLY_S:
                mark |= JUMPED
                state[IS_LOST] = 1.0
        if arrived:
            state[BEGUN] = 1.0
            if np.isnan(state[SINCE]):
                state[SINCE] = state[BUCKET] = state[FRESH_AT] = arrival_s[i]
                state[LEAST_BEFORE] = state[LEAST_NOW] = state[FRESH] = np.inf
            if arrival_s[i] - state[FRESH_AT] >= FRESH_S:
                state[LEAST_NOW] = min(state[LEAST_NOW], state[FRESH])
                state[FRESH], state[FRESH_AT] = np.inf, arrival_s[i]
            least = min(state[LEAST_BEFORE], state[LEAST_NOW])
            known = arrival_s[i] - state[SINCE] >= KNOWN_S
            if known and state[COMPARED] == 0.0:
                state[COMPARED] = 1.0
                if abs(least - state[EXPECTED]) > JUMP_S:  # never true where nothing was before it
                    mark |= JUMPED
                    state[IS_LOST] = 1.0
            usual = min(least, state[DELAY] + LATE_S)
            if known and lag < least - JUMP_S:
                mark |= JUMPED
                state[REBASE] -= least - lag
                state[IS_LOST] = 1.0
                t = time_s[i] + state[REBASE]
                lag = least
            elif known and lag > usual + LATE_S:
                mark |= LATE
            if arrival_s[i] - state[BUCKET] >= BUCKET_S:
                grown = DRIFT * (arrival_s[i] - state[BUCKET])
                state[LEAST_BEFORE] = min(state[LEAST_NOW], least + grown)
                state[BUCKET], state[LEAST_NOW] = arrival_s[i], np.inf
            state[FRESH] = min(state[FRESH], lag)
        if state[IS_LOST] != 0.0:
            mark |= LOST
        time_s[i] = t
        marks[i] = mark
