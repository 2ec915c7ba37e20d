"""Streams that go on but carry nothing: every marker lost, or the same values again and again."""

import numpy as np

from stream.source import Role

STUCK_S = 0.5
"""No marker of a person and no loaded plate repeats itself to the last bit for so long."""

_NOTHING = {
    Role.MARKERS: "no marker that is needed is seen: check cameras and labels",
    Role.FORCES: "the plates send no numbers: check the amplifier and its publisher",
}
_STUCK = {
    Role.MARKERS: "the same frame is sent again and again: the capture system has stopped; start it again",
    Role.FORCES: "the same sample is sent again and again: the amplifier has stopped; start it again",
}


class ContentWatch:
    """Watches what is scored of one stream.

    Attributes
    ----------
    trouble : what is wrong with it, a sentence; empty while nothing is.
    """

    def __init__(self, role: Role) -> None:
        self._role = role
        self._last: np.ndarray | None = None
        self._seen_s = self._new_s = -np.inf
        self.trouble = ""

    def add(self, time_s: np.ndarray, values: np.ndarray) -> None:
        """Take samples.

        Parameters
        ----------
        time_s : shape (n,), s.
        values : shape (n, ...), positions or loads; NaN where missing. Zeros are nothing new, but no stuck
            sample either: an empty plate may be exactly zero.
        """
        if not len(time_s):
            return
        flat = values.reshape(len(values), -1)
        before = flat[:1] if self._last is None else self._last
        changed = np.diff(np.concatenate([before, flat]), axis=0)
        seen = np.isfinite(flat).any(axis=1)
        moves = (np.nan_to_num(changed) != 0.0).any(axis=1) | ~(np.nan_to_num(flat) != 0.0).any(
            axis=1
        )
        if np.isinf(self._seen_s):
            self._seen_s = self._new_s = float(time_s[0])
        if seen.any():
            self._seen_s = float(time_s[seen][-1])
        if moves.any():
            self._new_s = float(time_s[moves][-1])
        self._last = flat[-1:]
        now_s = float(time_s[-1])
        self.trouble = ""
        if now_s - self._seen_s >= STUCK_S:
            self.trouble = _NOTHING[self._role]
        elif now_s - self._new_s >= STUCK_S:
            self.trouble = _STUCK[self._role]
