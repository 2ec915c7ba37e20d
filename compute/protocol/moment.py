"""What a protocol says of one moment: to the walker's picture, and to the operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan
from typing import Literal

from compute.conventions import Side
from compute.feedback import Display, LegFeedback, WalkerFeedback
from compute.protocol import questions as asking
from compute.protocol.inputs import Step
from compute.protocol.judgement import RECENT, change_of, change_shown, improves, risen, wanted
from compute.protocol.leg_baseline import LegBaseline, change_pct, mean
from compute.protocol.leg_moment import LegNow, legs_now
from compute.protocol.plan import TOLD_KINDS, Block, Plan, Question
from compute.protocol.records import Answer
from compute.protocol.state import State

USUAL = "Walk as you normally do"
KEEP = "Keep walking the way you practised"
STAND = "Please wait"
DONE = "Thank you, that was all"
WORDS = {
    "familiarise": USUAL, "baseline": USUAL, "test": KEEP, "train": "Keep going", "catch": KEEP,
    "retention": KEEP, "rest": "Rest a little",
}  # fmt: skip
"""What the walker reads in a block that has no message of its own while nothing else is shown."""

PromptKind = Literal["answer", "stop", "hold", "baseline", "guard", "speed", "hint", "note"]
SPEED_PCT = 2.0
"""EKAM depends on speed: what was the baseline's must stay."""


@dataclass(frozen=True)
class Prompt:
    """Something that the operator is told or asked.

    Attributes
    ----------
    name : of the question that is due. urgent : nothing goes on before it is answered.
    low, high : of the question that is due, the least and the greatest answer; NaN of anything else.
    """

    kind: PromptKind
    text: str
    name: str = ""
    urgent: bool = False
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class TimelineEntry:
    """One block for the operator's overview.

    Attributes
    ----------
    length_s : planned; NaN where it depends on steps or on the operator. success : of the block that
        is over, True when every trained leg succeeded; None where nothing is judged.
    """

    name: str
    kind: str
    when: Literal["done", "now", "to come"]
    length_s: float
    valid: int | None
    success: bool | None = None


@dataclass(frozen=True)
class Moment:
    """A protocol now.

    Attributes
    ----------
    label : as in the column ``block``. number, of : of the block among all.
    told : per leg, whether the walker is told now. message : for the walker.
    counted : per leg, valid stances in the block; `needed` of each trained leg, 0 for none.
    elapsed_s, left_s : of the block; NaN where its end does not depend on time.
    legs : the trained ones; none for a blinded operator. ended : nothing more comes.
    """

    label: str
    kind: str
    number: int
    of: int
    told: tuple[bool, bool]
    display: Display
    message: str
    counted: tuple[int, int]
    needed: int
    elapsed_s: float
    left_s: float
    prompts: tuple[Prompt, ...]
    timeline: tuple[TimelineEntry, ...]
    session: int = 1
    sessions: int = 1
    protocol: str = ""
    halted: str = ""
    held: str = ""
    ended: bool = False
    blinded: bool = False
    answers: tuple[Answer, ...] = ()
    questions: tuple[Question, ...] = ()
    legs: tuple[LegNow, ...] = ()


def moment_of(state: State, usual: Display = "bar") -> Moment:
    """Everything that a state says; `usual` is the laboratory's picture."""
    plan, block = state.plan, state.running
    display, message = picture(state, usual)
    length_s = nan if block is None or block.after_s is None else block.after_s
    elapsed_s = nan if block is None else max(0.0, state.now_s - state.begun_s)
    needed = 0 if block is None else block.after_valid or 0
    if block is not None and block.kind == "baseline":
        needed = max(needed, plan.baseline.stances)
    return Moment(
        label=state.stretches[-1].label,
        kind="" if block is None else block.kind,
        number=min(state.block + 1, len(plan.blocks)),
        of=len(plan.blocks),
        told=(state.tells(Side.LEFT), state.tells(Side.RIGHT)),
        display=display,
        message=message,
        counted=(state.valid(Side.LEFT), state.valid(Side.RIGHT)),
        needed=needed,
        elapsed_s=elapsed_s,
        left_s=max(0.0, length_s - elapsed_s) if isfinite(length_s) else nan,
        prompts=tuple(_prompts(state)),
        timeline=timeline(state),
        session=plan.session,
        sessions=plan.sessions,
        protocol=plan.name,
        halted=state.halted,
        held=state.held,
        ended=state.ended,
        blinded=plan.blinded,
        answers=state.answers,
        questions=plan.questions,
        legs=legs_now(state),
    )


def picture(state: State, usual: Display = "bar") -> tuple[Display, str]:
    """Which picture the walker is shown, the `usual` one unless a block has its own, and its words."""
    block = state.running
    if block is None:
        return "message", DONE if state.ended else STAND
    words = block.message or WORDS[block.kind]
    if any(state.tells(side) for side in Side):
        return block.display or usual, words
    if block.kind in TOLD_KINDS:
        words = KEEP  # the block's own words are of a picture that is not there now
    return ("blank" if block.display == "blank" else "message"), words


def steered(feedback: WalkerFeedback, state: State) -> WalkerFeedback:
    """The walker's feedback with each leg as the protocol wants it: told of this target, or of none."""
    left, right = (_steered(feedback.leg(side), state, side) for side in Side)
    if left is feedback.left and right is feedback.right:
        return feedback
    return replace(feedback, left=left, right=right)


def _steered(leg: LegFeedback, state: State, side: Side) -> LegFeedback:
    target, baseline = state.targets[side], state.baselines[side]
    if not state.tells(side) or target is None:
        if leg.phase == "off":
            return leg
        return LegFeedback(side, leg.target, "off", stance=leg.stance)
    value = nan if baseline is None else baseline.mean
    count = 0 if baseline is None else baseline.count
    based = leg.baseline == value or (isnan(leg.baseline) and isnan(value))
    # where a session goes on, the first feedback there is has the terms of the target and no baseline
    if leg.phase == "feedback" and leg.target == target and based:
        return leg
    return LegFeedback(side, target, "feedback", count, value, stance=leg.stance)


def timeline(state: State) -> tuple[TimelineEntry, ...]:
    """Every block in its order."""
    over: dict[str, bool | None] = {}  # of a block that was repeated the last time
    for result in state.results:
        judged = [result.legs[side].success for side in state.plan.legs]
        over[result.name] = False if False in judged else None if None in judged else True
    return tuple(_entry(block, i, state, over) for i, block in enumerate(state.plan.blocks))


def _entry(block: Block, index: int, state: State, over: dict[str, bool | None]) -> TimelineEntry:
    when: Literal["done", "now", "to come"] = "now" if index == state.block else "to come"
    if index < state.block:
        when = "done"
    length_s = nan if block.after_s is None else block.after_s
    success = over.get(block.name) if when == "done" and not state.plan.blinded else None
    return TimelineEntry(block.name, block.kind, when, length_s, block.after_valid, success)


# --- prompts ------------------------------------------------------------------------------------------


def _prompts(state: State) -> Iterator[Prompt]:
    if state.halted:
        yield Prompt("stop", f"{state.halted}: resume, or end the session", urgent=True)
    if state.held:
        yield Prompt("hold", f"{state.held}: accept it, repeat, go on, or end", urgent=True)
    for question in state.plan.questions:
        if due(question, state):
            text = f"ask for {question.name} ({question.low:g} to {question.high:g})"
            yield Prompt("answer", text, question.name, low=question.low, high=question.high)
    block = state.running
    if block is not None and block.kind == "baseline":
        # how many are still missing, progress tells; this is about those that are there
        for fault in state.baseline_faults():
            if " of " not in fault:
                yield Prompt("baseline", f"{fault}: the baseline goes on, or accept it")
    yield from _speed(state)
    if state.plan.blinded:
        return  # what follows would tell the arms apart, by what is said or by its being left out
    if block is not None and block.kind in ("train", "catch", "retention"):
        yield from _guards(state)
        if block.kind == "train":
            yield from _hint(state)
    yield from (Prompt("note", note) for note in state.block_notes)


def due(question: Question, state: State) -> bool:
    """Whether the operator should ask this now."""
    return asking.due(question, state.answers, state.now_s, state.over_s)


def _guards(state: State) -> Iterator[Prompt]:
    """What rises while the trained variable goes the way that is wanted."""
    plan = state.plan
    for side in plan.legs:
        target = state.targets[side]
        last = state.steps[-4 * RECENT :]
        if target is None or not improves(last, side, plan, state.baselines, target):
            continue
        for each in risen(last, side, plan, state.baselines):
            said = f"{side.word} leg: {each.words} is {each.size} above its baseline while {_falls(plan)}"
            yield Prompt("guard", said)


def _falls(plan: Plan) -> str:
    return f"{plan.target.spec.label} gets nearer to its target"


def _hint(state: State) -> Iterator[Prompt]:
    """Strategies, for a walker who does not get on by trying."""
    plan = state.plan
    if not plan.strategies or plan.sham or state.now_s - state.begun_s < plan.hint_after_s:
        return
    last = state.steps[-4 * RECENT :]
    for side in plan.legs:
        enough = sum(step.side is side and step.usable for step in last) >= RECENT
        change = _too_little(state, side, last) if enough else ""
        if change:
            yield Prompt("hint", f"{side.word} leg: {change} so far; suggest {plan.strategies}")
            return


def _too_little(state: State, side: Side, last: Sequence[Step]) -> str:
    """The change of a leg, in words, where it is less than would do; empty where it does, or is not known.

    Of a personal target the outcome has to fall, as in the tests; of any other the variable has to go half
    of the way to the target, as in a block that succeeds.
    """
    plan, target, baseline = state.plan, state.targets[side], state.baselines[side]
    if plan.target.rule == "personal":
        pct = change_of(plan.measured, last, side, plan, state.baselines)
        return f"{pct:+.0f} %" if pct > -plan.target.responder_pct else ""
    if target is None or baseline is None:
        return ""
    asked = wanted(target, target.shown(baseline.mean, baseline.mean))
    change = change_shown(last, side, baseline, target)
    if not asked or not change / asked < 0.5:
        return ""
    digits = 0 if target.mode == "relative" else max(target.digits, 1)
    return f"{change:+.{digits}f} {target.unit}"


def _speed(state: State) -> Iterator[Prompt]:
    known = [each for each in state.baselines if isinstance(each, LegBaseline)]
    before = mean([each.speed_m_per_s for each in known])
    last = [step.speed_m_per_s for step in state.steps[-RECENT:] if isfinite(step.speed_m_per_s)]
    if state.running is None or len(last) < RECENT or not isfinite(before):
        return
    pct = change_pct(mean(last), before)
    if abs(pct) > SPEED_PCT:
        yield Prompt(
            "speed",
            f"belt speed {pct:+.0f} % from that of the baseline: set them back, or repeat the baseline",
        )
