"""The folder of a session as a reader finds it: whole, cut off in the middle, or of an older version."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import Any

from compute.feedback import Target, target_for
from compute.variables import Mode, find
from stream import json_lines
from stream.as_said import number, table
from stream.errors import EkamError
from stream.lab import read_lab
from stream.outcomes import Outcome, outcomes_of, read_outcomes
from stream.place import Place, place_of
from stream.stance_table import StanceTable, read_stances, whole_rows
from stream.xdf_read import structure

_HIDING = ("blinded", "blind", "sham", "concealed")
_EXPORTED = b"participant,"
_STAMP = re.compile(r"(\d{8}T\d{6})Z")


@dataclass(frozen=True)
class Part:
    """One recording of a session: its folder, its rows among all stances, and when it began, s."""

    path: Path
    first: int
    count: int
    begin_s: float = 0.0


@dataclass(frozen=True)
class SessionFolder:
    """What a session left.

    Attributes
    ----------
    facts : ``session.json``; empty where there is none.
    body_mass_kg, height_m : NaN where ``subject.toml`` is missing.
    target : what the walker was aimed at; None where it is not known.
    protocol : ``protocol.toml``; empty where none ran.
    kinds : block's name -> kind, as the protocol says; empty without one.
    concealed : the protocol hides from the reader which arm this is.
    sham : what stood in for feedback in this arm; empty for none.
    lacking : what is missing or broken off, sentences.
    place : in its protocol and in the participant's schedule.
    parts : of a session that was put together again; empty where it is one recording, as read.
    """

    path: Path
    stances: StanceTable
    facts: Mapping[str, Any] = field(default_factory=dict)
    subject_id: str = ""
    body_mass_kg: float = nan
    height_m: float = nan
    target: Target | None = None
    protocol: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    concealed: bool = False
    sham: str = ""
    outcomes: tuple[Outcome, ...] = ()
    lacking: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    parts: tuple[Part, ...] = ()

    @property
    def recordings(self) -> tuple[Part, ...]:
        """Its recordings, one or more."""
        return self.parts or (Part(self.path, 0, self.stances.count),)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @property
    def replayed(self) -> str:
        """What the streams of this session replayed; empty where they were live."""
        streams = table(self.facts, "streams")
        names = [str(table(streams, role).get("replay") or "") for role in streams]
        return ", ".join(dict.fromkeys(name for name in names if name))

    @property
    def begun_utc(self) -> datetime:
        """When the session began: as it wrote itself, or by the participant's journal or the folder's name.

        Where none of them tells: when it was written.
        """
        for said in (self.facts.get("begun_utc"), _journalled_utc(self.path)):
            begun = _moment(said)
            if begun is not None:
                return begun
        found = _STAMP.search(self.name)
        if found:
            return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        written = _moment(self.facts.get("written_utc"))
        if written is not None:
            return written
        return datetime.fromtimestamp((self.path / "stances.csv").stat().st_mtime, UTC)


@dataclass(frozen=True)
class Unread:
    """A session's folder that could not be read.

    Attributes
    ----------
    why : which folder, what it lacks and the cure, a sentence without its full stop.
    """

    path: Path
    why: str


def is_session(path: Path) -> bool:
    """Whether a folder is that of a session; one that was exported holds stances of several, and is none."""
    return (path / "stances.csv").is_file() and not is_export(path)


def is_export(path: Path) -> bool:
    """Whether a folder was exported: its rows say whose they are."""
    try:
        with (path / "stances.csv").open("rb") as file:
            return file.read(len(_EXPORTED)) == _EXPORTED
    except OSError:
        return False


def find_sessions(path: Path) -> tuple[Path, ...]:
    """The folder itself, or the sessions in it, by name; folders in folders are looked into once.

    A folder that holds another file of a session, but no ``stances.csv``, is one of them: reading it says
    what is missing. One that was exported is none.

    Raises
    ------
    EkamError : there is none.
    """
    if is_session(path):
        return (path,)
    if not path.is_dir():
        raise EkamError(f"there is no folder {path}")
    if is_export(path):
        raise EkamError(
            f"{path} was exported from sessions and is none: give the folder that it was made from"
        )
    found = {
        each.parent
        for depth in ("*", "*/*")
        for each in path.glob(f"{depth}/stances.csv")
        if not is_export(each.parent)
    }
    around = {above for each in found for above in each.parents}
    for name in ("session.json", "raw.xdf"):
        for depth in ("*", "*/*") if found else ("", "*", "*/*"):
            found |= {each.parent for each in path.glob(f"{depth}/{name}".lstrip("/"))} - around
    if not found:
        raise EkamError(
            f"{path} is no session folder and holds none: the folder with stances.csv is needed, or the one "
            "that holds such folders"
        )
    return tuple(sorted(found))


def read_sessions(
    paths: Iterable[Path],
) -> tuple[tuple[SessionFolder, ...], tuple[Unread, ...]]:
    """Read several sessions' folders: one that cannot be read does not hold up the others.

    Raises
    ------
    EkamError : none of them can be read.
    """
    read: list[SessionFolder] = []
    unread: list[Unread] = []
    for path in paths:
        try:
            read.append(read_session(path))
        except EkamError as error:
            unread.append(Unread(path, str(error)))
    if unread and not read:
        raise EkamError("; ".join(each.why for each in unread))
    return tuple(read), tuple(unread)


def read_session(path: Path) -> SessionFolder:
    """Read a session's folder; whatever is missing or damaged is told in `lacking`.

    Raises
    ------
    EkamError : there is no readable ``stances.csv``.
    """
    lacking: list[str] = []
    stances = read_stances(path / "stances.csv", lacking)
    facts = _facts(path / "session.json", lacking)
    subject = table(_toml(path / "subject.toml"), "subject")
    if not subject:
        lacking.append("subject.toml is missing: body height and what depends on it are not known")
    protocol = _toml(path / "protocol.toml")
    # blocks in the table come from a protocol; a whole session.json that knows of none is believed
    told = not facts or facts.get("protocol") is not None
    had = _had_protocol(path) or (told and any(stances.text("block")))
    of_person = path.resolve().parent / "protocol.toml"
    if had and not protocol and (of_person.parent / "participant.json").is_file():
        protocol = _toml(of_person)  # every session of a participant runs this one
    unknown = not protocol and not table(facts, "protocol") and had
    if unknown:
        lacking.append(
            "what the protocol was cannot be read, nor whether it was blinded: this page tells no arm"
        )
    _recording(path, facts, lacking)
    if not has_curves(path):
        there = "no table of curves" if (path / "curves.csv").exists() else "missing"
        lacking.append(f"curves.csv is {there}: there are no mean curves")
    return SessionFolder(
        path,
        stances,
        facts,
        str(subject.get("id") or table(facts, "subject").get("id") or ""),
        number(subject.get("body_mass_kg")),
        number(subject.get("height_m")),
        _of_protocol(protocol) or _target(path, facts),
        protocol,
        _kinds(protocol),
        unknown or hides(protocol) or hides(facts.get("protocol")) or hides(facts.get("feedback")),
        _sham(path, protocol),
        read_outcomes(path) or outcomes_of(table(facts, "protocol").get("answers")),
        tuple(lacking),
        place_of(path),
    )


def _had_protocol(path: Path) -> bool:
    return any((path / name).exists() for name in ("protocol.toml", "protocol.jsonl"))


def in_order(sessions: Sequence[SessionFolder]) -> tuple[SessionFolder, ...]:
    """Sessions of one person in the order of time.

    Raises
    ------
    EkamError : they are of several people.
    """
    people = sorted({each.subject_id or "(unknown)" for each in sessions})
    if len(people) > 1:
        raise EkamError(
            f"these sessions are of several people ({', '.join(people)}): give the folder of one of them"
        )
    return tuple(sorted(sessions, key=lambda each: (each.begun_utc, each.name)))


def hides(node: Any) -> bool:
    """Whether anything in a table says that the reader must not know the arm."""
    if isinstance(node, Mapping):
        return any(
            (key in _HIDING and value not in (False, None, "", 0, "none")) or hides(value)
            for key, value in node.items()
        )
    return isinstance(node, list) and any(map(hides, node))


def has_curves(path: Path) -> bool:
    """Whether a session's folder has a table of curves."""
    try:
        with (path / "curves.csv").open(encoding="utf-8", errors="replace") as file:
            return {"stance", "side", "pct"} <= set(next(whole_rows(file), []))
    except OSError:
        return False


def _facts(path: Path, lacking: list[str]) -> Mapping[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(facts, dict):
            return facts
    except FileNotFoundError:
        lacking.append(
            "session.json is missing: the session was cut off before its end; versions, health of the "
            "streams, "
            "clock offsets and the daily plate check are not known"
        )
        return {}
    except (OSError, ValueError):
        pass
    lacking.append("session.json cannot be read: what it holds is not known")
    return {}


def _recording(path: Path, facts: Mapping[str, Any], lacking: list[str]) -> None:
    fault = str(table(facts, "origin").get("recording_fault") or "")
    if fault:
        lacking.append(f"the recording is not complete: {fault}")
    raw = path / "raw.xdf"
    if not raw.is_file():
        if facts.get("mode") != "process":
            lacking.append("raw.xdf is missing: the session cannot be computed again")
        return
    try:
        damage, finished = structure(raw)
    except (OSError, ValueError):
        lacking.append("raw.xdf cannot be read: the session cannot be computed again")
        return
    if damage:
        lacking.append(f"raw.xdf is damaged in {len(damage)} places")
    if not finished:
        lacking.append("raw.xdf was not finished: it ends where the recording broke off")


def _target(path: Path, facts: Mapping[str, Any]) -> Target | None:
    """By session.json; of a session that was cut off, by its lab file."""
    said = table(facts, "feedback")
    try:
        return target_for(
            str(said["variable"]),
            mode=said["mode"],
            low=float(said["low"]),
            high=float(said["high"]),
            baseline_stances=int(said["baseline_stances"]),
        )
    except (KeyError, TypeError, ValueError):
        pass
    try:
        return read_lab(path / "lab.toml").lab.target()
    except (EkamError, OSError):
        return None


def _of_protocol(protocol: Mapping[str, Any]) -> Target | None:
    """Variable and terms of a protocol's target; its band stands beside every stance."""
    aim = table(protocol, "target")
    try:
        spec = find(str(aim["variable"]))
    except (KeyError, ValueError):
        return None
    mode: Mode = spec.mode if spec.mode != "absolute" else "difference"
    if aim.get("rule") in ("absolute", "normative"):
        mode = "absolute"
    low, high = (spec.low, spec.high) if mode == spec.mode else (-1.0, 1.0)
    return Target(spec.name, mode, low, high)


def _sham(path: Path, protocol: Mapping[str, Any]) -> str:
    """What the arm of this session shows instead of feedback: the log of its protocol names the arm."""
    try:
        with (path / "protocol.jsonl").open(encoding="utf-8") as file:
            arm = str(json.loads(file.readline()).get("arm") or "")
    except (OSError, ValueError, AttributeError):
        return ""
    shown = str(table(protocol, "arms").get(arm) or "")
    return "" if shown == "feedback" else shown


def _kinds(protocol: Mapping[str, Any]) -> dict[str, str]:
    blocks: list[Any] = next(
        (protocol[key] for key in ("blocks", "block") if isinstance(protocol.get(key), list)), []
    )
    return {
        name if change is None else f"{name} {change:+g}": str(block["kind"])
        for block in blocks
        if isinstance(block, dict) and "kind" in block
        for name in [str(block.get("name") or block["kind"])]
        for change in block.get("changes") or [None]
    }


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _journalled_utc(path: Path) -> str:
    """When a participant's session began by the journal beside its folder; empty without one."""
    whole = path.resolve()
    try:
        lines = json_lines.read(whole.parent / "journal.jsonl", "journal")
    except EkamError:
        return ""
    return next(
        (
            str(each.get("utc") or "")
            for each in lines
            if each.get("what") == "begun" and each.get("folder") == whole.name
        ),
        "",
    )


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
