"""Tidy tables over sessions and participants: one row a stance, or a point of a curve, every row by
itself.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

from compute import Side
from compute.variables import find
from stream.as_said import number, table
from stream.codebook import KEY_COLUMNS, stance_columns
from stream.phases import kind_of, phases
from stream.protocol_file import SPOKEN_FOR
from stream.protocol_follow import Followed, Located, follow
from stream.session_folder import SessionFolder, has_curves
from stream.stance_table import whole_rows
from stream.tables import CURVE_COLUMNS, MORE_COLUMNS, STANCE_COLUMNS

TELLING = ("target_low", "target_high", "feedback_value", "in_band")
"""Columns of a stance that tell the arm of a blinded session. Block, kind, and whether the walker was told
are the same in every arm, and what was measured is measured."""

OF_OWN = (*STANCE_COLUMNS, *MORE_COLUMNS)


class Study:
    """Sessions that are exported together, and what the logs of their protocols say.

    Parameters
    ----------
    unblind : also tell what a blinded session hides.
    """

    def __init__(self, sessions: Sequence[SessionFolder], *, unblind: bool = False) -> None:
        self.sessions, self.unblind = tuple(sessions), unblind
        self._followed = {
            each.path: follow(each.path) if each.place.protocol or each.protocol else None
            for each in self.sessions
        }
        self._next = {
            (each.subject_id, each.path.resolve().parent, each.place.continues): each
            for each in self.sessions
            if each.place.continues
        }

    def followed(self, session: SessionFolder) -> Followed | None:
        """What its log says; None where it has none that can be followed."""
        return self._followed[session.path]

    def hides(self, session: SessionFolder) -> bool:
        """Whether what tells the arm of a session is left empty."""
        return session.concealed and not self.unblind

    def continued(self, session: SessionFolder) -> SessionFolder | None:
        """The next part of a session that was interrupted, where it is exported, too."""
        found = self._next.get((session.subject_id, session.path.resolve().parent, session.name))
        return None if found is session else found

    def begun(self, session: SessionFolder) -> Mapping[int, int]:
        """Number of a block -> attempts at it, those in further parts of the session included."""
        found: Mapping[int, int] = {}
        part: SessionFolder | None = session
        for _ in self.sessions:
            if part is None:
                break
            log = self.followed(part)
            found = found if log is None else log.begun
            part = self.continued(part)
        return found

    def unfollowed(self) -> tuple[SessionFolder, ...]:
        """Sessions of a protocol whose log is missing or cannot be followed."""
        return tuple(
            each
            for each in self.sessions
            if self.followed(each) is None and (each.protocol or table(each.facts, "protocol"))
        )


def write_stances(sessions: Sequence[SessionFolder], path: Path, *, unblind: bool = False) -> int:
    """`study_stances` of these sessions."""
    return study_stances(Study(sessions, unblind=unblind), path)


def study_stances(study: Study, path: Path) -> int:
    """One row a stance; returns how many.

    It is as in its session's ``stances.csv``, text by text, between its keys and what its protocol says.
    A column that a session of an older version lacks is empty in its rows. What tells the arm of a
    blinded session is left empty.
    """
    columns = stance_columns(unblind=study.unblind)
    return write_rows(
        path, columns, (row for session in study.sessions for row in _stances(study, session))
    )


def write_curves(sessions: Sequence[SessionFolder], path: Path) -> int:
    """One row a point of a curve; returns how many. Sessions without ``curves.csv`` have none."""
    found = (
        row | keys
        for session in sessions
        if has_curves(session.path)
        for keys in [key_cells(session)]
        for row in _rows(session.path / "curves.csv")
    )
    return write_rows(path, (*KEY_COLUMNS, *CURVE_COLUMNS), found)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """A new table of these columns; returns its rows. What a row lacks is empty."""
    count = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in columns])
            count += 1
    return count


def key_cells(session: SessionFolder) -> dict[str, Any]:
    """What names a recording."""
    place = session.place
    said = table(session.facts, "protocol").get("session")
    known = place.session > 0
    return {
        "participant": session.subject_id,
        "session": place.session if known else said,
        "part": place.part if known or not (said or session.protocol) else None,
        "recording": session.name,
        "session_begun_utc": session.begun_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def recording_cells(study: Study, session: SessionFolder) -> dict[str, Any]:
    """Keys of a recording, and what a model needs of it as a whole."""
    place, facts = session.place, table(session.facts, "protocol")
    legs = trained_legs(study, session)
    return {
        **key_cells(session),
        "superseded": place.superseded,
        "rehearsal": place.rehearsal,
        "replay": session.replayed,
        "protocol": place.protocol or facts.get("name") or session.protocol.get("name"),
        "protocol_sha256": place.sha256 or facts.get("sha256"),
        "legs_trained": ";".join(legs),
        "body_mass_kg": session.body_mass_kg,
        "height_m": session.height_m,
        "arm": place.arm,
        "sham": session.sham,
    }


def trained_legs(study: Study, session: SessionFolder) -> tuple[str, ...]:
    """Words of the legs that were trained: both without a protocol; none where it is not known."""
    log = study.followed(session)
    if log is not None:
        return tuple(side.word for side in Side if side in log.plan.legs)
    said = table(session.facts, "protocol").get("legs")
    if isinstance(said, list):
        return tuple(side.word for side in Side if side.word in said)
    return () if session.protocol else tuple(side.word for side in Side)


def terms(session: SessionFolder, log: Followed | None) -> dict[str, Any]:
    """Variable and terms of the target."""
    target = log.terms if log is not None else session.target
    if target is None:
        return {}
    return {
        "target_variable": target.variable,
        "target_mode": target.mode,
        "target_unit": target.unit,
        "variable_unit": find(target.variable).unit,
    }


def _stances(study: Study, session: SessionFolder) -> Iterator[dict[str, Any]]:
    log, legs = study.followed(session), trained_legs(study, session)
    whole = {**recording_cells(study, session), **terms(session, log)}
    hidden = TELLING if study.hides(session) else ()
    begun = study.begun(session)
    without = _Without(session, hides=study.hides(session))
    for own in _rows(session.path / "stances.csv"):
        located = None if log is None else log.stances.get(_whole(own.get("stance")))
        if located is not None and located.label == own.get("block"):
            more = _of_log(located, begun, log)
        else:
            more = without.cells(own)
        row = {**own, **whole, **more}
        row["leg_trained"] = own.get("side") in legs if legs else None
        yield {name: value for name, value in row.items() if name not in hidden}


def _of_log(located: Located, begun: Mapping[int, int], log: Followed | None) -> dict[str, Any]:
    """What the log says of a stance."""
    block = located.block
    banded = isfinite(located.low) and isfinite(located.judged)
    cells: dict[str, Any] = {
        "counted": located.counted,
        "told": located.told,
        "baseline": located.baseline,
        "judged_value": located.judged,
        "in_band": located.low <= located.judged <= located.high if banded else None,
    }
    if block is not None:
        cells |= {
            "block_kind": block.kind,
            "block_number": located.number,
            "attempt": located.attempt,
            "attempt_discarded": located.attempt < begun.get(located.number, 0),
            "mean_of": block.mean_of,
            "judged_mean_of": None if log is None else log.plan.mean_of,
        }
    return cells


class _Without:
    """What is known of the stances of a session without a log: by its own tables."""

    def __init__(self, session: SessionFolder, *, hides: bool) -> None:
        protocol = table(session.facts, "protocol")
        self._kinds = dict(session.kinds) or dict(table(protocol, "kinds"))
        self._of_protocol = bool(session.protocol or protocol or session.place.protocol)
        stances = session.stances
        self._phases: dict[int, str] = {}
        if not any(stances.text("block")) and not self._of_protocol:
            numbers = stances.column("stance")
            self._phases = {
                _whole(each): phase.kind
                for phase in phases(session)
                for each in numbers[phase.rows]
            }
        feedback = table(session.facts, "feedback")
        self._baselines = table(feedback, "baseline")
        self._low, self._high = number(feedback.get("low")), number(feedback.get("high"))
        self._hidden = hides

    def cells(self, own: Mapping[str, str]) -> dict[str, Any]:
        """Of one row of ``stances.csv``."""
        name = own.get("block", "")
        cells: dict[str, Any] = {"told": True if own.get("feedback_value") else None}
        if name and name not in SPOKEN_FOR:
            cells["block_kind"] = kind_of(name, self._kinds)
        if self._of_protocol or name:
            return cells
        value = nan if self._hidden else number(own.get("feedback_value"))
        banded = isfinite(value) and isfinite(self._low)
        return cells | {
            "block_kind": self._phases.get(_whole(own.get("stance"))),
            "baseline": number(self._baselines.get(own.get("side", ""))),
            "judged_value": value,
            "in_band": self._low <= value <= self._high if banded else None,
        }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Whole lines of a table; torn and damaged ones are left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        rows = whole_rows(file)
        header = next(rows)
        for row in rows:
            if row:
                yield dict(zip(header, row, strict=True))


def _whole(value: Any) -> int:
    found = number(value)
    return int(found) if isfinite(found) else 0


def _cell(value: Any) -> Any:
    """Empty where nothing is known; 1 and 0 for yes and no."""
    if value is None or value != value:
        return ""
    return int(value) if isinstance(value, bool) else value
