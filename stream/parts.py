"""A session that was interrupted is in several folders: here they are one session again."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from compute.protocol import State, Step, start
from stream.errors import EkamError
from stream.outcomes import standing
from stream.protocol_run import read_setup
from stream.session_folder import Part, SessionFolder, read_session
from stream.stance_table import StanceTable

TIMES = ("t_on_s", "t_off_s", "t_decide_s")


def whole(folder: SessionFolder) -> SessionFolder:
    """The session with all parts before this one, as far as their folders are there and can be read.

    Times of stances go on from one part to the next: from the begin of the first one that is there, without
    the time between them. What is no table of stances is that of the last part.
    """
    parts = [folder]
    while parts[0].place.continues:
        before = _before(parts[0])
        if before is None:
            break
        parts.insert(0, before)
    if len(parts) == 1:
        return folder
    lengths_s = _lengths_s(folder.path)[-(len(parts) - 1) :]
    begins_s = np.concatenate([[0.0], np.cumsum(lengths_s)])
    counts = [each.stances.count for each in parts]
    firsts = np.concatenate([[0], np.cumsum(counts)])
    made = tuple(
        Part(each.path, int(first), each.stances.count, float(begin_s))
        for each, first, begin_s in zip(parts, firsts[:-1], begins_s, strict=True)
    )
    lacking = [f"{each.name}: {text}" for each in parts for text in each.lacking]
    return replace(
        folder,
        stances=_joined([each.stances for each in parts], begins_s),
        facts={**folder.facts, "begun_utc": parts[0].begun_utc.isoformat()},
        concealed=any(each.concealed for each in parts),
        outcomes=standing(dict.fromkeys(each for part in parts for each in part.outcomes)),
        lacking=tuple(lacking),
        parts=made,
    )


def _before(folder: SessionFolder) -> SessionFolder | None:
    try:
        found = read_session(folder.path.resolve().parent / folder.place.continues)
    except EkamError:
        return None
    same = (found.place.session, found.place.sha256, found.place.part + 1)
    return found if same == (folder.place.session, folder.place.sha256, folder.place.part) else None


def _lengths_s(path: Path) -> list[float]:
    """How long each part before the last one was, by the log of the last."""
    try:
        setup, inputs = read_setup(path)
    except EkamError:
        return []
    state: State = start(setup.plan())
    lengths_s = []
    for each in inputs:
        if isinstance(each, Step):
            state = state.after(each)
        else:
            if each.what == "resumed":
                lengths_s.append(state.at(each.at_s).now_s)
            state = state.asked(each)
    return lengths_s


def _joined(tables: list[StanceTable], begins_s: np.ndarray) -> StanceTable:
    numbers: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(name for each in tables for name in each.numbers):
        later = begins_s if name in TIMES else np.zeros(len(tables))
        numbers[name] = np.concatenate(
            [each.column(name) + by_s for each, by_s in zip(tables, later, strict=True)]
        )
    texts = {
        name: tuple(text for each in tables for text in each.text(name))
        for name in dict.fromkeys(name for each in tables for name in each.texts)
    }
    return StanceTable(numbers, texts, sum(each.count for each in tables))
