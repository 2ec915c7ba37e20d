"""Marker and force streams from Lab Streaming Layer.

Inlets never reconnect by themselves: LSL would go on with the old channel order after a publisher
came back with another one, and markers would be swapped without a word.
"""

import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf, nan
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import numpy as np

from stream.errors import EkamError
from stream.source import Chunk, LampState, Role, StreamHealth, StreamInfo
from stream.xdf import MAX_CHANNELS, read_header

_SETTLE_S = 0.7  # the answers of all outlets are there after half a second
_CONNECT_S = 5.0
_BUFFER_S = 360
_PULL_S = 0.2
_CLOCK_S = 5.0
_SAME_CLOCK_S = 1e-3
_RATE_OVER_S = 2.0
_STALE_S = 0.2
_RATE_TOLERANCE = 0.02


@dataclass(frozen=True)
class StreamQuery:
    """Which stream is meant; empty means any. The type is compared without regard to case."""

    type: str
    name: str = ""
    source_id: str = ""
    hostname: str = ""

    def admits(self, found: Any) -> bool:
        """Whether a resolved stream (pylsl's) is one that is meant."""
        return (
            (not self.type or found.type().casefold() == self.type.casefold())
            and self.name in ("", found.name())
            and self.source_id in ("", found.source_id())
            and self.hostname in ("", found.hostname())
        )

    def __str__(self) -> str:
        parts = ("type", "name", "source_id", "hostname")
        return ", ".join(f"{part} {getattr(self, part)!r}" for part in parts if getattr(self, part))


class LslSource:
    """A marker and a force stream on the network, as a `Source`.

    Parameters
    ----------
    allow_replay : take streams that say they are a replay.
    resolve_timeout_s : how long to look for the streams.
    given_up : asked while looking; a reason other than ``""`` ends the search with that error.
    """

    def __init__(
        self,
        markers: StreamQuery,
        forces: StreamQuery,
        *,
        allow_replay: bool = False,
        resolve_timeout_s: float = 10.0,
        given_up: Callable[[], str] = lambda: "",
    ) -> None:
        self._queries = {Role.MARKERS: markers, Role.FORCES: forces}
        self._allow_replay = allow_replay
        self._resolve_timeout_s = resolve_timeout_s
        self._given_up = given_up
        self._chunks: SimpleQueue[Chunk] = SimpleQueue()
        self._inlets: dict[Role, _Inlet] = {}

    def open(self) -> dict[Role, StreamInfo]:
        """Find both streams, check their headers, compare the clocks and subscribe."""
        found = _resolve(self._queries, self._resolve_timeout_s, self._given_up)
        inlets: dict[Role, _Inlet] = {}
        try:
            for role, stream in found.items():
                inlets[role] = _Inlet(role, stream, self._chunks)
                self._check_replay(inlets[role].info)
            # Clocks first: their first comparison takes 0.6 s, and samples flow once subscribed.
            with ThreadPoolExecutor(len(inlets)) as pool:
                list(pool.map(_Inlet.compare_clocks, inlets.values()))
            for inlet in inlets.values():
                inlet.subscribe()
        except BaseException:
            for inlet in inlets.values():
                inlet.release()
            raise
        for inlet in inlets.values():
            inlet.start()
        self._inlets = inlets
        return {role: inlet.info for role, inlet in inlets.items()}

    def _check_replay(self, info: StreamInfo) -> None:
        if info.replay and not self._allow_replay:
            raise EkamError(
                f"The {info.role.value} stream {info.name!r} on {info.hostname} is a replay of "
                f"{info.replay}, not a live walker; `--allow-replay` admits it."
            )

    def pull(self, timeout_s: float) -> list[Chunk]:
        """Chunks that have arrived; waits up to `timeout_s` for the first."""
        chunks: list[Chunk] = []
        try:
            chunks.append(self._chunks.get(timeout=max(timeout_s, 0.0)))
            while True:
                chunks.append(self._chunks.get_nowait())
        except Empty:
            return chunks

    @property
    def ended(self) -> bool:
        """True when a replay is over and pulled; a live publisher may come back."""
        inlets = self._inlets.values()
        over = bool(inlets) and all(inlet.lost and inlet.info.replay for inlet in inlets)
        return over and self._chunks.empty()

    def health(self) -> tuple[StreamHealth, ...]:
        """State of each stream now."""
        if not self._inlets:
            absent = LampState.ABSENT
            return tuple(StreamHealth(role, q.name, absent) for role, q in self._queries.items())
        return tuple(inlet.health() for inlet in self._inlets.values())

    def close(self) -> None:
        """Stop the threads and let go of the inlets."""
        for inlet in self._inlets.values():
            inlet.stop()
        for inlet in self._inlets.values():
            inlet.release()


class _Inlet:
    """One stream: its inlet, the thread that pulls it and the one that compares clocks."""

    def __init__(self, role: Role, found: Any, chunks: SimpleQueue[Chunk]) -> None:
        import pylsl

        if not 1 <= found.channel_count() <= MAX_CHANNELS:
            raise EkamError(
                f"The {role.value} stream {found.name()!r} declares {found.channel_count()} "
                f"channels, not 1 to {MAX_CHANNELS}; mend its publisher."
            )
        self._clock = pylsl.local_clock
        self._inlet = pylsl.StreamInlet(found, max_buflen=_BUFFER_S, recover=False)
        self._called = f"The {role.value} stream {found.name()!r} on {found.hostname()}"
        header = self._ask(lambda: self._inlet.info(timeout=_CONNECT_S))
        self.info = read_header(role, header.as_xml())
        if len(self.info.channels) != found.channel_count():
            raise EkamError(
                f"{self._called} sends {found.channel_count()} channels but its header declares "
                f"{len(self.info.channels)}; mend its publisher."
            )
        self._chunks = chunks
        self._same_host = self.info.hostname == socket.gethostname()
        self._offset_s = 0.0
        self.lost = False
        self._stop = Event()
        self._threads = (
            Thread(target=self._read, name=f"lsl-{role.value}", daemon=True),
            Thread(target=self._watch_clock, name=f"lsl-clock-{role.value}", daemon=True),
        )
        self._samples = 0
        self._missing = 0
        self._arrived_s = nan
        # Newest stamp and count of samples after each chunk of the last seconds.
        self._recent: deque[tuple[float, int]] = deque()

    def compare_clocks(self) -> None:
        """Measure by how much the publisher's clock differs from this machine's."""
        self._set_offset(self._ask(lambda: self._inlet.time_correction(timeout=_CONNECT_S)))

    def subscribe(self) -> None:
        """Let the samples flow."""
        self._ask(lambda: self._inlet.open_stream(timeout=_CONNECT_S))

    def start(self) -> None:
        """Start pulling."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the threads to end."""
        self._stop.set()

    def release(self) -> None:
        """Wait for the threads, then destroy the inlet."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2.0)
        # An inlet in use must not be destroyed: one that hangs is left to the end of the process.
        if not any(thread.is_alive() for thread in self._threads):
            self._inlet = None

    def health(self) -> StreamHealth:
        """State now."""
        rate_hz, nominal_hz = self._rate_hz(), self.info.nominal_rate_hz
        age_s = self._clock() - self._arrived_s
        state, message = LampState.OK, ""
        if self.lost:
            state, message = LampState.LOST, "the publisher is gone"
        elif self._samples == 0:
            state, message = LampState.CONNECTING, "no samples yet"
        elif age_s > _STALE_S:
            state, message = LampState.DEGRADED, f"no samples for {age_s:.1f} s"
        elif nominal_hz and abs(rate_hz - nominal_hz) > _RATE_TOLERANCE * nominal_hz:
            state, message = LampState.DEGRADED, f"{rate_hz:.1f} Hz instead of {nominal_hz:g} Hz"
        return StreamHealth(
            role=self.info.role,
            name=self.info.name,
            state=state,
            nominal_rate_hz=nominal_hz,
            rate_hz=rate_hz,
            age_s=age_s,
            samples=self._samples,
            missing=self._missing,
            clock_offset_s=self._offset_s,
            message=message,
        )

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except RuntimeError as error:  # the base of all errors of an inlet
            raise EkamError(
                f"{self._called} was found but does not answer ({error}); let TCP and UDP ports "
                "16572 to 16604 through the firewalls of both machines."
            ) from None

    def _read(self) -> None:
        n_channels, rate_hz = len(self.info.channels), self.info.nominal_rate_hz
        n_max = max(512, int(min(rate_hz, 10_000.0)))
        buffer = np.empty((n_max, n_channels), self._inlet.np_dtype)
        pull = partial(
            self._inlet.pull_chunk,
            timeout=_PULL_S,
            max_samples=n_max,
            dest_obj=buffer,
            min_samples=1,  # without it the call waits for a full buffer
            as_numpy=True,
        )
        try:
            while not self._stop.is_set():
                values, stamps_s = pull()
                if len(stamps_s) == 0:
                    continue
                t_s = self._clock()
                chunk = Chunk(
                    self.info.role, stamps_s, values.astype(np.float64), t_s, self._offset_s
                )
                self._chunks.put(chunk)
                self._count(stamps_s, t_s)
        except RuntimeError:  # every error of an inlet means that nothing more will come
            self.lost = True

    def _count(self, stamps_s: np.ndarray, t_s: float) -> None:
        recent, rate_hz = self._recent, self.info.nominal_rate_hz
        newest_s = float(stamps_s[-1])
        if rate_hz:
            known = stamps_s if not recent else np.concatenate(([recent[-1][0]], stamps_s))
            periods = np.diff(known) * rate_hz
            gaps = periods[periods > 1.5]
            self._missing += int(np.rint(gaps).sum()) - len(gaps)
        self._samples += len(stamps_s)
        self._arrived_s = t_s
        recent.append((newest_s, self._samples))
        while len(recent) > 2 and newest_s - recent[0][0] > _RATE_OVER_S:
            recent.popleft()

    def _rate_hz(self) -> float:
        if len(self._recent) < 2:
            return nan
        (first_s, first), (last_s, last) = self._recent[0], self._recent[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else nan

    def _watch_clock(self) -> None:
        while not self._stop.wait(_CLOCK_S):
            try:
                correction_s = self._inlet.time_correction(timeout=1.0)
            except RuntimeError:
                continue
            # After the publisher has gone the library may answer with nonsense.
            if not self.lost:
                self._set_offset(correction_s)

    def _set_offset(self, correction_s: float) -> None:
        # On one machine the clocks are the same; what is measured then is only noise.
        same = self._same_host and abs(correction_s) < _SAME_CLOCK_S
        self._offset_s = 0.0 if same else correction_s


def _resolve(
    queries: dict[Role, StreamQuery], timeout_s: float, given_up: Callable[[], str]
) -> dict[Role, Any]:
    """Find exactly one stream for each query (pylsl's descriptions)."""
    import pylsl

    resolver = pylsl.ContinuousResolver()
    pause = Event()
    now_s = pylsl.local_clock()
    deadline_s, settled_s = now_s + timeout_s, inf
    while True:
        seen = list({found.uid(): found for found in resolver.results()}.values())
        fitting = {role: [f for f in seen if query.admits(f)] for role, query in queries.items()}
        now_s = pylsl.local_clock()
        if all(fitting.values()) and settled_s == inf:
            settled_s = now_s + _SETTLE_S
        if now_s >= min(settled_s, deadline_s):
            break
        if reason := given_up():
            raise EkamError(reason)
        pause.wait(0.02)
    for role, streams in fitting.items():
        if not streams:
            others = "; ".join(map(_called, seen)) or "none at all"
            raise EkamError(
                f"No {role.value} stream was found: looked {timeout_s:g} s for {queries[role]}, saw "
                f"{others}. Start the publisher or correct the query in the lab file."
            )
        if len(streams) > 1:
            raise EkamError(
                f"{len(streams)} streams fit the {role.value} query ({queries[role]}): "
                f"{'; '.join(map(_called, streams))}. End all but one of them, or name its "
                "source_id or hostname in the lab file."
            )
    return {role: streams[0] for role, streams in fitting.items()}


def _called(found: Any) -> str:
    return (
        f"{found.name()!r} (type {found.type()!r}, host {found.hostname()!r}, source_id "
        f"{found.source_id()!r})"
    )
