"""Sample times from stamps that come late: read `even` first.

A publisher that stamps its samples when they reach it stamps them late, each by another delay. The
samples themselves were taken on an even grid, ``a + b n``; a delay is never negative. So the grid is the
line that touches the stamps from below (the *minimum* delay, as in network clock filters; Moon, Skelly
and Towsley 1999 for the line): the mean of the stamps would be late by the mean delay.

Index n must not step over a place while a sample may still come that belongs there. A sample that is
later than a period is held back until later ones tell whether frames were dropped before it. Where the
device stamps, two late samples in a row do; where stamps are late, `compute.dropped_frames` weighs it.
"""

import numpy as np

from compute.dropped_frames import DROPS as _DROPS
from compute.dropped_frames import (
    FAR_S,
    HOLD_PERIODS,
    HOLD_S,
    MAX_HELD,
    settle,
    slack_s,
    weigh,
)
from compute.dropped_frames import PREVIOUS as _PREVIOUS
from compute.jit import kernel
from compute.sample_grid import (
    ASSIGNED,
    BACK,
    BACK_LEAST,
    BLOCK,
    DELAY,
    KNOWN,
    LAST,
    LATE,
    NEWEST,
    PERIOD,
    RUN,
    RUN_FROM,
    RUN_LEAST,
    RUN_LEAST_AT,
    SAME_S,
    TOLERANCE_S,
    WEIGHED,
    Stream,
    grid_s,
    learn,
    move_places,
    place,
    shift,
)

GAP_S = 0.5
"""After a longer pause a stream with late stamps is learnt anew: it may go on beside its old grid."""

BACK_S, WILD = 0.005, 2
"""Stamps that lie back by more than a period and BACK_S are wild, up to WILD of them; one more, and the clock
stepped back."""

FAR_NEED = 4
"""A gap of more than FAR_S is believed after so many periods: wild stamps lie far ahead, too."""


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
            learn(stamps_s[first : min(first + wanted, n)], stream)
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
        late = stamp - grid_s(state, places)
        surely = hypotheses.drops[0, 0] - hypotheses.state[_DROPS] if weighed else 0.0
        if late - surely * period < -(period + BACK_S):
            if state[BACK] == 0.0:
                first = _let_go(stamps_s, first, i, stream, out_s, step_s)
                late = stamp - grid_s(state, state[LAST] + 1.0)
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
            late = stamp - grid_s(state, state[LAST] + 1.0)
            move_places(np.floor(late / period + 0.5), stream)
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
        late = stamps_s[i] - grid_s(state, state[LAST] + 1.0 + (i - first))
        most = max(most, late)
        if late < (places + 1.0) * period - slack_s(period):
            last = i
    if most - least <= TOLERANCE_S:  # it goes on beside its old grid
        places = np.floor(least / period + 0.5)
        shift(least - places * period, stream)
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
        place(stamps_s[first], first, dropped == 0.0, stream, out_s)
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
        at = grid_s(state, state[LAST])
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
        place(stamps_s[i], i, True, stream, out_s)
    return until


@kernel
def _step_back(stream: Stream) -> None:
    """The publisher's clock was set back: the grid goes with it."""
    state = stream.state
    shift(state[BACK_LEAST], stream)
    state[NEWEST] += state[BACK_LEAST]
    state[BACK] = state[RUN] = 0.0
