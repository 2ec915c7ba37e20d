"""Slow, obvious NumPy twins of the kernels of the body: poses, Newton-Euler, angles."""

import numpy as np
from naive import cluster_pose, moment_about, tibia_frame

GRAVITY = np.array([0.0, -9.81, 0.0])


def vee(skew):
    skew = 0.5 * (skew - skew.T)
    return np.array([skew[2, 1], skew[0, 2], skew[1, 0]])


def five_point(x, i, rate_hz):
    """First and second derivative of any array over time at frame i."""
    first = (x[i - 2] - 8.0 * x[i - 1] + 8.0 * x[i + 1] - x[i + 2]) * rate_hz / 12.0
    second = -x[i - 2] + 16.0 * x[i - 1] - 30.0 * x[i] + 16.0 * x[i + 1] - x[i + 2]
    return first, second * rate_hz**2 / 12.0


def segment_motion(r, origin, com_local, rate_hz, i):
    com = origin + np.einsum("nij,j->ni", r, com_local)
    _, acceleration = five_point(com, i, rate_hz)
    r1, r2 = five_point(r, i, rate_hz)
    return np.stack([com[i], acceleration, vee(r1 @ r[i].T), vee(r2 @ r[i].T)])


def segment_effort(mass, inertia, r, motion):
    _, acceleration, w, alpha = motion
    world = r @ inertia @ r.T
    moment = -(world @ alpha + np.cross(w, world @ w))
    return np.concatenate([mass * (GRAVITY - acceleration), moment])


def joint_moments(wrench, joints, efforts, coms):
    """Bottom up, segment by segment: forces and moments handed on from joint to joint."""
    force, moment, at = wrench[:3].copy(), moment_about(wrench, joints[0]), joints[0]
    out = []
    for joint, segment in zip(joints, (2, 1, 0), strict=True):
        # carry the wrench from the joint below, then add the segment above it
        moment = moment + np.cross(at - joint, force)
        at = joint
        effort = efforts[segment]
        force = force + effort[:3]
        moment = moment + effort[3:] + np.cross(coms[segment] - joint, effort[:3])
        out.append(moment.copy())
    return np.array(out)


def cardan_zxy(proximal, distal):
    r = proximal.T @ distal
    return np.array(
        [np.arctan2(-r[0, 1], r[1, 1]), np.arcsin(r[2, 1]), np.arctan2(-r[2, 0], r[2, 2])]
    )


def body_poses(markers, subject, names):
    """Poses of one frame as a dictionary segment -> (R, origin), and what is carried."""
    at = dict(zip(names, markers, strict=True))
    out = {}
    for side, letter, leg in ((0, "L", subject.left), (1, "R", subject.right)):
        shank = leg.shank
        if shank.tracking == "cluster":
            local = np.array(shank.local_m)
            r, kjc, _ = cluster_pose(local, np.array([at[name] for name in shank.cluster]))
            ajc = kjc + r @ np.array(shank.ajc_local_m)
        else:
            kjc, ajc = (0.5 * (at[a] + at[b]) for a, b in (shank.knee, shank.ankle))
            r = tibia_frame(kjc, ajc, at[shank.axis[1]] - at[shank.axis[0]])
        out[side, "shank"] = r, kjc
        out[side, "ajc"] = ajc
        at.setdefault(letter + "AJC", ajc)
    for key, segment in (
        ("pelvis", subject.pelvis),
        ("trunk", subject.trunk),
        ((0, "foot"), subject.left.foot),
        ((1, "foot"), subject.right.foot),
        ((0, "thigh"), subject.left.thigh),
        ((1, "thigh"), subject.right.thigh),
    ):
        if segment is not None:
            measured = np.array([at[name] for name in segment.cluster])
            r, o, _ = cluster_pose(np.array(segment.local_m), measured)
            out[key] = r, o
    return out
