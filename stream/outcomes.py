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
    own = [_outcomes(_parsed(folder / name)) for name in _FILES]
    return tuple(each for some in (*own, _of_journal(folder)) for each in _standing(some))


def outcomes_of(node: Any) -> tuple[Outcome, ...]:
    """Outcomes in a list or table of any of these forms; never raises."""
    return _standing(_outcomes(node))


def _standing(told: Iterable[Outcome]) -> tuple[Outcome, ...]:
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


def _of_journal(folder: Path) -> Iterator[Outcome]:
    """Answers that the participant's journal has of this session."""
    begun: dict[Any, str] = {}
    current = ""
    for line in _parsed(folder.resolve().parent / "journal.jsonl"):
        if not isinstance(line, Mapping):
            continue
        if line.get("what") == "begun":
            current = str(line.get("folder") or "")
            begun[line.get("session")] = current
        elif line.get("what") == "answer":
            of = begun.get(line.get("session"), current) if "session" in line else current
            if of == folder.resolve().name:
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
