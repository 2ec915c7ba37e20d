"""Numbers read off one stance's curves."""

from typing import NamedTuple

import numpy as np

PEAK1_WINDOW_PCT = (8.0, 50.0)
"""First-peak search in % of stance; the contact transient before 8 % is skipped."""
PEAK2_WINDOW_PCT = (50.0, 100.0)


class Peak(NamedTuple):
    """A maximum of a curve.

    Attributes
    ----------
    value : at the vertex of the parabola through the highest sample and its neighbours, so that the
        marker rate does not lower it; the highest sample itself where there is no local maximum.
    at_pct : % of stance.
    local : False when the window holds no local maximum (a flank or plateau).
    """

    value: float
    at_pct: float
    local: bool


def peak(pct: np.ndarray, curve: np.ndarray, window_pct: tuple[float, float]) -> Peak:
    """Highest local maximum of `curve` inside a window of the stance.

    Parameters
    ----------
    pct, curve : shape (n,), % of stance and the curve there, evenly spaced.
    """
    inside = np.flatnonzero((pct >= window_pct[0]) & (pct <= window_pct[1]))
    if len(inside) == 0:
        return Peak(np.nan, np.nan, False)
    local = [
        i
        for i in inside
        if 0 < i < len(curve) - 1 and curve[i] >= curve[i - 1] and curve[i] > curve[i + 1]
    ]
    if not local:
        top = inside[np.argmax(curve[inside])]
        return Peak(float(curve[top]), float(pct[top]), False)
    top = max(local, key=lambda i: float(curve[i]))
    before, at, after = curve[top - 1], curve[top], curve[top + 1]
    shift = 0.5 * (before - after) / (before - 2.0 * at + after)
    value = at - 0.25 * (before - after) * shift
    return Peak(float(value), float(pct[top] + shift * (pct[top + 1] - pct[top])), True)


def positive_impulse(time_s: np.ndarray, curve: np.ndarray) -> float:
    """Integral of the positive part of a curve over time (trapezoids)."""
    return float(np.trapezoid(np.maximum(curve, 0.0), time_s))


def valley(pct: np.ndarray, curve: np.ndarray, first: Peak, second: Peak) -> float:
    """Lowest value between the two peaks; NaN if either is not a local maximum."""
    if not (first.local and second.local):
        return float("nan")
    between = curve[(pct >= first.at_pct) & (pct <= second.at_pct)]
    return float(between.min()) if len(between) else float("nan")
