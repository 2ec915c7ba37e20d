"""How the blocks of a protocol ended, as ``session.json`` has it: what the report goes by where one ran.

It judged every valid step while it ran, told or not, by its own rule; a second opinion by another one would
contradict what the operator saw.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from compute.conventions import Side
from compute.success import IN_BAND_PCT, Judgement, State

Results = Mapping[str, Mapping[str, Any]]
"""Block's name -> how the leg ended it, the last time that it ran."""


def results_of(facts: Mapping[str, Any], side: Side) -> Results:
    """Results of one leg; none without a protocol, or where they are hidden."""
    protocol = facts.get("protocol")
    blocks = protocol.get("blocks") if isinstance(protocol, Mapping) else None
    found: dict[str, Mapping[str, Any]] = {}
    for block in blocks if isinstance(blocks, list) else []:
        legs = block.get("legs") if isinstance(block, Mapping) else None
        leg = legs.get(side.word) if isinstance(legs, Mapping) else None
        if isinstance(leg, Mapping):
            found[str(block.get("name"))] = {**leg, "kind": block.get("kind")}
    return found


def in_band(results: Results, name: str, valid: int) -> tuple[int, int] | None:
    """Steps of a block that were held against its band, and those inside; None where none were."""
    pct = _number(results.get(name, {}).get("in_band_pct"))
    return None if pct is None else (valid, round(0.01 * pct * valid))


def trained(results: Results) -> tuple[int, int] | None:
    """The same for all training blocks together."""
    held = [
        (int(each.get("valid", 0)), pct)
        for each in results.values()
        if each.get("kind") == "train" and (pct := _number(each.get("in_band_pct"))) is not None
    ]
    if not held:
        return None
    return sum(n for n, _ in held), sum(round(0.01 * pct * n) for n, pct in held)


def by_protocol(found: Judgement, results: Results, success_pct: float) -> Judgement:
    """What is said of a leg: the protocol's word on its last training block, where there is one."""
    aimed_pct = success_pct if isfinite(success_pct) else IN_BAND_PCT
    last = [(n, e) for n, e in results.items() if e.get("kind") == "train"][-1:]
    for name, each in last:
        if each.get("success") is True:
            # what it was bought by is told all the same
            state: State = "paid for" if found.risen else "reached"
            return replace(found, state=state, missing=(), aimed_pct=aimed_pct)
        if each.get("success") is False:
            why = tuple(f"{name}: {reason}" for reason in each.get("why", ()))
            return replace(found, state="missed", missing=why or (name,), aimed_pct=aimed_pct)
    return replace(found, aimed_pct=aimed_pct)


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type] # known to be a number
