"""The last seconds of a stream, contiguous in memory."""

import numpy as np


class Window:
    """Preallocated history of stamped rows; reading a span of it never copies.

    Parameters
    ----------
    capacity : rows that are kept at least; twice as many are allocated, so that old rows are dropped
        in one move now and then.
    shape : of one row.
    """

    def __init__(self, capacity: int, shape: tuple[int, ...]) -> None:
        self._keep = capacity
        self._time_s = np.empty(2 * capacity)
        self._rows = np.empty((2 * capacity, *shape))
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
        i = int(np.searchsorted(time_s, first_s, side="left"))
        j = min(int(np.searchsorted(time_s, last_s, side="left")) + 1, self._n)
        return time_s[i:j], self._rows[i:j]
