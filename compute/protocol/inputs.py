"""All that drives a protocol: finished stances, and what the operator asked. Both are kept as plain numbers.

The state of a protocol is a function of these inputs in their order, and of nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from compute.conventions import Side
from compute.protocol.plan import Plan
from compute.stance import Stance
from compute.variables import find

ASKS = (
    "next", "repeat", "accept", "pause", "resume", "answer", "correct", "shift_band", "end", "resumed",
    "recalibrated", "another_lab",
)  # fmt: skip
"""What an operator can ask of a protocol; anything else leaves it as it is."""


@dataclass(frozen=True)
class Step:
    """What a protocol keeps of a stance.

    Attributes
    ----------
    valid : the verdict. values : of the plan's `watched` variables, in the units shown.
    sigma : standard uncertainty of the first of them from marker and plate noise; NaN where not known.
    """

    number: int
    side: Side
    valid: bool
    t_on_s: float
    t_decide_s: float
    values: tuple[float, ...]
    sigma: float = nan
    speed_m_per_s: float = nan

    @property
    def value(self) -> float:
        """Of the variable that is fed back."""
        return self.values[0]

    @property
    def usable(self) -> bool:
        """Valid, and the value is known: only then it counts."""
        return self.valid and isfinite(self.values[0])

    def table(self) -> dict[str, Any]:
        """For a line of a log; reads back to the same."""
        return {
            "step": self.number,
            "side": self.side.word,
            "valid": self.valid,
            "t_on_s": self.t_on_s,
            "t_decide_s": self.t_decide_s,
            "values": [_none(each) for each in self.values],
            "sigma": _none(self.sigma),
            "speed_m_per_s": _none(self.speed_m_per_s),
        }


@dataclass(frozen=True)
class Ask:
    """What the operator asked, and when, s from the first marker sample.

    Attributes
    ----------
    what : of `ASKS`. text, number : what belongs to it: name and value of an answer, a reason, a shift. Of
        ``correct`` name and place of an answer among those that stand, ``pain 2`` for the second, and what
        it should have been.
    """

    what: str
    at_s: float
    text: str = ""
    number: float = nan

    def table(self) -> dict[str, Any]:
        """For a line of a log; reads back to the same."""
        return {
            "ask": self.what,
            "at_s": self.at_s,
            "text": self.text,
            "number": _none(self.number),
        }


def step_of(stance: Stance, plan: Plan) -> Step:
    """What a protocol keeps of a judged stance."""
    return Step(
        stance.number,
        stance.side,
        stance.valid,
        stance.t_on_s,
        stance.t_decide_s,
        tuple(float(find(name).value(stance)) for name in plan.watched),
        _sigma(stance, plan.target.variable),
        stance.belt_speed_m_per_s,
    )


def from_table(table: Mapping[str, Any]) -> Step | Ask:
    """A line of a log.

    Raises
    ------
    KeyError, ValueError, TypeError : it is none.
    """
    if "ask" in table:
        return Ask(
            str(table["ask"]), float(table["at_s"]), str(table["text"]), _nan(table["number"])
        )
    side = {each.word: each for each in Side}[table["side"]]
    values = tuple(_nan(each) for each in table["values"])
    return Step(
        int(table["step"]), side, bool(table["valid"]), float(table["t_on_s"]),
        float(table["t_decide_s"]), values, _nan(table["sigma"]), _nan(table["speed_m_per_s"]),
    )  # fmt: skip


def _sigma(stance: Stance, variable: str) -> float:
    mass = stance.body_mass_kg
    peaks = {
        "ekam_peak1": stance.ekam_peak1_sigma_nm,
        "ekam_peak2": stance.ekam_peak2_sigma_nm,
        "ekam_larger_peak": max(stance.ekam_peak1_sigma_nm, stance.ekam_peak2_sigma_nm),
    }
    return peaks.get(variable, nan) / mass


def _none(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _nan(value: float | None) -> float:
    return nan if value is None else float(value)
