"""What a session hands on: to whoever keeps stances, to whoever keeps chunks, and to its summary."""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Literal, Protocol

import numpy as np

from compute import Side, Stance
from compute.early import Early
from stream.latency import Latency
from stream.source import Chunk, Role, StreamHealth, StreamInfo
from stream.sync_check import SyncVerdict

KEPT = 500
"""Stances of a live session that stay in memory; all are in ``stances.csv``."""


@dataclass(frozen=True)
class Told:
    """What the walker was told of one stance, and when.

    Attributes
    ----------
    shown : ``final``: its value stood on the walker's screen with the verdict; ``early``: only the
        early value did, and was withdrawn; ``none``: neither (baseline, rejected, no window, blanked).
    latency_ms : deciding sample's stamp to value handed to the walker's window; NaN without a clock.
    value : of a usable stance in the terms of the target; NaN during the baseline.
    block, low, high : part of the protocol that the stance belongs to, and its band; empty without one.
    aim : band of `value` without a protocol, for who acts on it at once.
    """

    shown: Literal["none", "early", "final"] = "none"
    latency_ms: float = nan
    value: float = nan
    block: str = ""
    low: float = nan
    high: float = nan
    aim: tuple[float, float] = (nan, nan)


class StanceSink(Protocol):
    """Something that keeps stances: a file, an outlet."""

    def stance(self, stance: Stance, told: Told) -> None:
        """Take one stance."""
        ...

    def close(self) -> None:
        """Finish; never raises."""
        ...


class Follower(Protocol):
    """Something that follows a session while it happens: other programs, over the network.

    Nothing in it waits or raises; `origin_s` is second 0 of the session's times, LSL local clock.
    """

    def early(self, early: Early, told: Told, origin_s: float) -> None:
        """Take a first peak whose stance has not ended."""
        ...

    def stance(self, stance: Stance, told: Told, origin_s: float) -> None:
        """Take one stance."""
        ...

    def live(self, rows: np.ndarray, origin_s: float) -> None:
        """Take rows of the live trace, `Engine.live_rows`; at least one."""
        ...

    def event(self, text: str, t_s: float) -> None:
        """Take an event at `t_s` of the LSL local clock."""
        ...

    def close(self) -> None:
        """Finish; may wait a second until everything has been fetched."""
        ...

    @property
    def fault(self) -> str:
        """What went wrong; empty while all is well."""
        ...


class RawSink(Protocol):
    """Something that keeps chunks as they were received."""

    def offer(self, chunk: Chunk) -> None:
        """Take a chunk; never waits."""
        ...

    def events(self, text: str, t_s: float) -> None:
        """Take an event at `t_s` of the LSL local clock; never waits."""
        ...

    @property
    def bytes_written(self) -> int:
        """Bytes kept so far."""
        ...

    @property
    def fault(self) -> str:
        """What went wrong; empty while all is well."""
        ...

    @property
    def notice(self) -> str:
        """What is about to go wrong; empty while nothing is."""
        ...


class Tally:
    """What is kept of every stance for the summary, 40 bytes each.

    Attributes
    ----------
    reasons : how often each was given.
    """

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self._rows = array("d")

    def add(self, stance: Stance) -> None:
        """Count a stance."""
        self.reasons.update(stance.reasons)
        self._rows.extend(
            (
                stance.side,
                stance.valid,
                stance.ekam_peak1_nm_per_kg,
                stance.ekam_peak2_nm_per_kg,
                stance.stance_s,
            )
        )

    def __len__(self) -> int:
        return len(self._rows) // 5

    def rejected(self, side: Side) -> int:
        """Rejected stances of one leg."""
        return int(np.sum((self._table()[:, 0] == side) & (self._table()[:, 1] == 0.0)))

    def valid(self, side: Side) -> np.ndarray:
        """First and second peak (N·m/kg) and duration (s) of the valid stances of a leg, shape (n, 3)."""
        table = self._table()
        return table[(table[:, 0] == side) & (table[:, 1] != 0.0), 2:]

    def _table(self) -> np.ndarray:
        return np.array(self._rows, dtype=np.float64).reshape(-1, 5)


@dataclass
class Outcome:
    """What a session leaves behind for its summary.

    Attributes
    ----------
    stances : of a file all, of a live session the last `KEPT`, without their curves. tally: of all.
    notes : what the operator was told about the streams, e.g. markers that are not there.
    feedback : what the walker was aimed at, with the baselines reached. protocol : what ran of it.
    live_delay_s : delay of the causal trace; NaN where there is none.
    sync : whether markers and forces kept step.
    healths : of the streams, as the session ended.
    """

    infos: dict[Role, StreamInfo]
    rates_hz: dict[Role, float]
    notes: tuple[str, ...] = ()
    stances: list[Stance] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    latency: Latency = field(default_factory=Latency)
    dropped: dict[Role, int] = field(default_factory=dict)
    feedback: Mapping[str, object] = field(default_factory=dict)
    protocol: Mapping[str, object] = field(default_factory=dict)
    live_delay_s: float = nan
    sync: SyncVerdict = field(default_factory=SyncVerdict)
    healths: tuple[StreamHealth, ...] = ()
    fault: str = ""

    def add(self, stance: Stance, *, live: bool) -> None:
        """Keep a stance."""
        self.tally.add(stance)
        self.stances.append(stance)
        if live and len(self.stances) > KEPT:
            del self.stances[0]
