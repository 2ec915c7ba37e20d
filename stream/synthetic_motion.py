"""Motion of the synthetic walker: rigid segments as closed-form functions of the gait cycle.

Frame: the engine's lab frame (`compute.conventions`): X forward, Y up, Z right, metres; Y = 0 is
the surface of the belts. Every function of a leg describes a **right** leg at its own cycle phase
(0 = heel strike, `STANCE_FRACTION` = toe-off, 1 = next heel strike). A left leg is its mirror image
in the plane Z = 0 half a cycle later, so nothing here knows the side.

Every piece is twice continuously differentiable: cosines, and quintic steps between rests. All of it
is computed with its exact velocity and acceleration (`stream.synthetic_jet`).
"""

from dataclasses import dataclass
from functools import cache
from math import radians

import numpy as np

from stream.synthetic_jet import (
    Jet,
    columns,
    compose,
    constant,
    cos,
    cross,
    dot,
    linear,
    rotate,
    rotation,
    sin,
    sqrt,
    step,
    turn,
    unit,
)
from stream.synthetic_parameters import STANCE_FRACTION, WalkParameters

MIRROR = np.diag([1.0, 1.0, -1.0])
"""Reflection in the sagittal plane Z = 0; its own inverse."""

ANKLE_FOOT_M = np.array([0.0, 0.075, 0.0])
"""Ankle centre in the foot frame: origin on the sole below the ankle, X towards MT2, Z lateral."""
_HEEL_PIVOT_M = np.array([-0.045, 0.0, 0.0])
_TOE_PIVOT_M = np.array([0.130, 0.0, 0.0])
_KNEE_BULGE_M = 0.008
"""Distance of the knee centre to the lateral side of the hip-ankle line: a slight varus."""

PELVIS_MARKERS_M = {
    "RASI": (0.0, 0.0, 0.120),
    "LASI": (0.0, 0.0, -0.120),
    "RPSI": (-0.150, 0.0, 0.050),
    "LPSI": (-0.150, 0.0, -0.050),
}
TRUNK_MARKERS_M = {
    "C7": (-0.130, 0.470, 0.0),
    "T10": (-0.155, 0.230, 0.0),
    "CLAV": (0.020, 0.400, 0.0),
    "STRN": (0.045, 0.250, 0.0),
    "LSHO": (-0.060, 0.440, -0.185),
    "RSHO": (-0.060, 0.440, 0.185),
}
THIGH_MARKERS_M = {
    "TH1": (0.055, 0.270, 0.060),
    "TH2": (0.070, 0.130, 0.045),
    "TH3": (-0.020, 0.240, 0.085),
    "TH4": (-0.010, 0.110, 0.075),
    "KNE": (0.0, 0.0, 0.052),
    "KNM": (0.0, 0.0, -0.052),
}
SHANK_MARKERS_M = {
    "SK1": (0.045, -0.110, 0.025),
    "SK2": (0.035, -0.290, 0.020),
    "SK3": (-0.035, -0.130, 0.060),
    "SK4": (-0.030, -0.300, 0.045),
}
FOOT_MARKERS_M = {
    "HEE": (-0.065, 0.035, 0.0),
    "MT1": (0.115, 0.026, -0.044),
    "TOE": (0.125, 0.035, 0.0),
    "MT5": (0.095, 0.022, 0.050),
}
_MALLEOLUS_HALF_WIDTH_M = 0.037
_TIBIAL_TORSION_DEG = 16.0
_PELVIC_TILT = rotation(2, radians(-8.0))
STATIC_ONLY = ("KNM", "MED")
"""Medial markers: on in the static trial, off while walking."""


@dataclass(frozen=True)
class Pose:
    """A rigid segment at n instants.

    Attributes
    ----------
    origin_m : shape (n, 3). r : shape (n, 3, 3); columns are the segment's X, Y, Z axes.
    """

    origin_m: Jet
    r: Jet

    def point(self, local_m: np.ndarray | tuple[float, float, float]) -> Jet:
        """A point of the segment given in its frame, shape (3,) -> (n, 3)."""
        return self.origin_m + rotate(self.r, np.array(local_m))


@dataclass(frozen=True)
class LegMotion:
    """A right leg at n instants.

    Attributes
    ----------
    thigh, shank, foot : origins at hip, knee and ankle joint centre.
    sole_m : shape (n, 3). Point of the belt under the ankle of the flat foot ("footprint"); in
        stance it travels with the belt.
    """

    thigh: Pose
    shank: Pose
    foot: Pose
    sole_m: Jet


def clock(parameters: WalkParameters, phase: np.ndarray) -> Jet:
    """Cycle phase as a function of time: one cycle a stride; shape (n,)."""
    phase = np.asarray(phase, dtype=np.float64)
    return Jet(phase, np.full_like(phase, 1.0 / parameters.stride_s), np.zeros_like(phase))


def _bump(phase: Jet, rise: tuple[float, float], fall: tuple[float, float]) -> Jet:
    """Cyclic plateau of height 1: up over `rise`, down over `fall`; phases, may exceed 1."""
    late = Jet(np.where(phase.at < rise[0], phase.at + 1.0, phase.at), phase.d, phase.dd)
    up = step((late - rise[0]) / (rise[1] - rise[0]))
    return up - step((late - fall[0]) / (fall[1] - fall[0]))


def _level(like: Jet, value: float = 0.0) -> Jet:
    return constant(np.full_like(like.at, value))


@cache
def hip_pelvis_m(parameters: WalkParameters) -> np.ndarray:
    """Right hip centre from mid-ASIS in the pelvis frame, shape (3,).

    Exactly where the regression of Harrington 2007 (J Biomech 40:595) puts it for this walker's own
    pelvis markers and leg length (ASIS to medial malleolus, standing), so a calibration finds the
    true centre.
    """
    depth = PELVIS_MARKERS_M["RASI"][0] - PELVIS_MARKERS_M["RPSI"][0]
    width = PELVIS_MARKERS_M["RASI"][2] - PELVIS_MARKERS_M["LASI"][2]
    hip = np.array([-0.24 * depth - 0.0099, -0.08, 0.28 * depth + 0.16 * width + 0.0079])
    for _ in range(20):  # the leg length depends on the height of the hip in the pelvis, by 0.04
        pose, mid_asis = _standing(parameters, hip)
        medial = pose.shank.origin_m.at + pose.shank.r.at @ _malleolus_m(parameters, medial=True)
        leg = float(np.linalg.norm(mid_asis + np.array(PELVIS_MARKERS_M["RASI"]) - medial))
        hip[1] = -0.16 * width - 0.04 * leg - 0.0071
    hip.flags.writeable = False  # shared by all callers
    return hip


def pelvis_pose(parameters: WalkParameters, phase: np.ndarray) -> Pose:
    """Pelvis at the phase of the right leg, origin mid-ASIS.

    Even harmonics in the sagittal plane and odd ones across it make the left half-cycle the mirror
    image of the right one.
    """
    angle = clock(parameters, phase) * (2.0 * np.pi)
    leg = parameters.thigh_m + parameters.shank_m + ANKLE_FOOT_M[1]
    # The longer the stride, the lower the hips when the legs are apart.
    depth = (parameters.speed_m_per_s * parameters.stride_s / 1.257) ** 2
    height = cos(angle * 2.0 - 0.16) * (-0.019 * depth)
    forward = cos(angle * 2.0 + 0.97) * 0.014
    sway = sin(angle - 0.1) * 0.018
    yaw = cos(angle) * radians(5.0)
    drop = sin(angle + 0.3) * radians(3.0)
    origin = columns(forward + 0.046, height + (leg + 0.080 - 0.038 * depth), sway)
    return Pose(origin, compose(compose(turn(1, yaw), turn(0, -drop)), _PELVIC_TILT))


def trunk_pose(parameters: WalkParameters, phase: np.ndarray, pelvis: Pose) -> Pose:
    """Trunk at the phase of the right leg: origin at mid-ASIS, turning against the pelvis."""
    angle = clock(parameters, phase) * (2.0 * np.pi)
    lean = sin(angle) * radians(parameters.trunk_lean_deg)
    return Pose(pelvis.origin_m, compose(turn(1, cos(angle) * radians(-3.0)), turn(0, lean)))


def _foot_pose(parameters: WalkParameters, phase: Jet) -> tuple[Jet, Pose]:
    """Footprint (n, 3), and the foot with its origin at the ankle centre.

    The footprint travels with the belt through stance and is carried forward in swing. The foot
    rolls over the heel (toes up) around heel strike and over the metatarsal heads (heel up) around
    toe-off; between the two it is flat.
    """
    travel = parameters.speed_m_per_s * parameters.stride_s
    swing = (phase - STANCE_FRACTION) / (1.0 - STANCE_FRACTION)
    lift = _bump(phase, (STANCE_FRACTION, 0.80), (0.80, 1.0))
    sole = columns(
        phase * -travel + step(swing) * travel + 0.394 * STANCE_FRACTION * travel,
        lift * 0.042,
        lift * 0.012 + 0.5 * parameters.step_width_m,
    )
    heel_up = turn(2, _bump(phase, (0.42, 0.73), (0.66, 0.92)) * radians(-66.0))
    toes_up = turn(2, _bump(phase, (0.72, 0.96), (0.94, 1.15)) * radians(24.0))
    heading = rotation(1, radians(-parameters.toe_out_deg))
    r = compose(heading, compose(toes_up, heel_up))
    origin = -rotate(heel_up, _TOE_PIVOT_M) + _TOE_PIVOT_M
    origin = rotate(toes_up, origin - _HEEL_PIVOT_M) + _HEEL_PIVOT_M
    ankle = sole + linear(lambda x: x @ heading.T, origin) + rotate(r, ANKLE_FOOT_M)
    return sole, Pose(ankle, r)


def _links(parameters: WalkParameters) -> tuple[float, float]:
    """Thigh and shank projected on the hip-ankle line of the straight leg, m."""
    bulge = _KNEE_BULGE_M**2
    return float(np.sqrt(parameters.thigh_m**2 - bulge)), float(
        np.sqrt(parameters.shank_m**2 - bulge)
    )


def _leg(
    parameters: WalkParameters, hip: Jet, ankle: Jet, hinge: Jet, straight: bool
) -> tuple[Pose, Pose]:
    """Thigh and shank by two-link geometry.

    `hinge` is the direction (n, 3) of the flexion axis before it is made normal to the hip-ankle
    line; `straight` = no flexion, then only the direction of the ankle counts.
    """
    down = unit(ankle - hip)
    side = unit(hinge - down * dot(hinge, down))
    front = cross(side, down)
    thigh, shank = _links(parameters)
    knee = hip + side * _KNEE_BULGE_M
    if straight:
        knee = knee + down * thigh
    else:
        reach = sqrt(dot(ankle - hip, ankle - hip))
        if float(reach.at.max()) >= thigh + shank:
            raise ValueError("these strides are too long for the legs: lower speed, higher cadence")
        along = (reach * reach + (thigh**2 - shank**2)) / (reach * 2.0)
        knee = knee + down * along + front * sqrt(-(along * along) + thigh**2)
    r = []
    for axis in (hip - knee, knee - ankle):
        y = unit(axis)
        x = unit(cross(y, side))
        # columns() of vectors stacks along the last axis: each is a column
        r.append(columns(x, y, cross(x, y)))
    return Pose(hip, r[0]), Pose(knee, r[1])


def walking_leg(
    parameters: WalkParameters, phase: np.ndarray, pelvis: Pose | None = None
) -> LegMotion:
    """Right leg at its own cycle phase, shape (n,); `pelvis` if it is known already."""
    now = clock(parameters, np.mod(phase, 1.0))
    angle = now * (2.0 * np.pi)
    pelvis = pelvis or pelvis_pose(parameters, now.at)
    hip = pelvis.point(hip_pelvis_m(parameters))
    sole, foot = _foot_pose(parameters, now)
    # The knee points a little outwards, and the tibia turns inwards under load: its frame is
    # never that of the lab.
    out = cos(angle) * radians(2.0) + radians(7.0)
    hinge = columns(-sin(out), _level(out), cos(out))
    thigh, shank = _leg(parameters, hip, foot.origin_m, hinge, straight=False)
    inwards = turn(1, sin(angle) * radians(3.0))
    return LegMotion(thigh, Pose(shank.origin_m, compose(shank.r, inwards)), foot, sole)


def standing_leg(parameters: WalkParameters) -> tuple[LegMotion, np.ndarray]:
    """Right leg of the walker standing still, knee straight, and mid-ASIS (1, 3); n = 1."""
    return _standing(parameters, hip_pelvis_m(parameters))


def _standing(parameters: WalkParameters, hip_pelvis: np.ndarray) -> tuple[LegMotion, np.ndarray]:
    heading = rotation(1, radians(-parameters.toe_out_deg))
    sole = np.array([[0.0, 0.0, 0.5 * parameters.step_width_m + 0.02]])
    ankle = sole + ANKLE_FOOT_M
    reach = sum(_links(parameters))
    width = hip_pelvis[2] - sole[0, 2]
    hip = ankle + np.array([0.0, np.sqrt(reach**2 - width**2), width])
    hinge = np.array([[-np.sin(radians(7.0)), 0.0, np.cos(radians(7.0))]])
    thigh, shank = _leg(parameters, constant(hip), constant(ankle), constant(hinge), straight=True)
    foot = Pose(constant(ankle), constant(heading[None]))
    return LegMotion(thigh, shank, foot, constant(sole)), hip - hip_pelvis


def _malleolus_m(parameters: WalkParameters, *, medial: bool) -> np.ndarray:
    """Malleolus in the shank's own frame, shape (3,)."""
    torsion = radians(_TIBIAL_TORSION_DEG)
    lateral = _MALLEOLUS_HALF_WIDTH_M * np.array([-np.sin(torsion), 0.0, np.cos(torsion)])
    ankle = np.array([0.0, -parameters.shank_m, 0.0])
    return ankle - lateral if medial else ankle + lateral


def leg_markers(parameters: WalkParameters, leg: LegMotion) -> dict[str, np.ndarray]:
    """Markers of a right leg without the side's letter, each of shape (n, 3)."""
    knee = leg.shank.origin_m.at
    markers = {k: knee + leg.thigh.r.at @ np.array(v) for k, v in THIGH_MARKERS_M.items()}
    markers |= {k: leg.shank.point(v).at for k, v in SHANK_MARKERS_M.items()}
    for name, medial in (("ANK", False), ("MED", True)):
        markers[name] = leg.shank.point(_malleolus_m(parameters, medial=medial)).at
    markers |= {k: leg.foot.point(np.array(v) - ANKLE_FOOT_M).at for k, v in FOOT_MARKERS_M.items()}
    return markers
