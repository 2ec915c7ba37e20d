"""Whatever comes in whatever order: no stance is lost, no rejected one succeeds, blocks keep their order."""

from dataclasses import replace
from math import isfinite, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from compute.conventions import Side
from compute.feedback import start as fresh
from compute.protocol import (
    ASKS,
    Ask,
    Block,
    Fading,
    Guard,
    Plan,
    Question,
    Step,
    TargetRule,
    start,
)
from compute.protocol.bands import placeholder
from compute.protocol.inputs import from_table
from compute.protocol.leg_baseline import BaselineRules
from compute.protocol.moment import moment_of, steered
from compute.stance import Stance

PLANS = (
    Plan(
        "relative",
        (
            Block("f", "familiarise", after_s=3.0),
            Block("b", "baseline", after_s=5.0),
            Block("t", "train", after_valid=6, fading=Fading("steps", 4, 1.0, 0.5), mean_of=2),
            Block("c", "catch", after_s=4.0),
            Block("r", "rest"),
            Block("t2", "train", after_s=6.0, fading=Fading("time", 2.0, 0.5, 0.5)),
            Block("e", "retention", after_valid=3),
        ),
        baseline=BaselineRules(6, 5),
        guards=(Guard("kfm_peak"), Guard("ekam_peak1", "other")),
        questions=(Question("pain", every_s=5.0, stop_at=5.0, stop_rise=2.0),),
    ),
    Plan(
        "personal",
        (
            Block("b", "baseline", after_valid=5),
            Block("x-5", "test", after_s=8.0, change=-5.0),
            Block("x+5", "test", after_s=8.0, change=5.0),
            Block("t", "train", after_s=5.0),
        ),
        TargetRule("foot_progression", "personal", outcome="ekam_larger_peak", narrow="refuse"),
        BaselineRules(5, 5),
        legs=(Side.LEFT,),
    ),
)

value = st.one_of(st.floats(-2.0, 2.0), st.just(nan))
stances = st.builds(
    lambda after, late, side, peak, valid, speed: (after, late, side, peak, valid, speed),
    st.floats(0.0, 3.0), st.floats(0.3, 1.2), st.sampled_from(Side), value, st.booleans(),
    st.one_of(st.floats(0.5, 2.0), st.just(nan)),
)  # fmt: skip
wishes = st.tuples(
    st.sampled_from((*ASKS, "nonsense")), st.floats(-1.0, 3.0), st.sampled_from(("", "pain")),
    st.one_of(st.floats(-5.0, 12.0), st.just(nan)),
)  # fmt: skip
courses = st.lists(st.one_of(stances, wishes), max_size=60)
plans = st.builds(
    replace,
    st.sampled_from(PLANS),
    sham=st.sampled_from(("", "natural", "noise")),
    blinded=st.booleans(),
)


def inputs_of(course, plan):
    """Steps and asks, at times that may go back and forth."""
    t_s, made = 0.0, []
    for number, each in enumerate(course):
        t_s += each[0] if isinstance(each[0], float) else 0.0
        if isinstance(each[0], str):
            made.append(Ask(each[0], t_s + each[1], each[2], each[3]))
        else:
            _, late, side, peak, valid, speed = each
            values = tuple(peak for _ in plan.watched)
            made.append(Step(number, side, valid, t_s - late, t_s, values, 0.01, speed))
    return made


def run(plan, made):
    state, states = start(plan), []
    for each in made:
        state = state.after(each) if isinstance(each, Step) else state.asked(each)
        states.append(state)
    return states


@given(plans, courses)
@settings(max_examples=150)
def test_no_stance_is_lost_and_each_has_a_place(plan, course):
    made = inputs_of(course, plan)
    names = {block.name for block in plan.blocks} | {"pause", "hold", "end"}
    for each, state in zip(made, run(plan, made), strict=True):
        if isinstance(each, Step):
            assert state.placed.number == each.number
            assert state.placed.block in names
            assert isfinite(state.placed.low) == isfinite(state.placed.high)
    steps = [each for each in made if isinstance(each, Step)]
    assert sum(run(plan, made)[-1].taken if made else (0, 0)) == len(steps)


@given(plans, courses)
@settings(max_examples=150)
def test_a_rejected_stance_is_never_shown_as_success(plan, course):
    made = inputs_of(course, plan)
    feedback = fresh(placeholder(plan))
    for each, state in zip(made, run(plan, made), strict=True):
        if isinstance(each, Step):
            feedback = steered(feedback, state)
            if state.tells(each.side) and state.placed.told:
                reasons = () if each.usable else ("marker_gap",)
                stance = Stance(
                    each.number, each.side, each.t_on_s, 0.0, 0.0, 70.0, 1.7, reasons=reasons
                )
                feedback = feedback.after(stance, state.placed.value)
                if not each.usable:
                    assert not feedback.leg(each.side).in_band
        if state.placed.told and not each_usable(each, state):
            assert not isfinite(state.placed.value)
        shown = steered(feedback, state)
        for side in Side:
            if not state.tells(side):
                assert not shown.leg(side).in_band
                assert not isfinite(shown.leg(side).value)


def each_usable(each, state):
    return not isinstance(each, Step) or each.usable or state.placed.number != each.number


@given(plans, courses)
@settings(max_examples=150)
def test_blocks_keep_their_order_unless_the_operator_goes_back(plan, course):
    made = inputs_of(course, plan)
    before, now_s = 0, 0.0
    for each, state in zip(made, run(plan, made), strict=True):
        if not (isinstance(each, Ask) and each.what == "repeat"):
            assert state.block >= before
        if not (isinstance(each, Ask) and each.what == "resumed"):
            assert state.now_s >= now_s
        before, now_s = state.block, state.now_s
        froms = [stretch.from_s for stretch in state.stretches]
        assert froms == sorted(froms)
        moment_of(state)


@given(plans, courses, st.lists(st.floats(0.0, 100.0), max_size=10))
@settings(max_examples=100)
def test_the_same_inputs_make_the_same_state_however_often_it_is_looked_at(plan, course, looks):
    made = inputs_of(course, plan)
    once = run(plan, made)
    state = start(plan)
    for i, each in enumerate(made):
        moment_of(state.at(looks[i % len(looks)] if looks else 0.0))  # looking changes nothing
        state = state.after(each) if isinstance(each, Step) else state.asked(each)
        assert repr(state) == repr(once[i])
    again = [from_table(each.table()) for each in made]  # from a log alone
    assert repr(run(plan, again)) == repr(once)
