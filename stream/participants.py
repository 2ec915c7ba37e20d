"""Participants of a protocol: a folder each, with its sessions, answers, and every change of a target.

::

    participants/S01/
        participant.json     pseudonym, leg, arm, protocol and its hash, whether a rehearsal; written once
        protocol.toml        as it was on the first day; every later session runs this
        journal.jsonl        what happened, a line each, only ever added to
        session_01/          folder of a session; session_01_2/ where it went on after an interruption

Pseudonyms only. The arm stands in participant.json: whoever runs a blinded protocol does not open it.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite, nan
from pathlib import Path
from typing import Any

from compute.conventions import Side
from compute.protocol import Plan, State, personal, start
from stream import json_lines
from stream.errors import EkamError
from stream.protocol_file import ProtocolFile, read_protocol
from stream.protocol_run import FILE, LOG, ProtocolRun, Setup, read_setup, replayed, resumed
from stream.running import is_running
from stream.subject_file import ID_PATTERN

PERSON, JOURNAL = "participant.json", "journal.jsonl"
LONGEST_BREAK_H = 2.0
"""A session goes on after an interruption of up to this: later the markers have been off."""


@dataclass(frozen=True)
class Next:
    """What a participant's next session is.

    Attributes
    ----------
    broken : folder of the part that broke off; None where a session begins.
    broken_h : hours since it was begun. damaged : why it cannot go on; empty where it can.
    running : it did not break off: it runs in another window.
    """

    session: int
    folder: Path
    broken: Path | None = None
    broken_h: float = nan
    damaged: str = ""
    running: bool = False


@dataclass(frozen=True)
class Participant:
    """One person in one protocol; a `rehearsal` is nobody's: its sessions run on replayed streams."""

    folder: Path
    id: str
    file: ProtocolFile
    leg: Side | None
    arm: str
    rehearsal: bool = False

    def journal(self) -> list[dict[str, Any]]:
        """All that happened, in its order.

        Raises
        ------
        EkamError : it is missing, a line is damaged, or it lacks a session whose folder is there.
        """
        path = self.folder / JOURNAL
        lines = json_lines.read(path, "journal")
        for each in lines:
            if not _readable(each):
                raise EkamError(
                    f"{path} holds a line that nobody can go by: put back a copy, or delete this line: "
                    f"{json.dumps(each)[:120]}"
                )
        known = {each["folder"] for each in lines if each["what"] == "begun"}
        lost = sorted(each.parent.name for each in self.folder.glob(f"session_*/{LOG}"))
        lost = [name for name in lost if name not in known]
        if lost:
            raise EkamError(
                f"{path} does not know of {lost[0]}, which is there: put back a copy of it, or else move "
                "that folder out of the store"
            )
        return lines

    def note(self, what: str, **more: Any) -> None:
        """Add a line to the journal.

        Raises
        ------
        OSError : it cannot be written.
        """
        json_lines.append(self.folder / JOURNAL, [line(what, **more)])

    def next(self) -> Next:
        """The session that comes, or the one that broke off or runs.

        Raises
        ------
        EkamError : the journal is damaged.
        """
        ended, begun = 0, 0
        part, begun_at = "", ""
        for each in self.journal():
            if each["what"] == "ended":
                ended = each["session"]
            elif each["what"] == "begun":
                begun, part, begun_at = each["session"], each["folder"], each["utc"]
        broken = self.folder / part
        walked = (broken / LOG).is_file() or _has_stances(broken)
        if begun <= ended or not walked:
            return Next(ended + 1, self._fresh(ended + 1))
        since_h = (datetime.now(UTC) - datetime.fromisoformat(begun_at)).total_seconds() / 3600.0
        left = Next(begun, self._fresh(begun), broken, since_h)
        if is_running(broken):
            return replace(left, running=True)
        try:
            setup, inputs = read_setup(broken)
            plan = setup.plan()
        except EkamError as error:
            return replace(left, damaged=str(error))
        state = replayed(start(plan), inputs)
        if not state.ended:
            return left
        self._end(plan, state, broken)  # all was walked before it was cut off
        return Next(begun + 1, self._fresh(begun + 1))

    def _fresh(self, session: int) -> Path:
        """Folder for a session, or for a further part of it."""
        name, part = f"session_{session:02d}", 1
        while (self.folder / (name if part == 1 else f"{name}_{part}")).exists():
            part += 1
        return self.folder / (name if part == 1 else f"{name}_{part}")

    def setup(
        self, chosen: Next, *, subject_sha256: str = "", lab_sha256: str = "", go_on: bool = False
    ) -> Setup:
        """The session that was chosen.

        Parameters
        ----------
        go_on : continue the one that broke off.

        Raises
        ------
        EkamError : the protocol is over, or what broke off cannot be continued.
        """
        if go_on and chosen.broken is not None:
            return resumed(chosen.broken, subject_sha256, lab_sha256)
        made = Setup(
            self.file,
            chosen.session,
            self.leg,
            self.arm,
            f"{self.id}/{self.file.sha256[:8]}",
            self.carried(),
        )
        made.plan()  # refused here, not later
        return made

    def carried(self) -> tuple[float, float]:
        """Personal targets found so far, left and right, in the unit shown; NaN where none is."""
        found = [nan, nan]
        for each in self.journal():
            for side in Side:
                if side.word in each.get("personal", {}):
                    found[side] = float(each["personal"][side.word])
        return found[0], found[1]

    def answers(self) -> list[dict[str, Any]]:
        """Every answer and outcome so far."""
        return [each for each in self.journal() if each["what"] == "answer"]

    def noted(self, name: str, session: int) -> float | None:
        """The outcome of that name that was last noted beside a session; None without one."""
        values = [
            each.get("value")
            for each in self.answers()
            if (each.get("name"), each.get("session")) == (name, session) and "at_s" not in each
        ]
        return float(values[-1]) if values and isinstance(values[-1], int | float) else None

    def begin(self, chosen: Next) -> None:
        """A session, or a further part of one, begins."""
        self.note("begun", session=chosen.session, folder=chosen.folder.name)

    def end(self, run: ProtocolRun, folder: Path) -> None:
        """A recording is over; only a session whose protocol came to its end is one of the schedule."""
        self._end(run.plan, run.state, folder)

    def _end(self, plan: Plan, state: State, folder: Path) -> None:
        found = {side.word: value for side in Side for value in [_personal(plan, state, side)]}
        if state.ended:
            known = {leg: value for leg, value in found.items() if isfinite(value)}
            self.note("ended", session=plan.session, folder=folder.name, personal=known)
        else:
            self.note("left", session=plan.session, folder=folder.name, block=state.block)


def _personal(plan: Plan, state: State, side: Side) -> float:
    """Middle of the personal target that was tested in this session, in the unit shown; NaN without one."""
    chosen, baseline = personal.best(state.tests, side), state.baselines[side]
    target = state.targets[side]
    if chosen is None or target is None or baseline is None:
        return nan
    # whoever trains at the natural angle in the belief that it was tested does so in every session
    return baseline.mean + chosen.change


def _has_stances(folder: Path) -> bool:
    """Whether a session's table holds more than its heads."""
    try:
        return (folder / "stances.csv").read_bytes().count(b"\n") > 1
    except OSError:
        return False


def _readable(each: Mapping[str, Any]) -> bool:
    """Whether a line of a journal holds what the schedule goes by."""
    what = each.get("what")
    if not isinstance(what, str):
        return False
    try:
        aware = datetime.fromisoformat(each["utc"]).tzinfo is not None
        numbers = all(type(each) in (int, float) for each in each.get("personal", {}).values())
        if what not in ("begun", "ended", "left"):
            return aware and numbers
        named = Path(each["folder"]).name == each["folder"] != ""
        return aware and numbers and named and type(each["session"]) is int and each["session"] > 0
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def ago(hours: float) -> str:
    """A time that has passed, in words."""
    if hours < 0.0:
        return "in the future, by this computer's clock"
    return f"{60.0 * hours:.0f} min ago" if hours < 2.0 else f"{hours:.0f} h ago"


def line(what: str, **more: Any) -> dict[str, Any]:
    """A line of a journal."""
    return {"utc": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **more}


def enrol(
    root: Path,
    person_id: str,
    file: ProtocolFile,
    leg: Side | None = None,
    arm: str = "",
    *,
    rehearsal: bool = False,
) -> Participant:
    """Make a participant's folder.

    Parameters
    ----------
    rehearsal : it is nobody's: its sessions run on replayed streams.

    Raises
    ------
    EkamError : there is one, the pseudonym is none, or the protocol needs a leg or an arm.
    """
    if not re.fullmatch(ID_PATTERN, person_id):
        raise EkamError(
            f"{person_id!r} is not a pseudonym: use up to 64 letters, digits, dots, dashes, underscores"
        )
    file.protocol.plan(1, leg=leg, arm=arm)
    folder = root / person_id
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise EkamError(f"{folder} exists: this participant is enrolled already") from None
    except OSError as error:
        raise EkamError(f"{folder} cannot be made: {error.strerror}") from None
    table = {
        "id": person_id,
        "leg": None if leg is None else leg.word,
        "arm": arm,
        "protocol": file.protocol.name,
        "protocol_sha256": file.sha256,
        "rehearsal": rehearsal,
    }
    person = Participant(folder, person_id, file, leg, arm, rehearsal)
    try:
        (folder / FILE).write_text(file.text, encoding="utf-8")
        person.note("enrolled", protocol=file.protocol.name, sha256=file.sha256)
        (folder / PERSON).write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        shutil.rmtree(
            folder, ignore_errors=True
        )  # half a participant could be neither used nor made
        raise EkamError(
            f"{person_id} cannot be enrolled in {root}: {error.strerror}; nothing is left of it"
        ) from None
    return person


def read_participant(root: Path, person_id: str) -> Participant:
    """A participant that is enrolled.

    Raises
    ------
    EkamError : there is none, the folder is damaged, or its protocol was changed since.
    """
    folder = root / person_id
    try:
        table: Mapping[str, Any] = json.loads((folder / PERSON).read_text(encoding="utf-8"))
        leg = None if table["leg"] is None else {side.word: side for side in Side}[table["leg"]]
        named, arm, sha256 = str(table["id"]), str(table["arm"]), str(table["protocol_sha256"])
        rehearsal = table.get("rehearsal", False) is True
    except FileNotFoundError:
        raise EkamError(
            f"there is no participant {person_id} in {root}: enrol with `ekam participant {person_id} "
            "--protocol P`"
        ) from None
    except OSError as error:
        raise EkamError(f"{folder / PERSON} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise EkamError(f"{folder / PERSON} is damaged: put back a copy of it") from None
    file = read_protocol(str(folder / FILE))
    if file.sha256 != sha256:
        raise EkamError(
            f"{folder / FILE} was changed since {person_id} was enrolled: put it back, or enrol under "
            "another pseudonym"
        )
    return Participant(folder, named, file, leg, arm, rehearsal)
