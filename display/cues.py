"""Which sound goes with a picture: a short tone with the verdict of a step, never before it.

High for a step in the target, low for one outside; on the side of the leg. No Qt.
"""

from dataclasses import dataclass
from math import isfinite, pi

import numpy as np

from compute.conventions import Side
from compute.feedback import WalkerFeedback

RATE_HZ = 44100
TONE_S = 0.09
FADE_S = 0.01
"""Of a tone's begin and end, so that it does not click."""
INSIDE_HZ, OUTSIDE_HZ = 880.0, 330.0
LOUDNESS = 0.5
OTHER_EAR = 0.25
"""Share of the loudness on the side of the other leg."""


@dataclass(frozen=True)
class Cue:
    """One sound."""

    side: Side
    inside: bool


CUES = tuple(Cue(side, inside) for side in Side for inside in (True, False))


def cue(before: WalkerFeedback, after: WalkerFeedback) -> Cue | None:
    """Sound of the step that `after` judges and `before` did not; None for silence.

    Only the verdict on a valid step is heard: neither an early nor a rejected one, nor a baseline.
    """
    if after.sound == "off" or not after.tells:
        return None
    for leg in (after.left, after.right):
        known = before.leg(leg.side)
        judged = leg.phase == "feedback" and not leg.rejected and isfinite(leg.value)
        if leg.stance != known.stance and judged and (leg.in_band or after.sound == "both"):
            return Cue(leg.side, leg.in_band)
    return None


def samples(which: Cue) -> np.ndarray:
    """A cue's sound at `RATE_HZ`, shape (n, 2), left and right ear, 16 bit."""
    time_s = np.arange(int(TONE_S * RATE_HZ)) / RATE_HZ
    tone = np.sin(2.0 * pi * (INSIDE_HZ if which.inside else OUTSIDE_HZ) * time_s)
    tone *= np.clip(np.minimum(time_s, time_s[-1] - time_s) / FADE_S, 0.0, 1.0)
    ears = np.full(2, OTHER_EAR)
    ears[which.side] = 1.0
    return np.round(32767.0 * LOUDNESS * tone[:, None] * ears).astype("<i2")
