"""Chunks that wait until a marker frame is complete: before, nothing can be computed and every look costs."""

from collections import deque
from itertools import groupby

import numpy as np

from stream.source import Chunk, Role, together

LONGEST_S = 0.03
"""What has waited for so long is taken as it is: a stream may stand still."""
MOST = 64


class Gather:
    """Keeps chunks until they are worth looking at.

    Parameters
    ----------
    most_forces : samples of the plates that are kept until the first marker sample has its time.

    Attributes
    ----------
    arrived_s : arrival of the newest chunk, LSL local clock; NaN where that is not known.
    dropped : samples of the plates that were too many.
    """

    def __init__(self, most_forces: int) -> None:
        self._most_forces = most_forces
        self._chunks: list[Chunk] = []
        self._early: deque[Chunk] = deque()
        self._since_s = self.arrived_s = np.nan
        self._frames_s: deque[float] = deque(maxlen=MOST)
        self._forces_s = -np.inf
        self.dropped = 0

    def add(self, chunk: Chunk) -> None:
        """Take a chunk."""
        n = len(chunk.stamps_s)
        offset_s = chunk.clock_offset_s
        if n and chunk.role is Role.MARKERS:
            first_s = offset_s[0] if isinstance(offset_s, np.ndarray) else offset_s
            self._frames_s.append(float(chunk.stamps_s[0] + first_s))
        elif n:
            last_s = offset_s[-1] if isinstance(offset_s, np.ndarray) else offset_s
            self._forces_s = float(chunk.stamps_s[-1] + last_s)
        self.arrived_s = float(np.max(chunk.t_arrival_s, initial=-np.inf))
        if not self._chunks:
            self._since_s = self.arrived_s
        self._chunks.append(chunk)

    @property
    def due(self) -> bool:
        """Whether forces have come for a marker frame that waits for them, or too much waits."""
        if self._frames_s and self._forces_s >= self._frames_s[0]:
            return True
        return len(self._chunks) >= MOST or self.arrived_s - self._since_s > LONGEST_S

    def take(self, *, begun: bool) -> list[Chunk]:
        """All that waits, markers first; what one publisher sent as one chunk.

        Parameters
        ----------
        begun : whether the first marker sample has its time. Before, forces go on waiting.
        """
        while self._frames_s and self._frames_s[0] <= self._forces_s:
            self._frames_s.popleft()
        chunks, self._chunks = self._chunks, []
        markers, forces = ([c for c in chunks if c.role is role] for role in Role)
        if not begun:
            self._keep(forces)
            forces = []
        elif self._early:
            forces = [*self._early, *forces]
            self._early.clear()
        return [
            together(list(same))
            for given in (markers, forces)
            for _, same in groupby(given, key=lambda chunk: id(chunk.info))
        ]

    def _keep(self, forces: list[Chunk]) -> None:
        """Keep forces, but not for ever."""
        self._early.extend(forces)
        excess = sum(len(each.stamps_s) for each in self._early) - self._most_forces
        while self._early and excess >= len(self._early[0].stamps_s):
            n = len(self._early.popleft().stamps_s)
            self.dropped += n
            excess -= n
