"""The one clock: seconds of the LSL local clock, and a manual one for tests."""

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time and can wait for it."""

    def now(self) -> float:
        """Seconds, monotonic."""
        ...

    def wait_until(self, t_s: float) -> None:
        """Return at `t_s`; at once when that has passed."""
        ...


class LslClock:
    """The LSL local clock."""

    def __init__(self) -> None:
        # Loaded here: commands that use no LSL must not need the library.
        from pylsl import local_clock

        self._local_clock: Callable[[], float] = local_clock

    def now(self) -> float:
        """Seconds of the LSL local clock."""
        return self._local_clock()

    def wait_until(self, t_s: float) -> None:
        """Sleep until `t_s`."""
        while (remaining := t_s - self._local_clock()) > 0:
            time.sleep(remaining)


class ManualClock:
    """A clock that stands still until told otherwise; waiting jumps."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s

    def now(self) -> float:
        """Seconds as set."""
        return self._now_s

    def wait_until(self, t_s: float) -> None:
        """Jump to `t_s`, never back."""
        self._now_s = max(self._now_s, t_s)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._now_s += seconds
