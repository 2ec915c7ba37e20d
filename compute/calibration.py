"""From a static trial (or a walking trial with all landmarks) to a calibrated subject.

Anatomical points are taken with the person standing still, expressed in the frame of each segment's
cluster and carried by it while walking (CAST; Cappozzo 1995). Where the laboratory streams joint
centres, or leaves the medial markers on, the tibia frame is read in every frame instead. Read
`calibrate` top to bottom.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from compute.calibration_checks import check_leg, check_pair, check_still, check_thighs
from compute.calibration_trial import (
    MIN_PRESENT,
    MIN_PRESENT_WALKING,
    CalibrationError,
    Frames,
    Trial,
    in_view,
    require_present,
    seen,
    stillest,
    typical,
    typical_length,
)
from compute.conventions import Side
from compute.inertia import InertiaModel, LegMeasures, leg_inertia
from compute.joint_centres import HipCentre
from compute.leg_calibration import (
    JointWidths,
    LegFrames,
    LegPoints,
    choose_points,
    leg_frames,
    make_shank,
    require_wands,
    wand_markers,
)
from compute.posture_checks import (
    check_cop,
    check_cross_talk,
    check_load,
    check_sides,
    check_static_ekam,
    check_static_knee,
    each_foot_loaded,
    knee_angles_deg,
    static_ekam_nm,
)
from compute.segment_calibration import (
    FootFrames,
    PelvisFrames,
    foot_frames,
    hip_m,
    leg_length_m,
    make_foot,
    make_pelvis,
    make_thigh,
    make_trunk,
    pelvis_frames,
    thigh_frames,
)
from compute.segment_checks import check_leg_segments, check_pelvis, check_trunk
from compute.subject import Check, Leg, Shank, Subject

__all__ = ["CalibrationError", "JointWidths", "Person", "calibrate"]

STILL = ("ASI", "PSI", "ACR", "KNE", "KNM", "SK1", "SK2", "SK3", "SK4", "ANK", "MED", "HEE", "TOE", "MT5",
         "KJC", "AJC", "TAO", "TAL")  # fmt: skip
"""Markers of legs and pelvis that must not move, without their first letter (SACR); the trunk breathes."""


@dataclass(frozen=True)
class Person:
    """What is not in the trial: pseudonym and body measures.

    Attributes
    ----------
    leg_length_m : anterior superior iliac spine to medial malleolus; None to take it from the markers.
    """

    id: str
    body_mass_kg: float
    height_m: float
    sex: Literal["f", "m"]
    widths: JointWidths = field(default_factory=JointWidths)
    leg_length_m: float | None = None


@dataclass(frozen=True)
class _Leg:
    """One leg on the way to a `Leg`."""

    points: LegPoints
    hjc_m: np.ndarray | None
    frames: LegFrames
    thigh: Frames | None
    foot: FootFrames | None
    checks: list[Check]


def calibrate(
    markers_m: Mapping[str, np.ndarray],
    rate_hz: float,
    person: Person,
    *,
    wrench: np.ndarray | None = None,
    from_walking: bool = False,
    tracking: Literal["auto", "cluster", "landmarks"] = "auto",
    inertia: InertiaModel = "dumas",
    hip_centre: HipCentre = "harrington",
) -> Subject:
    """Calibrate the body.

    Parameters
    ----------
    markers_m : canonical name -> positions, shape (n, 3), lab, m, NaN = missing.
    rate_hz : of the markers.
    wrench : shape (k, 2, 6), F (N) and M_O (N·m) on the left and right foot over the same trial, lab;
        None where the trial has no plates.
    from_walking : the trial is a walking trial in which every landmark is seen.
    tracking : `auto` takes a shank cluster of three or more markers where there is one (from a walking
        trial: only where asked for).
    inertia, hip_centre : tables of `compute.inertia` and formulas of `compute.joint_centres`.

    Returns
    -------
    Subject whose checks are all passed or warned.

    Raises
    ------
    CalibrationError : a needed marker is missing, named with what it is for, or a check refuses.
    """
    markers_m = {name: x for name, x in markers_m.items() if not np.isnan(x).all()}
    right = _to_the_right(markers_m)
    points = {side: choose_points(markers_m, side, right, person.widths) for side in Side}
    _require_order(markers_m, right)
    needed = set().union(*(p.landmarks() for p in points.values()))
    for side in Side:
        hip_known = {"RASI", "LASI"} <= set(markers_m) or side.letter + "HJC" in markers_m
        require_wands(points[side], side, markers_m, hip_known)
        needed |= wand_markers(points[side], side)
    checks: list[Check] = []
    if from_walking:
        span = in_view(markers_m, needed)
    else:
        require_present(markers_m, needed)
        used = sorted(name for name in markers_m if name in needed or name[1:] in STILL)
        span, fastest, speed_m_per_s = stillest(markers_m, used, rate_hz)
        checks += check_still(fastest, speed_m_per_s, (span.stop - span.start) / rate_hz)
    require_present({name: markers_m[name][span] for name in needed}, needed)
    text = f"every needed marker is seen in at least {MIN_PRESENT:.0%} of the frames"
    checks.append(Check("markers_present", "passed", text))

    trial = _trial(markers_m, span, right, from_walking)
    pelvis = pelvis_frames(trial)
    checks += check_pelvis(trial, pelvis)
    legs = {
        side: _leg(trial, points[side], side, pelvis, person, hip_centre, checks) for side in Side
    }
    made = {side: _finish(trial, legs[side], side, person, tracking, inertia) for side in Side}
    for side in Side:
        checks += legs[side].checks
    checks += check_pair(
        made[Side.LEFT].shank,
        made[Side.RIGHT].shank,
        {side: _widths_m(trial, points[side]) for side in Side},
    )
    lengths_m = {
        side: typical_length(leg.hjc_m - leg.frames.kjc_m)
        for side, leg in legs.items()
        if leg.hjc_m is not None
    }
    checks += check_thighs(lengths_m, person.height_m)
    trunk, top = make_trunk(trial, pelvis)
    checks += check_trunk(trunk, top)
    if wrench is not None and len(wrench) and not from_walking:
        checks += _load_checks(trial, legs, _over(wrench, span, markers_m), person)
    refused = [check.message for check in checks if check.verdict == "refused"]
    if refused:
        raise CalibrationError("; ".join(refused), tuple(checks))
    return Subject(
        person.id,
        person.body_mass_kg,
        person.height_m,
        person.sex,
        made[Side.LEFT],
        made[Side.RIGHT],
        pelvis=make_pelvis(trial, pelvis, {side: leg.hjc_m for side, leg in legs.items()}),
        trunk=trunk,
        trunk_top=top,
        checks=tuple(checks),
    )


def _to_the_right(markers_m: Mapping[str, np.ndarray]) -> np.ndarray:
    """The person's own left-to-right direction, unit vector, lab: independent of the way they face."""
    total = np.zeros(3)
    for name in ("ASI", "KNE", "KJC", "ANK", "AJC"):
        if "L" + name in markers_m and "R" + name in markers_m:
            total += np.nan_to_num(
                np.nanmean(markers_m["R" + name] - markers_m["L" + name], axis=0)
            )
    total[1] = 0.0
    length = float(np.linalg.norm(total))
    if length < 0.05:
        raise CalibrationError(
            "left and right cannot be told apart: neither the pelvis nor both knees or ankles are labelled"
        )
    return total / length


def _require_order(markers_m: Mapping[str, np.ndarray], to_the_right: np.ndarray) -> None:
    """From left to right stand lateral, medial, medial, lateral: a label on the wrong leg shows here."""
    for lateral, medial in (("KNE", "KNM"), ("ANK", "MED")):
        names = ["L" + lateral, "L" + medial, "R" + medial, "R" + lateral]
        names = [name for name in names if name in markers_m]
        across = [float(np.nanmean(markers_m[name] @ to_the_right)) for name in names]
        for first, second, a, b in zip(names[:-1], names[1:], across[:-1], across[1:], strict=True):
            if a > b:
                raise CalibrationError(
                    f"{second} lies left of {first}, where no body has it: their labels are swapped"
                )


def _trial(
    markers_m: Mapping[str, np.ndarray], span: slice, right: np.ndarray, walking: bool
) -> Trial:
    """One mean instant of a static trial, or every frame of a walk."""
    frames = {name: x[span] for name, x in markers_m.items()}
    enough = MIN_PRESENT_WALKING if walking else MIN_PRESENT
    usable = frozenset(name for name, x in frames.items() if seen(x) >= enough)
    if walking:
        return Trial(frames, right, True, usable)
    still = {name: np.nanmean(frames[name], axis=0, keepdims=True) for name in usable}
    return Trial(still, right, False, usable)


def _leg(
    trial: Trial,
    points: LegPoints,
    side: Side,
    pelvis: PelvisFrames | None,
    person: Person,
    hip_centre: HipCentre,
    checks: list[Check],
) -> _Leg:
    """Joint centres and frames of one leg; what they rest on is added to `checks`."""
    measured = leg_length_m(trial, side)
    leg_m = person.leg_length_m or (measured[0] if measured else None)
    if (
        person.leg_length_m is None
        and measured is not None
        and pelvis is not None
        and measured[1][1:] != "MED"
        and hip_centre in ("harrington", "hara")
        and not trial.has(side.letter + "HJC")
    ):
        text = (
            f"the {side.word} leg length was taken to {measured[1]}, without {side.letter}MED: the hip joint "
            "centre moves by a millimetre"
        )
        checks.append(Check(f"leg_length_{side.word}", "warned", text))
    hjc_m = hip_m(trial, pelvis, side, hip_centre, leg_m)
    if hjc_m is None and points.knee is None:
        require_wands(points, side, trial.at_m, hip_known=False)
    frames = leg_frames(trial, points, side, hjc_m, person.widths)
    if not np.isfinite(frames.tibia.r).all(axis=(1, 2)).any():
        raise CalibrationError(
            f"the {side.word} wands stand in line with the joints: the knee and ankle joint centres cannot "
            f"be found from {side.letter}TH1 and {side.letter}SK1"
        )
    return _Leg(
        points,
        hjc_m,
        frames,
        thigh_frames(trial, hjc_m, frames, side),
        foot_frames(trial, frames, side),
        [],
    )


def _finish(
    trial: Trial,
    leg: _Leg,
    side: Side,
    person: Person,
    tracking: Literal["auto", "cluster", "landmarks"],
    inertia: InertiaModel,
) -> Leg:
    """Segments and inertia of one leg; its checks are added to `leg.checks`."""
    shank = make_shank(trial, leg.points, leg.frames, side, tracking)
    thigh = make_thigh(trial, leg.thigh, leg.frames, side)
    foot = make_foot(trial, leg.foot, leg.frames, side)
    measures = LegMeasures(
        shank.length_m,
        None if leg.hjc_m is None else typical_length(leg.hjc_m - leg.frames.kjc_m),
        leg.foot.length_m if leg.foot and foot else None,
        foot.points_m["HEE"] if foot else None,
    )
    thigh_inertia, shank_inertia, foot_inertia = leg_inertia(
        inertia, person.sex, person.body_mass_kg, person.height_m, side, measures
    )
    leg.checks.extend(
        check_leg(
            side,
            shank,
            _widths_m(trial, leg.points),
            _ankle_axis(trial, leg, side),
            _foot_direction(trial, leg, side),
            person.height_m,
            leg.frames.kjc_m,
            leg.frames.ajc_m,
        )
    )
    leg.checks.extend(_carried_how(leg.points, shank, side))
    if leg.thigh is not None:
        flexion_deg, varus_deg = knee_angles_deg(side, leg.thigh, leg.frames.tibia)
        if trial.walking:
            leg.checks.extend(check_cross_talk(side, flexion_deg, varus_deg))
        else:
            leg.checks.extend(check_static_knee(side, float(flexion_deg[0]), float(varus_deg[0])))
    leg.checks.extend(
        check_leg_segments(
            side,
            thigh,
            foot,
            hip_known=leg.hjc_m is not None,
            axis_read={side.letter + "KNE", side.letter + "KNM"} <= set(shank.markers()),
            frames=leg.foot,
        )
    )
    return Leg(shank, foot_inertia, shank_inertia, thigh_inertia, foot=foot, thigh=thigh)


def _widths_m(trial: Trial, points: LegPoints) -> dict[str, float]:
    """Between the lateral and the medial marker of knee and ankle, where there are such."""
    return {
        joint: typical_length(trial.at_m[pair[0]] - trial.at_m[pair[1]])
        for joint, pair in (("knee", points.knee), ("ankle", points.ankle))
        if pair is not None and pair[0] != pair[1]
    }


def _ankle_axis(trial: Trial, leg: _Leg, side: Side) -> np.ndarray | None:
    """Malleolar axis in the tibia frame, to the right; None without both malleoli."""
    pair = leg.points.ankle
    if pair is None or pair[0] == pair[1]:
        return None
    lateral, medial = (np.array(typical(leg.frames.tibia.local(trial.at_m[name]))) for name in pair)
    return side.sigma * (lateral - medial)


def _foot_direction(trial: Trial, leg: _Leg, side: Side) -> np.ndarray | None:
    """From heel to the toes (midfoot, failing that) in the tibia frame; None without both."""
    heel = side.letter + "HEE"
    for toe in ("TOE", "MT5", "MT1", "FT1"):
        if trial.has(heel, side.letter + toe):
            ends = (trial.at_m[side.letter + toe], trial.at_m[heel])
            a, b = (np.array(typical(leg.frames.tibia.local(x))) for x in ends)
            return np.asarray(a - b)
    return None


def _carried_how(points: LegPoints, shank: Shank, side: Side) -> list[Check]:
    """What a conventional (Plug-in Gait) marker set loses."""
    said = []
    if points.knee is None:
        said.append(
            f"the {side.word} knee joint centre and axis rest on the width and on the wand {side.letter}TH1: "
            "a wand that stands 5 deg off turns the axis by as much"
        )
    if points.ankle is None:
        said.append(
            f"the {side.word} ankle joint centre rests on the width and on the wand {side.letter}SK1"
        )
    if shank.tracking == "cluster" and side.letter + "KNE" in shank.cluster:
        said.append(
            f"the {side.word} tibia is carried by {', '.join(shank.cluster)}, and skin moves over the "
            f"epicondyle: three markers on the shank ({side.letter}SK1 to {side.letter}SK3) are better"
        )
    if not said:
        return []
    return [Check(f"plug_in_gait_{side.word}", "warned", "; ".join(said))]


def _over(wrench: np.ndarray, span: slice, markers_m: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mean wrench on each foot over the window, shape (2, 6); NaN where never complete."""
    n, k = len(next(iter(markers_m.values()))), len(wrench)
    share = wrench[span.start * k // n : span.stop * k // n]
    there = share[~np.isnan(share).any(axis=(1, 2))]
    return there.mean(axis=0) if len(there) else np.full((2, 6), np.nan)


def _load_checks(
    trial: Trial, legs: dict[Side, _Leg], wrench: np.ndarray, person: Person
) -> list[Check]:
    """Load against the scale; where each foot stood on its plate, its load and the knee above it."""
    checks = check_load(wrench[:, 1], person.body_mass_kg)
    if not each_foot_loaded(wrench[:, 1], person.body_mass_kg):
        return checks
    checks += check_sides(wrench, {side: leg.frames.ajc_m[0] for side, leg in legs.items()})
    if checks[-1].verdict == "refused":
        return checks  # the other checks would only say it again
    for side, leg in legs.items():
        if leg.foot is not None:
            heel, toes = trial.at_m[side.letter + "HEE"], trial.middle(*leg.foot.toes)
            checks += check_cop(side, wrench[side], heel[0], toes[0])
        ekam = static_ekam_nm(side, wrench[side], leg.frames.tibia)
        checks += check_static_ekam(side, ekam, person.body_mass_kg)
    return checks
