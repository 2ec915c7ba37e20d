"""A calibrated person: body measures, how each segment is tracked, and its inertia."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from compute.conventions import Side
from compute.pose import CLUSTER, LANDMARKS, ShankArrays

Tracking = Literal["cluster", "landmarks"]
Point = tuple[float, float, float]

MIN_CLUSTER_SPREAD_M = 0.020
"""Markers nearer to one line than this leave the turn about that line to noise."""


def cluster_spread_m(points_m: np.ndarray) -> float:
    """Second singular value of the centred points, shape (n, 3): their extent across the longest axis."""
    return float(np.linalg.svd(points_m - points_m.mean(axis=0), compute_uv=False)[1])


def trunk_top_of(names: Collection[str]) -> tuple[str, ...]:
    """Markers whose mean is the top of the trunk: both acromions, else C7 and the jugular notch, or one."""
    if {"LSHO", "RSHO"} <= set(names):
        return ("LSHO", "RSHO")
    return tuple(name for name in ("C7", "CLAV") if name in names)


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

    def restricted_to(self, names: Collection[str]) -> "Shank":
        """The shank as these markers track it; unchanged where they do not suffice.

        Landmarks that are not there give way to the cluster, where it was calibrated.
        """
        if set(self.markers()) <= set(names):
            return self
        kept = tuple(name for name in self.cluster if name in names)
        carried = replace(
            self,
            tracking="cluster",
            cluster=kept,
            local_m=tuple(
                at for name, at in zip(self.cluster, self.local_m, strict=True) if name in names
            ),
        )
        return carried if kept and carried.can_be_tracked_by(kept) else self

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
class Segment:
    """A rigid segment other than the shank: the frame of the static trial, carried by markers.

    Attributes
    ----------
    cluster : names of the markers that carry it, three or more. ``LAJC``/``RAJC`` stands for the
        ankle joint centre as the shank carries it where no such point is streamed.
    local_m : their positions in the segment's anatomical frame.
    points_m : anatomical points carried along, same frame. Pelvis (origin: midpoint of the anterior
        spines): ``LHJC``, ``RHJC``, ``MID``. Thigh (origin: hip joint centre): ``KJC``. Foot (origin:
        ankle joint centre): those of ``HEE``, ``MT1``, ``TOE``, ``MT5`` that were there. Trunk: ``TOP``.
    """

    cluster: tuple[str, ...]
    local_m: tuple[Point, ...]
    points_m: Mapping[str, Point] = field(default_factory=dict)

    def restricted_to(self, names: Collection[str]) -> "Segment | None":
        """The segment as these markers carry it; None where fewer than three remain, or in line."""
        kept = [
            (name, at)
            for name, at in zip(self.cluster, self.local_m, strict=True)
            if name in names or name[1:] == "AJC"
        ]
        if len(kept) == len(self.cluster):
            return self
        at_m = np.array([at for _, at in kept])
        if len(kept) < 3 or cluster_spread_m(at_m) <= MIN_CLUSTER_SPREAD_M:
            return None
        return replace(
            self, cluster=tuple(name for name, _ in kept), local_m=tuple(at for _, at in kept)
        )


@dataclass(frozen=True)
class SegmentInertia:
    """Mass, centre of mass and inertia about it, in the segment's anatomical frame.

    Attributes
    ----------
    com_m : from the segment's origin (foot: ankle, shank: knee, thigh: hip joint centre).
    inertia_kg_m2 : three rows of the symmetric tensor.
    """

    mass_kg: float
    com_m: Point
    inertia_kg_m2: tuple[Point, Point, Point]

    def at_origin(self) -> "SegmentInertia":
        """The same mass as a point at the segment's origin."""
        return SegmentInertia(self.mass_kg, (0.0,) * 3, ((0.0,) * 3, (0.0,) * 3, (0.0,) * 3))


@dataclass(frozen=True)
class Leg:
    """One leg; a segment that the laboratory's markers do not carry is None.

    Without `foot` its mass is taken at the ankle joint centre.
    """

    shank: Shank
    foot_inertia: SegmentInertia
    shank_inertia: SegmentInertia
    thigh_inertia: SegmentInertia
    foot: Segment | None = None
    thigh: Segment | None = None

    def restricted_to(self, side: Side, names: Collection[str]) -> tuple["Leg", list[str]]:
        """The leg as these markers track it, and what is lost, in sentences."""
        said = []
        shank = self.shank.restricted_to(names)
        missing = [name for name in self.shank.markers() if name not in names]
        if shank.tracking != self.shank.tracking:
            said.append(
                f"{_listed(missing)} not in the stream: the {side.word} tibia is carried by "
                f"{_listed(shank.cluster)}, with the axis of the static trial"
            )
        elif shank is not self.shank:
            said.append(
                f"{_listed(missing)} not in the stream: the {side.word} shank is carried by the other markers"
            )
        thigh = self.thigh.restricted_to(names) if self.thigh else None
        axis_read = {side.letter + "KNE", side.letter + "KNM"} <= set(shank.markers())
        if self.thigh and thigh is None and not axis_read:
            said.append(
                f"too few {side.word} thigh markers in the stream: knee varus and the EKAM about the axis of "
                "the joint coordinate system stay empty"
            )
        foot, foot_inertia = self.foot, self.foot_inertia
        if self.foot is not None:
            foot = self.foot.restricted_to(names) or _foot_by_ankle(side, self.foot, names)
            if foot is None:
                foot_inertia = foot_inertia.at_origin()
                said.append(
                    f"too few {side.word} foot markers in the stream: the foot is a point mass at the ankle "
                    "and foot progression stays empty"
                )
        if shank is self.shank and thigh is self.thigh and foot is self.foot:
            return self, said
        return replace(self, shank=shank, thigh=thigh, foot=foot, foot_inertia=foot_inertia), said


def _foot_by_ankle(side: Side, foot: Segment, names: Collection[str]) -> Segment | None:
    """Heel, a metatarsal head and the ankle joint centre, where no three foot markers remain."""
    heads = [name for name in ("TOE", "MT5", "MT1") if side.letter + name in names]
    heads = [name for name in heads if name in foot.points_m]
    if not heads or side.letter + "HEE" not in names or "HEE" not in foot.points_m:
        return None
    return replace(
        foot,
        cluster=(side.letter + "HEE", side.letter + heads[0], side.letter + "AJC"),
        local_m=(foot.points_m["HEE"], foot.points_m[heads[0]], (0.0, 0.0, 0.0)),
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


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
    trunk_top : markers whose mean is the top of the trunk (both acromions, else C7 and the jugular
        notch, or one of them) where the trunk has too few markers for a cluster.
    """

    id: str
    body_mass_kg: float
    height_m: float
    sex: Literal["f", "m"]
    left: Leg
    right: Leg
    pelvis: Segment | None = None
    trunk: Segment | None = None
    trunk_top: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    def leg(self, side: Side) -> Leg:
        """One leg."""
        return self.right if side is Side.RIGHT else self.left

    def shank(self, side: Side) -> Shank:
        """Tracking of one shank."""
        return self.leg(side).shank

    def needed(self) -> tuple[str, ...]:
        """Canonical names of the markers without which no EKAM can be computed: both shanks."""
        return tuple(dict.fromkeys((*self.left.shank.markers(), *self.right.shank.markers())))

    def markers(self) -> tuple[str, ...]:
        """Canonical names of all markers that the engine uses while walking, the needed ones first."""
        others = (
            self.pelvis,
            self.trunk,
            *(s for leg in (self.left, self.right) for s in (leg.foot, leg.thigh)),
        )
        used = [name for segment in others if segment is not None for name in segment.cluster]
        real = [name for name in (*used, *self.trunk_top) if name[1:] != "AJC"]
        return tuple(dict.fromkeys((*self.needed(), *real)))

    def restricted_to(self, names: Collection[str]) -> tuple["Subject", tuple[str, ...]]:
        """The subject as a stream with these markers tracks it.

        Parameters
        ----------
        names : canonical names of the markers of the stream.

        Returns
        -------
        Subject without the cluster markers that are missing, and without the segments that cannot be
        carried; one sentence for each thing that is lost. A shank that cannot be tracked is left as it
        is: its markers are `needed`.
        """
        left, said = self.left.restricted_to(Side.LEFT, names)
        right, more = self.right.restricted_to(Side.RIGHT, names)
        said += more
        pelvis = self.pelvis.restricted_to(names) if self.pelvis else None
        if self.pelvis and pelvis is None:
            said.append(
                "too few pelvis markers in the stream: hip moments, hip angles and pelvic drop stay empty, "
                "and trunk lean with them"
            )
        trunk = self.trunk.restricted_to(names) if self.trunk else None
        top = self.trunk_top
        if (self.trunk and trunk is None) or not set(top) <= set(names):
            top = trunk_top_of(names)
            said.append(
                f"too few trunk markers in the stream: the top of the trunk is that of {_listed(top)}"
                if top
                else "no trunk markers in the stream: trunk lean stays empty"
            )
        return replace(
            self, left=left, right=right, pelvis=pelvis, trunk=trunk, trunk_top=top
        ), tuple(said)
