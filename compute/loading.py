"""Vertical loading rates from the wide-band path."""

import numpy as np

from compute.evidence import Evidence
from compute.filters import Section, zero_lag

RISE_PCT = 13.0
"""The loading phase ends at this share of the stance."""


def loading_rates(evidence: Evidence, section: Section) -> dict[str, float]:
    """Average and instantaneous vertical loading rate of a stance, N/s.

    Parameters
    ----------
    section : wide-band filter of the plate channel (50 Hz and more; the matched filter of the moment
        would flatten the impact).

    Returns
    -------
    By the field of `Stance`, nothing where the interval holds fewer than five samples. VALR: slope of the
    vertical load between 20 and 80 % of the interval from heel strike to 13 % of stance. VILR: steepest
    rise in the same interval. (Milner 2006; Crowell & Davis 2011.)

    Notes
    -----
    The same interval in every stance, whether or not it shows an impact peak: in walking the transient
    at heel strike comes and goes from step to step, and a rate that ends at it on some steps jumps
    tenfold between two of them.
    """
    stance = evidence.stance
    time_s = evidence.force_time_s
    fz = np.ascontiguousarray(evidence.wrench[:, stance.side, 1:2])
    work = np.empty(len(fz) + 2 * section.pad)
    fz = zero_lag(fz, section, work, np.empty_like(fz))[:, 0]
    first = int(time_s.searchsorted(stance.t_on_s))
    end = int(time_s.searchsorted(stance.t_on_s + RISE_PCT / 100.0 * stance.stance_s))
    if end - first < 5:
        return {}
    low, high = first + round(0.2 * (end - first)), first + round(0.8 * (end - first))
    valr = (fz[high] - fz[low]) / (time_s[high] - time_s[low])
    rises = (fz[first + 1 : end + 1] - fz[first:end]) / (
        time_s[first + 1 : end + 1] - time_s[first:end]
    )
    return {"valr_n_per_s": float(valr), "vilr_n_per_s": float(rises.max())}
