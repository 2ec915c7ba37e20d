"""The walker as a stick figure from behind and from the right, with the ground reactions."""

import numpy as np
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from pyqtgraph import PlotCurveItem, PlotWidget, ScatterPlotItem, mkPen

from compute.conventions import Side
from compute.figure import BONES, KNEE_JOINT, MIDDLE, TOP, Figure, point
from display import theme
from display.console.plots import LEG_COLOURS, legend, plot
from stream.status import SessionView

M_PER_N = 0.001
"""Length of a force arrow: 1 kN is one metre, some 0.7 m for one body weight."""
HALF_M, HIGH_M = 0.75, 2.05
_X, _Y, _Z = 0, 1, 2
SIDEWAYS = {"from behind": _Z, "from the right": _X}
"""Axis of the lab frame that runs to the right in each view."""


class StickFigure(QWidget):
    """Both views; the walker stays in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.views = tuple(_View(words, axis) for words, axis in SIDEWAYS.items())
        row = QHBoxLayout()
        row.setSpacing(4)
        for each in self.views:
            row.addWidget(each.plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(legend("ground reaction and joint centres, unfiltered"))
        column.addLayout(row, 1)
        self._drawn = 0

    def show_view(self, view: SessionView) -> None:
        """Draw the newest moment."""
        number, figure = view.figure.read()
        if figure is None or number == self._drawn:
            return
        self._drawn = number
        for each in self.views:
            each.show_figure(figure)


class _View:
    """One of the two."""

    def __init__(self, words: str, axis: int) -> None:
        self.axis = axis
        self.plot = plot(f"{words} (m)", "height (m)", (-HALF_M, HALF_M), (-0.1, HIGH_M))
        self.plot.setAspectLocked(True)
        self.trunk = _pairs(self.plot, theme.TEXT, 4.0)
        self.legs = {side: _pairs(self.plot, LEG_COLOURS[side], 5.0) for side in Side}
        self.forces = {side: _pairs(self.plot, theme.INSIDE, 3.0) for side in Side}
        self.markers = ScatterPlotItem(size=4, pen=None, brush=theme.QUIET)
        self.knees = ScatterPlotItem(size=10, pen=mkPen(theme.TEXT), brush=None)
        for item in (self.markers, self.knees):
            self.plot.addItem(item)

    def show_figure(self, figure: Figure) -> None:
        middle = self._middle(figure)
        flat = np.stack([figure.points_m[:, self.axis] - middle, figure.points_m[:, _Y]], axis=1)
        for side in Side:
            own = [bone for bone in BONES if point(side, 0) <= min(bone) <= point(side, 4)]
            # the pelvis joins both legs and belongs to neither
            own = [bone for bone in own if max(bone) <= point(side, 4)]
            self.legs[side].setData(*_joined(flat, own))
            arrow = figure.cop_m[side], figure.cop_m[side] + M_PER_N * figure.force_n[side]
            ends = np.array([[end[self.axis] - middle, end[_Y]] for end in arrow])
            self.forces[side].setData(*_joined(ends, _arrow(ends)[1], _arrow(ends)[0]))
        between = (TOP, MIDDLE), (point(Side.LEFT, 0), point(Side.RIGHT, 0))
        self.trunk.setData(*_joined(flat, list(between)))
        markers = figure.markers_m
        self.markers.setData(markers[:, self.axis] - middle, markers[:, _Y])
        knees = flat[[point(side, KNEE_JOINT) for side in Side]]
        self.knees.setData(knees[:, 0], knees[:, 1])

    def _middle(self, figure: Figure) -> float:
        """Where the walker is; the knees know it when the pelvis is not tracked."""
        rows = [MIDDLE, *(point(side, KNEE_JOINT) for side in Side)]
        known = figure.points_m[rows, self.axis]
        known = known[np.isfinite(known)]
        return float(known[0]) if len(known) else 0.0


def _pairs(into: PlotWidget, colour: str, width: float) -> PlotCurveItem:
    made = PlotCurveItem(
        pen=mkPen(colour, width=width, style=Qt.PenStyle.SolidLine),
        antialias=False,
        connect="pairs",
    )
    into.addItem(made)
    return made


def _joined(
    points: np.ndarray, bones: list[tuple[int, int]], more: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the lines whose both ends are known, one after the other."""
    points = points if more is None else np.concatenate([points, more])
    seen = [pair for pair in bones if np.isfinite(points[list(pair)]).all()]
    ends = points[[end for pair in seen for end in pair]].reshape(-1, 2)
    return np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])


def _arrow(ends: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Two more points for the head of an arrow from ends[0] to ends[1], and all lines of it."""
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    if not length > 0.0:
        return np.full((2, 2), np.nan), [(0, 1)]
    along = along / length
    across = np.array([-along[1], along[0]])
    head = ends[1] - 0.07 * along
    barbs = np.stack([head + 0.035 * across, head - 0.035 * across])
    return barbs, [(0, 1), (1, 2), (1, 3)]
