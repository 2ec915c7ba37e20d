"""Plate channels that no longer measure: off zero, at their range, or repeated."""

import numpy as np

from compute.evidence import Evidence
from compute.jit import kernel

_SMALL_N = 50.0
_FLAT_N = 10.0
"""A channel that stays at an extreme smaller than this may just be unloaded."""

_FADED_S = 0.06
"""So long after toe-off nothing of the foot's load is left."""


def reads_unloaded(evidence: Evidence) -> bool:
    """The plate of this foot read something in the swing before the stance."""
    return abs(evidence.stance.plate_offset_n) > evidence.settings.max_plate_offset_n


def drifted(evidence: Evidence) -> bool:
    """What the plate read before the stance is its zero, and no foot that trod on it.

    Either it has become the offset, after seconds, or the plate reads as much behind the stance, too.
    """
    stance, limit_n = evidence.stance, evidence.settings.max_plate_offset_n
    taken_off_n = evidence.context.offset[stance.side, 1]
    if abs(stance.plate_offset_n - taken_off_n) <= limit_n or not evidence.settings.rezero:
        return True
    behind = evidence.force_time_s > stance.t_off_s + _FADED_S
    return bool(abs(evidence.wrench[behind, stance.side, 1].mean()) > limit_n)


def saturated(evidence: Evidence) -> bool:
    """A force channel stays at its extreme value while others go on: it has reached its range.

    The range itself is not in the streams. A load that is measured does not stay at its highest value
    to a millionth for many samples.
    """
    stance, settings = evidence.stance, evidence.settings
    load = evidence.wrench[evidence.in_contact(), stance.side]
    longest = settings.saturated_s * evidence.force_hz
    return bool(longest_at_extreme(load[:, :3], _FLAT_N) >= longest and not frozen(evidence))


def frozen(evidence: Evidence) -> bool:
    """All six channels of a loaded plate repeat: the stream stands still."""
    stance, settings = evidence.stance, evidence.settings
    load = evidence.wrench[evidence.in_contact(), stance.side]
    return bool(longest_repeat(load, _SMALL_N) >= settings.frozen_s * evidence.force_hz)


@kernel
def longest_at_extreme(load_n: np.ndarray, least_n: float) -> int:
    """Most samples in a row that a channel stays at its highest or lowest value, to a millionth.

    Parameters
    ----------
    load_n : shape (k, channels). least_n : extremes no larger than this do not count.
    """
    longest = 0
    for c in range(load_n.shape[1]):
        high, low = -np.inf, np.inf
        for i in range(load_n.shape[0]):
            high, low = max(high, load_n[i, c]), min(low, load_n[i, c])
        for extreme in (high, low):
            if not least_n < abs(extreme) < np.inf:
                continue
            run = 0
            for i in range(load_n.shape[0]):
                run = run + 1 if abs(load_n[i, c] - extreme) <= 1e-6 * abs(extreme) else 0
                longest = max(longest, run)
    return longest


@kernel
def longest_repeat(load: np.ndarray, least_n: float) -> int:
    """Most samples in a row in which every channel is the same as in the one before.

    Parameters
    ----------
    load : shape (k, 6), F and M. least_n : vertical loads no larger than this do not count.
    """
    longest = run = 0
    for i in range(1, load.shape[0]):
        same = abs(load[i, 1]) > least_n
        for c in range(load.shape[1]):
            same = same and load[i, c] == load[i - 1, c]
        run = run + 1 if same else 0
        longest = max(longest, run)
    return longest
