"""How long values take from their deciding sample to the walker's screen, against the budget."""

from collections import deque

import numpy as np
from PyQt5.QtWidgets import QVBoxLayout, QWidget
from pyqtgraph import BarGraphItem, InfiniteLine, mkPen

from display import theme
from display.console.plots import plot
from display.console.widgets import label
from display.console.words import BUDGET_MS, latency
from stream.status import SessionView

NEWEST = 60
"""Values of which the meter speaks: half a minute of walking."""
BINS_MS = np.arange(0.0, 245.0, 5.0)


class LatencyMeter(QWidget):
    """A line of words for every moment, and a histogram."""

    def __init__(self) -> None:
        super().__init__()
        self.words = label("latency")
        self.plot = plot(
            "ms from the deciding sample to the screen", "values", (0.0, BINS_MS[-1]), (0.0, NEWEST)
        )
        width = BINS_MS[1] - BINS_MS[0]
        self.bars = BarGraphItem(
            x0=BINS_MS[:-1],
            width=0.9 * width,
            height=np.zeros(len(BINS_MS) - 1),
            brush=theme.INSIDE,
            pen=None,
        )
        self.plot.addItem(self.bars)
        budget = mkPen(theme.OUTSIDE, width=3)
        self.plot.addItem(InfiniteLine(BUDGET_MS, pen=budget, label="budget"))
        self._delays_ms: deque[float] = deque(maxlen=NEWEST)
        self._seen = 0
        self._late = ""
        self._stale = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot, 1)

    def show_view(self, view: SessionView, late: str, *, histogram: bool) -> None:
        """Say what is new and what the session finds `late`; the histogram is drawn only where it is seen."""
        self._seen, new = view.delays.since(self._seen)
        if new:
            self._delays_ms.extend(new)
        if new or late != self._late or not self.words.text():
            self._late = late
            words, colour = latency(self._delays_ms, late)
            self.words.setText(words)
            self.words.setStyleSheet(f"color: {colour}")
            self._stale = True
        if self._stale and histogram:
            self._stale = False
            shown = np.minimum(self._delays_ms, BINS_MS[-1] - 1.0)
            counts = np.histogram(shown, BINS_MS)[0]
            self.bars.setOpts(height=counts)
            self.plot.setYRange(0.0, max(10, int(counts.max()) + 2), padding=0.0)
