"""What the log of a protocol says of every stance of a recording, and of every attempt at a block.

The state of a protocol is a function of its log: it is made again here, input by input, and what stood when
a stance was scored is written down. Nothing of it is guessed from ``stances.csv``.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import nan
from pathlib import Path
from typing import Literal

from compute import Side
from compute.feedback import Target
from compute.protocol import Ask, Plan, State, Step, start
from compute.protocol.bands import placeholder
from compute.protocol.judgement import LegResult, leg_result
from compute.protocol.leg_baseline import LegBaseline, mean
from compute.protocol.plan import AIMED_KINDS, Block
from stream.errors import EkamError
from stream.protocol_run import read_setup

End = Literal["ended", "repeated", "unfinished"]
Baselines = tuple[LegBaseline | None, LegBaseline | None]


@dataclass(frozen=True)
class Located:
    """Where a stance belongs, and what it was held against.

    Attributes
    ----------
    label : as in the column ``block``. block : None outside of the blocks.
    number : of the block in the session, from 1. attempt : at the block, from 1. Both 0 outside.
    counted : it counts for its block: it was decided before the block ended.
    told : the walker was told of it, if only that it does not count.
    baseline : mean of the leg, in the unit shown; NaN before there is one.
    judged : mean of the leg's last `Plan.mean_of` valid values in this attempt, in the target's terms.
    low, high : band in force.
    """

    label: str
    block: Block | None = None
    number: int = 0
    attempt: int = 0
    counted: bool = False
    told: bool = False
    baseline: float = nan
    judged: float = nan
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Attempt:
    """One attempt at a block, as far as it ended in this recording.

    Attributes
    ----------
    from_s : when it began, moved on by pauses; negative where it began in the recording before.
    end : ``repeated`` where the operator began it again before it ended, ``unfinished`` where the recording
        ended first.
    """

    number: int
    attempt: int
    name: str
    kind: str
    from_s: float
    to_s: float
    end: End
    legs: tuple[LegResult, LegResult]
    baselines: Baselines


@dataclass(frozen=True)
class Followed:
    """The protocol of one recording.

    Attributes
    ----------
    stances : number of the stance -> where it belongs; those of this recording alone.
    attempts : at blocks, in order. begun : number of a block -> how many attempts at it began so far, in
        the parts before included.
    """

    plan: Plan
    state: State
    terms: Target
    stances: Mapping[int, Located] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    begun: Mapping[int, int] = field(default_factory=dict)


def follow(folder: Path) -> Followed | None:
    """Follow the log of a session's folder; None where it is missing or cannot be followed."""
    try:
        setup, inputs = read_setup(folder)
        follower = _Follower(setup.plan())
    except (EkamError, OSError):
        return None
    for each in inputs:
        follower.take(each)
    return follower.found()


class _Follower:
    def __init__(self, plan: Plan) -> None:
        self.plan, self.terms = plan, placeholder(plan)
        self.state = start(plan)
        self.begun: Counter[int] = Counter()
        self.stances: dict[int, Located] = {}
        self.attempts: list[Attempt] = []
        self._begins: list[tuple[float, int, int]] = []  # when, of which block, which attempt
        if not self.state.held:
            self._begin(1, 0.0)

    def take(self, each: Step | Ask) -> None:
        """One input."""
        if isinstance(each, Step):
            self._to(self.state.at(each.t_decide_s))
            before = self.state
            after = before.after(each)
            self.stances[each.number] = self._located(each, before, after)
            self._to(after)
            return
        self._to(self.state.at(each.at_s))
        if each.what == "resumed":  # what was before is in another recording's folder
            self.stances.clear()
            self.attempts.clear()
            by = self.state.now_s
            self._begins = [(at_s - by, of, attempt) for at_s, of, attempt in self._begins]
        self._to(self.state.asked(each), again=each.what == "repeat")

    def found(self) -> Followed:
        """What it came to."""
        last = [] if self.state.ended or self.state.held else [self._open(self.state, "unfinished")]
        attempts = (*self.attempts, *last)
        return Followed(self.plan, self.state, self.terms, self.stances, attempts, dict(self.begun))

    def _to(self, after: State, *, again: bool = False) -> None:
        """Go on to a state, and note which attempts ended and began on the way."""
        before = self.state
        if after is before:
            return
        for i, result in enumerate(after.results[len(before.results) :]):
            number = before.block + 1 + i
            if i:
                self._begin(number, result.from_s)
            self.attempts.append(
                Attempt(
                    number, self.begun[number], result.name, result.kind, result.from_s, result.to_s,
                    "ended", result.legs, after.baselines,
                )
            )  # fmt: skip
        if again and not before.held:
            self.attempts.append(self._open(before, "repeated"))
        begins = again or after.block != before.block or bool(before.held)
        if begins and not after.ended and not after.held:  # one that is held has not begun
            self._begin(after.block + 1, after.begun_s)
        self.state = after

    def _open(self, state: State, end: End) -> Attempt:
        """The attempt that runs, judged as if it ended here."""
        block, number = self.plan.blocks[state.block], state.block + 1
        left, right = (
            leg_result(
                state.steps, side, self.plan, state.baselines, state.own_aim(side), state.aimed
            )
            for side in Side
        )
        to_s = state.halted_s if state.halted else state.now_s
        return Attempt(
            number, self.begun[number], block.name, block.kind, state.begun_s, to_s, end, (left, right),
            state.baselines,
        )  # fmt: skip

    def _located(self, step: Step, before: State, after: State) -> Located:
        side, placed = step.side, after.placed
        stretch = before.stretch_at(step.t_on_s)
        if stretch.block < 0:
            return Located(placed.block)
        block, number = self.plan.blocks[stretch.block], stretch.block + 1
        current = stretch is before.stretches[-1]
        counted = current and before.running is not None
        baseline = before.baselines[side]
        zero = nan if baseline is None else baseline.mean
        judged = nan
        if counted and step.usable and block.kind in AIMED_KINDS and side in self.plan.legs:
            own = (s.value for s in reversed(before.steps) if s.side is side and s.usable)
            newest = [step.value, *islice(own, self.plan.mean_of - 1)]
            if baseline is not None or self.terms.mode == "absolute":
                judged = self.terms.shown(mean(newest[::-1]), zero)
        return Located(
            placed.block, block, number, self._attempt_at(stretch.from_s, number), counted,
            placed.told, zero, judged, placed.low, placed.high,
        )  # fmt: skip

    def _attempt_at(self, from_s: float, number: int) -> int:
        """Which attempt at a block a stretch belongs to that began then."""
        return next(
            attempt
            for begun_s, of, attempt in reversed(self._begins)
            if of == number and begun_s <= from_s
        )

    def _begin(self, number: int, at_s: float) -> None:
        self.begun[number] += 1
        self._begins.append((at_s, number, self.begun[number]))
