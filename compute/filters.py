"""Butterworth filters: zero-lag over a buffered stance, causal for the live trace.

Both use the same second-order section on every channel, so markers and plate channels keep their
time relation, which the external knee moment depends on (Bisseling & Hof 2006; Kristianslund 2012).
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import signal

from compute.jit import kernel

TWO_PASS = (math.sqrt(2.0) - 1.0) ** 0.25
"""0.8022: a second-order Butterworth run forward and back has -3 dB at this share of its design
cut-off (Winter, Biomechanics and Motor Control of Human Movement, digital filtering)."""


class Section(NamedTuple):
    """One second-order section.

    Attributes
    ----------
    b, a : shape (3,), a[0] = 1.
    zi : shape (2,), state that a constant input of one settles in.
    pad : samples by which a window is extended at each end before filtering forward and back.
    """

    b: np.ndarray
    a: np.ndarray
    zi: np.ndarray
    pad: int


@cache
def zero_lag_section(cutoff_hz: float, rate_hz: float) -> Section:
    """Second-order Butterworth whose forward and backward pass together have -3 dB at the cut-off.

    The correction divides the prewarped frequency, so it holds at every sampling rate.

    Raises
    ------
    ValueError : the rate is too low for the cut-off.
    """
    warped = math.tan(math.pi * cutoff_hz / rate_hz) / TWO_PASS if cutoff_hz * 2 < rate_hz else 0.0
    if warped <= 0.0:
        raise ValueError(
            f"a {cutoff_hz:g} Hz filter needs more than {rate_hz:g} samples per second"
        )
    return _section(rate_hz / math.pi * math.atan(warped), rate_hz)


def causal_section(cutoff_hz: float, rate_hz: float) -> Section:
    """Second-order Butterworth for one pass; low-frequency group delay sqrt(2) / (2 pi f_c)."""
    return _section(cutoff_hz, rate_hz)


def group_delay_s(cutoff_hz: float) -> float:
    """Low-frequency group delay of `causal_section`, s (analogue value)."""
    return math.sqrt(2.0) / (2.0 * math.pi * cutoff_hz)


def _section(design_hz: float, rate_hz: float) -> Section:
    b, a = signal.butter(2, design_hz, fs=rate_hz)
    # After this many samples what the section still remembers of a step is under half a per cent.
    pad = math.ceil(1.1 * rate_hz / design_hz)
    return Section(b, a, signal.lfilter_zi(b, a), pad)


@kernel
def _advance(x: np.ndarray, section: Section, state: np.ndarray, out: np.ndarray) -> None:
    """One sample of channels side by side through the section; `out` may be `x`."""
    b0, b1, b2 = section.b[0], section.b[1], section.b[2]
    a1, a2 = section.a[1], section.a[2]
    for c in range(x.shape[0]):
        v = x[c]
        y = b0 * v + state[0, c]
        state[0, c] = b1 * v - a1 * y + state[1, c]
        state[1, c] = b2 * v - a2 * y
        out[c] = y


@kernel
def _settle(x: np.ndarray, section: Section, state: np.ndarray) -> None:
    """State of channels that have been `x` for ever."""
    for c in range(x.shape[0]):
        state[0, c] = section.zi[0] * x[c]
        state[1, c] = section.zi[1] * x[c]


@kernel
def zero_lag(x: np.ndarray, section: Section, work: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Filter every column forward and back.

    Parameters
    ----------
    x : shape (n, channels), n >= 2.
    work : shape (>= n + 2 pad,), scratch. As many channels as (pad + 3) go into it are filtered side by
        side, which is quicker: `scratch` makes room for all.
    out : shape (n, channels), may be `x`.

    Returns
    -------
    `out`. Ends are extended by point reflection over `section.pad` samples, at most n - 1, and each
    pass starts in the settled state of its first sample (as `scipy.signal.filtfilt` does).
    """
    n, channels = x.shape
    pad = min(section.pad, n - 1)
    width = min(channels, work.shape[0] // (pad + 3))
    for first in range(0, channels, width):
        last = min(first + width, channels)
        k = last - first
        state = work[: 2 * k].reshape((2, k))
        row = work[2 * k : 3 * k]
        # The extension beyond the end; what comes out of the one before the start is never needed.
        tail = work[3 * k : (3 + pad) * k].reshape((pad, k))
        for i in range(pad):
            for c in range(k):
                tail[i, c] = 2.0 * x[n - 1, first + c] - x[n - 2 - i, first + c]
        for i in range(pad):
            for c in range(k):
                row[c] = 2.0 * x[0, first + c] - x[pad - i, first + c]
            if i == 0:
                _settle(row, section, state)
            _advance(row, section, state, row)
        for i in range(n):
            _advance(x[i, first:last], section, state, out[i, first:last])
        for i in range(pad):
            _advance(tail[i], section, state, tail[i])
        _settle(tail[pad - 1], section, state)
        for i in range(pad - 1, -1, -1):
            _advance(tail[i], section, state, row)
        for i in range(n - 1, -1, -1):
            _advance(out[i, first:last], section, state, out[i, first:last])
    return out


@kernel
def causal_step(x: np.ndarray, section: Section, state: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Filter one sample of every channel, keeping state.

    Parameters
    ----------
    x : shape (channels,). A channel that is NaN gives NaN and restarts at its next value.
    state : shape (channels, 2), NaN before the first sample.
    out : shape (channels,).
    """
    b0, b1, b2 = section.b[0], section.b[1], section.b[2]
    a1, a2 = section.a[1], section.a[2]
    for c in range(x.shape[0]):
        v = x[c]
        if np.isnan(state[c, 0]) and not np.isnan(v):
            state[c, 0] = section.zi[0] * v
            state[c, 1] = section.zi[1] * v
        y = b0 * v + state[c, 0]
        state[c, 0] = b1 * v - a1 * y + state[c, 1]
        state[c, 1] = b2 * v - a2 * y
        out[c] = y
    return out
