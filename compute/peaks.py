"""Maxima of sampled curves: how far they stand out, and where they lie between two samples."""

from typing import NamedTuple

import numpy as np

from compute.jit import kernel


class Peak(NamedTuple):
    """A maximum of a curve.

    Attributes
    ----------
    value : at the vertex of the parabola through the highest sample and its neighbours, so that the
        marker rate does not lower it; the highest sample itself where there is no local maximum.
    at_pct : % of stance.
    local : False when the window holds no local maximum that stands out (a flank or plateau).
    """

    value: float
    at_pct: float
    local: bool


@kernel
def prominence_of(curve: np.ndarray, top: int) -> float:
    """How far a maximum stands out: down to the higher of the lowest points before it is reached again."""
    base = -np.inf
    for step in (-1, 1):
        lowest, i = curve[top], top + step
        while 0 <= i < curve.shape[0] and not curve[i] > curve[top]:
            lowest = min(lowest, curve[i])
            i += step
        base = max(base, lowest)
    return curve[top] - base


@kernel
def highest(curve: np.ndarray, first: int, last: int, prominence: float) -> tuple[int, bool]:
    """Highest local maximum among [first, last), else the highest sample; -1 where all is missing."""
    top, best = -1, -1
    for i in range(first, last):
        if np.isnan(curve[i]):
            continue
        if best < 0 or curve[i] > curve[best]:
            best = i
        if (
            0 < i < curve.shape[0] - 1
            and curve[i] >= curve[i - 1]
            and curve[i] > curve[i + 1]
            and (top < 0 or curve[i] > curve[top])
            and prominence_of(curve, i) >= prominence
        ):
            top = i
    return (top, True) if top >= 0 else (best, False)


@kernel
def peak_within(
    pct: np.ndarray, curve: np.ndarray, low_pct: float, high_pct: float, prominence: float
) -> tuple[float, float, bool]:
    """`peak` for kernels: value, % of stance, whether it is a local maximum."""
    first = int(np.searchsorted(pct, low_pct))
    last = int(np.searchsorted(pct, high_pct, side="right"))
    top, local = highest(curve, first, last, prominence)
    if top < 0:
        return np.nan, np.nan, False
    if not local:
        return curve[top], pct[top], False
    before, at, after = curve[top - 1], curve[top], curve[top + 1]
    shift = 0.5 * (before - after) / (before - 2.0 * at + after)
    value = at - 0.25 * (before - after) * shift
    return value, pct[top] + shift * (pct[top + 1] - pct[top]), True


def peak(
    pct: np.ndarray, curve: np.ndarray, window_pct: tuple[float, float], prominence: float = 0.0
) -> Peak:
    """Highest local maximum of `curve` inside a window of the stance.

    Parameters
    ----------
    pct, curve : shape (n,), % of stance and the curve there, evenly spaced.
    prominence : by which a local maximum must stand out of the whole curve, in its unit.
    """
    return Peak(*peak_within(pct, curve, window_pct[0], window_pct[1], float(prominence)))


@kernel
def maxima(time_s: np.ndarray, x: np.ndarray, prominence: float, out: np.ndarray) -> int:
    """Times of all maxima that stand out by `prominence`, at the vertex of the parabola through them.

    Parameters
    ----------
    time_s, x : shape (n,). A level top counts once, at its middle.
    out : shape (>= n,), receives the times.

    Returns
    -------
    Number of maxima.
    """
    found, i, n = 0, 1, x.shape[0]
    while i < n - 1:
        end = i + 1
        if x[i - 1] < x[i]:
            while end < n - 1 and x[end] == x[i]:
                end += 1
            top = (i + end - 1) // 2
            if x[end] < x[i] and prominence_of(x, top) >= prominence:
                before, at, after = x[top - 1], x[top], x[top + 1]
                bend = before - 2.0 * at + after
                shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
                if shift < 0.0:
                    out[found] = time_s[top] + shift * (time_s[top] - time_s[top - 1])
                else:
                    out[found] = time_s[top] + shift * (time_s[top + 1] - time_s[top])
                found += 1
        i = end
    return found
