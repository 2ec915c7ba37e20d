"""Names, axes, units and plates guessed from data, against what the lab files of the same data say."""

from dataclasses import replace

import numpy as np
import pytest
from reference import TRIALS, needs_data
from walkers import LAB_PATH, STATIC_PATH, WALK_PATH

from stream.axis_guess import guess_axes, guess_unit, third_axis
from stream.check_seen import Seen, SeenStream
from stream.lab import Axes, Markers, read_lab
from stream.marker_guess import guess_markers, similar_labels
from stream.plate_guess import (
    find_plates,
    guess_force_units,
    guess_sides,
    loaded_alone,
    side_by_feet,
)
from stream.readers import read_recording
from stream.source import Channel, Role, StreamInfo


def seen_of(recording):
    return Seen(
        {
            s.info.role: SeenStream(s.info, s.stamps_s, s.values, s.stamps_s, 0.0 * s.stamps_s)
            for s in recording.streams()
        }
    )


def info_of(labels, unit="mm"):
    channels = tuple(Channel(f"{label}_{axis}", unit) for label in labels for axis in "XYZ")
    return StreamInfo(Role.MARKERS, "m", "Mocap", channels, 100.0)


def renamed(seen, rename):
    """The same markers under other labels, without metadata."""
    info = seen.markers.info
    channels = tuple(
        Channel(f"{rename(c.target)}_{c.label[-1]}", c.unit, c.kind, "") for c in info.channels
    )
    markers = replace(seen.markers, info=replace(info, channels=channels))
    return Seen({**seen.streams, Role.MARKERS: markers})


def turned(seen, r_new_from_old):
    """The same markers in other capture axes."""
    at = seen.markers.values.reshape(len(seen.markers.values), -1, 3) @ r_new_from_old.T
    markers = replace(seen.markers, values=at.reshape(len(at), -1))
    return Seen({**seen.streams, Role.MARKERS: markers})


@pytest.fixture(scope="module")
def lab():
    return read_lab(LAB_PATH).lab


@pytest.fixture(scope="module", params=[STATIC_PATH, WALK_PATH], ids=["static", "walk"])
def synthetic(request, lab):
    return seen_of(read_recording(request.param, lab))


def markers_of(seen, **changes):
    guess = guess_markers(seen.markers.info)
    return Markers(preset=guess.preset, names=dict(guess.names), **changes)


def test_synthetic_lab_is_guessed_whole(synthetic, lab):
    guess = guess_axes(synthetic, markers_of(synthetic))
    assert guess.axes == lab.axes
    assert not guess.doubts
    assert guess_unit(synthetic.markers, markers_of(synthetic)).unit == "auto"
    plates = find_plates(synthetic.forces.info)
    assert [plate.table for plate in plates] == [{"index": 1}, {"index": 2}]
    assert [s.side for s in guess_sides(plates, synthetic.forces, guess.axes)] == ["left", "right"]


@pytest.mark.parametrize("axis", ["+x", "-x", "+y", "-y", "+z", "-z"])
@pytest.mark.parametrize("up", ["+x", "-y", "+z", "-z"])
def test_axes_follow_a_turned_capture(synthetic, lab, axis, up):
    right = third_axis(axis, up)
    if not right:
        assert axis[-1] == up[-1]
        return
    wanted = Axes.model_validate({"forward": axis, "up": up, "right": right})
    # lab = R_old capture_old = R_new capture_new
    turn = wanted.r_lab_from_capture().T @ lab.axes.r_lab_from_capture()
    guess = guess_axes(turned(synthetic, turn), markers_of(synthetic))
    assert guess.axes == wanted


def test_mirrored_capture_is_a_doubt(synthetic):
    guess = guess_axes(turned(synthetic, np.diag([-1.0, 1.0, 1.0])), markers_of(synthetic))
    assert any("mirrored" in doubt for doubt in guess.doubts)


def test_swapped_toes_and_heels_are_a_doubt(synthetic):
    swap = {"LTOE": "LHEE", "LHEE": "LTOE", "RTOE": "RHEE", "RHEE": "RTOE"}
    for toe in ("MT1", "MT5"):
        swap |= {side + toe: f"unused_{side}{toe}" for side in "LR"}
    guess = guess_axes(renamed(synthetic, lambda n: swap.get(n, n)), Markers())
    assert any("heels to toes" in doubt or "swapped" in doubt for doubt in guess.doubts)


def test_nobody_in_view(synthetic):
    nobody = replace(synthetic.markers, values=np.full_like(synthetic.markers.values, np.nan))
    seen = Seen({**synthetic.streams, Role.MARKERS: nobody})
    guess = guess_axes(seen, markers_of(synthetic))
    assert guess.axes is None
    assert "stand" in guess.why_not
    assert not guess_unit(nobody, markers_of(synthetic)).sure


@pytest.mark.parametrize(("unit", "per_mm"), [("m", 1e-3), ("cm", 0.1), ("mm", 1.0)])
@pytest.mark.parametrize("said", ["", "furlong"])
def test_unit_that_the_stream_does_not_say(synthetic, unit, per_mm, said):
    info = synthetic.markers.info
    channels = tuple(replace(channel, unit=said) for channel in info.channels)
    seen = replace(
        synthetic.markers,
        info=replace(info, channels=channels),
        values=synthetic.markers.values * per_mm,
    )
    assert guess_unit(seen, Markers()).unit == unit


def test_unit_that_the_stream_says_wrongly(synthetic):
    seen = replace(synthetic.markers, values=1e-3 * synthetic.markers.values)  # m, said to be mm
    guess = guess_unit(seen, Markers())
    assert guess.unit == "m"
    assert "although the stream says mm" in guess.evidence


def test_prefixed_names(synthetic):
    guess = guess_markers(renamed(synthetic, lambda name: f"Walker01_{name}").markers.info)
    assert guess.names["RKNE"] == "Walker01_RKNE"
    assert guess.known == len(synthetic.markers.info.channels) // 3
    assert not guess.unsure


def test_words_are_recognised_but_are_to_be_looked_at():
    labels = ["LeftKneeLat", "LeftKneeMed", "RightKneeLat", "RightKneeMed", "left_heel", "right_heel",
              "L_Ankle_Lat", "R_Ankle_Lat", "Sacrum", "R_ASIS", "L_ASIS", "hat"]  # fmt: skip
    guess = guess_markers(info_of(labels))
    assert guess.names == {
        "LKNE": "LeftKneeLat", "LKNM": "LeftKneeMed", "RKNE": "RightKneeLat", "RKNM": "RightKneeMed",
        "LHEE": "left_heel", "RHEE": "right_heel", "LANK": "L_Ankle_Lat", "RANK": "R_Ankle_Lat",
        "SACR": "Sacrum", "RASI": "R_ASIS", "LASI": "L_ASIS",
    }  # fmt: skip
    assert set(guess.unsure) == set(guess.names)


def test_a_label_of_the_other_side_is_never_taken():
    guess = guess_markers(info_of(["LKneeLateral", "LHeel", "LToe", "LAnkleLat"]))
    assert all(name[0] == "L" for name in guess.names)


def test_nothing_is_made_of_nothing():
    guess = guess_markers(info_of(["ball", "wand", "cube"]))
    assert guess.known == 0
    assert guess_markers(StreamInfo(Role.MARKERS, "m", "Mocap", (Channel("a"),), 100.0)).known == 0


def test_similar_labels_put_the_likeliest_first():
    labels = ["S_RHeel", "S_RKneeLat", "S_LKneeLat", "S_C7"]
    assert similar_labels("RKNE", labels)[0] == "S_RKneeLat"


def test_plates_without_corners_and_units():
    channels = tuple(Channel(f"{what}{axis}{n}") for n in (1, 2) for what in "FM" for axis in "xyz")
    info = StreamInfo(Role.FORCES, "f", "Force", channels, 1000.0)
    plates = find_plates(info)
    assert [plate.needs_geometry for plate in plates] == [True, True]
    assert (guess_force_units(info).force, guess_force_units(info).moment) == ("N", "Nm")


def test_sides_that_the_labels_say():
    channels = tuple(
        Channel(f"{what}{axis}_{side}", "N")
        for side in ("R", "L")
        for what in "FM"
        for axis in "xyz"
    )
    info = StreamInfo(Role.FORCES, "f", "Force", channels, 1000.0)
    values = np.zeros((10, 12))
    seen = SeenStream(info, np.arange(10.0), values, np.arange(10.0), np.zeros(10))
    plates = find_plates(info)
    guesses = guess_sides(plates, seen, None)
    sides = {plate.labels[0][-1]: guess.side for plate, guess in zip(plates, guesses, strict=True)}
    assert sides == {"L": "left", "R": "right"}
    assert loaded_alone(plates, seen) is None
    values[:, 2] = 700.0
    assert loaded_alone(plates, seen) == [plate.labels[0] for plate in plates].index("Fx_R")


def test_the_foot_tells_a_swapped_plate(synthetic, lab):
    plates = [
        plate.model_copy(update={"side": "right" if plate.side == "left" else "left"})
        for plate in lab.plates
    ]
    swapped = lab.model_copy(update={"plates": tuple(plates)})
    assert [side_by_feet(synthetic, swapped, n).side for n in (1, 2)] == ["left", "right"]


@needs_data
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.folder)
def test_real_recordings_are_guessed_as_their_lab_files_say(trial):
    lab = read_lab(trial.lab).lab
    seen = seen_of(read_recording(trial.path(trial.walk), lab))
    guess = guess_markers(seen.markers.info)
    assert guess.preset == lab.markers.preset
    assert guess.names == lab.markers.names
    markers = Markers(preset=guess.preset, names=dict(guess.names))
    assert guess_unit(seen.markers, markers).unit == "auto"
    axes = guess_axes(seen, markers).axes
    assert axes == lab.axes
    plates = find_plates(seen.forces.info)
    named = [
        plate.model_dump(exclude_none=True, exclude={"side", "acts_on"}) for plate in lab.plates
    ]
    assert [
        {key: tuple(v) if isinstance(v, list) else v for key, v in plate.table.items()}
        for plate in plates
    ] == named
    told = [guess.side for guess in guess_sides(plates, seen.forces, axes)]
    by_feet = [side_by_feet(seen, lab, number).side for number in (1, 2)]
    assert by_feet == [plate.side for plate in lab.plates]
    assert told in ([plate.side for plate in lab.plates], ["", ""])
