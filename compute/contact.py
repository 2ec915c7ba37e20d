"""Stance detection from the vertical ground reaction of each belt."""

from typing import NamedTuple

import numpy as np

from compute.jit import kernel

UNKNOWN = -1.0
SWING = 0.0
CONTACT = 1.0

# Columns of the detector's state, one row a leg.
PHASE, RISE, LOADED, FALL, T_ON = range(5)
STATE_COLUMNS = 5


class ContactThresholds(NamedTuple):
    """When a foot is on its belt.

    Attributes
    ----------
    on_n : load that makes a contact; its beginning is back-dated to the first sample above `off_n`.
    off_n : load below which the contact ends.
    on_min_s : time for which the load must stay up after `on_n` was passed.
    off_min_s : time for which the load must stay below `off_n`; toe-off is the first such sample.
    back_date_s : a load that lay between `off_n` and `on_n` for longer than this (an untared plate, a
        foot resting on the belt) is no beginning: the contact then begins where `on_n` was passed.
    """

    on_n: float = 50.0
    off_n: float = 20.0
    on_min_s: float = 0.03
    off_min_s: float = 0.05
    back_date_s: float = 0.05


def new_state() -> np.ndarray:
    """State before the first sample: both feet unknown, so that a stance that had begun before the
    first sample is never reported.
    """
    state = np.full((2, STATE_COLUMNS), np.nan)
    state[:, PHASE] = UNKNOWN
    return state


@kernel
def detect(
    time_s: np.ndarray,
    fz_n: np.ndarray,
    thresholds: ContactThresholds,
    state: np.ndarray,
    out: np.ndarray,
) -> int:
    """Advance the detector over new samples of both legs.

    Parameters
    ----------
    time_s : shape (n,), s.
    fz_n : shape (n, 2), N, vertical load of the left and the right foot, unfiltered. NaN changes
        nothing.
    state : from `new_state`, kept between calls.
    out : shape (>= n + 1, 3), receives a row (side, t_on_s, t_off_s) per finished stance.

    Returns
    -------
    Number of rows written, in order of the sample that settled them. Independent of how the samples
    are cut into calls.
    """
    found = 0
    for i in range(time_s.shape[0]):
        t = time_s[i]
        for side in range(2):
            fz = fz_n[i, side]
            s = state[side]
            if np.isnan(fz):
                continue
            if s[PHASE] == CONTACT:
                if fz >= thresholds.off_n:
                    s[FALL] = np.nan
                    continue
                if np.isnan(s[FALL]):
                    s[FALL] = t
                if t - s[FALL] >= thresholds.off_min_s:
                    out[found, 0], out[found, 1], out[found, 2] = side, s[T_ON], s[FALL]
                    found += 1
                    s[PHASE] = SWING
                    s[RISE] = s[LOADED] = s[FALL] = np.nan
            elif fz < thresholds.off_n:
                s[PHASE] = SWING
                s[RISE] = s[LOADED] = np.nan
            elif s[PHASE] == SWING:
                if np.isnan(s[RISE]):
                    s[RISE] = t
                if np.isnan(s[LOADED]) and fz >= thresholds.on_n:
                    s[LOADED] = t
                if t - s[LOADED] >= thresholds.on_min_s:
                    early = s[LOADED] - s[RISE] > thresholds.back_date_s
                    s[PHASE], s[T_ON], s[FALL] = CONTACT, s[LOADED if early else RISE], np.nan
    return found
