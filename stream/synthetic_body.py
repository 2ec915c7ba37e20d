"""The synthetic walker's body as landmarks define it: anatomical frames, angles, inertial loads.

Everything describes a **right** leg in the engine's lab frame, as in `stream.synthetic_motion`; the
accelerations are exact.
"""

from dataclasses import dataclass

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2, Side
from compute.inertia import LegMeasures, leg_inertia
from compute.subject import SegmentInertia
from stream.synthetic_jet import compose, spin
from stream.synthetic_motion import (
    ANKLE_FOOT_M,
    FOOT_MARKERS_M,
    PELVIS_MARKERS_M,
    TRUNK_MARKERS_M,
    LegMotion,
    Pose,
    pelvis_pose,
    standing_leg,
    trunk_pose,
    walking_leg,
)
from stream.synthetic_parameters import WalkParameters

ANKLE, KNEE, HIP = 0, 1, 2
"""Rows of joint moments."""


@dataclass(frozen=True)
class Body:
    """Segments that bear on one leg, at n instants: X anterior, Y proximal, Z to the right.

    Attributes
    ----------
    pelvis : origin mid-ASIS. thigh, tibia, foot : origin hip, knee, ankle joint centre.
    sole_m : shape (n, 3), footprint on the belt.
    trunk_m : shape (n, 3), from the middle of the pelvis to that of the acromions.
    """

    pelvis: Pose
    thigh: Pose
    tibia: Pose
    foot: Pose
    sole_m: np.ndarray
    trunk_m: np.ndarray


def _normal(v: np.ndarray) -> np.ndarray:
    return np.asarray(v / np.linalg.norm(v))


def _tibia_in_shank(parameters: WalkParameters) -> np.ndarray:
    """Constant turn from the shank's own axes to the tibia frame, shape (3, 3).

    Y from ankle to knee, X normal to it and to the **static** epicondylar axis carried by the shank.
    """
    still, _ = standing_leg(parameters)
    y = _normal((still.shank.origin_m - still.foot.origin_m).at[0])
    x = _normal(np.cross(y, still.thigh.r.at[0, :, 2]))
    return np.asarray(still.shank.r.at[0].T @ np.stack([x, y, np.cross(x, y)], axis=1))


def _foot_in_foot() -> np.ndarray:
    """Constant turn from the foot's own axes to the frame of heel and metatarsal heads, shape (3, 3)."""
    heel, first, fifth = (np.array(FOOT_MARKERS_M[name]) for name in ("HEE", "MT1", "MT5"))
    x = _normal(0.5 * (first + fifth) - heel)
    y = _normal(np.cross(fifth - first, x))
    return np.stack([x, y, np.cross(x, y)], axis=1)


def foot_length_m() -> float:
    """Ankle centre to the middle of the first and fifth metatarsal heads."""
    middle = 0.5 * (np.array(FOOT_MARKERS_M["MT1"]) + np.array(FOOT_MARKERS_M["MT5"]))
    return float(np.linalg.norm(middle - ANKLE_FOOT_M))


def anatomical_leg(parameters: WalkParameters, leg: LegMotion) -> tuple[Pose, Pose, Pose]:
    """Thigh, tibia and foot in anatomical frames; the thigh's own axes are those of the epicondyles."""
    tibia = compose(leg.shank.r, _tibia_in_shank(parameters))
    foot = compose(leg.foot.r, _foot_in_foot())
    return leg.thigh, Pose(leg.shank.origin_m, tibia), Pose(leg.foot.origin_m, foot)


def walking_body(parameters: WalkParameters, phase: np.ndarray) -> Body:
    """The right leg and what it hangs on, at its own cycle phase."""
    pelvis = pelvis_pose(parameters, phase)
    leg, trunk = walking_leg(parameters, phase, pelvis), trunk_pose(parameters, phase, pelvis)
    middle = 0.5 * (np.array(PELVIS_MARKERS_M["RASI"]) + np.array(PELVIS_MARKERS_M["LPSI"]))
    middle[2] = 0.0
    top = 0.5 * (np.array(TRUNK_MARKERS_M["LSHO"]) + np.array(TRUNK_MARKERS_M["RSHO"]))
    up = trunk.point(top) - pelvis.point(middle)
    return Body(pelvis, *anatomical_leg(parameters, leg), leg.sole_m.at, up.at)


def inertia(parameters: WalkParameters) -> tuple[SegmentInertia, SegmentInertia, SegmentInertia]:
    """Thigh, shank and foot of the right leg, as a calibration of this walker (a woman) finds them."""
    measures = LegMeasures(parameters.shank_m, parameters.thigh_m, foot_length_m())
    mass, height = parameters.body_mass_kg, parameters.height_m
    return leg_inertia("dumas", "f", mass, height, Side.RIGHT, measures)


def inertial_moments(parameters: WalkParameters, body: Body) -> np.ndarray:
    """External moments that weight and inertia of the leg apply, about ankle, knee and hip.

    Shape (n, 3, 3), N·m, lab: the sum over the segments below the joint J of
    (c - J) x m (g - a) - dH/dt, with dH/dt = I alpha + omega x I omega about the centre of mass.
    """
    gravity = np.array([0.0, -GRAVITY_M_PER_S2, 0.0])
    joints = [p.origin_m.at for p in (body.foot, body.tibia, body.thigh)]
    moments = np.zeros((len(joints[0]), 3, 3))
    parts = zip((body.thigh, body.tibia, body.foot), inertia(parameters), strict=True)
    for (pose, given), highest in zip(parts, (HIP, KNEE, ANKLE), strict=True):
        com = pose.point(given.com_m)
        force = given.mass_kg * (gravity - com.dd)
        omega, alpha = spin(pose.r)
        tensor = pose.r.at @ np.array(given.inertia_kg_m2) @ np.swapaxes(pose.r.at, 1, 2)
        momentum = np.einsum("nij,nj->ni", tensor, omega)
        change = np.einsum("nij,nj->ni", tensor, alpha) + np.cross(omega, momentum)
        for joint in range(highest, HIP + 1):
            moments[:, joint] += np.cross(com.at - joints[joint], force) - change
    return moments


def cardan_rad(proximal: np.ndarray, distal: np.ndarray) -> tuple[np.ndarray, ...]:
    """Cardan angles Z-X'-Y'' of the distal in the proximal frame (n, 3, 3): alpha, beta, gamma, (n,) each."""
    r = np.swapaxes(proximal, 1, 2) @ distal
    alpha = np.arctan2(-r[:, 0, 1], r[:, 1, 1])
    return alpha, np.arcsin(r[:, 2, 1]), np.arctan2(-r[:, 2, 0], r[:, 2, 2])


def angles_rad(body: Body) -> dict[str, np.ndarray]:
    """Angles by their names in `compute.stance.CURVES`, shape (n,) each; a right leg."""
    pelvis, thigh = body.pelvis.r.at, body.thigh.r.at
    tibia, foot = body.tibia.r.at, body.foot.r.at
    hip = cardan_rad(pelvis, thigh)
    knee = cardan_rad(thigh, tibia)
    toes = np.array(FOOT_MARKERS_M["TOE"]) - np.array(FOOT_MARKERS_M["HEE"])
    ahead = foot @ (_foot_in_foot().T @ toes)
    return {
        "ankle_flexion_rad": cardan_rad(tibia, foot)[0],
        "knee_flexion_rad": -knee[0],
        "knee_varus_rad": knee[1],
        "hip_flexion_rad": hip[0],
        "hip_adduction_rad": hip[1],
        "hip_internal_rotation_rad": hip[2],
        "pelvic_drop_rad": np.arcsin(pelvis[:, 1, 2]),
        "trunk_lean_rad": np.arctan2(body.trunk_m[:, 2], body.trunk_m[:, 1]),
        "foot_progression_rad": np.arctan2(ahead[:, 2], ahead[:, 0]),
        "tibia_frontal_rad": np.arctan2(tibia[:, 2, 1], tibia[:, 1, 1]),
        "tibia_sagittal_rad": np.arctan2(tibia[:, 0, 1], tibia[:, 1, 1]),
    }


def moments_nm(body: Body, moments: np.ndarray, vector: np.ndarray) -> dict[str, np.ndarray]:
    """Components of the moments (n, 3, 3) and of the quasi-static knee moment (n, 3) by their names."""

    def component(of: np.ndarray, pose: Pose, axis: int) -> np.ndarray:
        return np.asarray(np.sum(of * pose.r.at[:, :, axis], axis=1))

    ankle, knee, hip = (moments[:, joint] for joint in (ANKLE, KNEE, HIP))
    floating = np.cross(body.tibia.r.at[:, :, 1], body.thigh.r.at[:, :, 2])
    floating /= np.linalg.norm(floating, axis=1, keepdims=True)
    return {
        "ekam_nm": component(knee, body.tibia, 0),
        "kfm_nm": -component(knee, body.tibia, 2),
        "ekam_vector_nm": component(vector, body.tibia, 0),
        "kfm_vector_nm": -component(vector, body.tibia, 2),
        "ekam_jcs_nm": np.sum(knee * floating, axis=1),
        "knee_internal_rotation_nm": component(knee, body.tibia, 1),
        "ankle_dorsiflexion_nm": component(ankle, body.foot, 2),
        "ankle_inversion_nm": component(ankle, body.foot, 0),
        "hip_flexion_nm": component(hip, body.thigh, 2),
        "hip_adduction_nm": component(hip, body.thigh, 0),
    }


def step_geometry_m(parameters: WalkParameters) -> tuple[float, float]:
    """Step width (between the ankle centres) and step length (between the heels) at a heel strike.

    Alike for both legs of this walker; the other one is its mirror image half a cycle later.
    """
    heel = np.array(FOOT_MARKERS_M["HEE"]) - ANKLE_FOOT_M
    lead, trail = (walking_leg(parameters, np.array([phase])) for phase in (0.0, 0.5))
    width = lead.foot.origin_m.at[0, 2] + trail.foot.origin_m.at[0, 2]
    length = lead.foot.point(heel).at[0, 0] - trail.foot.point(heel).at[0, 0]
    return float(width), float(length)
