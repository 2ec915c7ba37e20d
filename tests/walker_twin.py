"""What the synthetic walker's markers and plates say, by plain NumPy that shares nothing with its equations.

Anatomical frames are read off the static trial, carried by clusters (singular value decomposition),
differentiated numerically in time; joint moments go from the foot upwards, joint by joint.
"""

from dataclasses import dataclass, replace

import numpy as np

from stream.recording import Recording
from stream.synthetic import CAPTURE_FROM_LAB, plate_description

# Central differences of eighth order: errors of h^8 in the eighth derivative.
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0.0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])

# Female: share of body mass (%), centre of mass and radii of gyration (% of length).
DUMAS = {
    "thigh": (14.6, [-7.7, -37.7, 0.8], [31.0, 19.0, 32.0]),
    "shank": (4.5, [-4.9, -40.4, 3.1], [28.0, 10.0, 28.0]),
    "foot": (1.0, [38.2, -30.9, 5.5], [24.0, 50.0, 50.0]),
}
GRAVITY = np.array([0.0, -9.81, 0.0])


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def lab_markers(recording: Recording) -> dict[str, np.ndarray]:
    names = [channel.target for channel in recording.markers.info.channels[::3]]
    points = recording.markers.values.reshape(len(recording.markers.values), -1, 3)
    points = points @ CAPTURE_FROM_LAB
    return {name: points[:, i] for i, name in enumerate(names)}


def carried(still, moving, cluster, origin, axes):
    """Origin (n, 3) and axes (n, 3, 3) of the static trial carried by a cluster."""
    at = np.stack([still[name] for name in cluster])
    there = np.stack([moving[name] for name in cluster], axis=1)
    centre, moving_centre = at.mean(axis=0), there.mean(axis=1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("ki,nkj->nij", at - centre, there - moving_centre))
    v, ut = vt.transpose(0, 2, 1), u.transpose(0, 2, 1)
    v[:, :, 2] *= np.linalg.det(v @ ut)[:, None]
    r = v @ ut
    return moving_centre[:, 0] + r @ (origin - centre), r @ axes


def frame_y(y, to_the_right):
    """Axes (3, 3) from the long axis and any vector to the right."""
    y = unit(y)
    x = unit(np.cross(y, to_the_right))
    return np.stack([x, y, np.cross(x, y)], axis=1)


@dataclass(frozen=True)
class TwinSegment:
    """Origin (n, 3), axes (n, 3, 3) and length (m)."""

    origin: np.ndarray
    r: np.ndarray
    length: float = 0.0


def twin_segments(walking, static, side) -> dict[str, TwinSegment]:
    """Pelvis, thigh, shank and foot of one leg."""
    s = side.letter
    still = {name: points[0] for name, points in static.items()}
    knee = 0.5 * (still[s + "KNE"] + still[s + "KNM"])
    ankle = 0.5 * (still[s + "ANK"] + still[s + "MED"])
    right = side.sigma * (still[s + "KNE"] - still[s + "KNM"])
    front = 0.5 * (still["RASI"] + still["LASI"])
    back = 0.5 * (still["RPSI"] + still["LPSI"])
    z = unit(still["RASI"] - still["LASI"])
    x = unit((front - back) - ((front - back) @ z) * z)
    pelvis = np.stack([x, np.cross(z, x), z], axis=1)
    depth = 1e3 * np.linalg.norm(front - back)
    width = 1e3 * np.linalg.norm(still["RASI"] - still["LASI"])
    leg = 1e3 * np.linalg.norm(still[s + "ASI"] - still[s + "MED"])
    hip = 1e-3 * np.array(
        [
            -0.24 * depth - 9.9,
            -0.16 * width - 0.04 * leg - 7.1,
            side.sigma * (0.28 * depth + 0.16 * width + 7.9),
        ]
    )
    hip = front + pelvis @ hip
    heads = 0.5 * (still[s + "MT1"] + still[s + "MT5"])
    x = unit(heads - still[s + "HEE"])
    y = unit(np.cross(side.sigma * (still[s + "MT5"] - still[s + "MT1"]), x))
    foot = np.stack([x, y, np.cross(x, y)], axis=1)
    built = {
        "pelvis": (["RASI", "LASI", "RPSI", "LPSI"], front, pelvis, 0.0),
        "thigh": (
            [f"{s}TH{i}" for i in range(1, 5)],
            hip,
            frame_y(hip - knee, right),
            np.linalg.norm(hip - knee),
        ),
        "shank": (
            [f"{s}SK{i}" for i in range(1, 5)],
            knee,
            frame_y(knee - ankle, right),
            np.linalg.norm(knee - ankle),
        ),
        "foot": (
            [s + "HEE", s + "MT1", s + "TOE", s + "MT5"],
            ankle,
            foot,
            np.linalg.norm(heads - ankle),
        ),
    }
    found = {
        name: TwinSegment(*carried(still, walking, cluster, origin, axes), float(length))
        for name, (cluster, origin, axes, length) in built.items()
    }
    # The hip is carried by the pelvis, the rest of the thigh by its cluster.
    local = pelvis.T @ (hip - front)
    at = found["pelvis"].origin + found["pelvis"].r @ local
    return found | {"thigh": replace(found["thigh"], origin=at)}


def twin_knee(walking, static, side):
    """Knee centre and tibia frame."""
    shank = twin_segments(walking, static, side)["shank"]
    return shank.origin, shank.r


def plate_loads(channels, side):
    """Force, free moment and centre of pressure in the lab, from the six channels of a plate."""
    plate = plate_description(side)
    corners = np.array(plate.corners_m)
    x, y = unit(corners[0] - corners[1]), unit(corners[0] - corners[3])
    r = np.stack([x, y, np.cross(x, y)], axis=1)
    ox, oy, oz = plate.origin_m
    fx, fy, fz, mx, my, mz = channels[:, 6 * side : 6 * side + 6].T
    px, py = (oz * fx - my) / fz, (mx + oz * fy) / fz
    tz = mz - (px * fy - py * fx)
    point = np.stack([px - ox, py - oy, np.zeros_like(px)], axis=1)
    cop = corners.mean(axis=0) + point @ r.T
    force = np.stack([fx, fy, fz], axis=1) @ r.T
    torque = tz[:, None] * r[:, 2]
    return tuple(v @ CAPTURE_FROM_LAB for v in (force, torque, cop))


def twin_moments(knee, frame, force, torque, cop, side):
    """EKAM and KFM of the ground reaction alone."""
    moment = np.cross(cop - knee, force) + torque
    ekam = side.sigma * np.sum(moment * frame[:, :, 0], axis=1)
    return ekam, -np.sum(moment * frame[:, :, 2], axis=1)


def joint_loads(segments, loads, side, body_mass_kg, h):
    """Moments about ankle, knee, hip, (n, 3) each, lab, by recursion from the foot upwards.

    Parameters
    ----------
    segments : `twin_segments` over nine frames `h` seconds apart per instant, shape (9 n, ...): the
        middle one is the instant.
    loads : force, free moment and centre of pressure at the instants.
    """

    def stencil(values, weights, power):
        per_instant = values.reshape(-1, 9, *values.shape[1:])
        return np.tensordot(per_instant, weights, axes=(1, 0)) / h**power

    force, torque, at = loads
    found = {}
    proximal = {"foot": "ankle", "shank": "knee", "thigh": "hip"}
    for name in ("foot", "shank", "thigh"):
        segment = segments[name]
        share, com, radii = DUMAS[name]
        mass = 0.01 * share * body_mass_kg
        com = 0.01 * segment.length * np.array(com) * [1.0, 1.0, side.sigma]
        inertia = mass * np.diag((0.01 * segment.length * np.array(radii)) ** 2)
        centre = segment.origin + segment.r @ com
        r, c, joint = (x[4::9] for x in (segment.r, centre, segment.origin))
        if name == "foot":  # the ankle of the moments is the one that the shank carries
            shank = segments["shank"]
            joint = shank.origin[4::9] - shank.length * shank.r[4::9, :, 1]
        rates = stencil(segment.r, FIRST, 1) @ r.transpose(0, 2, 1)
        omega = np.stack([rates[:, 2, 1], rates[:, 0, 2], rates[:, 1, 0]], axis=1)
        # The angular momentum at every frame of the stencil would need its own rates: use the tensor.
        rates2 = stencil(segment.r, SECOND, 2) @ r.transpose(0, 2, 1)
        odd = 0.5 * (rates2 - rates2.transpose(0, 2, 1))
        alpha = np.stack([odd[:, 2, 1], odd[:, 0, 2], odd[:, 1, 0]], axis=1)
        tensor = r @ inertia @ r.transpose(0, 2, 1)
        momentum = np.einsum("nij,nj->ni", tensor, omega)
        change = np.einsum("nij,nj->ni", tensor, alpha) + np.cross(omega, momentum)
        weight = mass * (GRAVITY - stencil(centre, SECOND, 2))
        moment = torque + np.cross(at - joint, force) + np.cross(c - joint, weight) - change
        # What this segment hands on to the next one, at its proximal joint.
        force, torque, at = force + weight, moment, joint
        found[proximal[name]] = moment
    return found


def moment_curves(segments, found, side):
    """Moments of `joint_loads` in the distal segments' frames, named as in `compute.stance.CURVES`."""
    thigh, tibia, foot = (segments[name].r[4::9] for name in ("thigh", "shank", "foot"))
    floating = unit(np.cross(tibia[:, :, 1], thigh[:, :, 2]))
    sigma = side.sigma

    def on(moment, axis):
        return np.sum(moment * axis, axis=1)

    return {
        "ekam_nm": sigma * on(found["knee"], tibia[:, :, 0]),
        "kfm_nm": -on(found["knee"], tibia[:, :, 2]),
        "knee_internal_rotation_nm": sigma * on(found["knee"], tibia[:, :, 1]),
        "ekam_jcs_nm": sigma * on(found["knee"], floating),
        "ankle_dorsiflexion_nm": on(found["ankle"], foot[:, :, 2]),
        "ankle_inversion_nm": sigma * on(found["ankle"], foot[:, :, 0]),
        "hip_flexion_nm": on(found["hip"], thigh[:, :, 2]),
        "hip_adduction_nm": sigma * on(found["hip"], thigh[:, :, 0]),
    }
