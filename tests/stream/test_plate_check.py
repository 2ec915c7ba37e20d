"""The daily check of the plates: a pole and a weight on synthetic plates with errors put in; its record."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import walkers

from stream.check_pole import Pole, Weight, one_marker_m, read_pole
from stream.check_seen import Seen, SeenStream, Verdict, worst
from stream.errors import EkamError
from stream.lab import read_lab
from stream.plate_check import (
    check_plates,
    keep_record,
    latest_plate_check,
    read_record,
    record_path,
)
from stream.source import Channel, Role
from stream.synthetic import CAPTURE_FROM_LAB, Side, _wrench

POLE = Pole("POLE_TOP", "POLE_LOW", 0.25)
RATE_HZ, FORCE_HZ = 100, 1000
SPOTS = [(x, z) for x in (-0.5, 0.0, 0.5) for z in (-0.12, 0.12)]
CONTACT_S, PAUSE_S = 1.0, 0.8


def pressed(
    side, spots=SPOTS, *, shift_m=(0.0, 0.0), gain=1.0, tilt_deg=0.0, load_n=400.0, lean_deg=12.0
):
    """A pole put down at spots of one plate (`load_n` along it): wrench per force sample, markers.

    `shift_m`, `gain` and `tilt_deg` are the plate's errors.
    """  # fmt: skip
    centre_z = side.sigma * 0.253
    loads, points, axes = [], [], []
    for x, z in spots:
        n, pause = round(CONTACT_S * FORCE_HZ), round(PAUSE_S * FORCE_HZ)
        turn = np.linspace(0, 4 * np.pi, n)
        lean = np.radians(lean_deg)
        axis = np.column_stack(
            [np.sin(lean) * np.cos(turn), np.full(n, np.cos(lean)), np.sin(lean) * np.sin(turn)]
        )
        axes += [axis, np.tile([0.0, 1.0, 0.0], (pause, 1))]
        tip = np.array([x, 0.0, centre_z + z])
        points += [np.tile(tip, (n, 1)), np.tile(tip + [0.0, 0.3, 0.0], (pause, 1))]
        loads += [np.full(n, load_n), np.zeros(pause)]
    load, tip, axis = np.concatenate(loads), np.concatenate(points), np.concatenate(axes)
    force = load[:, None] * axis * gain
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    force = force @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]).T
    cop = tip + np.array([shift_m[0], 0.0, shift_m[1]])
    return _wrench(side, force, np.zeros_like(force), cop), tip, axis


def seen_of(left, right, tip, axis, *, noise_n=0.5, offset_n=0.0):
    """Both streams while a pole is pressed: marker stream of the pole alone."""
    rng = np.random.default_rng(0)
    rows = len(tip)
    empty = np.zeros((rows, 6))
    values = np.concatenate(
        [empty if left is None else left, empty if right is None else right], axis=1
    )
    values = values + rng.normal(0.0, noise_n, values.shape) * np.tile(
        [1, 1, 1, 0.05, 0.05, 0.05], 2
    )
    values[:, [2, 8]] -= offset_n
    every = FORCE_HZ // RATE_HZ
    top, low = (tip + 0.95 * axis)[::every], (tip + 0.25 * axis)[::every]
    markers = np.concatenate([top @ CAPTURE_FROM_LAB.T, low @ CAPTURE_FROM_LAB.T], axis=1)
    channels = tuple(
        Channel(f"{m}_{a}", "m", f"Position{a}", m) for m in (POLE.top, POLE.low) for a in "XYZ"
    )
    recording = walkers.trial().recording
    streams = {}
    for role, info, data, hz in (
        (Role.MARKERS, replace(recording.markers.info, channels=channels), markers, RATE_HZ),
        (Role.FORCES, recording.forces.info, values, FORCE_HZ),
    ):
        stamps_s = 50.0 + np.arange(len(data)) / hz
        streams[role] = SeenStream(info, stamps_s, data, stamps_s, np.zeros(len(data)))
    return Seen(streams)


def judged(seen, **options):
    check = check_plates(seen, walkers.lab(), **options)
    return {finding.check: finding for finding in check.findings}, check.figures


def both_plates(**errors):
    """The pole on the left plate (good), then on the right one with `errors`."""
    left, tip, axis = pressed(Side.LEFT)
    right, tip_r, axis_r = pressed(Side.RIGHT, **errors)
    zeros = np.zeros_like(left)
    return seen_of(
        np.concatenate([left, zeros]),
        np.concatenate([zeros, right]),
        np.concatenate([tip, tip_r]),
        np.concatenate([axis, axis_r]),
    )


def test_good_plates_pass_with_figures():
    found, figures = judged(both_plates(), pole=POLE)
    assert {finding.verdict for finding in found.values()} == {Verdict.OK}
    for side in ("left", "right"):
        pole = figures[side]["pole"]
        assert pole["points"] == len(SPOTS)
        assert pole["rms_m"] < 0.001
        assert pole["direction_deg"] < 0.1
        assert abs(pole["tip_above_surface_m"]) < 1e-6
        assert np.abs(figures[side]["unloaded"]["mean"]).max() < 0.2


def test_a_centre_of_pressure_seven_millimetres_off_is_found():
    found, figures = judged(both_plates(shift_m=(0.0042, -0.0056)), pole=POLE)
    bad = found["right plate pole"]
    assert bad.verdict is Verdict.FAILED
    assert "+4.2 mm forward, -5.6 mm right" in bad.found
    assert "the same everywhere" in bad.cure
    assert figures["right"]["pole"]["rms_m"] == pytest.approx(0.007, abs=2e-4)
    assert found["left plate pole"].verdict is Verdict.OK


def test_a_tilt_of_two_degrees_is_found():
    found, figures = judged(both_plates(tilt_deg=2.0), pole=POLE)
    assert found["right plate force"].verdict is Verdict.FAILED
    assert figures["right"]["pole"]["direction_deg"] == pytest.approx(2.0, abs=0.1)
    assert found["left plate force"].verdict is Verdict.OK


def test_the_zero_is_taken_off_as_in_a_session_and_still_said():
    left, tip, axis = pressed(Side.LEFT)
    found, _ = judged(seen_of(left, None, tip, axis, offset_n=8.0), pole=POLE)
    assert found["left plate pole"].verdict is Verdict.OK
    assert found["left plate zero"].verdict is Verdict.WARNING
    found, _ = judged(seen_of(left, None, tip, axis, offset_n=14.0), pole=POLE)
    assert found["left plate zero"].verdict is Verdict.FAILED
    assert found["right plate zero"].verdict is Verdict.FAILED


def test_what_the_pole_did_not_touch_is_said():
    left, tip, axis = pressed(Side.LEFT, SPOTS[:2])
    found, figures = judged(seen_of(left, None, tip, axis), pole=POLE)
    assert found["right plate pole"].verdict is Verdict.INCOMPLETE
    assert found["left plate points"].verdict is Verdict.WARNING
    assert figures["right"]["pole"] == {}
    found, _ = judged(seen_of(left, None, tip, axis))
    assert found["centre of pressure"].verdict is Verdict.NOT_CHECKED


def nothing_put_down(**options):
    rows = 4000
    tip = np.tile([0.0, 0.3, 0.0], (rows, 1))
    seen = seen_of(None, None, tip, np.tile([0.0, 1.0, 0.0], (rows, 1)))
    return check_plates(seen, walkers.lab(), **options)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"pole": POLE}, "pole"),
        ({"weight": Weight(20.0, POLE.low)}, "weight"),
        ({"weight": Weight(20.0)}, "weight"),
    ],
)
def test_what_was_asked_for_and_not_done_is_incomplete(options, line):
    check = nothing_put_down(**options)
    assert worst(check.findings) is Verdict.INCOMPLETE
    said = {finding.check: finding.verdict for finding in check.findings}
    for side in ("left", "right"):
        assert said[f"{side} plate {line}"] is Verdict.INCOMPLETE
    # What nobody asked for may be left out.
    assert worst(nothing_put_down().findings) is Verdict.OK


def test_a_place_whose_marker_is_hidden_is_incomplete():
    left, tip, axis = pressed(Side.LEFT, SPOTS[:1], load_n=196.2, lean_deg=0.0)
    seen = seen_of(left, left, tip, axis)
    hidden = replace(seen.markers, values=np.full_like(seen.markers.values, np.nan))
    found, _ = judged(Seen({**seen.streams, Role.MARKERS: hidden}), weight=Weight(20.0, POLE.low))
    assert found["left plate weight place"].verdict is Verdict.INCOMPLETE


def test_something_on_the_plate_all_the_time_is_incomplete():
    left, tip, axis = pressed(Side.LEFT, SPOTS[:1])
    check = check_plates(seen_of(left * 0.0 + left[100], None, tip, axis), walkers.lab(), pole=None)
    said = {finding.check: finding.verdict for finding in check.findings}
    assert said["left plate zero"] is Verdict.INCOMPLETE


@pytest.mark.parametrize("options", [{"pole": POLE}, {"weight": Weight(400.0 / 9.81)}])
def test_a_plate_that_is_pushed_down_upside_down_is_told_its_sign(options):
    left, tip, axis = pressed(Side.LEFT, lean_deg=0.0)
    right, *_ = pressed(Side.RIGHT, lean_deg=0.0)
    found, _ = judged(seen_of(-left, right, tip, axis), **options)
    bad = found["left plate direction"]
    assert bad.verdict is Verdict.FAILED
    assert "points down (100%)" in bad.found
    assert "sign wrong" in bad.cure
    assert not any("never loaded" in finding.found for finding in found.values())


def test_a_plate_that_sends_zeros_only_fails():
    left, tip, axis = pressed(Side.LEFT)
    seen = seen_of(left, None, tip, axis)
    values = seen.forces.values.copy()
    values[:, 6:] = 0.0
    silent = Seen({**seen.streams, Role.FORCES: replace(seen.forces, values=values)})
    found, _ = judged(silent)
    assert found["right plate channels"].verdict is Verdict.FAILED


def emptied(noise_n=0.5, offset_n=0.0, rows=3000):
    tip = np.tile([0.0, 0.3, 0.0], (rows, 1))
    axis = np.tile([0.0, 1.0, 0.0], (rows, 1))
    return seen_of(None, None, tip, axis, noise_n=noise_n, offset_n=offset_n)


def test_zero_and_noise_are_those_of_the_empty_part_alone(lab_file):
    """Belts that shake the plates while they run, and quiet plates while the pole is pressed for minutes."""
    running, stopped = emptied(noise_n=7.0, offset_n=4.0), both_plates()
    check = check_plates(running, walkers.lab(), pole=POLE, then=stopped, belts="running")
    found = {finding.check: finding for finding in check.findings}
    for side in ("left", "right"):
        assert found[f"{side} plate zero"].verdict is Verdict.FAILED
        assert "noisy" in found[f"{side} plate zero"].cure
        assert check.figures[side]["unloaded"]["sd"][1] == pytest.approx(7.0, abs=0.5)
        assert check.figures[side]["unloaded"]["mean"][1] == pytest.approx(4.0, abs=0.5)
        # The pole is compared with what the plates read while the belts stood.
        assert found[f"{side} plate pole"].verdict is Verdict.OK
        assert check.figures[side]["pole"]["rms_m"] < 0.001
    path = keep_record(lab_file, check, NOW, "pole")
    assert json.loads(path.read_text())["latest"]["belts"] == "running"
    one_go = check_plates(both_plates(), walkers.lab(), pole=POLE)
    keep_record(lab_file, one_go, NOW, "pole")
    assert json.loads(path.read_text())["latest"]["belts"] == "unknown"


def test_a_second_part_without_an_empty_stretch_takes_the_first_ones_zero():
    left, tip, axis = pressed(Side.LEFT, [(0.5, 0.12)])
    pressing = slice(0, round(0.95 * CONTACT_S * FORCE_HZ))
    then = seen_of(left[pressing], None, tip[pressing], axis[pressing], offset_n=8.0)
    check = check_plates(emptied(offset_n=8.0), walkers.lab(), pole=POLE, then=then)
    assert check.figures["left"]["pole"]["rms_m"] < 0.001


@pytest.mark.parametrize("part", ["zero only", "first of two"])
def test_somebody_on_the_plates_that_should_be_empty(part):
    recording = walkers.trial().recording
    streams = {
        each.info.role: SeenStream(
            each.info, each.stamps_s, each.values, each.stamps_s, np.zeros(len(each.stamps_s))
        )
        for each in recording.streams()
    }
    if part == "zero only":
        check = check_plates(Seen(streams), walkers.lab())
    else:
        check = check_plates(Seen(streams), walkers.lab(), pole=POLE, then=both_plates())
    assert worst(check.findings) is Verdict.INCOMPLETE
    found = {finding.check: finding for finding in check.findings}
    for side in ("left", "right"):
        assert "walks on it" in found[f"{side} plate zero"].found
        assert "unloaded" not in check.figures[side]


def test_markers_the_wrong_way_round_are_said():
    left, tip, axis = pressed(Side.LEFT)
    found, _ = judged(seen_of(left, None, tip, axis), pole=Pole(POLE.low, POLE.top, POLE.tip_m))
    assert found["left plate tip"].verdict is Verdict.WARNING


def test_a_known_weight_and_where_it_stands():
    mass_kg = 20.0
    args = {"load_n": mass_kg * 9.81, "lean_deg": 0.0}
    good, tip, axis = pressed(Side.LEFT, SPOTS[:1], **args)
    bad, tip_r, axis_r = pressed(Side.RIGHT, SPOTS[:1], gain=1.03, shift_m=(0.012, 0.0), **args)
    zeros = np.zeros_like(good)
    seen = seen_of(
        np.concatenate([good, zeros]), np.concatenate([zeros, bad]),
        np.concatenate([tip, tip_r]), np.concatenate([axis, axis_r]),
    )  # fmt: skip
    found, figures = judged(seen, weight=Weight(mass_kg, POLE.low))
    assert found["left plate weight"].verdict is Verdict.OK
    assert found["left plate weight place"].verdict is Verdict.OK
    assert found["right plate weight"].verdict is Verdict.FAILED
    assert "+3.0%" in found["right plate weight"].found
    assert found["right plate weight place"].verdict is Verdict.FAILED
    assert figures["right"]["weight"]["share"] == pytest.approx(0.03, abs=1e-3)
    assert figures["right"]["weight"]["rms_m"] == pytest.approx(0.012, abs=5e-4)
    found, _ = judged(seen, weight=Weight(mass_kg))
    assert "left plate weight place" not in found


def test_markers_by_label_or_not_at_all():
    seen = both_plates()
    lab = walkers.lab()
    assert one_marker_m(seen.markers, lab, POLE.top).shape == (len(seen.markers.values), 3)
    with pytest.raises(EkamError, match=r"no marker 'NONE' \(it has POLE_TOP, POLE_LOW\)"):
        one_marker_m(seen.markers, lab, "NONE")
    info = seen.markers.info
    strange = replace(info, channels=tuple(replace(c, unit="ell") for c in info.channels))
    with pytest.raises(EkamError, match="'ell'"):
        one_marker_m(replace(seen.markers, info=strange), lab, POLE.top)
    assert read_pole(" A, B ", 0.1) == Pole("A", "B", 0.1)
    assert read_pole("", 0.1) is None
    for text in ("A", "A,A", "A,B,C", ","):
        with pytest.raises(EkamError, match="two markers"):
            read_pole(text, 0.1)


# The record

NOW = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def lab_file(tmp_path):
    shutil.copy(walkers.LAB_PATH, tmp_path / "lab.toml")
    return read_lab(tmp_path / "lab.toml")


@pytest.fixture
def good_check():
    return check_plates(both_plates(), walkers.lab(), pole=POLE)


def test_the_record_grows_and_keeps_what_was_there(lab_file, good_check):
    path = keep_record(lab_file, good_check, NOW, "pole")
    assert path == record_path(lab_file.path) == lab_file.path.with_name("lab.plates.json")
    first = json.loads(path.read_text())
    assert first["latest"]["verdict"] == "ok"
    assert first["latest"]["date_utc"] == "2030-05-06T07:08:09+00:00"
    assert first["latest"]["lab_sha256"] == lab_file.sha256
    assert first["latest"]["plates"]["left"]["pole"]["points"] == len(SPOTS)
    bad = check_plates(both_plates(shift_m=(0.02, 0.0)), walkers.lab(), pole=POLE)
    keep_record(lab_file, bad, NOW + timedelta(hours=1), "pole")
    second = json.loads(path.read_text())
    assert second["history"][0] == first["latest"]
    assert second["latest"] == second["history"][1]
    assert second["latest"]["verdict"] == "failed"
    assert [each.name for each in path.parent.iterdir() if "tmp" in each.name] == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"history": 3}', '{"history": [{}]}', "{"])
def test_something_else_is_not_written_over(lab_file, good_check, text):
    record_path(lab_file.path).write_text(text)
    with pytest.raises(EkamError, match="move it away"):
        read_record(lab_file.path)
    with pytest.raises(EkamError, match="move it away"):
        keep_record(lab_file, good_check, NOW, "pole")
    assert record_path(lab_file.path).read_text() == text
    latest = latest_plate_check(lab_file.path, NOW)
    assert not latest.good
    assert "move it away" in latest.sentence


def test_a_session_is_told_how_the_plates_are(lab_file, good_check):
    latest = latest_plate_check(lab_file.path, NOW)
    assert not latest.good
    assert "never checked" in latest.sentence
    keep_record(lab_file, good_check, NOW, "pole")
    latest = latest_plate_check(lab_file.path, NOW + timedelta(hours=20))
    assert latest.good
    assert latest.sentence == "Plates last checked 2030-05-06 07:08 UTC (with the pole): ok."
    assert latest.entry["what"] == "pole"
    for later, said in ((25, "older than a day"), (72, "3 days old"), (-1, "in the future")):
        old = latest_plate_check(lab_file.path, NOW + timedelta(hours=later))
        assert not old.good
        assert said in old.sentence
    lab_file.path.write_text(lab_file.text + "\n# moved a plate\n")
    other = latest_plate_check(lab_file.path, NOW)
    assert not other.good
    assert "lab file has changed" in other.sentence
    keep_record(read_lab(lab_file.path), nothing_put_down(pole=POLE), NOW, "pole")
    undone = latest_plate_check(lab_file.path, NOW)
    assert not undone.good
    assert "(with the pole): incomplete" in undone.sentence
    assert "it is incomplete (left plate pole, right plate pole)" in undone.sentence
    bad = check_plates(both_plates(shift_m=(0.02, 0.0)), walkers.lab(), pole=POLE)
    keep_record(read_lab(lab_file.path), bad, NOW, "pole")
    failing = latest_plate_check(lab_file.path, NOW)
    assert not failing.good
    assert "it failed (right plate pole)" in failing.sentence


def test_a_pole_that_failed_is_not_forgotten_for_empty_plates(lab_file, good_check):
    bad = check_plates(both_plates(shift_m=(0.02, 0.0)), walkers.lab(), pole=POLE)
    keep_record(lab_file, bad, NOW, "pole")
    keep_record(lab_file, nothing_put_down(), NOW + timedelta(hours=1), "zero")
    latest = latest_plate_check(lab_file.path, NOW + timedelta(hours=2))
    assert not latest.good
    assert "2030-05-06 08:08 UTC (empty plates only): ok" in latest.sentence
    assert "2030-05-06 07:08 UTC (with the pole): failed" in latest.sentence
    assert "it failed (right plate pole)" in latest.sentence
    assert "--plates --pole TOP,TIP" in latest.sentence
    assert latest.entry["what"] == "zero"
    undone = nothing_put_down(weight=Weight(20.0))
    keep_record(lab_file, good_check, NOW + timedelta(hours=3), "pole")
    assert latest_plate_check(lab_file.path, NOW + timedelta(hours=4)).good
    keep_record(lab_file, undone, NOW + timedelta(hours=5), "weight")
    keep_record(lab_file, nothing_put_down(), NOW + timedelta(hours=6), "zero")
    latest = latest_plate_check(lab_file.path, NOW + timedelta(hours=7))
    assert not latest.good
    assert "(with a weight): incomplete" in latest.sentence
    # A good one of a kind that is old counts still: only the last check of all must be fresh.
    keep_record(lab_file, good_check, NOW + timedelta(hours=8), "weight")
    keep_record(lab_file, nothing_put_down(), NOW + timedelta(days=5), "zero")
    assert latest_plate_check(lab_file.path, NOW + timedelta(days=5, hours=1)).good
