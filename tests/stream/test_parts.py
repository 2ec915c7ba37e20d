"""What a report says of a session must be what its protocol said: repeated blocks, interruptions, follow-ups."""

import numpy as np
import protocol_folders as folders
import pytest
from striders import Strider

from compute import Side
from compute.protocol import Ask
from display.report import words
from display.report.page import session_page
from stream.course import course
from stream.parts import whole
from stream.protocol_file import read_protocol
from stream.protocol_follow import follow
from stream.protocol_run import Setup, resumed
from stream.session_folder import read_session
from stream.summary import summarise
from stream.watched import PEAK1

FOLLOW_UP = folders.PROTOCOL[: folders.PROTOCOL.index('[[blocks]]\nname = "practice"')] + (
    '[[blocks]]\nname = "without"\nkind = "retention"\nminutes = 2\n'
)


def setup(folder, text=folders.PROTOCOL):
    folder.mkdir(exist_ok=True)
    path = folder / "protocol_file.toml"
    path.write_text(text)
    return Setup(read_protocol(str(path)), arm="A", seed="x")


def agrees(summary, state, kind="train"):
    """Whether each leg's figures are those of the protocol's own result."""
    result = next(each for each in reversed(state.results) if each.kind == kind)
    for side in Side:
        leg, own = summary.leg(side), result.legs[side]
        assert leg.training.changes[PEAK1].pct == pytest.approx(own.change, abs=1e-9)
        assert leg.training.valid == own.valid
        assert leg.training.in_band_pct == pytest.approx(own.in_band_pct)
        assert leg.baseline.means[PEAK1].mean == pytest.approx(state.baselines[side].mean)
        assert leg.baseline.valid == state.baselines[side].count


@pytest.mark.parametrize(
    "asks", [(), (Ask("repeat", 30.0),), (Ask("repeat", 28.0), Ask("repeat", 40.0))]
)
def test_the_baseline_is_the_one_that_the_protocol_took(tmp_path, asks):
    # who gets lower all the time: an earlier attempt would be another baseline
    strider = Strider(answer=0.12, drift=-0.001, sd=0.03)
    run, _ = folders.write(tmp_path / "s", setup(tmp_path), strider, asks)
    found = summarise(read_session(tmp_path / "s"))
    agrees(found, run.state)
    again = [part for part in found.leg(Side.LEFT).parts if part.name.endswith(", begun again")]
    assert len(again) == len(asks)
    assert all(part.kind == "baseline" for part in again)


def test_a_repeated_training_counts_as_it_was_walked_the_last_time(tmp_path):
    run, _ = folders.write(
        tmp_path / "s", setup(tmp_path), Strider(answer=0.12), (Ask("repeat", 120.0),)
    )
    agrees(summarise(read_session(tmp_path / "s")), run.state)


@pytest.fixture
def interrupted(tmp_path):
    first, second, third = (tmp_path / f"session_01{end}" for end in ("", "_2", "_3"))
    strider = Strider(answer=0.12)
    folders.write(first, setup(tmp_path), strider, seconds=70.0)
    folders.write(second, resumed(first), strider, seconds=40.0)
    run, _ = folders.write(third, resumed(second), strider)
    return run, (first, second, third)


def test_a_session_in_parts_is_one_session(interrupted):
    run, paths = interrupted
    found = whole(read_session(paths[-1]))
    assert [part.path for part in found.parts] == [path.resolve() for path in paths[:-1]] + [
        paths[-1]
    ]
    assert found.stances.count == sum(read_session(path).stances.count for path in paths)
    on_s = found.stances.column("t_on_s")
    assert (np.diff(on_s) > 0.0).all()
    summary = summarise(found)
    agrees(summary, run.state)
    assert summary.folders == ("session_01", "session_01_2", "session_01_3")
    assert "no baseline" not in " ".join(words.leg_sentences(summary.leg(Side.LEFT), summary))
    verdict = next(v for v in summary.leg(Side.LEFT).verdicts if v.kind == "train")
    practice = [part for part in summary.leg(Side.LEFT).parts if part.name == "practice"]
    assert practice[-1].verdict == verdict


def test_the_course_has_each_session_once_and_by_its_number(interrupted, tmp_path):
    _, paths = interrupted
    found = course([read_session(path) for path in paths])
    assert [each.session for each in found.sessions] == [1]
    assert found.sessions[0].folders[0] == "session_01"


def test_a_part_whose_beginning_is_gone_is_told_of_what_is_there(interrupted, tmp_path):
    _, paths = interrupted
    (tmp_path / "elsewhere").mkdir()
    alone = paths[2].rename(tmp_path / "elsewhere" / "session_01_3")
    found = whole(read_session(alone))
    assert found.parts == ()
    assert summarise(found).leg(Side.LEFT).valid


def test_a_follow_up_is_held_against_its_own_baseline(tmp_path):
    run, _ = folders.write(
        tmp_path / "s", setup(tmp_path, FOLLOW_UP), Strider(answer=0.12, learnt=True)
    )
    summary = summarise(read_session(tmp_path / "s"))
    agrees(summary, run.state, "retention")
    said = " ".join(words.leg_sentences(summary.leg(Side.LEFT), summary))
    assert "nothing to compare" not in said
    assert "when walking as practised, without feedback" in said
    assert "block without feedback" in said
    assert "left −1" in words.headline(summary)


def test_a_training_that_was_not_walked_is_no_goal_reached(tmp_path):
    text = folders.PROTOCOL.replace(
        '[[blocks]]\nname = "without"', '[[blocks]]\nname = "more"\nkind = "train"\nminutes = 2\n[[blocks]]\nname = "without"'
    )  # fmt: skip
    folders.write(
        tmp_path / "s", setup(tmp_path, text), Strider(answer=0.3), (Ask("end", 150.0, "pain"),)
    )
    summary = summarise(read_session(tmp_path / "s"))
    left = summary.leg(Side.LEFT)
    assert next(each for each in left.verdicts if each.kind == "train").success
    assert left.judgement.state == "unknown"
    assert "more was not walked to its end" in left.judgement.missing
    assert "(cannot be judged)" in words.headline(summary)


def test_a_blinded_report_tells_nothing_of_how_anybody_walked_later(tmp_path):
    text = "blinded = true\n" + folders.PROTOCOL
    folder = tmp_path / "s"
    folders.write(folder, setup(tmp_path, text), Strider(answer=0.2))
    summary = summarise(read_session(folder))
    open_ = summarise(read_session(folder), unblind=True)
    page = session_page(read_session(folder), summary)
    for side in Side:
        leg, known = summary.leg(side), open_.leg(side)
        assert leg.training.valid == known.training.valid > 0
        assert leg.baseline.means == known.baseline.means
        assert not leg.training.changes
        assert np.isnan(leg.training.means[PEAK1].mean)
        assert f"{known.training.means[PEAK1].mean:.3f}" not in page
        assert "it would tell the arm" in words.leg_sentences(leg, summary)[0]
    assert "step by step" not in page
    assert "its results are left out" in words.headline(summary)
    assert "step by step" in session_page(read_session(folder), open_)


def test_a_block_that_a_recording_leaves_open_is_judged_as_one_that_ended(tmp_path):
    moved = (Ask("shift_band", 90.0, "", 20.0),)
    run, _ = folders.write(tmp_path / "s", setup(tmp_path), Strider(), moved, seconds=120.0)
    found = follow(tmp_path / "s").attempts[-1]
    ended = run.state.asked(Ask("end", run.state.now_s)).results[-1]
    assert (found.name, found.end) == ("practice", "unfinished")
    for side in Side:
        left, own = found.legs[side], ended.legs[side]
        assert (left.asked, left.in_band_pct) == (own.asked, own.in_band_pct)
        assert left.asked == pytest.approx(-10.0)
        assert 0.0 < left.in_band_pct < 100.0
        assert left.success is own.success is False
