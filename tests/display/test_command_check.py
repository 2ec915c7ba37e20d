"""`ekam check` over real LSL on loopback, with a replay in another process."""

import contextlib
import io
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

import pytest
import walkers

pytestmark = pytest.mark.lsl

PATIENCE_S = 90.0


def ekam(*arguments):
    """Run a command in this process; returns code, standard output, standard error."""
    from display.cli import main

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["ekam", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()


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


def test_the_daily_check_of_the_plates_is_kept(publisher, lab):
    arguments = ("check", "--lab", lab, "--allow-replay", "--plates", "--seconds", 4)
    code, out, err = ekam(*arguments)
    assert code == 0, (out, err)
    record = lab.with_name("lab.plates.json")
    assert "left plate zero" in out
    assert str(record) in out
    code, out, _ = ekam(*arguments, "--json")
    assert code == 0
    assert json.loads(out)["record"] == str(record)
    history = json.loads(record.read_text())["history"]
    assert [entry["what"] for entry in history] == ["zero", "zero"]
    code, _, err = ekam(*arguments, "--pole", "NONE,OTHER", "--tip-mm", 100)
    assert code == 1
    assert "no marker 'NONE'" in err
    assert len(json.loads(record.read_text())["history"]) == 2
    # The pole's markers may be any two; these are on a leg and far from a tip on the plate.
    code, out, _ = ekam(*arguments, "--pole", "RKNE,RANK", "--tip-mm", 80)
    assert code == 1
    assert json.loads(record.read_text())["latest"]["what"] == "pole"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mass", "70"], "add --lab LAB"),
        (["--watch"], "add --lab LAB"),
        (["--lab", "none.toml"], "there is no lab file"),
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
