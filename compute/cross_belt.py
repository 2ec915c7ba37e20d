"""Steps that load both belts (the double-belt problem, Ben-Gal 2020)."""

import numpy as np

from compute.conventions import Side
from compute.evidence import Evidence
from compute.filters import zero_lag, zero_lag_section
from compute.kinematic_events import (
    SWING_SPEED_M_PER_S,
    foot_in_swing,
    kinematic_events,
    stance_events,
)

_LOW_PASS_HZ = 20.0
"""Below the vibration of belts and motors."""
_RESTING_M_PER_S = 0.1
"""A foot slower than this against the belt still rests on it; a slow walker's toe leaves at little more."""
_SETTLED_S = 0.08
"""On clean stances the foot was slow 8 ms after heel strike at the latest, fast 28 ms before toe-off; a
foot that rolls off its toe to the last (the synthetic walker) 51 ms after toe-off."""


def crosses_belts(evidence: Evidence) -> bool:
    """A foot is, or was, on the other foot's belt.

    Either this foot also loads the other belt (which carries something while the other foot is in the
    air), or the other foot loads this belt (which was loaded well before this foot came, or well after
    it left, by the markers).
    """
    return (
        _loaded_in_swing(evidence, evidence.stance.side.other)
        or _loaded_in_swing(evidence, evidence.stance.side)
        or _events_disagree(evidence)
        or _moves_otherwise(evidence)
    )


def _loaded_in_swing(evidence: Evidence, side: Side) -> bool:
    """A belt carries load while its own foot swings, within this stance."""
    if evidence.paths is None:
        return False
    settings = evidence.settings
    swing = foot_in_swing(evidence.paths, side)
    if not swing.any():
        return False
    time_s = evidence.force_time_s
    fz = np.ascontiguousarray(evidence.wrench[:, side, 1:2])
    section = zero_lag_section(_LOW_PASS_HZ, evidence.force_hz)
    fz = zero_lag(fz, section, np.empty(len(fz) + 2 * section.pad), np.empty_like(fz))[:, 0]
    at = np.clip(np.searchsorted(evidence.marker_time_s, time_s), 0, len(swing) - 1)
    loaded = (fz > settings.cross_belt_n) & swing[at] & evidence.in_contact()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loaded, [False]]).astype(np.int8)))
    longest = int((edges[1::2] - edges[::2]).max(initial=0))
    return longest > settings.cross_belt_s * evidence.force_hz


def _events_disagree(evidence: Evidence) -> bool:
    """Heel strike or toe-off of the plate is not that of this foot by the markers."""
    if evidence.paths is None:
        return False
    stance, settings = evidence.stance, evidence.settings
    limit_s = max(settings.max_event_gap_s, settings.max_event_gap_share * stance.stance_s)
    seen = stance_events(
        kinematic_events(evidence.paths), stance.side, stance.t_on_s, stance.t_off_s
    )
    return (
        abs(seen.kinematic_on_s - stance.t_on_s) > limit_s
        or abs(seen.kinematic_off_s - stance.t_off_s) > limit_s
    )


def _moves_otherwise(evidence: Evidence) -> bool:
    """The foot is still on its way when the plate is loaded, or stays when the plate is left.

    The events of `_events_disagree` need the turn of the foot to lie well inside the samples; this does
    not. Without a toe the heel, which rises early, leaves the second half unseen.
    """
    paths, stance = evidence.paths, evidence.stance
    if paths is None:
        return False
    points = np.concatenate([paths.heel_m, paths.toe_m], axis=1)
    speed = np.gradient(points, paths.time_s, axis=0)
    own = np.minimum(speed[:, stance.side], speed[:, 2 + stance.side]) - speed.min(axis=1)
    landed, left = stance.t_on_s + _SETTLED_S, stance.t_off_s + _SETTLED_S
    if np.interp(landed, paths.time_s, own) > SWING_SPEED_M_PER_S:
        return True
    return bool(left <= paths.time_s[-1] and np.interp(left, paths.time_s, own) < _RESTING_M_PER_S)
