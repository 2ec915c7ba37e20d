"""How long a value takes from the sample that decided it to the walker's eyes, stage by stage."""

from array import array
from collections import deque
from collections.abc import Mapping
from math import nan
from typing import Literal

import numpy as np

Phase = Literal["early", "final"]
Stage = Literal["arrival", "computing", "drawing"]

BUDGETS_MS: Mapping[Stage, float] = {"arrival": 100.0, "computing": 20.0, "drawing": 50.0}
"""What the median of the last `JUDGED` values may take before the operator is told. The next heel strike of
that foot is some 300 ms away."""

CURES: Mapping[Stage, str] = {
    "arrival": "look at the network, and at the computer that publishes the streams",
    "computing": "close other programs on this computer",
    "drawing": "close other programs on this computer, or use a smaller window",
}

JUDGED = 10
_PICTURES = 16
"""So many of the last pictures may still be said to be flushed."""

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}

_PHASES: tuple[Phase, Phase] = ("early", "final")
_PHASE, DECIDED, ARRIVED, TOLD, FLUSHED = range(5)
_COLUMNS = 5
STAGES: Mapping[Stage, tuple[int, int]] = {
    "arrival": (DECIDED, ARRIVED),
    "computing": (ARRIVED, TOLD),
    "drawing": (TOLD, FLUSHED),
}
"""Each stage's begin and end: stamp of the deciding sample, arrival of the newest sample taken with it, value
handed to the windows, pixels handed to the window system."""


class Latency:
    """Stamps of every value of a session, on the LSL local clock; 40 bytes each.

    Parameters
    ----------
    on_time : whether time goes as it did when the samples were taken; not in a replay that is faster or
        slower.
    """

    def __init__(self, *, on_time: bool = True) -> None:
        self._on_time = on_time
        self._rows = array("d")
        self._pictures: deque[tuple[int, int]] = deque(maxlen=_PICTURES)

    def told(
        self, phase: Phase, decided_s: float, arrived_s: float, told_s: float, picture: int
    ) -> None:
        """A value was handed to the windows as this picture."""
        self._pictures.append((picture, len(self._rows) + FLUSHED))
        self._rows.extend((_PHASES.index(phase), decided_s, arrived_s, told_s, nan))

    def flushed(self, picture: int, flushed_s: float) -> None:
        """The pixels of a picture were handed to the window system; only the first time counts."""
        for number, place in self._pictures:
            if number == picture and self._rows[place] != self._rows[place]:
                self._rows[place] = flushed_s

    def stamps_s(self, phase: Phase) -> np.ndarray:
        """Stamps of every value, shape (n, 5), columns `DECIDED` to `FLUSHED`; NaN where never flushed."""
        return self._table()[self._table()[:, _PHASE] == _PHASES.index(phase)]

    def ms(self, phase: Phase, begin: int, end: int) -> np.ndarray:
        """Milliseconds between two stamps of every value that has both, shape (n,)."""
        rows = self.stamps_s(phase)
        took = 1e3 * (rows[:, end] - rows[:, begin])
        return np.asarray(took[np.isfinite(took)])

    def alarm(self) -> str:
        """What takes too long lately and what to do, a sentence; empty while nothing does."""
        rows = np.array(self._rows[-JUDGED * _COLUMNS :]).reshape(-1, _COLUMNS)
        if len(rows) < JUDGED:
            return ""
        for stage, (begin, end) in STAGES.items():
            took = 1e3 * (rows[:, end] - rows[:, begin])
            took = took[np.isfinite(took)]
            if stage == "arrival" and not self._on_time:
                continue
            if 2 * len(took) >= JUDGED and np.median(took) > BUDGETS_MS[stage]:
                return (
                    f"The feedback is late: {stage} takes {np.median(took):.0f} ms (at most "
                    f"{BUDGETS_MS[stage]:.0f}): {CURES[stage]}"
                )
        return ""

    def table(self) -> dict[str, object]:
        """What ``session.json`` says of it, ms."""
        finals = self.ms("final", TOLD, FLUSHED)
        stages: dict[str, object] = {
            stage: percentiles(self.ms("final", *ends)) for stage, ends in STAGES.items()
        }
        return {
            "latency_ms": {
                "what": "deciding sample's stamp to value handed to the walker window",
                **percentiles(self.ms("final", DECIDED, TOLD)),
            },
            "flush_latency_ms": {
                "what": "deciding sample's stamp to pixels handed to the window system",
                "pictures": len(finals),
                **percentiles(self.ms("final", DECIDED, FLUSHED)),
            },
            "early_latency_ms": {
                "what": "the same for the early value, from the sample that decided it",
                **percentiles(self.ms("early", DECIDED, TOLD)),
            },
            "latency_stages_ms": {
                "what": "arrival: deciding sample's stamp to arrival; computing: to value handed to the "
                "windows; drawing: to pixels handed to the window system",
                **stages,
            },
        }

    def _table(self) -> np.ndarray:
        return np.array(self._rows, dtype=np.float64).reshape(-1, _COLUMNS)


def percentiles(values: np.ndarray) -> dict[str, float]:
    """The `PERCENTILES` of values; none of nothing."""
    if not len(values):
        return {}
    found = np.percentile(values, list(PERCENTILES.values()))
    return dict(zip(PERCENTILES, map(float, found), strict=True))
