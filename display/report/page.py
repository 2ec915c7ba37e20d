"""The pages: what stands in which place. Markup is in ``layout.html``, ``session.html``, ``course.html``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from compute import Side
from compute.norms import HEALTHY_PEAK1, MDC95_SOURCE, MDC_SHARES
from compute.serial import LEAST_EFFECTIVE, Change, SerialMean
from display.report import figures, words
from stream.as_said import count_of, table
from stream.course import Course, baseline_of
from stream.curve_means import CURVES as MEAN_CURVES
from stream.curve_means import CurveMean, curve_means
from stream.latency import BUDGETS_MS
from stream.phases import baseline_rows, later_kinds, phases, pooled
from stream.results import METHOD
from stream.session_folder import SessionFolder
from stream.summary import Leg, LegPart, Summary
from stream.watched import KFM, PEAK1, PEAK2, WATCHED, watched

_IN_CHANGES = (PEAK1, PEAK2, "ekam_impulse_nms_per_kg", KFM)
_GOAL_P95_MS = 50.0
_GOAL_P99_MS = 75.0
_MINUS = "\N{MINUS SIGN}"


def session_page(folder: SessionFolder, summary: Summary) -> str:
    """The report of one session, a whole HTML document."""
    return _render("session.html", summary=summary, **_context(folder, summary))


def course_page(found: Course) -> str:
    """The report of a person's sessions, a whole HTML document."""
    axis, pictures = _axis(found.sessions), []
    baselines = {side: [baseline_of(each, side) for each in found.sessions] for side in Side}
    training, recall = (
        {side: [_moved(each, of(each.leg(side))) for each in found.sessions] for side in Side}
        for of in (_trained_part, _recall_part)
    )
    means = [each.mean for side in Side for each in baselines[side] if each.count]
    reach = found.detectable_nm_per_kg if isfinite(found.detectable_nm_per_kg) else 0.1
    pct = [
        bound
        for part in (training, recall)
        for changes in part.values()
        for each in changes
        if each is not None
        for bound in (each.pct, *each.pct_interval)
        if isfinite(bound)
    ]
    for side in Side:
        name = f"{side.word.capitalize()} knee"
        if any(each.count for each in baselines[side]):
            y_range = (min(means) - 1.2 * reach, max(means) + 1.2 * reach)
            pictures.append(
                figures.trend(
                    f"{name}: first EKAM peak in the baseline", "N·m/kg", axis, baselines[side],
                    found.detectable_nm_per_kg, HEALTHY_PEAK1, y_range,
                )
            )  # fmt: skip
    for side in Side:
        if any(
            each is not None and isfinite(each.pct) for each in (*training[side], *recall[side])
        ):
            name = f"{side.word.capitalize()} knee"
            pictures.append(
                figures.effects(
                    f"{name}: change within each session", axis, training[side], recall[side],
                    (min(0.0, *pct) - 5.0, max(0.0, *pct) + 5.0),
                )
            )  # fmt: skip
    if found.outcomes:
        pictures.append(figures.outcomes("What the person said", axis, found.outcomes))
    rows = [_course_row(each.session or i, each) for i, each in enumerate(found.sessions, 1)]
    return _render(
        "course.html",
        course=found,
        concealed=any(each.concealed for each in found.sessions),
        said=[*_latest(found.sessions[-1]), *(words.between_days(each) for each in found.legs)],
        pictures=list(map(Markup, pictures)),
        rows=rows,
        starred=_starred(cell["change"] for row in rows for cell in row["cells"]),
        lacking=[
            *(f"Left out: {sentence}." for sentence in found.unread),
            *(f"{sentence[0].upper()}{sentence[1:]}." for sentence in found.apart),
            *(
                sentence if len(each.folders) > 1 else f"{each.name}: {sentence}"  # by its part
                for each in found.sessions
                for sentence in each.lacking
            ),
        ],
        no_interval=words.NO_INTERVAL,
        mdc_source=MDC95_SOURCE,
        mdc_shares=MDC_SHARES,
        healthy=HEALTHY_PEAK1,
    )


def _render(template: str, **context: Any) -> str:
    environment = Environment(
        loader=PackageLoader("display.report", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, signed=words.signed, interval=_interval)
    return environment.get_template(template).render(words=words, **context)


def _number(value: float, digits: int = 0) -> str:
    return (
        f"{round(value, digits) + 0.0:.{digits}f}".replace("-", _MINUS) if isfinite(value) else "–"
    )


def _interval(bounds: tuple[float, float], digits: int = 0) -> str:
    """An interval in brackets; a star where there is none."""
    if not all(map(isfinite, bounds)):
        return " *"
    low, high = (words.signed(each, digits) for each in bounds)
    return f" ({low} to {high})"


# --- one session ----------------------------------------------------------------------------------------


def _starred(changes: Iterable[Change | None]) -> bool:
    """Whether any of these is printed without an interval, `_interval`."""
    return any(each is not None and not isfinite(each.pct_interval[0]) for each in changes)


def _context(folder: SessionFolder, summary: Summary) -> dict[str, Any]:
    quantities, blocks = _quantities(folder, summary), _blocks(summary)
    return {
        "headline": words.headline(summary),
        "halted": words.halted(summary),
        "legs": [(leg, words.leg_sentences(leg, summary)) for leg in summary.legs],
        "not_said": words.cannot_be_said(summary),
        "doubts": [p for p in summary.quality.points if p.state in ("care", "bad")],
        "changes": list(map(Markup, _change_figures(summary))),
        "steps": list(map(Markup, _step_figures(folder, summary))),
        "curves": list(map(Markup, _curve_figures(folder, summary))),
        "quantities": quantities,
        "blocks": blocks,
        "starred": _starred(
            [
                *(row["moved"] for row in quantities),
                *(part.changes.get(PEAK1) for _, _, part in blocks if part.kind != "baseline"),
            ]
        ),
        "judged": any(leg.verdicts for leg in summary.legs),
        "reasons": _reasons(summary),
        "latency": _latency(summary.latency_ms),
        "budgets": BUDGETS_MS,
        "no_interval": words.NO_INTERVAL,
        "least_effective": LEAST_EFFECTIVE,
        "goals": (_GOAL_P95_MS, _GOAL_P99_MS),
        "healthy": HEALTHY_PEAK1,
        "rise_limits": [
            f"{name} {summary.demands.limit_pct(column):g} %"
            for column, name in words.PRICES.items()
        ],
        "method": {**METHOD, **table(folder.facts, "method")},
        "filter_hz": table(folder.facts, "filter").get("scored_hz", ""),
        "laboratory": table(folder.facts, "lab").get("name", ""),
        "machine": "; ".join(
            str(folder.facts[key]) for key in ("python", "platform") if folder.facts.get(key)
        ),
        "mdc_source": MDC95_SOURCE,
    }


def _change_figures(summary: Summary) -> list[str]:
    labels = {each.column: each.label for each in (summary.main, *WATCHED)}
    limits = {labels[column]: summary.demands.limit_pct(column) for column in words.PRICES}
    made = []
    for leg in summary.legs:
        rows = [
            (labels[column], leg.training.changes[column])
            for column in dict.fromkeys((summary.main.column, *_IN_CHANGES))
            if column in leg.training.changes and isfinite(leg.training.changes[column].pct)
        ]
        if rows:
            title = f"{leg.side.word.capitalize()} leg: change {words.period(leg)}"
            made.append(figures.changes(title, rows, limits))
    return made


def _step_figures(folder: SessionFolder, summary: Summary) -> list[str]:
    stances = folder.stances
    if not stances.count or summary.concealed:
        return []
    target = folder.target
    columns = [PEAK1]
    if target is not None and target.spec.column != PEAK1:
        columns.insert(0, target.spec.column)
    about = {each.column: each for each in watched(folder, target)}
    minutes = stances.column("t_on_s") / 60.0
    parts = phases(folder)
    legs = [leg for leg in summary.legs if stances.of(leg.side).any()]
    made = []
    for column in columns:
        aimed = target is not None and column == target.spec.column
        norm = HEALTHY_PEAK1 if column == PEAK1 else None
        values = {
            leg.side: stances.column(column)[stances.of(leg.side) & stances.valid] for leg in legs
        }
        bands = {leg.side: _bands(folder, leg) if aimed else [] for leg in legs}
        baselines = {leg.side: leg.baseline.means.get(column, SerialMean()).mean for leg in legs}
        ranges = [
            figures.range_of([values[leg.side]], bands[leg.side], baselines[leg.side], norm)
            for leg in legs
        ]
        for leg in legs:
            own = stances.of(leg.side)
            made.append(
                figures.steps(
                    f"{leg.side.word.capitalize()} leg: {about[column].label}, step by step",
                    about[column].unit,
                    minutes[own & stances.valid],
                    values[leg.side],
                    minutes[own & ~stances.valid],
                    bands[leg.side],
                    [(p.begin_s / 60.0, q.name) for p, q in zip(parts, leg.parts, strict=True)],
                    baselines[leg.side],
                    norm,
                    (min(low for low, _ in ranges), max(high for _, high in ranges)),
                    figures.group_for(max(map(len, values.values()))),
                )
            )
    return made


def _bands(folder: SessionFolder, leg: Leg) -> list[tuple[float, float, float, float]]:
    """Begin and end in minutes, low and high in the column's unit, of every part with a target."""
    target = folder.target
    if target is None:
        return []
    baseline = leg.baseline.means.get(target.spec.column, SerialMean()).mean
    told = table(table(folder.facts, "feedback"), "baseline")
    if isinstance(told.get(leg.side.word), int | float):
        baseline = told[leg.side.word] / target.spec.shown_per_unit
    found = []
    for phase, part in zip(phases(folder), leg.parts, strict=True):
        low, high = part.target_low, part.target_high
        if not (part.judged and isfinite(low) and isfinite(high)):
            continue
        edges = {
            "relative": (low / 100.0 * baseline, high / 100.0 * baseline),
            "difference": tuple(
                baseline + each / target.spec.shown_per_unit for each in (low, high)
            ),
            "absolute": tuple(each / target.spec.shown_per_unit for each in (low, high)),
        }[target.mode]
        found.append((phase.begin_s / 60.0, phase.end_s / 60.0, float(edges[0]), float(edges[1])))
    return [each for each in found if all(map(isfinite, each))]


def _curve_figures(folder: SessionFolder, summary: Summary) -> list[str]:
    if summary.concealed:
        return []
    stances, parts = folder.stances, phases(folder)
    groups = [""] * stances.count
    for kind, rows in (
        ("baseline", baseline_rows(folder, parts)),
        ("train", pooled(parts, later_kinds(parts), stances.count)),
    ):
        for i in np.flatnonzero(rows & stances.valid):
            groups[i] = f"{stances.text('side')[i]} {kind}"
    found: dict[str, CurveMean] = {}
    for part in folder.recordings:
        numbers = stances.column("stance")
        group_of = {
            count_of(numbers[i]): groups[i]
            for i in range(part.first, part.first + part.count)
            if groups[i]
        }
        curve_means(part.path / "curves.csv", group_of, found)
    made = []
    for curve, name in (
        ("ekam_nm_per_kg", "knee adduction moment"),
        ("kfm_nm_per_kg", "knee flexion moment"),
    ):
        column = MEAN_CURVES.index(curve)
        y_range = _curve_range(found.values(), column)
        for leg in summary.legs:
            before, after = (
                _curve(found.get(f"{leg.side.word} {kind}"), column)
                for kind in ("baseline", "train")
            )
            if before is not None or after is not None:
                title = f"{leg.side.word.capitalize()} leg: {name} within a step"
                made.append(
                    figures.curves(title, "N·m/kg", before, after, words.period(leg), y_range)
                )
    return made


def _curve_range(found: Iterable[CurveMean], column: int) -> tuple[float, float] | None:
    """The same for both legs, so that they can be compared."""
    edges = [
        each.mean[:, column] + sign * np.nan_to_num(each.sd[:, column])
        for each in found
        for sign in (-1.0, 1.0)
    ]
    if not edges:
        return None
    low, high = min(0.0, *(e.min() for e in edges)), max(0.0, *(e.max() for e in edges))
    margin = 0.06 * (high - low or 1.0)
    return float(low - margin), float(high + margin)


def _curve(found: CurveMean | None, column: int) -> tuple[np.ndarray, np.ndarray, int] | None:
    if found is None:
        return None
    return found.mean[:, column], found.sd[:, column], found.count


def _quantities(folder: SessionFolder, summary: Summary) -> list[dict[str, Any]]:
    """A row per quantity and leg that was measured."""
    target = None if summary.concealed else folder.target
    rows = []
    for each in watched(folder, target):
        for leg in summary.legs:
            before = leg.baseline.means.get(each.column, SerialMean())
            after = leg.training.means.get(each.column, SerialMean())
            if not (before.count or after.count):
                continue
            moved = leg.training.changes.get(each.column)
            rows.append(
                {
                    "what": each,
                    "side": leg.side.word,
                    "before": before,
                    "after": after,
                    "moved": moved,
                }
            )
    return rows


def _blocks(summary: Summary) -> list[tuple[str, Leg, LegPart]]:
    """Every part of the session with each leg, where there is more to it than baseline and training."""
    if all(len(leg.parts) < 3 for leg in summary.legs):
        return []
    count = len(summary.legs[0].parts)
    return [
        (leg.parts[i].name, leg, leg.parts[i])
        for i in range(count)
        for leg in summary.legs
        if leg.parts[i].valid or leg.parts[i].rejected
    ]


def _reasons(summary: Summary) -> list[tuple[str, Sequence[int]]]:
    names = dict.fromkeys(reason for leg in summary.legs for reason in leg.reasons)
    rows = [
        (words.REASONS.get(name, name), [leg.reasons.get(name, 0) for leg in summary.legs])
        for name in names
    ]
    return sorted(rows, key=lambda row: -sum(row[1]))


def _latency(table: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    rows = []
    for name, points in table.items():
        budget = BUDGETS_MS.get(name)  # type: ignore[call-overload]
        rows.append(
            {
                "name": name,
                "points": points,
                "budget": f"median {budget:.0f} ms"
                if budget
                else f"p95 {_GOAL_P95_MS:.0f} ms, p99 {_GOAL_P99_MS:.0f} ms",
                "kept": points["p50"] <= budget
                if budget
                else points["p95"] <= _GOAL_P95_MS and points["p99"] <= _GOAL_P99_MS,
            }
        )
    return rows


# --- several sessions -----------------------------------------------------------------------------------


def _latest(summary: Summary) -> list[str]:
    said = [
        words.latest(summary, leg, _recall_part(leg) or _trained_part(leg)) for leg in summary.legs
    ]
    return [sentence for sentence in said if sentence]


def _axis(sessions: Sequence[Summary]) -> figures.TimeAxis:
    begun = [datetime.fromisoformat(each.begun_utc) for each in sessions]
    weeks = np.array([(each - begun[0]).total_seconds() / (7.0 * 86400.0) for each in begun])
    if len(weeks) > 1 and np.diff(weeks).min() > 0.0 and weeks[-1] > 0.5:
        return figures.TimeAxis(weeks, f"weeks since {begun[0]:%Y-%m-%d}")
    names = [f"{each.session or i}\n{each.begun_utc[5:10]}" for i, each in enumerate(sessions, 1)]
    return figures.TimeAxis(
        np.arange(len(names), dtype=float), f"session and its date in {begun[0]:%Y}", tuple(names)
    )


def _trained_part(leg: Leg) -> LegPart | None:
    return leg.training if leg.training.kind == "train" else None


def _recall_part(leg: Leg) -> LegPart | None:
    """What was left without feedback at the end: the last block of that kind that holds a valid step."""
    parts = [part for part in leg.parts if part.kind == "retention" and part.valid]
    return parts[-1] if parts else None


def _moved(summary: Summary, part: LegPart | None) -> Change | None:
    return None if part is None else part.changes.get(summary.main.column)


def _course_row(number: int, summary: Summary) -> dict[str, Any]:
    return {
        "number": number,
        "summary": summary,
        "cells": [
            {
                "side": leg.side.word,
                "baseline": leg.baseline.means.get(PEAK1, SerialMean()),
                "change": _moved(summary, _trained_part(leg)),
                "recall": _moved(summary, _recall_part(leg)),
                "goal": words.goal(leg, summary),
                "kfm": leg.training.changes.get(KFM),
                "judged": leg.training.judged,
                "in_band_pct": leg.training.in_band_pct,
                "valid": leg.valid,
                "rejected": leg.rejected,
            }
            for leg in summary.legs
        ],
    }
