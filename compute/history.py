"""What the stances before tell about this one."""

from collections import deque
from statistics import median
from typing import Any

import numpy as np

from compute.conventions import Side
from compute.stance import Stance

KEPT = 30
SPEEDS = 5
_LONGEST_STRIDE_S = 3.0
_NEEDED_WIDTHS = 2
_NOT_WHOLE = {"cross_belt", "short_stance", "late_data", "plate_saturated"}
"""With one of these, what the plates carried during a stance is not all of its load."""


class History:
    """The last stances of both legs, in the order in which they were scored."""

    def __init__(self) -> None:
        self._legs: tuple[deque[Stance], deque[Stance]] = (deque(maxlen=KEPT), deque(maxlen=KEPT))
        self._last: dict[Side, Stance] = {}
        self._speeds: deque[float] = deque(maxlen=SPEEDS)
        self._widths_m: tuple[deque[np.ndarray], deque[np.ndarray]] = (
            deque(maxlen=KEPT),
            deque(maxlen=KEPT),
        )
        self._measured: tuple[int, np.ndarray] = (0, np.empty(0))

    def add(self, stance: Stance) -> None:
        """Take a judged stance."""
        # Outliers count: a lasting change of gait must become the new normal.
        if not set(stance.reasons) - {"outlier"}:
            self._legs[stance.side].append(stance)
            number, widths_m = self._measured
            if number == stance.number:
                self._widths_m[stance.side].append(widths_m)
        if stance.belt_speed_m_per_s == stance.belt_speed_m_per_s:
            self._speeds.append(stance.belt_speed_m_per_s)
        self._last[stance.side] = stance

    def measure(self, stance: Stance, widths_m: np.ndarray) -> None:
        """Note the distances between the landmarks of a stance; they count once `add` takes it as good."""
        self._measured = (stance.number, widths_m)

    def widths_m(self, side: Side) -> np.ndarray:
        """Median distances between the landmarks of a leg over its last good stances; empty before two."""
        seen = self._widths_m[side]
        if seen and not len(seen[-1]):
            return seen[-1]
        return np.median(seen, axis=0) if len(seen) >= _NEEDED_WIDTHS else np.empty(0)

    def broken_since(self, time_s: float) -> bool:
        """Whether the last stance of a leg, if it began after this time, was not measured as a whole."""
        return any(
            last.t_on_s >= time_s and not _NOT_WHOLE.isdisjoint(last.reasons)
            for last in self._last.values()
        )

    def peaks_nm(self, side: Side) -> list[float]:
        """First EKAM peaks of the last counted stances of a leg, oldest first."""
        return [stance.ekam_peak1_nm for stance in self._legs[side]]

    def belt_speed_m_per_s(self) -> float:
        """Median speed of the stance foot over the last stances of both legs; NaN before three."""
        return median(self._speeds) if len(self._speeds) >= 3 else float("nan")

    def relate(self, stance: Stance, numbers: dict[str, Any]) -> dict[str, float]:
        """What compares a stance with the ones before, by the field of `Stance`.

        Parameters
        ----------
        stance : side and times. numbers : its own values, from `compute.features.read_off`.
        """
        before, other = self._last.get(stance.side), self._last.get(stance.side.other)
        found: dict[str, float] = {}
        if before is not None and stance.t_on_s - before.t_on_s <= _LONGEST_STRIDE_S:
            found["stride_s"] = stance.t_on_s - before.t_on_s
            found["stride_length_m"] = (
                numbers["belt_speed_m_per_s"] * found["stride_s"]
                + numbers["heel_forward_m"]
                - before.heel_forward_m
            )
        if other is not None and other.valid and stance.t_on_s - other.t_on_s <= _LONGEST_STRIDE_S:
            peaks_nm, times_s = (
                (numbers["ekam_peak1_nm"], other.ekam_peak1_nm),
                (stance.stance_s, other.stance_s),
            )
            if stance.side is Side.RIGHT:
                peaks_nm, times_s = peaks_nm[::-1], times_s[::-1]
            found["ekam_symmetry_pct"] = symmetry_pct(*peaks_nm)
            found["stance_symmetry_pct"] = symmetry_pct(*times_s)
        return found


def symmetry_pct(left: float, right: float) -> float:
    """Symmetry index 100 (L - R) / (0.5 (L + R)); NaN near zero or of opposite signs."""
    mean = 0.5 * (left + right)
    return 100.0 * (left - right) / mean if left * right > 0.0 else float("nan")
