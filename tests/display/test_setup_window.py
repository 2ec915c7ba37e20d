"""The pages of the set-up window, offscreen, without streams: every page alone and in its bad states."""

import re
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from walkers import LAB_PATH, STATIC_PATH, SUBJECT_PATH

from compute import Check, Side
from display.setup.answers import table_of
from display.setup.drafts import Drafts
from display.setup.guessing import guess
from display.setup.plan import Question
from display.setup.state import Setup
from display.setup.steps import Step
from stream.check_network import Found
from stream.check_seen import Seen, SeenStream, failed, ok
from stream.lab import read_lab
from stream.participants import enrol, read_participant
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun
from stream.readers import read_recording
from stream.source import LampState, Role, StreamHealth
from stream.subject_file import read_subject

pytestmark = pytest.mark.qt


class Listener:
    """What the window reads of a listener."""

    def __init__(self, infos=None, seen=None, fault=""):
        self.infos, self._seen, self.fault, self.layout = infos or {}, seen, fault, 1

    def seen(self, _seconds):
        return self._seen

    def stop(self):
        pass


class Connections:
    """What the window asks of the connections."""

    def __init__(self, listener, found=()):
        self.listener, self.found, self.where = listener, tuple(found), "this machine only"
        self.looked_round, self.practice = True, None
        self.started = []

    infos = property(lambda self: self.listener.infos)

    def start(self, answers, *, afresh=False):
        self.started.append((answers.way, afresh))

    def want(self, _answers):
        pass

    def practise(self, _look):
        pass

    def health(self):
        return tuple(
            StreamHealth(role, info.name, LampState.OK, rate_hz=info.nominal_rate_hz)
            for role, info in self.infos.items()
        )

    def let_go(self):
        pass

    stop = let_go


@pytest.fixture(scope="module")
def seen():
    recording = read_recording(STATIC_PATH, read_lab(LAB_PATH).lab)
    return Seen(
        {
            s.info.role: SeenStream(s.info, s.stamps_s, s.values, s.stamps_s, 0.0 * s.stamps_s)
            for s in recording.streams()
        }
    )


def found_of(seen, **changes):
    return tuple(
        replace(
            Found(s.info.name, s.info.type, "pc", f"id-{role.value}", len(s.info.channels), s.info.nominal_rate_hz,
                  "double64", s.info), **changes,
        )
        for role, s in seen.streams.items()
    )  # fmt: skip


@pytest.fixture
def window(qapp, qtbot, tmp_path, seen):
    from display.setup.window import SetupWindow

    made = []

    def make(*, streams=True, found=None):
        infos = {role: s.info for role, s in seen.streams.items()}
        listener = Listener(infos, seen) if streams else Listener(fault="nobody answers")
        connections = Connections(listener, found_of(seen) if found is None else found)
        setup = Setup(Drafts(tmp_path / "state"), tmp_path)
        window = SetupWindow(setup, connections)
        window._timer.stop()
        setup.answers = replace(setup.answers, way="new", allow_replay=False)
        window.resize(1600, 900)
        window.show()
        made.append(window)
        return window

    yield make
    for each in made:
        each.hide()
        each.deleteLater()


def known(window, seen):
    """The window with everything guessed."""
    setup = window.setup
    setup.infos = window.connections.infos
    setup.see(window.connections.found, True)
    for _ in range(2):  # plates first, then what stands on them
        setup.learn(guess(seen, setup.answers))
    return setup


def texts(window):
    from PyQt5.QtWidgets import QLabel

    return "\n".join(each.text() for each in window.findChildren(QLabel) if each.isVisible())


def cells(table):
    return [
        [table.item(i, j).text() for j in range(table.columnCount())]
        for i in range(table.rowCount())
    ]


def test_every_page_shows_itself_and_no_key_means_two_things(window, seen):
    from PyQt5.QtWidgets import QAbstractButton, QLabel

    made = window()
    setup = known(made, seen)
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    setup.looked = setup.looked.having("standing", [ok("a", "b"), failed("c", "d", "e")])
    for step in Step:
        made.go(step)
        for _ in range(3):
            made.tick()
        assert not made._faulted
        keys = []
        for each in [*made.findChildren(QAbstractButton), *made.findChildren(QLabel)]:
            if each.isVisible() and (isinstance(each, QAbstractButton) or each.buddy() is not None):
                keys += re.findall(r"&(\w)", each.text().lower())
        assert len(keys) == len(set(keys)), (step, sorted(keys))
        assert step.title in made.windowTitle()


def test_fonts_are_16_px_or_more(window, seen):
    from PyQt5.QtWidgets import QLabel

    made = window()
    known(made, seen)
    for step in (Step.START, Step.STREAMS, Step.AXES, Step.MARKERS, Step.PLATES):
        made.go(step)
        made.tick()
        small = [
            each.text()
            for each in made.findChildren(QLabel)
            if each.isVisible() and each.font().pixelSize() not in range(16, 100)
        ]
        assert small == []


def test_no_stream_says_what_to_switch_on(window):
    made = window(streams=False, found=())
    made.go(Step.STREAMS)
    made.setup.see((), True)
    made.tick()
    assert "absent" in texts(made)
    assert "start the capture software" in made.reason.text()
    assert not made.next.isEnabled()


def test_two_equal_streams_are_a_question(window, seen):
    found = found_of(seen)
    twin = replace(found[0], source_id="another", hostname="other")
    made = window(found=(*found, twin))
    made.go(Step.STREAMS)
    for _ in range(7):
        made.tick()
    assert "2 streams fit: choose the one that is yours" in made.reason.text()
    assert not made.next.isEnabled()
    box = made.page.boxes[Role.MARKERS]
    made.setup.choose(Role.MARKERS, twin)
    made.tick()
    assert "other" in box.currentText()
    assert made.next.isEnabled()
    assert made.setup.answers.section("markers")["stream"]["source_id"] == "another"


def test_a_replay_is_not_taken_unless_admitted(window, seen):
    info = {role: replace(s.info, replay="walk.c3d") for role, s in seen.streams.items()}
    found = tuple(replace(f, info=i) for f, i in zip(found_of(seen), info.values(), strict=True))
    made = window(found=found)
    made.go(Step.STREAMS)
    for _ in range(7):
        made.tick()
    assert "is a replay, which was not admitted" in made.reason.text()
    made.setup.answers = replace(made.setup.answers, allow_replay=True)
    for _ in range(7):
        made.tick()
    assert made.next.isEnabled()


def test_a_chosen_replay_is_refused_in_words_of_this_window(window, seen):
    found = tuple(
        replace(f, info=replace(f.info, replay="walk.c3d")) if f.info.role is Role.FORCES else f
        for f in found_of(seen)
    )
    made = window(streams=False, found=found)
    made.go(Step.STREAMS)
    made.setup.see(found, True)
    made.setup.choose(Role.FORCES, next(f for f in found if f.replay))
    made.tick()
    lamps = made.page.lamps
    assert lamps[Role.FORCES].text().startswith("✖ refused: ")
    assert "go back to Start and admit replayed streams" in lamps[Role.FORCES].text()
    assert "waits for the forces stream" in lamps[Role.MARKERS].text()
    assert "go back to Start" in made.reason.text()
    assert "--" not in texts(made)


def test_no_lamp_says_ok_for_a_stream_that_nobody_chose(window, seen):
    found = found_of(seen)
    twins = [replace(each, source_id=f"twin-{each.source_id}") for each in found]
    made = window(found=(*found, *twins))  # both are received all the same
    made.go(Step.STREAMS)
    for _ in range(7):
        made.tick()
    for role in Role:
        assert made.page.boxes[role].currentText() == "– choose –"
        assert made.page.lamps[role].text() == "○ not chosen"
    assert " ok" not in made.lamps.text()
    made.setup.choose(Role.MARKERS, twins[0])
    made.tick()
    assert "● ok" in made.page.lamps[Role.MARKERS].text()
    assert made.lamps.text() == "● markers ok"


def test_practice_says_that_its_walker_is_starting(window, seen):
    made = window(streams=False, found=())
    made.page.practise.setChecked(True)
    made.tick()
    made.connections.looked_round = False
    made.next_pressed()
    for round_ in (False, True):
        made.connections.looked_round = round_
        for _ in range(7):
            made.tick()
        assert made.reason.text() == "the practice walker is starting …"
        assert all(why.text() == made.reason.text() for why in made.page.whys.values())
        assert made.lamps.text() == "○ no streams: the practice walker is starting …"
        assert "capture software" not in made.reason.text()


def test_a_force_stream_under_markers_is_doubted(window, seen):
    found = found_of(seen)
    forces = next(f for f in found if f.info.role is Role.FORCES)
    more = replace(forces, name="more forces", source_id="more")
    made = window(found=(*found, more))
    made.go(Step.STREAMS)
    made.setup.see(made.connections.found, True)
    made.tick()
    assert not any(each.isVisible() for each in made.page.doubts.values())
    made.setup.choose(Role.FORCES, forces)
    made.setup.choose(Role.MARKERS, more)
    made.tick()
    doubt = made.page.doubts[Role.MARKERS].text()
    assert doubt.startswith(
        "! 'more forces' is chosen for markers, but looks like forces: 2 plates"
    )
    assert not made.page.doubts[Role.FORCES].isVisible()


def test_one_stream_for_both_is_doubted_and_holds_next(window, seen):
    made = window()
    made.go(Step.STREAMS)
    made.setup.see(made.connections.found, True)
    forces = next(f for f in made.connections.found if f.info.role is Role.FORCES)
    made.setup.choose(Role.MARKERS, forces)
    made.tick()
    for role in Role:
        assert (
            "the same stream is chosen for markers and for forces" in made.page.doubts[role].text()
        )
    assert "each needs its own" in made.reason.text()
    assert not made.next.isEnabled()


def test_axes_that_were_chosen_against_the_body_are_said(window, seen):
    made = window()
    setup = known(made, seen)
    made.go(Step.AXES)
    made.tick()
    assert "up is +z" in texts(made)
    setup.set_axes("+x", "+y")
    made.tick()
    assert "the body says forward -y, up +z; you chose otherwise" in texts(made)
    assert setup.answers.section("axes")["right"] == "+z"
    setup.set_axes("+y", "-y")
    made.tick()
    assert "the same axis" in made.reason.text()
    made.page._again()
    setup.learn(guess(seen, setup.answers))
    made.tick()
    assert made.next.isEnabled()


def test_a_click_in_the_picture_chooses_the_row(window, seen):
    made = window()
    known(made, seen)
    made.go(Step.MARKERS)
    made.tick()
    made.page._click("RKNE")
    made.tick()
    assert made.page.chosen == "RKNE"
    assert made.page.which.text() == "RKNE"


def test_a_missing_marker_is_named_with_what_it_is_for(window, seen):
    made = window()
    setup = known(made, seen)
    made.go(Step.MARKERS)
    setup.name_marker("LKNE", "nothing like it")
    made.tick()
    row = next(row for row in cells(made.page.table) if row[1] == "LKNE")
    assert row[0] == "○ none"
    assert "LKNE or LKJC is missing: the left lateral epicondyle" in made.reason.text()
    made.page.table.selectRow(made.page._rows.index("LKNE"))
    made.page._click("LSK4")
    # LSK4 has its own row, which is chosen; back to the row that lacks a label
    made.page.table.selectRow(made.page._rows.index("LKNE"))
    made.tick()
    setup.name_marker("LKNE", "LKNE")
    made.tick()
    assert made.next.isEnabled()
    assert setup.answers.section("markers")["names"] == {}


def test_swapped_plates_are_judged_from_the_load(window, seen):
    made = window()
    setup = known(made, seen)
    made.go(Step.PLATES)
    made.tick()
    assert made.page._plates[0].bar.text().endswith(" N")
    setup.set_plate(0, side="right")
    assert [plate["side"] for plate in setup.answers.plates] == ["right", "left"]
    setup.learn(guess(seen, setup.answers))
    made.tick()
    assert 'it carries the left foot  → the plates are swapped: set side = "left"' in texts(made)


def test_the_lab_file_is_written_once_and_never_over_another(window, seen, tmp_path):
    made = window()
    setup = known(made, seen)
    path = tmp_path / "lab.toml"
    path.write_text("mine")
    setup.answers = replace(setup.answers, lab_path=str(path))
    made.go(Step.PLATES)
    made.tick()
    made.next_pressed()
    assert made.step is Step.PLATES
    assert made.panel.isVisible()
    assert path.read_text() == "mine"
    made.options.itemAt(1).widget().click()
    assert made.step is Step.CHECK
    assert path.read_text() == "mine"
    assert read_lab(tmp_path / "lab2.toml").lab.plates == read_lab(LAB_PATH).lab.plates
    made.back()
    made.next_pressed()  # unchanged: nothing is asked, nothing is written
    assert made.step is Step.CHECK
    assert not (tmp_path / "lab3.toml").exists()


def test_failures_hold_next_until_they_are_overridden_in_words(window, seen):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    made.go(Step.CHECK)
    made.tick()
    assert "check first" in made.reason.text()
    setup.looked = setup.looked.having(
        "standing",
        [
            ok("situation", "someone stands (706 N)"),
            failed("left plate zero", "far off", "press zero"),
        ],
    )
    made.tick()
    assert "one check failed" in made.reason.text()
    assert cells(made.page.table)[0] == ["✗ failed", "left plate zero", "far off\n→ press zero"]
    assert made.page.override.isVisible()
    made.page.override.setChecked(True)
    made.tick()
    assert made.next.isEnabled()


def test_person_is_asked_for_and_a_change_forgets_the_calibration(window, seen):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    made.go(Step.PERSON)
    made.tick()
    assert "pseudonym" in made.reason.text()
    assert made.page.mass.text() == "72"
    assert made.page.mass_unit.text().endswith("from the plates")
    made.page.id.setText("Ann Smith")
    made.page._typed()
    made.tick()
    assert "never a name" in made.reason.text()
    made.page.id.setText("S01")
    made.page.height_.setText("1,72")
    made.page.female.setChecked(True)
    made.page._typed()
    made.tick()
    assert made.next.isEnabled()
    assert setup.answers.height_m == 1.72
    setup.subject = read_subject(SUBJECT_PATH).subject
    made.page.height_.setText("1.80")
    made.page._typed()
    assert setup.subject is None


def test_a_mass_that_was_typed_is_not_from_the_plates(window, seen):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    made.go(Step.PERSON)
    made.tick()
    made.page.mass.setText("70")
    made.page._typed()
    made.tick()
    assert "from the plates" not in made.page.mass_unit.text()
    made.page._take_mass()
    made.tick()
    assert made.page.mass_unit.text().endswith("from the plates")
    assert setup.answers.mass_kg == 72.0


def test_a_refused_trial_shows_every_check_and_its_cure(window, seen):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    made.go(Step.STATIC)
    setup.checks = (
        Check("static_still", "passed", "quiet"),
        Check(
            "knee_width_left",
            "refused",
            "the left knee is 30 mm wide (usual: 70 to 150): check the two markers",
        ),
    )
    setup.refusal = "the left knee is 30 mm wide"
    made.tick()
    assert cells(made.page.table)[0][0] == "✗ refused"
    assert "record again" in made.reason.text()
    assert "Enter: Record again" in made.windowTitle()


def test_ready_says_the_command_and_starts(window, seen, tmp_path):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    made.go(Step.READY)
    made.tick()
    assert (
        made.page.command.text()
        == f"ekam live --lab {tmp_path / 'lab.toml'} --subject {SUBJECT_PATH}"
    )
    made.page.baseline.setValue(12)
    made.tick()
    assert "written anew" in made.page.files.text()
    made.show()
    made.next_pressed()
    plan = made.plan
    assert plan is not None
    # it stays until the session's windows are there, and nothing more can be done in it
    assert made.isVisible()
    assert not made.isEnabled()
    assert made.next.text() == "Starting …"
    made.close()
    assert (made.plan, made.isVisible()) == (plan, True)
    made.hide()
    assert read_lab(tmp_path / "lab.toml").lab.feedback.baseline_stances == 12
    assert setup.drafts.draft() is None
    assert setup.drafts.recent() == [tmp_path / "lab.toml"]


@pytest.fixture
def ready(window, seen):
    made = window()
    setup = known(made, seen)
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    made.go(Step.READY)
    made.tick()
    return made


def choose_protocol(made, name, session=1):
    page = made.page
    page.protocol.setCurrentIndex(page.protocol.findData(name))
    page._protocol_chosen()
    made.tick()
    page.session.setValue(session)
    made.tick()


def test_no_leg_is_trained_that_nobody_chose(ready):
    choose_protocol(ready, "foot_angle")
    page = ready.page
    assert page.leg.currentText() == "– choose –"
    assert not ready.next.isEnabled()
    assert ready.reason.text() == "Personal foot angle trains one leg: choose which"
    assert not page.command.isVisible()  # it would not work
    ready.next_pressed()
    assert ready.plan is None
    page.leg.setCurrentIndex(page.leg.findData("right"))
    page._protocol_chosen()
    ready.tick()
    assert ready.next.isEnabled()
    assert page.command.text().endswith("--protocol foot_angle --leg right")
    ready.next_pressed()
    assert ready.plan.leg == "right"


def test_another_person_has_another_leg(ready):
    choose_protocol(ready, "foot_angle")
    ready.setup.answers = replace(ready.setup.answers, leg="right")
    ready.go(Step.PERSON)
    ready.page.id.setText("S02")
    ready.page._typed()
    assert ready.setup.answers.leg == ""


def test_the_warning_of_a_protocol_stands_on_the_last_page(ready):
    page = ready.page
    assert not page.warning.isVisible()
    choose_protocol(ready, "hip_adduction_runners")
    assert page.warning.isVisible()
    assert "not yet validated on running data" in page.warning.text()
    choose_protocol(ready, "")
    assert not page.warning.isVisible()


def test_a_later_session_of_a_personal_target_needs_a_participant(ready):
    choose_protocol(ready, "foot_angle", session=2)
    ready.setup.answers = replace(ready.setup.answers, leg="left")
    ready.tick()
    assert not ready.next.isEnabled()
    assert (
        "session 2 of Personal foot angle needs the target of an earlier one" in ready.reason.text()
    )
    assert "participant" in ready.reason.text()
    ready.page.session.setValue(1)
    ready.tick()
    assert ready.next.isEnabled()
    choose_protocol(ready, "ekam_retraining", session=2)  # not personal
    assert "participant" not in ready.reason.text()


@pytest.fixture
def person(ready):
    """A participant whose schedule begins."""
    return enrol(ready.setup.store, ready.setup.subject.id, read_protocol("ekam_retraining"))


def begun(person, *, asks=()):
    """A recording of the next session, cut off."""
    comes = person.next()
    run = ProtocolRun(person.setup(comes))
    comes.folder.mkdir()
    run.keep(comes.folder)
    person.begin(comes)
    for ask in asks:
        run.asked(ask, "", nan, 1.0)
    return run, comes.folder


def entries(made):
    return [made.page.protocol.itemText(i) for i in range(made.page.protocol.count())]


def test_the_next_session_of_a_participant_is_offered_first(ready, person):
    run, folder = begun(person, asks=["end"])
    run.close()
    person.end(run, folder)
    ready.page.enter()
    ready.tick()
    page = ready.page
    assert page.protocol.currentText() == "session 2 of 8 of SYNTHETIC"
    assert page.source.text().startswith("EKAM retraining on a treadmill, after Richards")
    for hidden in (page.enrol, page.leg, page.session, page.variable):
        assert not hidden.isVisible()
    assert page.command.text().endswith("--participant SYNTHETIC")
    ready.next_pressed()
    plan = ready.plan
    assert (plan.participant, plan.protocol, plan.resume, plan.anew) == (
        "SYNTHETIC",
        "",
        False,
        False,
    )


def test_who_has_a_schedule_may_walk_without_it_and_it_is_offered_to_nobody_else(ready, person):
    ready.page.enter()
    ready.tick()
    choose_protocol(ready, "")
    assert ready.setup.plan().participant == ""
    ready.page.enter()  # what was said stands
    ready.tick()
    assert ready.setup.plan().participant == ""
    assert ready.page.variable.isVisible()
    ready.setup.answers = ready.setup.answers.of_another_person()
    ready.setup.subject = replace(ready.setup.subject, id="S02")
    ready.page.enter()
    assert ready.setup.schedule is None


def test_a_session_that_broke_off_goes_on_or_begins_again_as_is_said(ready, person):
    run, folder = begun(person)
    ready.page.enter()
    ready.tick()
    assert ready.page.protocol.currentText().startswith("none")
    assert "is running in another window" in ready.page.schedule.text()
    run.close()
    ready.page.enter()
    ready.tick()
    assert entries(ready)[:2] == [
        "go on with session 1 of 8 (broke off 0 min ago)",
        "begin session 1 of 8 again",
    ]
    for how, option in (("resume", "--resume"), ("anew", "--anew")):
        choose_protocol(ready, f"schedule: {how}")
        assert ready.page.command.text().endswith(f"--participant SYNTHETIC {option}")
    (folder / "protocol.jsonl").write_text("")
    ready.page.enter()
    ready.tick()
    assert entries(ready)[0] == "begin session 1 of 8 again"
    assert "is damaged" in ready.page.schedule.text()
    (person.folder / "journal.jsonl").unlink()
    ready.page.enter()
    ready.tick()
    assert entries(ready)[0].startswith("none")
    assert "there is no journal" in ready.page.schedule.text()


def test_a_person_is_enrolled_when_the_session_starts(ready):
    choose_protocol(ready, "foot_angle")
    page = ready.page
    assert page.enrol.isVisible()
    page.enrol.setChecked(True)
    ready.tick()
    assert not page.session.isVisible()
    assert not ready.next.isEnabled()  # which leg?
    page.leg.setCurrentIndex(page.leg.findData("left"))
    page._protocol_chosen()
    ready.tick()
    assert not ready.setup.store.exists()
    ready.next_pressed()
    assert (ready.plan.participant, ready.plan.protocol) == ("SYNTHETIC", "")
    known = read_participant(ready.setup.store, "SYNTHETIC")
    assert (known.file.protocol.name, known.leg) == ("Personal foot angle", Side.LEFT)


def test_practice_offers_no_command_and_is_not_a_lab_used_before(window, seen):
    made = window()
    made.page.practise.setChecked(True)
    made.tick()
    made.next_pressed()
    setup = known(made, seen)
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    made.go(Step.READY)
    made.tick()
    assert not made.page.command.isVisible()
    assert not made.page.copy.isVisible()
    assert made.page.command.text() == ""
    assert "choose Practise again" in made.page.next_time.text()
    assert made.next.isEnabled()
    made.next_pressed()
    assert made.plan.practise
    assert setup.drafts.recent() == []


def test_an_opened_lab_goes_straight_to_its_checks(window, seen, tmp_path):
    made = window()
    path = tmp_path / "there.toml"
    path.write_text(LAB_PATH.read_text())
    made.page.open.setChecked(True)
    made.page.path.setText(str(path))
    made.tick()
    made.next_pressed()
    for _ in range(8):
        made.tick()
    assert made.step is Step.CHECK
    assert made.setup.lab_file.path == path
    assert path.read_text() == LAB_PATH.read_text()  # not a comment is lost
    made.back()
    made.tick()
    made.next_pressed()
    assert made.step is Step.CHECK
    assert path.read_text() == LAB_PATH.read_text()


def test_another_way_begins_with_nothing_of_the_last_one(window, seen, tmp_path):
    from display.setup.answers import Answers

    made = window()
    start = made.page
    start.practise.setChecked(True)
    made.tick()
    made.next_pressed()
    setup = known(made, seen)
    assert setup.answers.id == "PRACTICE"
    assert setup.answers.section("feedback") == {"baseline_stances": 10}
    setup.answers = setup.answers.settled("axes", "markers", "plates", "markers stream", "mass")
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    setup.looked = setup.looked.having("standing", [ok("a", "b")])
    made.go(Step.PERSON)
    made.page.path.setText("S01.toml")
    made.go(Step.START)
    start.new.setChecked(True)
    start.path.setText(str(tmp_path / "mine.toml"))
    start.name.setText("Mine")
    made.tick()
    made.work.begin("Judging", lambda: 1, lambda *_: pytest.fail("it is of the last set-up"))
    made.next_pressed()
    made.work.collect()
    assert made.step is Step.STREAMS
    assert made.connections.started == [("practise", False), ("new", True)]
    fresh = Answers(way="new", lab_path=str(tmp_path / "mine.toml"), table={"name": "Mine"}, step=1)
    assert replace(setup.answers, table={"name": setup.answers.table["name"]}) == fresh
    assert setup.lab_file is None
    assert setup.subject_file is None
    assert not setup.looked.findings
    assert not made.steps[Step.PERSON].isEnabled()
    assert made._all[Step.PERSON].path.text() == ""


def test_open_then_new_or_practise_or_another_file_begins_afresh(window, tmp_path):
    made = window()
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text(LAB_PATH.read_text())
    start, setup = made.page, made.setup
    ways = (
        (start.open, "one.toml", False), (start.open, "one.toml", False), (start.open, "two.toml", True),
        (start.new, "new.toml", True), (start.new, "new2.toml", False), (start.practise, "", True),
        (start.practise, "", False), (start.open, "two.toml", True),
    )  # fmt: skip
    for each, name, afresh in ways:
        made.go(Step.START)
        each.setChecked(True)
        if name:
            start.path.setText(str(tmp_path / name))
        made.tick()
        made.next_pressed()
        assert made.connections.started[-1][1] is afresh, name
        assert made.step is Step.STREAMS
        assert setup.answers.way == made.connections.started[-1][0]
        assert bool(setup.answers.decided) is (each is start.open)
        assert (setup.lab_file is not None) is (each is start.open)
        assert (setup.answers.id == "PRACTICE") is (each is start.practise)
    assert [p.name for p in sorted(tmp_path.glob("practice*"))] == ["practice"]


def test_another_way_is_not_jumped_over(window, seen):
    made = window()
    made.page.practise.setChecked(True)
    made.tick()
    made.next_pressed()
    known(made, seen)
    made.go(Step.START)
    made.page.new.setChecked(True)
    made.tick()
    made._jump(Step.STREAMS)
    assert made.step is Step.START
    assert "press Next" in made.told.text()
    made.page.practise.setChecked(True)
    made.tick()
    made._jump(Step.STREAMS)
    assert made.step is Step.STREAMS


def test_what_a_set_up_was_left_with_stands_on_the_first_page_again(window, tmp_path):
    made = window()
    made.page.new.setChecked(True)
    made.page.path.setText(str(tmp_path / "mine.toml"))
    made.page.name.setText("Mine")
    made.page.replay_buttons[1].setChecked(True)
    made.tick()
    made.next_pressed()
    made.close()
    again = window()
    again.page.draft.setChecked(True)
    again.tick()
    again.next_pressed()
    again.go(Step.START)
    again.tick()
    assert again.setup.answers.lab_path == str(tmp_path / "mine.toml")
    assert again.setup.answers.table["name"] == "Mine"
    assert again.setup.answers.allow_replay
    assert not again.setup.another("new")


class _Runs:
    """A practice walker, a lookout or a listener of which only start and stop count."""

    def __init__(self, log, *_args):
        self._log, self.found, self.looked, self.infos = log, (), False, {}

    def start(self):
        self._log.append("start")

    def stop(self):
        self._log.append("stop")


@pytest.mark.parametrize("given", ["", "of-this-test"])
def test_the_practice_walker_ends_where_another_set_up_begins(monkeypatch, given):
    from display.setup import connections
    from display.setup.answers import Answers
    from stream.errors import EkamError

    logs = {name: [] for name in ("PracticeWalker", "Lookout", "Listener")}
    for name, log in logs.items():
        monkeypatch.setattr(connections, name, lambda *args, log=log: _Runs(log, *args))
    monkeypatch.setattr(connections, "use_loopback", lambda: "session")
    monkeypatch.setenv(connections.SESSION_VARIABLE, given)
    runs = connections.Connections()
    runs.start(Answers(way="practise"))
    first = runs.practice
    assert first is not None
    runs.start(Answers(way="practise"))
    assert runs.practice is first
    if not given:
        # LSL stays in the session of the practice walker, where nobody else's streams are seen
        with pytest.raises(EkamError, match="since practice began: close the window"):
            runs.start(Answers(way="new"), afresh=True)
        assert runs.practice is first
        assert logs["PracticeWalker"] == []
        return
    runs.start(Answers(way="new"), afresh=True)
    assert runs.practice is None
    assert logs == {
        "PracticeWalker": ["stop"],
        "Lookout": ["start", "stop", "start"],
        "Listener": ["start", "stop", "start"],
    }


def test_a_lab_that_cannot_be_read_is_said_on_the_first_page(window, tmp_path):
    made = window()
    path = tmp_path / "bad.toml"
    path.write_text("nam = 3")
    made.page.open.setChecked(True)
    made.page.path.setText(str(path))
    made.tick()
    assert "bad.toml" in made.reason.text()
    assert not made.next.isEnabled()


def test_closing_half_way_keeps_a_draft_to_go_on_from(window, seen):
    made = window()
    setup = known(made, seen)
    setup.name_marker("RKNE", "R knee")
    made.go(Step.MARKERS)
    made.close()
    again = window()
    assert again.page.draft.isVisible()
    assert "at Markers" in again.page.draft.text()
    again.next_pressed()
    for _ in range(8):
        again.tick()
    assert again.setup.answers.section("markers")["names"] == {"RKNE": "R knee"}
    assert again.step is Step.MARKERS


def test_enter_answers_a_question_and_escape_withdraws_it(window):
    made = window()
    answers = []
    made.ask(Question("Replace?", (("&Yes", "yes"), ("N&o", "no"))), answers.append)
    made.activateWindow()
    made.options.itemAt(0).widget().setFocus()
    made.enter_pressed()
    assert answers in (["yes"], [])  # offscreen may give no window the keyboard
    made.ask(Question("Replace?", (("&Yes", "yes"),)), answers.append)
    made._withdraw()
    assert not made.panel.isVisible()


def test_markers_of_a_wrong_unit_are_said_in_the_picture(qapp, qtbot):
    from display.setup.body_view import BodyView
    from stream.live_picture import Picture

    view = BodyView("behind")
    view.resize(400, 400)
    at = np.random.default_rng(1).normal(0.0, 700.0, (6, 3))
    view.show_picture(Picture(tuple("abcdef"), ((),) * 6, at))
    assert view.grab().width() == 400
    view.show_picture(None, "no streams")
    assert view.grab().width() == 400
    view.show_picture(Picture(("a",), ((),), np.full((1, 3), np.nan)))
    assert view.grab().width() == 400


def test_a_lab_survives_the_table_of_the_answers():
    from display.setup.answers import Answers, from_json, lab_of, to_json

    lab = read_lab(LAB_PATH).lab
    answers = Answers(table=table_of(lab))
    assert lab_of(answers) == lab
    assert lab_of(from_json(to_json(answers))) == lab
    assert from_json("{") is None
    assert from_json("[]") is None


def test_a_unit_that_fits_nobody_is_a_doubt(window, seen):
    far = replace(seen.markers, values=1e3 * seen.markers.values)
    wrong = Seen({**seen.streams, Role.MARKERS: far})
    made = window()
    setup = known(made, seen)
    made.go(Step.AXES)
    setup.learn(guess(wrong, setup.answers))
    made.tick()
    assert "no body in m, cm or mm" in made.page.doubts.text()
    setup.learn(guess(seen, setup.answers))
    setup.answers = setup.answers.having(
        "markers", {**setup.answers.section("markers"), "unit": "m"}
    ).settled("unit")
    made.tick()
    assert "another unit is chosen than the one that fits a body" in made.page.doubts.text()


def test_plates_without_corners_show_their_load_and_ask_for_their_place(window, seen):
    info = replace(seen.forces.info, plates=())
    bare = Seen({**seen.streams, Role.FORCES: replace(seen.forces, info=info)})
    made = window()
    setup = known(made, seen)
    setup.infos = made.connections.listener.infos = {**setup.infos, Role.FORCES: info}
    made.connections.listener._seen = bare
    setup.answers = setup.answers.having("plates", [])
    setup.learn(guess(bare, setup.answers))
    made.go(Step.PLATES)
    made.tick()
    row = made.page._plates[0]
    assert not row.place.isHidden()
    assert row.bar.text() == "353 N"
    setup.set_plate(0, side="left")
    made.tick()
    assert "corners_m and origin_m" in made.reason.text()
    corners = seen.forces.info.plates
    for at, plate in enumerate(corners):
        table = made.page._plates[at].place
        for i, point in enumerate((*plate.corners_m, plate.origin_m)):
            for j, value in enumerate(point):
                table.item(i, j).setText(f"{1e3 * value:g}")
        setup.set_plate(at, acts_on="foot" if plate.reaction else "plate")
    made.tick()
    assert made.reason.text() == ""
    assert made.next.isEnabled()


def test_a_session_that_does_not_come_about_is_said_in_the_window(
    qapp, monkeypatch, tmp_path, capsys
):
    from display.setup import start
    from display.setup.connections import Connections as Real
    from stream.errors import EkamError

    shown, gone = [], []

    class Left:
        def there(self):
            gone.append(self)

    def window(_app, setup, _connections, at, told):
        shown.append((at, told, setup))
        return Left() if len(shown) == 1 else None

    def fails(left):
        assert isinstance(left, Left)
        raise EkamError("No markers stream was found.")

    monkeypatch.setattr(start, "_shown", window)
    monkeypatch.setattr(start, "run_plan", fails)
    monkeypatch.setattr(Real, "take_up", lambda _self: None)
    assert start.run_set_up(tmp_path) == 0
    assert shown[0][:2] == (Step.START, "")
    assert shown[1][:2] == (Step.READY, "The session ended: No markers stream was found.")
    assert shown[1][2] is shown[0][2]  # nothing that was answered is lost
    assert len(gone) == 1  # the first window does not stay behind the second
    assert "No markers stream was found." in capsys.readouterr().err


def test_a_window_that_opens_again_shows_its_page_and_why(window, seen):
    from display.setup.window import SetupWindow

    first = window()
    setup = known(first, seen)
    setup.write_lab()
    setup.open_subject(SUBJECT_PATH)
    setup.answers = replace(setup.answers, step=int(Step.READY))
    again = SetupWindow(setup, first.connections, Step.READY, "The session ended: no streams.")
    again._timer.stop()
    again.show()
    again.tick()
    assert again.step is Step.READY
    assert again.told.text() == "The session ended: no streams."
    assert setup.answers.way == "new"
    again.go(Step.START)
    again.tick()
    assert setup.answers.way == "new"
    again.hide()
    again.deleteLater()
