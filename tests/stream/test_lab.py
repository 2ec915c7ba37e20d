import numpy as np
import pytest
import walkers
from reference import LABS

from stream.errors import EkamError
from stream.lab import read_lab
from stream.marker_sets import PRESETS

MINIMAL = 'name = "x"\naxes = { forward = "x", up = "y", right = "z" }\n'


def refusal(tmp_path, text):
    path = tmp_path / "lab.toml"
    path.write_text(text)
    with pytest.raises(EkamError) as caught:
        read_lab(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "path", [walkers.LAB_PATH, *sorted(LABS.glob("*.toml"))], ids=lambda p: p.stem
)
def test_shipped_files_are_valid_and_kept_verbatim(path):
    read = read_lab(path)
    assert read.text == path.read_text()
    assert {plate.side for plate in read.lab.plates} == {"left", "right"}


def test_axes_take_the_walking_direction_to_x_and_up_to_y():
    r = read_lab(walkers.LAB_PATH).lab.axes.r_lab_from_capture()
    np.testing.assert_array_equal(r @ [0, -1, 0], [1, 0, 0])
    np.testing.assert_array_equal(r @ [0, 0, 1], [0, 1, 0])
    np.testing.assert_array_equal(r @ [-1, 0, 0], [0, 0, 1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL.replace('up = "y"', 'up = "-y"'), "not a right-handed set"),
        (MINIMAL.replace('up = "y"', 'up = "x"'), "not a right-handed set"),
        ('name = "x"\n', "the key 'axes' is missing"),
        (MINIMAL + '[marker]\nunit = "mm"\n', "'marker' is not known; did you mean 'markers'?"),
        (MINIMAL + '[markers]\nunit = "inch"\n', "markers.unit"),
        (MINIMAL + '[markers]\npreset = "vicom"\n', "there is no preset 'vicom'"),
        (MINIMAL + '[markers.names]\nKNEE = "x"\n', "'KNEE' is not a canonical marker name"),
        (MINIMAL + '[forces]\nmoment_unit = "lbf"\n', "unit 'lbf' is not known"),
        (MINIMAL + '[[plates]]\nside = "left"\n', "exactly one of index"),
        (
            MINIMAL + '[[plates]]\nside = "left"\nindex = 1\nforce = ["a", "b", "c"]\n',
            "exactly one of index",
        ),
        (
            MINIMAL + '[[plates]]\nside = "left"\nforce = ["a", "b", "c"]\n',
            "needs cop and free_moment",
        ),
        (
            MINIMAL + '[[plates]]\nside = "left"\nwrench = ["a", "b", "c", "d", "e", "f"]\n',
            "needs corners_m",
        ),
        (MINIMAL + "[events]\non_n = 10\noff_n = 20\n", "on_n must not be below off_n"),
        (MINIMAL + "[filter]\nscored_hz = 500\n", "filter.scored_hz"),
        ("name = ", "not valid TOML"),
        (MINIMAL + '[filter]\nscored_hz = "6"\n', "filter.scored_hz"),
        (MINIMAL + "[filter]\nscored_hz = nan\n", "filter.scored_hz"),
        (
            MINIMAL
            + '[[plates]]\nside = "left"\nindex = 1\n[[plates]]\nside = "right"\nindex = 1\n',
            "used already",
        ),
        (
            MINIMAL + '[[plates]]\nside = "left"\nindex = 1\nacts_on = "plate"\n',
            "from its description",
        ),
        (
            MINIMAL + '[[plates]]\nside = "left"\nindex = 1\norigin_m = [0, 0, 0]\n',
            "corners_m and origin_m belong together",
        ),
        (MINIMAL + '[markers]\npublisher = "quali"\n', "there is no publisher 'quali'; there are"),
        (MINIMAL + '[forces]\npublisher = "vicon"\n', "there is no publisher 'vicon'"),
        (MINIMAL + "[forces]\npublisher = 3\n", "forces.publisher"),
        (MINIMAL + '[markers]\npublisher = "vicon"\nstream = "x"\n', "markers.stream"),
    ],
)
def test_every_fault_is_named_with_its_place(tmp_path, text, says):
    said = refusal(tmp_path, text)
    assert says in said
    assert said.startswith("lab.toml")


def test_all_faults_are_named_at_once(tmp_path):
    said = refusal(tmp_path, MINIMAL + "[filter]\nscored_hz = 500\nspeed = 1\n")
    assert "filter.scored_hz" in said
    assert "filter.speed" in said


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert read_lab(path).lab.name == "x"


def test_missing_file(tmp_path):
    with pytest.raises(EkamError, match="there is no lab file"):
        read_lab(tmp_path / "none.toml")


def test_presets_name_only_canonical_markers_and_no_label_twice():
    for table in PRESETS.values():
        assert set(table) <= set(PRESETS["canonical"])
        assert len(set(table.values())) == len(table)
    assert PRESETS["hbm"]["LKNM"] == "LMEK"
    assert PRESETS["opensim"]["RSK2"] == "R.Shank.Front"
    assert PRESETS["qualisys"]["RMED"] == "R_TAM"
    assert PRESETS["vicon"]["LTOE"] == "LTOE"


def read(tmp_path, text):
    path = tmp_path / "lab.toml"
    path.write_text(text)
    return read_lab(path).lab


def test_a_publisher_sets_the_query_and_written_keys_win(tmp_path):
    lab = read(tmp_path, MINIMAL + '[markers]\npublisher = "qualisys"\n')
    assert (lab.markers.stream.type, lab.markers.stream.name) == ("Mocap", "Qualisys")
    assert lab.queries()[0].name == "Qualisys"
    text = (
        MINIMAL
        + '[markers]\npublisher = "qualisys"\nunit = "mm"\nstream = { name = "QTM", hostname = "h" }\n'
    )
    lab = read(tmp_path, text)
    assert lab.markers.stream.model_dump() == {
        "type": "Mocap", "name": "QTM", "source_id": "", "hostname": "h"
    }  # fmt: skip
    assert lab.markers.unit == "mm"
    assert read(tmp_path, MINIMAL).markers.stream.name == ""


def test_a_plate_by_index_may_bring_its_geometry(tmp_path):
    corners = "[[1, 0, 0], [0, 0, 0], [0, 2, 0], [1, 2, 0]]"
    plate = f'[[plates]]\nside = "left"\nindex = 1\ncorners_m = {corners}\norigin_m = [0, 0, -0.04]\nacts_on = "plate"\n'
    assert read(tmp_path, MINIMAL + plate).plates[0].acts_on == "plate"
