"""The trial of a calibration: which markers are seen in it, and where they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from compute.filters import zero_lag, zero_lag_section
from compute.landmarks import PURPOSE
from compute.subject import Check, Point

WINDOW_S = 1.0
MIN_WINDOW_S = 0.5
MIN_PRESENT = 0.95
MIN_PRESENT_WALKING = 0.5
"""A walk shows a cluster often enough in half of its frames; every static frame counts."""


class CalibrationError(ValueError):
    """The trial cannot calibrate: one sentence that names the thing and the cure.

    Attributes
    ----------
    checks : every check of the trial where it came to them; those that refuse made the sentence.
    """

    def __init__(self, said: str, checks: tuple[Check, ...] = ()) -> None:
        super().__init__(said)
        self.checks = checks


class Frames(NamedTuple):
    """A segment's frame at n instants: R_lab_from_segment (n, 3, 3) and its origin (n, 3), lab, m."""

    r: np.ndarray
    origin_m: np.ndarray

    def local(self, at_m: np.ndarray) -> np.ndarray:
        """Positions (n, 3) of the lab in the segment frame, shape (n, 3)."""
        return np.einsum("nji,nj->ni", self.r, at_m - self.origin_m)


@dataclass(frozen=True)
class Trial:
    """Markers at the instants from which a body is calibrated.

    Attributes
    ----------
    at_m : canonical name -> positions, shape (n, 3), lab. One instant of a static trial: the mean over
        its stillest second. Every frame of a walk.
    right : shape (3,), the person's own left-to-right direction, unit vector, horizontal.
    usable : markers that may carry or build an optional segment: seen often enough.
    """

    at_m: Mapping[str, np.ndarray]
    right: np.ndarray
    walking: bool
    usable: frozenset[str]

    def has(self, *names: str) -> bool:
        """Whether all these markers can be used."""
        return self.usable.issuperset(names)

    def middle(self, *names: str) -> np.ndarray:
        """Mean of markers, shape (n, 3)."""
        return np.asarray(np.mean([self.at_m[name] for name in names], axis=0))

    def everywhere(self, direction: np.ndarray) -> np.ndarray:
        """A constant direction at every instant, shape (n, 3)."""
        n = len(next(iter(self.at_m.values())))
        return np.broadcast_to(direction, (n, 3))


def typical(local_m: np.ndarray) -> Point:
    """One point from its positions (n, 3) in a segment frame: the median of each coordinate.

    Over a walk the median keeps a marker that slips for a few steps, or two that are exchanged for some
    frames, from moving the point.
    """
    x, y, z = np.nanmedian(local_m, axis=0)
    return float(x), float(y), float(z)


def typical_length(vectors_m: np.ndarray) -> float:
    """Median length of vectors, shape (n, 3)."""
    return float(np.nanmedian(np.linalg.norm(vectors_m, axis=1)))


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors (n, 3) of length one."""
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True))


def seen(x: np.ndarray) -> float:
    """Share of the frames in which a marker is there."""
    return float(np.mean(~np.isnan(x).any(axis=1)))


def in_view(markers_m: Mapping[str, np.ndarray], needed: Iterable[str]) -> slice:
    """From the first to the last frame of a walk in which every needed marker is there."""
    there = np.all([~np.isnan(markers_m[name]).any(axis=1) for name in needed], axis=0)
    frames = np.flatnonzero(there)
    return slice(int(frames[0]), int(frames[-1]) + 1) if len(frames) else slice(0, len(there))


def require_present(markers_m: Mapping[str, np.ndarray], needed: Iterable[str]) -> None:
    """Every needed marker is seen nearly always."""
    share = {name: seen(markers_m[name]) for name in sorted(needed)}
    gone = [name for name in share if share[name] < MIN_PRESENT]
    if gone:
        raise CalibrationError(
            "; ".join(
                f"{name} ({PURPOSE[name]}) is seen in {share[name]:.0%} of the frames"
                for name in gone
            )
            + f": at least {MIN_PRESENT:.0%} are needed; record again with these markers in view"
        )


def stillest(
    markers_m: Mapping[str, np.ndarray], names: list[str], rate_hz: float
) -> tuple[slice, str, float]:
    """The second of quietest standing, and the marker that moves most in it.

    Speeds are taken after 6 Hz; the second is the one with the lowest mean speed of all markers.

    Returns
    -------
    Frames of the window; name and mean speed (m/s) of its fastest marker.
    """
    stacked = np.stack([markers_m[name] for name in names], axis=1)
    n = len(stacked)
    if n < MIN_WINDOW_S * rate_hz:
        raise CalibrationError(
            f"the static trial lasts {n / rate_hz:.2f} s: at least {MIN_WINDOW_S} s of quiet standing are "
            "needed"
        )
    section = zero_lag_section(6.0, rate_hz)
    flat = stacked.reshape(n, -1).copy()
    for column in flat.T:  # a blink must not blank the whole column in the filter
        gone = np.isnan(column)
        if gone.any() and not gone.all():
            column[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), column[~gone])
    smooth = zero_lag(flat, section, np.empty(n + 2 * section.pad), np.empty_like(flat))
    step = np.diff(smooth.reshape(stacked.shape), axis=0) * rate_hz
    speed = np.linalg.norm(step, axis=2)
    length = min(n, round(WINDOW_S * rate_hz))
    best, quietest = slice(0, length), np.full(len(names), np.inf)
    for first in range(0, n - length + 1, max(1, round(0.1 * rate_hz))):
        each = speed[first : first + length - 1].mean(axis=0)
        if each.mean() < quietest.mean():
            best, quietest = slice(first, first + length), each
    fastest = int(np.argmax(quietest))
    return best, names[fastest], float(quietest[fastest])
