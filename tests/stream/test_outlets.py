"""What other programs are told: the three outlets, their layout, and that they can do a session no harm."""

import json
import os
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import pyxdf
import walkers
from hypothesis import given
from hypothesis import strategies as st

from compute import Side, Stance
from compute.early import Early, Phase
from compute.feedback import Target, target_for
from compute.stance import REASONS
from compute.variables import VARIABLES
from stream import outlets as module
from stream.file_source import FileSource
from stream.outlet_layout import (
    CODES,
    EVENTS,
    LIVE,
    LIVE_CHANNELS,
    STANCE_CHANNELS,
    STANCES,
    WORDS,
    layouts,
    unit_and_type,
)
from stream.outlets import Outlets
from stream.recorder import Recorder
from stream.session import Session
from stream.sinks import Outcome, Told
from stream.source import Role
from stream.status import SessionView
from stream.tables import MORE_COLUMNS, STANCE_COLUMNS, StancesCsv, stance_row

ORIGIN_S = 5000.0
INFOS = {stream.info.role: stream.info for stream in walkers.trial().recording.streams()}
REPLAYED = {
    role: replace(info, replay="Jane_Doe.c3d", source_id="jane") for role, info in INFOS.items()
}


def outcome(infos=INFOS):
    return Outcome(infos, {Role.MARKERS: 100.0, Role.FORCES: 1000.0}, live_delay_s=0.03)


def layout(name, infos=INFOS, lab=None, target=None):
    made = layouts(outcome(infos), lab or walkers.lab(), target or Target())
    return next(each for each in made if each.name == name)


class Wire:
    """In the place of the library: remembers what is pushed, or breaks."""

    def __init__(self):
        self.pushed, self.broken, self.consumers = {}, set(), False

    def open(self, layout):
        return Outlet(self, layout.name)

    def samples(self):
        """What went out as stances: values by channel, with the stamp."""
        return [
            dict(zip(STANCE_CHANNELS, values[0].tolist(), strict=True), stamp=stamp)
            for values, stamp in self.pushed.get(STANCES, [])
        ]


class Outlet:
    def __init__(self, wire, name):
        self.wire, self.name = wire, name

    def push_chunk(self, values, stamps):
        if self.name in self.wire.broken:
            raise RuntimeError("the network is gone")
        self.wire.pushed.setdefault(self.name, []).append((values, stamps))

    def have_consumers(self):
        return self.wire.consumers


@pytest.fixture
def wire(monkeypatch):
    made = Wire()
    monkeypatch.setattr(module, "_open", made.open)
    return made


@pytest.fixture
def outlets(wire):
    return Outlets(layouts(outcome(), walkers.lab(), Target()))


def stance(number, side=Side.LEFT, *reasons, early=np.nan):
    return Stance(
        number, side, float(number), number + 0.7, number + 0.8, 70.0, 1.7,
        ekam_peak1_nm=35.0, early_peak1_nm=early, reasons=reasons,
    )  # fmt: skip


def early(number, side=Side.LEFT):
    return Early(side, float(number), number + 0.4, 36.0, 70.0)


def told(wire):
    """Phase, side, t_on_s and number of what went out."""
    return [(Phase(s["phase"]), Side(s["side"]), s["t_on_s"], s["stance"]) for s in wire.samples()]


# --- layout ------------------------------------------------------------------------------------------


def test_the_stances_have_every_column_of_the_table_that_is_a_number():
    columns = [c for c in (*STANCE_COLUMNS, *MORE_COLUMNS) if c not in WORDS]
    assert ("phase", *columns, "t_decide_s") == STANCE_CHANNELS
    assert len(set(STANCE_CHANNELS)) == len(STANCE_CHANNELS)


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_channel_says_its_unit_and_type(variable):
    target = target_for(variable)
    for label in STANCE_CHANNELS:
        unit, kind = unit_and_type(label, target)
        assert unit
        assert kind
        assert unit.isascii()
    assert unit_and_type("ekam_peak1_nm_per_kg", target) == ("Nm/kg", "Moment")
    assert unit_and_type("t_on_s", target) == ("s", "Time")
    assert unit_and_type("belt_speed_m_per_s", target) == ("m/s", "Speed")
    with pytest.raises(ValueError, match="'tempo' has no unit"):
        unit_and_type("tempo", target)


def test_reasons_are_bits_of_a_double():
    values = list(CODES["reasons"].values())
    assert values == [1 << i for i in range(len(REASONS))]
    assert sum(values) < 2**53


def test_a_source_id_stays_and_differs_where_streams_must_not_be_mistaken():
    first = {each.source_id for each in layouts(outcome(), walkers.lab(), Target())}
    assert len(first) == 3
    other_target = target_for("foot_progression")
    assert {each.source_id for each in layouts(outcome(), walkers.lab(), other_target)} == first
    second = walkers.lab().model_copy(update={"name": "the treadmill next door"})
    assert layout(STANCES, lab=second).source_id not in first
    assert layout(STANCES, REPLAYED).source_id not in first


def test_no_query_of_a_lab_takes_them_for_markers_or_forces():
    taken = {query.type.lower() for query in walkers.lab().queries()}
    assert not taken & {each.type.lower() for each in layouts(outcome(), walkers.lab(), Target())}


def test_a_replay_is_said_to_be_one_and_nobody_is_named():
    for name in (STANCES, LIVE, EVENTS):
        assert "replay" not in layout(name).desc
        made = layout(name, REPLAYED)
        assert made.desc["replay"] == "true"
        assert "jane" not in repr(made).lower()


# --- phases ------------------------------------------------------------------------------------------


def test_early_values_are_confirmed_withdrawn_with_their_stance_or_without_one(outlets, wire):
    outlets.stance(stance(1, Side.LEFT, "marker_gap"), Told(), ORIGIN_S)
    outlets.early(early(2), Told("early", 12.0, 88.0), ORIGIN_S)
    outlets.early(early(2.5, Side.RIGHT), Told(), ORIGIN_S)
    outlets.stance(stance(2, early=36.0), Told("final", 9.0, 86.0), ORIGIN_S)
    outlets.stance(stance(2.5, Side.RIGHT, "cross_belt", early=36.0), Told(), ORIGIN_S)
    outlets.early(early(3), Told("early", 12.0, 88.0), ORIGIN_S)  # never gets a final
    outlets.stance(stance(4), Told(), ORIGIN_S)
    outlets.early(early(5), Told(), ORIGIN_S)  # nor does this
    outlets.live(np.array([[5.9, 0.1, 0.2, 300.0, 400.0]]), ORIGIN_S)
    outlets.close()
    left, right = Side.LEFT, Side.RIGHT
    none = pytest.approx(np.nan, nan_ok=True)
    assert told(wire) == [
        (Phase.FINAL, left, 1.0, 1.0),
        (Phase.EARLY, left, 2.0, none),
        (Phase.EARLY, right, 2.5, none),
        (Phase.FINAL, left, 2.0, 2.0),
        (Phase.WITHDRAWN, right, 2.5, 2.5),
        (Phase.EARLY, left, 3.0, none),
        (Phase.WITHDRAWN, left, 3.0, none),
        (Phase.FINAL, left, 4.0, 4.0),
        (Phase.EARLY, left, 5.0, none),
        (Phase.WITHDRAWN, left, 5.0, none),
    ]
    samples = wire.samples()
    stamps = [sample["stamp"] - ORIGIN_S for sample in samples]
    np.testing.assert_allclose(
        stamps, [1.8, 2.4, 2.9, 2.8, 3.3, 3.4, 4.8, 4.8, 5.4, 5.9], atol=1e-9
    )
    np.testing.assert_allclose(stamps, [s["t_decide_s"] for s in samples], atol=1e-9)
    assert [s["verdict"] for s in samples] == [
        0.0, none, none, 1.0, 0.0, none, 0.0, 1.0, none, 0.0
    ]  # fmt: skip
    assert [s["shown"] for s in samples] == [0, 1, 0, 2, 0, 1, 1, 0, 0, 0]
    assert samples[1]["feedback_value"] == 88.0
    assert samples[1]["ekam_peak1_nm_per_kg"] == pytest.approx(36.0 / 70.0)
    assert np.isnan(samples[6]["ekam_peak1_nm_per_kg"])


def test_a_device_is_told_the_band_also_without_a_protocol(outlets, wire):
    valid = stance(1)
    outlets.stance(valid, Told("final", 3.0, 92.0, aim=(60.0, 90.0)), ORIGIN_S)
    outlets.stance(valid, Told("final", 3.0, 92.0, "train", 61.0, 91.0), ORIGIN_S)
    bands = [(s["target_low"], s["target_high"]) for s in wire.samples()]
    assert bands == [(60.0, 90.0), (61.0, 91.0)]
    empty = stance_row(valid, Told("final", 3.0, 92.0, aim=(60.0, 90.0)))
    assert np.isnan(empty["target_low"])  # stances.csv has none without a protocol


@given(contacts=st.lists(st.tuples(*[st.booleans()] * 4), max_size=12))
def test_whatever_happens_every_early_value_gets_one_answer(contacts):
    """A contact of either leg that may have an early value, a final, a reason against it."""
    made = Wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_open", made.open)
        outlets = Outlets(layouts(outcome(), walkers.lab(), Target()))
        for i, (is_right, has_early, has_final, is_wrong) in enumerate(contacts):
            side = Side(int(is_right))
            if has_early:
                outlets.early(early(i, side), Told(), ORIGIN_S)
            if has_final:
                reasons = ("outlier",) if is_wrong else ()
                peak = 36.0 if has_early else np.nan
                outlets.stance(stance(i, side, *reasons, early=peak), Told(), ORIGIN_S)
        outlets.close()
    said = {}
    for phase, side, t_on_s, _ in told(made):
        said.setdefault((side, t_on_s), []).append(phase)
    for i, (is_right, has_early, has_final, is_wrong) in enumerate(contacts):
        got = said.pop((Side(int(is_right)), float(i)), [])
        confirmed = has_final and not (is_wrong and has_early)
        last = Phase.FINAL if confirmed else Phase.WITHDRAWN
        assert got == [Phase.EARLY] * has_early + [last] * (has_early or has_final)
    assert not said


def test_every_reason_is_its_own_bit(outlets, wire):
    outlets.stance(stance(1, Side.LEFT, "no_peak", "outlier"), Told(), ORIGIN_S)
    [sample] = wire.samples()
    assert sample["reasons"] == CODES["reasons"]["no_peak"] + CODES["reasons"]["outlier"]


# --- in a session ------------------------------------------------------------------------------------


class Raw:
    """A recorder that remembers events."""

    fault = notice = ""
    bytes_written = 0

    def __init__(self):
        self.texts = []

    def offer(self, chunk):
        pass

    def events(self, text, t_s):
        self.texts.append((json.loads(text), t_s))


def session(followers, view=None, now=lambda: 7000.0, sinks=(), raw=None):
    view = view or SessionView()
    view.control.start()
    source = FileSource(walkers.trial().recording, 0.25)
    made = Session(
        source, walkers.lab(), walkers.subject(), view, now=now, target=Target(baseline_stances=2)
    )
    made.open()
    made.keep(list(sinks), raw, followers)
    return made, view


def test_a_session_tells_stances_early_values_and_every_frame(outlets, wire):
    made, view = session([outlets])
    view.walker_sees.set()
    ended = made.run()
    numbers = [s["stance"] for s in wire.samples() if s["stance"] == s["stance"]]
    assert numbers == [s.number for s in ended.stances]
    earlies = [s for s in wire.samples() if s["phase"] == Phase.EARLY]
    finals = [s.early_peak1_nm / s.body_mass_kg for s in ended.stances if s.early_peak1_nm > 0.0]
    unfinished = [s for s in wire.samples() if np.isnan(s["stance"]) and s["phase"] == 2.0]
    # Also during the baseline, which the walker is not shown.
    assert len(earlies) > 5
    assert [s["early_peak1_nm_per_kg"] for s in earlies] == [
        *finals, *(s["early_peak1_nm_per_kg"] for s in unfinished)
    ]  # fmt: skip
    assert {s["shown"] for s in wire.samples()} == {0.0, 1.0, 2.0}
    rows = np.concatenate([values for values, _ in wire.pushed[LIVE]])
    stamps = np.concatenate([stamps for _, stamps in wire.pushed[LIVE]])
    assert rows.shape == (len(stamps), len(LIVE_CHANNELS))
    origin_s = wire.samples()[0]["stamp"] - wire.samples()[0]["t_decide_s"]
    np.testing.assert_allclose(view.trace.copy()[:, 0] + origin_s, stamps, atol=1e-9)
    np.testing.assert_array_equal(view.trace.copy()[:, 1:], rows)


def test_the_walker_comes_before_the_network_and_the_network_before_the_disk(monkeypatch):
    order = []

    class Watching:
        fault = ""

        def early(self, early, told, origin_s):
            order.append("network")

        def stance(self, stance, told, origin_s):
            order.append("network")

        def live(self, rows, origin_s):
            pass

        def event(self, text, t_s):
            pass

        def close(self):
            pass

    class Disk:
        def stance(self, stance, told):
            order.append("disk")

        def close(self):
            pass

    made, view = session([Watching()], sinks=[Disk()])
    publish = view.walker.publish
    monkeypatch.setattr(
        view.walker, "publish", lambda value: (order.append("walker"), publish(value))[1]
    )
    ended = made.run()
    told = "".join(word[0] for word in order)  # early values of the baseline are not for the walker
    finals = told.count("wnd")
    assert finals == len(ended.stances)
    earlies = told.replace("wnd", " ")
    assert set(earlies) == {"w", "n", " "}
    assert earlies.count("wn") == earlies.count("w") > 2


@pytest.mark.parametrize("broken", [(), (STANCES, LIVE)])
def test_what_is_published_is_recorded_also_when_the_network_is_gone(wire, broken, tmp_path):
    wire.broken.update(broken)
    made = layouts(outcome(), walkers.lab(), Target())
    recorder = Recorder(tmp_path / "raw.xdf", {}, [each.info() for each in made])
    outlets = Outlets(made, recorder.rows)
    outlets.live(np.array([[0.01, 1.0, 2.0, 3.0, 4.0], [0.02, 5.0, 6.0, 7.0, 8.0]]), ORIGIN_S)
    outlets.early(early(1), Told("early", 4.0, 0.5), ORIGIN_S)
    outlets.stance(stance(1), Told("final", 5.0, 0.5), ORIGIN_S)
    outlets.event("{}", ORIGIN_S)  # a session records its events itself
    outlets.close()
    recorder.close()
    loaded, _ = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)
    found = {each["info"]["name"][0]: each for each in loaded}
    np.testing.assert_array_equal(
        found[LIVE]["time_series"], [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    )
    np.testing.assert_array_equal(found[LIVE]["time_stamps"], ORIGIN_S + np.array([0.01, 0.02]))
    assert found[STANCES]["time_series"][:, 0].tolist() == [Phase.EARLY, Phase.FINAL]
    assert len(found[EVENTS]["time_stamps"]) == 0
    channels = found[STANCES]["info"]["desc"][0]["channels"][0]["channel"]
    assert tuple(channel["label"][0] for channel in channels) == STANCE_CHANNELS
    assert found[STANCES]["info"]["desc"][0]["codes"][0]["phase"][0]["withdrawn"] == ["2"]


@pytest.mark.parametrize("broken", [STANCES, LIVE, EVENTS])
def test_an_outlet_that_breaks_is_a_message_and_nothing_else(outlets, wire, broken, tmp_path):
    wire.broken.add(broken)
    made, view = session([outlets], sinks=[StancesCsv(tmp_path)])
    ended = made.run()
    made.end()
    assert len(ended.stances) > 8
    assert (tmp_path / "stances.csv").read_text().count("\n") == 1 + len(ended.stances)
    assert set(wire.pushed) == {STANCES, LIVE, EVENTS} - {broken}
    message = view.status.read()[1].message
    assert f"{broken}: the network is gone" in message
    assert "feedback and recording go on" in message


def test_a_library_that_is_not_there_is_a_message_and_nothing_else(monkeypatch):
    def missing(layout):
        raise OSError("liblsl cannot be loaded")

    monkeypatch.setattr(module, "_open", missing)
    outlets = Outlets(layouts(outcome(), walkers.lab(), Target()))
    made, _ = session([outlets])
    assert len(made.run().stances) > 8
    assert "liblsl cannot be loaded" in outlets.fault


def test_events_go_to_the_recorder_and_to_the_others(outlets, wire):
    view, raw = SessionView(), Raw()
    view.control.mark("cue: toes in")
    made, _ = session([outlets], view, raw=raw)
    made.run()
    assert [event["event"] for event, _ in raw.texts] == ["start", "target", "mark", "stop"]
    assert raw.texts[2] == ({"event": "mark", "text": "cue: toes in"}, 7000.0)
    assert raw.texts[1][0]["high"] == 90.0
    sent = [(json.loads(texts[0]), stamp) for texts, stamp in wire.pushed[EVENTS]]
    assert sent == raw.texts


def test_a_file_has_no_events(outlets, wire):
    made, _ = session([outlets], now=None)
    made.run()
    assert EVENTS not in wire.pushed


def test_processing_a_file_never_loads_the_network_library(tmp_path):
    program = (
        "import sys; from display.cli import main\n"
        "try: main()\n"
        "finally: assert 'pylsl' not in sys.modules, 'loaded'"
    )
    command = ["process", walkers.cut_walk(tmp_path, 3.0), "--lab", walkers.LAB_PATH]
    command += ["--subject", walkers.SUBJECT_PATH, "-o", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *map(str, command)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- over the network --------------------------------------------------------------------------------


CONSUMER = """
import sys
from stream.lsl_config import use_loopback
use_loopback()
import pylsl
inlets = [pylsl.StreamInlet(pylsl.resolve_byprop("name", name, timeout=60.0)[0]) for name in sys.argv[1:]]
for inlet in inlets:
    inlet.open_stream(timeout=60.0)
print("connected", flush=True)
sys.stdin.readline()
"""


def inlet_of(name, wait_s=60.0):
    import pylsl

    [found] = pylsl.resolve_byprop("name", name, timeout=wait_s)
    inlet = pylsl.StreamInlet(found, recover=False)
    inlet.open_stream(timeout=60.0)
    return inlet


@pytest.mark.lsl
def test_what_arrives_is_what_was_pushed_with_its_description():
    outlets = Outlets(layouts(outcome(REPLAYED), walkers.lab(), Target()))
    assert outlets.fault == ""
    inlets = {name: inlet_of(name) for name in (STANCES, LIVE, EVENTS)}
    outlets.event("ä", ORIGIN_S)
    outlets.stance(stance(1, Side.RIGHT, "outlier"), Told("early", 9.0), ORIGIN_S)
    outlets.live(np.array([[0.01, 0.1, 0.2, 3.0, np.nan], [0.03, 1, 2, 3, 4]]), ORIGIN_S)
    text, at_s = inlets[EVENTS].pull_sample(timeout=60.0)
    assert (text, at_s) == (["ä"], ORIGIN_S)
    sample, at_s = inlets[STANCES].pull_sample(timeout=60.0)
    assert at_s == ORIGIN_S + 1.8
    values = dict(zip(STANCE_CHANNELS, sample, strict=True))
    assert (values["phase"], values["side"], values["stance"]) == (1.0, 1.0, 1.0)
    assert values["ekam_peak1_nm_per_kg"] == 0.5
    rows = [inlets[LIVE].pull_sample(timeout=60.0) for _ in range(2)]
    assert [at_s for _, at_s in rows] == [ORIGIN_S + 0.01, ORIGIN_S + 0.03]
    np.testing.assert_array_equal([row for row, _ in rows], [[0.1, 0.2, 3.0, np.nan], [1, 2, 3, 4]])
    for name, inlet in inlets.items():
        info = inlet.info(timeout=60.0)
        root = ET.fromstring(info.as_xml())
        made = layout(name, REPLAYED)
        assert info.source_id() == made.source_id
        assert info.type() == made.type
        assert info.nominal_srate() == made.rate_hz
        channels = [
            tuple(channel.findtext(tag) for tag in ("label", "unit", "type"))
            for channel in root.findall("desc/channels/channel")
        ]
        assert tuple(channels) == made.channels
        assert root.findtext("desc/synchronization/can_drop_samples") == "true"
        assert root.findtext("desc/replay") == "true"
        assert root.findtext("desc/versions/ekam")
    root = ET.fromstring(inlets[LIVE].info(timeout=60.0).as_xml())
    assert root.findtext("desc/live_delay_s") == "0.03"
    assert root.findtext("desc/scored") == "never"
    inlets.clear()
    outlets.close()


@pytest.mark.lsl
@pytest.mark.slow
@pytest.mark.timeout(400)  # programs start slowly
def test_live_publishes_by_itself(tmp_path):
    around = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    around.pop("QT_QPA_PLATFORM", None)
    around["PYTHONPATH"] = os.pathsep.join(sys.path)
    lab = ("--lab", walkers.LAB_PATH)
    commands = [
        ("replay", walkers.cut_walk(tmp_path, 4.0), *lab, "--wait-consumers"),
        ("live", *lab, "--subject", walkers.SUBJECT_PATH, "--allow-replay", "--wait", "90",
         "-o", tmp_path / "session"),
    ]  # fmt: skip
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "display.cli", *map(str, command)], env=around
        )
        for command in commands
    ]
    try:
        inlet = inlet_of(STANCES, 200.0)  # it may have to compile
        numbers = []
        while running[1].poll() is None:
            sample, _ = inlet.pull_sample(timeout=0.2)
            if sample is not None and sample[STANCE_CHANNELS.index("stance")] > 0:
                numbers.append(sample[STANCE_CHANNELS.index("stance")])
    except RuntimeError:  # LSL's way to say that the outlet has ended
        running[1].wait(60.0)
    finally:
        for process in running:
            process.kill()
            process.wait(60.0)
    assert running[1].returncode == 0
    lines = (tmp_path / "session" / "stances.csv").read_text().splitlines()[1:]
    assert numbers
    assert numbers[-1] == len(lines)


@pytest.mark.lsl
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no way to freeze a process here")
def test_a_consumer_that_hangs_holds_nothing_up():
    outlets = Outlets(layouts(outcome(), walkers.lab(), Target()))
    consumer = subprocess.Popen(
        [sys.executable, "-c", CONSUMER, STANCES, LIVE, EVENTS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert consumer.stdout.readline() == "connected\n"
        consumer.send_signal(signal.SIGSTOP)

        def push():
            for i in range(30_000):  # megabytes, far more than a connection buffers
                outlets.live(np.full((4, 5), float(i)), ORIGIN_S)
                if i % 10 == 0:
                    outlets.stance(stance(i), Told(), ORIGIN_S)

        pushing = threading.Thread(target=push, daemon=True)
        pushing.start()
        pushing.join(60.0)
        assert not pushing.is_alive()
        assert outlets.fault == ""
    finally:
        consumer.kill()
        consumer.wait(60.0)
        consumer.stdin.close()
        consumer.stdout.close()
        outlets.close()
