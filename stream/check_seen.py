"""What `ekam check` received from both streams, and the shape of what it says about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import nan

import numpy as np

from stream.source import Chunk, Role, StreamInfo


class Verdict(Enum):
    """How a check ended; the value is the word that is printed."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """One line of `ekam check`.

    Attributes
    ----------
    check : what was looked at, e.g. ``left plate zero``.
    found : what was found, with numbers.
    cure : what to do; for something that was not checked, what would let it be checked. Empty when ok.
    """

    check: str
    verdict: Verdict
    found: str
    cure: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, found)


def warning(check: str, found: str, cure: str) -> Finding:
    """It works, but not as it should."""
    return Finding(check, Verdict.WARNING, found, cure)


def failed(check: str, found: str, cure: str) -> Finding:
    """No session should start with this."""
    return Finding(check, Verdict.FAILED, found, cure)


def not_checked(check: str, found: str, cure: str) -> Finding:
    """Nothing can be said from what was received."""
    return Finding(check, Verdict.NOT_CHECKED, found, cure)


def incomplete(check: str, found: str, cure: str) -> Finding:
    """It was asked for, and nothing can be said from what was received."""
    return Finding(check, Verdict.INCOMPLETE, found, cure)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Failed before incomplete before warning before ok; what nobody asked for does not count."""
    verdicts = {finding.verdict for finding in findings}
    for verdict in (Verdict.FAILED, Verdict.INCOMPLETE, Verdict.WARNING):
        if verdict in verdicts:
            return verdict
    return Verdict.OK


@dataclass(frozen=True)
class SeenStream:
    """One stream as received.

    Attributes
    ----------
    stamps_s : shape (n,), s, the publisher's clock.
    values : shape (n, n_channels), the publisher's units and order.
    arrivals_s : shape (n,), LSL local clock when the chunk of each sample was handed over.
    offsets_s : shape (n,), to be added to the stamps to get the LSL local clock.
    rtt_s : round trip of the best clock comparison; its error is below half of it. NaN where unknown.
    restarts : how often another publisher took over while receiving.
    """

    info: StreamInfo
    stamps_s: np.ndarray
    values: np.ndarray
    arrivals_s: np.ndarray
    offsets_s: np.ndarray
    rtt_s: float = nan
    restarts: int = 0

    @property
    def local_s(self) -> np.ndarray:
        """Stamps on the LSL local clock, shape (n,)."""
        return self.stamps_s + self.offsets_s

    @property
    def span_s(self) -> float:
        """Time from the first to the last stamp."""
        return float(self.stamps_s[-1] - self.stamps_s[0]) if len(self.stamps_s) else 0.0


@dataclass(frozen=True)
class Seen:
    """Both streams over the same few seconds; a stream that sent nothing has no samples."""

    streams: Mapping[Role, SeenStream] = field(default_factory=dict)

    @property
    def markers(self) -> SeenStream:
        """The marker stream."""
        return self.streams[Role.MARKERS]

    @property
    def forces(self) -> SeenStream:
        """The force stream."""
        return self.streams[Role.FORCES]


def seen_stream(info: StreamInfo, chunks: Iterable[Chunk], rtt_s: float = nan) -> SeenStream:
    """Put the chunks of one stream together.

    Only those of the publisher described by `info` are taken: one that came back may send its channels
    in another order.
    """
    own: list[Chunk] = []
    others: list[StreamInfo] = []
    for chunk in chunks:
        if chunk.info is None or chunk.info is info:
            own.append(chunk)
        elif not others or others[-1] is not chunk.info:
            others.append(chunk.info)
    return SeenStream(
        info,
        np.concatenate([np.empty(0), *(chunk.stamps_s for chunk in own)]),
        np.concatenate([np.empty((0, len(info.channels))), *(chunk.values for chunk in own)]),
        _per_sample(own, "t_arrival_s"),
        _per_sample(own, "clock_offset_s"),
        rtt_s,
        len(others),
    )


def _per_sample(chunks: list[Chunk], name: str) -> np.ndarray:
    """A figure of each chunk, or of each of its samples, for every sample."""
    each = [np.broadcast_to(getattr(c, name), c.stamps_s.shape) for c in chunks]
    return np.concatenate([np.empty(0), *each])


def longest_run(flags: np.ndarray) -> int:
    """Length of the longest run of True in a 1-D array."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
