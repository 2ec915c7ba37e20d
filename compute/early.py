"""The first EKAM peak while the stance still lasts.

Peak 1 needs no toe-off. Once half of the predicted stance is over it is scored from the samples that
are there, moves the walker's bar at once, and is confirmed or withdrawn by the final score.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from math import nan
from statistics import median

from compute.conventions import Side
from compute.stance import Stance

USED_STANCES = 5
NEEDED_STANCES = 2


class Phase(IntEnum):
    """What a published value is; the number stands in the stream of stances."""

    EARLY = 0
    FINAL = 1
    WITHDRAWN = 2


@dataclass(frozen=True)
class Early:
    """First EKAM peak of a stance that has not ended.

    Attributes
    ----------
    t_on_s : heel strike. t_s : stamp of the deciding marker sample; nothing later went into it.
    """

    side: Side
    t_on_s: float
    t_s: float
    ekam_peak1_nm: float
    body_mass_kg: float

    @property
    def phase(self) -> Phase:
        """Not yet confirmed."""
        return Phase.EARLY

    @property
    def ekam_peak1_nm_per_kg(self) -> float:
        """First EKAM peak, N·m per kg of body mass."""
        return self.ekam_peak1_nm / self.body_mass_kg


def phase_of(stance: Stance) -> Phase:
    """Of a final stance: withdrawn if it had an early value and is rejected."""
    withdrawn = not stance.valid and stance.early_peak1_nm == stance.early_peak1_nm
    return Phase.WITHDRAWN if withdrawn else Phase.FINAL


class StanceClock:
    """Predicts how long the next stance of a leg will last: the median of its last ones.

    Parameters
    ----------
    min_s, max_s : contacts that were shorter or longer were no steps and do not count.
    """

    def __init__(self, min_s: float, max_s: float) -> None:
        self._limits_s = min_s, max_s
        self._last_s: deque[float] = deque(maxlen=USED_STANCES)

    def add(self, stance_s: float) -> None:
        """Take the duration of a finished contact."""
        if self._limits_s[0] <= stance_s <= self._limits_s[1]:
            self._last_s.append(stance_s)

    def predict_s(self) -> float:
        """Duration of the next stance; NaN before two are known."""
        return median(self._last_s) if len(self._last_s) >= NEEDED_STANCES else nan
