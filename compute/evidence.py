"""Everything computed from one stance, on which its numbers and its verdict rest."""

from dataclasses import dataclass, field
from functools import cached_property
from math import nan

import numpy as np

from compute.body import (
    FOOT,
    FOOT_POINTS,
    SHANK,
    BodyArrays,
    LegArrays,
    Poses,
    leg_row,
    new_poses,
    some_poses,
)
from compute.conventions import GRAVITY_M_PER_S2, Side
from compute.kinematic_events import FootPaths
from compute.settings import Settings
from compute.stance import CURVES, Stance

NO_OFFSET = np.zeros((2, 6))
_COLUMN = {name: i for i, name in enumerate(CURVES)}


@dataclass(frozen=True)
class Span:
    """Buffered samples from before heel strike to the deciding sample.

    Attributes
    ----------
    marker_time_s : shape (n,). markers_m : shape (n, markers, 3), unfiltered, lab.
    force_time_s : shape (k,). wrench : shape (k, 2, 6), unfiltered, left and right foot, F and M_O, lab.
    """

    marker_time_s: np.ndarray
    markers_m: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray


@dataclass(frozen=True)
class Context:
    """What is known beside the samples of the stance.

    Attributes
    ----------
    offset : shape (2, 6), what the unloaded plates showed before heel strike; subtracted.
    other_off_s, other_on_s : toe-off and next heel strike of the other foot within this stance, by
        its plate; NaN where there is none.
    stride_load_n : mean of both plates' vertical load over the stride that ends with this stance.
    flags : reasons known from outside.
    """

    offset: np.ndarray = field(default_factory=lambda: NO_OFFSET)
    other_off_s: float = nan
    other_on_s: float = nan
    stride_load_n: float = nan
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Evidence:
    """A stance after filtering, posing and Newton-Euler.

    Attributes
    ----------
    stance : number, side and times.
    marker_time_s : shape (n,), all frames, context included. inside : the frames of the stance.
    names, markers_m : shape (n, markers, 3), repaired, unfiltered. loads_m : filtered like the plates.
    paths : forward positions of the feet, all frames; None where the markers do not show them.
    poses : load-filtered, this leg and the trunk around the stance, the other leg's shank and foot at
        heel strike; NaN elsewhere. raw_poses : unfiltered, this leg's shank and foot, pelvis; inside.
    body : kernel form used. curves : shape (m, len(CURVES)), frames of the stance.
    wrench_at : shape (m, 6), filtered load on this foot at these frames.
    force_time_s, wrench : shape (k,), (k, 2, 6), unfiltered, offset taken off.
    filled : shape (n,), frames in which a marker was reconstructed.
    dropped : markers left out, by name.
    """

    stance: Stance
    context: Context
    settings: Settings
    marker_hz: float
    force_hz: float
    marker_time_s: np.ndarray
    inside: slice
    names: tuple[str, ...]
    markers_m: np.ndarray
    loads_m: np.ndarray
    paths: FootPaths | None
    poses: Poses
    raw_poses: Poses
    body: BodyArrays
    femur: int
    curves: np.ndarray
    wrench_at: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray
    filled: np.ndarray
    dropped: tuple[str, ...]

    @cached_property
    def time_s(self) -> np.ndarray:
        """Frames of the stance, shape (m,)."""
        return self.marker_time_s[self.inside]

    @cached_property
    def pct(self) -> np.ndarray:
        """Per cent of stance at these frames."""
        return 100.0 * (self.time_s - self.stance.t_on_s) / self.stance.stance_s

    def curve(self, name: str) -> np.ndarray:
        """One of `compute.stance.CURVES`, shape (m,)."""
        return self.curves[:, _COLUMN[name]]

    @cached_property
    def leg(self) -> LegArrays:
        """Kernel form of this leg."""
        return self.leg_of(self.stance.side)

    def leg_of(self, side: Side) -> LegArrays:
        """Kernel form of one leg."""
        return self.body.right if side is Side.RIGHT else self.body.left

    @property
    def weight_n(self) -> float:
        """Body weight."""
        return self.stance.body_mass_kg * GRAVITY_M_PER_S2

    def foot_point_m(self, side: Side, name: str, frames: slice) -> np.ndarray:
        """A point of a foot (`compute.body.FOOT_POINTS`), shape (frames, 3), lab.

        The marker itself where it is seen; the place where the foot carries it otherwise. (The foot
        bends at push-off, so the two differ by a centimetre there.)
        """
        label = side.letter + name
        if label in self.names and label not in self.dropped:
            seen = self.markers_m[frames, self.names.index(label)]
            if np.isfinite(seen).all():
                return np.asarray(seen)
        row = leg_row(side, FOOT)
        local = self.leg_of(side).foot_points_m[FOOT_POINTS.index(name)]
        return np.asarray(self.poses.origin_m[frames, row] + self.poses.r[frames, row] @ local)

    def heel_m(self, side: Side, frames: slice) -> np.ndarray:
        """Heel marker, or the ankle joint centre where there is none, shape (frames, 3), lab."""
        heel = self.foot_point_m(side, "HEE", frames)
        return self.poses.ajc_m[frames, side] if np.isnan(heel).any() else heel

    def other_shank(self) -> Poses:
        """Poses of the other leg's shank during the stance, load-filtered; NaN elsewhere."""
        wanted = 1 << leg_row(self.stance.side.other, SHANK)
        poses = new_poses(len(self.loads_m))
        return some_poses(
            self.loads_m, self.body, wanted, self.inside.start, self.inside.stop, poses
        )

    def in_contact(self) -> slice:
        """Which plate samples lie in the stance."""
        return self._contact

    @cached_property
    def _contact(self) -> slice:
        first = self.force_time_s.searchsorted(self.stance.t_on_s, side="left")
        last = self.force_time_s.searchsorted(self.stance.t_off_s, side="right")
        return slice(int(first), int(last))
