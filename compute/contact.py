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

# Columns of an event, and its kinds.
KIND, SIDE, ON, OFF, SETTLED = range(5)
EVENT_COLUMNS = 5
BEGUN = 0.0
ENDED = 1.0


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
    fz_n : shape (n, 2), N, vertical load of the left and the right foot, unfiltered, without the
        offset of the unloaded plate. NaN changes nothing.
    state : from `new_state`, kept between calls.
    out : shape (>= 2 n, 5), receives a row per event, columns `KIND` to `SETTLED`: `BEGUN` where a
        contact is certain, `ENDED` where its toe-off is (t_off_s is NaN before), and the stamp of the
        sample that settled it.

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
                    found = _tell(out, found, ENDED, side, s[T_ON], s[FALL], t)
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
                    found = _tell(out, found, BEGUN, side, s[T_ON], np.nan, t)
    return found


@kernel
def _tell(
    out: np.ndarray, row: int, kind: float, side: int, t_on: float, t_off: float, t: float
) -> int:
    out[row, 0], out[row, 1], out[row, 2], out[row, 3], out[row, 4] = kind, side, t_on, t_off, t
    return row + 1
