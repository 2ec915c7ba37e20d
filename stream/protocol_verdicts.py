"""What a session's protocol said of its blocks, what it demanded, and when it was halted.

By ``session.json``; where that does not tell (a session that was cut off, or one that was blinded), by the
protocol's own log: its state is a function of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

from compute import Side
from compute.protocol import Ask, Guard, State, start
from compute.protocol.judgement import LEAST_RISE
from compute.serial import Change
from compute.success import IN_BAND_PCT, MOST_RISE_PCT, RULE, Judgement
from compute.variables import find
from stream.as_said import count_of, number, table
from stream.errors import EkamError
from stream.protocol_run import LOG, leg_table, read_setup
from stream.session_folder import SessionFolder


@dataclass(frozen=True)
class Verdict:
    """A protocol's verdict on one leg in one block.

    Attributes
    ----------
    valid : stances that were judged, told or not. in_band_pct : of those, NaN without a target.
    success : None where none was asked for. why : what is missing for it.
    guards : words of each guard that is beyond its limit.
    """

    name: str
    kind: str
    to_s: float
    valid: int
    in_band_pct: float
    success: bool | None
    why: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()

    @property
    def bought(self) -> bool:
        """All but the guards was fulfilled."""
        return self.success is False and all(each.startswith(self.guards) for each in self.why)


@dataclass(frozen=True)
class Demands:
    """What counts as a success of a session.

    Attributes
    ----------
    rule : in words. in_band_pct : share of steps in the band that is needed. least_rise : N·m/kg by which a
        moment has to rise for it to count.
    rise_pct : column of ``stances.csv`` -> rise of the leg's own mean that is tolerated, %.
    """

    rule: str
    in_band_pct: float
    rise_pct: Mapping[str, float]
    least_rise: float = 0.0

    def beyond(self, column: str, each: Change) -> bool:
        """Whether a change of a column is a rise beyond what is tolerated."""
        return each.pct > self.limit_pct(column) and each.difference > self.least_rise

    def limit_pct(self, column: str) -> float:
        """Tolerated rise of a column, %; our usual one where the protocol does not watch it."""
        return self.rise_pct.get(column, MOST_RISE_PCT)


@dataclass(frozen=True)
class Halt:
    """The protocol was halted, s from the first marker sample."""

    at_s: float
    why: str


def demands(folder: SessionFolder) -> Demands:
    """By the protocol; without one, `compute.success.RULE`."""
    protocol = folder.protocol
    if not protocol:
        return Demands(RULE, IN_BAND_PCT, {})
    pct = number(protocol.get("success_pct", IN_BAND_PCT))
    guards = protocol.get("guards")
    limits: dict[str, float] = {}
    said = []
    for each in guards if isinstance(guards, list) else ():
        try:
            numbers = {name: float(each[name]) for name in ("limit_pct", "limit") if name in each}
            leg: Literal["own", "other"] = "other" if each.get("leg") == "other" else "own"
            guard = Guard(str(each["variable"]), leg, **numbers)
            spec = find(guard.variable)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if guard.leg == "own" and guard.by_share:
            limits[spec.column] = guard.limit_pct
        said.append(f"{guard.words} by more than {guard.most:g} {guard.unit}")
    rule = (
        f"in each training block at least {pct:g} % of the valid steps, told or not, in the target band, and "
        "a mean change of at least half of what the band asks for"
    )
    if said:
        rule += f"; none of these may rise: {', '.join(said)}, a moment by {LEAST_RISE:g} N·m/kg at least"
    return Demands(f"{rule} (by the protocol)", pct, limits, LEAST_RISE)


def verdicts(folder: SessionFolder, side: Side) -> tuple[Verdict, ...]:
    """Of every block that ended in this recording, in order; empty where no protocol ran."""
    found = []
    begin_s = folder.recordings[-1].begin_s
    for block in _blocks(folder):
        leg = table(table(block, "legs"), side.word)
        to_s = number(block.get("to_s")) + begin_s
        if not leg or to_s <= 0.0:  # over before an interruption: its steps are in another folder
            continue
        success, why = leg.get("success"), leg.get("why")
        found.append(
            Verdict(
                str(block.get("name")),
                str(block.get("kind")),
                to_s,
                count_of(leg.get("valid")),
                number(leg.get("in_band_pct")),
                success if isinstance(success, bool) else None,
                tuple(map(str, why if isinstance(why, list) else ())),
                tuple(map(str, table(leg, "guards"))),
            )
        )
    return tuple(found)


def of_training(found: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Those of training blocks; of walking as practised in a session without any."""
    training = tuple(each for each in found if each.kind == "train")
    return training or tuple(each for each in found if each.kind in ("retention", "catch"))


def judgement(found: Sequence[Verdict], planned: Sequence[str] = ()) -> Judgement:
    """What the training blocks of a leg come to: reached if each that was planned succeeded."""
    training = of_training(found)
    if not training:
        return Judgement("unknown", ("the protocol judged no training block of this leg",))
    walked = {each.name for each in training}
    left_out = tuple(f"{name} was not walked to its end" for name in planned if name not in walked)
    failed = [each for each in training if each.success is False]
    unclear = tuple(
        f"{each.name}: {', '.join(each.why)}" for each in training if each.success is None
    )
    if not failed and (unclear or left_out):
        return Judgement("unknown", (*unclear, *left_out))
    risen = tuple(dict.fromkeys(name for each in failed for name in each.guards))
    missing = (*(f"{each.name}: {', '.join(each.why)}" for each in failed), *unclear, *left_out)
    if not failed:
        return Judgement("reached")
    return Judgement("paid for" if all(e.bought for e in failed) else "missed", missing, risen)


def trained(folder: SessionFolder, side: Side) -> bool:
    """Whether a leg was trained: by the protocol, both without one."""
    legs = table(folder.facts, "protocol").get("legs")
    return not isinstance(legs, list) or side.word in legs


def halts(folder: SessionFolder) -> tuple[Halt, ...]:
    """Every halt of this recording: an answer beyond its limit, or the operator's wish."""
    found: list[Halt] = []
    state: State | None = None
    whole = len(folder.recordings) > 1
    for after in _states(folder):
        if state is not None and after.halted and not state.halted:
            found.append(Halt(after.halted_s, after.halted))
        elif state is not None and found and after.halted and after.halted != state.halted:
            found[-1] = Halt(found[-1].at_s, f"{found[-1].why}; {after.halted}")
        if state is not None and after.now_s < state.now_s:  # a new recording goes on from zero
            by_s = state.now_s
            found = [Halt(each.at_s - by_s, each.why) for each in found] if whole else []
        state = after
    last = str(table(folder.facts, "protocol").get("halted") or "")
    begin_s = folder.recordings[-1].begin_s
    found = [Halt(each.at_s + begin_s, each.why) for each in found]
    return tuple(found) if found or not last else (Halt(nan, last),)


def _blocks(folder: SessionFolder) -> list[Mapping[str, Any]]:
    told = table(folder.facts, "protocol").get("blocks")
    if isinstance(told, list):
        return [each for each in told if isinstance(each, dict)]
    state = next(reversed(_states(folder)), None)
    return [
        {
            "name": result.name,
            "kind": result.kind,
            "to_s": result.to_s,
            "legs": {leg.side.word: leg_table(leg) for leg in result.legs},
        }
        for result in (() if state is None else state.results)
    ]


def _states(folder: SessionFolder) -> list[State]:
    """The protocol after each of its inputs; none where the log is missing or cannot be followed."""
    if not (folder.path / LOG).is_file():
        return []
    try:
        setup, inputs = read_setup(folder.path)
        found = [start(setup.plan())]
    except (EkamError, OSError):
        return []
    for each in inputs:
        before = found[-1]
        found.append(before.asked(each) if isinstance(each, Ask) else before.after(each))
    return found
