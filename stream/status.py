"""What the windows read: newest values, never a queue. Written by the session, pulled by the GUI."""

from collections import deque
from dataclasses import dataclass, field
from math import inf, nan
from threading import Event, Lock
from time import monotonic
from typing import Generic, TypeVar

import numpy as np

from compute.feedback import Target, WalkerFeedback, start
from compute.stance import Stance
from stream.source import StreamHealth

T = TypeVar("T")


class Bell:
    """Wakes the one thread that waits for it; ringing costs a third of setting an `Event`."""

    def __init__(self) -> None:
        self._silence = Lock()
        self._silence.acquire()

    def ring(self) -> None:
        """Wake who waits, or whoever waits next; more rings before that count as one."""
        try:
            self._silence.release()
        except RuntimeError:
            pass  # rung already

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring since the last one that was heard; False when there was none."""
        return self._silence.acquire(timeout=timeout_s)


class Latest(Generic[T]):
    """The newest value of something and its sequence number.

    One writer, any readers; the pair is swapped in one assignment, which is atomic.

    Attributes
    ----------
    news : rung by every `publish`, for the one reader that sleeps until there is something to read.
    """

    def __init__(self, value: T) -> None:
        self._pair: tuple[int, T] = (0, value)
        self.news = Bell()

    def publish(self, value: T) -> int:
        """Replace the value; returns its sequence number."""
        number = self._pair[0] + 1
        self._pair = (number, value)
        self.news.ring()
        return number

    def read(self) -> tuple[int, T]:
        """Sequence number and value; the number changes with every `publish`."""
        return self._pair


class Trace:
    """The last seconds of the live EKAM of both legs, for the operator.

    One writer appends rows, readers copy; a reader may see the newest rows half a refresh late, never
    a broken array.
    """

    def __init__(self, capacity: int) -> None:
        self._rows = np.full((capacity, 5), np.nan)
        self._written = 0

    def append(self, rows: np.ndarray) -> None:
        """Add rows of time_s, left EKAM, right EKAM (N·m/kg), left Fz, right Fz (N)."""
        rows = rows[-len(self._rows) :]
        where = (self._written + np.arange(len(rows))) % len(self._rows)
        self._rows[where] = rows
        self._written += len(rows)

    def copy(self) -> np.ndarray:
        """Rows in order of time, oldest first, shape (n, 5)."""
        return self.since(0)[1]

    def since(self, seen: int) -> tuple[int, np.ndarray]:
        """How many rows were ever added, and those of them after the first `seen` that are still kept."""
        written = self._written
        n = min(written - seen, len(self._rows))
        return written, self._rows[(written - n + np.arange(n)) % len(self._rows)]


@dataclass(frozen=True)
class SessionStatus:
    """The operator's view of a session, replaced as a whole several times a second.

    Attributes
    ----------
    state : ``preparing``, ``waiting`` (streams connected, Start not pressed), ``running``,
        ``stopping`` or ``ended``.
    blocked : why the session cannot be started yet; empty when it can.
    banner : e.g. ``REPLAY ×1`` or ``SYNTHETIC WALKER``; empty in a live session.
    recent : newest stances, newest last.
    target : what the walker is aimed at.
    baseline : per leg, mean of the baseline stances in the variable's unit; NaN before the first.
    notes : about the streams: what is missing and what it costs.
    """

    state: str = "preparing"
    blocked: str = ""
    banner: str = ""
    subject_id: str = ""
    folder: str = ""
    streams: tuple[StreamHealth, ...] = ()
    recent: tuple[Stance, ...] = ()
    valid: tuple[int, int] = (0, 0)
    rejected: tuple[int, int] = (0, 0)
    elapsed_s: float = 0.0
    recorded_bytes: int = 0
    message: str = ""
    target: Target = field(default_factory=Target)
    baseline: tuple[float, float] = (nan, nan)
    notes: tuple[str, ...] = ()


class Control:
    """What the operator asks of a session; safe to call from any thread, any number of times.

    Attributes
    ----------
    marks : texts that the session has not yet taken, oldest first.
    """

    def __init__(self) -> None:
        self.start_requested = Event()
        self.stop_requested = Event()
        self.marks: deque[str] = deque()

    def start(self) -> None:
        """Begin feedback and recording."""
        self.start_requested.set()

    def stop(self) -> None:
        """End the session and close its files."""
        self.stop_requested.set()

    def mark(self, text: str) -> None:
        """Note something that happens now, in the recording and for other programs."""
        self.marks.append(text)


class Sight:
    """Whether the walker sees the picture; set and cleared by whoever knows, safe from any thread."""

    def __init__(self) -> None:
        self._until_s = -inf

    def set(self, for_s: float = inf) -> None:
        """The picture is seen; without another word no longer than `for_s`."""
        self._until_s = monotonic() + for_s

    def clear(self) -> None:
        """The picture is not seen."""
        self._until_s = -inf

    def is_set(self) -> bool:
        """Whether the picture is seen now."""
        return monotonic() < self._until_s


@dataclass(frozen=True)
class SessionView:
    """Everything the windows share with a session.

    Attributes
    ----------
    walker_sees : set by the walker's window while its picture is on a screen and not blanked.
    flushed : sequence number of a walker's picture and when its pixels were handed to the window
        system, s, LSL local clock; only windows in a process of their own say it.
    """

    walker: Latest[WalkerFeedback] = field(default_factory=lambda: Latest(start(Target())))
    status: Latest[SessionStatus] = field(default_factory=lambda: Latest(SessionStatus()))
    trace: Trace = field(default_factory=lambda: Trace(4096))
    control: Control = field(default_factory=Control)
    walker_sees: Sight = field(default_factory=Sight)
    flushed: deque[tuple[int, float]] = field(default_factory=deque)
