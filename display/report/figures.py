"""Figures of the report as SVG: text stays text, and every difference is told by shape and line as well.

Readable in black and white print: baseline is dashed and hatched, training is a full line; blue and
vermillion of Okabe & Ito stay apart for red-green deficient eyes.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compute.norms import Norm
from compute.serial import Change, SerialMean
from display.report.words import signed

BASELINE = "#333333"
TRAINING = "#0072B2"
ALARM = "#D55E00"
QUIET = "#767676"
BAND = "#DCEBF5"

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "hatch.linewidth": 0.5,
    "hatch.color": "#A0A0A0",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "path.simplify_threshold": 0.5,
}
_SIZE_IN = (4.7, 3.0)
MOST_DOTS = 300
"""A leg with more stances is drawn by the means of groups of them: the page stays small."""


@contextmanager
def _figure(size_in: tuple[float, float] = _SIZE_IN) -> Iterator[tuple[Figure, Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size_in, layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Figure, title: str, description: str) -> str:
    """The figure as an element of a page; `description` is read to those who do not see it."""
    out = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": description}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", text, count=1)
    label = escape(f"{title}. {description}", quote=True)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def steps(
    title: str,
    unit: str,
    minutes: np.ndarray,
    values: np.ndarray,
    rejected_minutes: np.ndarray,
    bands: Sequence[tuple[float, float, float, float]],
    blocks: Sequence[tuple[float, str]],
    baseline: float,
    norm: Norm | None = None,
    y_range: tuple[float, float] | None = None,
    group: int = 1,
) -> str:
    """Every valid step over the session, with its target band.

    Parameters
    ----------
    minutes, values : shape (n,), of the valid stances. rejected_minutes : when stances were rejected.
    bands : begin and end in minutes, low and high in `unit`, where a band was aimed at.
    blocks : begin in minutes and name of each part.
    baseline : its mean; NaN without one.
    y_range : lowest and highest value to show, alike for both legs. group : steps that are drawn as one.
    """
    with _figure() as (figure, axes):
        known = np.isfinite(values)
        minutes, values = minutes[known], values[known]
        for i, (begin, end, low, high) in enumerate(bands):
            axes.fill_between(
                [begin, end], low, high, facecolor=BAND, edgecolor=TRAINING, linewidth=0.6,
                label="target band" if i == 0 else None, zorder=0,
            )  # fmt: skip
        if isfinite(baseline):
            axes.axhline(
                baseline, color=BASELINE, linestyle=(0, (5, 3)), label="own baseline", zorder=1
            )
        said = _dots(axes, minutes, values, group)
        low, high = y_range or range_of([values], bands, baseline, norm)
        margin = 0.08 * (high - low or 1.0)
        axes.set_ylim(low - 2.0 * margin, high + 1.6 * margin)
        if len(rejected_minutes):
            bins = np.unique(np.round(rejected_minutes, 2))
            axes.plot(
                bins, np.full(len(bins), low - 1.3 * margin), "|", color=ALARM, markersize=7,
                label="rejected step",
            )  # fmt: skip
        if norm is not None:
            _norm(axes, norm)
        times = [*minutes, *rejected_minutes, *(begin for begin, _ in blocks)]
        end = max([each for each in times if isfinite(each)], default=1.0) or 1.0
        axes.set_xlim(0.0, 1.03 * end)
        least = 0.09 * end
        ends = [*(begin for begin, _ in blocks[1:]), end]
        for i, ((begin, name), until) in enumerate(zip(blocks, ends, strict=False)):
            if i:
                axes.axvline(begin, color=QUIET, linewidth=0.7)
            if until - begin >= least:
                room = int(14.0 * (until - begin) / least / 2.0)
                axes.annotate(
                    _short(name, room), (begin, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -1),
                    textcoords="offset points", va="top", fontsize=8, color="#444444", in_layout=False,
                )  # fmt: skip
        axes.set_xlabel("minutes")
        axes.set_ylabel(unit)
        axes.set_title(title, pad=8)
        _legend(figure, axes)
        return _svg(figure, title, said)


def range_of(
    values: Sequence[np.ndarray],
    bands: Sequence[tuple[float, float, float, float]],
    baseline: float,
    norm: Norm | None,
) -> tuple[float, float]:
    """Lowest and highest value that a picture of these steps shows; far edges of bands are cut off."""
    known = np.concatenate([each[np.isfinite(each)] for each in values] or [np.empty(0)])
    if not len(known):
        return (0.0, 1.0) if norm is None else (0.0, norm.mean + norm.sd)
    low, high = np.percentile(known, (0.2, 99.8))
    span = high - low or abs(high) or 1.0
    edges = [each for band in bands for each in band[2:] if low - span <= each <= high + span]
    marks = [] if norm is None else [norm.mean - norm.sd, norm.mean + norm.sd]
    shown = [float(low), float(high), *edges, *marks, *([baseline] if isfinite(baseline) else [])]
    return min(shown), max(shown)


def group_for(count: int) -> int:
    """How many steps are drawn as one."""
    return 1 if count <= MOST_DOTS else max(5, int(np.ceil(count / 150)))


def _dots(axes: Axes, minutes: np.ndarray, values: np.ndarray, size: int) -> str:
    n = len(values)
    groups = n // size
    if size == 1 or groups < 2:
        axes.plot(
            minutes, values, "o", color=TRAINING, markersize=2.6, alpha=0.75, markeredgewidth=0,
            label="step",
        )  # fmt: skip
        return f"{n} steps"
    cut = slice(n - groups * size, n)
    grouped = values[cut].reshape(groups, size)
    at, mean = minutes[cut].reshape(groups, size).mean(axis=1), grouped.mean(axis=1)
    sd = grouped.std(axis=1, ddof=1)
    axes.fill_between(
        at, mean - sd, mean + sd, color=TRAINING, alpha=0.22, linewidth=0, label="± SD"
    )
    axes.plot(at, mean, color=TRAINING, linewidth=1.4, label=f"mean of {size} steps")
    return f"{n} steps, drawn as means of {size}"


def _norm(axes: Axes, norm: Norm) -> None:
    axes.errorbar(
        [1.02], [norm.mean], yerr=[norm.sd], transform=axes.get_yaxis_transform(), color=QUIET,
        marker="D", markersize=4, capsize=3, linewidth=1.2, clip_on=False, label="healthy adults ± SD",
    )  # fmt: skip


def curves(
    title: str,
    unit: str,
    baseline: tuple[np.ndarray, np.ndarray, int] | None,
    training: tuple[np.ndarray, np.ndarray, int] | None,
    training_name: str = "training",
    y_range: tuple[float, float] | None = None,
) -> str:
    """Mean curves over the stance, each with its standard deviation between steps: mean, SD, count."""
    with _figure() as (figure, axes):
        pct = np.arange(101)
        axes.axhline(0.0, color=QUIET, linewidth=0.6)
        if baseline is not None:
            mean, sd, n = baseline
            axes.fill_between(
                pct,
                mean - sd,
                mean + sd,
                facecolor="none",
                hatch="////",
                edgecolor="#B0B0B0",
                linewidth=0,
            )
            axes.plot(
                pct,
                mean,
                color=BASELINE,
                linestyle=(0, (5, 2)),
                linewidth=1.6,
                label=f"baseline, {n} steps",
            )
        if training is not None:
            mean, sd, n = training
            axes.fill_between(pct, mean - sd, mean + sd, color=TRAINING, alpha=0.22, linewidth=0)
            axes.plot(pct, mean, color=TRAINING, linewidth=2.0, label=f"{training_name}, {n} steps")
        axes.set_xlim(0, 100)
        if y_range is not None:
            axes.set_ylim(*y_range)
        axes.set_xlabel("% of stance (0 = heel strike, 100 = toe-off)")
        axes.set_ylabel(unit)
        axes.set_title(title, pad=8)
        _legend(figure, axes)
        return _svg(figure, title, "mean curves and standard deviation between steps")


def changes(title: str, rows: Sequence[tuple[str, Change]], limits: Mapping[str, float]) -> str:
    """Changes from baseline with their 95 % confidence intervals; `limits` per row, per cent."""
    with _figure((4.7, 0.9 + 0.52 * len(rows))) as (figure, axes):
        reach = [abs(v) for _, c in rows for v in (c.pct, *c.pct_interval) if isfinite(v)]
        span = min(max([15.0, *reach]) * 1.1, 60.0)
        axes.axvline(0.0, color=BASELINE, linestyle=(0, (5, 3)), linewidth=1.2)
        for i, (name, each) in enumerate(rows):
            y = len(rows) - 1 - i
            low, high = each.pct_interval
            if isfinite(low):
                axes.plot(np.clip([low, high], -span, span), [y, y], color=TRAINING, linewidth=2.2)
                for end in (low, high):
                    axes.plot(
                        np.clip(end, -span, span), y, marker="|" if abs(end) <= span else ">" if end > 0
                        else "<", color=TRAINING, markersize=8,
                    )  # fmt: skip
            if isfinite(each.pct) and abs(each.pct) <= span:
                axes.plot(each.pct, y, "o", color=TRAINING, markersize=6)
            if name in limits:
                axes.plot(
                    [limits[name]] * 2,
                    [y - 0.38, y + 0.38],
                    color=ALARM,
                    linewidth=1.4,
                    linestyle=":",
                )
            axes.text(
                0.0, y + 0.2, f"{name}: {pct_text(each)}", transform=axes.get_yaxis_transform(), va="bottom",
                fontsize=8.5, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )  # fmt: skip
        axes.set_ylim(-0.6, len(rows) - 0.1)
        axes.set_xlim(-span, span)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("% change from own baseline (lower  ←  0  →  higher)")
        axes.set_title(title, pad=8)
        said = "; ".join(f"{name} {pct_text(each)}" for name, each in rows)
        return _svg(figure, title, said)


@dataclass(frozen=True)
class TimeAxis:
    """Where sessions stand beside each other: weeks since the first, or one after the other.

    Attributes
    ----------
    at : place of each, shape (n,). names : of each where they stand one after the other; empty for weeks.
    """

    at: np.ndarray
    label: str
    names: tuple[str, ...] = ()

    def dress(self, axes: Axes) -> None:
        """Set ticks, limits and label."""
        axes.set_xlabel(self.label)
        if self.names:
            step = -(-len(self.names) // 9)  # so that their labels do not touch
            axes.set_xticks(self.at[::step], self.names[::step])
            axes.set_xlim(-0.4, len(self.names) - 0.6)
        else:
            reach = max(float(self.at[-1]), 1.0)
            axes.set_xlim(-0.05 * reach, 1.05 * reach)


def trend(
    title: str,
    unit: str,
    axis: TimeAxis,
    baseline: Sequence[SerialMean],
    detectable: float,
    norm: Norm | None = None,
    y_range: tuple[float, float] | None = None,
) -> str:
    """Walking without feedback in each session; the band is what measurement alone may move between days."""
    with _figure((4.7, 3.0)) as (figure, axes):
        first = next((each.mean for each in baseline if isfinite(each.mean)), float("nan"))
        if isfinite(first) and isfinite(detectable):
            axes.axhspan(
                first - detectable, first + detectable, facecolor="#F2F2F2", edgecolor="#B0B0B0", hatch=
                "////",
                linewidth=0, label="error of measurement", zorder=0,
            )  # fmt: skip
        means = np.array([each.mean for each in baseline])
        half = np.array([each.interval()[1] - each.mean for each in baseline])
        _over_time(axes, axis, means, half, half, ("baseline (95 % CI)", BASELINE, "o", "white"))
        if norm is not None:
            _norm(axes, norm)
        if y_range is not None:
            axes.set_ylim(*y_range)
        axes.set_ylabel(unit)
        axis.dress(axes)
        axes.set_title(title, pad=8)
        _legend(figure, axes)
        return _svg(figure, title, f"{len(baseline)} sessions")


def effects(
    title: str,
    axis: TimeAxis,
    training: Sequence[Change | None],
    recall: Sequence[Change | None],
    y_range: tuple[float, float],
) -> str:
    """Changes against each session's own baseline, %; error between days has no part in them."""
    with _figure((4.7, 3.0)) as (figure, axes):
        axes.axhline(
            0.0, color=BASELINE, linestyle=(0, (5, 3)), linewidth=1.2, label="own baseline"
        )
        for changes_, dress in (
            (training, ("in training (95 % CI)", TRAINING, "s", TRAINING)),
            (recall, ("as practised, no feedback", TRAINING, "D", "white")),
        ):
            pct = np.array([float("nan") if each is None else each.pct for each in changes_])
            bounds = np.array(
                [(np.nan, np.nan) if each is None else each.pct_interval for each in changes_]
            )
            _over_time(axes, axis, pct, pct - bounds[:, 0], bounds[:, 1] - pct, dress)
        axes.set_ylim(*y_range)
        axes.set_ylabel("% of the session's baseline")
        axis.dress(axes)
        axes.set_title(title, pad=8)
        _legend(figure, axes)
        return _svg(figure, title, f"{len(training)} sessions")


def _over_time(
    axes: Axes,
    axis: TimeAxis,
    values: np.ndarray,
    below: np.ndarray,
    above: np.ndarray,
    dress: tuple[str, str, str, str],
) -> None:
    """Draw values and what is uncertain of them; `dress` is label, colour, mark and the mark's face."""
    label, colour, mark, face = dress
    known, line = np.isfinite(values), "-" if face != "white" else (0, (5, 3))
    if known.any():
        axes.errorbar(
            axis.at[known], values[known], yerr=np.vstack([below[known], above[known]]), color=colour,
            marker=mark, linestyle=line, markerfacecolor=face, markersize=6, capsize=3, linewidth=1.5,
            label=label,
        )  # fmt: skip


def outcomes(title: str, axis: TimeAxis, lines: Mapping[str, Sequence[float]]) -> str:
    """What a person said over the sessions, a line each."""
    marks = "osD^vP"
    with _figure((4.7, 2.8)) as (figure, axes):
        for i, (name, values) in enumerate(lines.items()):
            found = np.array(values)
            known = np.isfinite(found)
            axes.plot(
                axis.at[known], found[known], marker=marks[i % len(marks)],
                linestyle=["-", "--", ":", "-."][i % 4], color=(TRAINING, ALARM, BASELINE, QUIET)[i % 4],
                label=name,
            )  # fmt: skip
        axis.dress(axes)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_title(title, pad=8)
        _legend(figure, axes)
        return _svg(figure, title, f"{len(lines)} outcomes over {len(axis.at)} sessions")


def pct_text(each: Change) -> str:
    """A change in per cent with its interval, in one line."""
    if not isfinite(each.pct):
        return "not known"
    low, high = (signed(bound, 1) for bound in each.pct_interval)
    interval = f" ({low} to {high})" if isfinite(each.pct_interval[0]) else " (no interval)"
    return f"{signed(each.pct, 1)} %{interval}"


WIDEST = 40
"""Letters that three labels beside each other may have."""


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        figure.legend(
            handles, labels, loc="outside lower center", handlelength=1.8, columnspacing=1.2,
            ncols=2 if len(labels) == 4 or len("".join(labels)) > WIDEST else 3,
        )  # fmt: skip


def _short(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: max(room - 1, 3)]}…"
