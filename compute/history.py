"""What the stances before tell about this one."""

from collections import deque
from dataclasses import replace

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
        return np.median(seen, axis=0) if len(seen) >= _NEEDED_WIDTHS else np.empty(0)

    def broken_since(self, time_s: float) -> bool:
        """Whether the last stance of a leg, if it began after this time, was not measured as a whole."""
        return any(
            last.t_on_s >= time_s and not _NOT_WHOLE.isdisjoint(last.reasons)
            for last in self._last.values()
        )

    def peaks_nm(self, side: Side) -> np.ndarray:
        """First EKAM peaks of the last counted stances of a leg, oldest first."""
        return np.array([stance.ekam_peak1_nm for stance in self._legs[side]])

    def belt_speed_m_per_s(self) -> float:
        """Median speed of the stance foot over the last stances of both legs; NaN before three."""
        return float(np.median(self._speeds)) if len(self._speeds) >= 3 else float("nan")

    def relate(self, stance: Stance) -> Stance:
        """Fill in what compares this stance with the ones before."""
        before, other = self._last.get(stance.side), self._last.get(stance.side.other)
        changes: dict[str, float] = {}
        if before is not None and stance.t_on_s - before.t_on_s <= _LONGEST_STRIDE_S:
            changes["stride_s"] = stance.t_on_s - before.t_on_s
            changes["stride_length_m"] = (
                stance.belt_speed_m_per_s * changes["stride_s"]
                + stance.heel_forward_m
                - before.heel_forward_m
            )
        if other is not None and other.valid and stance.t_on_s - other.t_on_s <= _LONGEST_STRIDE_S:
            left, right = (stance, other) if stance.side is Side.LEFT else (other, stance)
            changes["ekam_symmetry_pct"] = symmetry_pct(left.ekam_peak1_nm, right.ekam_peak1_nm)
            changes["stance_symmetry_pct"] = symmetry_pct(left.stance_s, right.stance_s)
        return replace(stance, **changes)  # type: ignore[arg-type]


def symmetry_pct(left: float, right: float) -> float:
    """Symmetry index 100 (L - R) / (0.5 (L + R)); NaN near zero or of opposite signs."""
    mean = 0.5 * (left + right)
    return 100.0 * (left - right) / mean if left * right > 0.0 else float("nan")
