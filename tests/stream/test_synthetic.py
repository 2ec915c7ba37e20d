"""The synthetic walker against plain NumPy, its own symmetries, ezc3d and the bundled files."""

import importlib.resources
from dataclasses import replace
from functools import cache
from itertools import pairwise

import ezc3d
import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from compute.conventions import Side
from stream.c3d_write import write_c3d
from stream.errors import EkamError
from stream.synthetic import (
    CAPTURE_FROM_LAB,
    Noise,
    plate_description,
    static_trial,
    synthesise,
    walking_markers,
    whole_strides,
    with_noise,
)
from stream.synthetic_motion import MIRROR, walking_leg
from stream.synthetic_parameters import STANCE_FRACTION, WalkParameters
from stream.synthetic_response import responding
from tests.walker_twin import lab_markers, plate_loads, twin_knee, twin_moments

TRIAL = synthesise()
STATIC = static_trial()
PARAMETERS = TRIAL.parameters
MARKER_TIMES = TRIAL.recording.markers.stamps_s
FORCE_TIMES = TRIAL.recording.forces.stamps_s
SIDES = pytest.mark.parametrize("side", list(Side))


@cache
def force_truth(side):
    return TRIAL.truth(side, FORCE_TIMES)


def low_pass(values, rate_hz):
    """Zero lag, 6 Hz, of a periodic recording."""
    sos = butter(2, 6.0 / 0.802, fs=rate_hz, output="sos")
    n = len(values)
    return sosfiltfilt(sos, np.concatenate([values] * 3), axis=0)[n : 2 * n]


@SIDES
def test_vector_method_gives_the_moments_of_the_ground_reaction(side):
    knee, frame = twin_knee(lab_markers(TRIAL.recording), lab_markers(STATIC), side)
    truth = TRIAL.truth(side, MARKER_TIMES)
    loaded = truth.fz_n > 20.0
    force, torque, cop = plate_loads(TRIAL.recording.forces.values[::10][loaded], side)
    ekam, kfm = twin_moments(knee[loaded], frame[loaded], force, torque, cop, side)
    np.testing.assert_allclose(ekam, truth.ekam_vector_nm[loaded], rtol=0, atol=1e-9)
    np.testing.assert_allclose(kfm, truth.kfm_vector_nm[loaded], rtol=0, atol=1e-9)
    assert np.ptp(ekam) > 25.0


@SIDES
def test_wrench_transforms_back_to_the_loads(side):
    truth = force_truth(side)
    loaded = truth.fz_n > 20.0
    force, torque, cop = plate_loads(TRIAL.recording.forces.values[loaded], side)
    np.testing.assert_allclose(force, truth.force_n[loaded], rtol=0, atol=1e-9)
    np.testing.assert_allclose(torque, truth.torque_nm[loaded], rtol=0, atol=1e-9)
    np.testing.assert_allclose(cop, truth.cop_m[loaded], rtol=0, atol=1e-12)
    # z points down: the reaction on the foot is negative there
    assert (TRIAL.recording.forces.values[loaded, 6 * side + 2] < 0.0).all()


@SIDES
def test_centre_of_pressure_rolls_over_the_foot_inside_its_belt(side):
    truth = force_truth(side)
    loaded = truth.fz_n > 100.0
    flip = np.eye(3) if side is Side.RIGHT else MIRROR
    cycle = (FORCE_TIMES - PARAMETERS.contact_s(side)) / PARAMETERS.stride_s
    pose = walking_leg(PARAMETERS, cycle)
    cop = truth.cop_m @ flip
    offset = (cop - pose.sole_m.at)[loaded][:, [0, 2]]
    toe_out = np.radians(PARAMETERS.toe_out_deg)
    along = offset @ [np.cos(toe_out), np.sin(toe_out)]
    across = offset @ [-np.sin(toe_out), np.cos(toe_out)]
    assert along.min() > -0.045
    assert along.max() < 0.20
    assert np.abs(across).max() < 0.05
    assert np.hypot(*(cop - pose.foot.origin_m.at)[loaded][:, [0, 2]].T).max() < 0.20
    same_stance = np.diff(np.flatnonzero(loaded)) == 1
    assert np.diff(along)[same_stance].min() > 0.0, "heel to toe, never back"
    corners = np.array(plate_description(side).corners_m) @ CAPTURE_FROM_LAB @ flip
    edge = np.minimum(
        cop[loaded] - corners.min(axis=0) - 0.02, corners.max(axis=0) - 0.02 - cop[loaded]
    )
    assert edge[:, [0, 2]].min() > 0.0


@SIDES
def test_loads_are_those_of_walking(side):
    truth = force_truth(side)
    mass = PARAMETERS.body_mass_kg
    weight = 9.81 * mass
    u = np.mod((FORCE_TIMES - PARAMETERS.contact_s(side)) / PARAMETERS.stride_s, 1.0)
    stance = u < STANCE_FRACTION
    assert not truth.fz_n[~stance].any()
    assert not truth.ekam_vector_nm[~stance].any()
    assert 0.5 < np.abs(truth.ekam_nm[~stance]).max() < 8.0, "the swinging shank and foot"
    assert np.isnan(truth.cop_m[~stance]).all()
    assert (truth.fz_n[stance & (u > 0.001) & (u < STANCE_FRACTION - 0.001)] > 0.0).all()
    assert truth.fz_n.mean() == pytest.approx(0.5 * weight, rel=1e-6)
    assert 1.0 < truth.fz_n.max() / weight < 1.2
    assert abs(truth.force_n[:, 0].mean()) < 1e-6 * weight
    assert 0.3 < truth.kfm_nm.max() / mass < 0.9


def test_stances_are_listed_with_their_exact_peaks():
    count = dict.fromkeys(Side, 0)
    for stance in TRIAL.stances:
        count[stance.side] += 1
        times = np.linspace(stance.t_on_s, stance.t_off_s, 501)
        ekam = TRIAL.truth(stance.side, times).ekam_nm
        assert ekam[:250].max() == pytest.approx(stance.ekam_peak1_nm, abs=1e-9)
        assert ekam[250:].max() == pytest.approx(stance.ekam_peak2_nm, abs=1e-9)
        assert TRIAL.truth(stance.side, np.array([stance.t_peak1_s])).ekam_nm[0] == pytest.approx(
            stance.ekam_peak1_nm, abs=1e-9
        )
        # at the ends only the weight and inertia of shank and foot are left
        assert ekam.min() > -2.0
        assert ekam[225:300].min() < 0.75 * stance.ekam_peak2_nm
    assert count[Side.RIGHT] == 21
    assert count[Side.LEFT] == 20


@SIDES
def test_first_peak_moves_in_and_out_of_a_band(side):
    peaks = np.array([s.ekam_peak1_nm for s in TRIAL.stances if s.side is side])
    relative = peaks / peaks[:10].mean()
    inside = (relative > 0.80) & (relative < 0.90)
    assert 0.96 < relative[:10].min() < relative[:10].max() < 1.05
    assert not inside[:10].any()
    assert inside[10:].sum() >= 5
    assert (~inside[10:]).sum() >= 3
    assert 0.78 < relative.min() < 0.86


def test_recording_loops_without_a_seam():
    end = np.array([TRIAL.duration_s])
    h = 1e-4
    near = np.array([-h, 0.0, h])
    first, again = (walking_markers(PARAMETERS, t + near) for t in (0.0, end))
    for name, points in first.items():
        np.testing.assert_allclose(points, again[name], rtol=0, atol=1e-12, err_msg=name)
        slope = np.diff(points, axis=0) / h
        np.testing.assert_allclose(slope[0], slope[1], rtol=0, atol=0.02, err_msg=name)
    for side in Side:
        before, after = TRIAL.truth(side, near), TRIAL.truth(side, end + near)
        np.testing.assert_allclose(before.ekam_nm, after.ekam_nm, rtol=0, atol=1e-9)
        np.testing.assert_allclose(before.force_n, after.force_n, rtol=0, atol=1e-8)
    for stream in TRIAL.recording.streams():
        steps = np.abs(np.diff(np.concatenate([stream.values, stream.values[:1]]), axis=0))
        assert (steps[-1] <= steps[:-1].max(axis=0) + 1e-12).all()
        assert len(stream.values) == round(TRIAL.duration_s * stream.info.nominal_rate_hz)


def test_motion_is_smooth_everywhere():
    """No jump in position, slope or curvature over a cycle, seen at 10 kHz."""
    t = np.arange(0.0, 1.3, 1e-4)
    for name, points in walking_markers(PARAMETERS, t).items():
        curvature = np.diff(points, 2, axis=0) / 1e-8
        assert np.abs(np.diff(curvature, axis=0)).max() < 3.0, name
        assert np.abs(curvature).max() < 120.0, name


def test_segments_are_rigid_and_the_foot_travels_with_the_belt():
    walking, static = lab_markers(TRIAL.recording), lab_markers(STATIC)
    assert set(static) - set(walking) == {"RKNM", "LKNM", "RMED", "LMED"}
    trunk = ["C7", "CLAV", "T10", "STRN", "RSHO", "LSHO"]
    segments = [["RASI", "LASI", "RPSI", "LPSI"], trunk]
    for s in "RL":
        segments += [
            [f"{s}TH{i}" for i in range(1, 5)] + [s + "KNE"],
            [f"{s}SK{i}" for i in range(1, 5)] + [s + "ANK"],
            [s + "HEE", s + "TOE", s + "MT5", s + "MT1"],
        ]
    for names in segments:
        for a, b in pairwise(names):
            still = np.linalg.norm(static[a][0] - static[b][0])
            moving = np.linalg.norm(walking[a] - walking[b], axis=1)
            np.testing.assert_allclose(moving, still, rtol=0, atol=1e-12, err_msg=f"{a}-{b}")
    on = PARAMETERS.contact_s(Side.RIGHT)
    t = MARKER_TIMES - on
    flat = (t > 0.18) & (t < 0.45)
    heel, toe = walking["RHEE"][flat], walking["RTOE"][flat]
    np.testing.assert_allclose(np.diff(heel[:, 0]), -0.01 * PARAMETERS.speed_m_per_s, atol=1e-9)
    np.testing.assert_allclose(np.diff(heel[:, 1:], axis=0), 0.0, atol=1e-9)
    direction = np.degrees(np.arctan2(*(toe - heel)[:, [2, 0]].T))
    np.testing.assert_allclose(direction, PARAMETERS.toe_out_deg, atol=1e-9)


def test_mirrored_walker_gives_mirrored_data():
    mirror = synthesise(PARAMETERS.mirrored())
    here, there = lab_markers(TRIAL.recording), lab_markers(mirror.recording)
    other = {"R": "L", "L": "R"}
    for name, points in here.items():
        twin = name if name in ("C7", "CLAV", "T10", "STRN") else other[name[0]] + name[1:]
        np.testing.assert_allclose(points @ MIRROR, there[twin], rtol=0, atol=1e-12)
    for side in Side:
        one, two = force_truth(side), mirror.truth(side.other, FORCE_TIMES)
        np.testing.assert_allclose(one.ekam_nm, two.ekam_nm, rtol=0, atol=1e-10)
        np.testing.assert_allclose(one.kfm_nm, two.kfm_nm, rtol=0, atol=1e-10)
        np.testing.assert_allclose(one.force_n @ MIRROR, two.force_n, rtol=0, atol=1e-9)
        channels = TRIAL.recording.forces.values[:, 6 * side : 6 * side + 6]
        twin = mirror.recording.forces.values[:, 6 * side.other : 6 * side.other + 6]
        # x changes sign; of an axial vector the other two do
        np.testing.assert_allclose(channels * [-1, 1, 1, 1, -1, -1], twin, rtol=0, atol=1e-9)


def test_static_trial_carries_the_exact_mass():
    channels = STATIC.forces.values
    assert -(channels[:, 2] + channels[:, 8]) / 9.81 == pytest.approx(PARAMETERS.body_mass_kg)
    np.testing.assert_allclose(channels[:, 2], channels[:, 8])
    markers = lab_markers(STATIC)
    for side in Side:
        _, _, cop = plate_loads(channels[:1], side)
        s = side.letter
        heel, toe = markers[s + "HEE"][0], markers[s + "TOE"][0]
        along = (cop[0] - heel) @ (toe - heel) / np.linalg.norm(toe - heel) ** 2
        assert 0.1 < along < 0.9
    turned = markers["RASI"][0] - markers["LASI"][0]
    assert abs(turned[0]) > 0.01


@SIDES
def test_a_six_hertz_filter_changes_the_ground_reaction_part_little(side):
    """Markers, forces and plate moments at 6 Hz, zero lag: peaks 0.5 %, curve 2 % RMS."""
    recording = TRIAL.recording
    markers = low_pass(recording.markers.values, 100.0)
    smooth = replace(recording, markers=replace(recording.markers, values=markers))
    knee, frame = twin_knee(lab_markers(smooth), lab_markers(STATIC), side)
    channels = low_pass(recording.forces.values, 1000.0)[::10]
    truth = TRIAL.truth(side, MARKER_TIMES)
    loaded = truth.fz_n > 100.0
    loads = plate_loads(channels[loaded], side)
    wanted = truth.ekam_vector_nm
    ekam = np.full(len(loaded), np.nan)
    ekam[loaded], _ = twin_moments(knee[loaded], frame[loaded], *loads, side)
    peak = wanted.max()
    error = (ekam - wanted)[loaded]
    assert np.sqrt(np.mean(error**2)) < 0.02 * peak
    assert np.abs(error).max() < 0.06 * peak
    for stance in TRIAL.stances:
        if stance.side is side:
            u = (MARKER_TIMES - stance.t_on_s) / PARAMETERS.stance_s
            halves = [(u > a) & (u < a + 0.5) for a in (0.0, 0.5)]
            found = [np.nanmax(ekam[half]) for half in halves]
            np.testing.assert_allclose(found, [wanted[half].max() for half in halves], rtol=0.005)


def test_noise_is_seeded_and_leaves_the_truth_alone():
    noisy, again = (synthesise(duration_strides=7, noise=Noise(seed=3)) for _ in range(2))
    clean = synthesise(duration_strides=7)
    np.testing.assert_array_equal(noisy.recording.markers.values, again.recording.markers.values)
    difference = noisy.recording.markers.values - clean.recording.markers.values
    assert difference.std() == pytest.approx(0.0005, rel=0.05)
    assert noisy.stances == clean.stances
    later = with_noise(clean, Noise(seed=3, marker_m=0.0))
    np.testing.assert_array_equal(later.recording.markers.values, clean.recording.markers.values)
    channels = later.recording.forces.values - clean.recording.forces.values
    spread = channels.reshape(-1, 2, 2, 3).std(axis=(0, 1, 3))
    assert spread == pytest.approx([2.0, 0.5], rel=0.05)


def test_strides_that_do_not_fill_the_samples_are_refused():
    with pytest.raises(ValueError, match="cannot be looped"):
        synthesise(duration_strides=10)
    with pytest.raises(ValueError, match="too long for the legs"):
        synthesise(WalkParameters(speed_m_per_s=2.5, cadence_steps_per_min=120.0), 2)


def test_bundled_files_equal_a_fresh_synthesis():
    for recording in (TRIAL.recording, STATIC):
        file = importlib.resources.files("replay_data") / recording.path.name
        with importlib.resources.as_file(file) as path:
            assert path.stat().st_size <= 2_700_000
            check_file(ezc3d.c3d(str(path), extract_forceplat_data=True), recording)


def check_file(file, recording):
    """Samples within 32-bit floats, rates, and forces and pressure centres as ezc3d reads them."""
    points = file["data"]["points"][:3].transpose(2, 1, 0)
    values = 1000.0 * recording.markers.values
    np.testing.assert_allclose(points.reshape(len(values), -1), values, rtol=2e-7, atol=1e-7)
    analogs = file["data"]["analogs"][0].T
    scale = np.tile([1.0, 1.0, 1.0, 1e3, 1e3, 1e3], 2)
    np.testing.assert_allclose(analogs, recording.forces.values * scale, rtol=2e-7, atol=1e-6)
    assert file["parameters"]["POINT"]["RATE"]["value"][0] == 100.0
    assert file["parameters"]["ANALOG"]["RATE"]["value"][0] == 1000.0
    assert file["parameters"]["POINT"]["UNITS"]["value"] == ["mm"]
    for side in Side:
        platform = file["data"]["platform"][side]
        loaded = recording.forces.values[:, 6 * side + 2] < -100.0
        force, _, cop = plate_loads(recording.forces.values[loaded], side)
        read = platform["center_of_pressure"].T[loaded] / 1000.0
        np.testing.assert_allclose(read @ CAPTURE_FROM_LAB, cop, rtol=0, atol=1e-4)
        np.testing.assert_allclose(
            platform["force"].T[loaded] @ CAPTURE_FROM_LAB, force, rtol=0, atol=1e-3
        )


@pytest.mark.parametrize(
    ("cadence", "least", "strides"), [(105.0, 21, 21), (117.0, 30, 39), (100.0, 5, 5)]
)
def test_strides_are_added_until_samples_are_whole(cadence, least, strides):
    walker = WalkParameters(cadence_steps_per_min=cadence)
    assert whole_strides(walker, least, 100.0, 1000.0) == strides
    with pytest.raises(ValueError, match="rounder cadence"):
        whole_strides(WalkParameters(cadence_steps_per_min=101.37), 1, 100.0, 1000.0)


def test_the_knee_moment_answers_to_the_walk():
    usual = WalkParameters()
    assert responding(usual) == usual
    toe_in = responding(replace(usual, toe_out_deg=-4.0))
    assert toe_in.peak1_nm_per_kg == pytest.approx(np.array(usual.peak1_nm_per_kg) * 0.88)
    assert toe_in.peak2_nm_per_kg == pytest.approx(np.array(usual.peak2_nm_per_kg) * 1.10)
    lean = responding(replace(usual, trunk_lean_deg=9.5))
    assert lean.peak1_nm_per_kg == pytest.approx(np.array(usual.peak1_nm_per_kg) * 0.80)
    wide = responding(replace(usual, step_width_m=0.25, speed_m_per_s=1.3))
    assert wide.peak1_nm_per_kg == pytest.approx(np.array(usual.peak1_nm_per_kg) * 0.93)
    most = responding(replace(usual, trunk_lean_deg=60.0))
    assert most.peak1_nm_per_kg == pytest.approx(np.array(usual.peak1_nm_per_kg) * 0.3)


def test_writer_marks_missing_points_and_refuses_unknown_units(tmp_path):
    markers = STATIC.markers
    values = markers.values.copy()
    values[5, :3] = np.nan
    path = tmp_path / "gap.c3d"
    write_c3d(replace(STATIC, markers=replace(markers, values=values), forces=None), path)
    file = ezc3d.c3d(str(path))
    assert np.isnan(file["data"]["points"][:3, 0, 5]).all()
    assert np.isfinite(file["data"]["points"][:3, 1, 5]).all()
    channels = tuple(replace(c, unit="furlong") for c in markers.info.channels)
    odd = replace(markers, info=replace(markers.info, channels=channels))
    with pytest.raises(EkamError, match="furlong"):
        write_c3d(replace(STATIC, markers=odd), tmp_path / "odd.c3d")
    assert [p.name for p in tmp_path.iterdir()] == ["gap.c3d"]


def test_more_frames_than_the_format_holds_are_refused(tmp_path):
    stream = TRIAL.recording.markers
    long = replace(
        TRIAL.recording,
        markers=replace(stream, stamps_s=np.zeros(70_000), values=np.zeros((70_000, 3))),
    )
    with pytest.raises(EkamError, match="70000 frames and a C3D file holds 65535"):
        write_c3d(long, tmp_path / "long.c3d")
    assert not list(tmp_path.iterdir())
