"""How far the data of a session can be trusted, point by point, each with what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

import numpy as np

from compute import Side
from compute.serial import change, serial_mean
from compute.success import BASELINE_LEAST, BASELINE_WANTED
from stream.as_said import count_of, number, table
from stream.latency import BUDGETS_MS
from stream.phases import Phase, baseline_rows, later_kinds, pooled
from stream.session_folder import SessionFolder

VALID_WANTED_PCT = 85.0
VALID_LEAST_PCT = 50.0
MOST_SPEED_CHANGE_PCT = 2.0
MOST_MISSING_PCT = 1.0

State = Literal["good", "care", "bad", "unknown"]
Level = Literal["good", "care", "bad"]


@dataclass(frozen=True)
class Point:
    """One thing that was looked at."""

    name: str
    state: State
    sentence: str


@dataclass(frozen=True)
class Quality:
    """All points, and what they come to: the worst of them, where what is not known counts as nothing."""

    level: Level
    points: tuple[Point, ...]


def quality(folder: SessionFolder, found: Sequence[Phase]) -> Quality:
    """Judge the data of a session."""
    facts = folder.facts
    points = [
        *_replay(folder),
        _stances(folder),
        *(_baseline(folder, found, side) for side in Side),
        _speed(folder, found),
        _sync(table(facts, "sync")),
        _plates(folder, facts.get("plate_check")),
        *_streams(table(facts, "streams")),
        *_latency(facts),
        *_whole(folder),
    ]
    states = {point.state for point in points}
    level: Level = "bad" if "bad" in states else "care" if "care" in states else "good"
    return Quality(level, tuple(points))


def _replay(folder: SessionFolder) -> list[Point]:
    if not folder.replayed:
        return []
    said = f"this session is a REPLAY of {folder.replayed}: nobody walked while it ran"
    return [Point("source", "care", said)]


def _stances(folder: SessionFolder) -> Point:
    total, valid = folder.stances.count, int(folder.stances.valid.sum())
    if not total:
        return Point("steps", "bad", "no step was scored: nothing can be said of the walking")
    pct = 100.0 * valid / total
    said = f"{valid} of {total} steps ({pct:.0f} %) were measured without a fault"
    if valid == 0:
        return Point("steps", "bad", f"{said}: nothing can be said of the walking")
    if pct < VALID_LEAST_PCT:
        return Point("steps", "bad", f"{said}: fewer than half, so they may not stand for the rest")
    if pct < VALID_WANTED_PCT:
        return Point("steps", "care", f"{said}; at least {VALID_WANTED_PCT:.0f} % are wanted")
    return Point("steps", "good", said)


def _baseline(folder: SessionFolder, found: Sequence[Phase], side: Side) -> Point:
    stances = folder.stances
    name = f"baseline, {side.word}"
    own = stances.of(side)
    if not own.any():
        return Point(name, "unknown", f"no step of the {side.word} leg was scored")
    rows = baseline_rows(folder, found) & own & stances.valid
    count = int(rows.sum())
    if not count:
        return Point(name, "care", f"the {side.word} leg has no baseline: no change can be told")
    if count < BASELINE_LEAST:
        return Point(
            name,
            "care",
            f"the {side.word} leg's baseline holds {count} valid steps; at least {BASELINE_LEAST} are "
            f"needed before "
            "a change is judged",
        )
    if count < BASELINE_WANTED:
        return Point(
            name,
            "good",
            f"the {side.word} leg's baseline holds {count} valid steps ({BASELINE_WANTED} are better)",
        )
    return Point(name, "good", f"the {side.word} leg's baseline holds {count} valid steps")


def _speed(folder: SessionFolder, found: Sequence[Phase]) -> Point:
    stances = folder.stances
    speed = stances.column("belt_speed_m_per_s")
    baseline, training = (
        serial_mean(speed[rows & stances.valid])
        for rows in (baseline_rows(folder, found), pooled(found, later_kinds(found), stances.count))
    )
    moved = change(baseline, training).pct if baseline.count and training.count else nan
    if not np.isfinite(moved):
        return Point("speed", "unknown", "whether the belts kept their speed cannot be told")
    said = (
        f"belt speed {baseline.mean:.2f} m/s in the baseline, {training.mean:.2f} m/s in training"
    )
    if abs(moved) > MOST_SPEED_CHANGE_PCT:
        return Point(
            "speed", "care", f"{said}: a part of every change comes from that ({moved:+.1f} %)"
        )
    return Point("speed", "good", said)


def _sync(sync: Mapping[str, Any]) -> Point:
    name = "markers and forces in step"
    sentence = str(sync.get("sentence") or "")
    state: State = {"ok": "good", "warn": "care", "refuse": "bad"}.get(
        str(sync.get("verdict")), "unknown"
    )  # type: ignore[assignment]
    return Point(name, state, sentence or "not known")


def _plates(folder: SessionFolder, check: Any) -> Point:
    name = "daily plate check"
    if not isinstance(check, Mapping):
        if folder.facts.get("mode") == "live":
            return Point(name, "care", "how the plates' daily check ended was not recorded")
        return Point(
            name, "unknown", "not part of this session, whose data are not from live plates"
        )
    sentence = str(check.get("sentence") or "").rstrip(".")
    return Point(name, "good" if check.get("good") else "care", sentence)


def _streams(streams: Mapping[str, Any]) -> list[Point]:
    points = []
    for role in streams:
        health = table(table(streams, role), "health")
        if not health:
            continue
        samples, missing, bound = (
            count_of(health.get(name)) for name in ("samples", "missing", "publishers_bound")
        )
        pct = 100.0 * missing / max(samples + missing, 1)
        said = f"{samples} samples received, {missing} missing"
        if bound > 1:
            said += f"; the publisher was bound {bound} times"
        state: State = "care" if pct > MOST_MISSING_PCT or bound > 1 else "good"
        points.append(Point(f"{role} stream", state, said))
    return points


def _latency(facts: Mapping[str, Any]) -> list[Point]:
    points = []
    for stage, budget_ms in BUDGETS_MS.items():
        p50 = number(table(table(facts, "latency_stages_ms"), stage).get("p50"))
        if p50 > budget_ms:
            points.append(
                Point(
                    "feedback in time",
                    "care",
                    f"{stage} took {p50:.0f} ms in the median, where {budget_ms:.0f} are "
                    f"allowed: the "
                    "walker saw values late",
                )
            )
    return points


def _whole(folder: SessionFolder) -> list[Point]:
    if not folder.lacking:
        return [Point("folder", "good", "everything that a session writes is there")]
    return [Point("folder", "care", sentence) for sentence in folder.lacking]
