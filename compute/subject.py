"""A calibrated person: body measures and how each shank is tracked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from compute.conventions import Side
from compute.pose import CLUSTER, LANDMARKS, ShankArrays

Tracking = Literal["cluster", "landmarks"]

MIN_CLUSTER_SPREAD_M = 0.020
"""Markers nearer to one line than this leave the turn about that line to noise."""


def cluster_spread_m(points_m: np.ndarray) -> float:
    """Second singular value of the centred points, shape (n, 3): their extent across the longest axis."""
    return float(np.linalg.svd(points_m - points_m.mean(axis=0), compute_uv=False)[1])


@dataclass(frozen=True)
class Shank:
    """How the tibia frame of one leg follows from the markers, by canonical name.

    Attributes
    ----------
    tracking : ``cluster``: the frame of the static trial is carried by the markers `cluster`;
        ``landmarks``: joint centres and the medio-lateral axis are read in every frame.
    cluster, local_m : marker names and their positions in the tibia frame, m, origin at the knee
        joint centre.
    ajc_local_m : ankle joint centre in the tibia frame, m.
    knee, ankle : two names whose midpoint is the joint centre (the same name twice for a centre that
        the laboratory streams).
    axis : two names; the second lies to the right of the first along the medio-lateral axis.
    length_m : knee to ankle joint centre.
    """

    tracking: Tracking
    ajc_local_m: tuple[float, float, float]
    length_m: float
    cluster: tuple[str, ...] = ()
    local_m: tuple[tuple[float, float, float], ...] = ()
    knee: tuple[str, str] = ("", "")
    ankle: tuple[str, str] = ("", "")
    axis: tuple[str, str] = ("", "")

    def markers(self) -> tuple[str, ...]:
        """Canonical names of the markers that must be seen while walking."""
        if self.tracking == "cluster":
            return self.cluster
        return tuple(dict.fromkeys((*self.knee, *self.ankle, *self.axis)))

    def can_be_tracked_by(self, seen: tuple[str, ...]) -> bool:
        """Whether these markers suffice: all landmarks, or three cluster markers that are not in line."""
        if self.tracking == "landmarks":
            return set(self.markers()) <= set(seen)
        at = np.array(
            [x for name, x in zip(self.cluster, self.local_m, strict=True) if name in seen]
        )
        return len(at) >= 3 and cluster_spread_m(at) > MIN_CLUSTER_SPREAD_M

    def arrays(self, names: tuple[str, ...], use: tuple[str, ...] | None = None) -> ShankArrays:
        """Kernel form, for frames whose markers are `names` in this order.

        `use` limits the cluster to these markers (at least three).
        """
        if self.tracking == "cluster":
            kept = [i for i, name in enumerate(self.cluster) if use is None or name in use]
            rows = np.array([names.index(self.cluster[i]) for i in kept], dtype=np.int64)
            local = np.array([self.local_m[i] for i in kept], dtype=np.float64)
            none = np.zeros(2, dtype=np.int64)
            return ShankArrays(
                CLUSTER, rows, local, np.array(self.ajc_local_m, dtype=np.float64), none, none, none
            )
        knee, ankle, axis = (
            np.array([names.index(name) for name in pair], dtype=np.int64)
            for pair in (self.knee, self.ankle, self.axis)
        )
        return ShankArrays(
            LANDMARKS,
            np.zeros(0, dtype=np.int64),
            np.zeros((0, 3)),
            np.array(self.ajc_local_m, dtype=np.float64),
            knee,
            ankle,
            axis,
        )


@dataclass(frozen=True)
class Check:
    """One calibration check.

    Attributes
    ----------
    verdict : ``passed``, ``warned`` or ``refused``.
    message : one sentence with the figure and, unless passed, the cure.
    """

    name: str
    verdict: Literal["passed", "warned", "refused"]
    message: str


@dataclass(frozen=True)
class Subject:
    """A calibrated person; pseudonymous.

    Attributes
    ----------
    body_mass_kg : as walked, with shoes and markers.
    """

    id: str
    body_mass_kg: float
    height_m: float
    sex: Literal["f", "m"]
    left: Shank
    right: Shank
    checks: tuple[Check, ...] = ()

    def shank(self, side: Side) -> Shank:
        """Tracking of one leg."""
        return self.right if side is Side.RIGHT else self.left

    def markers(self) -> tuple[str, ...]:
        """Canonical names of all markers that the engine needs while walking."""
        return tuple(dict.fromkeys((*self.left.markers(), *self.right.markers())))
