"""The offset between markers and forces, of walks whose offset is known."""

from math import isnan

import faults
import numpy as np
import pytest
import reference
import walkers

from compute.plate_check import tap_offsets_s, tap_onsets_s, tap_stops_s
from compute.sync_offset import (
    BODIES,
    CUTOFF_HZ,
    GAIN_LIMITS,
    MAX_LAG_S,
    MIN_TAPS,
    WINDOW_S,
    bodies_among,
    measure_offset,
    measure_tap,
    window_lag,
)

G = 9.81
PELVIS = ("LASI", "RASI", "LPSI", "RPSI")
OFFSETS_S = (0.008, -0.008, 0.003, 0.0, 0.06)


def height_m(time_s):
    """A pelvis at 105 steps a minute, with a stride of uneven steps."""
    w = 2.0 * np.pi * 0.875
    return (
        0.95
        + 0.018 * np.cos(2 * w * time_s)
        + 0.002 * np.cos(4 * w * time_s + 1.0)
        + 0.003 * np.sin(w * time_s)
    )


def pull_m_per_s2(time_s):
    w = 2.0 * np.pi * 0.875
    two, four, one = (
        0.018 * (2 * w) ** 2 * np.cos(2 * w * time_s),
        0.002 * (4 * w) ** 2 * np.cos(4 * w * time_s + 1.0),
        0.003 * w**2 * np.sin(w * time_s),
    )
    return -two - four - one


def walk(
    offset_s=0.0,
    seconds=20.0,
    marker_hz=100.0,
    force_hz=1000.0,
    body=BODIES[0],
    gain=0.85,
    noise=0.0,
):
    """A body that follows its pelvis late by what is usual, on two belts; forces stamped late by `offset_s`."""
    rng = np.random.default_rng(1)
    marker_s = np.arange(int(seconds * marker_hz)) / marker_hz
    force_s = np.arange(int(seconds * force_hz)) / force_hz
    markers = rng.normal(scale=noise * 3e-4 + 1e-12, size=(len(marker_s), len(body.markers), 3))
    markers[:, :, 1] += height_m(marker_s)[:, None]
    wrench = np.zeros((len(force_s), 2, 6))
    up = 70.0 * (G + gain * pull_m_per_s2(force_s - offset_s - body.bias_s))
    share = 0.5 + 0.5 * np.tanh(8.0 * np.sin(2.0 * np.pi * 0.875 * force_s))
    wrench[:, 0, 1], wrench[:, 1, 1] = share * up, (1.0 - share) * up
    wrench[:, :, 1] += noise * rng.normal(scale=5.0, size=(len(force_s), 2))
    return marker_s, markers, body.markers, force_s, wrench, marker_hz, force_hz


@pytest.mark.parametrize("offset_s", OFFSETS_S)
@pytest.mark.parametrize(
    ("marker_hz", "force_hz"), [(60.0, 600.0), (100.0, 1000.0), (200.0, 500.0)]
)
def test_an_offset_put_in_is_found(offset_s, marker_hz, force_hz):
    found = measure_offset(*walk(offset_s, marker_hz=marker_hz, force_hz=force_hz))
    assert found.offset_s == pytest.approx(offset_s, abs=2e-4)
    assert (found.n, found.method, found.reason) == (4, "pelvis", "")


@pytest.mark.parametrize("offset_s", OFFSETS_S)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
def test_every_body_with_noise(offset_s, body):
    found = measure_offset(*walk(offset_s, body=body, noise=1.0))
    assert found.offset_s == pytest.approx(offset_s, abs=1e-3)
    assert found.method == body.name
    assert 0.0 < found.error_s < 1e-3
    assert found.bound_s == body.bound_s


def test_the_best_body_that_is_seen_is_taken():
    marker_s, markers, _, *rest = walk(0.008, noise=1.0)
    names = ("LASI", "RASI", "LPSI", "RPSI", "C7")
    markers = np.concatenate([markers, markers[:, :1]], axis=1)
    short = markers.copy()
    short[300:308, 2] = np.nan  # 80 ms
    found = measure_offset(marker_s, short, names, *rest)
    assert (found.method, found.n) == ("pelvis", 4)
    assert found.offset_s == pytest.approx(0.008, abs=1e-3)
    gone = markers.copy()
    gone[:, 3] = np.nan
    found = measure_offset(marker_s, gone, names, *rest)
    assert (found.method, found.n) == ("front of the pelvis", 4)
    long = markers.copy()
    long[300:320, :4] = np.nan  # one window is lost
    assert measure_offset(marker_s, long, names, *rest).n == 3


def test_the_best_lag_against_a_slow_search():
    """Correlation at every tenth of a millisecond, by the definition."""
    marker_s, markers, names, force_s, wrench, *rates = walk(0.0043, seconds=WINDOW_S)
    lag = window_lag(
        marker_s, markers[:, :, 1], names, force_s, wrench[:, :, 1].sum(axis=1), *rates
    )
    inner = (force_s > 0.5) & (force_s < 4.5)
    load = wrench[inner, :, 1].sum(axis=1)
    tried = np.arange(-0.02, 0.02, 1e-4)
    fits = [np.corrcoef(load, pull_m_per_s2(force_s[inner] - each))[0, 1] for each in tried]
    assert lag.lag_s == pytest.approx(tried[np.argmax(fits)], abs=2e-4)
    assert lag.gain == pytest.approx(0.85, abs=0.03)  # the filter takes more of the quicker part


def synthetic(offset_s=0.0, strides=14):
    given = walkers.samples(strides)
    return measure_offset(
        given.marker_time_s, given.markers_m, walkers.subject().markers(),
        given.force_time_s + offset_s, given.wrench, 100.0, 1000.0,
    )  # fmt: skip


@pytest.mark.parametrize("offset_s", [0.008, -0.008, 0.003, 0.0])
def test_an_offset_put_into_the_synthetic_walker(offset_s):
    plain, found = synthetic(), synthetic(offset_s)
    assert found.n == 3
    assert found.lag_s - plain.lag_s == pytest.approx(offset_s, abs=1e-3)
    # Its pelvis bobs by itself, not by the loads: only a change can be said of it.
    assert isnan(found.offset_s)
    assert "does not move as the body" in found.reason


def of_trial(trial, offset_s=0.0):
    given = reference.samples_of(trial)
    return measure_offset(
        given.marker_time_s, given.markers_m, given.names, given.force_time_s + offset_s,
        given.wrench, given.marker_hz, given.force_hz,
    )  # fmt: skip


@reference.needs_data
@pytest.mark.parametrize("trial", reference.TRIALS, ids=lambda trial: trial.folder)
def test_real_walks_are_in_step_to_the_bound(trial):
    found = of_trial(trial)
    assert abs(found.offset_s) <= found.bound_s
    assert found.method.startswith("pelvis")


@reference.needs_data
@pytest.mark.parametrize("offset_s", [0.008, -0.008, 0.003, 0.02, -0.02])
@pytest.mark.parametrize("trial", reference.TRIALS, ids=lambda trial: trial.folder)
def test_an_offset_put_into_real_walks(trial, offset_s):
    assert of_trial(trial, offset_s).lag_s - of_trial(trial).lag_s == pytest.approx(
        offset_s, abs=1e-3
    )


@reference.needs_data
def test_a_real_walk_with_faults_keeps_its_offset():
    given = reference.samples_of(reference.TRIALS[1])
    broken = faults.dropped_force_samples(faults.dropped_frames(given, 3.0, 6), 7.0, 30)
    broken = faults.occluded(broken, ("LPSI",), (2.0, 2.08))
    found = measure_offset(
        broken.marker_time_s, broken.markers_m, broken.names, broken.force_time_s, broken.wrench, 100.0, 1000.0,
    )  # fmt: skip
    assert found.n == 2
    assert found.lag_s == pytest.approx(of_trial(reference.TRIALS[1]).lag_s, abs=1e-3)


def test_what_cannot_be_said_has_a_reason():
    marker_s, markers, names, force_s, wrench, *rates = walk()
    assert (
        "no marker"
        in measure_offset(marker_s, markers, ("LKNE",) * 4, force_s, wrench, *rates).reason
    )
    assert (
        "nothing"
        in measure_offset(marker_s[:0], markers[:0], names, force_s, wrench, *rates).reason
    )
    still = np.broadcast_to(np.array([0.0, 70.0 * G / 2, 0.0, 0.0, 0.0, 0.0]), wrench.shape)
    cases = {
        "stands": (markers, still),
        "no load": (markers, np.zeros_like(wrench)),
        "one plate is not measured": (
            markers,
            np.where(np.arange(2)[:, None] == 0, np.nan, wrench),
        ),
        "pelvis hidden": (np.full_like(markers, np.nan), wrench),
        "one belt only": (markers, np.where(np.arange(2)[:, None] == 0, 0.0, wrench)),
    }
    for what, (at, loads) in cases.items():
        found = measure_offset(marker_s, at, names, force_s, loads, *rates)
        assert isnan(found.offset_s), what
        assert isnan(found.lag_s), what
        assert "nobody was seen to walk" in found.reason, what
        assert found.n == 0


def test_a_pelvis_that_moves_by_itself_gives_no_offset():
    for gain in (0.5, 1.4):
        found = measure_offset(*walk(gain=gain))
        assert not GAIN_LIMITS[0] <= gain <= GAIN_LIMITS[1]
        assert isnan(found.offset_s)
        assert found.lag_s == pytest.approx(BODIES[0].bias_s, abs=1e-3)


def test_lags_beyond_the_search_are_not_made_up():
    assert isnan(measure_offset(*walk(offset_s=MAX_LAG_S + 0.05)).lag_s)


def test_bodies_are_chosen_in_order():
    assert bodies_among(("C7", "LASI", "RASI", "SACR", "LHEE")) == (BODIES[1], BODIES[2])
    assert not bodies_among(("LKNE", "RKNE"))
    assert all(sum(weight for _, weight in body.weights) == pytest.approx(1.0) for body in BODIES)
    assert CUTOFF_HZ < 20.0  # stays below half of the slowest marker rate that a lab may have


def rod(offset_s, marker_hz, strikes=10, noise_m=0.0, stiffness=2e5, mass_kg=0.6, speed=0.6):
    """A rod struck on a belt: falls evenly, is stopped by spring and damper, rests, is lifted.

    The load begins exactly at the contact; the marker is at even frames, the forces at 1000 Hz.
    """
    dt = 5e-5
    time_s = np.arange(0.0, strikes * 1.0 + 0.5, dt)
    height = np.empty(len(time_s))
    load = np.zeros(len(time_s))
    w = np.sqrt(stiffness / mass_kg)
    for k in range(strikes + 1):
        contact = k + 0.5 + 0.00317 * k  # at all phases of the frames
        here = (time_s >= contact - 0.5) & (time_s < contact + 0.5)
        t = time_s[here] - contact
        fall = -speed * t
        deep = -speed * np.maximum(t, 0.0) * np.exp(-w * np.maximum(t, 0.0))  # critically damped
        lift = np.clip(t - 0.25, 0.0, None) * 0.8
        height[here] = np.where(t < 0.0, np.minimum(fall, 0.1), deep + lift)
        push = mass_kg * speed * (2.0 * w - w**2 * t) * np.exp(-w * np.maximum(t, 0.0)) + 30.0
        load[here] = np.where((t >= 0.0) & (t < 0.25), np.maximum(push, 30.0), 0.0)
    rng = np.random.default_rng(3)
    marker_s = np.arange(0.0, time_s[-1], 1.0 / marker_hz)
    force_s = np.arange(0.0, time_s[-1], 0.001)
    at = (
        0.3
        + np.interp(marker_s, time_s, height)
        + rng.normal(scale=noise_m + 1e-12, size=len(marker_s))
    )
    up = np.interp(force_s, time_s, load) + rng.normal(scale=2.0, size=len(force_s))
    return force_s + offset_s, up, marker_s, at


def rod_offsets_s(force_s, up_n, marker_s, height):
    return tap_offsets_s(tap_onsets_s(force_s, up_n), tap_stops_s(marker_s, height))


@pytest.mark.parametrize("marker_hz", [100.0, 200.0])
@pytest.mark.parametrize("noise_m", [0.0, 2e-4])
@pytest.mark.parametrize("offset_s", [0.008, -0.008, 0.0])
def test_a_rod_struck_on_the_belt(marker_hz, noise_m, offset_s):
    found = measure_tap(rod_offsets_s(*rod(offset_s, marker_hz, noise_m=noise_m)))
    assert found.n >= 9
    assert found.offset_s == pytest.approx(offset_s, abs=1e-3)
    assert found.error_s < 1e-3
    assert found.method == "tap"


def test_a_softer_stop_stays_within_the_bound():
    found = measure_tap(rod_offsets_s(*rod(0.008, 100.0, stiffness=5e4)))
    assert abs(found.offset_s - 0.008) <= found.bound_s


def test_few_strikes_say_nothing():
    offsets = rod_offsets_s(*rod(0.008, 100.0))[: MIN_TAPS - 1]
    found = measure_tap(offsets)
    assert isnan(found.offset_s)
    assert (found.n, found.reason) == (MIN_TAPS - 1, "4 strikes were seen, 5 are needed")


def test_one_bad_strike_does_not_matter():
    offsets = rod_offsets_s(*rod(0.008, 200.0))
    offsets[0] += 0.03
    assert measure_tap(offsets).offset_s == pytest.approx(0.008, abs=1e-3)
