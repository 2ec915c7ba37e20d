"""Samples on their way: those that wait for the other stream, and the last seconds of a stream."""

import numpy as np


class Held:
    """Samples that wait until the other stream has come as far.

    Parameters
    ----------
    shape : of one row.
    longest_s : the other stream is waited for this long.
    """

    def __init__(self, shape: tuple[int, ...], longest_s: float) -> None:
        self._time_s = np.empty(0)
        self._rows = np.empty((0, *shape))
        self._longest_s = longest_s
        self.newest_s = -np.inf

    @property
    def oldest_s(self) -> float:
        """Stamp of the first sample that waits; infinity when none does."""
        return float(self._time_s[0]) if len(self._time_s) else np.inf

    def add(self, time_s: np.ndarray, rows: np.ndarray) -> None:
        """Put samples at the end of the queue; arrays are kept, not copied, while it is empty."""
        if len(time_s):
            waiting = len(self._time_s) > 0
            self._time_s = np.concatenate([self._time_s, time_s]) if waiting else time_s
            self._rows = np.concatenate([self._rows, rows]) if waiting else rows
            self.newest_s = float(time_s[-1])

    def take(self, until_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Samples up to and including `until_s`."""
        n = int(self._time_s.searchsorted(until_s, side="right"))
        taken = self._time_s[:n], self._rows[:n]
        self._time_s, self._rows = self._time_s[n:], self._rows[n:]
        return taken

    def limit(self) -> None:
        """Let go of what has waited too long: the other stream has gone."""
        if self.newest_s - self.oldest_s > self._longest_s:
            self.take(self.newest_s - self._longest_s)


class Window:
    """Preallocated history of stamped rows; reading a span of it never copies.

    Parameters
    ----------
    capacity : rows that are kept at least; four times as many are allocated, so that old rows are
        dropped in one move now and then.
    shape : of one row.
    """

    def __init__(self, capacity: int, shape: tuple[int, ...]) -> None:
        self._keep = capacity
        self._time_s = np.empty(4 * capacity)
        self._rows = np.empty((4 * capacity, *shape))
        self._n = 0

    def append(self, time_s: np.ndarray, rows: np.ndarray) -> None:
        """Add rows, shape (n, *shape) with n <= capacity, stamps not before those held."""
        n = len(time_s)
        if self._n + n > len(self._time_s):
            start = self._n - self._keep
            self._time_s[: self._keep] = self._time_s[start : self._n]
            self._rows[: self._keep] = self._rows[start : self._n]
            self._n = self._keep
        self._time_s[self._n : self._n + n] = time_s
        self._rows[self._n : self._n + n] = rows
        self._n += n

    @property
    def time_s(self) -> np.ndarray:
        """Stamps of the rows held, shape (n,)."""
        return self._time_s[: self._n]

    @property
    def newest_s(self) -> float:
        """Stamp of the newest row; minus infinity before the first."""
        return float(self._time_s[self._n - 1]) if self._n else -np.inf

    def between(self, first_s: float, last_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Rows from `first_s` up to the first one at or after `last_s`: stamps and values."""
        time_s = self.time_s
        i = int(time_s.searchsorted(first_s, side="left"))
        j = min(int(time_s.searchsorted(last_s, side="left")) + 1, self._n)
        return time_s[i:j], self._rows[i:j]
