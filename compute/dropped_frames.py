"""Delayed, or dropped frames before it? What samples that came late can mean, until later ones tell.

Sample n of a stream whose stamps were made on arrival belongs n + k places after the first one, where k
frames were dropped so far; it is never early there. Each k that the samples at hand allow is a
hypothesis with its own path of earlier k. Among them the likeliest one is found as in a hidden Markov
model (Viterbi 1967, with a fixed lag; Rabiner 1989): delays are exponential, and a gap has a price. In
a stream without drops one in time leaves no other hypothesis, so that it costs one comparison.
"""

from typing import NamedTuple

import numpy as np

from compute.jit import kernel

HOLD_S = 0.06
"""A sample whose place is not certain waits this long, by the stamps of those behind it; then the likeliest
place counts. A stance is decided 100 ms after toe-off and the next heel strike of that foot is 0.3 s away:
so the value still comes 0.14 s before it."""

HOLD_PERIODS = 6.0
"""Slow streams may wait longer: so many samples tell a gap from a wild stamp."""

GAP_PRICE = 4.6
"""Frames are dropped before one sample in a hundred (-ln 0.01)."""

PLACE_PRICE = 4.0
"""For each further frame of a gap; for at most `PRICED_PLACES`."""

PRICED_PLACES = 2.0

FAR_S, FAR_PRICE, FAR_DELAY_PRICE = 0.25, 6.0, 12.0
"""A longer gap has this price, too: a wild stamp lies far ahead, so others behind it must agree. A delay as
long as that is rarer than a shorter one."""

DELAY_PRICE = 6.5
"""No delay costs more: publishers stall. Two late samples of a device that stamps evenly are a gap."""

SURE = 8.0
"""What is e^8 = 3000 times less likely than the likeliest is given up."""

EARLY_S = 1e-4
"""By how much the grid may well be off: a sample that comes before its place is unlikely by this measure."""

TOGETHER = 0.1
"""Samples that come within this share of a period after the one before have waited with it: that they are
late says nothing."""

SLACK_S = 4e-4
"""The grid is known to about this."""

WIDTH = 48
NEAR = 24
"""Hypotheses, and how many of them are new ones that a sample itself suggests."""

MAX_HELD = 4096

(ALIVE, ROW, DROPS, PREVIOUS) = range(4)


class Hypotheses(NamedTuple):
    """What the samples that wait can mean.

    Attributes
    ----------
    state : count of live hypotheses, row of the oldest sample that waits, frames dropped before it, stamp
        of the newest sample.
    drops : shape (2, WIDTH); frames dropped before the newest sample, ascending, and room for the next ones.
    score : shape (2, WIDTH); logarithm of how likely, against the likeliest.
    path_drops, path_before : shape (MAX_HELD, WIDTH); per waiting sample, frames dropped before it, and
        which hypothesis about the sample before it goes with that. Rows are used in turn.
    """

    state: np.ndarray
    drops: np.ndarray
    score: np.ndarray
    path_drops: np.ndarray
    path_before: np.ndarray


def new_hypotheses() -> Hypotheses:
    """Before the first sample: nothing was dropped."""
    rows = (MAX_HELD, WIDTH)
    made = Hypotheses(
        np.zeros(4), np.zeros((2, WIDTH)), np.zeros((2, WIDTH)), np.zeros(rows), np.zeros(rows, np.int16)
    )  # fmt: skip
    forget(made)
    made.state[PREVIOUS] = -np.inf
    return made


@kernel
def slack_s(period_s: float) -> float:
    """By how much the grid may be off when a sample is a whole period late."""
    return min(0.2 * period_s, SLACK_S)


@kernel
def forget(hypotheses: Hypotheses) -> None:
    """Nothing waits; what was dropped up to now is certain."""
    state = hypotheses.state
    state[ALIVE] = 1.0
    hypotheses.drops[0, 0] = state[DROPS]
    hypotheses.score[0, 0] = 0.0


@kernel
def _gap_price(places: float, period_s: float) -> float:
    if places <= 0.0:
        return 0.0
    price = GAP_PRICE + PLACE_PRICE * min(places - 1.0, PRICED_PLACES)
    return price + FAR_PRICE if places * period_s > FAR_S else price


@kernel
def _delay_price(late_s: float, mean_s: float, together: bool) -> float:
    """Minus the logarithm of how likely a delay is, without what is the same for all."""
    if late_s < 0.0:
        return -late_s / EARLY_S
    share = late_s / mean_s
    if together:  # its own delay was anything up to this
        share = -np.log(max(-np.expm1(-share), 1e-9))
    return min(share, FAR_DELAY_PRICE if late_s > FAR_S else DELAY_PRICE)


@kernel
def weigh(
    stamp_s: float,
    late_s: float,
    period_s: float,
    mean_s: float,
    held: int,
    hypotheses: Hypotheses,
) -> None:
    """Take a further sample into account.

    Parameters
    ----------
    late_s : against the place it has if nothing was dropped since the newest one that does not wait.
    mean_s : mean delay of this stream.
    held : how many samples wait before this one.
    """
    state, drops, score = hypotheses.state, hypotheses.drops[0], hypotheses.score[0]
    new_drops, new_score = hypotheses.drops[1], hypotheses.score[1]
    alive, base = int(state[ALIVE]), state[DROPS]
    together = 0.0 <= stamp_s - state[PREVIOUS] <= TOGETHER * period_s
    row = int(state[ROW] + held) % MAX_HELD
    highest = base + np.floor((late_s + slack_s(period_s)) / period_s)
    near = max(highest - NEAR + 1.0, drops[0])
    count, old, best = 0, 0, -np.inf
    while count < WIDTH:
        # The next one in order: what was possible before, or what this sample itself suggests.
        of_old = drops[old] if old < alive else np.inf
        dropped = min(of_old, near)
        if dropped > highest and count > 0:
            break
        if of_old == dropped:
            old += 1
        if near == dropped:
            near += 1.0
        way, reached = 0, -np.inf
        for k in range(alive):
            if drops[k] > dropped:
                break
            through = score[k] - _gap_price(dropped - drops[k], period_s)
            if through > reached:
                way, reached = k, through
        reached -= _delay_price(late_s - (dropped - base) * period_s, mean_s, together)
        new_drops[count], new_score[count] = dropped, reached
        hypotheses.path_drops[row, count], hypotheses.path_before[row, count] = dropped, way
        best = max(best, reached)
        count += 1
    for k in range(count):
        drops[k], score[k] = new_drops[k], new_score[k] - best
    state[ALIVE] = count
    _give_up(held + 1, period_s, hypotheses)
    state[PREVIOUS] = stamp_s


@kernel
def _give_up(held: int, period_s: float, hypotheses: Hypotheses) -> None:
    """Leave out hypotheses about the newest sample that are not likely enough.

    One with a gap before this sample has just paid for it, and is given the time to earn it back.
    """
    state, drops, score = hypotheses.state, hypotheses.drops[0], hypotheses.score[0]
    row, kept = int(state[ROW] + held - 1) % MAX_HELD, 0
    likeliest = drops[_likeliest(hypotheses)]
    for k in range(int(state[ALIVE])):
        if score[k] >= -SURE - _gap_price(drops[k] - likeliest, period_s):
            drops[kept], score[kept] = drops[k], score[k]
            hypotheses.path_drops[row, kept] = hypotheses.path_drops[row, k]
            hypotheses.path_before[row, kept] = hypotheses.path_before[row, k]
            kept += 1
    state[ALIVE] = kept


@kernel
def _likeliest(hypotheses: Hypotheses) -> int:
    best, score = 0, hypotheses.score[0]
    for k in range(1, int(hypotheses.state[ALIVE])):
        if score[k] > score[best]:
            best = k
    return best


@kernel
def _oldest(k: int, held: int, hypotheses: Hypotheses) -> float:
    """Frames dropped before the oldest sample that waits, if hypothesis k is right."""
    first = int(hypotheses.state[ROW])
    for i in range(held - 1, 0, -1):
        k = hypotheses.path_before[(first + i) % MAX_HELD, k]
    return hypotheses.path_drops[first % MAX_HELD, k]


@kernel
def settle(held: int, must: bool, period_s: float, hypotheses: Hypotheses) -> float:
    """Frames dropped directly before the oldest sample that waits; -1 while that is not certain.

    The sample then waits no more.

    Parameters
    ----------
    held : how many samples wait.
    must : take the likeliest, certain or not.
    """
    state, score = hypotheses.state, hypotheses.score[0]
    dropped = _oldest(_likeliest(hypotheses), held, hypotheses)
    for k in range(int(state[ALIVE])):
        if _oldest(k, held, hypotheses) != dropped:
            if not must:
                return -1.0
            score[k] = -np.inf
    _give_up(held, period_s, hypotheses)
    before = dropped - state[DROPS]
    state[DROPS] = dropped
    state[ROW] = (state[ROW] + 1.0) % MAX_HELD
    return before
