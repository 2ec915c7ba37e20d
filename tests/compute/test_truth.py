"""The kernels of the body, the joint moments and the curves against a case solved by hand.

`tests.truth` holds the case: a pelvis and two legs in general three-dimensional motion with full
inertia tensors, its derivation, and the moments joint by joint.
"""

import numpy as np
import pytest

from compute.body import (
    FOOT_POINTS,
    PELVIS,
    BodyArrays,
    InertiaArrays,
    LegArrays,
    Poses,
    SegmentArrays,
    body_poses,
    femur_known,
    leg_row,
    new_poses,
)
from compute.curves import leg_curves
from compute.newton_euler import (
    ACCELERATION,
    ALPHA,
    COM,
    HALF_WIDTH,
    OMEGA,
    joint_moments,
    leg_moments,
    segment_effort,
    segment_motion,
)
from compute.pose import CLUSTER, ShankArrays
from compute.stance import CURVES
from tests import truth
from tests.walker_twin import FIRST, SECOND

SIDES = pytest.mark.parametrize("side", [0, 1])
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])
TIMES = np.linspace(0.1, 1.7, 97)


def given_motion(motion, i):
    """Motion of a segment in one instant, as the kernels take it."""
    state = np.empty((4, 3))
    state[COM], state[ACCELERATION] = motion.com[i], motion.com_acceleration[i]
    state[OMEGA], state[ALPHA] = motion.omega[i], motion.alpha[i]
    return state


def kernel_moments(chain, side, t):
    """Moments about ankle, knee, hip (n, 3, 3) by the kernels, accelerations given."""
    found, parts = truth.leg_truth(chain, side, t), chain.legs[side].parts
    moments = np.empty((len(t), 3, 3))
    for i in range(len(t)):
        motions = [found.motions[name] for name in truth.SEGMENTS]
        efforts = np.empty((3, 6))
        for k, name in enumerate(truth.SEGMENTS):
            part, motion = parts[name], motions[k]
            segment_effort(
                part.mass,
                np.ascontiguousarray(part.inertia),
                np.ascontiguousarray(motion.r[i]),
                given_motion(motion, i),
                efforts[k],
            )
        joints = np.stack([motion.origin[i] for motion in reversed(motions)])
        coms = np.stack([motion.com[i] for motion in motions])
        joint_moments(found.wrench[i], joints, efforts, coms, moments[i])
    return moments


def names(chain):
    return tuple(truth.markers(chain, np.zeros(1)))


def body(chain):
    """The chain as the kernels take a calibrated body, clusters of every segment."""
    every = names(chain)

    def cluster(markers, letter=""):
        rows = np.array([every.index(letter + name) for name in markers])
        return SegmentArrays(rows, np.array(list(markers.values())))

    def leg(side):
        given, letter = chain.legs[side], "LR"[side]
        parts = given.parts
        shank = cluster(parts["shank"].markers, letter)
        none = np.zeros(2, dtype=np.int64)
        ajc = parts["shank"].next_joint
        own = {k: v for k, v in parts["thigh"].markers.items() if k[:2] == "TH"}
        points = np.array([parts["foot"].markers[name] for name in FOOT_POINTS])
        inertia = InertiaArrays(
            np.array([parts[name].mass for name in truth.SEGMENTS]),
            np.array([parts[name].com for name in truth.SEGMENTS]),
            np.array([parts[name].inertia for name in truth.SEGMENTS]),
        )
        return LegArrays(
            sigma=given.sigma,
            shank=ShankArrays(CLUSTER, shank.rows, shank.local_m, ajc, none, none, none),
            thigh=cluster(own, letter),
            foot=cluster(parts["foot"].markers, letter),
            hjc_m=given.hip_in_pelvis,
            femur_axis=np.array([-1, -1]),
            foot_points_m=points,
            inertia=inertia,
        )

    return BodyArrays(
        pelvis=cluster(chain.markers),
        pelvis_mid_m=np.array([-0.075, 0.0, 0.0]),
        trunk=SegmentArrays(np.zeros(0, dtype=np.int64), np.zeros((0, 3))),
        trunk_top_m=np.full(3, np.nan),
        top_rows=np.zeros(0, dtype=np.int64),
        left=leg(0),
        right=leg(1),
    )


def poses(chain, t) -> Poses:
    """Every segment from the markers."""
    given = truth.markers(chain, t)
    stacked = np.ascontiguousarray(np.stack([given[name] for name in names(chain)], axis=1))
    return body_poses(stacked, body(chain), new_poses(len(t)))


def pipeline(chain, side, t, rate_hz):
    """Curves of one leg from markers and wrench, differentiated; rows `HALF_WIDTH` in."""
    where, leg = poses(chain, t), (body(chain).left, body(chain).right)[side]
    wrench = np.ascontiguousarray(truth.leg_truth(chain, side, t).wrench)
    moments, vector = np.empty((len(t), 3, 3)), np.empty((len(t), 3))
    leg_moments(where, where, wrench, leg.inertia, side, rate_hz, 0, moments, vector)
    out = np.empty((len(t), len(CURVES)))
    leg_curves(where, moments, vector, wrench, leg, femur_known(leg), side, 0, out)
    return out


@SIDES
@SEEDS
def test_moments_with_given_accelerations(side, seed):
    """1e-9 N·m at moments of some 200 N·m, full tensors, all three joints; 1e-6 was asked."""
    chain = truth.chain(seed)
    got = kernel_moments(chain, side, TIMES)
    expected = truth.leg_truth(chain, side, TIMES).moments
    for k, name in enumerate(truth.JOINTS):
        np.testing.assert_allclose(got[:, k], expected[name], rtol=0, atol=1e-9, err_msg=name)
        assert np.ptp(expected[name], axis=0).min() > 5.0


@SIDES
def test_the_case_itself_obeys_its_derivatives(side):
    """Angular velocities and all accelerations of the truth, against differences of its poses."""
    chain, h = truth.chain(3), 2.0e-3
    t = TIMES[:, None] + h * np.arange(-4, 5)

    def stencil(x, weights, power):
        return np.tensordot(x.reshape(-1, 9, *x.shape[1:]), weights, axes=(1, 0)) / h**power

    near = truth.leg_truth(chain, side, t.ravel()).motions
    for name, motion in truth.leg_truth(chain, side, TIMES).motions.items():
        np.testing.assert_allclose(
            stencil(near[name].com, SECOND, 2), motion.com_acceleration, atol=1e-7
        )
        back = np.swapaxes(motion.r, 1, 2)
        w = stencil(near[name].r, FIRST, 1) @ back
        omega = np.stack([w[:, 2, 1], w[:, 0, 2], w[:, 1, 0]], axis=1)
        np.testing.assert_allclose(omega, motion.omega, atol=1e-9)
        np.testing.assert_allclose(stencil(near[name].omega, FIRST, 1), motion.alpha, atol=1e-8)
        assert np.abs(motion.omega).max(axis=0).min() > 0.3, "a general turn, about every axis"


@SIDES
@SEEDS
def test_power_balance(side, seed):
    """The moments of the kernels do exactly the work by which the energy of the leg changes.

    dE/dt = F . v_P + T . w_foot + hip force . v_hip + internal moments . relative turning.
    """
    chain, h = truth.chain(seed), 2.0e-3
    leg = chain.legs[side]
    frames = (TIMES[:, None] + h * np.arange(-4, 5)).ravel()
    near, now = truth.leg_truth(chain, side, frames), truth.leg_truth(chain, side, TIMES)

    def rate(x):
        return np.tensordot(x.reshape(-1, 9, *x.shape[1:]), FIRST, axes=(1, 0)) / h

    def velocities(name):  # eighth-order differences at every frame of the stencil
        wide = (frames[:, None] + h * np.arange(-4, 5)).ravel()
        com = truth.leg_truth(chain, side, wide).motions[name].com
        return np.tensordot(com.reshape(-1, 9, 3), FIRST, axes=(1, 0)) / h

    energy = np.zeros(len(frames))
    force_at_hip = -leg.load.force(TIMES)
    for name, part in leg.parts.items():
        motion = near.motions[name]
        own = np.einsum("nji,nj->ni", motion.r, motion.omega)
        energy += 0.5 * part.mass * np.sum(velocities(name) ** 2, axis=1)
        energy += 0.5 * np.einsum("ni,ij,nj->n", own, part.inertia, own)
        energy += part.mass * 9.81 * motion.com[:, 1]
        force_at_hip += part.mass * (now.motions[name].com_acceleration - truth.GRAVITY)
    internal = -kernel_moments(chain, side, TIMES)
    thigh, shank, foot = (now.motions[name] for name in truth.SEGMENTS)
    arm = leg.load.point(TIMES) - foot.origin
    at_point = rate(near.motions["foot"].origin) + np.cross(foot.omega, arm)
    power = np.sum(leg.load.force(TIMES) * at_point, axis=1)
    power += np.sum(leg.load.free_moment(TIMES) * foot.omega, axis=1)
    power += np.sum(force_at_hip * rate(near.motions["thigh"].origin), axis=1)
    power += np.sum(internal[:, 0] * (foot.omega - shank.omega), axis=1)
    power += np.sum(internal[:, 1] * (shank.omega - thigh.omega), axis=1)
    power += np.sum(internal[:, 2] * thigh.omega, axis=1)
    np.testing.assert_allclose(power, rate(energy), rtol=0, atol=1e-6)
    assert np.ptp(power) > 50.0


@SIDES
def test_standing_still_leaves_the_weights(side):
    chain = truth.still(truth.chain(4))
    found, leg = truth.leg_truth(chain, side, TIMES), chain.legs[side]
    got = kernel_moments(chain, side, TIMES)
    for k, joint in enumerate(("foot", "shank", "thigh")):
        at = found.motions[joint].origin
        expected = found.wrench[:, 3:] - np.cross(at, found.wrench[:, :3])
        for name in ("foot", "shank", "thigh")[: k + 1]:
            arm = found.motions[name].com - at
            # (c - J) x (0, -m g, 0)
            weight = leg.parts[name].mass * 9.81
            expected += weight * np.stack([arm[:, 2], 0.0 * arm[:, 0], -arm[:, 0]], axis=1)
        np.testing.assert_allclose(got[:, k], expected, rtol=0, atol=1e-10)


@SIDES
def test_a_leg_without_mass_is_the_vector_method(side):
    chain = truth.massless(truth.chain(5))
    found = truth.leg_truth(chain, side, TIMES)
    got = kernel_moments(chain, side, TIMES)
    np.testing.assert_allclose(got[:, 1], found.vector_knee, rtol=0, atol=1e-10)
    curves = pipeline(chain, side, np.arange(0.0, 0.5, 0.01), 100.0)[HALF_WIDTH:-HALF_WIDTH]
    for name in ("ekam", "kfm"):
        full, vector = (CURVES.index(f"{name}{kind}_nm") for kind in ("", "_vector"))
        np.testing.assert_allclose(curves[:, full], curves[:, vector], rtol=0, atol=1e-9)


@SIDES
def test_a_mirrored_body_has_the_same_curves_on_the_other_side(side):
    chain, t = truth.chain(6), np.arange(0.0, 0.6, 0.01)
    here = pipeline(chain, side, t, 100.0)
    there = pipeline(truth.mirrored(chain), 1 - side, t, 100.0)
    np.testing.assert_allclose(here, there, rtol=0, atol=1e-8)
    one = truth.leg_truth(chain, side, t).curves()
    two = truth.leg_truth(truth.mirrored(chain), 1 - side, t).curves()
    for name, curve in one.items():
        np.testing.assert_allclose(curve, two[name], rtol=0, atol=1e-10, err_msg=name)


@SIDES
@SEEDS
def test_poses_from_markers(side, seed):
    chain = truth.chain(seed)
    found, motions = poses(chain, TIMES), truth.leg_truth(chain, side, TIMES).motions
    for k, name in enumerate(truth.SEGMENTS):
        row = leg_row(side, k)
        np.testing.assert_allclose(found.r[:, row], motions[name].r, rtol=0, atol=1e-9)
        np.testing.assert_allclose(found.origin_m[:, row], motions[name].origin, atol=1e-9)
    pelvis = truth.pelvis_motion(chain, TIMES)
    np.testing.assert_allclose(found.r[:, PELVIS], pelvis.r, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.ajc_m[:, side], motions["foot"].origin, rtol=0, atol=1e-9)


@SIDES
@SEEDS
def test_every_curve_from_markers_and_wrench(side, seed):
    """Moments of all joints, in their frames, and every angle that pelvis and legs define.

    500 Hz: small enough steps for the five-point differences, large enough for the poses' rounding.
    """
    chain, rate = truth.chain(seed), 500.0
    t = np.arange(0.0, 1.0, 1.0 / rate)
    got = pipeline(chain, side, t, rate)[HALF_WIDTH:-HALF_WIDTH]
    expected = truth.leg_truth(chain, side, t).curves()
    assert set(CURVES) - set(expected) == {"trunk_lean_rad"}
    for name, curve in expected.items():
        atol = 1e-8 if name.endswith("_rad") else 2e-4
        np.testing.assert_allclose(
            got[:, CURVES.index(name)],
            curve[HALF_WIDTH:-HALF_WIDTH],
            rtol=0,
            atol=atol,
            err_msg=name,
        )


def test_differences_converge_with_the_fourth_power_of_the_step():
    motion = truth.leg_truth(truth.chain(7), 1, TIMES).motions["shank"]
    com = truth.chain(7).legs[1].parts["shank"].com
    errors = []
    for rate in (100.0, 200.0):
        worst = np.zeros(4)
        for i in range(0, len(TIMES), 8):
            near = truth.leg_truth(truth.chain(7), 1, TIMES[i] + np.arange(-2, 3) / rate)
            shank = near.motions["shank"]
            got = segment_motion(
                np.ascontiguousarray(shank.r), shank.origin, com, rate, 2, np.empty((4, 3))
            )
            worst = np.maximum(worst, np.abs(got - given_motion(motion, i)).max(axis=1))
        errors.append(worst)
    assert errors[0][COM] < 1e-15
    ratio = errors[0][1:] / errors[1][1:]
    assert (ratio > 13.0).all()
    assert (ratio < 19.0).all()
    # at 100 Hz, for motion up to 2.4 Hz: m/s^2, rad/s, rad/s^2
    assert (errors[0][[ACCELERATION, OMEGA, ALPHA]] < [0.01, 0.005, 0.05]).all()
