"""Whether the plates carry what the walking feet must put on them, in a sentence for the operator.

Only said, never scored: a wrong unit or sign of the forces makes no stance at all, so no gate sees it.
"""

from collections.abc import Sequence

import numpy as np

from compute import Side
from compute.conventions import GRAVITY_M_PER_S2
from stream.lab import Lab

SILENT_S = 5.0
"""A plate that sends exact zeros for so long while the other one is loaded is not measured."""
NO_STEP_S = 10.0
"""So long can nobody walk without a step."""
LOADED_BW = 0.1
MOVES_M = 0.1
"""Farther than this within a second, forward or back, goes the marker of a foot that walks."""
FEET = ("HEE", "ANK", "MED", "AJC", "TOE", "MT1", "MT5", "FT1", "FT2")
_PIECE_S = 1.0


class PlateWatch:
    """Looks at mapped samples in the order in which they come.

    Parameters
    ----------
    lab : says which plates a foot has and at what load a step begins.
    markers : canonical names, in the order of the samples; without one of a foot nobody is seen to walk.
    body_mass_kg : of the walker.
    """

    def __init__(self, lab: Lab, markers: Sequence[str], body_mass_kg: float) -> None:
        self._plates = {
            side: [n for n, plate in enumerate(lab.plates, 1) if plate.side == side.word]
            for side in Side
        }
        self._weight_n = body_mass_kg * GRAVITY_M_PER_S2
        self._on_n = lab.events.on_n
        self._feet = [i for i, name in enumerate(markers) if name[1:] in FEET]
        self._zero_from_s = np.full(2, np.nan)
        self._zero_until_s = np.full(2, np.nan)
        self._other_loaded = [False, False]
        self._held: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self._held_from_s = np.inf
        self._walked_s = 0.0
        self._largest_n, self._lowest_n = -np.inf, np.inf

    def add(
        self,
        marker_time_s: np.ndarray,
        markers_m: np.ndarray,
        force_time_s: np.ndarray,
        wrench: np.ndarray,
    ) -> None:
        """Take the samples that the engine takes (`Engine.push`), shapes as there.

        They are kept until there is a second of them, so that a call costs next to nothing.
        """
        self._held.append((marker_time_s, markers_m, force_time_s, wrench))
        ends = [times for times in (marker_time_s, force_time_s) if len(times)]
        if not ends:
            return
        self._held_from_s = min(self._held_from_s, *(float(times[0]) for times in ends))
        if max(float(times[-1]) for times in ends) - self._held_from_s >= _PIECE_S:
            held, self._held, self._held_from_s = self._held, [], np.inf
            marker_times, markers, force_times, wrenches = zip(*held, strict=True)
            force_time_s, wrench = np.concatenate(force_times), np.concatenate(wrenches)
            if len(force_time_s) and self._add_forces(force_time_s, wrench):
                return
            marker_time_s = np.concatenate(marker_times)
            if len(marker_time_s) > 1 and self._feet:
                self._add_feet(marker_time_s, np.concatenate(markers)[:, self._feet, 0])

    def sentence(self) -> str:
        """What is wrong, and the cure; empty when nothing is."""
        for side in Side:
            lasted_s = self._zero_until_s[side] - self._zero_from_s[side]
            if lasted_s >= SILENT_S and self._other_loaded[side]:
                return (
                    f"{self._called(side)} has sent nothing but zeros for {lasted_s:.0f} s while the other "
                    "foot's was loaded: check its cable and its channels in the publisher and the lab file"
                )
        if self._walked_s < NO_STEP_S:
            return ""
        said = "the feet walk but no step was found on either plate: "
        if self._lowest_n == self._largest_n == 0.0:
            return said + "they send nothing but zeros, check the amplifiers and the publisher"
        if not np.isfinite(self._largest_n):
            return (
                said + "no force has come that is a number, check the amplifiers and the publisher"
            )
        if -self._lowest_n >= max(self._on_n, 2.0 * self._largest_n):
            return (
                f"{said}the force points down (up to {-self._lowest_n:.0f} N), check acts_on of the plates "
                "and the axes in the lab file"
            )
        seen = f"the largest upward force seen is {self._largest_n:.2g} N"
        if 0.5 <= 1e3 * self._largest_n / self._weight_n <= 2.0:
            return f'{said}{seen}, the numbers look like kN: set force_unit = "kN" under [forces]'
        return f"{said}{seen}, check force_unit, the channels and acts_on in the lab file"

    def _add_forces(self, time_s: np.ndarray, wrench: np.ndarray) -> bool:
        """Whether a step was found or is about to be: what was seen before is past then."""
        for side in Side:
            self._add_zeros(side, time_s, wrench)
        up_n = wrench[:, :, 1]
        largest_n = float(up_n.max())
        if np.isnan(largest_n):
            largest_n = float(np.fmax.reduce(up_n, axis=None))
        if largest_n >= self._on_n:
            self._walked_s, self._largest_n, self._lowest_n = 0.0, -np.inf, np.inf
            return True
        if np.isfinite(largest_n):
            self._largest_n = max(self._largest_n, largest_n)
            self._lowest_n = min(self._lowest_n, float(np.fmin.reduce(up_n, axis=None)))
        return False

    def _add_zeros(self, side: Side, time_s: np.ndarray, wrench: np.ndarray) -> None:
        """Since when this side has sent exact zeros, and whether the other was loaded meanwhile."""
        own = wrench[:, side]
        if own[-1].any():
            self._zero_from_s[side], self._other_loaded[side] = np.nan, False
            return
        sent = own.any(axis=1)
        first = int(np.flatnonzero(sent)[-1]) + 1 if sent.any() else 0
        if first or np.isnan(self._zero_from_s[side]):
            self._zero_from_s[side], self._other_loaded[side] = time_s[first], False
        self._zero_until_s[side] = time_s[-1]
        other_n = np.abs(wrench[first:, side.other, 1])
        self._other_loaded[side] |= bool((other_n > LOADED_BW * self._weight_n).any())

    def _add_feet(self, time_s: np.ndarray, forward_m: np.ndarray) -> None:
        """Count the time in which a foot walked."""
        low_m, high_m = np.fmin.reduce(forward_m), np.fmax.reduce(forward_m)
        if (high_m - low_m > MOVES_M).any():
            self._walked_s += float(time_s[-1] - time_s[0])

    def _called(self, side: Side) -> str:
        numbers = self._plates[side]
        which = " and ".join(map(str, numbers))
        return f"plate{'s' if len(numbers) > 1 else ''} {which} ({side.word})"
