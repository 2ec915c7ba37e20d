"""The windows in a process of their own, offscreen, with real ones: they live, hang, crash and end."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from math import nan

import numpy as np
import pytest
import walkers

from compute import Side, Stance
from compute.feedback import LegFeedback, Target, WalkerFeedback
from compute.stance import CURVES, StanceCurves
from display import window_process
from display.window_link import Link
from display.window_options import WindowOptions
from display.window_process import News, WindowProcess
from stream.file_source import FileSource
from stream.latency import FLUSHED, TOLD
from stream.recorder import Recorder
from stream.session import Session
from stream.status import SessionStatus, SessionView

pytestmark = pytest.mark.qt
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")

WAIT_S = 60.0

# The windows, and somebody who uses them: `{use}` is run a moment after they have opened.
USED = """
import os
import display.app
show = display.app.show
def used(view, *, on_open, **more):
    from PyQt5.QtCore import QTimer
    from PyQt5.QtWidgets import QApplication
    def opened(look):
        def use():
            console = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "console")
            {use}
        QTimer.singleShot(500, use)
        return on_open(look)
    return show(view, on_open=opened, **more)
display.app.show = used
from display.window_link import run
run()
"""


def until(reached, what):
    limit_s = time.monotonic() + WAIT_S
    while not reached():
        assert time.monotonic() < limit_s, f"still waiting until {what}"
        time.sleep(0.02)


def pictures(value):
    legs = (LegFeedback(side, Target(), "feedback", 10, 0.5, value, value) for side in Side)
    return WalkerFeedback(*legs)


@pytest.fixture
def view():
    return SessionView()


@pytest.fixture
def told():
    return []


@pytest.fixture
def windows(view, told):
    """Real windows on `view`, opened and seen."""
    view.status.publish(SessionStatus(state="running"))
    with WindowProcess(view, told.append) as opened:
        until(view.walker_sees.is_set, "the windows are seen")
        yield opened


def test_the_newest_picture_is_shown(view, windows, told):
    for round_ in range(3):
        before_s = time.monotonic()
        for value in (80.0, 90.0, 100.0 + round_):
            number = view.walker.publish(pictures(value))
        until(lambda n=number: n in dict(view.flushed), "the newest picture is flushed")
        stamps = dict(view.flushed)[number]
        assert before_s < stamps.shown_s <= stamps.paint_s <= stamps.painted_s
        assert stamps.painted_s <= stamps.flushed_s < time.monotonic()
    assert told == []


def test_something_is_on_the_screen_until_the_session_is_ready(view, told):
    looks = []
    view.status.publish(SessionStatus(blocked="Looking for the streams"))
    with WindowProcess(view, told.append) as windows:
        windows.wait_until_there(lambda: looks.append(view.walker_sees.is_set()))
        assert looks
        assert not any(looks)
        assert not view.control.stop_requested.is_set()
        view.status.publish(SessionStatus(state="waiting"))
        until(view.walker_sees.is_set, "both windows are there")
    assert told == []


def test_the_starting_window_says_what_is_waited_for_and_closing_it_stops(qapp, view):
    from display.starting import StartingWindow

    window = StartingWindow(view)
    window.open()
    view.status.publish(SessionStatus(blocked="Looking for the streams"))
    window.look()
    assert window.words.text() == "Looking for the streams"
    window.close()
    window.look()
    assert view.control.stop_requested.is_set()
    assert window.words.text() == "stopping"
    assert window.isVisible()
    window.hide()
    window.deleteLater()


def test_start_and_stop_reach_the_session(view, monkeypatch, told):
    use = "(console.start_button.click(), QTimer.singleShot(300, console.stop_now))"
    monkeypatch.setattr(window_process, "_CHILD", USED.format(use=use))
    view.status.publish(SessionStatus(state="waiting"))
    with WindowProcess(view, told.append):
        until(view.control.start_requested.is_set, "Start arrives")
        until(view.control.stop_requested.is_set, "Stop arrives")
    assert told == []


@posix
def test_a_blanked_picture_is_not_seen_and_stays_blank_in_new_windows(
    view, monkeypatch, told, tmp_path
):
    done = tmp_path / "done"
    use = f"os.path.exists({str(done)!r}) or (open({str(done)!r}, 'w'), console.blank_asked.emit())"
    monkeypatch.setattr(window_process, "_CHILD", USED.format(use=use))
    view.status.publish(SessionStatus(state="running"))
    with WindowProcess(view, told.append) as windows:
        until(view.walker_sees.is_set, "the windows are seen")
        until(lambda: not view.walker_sees.is_set(), "the picture is blanked")
        first, seen = windows.pid, []
        monkeypatch.setattr(view.walker_sees, "set", lambda for_s: seen.append(for_s))
        asked = []
        take = windows._do
        monkeypatch.setattr(windows, "_do", lambda each: (asked.append(each), take(each)))
        os.kill(first, signal.SIGKILL)
        until(lambda: windows.pid != first, "the windows are opened again")
        asked.clear()
        until(lambda: len(asked) > 12, "the new windows have lived for a while")
    assert asked[-1].blank
    assert not seen


@posix
def test_windows_that_die_are_opened_again_three_times(view, windows, told):
    pids = [windows.pid]
    for _ in range(3):
        os.kill(pids[-1], signal.SIGKILL)
        until(lambda: not view.walker_sees.is_set(), "nobody sees the picture")
        until(lambda: windows.pid != pids[-1], "the windows are opened again")
        until(view.walker_sees.is_set, "they are seen")
        number = view.walker.publish(pictures(80.0 + len(pids)))
        until(lambda n=number: n in dict(view.flushed), "they show the newest picture")
        pids.append(windows.pid)
    assert told == ["The windows failed and are opened again; the session goes on."]
    assert not view.control.start_requested.is_set()
    os.kill(pids[-1], signal.SIGKILL)
    until(view.control.start_requested.is_set, "the session is started without windows")
    assert not view.walker_sees.is_set()
    assert "goes on without windows (they failed too often)" in told[1]
    assert not view.control.stop_requested.is_set()


def test_windows_that_cannot_be_started_are_a_sentence(view, told, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with WindowProcess(view, told.append):
        until(view.control.start_requested.is_set, "the session is started without windows")
    [said] = told
    assert "without windows (they cannot be started: No such file" in said


@posix
def test_hung_windows_stop_neither_session_nor_recorder(view, windows, told, tmp_path, monkeypatch):
    monkeypatch.setattr(window_process, "_HUNG_WATCHES", 10_000)
    os.kill(windows.pid, signal.SIGSTOP)
    view.trace.append(np.zeros((4096, 5)))  # more than a pipe holds: who tells now waits
    until(lambda: not view.walker_sees.is_set(), "nobody sees the picture")
    view.control.start()
    steps = []
    session = Session(
        FileSource(walkers.trial().recording, 0.25), walkers.lab(), walkers.subject(), view
    )
    outcome = session.open()
    recorder = Recorder(tmp_path / "raw.xdf", outcome.infos)
    session.keep([], recorder)
    session.run(on_step=lambda: steps.append(recorder.bytes_written))
    recorder.close()
    assert len(steps) > 20
    assert len(outcome.stances) > 10
    assert not recorder.fault
    assert recorder.bytes_written > 1e6
    assert len(outcome.latency.ms("final", TOLD, FLUSHED)) == 0
    hung = windows.pid
    monkeypatch.setattr(window_process, "_HUNG_WATCHES", 3)
    until(lambda: windows.pid != hung, "hung windows are ended and opened again")
    monkeypatch.setattr(window_process, "_HUNG_WATCHES", 100)
    until(view.walker_sees.is_set, "they are seen")


@posix
def test_windows_that_hang_are_ended_with_the_session(view, windows, told):
    os.kill(windows.pid, signal.SIGSTOP)
    view.trace.append(np.zeros((4096, 5)))
    time.sleep(0.2)
    view.status.publish(SessionStatus(state="ended"))
    # the fixture's end waits for them


def test_a_session_that_ends_before_its_windows_have_opened(view, told):
    with WindowProcess(view, told.append):
        until(lambda: threading.active_count() > 2, "they are on their way")
    assert not [t for t in threading.enumerate() if t.name.startswith("ekam-")]
    assert told == []


@posix
def test_windows_end_with_a_session_that_is_killed():
    code = (
        "import sys, time\n"
        "from display.window_process import WindowProcess\n"
        "from stream.status import SessionStatus, SessionView\n"
        "view = SessionView()\n"
        "view.status.publish(SessionStatus(state='running'))\n"
        "with WindowProcess(view, sys.stderr.write):\n"
        "    while not view.walker_sees.is_set():\n"
        "        time.sleep(0.05)\n"
        "    print('seen', flush=True)\n"
        "    time.sleep(120)\n"
    )
    session = subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with session:
        try:
            assert session.stdout.readline() == b"seen\n"
        finally:
            session.kill()
        # The windows share the standard error of their session: it ends when they have.
        ended = threading.Thread(target=session.stderr.read, daemon=True)
        ended.start()
        ended.join(WAIT_S)
        assert not ended.is_alive()


class Far:
    """The session's end of a link's pipes."""

    def __init__(self):
        (told, tell), (hear, asks) = os.pipe(), os.pipe()
        self._files = [os.fdopen(told, "rb"), os.fdopen(asks, "wb"), os.fdopen(hear, "rb")]
        self._pipe = os.fdopen(tell, "wb")
        self.left = []
        self.link = Link(*self._files[:2], self.left.append)

    def tell(self, news):
        pickle.dump(news, self._pipe)
        self._pipe.flush()

    def hang_up(self):
        self._pipe.close()

    def close(self):
        self._pipe.close()
        until(lambda: self.left, "the process would end")
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()


@pytest.fixture
def far():
    made = Far()
    yield made
    made.close()


def shown(far):
    return far.link.view.walker.read()[1]


def test_a_silent_session_turns_the_picture_neutral_until_it_speaks(far):
    far.tell(News((7, pictures(80.0)), SessionStatus(state="running"), ()))
    assert far.link.wait_until_ready()
    assert shown(far).left.in_band
    for _ in range(40):
        far.link.poll(False)
    assert shown(far).left.in_band
    far.link.poll(False)
    far.link.poll(False)
    assert not shown(far).left.in_band
    assert np.isnan(shown(far).left.value)
    far.tell(News())
    until(lambda: (far.link.poll(False), shown(far).left.in_band)[1], "the value is back")
    for _ in range(202):
        far.link.poll(False)
    assert far.link.view.status.read()[1].state == "ended"


def test_a_session_that_hangs_turns_the_picture_neutral_but_closes_nothing(far):
    far.tell(News((7, pictures(80.0)), SessionStatus(state="running"), ()))
    assert far.link.wait_until_ready()
    for _ in range(300):
        far.link._there.clear()
        far.tell(News(moves=False))
        assert far.link._there.wait(10.0)
        far.link.poll(False)
    assert not shown(far).left.in_band
    assert far.link.view.status.read()[1].state == "running"


def test_a_loop_that_does_not_go_on_is_told_as_that(monkeypatch):
    monkeypatch.setattr(window_process, "TELL_S", 0.0)
    view = SessionView()
    teller = window_process._Teller(view, False)
    assert teller.news().moves  # preparing may take its time
    for state, moves in (("running", False), ("ended", True)):
        view.status.publish(SessionStatus(state=state))
        assert teller.news().moves
        assert teller.news().moves is moves


def test_a_session_that_is_gone_leaves_no_success_and_ends_the_process(far):
    far.tell(News((7, pictures(80.0)), SessionStatus(state="running"), ()))
    assert far.link.wait_until_ready()
    looks = []
    far.link.opened(lambda: looks.append(shown(far).left.in_band))
    far.hang_up()
    until(lambda: far.left == [1], "the process ends")
    assert looks[-1] is False
    assert far.link.view.status.read()[1].state == "ended"
    far.link.poll(False)  # nobody listens any more: no error


def test_news_fill_the_view_of_the_windows(far):
    view = far.link.view
    stances = (Stance(1, Side.LEFT, 0.0, 0.7, 0.8, 70.0, 1.7),)
    far.tell(News((3, pictures(80.0)), SessionStatus(state="running"), stances, np.ones((4, 5))))
    assert far.link.wait_until_ready()
    far.tell(News(status=SessionStatus(state="running", elapsed_s=2.0), trace=np.ones((2, 5))))
    until(lambda: view.status.read()[1].elapsed_s == 2.0, "the second status is there")
    assert [stance.number for stance in view.status.read()[1].recent] == [1]
    assert len(view.trace.copy()) == 6


@pytest.mark.parametrize("phase", ["early", "feedback"])
def test_neutral_is_no_verdict(phase):
    legs = (LegFeedback(side, Target(), phase, 10, 0.5, 80.0, 80.0, (70.0,)) for side in Side)
    for leg in (grey := WalkerFeedback(*legs, "REPLAY").unknown()).left, grey.right:
        assert not leg.in_band
        assert np.isnan(leg.value)
        assert leg.phase == "feedback"
    assert grey.banner == "REPLAY"
    counting = LegFeedback(Side.LEFT, Target(), "baseline", 3)
    assert WalkerFeedback(counting, counting).unknown().left == counting


def test_what_is_sent_ten_times_a_second_is_small(monkeypatch):
    view = SessionView()
    curves = StanceCurves(np.zeros(70), np.zeros((70, len(CURVES))))
    recent = tuple(
        Stance(n, Side.LEFT, 0.0, 0.7, 0.8, 70.0, 1.7, curves=curves, kfm_peak_nm=nan)
        for n in range(12)
    )
    teller = window_process._Teller(view, False)
    sizes = []
    for elapsed_s in (1.0, 1.1):
        view.status.publish(SessionStatus(state="running", recent=recent, elapsed_s=elapsed_s))
        view.trace.append(np.zeros((10, 5)))
        monkeypatch.setattr(teller, "_due_s", 0.0)
        news = teller.news()
        sizes.append(len(pickle.dumps(news, pickle.HIGHEST_PROTOCOL)))
        assert news.status.elapsed_s == elapsed_s
    assert sizes[0] < 20_000
    assert sizes[1] < 2_000
    assert teller.news() is None
    newer = (*recent[1:], replace(recent[0], number=99))
    view.status.publish(SessionStatus(recent=newer))
    monkeypatch.setattr(teller, "_due_s", 0.0)
    sent = teller.news().recent
    assert [stance.number for stance in sent] == [stance.number for stance in newer]
    assert all(stance.curves is None for stance in sent)


def test_no_screen_is_one_line(monkeypatch, capsys):
    from display import runner

    monkeypatch.setattr(runner, "no_screen_reason", lambda: "no screen (DISPLAY is not set)")
    view = SessionView()
    with runner._windows(view, time.monotonic, WindowOptions()) as shown:
        assert not shown
    assert capsys.readouterr().err == "Running without windows: no screen (DISPLAY is not set).\n"


@pytest.fixture
def demo(tmp_path):
    """A demo with windows that has scored some stances, as a terminal runs it."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "display.cli", "demo", "--seconds", "90", "-o", "s"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        stances = tmp_path / "s" / "stances.csv"
        limit_s = time.monotonic() + 150.0
        while not (stances.exists() and stances.read_text().count("\n") > 6):
            assert time.monotonic() < limit_s
            assert process.poll() is None
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@posix
@pytest.mark.lsl
@pytest.mark.slow
def test_ctrl_c_ends_a_session_with_windows_cleanly(demo, tmp_path):
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=WAIT_S)
    assert demo.returncode == 0, err
    assert b"Session folder: s" in out
    assert b"Traceback" not in err
    assert b"windows" not in err
    flushed = json.loads((tmp_path / "s" / "session.json").read_text())["flush_latency_ms"]
    assert flushed["pictures"] >= 1
    assert 0.0 < flushed["p50"] < 60_000.0


@posix
@pytest.mark.lsl
@pytest.mark.slow
def test_a_session_that_is_killed_leaves_no_process(demo):
    demo.kill()
    demo.communicate(
        timeout=WAIT_S
    )  # standard output and error end when nobody holds them any more
