"""The process of the windows: shows them on a `SessionView` that is filled by what the session tells.

Never started by hand: `display.window_process` starts it and holds the other ends of its pipes.
"""

import gc
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from time import monotonic, sleep
from typing import BinaryIO

from compute.feedback import WalkerFeedback
from display.window_options import from_json
from display.window_process import BEAT_S, TELL_S, Asked, News
from stream.latency import Stamps
from stream.status import SessionView

# Counted, not timed: a machine that was suspended has not lost its session.
_SILENT_LOOKS, _GONE_LOOKS = 40, 200
"""Looks, 20 a second, at a session that does not go on until the picture turns neutral, and at one that
says nothing at all until the windows close."""
_GRACE_S = 1.0


def run() -> None:
    """Show the windows until the session has ended or is gone; ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asks = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the messages
    link = Link(sys.stdin.buffer, asks)
    from display.app import application, show
    from display.screens import platform_environment

    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    _app = application()  # Qt lives as long as somebody holds it
    from display.starting import StartingWindow

    starting = StartingWindow(link.view)
    starting.open()
    link.poll(link.blank)
    from display import console, placement, walker  # noqa: F401  while the session gets ready

    gc.collect()
    gc.freeze()

    def opened(look: Callable[[], None]) -> Callable[[bool], None]:
        starting.hide()
        return link.opened(look)

    code = 0
    if link.wait_until_ready(starting.look):
        code = show(
            link.view,
            options=from_json(sys.argv[1]) if len(sys.argv) > 1 else None,
            blank=link.blank,
            on_flushed=link.flushed,
            on_open=opened,
        )
    os._exit(code)  # without taking Qt apart, which nobody looks at any more


class Link:
    """The session as the windows see it.

    Parameters
    ----------
    told : what the session tells. asks : where what is asked of it goes.
    leave : ends the process, with its exit code.

    Attributes
    ----------
    view : what the windows read and write.
    blank : the walker's picture is blanked.
    """

    def __init__(
        self, told: BinaryIO, asks: BinaryIO, leave: Callable[[int], object] = os._exit
    ) -> None:
        self.view = SessionView()
        self.blank = False
        self._told = told
        self._asks = asks
        self._leave = leave
        self._asked: tuple[Asked, float] = (Asked(), -BEAT_S)
        # newest last; the window may still paint the one before
        self._walker = deque([(0, self.view.walker.read()[1])], maxlen=4)
        self._heard, self._there = Event(), Event()
        self._unheard = self._absent = 0
        self._ready = Event()
        self._look: Callable[[], None] = lambda: None
        Thread(target=self._read, name="ekam-told", daemon=True).start()

    def wait_until_ready(self, look: Callable[[], None] = lambda: None) -> bool:
        """Wait until the session is ready to be started; False when it has gone before.

        Parameters
        ----------
        look : called 20 times a second meanwhile.
        """
        while not self._ready.wait(TELL_S):
            look()
            self._ask()
        return self.view.status.read()[1].state != "ended"

    def opened(self, look: Callable[[], None]) -> Callable[[bool], None]:
        """The windows are there; `look` makes the walker's look at once. Returns what they call 20
        times a second.
        """
        self._look = look
        return self.poll

    def poll(self, blank: bool) -> None:
        """Say what has changed or that the windows live; see whether the session does."""
        self.blank = blank
        self._ask()
        self._absent = 0 if self._there.is_set() else self._absent + 1
        self._there.clear()
        if self._heard.is_set():
            self._heard.clear()
            if self._unheard > _SILENT_LOOKS:
                self.view.walker.publish(self._walker[-1][1])
            self._unheard = 0
            return
        self._unheard += 1
        if self._unheard == _SILENT_LOOKS + 1:
            self.view.walker.publish(self._walker[-1][1].unknown())
        if self._absent > _GONE_LOOKS:
            self._end()

    def flushed(self, feedback: WalkerFeedback, stamps: Stamps) -> None:
        """The picture of this feedback has just been handed to the window system."""
        for number, known in tuple(self._walker):
            if feedback is known:
                self._ask((number, stamps))

    def _ask(self, flushed: tuple[int, Stamps] | None = None) -> None:
        control = self.view.control
        requests = []
        while control.requests:
            requests.append(control.requests.popleft())
        asked = Asked(
            control.start_requested.is_set(),
            control.stop_requested.is_set(),
            self.view.walker_sees.is_set(),
            self.blank,
            flushed,
            tuple(requests),
        )
        now_s = monotonic()
        before, at_s = self._asked
        if asked == before and now_s - at_s < BEAT_S:
            return
        self._asked = (asked, now_s)
        try:
            pickle.dump(asked, self._asks, pickle.HIGHEST_PROTOCOL)
            self._asks.flush()
        except OSError:
            pass  # the session is gone: `_read` sees it too

    def _read(self) -> None:
        """Take what the session tells until it is gone; then the windows must go as well."""
        try:
            while True:
                self._take(pickle.load(self._told))
        except (OSError, EOFError, pickle.UnpicklingError):
            pass
        finally:
            self.view.walker.publish(self._walker[-1][1].unknown())
            self._look()
            self._end()
            sleep(_GRACE_S)
            self._leave(1)  # a window that hangs must not outlive its session

    def _take(self, news: News) -> None:
        view = self.view
        self._there.set()
        if news.moves:
            self._heard.set()
        if not self._ready.is_set():
            self.blank = news.blank
        if news.walker is not None:
            self._walker.append(news.walker)
            view.walker.publish(news.walker[1])
            self._look()
        if news.trace is not None and len(news.trace):
            view.trace.append(news.trace)
        for entry in news.log:
            view.log.add(entry)
        for delay_ms in news.delays:
            view.delays.add(delay_ms)
        if news.figure is not None:
            view.figure.publish(news.figure)
        if news.curves is not None:
            view.curves.publish(news.curves)
        if news.status is not None:
            recent = view.status.read()[1].recent if news.recent is None else news.recent
            view.status.publish(replace(news.status, recent=recent))
            if news.status.state != "preparing":
                self._ready.set()

    def _end(self) -> None:
        self.view.status.publish(replace(self.view.status.read()[1], state="ended"))
        self._ready.set()
