"""What the windows read: newest values, never a queue. Written by the session, pulled by the GUI."""

from dataclasses import dataclass, field
from math import nan
from threading import Event
from typing import Generic, TypeVar

import numpy as np

from compute.feedback import Target, WalkerFeedback, start
from compute.stance import Stance
from stream.source import StreamHealth

T = TypeVar("T")


class Latest(Generic[T]):
    """The newest value of something and its sequence number.

    One writer, any readers; the pair is swapped in one assignment, which is atomic.
    """

    def __init__(self, value: T) -> None:
        self._pair: tuple[int, T] = (0, value)

    def publish(self, value: T) -> None:
        """Replace the value."""
        self._pair = (self._pair[0] + 1, value)

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
        n = min(self._written, len(self._rows))
        order = (self._written - n + np.arange(n)) % len(self._rows)
        return self._rows[order]


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
    """What the operator asks of a session; safe to call from any thread, any number of times."""

    def __init__(self) -> None:
        self.start_requested = Event()
        self.stop_requested = Event()

    def start(self) -> None:
        """Begin feedback and recording."""
        self.start_requested.set()

    def stop(self) -> None:
        """End the session and close its files."""
        self.stop_requested.set()


@dataclass(frozen=True)
class SessionView:
    """Everything the windows share with a session.

    Attributes
    ----------
    walker_sees : set by the walker's window while its picture is on a screen and not blanked.
    """

    walker: Latest[WalkerFeedback] = field(default_factory=lambda: Latest(start(Target())))
    status: Latest[SessionStatus] = field(default_factory=lambda: Latest(SessionStatus()))
    trace: Trace = field(default_factory=lambda: Trace(4096))
    control: Control = field(default_factory=Control)
    walker_sees: Event = field(default_factory=Event)
