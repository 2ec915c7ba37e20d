"""The walker's picture as data."""

import subprocess
import sys
from dataclasses import replace

import pytest

from compute import Side
from compute.feedback import LegFeedback, Target, WalkerFeedback
from display import theme
from display.scene import AXIS_HIGH_PCT, AXIS_LOW_PCT, SHAPES, Verdict, walker_scene

WIDTH, HEIGHT = 1920.0, 1080.0


def leg(side, value, **fields):
    return LegFeedback(side, Target(80.0, 90.0), phase="feedback", value_pct=value, **fields)


def scene(left, right=None, banner=""):
    right = right or replace(left, side=Side.RIGHT)
    return walker_scene(WalkerFeedback(left, right, banner), WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("value", "rejected", "told"),
    [
        (85.0, False, Verdict.INSIDE),
        (80.0, False, Verdict.INSIDE),
        (90.0, False, Verdict.INSIDE),
        (90.1, False, Verdict.ABOVE),
        (79.9, False, Verdict.BELOW),
        (85.0, True, Verdict.REJECTED),
        (float("nan"), False, Verdict.NO_VALUE),
    ],
)
def test_verdict_has_its_own_words_colour_and_shape(value, rejected, told):
    shown = scene(leg(Side.LEFT, value, rejected=rejected)).leg(Side.LEFT)
    assert shown.verdict is told
    assert shown.words.words == told.value
    assert (shown.colour == theme.INSIDE) == (told is Verdict.INSIDE)
    assert (shown.edge == "solid") == (told is Verdict.INSIDE)
    assert bool(shown.symbol) == (told in SHAPES)


def test_states_differ_by_shape_and_not_by_colour_alone():
    assert len({SHAPES[v] for v in (Verdict.INSIDE, Verdict.ABOVE, Verdict.BELOW)}) == 3


def test_a_rejected_step_keeps_the_older_value_in_grey():
    shown = scene(leg(Side.LEFT, 85.0, rejected=True)).leg(Side.LEFT)
    assert shown.number.words == "85 %"
    assert shown.colour == theme.NEUTRAL
    assert shown.edge == "dashed"
    assert not shown.symbol


def test_baseline_counts_and_shows_no_bar():
    shown = scene(LegFeedback(Side.LEFT, Target(80.0, 90.0), baseline_count=4)).leg(Side.LEFT)
    assert shown.words.words == "collecting baseline 4 of 10"
    assert shown.bar.empty
    assert shown.number.words == ""


def test_a_leg_has_no_target_before_its_baseline_is_known():
    baseline = LegFeedback(Side.LEFT, Target(80.0, 90.0), baseline_count=4)
    assert scene(baseline).leg(Side.LEFT).band.empty
    assert [label.words for label in scene(baseline).band_labels] == ["", ""]
    one = scene(baseline, leg(Side.RIGHT, 85.0))
    assert [label.words for label in one.band_labels] == ["", "target"]


def test_bands_are_named_once_when_equal_and_each_when_not():
    assert [label.words for label in scene(leg(Side.LEFT, 85.0)).band_labels] == ["target", ""]
    other = replace(leg(Side.RIGHT, 85.0), target=Target(70.0, 80.0))
    left, right = scene(leg(Side.LEFT, 85.0), other).band_labels
    assert (left.words, right.words) == ("target", "target")
    assert left.box.x + left.box.width <= right.box.x
    assert left.box.y < right.box.y


def test_lower_values_have_lower_bars_that_end_at_the_band_edges():
    top = [scene(leg(Side.LEFT, v)).leg(Side.LEFT).bar.y for v in (100.0, 90.0, 80.0)]
    assert top == sorted(top)
    band = scene(leg(Side.LEFT, 85.0)).leg(Side.LEFT).band
    assert top[1] == pytest.approx(band.y)
    assert top[2] == pytest.approx(band.bottom)


def test_the_axis_never_moves_and_its_ends_are_marked():
    for value, marked in ((AXIS_HIGH_PCT + 30, True), (AXIS_LOW_PCT - 30, True), (100.0, False)):
        shown = scene(leg(Side.LEFT, value)).leg(Side.LEFT)
        assert shown.track == scene(leg(Side.LEFT, 100.0)).leg(Side.LEFT).track
        assert shown.bar.height <= shown.track.height
        assert bool(shown.beyond) is marked
        assert shown.number.words == f"{value:.0f} %"


def test_legs_stand_on_their_own_sides_as_mirror_images():
    both = scene(leg(Side.LEFT, 85.0))
    left, right = both.leg(Side.LEFT), both.leg(Side.RIGHT)
    assert left.bar.x + left.bar.width < WIDTH / 2 < right.bar.x
    assert right.bar.x == pytest.approx(WIDTH - left.bar.x - left.bar.width)
    assert (left.label.words, right.label.words) == ("left", "right")


def test_banner_stays_in_every_state():
    for state in (
        leg(Side.LEFT, 85.0),
        LegFeedback(Side.LEFT, Target(80.0, 90.0)),
        leg(Side.LEFT, 85.0, rejected=True),
    ):
        assert scene(state, banner="SYNTHETIC WALKER").banner.words == "SYNTHETIC WALKER"


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1024, 768), (830, 540)])
def test_nothing_overlaps(size):
    shown = walker_scene(
        WalkerFeedback(leg(Side.LEFT, 104.0), leg(Side.RIGHT, 85.0), "SYNTHETIC WALKER"),
        *map(float, size),
    )
    boxes = [shown.banner.box]
    for each in shown.legs:
        boxes += [each.number.box, each.label.box, each.words.box, each.track]
    for i, a in enumerate(boxes):
        assert a.x >= 0
        assert a.x + a.width <= size[0]
        assert a.bottom <= size[1]
        for b in boxes[i + 1 :]:
            apart = (
                a.x + a.width <= b.x or b.x + b.width <= a.x or a.bottom <= b.y or b.bottom <= a.y
            )
            assert apart


def test_sizes_at_two_and_a_half_metres():
    """Number at least 1.5 degrees, bar at least 8 % of the width, band outline at least 6 px at 1080p."""
    shown = scene(leg(Side.LEFT, 85.0))
    degree_px = theme.DEFAULT_VIEWING.px(60.0, WIDTH)
    assert shown.sizes.number_px * theme.CAP_HEIGHT >= 1.5 * degree_px
    assert shown.sizes.words_px * theme.CAP_HEIGHT >= 0.5 * degree_px
    assert shown.leg(Side.LEFT).track.width >= 0.08 * WIDTH
    assert shown.sizes.band_edge_px >= 6


def test_scene_and_commands_load_no_qt():
    code = "import sys, display.scene, display.cli; sys.exit('PyQt5' in sys.modules or 'pylsl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
