"""External joint moments of one leg: plate wrench, weight and inertia of foot, shank and thigh.

Full Newton-Euler, summed about each joint centre J from the foot upwards (the same result as the
segment-by-segment recursion)::

    M_J = M_O - J x F                                    plate wrench about J, no centre of pressure
        + SUM_s [ (c_s - J) x m_s (g - a_s) - dH_s/dt ]  segments below the joint

    dH/dt = I a + w x I w,  I = R I_local R^T            world axes, about the centre of mass

with g = (0, -9.81, 0). Moments are external: the load that the environment (and the weight and inertia
of what hangs below) applies; the internal net moment is the negative.
"""

import numpy as np

from compute.body import FOOT, SHANK, THIGH, InertiaArrays, Poses
from compute.conventions import GRAVITY_M_PER_S2
from compute.jit import kernel

ANKLE, KNEE, HIP = 0, 1, 2

# Rows of a segment's state: centre of mass, its acceleration, angular velocity and acceleration.
COM, ACCELERATION, OMEGA, ALPHA = 0, 1, 2, 3

HALF_WIDTH = 2
"""Frames before and after that the derivatives need."""


@kernel
def moment_about(wrench: np.ndarray, point_m: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Moment of a wrench about a point: M_J = M_O - J x F.

    Parameters
    ----------
    wrench : shape (6,), F (N) and M_O (N·m) about the lab origin, lab.
    point_m : shape (3,), lab, m.
    out : shape (3,), receives N·m, lab.
    """
    out[0] = wrench[3] - (point_m[1] * wrench[2] - point_m[2] * wrench[1])
    out[1] = wrench[4] - (point_m[2] * wrench[0] - point_m[0] * wrench[2])
    out[2] = wrench[5] - (point_m[0] * wrench[1] - point_m[1] * wrench[0])
    return out


@kernel
def segment_motion(
    r: np.ndarray,
    origin_m: np.ndarray,
    com_local_m: np.ndarray,
    rate_hz: float,
    i: int,
    out: np.ndarray,
) -> np.ndarray:
    """Motion of a segment in frame `i` from five frames of its pose.

    Parameters
    ----------
    r : shape (n, 3, 3), R_lab_from_segment. origin_m : shape (n, 3), lab, m; smoothed.
    com_local_m : shape (3,), in the segment frame.
    out : shape (4, 3), receives rows COM (m), ACCELERATION (m/s^2), OMEGA (rad/s), ALPHA (rad/s^2), lab.

    Notes
    -----
    Five-point differences: gain within 0.2 % up to 6 Hz at 60 samples a second, where three points
    lose 3 % and two central differences in a row 13 %. The angular velocity is the skew part of
    (dR/dt) R^T; that of (d2R/dt2) R^T is the angular acceleration, since [w]^2 is symmetric.
    """
    first = rate_hz / 12.0
    second = rate_hz * rate_hz / 12.0
    w0 = w1 = w2 = alpha0 = alpha1 = alpha2 = 0.0
    for j in range(3):
        out[COM, j] = origin_m[i, j]
        out[ACCELERATION, j] = (
            -origin_m[i - 2, j] + 16.0 * origin_m[i - 1, j] - 30.0 * origin_m[i, j]
            + 16.0 * origin_m[i + 1, j] - origin_m[i + 2, j]
        )  # fmt: skip
    for m in range(3):  # axis by axis of the segment: each entry of R is differentiated once
        c = com_local_m[m]
        a, b, x, d, e = r[i - 2, 0, m], r[i - 1, 0, m], r[i, 0, m], r[i + 1, 0, m], r[i + 2, 0, m]
        v0, s0 = a - 8.0 * b + 8.0 * d - e, -a + 16.0 * b - 30.0 * x + 16.0 * d - e
        a, b, y, d, e = r[i - 2, 1, m], r[i - 1, 1, m], r[i, 1, m], r[i + 1, 1, m], r[i + 2, 1, m]
        v1, s1 = a - 8.0 * b + 8.0 * d - e, -a + 16.0 * b - 30.0 * y + 16.0 * d - e
        a, b, z, d, e = r[i - 2, 2, m], r[i - 1, 2, m], r[i, 2, m], r[i + 1, 2, m], r[i + 2, 2, m]
        v2, s2 = a - 8.0 * b + 8.0 * d - e, -a + 16.0 * b - 30.0 * z + 16.0 * d - e
        out[COM, 0] += x * c
        out[COM, 1] += y * c
        out[COM, 2] += z * c
        out[ACCELERATION, 0] += s0 * c
        out[ACCELERATION, 1] += s1 * c
        out[ACCELERATION, 2] += s2 * c
        # Skew parts, entries (2, 1), (0, 2), (1, 0).
        w0 += v2 * y - v1 * z
        w1 += v0 * z - v2 * x
        w2 += v1 * x - v0 * y
        alpha0 += s2 * y - s1 * z
        alpha1 += s0 * z - s2 * x
        alpha2 += s1 * x - s0 * y
    for j in range(3):
        out[ACCELERATION, j] *= second
    first, second = 0.5 * first, 0.5 * second
    out[OMEGA, 0], out[OMEGA, 1], out[OMEGA, 2] = first * w0, first * w1, first * w2
    out[ALPHA, 0], out[ALPHA, 1], out[ALPHA, 2] = second * alpha0, second * alpha1, second * alpha2
    return out


@kernel
def segment_effort(
    mass_kg: float,
    inertia_kg_m2: np.ndarray,
    r: np.ndarray,
    motion: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:
    """What weight and inertia of a segment apply at its centre of mass: m (g - a) and -dH/dt.

    Parameters
    ----------
    inertia_kg_m2 : shape (3, 3), about the centre of mass, segment frame.
    r : shape (3, 3), R_lab_from_segment. motion : shape (4, 3), as from `segment_motion`.
    out : shape (6,), receives force (N) and moment (N·m), lab.
    """
    x, y, z = motion[OMEGA, 0], motion[OMEGA, 1], motion[OMEGA, 2]
    u, v, t = motion[ALPHA, 0], motion[ALPHA, 1], motion[ALPHA, 2]
    # Into the segment frame, where the inertia is constant.
    w0 = r[0, 0] * x + r[1, 0] * y + r[2, 0] * z
    w1 = r[0, 1] * x + r[1, 1] * y + r[2, 1] * z
    w2 = r[0, 2] * x + r[1, 2] * y + r[2, 2] * z
    a0 = r[0, 0] * u + r[1, 0] * v + r[2, 0] * t
    a1 = r[0, 1] * u + r[1, 1] * v + r[2, 1] * t
    a2 = r[0, 2] * u + r[1, 2] * v + r[2, 2] * t
    tensor = inertia_kg_m2
    h0 = tensor[0, 0] * w0 + tensor[0, 1] * w1 + tensor[0, 2] * w2
    h1 = tensor[1, 0] * w0 + tensor[1, 1] * w1 + tensor[1, 2] * w2
    h2 = tensor[2, 0] * w0 + tensor[2, 1] * w1 + tensor[2, 2] * w2
    m0 = tensor[0, 0] * a0 + tensor[0, 1] * a1 + tensor[0, 2] * a2 + w1 * h2 - w2 * h1
    m1 = tensor[1, 0] * a0 + tensor[1, 1] * a1 + tensor[1, 2] * a2 + w2 * h0 - w0 * h2
    m2 = tensor[2, 0] * a0 + tensor[2, 1] * a1 + tensor[2, 2] * a2 + w0 * h1 - w1 * h0
    for j in range(3):
        out[j] = -mass_kg * motion[ACCELERATION, j]
        out[3 + j] = -(r[j, 0] * m0 + r[j, 1] * m1 + r[j, 2] * m2)
    out[1] -= mass_kg * GRAVITY_M_PER_S2
    return out


@kernel
def add_effort(
    effort: np.ndarray, com_m: np.ndarray, joint_m: np.ndarray, moment: np.ndarray
) -> np.ndarray:
    """Add a segment's effort to the moment about a joint centre; (c - J) x f + tau."""
    x, y, z = com_m[0] - joint_m[0], com_m[1] - joint_m[1], com_m[2] - joint_m[2]
    moment[0] += y * effort[2] - z * effort[1] + effort[3]
    moment[1] += z * effort[0] - x * effort[2] + effort[4]
    moment[2] += x * effort[1] - y * effort[0] + effort[5]
    return moment


@kernel
def joint_moments(
    wrench: np.ndarray,
    joints_m: np.ndarray,
    efforts: np.ndarray,
    coms_m: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:
    """External moments about ankle, knee and hip of one leg in one frame.

    Parameters
    ----------
    wrench : shape (6,), F and M_O on this foot.
    joints_m : shape (3, 3), centres of ankle, knee, hip, lab, m.
    efforts : shape (3, 6), of thigh, shank, foot (`segment_effort`). coms_m : shape (3, 3), likewise.
    out : shape (3, 3), receives N·m, lab; rows ankle, knee, hip.
    """
    for joint in range(3):
        moment_about(wrench, joints_m[joint], out[joint])
        add_effort(efforts[FOOT], coms_m[FOOT], joints_m[joint], out[joint])
        if joint >= KNEE:
            add_effort(efforts[SHANK], coms_m[SHANK], joints_m[joint], out[joint])
        if joint == HIP:
            add_effort(efforts[THIGH], coms_m[THIGH], joints_m[joint], out[joint])
    return out


@kernel
def leg_moments(
    loads: Poses,
    smooth: Poses,
    wrench: np.ndarray,
    inertia: InertiaArrays,
    side: int,
    rate_hz: float,
    first: int,
    out: np.ndarray,
    vector: np.ndarray,
) -> np.ndarray:
    """External moments of one leg over a run of frames.

    Parameters
    ----------
    loads : poses at the cut-off of the plate channels: where the joints are.
    smooth : poses at <= 6 Hz for everything that is differentiated, and for the weights' places. May
        be the same object.
    wrench : shape (m, 6), F and M_O on this foot at frames `first` to `first` + m, same cut-off.
    side : row of the leg, `compute.conventions.Side`.
    out : shape (m, 3, 3), receives ankle, knee, hip moments (N·m, lab); NaN in the two first and last
        frames of the poses, where nothing can be differentiated.
    vector : shape (m, 3), receives the knee moment of the plate wrench alone.

    Notes
    -----
    A foot without markers is a point mass at the ankle joint centre.
    """
    # Out of their tuples once: every access inside the loop would be counted up and down again.
    all_r, all_origin = smooth.r, smooth.origin_m
    load_origin, load_ajc, ajc = loads.origin_m, loads.ajc_m[:, side], smooth.ajc_m[:, side]
    mass_kg, com_m, tensors = inertia
    n = all_r.shape[0]
    base = 2 + 3 * side
    joints, motion = np.empty((3, 3)), np.zeros((4, 3))
    efforts, coms = np.empty((3, 6)), np.empty((3, 3))
    at_origin, point = np.zeros(3), np.zeros((3, 3))
    untracked = True
    for i in range(n):
        untracked = untracked and np.isnan(smooth.residual_m[i, base + FOOT])
    for k in range(wrench.shape[0]):
        i = first + k
        for j in range(3):
            joints[ANKLE, j] = load_ajc[i, j]
            joints[KNEE, j] = load_origin[i, base + SHANK, j]
            joints[HIP, j] = load_origin[i, base + THIGH, j]
        moment_about(wrench[k], joints[KNEE], vector[k])
        if i < HALF_WIDTH or i >= n - HALF_WIDTH:
            out[k] = np.nan
            continue
        for segment in range(3):
            effort, row = efforts[segment], base + segment
            if segment == FOOT and untracked:
                # The shank's axes only stand in: a point has no moment of inertia.
                row = base + SHANK
                segment_motion(all_r[:, row], ajc, at_origin, rate_hz, i, motion)
                segment_effort(mass_kg[FOOT], point, all_r[i, row], motion, effort)
            else:
                segment_motion(
                    all_r[:, row], all_origin[:, row], com_m[segment], rate_hz, i, motion
                )
                segment_effort(mass_kg[segment], tensors[segment], all_r[i, row], motion, effort)
            for j in range(3):
                coms[segment, j] = motion[COM, j]
        joint_moments(wrench[k], joints, efforts, coms, out[k])
    return out
