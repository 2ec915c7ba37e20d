"""The walker's picture as data."""

import subprocess
import sys
from dataclasses import replace

import pytest

from compute import Side
from compute.feedback import LegFeedback, Target, WalkerFeedback, target_for
from compute.variables import VARIABLES
from display import theme
from display.scene import SHAPES, Rect, Verdict, axis, grid_scene, number, verdict, walker_scene
from display.scene.probe import PATCH_CORNERS, Patch
from display.scene.told import RELATIVE_AXIS

WIDTH, HEIGHT = 1920.0, 1080.0
BAND = Target(low=80.0, high=90.0)


def leg(side, value, **fields):
    return LegFeedback(side, **{"target": BAND, "phase": "feedback", "value": value, **fields})


class Leg:
    """What the bar picture draws of one leg, by name."""

    def __init__(self, picture, feedback):
        self._picture, self._word = picture, feedback.side.word
        self.verdict = verdict(feedback)
        self.colour = self.shape("bar").fill
        edge = self.shape("bar edge")
        self.edge = ("dashed" if edge.dashed else "solid") if edge.points else ""
        self.track, self.band, self.bar = (self.rect(name) for name in ("track", "band", "bar"))
        self.beyond, self.symbol = (self.shape(name).points for name in ("beyond", "symbol"))
        self.number, self.unit, self.label, self.words = (
            picture.text(f"{self._word} {name}") for name in ("number", "unit", "label", "words")
        )

    def shape(self, name):
        return self._picture.shape(f"{self._word} {name}")

    def rect(self, name):
        return rect(self.shape(name))


def rect(shape):
    if not shape.points:
        return Rect()
    (left, top), _, (right, bottom), _ = shape.points
    return Rect(left, top, right - left, bottom - top)


class Shown:
    """The bar picture of both legs."""

    def __init__(self, feedback, width, height):
        self.picture = walker_scene(feedback, width, height)
        self.legs = tuple(Leg(self.picture, each) for each in (feedback.left, feedback.right))
        self.sizes = self.picture.sizes
        self.title, self.banner = self.picture.text("title"), self.picture.text("banner")
        self.band_labels = [self.picture.text(f"{side.word} band label") for side in Side]

    def leg(self, side):
        return self.legs[side]


def scene(left, right=None, banner=""):
    right = right or replace(left, side=Side.RIGHT)
    return Shown(WalkerFeedback(left, right, banner), WIDTH, HEIGHT)


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


@pytest.mark.parametrize("side", Side)
def test_who_leans_is_told_to_which_side(side):
    lean = target_for("trunk_lean_peak", low=3.0, high=9.0)
    for value, words in ((1.0, "lean more"), (12.0, "lean less"), (5.0, "in the target")):
        shown = scene(*(leg(each, value, target=lean) for each in Side)).leg(side)
        wanted = words if words == "in the target" else f"{words} {side.word}"
        assert shown.words.words == wanted


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
    assert shown.bar.y == pytest.approx(shown.band.bottom, abs=1.0)


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


def test_equal_bands_are_named_once():
    assert [label.words for label in scene(leg(Side.LEFT, 85.0)).band_labels] == ["target", ""]


@pytest.mark.parametrize("low", [40.0 + 1.5 * i for i in range(61)])
@pytest.mark.parametrize("width", [1.0, 10.0])
def test_no_two_names_of_bands_touch(low, width):
    other = replace(leg(Side.RIGHT, 85.0), target=Target(low=low, high=low + width))
    shown = scene(leg(Side.LEFT, 85.0), other)
    left, right = shown.band_labels
    bands = [shown.leg(side).band for side in Side]
    middles = [band.centre[1] for band in bands]
    assert left.words == "target"
    if right.words:
        apart = left.box.bottom <= right.box.y or right.box.bottom <= left.box.y
        assert apart
        assert [each.box.centre[1] for each in (left, right)] == middles
    else:  # one word between the middles of both
        assert abs(middles[0] - middles[1]) < left.box.height
        assert min(middles) <= left.box.centre[1] <= max(middles)
    for each in (left, right):  # clear of both bands and of what is fed back
        assert bands[0].right <= each.box.x
        assert each.box.right <= bands[1].x
        assert each.box.y >= shown.title.box.bottom


def test_lower_values_have_lower_bars_that_end_at_the_band_edges():
    top = [scene(leg(Side.LEFT, v)).leg(Side.LEFT).bar.y for v in (100.0, 90.0, 80.0)]
    assert top == sorted(top)
    band = scene(leg(Side.LEFT, 85.0)).leg(Side.LEFT).band
    assert top[1] == pytest.approx(band.y, abs=1.0)
    assert top[2] == pytest.approx(band.bottom, abs=1.0)


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
    shown = Shown(
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


# -- every picture ------------------------------------------------------------------------------------

PICTURES = ("bar", "lane", "colour", "polar")
HISTORY = (104.0, 99.0, 96.0, 91.0, 88.0, 86.0)
STATES = {
    "inside": leg(Side.LEFT, 85.0, history=HISTORY),
    "above": leg(Side.LEFT, 104.0, history=HISTORY),
    "below": leg(Side.LEFT, 70.0, history=HISTORY),
    "beyond": leg(Side.LEFT, 190.0, history=HISTORY),
    "early": leg(Side.LEFT, 85.0, phase="early", history=HISTORY),
    "rejected": leg(Side.LEFT, 85.0, rejected=True, history=HISTORY),
    "nothing yet": leg(Side.LEFT, float("nan")),
    "baseline": LegFeedback(Side.LEFT, BAND, baseline_count=4),
}


def drawn(display, state, width=WIDTH, height=HEIGHT, **fields):
    left = STATES[state]
    both = WalkerFeedback(left, replace(left, side=Side.RIGHT), display=display, **fields)
    return walker_scene(both, width, height)


def judged_colours(picture):
    """Colours of what shows the newest value; older steps are not meant."""
    newest = [s for s in picture.shapes if s.points and " step " not in s.name]
    return {shape.fill for shape in newest} & {theme.INSIDE, theme.OUTSIDE}


@pytest.mark.parametrize("display", PICTURES)
def test_every_picture_tells_the_verdict_by_colour_and_by_shape_and_by_words(display):
    for state, colour, told in (
        ("inside", theme.INSIDE, Verdict.INSIDE),
        ("above", theme.OUTSIDE, Verdict.ABOVE),
        ("below", theme.OUTSIDE, Verdict.BELOW),
        ("beyond", theme.OUTSIDE, Verdict.ABOVE),
    ):
        shown = drawn(display, state)
        assert judged_colours(shown) == {colour}
        assert shown.text("left words").words == told.value
    symbols = {
        shape_only(drawn(display, state).shape("left symbol").points)
        for state in ("inside", "above", "below", "early")
    }
    assert len(symbols) == 4


def shape_only(points):
    """A polygon without its place and size."""
    xs, ys = zip(*points, strict=True) if points else ((), ())
    return tuple(
        (
            round((x - min(xs)) / (max(xs) - min(xs)), 3),
            round((y - min(ys)) / (max(ys) - min(ys)), 3),
        )
        for x, y in points
    )


@pytest.mark.parametrize("display", PICTURES)
@pytest.mark.parametrize("state", ["early", "rejected", "nothing yet", "baseline"])
def test_no_picture_judges_what_is_not_judged(display, state):
    shown = drawn(display, state)
    assert judged_colours(shown) == set()
    assert shown.shape("left symbol").points == ()
    assert shown.text("left words").words not in ("in the target", "go lower", "go higher")


@pytest.mark.parametrize("display", PICTURES)
def test_a_rejected_step_is_dashed_in_every_picture(display):
    assert any(shape.dashed and shape.points for shape in drawn(display, "rejected").shapes)
    assert not any(shape.dashed and shape.points for shape in drawn(display, "inside").shapes)


@pytest.mark.parametrize("display", [*PICTURES, "blank", "message"])
def test_a_picture_has_the_same_items_whatever_it_shows(display):
    names = {
        (tuple(s.name for s in shown.shapes), tuple(t.name for t in shown.texts))
        for shown in (drawn(display, state, message="walk on", banner="x") for state in STATES)
    }
    assert len(names) == 1
    shapes, texts = names.pop()
    assert len(set(shapes)) == len(shapes)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("display", PICTURES)
@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768), (1080, 1920), (830, 540)])
def test_every_picture_stays_within_its_frame_and_its_words_apart(display, size):
    for state in STATES:
        shown = drawn(display, state, *map(float, size), banner="SYNTHETIC WALKER")
        boxes = [text.box for text in shown.texts if text.words]
        for i, a in enumerate(boxes):
            assert a.x >= 0
            assert a.y >= 0
            assert a.right <= size[0] + 1
            assert a.bottom <= size[1] + 1
            for b in boxes[i + 1 :]:
                assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y
        for shape in shown.shapes:
            for x, y in shape.points:
                assert -1 <= x <= size[0] + 1, shape.name
                assert -1 <= y <= size[1] + 1, shape.name


@pytest.mark.parametrize("display", ["bar", "polar"])
def test_legs_are_mirror_images(display):
    shown = drawn(display, "baseline")
    left, right = (shown.shape(f"{side.word} track").points for side in Side)
    assert {(round(WIDTH - x, 3), round(y, 3)) for x, y in left} == {
        (round(x, 3), round(y, 3)) for x, y in right
    }


def test_the_lane_shows_older_steps_by_shape_in_their_order():
    shown = drawn("lane", "inside")
    steps = [shown.shape(f"left step {age}") for age in range(len(HISTORY), 0, -1)]
    xs = [min(x for x, _ in step.points) for step in steps]
    assert xs == sorted(xs)
    inside = [step.fill == theme.INSIDE for step in steps]
    assert inside == [80.0 <= value <= 90.0 for value in HISTORY]
    assert {len(step.points) for step, is_in in zip(steps, inside, strict=True) if is_in} == {4}
    assert {len(step.points) for step, is_in in zip(steps, inside, strict=True) if not is_in} == {3}
    assert shown.shape(f"left step {len(HISTORY) + 1}").points == ()


def test_the_dial_points_further_round_for_higher_values():
    from math import atan2

    def angle(value):
        both = WalkerFeedback(leg(Side.LEFT, value), leg(Side.RIGHT, value), display="polar")
        shown = walker_scene(both, WIDTH, HEIGHT)
        track = shown.shape("left track").points
        x, y = shown.shape("left pointer").points[0]
        middle_x = (min(p[0] for p in track) + max(p[0] for p in track)) / 2
        middle_y = (
            min(p[1] for p in track) + (max(p[0] for p in track) - min(p[0] for p in track)) / 2
        )
        return atan2(x - middle_x, middle_y - y)

    angles = [angle(value) for value in (45.0, 70.0, 85.0, 100.0, 135.0)]
    assert angles == sorted(angles)
    assert angle(90.0) == pytest.approx(0.0, abs=0.01)  # the middle of 40 to 140 %


def test_blank_has_nothing_and_a_message_has_its_words_alone():
    assert drawn("blank", "inside", banner="REPLAY") == replace(
        drawn("blank", "above"), frame=drawn("blank", "above").frame
    )
    assert not drawn("blank", "inside", banner="REPLAY").texts
    shown = drawn("message", "inside", message="Walk as you normally do")
    assert [text.words for text in shown.texts if text.words] == ["Walk as you", "normally do"]
    assert not shown.shapes
    long = drawn("message", "inside", message="word " * 200)
    assert [text.words for text in long.texts if text.words][-1].endswith("…")
    assert sum(bool(text.words) for text in long.texts) == 5
    unbroken = drawn("message", "inside", message="x" * 200)
    assert sum(bool(text.words) for text in unbroken.texts) >= 1


@pytest.mark.parametrize("corner", PATCH_CORNERS)
@pytest.mark.parametrize("display", [*PICTURES, "blank", "message"])
def test_the_patch_is_small_and_on_top_of_every_picture(corner, display):
    both = WalkerFeedback(
        STATES["inside"], replace(STATES["above"], side=Side.RIGHT), display=display
    )
    for white in (False, True):
        shown = walker_scene(both, WIDTH, HEIGHT, patch=Patch(corner, white))
        patch = shown.shapes[-1]
        assert patch.name == "patch"
        assert patch.fill == ("#FFFFFF" if white else "#000000")
        box = rect(patch)
        assert box.width * box.height < 0.005 * WIDTH * HEIGHT
        assert (box.x == 0) is corner.endswith("left")
        assert (box.y == 0) is corner.startswith("top")


def test_the_grid_marks_the_held_corner_by_more_than_colour():
    shown = grid_scene("HDMI-1", 2, WIDTH, HEIGHT)
    edges = [bool(shown.shape(f"corner {i}").edge) for i in range(4)]
    assert edges == [False, False, True, False]
    assert any(text.words == "HDMI-1" for text in shown.texts)


def test_words_say_how_large_they_are_seen():
    assert theme.read_arcmin(theme.DEFAULT_VIEWING)[0] > 90.0
    assert theme.sizes_in_words(theme.DEFAULT_VIEWING).startswith("●")
    far = theme.Viewing(distance_m=6.0, screen_width_m=0.5)
    assert theme.sizes_in_words(far).startswith("▲")
    # 1 m at 3437.7 m is one minute of arc
    assert theme.Viewing(3437.7467, 1.0).arcmin(1.0) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("display", PICTURES)
def test_nothing_is_drawn_of_a_leg_that_is_not_trained(display):
    both = WalkerFeedback(
        LegFeedback(Side.LEFT, BAND, "off"), leg(Side.RIGHT, 85.0, history=HISTORY), display=display
    )
    shown = walker_scene(both, WIDTH, HEIGHT)
    assert not [shape.name for shape in shown.shapes if shape.points and "left" in shape.name]
    assert not [text.words for text in shown.texts if text.words.strip() and "left" in text.name]
    assert shown.text("right words").words == "in the target"


@pytest.mark.parametrize("display", PICTURES)
def test_of_a_difference_between_the_legs_each_is_sent_its_own_way(display):
    """Left is more: the left leg has to do less, the right one more."""
    target = target_for("ekam_symmetry")
    both = [leg(side, 14.0, target=target) for side in Side]
    shown = walker_scene(WalkerFeedback(*both, display=display), WIDTH, HEIGHT)
    left, right = (shape_only(shown.shape(f"{side.word} symbol").points) for side in Side)
    assert left == shape_only(SHAPES[Verdict.ABOVE])
    assert right == shape_only(SHAPES[Verdict.BELOW])
