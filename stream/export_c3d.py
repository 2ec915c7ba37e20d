"""Spans of a session as C3D files: markers and plates as recorded, the scored events, the person's mass."""

import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np
import tomli_w

from stream.c3d_write import write_c3d
from stream.errors import EkamError
from stream.even_recording import PlacedRecording, even, placed
from stream.lab import Lab, read_lab
from stream.phases import phases
from stream.readers import read_recording
from stream.session_folder import SessionFolder

MOST_FRAMES = 65_000
"""The format counts frames with 16 bits; longer spans are cut into parts."""

OVERLAP_S = 3.0
"""Parts overlap by this, so that every stance is whole in one of them."""

AROUND_S = 1.0
"""Written before and after a block, so that its first and last stance are whole and filtered with context."""

_OF_STREAMS: dict[str, Any] = {
    "publisher": "", "unit": "auto", "force_unit": "auto", "moment_unit": "auto", "length_unit": "auto",
    "rate_hz": None, "device_delay_s": 0.0,
}  # fmt: skip
"""Keys of a lab file that describe the streams, with the value that changes nothing."""

_MOST_TEXTS = 255
"""A parameter of the format holds no more; what goes beyond is continued in LABELS2, TIMES2, …"""


@dataclass(frozen=True)
class Span:
    """A part of a session, session time."""

    name: str
    begin_s: float
    end_s: float


def spans(
    session: SessionFolder,
    blocks: Sequence[str] = (),
    begin_s: float | None = None,
    end_s: float | None = None,
    whole: bool = False,
) -> tuple[Span, ...]:
    """What was asked for.

    Raises
    ------
    EkamError : there is no such block, or the end lies before the begin.
    """
    found: list[Span] = []
    known = [p for p in phases(session) if p.rows.any()]
    for name in blocks:
        same = [p for p in known if p.name == name]
        if not same:
            there = ", ".join(dict.fromkeys(p.name for p in known)) or "none"
            raise EkamError(f"{session.name} has no block {name!r}: it has {there}")
        for i, p in enumerate(same, 1):
            suffix = f"_{i}" if len(same) > 1 else ""
            found.append(Span(f"{name}{suffix}", p.begin_s - AROUND_S, p.end_s + AROUND_S))
    if begin_s is not None or end_s is not None:
        low, high = begin_s or 0.0, inf if end_s is None else end_s
        if not high > low:
            raise EkamError(f"the end ({high:g} s) must lie after the begin ({low:g} s)")
        found.append(Span(f"{low:g}s_to_{'end' if end_s is None else f'{high:g}s'}", low, high))
    if whole:
        found.append(Span("all", 0.0, inf))
    return tuple(found)


def spans_of_all(
    sessions: Sequence[SessionFolder],
    blocks: Sequence[str] = (),
    begin_s: float | None = None,
    end_s: float | None = None,
    whole: bool = False,
) -> tuple[dict[Path, tuple[Span, ...]], tuple[str, ...]]:
    """What was asked for of each session by its folder; and sentences on those that lack a block.

    Raises
    ------
    EkamError : none of them has a block of that name, or the end lies before the begin.
    """
    found: dict[Path, tuple[Span, ...]] = {}
    without: dict[str, list[str]] = {name: [] for name in blocks}
    for session in sessions:
        own = list(spans(session, (), begin_s, end_s, whole))
        for name in without:
            try:
                own += spans(session, [name])
            except EkamError as error:
                without[name].append(str(error))
        found[session.path] = tuple(own)
    for said in without.values():
        if said and len(said) == len(sessions):
            raise EkamError("; ".join(said))
    return found, tuple(each for said in without.values() for each in said)


def export_c3d(
    session: SessionFolder, wanted: Sequence[Span], folder: Path
) -> tuple[list[Path], list[str]]:
    """Write each span as a C3D file, and beside them a lab and the subject file for `ekam process`.

    Returns
    -------
    The files, and sentences on what was assumed.

    Raises
    ------
    EkamError : the session has no recording of its own, or it cannot be read.
    """
    raw = session.path / "raw.xdf"
    if not raw.is_file():
        raise EkamError(
            f"{session.name} has no raw.xdf: a C3D file can be made of what a live session recorded; "
            f"this one was "
            "computed from a file"
        )
    lab = read_lab(session.path / "lab.toml").lab
    recording = read_recording(raw, lab)
    found = placed(recording, lab)
    made: list[Path] = []
    name = file_name_of(session)
    for span in wanted:
        for part in _parts(span, found):
            path = folder / f"{name}_{_file_name(part.name)}.c3d"
            content, first_s = even(found, part.begin_s, part.end_s, part.name)
            last_s = first_s + float(content.markers.stamps_s[-1])
            describe = partial(
                _describe, session=session, lab=lab, name=part.name, first_s=first_s, last_s=last_s
            )
            write_c3d(content, path, describe)
            made.append(path)
    (folder / f"{name}_lab.toml").write_text(
        lab_for_c3d(session.path / "lab.toml"), encoding="utf-8"
    )
    shutil.copyfile(session.path / "subject.toml", folder / f"{name}_subject.toml")
    return made, [*recording.notes, *found.notes]


def file_name_of(session: SessionFolder) -> str:
    """Name of a session's files: that of its folder, behind the participant where it does not name them."""
    person = session.subject_id
    return session.name if session.name.startswith(person) else f"{person}_{session.name}"


def lab_for_c3d(path: Path) -> str:
    """The session's lab file for its C3D files: as it is where that fits.

    Otherwise without the units, rates, delays and channels of the streams: the files have their own.
    """
    text = path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    of_streams = False
    for section in ("markers", "forces"):
        for key, harmless in _OF_STREAMS.items():
            value = table.get(section, {}).pop(key, harmless)
            of_streams = of_streams or value != harmless
        table.get(section, {}).pop("stream", None)  # for the network only
    plates = [
        {"side": plate["side"], "index": number}
        for number, plate in enumerate(table.get("plates", []), 1)
    ]
    if not of_streams and plates == table.get("plates"):
        return text
    table["plates"] = plates
    return "# For the C3D files beside it, made from the session's own lab.toml.\n" + tomli_w.dumps(
        table
    )


def _parts(span: Span, found: PlacedRecording) -> list[Span]:
    """A span, or pieces of it that the format can hold."""
    begin_s = max(span.begin_s, float(found.marker_s[0]))
    end_s = min(span.end_s, float(found.marker_s[-1]))
    most_s = MOST_FRAMES / found.rates_hz[0]
    if end_s - begin_s <= most_s:
        return [span]
    parts: list[Span] = []
    at_s = begin_s
    while at_s < end_s - OVERLAP_S:
        parts.append(Span(f"{span.name}_part{len(parts) + 1}", at_s, min(at_s + most_s, end_s)))
        at_s += most_s - OVERLAP_S
    return parts


def _describe(
    file: ezc3d.c3d, session: SessionFolder, lab: Lab, name: str, first_s: float, last_s: float
) -> None:
    """Parameters beyond points and plates."""
    forward, up, right = (
        f"{'-' if axis[0] == '-' else '+'}{axis[-1].upper()}"
        for axis in (lab.axes.forward, lab.axes.up, lab.axes.right)
    )
    _put(file, "POINT", "X_SCREEN", [forward], "capture axis of the walking direction")
    _put(file, "POINT", "Y_SCREEN", [up], "capture axis that points up")
    _put(file, "SUBJECTS", "USED", [1])
    _put(file, "SUBJECTS", "NAMES", [session.subject_id or "unknown"])
    if isfinite(session.body_mass_kg):
        _put(file, "PROCESSING", "BODYMASS", [session.body_mass_kg], "kg")
        _put(file, "SUBJECTS", "MASS", [session.body_mass_kg], "kg")
    if isfinite(session.height_m):
        _put(file, "PROCESSING", "HEIGHT", [1000.0 * session.height_m], "mm")
        _put(file, "SUBJECTS", "HEIGHT", [1000.0 * session.height_m], "mm")
    _put(file, "EKAM", "SESSION", [session.name])
    _put(file, "EKAM", "SPAN", [name])
    _put(file, "EKAM", "START_S", [first_s], "session time of the first frame, as in stances.csv")
    _put(
        file,
        "EKAM",
        "AXES",
        [forward, up, right],
        "capture axes: walking direction, up, walker's right",
    )
    _events(file, session, first_s, last_s)


def _events(file: ezc3d.c3d, session: SessionFolder, first_s: float, last_s: float) -> None:
    """Foot strikes and foot offs of every scored stance, valid or not; time 0 is the first frame."""
    stances = session.stances
    rows = [
        (t_s - first_s, side.capitalize(), label, icon)
        for column, label, icon in (("t_on_s", "Foot Strike", 1), ("t_off_s", "Foot Off", 2))
        for t_s, side in zip(stances.column(column).tolist(), stances.text("side"), strict=True)
        if first_s <= t_s <= last_s
    ]
    rows.sort()
    _put(file, "EVENT", "USED", [len(rows)])
    for number, start in enumerate(range(0, len(rows), _MOST_TEXTS), 1):
        part = rows[start : start + _MOST_TEXTS]
        suffix = "" if number == 1 else str(number)
        _put(file, "EVENT", f"CONTEXTS{suffix}", [side for _, side, _, _ in part])
        _put(file, "EVENT", f"LABELS{suffix}", [label for _, _, label, _ in part])
        _put(file, "EVENT", f"ICON_IDS{suffix}", [icon for _, _, _, icon in part])
        _put(file, "EVENT", f"SUBJECTS{suffix}", [session.subject_id or "unknown"] * len(part))
        _put(file, "EVENT", f"GENERIC_FLAGS{suffix}", [0] * len(part))
        minutes = [divmod(t_s, 60.0) for t_s, _, _, _ in part]
        _put(
            file,
            "EVENT",
            f"TIMES{suffix}",
            np.array(minutes).T,
            "minutes and seconds from the first frame",
        )


def _put(file: ezc3d.c3d, group: str, name: str, value: Any, description: str = "") -> None:
    """Add a parameter: texts, whole numbers as such, other numbers as floats."""
    file.add_parameter(group, name, value)
    made = file["parameters"][group][name]
    if description:
        made["description"] = description
    if np.issubdtype(np.asarray(value).dtype, np.integer):
        made["type"] = ezc3d.ezc3d.INT
        made["value"] = np.array(value)


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)
