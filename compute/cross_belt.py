"""Steps that load both belts (the double-belt problem, Ben-Gal 2020)."""

import numpy as np

from compute.conventions import Side
from compute.evidence import Evidence
from compute.filters import zero_lag, zero_lag_section
from compute.jit import kernel
from compute.kinematic_events import (
    SWING_SPEED_M_PER_S,
    FootPaths,
    against_belt,
    events_of,
    foot_in_swing,
    nearest_event,
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
    return evidence.paths is not None and (
        _loaded_in_swing(evidence, evidence.paths)
        or _events_disagree(evidence, evidence.paths)
        or _moves_otherwise(evidence, evidence.paths)
    )


def _loaded_in_swing(evidence: Evidence, paths: FootPaths) -> bool:
    """A belt carries load while its own foot swings, within this stance."""
    stance, settings = evidence.stance, evidence.settings
    section = zero_lag_section(_LOW_PASS_HZ, evidence.force_hz)
    fz = np.ascontiguousarray(evidence.wrench[:, :, 1])
    zero_lag(fz, section, np.empty(2 * len(fz) + 4 * section.pad), fz)
    longest = max(
        longest_loaded(
            evidence.force_time_s, fz[:, side], evidence.marker_time_s, foot_in_swing(paths, side),
            stance.t_on_s, stance.t_off_s, settings.cross_belt_n,
        )
        for side in Side
    )  # fmt: skip
    return bool(longest > settings.cross_belt_s * evidence.force_hz)


@kernel
def longest_loaded(
    time_s: np.ndarray,
    fz_n: np.ndarray,
    marker_time_s: np.ndarray,
    swing: np.ndarray,
    first_s: float,
    last_s: float,
    limit_n: float,
) -> int:
    """Most plate samples in a row, within a time, that carry more than `limit_n` while a foot swings.

    Parameters
    ----------
    time_s, fz_n : shape (k,). marker_time_s, swing : shape (n,); the frame at or after a sample counts.
    """
    longest = run = frame = 0
    for i in range(time_s.shape[0]):
        while frame < swing.shape[0] - 1 and marker_time_s[frame] < time_s[i]:
            frame += 1
        inside = first_s <= time_s[i] <= last_s
        run = run + 1 if inside and swing[frame] and fz_n[i] > limit_n else 0
        longest = max(longest, run)
    return longest


def _events_disagree(evidence: Evidence, paths: FootPaths) -> bool:
    """Heel strike or toe-off of the plate is not that of this foot by the markers."""
    stance, settings = evidence.stance, evidence.settings
    limit_s = max(settings.max_event_gap_s, settings.max_event_gap_share * stance.stance_s)
    strikes_s, toe_offs_s = events_of(paths, stance.side)
    return (
        abs(nearest_event(strikes_s, stance.t_on_s) - stance.t_on_s) > limit_s
        or abs(nearest_event(toe_offs_s, stance.t_off_s) - stance.t_off_s) > limit_s
    )


def _moves_otherwise(evidence: Evidence, paths: FootPaths) -> bool:
    """The foot is still on its way when the plate is loaded, or stays when the plate is left.

    The events of `_events_disagree` need the turn of the foot to lie well inside the samples; this does
    not. Without a toe the heel, which rises early, leaves the second half unseen.
    """
    stance = evidence.stance
    landed, left = stance.t_on_s + _SETTLED_S, stance.t_off_s + _SETTLED_S
    time_s, speed, side = paths.time_s, paths.speed_m_per_s, int(stance.side)
    if against_belt_at(time_s, speed, side, landed) > SWING_SPEED_M_PER_S:
        return True
    return bool(
        left <= time_s[-1] and against_belt_at(time_s, speed, side, left) < _RESTING_M_PER_S
    )


@kernel
def against_belt_at(time_s: np.ndarray, speed_m_per_s: np.ndarray, side: int, at_s: float) -> float:
    """`against_belt` at a time, between two frames; beyond the ends that of the last frame."""
    i = int(np.searchsorted(time_s, at_s))
    if i == 0 or i == time_s.shape[0]:
        return against_belt(speed_m_per_s[max(i - 1, 0)], side)
    low, high = against_belt(speed_m_per_s[i - 1], side), against_belt(speed_m_per_s[i], side)
    return low + (high - low) * (at_s - time_s[i - 1]) / (time_s[i] - time_s[i - 1])
