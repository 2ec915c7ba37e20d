"""Plate channels that no longer measure: at their range, or repeated."""

import numpy as np

from compute.evidence import Evidence

_SMALL_N = 50.0
_FLAT_N = 10.0
"""A channel that stays at an extreme smaller than this may just be unloaded."""


def saturated(evidence: Evidence) -> bool:
    """A force channel stays at its extreme value while others go on: it has reached its range.

    The range itself is not in the streams. A load that is measured does not stay at its highest value
    to a millionth for many samples.
    """
    stance, settings = evidence.stance, evidence.settings
    load = evidence.wrench[evidence.in_contact(), stance.side, :3]
    longest = settings.saturated_s * evidence.force_hz
    for column in load.T:
        for extreme in (column.max(), column.min()):
            at = np.abs(column - extreme) <= 1e-6 * abs(extreme)
            if abs(extreme) > _FLAT_N and _longest_run(at) >= longest and not frozen(evidence):
                return True
    return False


def frozen(evidence: Evidence) -> bool:
    """All six channels of a loaded plate repeat: the stream stands still."""
    stance, settings = evidence.stance, evidence.settings
    load = evidence.wrench[evidence.in_contact(), stance.side]
    same = (np.diff(load, axis=0) == 0.0).all(axis=1) & (np.abs(load[1:, 1]) > _SMALL_N)
    return bool(_longest_run(same) >= settings.frozen_s * evidence.force_hz)


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
