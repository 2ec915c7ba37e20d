"""The parts of a session: blocks of its protocol, or baseline and training where there was none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from compute import Side
from compute.protocol.plan import BaselineRules
from stream.as_said import count_of, table
from stream.protocol_follow import follow
from stream.protocol_run import LOG
from stream.session_folder import SessionFolder
from stream.stance_table import StanceTable

KINDS = ("familiarise", "baseline", "train", "catch", "retention", "rest")
_BEGINNINGS = {
    "famil": "familiarise", "warm": "familiarise", "base": "baseline", "train": "train", "feed": "train",
    "catch": "catch", "reten": "retention", "retain": "retention", "rest": "rest", "pause": "rest",
}  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """One part of a session, in the order of time.

    Attributes
    ----------
    kind : of `KINDS`; ``other`` where a block's name tells none.
    rows : shape (n,), which stances belong to it. counted : those that count for it: the protocol takes none
        that was decided after the block's end.
    begin_s, end_s : first heel strike and last toe-off in it, session time.
    again : the operator had the block begun again, so that this attempt counts for nothing.
    """

    name: str
    kind: str
    rows: np.ndarray
    begin_s: float
    end_s: float
    counted: np.ndarray
    again: bool = False


def phases(folder: SessionFolder) -> tuple[Phase, ...]:
    """The blocks in ``stances.csv``; where that column is empty, baseline and training of each leg.

    Without a protocol a leg's baseline lasts until the first stance that was held against the band.
    """
    stances = folder.stances
    names = stances.text("block")
    if not any(names):
        return _without_protocol(stances)
    attempts, counted, newest = _attempts(folder)
    found = []
    at = 0
    for (name, attempt), group in groupby(zip(names, attempts, strict=True)):
        length = len(list(group))
        if name:
            rows = np.zeros(stances.count, dtype=bool)
            rows[at : at + length] = True
            made = _phase(name, kind_of(name, folder.kinds), rows, stances)
            again = 0 < attempt < newest.get(name, 0)
            found.append(replace(made, counted=rows & counted, again=again))
        at += length
    return tuple(found)


def _attempts(folder: SessionFolder) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Attempt at its block and whether it counts, of every stance, shape (n,); last attempts.

    By the log of the protocol; where that does not tell of a stance, it is of attempt 0 and counts.
    """
    attempts = np.zeros(folder.stances.count, dtype=int)
    counted = np.ones(folder.stances.count, dtype=bool)
    newest: dict[str, int] = {}
    numbers, names = folder.stances.column("stance"), folder.stances.text("block")
    for part in folder.recordings:
        followed = follow(part.path) if (part.path / LOG).is_file() else None
        if followed is None:
            continue
        for row in range(part.first, part.first + part.count):
            located = followed.stances.get(count_of(numbers[row]))
            if located is not None and located.block is not None and located.label == names[row]:
                attempts[row], counted[row] = located.attempt, located.counted
        begun = followed.begun  # with those of the parts before
        newest = {b.name: begun.get(i, 0) for i, b in enumerate(followed.plan.blocks, 1)}
    return attempts, counted, newest


def kind_of(name: str, kinds: dict[str, str] | object = None) -> str:
    """Kind of a block: as the protocol says, or by how its name begins."""
    if isinstance(kinds, dict) and name in kinds:
        return str(kinds[name])
    lower = name.strip().lower()
    return next((kind for start, kind in _BEGINNINGS.items() if lower.startswith(start)), "other")


def pooled(found: Sequence[Phase], kinds: Sequence[str], count: int) -> np.ndarray:
    """Which stances count for any phase of these kinds, shape (count,)."""
    rows = np.zeros(count, dtype=bool)
    for phase in found:
        if phase.kind in kinds and not phase.again:
            rows |= phase.counted
    return rows


def later_kinds(found: Sequence[Phase]) -> tuple[str, ...]:
    """What is held against the baseline: the training; in a session without one, walking as practised."""
    if any(phase.kind == "train" and not phase.again for phase in found):
        return ("train",)
    return ("retention", "catch")


def baseline_rows(folder: SessionFolder, found: Sequence[Phase]) -> np.ndarray:
    """Which stances are the baseline, shape (n,): without a protocol all of them, with one those it took.

    It takes the newest usable ones of the block, as many as ``protocol.toml`` says. Of several such blocks it
    is the one that what came later was held against.
    """
    stances = folder.stances
    rows = pooled(found, ["baseline"], stances.count)
    own = [(i, each) for i, each in enumerate(found) if each.kind == "baseline" and not each.again]
    if not folder.protocol or not own:
        return rows
    kinds = later_kinds(found)
    later = next((i for i, each in enumerate(found) if each.kind in kinds and not each.again), None)
    before = [each for i, each in own if later is None or i < later] or [each for _, each in own]
    blocks = [each for each in before if each.name == before[-1].name]
    rows = pooled(blocks, ["baseline"], stances.count)
    usable = rows & stances.valid
    if folder.target is not None:
        usable &= np.isfinite(stances.column(folder.target.spec.column))
    most = count_of(table(folder.protocol, "baseline").get("stances")) or BaselineRules().stances
    for side in Side:
        usable[np.flatnonzero(usable & stances.of(side))[:-most]] = False
    # the rejected ones among them are told, too
    first = np.flatnonzero(usable)
    return usable | (
        rows & ~stances.valid & (np.arange(stances.count) >= (first[0] if len(first) else 0))
    )


def _without_protocol(stances: StanceTable) -> tuple[Phase, ...]:
    judged = np.isfinite(stances.column("feedback_value"))
    training = np.zeros(stances.count, dtype=bool)
    for side in Side:
        own = stances.of(side)
        first = np.flatnonzero(own & judged)
        if len(first):
            training |= own & (np.arange(stances.count) >= first[0])
    made = (("baseline", "baseline", ~training), ("with feedback", "train", training))
    return tuple(_phase(name, kind, rows, stances) for name, kind, rows in made if rows.any())


def _phase(name: str, kind: str, rows: np.ndarray, stances: StanceTable) -> Phase:
    begin_s, end_s = stances.column("t_on_s")[rows], stances.column("t_off_s")[rows]
    with np.errstate(invalid="ignore"):
        return Phase(
            name,
            kind,
            rows,
            float(np.fmin.reduce(begin_s, initial=np.inf)),
            float(np.fmax.reduce(end_s, initial=-np.inf)),
            rows,
        )
