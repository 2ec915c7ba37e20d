"""A finished session computed again from what it recorded, and compared with what it wrote then."""

import csv
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stream.errors import EkamError
from stream.file_source import FileSource
from stream.lab import read_lab
from stream.readers import read_recording
from stream.session import Session
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import StancesCsv

NOT_REPEATED = ("shown", "latency_ms")
"""Columns that tell of the windows and of the machine, not of the walk."""


@dataclass(frozen=True)
class Verified:
    """What a comparison found.

    Attributes
    ----------
    stances : lines compared.
    difference : the first one, a sentence; empty when every column of every stance is the same.
    notes : about the recording.
    """

    stances: int
    difference: str
    notes: tuple[str, ...] = ()


def verify(folder: Path) -> Verified:
    """Compute a session again from its ``raw.xdf`` and compare with its ``stances.csv``, text by text.

    Raises
    ------
    EkamError : the folder lacks something that this needs.
    """
    for name in ("raw.xdf", "lab.toml", "subject.toml", "stances.csv"):
        if not (folder / name).is_file():
            raise EkamError(
                f"{folder} has no {name}: only the folder of a live session can be verified"
            )
    lab = read_lab(folder / "lab.toml")
    subject = read_subject(folder / "subject.toml")
    recording = read_recording(folder / "raw.xdf", lab.lab)
    if not recording.received:
        raise EkamError(f"{folder / 'raw.xdf'} was not recorded by a session: process it instead")
    view = SessionView()
    view.control.start()
    session = Session(
        FileSource(recording),
        lab.lab,
        subject.subject,
        view,
        target=lab.lab.target(_variable(folder)),
        live=False,
    )
    session.open()
    with tempfile.TemporaryDirectory() as made:
        session.keep([StancesCsv(Path(made), sync=False)])
        session.run()
        again, then = _rows(Path(made) / "stances.csv"), _rows(folder / "stances.csv")
    return Verified(len(then), _first_difference(then, again), recording.notes)


def _variable(folder: Path) -> str:
    """What was fed back: in session.json, unless the session was cut off before it was written."""
    try:
        return str(
            json.loads((folder / "session.json").read_text(encoding="utf-8"))["feedback"][
                "variable"
            ]
        )
    except (OSError, ValueError, KeyError):
        return ""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {key: text for key, text in row.items() if key not in NOT_REPEATED}
            for row in csv.DictReader(file)
        ]


def _first_difference(then: list[dict[str, str]], again: list[dict[str, str]]) -> str:
    for line, (old, new) in enumerate(zip(then, again, strict=False), 1):
        for key, text in old.items():
            if new.get(key) != text:
                return f"stance {line}: {key} was {text or 'empty'} and is now {new.get(key) or 'empty'}"
    if len(then) != len(again):
        return f"there were {len(then)} stances and there are {len(again)} now"
    return ""
