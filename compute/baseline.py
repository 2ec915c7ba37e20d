"""What each plate reads without a foot on it: an offset of all six components, tracked while walking.

An untared or drifting plate shifts every load. While a leg swings its plate carries nothing, so
short quiet stretches of the signal show the offset.
"""

from typing import NamedTuple

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2
from compute.jit import kernel

# Columns of the tracker's state, one row a plate. OFFSET: what is committed, NaN before the first block.
# Block in progress: its first sample, last sample, count, first load, sums.
OFFSET, FREE_AFTER, LAST = 0, 6, 7
START, COUNT, FIRST_N, SUM, SQUARES, HALF_COUNT, HALF_SUM = 8, 9, 10, 11, 17, 18, 19
OTHER_SUM, OTHER_SQUARES, OTHER_FIRST_N = 20, 21, 22
# Finished block that waits until it is certain that no contact follows within the guard.
BLOCK_END, BLOCK, BLOCK_STANDING = 23, 24, 30
# Blocks well above the offset, which may become the new offset.
HIGH_SINCE, HIGH_COUNT, HIGH_N = 31, 32, 33
# First sample after something touched the plate, and its load: nothing is taken within the guard of it.
LEAD, LEAD_N = 34, 35
STATE_COLUMNS = 36
# Columns of the log; READING is what the plate read in the stretch, taken for its offset or not.
READING = 8
LOG_COLUMNS = 9


class BaselineRules(NamedTuple):
    """When a stretch of plate signal counts as unloaded, and how fast the offset follows it.

    Attributes
    ----------
    block_s : length of a stretch. guard_s : kept clear of contact after it, and twice before it, where
        the load fades out.
    quiet_n : standard deviation of the vertical load that a quiet stretch stays below.
    trend_n : difference between its two halves.
    loud_n : a sample that far from the mean of its stretch ends it: something touches the plate.
    max_n : a mean beyond this is no offset, but a person (0.2 body weights).
    gain : share of the difference by which a quiet stretch moves the offset.
    slew_n : by at most this much, N, of the vertical load; the other components move by the same share.
    jump_n : a stretch this far **below** the offset replaces it at once, because a foot can only add
        load: the old offset held some. This far **above** it is taken for load.
    jump_s : unless all quiet stretches of this time, five at least, agree on it (a plate that jumped).
    standing_n : another plate with this quiet load carries someone who stands, who may rest the other
        foot on this one: nothing is learnt then but downward (0.3 body weights).
    """

    block_s: float = 0.1
    guard_s: float = 0.03
    quiet_n: float = 5.0
    trend_n: float = 4.0
    loud_n: float = 25.0
    max_n: float = 120.0
    gain: float = 0.2
    slew_n: float = 1.0
    jump_n: float = 10.0
    jump_s: float = 3.0
    standing_n: float = 180.0


MIN_HIGH_BLOCKS = 5
AGREE_N = 5.0
STANDING_QUIET_N = 7.0


def baseline_rules(body_mass_kg: float) -> BaselineRules:
    """Rules for a person of this mass."""
    weight_n = body_mass_kg * GRAVITY_M_PER_S2
    return BaselineRules(max_n=0.2 * weight_n, standing_n=0.3 * weight_n)


def new_state() -> np.ndarray:
    """State before the first sample of both plates: no offset known."""
    state = np.full((2, STATE_COLUMNS), np.nan)
    state[:, COUNT] = state[:, HIGH_COUNT] = 0.0
    state[:, FREE_AFTER] = -np.inf
    return state


@kernel
def track_offset(
    time_s: np.ndarray,
    wrench: np.ndarray,
    rules: BaselineRules,
    state: np.ndarray,
    fz_n: np.ndarray,
    log: np.ndarray,
) -> int:
    """Advance the offsets of both plates over new samples.

    Parameters
    ----------
    time_s : shape (n,), s. wrench : shape (n, 2, 6), F (N) and M_O (N·m), lab, as read.
    state : from `new_state`, kept between calls.
    fz_n : shape (n, 2), receives the vertical loads without the offset known before each sample.
    log : shape (>= 2 n, 9), receives a row per quiet stretch: stamp of the sample after which it counts,
        plate, offset, vertical load in the stretch (the offset's, of who may be standing on the plate).

    Returns
    -------
    Number of rows of `log`.

    Notes
    -----
    Causal and independent of how the samples are cut into calls. A sample with a missing component
    is passed over; after a gap longer than the guard a new stretch begins.
    """
    rows = 0
    for i in range(time_s.shape[0]):
        t = time_s[i]
        for side in range(2):
            s = state[side]
            known = s[OFFSET + 1]
            fz_n[i, side] = wrench[i, side, 1] - (0.0 if np.isnan(known) else known)
            missing = False
            for c in range(6):
                missing = missing or np.isnan(wrench[i, side, c])
            if missing:
                continue
            fz, other = wrench[i, side, 1], wrench[i, 1 - side, 1]
            if t - s[LAST] > rules.guard_s:
                s[BLOCK_END] = s[LEAD] = np.nan
                s[COUNT] = 0.0
            s[LAST] = t
            if abs(fz - s[BLOCK + 1]) > rules.loud_n:
                s[BLOCK_END] = np.nan
            elif t - s[BLOCK_END] >= rules.guard_s:
                _commit(t, s, rules)
                s[BLOCK_END] = np.nan
                log[rows, 0], log[rows, 1] = t, side
                log[rows, 2:8] = s[OFFSET : OFFSET + 6]
                log[rows, READING] = s[OFFSET + 1] if s[BLOCK_STANDING] > 0.0 else s[BLOCK + 1]
                rows += 1
            if t < s[FREE_AFTER]:
                continue
            if np.isnan(s[LEAD]):
                s[LEAD], s[LEAD_N] = t, fz
            reference = s[LEAD_N]
            if s[COUNT] > 0.0:
                reference = s[FIRST_N] + s[SUM + 1] / s[COUNT]
            if abs(fz - reference) > rules.loud_n:
                s[COUNT] = 0.0
                s[LEAD] = np.nan
                s[FREE_AFTER] = t + rules.guard_s
                continue
            if t - s[LEAD] < rules.guard_s:
                continue
            if s[COUNT] == 0.0:
                s[START], s[FIRST_N] = t, fz
                s[OTHER_FIRST_N] = 0.0 if np.isnan(other) else other
                s[SUM : HALF_SUM + 1] = 0.0
                s[OTHER_SUM] = s[OTHER_SQUARES] = 0.0
            _add(t, wrench[i, side], other, s, rules)
            if t - s[START] >= rules.block_s:
                _finish(t, s, rules)
    return rows


@kernel
def _add(t: float, wrench: np.ndarray, other: float, s: np.ndarray, rules: BaselineRules) -> None:
    """Take a sample into the block; vertical loads relative to its first sample, for precision."""
    s[COUNT] += 1.0
    for c in range(6):
        s[SUM + c] += wrench[c] - (s[FIRST_N] if c == 1 else 0.0)
    d = wrench[1] - s[FIRST_N]
    s[SQUARES] += d * d
    if t - s[START] < 0.5 * rules.block_s:
        s[HALF_COUNT] += 1.0
        s[HALF_SUM] += d
    d = other - s[OTHER_FIRST_N]
    if not np.isnan(d):
        s[OTHER_SUM] += d
        s[OTHER_SQUARES] += d * d


@kernel
def _finish(t: float, s: np.ndarray, rules: BaselineRules) -> None:
    """Judge a full block; a quiet one waits for the guard after it."""
    n, first_half = s[COUNT], s[HALF_COUNT]
    mean = s[SUM + 1] / n
    spread = np.sqrt(max(s[SQUARES] / n - mean * mean, 0.0))
    trend = (s[SUM + 1] - s[HALF_SUM]) / (n - first_half) - s[HALF_SUM] / first_half
    if (
        spread < rules.quiet_n
        and abs(trend) < rules.trend_n
        and abs(mean + s[FIRST_N]) < rules.max_n
    ):
        for c in range(6):
            s[BLOCK + c] = s[SUM + c] / n
        s[BLOCK + 1] += s[FIRST_N]
        other = s[OTHER_SUM] / n
        other_spread = np.sqrt(max(s[OTHER_SQUARES] / n - other * other, 0.0))
        stands = other + s[OTHER_FIRST_N] > rules.standing_n and other_spread < STANDING_QUIET_N
        s[BLOCK_STANDING] = 1.0 if stands else 0.0
        s[BLOCK_END] = t
    s[COUNT] = 0.0


@kernel
def _commit(t: float, s: np.ndarray, rules: BaselineRules) -> None:
    """Let a quiet block move the offset."""
    stands = s[BLOCK_STANDING] > 0.0
    above = s[BLOCK + 1] - s[OFFSET + 1]
    if np.isnan(above):
        if not stands:
            s[OFFSET : OFFSET + 6] = s[BLOCK : BLOCK + 6]
        return
    if above < -rules.jump_n:
        s[OFFSET : OFFSET + 6] = s[BLOCK : BLOCK + 6]
    elif above > rules.jump_n:
        if stands:
            return
        if s[HIGH_COUNT] == 0.0 or abs(s[BLOCK + 1] - s[HIGH_N]) > AGREE_N:
            s[HIGH_COUNT], s[HIGH_SINCE], s[HIGH_N] = 0.0, t, s[BLOCK + 1]
        s[HIGH_COUNT] += 1.0
        if t - s[HIGH_SINCE] < rules.jump_s or s[HIGH_COUNT] < MIN_HIGH_BLOCKS:
            return
        s[OFFSET : OFFSET + 6] = s[BLOCK : BLOCK + 6]
    elif not stands or above < 0.0:
        # One share for all six: where the origin of the moments lies then makes no difference.
        share = rules.gain
        if rules.gain * abs(above) > rules.slew_n:
            share = rules.slew_n / abs(above)
        for c in range(6):
            s[OFFSET + c] += share * (s[BLOCK + c] - s[OFFSET + c])
    s[HIGH_COUNT] = 0.0
