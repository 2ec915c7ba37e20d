"""The bench as one picture: how the delays are spread, and what was promised."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from display.bench.budgets import Budget
from display.bench.chain import Chain
from display.screens import platform_environment

_SIZE = (1600, 1000)
_LOOKS = {"background": "#101010", "foreground": "#dddddd", "antialias": True}
_BARE, _OURS, _BAR = "#999999", "#56B4E9", "#E69F00"


def save_bench(path: Path, chain: Chain, budgets: Sequence[Budget]) -> None:
    """Histograms of what samples and values took, and the budgets."""
    with _sheet(path) as (pg, layout):
        for i, (role, found) in enumerate(chain.samples.items()):
            _histograms(
                pg, layout.addPlot(row=0, col=i, title=f"{role}: push to …"), "ms",
                {"bare consumer": (found["bare"], _BARE), "session": (found["session"], _OURS)},
            )  # fmt: skip
        for i, (phase, rows) in enumerate(chain.values.items()):
            pushed, bare, _, scored, flushed = rows.T
            title = f"{phase} value: deciding sample pushed to …"
            _histograms(
                pg, layout.addPlot(row=1, col=i, title=title), "ms",
                {
                    "bare consumer": (bare - pushed, _BARE),
                    "scored": (scored - pushed, _OURS),
                    "pixels flushed": (flushed - pushed, _BAR),
                },
            )  # fmt: skip
        text = "<br>".join(map(_line, budgets))
        words = layout.addLabel(text, row=2, col=0, colspan=2, justify="left")
        words.setMaximumHeight(30 + 20 * len(budgets))


def save_scale(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Cost against every axis that was grown."""
    shown = {"processor": "share of a core", "push_p99_ms": "ms", "scored_p99_ms": "ms"}
    with _sheet(path) as (pg, layout):
        for i, axis in enumerate(dict.fromkeys(row["axis"] for row in rows)):
            own = [row for row in rows if row["axis"] == axis]
            x = [row["value"] for row in own]
            for column, (key, unit) in enumerate(shown.items()):
                y = [np.nan if row[key] is None else row[key] for row in own]
                title = f"{key.replace('_', ' ')} against {axis}"
                plot = layout.addPlot(row=i, col=column, title=title)
                plot.setLabel("bottom", axis)
                plot.setLabel("left", unit)
                plot.getAxis("left").enableAutoSIPrefix(False)
                plot.setYRange(0.0, max(1.0 if key == "processor" else 10.0, np.nanmax(y)))
                plot.plot(x, y, pen=pg.mkPen(_OURS, width=2), symbol="o", symbolBrush=_OURS)
                if key == "processor" and len(x) > 1:
                    slope, at = np.polyfit(x, y, 1)
                    plot.plot(x, np.polyval((slope, at), x), pen=pg.mkPen(_BAR, width=1))
                    plot.setTitle(f"{title}: {slope:.2g} a core per unit")


def _line(budget: Budget) -> str:
    verdict = {True: "met", False: "MISSED", None: "not measured"}[budget.met]
    figure = "–" if budget.met is None else f"{budget.figure:.4g}"
    ratio = "" if np.isnan(budget.ratio) else f" &nbsp; ratio {budget.ratio:.3g}"
    colour = {True: _OURS, False: _BAR, None: _BARE}[budget.met]
    bar = f"{budget.direction.replace('<', '&lt;').replace('>', '&gt;')} {budget.bar:.4g} {budget.unit}"
    return f"<span style='color:{colour}'>{verdict}</span> &nbsp; {budget.what}: {figure} ({bar}){ratio}"


def _histograms(
    pg: Any, plot: Any, unit: str, groups: Mapping[str, tuple[np.ndarray, str]]
) -> None:
    plot.addLegend(offset=(-10, 10))
    plot.setLabel("bottom", unit)
    plot.setLabel("left", "samples, log 10")
    known = {name: values[np.isfinite(values)] for name, (values, _) in groups.items()}
    last = max(
        (np.percentile(values, 99.9) for values in known.values() if len(values)), default=1.0
    )
    edges = np.linspace(0.0, max(last, 0.1), 120)
    for name, values in known.items():
        counts, _ = np.histogram(np.clip(values, 0.0, edges[-1]), edges)
        plot.plot(
            edges, np.log10(counts + 1.0), stepMode="center", pen=pg.mkPen(groups[name][1], width=2),
            name=f"{name}: p50 {np.percentile(values, 50):.2f}, p99 {np.percentile(values, 99):.2f}"
            if len(values) else name,
        )  # fmt: skip


@contextmanager
def _sheet(path: Path) -> Iterator[tuple[Any, Any]]:
    """Pyqtgraph and an empty sheet, which is saved at the end; no screen is needed."""
    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg
    from PyQt5.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(["ekam bench"])
    before = {name: pg.getConfigOption(name) for name in _LOOKS}
    pg.setConfigOptions(**_LOOKS)  # they are those of all windows of the process
    try:
        layout = pg.GraphicsLayoutWidget(show=False, size=_SIZE)
        layout.resize(*_SIZE)
        yield pg, layout
        layout.show()
        app.processEvents()
        layout.grab().save(str(path))
        layout.close()
    finally:
        pg.setConfigOptions(**before)
