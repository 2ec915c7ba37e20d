"""The stated truth of the synthetic walker against its own markers and plates, by other means.

The truth comes from exact derivatives of closed forms (`stream.synthetic_jet`); here the markers are
differentiated numerically, the frames come from the static trial and the moments from a joint by
joint recursion (`tests.walker_twin`).
"""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from compute.conventions import Side
from stream.synthetic import static_trial, synthesise, walking_markers
from stream.synthetic_body import inertia
from stream.synthetic_jet import Jet, cos, sin, spin, sqrt, step, turn
from stream.synthetic_parameters import STANCE_FRACTION, WalkParameters
from tests.walker_twin import (
    DUMAS,
    FIRST,
    SECOND,
    joint_loads,
    lab_markers,
    moment_curves,
    plate_loads,
    twin_segments,
)

SIDES = pytest.mark.parametrize("side", list(Side))
PARAMETERS = WalkParameters()
STATIC = lab_markers(static_trial())
H = 1.0e-3
# Cycle phases where two pieces of the motion meet: the third derivative jumps there.
KNOTS = np.array([0.0, 0.15, 0.42, STANCE_FRACTION, 0.66, 0.72, 0.73, 0.80, 0.92, 0.94, 0.96, 1.0])


def instants(side, count=400):
    """Times spread over three strides, no stencil of which holds a knot."""
    t = np.linspace(0.2, 0.2 + 3.0 * PARAMETERS.stride_s, count)
    phase = np.mod((t - PARAMETERS.contact_s(side)) / PARAMETERS.stride_s, 1.0)
    off = np.abs(phase[:, None] - KNOTS).min(axis=1) * PARAMETERS.stride_s
    return t[off > 4.5 * H]


def twin(side, t, parameters=PARAMETERS):
    """Segments over nine frames per instant."""
    frames = (t[:, None] + H * np.arange(-4, 5)).ravel()
    return twin_segments(walking_markers(parameters, frames), STATIC, side)


@SIDES
def test_joint_moments_are_those_of_markers_and_plates(side):
    """Exact to 1e-8 N·m (hip: 3e-8), in stance and in swing; what is left is the rounding of the stencil."""
    trial = synthesise(duration_strides=7)
    t = instants(side)
    truth = trial.truth(side, t)
    segments = twin(side, t)
    on = ~np.isnan(truth.cop_m[:, 0])
    loads = truth.force_n, truth.torque_nm, np.where(on[:, None], truth.cop_m, 0.0)
    found = joint_loads(segments, loads, side, PARAMETERS.body_mass_kg, H)
    expected = moment_curves(segments, found, side)
    assert 150 < on.sum() < len(t) - 80
    for name, curve in expected.items():
        atol = 3e-8 if name.startswith("hip") else 1e-8
        np.testing.assert_allclose(truth.column(name), curve, rtol=0, atol=atol, err_msg=name)
    inertial = truth.ekam_nm - truth.ekam_vector_nm
    assert 0.3 < np.abs(inertial[on]).max() < 5.0


@SIDES
def test_plates_carry_the_load_that_gives_the_truth(side):
    """The moments follow from the recorded channels, not only from the stated wrench."""
    trial = synthesise(duration_strides=7)
    t = trial.recording.forces.stamps_s
    phase = np.mod((t - PARAMETERS.contact_s(side)) / PARAMETERS.stride_s, 1.0)
    clear = np.abs(phase[:, None] - KNOTS).min(axis=1) * PARAMETERS.stride_s > 4.5 * H
    rows = np.flatnonzero((trial.truth(side, t).fz_n > 50.0) & clear)[::37]
    t = t[rows]
    loads = plate_loads(trial.recording.forces.values[rows], side)
    segments = twin(side, t)
    found = joint_loads(segments, loads, side, PARAMETERS.body_mass_kg, H)
    ekam = moment_curves(segments, found, side)["ekam_nm"]
    np.testing.assert_allclose(trial.truth(side, t).ekam_nm, ekam, rtol=0, atol=1e-8)


@SIDES
def test_angles_are_those_of_the_markers(side):
    t = np.linspace(0.3, 2.7, 301)
    parameters = WalkParameters(toe_out_deg=9.0, trunk_lean_deg=6.0)
    truth = synthesise(parameters, duration_strides=7).truth(side, t)
    markers = walking_markers(parameters, t)
    segments = twin_segments(markers, lab_markers(static_trial(parameters)), side)
    r = {name: segment.r for name, segment in segments.items()}

    def cardan(proximal, distal):
        # intrinsic Z, X', Y''
        return Rotation.from_matrix(proximal.transpose(0, 2, 1) @ distal).as_euler("ZXY").T

    sigma, s = side.sigma, side.letter
    hip, knee = cardan(r["pelvis"], r["thigh"]), cardan(r["thigh"], r["shank"])
    trunk = 0.5 * (markers["LSHO"] + markers["RSHO"]) - 0.25 * sum(
        markers[name] for name in ("LASI", "RASI", "LPSI", "RPSI")
    )
    toes = markers[s + "TOE"] - markers[s + "HEE"]
    expected = {
        "ankle_flexion_rad": cardan(r["shank"], r["foot"])[0],
        "knee_flexion_rad": -knee[0],
        "knee_varus_rad": sigma * knee[1],
        "hip_flexion_rad": hip[0],
        "hip_adduction_rad": sigma * hip[1],
        "hip_internal_rotation_rad": sigma * hip[2],
        "pelvic_drop_rad": sigma * np.arcsin(r["pelvis"][:, 1, 2]),
        "trunk_lean_rad": np.arctan2(sigma * trunk[:, 2], trunk[:, 1]),
        "foot_progression_rad": sigma * np.arctan2(toes[:, 2], toes[:, 0]),
        "tibia_frontal_rad": np.arctan2(sigma * r["shank"][:, 2, 1], r["shank"][:, 1, 1]),
        "tibia_sagittal_rad": np.arctan2(r["shank"][:, 0, 1], r["shank"][:, 1, 1]),
    }
    for name, curve in expected.items():
        np.testing.assert_allclose(truth.column(name), curve, rtol=0, atol=1e-12, err_msg=name)
    phase = np.mod((t - parameters.contact_s(side)) / parameters.stride_s, 1.0)
    flat = (phase > 0.16 * STANCE_FRACTION / 0.63) & (phase < 0.4 * STANCE_FRACTION)
    np.testing.assert_allclose(np.degrees(truth.column("foot_progression_rad")[flat]), 9.0)
    assert 0.0 < np.degrees(truth.column("hip_adduction_rad")[phase < STANCE_FRACTION]).max() < 15.0
    assert np.degrees(truth.column("pelvic_drop_rad")).max() == pytest.approx(3.0, abs=0.05)


def test_steps_are_as_wide_and_long_as_the_feet_are_apart():
    for side in Side:
        for stance in [s for s in synthesise(duration_strides=7).stances if s.side is side]:
            at = walking_markers(PARAMETERS, np.array([stance.t_on_s]))
            segments = [twin_segments(at, STATIC, s)["foot"].origin[0] for s in (side, side.other)]
            width = abs(segments[0][2] - segments[1][2])
            length = at[side.letter + "HEE"][0, 0] - at[side.other.letter + "HEE"][0, 0]
            assert stance.step_width_m == pytest.approx(width, abs=1e-12)
            assert stance.step_length_m == pytest.approx(length, abs=1e-12)
            assert 0.12 < stance.step_width_m < 0.18
            assert 0.5 < stance.step_length_m < 0.75


def test_inertia_is_that_of_the_published_table():
    lengths = {n: s.length for n, s in twin_segments(STATIC, STATIC, Side.RIGHT).items()}
    for name, given in zip(("thigh", "shank", "foot"), inertia(PARAMETERS), strict=True):
        share, com, radii = DUMAS[name]
        length = lengths[name]
        assert given.mass_kg == pytest.approx(0.72 * share, rel=1e-12)
        np.testing.assert_allclose(given.com_m, 0.01 * length * np.array(com), rtol=1e-9)
        tensor = given.mass_kg * np.diag((0.01 * length * np.array(radii)) ** 2)
        np.testing.assert_allclose(given.inertia_kg_m2, tensor, rtol=1e-9, atol=1e-15)


def test_jets_differentiate_exactly():
    """Every rule against eighth-order differences of the plain function."""
    t = np.linspace(0.05, 0.95, 50)
    x = Jet(t, np.ones_like(t), np.zeros_like(t))
    functions = {
        "sum and product": lambda y: (y * y * y - y * 0.3 + 0.1) * 2.0,
        "quotient": lambda y: (y + 1.0) / (y * y + 0.5),
        "cos sin": lambda y: cos(y * 3.0) * sin(y * y),
        "root": lambda y: sqrt(y * y + 0.2),
        "step": lambda y: step((y - 0.013) / 0.961),
    }
    h = 2.0e-3
    for name, f in functions.items():
        got = f(x)
        near = [f(Jet(t + k * h, x.d, x.dd)).at for k in range(-4, 5)]
        np.testing.assert_allclose(got.d, FIRST @ near / h, atol=1e-10, err_msg=name)
        np.testing.assert_allclose(got.dd, SECOND @ near / h**2, atol=1e-8, err_msg=name)
    r = turn(1, x * 2.0)
    omega, alpha = spin(r)
    np.testing.assert_allclose(omega, np.tile([0.0, 2.0, 0.0], (50, 1)), atol=1e-14)
    np.testing.assert_allclose(alpha, 0.0, atol=1e-13)
