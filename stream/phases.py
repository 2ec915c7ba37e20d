"""The parts of a session: blocks of its protocol, or baseline and training where there was none."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from compute import Side
from stream.session_folder import SessionFolder, StanceTable

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
    rows : shape (n,), which stances belong to it.
    begin_s, end_s : first heel strike and last toe-off in it, session time.
    """

    name: str
    kind: str
    rows: np.ndarray
    begin_s: float
    end_s: float


def phases(folder: SessionFolder) -> tuple[Phase, ...]:
    """The blocks in ``stances.csv``; where that column is empty, baseline and training of each leg.

    Without a protocol a leg's baseline lasts until the first stance that was held against the band.
    """
    stances = folder.stances
    names = stances.text("block")
    if not any(names):
        return _without_protocol(stances)
    found = []
    at = 0
    for name, group in groupby(names):
        length = len(list(group))
        if name:
            rows = np.zeros(stances.count, dtype=bool)
            rows[at : at + length] = True
            found.append(_phase(name, kind_of(name, folder.kinds), rows, stances))
        at += length
    return tuple(found)


def kind_of(name: str, kinds: dict[str, str] | object = None) -> str:
    """Kind of a block: as the protocol says, or by how its name begins."""
    if isinstance(kinds, dict) and name in kinds:
        return str(kinds[name])
    lower = name.strip().lower()
    return next((kind for start, kind in _BEGINNINGS.items() if lower.startswith(start)), "other")


def pooled(found: Sequence[Phase], kind: str, count: int) -> np.ndarray:
    """Which stances belong to any phase of a kind, shape (count,)."""
    rows = np.zeros(count, dtype=bool)
    for phase in found:
        if phase.kind == kind:
            rows |= phase.rows
    return rows


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
        )
