"""What the operator is told when the plates do not carry what the feet put on them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import walkers

from stream.file_source import FileSource
from stream.plate_watch import PlateWatch
from stream.readers import read_recording
from stream.session import Session
from stream.status import SessionView

WEIGHT_N = 72.0 * 9.81
LEFT, RIGHT = 0, 1


def walk(seconds, *, moves=True):
    """A heel marker that goes to and fro, and plates that are loaded in turn (up, N)."""
    marker_time_s = np.arange(round(100 * seconds)) / 100.0
    force_time_s = np.arange(round(1000 * seconds)) / 1000.0
    markers = np.zeros((len(marker_time_s), 1, 3))
    markers[:, 0, 0] = 0.3 * moves * np.sin(2.0 * np.pi * marker_time_s)
    wrench = np.zeros((len(force_time_s), 2, 6))
    for side in (LEFT, RIGHT):
        loaded = (force_time_s + 0.5 * side) % 1.0 < 0.6
        wrench[:, side, 1] = 0.1 + WEIGHT_N * loaded
    return marker_time_s, markers, force_time_s, wrench


def told(samples, piece_s=0.05, names=("RHEE",)):
    """What is said after the samples, which come in pieces."""
    watch = PlateWatch(walkers.lab(), names, 72.0)
    marker_time_s, markers, force_time_s, wrench = samples
    for start_s in np.arange(0.0, force_time_s[-1] + piece_s, piece_s):
        m = (marker_time_s >= start_s) & (marker_time_s < start_s + piece_s)
        f = (force_time_s >= start_s) & (force_time_s < start_s + piece_s)
        watch.add(marker_time_s[m], markers[m], force_time_s[f], wrench[f])
    return watch.sentence()


def with_wrench(samples, change):
    *others, wrench = samples
    return (*others, change(wrench.copy()))


def test_nothing_is_said_of_a_good_walk():
    assert told(walk(20.0)) == ""
    assert told(walk(20.0), piece_s=7.0) == ""


@pytest.mark.parametrize("piece_s", [0.004, 0.3, 13.0])
@pytest.mark.parametrize(("side", "called"), [(LEFT, "plate 1 (left)"), (RIGHT, "plate 2 (right)")])
def test_a_plate_that_sends_only_zeros_is_named(side, called, piece_s):
    def zeros(wrench):
        wrench[:, side] = 0.0
        return wrench

    said = told(with_wrench(walk(8.0), zeros), piece_s)
    assert said.startswith(f"{called} has sent nothing but zeros for ")
    assert told(with_wrench(walk(4.0), zeros), piece_s) == ""


def test_zeros_of_an_unloaded_plate_are_no_fault():
    """Some amplifiers send exact zeros below a threshold."""

    def thresholded(wrench):
        wrench[np.abs(wrench) < 5.0] = 0.0
        return wrench

    assert told(with_wrench(walk(20.0), thresholded)) == ""
    assert (
        told(with_wrench(walk(20.0), np.zeros_like), names=("RSK1",)) == ""
    )  # nobody is seen to walk


def test_a_plate_that_is_mended_is_not_complained_of():
    def late(wrench):
        wrench[:7000, LEFT] = 0.0
        return wrench

    assert told(with_wrench(walk(12.0), late)) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: 1e-3 * w, 'the largest upward force seen is 0.71 N, the numbers look like kN: set force_unit = "kN"'),
        (lambda w: 0.02 * w, "the largest upward force seen is 14 N, check force_unit"),
        (lambda w: -w, "the force points down (up to 706 N), check acts_on"),
        (lambda w: 0.0 * w, "they send nothing but zeros"),
        (lambda w: np.nan * w, "no force has come that is a number"),
    ],
)  # fmt: skip
def test_feet_that_walk_without_a_step(change, says):
    said = told(with_wrench(walk(15.0), change))
    assert said.startswith("the feet walk but no step was found on either plate: ")
    assert says in said
    assert told(with_wrench(walk(7.0), change)) == ""  # too early to say
    assert told(with_wrench(walk(15.0, moves=False), change)) == ""  # nobody walks


def test_a_step_takes_the_complaint_back():
    def mended(wrench):
        wrench[:12000] *= 1e-3
        return wrench

    assert told(with_wrench(walk(12.0), mended)) != ""
    assert told(with_wrench(walk(14.0), mended)) == ""


@cache
def recording():
    whole = read_recording(walkers.WALK_PATH, walkers.lab())
    markers, forces = (
        replace(stream, stamps_s=stream.stamps_s[:n], values=stream.values[:n])
        for stream in whole.streams()
        for n in [round(13.0 * stream.info.nominal_rate_hz)]
    )
    return replace(whole, markers=markers, forces=forces)


def session_with(values):
    """Stances, and what the operator reads in the end, of the walk with these plate samples."""
    view = SessionView()
    view.control.start()
    given = replace(recording(), forces=replace(recording().forces, values=values))
    made = Session(FileSource(given), walkers.lab(), walkers.subject(), view, now=lambda: 0.0)
    made.open()
    stances = made.run().stances
    return stances, view.status.read()[1].message


def test_the_session_says_nothing_of_a_good_walk():
    stances, message = session_with(recording().forces.values)
    assert len(stances) > 15
    assert message == ""


@pytest.mark.parametrize(
    ("gain", "says"), [(1e-3, "the numbers look like kN"), (-1.0, "the force points down")]
)
def test_the_session_says_why_there_is_no_stance(gain, says):
    """The whole path: such forces make no stance at all, and the operator reads why."""
    stances, message = session_with(gain * recording().forces.values)
    assert stances == []
    assert says in message


def test_the_session_names_a_plate_that_sends_only_zeros():
    values = recording().forces.values.copy()
    channels = recording().forces.info.channels
    values[:, [i for i, channel in enumerate(channels) if channel.target == "2"]] = 0.0
    number = next(n for n, plate in enumerate(walkers.lab().plates, 1) if plate.index == 2)
    side = walkers.lab().plates[number - 1].side
    _, message = session_with(values)
    assert f"plate {number} ({side}) has sent nothing but zeros for" in message
