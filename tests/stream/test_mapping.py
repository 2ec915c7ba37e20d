from dataclasses import replace

import numpy as np
import pytest
import walkers

from stream.body_checks import check_body
from stream.channel_names import plate_channels
from stream.errors import EkamError
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
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
    """Rigid bodies carry an object, not a marker (Qualisys)."""
    body = [Channel(f"RKNE_{axis}", "mm", f"Position{axis}", "", "RKNE") for axis in "XYZ"]
    with pytest.raises(EkamError, match="no marker RKNE"):
        MarkerMap(markers(*body), LAB, ["RKNE"])
    both = markers(*body, *xyz("RKNE"))
    row = np.concatenate([np.ones((1, 3)), ROW[:, :3]], axis=1)
    np.testing.assert_allclose(MarkerMap(both, LAB, ["RKNE"]).apply(row), [[[0.2, 0.9, 0.1]]])


@pytest.mark.parametrize("label", ["RTIO", "rtio", "S1:RTIO"])
def test_two_names_may_share_a_label(label):
    """Plug-in Gait: the ankle joint centre is also the origin of the tibia's axes."""
    names = {"RAJC": "RTIO", "RTAO": "RTIO"}
    lab = LAB.model_copy(update={"markers": LAB.markers.model_copy(update={"names": names})})
    info = markers(*xyz(label))
    assert {"RAJC", "RTAO"} <= set(present_markers(info, lab))
    at_m = MarkerMap(info, lab, ["RAJC", "RTAO"]).apply(ROW)
    np.testing.assert_array_equal(at_m[:, 0], at_m[:, 1])
    assert np.isfinite(at_m).all()


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
    ("unit", "span", "says"),
    [
        ("m", 1700.0, "mm"),
        ("mm", 1.7, "m"),
        ("m", 170.0, "cm"),
        ("mm", 370.0, "cm"),
        ("cm", 560.0, "mm"),  # a factor of ten: 2.2 m and 0.34 m
    ],
)
def test_a_body_of_impossible_size(unit, span, says):
    info = markers(*xyz("RASI", unit), *xyz("RHEE", unit))
    values = np.tile([1.0, 1.0, span * 0.6, 2.0, 1.0, 0.0], (10, 1))
    with pytest.raises(EkamError, match=f'look like {says}: set unit = "{says}"'):
        check_body(info, values, LAB)


def test_the_unit_that_is_wrong_is_that_of_the_markers():
    """Whatever stands in the first channel."""
    info = markers(Channel("Frame", "count"), *xyz("RASI", "mm"), *xyz("RHEE", "mm"))
    values = np.tile([7.0, 1.0, 1.0, 1.02, 2.0, 1.0, 0.0], (10, 1))
    with pytest.raises(EkamError, match="the stream declares 'mm', the numbers look like m:"):
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
    with pytest.raises(
        EkamError, match="describes 0 plates: give corners_m and origin_m beside index"
    ):
        PlateMap(replace(info, plates=()), LAB)
    unmarked = replace(info, channels=tuple(replace(c, kind="", label="a") for c in info.channels))
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


# --- labels ----------------------------------------------------------------------------------------


def named(label, **more):
    """Channels of a marker by label alone; `label` is filled with the axis."""
    return [Channel(label.format(axis), "mm", **more) for axis in "XYZ"]


def renamed(**names):
    return LAB.model_copy(
        update={"markers": LAB.markers.model_copy(update={"names": {**LAB.markers.names, **names}})}
    )


@pytest.mark.parametrize(
    "label", ["RKNE_{}", "RKNE:{}", "RKNE.{}", "RKNE {}", "RKNE.c{}", "rkne_{}", "S01:RKNE:{}", "s01:rkne_{}"]
)  # fmt: skip
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("kind", ["", "POS", "misc"])
def test_labels_of_every_form(label, lower, kind):
    channels = named(label, kind=kind)
    if lower:
        channels = [replace(c, label=c.label[:-1] + c.label[-1].lower()) for c in channels]
    info = markers(*xyz("RANK"), *channels)
    row = np.concatenate([np.full((1, 3), 5.0), ROW[:, :3]], axis=1)
    np.testing.assert_allclose(MarkerMap(info, LAB, ["RKNE"]).apply(row), [[[0.2, 0.9, 0.1]]])
    assert present_markers(info, LAB) == ("RKNE", "RANK")


@pytest.mark.parametrize(
    "channels",
    [
        named("RKNE{}"),  # no separator
        named("RKNE_{}", kind="Velocity"),
        [Channel(f"RKNE_{a}", "mm", f"Velocity{a}", "RKNE") for a in "XYZ"],
        [Channel(f"RKNE_{a}", "degrees", f"Orientation{a}", "RKNE") for a in "PRH"],
        [Channel(f"RKNE.Lq{a}", "", "", "") for a in "xyz"],
        named("RKNE_{}")[:2],
        named("RKNE2_{}"),
    ],
)
def test_what_is_no_position_of_the_marker_is_not_taken(channels):
    info = markers(*channels, *xyz("RANK"))
    assert present_markers(info, LAB) == ("RANK",)
    with pytest.raises(EkamError, match="no marker RKNE"):
        MarkerMap(info, LAB, ["RKNE"])


def test_a_header_that_lost_its_marker_entries_is_read_by_label():
    """Some players keep label, type and unit only."""
    dropped = [replace(channel, target="") for channel in xyz("RKNE")]
    np.testing.assert_allclose(
        MarkerMap(markers(*dropped), LAB, ["RKNE"]).apply(ROW[:, :3]), [[[0.2, 0.9, 0.1]]]
    )


def test_type_names_whatever_their_case():
    info = markers(*[replace(channel, kind=channel.kind.upper()) for channel in xyz("RKNE")])
    assert present_markers(info, LAB) == ("RKNE",)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (named("rkne_{}"), named("Rkne_{}"), "'rkne_X' and 'Rkne_X'"),
        (named("A:RKNE_{}"), named("B:RKNE_{}"), "'A:RKNE_X' and 'B:RKNE_X'.*write the whole label"),
        (xyz("RKNE"), xyz("RKNE"), "two channels 'RKNE_X' for the marker RKNE"),
        (xyz("RKNE"), [replace(c, label="other", body="B") for c in xyz("RKNE")], "'RKNE_X' and 'other'"),
    ],
)  # fmt: skip
def test_a_marker_that_could_be_two_is_refused_where_it_is_used(first, second, says):
    info = markers(*first, *second, *xyz("RANK"), *xyz("RASI"), *xyz("RHEE"))
    with pytest.raises(EkamError, match=says):
        MarkerMap(info, LAB, ["RANK", "RKNE"])
    with pytest.raises(EkamError, match=says):
        MarkerMap(info, LAB, ["RANK", "RKNE"], {"RKNE"})
    assert MarkerMap(info, LAB, ["RANK"]).names == ("RANK",)
    assert "RKNE" in present_markers(info, LAB)
    assert "RKNE" not in present_markers(info, LAB, clear=True)
    standing = [[0, 0, 900.0] * 4 + [0, 0, 1000.0, 0, 0, 50.0]] * 5
    columns = np.array(standing)[:, -len(info.channels) :]
    assert check_body(info, columns, LAB)


def test_a_whole_label_decides_between_two():
    info = markers(*named("A:RKNE_{}"), *named("B:RKNE_{}"))
    lab = renamed(RKNE="B:RKNE")
    np.testing.assert_allclose(
        MarkerMap(info, lab, ["RKNE"]).apply(ROW)[0, 0], [-2e-3, 3e-3, -1e-3]
    )
    by_object = markers(*[replace(c, body=b) for b in "AB" for c in xyz("RKNE")])
    np.testing.assert_allclose(
        MarkerMap(by_object, lab, ["RKNE"]).apply(ROW)[0, 0], [-2e-3, 3e-3, -1e-3]
    )


def test_an_exact_label_goes_before_another_case():
    info = markers(*named("rkne_{}"), *named("RKNE_{}"), *named("S:RKNE_{}"))
    row = np.concatenate([np.zeros((1, 3)), ROW], axis=1)
    np.testing.assert_allclose(MarkerMap(info, LAB, ["RKNE"]).apply(row)[0, 0], [0.2, 0.9, 0.1])


def test_no_marker_is_taken_for_two_names():
    lab = renamed(RKNE="knee", RKNM="KNEE")
    with pytest.raises(EkamError, match="no marker RKNE "):
        MarkerMap(markers(*xyz("KNEE")), lab, ["RKNM", "RKNE"])


def test_a_stream_without_labels_is_refused():
    with pytest.raises(EkamError, match="names none of its 6 channels"):
        MarkerMap(markers(*[Channel("")] * 6), LAB, ["RKNE"])


# --- units and missing values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "to_m"),
    [("m", 1.0), ("Meters", 1.0), ("metres", 1.0), ("mm", 1e-3), ("millimeters", 1e-3),
     ("Millimetres", 1e-3), ("cm", 1e-2), ("centimeters", 1e-2), (" mm ", 1e-3)],
)  # fmt: skip
def test_units_of_length(unit, to_m):
    got = MarkerMap(markers(*xyz("RKNE", unit)), LAB, ["RKNE"]).apply(ROW[:, :3])
    np.testing.assert_allclose(got, [[[200.0 * to_m, 900.0 * to_m, 100.0 * to_m]]])


def test_units_that_differ_or_are_not_stated():
    mixed = xyz("RKNE", "m")[:2] + xyz("RKNE", "mm")[2:]
    with pytest.raises(EkamError, match="'RKNE_X' and 'RKNE_Z' belong together .* 'm' and 'mm'"):
        MarkerMap(markers(*mixed), LAB, ["RKNE"])
    same = xyz("RKNE", "mm")[:2] + xyz("RKNE", "millimeters")[2:]
    MarkerMap(markers(*same), LAB, ["RKNE"])
    with pytest.raises(EkamError, match="'RKNE_X' states no unit: set unit .* to m, cm or mm"):
        MarkerMap(markers(*xyz("RKNE", "")), LAB, ["RKNE"])
    told = LAB.model_copy(update={"markers": LAB.markers.model_copy(update={"unit": "mm"})})
    for channels in (mixed, xyz("RKNE", "")):
        got = MarkerMap(markers(*channels), told, ["RKNE"]).apply(ROW[:, :3])
        np.testing.assert_allclose(got, [[[0.2, 0.9, 0.1]]])


@pytest.mark.parametrize(
    "says",
    [
        Channel("RKNE_Conf", "normalized", "Confidence", "RKNE"),
        Channel("any", "bool", "VALID", "RKNE"),
        Channel("RKNE_Conf"),
        Channel("RKNE:Valid", "bool"),
        Channel("rkne.confidence", kind="misc"),
    ],
)
def test_a_position_that_is_not_valid_is_missing(says):
    """Whether the publisher describes markers in metadata or by label."""
    if says.label == "rkne.confidence":
        three = named("rkne.{}")
    else:
        three = xyz("RKNE", kind="Position" if says.target else "")
    mapped = MarkerMap(markers(*three, says, *xyz("RANK")), LAB, ["RKNE", "RANK"])
    row = np.concatenate([ROW[:, :3], [[1.0]], ROW[:, 3:]], axis=1)
    values = np.repeat(row, 5, axis=0)
    values[:, 3] = [1.0, 0.2, 0.0, -1.0, np.nan]
    got = mapped.apply(values)
    np.testing.assert_array_equal(np.isnan(got[:, 0, 0]), [False, False, True, True, True])
    assert not np.isnan(got[:, 1]).any()


def test_missing_values_are_coded_by_nan_or_zeros():
    values = np.repeat(ROW[:, :3], 4, axis=0)
    values[1] = 0.0
    values[2, 1] = np.nan
    values[3, :2] = 0.0
    got = MarkerMap(markers(*xyz("RKNE")), LAB, ["RKNE"]).apply(values)
    np.testing.assert_array_equal(np.isnan(got[:, 0, 0]), [False, True, True, False])


# --- plates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "kind", "target", "plate"),
    [
        ("Fx1", "", "", 1), ("FX2", "", "", 2), ("FP1_Fx", "", "", 1), ("fp2.fx", "", "", 2),
        ("Fx_L", "", "", 1), ("Fx_R", "", "", 2), ("Left_Fx", "", "", 1), ("right.fx", "", "", 2),
        ("Force.Fx1", "", "", 1), ("Fx", "", "", 1), ("ForceX", "", "", 1), ("Force_X_2", "", "", 2),
        ("Plate 2: Fx", "", "", 2), ("Fx1", "misc", "", 1), ("a", "forcex", "2", 2),
        ("a", "ForceX", "FP2", 2), ("a", "ForceX", "left", 1), ("Fx2", "ForceX", "", 2),
        ("Fx1", "ForceX", "2", 2),
    ],
)  # fmt: skip
def test_channels_of_plates(label, kind, target, plate):
    trigger = Channel("Trig", kind="Trigger")
    assert plate_channels([trigger, Channel(label, "N", kind, target)]) == {plate: {"ForceX": [1]}}


@pytest.mark.parametrize("kind", ["MomentX", "MomentumX", "TorqueX", "momentx"])
def test_moments_by_any_name(kind):
    assert plate_channels([Channel("a", "Nm", kind, "1")]) == {1: {"MomentX": [0]}}
    assert plate_channels([Channel("Mx1")]) == {1: {"MomentX": [0]}}


@pytest.mark.parametrize(
    "channel",
    [Channel("Trig"), Channel("CopX1"), Channel("COPx_L"), Channel("Fx1", kind="Temperature"),
     Channel("ground_force_vx", "N", "ForceX", "ground_force"), Channel("Tz1"), Channel("")],
)  # fmt: skip
def test_channels_that_are_no_wrench(channel):
    assert plate_channels([channel]) == {}


def bare_plates(label, **more):
    """The walker's force stream by labels alone, its second plate first, after a trigger."""
    stream = walkers.trial().recording.forces
    channels, order = [Channel("Trig")], [0]
    for n in (2, 1):
        own = [i for i, c in enumerate(stream.info.channels) if c.target == str(n)]
        for i, (q, a) in zip(own, [(q, a) for q in "FM" for a in "xyz"], strict=True):
            named = label.format(q=q, a=a, n=n, s="LR"[n - 1])
            channels.append(Channel(named, stream.info.channels[i].unit, **more))
            order.append(i)
    values = stream.values[::50][:, order]
    values[:, 0] = 1.0
    return replace(stream.info, channels=tuple(channels), plates=()), values


def with_geometry(**more):
    described = walkers.trial().recording.forces.info.plates
    plates = tuple(
        type(plate)(
            side=plate.side, index=plate.index, corners_m=described[plate.index - 1].corners_m,
            origin_m=described[plate.index - 1].origin_m, **more,
        )
        for plate in LAB.plates
    )  # fmt: skip
    return LAB.model_copy(update={"plates": plates})


@pytest.mark.parametrize("label", ["{q}{a}{n}", "FP{n}_{q}{a}", "{q}{a}_{s}", "Force.{q}{a}{n}"])
def test_plates_by_label_with_the_geometry_of_the_lab_file(label):
    stream = walkers.trial().recording.forces
    expected = PlateMap(stream.info, LAB).apply(stream.values[::50])
    info, values = bare_plates(label)
    np.testing.assert_array_equal(PlateMap(info, with_geometry()).apply(values), expected)
    pushed = PlateMap(info, with_geometry(acts_on="plate")).apply(-values)
    np.testing.assert_array_equal(pushed, expected)
    with pytest.raises(
        EkamError, match="describes 0 plates: give corners_m and origin_m beside index"
    ):
        PlateMap(info, LAB)


def test_the_geometry_of_the_header_goes_before_that_of_the_lab_file():
    stream = walkers.trial().recording.forces
    moved = with_geometry(acts_on="plate")
    np.testing.assert_array_equal(
        PlateMap(stream.info, moved).apply(stream.values[:9]),
        PlateMap(stream.info, LAB).apply(stream.values[:9]),
    )


def test_a_doubled_plate_channel_is_refused():
    info, _ = bare_plates("{q}{a}{n}")
    doubled = replace(info, channels=(*info.channels, Channel("FP1_Fx", "N")))
    with pytest.raises(
        EkamError, match="'Fx1' and 'FP1_Fx' of the force stream .* are both ForceX of plate 1"
    ):
        PlateMap(doubled, with_geometry())
    info, _ = bare_plates("{q}{a}")
    wrench = tuple(q + a for q in "FM" for a in "xyz")
    described = walkers.trial().recording.forces.info.plates[0]
    left = type(LAB.plates[0])(
        side="left", wrench=wrench, corners_m=described.corners_m, origin_m=described.origin_m
    )
    lab = LAB.model_copy(update={"plates": (left, LAB.plates[1])})
    with pytest.raises(EkamError, match="has 2 channels 'Fx'"):
        PlateMap(info, lab)


def test_a_plate_that_is_not_there_is_named_with_those_that_are():
    info, _ = bare_plates("{q}{a}{n}")
    third = with_geometry().plates[0].model_copy(update={"index": 3})
    lab = LAB.model_copy(update={"plates": (third, with_geometry().plates[1])})
    with pytest.raises(EkamError, match=r"of plate 3 \(plates that it numbers: 1, 2\)"):
        PlateMap(info, lab)


@pytest.mark.parametrize(
    ("force", "moment", "n", "nm"),
    [("N", "Nm", 1, 1), ("kN", "N·mm", 1e-3, 1e3), ("Newtons", "Nmm", 1, 1e3), ("n", "N.m", 1, 1),
     ("KN", "kN·m", 1e-3, 1e-3), ("N", "N*mm", 1, 1e3), ("N", "Newton-meters", 1, 1)],
)  # fmt: skip
def test_units_of_forces_and_moments(force, moment, n, nm):
    stream = walkers.trial().recording.forces
    per_si = [n if c.kind.startswith("Force") else nm for c in stream.info.channels]
    assert {c.unit for c in stream.info.channels if c.kind.startswith("Moment")} == {"N·m"}
    channels = tuple(
        replace(c, unit=force if c.kind.startswith("Force") else moment)
        for c in stream.info.channels
    )
    got = PlateMap(replace(stream.info, channels=channels), LAB).apply(stream.values[::50] * per_si)
    expected = PlateMap(stream.info, LAB).apply(stream.values[::50])
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-9)


def test_units_of_a_plate_that_differ_or_are_not_stated():
    info = walkers.trial().recording.forces.info
    mixed = tuple(replace(c, unit="kN") if c.label == "Fy1" else c for c in info.channels)
    with pytest.raises(EkamError, match="'Fx1' and 'Fy1' belong together .* set force_unit under"):
        PlateMap(replace(info, channels=mixed), LAB)
    bare = tuple(replace(c, unit="") for c in info.channels)
    with pytest.raises(EkamError, match="'Fx1' states no unit: set force_unit .* to N or kN"):
        PlateMap(replace(info, channels=bare), LAB)


def test_a_plate_of_nothing_but_zeros_is_found():
    stream = walkers.trial().recording.forces
    mapped = PlateMap(stream.info, LAB)
    values = stream.values[:2000].copy()
    assert mapped.silent_plates(values) == ()
    values[:, [i for i, c in enumerate(stream.info.channels) if c.target == "2"]] = 0.0
    assert mapped.silent_plates(values) == (
        next(n for n, plate in enumerate(LAB.plates, 1) if plate.index == 2),
    )
    assert mapped.silent_plates(values[:0]) == ()
