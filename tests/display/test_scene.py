"""The walker's picture as data."""

import subprocess
import sys
from dataclasses import replace

import pytest

from compute import Side
from compute.feedback import LegFeedback, Target, WalkerFeedback, target_for
from compute.variables import VARIABLES
from display import theme
from display.scene import RELATIVE_AXIS, SHAPES, Verdict, axis, number, walker_scene

WIDTH, HEIGHT = 1920.0, 1080.0
BAND = Target(low=80.0, high=90.0)


def leg(side, value, **fields):
    return LegFeedback(side, **{"target": BAND, "phase": "feedback", "value": value, **fields})


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


def test_an_early_value_is_neutral_and_says_nothing():
    """80 % lies in the band, and still neither colour nor shape nor words tell so."""
    shown = scene(leg(Side.LEFT, 85.0, phase="early", confirmed=100.0)).leg(Side.LEFT)
    assert shown.verdict is Verdict.EARLY
    assert shown.number.words == "85 %"
    assert shown.number.colour == theme.TEXT
    assert shown.colour == theme.NEUTRAL
    assert (shown.edge, shown.symbol, shown.words.words) == ("", (), "")
    assert shown.bar == scene(leg(Side.LEFT, 85.0)).leg(Side.LEFT).bar


def test_toes_are_told_which_way_to_turn():
    foot = target_for("foot_progression")
    for value, words, plain in (
        (-1.2, "turn toes in", "\N{MINUS SIGN}1°"),
        (3.0, "turn toes in", "+3°"),
        (-12.0, "turn toes out", "\N{MINUS SIGN}12°"),
        (-7.0, "in the target", "\N{MINUS SIGN}7°"),
        (-0.2, "turn toes in", "0°"),
    ):
        whole = scene(leg(Side.LEFT, value, target=foot))
        shown = whole.leg(Side.LEFT)
        assert (shown.words.words, shown.number.words) == (words, plain)
        assert whole.title.words == "foot angle"
        assert shown.unit.words == ""


def test_long_units_stand_below_the_number():
    width = target_for("step_width", mode="absolute", low=10.0, high=14.0)
    shown = scene(leg(Side.LEFT, 12.4, target=width)).leg(Side.LEFT)
    assert (shown.number.words, shown.unit.words) == ("12", "cm")
    load = target_for("ekam_peak1", mode="absolute", low=0.3, high=0.4)
    shown = scene(leg(Side.LEFT, 0.384, target=load)).leg(Side.LEFT)
    assert (shown.number.words, shown.unit.words) == ("0.38", "N·m/kg")
    nothing = scene(leg(Side.LEFT, float("nan"), target=load)).leg(Side.LEFT)
    assert (nothing.number.words, nothing.unit.words) == ("", "")


@pytest.mark.parametrize("name", VARIABLES)
def test_every_band_lies_well_inside_its_axis(name):
    """Above and below it is room for at least a quarter of its width, and the baseline is on the axis."""
    target = target_for(name)
    scale = axis(target)
    width = target.high - target.low
    assert scale.low + 0.25 * width <= target.low
    assert target.high + 0.25 * width <= scale.high
    baseline = {"relative": 100.0, "difference": 0.0}.get(target.mode, target.low)
    assert scale.low < baseline < scale.high
    assert len(number(scale.low, target)) <= 6
    shown = scene(leg(Side.LEFT, target.low, target=target)).leg(Side.LEFT)
    assert shown.verdict is Verdict.INSIDE
    assert shown.bar.y == pytest.approx(shown.band.bottom)


def test_a_band_above_the_usual_axis_is_still_on_it():
    high = axis(Target(low=150.0, high=170.0))
    assert (high.low, high.high) == (40.0, 180.0)
    usual = axis(Target())
    assert (usual.low, usual.high) == RELATIVE_AXIS


def test_baseline_counts_and_shows_no_bar():
    shown = scene(LegFeedback(Side.LEFT, BAND, baseline_count=4)).leg(Side.LEFT)
    assert shown.words.words == "collecting baseline 4 of 10"
    assert shown.bar.empty
    assert shown.number.words == ""


def test_a_leg_has_no_target_before_its_baseline_is_known():
    baseline = LegFeedback(Side.LEFT, BAND, baseline_count=4)
    assert scene(baseline).leg(Side.LEFT).band.empty
    assert [label.words for label in scene(baseline).band_labels] == ["", ""]
    one = scene(baseline, leg(Side.RIGHT, 85.0))
    assert [label.words for label in one.band_labels] == ["", "target"]


def test_bands_are_named_once_when_equal_and_each_when_not():
    assert [label.words for label in scene(leg(Side.LEFT, 85.0)).band_labels] == ["target", ""]
    other = replace(leg(Side.RIGHT, 85.0), target=Target(low=70.0, high=80.0))
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
    for value, marked in (
        (RELATIVE_AXIS[1] + 30, True),
        (RELATIVE_AXIS[0] - 30, True),
        (100.0, False),
    ):
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
        LegFeedback(Side.LEFT, BAND),
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
    boxes.append(shown.title.box)
    for each in shown.legs:
        boxes += [each.number.box, each.unit.box, each.label.box, each.words.box, each.track]
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
