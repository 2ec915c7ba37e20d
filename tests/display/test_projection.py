"""How the picture lies on its screen, and what is remembered of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.projection import TURNS, WHOLE, Projection, convex
from display.screen_settings import Remembered, ScreenSettings, from_json
from display.theme import Viewing

SHARE = st.floats(0.0, 1.0)


def homography(frm, to):
    """The one projective map that takes four points to four points, solved as it stands in textbooks."""
    rows, right = [], []
    for (x, y), (u, v) in zip(frm, to, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows, float), np.array(right, float)), 1.0).reshape(
        3, 3
    )


@pytest.mark.parametrize(
    ("turn", "mirror", "top_left", "top_right"),
    [
        (0, False, (0, 0), (16, 0)), (90, False, (16, 0), (16, 9)), (180, False, (16, 9), (0, 9)),
        (270, False, (0, 9), (0, 0)), (0, True, (16, 0), (0, 0)), (180, True, (0, 9), (16, 9)),
    ],
)  # fmt: skip
def test_turn_and_mirror_say_where_the_top_goes(turn, mirror, top_left, top_right):
    quad = Projection(turn, mirror).quad(16.0, 9.0)
    assert quad[:2] == (top_left, top_right)
    width, height = Projection(turn, mirror).size(16.0, 9.0)
    assert math.dist(quad[0], quad[1]) == width
    assert math.dist(quad[1], quad[2]) == height


def test_four_turns_and_two_mirrors_change_nothing():
    start = Projection(corners=((0.1, 0.1), (0.9, 0.0), (1.0, 1.0), (0.0, 0.8)))
    turned = start
    for _ in TURNS:
        turned = turned.turned()
    assert turned == start
    assert start.mirrored().mirrored() == start
    assert start.mirrored() != start


@given(st.lists(st.tuples(st.integers(0, 3), SHARE, SHARE), max_size=30))
def test_no_drag_ever_folds_the_picture(drags):
    projection = Projection()
    for corner, x, y in drags:
        projection = projection.with_corner(corner, x, y)
        assert convex(projection.corners)
        for i in range(4):
            assert projection.corners[projection_corner(projection, i)] is not None


def projection_corner(projection, i):
    return projection.quad(1.0, 1.0).index(projection.corners[projection.picture_corner(i)]) % 4


def test_folded_and_tiny_quadrangles_are_not_taken():
    assert not convex(((0, 0), (1, 1), (1, 0), (0, 1)))
    assert not convex(
        (WHOLE[0], WHOLE[3], WHOLE[2], WHOLE[1])
    )  # the other way round: seen from behind
    assert not convex(((0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)))
    assert Projection().with_corner(0, 0.99, 0.99) == Projection()
    assert Projection().with_corner(0, -3.0, 0.2).corners[0] == (0.0, 0.2)


@pytest.mark.qt
def test_the_picture_lies_where_a_textbook_homography_puts_it(qapp):
    from PyQt5.QtCore import QPointF
    from pyqtgraph import GraphicsView

    from display.picture import Picture

    view = GraphicsView()
    picture = Picture(view)
    for projection in (
        Projection(0, False, ((0.1, 0.05), (0.85, 0.1), (1.0, 0.9), (0.0, 1.0))),
        Projection(90, True, ((0.0, 0.1), (1.0, 0.0), (0.8, 1.0), (0.2, 0.9))),
    ):
        picture.lie(projection, 1920.0, 1080.0)
        width, height = projection.size(1920.0, 1080.0)
        flat = ((0, 0), (width, 0), (width, height), (0, height))
        expected = homography(flat, projection.quad(1920.0, 1080.0))
        transform = picture._root.transform()
        for x, y in (*flat, (0.3 * width, 0.7 * height), (0.5 * width, 0.2 * height)):
            u, v, w = expected @ [x, y, 1.0]
            mapped = transform.map(QPointF(x, y))
            assert (mapped.x(), mapped.y()) == pytest.approx((u / w, v / w), abs=1e-6)


@given(
    st.sampled_from(TURNS), st.booleans(), st.lists(st.tuples(SHARE, SHARE), min_size=4, max_size=4),
    st.floats(0.3, 20.0), st.floats(0.05, 10.0),
)  # fmt: skip
def test_settings_read_back_as_written(turn, mirror, corners, distance_m, width_m):
    corners = tuple(corners) if convex(tuple(corners)) else WHOLE
    settings = ScreenSettings(Projection(turn, mirror, corners), Viewing(distance_m, width_m))
    assert from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", '{"corners": [[0,0],[1,1],[1,0],[0,1]]}', '{"distance_m": -3}', '{"turn_deg": 7}',
     '{"corners": 3}', '{"distance_m": "far"}', '{"screen_width_m": 1e9}'],
)  # fmt: skip
def test_a_damaged_settings_file_is_the_defaults(text):
    assert from_json(text) == ScreenSettings()


@pytest.mark.qt
def test_every_screen_is_remembered_by_itself(qapp, tmp_path):
    file = str(tmp_path / "screens.ini")
    floor = ScreenSettings(Projection(180, True), Viewing(1.6, 0.9))
    kept = Remembered(file)
    assert kept.keep("HDMI-1 1920x1080", floor)
    kept.walker_screen = "HDMI-1"
    again = Remembered(file)
    assert again.of("HDMI-1 1920x1080") == floor
    assert again.of("HDMI-1 1280x720") == ScreenSettings()
    assert again.walker_screen == "HDMI-1"
    unwritable = Remembered("/proc/no/such/folder/screens.ini")
    assert not unwritable.keep("x", floor)
