from dataclasses import replace

import pytest
import walkers

from compute import Side
from compute.stance import REASONS
from stream.reject_watch import CURES, RejectWatch

STANCE = replace(walkers.stances(walkers.samples())[0], side=Side.LEFT)


def test_every_reason_has_a_cure():
    assert set(CURES) == set(REASONS)


@pytest.mark.parametrize("side", Side)
def test_what_rejects_half_of_a_legs_stances_is_told_until_it_is_over(side):
    watch, said = RejectWatch(), []
    for reasons in [(), (), *[("implausible", "plate_saturated")] * 4, *[()] * 6]:
        watch.add(replace(STANCE, side=side, reasons=reasons))
        watch.add(replace(STANCE, side=side.other, reasons=()))
        said.append(watch.sentence())
    assert said[:5] == [""] * 5
    assert said[5] == (
        f"4 of the last 6 {side.word} stances were rejected (plate_saturated): set the plate's amplifier to a "
        "wider range"
    )
    assert all(sentence.startswith("4 of the last 8") for sentence in said[7:10])
    assert said[10:] == ["", ""]


def test_different_reasons_are_no_cause():
    watch = RejectWatch()
    for reason in (
        "outlier",
        "handrail",
        "no_peak",
        "marker_gap",
        "outlier",
        "handrail",
        "no_peak",
    ):
        watch.add(replace(STANCE, reasons=(reason,)))
    assert watch.sentence() == ""
