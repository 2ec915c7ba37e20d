"""Tidy tables over sessions and participants: one row a stance, or a point of a curve, every row by
itself.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from stream.codebook import KEY_COLUMNS
from stream.session_folder import SessionFolder, has_curves, whole_rows
from stream.tables import CURVE_COLUMNS, MORE_COLUMNS, STANCE_COLUMNS

TELLING = ("block", "target_low", "target_high", "feedback_value", "shown")
"""Columns that tell the arm of a blinded session."""


def write_stances(sessions: Sequence[SessionFolder], path: Path, *, unblind: bool = False) -> int:
    """One row a stance, as it stands in its session's ``stances.csv``, text by text; returns how many.

    A column that a session of an older version lacks is empty in its rows. What tells the arm of a
    blinded session is left empty unless `unblind`.
    """
    columns = (*STANCE_COLUMNS, *MORE_COLUMNS)
    count = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*KEY_COLUMNS, *columns))
        for session in sessions:
            hidden = TELLING if session.concealed and not unblind else ()
            keys = _keys(session)
            for row in _rows(session.path / "stances.csv"):
                writer.writerow((*keys, *("" if c in hidden else row.get(c, "") for c in columns)))
                count += 1
    return count


def write_curves(sessions: Sequence[SessionFolder], path: Path) -> int:
    """One row a point of a curve; returns how many. Sessions without ``curves.csv`` have none."""
    count = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*KEY_COLUMNS, *CURVE_COLUMNS))
        for session in sessions:
            source = session.path / "curves.csv"
            keys = _keys(session)
            for row in _rows(source) if has_curves(session.path) else ():
                writer.writerow((*keys, *(row.get(c, "") for c in CURVE_COLUMNS)))
                count += 1
    return count


def _keys(session: SessionFolder) -> tuple[str, str, str]:
    """Values of `KEY_COLUMNS`."""
    begun = session.begun_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    return session.subject_id, session.name, begun


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Whole lines of a table; torn and damaged ones are left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        rows = whole_rows(file)
        header = next(rows)
        for row in rows:
            if row:
                yield dict(zip(header, row, strict=True))
