"""Motion of the synthetic walker: rigid segments as closed-form functions of the gait cycle.

Frame: the engine's lab frame (`compute.conventions`): X forward, Y up, Z right, metres; Y = 0 is
the surface of the belts. Every function of a leg describes a **right** leg at its own cycle phase
(0 = heel strike, `STANCE_FRACTION` = toe-off, 1 = next heel strike). A left leg is its mirror image
in the plane Z = 0 half a cycle later, so nothing here knows the side.

Every piece is twice continuously differentiable: cosines, and quintic steps between rests.
"""

from dataclasses import dataclass
from math import radians

import numpy as np

from stream.synthetic_parameters import STANCE_FRACTION, WalkParameters

MIRROR = np.diag([1.0, 1.0, -1.0])
"""Reflection in the sagittal plane Z = 0; its own inverse."""

HIP_PELVIS_M = np.array([-0.046, -0.080, 0.088])
"""Right hip centre from mid-ASIS in the pelvis frame, shape (3,)."""

_ANKLE_FOOT_M = np.array([0.0, 0.075, 0.0])
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
TRUNK_MARKERS_M = {"C7": (-0.130, 0.470, 0.0), "CLAV": (0.020, 0.400, 0.0)}
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
    "TOE": (0.125, 0.035, 0.0),
    "MT5": (0.095, 0.022, 0.050),
}
_MALLEOLUS_HALF_WIDTH_M = 0.037
_TIBIAL_TORSION_DEG = 16.0
STATIC_ONLY = ("KNM", "MED")
"""Medial markers: on in the static trial, off while walking."""


@dataclass(frozen=True)
class LegPose:
    """A right leg at n instants.

    Attributes
    ----------
    hip_m, knee_m, ankle_m : shape (n, 3). Joint centres.
    r_thigh, r_shank, r_foot : shape (n, 3, 3). Columns are the segment's X, Y, Z axes.
    sole_m : shape (n, 3). Point of the belt under the ankle of the flat foot ("footprint"); in
        stance it travels with the belt.
    """

    hip_m: np.ndarray
    knee_m: np.ndarray
    ankle_m: np.ndarray
    r_thigh: np.ndarray
    r_shank: np.ndarray
    r_foot: np.ndarray
    sole_m: np.ndarray


def step(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, quintic between: twice continuously differentiable."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (10.0 + x * (6.0 * x - 15.0))


def _bump(phase: np.ndarray, rise: tuple[float, float], fall: tuple[float, float]) -> np.ndarray:
    """Cyclic plateau of height 1: up over `rise`, down over `fall`; phases, may exceed 1."""
    late = np.where(phase < rise[0], phase + 1.0, phase)
    up = step((late - rise[0]) / (rise[1] - rise[0]))
    return up - step((late - fall[0]) / (fall[1] - fall[0]))


def rotation(axis: int, angle_rad: np.ndarray) -> np.ndarray:
    """Right-handed turn about coordinate axis 0, 1 or 2; shape (n,) -> (n, 3, 3)."""
    angle_rad = np.atleast_1d(angle_rad)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    r = np.zeros((len(angle_rad), 3, 3))
    r[:, axis, axis] = 1.0
    r[:, i, i] = r[:, j, j] = np.cos(angle_rad)
    r[:, j, i] = np.sin(angle_rad)
    r[:, i, j] = -r[:, j, i]
    return r


def apply(r: np.ndarray, v: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    """Rotate vectors: (n, 3, 3) and (3,) or (n, 3) -> (n, 3)."""
    return np.einsum("nij,nj->ni", r, np.broadcast_to(v, (len(r), 3)))


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors of length one, shape (n, 3)."""
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))


def pelvis_pose(parameters: WalkParameters, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pelvis at the phase of the right leg: mid-ASIS, shape (n, 3), and axes, shape (n, 3, 3).

    Even harmonics in the sagittal plane and odd ones across it make the left half-cycle the mirror
    image of the right one.
    """
    turn = 2.0 * np.pi * phase
    leg = parameters.thigh_m + parameters.shank_m + _ANKLE_FOOT_M[1]
    # The longer the stride, the lower the hips when the legs are apart.
    depth = (parameters.speed_m_per_s * parameters.stride_s / 1.257) ** 2
    height = leg - HIP_PELVIS_M[1] - depth * (0.038 + 0.019 * np.cos(2.0 * turn - 0.16))
    forward = 0.046 + 0.014 * np.cos(2.0 * turn + 0.97)
    sway = 0.018 * np.sin(turn - 0.1)
    yaw = radians(5.0) * np.cos(turn)
    drop = radians(3.0) * np.sin(turn + 0.3)
    r = rotation(1, yaw) @ rotation(0, -drop) @ rotation(2, np.full_like(turn, radians(-8.0)))
    return np.stack([forward, height, sway], axis=1), r


def trunk_pose(parameters: WalkParameters, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trunk at the phase of the right leg: origin at mid-ASIS, turning against the pelvis."""
    turn = 2.0 * np.pi * phase
    origin, _ = pelvis_pose(parameters, phase)
    r = rotation(1, radians(-3.0) * np.cos(turn)) @ rotation(0, radians(1.5) * np.sin(turn))
    return origin, r


def _foot_pose(
    parameters: WalkParameters, phase: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Footprint (n, 3), ankle centre (n, 3) and foot axes (n, 3, 3).

    The footprint travels with the belt through stance and is carried forward in swing. The foot
    rolls over the heel (toes up) around heel strike and over the metatarsal heads (heel up) around
    toe-off; between the two it is flat.
    """
    travel = parameters.speed_m_per_s * parameters.stride_s
    swing = (phase - STANCE_FRACTION) / (1.0 - STANCE_FRACTION)
    sole = np.zeros((len(phase), 3))
    sole[:, 0] = 0.394 * STANCE_FRACTION * travel - travel * phase + travel * step(swing)
    lift = _bump(phase, (STANCE_FRACTION, 0.80), (0.80, 1.0))
    sole[:, 1] = 0.042 * lift
    sole[:, 2] = 0.5 * parameters.step_width_m + 0.012 * lift
    heel_up = rotation(2, radians(-66.0) * _bump(phase, (0.42, 0.73), (0.66, 0.92)))
    toes_up = rotation(2, radians(24.0) * _bump(phase, (0.72, 0.96), (0.94, 1.15)))
    heading = rotation(1, np.full_like(phase, radians(-parameters.toe_out_deg)))
    r = heading @ toes_up @ heel_up
    origin = _TOE_PIVOT_M - apply(heel_up, _TOE_PIVOT_M)
    origin = _HEEL_PIVOT_M + apply(toes_up, origin - _HEEL_PIVOT_M)
    ankle = sole + apply(heading, origin) + apply(r, _ANKLE_FOOT_M)
    return sole, ankle, r


def _leg(
    parameters: WalkParameters,
    hip: np.ndarray,
    ankle: np.ndarray,
    hinge: np.ndarray,
    straight: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Knee centre, thigh axes and shank axes, by two-link geometry.

    `hinge` is the direction (n, 3) of the flexion axis before it is made normal to the hip-ankle
    line; `straight` = no flexion, then only the direction of the ankle counts.
    """
    down = unit(ankle - hip)
    side = unit(hinge - np.sum(hinge * down, axis=1, keepdims=True) * down)
    front = np.cross(down, -side)
    thigh = np.sqrt(parameters.thigh_m**2 - _KNEE_BULGE_M**2)
    shank = np.sqrt(parameters.shank_m**2 - _KNEE_BULGE_M**2)
    if straight:
        along, ahead = np.full((len(hip), 1), thigh), np.zeros((len(hip), 1))
    else:
        reach = np.linalg.norm(ankle - hip, axis=1, keepdims=True)
        if float(reach.max()) >= thigh + shank:
            raise ValueError("these strides are too long for the legs: lower speed, higher cadence")
        along = (reach**2 + thigh**2 - shank**2) / (2.0 * reach)
        ahead = np.sqrt(thigh**2 - along**2)
    knee = hip + along * down + ahead * front + _KNEE_BULGE_M * side
    r = []
    for axis in (hip - knee, knee - ankle):
        y = unit(axis)
        x = unit(np.cross(y, side))
        r.append(np.stack([x, y, np.cross(x, y)], axis=2))
    return knee, r[0], r[1]


def walking_leg(parameters: WalkParameters, phase: np.ndarray) -> LegPose:
    """Right leg at its own cycle phase, shape (n,)."""
    phase = np.mod(phase, 1.0)
    origin, r_pelvis = pelvis_pose(parameters, phase)
    hip = origin + apply(r_pelvis, HIP_PELVIS_M)
    sole, ankle, r_foot = _foot_pose(parameters, phase)
    # The knee points a little outwards, and the tibia turns inwards under load: its frame is
    # never that of the lab.
    out = radians(7.0) + radians(2.0) * np.cos(2.0 * np.pi * phase)
    hinge = np.stack([-np.sin(out), np.zeros_like(out), np.cos(out)], axis=1)
    knee, r_thigh, r_shank = _leg(parameters, hip, ankle, hinge, straight=False)
    inwards = radians(3.0) * np.sin(2.0 * np.pi * phase)
    return LegPose(hip, knee, ankle, r_thigh, r_shank @ rotation(1, inwards), r_foot, sole)


def standing_leg(parameters: WalkParameters) -> tuple[LegPose, np.ndarray]:
    """Right leg of the walker standing still, knee straight, and mid-ASIS; n = 1."""
    heading = rotation(1, np.array([radians(-parameters.toe_out_deg)]))
    sole = np.array([[0.0, 0.0, 0.5 * parameters.step_width_m + 0.02]])
    ankle = sole + _ANKLE_FOOT_M
    reach = np.sqrt(parameters.thigh_m**2 - _KNEE_BULGE_M**2) + np.sqrt(
        parameters.shank_m**2 - _KNEE_BULGE_M**2
    )
    width = HIP_PELVIS_M[2] - sole[0, 2]
    hip = ankle + np.array([0.0, np.sqrt(reach**2 - width**2), width])
    hinge = np.array([[-np.sin(radians(7.0)), 0.0, np.cos(radians(7.0))]])
    knee, r_thigh, r_shank = _leg(parameters, hip, ankle, hinge, straight=True)
    mid_asis = np.array([[0.046, hip[0, 1] - HIP_PELVIS_M[1], 0.0]])
    return LegPose(hip, knee, ankle, r_thigh, r_shank, heading, sole), mid_asis


def leg_markers(pose: LegPose) -> dict[str, np.ndarray]:
    """Markers of a right leg without the side's letter, each of shape (n, 3)."""
    markers = {k: pose.knee_m + apply(pose.r_thigh, v) for k, v in THIGH_MARKERS_M.items()}
    markers |= {k: pose.knee_m + apply(pose.r_shank, v) for k, v in SHANK_MARKERS_M.items()}
    torsion = radians(_TIBIAL_TORSION_DEG)
    lateral = _MALLEOLUS_HALF_WIDTH_M * np.array([-np.sin(torsion), 0.0, np.cos(torsion)])
    markers["ANK"] = pose.ankle_m + apply(pose.r_shank, lateral)
    markers["MED"] = pose.ankle_m - apply(pose.r_shank, lateral)
    foot = pose.ankle_m - apply(pose.r_foot, _ANKLE_FOOT_M)
    markers |= {k: foot + apply(pose.r_foot, v) for k, v in FOOT_MARKERS_M.items()}
    return markers


def tibia_frame(parameters: WalkParameters, pose: LegPose) -> np.ndarray:
    """Tibia frame of a walking leg as landmarks define it, shape (n, 3, 3).

    Y from ankle to knee, X normal to it and to the **static** epicondylar axis carried by the
    shank, so it differs from the shank's own axes by a constant turn.
    """
    still, _ = standing_leg(parameters)
    y = unit(still.knee_m - still.ankle_m)
    x = unit(np.cross(y, still.r_thigh[:, :, 2]))
    anatomical = np.stack([x, y, np.cross(x, y)], axis=2)
    return np.asarray(pose.r_shank @ (still.r_shank[0].T @ anatomical[0]))
