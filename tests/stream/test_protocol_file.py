"""protocol.toml: what is refused, what differs by session; every template walked to its end."""

from math import isfinite

import pytest
from striders import Strider, walk

from compute.conventions import Side
from compute.protocol import Ask, moment_of
from stream.errors import EkamError
from stream.protocol_file import read_protocol, templates

BLOCKS = """
[[blocks]]
name = "base"
kind = "baseline"
[[blocks]]
name = "train"
kind = "train"
minutes = [1, 2]
share = [1, 0.5]
"""


def read(tmp_path, text):
    path = tmp_path / "p.toml"
    path.write_text(text)
    return read_protocol(str(path)).protocol


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\nblinde = true\n' + BLOCKS, "'blinde' is not known; did you mean 'blinded'"),
        ('name = "x"\n', "'blocks' is missing"),
        ('name = "x"\n[[blocks]]\nname = "t"\nkind = "train"\n', "'t' needs a baseline before it"),
        ('name = "x"\n[target]\nvariable = "kam"\n' + BLOCKS, "no feedback variable 'kam'"),
        ('name = "x"\n[target]\nchange = -10\nlimit = -5\n' + BLOCKS, "limit must lie further"),
        ('name = "x"\n[target]\nrule = "absolute"\n' + BLOCKS, "needs low and high"),
        ('name = "x"\n[target]\nrule = "normative"\n' + BLOCKS, "needs mean and sd"),
        ('name = "x"\n[target]\nrule = "personal"\n' + BLOCKS, "needs outcome"),
        ('name = "x"\n' + BLOCKS + 'changes = [1]\n', "changes belong to a test"),
        ('name = "x"\n' + BLOCKS + '[[blocks]]\nname = "train"\nkind = "rest"\n', "two blocks are called"),
        ('name = "x"\n' + BLOCKS + 'sessions = [2]\n', "is of session 2, and there are 1"),
        ('name = "x"\n' + BLOCKS + 'cycle_steps = 10\nshare_at_end = 0.5\n', "needs its length, valid"),
        ('name = "x"\n[baseline]\nstances = 10\n' + BLOCKS, "least must not be above stances"),
        ('name = "x"\n[[guards]]\nvariable = "hip_adduction_peak"\nlimit_pct = 10\n' + BLOCKS,
         "takes limit, in °, not limit_pct"),
        ('name = "x"\n' + BLOCKS + '[[blocks]]\nname = "hold"\nkind = "rest"\n', "a block cannot be called 'hold'"),
        ('name = "x"\n' + 2 * '[[questions]]\nname = "pain"\n' + BLOCKS, "two questions are called 'pain'"),
        ('name = "x"\n[target]\nchange = []\n' + BLOCKS, "at least 1 item"),
        ('name = "x"\n' + BLOCKS + '[[blocks]]\nname = "t"\nkind = "train"\nshare = []\n', "at least 1 item"),
        ('name = "x"\n' + BLOCKS + '[[blocks]]\nname = "t"\nkind = "train"\nminutes = []\n', "at least 1 item"),
        ('name = "x"\n[[guards]]\nvariable = "kfm_peak"\nlimit = 2\n' + BLOCKS, "takes limit_pct"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(tmp_path, text, said):
    with pytest.raises(EkamError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)


def test_a_protocol_that_is_not_there_lists_the_templates():
    with pytest.raises(EkamError, match="the templates are ekam_retraining, foot_angle"):
        read_protocol("ekam_retrainig")


def test_what_a_session_is(tmp_path):
    protocol = read(
        tmp_path, 'name = "x"\nsessions = 3\nlegs = "one"\narms = {A = "noise"}\n' + BLOCKS
    )
    plans = [protocol.plan(n, leg=Side.LEFT, arm="A") for n in (1, 2, 3)]
    assert [plan.blocks[1].after_s for plan in plans] == [60.0, 120.0, 120.0]
    assert [plan.blocks[1].fading.first for plan in plans] == [1.0, 0.5, 0.5]
    assert plans[0].sham == "noise"
    for options, said in (
        ({"session": 4, "leg": Side.LEFT}, "no session 4: it is over"),
        ({"session": 1, "arm": "A"}, "trains one leg"),
        ({"session": 1, "leg": Side.LEFT}, r"has arms \(A\): say which, with --arm"),
        ({"session": 1, "leg": Side.LEFT, "arm": "B"}, "no arm 'B'"),
    ):
        with pytest.raises(EkamError, match=said):
            protocol.plan(**options)


def test_tests_come_in_an_order_of_each_participant_s_own():
    protocol = read_protocol("foot_angle").protocol

    def order(seed):
        plan = protocol.plan(1, leg=Side.LEFT, seed=seed)
        return [block.change for block in plan.blocks if block.kind == "test"]

    assert order("S01/abc") == order("S01/abc")
    orders = {tuple(order(f"S{i:02d}/abc")) for i in range(40)}
    assert len(orders) > 15
    assert {tuple(sorted(each)) for each in orders} == {(-10.0, -5.0, 5.0, 10.0)}
    assert {each[0] for each in orders} == {-10.0, -5.0, 5.0, 10.0}


def test_a_guard_of_an_angle_has_its_limit_in_degrees(tmp_path):
    tables = """[[guards]]
variable = "hip_adduction_peak"
limit = 3.5
[[guards]]
variable = "pelvic_drop_peak"
"""
    guards = read(tmp_path, 'name = "x"\n' + tables + BLOCKS).plan().guards
    assert [(each.by_share, each.limit) for each in guards] == [(False, 3.5), (False, 2.0)]


def test_an_answer_is_held_against_the_questions_of_every_session():
    protocol = read_protocol("foot_angle").protocol
    protocol.check_answer("WOMAC pain", 20.0)
    with pytest.raises(EkamError, match="asks no question 'womac': take one of pain, WOMAC pain"):
        protocol.check_answer("womac", 3.0)
    for value in (-1.0, 21.0, float("nan")):
        with pytest.raises(EkamError, match="WOMAC pain is a number from 0 to 20, and"):
            protocol.check_answer("WOMAC pain", value)


def sessions():
    for name in templates():
        for session in range(1, read_protocol(name).protocol.sessions + 1):
            yield name, session


def leg_of(protocol):
    return Side.LEFT if protocol.legs == "one" else None


@pytest.mark.parametrize(("name", "session"), list(sessions()))
def test_every_session_of_every_template_runs_to_its_end(name, session):
    """A walker who answers: blocks in their order and length, fading as the file says."""
    file = read_protocol(name).protocol
    carried = (1.0, float("nan"))
    plan = file.plan(session, leg=leg_of(file), carried=carried)
    strider = Strider(answer=0.12, learnt=session > 1)
    if name == "loading_rate_runners":
        strider.answer = 0.3
    if name == "foot_angle":
        strider = Strider(effects={-10: -0.04, -5: -0.12, 5: 0.01, 10: 0.04})
    walked = walk(plan, strider)
    state = walked.state
    assert state.ended, state.held
    assert [result.name for result in state.results] == [block.name for block in plan.blocks]
    assert len(walked.placed) == sum(isinstance(each.number, int) for each in walked.placed)
    for block, result in zip(plan.blocks, state.results, strict=True):
        if block.after_s is not None and block.after_valid is None and block.kind != "baseline":
            assert result.to_s - result.from_s == pytest.approx(block.after_s)
        told = [p.told for p in walked.placed if p.block == block.name]
        if block.kind == "train":
            trained = [
                p.told for p in walked.placed
                if p.block == block.name and (len(plan.legs) == 2 or p.number % 2 == Side.LEFT)
            ]  # fmt: skip
            assert sum(trained) / len(trained) == pytest.approx(block.fading.first, abs=0.03)
            for side in plan.legs:
                leg = result.legs[side]
                assert leg.success, leg.why
                assert isfinite(leg.in_band_pct)
        elif block.kind != "test":
            assert not any(told)


@pytest.mark.parametrize("name", list(templates()))
def test_a_walker_who_does_not_answer_is_judged_so(name):
    file = read_protocol(name).protocol
    flat = dict.fromkeys((-10, -5, 5, 10), 0.0)
    strider = Strider(effects=flat) if name == "foot_angle" else Strider()
    walked = walk(file.plan(1, leg=leg_of(file)), strider, seconds=3000.0)
    if name == "foot_angle":
        assert "no responder" in walked.state.held
        return
    trained = [r for r in walked.state.results if r.kind == "train"]
    assert trained
    assert not any(result.legs[Side.LEFT].success for result in trained)


def test_pain_halts_a_template_and_the_warning_of_runners_is_there():
    file = read_protocol("ekam_retraining").protocol
    asks = (Ask("answer", 5.0, "pain", 2.0), Ask("answer", 700.0, "pain", 4.0))
    walked = walk(file.plan(1), Strider(), asks=asks, seconds=720.0)
    assert walked.state.halted == "pain rose from 2 to 4"
    assert moment_of(walked.state).prompts[0].urgent
    for name in ("hip_adduction_runners", "loading_rate_runners"):
        assert "not yet validated on running data" in read_protocol(name).protocol.warning
