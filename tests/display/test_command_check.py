"""`ekam check` over real LSL on loopback, with a replay in another process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from queue import Empty, SimpleQueue
from unittest import mock

import commands
import numpy as np
import pytest
import walkers

pytestmark = pytest.mark.lsl

PATIENCE_S = 90.0


def ekam(*arguments):
    """Run a command in this process; returns code, standard output, standard error."""
    done = commands.ekam(*arguments)
    return done.returncode, done.stdout, done.stderr


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "display.cli", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        **options,
    )


def start_replay():
    """The bundled walk, round and round; ends by itself after two minutes."""
    return start(
        "replay", walkers.WALK_PATH, "--lab", walkers.LAB_PATH, "--loop", "--seconds", "120",
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def end(process):
    process.kill()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def publisher():
    from stream.lsl_config import use_loopback

    use_loopback()
    import pylsl

    process = start_replay()
    try:
        for kind in ("Mocap", "Force"):
            assert pylsl.resolve_byprop("type", kind, timeout=PATIENCE_S), (
                f"no {kind} stream came up"
            )
        yield process
    finally:
        end(process)


@pytest.fixture
def lab(tmp_path):
    shutil.copy(walkers.LAB_PATH, tmp_path / "lab.toml")
    return tmp_path / "lab.toml"


def test_a_good_set_up_passes(publisher, lab):
    code, out, err = ekam(
        "check", "--lab", lab, "--allow-replay", "--mass", 72, "--seconds", 5, "--json"
    )
    table = json.loads(out)
    by_name = {finding["check"]: finding for finding in table["findings"]}
    failed = {name: each for name, each in by_name.items() if each["verdict"] == "failed"}
    # A busy machine may make the replay late or wander; nothing else may be wrong.
    late = {f"{role} {what}" for role in ("markers", "forces") for what in ("arrival", "jitter")}
    assert not set(failed) - late, (failed, err)
    assert (code == 0) == (table["verdict"] != "failed") == (not failed)
    for line in (
        "markers stream",
        "forces stream",
        "marker names",
        "axis forward",
        "left plate load",
        "weight",
    ):
        assert by_name[line]["verdict"] == "ok", by_name[line]
    assert "synthetic_walk.c3d" in by_name["markers stream"]["found"]
    assert "round trip" in by_name["markers clock"]["found"]
    assert {stream["type"] for stream in table["streams"]} >= {"Mocap", "Force"}
    assert not list(lab.parent.glob("*.json"))


def test_what_is_wrong_is_printed_with_its_cure(publisher, lab):
    text = lab.read_text().replace('"-y"', '"+y"').replace('"-x"', '"+x"')
    lab.write_text(text)
    code, out, _ = ekam("check", "--lab", lab, "--allow-replay", "--seconds", 4)
    assert code == 1
    line, cure = next(
        (line, out.splitlines()[i + 1])
        for i, line in enumerate(out.splitlines())
        if "axis forward" in line
    )
    assert line.startswith("✗ failed")
    assert 'set forward = "-y"' in cure
    assert "not ready" in out.splitlines()[-1]


def test_a_replay_is_refused_and_listed(publisher, lab):
    code, out, _ = ekam("check", "--lab", lab)
    assert code == 1
    assert "--allow-replay" in out
    assert "both streams are needed" in out
    code, out, _ = ekam("check")
    assert code == 0
    assert "38 positions" in out
    assert "2 plates with corners" in out
    assert 'stream = { type = "Mocap" }' in out
    code, out, _ = ekam("check", "--json")
    assert code == 0
    assert json.loads(out)["lab_lines"][0] == "[markers]"


def test_a_replayed_walker_leaves_no_record_of_the_plates(publisher, lab):
    arguments = ("check", "--lab", lab, "--allow-replay", "--plates", "--seconds", 4)
    code, out, err = ekam(*arguments)
    assert code == 1, (out, err)
    assert "something stands or walks on it" in out
    assert "Not kept: the streams are a replay of synthetic_walk.c3d" in out
    code, out, _ = ekam(*arguments, "--json")
    assert (code, json.loads(out)["record"]) == (1, None)
    assert json.loads(out)["verdict"] == "incomplete"
    code, _, err = ekam(*arguments, "--pole", "NONE,OTHER", "--tip-mm", 100)
    assert code == 1
    assert "no marker 'NONE'" in err
    # The pole's markers may be any two; these are on a leg and far from a tip on the plate.
    code, out, _ = ekam(*arguments, "--pole", "RKNE,RANK", "--tip-mm", 80)
    assert code == 1
    assert "failed" in out
    assert not lab.with_name("lab.plates.json").exists()


class Plates:
    """A live source: what each of the parts delivers, one `receive` after the other."""

    def __init__(self, *parts, replay=""):
        self.parts = list(parts)
        infos = {stream.info.role: stream.info for stream in walkers.trial().recording.streams()}
        self.infos = {role: replace(info, replay=replay) for role, info in infos.items()}
        self.ended = False

    def __call__(self, *_, **__):
        return self

    def open(self):
        return self.infos

    def pull(self, _):
        from stream.source import Chunk, Role

        self.ended = len(self.parts) == 1
        loads, markers = self.parts.pop(0), self.infos[Role.MARKERS]
        count = len(loads) // 10
        return [
            Chunk(Role.FORCES, np.arange(len(loads)) / 1000.0, loads, 0.0, 0.0),
            Chunk(Role.MARKERS, np.arange(count) / 100.0, np.zeros((count, len(markers.channels))), 0.0, 0.0),
        ]  # fmt: skip

    def close(self):
        pass


def loads(up_n, noise_n=0.5, seconds=4):
    """Channels of both synthetic plates that carry this all the time; their Fz points down."""
    rng = np.random.default_rng(2)
    values = rng.normal(0.0, noise_n, (1000 * seconds, 12)) * np.tile(
        [1, 1, 1, 0.05, 0.05, 0.05], 2
    )
    values[:, [2, 8]] -= up_n
    return values


def test_the_daily_check_of_empty_plates_is_kept(lab):
    record = lab.with_name("lab.plates.json")
    arguments = ("check", "--lab", lab, "--plates", "--seconds", 1)
    with mock.patch("display.check_plates.LslSource", Plates(loads(0.0))):
        code, out, err = ekam(*arguments)
    assert code == 0, (out, err)
    assert "left plate zero" in out
    assert str(record) in out
    with mock.patch("display.check_plates.LslSource", Plates(loads(0.0))):
        code, out, _ = ekam(*arguments, "--json")
    assert code == 0
    assert json.loads(out)["record"] == str(record)
    with mock.patch("display.check_plates.LslSource", Plates(loads(0.0))):
        code, out, _ = ekam(*arguments, "--weight", 20)
    assert code == 1
    assert "not done" in out
    history = json.loads(record.read_text())["history"]
    assert [(entry["what"], entry["verdict"], entry["belts"]) for entry in history] == [
        ("zero", "ok", "unknown"), ("zero", "ok", "unknown"), ("weight", "incomplete", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize(("first_n", "kept"), [(0.0, True), (300.0, False)])
def test_on_a_terminal_the_empty_belts_come_first(lab, monkeypatch, first_n, kept):
    first, second = loads(0.0), loads(0.0)
    first[1500:2500, [2, 8]] -= first_n
    second[1000:3000, [2, 8]] -= 20.0 * 9.81
    asked = []
    monkeypatch.setattr("display.check_plates._ask", lambda _, text: asked.append(text))
    monkeypatch.setattr("display.check_plates._enter", threading.Event)
    monkeypatch.setattr("display.check_plates.receive", one_part)
    monkeypatch.setattr("sys.stdin", mock.Mock(isatty=lambda: True))
    with mock.patch("display.check_plates.LslSource", Plates(first, second)):
        code, _, err = ekam("check", "--lab", lab, "--plates", "--weight", 20, "--seconds", 1)
    assert "Belts running" in asked[0]
    record = lab.with_name("lab.plates.json")
    assert record.exists() == kept
    if kept:
        assert code == 0
        assert json.loads(record.read_text())["latest"]["belts"] == "running"
    else:
        assert code == 1
        assert len(asked) == 1
        assert "keep everybody and everything off both plates" in err


def one_part(source, infos, *_, **__):
    """What `receive` makes of one part."""
    from stream.check_seen import Seen, seen_stream

    chunks = source.pull(0.1)
    return Seen(
        {role: seen_stream(i, [c for c in chunks if c.role is role]) for role, i in infos.items()}
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mass", "70"], "add --lab LAB"),
        (["--watch"], "add --lab LAB"),
        (["--lab", "none.toml"], "there is no lab file"),
        (["--lab", "none.toml", "--pole", "A,B"], "--pole is with --plates only: add --plates"),
        (["--lab", "none.toml", "--weight", "20"], "--weight is with --plates only"),
        (["--lab", "none.toml", "--at", "A"], "--at is with --plates only"),
        (["--lab", "none.toml", "--tip-mm", "250"], "--tip-mm is with --plates only"),
        (["--lab", "none.toml", "--plates", "--tap", "ROD"], "--tap is not used with --plates"),
        (["--lab", "none.toml", "--plates", "--mass", "70"], "--mass is not used with --plates"),
        (["--lab", "none.toml", "--plates", "--subject", "s.toml"], "--subject is not used with"),
        (["--lab", "none.toml", "--watch", "--mass", "70"], "--mass is not used with --watch"),
        (["--lab", "none.toml", "--watch", "--plates"], "--plates is not used with --watch"),
    ],
)
def test_what_cannot_be_asked(arguments, said):
    code, _, err = ekam("check", *arguments)
    assert code == 1
    assert said in err


def test_pole_and_weight_exclude_each_other(lab):
    both = ("--pole", "A,B", "--weight", "20")
    code, _, err = ekam("check", "--lab", lab, "--plates", *both, "--allow-replay")
    assert code == 1
    assert "one after the other" in err
    code, _, err = ekam("check", "--lab", lab, "--plates", "--at", "A", "--allow-replay")
    assert code == 1
    assert "--weight" in err
    code, _, err = ekam("check", "--lab", lab, "--plates", "--tip-mm", "250", "--allow-replay")
    assert code == 1
    assert "add --pole TOP,TIP" in err


class Lines:
    """Lines of a process as they come."""

    def __init__(self, process):
        self.queue = SimpleQueue()
        self.kept = []
        self.reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, stream):
        for text in stream:
            self.queue.put(text)

    def until(self, *wanted):
        """The first line that holds all of these."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                line = self.queue.get(timeout=1.0)
            except Empty:
                continue
            self.kept.append(line)
            if all(each in line for each in wanted):
                return line
        raise AssertionError(f"{wanted} not seen in {PATIENCE_S:g} s: {self.kept[-10:]}")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a signal")
@pytest.mark.timeout(400)
def test_the_watch_outlives_its_publisher(lab):
    from stream.lsl_config import SESSION_VARIABLE

    with mock.patch.dict(os.environ, {SESSION_VARIABLE: os.environ[SESSION_VARIABLE] + "-watch"}):
        first = start_replay()
        watch = start(
            "check", "--lab", lab, "--allow-replay", "--watch",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        second = None
        lines = Lines(watch)
        try:
            good = lines.until("rate 100.", "missing markers none")
            assert "(0 of 38)" in good
            assert " N, right " in good
            end(first)
            lines.until("waiting: No markers stream")
            second = start_replay()
            lines.until("rate 100.", "missing markers none")
            watch.send_signal(signal.SIGINT)
            assert watch.wait(timeout=60) == 0
        finally:
            for process in (first, second, watch):
                if process is not None:
                    end(process)
            lines.reader.join(timeout=10)
            watch.stdout.close()


def test_a_session_says_how_the_plates_are(lab, capsys):
    from datetime import UTC, datetime

    from display.runner import _plate_check
    from stream.lab import read_lab
    from stream.plate_check import PlateCheck, keep_record
    from stream.sinks import Outcome

    infos = {stream.info.role: stream.info for stream in walkers.trial().recording.streams()}
    file = read_lab(lab)
    never = _plate_check(file, Outcome(infos, {}, ()))
    assert "Warning: The plates were never checked" in capsys.readouterr().err
    assert not never["good"]
    keep_record(file, PlateCheck([]), datetime.now(UTC), "zero")
    fresh = _plate_check(file, Outcome(infos, {}, ()))
    assert capsys.readouterr().err.startswith("Plates last checked")
    assert fresh["good"]
    assert fresh["latest"]["what"] == "zero"
    replayed = {role: replace(info, replay="walk.c3d") for role, info in infos.items()}
    assert _plate_check(file, Outcome(replayed, {}, ())) is None
