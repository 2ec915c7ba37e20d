import random
import shutil
from dataclasses import replace
from importlib.resources import as_file, files

import ezc3d
import numpy as np
import pytest
import walkers
from reference import DATA, LABS, TRIALS, needs_data

from compute.plates import centre_of_pressure_m
from stream import c3d_child
from stream.errors import EkamError
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap
from stream.plate_evidence import RawPlate, settle
from stream.readers import read_recording
from stream.text_files import read_mot, read_trc

TRC = (
    "PathFileType\t4\t(X/Y/Z)\ta.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
    "60.00\t60.00\t3\t2\tmm\t60.00\t1\t3\n"
    "Frame#\tTime\tR.Heel\t\t\tL.Heel\t\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\t\n"
    "\n"
    "1\t0.000\t1\t2\t3\t4\t5\t6\n"
    "2\t0.017\t1\t2\t3\t\t\t\n"
    "3\t0.033\t1\t2\t3\t4\t5\t6\n"
)
MOT = (
    "a.mot\nnRows=3\nendheader\ntime ground_force_vx ground_force_px ground_torque_x other\n"
    + "".join(f"{t} {k} 0.1 0.2 9\n" for k, t in enumerate(("0", "0.0017", "0.0033")))
)


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_trc(tmp_path):
    stream, start_s = read_trc(written(tmp_path, "a.trc", TRC))
    assert start_s == 0.0
    np.testing.assert_array_equal(stream.stamps_s, np.arange(3) / 60.0)  # not the rounded print
    assert stream.info.labels == (
        "R.Heel_X",
        "R.Heel_Y",
        "R.Heel_Z",
        "L.Heel_X",
        "L.Heel_Y",
        "L.Heel_Z",
    )
    assert {c.unit for c in stream.info.channels} == {"mm"}
    assert np.isnan(stream.values[1, 3:]).all()
    np.testing.assert_array_equal(stream.values[0], [1, 2, 3, 4, 5, 6])


def test_mot(tmp_path):
    stream, _ = read_mot(written(tmp_path, "a.mot", MOT))
    assert stream.info.nominal_rate_hz == pytest.approx(606, abs=1)
    assert [c.unit for c in stream.info.channels] == ["N", "m", "N·m", ""]
    np.testing.assert_array_equal(stream.values[:, 0], [0, 1, 2])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.trc", "hello\n", "not a TRC file"),
        ("a.trc", TRC.replace("2\t0.017\t1", "2\t0.017\tx"), "line 8: a cell is not a number"),
        ("a.trc", TRC.replace("2\t0.017", "2\t0.000"), "times do not increase"),
        ("a.trc", TRC[: TRC.index("1\t0.000")], "holds no frames"),
        ("a.mot", "hello\n", "no endheader"),
        ("a.mot", MOT.replace("time ", "t "), "first column is not time"),
        ("a.mot", MOT[:-3], "cut short|do not have"),
        ("a.txt", "x", "a .c3d or a .trc is needed"),
        ("a.c3d", "this is not a C3D file", "is not a C3D file"),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path, name, text, says):
    path = written(tmp_path, name, text)
    read = read_mot if name.endswith("mot") else (lambda p: read_recording(p, walkers.lab()))
    with pytest.raises(EkamError, match=says) as caught:
        read(path)
    assert name in str(caught.value)


def test_forces_beside_a_trc(tmp_path):
    lab = read_lab(LABS / "treadmill_gait2354_subject01.toml").lab
    path = written(tmp_path, "a.trc", TRC.replace("4\t5\t6", "4\t900\t6"))
    alone = read_recording(path, lab)
    assert alone.forces is None
    assert "no force file was found beside a.trc" in alone.notes
    written(tmp_path, "a_grf.mot", MOT)
    assert read_recording(path, lab).forces is not None
    written(tmp_path, "a_other.mot", MOT)
    with pytest.raises(EkamError, match="several force files fit a.trc"):
        read_recording(path, lab)
    assert read_recording(path, lab, tmp_path / "a_grf.mot").forces is not None


def test_bundled_c3d_is_the_walk_it_was_written_from():
    read = read_recording(walkers.WALK_PATH, walkers.lab())
    made = walkers.trial(21).recording
    names = walkers.subject().markers()
    got, expected = (
        MarkerMap(r.markers.info, walkers.lab(), names).apply(r.markers.values)
        for r in (read, made)
    )
    np.testing.assert_allclose(got, expected, atol=1e-6)
    got, expected = (
        PlateMap(r.forces.info, walkers.lab()).apply(r.forces.values) for r in (read, made)
    )
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert all("ORIGIN reversed" in note for note in read.notes)


def raw_plate(**changes):
    """Plate 1 of the synthetic walk as a file would store it, origin in the sense of the format."""
    recording = walkers.trial().recording
    described = recording.forces.info.plates[0]
    plate = RawPlate(
        1, recording.forces.values[:, :6], 1000.0, np.array(described.corners_m),
        np.array(described.origin_m), "N", "N·m",
    )  # fmt: skip
    return replace(plate, **changes)


def feet():
    recording = walkers.trial().recording
    names = ["LHEE", "LTOE", "LANK", "RHEE", "RTOE", "RANK"]
    labels = [c.target for c in recording.markers.info.channels]
    return np.stack(
        [recording.markers.values[:, [i for i, t in enumerate(labels) if t == n]] for n in names],
        axis=1,
    )


@pytest.mark.parametrize("reaction", [True, False])
@pytest.mark.parametrize("stored_as_defined", [True, False])
def test_every_way_of_storing_a_plate_is_recognised(reaction, stored_as_defined):
    true = raw_plate()
    stored = replace(
        true,
        channels=true.channels if reaction else -true.channels,
        origin_m=true.origin_m if stored_as_defined else -true.origin_m,
    )
    settled = settle(stored, feet(), walkers.lab(), 100.0)
    assert settled.description.reaction is reaction
    np.testing.assert_allclose(settled.description.origin_m, true.origin_m)


def test_a_plate_whose_load_is_nowhere_near_a_foot_is_refused():
    moved = raw_plate(corners_m=raw_plate().corners_m + [0.0, 3.0, 0.0])
    with pytest.raises(EkamError, match="plate 1 fits no reading"):
        settle(moved, feet(), walkers.lab(), 100.0)


def test_an_unloaded_plate_is_read_as_usual_and_says_so():
    idle = raw_plate(channels=np.zeros((1000, 6)))
    settled = settle(idle, feet(), walkers.lab(), 100.0)
    assert "is not loaded" in settled.note
    np.testing.assert_allclose(settled.description.origin_m, raw_plate().origin_m)


@needs_data
@pytest.mark.parametrize(
    "trial", [t for t in TRIALS if t.walk.endswith("c3d")], ids=lambda t: t.folder
)
def test_centre_of_pressure_is_that_of_the_c3d_library(trial):
    lab = read_lab(trial.lab).lab
    read = read_recording(trial.path(trial.walk), lab)
    plates = PlateMap(read.forces.info, lab)
    file = ezc3d.c3d(str(trial.path(trial.walk)), extract_forceplat_data=True)
    r = lab.axes.r_lab_from_capture()
    for number, resolved in enumerate(file["data"]["platform"], 1):
        wrench = plates.apply_one(number, read.forces.values)
        loaded = wrench[:, 1] > 100.0
        expected = resolved["center_of_pressure"].T[loaded] @ r.T / 1000.0
        np.testing.assert_allclose(centre_of_pressure_m(wrench[loaded]), expected, atol=1e-5)
        np.testing.assert_allclose(wrench[loaded, :3], resolved["force"].T[loaded] @ r.T, atol=1e-3)


@needs_data
def test_loads_per_foot_of_the_treadmill_are_those_resolved_by_hand():
    trial = TRIALS[1]
    lab = read_lab(trial.lab).lab
    read = read_recording(trial.path(trial.walk), lab)
    wrench = PlateMap(read.forces.info, lab).apply(read.forces.values)
    table = np.genfromtxt(trial.path("forces.csv"), delimiter=",", skip_header=2, names=True)
    np.testing.assert_allclose(wrench[:, 1, 1], table["fz_N_r"], atol=0.01)
    np.testing.assert_allclose(wrench[:, 0, 0], -table["fy_N_l"], atol=0.01)


@needs_data
@pytest.mark.parametrize("name", ["opensim_walking5.c3d", "bmc_Gait.c3d"])
def test_other_c3d_files_are_read(name, tmp_path):
    """Markers absent for half of the frames; repeated names; calibration matrices."""
    axes = 'axes = { forward = "+x", up = "+z", right = "-y" }\n'
    preset = '[markers]\npreset = "vicon"\n'
    lab = tmp_path / "lab.toml"
    lab.write_text('name = "x"\n' + axes + preset)
    read = read_recording(DATA / "c3d_variety" / name, read_lab(lab).lab)
    assert len(read.forces.info.plates) == 2
    assert len(set(read.markers.info.labels)) == len(read.markers.info.labels)
    assert np.isnan(read.markers.values).any()


def test_a_truncated_c3d_is_refused(tmp_path):
    cut = tmp_path / "cut.c3d"
    shutil.copy(walkers.WALK_PATH, cut)
    with cut.open("r+b") as file:
        file.truncate(700)
    with pytest.raises(EkamError, match=r"cut\.c3d"):
        read_recording(cut, walkers.lab())


@pytest.mark.parametrize(
    "seed", [1, 7, 16, 102, 119]
)  # the library hangs, hangs, breaks down, reads
def test_damaged_c3d_parameters_cost_the_file_and_nothing_else(tmp_path, monkeypatch, seed):
    hangs = seed in (1, 7)
    if hangs:
        monkeypatch.setattr(c3d_child, "LONGEST_S", 5.0)
    with as_file(files("replay_data")) as bundled:
        data = bytearray((bundled / "synthetic_static.c3d").read_bytes())
        lab = read_lab(bundled / "synthetic_lab.toml").lab
    rng = random.Random(seed)
    for _ in range(4):
        data[rng.randrange(512, 512 * 6)] = rng.randrange(256)
    path = tmp_path / "damaged.c3d"
    path.write_bytes(data)
    message = ""
    try:
        read_recording(path, lab)
    except EkamError as error:
        message = str(error)
    assert ("nothing came of it" in message) == hangs
