"""The report goes by what the protocol found, where one ran."""

from math import nan

import pytest

from compute import Side
from compute.success import IN_BAND_PCT, Judgement
from stream.protocol_verdict import by_protocol, in_band, results_of, trained


def leg(valid, pct, success, *why):
    return {"valid": valid, "in_band_pct": pct, "success": success, "why": list(why)}


def facts(*blocks):
    return {
        "protocol": {
            "blocks": [
                {"name": name, "kind": kind, "legs": {"left": each}} for name, kind, each in blocks
            ]
        }
    }


FACTS = facts(
    ("baseline", "baseline", leg(50, None, None)),
    ("train 1", "train", leg(100, 40.0, False, "40 % of the steps in the band, 50 % are needed")),
    ("catch", "catch", leg(20, 100.0, True)),
    ("train 2", "train", leg(100, 60.0, True)),
)
OWN = Judgement("missed", ("47 % of the steps were in the band",))


def test_the_last_training_block_decides_by_the_protocols_own_share():
    results = results_of(FACTS, Side.LEFT)
    assert by_protocol(OWN, results, 50.0) == Judgement("reached", aimed_pct=50.0)
    first = {name: each for name, each in results.items() if name != "train 2"}
    said = by_protocol(OWN, first, 50.0)
    assert said.state == "missed"
    assert said.missing == ("train 1: 40 % of the steps in the band, 50 % are needed",)


def test_success_that_was_bought_stays_bought():
    paid = Judgement("paid for", (), ("the left knee flexion moment",))
    assert by_protocol(paid, results_of(FACTS, Side.LEFT), 50.0).state == "paid for"


def test_steps_without_feedback_are_held_against_their_band_too():
    results = results_of(FACTS, Side.LEFT)
    assert in_band(results, "catch", 20) == (20, 20)
    assert in_band(results, "baseline", 50) is None
    assert trained(results) == (200, 100)


@pytest.mark.parametrize(
    "given", [{}, {"protocol": None}, {"protocol": {"blocks": None}}, {"protocol": {"blocks": [3]}},
              facts(("train", "train", None)), facts(("train", "train", {}))],
)  # fmt: skip
def test_without_results_nothing_changes(given):
    results = results_of(given, Side.LEFT)
    assert trained(results) is None
    assert by_protocol(OWN, results, nan) == OWN
    assert OWN.aimed_pct == IN_BAND_PCT
    assert not results_of(FACTS, Side.RIGHT)
