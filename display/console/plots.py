"""Curves for the operator: the live EKAM of both legs, and each leg's newest stance over its baseline."""

import numpy as np
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from pyqtgraph import FillBetweenItem, PlotCurveItem, PlotWidget, mkPen

from compute.conventions import Side
from compute.curve_band import PERCENT, CurveBand
from display import theme
from stream.status import SessionStatus, SessionView

TRACE_S = 6.0
NM_PER_KG = (-0.45, 1.05)
LOADED_N = 50.0
USUAL_STANCE_S = 0.7
LEG_COLOURS = {Side.LEFT: theme.LEG_LEFT, Side.RIGHT: theme.LEG_RIGHT}


def plot(bottom: str, left: str, x: tuple[float, float], y: tuple[float, float]) -> PlotWidget:
    """A plot whose axes never move."""
    made = PlotWidget(background=theme.PANEL)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    item = made.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    made.setMouseEnabled(x=False, y=False)
    made.setXRange(*x, padding=0.0)
    made.setYRange(*y, padding=0.0)
    made.disableAutoRange()
    for name, words in (("bottom", bottom), ("left", left)):
        axis = made.getAxis(name)
        axis.setLabel(words, siPrefixEnableRanges=())  # metres stay metres
        axis.setPen(theme.RULE)
        axis.setTextPen(theme.TEXT)
    return made


def line(into: PlotWidget, colour: str, width: float, style: Qt.PenStyle) -> PlotCurveItem:
    """A curve with gaps where there is no number."""
    made = PlotCurveItem(
        pen=mkPen(colour, width=width, style=style), antialias=False, connect="finite"
    )
    into.addItem(made)
    return made


class LiveTrace(QWidget):
    """The causal EKAM of both legs over the last seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = plot(
            "seconds before the newest sample", "EKAM (N·m/kg)", (-TRACE_S, 0.0), NM_PER_KG
        )
        zero = PlotCurveItem([-TRACE_S, 0.0], [0.0, 0.0], pen=mkPen(theme.RULE))
        zero.setZValue(-1)
        self.plot.addItem(zero)
        self.curves = tuple(
            line(self.plot, LEG_COLOURS[side], 2.0, Qt.PenStyle.SolidLine) for side in Side
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(legend("live EKAM, to watch: never the score"))
        column.addWidget(self.plot, 1)

    def show_view(self, view: SessionView) -> None:
        """Draw the newest seconds."""
        rows = view.trace.copy()
        if not len(rows):
            return
        age_s = rows[:, 0] - rows[-1, 0]
        rows, age_s = rows[age_s >= -TRACE_S], age_s[age_s >= -TRACE_S]
        for side in Side:
            self.curves[side].setData(age_s, np.ascontiguousarray(rows[:, 1 + side]))


class StanceCurves(QWidget):
    """Each leg's newest stance, and the one under way, over mean ± SD of its baseline."""

    def __init__(self) -> None:
        super().__init__()
        self.legs = tuple(_LegCurves(side) for side in Side)
        row = QHBoxLayout()
        row.setSpacing(4)
        for leg in self.legs:
            row.addWidget(leg.plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            _words(
                "EKAM over stance:  ▬ newest stance,  ┄ it was rejected,  ··· under way,  ▒ baseline ± SD"
            )
        )
        column.addLayout(row, 1)
        self._drawn = -1

    def show_view(self, view: SessionView, status: SessionStatus) -> None:
        """Draw what is new."""
        number, curves = view.curves.read()
        if number != self._drawn:
            self._drawn = number
            for leg in self.legs:
                leg.show_curves(curves[leg.side])
        rows = view.trace.copy()
        for leg in self.legs:
            lasted = [each.stance_s for each in status.recent if each.side is leg.side]
            leg.show_under_way(rows, lasted[-1] if lasted else USUAL_STANCE_S)


class _LegCurves:
    """The plot of one leg."""

    def __init__(self, side: Side) -> None:
        self.side = side
        colour = LEG_COLOURS[side]
        self.plot = plot(f"{side.word}: % of stance", "EKAM (N·m/kg)", (0.0, 100.0), (-0.3, 1.05))
        self.low = line(self.plot, theme.RULE, 1.0, Qt.PenStyle.SolidLine)
        self.high = line(self.plot, theme.RULE, 1.0, Qt.PenStyle.SolidLine)
        shade = QColor(theme.TEXT)
        shade.setAlpha(60)
        self.plot.addItem(FillBetweenItem(self.low, self.high, brush=shade))
        self.mean = line(self.plot, theme.TEXT, 1.0, Qt.PenStyle.SolidLine)
        self.last = line(self.plot, colour, 3.0, Qt.PenStyle.SolidLine)
        self.under_way = line(self.plot, colour, 2.0, Qt.PenStyle.DotLine)
        self._solid = mkPen(colour, width=3.0)
        self._dashed = mkPen(theme.QUIET, width=2.0, style=Qt.PenStyle.DashLine)

    def show_curves(self, band: CurveBand) -> None:
        if band.n:
            spread = np.nan_to_num(band.sd)
            self.mean.setData(PERCENT, band.mean)
            self.low.setData(PERCENT, band.mean - spread)
            self.high.setData(PERCENT, band.mean + spread)
        if np.isfinite(band.last).any():
            self.last.setData(PERCENT, band.last)
            self.last.setPen(self._solid if band.valid else self._dashed)

    def show_under_way(self, rows: np.ndarray, lasts_s: float) -> None:
        """The stance that has begun and not ended, from the live trace; nothing while the foot swings."""
        loaded = rows[:, 3 + self.side] > LOADED_N if len(rows) else np.zeros(0, dtype=bool)
        if not len(loaded) or not loaded[-1]:
            self.under_way.setData([], [])
            return
        swings = np.flatnonzero(~loaded)
        first = swings[-1] + 1 if len(swings) else 0
        percent = 100.0 * (rows[first:, 0] - rows[first, 0]) / lasts_s
        self.under_way.setData(percent, np.ascontiguousarray(rows[first:, 1 + self.side]))


def legend(words: str) -> QLabel:
    """What is drawn, and which colour is which leg."""
    gap = "&nbsp;" * 5
    made = QLabel(
        f"{words}{gap}<span style='color:{theme.LEG_LEFT}'>▬ left</span>{gap}"
        f"<span style='color:{theme.LEG_RIGHT}'>▬ right</span>"
    )
    made.setTextFormat(Qt.TextFormat.RichText)
    return made


def _words(words: str) -> QLabel:
    made = QLabel(words)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    return made
