"""One connection to one publisher, from its header to its end.

It never reconnects by itself: LSL would go on with the old channel order after a publisher came back
with another one, and markers would be swapped without a word.
"""

import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from math import isfinite, nan
from threading import Event, Thread
from typing import Any

import numpy as np

from stream.errors import EkamError
from stream.header import MAX_CHANNELS, read_header, refuse_rate
from stream.source import Chunk, Role, StreamInfo

PULL_S = 0.2

_CONNECT_S = 5.0
_CLOCK_S = 5.0
_SAME_CLOCK_S = 1e-3
_RATE_OVER_S = 2.0
# Five minutes and more, whatever stops this process. LSL counts seconds where a stream declares its
# rate and hundreds of samples where it does not: then for 300 markers and 2000 force samples a second.
_BUFFER_S = 360
_BUFFER_HUNDREDS = {Role.MARKERS: 1000, Role.FORCES: 6000}
_BUFFER_SAMPLES = 8_000_000  # LSL sets memory aside for each
_PULL_VALUES = 1 << 21
_MOST_RECENT = 8192


class Connection:
    """A publisher that answers, its header read and checked; no samples flow yet.

    An inlet must not be destroyed while a thread is inside it. Every thread that uses it holds it
    meanwhile, and only when the last of them lets go is it destroyed.

    Parameters
    ----------
    found : pylsl's description of the stream.

    Attributes
    ----------
    info : the header.
    uid : of the outlet.
    began_s : when samples began to flow, LSL local clock.
    arrived_s : when the newest came; NaN before.
    rate_hz : over the last seconds, by the stamps; NaN until known.
    samples, missing : received; not received in between, where the rate is declared.
    offset_s : to be added to the stamps to get the LSL local clock.

    Raises
    ------
    EkamError : it does not answer, or its header cannot be used.
    """

    def __init__(self, role: Role, found: Any) -> None:
        import pylsl

        self._called = f"The {role.value} stream {found.name()[:60]!r} on {found.hostname()[:60]}"
        _refuse_before_connecting(f"{self._called} cannot be used: it ", found)
        rate_hz = found.nominal_srate()
        buffer = (
            max(1, min(_BUFFER_S, int(_BUFFER_SAMPLES / rate_hz)))
            if rate_hz
            else _BUFFER_HUNDREDS[role]
        )
        self._clock = pylsl.local_clock
        self._inlet: Any = pylsl.StreamInlet(found, max_buflen=buffer, recover=False)
        self.uid: str = found.uid()
        header = self._ask(lambda: self._inlet.info(timeout=_CONNECT_S))
        if header.uid() != self.uid:
            raise EkamError(f"{self._called} was restarted at this very moment; try again.")
        self.info: StreamInfo = read_header(role, header.as_xml())
        if len(self.info.channels) != found.channel_count():
            raise EkamError(
                f"{self._called} sends {found.channel_count()} channels but its header declares "
                f"{len(self.info.channels)}; mend its publisher."
            )
        self._same_host = self.info.hostname == socket.gethostname()
        self._left = Event()
        self.offset_s = 0.0
        self.samples = self.missing = 0
        self.arrived_s = self.rate_hz = self.began_s = nan
        # Newest stamp and count of samples after each chunk of the last seconds.
        self._recent: deque[tuple[float, int]] = deque(maxlen=_MOST_RECENT)

    def compare_clocks(self) -> None:
        """Measure by how much the publisher's clock differs from this machine's; takes 0.6 s."""
        self._set_offset(self._ask(lambda: self._inlet.time_correction(timeout=_CONNECT_S)))

    def subscribe(self) -> None:
        """Let the samples flow; they wait here until they are pulled."""
        self._ask(lambda: self._inlet.open_stream(timeout=_CONNECT_S))
        self.began_s = self._clock()

    def watch_clock(self) -> None:
        """Go on comparing clocks, in a thread of its own."""
        name = f"lsl-clock-{self.info.role.value}"
        Thread(target=self._watch_clock, args=(self._inlet,), name=name, daemon=True).start()

    def leave(self) -> None:
        """Let go of the inlet; what was counted stays."""
        self._left.set()
        self._inlet = None

    def puller(self, info: StreamInfo | None) -> Callable[[], Chunk | None]:
        """Get the function that pulls chunks, which carry `info`, for one thread.

        It waits up to `PULL_S` and returns None when nothing came.

        Raises
        ------
        RuntimeError : (the function) nothing more will come.
        """
        role, n_channels = self.info.role, len(self.info.channels)
        n_max = max(16, min(4096, _PULL_VALUES // n_channels))
        pull = partial(
            self._inlet.pull_chunk,
            timeout=PULL_S,
            max_samples=n_max,
            dest_obj=np.empty((n_max, n_channels), self._inlet.np_dtype),
            min_samples=1,  # without it the call waits for a full buffer
            as_numpy=True,
        )

        def next_chunk() -> Chunk | None:
            values, stamps_s = pull()
            if len(stamps_s) == 0:
                return None
            t_s = self._clock()
            self._count(stamps_s, t_s)
            return Chunk(role, stamps_s, values.astype(np.float64), t_s, self.offset_s, info)

        return next_chunk

    def silent_s(self) -> float:
        """Time since the newest sample, or since they should have begun to come."""
        return self._clock() - (self.arrived_s if self.samples else self.began_s)

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except RuntimeError as error:  # the base of all errors of an inlet
            raise EkamError(
                f"{self._called} was found but does not answer ({error}); let TCP and UDP ports "
                "16572 to 16604 through the firewalls of both machines."
            ) from None

    def _count(self, stamps_s: np.ndarray, t_s: float) -> None:
        recent, rate_hz = self._recent, self.info.nominal_rate_hz
        newest_s = float(stamps_s[-1])
        if rate_hz:
            known = stamps_s if not recent else np.concatenate(([recent[-1][0]], stamps_s))
            with np.errstate(invalid="ignore"):  # whatever stamps a publisher makes up
                periods = np.diff(known) * rate_hz
            gaps = periods[(periods > 1.5) & (periods < 1e9)]
            self.missing += int(np.rint(gaps).sum()) - len(gaps)
        self.samples += len(stamps_s)
        self.arrived_s = t_s
        recent.append((newest_s, self.samples))
        if not 0.0 <= newest_s - recent[0][0] < 2.0 * _CLOCK_S:
            recent.clear()  # stamps that are none, or of a clock that was set
            recent.append((newest_s, self.samples))
        while len(recent) > 2 and newest_s - recent[0][0] > _RATE_OVER_S:
            recent.popleft()
        first_s, first = recent[0]
        if newest_s - first_s > _RATE_OVER_S / 4:  # a few samples tell nothing
            self.rate_hz = (self.samples - first) / (newest_s - first_s)

    def _watch_clock(self, inlet: Any) -> None:
        while not self._left.wait(_CLOCK_S):
            try:
                correction_s = inlet.time_correction(timeout=1.0)
            except RuntimeError:
                continue
            # After the publisher has gone the library may answer with nonsense.
            if not self._left.is_set():
                self._set_offset(correction_s)

    def _set_offset(self, correction_s: float) -> None:
        if not isfinite(correction_s):
            return
        # On one machine the clocks are the same; what is measured then is only noise.
        same = self._same_host and abs(correction_s) < _SAME_CLOCK_S
        self.offset_s = 0.0 if same else correction_s


def _refuse_before_connecting(refused: str, found: Any) -> None:
    """Refuse what would cost memory or could never be read, by the answer to the search alone."""
    import pylsl

    if not 1 <= found.channel_count() <= MAX_CHANNELS:
        raise EkamError(
            f"{refused}declares {found.channel_count()} channels, not 1 to {MAX_CHANNELS}; mend its "
            "publisher."
        )
    if found.channel_format() in (pylsl.cf_string, pylsl.cf_undefined):
        raise EkamError(f"{refused}sends texts, not numbers; correct the query in the lab file.")
    refuse_rate(refused, found.nominal_srate())
