"""How far a session has come in its plan: a state that stances and the operator move on.

::

    after(step), asked(ask), at(time)  ->  State      each a new one; nothing else changes it

Blocks follow one another by the times of the data, never by a clock: the state after some inputs is a
function of these inputs in their order. `at` only does what the next input would do first anyway, so
it may be called at any moment, or never.

A stance belongs to the block in which its heel strike fell. It counts for that block only if it is
decided before the block ends; it is never lost, and never counts for a later one.
"""

from dataclasses import dataclass, replace
from itertools import islice
from math import inf, isfinite, nan

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol import personal
from compute.protocol.aims import aim
from compute.protocol.bands import Band
from compute.protocol.inputs import Ask, Step
from compute.protocol.judgement import BlockResult, leg_result
from compute.protocol.leg_baseline import LegBaseline, baseline_faults, leg_baseline, mean
from compute.protocol.personal import Tested
from compute.protocol.plan import AIMED_KINDS, TOLD_KINDS, Block, Plan
from compute.protocol.questions import answered, corrected, newest, takes, why_halt
from compute.protocol.records import NOWHERE, Answer, Change, Placed, Stretch
from compute.protocol.sham import sham_value

PAUSE, HOLD, END = "pause", "hold", "end"
"""What stands in the column ``block`` outside of the blocks: halted; a block that cannot begin; over."""

OTHER_LEAST = 10
"""The leg that is not trained has a baseline, for its guards, from so many valid stances on."""


@dataclass(frozen=True)
class State:
    """A session of a protocol at one moment.

    Attributes
    ----------
    block : number of the one that runs; as many as there are = over. begun_s : when it began, pauses
        taken out. steps : counted in it; `aimed` : the band that held at each of them;
        how many of each leg are `usable`, how many of `trained` legs, of any verdict.
    halted : why everything waits, empty while it does not; since `halted_s`.
    held : why the block `block` cannot begin.
    accepted : the operator takes the running baseline as it is.
    taken : stances per leg so far, of any verdict.
    offered : bands that need the operator's consent.
    notes : all so far. block_notes : those that arose in `block`, once more if they did before.
    """

    plan: Plan
    now_s: float = 0.0
    block: int = -1
    begun_s: float = 0.0
    steps: tuple[Step, ...] = ()
    aimed: tuple[tuple[float, float] | None, ...] = ()
    usable: tuple[int, int] = (0, 0)
    trained: int = 0
    stretches: tuple[Stretch, ...] = ()
    halted: str = ""
    halted_s: float = 0.0
    held: str = ""
    accepted: bool = False
    taken: tuple[int, int] = (0, 0)
    baselines: tuple[LegBaseline | None, LegBaseline | None] = (None, None)
    targets: tuple[Target | None, Target | None] = (None, None)
    offered: tuple[Target | None, Target | None] = (None, None)
    tests: tuple[Tested, ...] = ()
    results: tuple[BlockResult, ...] = ()
    answers: tuple[Answer, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    block_notes: tuple[str, ...] = ()
    placed: Placed = NOWHERE

    # --- what is ------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the last block is over."""
        return self.block >= len(self.plan.blocks)

    @property
    def over_s(self) -> float:
        """When the last block was over; NaN before."""
        return self.stretches[-1].from_s if self.ended else nan

    @property
    def running(self) -> Block | None:
        """The block that runs; None while halted, held or over."""
        return None if self.halted or self.held or self.ended else self.plan.blocks[self.block]

    def valid(self, side: Side) -> int:
        """Valid stances of a leg that count in the running block."""
        return self.usable[side]

    def tells(self, side: Side) -> bool:
        """Whether the walker is told of this leg now."""
        block = self.running
        if block is None or block.kind not in TOLD_KINDS or side not in self.plan.legs:
            return False
        if self.targets[side] is None:
            return False
        if block.fading.by == "steps":
            length = (block.after_valid or nan) * len(self.plan.legs)
            return block.fading.told(self.trained, length)
        return block.fading.told(max(0.0, self.now_s - self.begun_s), block.after_s or nan)

    def told_value(self, side: Side, value: float) -> float:
        """What the walker is told of a stance of this leg with this value, in the unit shown."""
        target, baseline = self.targets[side], self.baselines[side]
        block = self.running
        n = block.mean_of if block is not None else 1
        if self._made_up and target is not None and baseline is not None:
            return sham_value(self.plan, side, self.taken[side], baseline, target, n)
        own = (s.value for s in reversed(self.steps) if s.side is side and s.usable)
        return mean([value, *islice(own, n - 1)])

    @property
    def _made_up(self) -> bool:
        block = self.running
        return self.plan.sham == "noise" and block is not None and block.kind == "train"

    def stretch_at(self, t_s: float) -> Stretch:
        """What a stance whose heel strike was then belongs to."""
        for stretch in reversed(self.stretches):
            if stretch.from_s <= t_s:
                return stretch
        return self.stretches[0]

    # --- what moves it on ---------------------------------------------------------------------------

    def at(self, t_s: float) -> "State":
        """The state at a time, every block ended whose time was over; an earlier time changes nothing."""
        state = self
        while not state.ended:
            ends_s = state._ends_s()
            if not ends_s <= max(t_s, state.now_s):
                break
            state = state._next(ends_s)
        return replace(state, now_s=max(t_s, state.now_s)) if t_s > state.now_s else state

    def after(self, step: Step) -> "State":
        """The state once a stance is scored; `placed` says where it belongs."""
        state = self.at(step.t_decide_s)
        side = step.side
        stretch = state.stretch_at(step.t_on_s)
        counts = state.running is not None and stretch is state.stretches[-1]
        told = counts and state.tells(side)
        low, high = stretch.bands[side] or (nan, nan)
        value = state.told_value(side, step.value) if told and step.usable else nan
        block = state.running
        collected = counts and step.usable and block is not None and block.kind == "baseline"
        state = state._counted(step) if counts else state
        state = replace(
            state,
            placed=Placed(step.number, stretch.label, low, high, told, value, collected),
            taken=_one_more(state.taken, side),
        )
        return state.at(state.now_s)

    def _counted(self, step: Step) -> "State":
        return replace(
            self,
            steps=(*self.steps, step),
            aimed=(*self.aimed, self.stretches[-1].bands[step.side]),
            usable=_one_more(self.usable, step.side) if step.usable else self.usable,
            trained=self.trained + (step.side in self.plan.legs),
        )

    def asked(self, ask: Ask) -> "State":
        """The state once the operator asked for something; what cannot be is a note."""
        state = self.at(ask.at_s)
        answered = getattr(state, f"_ask_{ask.what}", None)
        if answered is None:
            return state
        state = answered(ask)
        return state.at(state.now_s)

    # --- blocks -------------------------------------------------------------------------------------

    def _ends_s(self) -> float:
        """When the running block ends if nothing else comes; infinite when it needs more than time."""
        block = self.running
        if block is None or (block.by_operator and block.kind != "baseline"):
            return inf
        ends_s = self.begun_s + block.after_s if block.after_s is not None else self.now_s
        enough = block.after_valid or 0
        if any(self.valid(side) < enough for side in self.plan.legs):
            return inf
        if block.kind == "baseline" and not self.accepted and self.baseline_faults():
            return inf
        return max(ends_s, self.now_s)  # what is enough only now ends it now

    def baseline_faults(self) -> tuple[str, ...]:
        """Why the running baseline cannot end yet."""
        spec, rules = self.plan.target.spec, self.plan.baseline
        return tuple(
            fault
            for side in self.plan.legs
            for fault in baseline_faults(self._usable(side), rules, spec, side.word)
        )

    def _usable(self, side: Side) -> list[Step]:
        return [step for step in self.steps if step.side is side and step.usable]

    def _next(self, t_s: float) -> "State":
        """End the running block and begin the one after it."""
        return self._closed(t_s)._begin(self.block + 1, t_s)

    def _closed(self, t_s: float) -> "State":
        """With the results of the running block."""
        block = self.plan.blocks[self.block]
        state = replace(self, now_s=max(t_s, self.now_s)) if t_s > self.now_s else self
        if block.kind == "baseline":
            state = state._with_baseline()
        if block.kind == "test":
            found = tuple(
                personal.tested(
                    state.steps, side, self.plan, state.baselines[side], block.change, self.block
                )
                for side in self.plan.legs
            )
            others = tuple(each for each in state.tests if each.block != self.block)
            state = replace(state, tests=(*others, *found))
        legs = tuple(
            leg_result(
                state.steps, side, self.plan, state.baselines, state.own_aim(side), state.aimed
            )
            for side in Side
        )
        result = BlockResult(block.name, block.kind, self.begun_s, t_s, (legs[0], legs[1]))
        state = replace(state, results=(*state.results, result))
        # a tested band is none to train with
        return replace(state, targets=(None, None)) if block.kind == "test" else state

    def own_aim(self, side: Side) -> Target | None:
        """What the protocol itself aims a leg at in the running block, however the band was moved."""
        if self.plan.blocks[self.block].kind not in AIMED_KINDS or self.targets[side] is None:
            return None
        made = aim(self.plan, self.block, side, self.baselines[side], self.tests)
        return made.target or self.targets[side]

    def _begin(self, index: int, t_s: float) -> "State":
        state = replace(self, block=index, begun_s=t_s, held="", accepted=False, block_notes=())
        state = replace(state, steps=(), aimed=(), usable=(0, 0), trained=0)
        if state.ended:
            return state._stretch(t_s)
        block = self.plan.blocks[index]
        if block.kind in AIMED_KINDS:
            made = {
                side: aim(self.plan, index, side, state.baselines[side], state.tests)
                for side in self.plan.legs
            }
            for side, each in made.items():
                if state.targets[side] is None:
                    state = state._take(each, side, block, t_s)
            if block.kind in TOLD_KINDS and not any(state.targets[side] for side in made):
                why = "; ".join(each.refused or each.note for each in made.values())
                state = replace(state, held=f"{block.name} cannot begin: {why}")
        return state._stretch(t_s)

    def _stretch(self, t_s: float) -> "State":
        """From now on stances belong to what runs now."""
        block = self.running
        if block is not None:
            edges = [
                (target.low, target.high)
                if target is not None and side in self.plan.legs and block.kind in AIMED_KINDS
                else None
                for side, target in zip(Side, self.targets, strict=True)
            ]
            made = Stretch(t_s, block.name, self.block, (edges[0], edges[1]))
        else:
            made = Stretch(t_s, END if self.ended else PAUSE if self.halted else HOLD)
        kept = self.stretches
        if kept and kept[-1].from_s >= t_s:
            kept = kept[:-1]
        return replace(self, stretches=(*kept, made))

    def _with_baseline(self) -> "State":
        """Take the baselines of both legs from the block that ends."""
        found = list(self.baselines)
        for side in Side:
            good = self._usable(side)[-self.plan.baseline.stances :]
            if len(good) >= (1 if side in self.plan.legs else OTHER_LEAST):
                found[side] = leg_baseline(good)
        return replace(self, baselines=(found[0], found[1]), targets=(None, None))

    # --- targets ------------------------------------------------------------------------------------

    def _take(self, made: Band, side: Side, block: Block, t_s: float) -> "State":
        """With this band of a leg, or with it offered where it needs consent."""
        why = f"test of {block.change:+g}" if block.kind == "test" else "by the protocol"
        state = self._noted(made.note)._noted(made.refused)
        if made.refused:
            return replace(
                state,
                targets=_put(state.targets, side, None),
                offered=_put(state.offered, side, made.target),
            )
        return (
            state if made.target is None else state._aim(made.target, side, made.note or why, t_s)
        )

    def _aim(self, target: Target | None, side: Side, why: str, t_s: float) -> "State":
        if target == self.targets[side]:
            return self
        return replace(
            self,
            targets=_put(self.targets, side, target),
            offered=_put(self.offered, side, None),
            changes=(*self.changes, Change(t_s, side, target, why)),
        )

    def _noted(self, note: str) -> "State":
        if not note or note in self.block_notes:
            return self
        notes = self.notes if note in self.notes else (*self.notes, note)
        return replace(self, notes=notes, block_notes=(*self.block_notes, note))

    # --- the operator -------------------------------------------------------------------------------

    def _ask_next(self, ask: Ask) -> "State":
        """End the running block; go past one that cannot begin."""
        if self.halted or self.ended:
            return self
        if self.held:
            return self._begin(self.block + 1, self.now_s)
        block = self.plan.blocks[self.block]
        if block.kind == "baseline":
            return self._ask_accept(ask)
        return self._next(self.now_s)

    def _ask_accept(self, ask: Ask) -> "State":
        """Take a baseline that fails a check, or bands that need consent."""
        if self.held:
            state = self
            for side in self.plan.legs:
                if state.offered[side] is not None:
                    state = state._aim(
                        state.offered[side],
                        side,
                        f"accepted by the operator: {ask.text}",
                        self.now_s,
                    )
            if state is self:
                return self._noted("there is nothing to accept: repeat, go on, or end")
            state = replace(state, held="", begun_s=self.now_s)
            return state._stretch(self.now_s)
        block = self.running
        if block is None or block.kind != "baseline":
            return self
        least = min((len(self._usable(side)) for side in self.plan.legs), default=0)
        if least < self.plan.baseline.least:
            needed = self.plan.baseline.least
            return self._noted(
                f"a baseline needs {needed} valid stances of each trained leg at least"
            )
        faults = "; ".join(self.baseline_faults())
        state = self._noted(f"baseline accepted by the operator: {faults}" if faults else "")
        return replace(state, accepted=True)._next(self.now_s)

    def _ask_repeat(self, ask: Ask) -> "State":
        """Begin the running block again; a block that cannot begin sends back to what it follows from."""
        if self.halted or self.ended:
            return self
        index = self.block
        if self.held:
            kinds = [block.kind for block in self.plan.blocks[:index]]
            first = "test" if "test" in kinds else "baseline"
            if first not in kinds:
                return self
            index = kinds.index(first) if first == "test" else index - 1 - kinds[::-1].index(first)
        state = replace(self, held="")
        return state._begin(index, self.now_s)

    def _ask_pause(self, ask: Ask) -> "State":
        return self._halt(ask.text or "paused by the operator")

    def _halt(self, why: str) -> "State":
        if self.halted or self.ended:
            return self
        return replace(self, halted=why, halted_s=self.now_s)._stretch(self.now_s)

    def _ask_resume(self, ask: Ask) -> "State":
        if not self.halted:
            return self
        begun_s = self.begun_s + self.now_s - self.halted_s
        return replace(self, halted="", begun_s=begun_s)._stretch(self.now_s)

    def _ask_answer(self, ask: Ask) -> "State":
        """The walker's answer to a question; one beyond its limit halts the training."""
        meant = [each for each in self.plan.questions if takes(each, ask.text, ask.number)]
        if not meant:
            return self
        answer = Answer(self.now_s, ask.text, ask.number, self.block)
        answers = answered(meant, self.answers, answer, self.over_s)
        state = replace(self, answers=answers)
        why = next(filter(None, (why_halt(each, answers) for each in meant)), "")
        return state._halt(why) if why else state

    def _ask_correct(self, ask: Ask) -> "State":
        """Another value for an answer that was mistaken; one beyond its limit halts, as if it had been given.

        A halt that came from the mistake stays until the operator goes on, and says that its reason is gone.
        """
        answers = corrected(self.plan.questions, self.answers, ask.text, ask.number)
        if answers is self.answers:
            return self
        right = newest(self.answers, answers)
        meant = [each for each in self.plan.questions if takes(each, right.name, right.value)]
        before = next(filter(None, (why_halt(each, self.answers) for each in meant)), "")
        after = next(filter(None, (why_halt(each, answers) for each in meant)), "")
        state = replace(self, answers=answers)
        was = f"{right.name} was corrected from {right.replaces:g} to {right.value:g}"
        if after and after != before:
            why = f"{after} ({was})"
            return replace(state, halted=why) if self.halted else state._halt(why)
        if before and not after and before in self.halted:
            return replace(state, halted=f"{was}, there is no reason to stop any more")
        return state

    def _ask_shift_band(self, ask: Ask) -> "State":
        """Move both edges of the trained legs' bands, in the target's terms."""
        if not isfinite(ask.number):
            return self
        state = self
        for side in self.plan.legs:
            target = state.targets[side]
            if target is not None:
                width = target.high - target.low
                if abs(ask.number) > width:
                    state = state._noted(
                        f"a band moves by its own width, {width:.3g} {target.unit}, at most at a time"
                    )
                    continue
                moved = replace(target, low=target.low + ask.number, high=target.high + ask.number)
                why = f"moved by the operator by {ask.number:+g} {target.unit} {ask.text}".strip()
                state = state._aim(moved, side, why, self.now_s)
        return state if state is self else state._stretch(self.now_s)

    def _ask_end(self, ask: Ask) -> "State":
        """End the protocol; what was walked in the running block is judged."""
        if self.ended:
            return self
        state = replace(self, halted="", held="")
        if self.running is not None and self.steps:
            state = state._closed(self.now_s)
        state = state._noted(f"ended by the operator: {ask.text}" if ask.text else "")
        return state._begin(len(self.plan.blocks), self.now_s)

    def _ask_resumed(self, ask: Ask) -> "State":
        """A new recording goes on where the last one broke off: its time begins at zero."""
        by = self.now_s
        state = replace(
            self,
            now_s=0.0,
            begun_s=self.begun_s - by,
            halted_s=self.halted_s - by,
            stretches=tuple(replace(each, from_s=each.from_s - by) for each in self.stretches),
            answers=tuple(replace(each, at_s=each.at_s - by) for each in self.answers),
            changes=tuple(replace(each, at_s=each.at_s - by) for each in self.changes),
            results=tuple(
                replace(each, from_s=each.from_s - by, to_s=each.to_s - by) for each in self.results
            ),
        )
        return state._noted(ask.text or "resumed after an interruption")._stretch(0.0)

    def _ask_recalibrated(self, ask: Ask) -> "State":
        return self._noted(
            f"calibrated anew ({ask.text}), the baseline is kept: a marker placed elsewhere shifts all values"
        )

    def _ask_another_lab(self, ask: Ask) -> "State":
        return self._noted(
            f"another lab file from here on ({ask.text}), the baseline is kept: all values may shift"
        )


def _one_more(counts: tuple[int, int], side: Side) -> tuple[int, int]:
    left, right = counts
    return (left + 1, right) if side is Side.LEFT else (left, right + 1)


def start(plan: Plan) -> State:
    """Before the first stance."""
    return State(plan)._begin(0, 0.0)


def _put(
    pair: tuple[Target | None, Target | None], side: Side, value: Target | None
) -> tuple[Target | None, Target | None]:
    return (value, pair[1]) if side is Side.LEFT else (pair[0], value)
