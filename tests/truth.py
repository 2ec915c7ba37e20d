"""Two legs on a pelvis whose motion, loads and joint moments are known in closed form.

Nothing here shares code with `compute`, nor with the synthetic walker. Every coordinate is a constant
and two sines, so its derivatives are written down; the turns are general, in three dimensions.

Derivation
    Every segment turns against the one above by Cardan angles Z-X'-Y''. With a1 = e_z,
    a2 = R_z e_x, a3 = R_z R_x e_y (the three axes in the frame above) its angular velocity and
    acceleration against that frame are

        w = A' a1 + B' a2 + C' a3
        w' = A'' a1 + B'' a2 + C'' a3 + A' a1 x B' a2 + (A' a1 + B' a2) x C' a3

    Seen from the lab, with W the velocity of the frame above: w + W and w' + W' + W x w. A point at r
    from the segment's origin has the acceleration o'' + w' x r + w x (w x r).

    Foot, then shank, then thigh: a segment that receives force f and moment m at point q from below
    (or from the ground) needs, from the segment above at its proximal joint J, the internal force
    f_J = m_s (a - g) - f and the internal moment
    m_J = dH/dt - m - (q - c) x f - (J - c) x f_J, by Newton's and Euler's laws about the centre of mass c.
    It hands -f_J and -m_J at J on to the segment above. The external moment is -m_J.

Signs as in the specification: EKAM = sigma M . x_tibia, KFM = -M . z_tibia, ankle: M . z_foot and
sigma M . x_foot, hip: M . z_femur and sigma M . x_femur; hip angles alpha, sigma beta, sigma gamma; knee
-alpha, sigma beta.
"""

from dataclasses import dataclass, replace

import numpy as np

GRAVITY = np.array([0.0, -9.81, 0.0])
MIRROR = np.diag([1.0, 1.0, -1.0])
SEGMENTS = ("thigh", "shank", "foot")
JOINTS = ("ankle", "knee", "hip")


@dataclass(frozen=True)
class Wave:
    """offset + sum of amplitude sin(2 pi frequency t + phase), each coordinate on its own.

    Shapes: offset (3,), amplitude, frequency (Hz) and phase (3, terms).
    """

    offset: np.ndarray
    amplitude: np.ndarray
    frequency: np.ndarray
    phase: np.ndarray

    def __call__(self, t, derivative=0):
        """Value, first or second derivative, shape (n, 3)."""
        turn = 2.0 * np.pi * self.frequency
        angle = t[:, None, None] * turn + self.phase + 0.5 * np.pi * derivative
        waves = np.sum(self.amplitude * turn**derivative * np.sin(angle), axis=2)
        return waves + (self.offset if derivative == 0 else 0.0)

    def mirrored(self, signs):
        signs = np.array(signs)
        return replace(self, offset=self.offset * signs, amplitude=self.amplitude * signs[:, None])

    def frozen(self):
        return replace(self, amplitude=0.0 * self.amplitude)


@dataclass(frozen=True)
class Part:
    """Rigid segment: where the next joint and the markers sit in it, and its inertia.

    `next_joint` : of the segment below, (3,). `turn` : Cardan angles against the segment above.
    `inertia` : full tensor about the centre of mass.
    """

    turn: Wave
    mass: float
    com: np.ndarray
    inertia: np.ndarray
    next_joint: np.ndarray
    markers: dict[str, np.ndarray]


@dataclass(frozen=True)
class Load:
    """Force on the foot (N, lab), its point (m, lab) and the free moment (N·m, lab)."""

    force: Wave
    point: Wave
    free_moment: Wave


@dataclass(frozen=True)
class Leg:
    sigma: float
    hip_in_pelvis: np.ndarray
    parts: dict[str, Part]
    load: Load


@dataclass(frozen=True)
class Chain:
    """Pelvis (position and Cardan angles in the lab), its markers, and both legs."""

    place: Wave
    turn: Wave
    markers: dict[str, np.ndarray]
    legs: tuple[Leg, Leg]


@dataclass(frozen=True)
class Motion:
    """A segment over n instants, lab: axes, origin and com with their derivatives, shapes (n, ...)."""

    r: np.ndarray
    origin: np.ndarray
    origin_acceleration: np.ndarray
    omega: np.ndarray
    alpha: np.ndarray
    com: np.ndarray
    com_acceleration: np.ndarray

    def carry(self, local):
        return self.origin + self.r @ local

    def acceleration(self, local):
        arm = self.r @ local
        return (
            self.origin_acceleration
            + np.cross(self.alpha, arm)
            + np.cross(self.omega, np.cross(self.omega, arm))
        )


@dataclass(frozen=True)
class LegTruth:
    """What is true of one leg: motions, wrench about the lab origin (n, 6), moments (n, 3) in the lab."""

    sigma: float
    motions: dict[str, Motion]
    wrench: np.ndarray
    moments: dict[str, np.ndarray]
    vector_knee: np.ndarray
    angles: dict[str, np.ndarray]

    def curves(self):
        """Moments by the names of `compute.stance.CURVES`, in distal frames, and the angles (rad)."""
        sigma = self.sigma
        thigh, shank, foot = (self.motions[name].r for name in SEGMENTS)

        def on(vector, r, axis):
            return np.sum(vector * r[:, :, axis], axis=1)

        ankle, knee, hip = (self.moments[name] for name in JOINTS)
        floating = np.cross(shank[:, :, 1], thigh[:, :, 2])
        floating /= np.linalg.norm(floating, axis=1)[:, None]
        return self.angles | {
            "ekam_nm": sigma * on(knee, shank, 0),
            "kfm_nm": -on(knee, shank, 2),
            "fz_n": self.wrench[:, 1],
            "ekam_vector_nm": sigma * on(self.vector_knee, shank, 0),
            "kfm_vector_nm": -on(self.vector_knee, shank, 2),
            "ekam_jcs_nm": sigma * np.sum(knee * floating, axis=1),
            "knee_internal_rotation_nm": sigma * on(knee, shank, 1),
            "ankle_dorsiflexion_nm": on(ankle, foot, 2),
            "ankle_inversion_nm": sigma * on(ankle, foot, 0),
            "hip_flexion_nm": on(hip, thigh, 2),
            "hip_adduction_nm": sigma * on(hip, thigh, 0),
        }


def turns(axis, angle):
    """Right-handed turns about one axis, (n,) -> (n, 3, 3), by Rodrigues' formula."""
    k = np.zeros((3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    k[j, i], k[i, j] = 1.0, -1.0
    s, c = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + s * k + (1.0 - c) * (k @ k)


def relative(wave, t):
    """Turn, angular velocity and acceleration against the frame above, in that frame."""
    first, second, third = wave(t).T
    rate, rate2 = wave(t, 1), wave(t, 2)
    rz = turns(2, first)
    rzx = rz @ turns(0, second)
    a1 = np.tile([0.0, 0.0, 1.0], (len(t), 1))
    a2, a3 = rz[:, :, 0], rzx[:, :, 1]
    v1, v2, v3 = rate[:, :1] * a1, rate[:, 1:2] * a2, rate[:, 2:] * a3
    omega = v1 + v2 + v3
    alpha = rate2[:, :1] * a1 + rate2[:, 1:2] * a2 + rate2[:, 2:] * a3
    alpha = alpha + np.cross(v1, v2) + np.cross(v1 + v2, v3)
    return rzx @ turns(1, third), omega, alpha


def rotate(r, v):
    return np.einsum("nij,nj->ni", r, v)


def below(above, wave, t, origin, origin_acceleration, com):
    """Motion of a segment that turns against the one above."""
    r, omega, alpha = relative(wave, t)
    spin = rotate(above.r, omega)
    total = above.omega + spin
    change = above.alpha + rotate(above.r, alpha) + np.cross(above.omega, spin)
    moving = Motion(above.r @ r, origin, origin_acceleration, total, change, origin, origin)
    return replace(moving, com=moving.carry(com), com_acceleration=moving.acceleration(com))


def pelvis_motion(chain, t):
    still = np.zeros((len(t), 3))
    lab = Motion(np.tile(np.eye(3), (len(t), 1, 1)), still, still, still, still, still, still)
    return below(lab, chain.turn, t, chain.place(t), chain.place(t, 2), np.zeros(3))


def leg_motions(chain, leg, t):
    """Motion of thigh, shank and foot; origins at hip, knee and ankle."""
    above, joint, found = pelvis_motion(chain, t), leg.hip_in_pelvis, {}
    for name in SEGMENTS:
        part = leg.parts[name]
        found[name] = below(
            above, part.turn, t, above.carry(joint), above.acceleration(joint), part.com
        )
        above, joint = found[name], part.next_joint
    return found


def inertial_moment(motion, inertia):
    """dH/dt about the centre of mass, by Euler's equations in the segment's own axes."""
    own = np.swapaxes(motion.r, 1, 2)
    w, a = rotate(own, motion.omega), rotate(own, motion.alpha)
    return rotate(motion.r, a @ inertia.T + np.cross(w, w @ inertia.T))


def leg_truth(chain, side, t):
    """Everything about one leg (0 left, 1 right) at the times t."""
    leg = chain.legs[side]
    motions = leg_motions(chain, leg, t)
    force, point, free = leg.load.force(t), leg.load.point(t), leg.load.free_moment(t)
    wrench = np.concatenate([force, np.cross(point, force) + free], axis=1)
    moments = {}
    f, q, m = force, point, free
    for name, joint_name in zip(reversed(SEGMENTS), JOINTS, strict=True):
        part, motion = leg.parts[name], motions[name]
        internal_force = part.mass * (motion.com_acceleration - GRAVITY) - f
        internal = (
            inertial_moment(motion, part.inertia)
            - m
            - np.cross(q - motion.com, f)
            - np.cross(motion.origin - motion.com, internal_force)
        )
        moments[joint_name] = -internal
        f, q, m = -internal_force, motion.origin, -internal
    knee = motions["shank"].origin
    hip_angles, knee_angles, ankle_angles = (leg.parts[name].turn(t) for name in SEGMENTS)
    pelvis, shank = pelvis_motion(chain, t), motions["shank"]
    toes = motions["foot"].r @ (leg.parts["foot"].markers["TOE"] - leg.parts["foot"].markers["HEE"])
    angles = {
        "ankle_flexion_rad": ankle_angles[:, 0],
        "knee_flexion_rad": -knee_angles[:, 0],
        "knee_varus_rad": leg.sigma * knee_angles[:, 1],
        "hip_flexion_rad": hip_angles[:, 0],
        "hip_adduction_rad": leg.sigma * hip_angles[:, 1],
        "hip_internal_rotation_rad": leg.sigma * hip_angles[:, 2],
        "pelvic_drop_rad": leg.sigma * np.arcsin(pelvis.r[:, 1, 2]),
        "foot_progression_rad": leg.sigma * np.arctan2(toes[:, 2], toes[:, 0]),
        "tibia_frontal_rad": np.arctan2(leg.sigma * shank.r[:, 2, 1], shank.r[:, 1, 1]),
        "tibia_sagittal_rad": np.arctan2(shank.r[:, 0, 1], shank.r[:, 1, 1]),
    }
    vector = np.cross(point - knee, force) + free
    return LegTruth(leg.sigma, motions, wrench, moments, vector, angles)


def markers(chain, t):
    """Every marker, lab, (n, 3) each; segment clusters are rigid."""
    pelvis = pelvis_motion(chain, t)
    found = {name: pelvis.carry(local) for name, local in chain.markers.items()}
    for leg, letter in zip(chain.legs, "LR", strict=True):
        motions = leg_motions(chain, leg, t)
        for segment, part in leg.parts.items():
            for name, local in part.markers.items():
                found[letter + name] = motions[segment].carry(local)
    return found


def tensor(rng, length, mass):
    """A full inertia tensor of a body of this size: positive, off-diagonal terms a tenth and more."""
    points = rng.normal(size=(12, 3)) * length * np.array([0.15, 0.3, 0.12])
    points = points - points.mean(axis=0)
    points[:, 0] += 0.3 * points[:, 1]
    square = np.einsum("ki,kj->ij", points, points)
    return mass / len(points) * (np.trace(square) * np.eye(3) - square)


def wave(rng, offset, size, terms=2, top_hz=2.4):
    """Random phases, frequencies between 0.7 and `top_hz`, amplitudes about `size` (3,)."""
    return Wave(
        np.array(offset, dtype=float),
        np.array(size)[:, None] * rng.uniform(0.4, 1.0, (3, terms)),
        rng.uniform(0.7, top_hz, (3, terms)),
        rng.uniform(0.0, 2.0 * np.pi, (3, terms)),
    )


def _leg(rng, sigma):
    side = np.array([1.0, 1.0, sigma])
    lateral = np.array([1.0, sigma, sigma])  # signs of Cardan angles about Z, X, Y

    def part(offset, size, length, mass, com, next_joint, placed):
        return Part(
            wave(rng, np.array(offset) * lateral, size),
            mass,
            np.array(com) * side,
            MIRROR @ tensor(rng, length, mass) @ MIRROR if sigma < 0 else tensor(rng, length, mass),
            np.array(next_joint),
            {name: np.array(at) * side for name, at in placed.items()},
        )

    thigh = part(
        [0.25, 0.06, 0.05], [0.35, 0.09, 0.12], 0.42, 9.2, [-0.03, -0.18, 0.01], [0.0, -0.42, 0.0],
        {
            "TH1": [0.06, -0.12, 0.06], "TH2": [0.07, -0.28, 0.05],
            "TH3": [-0.02, -0.16, 0.09], "TH4": [-0.01, -0.30, 0.08],
            "KNE": [0.0, -0.42, 0.052], "KNM": [0.0, -0.42, -0.052],
        },
    )  # fmt: skip
    shank = part(
        [-0.45, 0.04, -0.06], [0.45, 0.05, 0.10], 0.40, 3.3, [-0.01, -0.17, 0.013], [0.0, -0.40, 0.0],
        {
            "SK1": [0.045, -0.11, 0.025], "SK2": [0.035, -0.29, 0.02],
            "SK3": [-0.035, -0.13, 0.06], "SK4": [-0.03, -0.30, 0.045],
        },
    )  # fmt: skip
    foot = part(
        [0.1, -0.05, -0.1], [0.25, 0.12, 0.10], 0.2, 0.9, [0.05, -0.035, 0.006], [0.0, 0.0, 0.0],
        {
            "HEE": [-0.065, -0.05, 0.004], "MT1": [0.11, -0.052, -0.045],
            "TOE": [0.125, -0.05, 0.0], "MT5": [0.09, -0.048, 0.05],
        },
    )  # fmt: skip
    load = Load(
        wave(rng, np.array([10.0, 620.0, -35.0]) * side, [110.0, 220.0, 30.0]),
        wave(rng, np.array([0.05, 0.0, 0.10]) * side, [0.08, 0.0, 0.02]),
        wave(rng, [0.0, 0.0, 0.0], [0.0, 6.0, 0.0]),
    )
    return Leg(
        sigma,
        np.array([-0.046, -0.081, 0.088]) * side,
        dict(zip(SEGMENTS, (thigh, shank, foot), strict=True)),
        load,
    )


def chain(seed=0):
    """A chain; the legs differ in everything but their sides."""
    rng = np.random.default_rng(seed)
    pelvis = {
        "RASI": [0.0, 0.0, 0.12], "LASI": [0.0, 0.0, -0.12],
        "RPSI": [-0.15, 0.0, 0.05], "LPSI": [-0.15, 0.0, -0.05],
    }  # fmt: skip
    return Chain(
        wave(rng, [0.05, 0.98, 0.01], [0.04, 0.03, 0.03]),
        wave(rng, [-0.12, 0.02, 0.05], [0.05, 0.07, 0.10]),
        {name: np.array(at) for name, at in pelvis.items()},
        (_leg(rng, -1.0), _leg(rng, 1.0)),
    )


def mirrored(given):
    """The mirror image in the plane Z = 0: legs exchanged."""
    turned = [1.0, -1.0, -1.0]  # Cardan angles about Z, X, Y: the reflection keeps Z only

    def part(old):
        return Part(
            old.turn.mirrored(turned), old.mass, MIRROR @ old.com, MIRROR @ old.inertia @ MIRROR,
            MIRROR @ old.next_joint, {name: MIRROR @ at for name, at in old.markers.items()},
        )  # fmt: skip

    def leg(old):
        load = Load(
            old.load.force.mirrored([1.0, 1.0, -1.0]),
            old.load.point.mirrored([1.0, 1.0, -1.0]),
            old.load.free_moment.mirrored([-1.0, -1.0, 1.0]),
        )
        parts = {name: part(old.parts[name]) for name in SEGMENTS}
        return Leg(-old.sigma, MIRROR @ old.hip_in_pelvis, parts, load)

    swap = {"R": "L", "L": "R"}
    return Chain(
        given.place.mirrored([1.0, 1.0, -1.0]),
        given.turn.mirrored(turned),
        {swap[name[0]] + name[1:]: MIRROR @ at for name, at in given.markers.items()},
        (leg(given.legs[1]), leg(given.legs[0])),
    )


def with_parts(given, change):
    """The chain with every part changed by a function."""
    legs = tuple(
        replace(leg, parts={name: change(part) for name, part in leg.parts.items()})
        for leg in given.legs
    )
    return replace(given, legs=legs)


def still(given):
    """The chain standing in its mean posture under its time-varying load."""
    frozen = with_parts(given, lambda part: replace(part, turn=part.turn.frozen()))
    return replace(frozen, place=given.place.frozen(), turn=given.turn.frozen())


def massless(given):
    return with_parts(given, lambda p: replace(p, mass=0.0, inertia=0.0 * p.inertia))
