"""Where a recording belongs: whose, which session of which protocol, and which part of it.

A session that was interrupted is in several folders, a part in each; one that was begun again counts only
as it was walked the last time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream import json_lines
from stream.errors import EkamError
from stream.participants import JOURNAL, PERSON
from stream.protocol_run import LOG


@dataclass(frozen=True)
class Place:
    """A recording's place in a protocol and in a participant's schedule.

    Attributes
    ----------
    protocol, sha256 : name of the protocol, and hash of its file.
    session : number, from 1; 0 where no protocol ran. part : from 1; the next one after each interruption.
    continues : name of the folder of the part before; empty for the first.
    superseded : it was begun again later, so that it is none of the schedule.
    leg : ``left`` or ``right`` where the protocol trains one that was chosen. arm : code of it: not for
        whoever is blinded.
    rehearsal : of nobody.
    """

    protocol: str = ""
    sha256: str = ""
    session: int = 0
    part: int = 1
    continues: str = ""
    superseded: bool = False
    leg: str = ""
    arm: str = ""
    rehearsal: bool = False


def place_of(folder: Path) -> Place:
    """The place of a session's folder; what is missing or damaged is left empty."""
    first, resumed = _log(folder)
    session = first.get("session")
    if type(session) is not int:
        return Place(rehearsal=_rehearsal(folder.resolve().parent))
    return Place(
        str(first.get("protocol") or ""),
        str(first.get("sha256") or ""),
        session,
        1 + len(resumed),
        resumed[-1].rsplit(" of ", 1)[-1] if resumed else "",
        _superseded(folder.resolve(), session),
        str(first.get("leg") or ""),
        str(first.get("arm") or ""),
        _rehearsal(folder.resolve().parent),
    )


def _log(folder: Path) -> tuple[Mapping[str, Any], list[str]]:
    """First line of a protocol's log, and the text of each interruption."""
    try:
        lines = json_lines.read(folder / LOG, "protocol log")
    except EkamError:
        return {}, []
    return (lines[0] if lines else {}), [
        str(each.get("text")) for each in lines[1:] if each.get("ask") == "resumed"
    ]


def _superseded(folder: Path, session: int) -> bool:
    """Whether the journal beside a folder knows of a later first part of the same session."""
    try:
        journal = json_lines.read(folder.parent / JOURNAL, "journal")
    except EkamError:
        return False
    begun = [
        str(each.get("folder"))
        for each in journal
        if each.get("what") == "begun" and each.get("session") == session
    ]
    later = begun[begun.index(folder.name) + 1 :] if folder.name in begun else []
    return any(not _log(folder.parent / each)[1] for each in later if _log(folder.parent / each)[0])


def _rehearsal(person: Path) -> bool:
    try:
        table = json.loads((person / PERSON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(table, dict) and table.get("rehearsal") is True
