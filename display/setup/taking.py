"""A countdown and then a trial of some seconds out of what is received; no Qt, the time is given."""

from collections.abc import Mapping
from typing import Literal, Protocol

from stream.errors import EkamError
from stream.source import Chunk, Role, StreamInfo

Phase = Literal["idle", "countdown", "recording", "done"]
STALLED_S = 3.0
"""Without a new marker frame for so long a trial is given up."""

Trial = tuple[Mapping[Role, StreamInfo], Mapping[Role, list[Chunk]]]


class Records(Protocol):
    """What keeps the received samples: `stream.listener.Listener`."""

    def record(self) -> None:
        """Begin to keep everything."""

    def recorded_s(self) -> float:
        """How much there is."""
        ...

    def take(self) -> Trial:
        """End and hand over."""
        ...


class Taking:
    """One trial at a time.

    Attributes
    ----------
    phase : where it is. left_s : of the countdown. share : of the trial, 0 to 1.
    """

    def __init__(self, listener: Records) -> None:
        self._listener = listener
        self.phase: Phase = "idle"
        self.left_s = self.share = 0.0
        self._begins_s = self._seconds = self._moved_s = self._had_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether a trial is being taken."""
        return self.phase in ("countdown", "recording")

    def begin(self, now_s: float, seconds: float, countdown_s: float) -> None:
        """Begin to count down."""
        self.phase, self._seconds, self._begins_s = "countdown", seconds, now_s + countdown_s
        self.left_s, self.share = countdown_s, 0.0

    def tick(self, now_s: float) -> Trial | None:
        """Go on; the trial once it is whole.

        Raises
        ------
        EkamError : the streams were interrupted; nothing is taken any more.
        """
        if self.phase == "countdown":
            self.left_s = max(self._begins_s - now_s, 0.0)
            if self.left_s == 0.0:
                self._listener.record()
                self.phase, self._moved_s, self._had_s = "recording", now_s, 0.0
        elif self.phase == "recording":
            had_s = self._listener.recorded_s()
            if had_s != self._had_s:
                self._had_s, self._moved_s = had_s, now_s
            self.share = min(had_s / self._seconds, 1.0)
            if had_s >= self._seconds:
                self.phase = "idle"
                trial = self._listener.take()
                self.phase = "done"
                return trial
            if now_s - self._moved_s > STALLED_S:
                self.stop()
                raise EkamError(
                    f"no marker came for {STALLED_S:.0f} s: look at the capture system and record again"
                )
        return None

    def stop(self) -> None:
        """Give up what is being taken."""
        if self.phase == "recording":
            try:
                self._listener.take()
            except EkamError:
                pass
        self.phase, self.share = "idle", 0.0
