from dataclasses import replace

import numpy as np
import pytest
import walkers

from stream.body_checks import check_body
from stream.errors import EkamError
from stream.mapping import MarkerMap, PlateMap, rate_hz
from stream.source import Channel, Role, StreamInfo


def markers(*channels, rate=100.0):
    return StreamInfo(Role.MARKERS, "lab", "Mocap", channels, rate)


def xyz(name, unit="mm", kind="Position", separator="_"):
    return [
        Channel(
            f"{name}{separator}{axis}", unit, f"{kind}{axis}" if kind else "", name if kind else ""
        )
        for axis in "XYZ"
    ]


LAB = walkers.lab()
ROW = np.array([[-100.0, -200.0, 900.0, 1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("kind", "separator"), [("Position", "_"), ("", "_"), ("", ":"), ("", ".")]
)
def test_markers_are_found_by_name_whatever_their_order(kind, separator):
    pair = [
        xyz("RKNE", kind=kind, separator=separator),
        xyz("RANK", kind=kind, separator=separator),
    ]
    forward = markers(*pair[0], *pair[1])
    backward = markers(*reversed(pair[0]), *pair[1])
    np.testing.assert_allclose(MarkerMap(forward, LAB, ["RKNE"]).apply(ROW), [[[0.2, 0.9, 0.1]]])
    np.testing.assert_allclose(MarkerMap(backward, LAB, ["RKNE"]).apply(ROW), [[[0.2, -0.1, -0.9]]])


def test_units_are_taken_per_marker():
    info = markers(*xyz("RKNE", "millimeters"), *xyz("RANK", "m"))
    np.testing.assert_allclose(
        MarkerMap(info, LAB, ["RKNE", "RANK"]).apply(ROW)[0], [[0.2, 0.9, 0.1], [-2.0, 3.0, -1.0]]
    )


def test_a_body_of_the_same_name_is_not_the_marker():
    """Rigid bodies carry an object, not a marker: their channels have a kind and no target."""
    body = [Channel(f"RKNE_{axis}", "mm", f"Position{axis}") for axis in "XYZ"]
    with pytest.raises(EkamError, match="no marker RKNE"):
        MarkerMap(markers(*body), LAB, ["RKNE"])


def test_a_missing_marker_is_named_with_its_purpose():
    with pytest.raises(EkamError, match=r"no marker RANK \(right lateral malleolus.*label 'RANK'"):
        MarkerMap(markers(*xyz("RKNE")), LAB, ["RKNE", "RANK"])


def test_an_unknown_unit_is_refused():
    with pytest.raises(EkamError, match="unit 'furlong'"):
        MarkerMap(markers(*xyz("RKNE", "furlong")), LAB, ["RKNE"])


def test_a_stream_without_a_rate_needs_one_in_the_lab_file():
    info = markers(*xyz("RKNE"), rate=0.0)
    with pytest.raises(EkamError, match="set rate_hz under"):
        rate_hz(info, LAB)
    told = LAB.model_copy(update={"markers": LAB.markers.model_copy(update={"rate_hz": 120.0})})
    assert rate_hz(info, told) == 120.0


@pytest.mark.parametrize(
    ("unit", "span", "says"), [("m", 1700.0, "mm"), ("mm", 1.7, "m"), ("m", 170.0, "cm")]
)
def test_a_body_of_impossible_size(unit, span, says):
    info = markers(*xyz("RASI", unit), *xyz("RHEE", unit))
    values = np.tile([1.0, 1.0, span * 0.6, 2.0, 1.0, 0.0], (10, 1))
    with pytest.raises(EkamError, match=f'look like {says}: set unit = "{says}"'):
        check_body(info, values, LAB)


def test_a_body_that_stands_on_its_head():
    info = markers(*xyz("RASI", "m"), *xyz("RHEE", "m"))
    with pytest.raises(EkamError, match="correct up under axes"):
        check_body(info, np.tile([0, 0, 0.1, 0, 0.1, 1.0], (10, 1)), LAB)


def test_scale_is_judged_once_markers_are_seen():
    info = markers(*xyz("RASI", "m"), *xyz("RHEE", "m"))
    assert not check_body(info, np.full((10, 6), np.nan), LAB)
    assert check_body(info, np.tile([0, 0, 1.0, 0, 0.1, 0.1], (10, 1)), LAB)


def test_plates_follow_the_file_and_name_what_they_miss():
    info = walkers.trial().recording.forces.info
    values = walkers.trial().recording.forces.values[:10]
    both = PlateMap(info, LAB)
    np.testing.assert_allclose(both.apply(values)[:, 0], both.apply_one(1, values))
    with pytest.raises(EkamError, match="describes 0 plates: give wrench, corners_m and origin_m"):
        PlateMap(replace(info, plates=()), LAB)
    unmarked = replace(info, channels=tuple(replace(c, kind="") for c in info.channels))
    with pytest.raises(EkamError, match="no channel as ForceX"):
        PlateMap(unmarked, LAB)
    one = LAB.model_copy(update={"plates": LAB.plates[:1]})
    with pytest.raises(EkamError, match="no plate for the right foot"):
        PlateMap(info, one)


def test_a_plate_written_out_in_the_lab_file_equals_the_described_one():
    """Channels by name, corners and origin in the lab file; and numbers that act on the plate."""
    recording = walkers.trial().recording
    described = recording.forces.info.plates[0]
    plates = []
    for number, plate in enumerate(LAB.plates, 1):
        given = recording.forces.info.plates[number - 1]
        labels = tuple(c.label for c in recording.forces.info.channels if c.target == str(number))
        plates.append(
            type(plate)(
                side=plate.side, wrench=labels, corners_m=given.corners_m, origin_m=given.origin_m
            )
        )
    written = LAB.model_copy(update={"plates": tuple(plates)})
    bare = replace(recording.forces.info, plates=())
    values = recording.forces.values[::50]
    expected = PlateMap(recording.forces.info, LAB).apply(values)
    np.testing.assert_array_equal(PlateMap(bare, written).apply(values), expected)
    reversed_ = written.model_copy(
        update={"plates": tuple(p.model_copy(update={"acts_on": "plate"}) for p in plates)}
    )
    np.testing.assert_array_equal(PlateMap(bare, reversed_).apply(-values), expected)
    assert described.reaction


def test_optional_markers_that_are_not_there_are_missing_in_every_frame():
    got = MarkerMap(markers(*xyz("RKNE")), LAB, ["RTOE", "RKNE", "RHEE"], {"RTOE", "RHEE"}).apply(
        ROW
    )
    assert np.isnan(got[:, [0, 2]]).all()
    assert np.isfinite(got[:, 1]).all()
    with pytest.raises(EkamError, match="RANK"):
        MarkerMap(markers(*xyz("RKNE")), LAB, ["RKNE", "RANK"], {"RTOE"})
