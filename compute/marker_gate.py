"""Markers of the shank that jump, trade places or sit elsewhere than before."""

from itertools import combinations

import numpy as np

from compute.body import FOOT, leg_row
from compute.evidence import Evidence
from compute.pose import LANDMARKS

_TRADED_M = 0.03
"""Two labels that trade places both move at least this far in one frame."""


def jumped(evidence: Evidence) -> bool:
    """A marker that carries the shank leaves its path within a frame: a reflection, or it fell off.

    Its second difference is that of a body that is accelerated no harder than a leg can be.
    """
    settings, dt = evidence.settings, 1.0 / evidence.marker_hz
    at = _around(evidence)[:, _shank_rows(evidence)]
    bend = np.linalg.norm(at[2:] - 2.0 * at[1:-1] + at[:-2], axis=2)
    return bool(bend.max(initial=0.0) > settings.max_jump_m + settings.max_jump_m_per_s2 * dt * dt)


def exchanged(evidence: Evidence) -> bool:
    """From one frame to the next a marker of shank or foot lies where another was, and the reverse.

    For a common movement v and a distance s of both, ``|v + s| + |v - s| >= 2 |v|``: no movement of a
    body brings two labels nearer to each other's places than to their own.
    """
    at = _around(evidence)
    steps = np.linalg.norm(np.diff(at, axis=0), axis=2)
    foot = evidence.leg.foot.rows
    for a in {*_shank_rows(evidence), *foot[foot >= 0].tolist()}:
        for k in np.flatnonzero(steps[:, a] > _TRADED_M):
            crossed = np.linalg.norm(at[k + 1, a] - at[k], axis=1)
            crossed += np.linalg.norm(at[k + 1] - at[k, a], axis=1)
            traded = (steps[k] > _TRADED_M) & (crossed < 0.5 * (steps[k] + steps[k, a]))
            if np.delete(traded, a).any():
                return True
    return False


def apart(evidence: Evidence) -> bool:
    """Shank and foot carry the ankle joint centre to different places: one of them has turned.

    A cluster of three that turns when a marker slips off its plane hardly bends.
    """
    stance, inside = evidence.stance, evidence.inside
    foot = evidence.raw_poses.origin_m[inside, leg_row(stance.side, FOOT)]
    gap = np.linalg.norm(evidence.raw_poses.ajc_m[inside, stance.side] - foot, axis=1)
    return bool(np.median(gap) > evidence.settings.max_ankle_gap_m)


def widths_m(evidence: Evidence) -> np.ndarray:
    """Median distances between the landmarks that carry the tibia; empty for a cluster."""
    if evidence.leg.shank.mode != LANDMARKS:
        return np.empty(0)
    at = evidence.markers_m[evidence.inside]
    pairs = combinations(_shank_rows(evidence), 2)
    return np.array([np.median(np.linalg.norm(at[:, a] - at[:, b], axis=1)) for a, b in pairs])


def _shank_rows(evidence: Evidence) -> list[int]:
    shank = evidence.leg.shank
    rows = (
        np.concatenate([shank.knee, shank.ankle, shank.axis])
        if shank.mode == LANDMARKS
        else shank.cluster
    )
    return sorted(set(rows.tolist()))


def _around(evidence: Evidence) -> np.ndarray:
    """Frames of the stance and one on either side."""
    inside = evidence.inside
    return np.asarray(evidence.markers_m[max(inside.start - 1, 0) : inside.stop + 1])
