"""What is written reads back the same, and nothing is lost."""

import pytest
from reference import LABS
from walkers import LAB_PATH

from stream.errors import EkamError
from stream.lab import Lab, read_lab, validate
from stream.lab_write import lab_text, set_aside, write_lab

RICH = """
name = "Lab \\"3\\", Kraków"
axes = { forward = "-y", up = "+z", right = "-x" }
[markers]
publisher = "vicon"
stream = { hostname = "vicon-pc" }
unit = "mm"
preset = "vicon"
rate_hz = 200.0
device_delay_s = 0.012
[markers.names]
RKNE = "S01:R \\"knee\\""
[forces]
stream = { type = "Force", name = "Plates" }
force_unit = "kN"
moment_unit = "Nmm"
[[plates]]
side = "left"
index = 2
corners_m = [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.8, 0.0], [0.5, 1.8, 0.0]]
origin_m = [0.0, 0.0, -0.04]
acts_on = "plate"
[[plates]]
side = "right"
wrench = ["a", "b", "c", "d", "e", "f"]
corners_m = [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.8, 0.0], [0.5, 1.8, 0.0]]
origin_m = [0.0, 0.0, -0.04]
[events]
rezero = false
[model]
hip_centre = "bell"
[feedback]
variable = "foot_progression"
baseline_stances = 20
"""


@pytest.mark.parametrize("path", [LAB_PATH, *sorted(LABS.glob("*.toml"))], ids=lambda p: p.name)
def test_every_lab_file_survives(path, tmp_path):
    lab = read_lab(path).lab
    assert write_lab(tmp_path / "lab.toml", lab).lab == lab


def test_every_kind_of_key_survives(tmp_path):
    lab = validate(Lab, RICH, tmp_path / "lab.toml")
    written = write_lab(tmp_path / "lab.toml", lab)
    assert written.lab == lab
    assert "right lateral epicondyle" in written.text  # what a named marker is for stands beside it


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text("mine")
    lab = read_lab(LAB_PATH).lab
    with pytest.raises(EkamError, match="exists and is not overwritten"):
        write_lab(path, lab)
    assert path.read_text() == "mine"
    write_lab(path, lab, replace=True)
    assert (tmp_path / "lab_old1.toml").read_text() == "mine"
    set_aside(path)
    assert (tmp_path / "lab_old2.toml").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lab_old1.toml", "lab_old2.toml"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(EkamError, match="cannot be written"):
        write_lab(tmp_path / "none" / "lab.toml", read_lab(LAB_PATH).lab)


def test_text_is_stable():
    lab = read_lab(LAB_PATH).lab
    assert lab_text(lab) == lab_text(lab)
