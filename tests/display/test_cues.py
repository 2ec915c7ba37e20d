"""Which tone goes with which picture, and what it sounds like."""

from dataclasses import replace

import numpy as np
import pytest

from compute import Side
from compute.early import Early
from compute.feedback import LegFeedback, Target, WalkerFeedback, start
from compute.stance import Stance
from display.cues import CUES, INSIDE_HZ, OUTSIDE_HZ, RATE_HZ, Cue, cue, samples

BAND = Target(low=80.0, high=90.0, baseline_stances=1)


def walked(sound, **fields):
    """Feedback of a walker whose baseline is 0.5 N·m/kg on both legs."""
    feedback = replace(start(BAND, sound=sound), **fields)
    for side in Side:
        feedback = feedback.after(stance(side, 0.5, int(side)))
    return feedback


def stance(side, peak_nm_per_kg, number, *reasons):
    nm = peak_nm_per_kg * 70.0
    return Stance(number, side, 0.0, 0.7, 0.8, 70.0, 1.7, nm, nm, reasons=reasons)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("peak", "sound", "heard"),
    [
        (0.425, "inside", True), (0.425, "both", True), (0.425, "off", None),
        (0.5, "inside", None), (0.5, "both", False), (0.3, "both", False),
    ],
)  # fmt: skip
def test_the_verdict_of_a_step_is_heard_on_its_side(side, peak, sound, heard):
    before = walked(sound)
    found = cue(before, before.after(stance(side, peak, 9)))
    assert found == (None if heard is None else Cue(side, heard))


def test_neither_early_nor_rejected_nor_baseline_is_heard():
    before = walked("both")
    early = before.after_early(Early(Side.LEFT, 0.0, 0.4, 0.425 * 70.0, 70.0))
    assert early != before
    assert cue(before, early) is None
    assert cue(early, early.after(stance(Side.LEFT, 0.425, 9))) == Cue(Side.LEFT, True)
    assert cue(before, before.after(stance(Side.LEFT, 0.425, 9, "marker_gap"))) is None
    first = start(BAND, sound="both")
    assert cue(first, first.after(stance(Side.LEFT, 0.425, 9))) is None


@pytest.mark.parametrize("display", ["blank", "message"])
def test_a_picture_that_tells_nothing_is_silent(display):
    before = walked("both", display=display)
    assert cue(before, before.after(stance(Side.LEFT, 0.425, 9))) is None


def test_a_step_is_heard_once():
    before = walked("both")
    after = before.after(stance(Side.LEFT, 0.425, 9))
    assert cue(before, after) is not None
    assert cue(after, replace(after, display="lane")) is None
    assert cue(after, after.after(stance(Side.RIGHT, 0.425, 10))) == Cue(Side.RIGHT, True)


def test_tones_differ_in_pitch_and_side_and_do_not_click():
    for which in CUES:
        sound = samples(which).astype(float)
        assert sound.shape[1] == 2
        assert abs(sound[0]).max() == abs(sound[-1]).max() == 0.0
        assert 8000 < abs(sound).max() < 32767
        spectrum = abs(np.fft.rfft(sound[:, which.side], 1 << 16))
        pitch_hz = np.argmax(spectrum) * RATE_HZ / (1 << 16)
        assert pitch_hz == pytest.approx(INSIDE_HZ if which.inside else OUTSIDE_HZ, abs=15.0)
        assert abs(sound[:, which.side]).max() > 2 * abs(sound[:, which.side.other]).max()


def test_feedback_of_a_person_without_steps_is_silent():
    legs = LegFeedback(Side.LEFT, BAND), LegFeedback(Side.RIGHT, BAND)
    nothing = WalkerFeedback(*legs, sound="both")
    assert cue(nothing, replace(nothing, banner="REPLAY")) is None
