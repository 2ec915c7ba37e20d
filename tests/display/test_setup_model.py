"""What the set-up knows without its window: looks, trials, drafts, blocks, files."""

from dataclasses import replace

import numpy as np
import pytest
from walkers import LAB_PATH, STATIC_PATH, SUBJECT_PATH, WALK_PATH

from display.setup.answers import Answers, provisional_lab_of, table_of, with_sides
from display.setup.blocks import blocked
from display.setup.drafts import Drafts
from display.setup.guessing import guess
from display.setup.judging import calibrate_taken, judge_look
from display.setup.looks import Looked, said_here, sorted_findings
from display.setup.state import Setup, free_name
from display.setup.steps import Step
from display.setup.taking import STALLED_S, Taking
from display.setup.work import Work
from stream.check_seen import Seen, SeenStream, Verdict, failed, not_checked, ok, warning
from stream.errors import EkamError
from stream.lab import read_lab
from stream.practice import practice_infos, practice_pieces
from stream.readers import read_recording
from stream.source import Chunk, Role

LAB = read_lab(LAB_PATH).lab


def recording(path=STATIC_PATH):
    return read_recording(path, LAB)


def seen_of(read):
    return Seen(
        {
            s.info.role: SeenStream(s.info, s.stamps_s, s.values, s.stamps_s, 0.0 * s.stamps_s)
            for s in read.streams()
        }
    )


def trial_of(read):
    infos = {s.info.role: s.info for s in read.streams()}
    chunks = {
        s.info.role: [Chunk(s.info.role, s.stamps_s, s.values, 0.0, 0.0)] for s in read.streams()
    }
    return infos, chunks


@pytest.fixture
def setup(tmp_path):
    made = Setup(Drafts(tmp_path / "state"), tmp_path)
    seen = seen_of(recording())
    made.infos = {role: s.info for role, s in seen.streams.items()}
    for _ in range(2):
        made.learn(guess(seen, made.answers))
    return made


# -- looks -----------------------------------------------------------------------------------------


def test_three_looks_make_one_list():
    looked = Looked()
    assert looked.next == "empty"
    looked = looked.having(
        "empty",
        [
            ok("situation", "nobody on the belts (x)"),
            ok("zero", "0 N"),
            not_checked("weight", "a", "b"),
        ],
    )
    looked = looked.having(
        "standing",
        [
            ok("situation", "someone stands (706 N)"),
            not_checked("zero", "c", "d"),
            ok("weight", "72 kg"),
        ],
    )
    assert looked.next == "walking"
    assert {f.check: f.verdict for f in looked.merged()} == {
        "zero": Verdict.OK,
        "weight": Verdict.OK,
    }
    looked = looked.having(
        "walking", [ok("situation", "someone walks (x)"), failed("weight", "60 kg", "mend")]
    )
    assert looked.next is None
    assert [f.check for f in looked.failures()] == ["weight"]
    assert sorted_findings(looked.merged())[0].check == "weight"


def test_a_look_at_something_else_is_said_and_does_not_count():
    looked = Looked().having("empty", [ok("situation", "someone stands (706 N on the plates)")])
    assert "someone stands" in looked.missed("empty")
    assert looked.next == "empty"


def test_options_of_the_command_line_are_not_said_in_a_window():
    finding = not_checked(
        "sync", "nobody walks", "let someone walk (--seconds 20), or strike a rod (--tap MARKER)"
    )
    assert said_here(finding) == "nobody walks\n→ let someone walk, or strike a rod"
    assert said_here(ok("a", "fine")) == "fine"
    assert said_here(warning("a", "b", "c")) == "b\n→ c"


def test_sentences_of_the_streams_send_to_pages_of_the_window():
    from display.setup.wording import said_in_window
    from stream.check_network import Found, judge_stream
    from stream.check_shear import _WALK
    from stream.lsl import LslSource
    from stream.lsl_find import _ONLY_ONE, StreamQuery

    info = replace(next(iter(recording().streams())).info, replay="walk.c3d")
    source = LslSource(StreamQuery(type="Markers"), StreamQuery(type="Force"), allow_replay=False)
    with pytest.raises(EkamError) as refused:
        source._refuse_replay(info)
    assert "go back to Start and admit replayed streams" in said_in_window(str(refused.value))
    assert said_in_window(_ONLY_ONE) == "End all but one of them, or choose it on the Streams page"
    replayed = Found("M", info.type, "pc", "1", 3, 100.0, "double64", info)
    twice = [replayed, replace(replayed, source_id="2")]
    query = StreamQuery(type=info.type)
    cures = [
        said_here(judge_stream(info.role, query, found, allow_replay=False)[0])
        for found in (twice, twice[:1])
    ]
    assert "choose it on the Streams page" in cures[0]
    assert "or go back to Start and admit replayed streams" in cures[1]
    texts = [said_in_window(_WALK), said_in_window(str(refused.value)), *cures]
    assert not any(word in text for text in texts for word in ("--", "source_id or", "lab file"))


def test_the_checks_are_those_of_ekam_check(setup):
    setup.write_lab()
    findings = judge_look(
        trial_of(recording()), setup.lab_file.lab, (), mass_kg=72.0, allow_replay=True
    )
    verdicts = {finding.check: finding.verdict for finding in findings}
    assert verdicts["weight"] is Verdict.OK
    assert verdicts["markers stream"] is Verdict.FAILED  # nothing was found on the network
    assert verdicts["axis up"] is Verdict.OK


# -- trials ----------------------------------------------------------------------------------------


class Records:
    def __init__(self):
        self.has_s, self.begun, self.fault = 0.0, 0, ""

    def record(self):
        self.begun += 1
        self.has_s = 0.0

    def recorded_s(self):
        return self.has_s

    def take(self):
        if self.fault:
            raise EkamError(self.fault)
        return {}, {}


def test_a_trial_counts_down_records_and_is_handed_over_once():
    records = Records()
    taking = Taking(records)
    taking.begin(10.0, 5.0, 3.0)
    assert taking.tick(11.0) is None
    assert (taking.phase, taking.left_s, records.begun) == ("countdown", 2.0, 0)
    taking.tick(13.0)
    assert (taking.phase, records.begun) == ("recording", 1)
    records.has_s = 2.5
    assert taking.tick(15.0) is None
    assert taking.share == 0.5
    records.has_s = 5.0
    assert taking.tick(18.0) == ({}, {})
    assert taking.phase == "done"
    assert taking.tick(19.0) is None


def test_a_trial_without_markers_is_given_up():
    taking = Taking(Records())
    taking.begin(0.0, 5.0, 0.0)
    taking.tick(0.0)
    with pytest.raises(EkamError, match="record again"):
        taking.tick(STALLED_S + 0.1)
    assert not taking.busy


def test_interrupted_streams_end_a_trial():
    records = Records()
    taking = Taking(records)
    taking.begin(0.0, 1.0, 0.0)
    taking.tick(0.0)
    records.has_s, records.fault = 1.0, "interrupted: record again"
    with pytest.raises(EkamError, match="record again"):
        taking.tick(0.5)
    assert not taking.busy


def test_a_good_trial_makes_a_subject_and_a_bad_one_its_checks(setup):
    setup.write_lab()
    answers = replace(setup.answers, id="S01", mass_kg=72.0, height_m=1.72, sex="f")
    made = calibrate_taken(trial_of(recording()), setup.lab_file.lab, answers)
    assert made.subject is not None
    assert made.subject.shank(0).length_m == pytest.approx(read_subject_length(), abs=1e-3)
    made = calibrate_taken(
        trial_of(recording()), setup.lab_file.lab, replace(answers, height_m=2.4)
    )
    assert made.subject is None
    assert any(check.verdict == "refused" and "height" in check.message for check in made.checks)
    assert any(check.verdict == "passed" for check in made.checks)
    made = calibrate_taken(trial_of(recording(WALK_PATH)), setup.lab_file.lab, answers)
    assert "RKNM" in made.refusal or "LKNM" in made.refusal
    assert made.subject is None


def read_subject_length():
    from stream.subject_file import read_subject

    return read_subject(SUBJECT_PATH).subject.shank(0).length_m


def test_work_is_done_one_at_a_time_and_its_faults_are_sentences(caplog):
    work, told = Work(), []
    assert work.begin("a", lambda: 7, lambda result, fault: told.append((result, fault)))
    assert not work.begin("b", lambda: 8, lambda *_: None)
    work.wait(5.0)
    work.collect()
    assert told == [(7, "")]

    def fails():
        raise EkamError("mend it")

    work.begin("c", fails, lambda result, fault: told.append((result, fault)))
    work.wait(5.0)
    work.collect()
    assert told[-1] == (None, "mend it")
    work.begin("d", lambda: 1 / 0, lambda result, fault: told.append((result, fault)))
    work.wait(5.0)
    work.collect()
    assert "please report it" in told[-1][1]


# -- answers, drafts and files ---------------------------------------------------------------------


def test_guesses_leave_alone_what_a_person_has_decided(setup):
    seen = seen_of(recording())
    setup.set_axes("+x", "+y")
    setup.set_plate(0, side="right")
    setup.name_marker("RKNE", "RKNM")
    setup.learn(guess(seen, setup.answers))
    assert setup.answers.section("axes")["forward"] == "+x"
    assert [plate["side"] for plate in setup.answers.plates] == ["right", "left"]
    assert setup.answers.section("markers")["names"] == {"RKNE": "RKNM"}


def test_a_rate_that_is_not_declared_is_measured():
    seen = seen_of(recording())
    forces = replace(seen.forces, info=replace(seen.forces.info, nominal_rate_hz=0.0))
    seen = Seen({**seen.streams, Role.FORCES: forces})
    assert dict(guess(seen, Answers(table={"name": "x"})).rates_hz) == {"forces": 1000.0}


def test_who_stands_on_the_plates_is_weighed(setup):
    seen = seen_of(recording())
    assert guess(seen, setup.answers).standing_kg == pytest.approx(72.0, abs=0.3)
    walk = seen_of(recording(WALK_PATH))
    assert np.isnan(guess(walk, setup.answers).standing_kg)


def moved(seen, name, by_m):
    """With the samples of one marker (or every one) moving to and fro by so much in 2 s."""
    stream = seen.markers
    swing = by_m * np.sin(np.pi * stream.stamps_s) / 2.0
    values = stream.values.copy()
    for i, channel in enumerate(stream.info.channels):
        if channel.label.startswith(name):
            values[:, i] += swing * (1e3 if np.nanmax(np.abs(stream.values)) > 20.0 else 1.0)
    return Seen({**seen.streams, Role.MARKERS: replace(stream, values=values)})


@pytest.mark.parametrize("name", ["LHEE", "RTOE", "RASI"])
def test_a_steady_load_is_no_mass_while_feet_or_pelvis_move(setup, name):
    seen = seen_of(recording())
    assert np.isfinite(guess(moved(seen, name, 0.015), setup.answers).standing_kg)  # sway
    assert np.isnan(guess(moved(seen, name, 0.2), setup.answers).standing_kg)


def test_without_markers_of_feet_both_plates_must_carry_a_steady_share(setup):
    seen = seen_of(recording())
    blind = replace(seen.markers, values=np.full_like(seen.markers.values, np.nan))
    streams = {**seen.streams, Role.MARKERS: blind}
    assert guess(Seen(streams), setup.answers).standing_kg == pytest.approx(72.0, abs=0.3)
    half = len(seen.forces.values) - len(
        seen.forces.values[seen.forces.stamps_s > seen.forces.stamps_s[-1] - 1]
    )
    names = [channel.label for channel in seen.forces.info.channels]
    width = len(names) // 2
    steps = seen.forces.values.copy()  # the whole load, first on one plate and then on the other
    both = steps[:, :width] + steps[:, width:]
    steps[:half, :width], steps[:half, width:] = both[:half], 0.0
    steps[half:, :width], steps[half:, width:] = 0.0, both[half:]
    walks = Seen({**streams, Role.FORCES: replace(seen.forces, values=steps)})
    assert np.isnan(guess(walks, setup.answers).standing_kg)


def test_every_step_is_free_once_everything_is_known(setup):
    setup.answers = replace(setup.answers, way="new")
    for step in (Step.START, Step.AXES, Step.MARKERS, Step.PLATES):
        assert blocked(setup, step) == ""
    assert "check first" in blocked(setup, Step.CHECK)
    assert "not written" in blocked(setup, Step.READY)
    setup.infos = {}
    assert "no streams" in blocked(setup, Step.AXES)


def test_the_first_page_says_what_is_wrong_with_a_path(setup, tmp_path):
    for path, says in (
        ("", "where"),
        (str(tmp_path / "lab.txt"), ".toml"),
        (str(tmp_path / "no" / "lab.toml"), "no folder"),
    ):
        setup.answers = replace(setup.answers, way="new", lab_path=path)
        assert says in blocked(setup, Step.START)


def test_a_plate_without_a_side_takes_the_other_one():
    assert [p["side"] for p in with_sides([{"side": ""}, {"side": "left"}])] == ["right", "left"]
    assert [p["side"] for p in with_sides([{"side": ""}, {"side": ""}, {"side": "unused"}])] == [
        "left",
        "right",
    ]


def test_a_half_known_laboratory_still_makes_a_picture():
    assert provisional_lab_of(Answers(table={"name": "x", "plates": [{"side": ""}]})).plates == ()
    assert provisional_lab_of(Answers()) is None


def test_what_an_opened_lab_says_beside_is_kept(setup, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(LAB_PATH.read_text().replace("rezero = true", "rezero = false"))
    setup.open_lab(path)
    setup.name_marker("RKNE", "RKNM")
    assert setup.lab_question() is not None
    setup.write_lab("other")
    assert setup.lab_file.path == tmp_path / "mine2.toml"
    assert setup.lab_file.lab.events.rezero is False
    assert setup.lab_file.lab.markers.names == {"RKNE": "RKNM"}
    assert "rezero = false" in path.read_text()


def test_another_variable_needs_no_new_file(setup, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(LAB_PATH.read_text())
    setup.answers = replace(setup.answers, way="open")
    setup.open_lab(path)
    setup.open_subject(SUBJECT_PATH)
    feedback = setup.answers.section("feedback")
    setup.answers = setup.answers.having(
        "feedback",
        {"variable": "foot_progression", "baseline_stances": feedback["baseline_stances"]},
    )
    assert not setup.lab_changed()
    assert setup.plan().arguments() == [
        "live",
        "--lab",
        str(path),
        "--subject",
        str(SUBJECT_PATH),
        "--feedback",
        "foot_progression",
    ]


def test_own_file_is_written_again_without_asking(setup):
    setup.write_lab()
    first = setup.lab_file
    setup.name_marker("RKNE", "RKNM")
    assert setup.lab_question() is None
    setup.write_lab()
    assert setup.lab_file.path == first.path
    assert sorted(p.name for p in setup.folder.glob("*.toml")) == ["lab.toml"]
    first.path.write_text(first.path.read_text() + "# by hand\n")
    setup.name_marker("RKNE", "")
    assert setup.lab_question() is not None  # somebody has edited it meanwhile


def test_a_calibrated_pseudonym_is_asked_about(setup):
    setup.answers = replace(setup.answers, id="S01")
    assert setup.subject_question() is None
    setup.subject_path.write_text("old")
    assert setup.subject_question() is not None
    assert setup.subject_target("other").name == "S012.toml"
    assert setup.subject_target("replace").name == "S01.toml"
    assert (setup.folder / "S01_old1.toml").read_text() == "old"


def test_names_that_are_free(tmp_path):
    path = tmp_path / "lab.toml"
    assert free_name(path) == path
    path.write_text("")
    assert free_name(path).name == "lab2.toml"
    (tmp_path / "lab2.toml").write_text("")
    assert free_name(path).name == "lab3.toml"


def test_drafts_survive_and_bad_ones_are_ignored(tmp_path):
    drafts = Drafts(tmp_path / "deep" / "state")
    assert drafts.draft() is None
    answers = Answers(way="new", lab_path="x.toml", table=table_of(LAB), decided=("axes",), step=3)
    drafts.keep(answers)
    assert drafts.draft() == answers
    (tmp_path / "deep" / "state" / "setup_draft.json").write_text('{"decided": 4}')
    assert drafts.draft() is None
    drafts.drop()
    drafts.used(LAB_PATH)
    drafts.used(tmp_path / "gone.toml")
    assert drafts.recent() == [LAB_PATH.absolute()]
    Drafts(tmp_path / "deep" / "state" / "recent_labs.json").keep(
        answers
    )  # no folder: nothing is kept, nothing fails


# -- the practice walker ---------------------------------------------------------------------------


def test_the_practice_walker_does_what_it_is_told_without_a_gap_in_the_stamps():
    static, walk = recording(), recording(WALK_PATH)
    doing = ["stands"]
    pieces = practice_pieces(static, walk, lambda: doing[0])
    got = {role: [] for role in Role}
    values = {"stands": [], "walks": [], "away": []}
    for does, seconds in (("stands", 1.0), ("walks", 2.0), ("away", 3.0)):
        doing[0] = does
        for piece in pieces:
            got[piece.role].append(piece.stamps_s)
            if piece.role is Role.FORCES:
                values[does].append(piece.values)
            if piece.due_s > seconds:
                break
    for role, period_s in ((Role.MARKERS, 0.01), (Role.FORCES, 0.001)):
        steps = np.diff(np.concatenate(got[role]))
        assert steps == pytest.approx(period_s, abs=1e-6)
    assert set(practice_infos(static)) == set(Role)
    # numbers of the plates act on the plates, whose z points into the floor
    up = {does: -np.concatenate(rows)[20:, [2, 8]].sum(axis=1) for does, rows in values.items()}
    assert up["stands"].mean() == pytest.approx(706.0, abs=5.0)
    assert np.abs(up["away"][20:]).max() < 20.0
    assert np.ptp(up["walks"]) > 100.0


# -- the command -----------------------------------------------------------------------------------


def test_without_a_screen_the_command_says_so_and_helps(monkeypatch):
    from commands import ekam

    monkeypatch.setattr(
        "display.setup.start.no_screen_reason", lambda: "no screen (DISPLAY is not set)"
    )
    result = ekam()
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "needs a screen: no screen (DISPLAY is not set)" in result.stderr
    assert "calibrate" in result.stdout
    assert ekam("--help").returncode == 0
