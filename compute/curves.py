"""Curves of one leg over its stance: joint moments in their frames, angles of the body.

Angles are Cardan Z-X-Y of R = R_proximal^T R_distal, which is the joint coordinate system of Grood &
Suntay 1983: alpha about the proximal Z, beta about the floating axis, gamma about the distal Y.
"""

import numpy as np

from compute.body import (
    FOOT,
    LIVE_AXIS,
    PELVIS,
    SHANK,
    THIGH,
    TIBIA_AXIS,
    LegArrays,
    Poses,
)
from compute.conventions import ekam_nm, kfm_nm
from compute.jit import kernel
from compute.newton_euler import ANKLE, HIP, KNEE
from compute.stance import CURVES

EKAM = CURVES.index("ekam_nm")
KFM = CURVES.index("kfm_nm")
FZ = CURVES.index("fz_n")
EKAM_VECTOR = CURVES.index("ekam_vector_nm")
KFM_VECTOR = CURVES.index("kfm_vector_nm")
EKAM_JCS = CURVES.index("ekam_jcs_nm")
KNEE_INTERNAL = CURVES.index("knee_internal_rotation_nm")
ANKLE_DORSI = CURVES.index("ankle_dorsiflexion_nm")
ANKLE_INVERSION = CURVES.index("ankle_inversion_nm")
HIP_FLEXION_NM = CURVES.index("hip_flexion_nm")
HIP_ADDUCTION_NM = CURVES.index("hip_adduction_nm")
ANKLE_FLEXION = CURVES.index("ankle_flexion_rad")
KNEE_FLEXION = CURVES.index("knee_flexion_rad")
KNEE_VARUS = CURVES.index("knee_varus_rad")
HIP_FLEXION = CURVES.index("hip_flexion_rad")
HIP_ADDUCTION = CURVES.index("hip_adduction_rad")
HIP_INTERNAL = CURVES.index("hip_internal_rotation_rad")
PELVIC_DROP = CURVES.index("pelvic_drop_rad")
TRUNK_LEAN = CURVES.index("trunk_lean_rad")
FOOT_PROGRESSION = CURVES.index("foot_progression_rad")
TIBIA_FRONTAL = CURVES.index("tibia_frontal_rad")
TIBIA_SAGITTAL = CURVES.index("tibia_sagittal_rad")


@kernel
def _arcsin(x: float) -> float:
    """Inverse sine, safe against rounding beyond 1; NaN stays NaN."""
    if x > 1.0:
        return 0.5 * np.pi
    if x < -1.0:
        return -0.5 * np.pi
    return np.arcsin(x)


@kernel
def cardan_zxy(proximal: np.ndarray, distal: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Angles alpha, beta, gamma (rad) of the distal in the proximal frame.

    Parameters
    ----------
    proximal, distal : shape (3, 3), R_lab_from_segment.
    out : shape (3,). beta = asin(R21), alpha = atan2(-R01, R11), gamma = atan2(-R20, R22).
    """
    r01 = r11 = r21 = r20 = r22 = 0.0
    for k in range(3):
        r01 += proximal[k, 0] * distal[k, 1]
        r11 += proximal[k, 1] * distal[k, 1]
        r21 += proximal[k, 2] * distal[k, 1]
        r20 += proximal[k, 2] * distal[k, 0]
        r22 += proximal[k, 2] * distal[k, 2]
    out[0] = np.arctan2(-r01, r11)
    out[1] = _arcsin(r21)
    out[2] = np.arctan2(-r20, r22)
    return out


@kernel
def along(moment: np.ndarray, r: np.ndarray, axis: int) -> float:
    """Component of a lab vector along axis 0, 1 or 2 of a segment."""
    return moment[0] * r[0, axis] + moment[1] * r[1, axis] + moment[2] * r[2, axis]


@kernel
def ekam_jcs_nm(
    sigma: float, moment: np.ndarray, r_tibia: np.ndarray, r_femur: np.ndarray
) -> float:
    """EKAM about the floating axis of the joint coordinate system, e2 = y_tibia x z_femur, normalised."""
    e0 = r_tibia[1, 1] * r_femur[2, 2] - r_tibia[2, 1] * r_femur[1, 2]
    e1 = r_tibia[2, 1] * r_femur[0, 2] - r_tibia[0, 1] * r_femur[2, 2]
    e2 = r_tibia[0, 1] * r_femur[1, 2] - r_tibia[1, 1] * r_femur[0, 2]
    length = np.sqrt(e0 * e0 + e1 * e1 + e2 * e2)
    return sigma * (moment[0] * e0 + moment[1] * e1 + moment[2] * e2) / length


@kernel
def foot_progression_rad(sigma: float, r: np.ndarray, points_m: np.ndarray) -> float:
    """Angle of the foot's long axis to the belt on the floor, + = toes out.

    `points_m` are `compute.body.FOOT_POINTS` in the foot frame; the axis runs from the heel to the
    second metatarsal head, or to the middle of the first and fifth where that is unknown.
    """
    dx = dz = 0.0
    for j in range(3):
        front = points_m[2, j]
        if np.isnan(front):
            front = 0.5 * (points_m[1, j] + points_m[3, j])
        d = front - points_m[0, j]
        dx += r[0, j] * d
        dz += r[2, j] * d
    return sigma * np.arctan2(dz, dx)


@kernel
def leg_curves(
    poses: Poses,
    moments: np.ndarray,
    vector: np.ndarray,
    wrench: np.ndarray,
    leg: LegArrays,
    femur: int,
    side: int,
    first: int,
    out: np.ndarray,
) -> np.ndarray:
    """Every curve of `compute.stance.CURVES` from poses and moments.

    Parameters
    ----------
    moments : shape (m, 3, 3), from `leg_moments`. vector : shape (m, 3). wrench : shape (m, 6).
    femur : how the femur's axis is known (`compute.body.femur_known`).
    first : frame of the poses that belongs to row 0.
    out : shape (m, len(CURVES)).
    """
    base = 2 + 3 * side
    sigma = leg.sigma
    angles = np.empty(3)
    for k in range(wrench.shape[0]):
        i = first + k
        pelvis, thigh = poses.r[i, PELVIS], poses.r[i, base + THIGH]
        shank, foot = poses.r[i, base + SHANK], poses.r[i, base + FOOT]
        row = out[k]
        row[:] = np.nan
        knee = moments[k, KNEE]
        row[EKAM] = ekam_nm(sigma, knee, shank)
        row[KFM] = kfm_nm(knee, shank)
        row[FZ] = wrench[k, 1]
        row[EKAM_VECTOR] = ekam_nm(sigma, vector[k], shank)
        row[KFM_VECTOR] = kfm_nm(vector[k], shank)
        row[KNEE_INTERNAL] = sigma * along(knee, shank, 1)
        row[ANKLE_DORSI] = along(moments[k, ANKLE], foot, 2)
        row[ANKLE_INVERSION] = sigma * along(moments[k, ANKLE], foot, 0)
        row[TIBIA_FRONTAL] = np.arctan2(sigma * shank[2, 1], shank[1, 1])
        row[TIBIA_SAGITTAL] = np.arctan2(shank[0, 1], shank[1, 1])
        cardan_zxy(shank, foot, angles)
        row[ANKLE_FLEXION] = angles[0]
        row[FOOT_PROGRESSION] = foot_progression_rad(sigma, foot, leg.foot_points_m)
        row[PELVIC_DROP] = sigma * _arcsin(pelvis[1, 2])
        row[TRUNK_LEAN] = np.arctan2(
            sigma * (poses.top_m[i, 2] - poses.mid_m[i, 2]), poses.top_m[i, 1] - poses.mid_m[i, 1]
        )
        if femur >= TIBIA_AXIS:
            cardan_zxy(thigh, shank, angles)
            row[KNEE_FLEXION] = -angles[0]
            if femur >= LIVE_AXIS:
                row[HIP_FLEXION_NM] = along(moments[k, HIP], thigh, 2)
                row[HIP_ADDUCTION_NM] = sigma * along(moments[k, HIP], thigh, 0)
                row[KNEE_VARUS] = sigma * angles[1]
                row[EKAM_JCS] = ekam_jcs_nm(sigma, knee, shank, thigh)
            cardan_zxy(pelvis, thigh, angles)
            row[HIP_FLEXION] = angles[0]
            row[HIP_ADDUCTION] = sigma * angles[1]
            if femur >= LIVE_AXIS:
                row[HIP_INTERNAL] = sigma * angles[2]
    return out
