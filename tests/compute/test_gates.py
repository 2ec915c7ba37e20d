"""Single gates on made-up evidence: what is seen, and what is let through."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from compute import Settings, Side, Stance
from compute.body import SEGMENTS
from compute.cop_gate import farthest_outside
from compute.gates import fits
from compute.history import History, symmetry_pct
from compute.marker_gate import apart, exchanged, jumped, widths_m
from compute.plate_gate import frozen, saturated
from compute.pose import CLUSTER, LANDMARKS
from compute.repair import blank_held

FRAMES, FRONT = 80, 10
"""Frames in all, and before the stance."""


def walked(frames=FRAMES, hz=100.0):
    """Six markers of a shank and a foot that ride on a belt and sway, shape (frames, 6, 3)."""
    t = np.arange(frames) / hz
    at = np.array(
        [
            [0.0, 0.5, 0.05],
            [0.0, 0.5, -0.05],
            [0.0, 0.1, 0.04],
            [0.0, 0.1, -0.04],
            [-0.1, 0.05, 0.0],
            [0.1, 0.03, 0.0],
        ]
    )
    path = np.stack([-1.2 * t, 0.02 * np.sin(9.0 * t), 0.01 * np.sin(6.0 * t)], axis=1)
    return path[:, None] + at


@dataclass
class Made:
    """As much of `compute.evidence.Evidence` as these gates read."""

    markers_m: np.ndarray
    mode: int = LANDMARKS
    marker_hz: float = 100.0
    force_hz: float = 1000.0
    settings: Settings = field(default_factory=Settings)
    inside: slice = field(default_factory=lambda: slice(FRONT, FRAMES - FRONT))
    stance: object = field(default_factory=lambda: SimpleNamespace(side=Side.RIGHT))
    wrench: np.ndarray = field(default_factory=lambda: np.zeros((600, 2, 6)))
    gap_m: float = 0.01

    @property
    def leg(self):
        shank = SimpleNamespace(
            mode=self.mode,
            cluster=np.arange(4),
            knee=np.array([0, 1]),
            ankle=np.array([2, 3]),
            axis=np.array([0, 1]),
        )
        return SimpleNamespace(shank=shank, foot=SimpleNamespace(rows=np.array([4, 5, -2])))

    @property
    def raw_poses(self):
        origin = np.zeros((len(self.markers_m), SEGMENTS, 3))
        ajc = np.zeros((len(self.markers_m), 2, 3))
        ajc[..., 0] = self.gap_m
        return SimpleNamespace(origin_m=origin, ajc_m=ajc)

    def in_contact(self):
        return slice(None)


@pytest.mark.parametrize("mode", [CLUSTER, LANDMARKS])
@pytest.mark.parametrize("hz", [60.0, 100.0, 250.0])
def test_a_marker_that_rides_along_neither_jumps_nor_trades_places(mode, hz):
    made = Made(walked(hz=hz), mode, marker_hz=hz)
    assert not jumped(made)
    assert not exchanged(made)
    assert not apart(made)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("frame", [FRONT, 40, FRAMES - FRONT - 1])
@pytest.mark.parametrize("for_good", [False, True])
def test_a_jump_is_seen_in_any_direction_and_at_both_ends(axis, frame, for_good):
    markers = walked()
    markers[frame : None if for_good else frame + 1, 2, axis] += 0.02
    assert jumped(Made(markers))


def test_a_jump_of_another_marker_or_outside_the_stance_is_not_this_legs():
    markers = walked()
    markers[40, 5] += 0.05
    markers[3, 0] += 0.05
    assert not jumped(Made(markers))


@pytest.mark.parametrize(("a", "b"), [(0, 1), (0, 3), (2, 5), (4, 5)])
@pytest.mark.parametrize("frames", [slice(30, 31), slice(30, 50), slice(30, None), slice(0, 30)])
def test_labels_that_trade_places_are_seen_where_they_do(a, b, frames):
    markers = walked()
    markers[frames, [a, b]] = markers[frames, [b, a]]
    assert exchanged(Made(markers))


def test_a_marker_that_only_leaps_has_not_traded_places():
    markers = walked()
    markers[30:, 0] = markers[30:, 0] + [0.0, 0.4, 0.0]
    assert not exchanged(Made(markers))


def test_missing_markers_neither_jump_nor_trade_places():
    markers = walked()
    markers[20:40, 5] = np.nan
    assert not exchanged(Made(markers))
    assert not jumped(Made(markers))


@pytest.mark.parametrize(("gap_m", "seen"), [(0.012, False), (0.04, True), (np.nan, False)])
def test_shank_and_foot_agree_about_the_ankle(gap_m, seen):
    assert apart(Made(walked(), gap_m=gap_m)) == seen


def test_widths_are_those_of_all_pairs_of_landmarks():
    assert widths_m(Made(walked())) == pytest.approx(
        [
            0.10,
            np.hypot(0.4, 0.01),
            np.hypot(0.4, 0.09),
            np.hypot(0.4, 0.09),
            np.hypot(0.4, 0.01),
            0.08,
        ]
    )
    assert len(widths_m(Made(walked(), CLUSTER))) == 0


def stance(number, side=Side.RIGHT, **fields):
    return Stance(
        number, side, 0.6 * number, 0.6 * number + 0.7, 0.6 * number + 0.8, 60.0, 1.7, **fields
    )


def test_only_good_stances_tell_the_usual_widths():
    history = History()
    for number, width, reasons in (
        (1, 0.1, ()),
        (2, 0.2, ("cross_belt",)),
        (3, 0.11, ()),
        (4, 0.3, ()),
    ):
        now = stance(number, reasons=reasons)
        history.measure(now, np.array([width]))
        history.add(now if number < 4 else stance(5, Side.LEFT))  # what was measured is another's
    assert history.widths_m(Side.RIGHT) == pytest.approx([0.105])
    assert len(history.widths_m(Side.LEFT)) == 0


@pytest.mark.parametrize(
    "reason", ["cross_belt", "short_stance", "late_data", "plate_saturated", "outlier"]
)
def test_a_stride_with_a_step_that_was_not_whole_is_known(reason):
    history = History()
    history.add(stance(1, Side.LEFT, reasons=(reason,)))
    history.add(stance(2))
    assert history.broken_since(0.5) == (reason != "outlier")
    assert not history.broken_since(0.7)


def test_symmetry():
    assert symmetry_pct(3.0, 1.0) == pytest.approx(100.0)
    assert np.isnan(symmetry_pct(1.0, -1.0))


def loaded(seed=0):
    """A plate under a foot for 0.6 s, with noise."""
    t = np.arange(600) / 600.0
    rng = np.random.default_rng(seed)
    wrench = np.zeros((600, 2, 6))
    wrench[:, 1, 1] = 600.0 * np.sin(np.pi * t) ** 0.5
    wrench[:, 1, 0] = -80.0 * np.cos(np.pi * t)
    return wrench + rng.normal(0.0, 0.5, wrench.shape)


def test_a_working_plate_is_neither_frozen_nor_saturated():
    made = Made(walked(), wrench=loaded())
    assert not frozen(made)
    assert not saturated(made)


@pytest.mark.parametrize(("channel", "limit"), [(1, 500.0), (0, -40.0), (0, 40.0), (2, None)])
def test_a_flat_top_is_saturation(channel, limit):
    wrench = loaded()
    if limit is not None:
        column = wrench[:, 1, channel]
        wrench[:, 1, channel] = (
            np.minimum(column, limit) if limit > 0 else np.maximum(column, limit)
        )
    assert saturated(Made(walked(), wrench=wrench)) == (limit is not None)
    assert not frozen(Made(walked(), wrench=wrench))


@pytest.mark.parametrize(("samples", "seen"), [(10, False), (40, True), (300, True)])
def test_a_plate_that_repeats_is_frozen_not_saturated(samples, seen):
    wrench = loaded()
    wrench[200 : 200 + samples] = wrench[200]
    made = Made(walked(), wrench=wrench)
    assert frozen(made) == seen
    assert not saturated(made)


def test_an_unloaded_plate_that_reads_zero_is_neither():
    made = Made(walked(), wrench=np.zeros((600, 2, 6)))
    assert not frozen(made)
    assert not saturated(made)


def test_distance_outside_an_outline():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    for point, gap in (
        ((0.5, 0.5), 0.0), ((2.0, 0.5), 1.0), ((2.0, 2.0), np.sqrt(2.0)), ((0.5, -0.25), 0.25)
    ):  # fmt: skip
        for shape in (square, square[::-1]):
            at = np.ascontiguousarray(shape[None])
            assert farthest_outside(np.array([point]), at, np.array([True])) == pytest.approx(gap)
            assert farthest_outside(np.array([point]), at, np.array([False])) <= 0.0


def test_a_rigid_cluster_fits_until_it_bends():
    settings, residual = Settings(), np.full(60, 0.001)
    assert fits(residual, settings)
    for frame, value in ((0, 0.0055), (30, 0.0055), (59, 0.0065)):
        bent = residual.copy()
        bent[frame] = value
        assert not fits(bent, settings)
    assert not fits(residual + 0.0021, settings)
    assert fits(residual, replace(settings, max_residual_mean_m=0.0011))


@pytest.mark.parametrize(("repeats", "blanked"), [(1, 0), (2, 0), (3, 3), (10, 10)])
def test_repetitions_are_blanked_from_the_third_on_and_the_first_stays(repeats, blanked):
    markers = walked()
    markers[20 : 21 + repeats, 1] = markers[20, 1]
    assert blank_held(markers, 2) == blanked
    assert np.isnan(markers[:, 1, 0]).sum() == blanked
    assert np.isfinite(markers[20]).all()
