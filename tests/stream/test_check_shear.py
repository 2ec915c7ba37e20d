"""Signs and order of the horizontal forces, told from steps."""

import numpy as np
import pytest
import walkers
from checks import SIX, judged, lab_with, not_ok, of, plate, stand, walk, with_values
from reference import DATA, TRIALS, needs_data

from stream.check_plates import plates_of
from stream.check_seen import Verdict
from stream.check_shear import CHANGE, UNSURE, Shear, shear_of, stances
from stream.lab import read_lab
from stream.readers import read_recording
from stream.source import Role

FX, FY = "Fx", "Fy"  # of the synthetic plates: fore-aft is Fy, sideways Fx


def factored(seen, number, **factors):
    def scale(values):
        for kind, factor in factors.items():
            values[:, plate(seen, number, kind)] *= factor

    return with_values(seen, Role.FORCES, scale)


def exchanged(seen, *numbers):
    def exchange(values):
        for number in numbers:
            at = plate(seen, number, FX, FY)
            values[:, at] = values[:, at[::-1]]

    return with_values(seen, Role.FORCES, exchange)


def test_a_good_walk_says_which_channels_and_what_is_not_seen():
    found = judged(walk())
    for number, side in ((1, "left"), (2, "right")):
        along, across = found[f"{side} plate fore-aft"], found[f"{side} plate sideways"]
        assert along.verdict is across.verdict is Verdict.OK
        assert f"channel Fy{number}" in along.found
        assert f"channel Fx{number}" in across.found
        assert "neither its gain nor the free moment" in along.found
        assert "toward the other foot" in across.found


@pytest.mark.parametrize(
    ("factors", "wrong"),
    [
        ({FX: -1, FY: -1}, {"fore-aft": "Fy2", "sideways": "Fx2"}),
        ({FY: -1}, {"fore-aft": "Fy2"}),
        ({FX: -1}, {"sideways": "Fx2"}),
    ],
)
def test_a_wrong_sign_names_its_channel(factors, wrong):
    found = judged(factored(walk(), 2, **factors))
    assert set(not_ok(found)) == {f"right plate {what}" for what in wrong}
    for what, channel in wrong.items():
        bad = found[f"right plate {what}"]
        assert bad.verdict is Verdict.FAILED
        assert f"channel {channel} has the wrong sign" in bad.cure


def test_exchanged_channels_are_named_with_the_cure_for_this_lab_file():
    seen = exchanged(walk(), 1)
    bad = not_ok(judged(seen))
    assert set(bad) == {"left plate fore-aft"}
    assert bad["left plate fore-aft"].verdict is Verdict.FAILED
    assert "channels Fy1 and Fx1 are exchanged" in bad["left plate fore-aft"].cure
    assert "instead of index" in bad["left plate fore-aft"].cure
    described = seen.forces.info.plates
    lab = lab_with(
        plates=[
            {
                "side": side,
                "wrench": [f"{kind}{number}" for kind in SIX],
                "corners_m": described[number - 1].corners_m,
                "origin_m": described[number - 1].origin_m,
            }
            for number, side in ((1, "left"), (2, "right"))
        ]
    )
    bad = not_ok(judged(seen, lab))
    assert "exchange Fy1 and Fx1 in wrench" in bad["left plate fore-aft"].cure


def test_nobody_walks_or_too_few_steps():
    assert judged(stand())["horizontal forces"].verdict is Verdict.NOT_CHECKED
    late = walk().forces.stamps_s - walk().forces.stamps_s[0] > 2.4
    found = judged(with_values(walk(), Role.FORCES, lambda v: v.__setitem__(late, 0.0)))
    for side in ("left", "right"):
        few = found[f"{side} plate horizontal forces"]
        assert few.verdict is Verdict.NOT_CHECKED
        assert "3 are needed" in few.found


def test_a_zero_that_is_off_and_noise_change_no_verdict():
    rng = np.random.default_rng(3)

    def disturb(values):
        values += rng.normal(0.0, 3.0, values.shape) * np.tile([1, 1, 1, 0.1, 0.1, 0.1], 2)
        values[:, plate(walk(), 1, FX, FY)] += [9.0, -9.0]

    seen = with_values(walk(), Role.FORCES, disturb)
    for plain, each in zip(
        *(plates_of(s.forces, walkers.lab()) for s in (walk(), seen)), strict=True
    ):
        good, shear = shear_of(plain, 1000.0), shear_of(each, 1000.0)
        assert shear.brake == pytest.approx(good.brake, abs=3e-3)
        assert shear.push == pytest.approx(good.push, abs=3e-3)
        assert shear.aside == pytest.approx(good.aside, abs=3e-3)
    found = judged(seen)
    for side in ("left", "right"):
        assert found[f"{side} plate fore-aft"].verdict is Verdict.OK
        assert found[f"{side} plate sideways"].verdict is Verdict.OK


def test_too_little_force_is_not_judged_and_one_that_only_drives_is_asked_about():
    weak = judged(factored(walk(), 1, Fx=-0.2, Fy=-0.05))
    for what in ("fore-aft", "sideways"):
        assert weak[f"left plate {what}"].verdict is Verdict.NOT_CHECKED

    def pulled(values):
        at = plate(walk(), 1, "Fz", FY)
        values[:, at[1]] += 0.2 * np.abs(values[:, at[0]]) * np.sign(lateral)

    # Whichever way the plate's y points: the load is pushed forward over the whole stance.
    seen, lab = walk(), walkers.lab()
    forward = plates_of(seen.forces, lab)[0].wrench[:, 0]
    lateral = float(np.corrcoef(forward, seen.forces.values[:, plate(seen, 1, FY)[0]])[0, 1])
    odd = judged(with_values(seen, Role.FORCES, pulled))["left plate fore-aft"]
    assert odd.verdict is Verdict.WARNING
    assert "hands off the rails" in odd.cure


def test_steps_that_carry_both_feet_are_left_out():
    up = np.zeros(12000)
    for start, length in ((500, 650), (1700, 1000), (2900, 660), (4100, 640), (5300, 200)):
        up[start : start + length] = 700.0
    up[11800:] = 700.0
    assert [round(each.start, -2) for each in stances(up, 1000.0)] == [500, 2900, 4100]
    assert stances(np.zeros(1000), 1000.0) == []
    assert stances(np.full(1000, 700.0), 1000.0) == []
    assert Shear(0).change != Shear(0).change


def seen_walk(trial):
    lab = read_lab(trial.lab).lab
    return of(read_recording(trial.path(trial.walk), lab, None)), lab


def seen_others(name):
    """A walk toward -x over a left, then a right plate."""
    axes = {"forward": "-x", "up": "+z", "right": "+y"}
    lab = lab_with(axes=axes, plates=[{"side": "left", "index": 1}, {"side": "right", "index": 2}])
    return of(read_recording(DATA / "c3d_variety" / name, lab, None)), lab


REAL = [pytest.param(seen_walk, trial, id=trial.folder) for trial in TRIALS] + [
    pytest.param(seen_others, name, id=name) for name in ("opensim_walking5.c3d", "bmc_Gait.c3d")
]


@needs_data
@pytest.mark.parametrize(("read", "which"), REAL)
def test_real_walks_brake_then_drive_and_lean_inward(read, which):
    seen, lab = read(which)
    for each in plates_of(seen.forces, lab):
        shear = shear_of(each, seen.forces.info.nominal_rate_hz)
        assert shear.stances >= 1
        assert shear.brake < -UNSURE
        assert shear.push > UNSURE
        assert shear.change > 3 * CHANGE
        assert abs(shear.aside_change) < CHANGE
        assert shear.aside > 0.5 * UNSURE


@needs_data
@pytest.mark.parametrize(
    ("factors", "wrong"),
    [
        ({}, set()),
        ({FX: -1, FY: -1}, {"fore-aft", "sideways"}),
        ({FY: -1}, {"fore-aft"}),
        ({FX: -1}, {"sideways"}),
        (None, {"fore-aft"}),
    ],
)
def test_a_real_treadmill_walk_with_faults_put_in(factors, wrong):
    seen, lab = seen_walk(TRIALS[1])
    labels = seen.forces.info.labels

    def spoil(values):
        for number in (1, 2):
            at = [
                labels.index(next(x for x in labels if x.endswith(f"{k}{number}")))
                for k in (FX, FY)
            ]
            if factors is None:
                values[:, at] = values[:, at[::-1]]
            else:
                values[:, at] *= [factors.get(FX, 1), factors.get(FY, 1)]

    found = judged(with_values(seen, Role.FORCES, spoil), lab, mass_kg=TRIALS[1].mass_kg)
    failed = {name for name, each in found.items() if each.verdict is Verdict.FAILED}
    assert failed == {f"{side} plate {what}" for side in ("left", "right") for what in wrong}
