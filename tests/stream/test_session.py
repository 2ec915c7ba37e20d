"""The main path on a source without a network."""

import csv
import json
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import walkers
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import Side
from compute.feedback import Target
from stream.errors import EkamError
from stream.file_source import FileSource
from stream.lab import read_lab
from stream.results import keep_inputs, new_folder, write_session_json
from stream.session import Session
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import STANCE_COLUMNS, CurvesCsv, StancesCsv


def session(recording=None, view=None, chunk_s=0.25, **options):
    view = view or SessionView()
    view.control.start()
    source = FileSource(recording or walkers.trial().recording, chunk_s)
    made = Session(source, walkers.lab(), walkers.subject(), view, **options)
    made.open()
    return made, view


def peaks(outcome):
    return [(s.side, s.t_on_s, s.ekam_peak1_nm, s.reasons) for s in outcome.stances]


class Keeper:
    """A sink that remembers."""

    def __init__(self):
        self.stances, self.closed = [], False

    def stance(self, stance, told):
        self.stances.append((stance, told))

    def close(self):
        self.closed = True


@pytest.fixture(scope="module")
def reference():
    return peaks(session()[0].run())


@given(chunk_s=st.floats(0.003, 9.0))
@settings(max_examples=8, deadline=None)
def test_pulls_of_any_length_give_the_same(reference, chunk_s):
    assert peaks(session(chunk_s=chunk_s)[0].run()) == reference


def test_every_sink_gets_every_stance_and_is_closed():
    made, view = session(target=Target(baseline_stances=3), banner="TEST")
    keeper = Keeper()
    made.keep([keeper])
    outcome = made.run("folder")
    assert [s for s, _ in keeper.stances] == outcome.stances
    assert keeper.closed
    assert all(np.isnan(told.latency_ms) for _, told in keeper.stances)
    assert {told.shown for _, told in keeper.stances} == {"none"}  # nobody looks
    made.end("bye")
    _, status = view.status.read()
    assert (status.state, status.banner, status.message) == ("ended", "TEST", "bye")
    assert sum(status.valid) == len(outcome.stances)
    assert len(view.trace.copy()) > 600
    _, feedback = view.walker.read()
    assert {feedback.left.phase, feedback.right.phase} <= {"feedback", "early"}
    left = [s.ekam_peak1_nm_per_kg for s in outcome.stances if s.side is Side.LEFT]
    assert feedback.left.confirmed == pytest.approx(100.0 * left[-1] / np.mean(left[:3]))


def test_stop_ends_it_and_closes_everything():
    made, view = session()
    keeper = Keeper()
    made.keep([keeper])
    view.control.stop()
    assert made.run().stances == []
    assert keeper.closed


def test_start_is_waited_for():
    view = SessionView()
    source = FileSource(walkers.trial().recording, 0.25)
    made = Session(source, walkers.lab(), walkers.subject(), view)
    made.open()
    thread = threading.Thread(target=made.run)
    thread.start()
    thread.join(20.0)
    assert not thread.is_alive()  # the recording ran out while it waited
    assert made.outcome.stances == []


def test_a_fault_in_the_loop_still_closes_the_sinks():
    class Broken(Keeper):
        def stance(self, stance, told):
            raise EkamError("the disk is gone")

    made, _ = session()
    broken, keeper = Broken(), Keeper()
    made.keep([broken, keeper])
    with pytest.raises(EkamError, match="the disk is gone"):
        made.run()
    assert broken.closed
    assert keeper.closed


def test_a_full_disk_does_not_take_the_feedback_away():
    class Full(Keeper):
        def stance(self, stance, told):
            raise OSError(28, "No space left on device")

    made, view = session()
    keeper = Keeper()
    made.keep([Full(), keeper])
    outcome = made.run()
    assert len(keeper.stances) == len(outcome.stances) > 5
    assert "No space left on device" in outcome.fault
    assert "No space left" in view.status.read()[1].message


def test_a_recording_without_forces_cannot_be_walked():
    with pytest.raises(EkamError, match="has no force plates"):
        FileSource(replace(walkers.trial().recording, forces=None))


def test_a_clock_that_jumps_rejects_the_stances_around_it():
    recording = walkers.trial().recording
    stamps = recording.markers.stamps_s.copy()
    stamps[stamps > 2.0] -= 0.02
    jumped = replace(recording, markers=replace(recording.markers, stamps_s=stamps))
    made, _ = session(jumped)
    stances = made.run().stances
    hit = [stance for stance in stances if "clock_jump" in stance.reasons]
    assert hit
    assert all(stance.t_on_s - 0.31 <= 2.0 <= stance.t_decide_s + 0.02 for stance in hit)
    assert not any("clock_jump" in s.reasons for s in stances if s.t_on_s > 2.5)


@pytest.mark.parametrize("declared", [50.0, 200.0])
def test_a_rate_that_is_not_the_streams_is_refused(declared):
    recording = walkers.trial().recording
    told = replace(
        recording.markers, info=replace(recording.markers.info, nominal_rate_hz=declared)
    )
    made, _ = session(replace(recording, markers=told))
    outcome = made.run()
    assert re.match("the markers stream delivers 100 samples per second, not the", outcome.fault)
    assert all(stance.t_decide_s < 2.6 for stance in outcome.stances)


def test_dropped_frames_and_blocks_of_stamps_are_no_wrong_rate():
    recording = walkers.trial().recording
    kept = np.ones(len(recording.markers.stamps_s), dtype=bool)
    kept[20:60] = False
    gappy = replace(
        recording.markers,
        stamps_s=recording.markers.stamps_s[kept],
        values=recording.markers.values[kept],
    )
    blocks = np.repeat(recording.forces.stamps_s[::10], 10)[: len(recording.forces.stamps_s)]
    blocks = blocks + 1e-6 * (np.arange(len(blocks)) % 10)
    stamped = replace(recording.forces, stamps_s=blocks)
    made, _ = session(replace(recording, markers=gappy, forces=stamped))
    made.run()


def test_swapped_plates_are_told_to_the_operator():
    plates = tuple(
        plate.model_copy(update={"side": "left" if plate.side == "right" else "right"})
        for plate in walkers.lab().plates
    )
    lab = walkers.lab().model_copy(update={"plates": plates})
    view = SessionView()
    view.control.start()
    source = FileSource(walkers.trial().recording)
    made = Session(source, lab, walkers.subject(), view)
    made.open()
    assert all(stance.reasons for stance in made.run().stances)
    assert "the load of the left plate lies under the right foot" in view.status.read()[1].message


def test_a_replay_says_so_on_both_screens():
    recording = walkers.trial().recording
    said = replace(recording.markers, info=replace(recording.markers.info, replay="walk.c3d"))
    made, view = session(replace(recording, markers=said))
    assert view.walker.read()[1].banner == "REPLAY"
    made.run()
    assert view.status.read()[1].banner == "REPLAY"


def test_files_of_a_session(tmp_path):
    lab, subject = read_lab(walkers.LAB_PATH), read_subject(walkers.SUBJECT_PATH)
    folder = new_folder(tmp_path / "a" / "b", "S1")
    keep_inputs(folder, lab, subject)
    made, _ = session()
    made.keep([StancesCsv(folder), CurvesCsv(folder)])
    outcome = made.run()
    begun = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    write_session_json(
        folder, outcome, lab, subject, mode="process", origin={"file": "x"}, begun_utc=begun
    )
    assert (folder / "lab.toml").read_text() == lab.text
    assert (folder / "subject.toml").read_text() == subject.text
    with (folder / "stances.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0])[: len(STANCE_COLUMNS)] == STANCE_COLUMNS
    for row, stance in zip(rows, outcome.stances, strict=True):
        assert float(row["ekam_peak1_nm"]) == stance.ekam_peak1_nm  # reads back exactly
        assert float(row["t_on_s"]) == stance.t_on_s
        assert float(row["foot_progression_deg"]) == np.degrees(stance.foot_progression_rad)
    with (folder / "curves.csv").open() as file:
        assert sum(1 for _ in file) == 1 + 101 * len(rows)
    table = json.loads((folder / "session.json").read_text())
    assert table["feedback"]["variable"] == "ekam_peak1"
    assert table["notes"] == []
    assert table["begun_utc"] == "2026-11-22T09:30:00+00:00"
    assert table["live_delay_ms"] > 0.0
    assert "external" in table["method"]["ekam"]
    assert table["stances"]["valid"]["left"] + table["stances"]["valid"]["right"] == len(rows)
    with pytest.raises(EkamError, match="exists and is not written into"):
        new_folder(folder, "S1")


def test_subject_reads_back_exactly():
    assert read_subject(walkers.SUBJECT_PATH).subject.left.shank.tracking == "cluster"
    text = read_subject(walkers.SUBJECT_PATH).text
    assert "body_mass_kg = 72.0" in text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"LSK2",', '"LSK1",', "as many different markers as points"),
        ('"LSK2",', '"RSK2",', "markers of both legs"),
        ('"LSK2",', '"LSK9",', "'LSK9' is not a canonical marker name"),
        ("body_mass_kg = 72.0", 'body_mass_kg = "72"', "subject.body_mass_kg"),
        ("body_mass_kg = 72.0", "body_mass_kg = nan", "subject.body_mass_kg"),
    ],
)
def test_a_damaged_subject_file_is_refused(tmp_path, old, new, says):
    text = read_subject(walkers.SUBJECT_PATH).text
    assert old in text
    path = tmp_path / "s.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(EkamError, match=says):
        read_subject(path)


def test_a_subject_file_that_is_none(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('layout = 2\n[subject]\nid = "S1"\n')
    with pytest.raises(EkamError, match=r"s\.toml: the key 'subject.body_mass_kg' is missing"):
        read_subject(path)
