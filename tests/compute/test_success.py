"""A leg's goal: reached, missed, bought, or not to be judged."""

from math import nan

import pytest

from compute.norms import mdc95_nm_per_kg
from compute.serial import SerialMean, change
from compute.success import judge, wanted_change


def moved(pct, count=60, error=0.004):
    before = SerialMean(count, 0.5, 0.05, float(count), error)
    return change(before, SerialMean(200, 0.5 * (1.0 + pct / 100.0), 0.05, 200.0, error))


def judged(pct=-12.0, in_band=70.0, kfm=0.0, peak2=0.0, count=60, wanted=-10.0):
    each = moved(pct, count)
    companions = {"KFM": moved(kfm), "peak 2": moved(peak2)}
    return judge(each, each.pct, wanted, "%", in_band, companions)


def test_reached():
    assert judged().state == "reached"
    assert judged(pct=-5.5).state == "reached"  # half of what was asked for is enough


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"in_band": 40.0}, "40 % of the steps"),
        ({"pct": -4.0}, "-4.0 %"),
        ({"pct": 12.0}, "+12.0 %"),
    ],
)
def test_missed(given, said):
    found = judged(**given)
    assert found.state == "missed"
    assert said in " ".join(found.missing)


@pytest.mark.parametrize("companion", ["kfm", "peak2"])
def test_never_a_success_that_is_paid_for(companion):
    found = judged(**{companion: 15.0})
    assert found.state == "paid for"
    assert found.risen == (("KFM",) if companion == "kfm" else ("peak 2",))


def test_a_small_certain_rise_is_told():
    found = judged(kfm=6.0)
    assert found.state == "reached"
    assert found.rising == ("KFM",)


def test_a_companion_without_an_interval_is_never_taken_for_safe():
    each, unsure = moved(-12.0), SerialMean(200, 0.6, 0.05, 2.1, 0.03)
    risen = change(SerialMean(60, 0.5, 0.05, 60.0, 0.004), unsure)
    found = judge(each, each.pct, -10.0, "%", 70.0, {"KFM": risen, "peak 2": moved(0.0)})
    assert (found.state, found.risen, found.rising) == ("paid for", ("KFM",), ())


def test_not_judged():
    assert "at least 30" in judged(count=12).missing[0]
    assert judge(None, nan, -10.0, "%", 80.0, {}).state == "unknown"
    assert judged(in_band=nan).state == "unknown"
    each = moved(-12.0)
    assert (
        judge(each, each.pct, -10.0, "%", 80.0, {}).state == "unknown"
    )  # nobody watched the price
    assert judge(each, each.pct, -10.0, "%", 80.0, {"KFM": moved(nan)}).state == "unknown"


def test_what_a_band_asks_for():
    assert wanted_change(60.0, 90.0, 100.0) == -10.0
    assert wanted_change(105.0, 115.0, 100.0) == 5.0
    assert wanted_change(-9.0, -5.0, 0.0) == -5.0
    assert wanted_change(95.0, 105.0, 100.0) != wanted_change(95.0, 105.0, 100.0)  # NaN


def test_minimal_detectable_change():
    """1 %BW·Ht of somebody of 1.70 m is 0.167 N·m/kg (science: 1 %BW·Ht = 0.0981 Ht)."""
    assert mdc95_nm_per_kg(1.70) == pytest.approx(0.16677)
