"""Baseline, early value, verdict: what the walker is told."""

import numpy as np
import pytest

from compute.conventions import Side
from compute.early import Early
from compute.feedback import HISTORY, Target, start, target_for
from compute.stance import Stance


def stance(number, *reasons, side=Side.LEFT, peak=0.5, **fields):
    """A stance of 70 kg with this first peak, N·m/kg."""
    given = {"ekam_peak1_nm": 70.0 * peak, **fields}
    return Stance(number, side, 0.0, 0.7, 0.8, 70.0, 1.7, reasons=reasons, **given)


def early(peak, side=Side.LEFT):
    return Early(side, 0.0, 0.4, 70.0 * peak, 70.0)


def trained(target=None, **fields):
    """Feedback after ten equal baseline stances of the left leg."""
    feedback = start(target or Target())
    for number in range(1, 11):
        assert feedback.left.phase == "baseline"
        feedback = feedback.after(stance(number, **fields))
    assert feedback.left.phase == "feedback"
    return feedback


def test_baseline_then_per_cent_then_grey():
    """Ten valid stances make the baseline; a rejected one never shows success."""
    feedback = trained()
    assert feedback.left.baseline == pytest.approx(0.5)
    assert np.isnan(feedback.left.value)
    feedback = feedback.after(stance(11, peak=0.425))
    assert feedback.left.value == pytest.approx(85.0)
    assert feedback.left.in_band
    rejected = feedback.after(stance(12, "marker_gap", peak=0.425))
    assert rejected.left.rejected
    assert not rejected.left.in_band
    assert rejected.left.value == feedback.left.value
    back = rejected.after(stance(13, peak=0.6))
    assert (back.left.rejected, back.left.in_band) == (False, False)
    assert back.left.history == (pytest.approx(85.0),)
    assert back.right == start(Target()).right


def test_rejected_stances_and_those_without_the_value_make_no_baseline():
    feedback = start(Target())
    for given in (stance(1, "marker_gap"), stance(2, peak=np.nan), stance(3, peak=np.inf)):
        feedback = feedback.after(given)
        assert feedback.left.rejected
    assert (feedback.left.phase, feedback.left.baseline_count) == ("baseline", 0)
    assert np.isnan(feedback.left.baseline)


def test_a_valid_stance_without_the_value_is_no_success():
    feedback = trained().after(stance(11, peak=0.4)).after(stance(12, peak=np.nan))
    assert feedback.left.rejected
    assert not feedback.left.in_band
    assert feedback.left.value == pytest.approx(80.0)


def test_per_cent_needs_a_baseline_above_zero():
    feedback = start(Target(baseline_stances=2))
    for number in range(4):
        feedback = feedback.after(stance(number, peak=-0.1))
    assert feedback.left.phase == "baseline"


def test_an_early_value_moves_the_bar_without_a_verdict_and_is_confirmed():
    before = trained().after(stance(11, peak=0.5))
    shown = before.after_early(early(0.4))
    assert shown.left.phase == "early"
    assert shown.left.value == pytest.approx(80.0)
    assert shown.left.confirmed == pytest.approx(100.0)
    assert not shown.left.in_band  # 80 % lies in the band, but nothing counts yet
    assert shown.left.history == before.left.history
    assert shown.right is before.right
    final = shown.after(stance(12, peak=0.402))
    assert final.left.phase == "feedback"
    assert final.left.value == pytest.approx(80.4)
    assert final.left.in_band
    assert final.left.history == (pytest.approx(100.0),)


def test_an_early_value_is_withdrawn_when_the_stance_is_rejected():
    before = trained().after(stance(11, peak=0.425))
    assert before.left.in_band
    gone = before.after_early(early(0.35)).after(stance(12, "cross_belt", peak=0.35))
    assert gone.left.phase == "feedback"
    assert gone.left.value == pytest.approx(85.0)
    assert gone.left.rejected
    assert not gone.left.in_band
    assert gone.left.history == before.left.history
    again = gone.after_early(early(0.4))  # the next stance of the leg
    assert not again.left.rejected
    assert again.after(stance(13, peak=0.4)).left.history == (pytest.approx(85.0),)


def test_an_early_value_whose_stance_never_comes_leaves_no_trace():
    before = trained().after(stance(11, peak=0.5))
    twice = before.after_early(early(0.3)).after_early(early(0.4)).after(stance(12, peak=0.4))
    assert twice == before.after(stance(12, peak=0.4))


def test_the_first_early_value_after_the_baseline_can_be_withdrawn_to_nothing():
    gone = trained().after_early(early(0.4)).after(stance(11, "marker_gap"))
    assert np.isnan(gone.left.value)
    assert gone.left.history == ()


def test_there_is_no_early_value_in_the_baseline_or_of_another_variable():
    fresh = start(Target())
    assert fresh.after_early(early(0.4)) is fresh
    other = trained(target_for("ekam_peak2"), ekam_peak2_nm=35.0, peak2_is_local=True)
    assert other.after_early(early(0.4)) is other
    known = trained()
    assert known.after_early(early(np.nan)) is known


def test_history_holds_the_last_values():
    feedback = trained()
    for number in range(20):
        feedback = feedback.after(stance(number, peak=0.5 - 0.01 * number))
    expected = [100.0 - 2.0 * n for n in range(19 - HISTORY, 19)]
    assert feedback.left.history == pytest.approx(expected)
    assert len(feedback.left.history) == HISTORY


def test_a_difference_is_taken_in_the_unit_shown():
    feedback = trained(target_for("foot_progression"), foot_progression_rad=np.radians(6.0))
    inward = feedback.after(stance(11, foot_progression_rad=np.radians(-1.0)))
    assert inward.left.value == pytest.approx(-7.0)
    assert inward.left.in_band
    outward = feedback.after(stance(11, foot_progression_rad=np.radians(13.0)))
    assert outward.left.value == pytest.approx(7.0)
    assert not outward.left.in_band
    wide = trained(target_for("step_width"), step_width_m=0.10)
    assert wide.after(stance(11, step_width_m=0.15)).left.value == pytest.approx(5.0)


def test_a_plain_value_is_shown_as_it_is():
    target = target_for("step_width", mode="absolute", low=14.0, high=18.0, baseline_stances=10)
    feedback = trained(target, step_width_m=0.1).after(stance(11, step_width_m=0.16))
    assert feedback.left.value == pytest.approx(16.0)
    assert feedback.left.in_band
    assert (target.unit, target.digits) == ("cm", 0)


def test_the_default_target_is_that_of_the_registry():
    assert target_for("ekam_peak1") == Target()
    foot = target_for("foot_progression")
    assert (foot.mode, foot.low, foot.high, foot.unit) == ("difference", -9.0, -5.0, "°")


def test_impossible_targets_are_refused():
    with pytest.raises(ValueError, match="no feedback variable 'knee'"):
        target_for("knee")
    with pytest.raises(ValueError, match="mode 'absolute' of ekam_peak1 needs low and high"):
        target_for("ekam_peak1", mode="absolute", low=0.3)
    with pytest.raises(ValueError, match="needs low below high, not 95 to 90"):
        target_for("ekam_peak1", low=95.0)


def test_the_summary_says_what_was_aimed_at_and_from_where():
    said = trained().summary()
    assert said["variable"] == "ekam_peak1"
    assert (said["low"], said["high"], said["unit"]) == (60.0, 90.0, "%")
    assert said["baseline"] == {"left": pytest.approx(0.5), "right": None}
    assert said["baseline_counts"] == {"left": 10, "right": 0}
