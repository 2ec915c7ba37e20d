"""How long a value takes from the sample that decided it to the walker's eyes, stage by stage."""

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from math import nan
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Stamps:
    """When a picture was on its way to the screen, s.

    Attributes
    ----------
    shown_s : the walker's window took the value. paint_s, painted_s : painting began, ended. flushed_s :
        the pixels were handed to the window system.
    """

    shown_s: float
    paint_s: float
    painted_s: float
    flushed_s: float

    def on(self, ahead_s: float) -> "Stamps":
        """The same on a clock that is `ahead_s` ahead of this one."""
        return Stamps(*(each + ahead_s for each in astuple(self)))


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
_PHASE, DECIDED, ARRIVED, TOLD, SHOWN, PAINT, PAINTED, FLUSHED = range(8)
_COLUMNS = 8
STAGES: Mapping[Stage, tuple[int, int]] = {
    "arrival": (DECIDED, ARRIVED),
    "computing": (ARRIVED, TOLD),
    "drawing": (TOLD, FLUSHED),
}
"""Each stage's begin and end: stamp of the deciding sample, arrival of the newest sample taken with it, value
handed to the windows, pixels handed to the window system."""
DRAWING: Mapping[str, tuple[int, int]] = {
    "taken": (TOLD, SHOWN),
    "laid_out": (SHOWN, PAINT),
    "painted": (PAINT, PAINTED),
    "handed_over": (PAINTED, FLUSHED),
}
"""Parts of the last stage: the walker's window has the value, painting begins, ends, pixels are handed on."""


class Latency:
    """Stamps of every value of a session, on the LSL local clock; 64 bytes each.

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
        self._pictures.append((picture, len(self._rows)))
        self._rows.extend((_PHASES.index(phase), decided_s, arrived_s, told_s, nan, nan, nan, nan))

    def flushed(self, picture: int, at: Stamps) -> float:
        """A picture passed these stages on its way to the screen; only the first time counts.

        Returns
        -------
        ms since the deciding sample; NaN when it is not the first time, or of no value.
        """
        for number, row in self._pictures:
            if number == picture and self._rows[row + FLUSHED] != self._rows[row + FLUSHED]:
                self._rows[row + SHOWN : row + FLUSHED + 1] = array("d", astuple(at))
                return 1e3 * (at.flushed_s - self._rows[row + DECIDED])
        return nan

    def stamps_s(self, phase: Phase) -> np.ndarray:
        """Stamps of every value, shape (n, 8), columns `DECIDED` to `FLUSHED`; NaN where never flushed."""
        return self._table()[self._table()[:, _PHASE] == _PHASES.index(phase)]

    def ms(self, phase: Phase, begin: int, end: int) -> np.ndarray:
        """Milliseconds between two stamps of every value that has both, shape (n,)."""
        rows = self.stamps_s(phase)
        took = 1e3 * (rows[:, end] - rows[:, begin])
        return np.asarray(took[np.isfinite(took)])

    def alarm(self) -> str:
        """What takes too long lately and what to do, a sentence; empty while nothing does."""
        stage, said = self._too_long()
        return f"The feedback is late: {said}: {CURES[stage]}" if stage else ""

    def late(self) -> str:
        """What takes too long lately, a few words; empty while nothing does."""
        return self._too_long()[1]

    def _too_long(self) -> tuple[Stage | None, str]:
        rows = np.array(self._rows[-JUDGED * _COLUMNS :]).reshape(-1, _COLUMNS)
        if len(rows) < JUDGED:
            return None, ""
        for stage, (begin, end) in STAGES.items():
            took = 1e3 * (rows[:, end] - rows[:, begin])
            took = took[np.isfinite(took)]
            if stage == "arrival" and not self._on_time:
                continue
            if 2 * len(took) >= JUDGED and np.median(took) > BUDGETS_MS[stage]:
                said = f"{stage} takes {np.median(took):.0f} ms (at most {BUDGETS_MS[stage]:.0f})"
                return stage, said
        return None, ""

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
            "drawing_ms": {
                "what": "parts of drawing: taken by the walker's window, laid out, painted, handed over to "
                "the window system",
                **{part: percentiles(self.ms("final", *ends)) for part, ends in DRAWING.items()},
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
