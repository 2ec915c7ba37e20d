"""Both windows in a process of their own, so that a busy, hung or crashed one never delays the pull.

Measured with ``tests/peers/stream_latency.py --seconds 15`` (medians of 3, two busy cores, Xvfb 1080p,
windows repainted at 60 Hz): push to pull against a bare consumer beside it, markers / forces,

======================  ===========  ===========  ===========
windows                 p50          p95          p99
======================  ===========  ===========  ===========
none                    2.0 / 1.9 x  1.6 / 2.2 x  1.6 / 1.8 x
in the pulling process  3.2 / 3.4 x  3.2 / 3.7 x  2.7 / 2.5 x
in their own            1.8 / 1.9 x  1.9 / 1.9 x  1.6 / 1.4 x
======================  ===========  ===========  ===========

In the demo a value was flushed 5 ms (p50) after it was scored, instead of 10 to 14 ms; no picture waited
seconds behind the session any more. The windows are sent 30 kB/s.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event, Thread
from time import monotonic, perf_counter
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from compute.curve_band import CurveBand
from compute.feedback import WalkerFeedback
from compute.figure import Figure
from compute.stance import Stance
from display.window_options import WindowOptions
from stream.latency import Stamps
from stream.status import Entry, Request, SessionStatus, SessionView

REOPENED = 3
"""How often windows that ended by themselves are opened again."""

TELL_S = 0.05
BEAT_S = 0.25
"""The session says something every `TELL_S`, the windows at least every `BEAT_S`."""

_SEEN_S = 8 * BEAT_S
_WATCH_S = 0.1
# Counted, not timed: when the machine was suspended, nobody has hung.
_HUNG_WATCHES, _STARTS_WATCHES = 100, 900
_ENDS_S = 3.0
_STARTS_S = 20.0
_CHILD = "from display.window_link import run; run()"


@dataclass(frozen=True)
class News:
    """What the session tells the windows, each as far as it is new.

    Attributes
    ----------
    walker : sequence number and feedback.
    status : without its stances, which change less often.
    recent : the newest stances, without their curves.
    trace, log, delays : rows added since the last time.
    figure, curves : of the walker.
    blank : the picture was blanked when the windows before these ended.
    moves : the session goes on; False when its process lives but its loop hangs.
    """

    walker: tuple[int, WalkerFeedback] | None = None
    status: SessionStatus | None = None
    recent: tuple[Stance, ...] | None = None
    trace: np.ndarray | None = None
    log: tuple[Entry, ...] = ()
    delays: tuple[float, ...] = ()
    figure: Figure | None = None
    curves: tuple[CurveBand, CurveBand] | None = None
    blank: bool = False
    moves: bool = True


@dataclass(frozen=True)
class Asked:
    """What the windows tell the session.

    Attributes
    ----------
    flushed : sequence number of the picture that was just flushed, and when it passed each stage,
        `perf_counter`, which is one clock in all processes of a machine.
    requests : new ones, each told once.
    """

    start: bool = False
    stop: bool = False
    sees: bool = False
    blank: bool = False
    flushed: tuple[int, Stamps] | None = None
    requests: tuple[Request, ...] = ()


# -- beside the session ------------------------------------------------------------------------------


class WindowProcess:
    """Keeps the windows of a session open in another process, from `with` to its end.

    The session only writes to its `SessionView`: one thread hands the newest of each to the windows,
    one hears what they ask, one opens them again. Windows that hang stop the first of them.

    Parameters
    ----------
    view : the session's.
    say : told in a sentence when windows failed, the first time and the last.
    now : clock of `SessionView.flushed`, s. options : how the windows are opened.

    Attributes
    ----------
    pid : process of the windows that were opened last; 0 before the first.
    """

    def __init__(
        self,
        view: SessionView,
        say: Callable[[str], None],
        now: Callable[[], float] = monotonic,
        options: WindowOptions | None = None,
    ) -> None:
        self._view = view
        self._say = say
        self._now = now
        self._options = options or WindowOptions()
        self._closing = Event()
        self._blank = False
        self._silent = 0
        self._heard = False
        self.pid = 0
        self._keeper = Thread(target=self._keep_open, name="ekam-windows", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._view.walker.news.ring()
        self._keeper.join()

    def wait_until_there(self, look: Callable[[], None]) -> None:
        """Wait until something is on the screen, `_STARTS_S` at most; `look` is called meanwhile."""
        until_s = monotonic() + _STARTS_S
        while not self._heard and self._keeper.is_alive() and monotonic() < until_s:
            look()
            self._closing.wait(0.02)

    def _keep_open(self) -> None:
        try:
            for again in range(1 + REOPENED):
                if again == 1:
                    self._say("The windows failed and are opened again; the session goes on.")
                self._open_once()
                if self._closing.is_set() or self._view.status.read()[1].state == "ended":
                    return
            reason = "they failed too often"
        except OSError as error:
            reason = f"they cannot be started: {error.strerror}"
        self._say(f"The session goes on without windows ({reason}); Ctrl-C ends it.")
        self._view.control.start()  # nobody could press the button any more

    def _open_once(self) -> None:
        """Open the windows and stay until they have ended."""
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _CHILD, self._options.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C reaches the session alone, which then ends its windows.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert child.stdin is not None
        assert child.stdout is not None
        self.pid, self._silent, self._heard = child.pid, 0, False
        threads = [
            Thread(target=self._tell, args=(child.stdin,), name="ekam-tell", daemon=True),
            Thread(target=self._hear, args=(child.stdout,), name="ekam-hear", daemon=True),
        ]
        for thread in threads:
            thread.start()
        while child.poll() is None and not self._closing.wait(_WATCH_S):
            self._silent += 1
            if self._silent > (_HUNG_WATCHES if self._heard else _STARTS_WATCHES):
                child.kill()
        try:
            # `_tell` has closed the pipe, upon which they end by themselves, if they read it already.
            child.wait(_ENDS_S if self._heard else 0.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for thread in threads:
            thread.join()

    def _tell(self, pipe: BinaryIO) -> None:
        """Hand the newest of everything to the windows until they or the session end."""
        view = self._view
        teller = _Teller(view, self._blank)
        try:
            with pipe:
                while not self._closing.is_set():
                    view.walker.news.wait(TELL_S)
                    if (news := teller.news()) is not None:
                        pickle.dump(news, pipe, pickle.HIGHEST_PROTOCOL)
                        pipe.flush()
        except OSError:
            pass  # they are gone: `_open_once` sees it too

    def _hear(self, pipe: BinaryIO) -> None:
        """Do what the windows ask until they end."""
        try:
            with pipe:
                while True:
                    self._do(pickle.load(pipe))
        except (OSError, EOFError, pickle.UnpicklingError):
            pass
        finally:
            self._view.walker_sees.clear()

    def _do(self, asked: Asked) -> None:
        self._silent, self._heard, self._blank = 0, True, asked.blank
        if asked.start:
            self._view.control.start()
        if asked.stop:
            self._view.control.stop()
        if asked.sees:
            self._view.walker_sees.set(_SEEN_S)
        else:
            self._view.walker_sees.clear()
        if asked.flushed is not None:
            number, stamps = asked.flushed
            self._view.flushed.append((number, stamps.on(self._now() - perf_counter())))
        self._view.control.requests.extend(asked.requests)


class _Teller:
    """What of a view one pair of windows has not been told yet."""

    def __init__(self, view: SessionView, blank: bool) -> None:
        self._view = view
        self._blank = blank
        self._walker = self._status = -1
        self._newest: Stance | None = None
        self._rows = self._entries = self._delays = 0
        self._figure = self._curves = 0
        self._due_s = monotonic()

    def news(self) -> News | None:
        """The walker's feedback as soon as it is new, all else 20 times a second; None in between."""
        news = News(blank=self._blank)
        number, feedback = self._view.walker.read()
        if number != self._walker:
            self._walker = number
            news = replace(news, walker=(number, feedback))
        if monotonic() >= self._due_s:
            self._due_s = monotonic() + TELL_S
            return self._with_rest(news)
        return news if news.walker is not None else None

    def _with_rest(self, news: News) -> News:
        view = self._view
        rows, trace = view.trace.since(self._rows)
        number, status = view.status.read()
        self._rows = rows
        self._entries, entries = view.log.since(self._entries)
        self._delays, delays = view.delays.since(self._delays)
        news = replace(news, trace=trace, log=entries, delays=delays)
        moment, walker = view.figure.read()
        if moment != self._figure:
            self._figure = moment
            news = replace(news, figure=walker)
        drawn, curves = view.curves.read()
        if drawn != self._curves:
            self._curves = drawn
            news = replace(news, curves=curves)
        if number == self._status:
            moves = status.state not in ("waiting", "running")  # then it speaks ten times a second
            return replace(news, moves=moves or news.walker is not None)
        self._status = number
        recent, newest = status.recent, status.recent[-1] if status.recent else None
        slim = None
        if newest is not self._newest:
            self._newest = newest
            # a curve has a hundred times the bytes of all that the console shows of its stance
            slim = tuple(replace(stance, curves=None) for stance in recent)
        return replace(news, status=replace(status, recent=()), recent=slim)
