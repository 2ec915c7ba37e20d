"""What the windows read: newest values, never a queue. Written by the session, pulled by the GUI."""

from collections import deque
from dataclasses import dataclass, field
from math import inf, nan
from threading import Event, Lock
from time import monotonic
from typing import Generic, TypeVar

import numpy as np

from compute.curve_band import CurveBand
from compute.feedback import Target, WalkerFeedback, start
from compute.figure import Figure
from compute.protocol import Moment
from compute.stance import Stance
from stream.latency import Stamps
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
class Entry:
    """One line of a session's log.

    Attributes
    ----------
    t_s : since the session started; negative before. kind : ``mark``, ``note``, ``lamp``, ``told`` …
    """

    t_s: float
    kind: str
    text: str


class Rows(Generic[T]):
    """Things in the order in which they came; the oldest are forgotten.

    One writer adds, readers take what they have not seen.
    """

    def __init__(self, capacity: int) -> None:
        self._kept: deque[tuple[int, T]] = deque(maxlen=capacity)
        self._written = 0

    def add(self, row: T) -> None:
        """Add one."""
        self._kept.append((self._written, row))
        self._written += 1

    def since(self, seen: int) -> tuple[int, tuple[T, ...]]:
        """How many were ever added, and those after the first `seen` that are still kept."""
        kept = tuple(self._kept)
        written = kept[-1][0] + 1 if kept else seen
        return written, tuple(row for number, row in kept if number >= seen)


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
    late : what takes too long on its way to the walker's screen; empty while nothing does.
    notes : about the streams: what is missing and what it costs.
    protocol : what the protocol says of this moment; None without one.
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
    late: str = ""
    notes: tuple[str, ...] = ()
    protocol: Moment | None = None


@dataclass(frozen=True)
class Request:
    """What the operator wants of a running session.

    Attributes
    ----------
    what : ``mark`` and ``note`` (`text` stands in the recording and goes to other programs), ``display``
        (`text` is one of `compute.feedback.DISPLAYS`), ``sound`` (one of `SOUNDS`), ``message`` (`text` is
        shown to the walker), ``shift_band`` (both edges move by `number`, in the target's terms), ``seen``
        (`text` says what has become of the walker's picture, for the record); with a protocol also what
        `compute.protocol.ASKS` lists: ``next``, ``pause``, ``answer`` (`text` is asked for, `number` given) …
    """

    what: str
    text: str = ""
    number: float = nan


class Control:
    """What the operator asks of a session; safe to call from any thread, any number of times.

    Attributes
    ----------
    requests : those that the session has not yet taken, oldest first.
    """

    def __init__(self) -> None:
        self.start_requested = Event()
        self.stop_requested = Event()
        self.requests: deque[Request] = deque()

    def start(self) -> None:
        """Begin feedback and recording."""
        self.start_requested.set()

    def stop(self) -> None:
        """End the session and close its files."""
        self.stop_requested.set()

    def ask(self, what: str, text: str = "", number: float = nan) -> None:
        """Ask for something that a `Request` names."""
        self.requests.append(Request(what, text, number))

    def mark(self, text: str) -> None:
        """Note something that happens now, in the recording and for other programs."""
        self.ask("mark", text)


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
    flushed : sequence number of a walker's picture and when it passed each stage on its way to the
        screen, LSL local clock; only windows in a process of their own say it.
    log : what happened, for the operator.
    delays : of the newest values, from their deciding sample to pixels handed to the window system, ms.
    figure : the walker a moment ago.
    curves : EKAM over stance of the left and right leg.
    """

    walker: Latest[WalkerFeedback] = field(default_factory=lambda: Latest(start(Target())))
    status: Latest[SessionStatus] = field(default_factory=lambda: Latest(SessionStatus()))
    trace: Trace = field(default_factory=lambda: Trace(4096))
    control: Control = field(default_factory=Control)
    walker_sees: Sight = field(default_factory=Sight)
    flushed: deque[tuple[int, Stamps]] = field(default_factory=deque)
    log: Rows[Entry] = field(default_factory=lambda: Rows(500))
    delays: Rows[float] = field(default_factory=lambda: Rows(500))
    figure: Latest[Figure | None] = field(default_factory=lambda: Latest(None))
    curves: Latest[tuple[CurveBand, CurveBand]] = field(
        default_factory=lambda: Latest((CurveBand(), CurveBand()))
    )
