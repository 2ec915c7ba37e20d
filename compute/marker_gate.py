"""Markers of the shank that jump, trade places or sit elsewhere than before."""

from itertools import combinations

import numpy as np

from compute.body import FOOT, leg_row
from compute.evidence import Evidence
from compute.jit import kernel
from compute.pose import LANDMARKS

_TRADED_M = 0.03
"""Two labels that trade places both move at least this far in one frame."""


def jumped(evidence: Evidence) -> bool:
    """A marker that carries the shank leaves its path within a frame: a reflection, or it fell off.

    Its second difference is that of a body that is accelerated no harder than a leg can be.
    """
    settings, dt = evidence.settings, 1.0 / evidence.marker_hz
    limit_m = settings.max_jump_m + settings.max_jump_m_per_s2 * dt * dt
    return bool(sharpest_bend_m(_around(evidence), _shank_rows(evidence)) > limit_m)


def exchanged(evidence: Evidence) -> bool:
    """From one frame to the next a marker of shank or foot lies where another was, and the reverse.

    For a common movement v and a distance s of both, ``|v + s| + |v - s| >= 2 |v|``: no movement of a
    body brings two labels nearer to each other's places than to their own.
    """
    foot = evidence.leg.foot.rows
    rows = np.concatenate([_shank_rows(evidence), foot[foot >= 0]])
    return bool(trade_places(_around(evidence), rows, _TRADED_M))


def apart(evidence: Evidence) -> bool:
    """Shank and foot carry the ankle joint centre to different places: one of them has turned.

    A cluster of three that turns when a marker slips off its plane hardly bends.
    """
    stance, inside = evidence.stance, evidence.inside
    foot = evidence.raw_poses.origin_m[inside, leg_row(stance.side, FOOT)]
    gaps_m = np.empty(len(foot))
    return bool(
        median_distance_m(evidence.raw_poses.ajc_m[inside, stance.side], foot, gaps_m)
        > evidence.settings.max_ankle_gap_m
    )


def widths_m(evidence: Evidence) -> np.ndarray:
    """Median distances between the landmarks that carry the tibia; empty for a cluster."""
    if evidence.leg.shank.mode != LANDMARKS:
        return np.empty(0)
    at, scratch = evidence.markers_m[evidence.inside], np.empty(len(evidence.markers_m))
    pairs = combinations(_shank_rows(evidence).tolist(), 2)
    return np.array([median_distance_m(at[:, a], at[:, b], scratch) for a, b in pairs])


def _shank_rows(evidence: Evidence) -> np.ndarray:
    shank = evidence.leg.shank
    if shank.mode != LANDMARKS:
        return np.asarray(shank.cluster)
    return np.unique(np.concatenate([shank.knee, shank.ankle, shank.axis]))


@kernel
def distance_m(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two points, shape (3,)."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return np.sqrt(x * x + y * y + z * z)


@kernel
def median_distance_m(a: np.ndarray, b: np.ndarray, scratch: np.ndarray) -> float:
    """Median distance of two points over n frames, shapes (n, 3); NaN where one is missing.

    scratch : shape (>= n,).
    """
    n = a.shape[0]
    for i in range(n):
        scratch[i] = distance_m(a[i], b[i])
        if np.isnan(scratch[i]):
            return np.nan
    return np.median(scratch[:n])


@kernel
def sharpest_bend_m(markers_m: np.ndarray, rows: np.ndarray) -> float:
    """Largest second difference of some markers; missing ones do not count.

    markers_m : shape (n, markers, 3).
    """
    largest = 0.0
    for i in range(1, markers_m.shape[0] - 1):
        for row in rows:
            total = 0.0
            for j in range(3):
                before, after = markers_m[i - 1, row, j], markers_m[i + 1, row, j]
                bend = after - 2.0 * markers_m[i, row, j] + before
                total += bend * bend
            if total > largest:
                largest = total
    return np.sqrt(largest)


@kernel
def trade_places(markers_m: np.ndarray, rows: np.ndarray, least_m: float) -> bool:
    """Whether one of some markers and any other one change places from one frame to the next.

    Parameters
    ----------
    markers_m : shape (n, markers, 3). rows : those of the leg. least_m : both move by more than this.
    """
    for k in range(markers_m.shape[0] - 1):
        now, then = markers_m[k], markers_m[k + 1]
        for a in rows:
            own = distance_m(then[a], now[a])
            if not own > least_m:
                continue
            for b in range(markers_m.shape[1]):
                other = distance_m(then[b], now[b])
                if b == a or not other > least_m:
                    continue
                crossed = distance_m(then[a], now[b]) + distance_m(then[b], now[a])
                if crossed < 0.5 * (other + own):
                    return True
    return False


def _around(evidence: Evidence) -> np.ndarray:
    """Frames of the stance and one on either side."""
    inside = evidence.inside
    return np.asarray(evidence.markers_m[max(inside.start - 1, 0) : inside.stop + 1])
