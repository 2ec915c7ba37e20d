"""What a person said of a session (pain 0-10, totals of questionnaires), as its folder keeps it.

Read tolerantly: ``outcomes.jsonl`` (an object a line), ``outcomes.json`` or ``outcomes.toml``, and the
answers in the participant's ``journal.jsonl`` beside the folder. An entry is ``{"name": "pain",
"value": 3, …}`` or
``{"pain": 3, "koos_pain": 61, …}``; what is no number is passed over.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

_FILES = ("outcomes.jsonl", "outcomes.json", "outcomes.toml")
_NOT_VALUES = (
    "t", "t_s", "time", "time_s", "utc", "when", "when_utc", "at_s", "date", "session", "version", "layout",
    "block",
)  # fmt: skip
_WHEN = ("when_utc", "utc", "when", "date", "moment", "at")


@dataclass(frozen=True)
class Outcome:
    """One value that was told.

    Attributes
    ----------
    when : as written: a date, a moment of the session such as ``before``; may be empty.
    at_s : moment of the session. replaces : of a correction, the value in whose place it stands.
    """

    name: str
    value: float
    when: str = ""
    at_s: float = field(default=nan, compare=False)
    replaces: float | None = field(default=None, compare=False)


def read_outcomes(folder: Path) -> tuple[Outcome, ...]:
    """Every outcome of a session's folder, in the order in which they were written; never raises."""
    own = [each for name in _FILES for each in standing(_outcomes(_parsed(folder / name)))]
    return (*own, *standing(_of_journal(folder, also_asked=not own)))


def outcomes_of(node: Any) -> tuple[Outcome, ...]:
    """Outcomes in a list or table of any of these forms; never raises."""
    return standing(_outcomes(node))


def standing(told: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """What was told, corrections in the place of what they replace."""
    found: list[Outcome] = []
    for each in told:
        mistaken = [
            i for i, old in enumerate(found) if (old.name, old.value) == (each.name, each.replaces)
        ]
        same = [i for i in mistaken if found[i].at_s == each.at_s]
        if mistaken:
            found[(same or mistaken)[-1]] = each
        else:
            found.append(each)
    return tuple(found)


def unwalked(person: Path) -> tuple[tuple[int, Outcome], ...]:
    """What a participant's journal notes of sessions that have not begun, by number; never raises."""
    lines = [line for line in _parsed(person / "journal.jsonl") if isinstance(line, Mapping)]
    begun = {line.get("session") for line in lines if line.get("what") == "begun"}
    waiting: dict[int, list[Mapping[str, Any]]] = {}
    for line in lines:
        session = line.get("session")
        if line.get("what") == "answer" and isinstance(session, int) and session not in begun:
            waiting.setdefault(session, []).append(line)
    return tuple(
        (session, each)
        for session, noted in sorted(waiting.items())
        for each in standing(_outcomes(noted))
    )


def _of_journal(folder: Path, *, also_asked: bool) -> Iterator[Outcome]:
    """Answers that the participant's journal has of this session.

    Parameters
    ----------
    also_asked : also those that were asked for while it ran, which it keeps itself as well.
    """
    whole = folder.resolve()
    lines = [line for line in _parsed(whole.parent / "journal.jsonl") if isinstance(line, Mapping)]
    sessions = {
        line.get("folder"): line.get("session") for line in lines if line.get("what") == "begun"
    }
    number, current = sessions.get(whole.name), None
    for line in lines:
        if line.get("what") == "begun":
            current = line.get("session")
        of_it = line.get("what") == "answer" and line.get("session", current) == number is not None
        if of_it and (also_asked or "at_s" not in line):
            yield from _outcomes(line)


def _parsed(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            return tomllib.loads(text)
        if path.suffix == ".json":
            return json.loads(text)
    except (OSError, ValueError):
        return []
    return [_json(line) for line in text.splitlines()]


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:  # a torn last line
        return None


def _outcomes(node: Any) -> Iterator[Outcome]:
    if isinstance(node, list):
        for each in node:
            yield from _outcomes(each)
    if not isinstance(node, Mapping):
        return
    when = next((str(node[key]) for key in _WHEN if isinstance(node.get(key), str)), "")
    if not when and _is_number(node.get("at_s")):
        when = f"{node['at_s'] / 60.0:.0f} min"
    if isinstance(node.get("name"), str):
        if _is_number(node.get("value")):
            yield Outcome(
                node["name"],
                float(node["value"]),
                when,
                _number(node.get("at_s")),
                None if node.get("replaces") is None else _number(node["replaces"]),
            )
        return
    for key, value in node.items():
        if isinstance(value, list | Mapping):
            yield from _outcomes(value)
        elif key not in _NOT_VALUES and _is_number(value):
            yield Outcome(key, float(value), when)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else nan


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
