"""A finished session computed again from what it recorded, and compared with what it wrote then."""

import csv
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stream.errors import EkamError
from stream.file_source import FileSource
from stream.lab import read_lab
from stream.outlet_layout import EVENTS
from stream.pieces import sane
from stream.protocol_run import LOG, ProtocolRun, before_this_recording, read_setup, script_of
from stream.readers import read_recording
from stream.recording import Recording
from stream.session import Session
from stream.source import Role
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import StancesCsv
from stream.xdf_read import read_xdf_file

NOT_REPEATED = ("shown", "latency_ms")
"""Columns that tell of the windows and of the machine, not of the walk."""

TAIL_S = 0.5
"""A recording that broke off lacks what the last stances were decided by: those that ended so long before
its end, or later, are not compared."""


@dataclass(frozen=True)
class Verified:
    """What a comparison found.

    Attributes
    ----------
    stances : lines compared.
    difference : the first one, a sentence; empty when every column of every stance is the same.
    notes : about the recording.
    beyond : lines that cannot be compared, for the recording broke off before or with them.
    """

    stances: int
    difference: str
    notes: tuple[str, ...] = ()
    beyond: int = 0


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
    protocol = _protocol(folder)
    session = Session(
        FileSource(recording),
        lab.lab,
        subject.subject,
        view,
        target=None if protocol is not None else lab.lab.target(_variable(folder)),
        live=False,
        protocol=protocol,
    )
    session.open()
    with tempfile.TemporaryDirectory() as made:
        session.keep([StancesCsv(Path(made), sync=False)])
        session.run()
        again, then = _rows(Path(made) / "stances.csv"), _rows(folder / "stances.csv")
    held = then
    if not recording.whole:
        end_s = _end_s(recording) - TAIL_S
        held, again = ([row for row in rows if _off_s(row) < end_s] for rows in (then, again))
    difference = _first_difference(held, again)
    return Verified(len(held), difference, recording.notes, len(then) - len(held))


def _end_s(recording: Recording) -> float:
    """Where the stream that ends first ends, from the first marker sample; stamps as `pieces.sane` judges."""
    taken: dict[Role, list[np.ndarray]] = {role: [] for role in Role}
    for chunk in recording.received:
        local_s = chunk.stamps_s + chunk.clock_offset_s
        taken[chunk.role].append(local_s[sane(chunk, local_s)])
    markers, forces = (np.concatenate(taken[role]) for role in Role)
    if not (len(markers) and len(forces)):
        return -np.inf
    return float(min(markers.max(), forces.max()) - markers[0])


def _variable(folder: Path) -> str:
    """What was fed back: in session.json, or among the events of a session that was cut off before."""
    try:
        text = (folder / "session.json").read_text(encoding="utf-8")
        return str(json.loads(text)["feedback"]["variable"])
    except (OSError, ValueError, KeyError):
        return _variable_of_events(folder / "raw.xdf")


def _variable_of_events(path: Path) -> str:
    for event in _events(path):
        if event.get("event") == "target":
            return str(event["variable"])
    return ""


def _protocol(folder: Path) -> ProtocolRun | None:
    """The protocol as it stood when the recording began, with what the operator asked since; None without."""
    if not (folder / LOG).is_file():
        return None
    setup, inputs = read_setup(folder)
    wishes = [event for event in _events(folder / "raw.xdf") if event.get("event") == "protocol"]
    return ProtocolRun(before_this_recording(setup, inputs), script=script_of(wishes))


def _events(path: Path) -> Iterator[dict[str, Any]]:
    """What a session recorded beside the samples."""
    file = read_xdf_file(path)
    own = {i for i, header in file.headers.items() if f"<name>{EVENTS}</name>" in header}
    for block in file.blocks:
        for row in block.values if block.stream_id in own else ():
            try:
                event = json.loads(row[0])
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


def _rows(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8", errors="replace")
    whole_lines = text[: text.rfind("\n") + 1].splitlines()
    return [
        {key: text for key, text in row.items() if key not in NOT_REPEATED}
        for row in csv.DictReader(whole_lines)
    ]


def _off_s(row: dict[str, str]) -> float:
    """Toe-off; of a line that tells none, before everything, so that it is compared."""
    try:
        return float(row["t_off_s"])
    except (KeyError, TypeError, ValueError):
        return -np.inf


def _first_difference(then: list[dict[str, str]], again: list[dict[str, str]]) -> str:
    for line, (old, new) in enumerate(zip(then, again, strict=False), 1):
        for key in {**old, **new}:
            if new.get(key) != old.get(key):
                was, now = (repr(row.get(key) or "empty")[1:-1] for row in (old, new))
                return f"stance {line}: {key} was {was} and is now {now}"
    if len(then) != len(again):
        return f"there were {len(then)} stances and there are {len(again)} now"
    return ""
