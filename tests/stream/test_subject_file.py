import tomllib
from dataclasses import replace
from pathlib import Path

import bodies
import numpy as np
import pytest
import walkers

from compute import Side
from compute.calibration import JointWidths, calibrate
from stream.errors import EkamError
from stream.lab import Model
from stream.subject_file import check_id, read_subject, write_subject
from stream.synthetic import static_trial


def written(path, subject, **options):
    write_subject(
        path,
        subject,
        recording=static_trial(walkers.trial().parameters),
        lab_sha256="0" * 64,
        from_walking=False,
        version="0.1.0",
        **options,
    )
    return read_subject(path)


def shaken(markers):
    """Numbers with all their digits."""
    rng = np.random.default_rng(5)
    return {name: x + rng.normal(0, 1e-3, 3) for name, x in markers.items()}


def full():
    return calibrate(shaken(bodies.standing()), bodies.RATE_HZ, bodies.PERSON, wrench=bodies.load())


def conventional():
    markers, _ = bodies.plug_in_gait(shaken(bodies.standing()))
    for gone in ("C7", "CLAV", "T10", "STRN", "LHEE"):
        del markers[gone]
    person = replace(bodies.PERSON, widths=JointWidths(0.09, 0.06))
    return calibrate(markers, bodies.RATE_HZ, person)


def lightest():
    """Joint centres of the laboratory alone."""
    markers = {}
    for side in Side:
        for name, at in (
            ("KJC", (0.0, 0.5, 0.1)),
            ("AJC", (0.0, 0.1, 0.1)),
            ("TAO", (0.0, 0.1, 0.1)),
            ("TAL", (0.0, 0.1, 0.2)),
        ):
            markers[side.letter + name] = np.tile(np.array(at) * [1, 1, side.sigma], (200, 1))
    return calibrate(markers, bodies.RATE_HZ, bodies.PERSON)


@pytest.mark.parametrize("make", [full, conventional, lightest])
def test_a_subject_reads_back_exactly(tmp_path, make):
    subject = make()
    assert written(tmp_path / "s.toml", subject).subject == subject


def test_the_three_are_as_different_as_they_should_be():
    assert full().trunk is not None
    some = conventional()
    assert some.trunk_top == ("LSHO", "RSHO")
    assert (some.left.foot, some.left.thigh, some.pelvis.cluster) == (
        None, None, ("RASI", "LASI", "RPSI", "LPSI"),
    )  # fmt: skip
    assert some.left.shank.axis == ("", "")
    assert lightest().pelvis is None


def test_the_file_says_what_it_came_from(tmp_path):
    model = Model(hip_centre="hara", inertia="deleva")
    text = written(tmp_path / "s.toml", full(), model=model).text
    table = tomllib.loads(text)
    assert table["origin"]["hip_centre"] == "hara"
    assert table["origin"]["inertia"] == "deleva"
    assert "epicondylar axis of the calibration trial" in table["left"]["shank"]["frame"]
    assert set(table["right"]) == {
        "shank", "thigh", "foot", "shank_inertia", "thigh_inertia", "foot_inertia",
    }  # fmt: skip


def test_the_bundled_subject_is_what_calibration_makes_now(tmp_path):
    """Written by `ekam calibrate`; its static trial is a file of 32-bit numbers."""
    bodies.close(read_subject(walkers.SUBJECT_PATH).subject, walkers.subject(), tolerance=1e-6)


def test_an_existing_file_is_not_overwritten(tmp_path):
    written(tmp_path / "s.toml", full())
    with pytest.raises(EkamError, match="exists and is not overwritten"):
        written(tmp_path / "s.toml", full())


OLD = """
[subject]
id = "S1"
body_mass_kg = 70.0
[left]
tracking = "cluster"
"""


@pytest.mark.parametrize("text", [OLD, "layout = 1\n" + OLD, "layout = 3\n" + OLD])
def test_another_layout_is_refused_with_the_cure(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(
        EkamError, match=r"s\.toml was written by another version.*`ekam calibrate`"
    ):
        read_subject(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"LTOE",', '"LHEE",', "as many different markers as points"),
        ('"RTOE",', '"LTOE",', "markers of left and right are exchanged"),
        ('"LSK2",', '"RSK2",', "markers of both legs"),
        ("[left.foot.points_m]", "[left.foot.points_m]\nNOSE = [0.0, 0.0, 0.0]", "carries no point 'NOSE'"),
        ("[pelvis]", "[pelvis]\nwidth = 0.2", "width"),
        ("[left.foot_inertia]\nmass_kg = 0.72", "[left.foot_inertia]\nmass_kg = -0.72", "foot_inertia.mass_kg"),
        ("layout = 2", 'layout = 2\ntrunk_top = ["NOSE"]', "'NOSE' is not a canonical marker name"),
    ],
)  # fmt: skip
def test_a_damaged_body_is_refused(tmp_path, old, new, says):
    text = walkers.SUBJECT_PATH.read_text()
    assert old in text
    path = tmp_path / "s.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(EkamError, match=says):
        read_subject(path)


def test_a_lopsided_inertia_is_refused(tmp_path):
    text = walkers.SUBJECT_PATH.read_text()
    head, tail = text.split("[left.shank_inertia]")
    first = tail.index("inertia_kg_m2 = [")
    changed = tail[:first] + tail[first:].replace("        0.0,", "        0.5,", 1)
    path = tmp_path / "s.toml"
    path.write_text(head + "[left.shank_inertia]" + changed)
    with pytest.raises(EkamError, match="inertia_kg_m2 is not symmetric"):
        read_subject(path)


def test_pseudonyms():
    check_id("S-01_a.b")
    with pytest.raises(EkamError, match="not a pseudonym"):
        check_id("Jane Doe")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(EkamError, match="cannot be written"):
        written(Path(tmp_path / "no" / "s.toml"), full())
