"""Pelvis, thigh, foot and trunk: anatomical frames (ISB, Wu 2002) and the markers that carry them.

Every function returns None where the trial's markers do not tell the segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute.calibration_trial import Frames, Trial, typical, typical_length, unit
from compute.conventions import Side
from compute.joint_centres import HipCentre, hip_centre_m
from compute.leg_calibration import LegFrames, frames_along
from compute.subject import MIN_CLUSTER_SPREAD_M, Segment, cluster_spread_m, trunk_top_of

LONGEST_LEG_PERCENTILE = 95.0
"""Walking, the distance from ASIS to malleolus is that of the standing leg only where it is straight."""


@dataclass(frozen=True)
class PelvisFrames:
    """Pelvis at every instant.

    Attributes
    ----------
    frames : origin mid-ASIS. mid_m : (n, 3), middle of the pelvis, lab.
    depth_m, width_m : mid-ASIS to mid-PSIS; between the ASIS.
    """

    frames: Frames
    mid_m: np.ndarray
    depth_m: float
    width_m: float


def _back(trial: Trial) -> tuple[str, ...]:
    if trial.has("RPSI", "LPSI"):
        return ("RPSI", "LPSI")
    return ("SACR",) if trial.has("SACR") else ()


def pelvis_frames(trial: Trial) -> PelvisFrames | None:
    """Origin mid-ASIS; Z from the left to the right ASIS; X from mid-PSIS, normal to Z.

    The sacral marker SACR stands for mid-PSIS where these are missing.
    """
    back = _back(trial)
    if not (trial.has("RASI", "LASI") and back):
        return None
    front_m, back_m = trial.middle("RASI", "LASI"), trial.middle(*back)
    across = trial.at_m["RASI"] - trial.at_m["LASI"]
    z = unit(across)
    forward = front_m - back_m
    x = unit(forward - z * np.sum(forward * z, axis=1, keepdims=True))
    frames = Frames(np.stack([x, np.cross(z, x), z], axis=2), front_m)
    return PelvisFrames(
        frames, 0.5 * (front_m + back_m), typical_length(forward), typical_length(across)
    )


def leg_length_m(trial: Trial, side: Side) -> tuple[float, str] | None:
    """ASIS to medial malleolus (lateral, failing that), and the name of the malleolus."""
    for malleolus in ("MED", "ANK"):
        name, top = side.letter + malleolus, side.letter + "ASI"
        if trial.has(name, top):
            lengths = np.linalg.norm(trial.at_m[top] - trial.at_m[name], axis=1)
            return float(np.nanpercentile(lengths, LONGEST_LEG_PERCENTILE)), name
    return None


def hip_m(
    trial: Trial, pelvis: PelvisFrames | None, side: Side, method: HipCentre, leg_m: float | None
) -> np.ndarray | None:
    """Hip joint centre at every instant, (n, 3), lab: the laboratory's own, else by regression."""
    own = side.letter + "HJC"
    if trial.has(own):
        return trial.at_m[own]
    if pelvis is None or (leg_m is None and method in ("harrington", "hara")):
        return None
    local = hip_centre_m(method, pelvis.depth_m, pelvis.width_m, leg_m or 0.0, side.sigma)
    return np.asarray(pelvis.frames.origin_m + pelvis.frames.r @ local)


def make_pelvis(
    trial: Trial, pelvis: PelvisFrames | None, hips_m: dict[Side, np.ndarray | None]
) -> Segment | None:
    """The spines, carrying both hip joint centres and the middle of the pelvis."""
    if pelvis is None:
        return None
    points = {"MID": pelvis.mid_m}
    for side, hip in hips_m.items():
        if hip is not None:
            points[side.letter + "HJC"] = hip
    names = [n for n in ("RASI", "LASI", "RPSI", "LPSI", "SACR") if trial.has(n)]
    return _segment(trial, pelvis.frames, names, points)


def make_thigh(trial: Trial, thigh: Frames | None, leg: LegFrames, side: Side) -> Segment | None:
    """The thigh cluster, TH1 to TH4, carrying the knee joint centre."""
    if thigh is None:
        return None
    names = [side.letter + f"TH{i}" for i in range(1, 5) if trial.has(side.letter + f"TH{i}")]
    return _segment(trial, thigh, names, {"KJC": leg.kjc_m})


def thigh_frames(
    trial: Trial, hjc_m: np.ndarray | None, leg: LegFrames, side: Side
) -> Frames | None:
    """Origin at the hip joint centre, Y from the knee to the hip joint centre, Z the epicondylar axis.

    Without the medial epicondyle Z runs through the knee joint centre and the lateral one; without both
    it is the medio-lateral axis of the tibia.
    """
    if hjc_m is None:
        return None
    lateral, medial = side.letter + "KNE", side.letter + "KNM"
    if trial.has(lateral, medial):
        right = side.sigma * (trial.at_m[lateral] - trial.at_m[medial])
    elif trial.has(lateral):
        right = side.sigma * (trial.at_m[lateral] - leg.kjc_m)
    else:
        right = leg.tibia.r[:, :, 2]
    return frames_along(hjc_m, hjc_m - leg.kjc_m, right)


@dataclass(frozen=True)
class FootFrames:
    """Foot at every instant.

    Attributes
    ----------
    toes : metatarsal heads at whose middle it ends. length_m : from the ankle joint centre to there.
    absent : heads 1 and 5, as far as they are missing.
    """

    frames: Frames
    toes: tuple[str, ...]
    length_m: float
    absent: tuple[str, ...]


def foot_frames(trial: Trial, leg: LegFrames, side: Side) -> FootFrames | None:
    """Origin at the ankle joint centre, X from the heel to the middle of metatarsal heads 1 and 5.

    Z from the one head to the other, normal to X. Where one of them is missing X runs to the second head
    (or the one there is), and Z lies in the floor under a standing foot; in a walk it follows the tibia.
    """
    letter = side.letter
    heel, first, second, fifth = (letter + name for name in ("HEE", "MT1", "TOE", "MT5"))
    if not trial.has(heel):
        return None
    choices: tuple[tuple[str, ...], ...] = ((first, fifth), (second,), (fifth,), (first,))
    toes = next((names for names in choices if trial.has(*names)), ())
    if not toes:
        return None
    ahead_m = trial.middle(*toes)
    x = unit(ahead_m - trial.at_m[heel])
    if len(toes) == 2:
        y = np.cross(side.sigma * (trial.at_m[fifth] - trial.at_m[first]), x)
    elif trial.walking:
        y = np.cross(leg.tibia.r[:, :, 2], x)
    else:
        up = trial.everywhere(np.array([0.0, 1.0, 0.0]))
        y = np.cross(np.cross(x, up), x)
    y = unit(y)
    frames = Frames(np.stack([x, y, np.cross(x, y)], axis=2), leg.ajc_m)
    absent = tuple(name for name in (first, fifth) if not trial.has(name))
    return FootFrames(frames, toes, typical_length(ahead_m - leg.ajc_m), absent)


def make_foot(trial: Trial, foot: FootFrames | None, leg: LegFrames, side: Side) -> Segment | None:
    """Heel and midfoot; else heel and metatarsal heads; else heel, a head and the ankle joint centre.

    A marker on the toes bends a cluster at push-off, so heads come second.
    """
    if foot is None:
        return None
    letter = side.letter

    def there(*names: str) -> list[str]:
        return [letter + name for name in names if trial.has(letter + name)]

    points = {name[1:]: trial.at_m[name] for name in there("HEE", "MT1", "TOE", "MT5")}
    for names in (there("HEE", "FT1", "FT2"), there("HEE", "MT1", "TOE", "MT5")):
        found = _segment(trial, foot.frames, names, points)
        if found is not None:
            return found
    names = [letter + "HEE", foot.toes[0], letter + "AJC"]
    at_m = {**trial.at_m, letter + "AJC": leg.ajc_m}
    return Segment(
        tuple(names),
        tuple(typical(foot.frames.local(at_m[name])) for name in names),
        {name: typical(foot.frames.local(x)) for name, x in points.items()},
    )


def make_trunk(trial: Trial, pelvis: PelvisFrames | None) -> tuple[Segment | None, tuple[str, ...]]:
    """Three or more trunk markers carrying its top; without so many, the markers of the top.

    Origin between C7 and the jugular notch; Y upwards from the middle of T10 and the xiphoid process
    (failing these, of the pelvis, or plumb); Z from the left to the right acromion, normal to Y, or to
    the person's right. The top is the middle of the acromions, else the origin.
    """
    names = [n for n in ("C7", "T10", "CLAV", "STRN", "LSHO", "RSHO") if trial.has(n)]
    top = trunk_top_of(names)
    base = tuple(name for name in ("C7", "CLAV") if name in names) or top
    if not base:
        return None, ()
    origin = trial.middle(*base)
    if trial.has("T10", "STRN"):
        up = origin - trial.middle("T10", "STRN")
    elif pelvis is not None:
        up = origin - pelvis.mid_m
    else:
        up = trial.everywhere(np.array([0.0, 1.0, 0.0]))
    shoulders = trial.has("LSHO", "RSHO")
    right = trial.at_m["RSHO"] - trial.at_m["LSHO"] if shoulders else trial.everywhere(trial.right)
    frames = frames_along(origin, up, right)
    found = _segment(trial, frames, names, {"TOP": trial.middle(*top)})
    return found, () if found is not None else top


def _segment(
    trial: Trial, frames: Frames, names: Sequence[str], points_m: dict[str, np.ndarray]
) -> Segment | None:
    """A cluster of three or more markers that are not in line; otherwise None."""
    if len(names) < 3:
        return None
    local = tuple(typical(frames.local(trial.at_m[name])) for name in names)
    if not cluster_spread_m(np.array(local)) > MIN_CLUSTER_SPREAD_M:
        return None
    carried = {name: typical(frames.local(x)) for name, x in points_m.items()}
    return Segment(tuple(names), local, carried)
