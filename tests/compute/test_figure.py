"""The walker as lines and arrows, for the operator."""

import numpy as np
import pytest
import walkers
from hypothesis import given
from hypothesis import strategies as st

from compute import Side
from compute.body import body_arrays
from compute.figure import (
    ANKLE_JOINT,
    BONES,
    HEEL,
    HIP_JOINT,
    KNEE_JOINT,
    LOADED_N,
    MIDDLE,
    POINTS,
    TOE,
    TOP,
    centres_of_pressure,
    figure,
    point,
)

ACROSS = st.floats(-3.0, 3.0)


def mid_stance():
    """Subject, marker names and one frame of the synthetic walker, left foot flat on the belt."""
    running = walkers.engine()
    given = walkers.samples()
    first = walkers.stances(given)[2]
    at = int(np.searchsorted(given.marker_time_s, 0.5 * (first.t_on_s + first.t_off_s)))
    return running.subject, running.markers, given.markers_m[at]


@given(ACROSS, ACROSS, st.floats(25.0, 2000.0), st.floats(-200.0, 200.0), st.floats(-200.0, 200.0),
       st.floats(-20.0, 20.0))  # fmt: skip
def test_the_centre_of_pressure_is_where_the_force_acts(x, z, f_y, f_x, f_z, free_nm):
    force, place = np.array([f_x, f_y, f_z]), np.array([x, 0.0, z])
    moment = np.cross(place, force) + [0.0, free_nm, 0.0]
    wrench = np.stack([np.concatenate([force, moment]), np.zeros(6)])
    cop = centres_of_pressure(wrench)
    np.testing.assert_allclose(cop[0], place, atol=1e-9)
    assert np.isnan(cop[1]).all()


def test_an_unloaded_plate_has_no_centre_of_pressure():
    wrench = np.zeros((2, 6))
    wrench[:, 1] = LOADED_N - 0.1, LOADED_N + 0.1
    assert np.isnan(centres_of_pressure(wrench)).all(axis=1).tolist() == [True, False]


def test_every_point_is_joined_and_every_leg_has_its_own():
    joined = {end for bone in BONES for end in bone}
    assert joined == set(range(POINTS))
    rows = [point(side, joint) for side in Side for joint in range(5)]
    assert len({*rows, TOP, MIDDLE}) == POINTS


def test_a_walking_person_is_upright():
    subject, names, markers_m = mid_stance()

    shown = figure(3.0, markers_m, np.zeros((2, 6)), body_arrays(subject, names))
    assert shown.time_s == 3.0
    height = shown.points_m[:, 1]
    for side in Side:
        above = [height[point(side, joint)] for joint in (HIP_JOINT, KNEE_JOINT, ANKLE_JOINT, TOE)]
        assert above == sorted(above, reverse=True)
        heel, toe = (shown.points_m[point(side, joint)] for joint in (HEEL, TOE))
        assert toe[0] - heel[0] > 0.1  # the toes are in front
        across = shown.points_m[point(side, KNEE_JOINT), 2] - shown.points_m[MIDDLE, 2]
        assert np.sign(across) == side.sigma
    thigh = (
        shown.points_m[point(Side.LEFT, HIP_JOINT)] - shown.points_m[point(Side.LEFT, KNEE_JOINT)]
    )
    assert np.linalg.norm(thigh) == pytest.approx(0.245 * subject.height_m, rel=0.15)
    assert height[TOP] > height[MIDDLE]


def test_a_lost_marker_loses_its_segment_alone():
    subject, names, markers_m = mid_stance()

    lost = markers_m.copy()
    for name in subject.left.foot.cluster:
        if name in names:
            lost[names.index(name)] = np.nan
    shown = figure(0.0, lost, np.zeros((2, 6)), body_arrays(subject, names))
    assert np.isnan(shown.points_m[point(Side.LEFT, TOE)]).all()
    assert np.isfinite(shown.points_m[point(Side.RIGHT, TOE)]).all()
    assert np.isfinite(shown.points_m[point(Side.RIGHT, KNEE_JOINT)]).all()
