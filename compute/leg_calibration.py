"""Knee and ankle of one leg: which markers tell the joint centres and the axis, and what follows them.

The laboratory's own joint centres and axis win; then the markers on both sides of a joint; where the
medial one is missing (Plug-in Gait) a wand and the width of the joint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from compute.calibration_trial import (
    CalibrationError,
    Frames,
    Trial,
    typical,
    typical_length,
    unit,
)
from compute.conventions import Side
from compute.joint_centres import chord
from compute.landmarks import PURPOSE
from compute.subject import (
    MIN_CLUSTER_SPREAD_M,
    Point,
    Shank,
    Tracking,
    cluster_spread_m,
)

Pair = tuple[str, str]


@dataclass(frozen=True)
class JointWidths:
    """Widths of the joints themselves (calliper), m; None where not measured."""

    knee_m: float | None = None
    ankle_m: float | None = None
    marker_radius_m: float = 0.007


@dataclass(frozen=True)
class LegPoints:
    """Names from which the tibia frame of a leg is built.

    Attributes
    ----------
    knee, ankle : pairs whose midpoint is the joint centre (twice the same name for a centre that the
        laboratory computes); None where it follows from the joint's width.
    axis : pair, the second lies to the right of the first; None where it runs from the knee joint
        centre to the lateral epicondyle.
    shank : markers on the shank, SK1 to SK4.
    """

    knee: Pair | None
    ankle: Pair | None
    axis: Pair | None
    shank: tuple[str, ...]

    def landmarks(self) -> set[str]:
        """All names of the pairs."""
        return {name for pair in (self.knee, self.ankle, self.axis) if pair for name in pair}


@dataclass(frozen=True)
class LegFrames:
    """Joint centres of a leg (n, 3), lab, m, and its tibia frame."""

    kjc_m: np.ndarray
    ajc_m: np.ndarray
    tibia: Frames


def choose_points(
    markers_m: Mapping[str, np.ndarray], side: Side, right: np.ndarray, widths: JointWidths
) -> LegPoints:
    """Choose the landmarks of one leg.

    Raises
    ------
    CalibrationError : a needed marker is missing, named with what it is for and what replaces it.
    """
    letter, have = side.letter, set(markers_m)

    def joint(centre: str, lateral: str, medial: str, width_m: float | None) -> Pair | None:
        own = letter + centre
        if own in have:
            return own, own
        missing = [letter + name for name in (lateral, medial) if letter + name not in have]
        if not missing:
            return letter + lateral, letter + medial
        word = "knee" if centre == "KJC" else "ankle"
        if missing == [letter + medial] and width_m is not None:
            return None
        rather = (
            f", or give the width of the joint with --{word}-width MM (Plug-in Gait: a wand then tells the "
            "axis)"
            if missing == [letter + medial]
            else ""
        )
        raise CalibrationError(
            "the trial has no marker "
            + " and no marker ".join(f"{name} ({PURPOSE[name]})" for name in missing)
            + f": put it on and record again, or name {own} as a point that the capture system computes in "
            f"the lab file{rather}"
        )

    knee = joint("KJC", "KNE", "KNM", widths.knee_m)
    ankle = joint("AJC", "ANK", "MED", widths.ankle_m)
    axis = _axis(have, letter, knee)
    if axis is not None:
        across = markers_m[axis[1]] - markers_m[axis[0]]
        share = float(np.nanmean(across @ right) / np.nanmean(np.linalg.norm(across, axis=1)))
        if abs(share) < 0.5:
            raise CalibrationError(
                f"the line from {axis[0]} to {axis[1]} does not run across the body: check the labels of "
                "these markers"
            )
        axis = axis if share > 0 else (axis[1], axis[0])
    shank = tuple(letter + f"SK{i}" for i in range(1, 5) if letter + f"SK{i}" in have)
    return LegPoints(knee, ankle, axis, shank)


def _axis(have: set[str], letter: str, knee: Pair | None) -> Pair | None:
    for a, b in (("TAO", "TAL"), ("KNM", "KNE"), ("KJC", "KNE")):
        if {letter + a, letter + b} <= have:
            return letter + a, letter + b
    if knee is None:
        return None
    missing = letter + ("KNE" if letter + "KNM" in have else "KNM")
    raise CalibrationError(
        f"the trial has no marker {missing} ({PURPOSE[missing]}): put it on and record again, or name "
        f"{letter}TAO and {letter}TAL, two points on the medio-lateral axis of the tibia that the capture "
        "system computes, in the lab file"
    )


def wand_markers(points: LegPoints, side: Side) -> set[str]:
    """Markers that are needed because a medial one is missing."""
    needed = set()
    if points.knee is None:
        needed |= {side.letter + "TH1", side.letter + "KNE"}
    if points.ankle is None:
        needed |= {side.letter + "SK1", side.letter + "ANK"}
    return needed


def require_wands(
    points: LegPoints, side: Side, have: Mapping[str, np.ndarray], hip_known: bool
) -> None:
    """Where a joint's width replaces a medial marker, the wand and the hip joint centre must be there."""
    missing = [
        f"no marker {name} ({PURPOSE[name]})"
        for name in sorted(wand_markers(points, side))
        if name not in have
    ]
    if points.knee is None and not hip_known:
        missing.append(
            "no hip joint centre (markers RASI, LASI and RPSI, LPSI or SACR; or "
            f"{side.letter}HJC as the capture system computes it)"
        )
    if missing:
        raise CalibrationError(
            f"the {side.word} joint centres cannot be found from joint widths: the trial has "
            + " and ".join(missing)
            + "; or put the medial markers on"
        )


def leg_frames(
    trial: Trial, points: LegPoints, side: Side, hjc_m: np.ndarray | None, widths: JointWidths
) -> LegFrames:
    """Joint centres and tibia frame at every instant of the trial."""
    at, letter = trial.at_m, side.letter
    lateral = side.sigma * trial.right

    def centre(
        pair: Pair | None, above: np.ndarray | None, wand: str, mark: str, width_m: float | None
    ) -> np.ndarray:
        if pair is not None:
            return np.asarray(0.5 * (at[pair[0]] + at[pair[1]]))
        if above is None or width_m is None:
            raise CalibrationError(f"{mark} alone does not tell a joint centre")
        offset_m = 0.5 * width_m + widths.marker_radius_m
        return chord(above, at[wand], at[mark], offset_m, lateral)

    kjc = centre(points.knee, hjc_m, letter + "TH1", letter + "KNE", widths.knee_m)
    ajc = centre(points.ankle, kjc, letter + "SK1", letter + "ANK", widths.ankle_m)
    if points.axis is not None:
        right = at[points.axis[1]] - at[points.axis[0]]
    else:
        right = side.sigma * (at[letter + "KNE"] - kjc)
        # A wand in front of the thigh would make an axis that runs forward.
        if not np.nanmean(unit(right) @ trial.right) > 0.5:
            raise CalibrationError(
                f"{letter}TH1 does not stand out to the side of the thigh, so it does not tell the "
                f"{side.word} knee axis: place the wand in the plane of the knee axis, or put {letter}KNM on"
            )
    return LegFrames(kjc, ajc, frames_along(kjc, kjc - ajc, right))


def frames_along(origin_m: np.ndarray, up: np.ndarray, right: np.ndarray) -> Frames:
    """Y along `up`, Z as near to `right` as possible, X forward; all of shape (n, 3).

    x = y cross `right`, z = x cross y (Grood & Suntay 1983, axes named after ISB, Wu 2002).
    """
    y = unit(up)
    x = unit(np.cross(y, right))
    return Frames(np.stack([x, y, np.cross(x, y)], axis=2), origin_m)


def make_shank(
    trial: Trial,
    points: LegPoints,
    leg: LegFrames,
    side: Side,
    tracking: Literal["auto", "cluster", "landmarks"],
) -> Shank:
    """How the tibia is followed while walking.

    A cluster on the shank comes first (in a walk with all landmarks: only where asked for), then the
    landmarks. A static trial does not tell whether the medial ones stay on, so epicondyle, shank wand and
    malleolus are kept beside them as a cluster, which carries the static frame where a stream lacks them
    (`Subject.restricted_to`); without medial markers in the first place it is the only way.

    Raises
    ------
    CalibrationError : the tracking that was asked for lacks markers.
    """
    own = tuple(name for name in points.shank if trial.has(name))
    aside = tuple(
        name for name in (side.letter + "KNE", *own, side.letter + "ANK") if trial.has(name)
    )

    def local(names: tuple[str, ...]) -> tuple[Point, ...]:
        return tuple(typical(leg.tibia.local(trial.at_m[name])) for name in names)

    wand = aside if own and len(aside) >= 3 and _spread(local(aside)) else ()
    all_there = points.knee is not None and points.ankle is not None and points.axis is not None
    chosen: Tracking
    if tracking == "auto":
        if len(own) >= 3 and not (trial.walking and all_there):
            chosen = "cluster"
        else:
            chosen = "landmarks" if all_there else "cluster"
    else:
        chosen = tracking
    if chosen == "landmarks" and not all_there:
        raise CalibrationError(
            f"the {side.word} medial markers are missing, so its landmarks do not tell the tibia while "
            'walking: remove tracking = "landmarks" under [model] in the lab file'
        )
    asked = tracking == "cluster" and all_there  # for a cluster on the shank, nothing less
    cluster = own if len(own) >= 3 else () if asked else wand
    if chosen == "cluster" and not cluster:
        raise CalibrationError(
            f"the {side.word} shank has {len(own)} cluster markers in view and needs three: label "
            f"{side.letter}SK1 to {side.letter}SK3"
            + (
                ' or set tracking = "landmarks" under [model]'
                if all_there
                else f", or one beside {side.letter}KNE and {side.letter}ANK that is not in line with them"
            )
        )
    if chosen == "landmarks" and len(own) >= 3:
        cluster = ()  # asked for, or a walk: the axis is read in every frame and nothing replaces it
    return Shank(
        tracking=chosen,
        ajc_local_m=typical(leg.tibia.local(leg.ajc_m)),
        length_m=typical_length(leg.kjc_m - leg.ajc_m),
        cluster=cluster,
        local_m=local(cluster),
        knee=points.knee or ("", ""),
        ankle=points.ankle or ("", ""),
        axis=points.axis or ("", ""),
    )


def _spread(local_m: tuple[Point, ...]) -> bool:
    return cluster_spread_m(np.array(local_m)) > MIN_CLUSTER_SPREAD_M
