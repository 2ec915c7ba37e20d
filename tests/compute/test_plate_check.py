"""The pole and the weight against errors that are put in: closed forms, no tolerance beyond rounding."""

import numpy as np
import pytest

from compute.plate_check import (
    contacts,
    direction_error_deg,
    point_errors,
    pole_axis,
    pole_tip_m,
    tap_offsets_s,
    tap_onsets_s,
    tap_stops_s,
    weight_errors,
)

SURFACE_M = 0.03


def rocked_pole(n=200, load_n=400.0):
    """A pole whose tip stands on one point while its top goes round in a circle: tip, markers, axis."""
    turn = np.linspace(0.0, 6 * np.pi, n)
    lean = np.radians(15.0)
    axis = np.column_stack(
        [np.sin(lean) * np.cos(turn), np.full(n, np.cos(lean)), np.sin(lean) * np.sin(turn)]
    )
    tip = np.tile([0.3, SURFACE_M, -0.2], (n, 1))
    return tip, tip + 0.9 * axis, tip + 0.25 * axis, axis, load_n * axis


def about_origin(force, at):
    return np.concatenate([force, np.cross(at, force)], axis=1)


def test_the_tip_lies_on_the_line_through_both_markers():
    tip, top, low, axis, _ = rocked_pole()
    np.testing.assert_allclose(pole_tip_m(top, low, 0.25), tip, atol=1e-12)
    np.testing.assert_allclose(pole_axis(top, low), axis, atol=1e-12)
    assert np.isnan(pole_tip_m(top * np.nan, low, 0.25)).all()


def test_a_good_plate_has_no_error():
    tip, top, low, _, force = rocked_pole()
    wrench = about_origin(force, tip)
    errors = point_errors(wrench, pole_tip_m(top, low, 0.25), SURFACE_M)
    assert errors.samples == 200
    assert errors.rms_m < 1e-12
    assert errors.max_m < 1e-12
    assert direction_error_deg(wrench, pole_axis(top, low)) < 1e-6


def test_a_shifted_centre_of_pressure_is_found():
    tip, *_, force = rocked_pole()
    shift = np.array([0.0042, 0.0, -0.0056])  # 7 mm
    errors = point_errors(about_origin(force, tip + shift), tip, SURFACE_M)
    assert errors.mean_m == pytest.approx((0.0042, -0.0056), abs=1e-12)
    assert errors.rms_m == pytest.approx(0.007, abs=1e-12)
    assert errors.max_m == pytest.approx(0.007, abs=1e-12)


def test_rms_and_maximum_of_errors_that_differ():
    tip, *_, force = rocked_pole(2)
    moved = tip + np.array([[0.003, 0.0, 0.0], [0.0, 0.0, 0.012]])
    errors = point_errors(about_origin(force, moved), tip, SURFACE_M)
    assert errors.rms_m == pytest.approx(np.sqrt((9 + 144) / 2) * 1e-3)
    assert errors.max_m == pytest.approx(0.012)


def test_light_or_unseen_samples_do_not_count():
    tip, *_, force = rocked_pole(10)
    force[:4] *= 0.1
    point = tip.copy()
    point[4:6] = np.nan
    assert point_errors(about_origin(force, tip), point, SURFACE_M).samples == 4
    nothing = point_errors(0.0 * about_origin(force, tip), tip, SURFACE_M)
    assert nothing.samples == 0
    assert np.isnan(nothing.rms_m)


@pytest.mark.parametrize("about", [0, 2], ids=["sideways", "forward"])
def test_a_tilted_force_is_found_under_noise(about):
    _, top, low, axis, force = rocked_pole(2000)
    angle = np.radians(2.0)
    c, s = np.cos(angle), np.sin(angle)
    tilt = np.eye(3)
    i, j = {0: (1, 2), 2: (0, 1)}[about]
    tilt[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
    wrench = about_origin(force @ tilt.T, np.zeros_like(force))
    found = direction_error_deg(wrench, pole_axis(top, low))
    # The lean of the pole (15°) about the axis of the tilt takes away at most 1 - (1 + cos² 15°) / 2.
    assert 2.0 * (1 + np.cos(np.radians(15.0)) ** 2) / 2 == pytest.approx(found, abs=0.01)
    rng = np.random.default_rng(2)
    wrench[:, :3] += rng.normal(0.0, 20.0, (2000, 3))
    assert direction_error_deg(wrench, axis) == pytest.approx(found, abs=0.15)
    assert np.isnan(direction_error_deg(0.0 * wrench, axis))


def test_a_gain_is_found():
    known_n = 20.0 * 9.81
    errors = weight_errors(np.full(50, 1.03 * known_n), 20.0)
    assert errors.share == pytest.approx(0.03)
    assert errors.error_n == pytest.approx(0.03 * known_n)
    assert errors.mean_n == pytest.approx(1.03 * known_n)


def test_contacts_are_stretches_that_last():
    loaded = np.array([1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1], dtype=bool)
    assert contacts(loaded, 3) == [slice(0, 3), slice(7, 11)]
    assert contacts(loaded, 5) == []
    assert contacts(np.zeros(4, dtype=bool), 1) == []


def struck_rod(marker_hz, contacts_s, delay_s, *, noise_m=0.0, rebound=0.1):
    """A rod that falls from 0.1 m under an acceleration of 15 m/s² and rebounds a little."""
    rng = np.random.default_rng(4)
    end = contacts_s[-1] + 0.5
    t = np.arange(0.0, end, 1.0 / marker_hz)
    height = np.full(len(t), 0.40)
    force_t = np.arange(0.0, end, 0.001)
    load = np.zeros(len(force_t))
    fall_s = np.sqrt(2 * 0.1 / 15.0)
    for contact in contacts_s:
        d = t - contact
        falling = (d > -fall_s) & (d < 0)
        height[falling] = 0.40 - 0.5 * 15.0 * (d[falling] + fall_s) ** 2
        after = (d >= 0) & (d < 0.3)
        height[after] = 0.30 + rebound * np.minimum(d[after], 0.1)
        d = force_t - contact - delay_s
        load += np.where(
            (d >= 0) & (d < 0.08), 400.0 * np.sin(np.pi * np.clip(d, 0, 0.08) / 0.08), 0.0
        )
    return force_t, load, t, height + noise_m * rng.standard_normal(len(t))


def offsets_s(force_t, load, t, height):
    return tap_offsets_s(tap_onsets_s(force_t, load), tap_stops_s(t, height))


@pytest.mark.parametrize("delay_s", [0.0, 0.004, -0.006, 0.02, -0.07, 0.12, -0.18])
@pytest.mark.parametrize("marker_hz", [100.0, 200.0])
def test_a_struck_rod_tells_the_offset(delay_s, marker_hz):
    contacts_s = 0.5 + 0.8137 * np.arange(10)
    found = offsets_s(*struck_rod(marker_hz, contacts_s, delay_s, noise_m=2e-4))
    assert len(found) == 10
    # 20 N of this soft load are reached 1.3 ms after the contact.
    assert np.median(found) - 0.0013 == pytest.approx(delay_s, abs=1e-3)


@pytest.mark.parametrize("delay_s", [-0.21, 0.198, 0.25])
def test_strikes_too_far_from_every_stop_are_not_matched(delay_s):
    force_t, load, t, height = struck_rod(100.0, 0.5 + 0.8137 * np.arange(10), delay_s)
    assert len(tap_onsets_s(force_t, load)) == len(tap_stops_s(t, height)) == 10
    assert len(offsets_s(force_t, load, t, height)) == 0


def test_a_rod_that_bounces_is_stopped_once():
    """It hops up and lands 100 ms later: that is nearer to a load 80 ms late, but it is no new strike."""
    force_t, load, t, height = struck_rod(200.0, 0.5 + 0.8137 * np.arange(10), 0.08, rebound=0.0)
    for contact in 0.5 + 0.8137 * np.arange(10):
        d = t - contact
        hop = (d > 0) & (d < 0.1)
        height[hop] = 0.30 + 0.5 * 9.81 * d[hop] * (0.1 - d[hop])
    assert len(tap_stops_s(t, height)) == 10
    assert np.median(offsets_s(force_t, load, t, height)) == pytest.approx(0.0813, abs=1.5e-3)


@pytest.mark.parametrize("zero_n", [25.0, -40.0, 300.0])
def test_the_load_of_the_empty_plate_is_taken_off_before_a_strike_is_told(zero_n):
    force_t, load, t, height = struck_rod(100.0, 0.5 + 0.8137 * np.arange(10), 0.004)
    noise = np.random.default_rng(0).normal(0.0, 2.0, len(load))
    plain = offsets_s(force_t, load + noise, t, height)
    assert len(plain) == 10
    np.testing.assert_allclose(offsets_s(force_t, load + noise + zero_n, t, height), plain)


def test_a_rod_that_is_pressed_or_not_seen_tells_nothing():
    force_t, load, t, height = struck_rod(100.0, np.array([0.5, 1.5]), 0.0)
    assert len(offsets_s(force_t, load, t, np.full(len(t), 0.3))) == 0
    assert len(offsets_s(force_t, load, t, height * np.nan)) == 0
    assert len(offsets_s(force_t[:0], load[:0], t[:0], height[:0])) == 0
    assert len(tap_onsets_s(force_t, np.full(len(force_t), 300.0))) == 0
    assert tap_onsets_s(force_t, load)[0] == pytest.approx(0.5013, abs=2e-4)
