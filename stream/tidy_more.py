"""Further tidy tables beside that of the stances: answers, blocks, recordings."""

from collections.abc import Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from compute import Side
from compute.protocol.judgement import LegResult
from stream import json_lines
from stream.as_said import count_of, number, table
from stream.errors import EkamError
from stream.participants import JOURNAL
from stream.phases import phases
from stream.protocol_follow import Attempt, Followed
from stream.protocol_run import OUTCOMES
from stream.quality import quality
from stream.session_folder import SessionFolder
from stream.summary import latency
from stream.tidy import Study, key_cells, recording_cells, terms, trained_legs, write_rows
from stream.tidy_columns import ANSWERS, ARM, BLOCKS, SESSIONS, names

TELLING = ("asked", "in_band_pct", "success", "why")
"""Columns of a block that tell the arm of a blinded session."""

_AS_TOLD = (
    "valid", "rejected", "mean", "change", "measured_pct", "asked", "in_band_pct", "success",
)  # fmt: skip
"""What ``session.json`` holds of a leg in a block by the same names."""

TO_WINDOW = "value to the walker's window"


def write_sessions(study: Study, path: Path) -> int:
    """One row a recording; returns how many."""
    rows = (_recording(study, session) for session in study.sessions)
    return write_rows(path, (*names(*SESSIONS), *_arm(study)), rows)


def write_blocks(study: Study, path: Path) -> int:
    """One row an attempt at a block and leg, in the recording in which it ended; returns how many.

    Without a log it is what ``session.json`` says of the blocks that ended, which of a blinded session is
    nothing.
    """
    rows = (row for session in study.sessions for row in _blocks(study, session))
    return write_rows(path, (*names(*BLOCKS), *_arm(study)), rows)


def write_answers(study: Study, path: Path) -> int:
    """One row an answer, those that were corrected included; returns how many.

    Beside those of the sessions what was noted for the participant outside of them.
    """
    return write_rows(path, names(*ANSWERS), _answers(study))


def _arm(study: Study) -> tuple[str, ...]:
    return names(*ARM) if study.unblind else ()


# --- recordings --------------------------------------------------------------------------------------


def _recording(study: Study, session: SessionFolder) -> dict[str, Any]:
    facts, stances = session.facts, session.stances
    protocol, log = table(facts, "protocol"), study.followed(session)
    said = quality(session, phases(session))
    versions = {str(k): str(v) for k, v in table(facts, "versions").items()}
    plates = table(facts, "plate_check")
    on_s, off_s = stances.column("t_on_s"), stances.column("t_off_s")
    known = np.isfinite(on_s).any() and np.isfinite(off_s).any()
    counts = {
        f"{word}_{side.word}": int((stances.of(side) & rows).sum())
        for word, rows in (("valid", stances.valid), ("rejected", ~stances.valid))
        for side in Side
    }
    return {
        **recording_cells(study, session),
        **counts,
        "blinded": session.concealed,
        "protocol_ended": protocol.get("ended") if log is None else log.state.ended,
        "halted": protocol.get("halted") if log is None else log.state.halted,
        "mode": facts.get("mode"),
        "minutes": float(np.nanmax(off_s) - np.nanmin(on_s)) / 60.0 if known else nan,
        "quality": said.level,
        "remarks": "; ".join(p.sentence for p in said.points if p.state in ("care", "bad")),
        "ekam_version": versions.get("ekam"),
        "versions": "; ".join(f"{name} {version}" for name, version in versions.items()),
        "lab": table(facts, "lab").get("name"),
        "lab_sha256": table(facts, "lab").get("sha256"),
        "subject_sha256": table(facts, "subject").get("sha256"),
        "plates_good": plates.get("good"),
        "plates_check": plates.get("sentence"),
        "sync": table(facts, "sync").get("verdict"),
        "markers_missing_pct": _missing_pct(facts, "markers"),
        "forces_missing_pct": _missing_pct(facts, "forces"),
        "latency_p95_ms": latency(session).get(TO_WINDOW, {}).get("p95"),
    }


def _missing_pct(facts: Mapping[str, Any], role: str) -> float:
    health = table(table(table(facts, "streams"), role), "health")
    samples, missing = count_of(health.get("samples")), count_of(health.get("missing"))
    return 100.0 * missing / (samples + missing) if samples + missing else nan


# --- blocks ------------------------------------------------------------------------------------------


def _blocks(study: Study, session: SessionFolder) -> Iterator[dict[str, Any]]:
    log, legs = study.followed(session), trained_legs(study, session)
    whole = {**recording_cells(study, session), **terms(session, log)}
    hidden = TELLING if study.hides(session) else ()
    found = _told(session) if log is None else _followed(study, session, log)
    for row in found:
        row["leg_trained"] = row["side"] in legs if legs else None
        yield {k: v for k, v in (whole | row).items() if k not in hidden}


def _followed(study: Study, session: SessionFolder, log: Followed) -> Iterator[dict[str, Any]]:
    begun, goes_on = study.begun(session), study.continued(session) is not None
    for each in log.attempts:
        if each.end == "unfinished" and goes_on:
            continue  # it ended in a further part
        for leg in each.legs:
            baseline = each.baselines[leg.side]
            yield {
                "block_number": each.number,
                "block": each.name,
                "block_kind": each.kind,
                "attempt": each.attempt,
                "ended": each.end,
                "attempt_discarded": each.attempt < begun.get(each.number, 0),
                "from_s": each.from_s,
                "to_s": each.to_s,
                "baseline": nan if baseline is None else baseline.mean,
                **_of_leg(leg, each),
            }


def _of_leg(leg: LegResult, attempt: Attempt) -> dict[str, Any]:
    judged = attempt.end == "ended"
    return {
        "side": leg.side.word,
        "valid": leg.valid,
        "rejected": leg.rejected,
        "mean": leg.mean,
        "change": leg.change,
        "measured_pct": leg.measured_pct,
        "guards_beyond": "; ".join(f"{each.words} +{each.size}" for each in leg.guards),
        "asked": leg.asked,
        "in_band_pct": leg.in_band_pct,
        "success": leg.success if judged else None,
        "why": "; ".join(leg.why) if judged else "",
    }


def _told(session: SessionFolder) -> Iterator[dict[str, Any]]:
    """What ``session.json`` says of the blocks that ended in this recording."""
    protocol = table(session.facts, "protocol")
    blocks = protocol.get("blocks")
    order = list(table(protocol, "kinds"))
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, Mapping) or not number(block.get("to_s")) > 0.0:
            continue
        name = block.get("name")
        for side in Side:
            leg = table(table(block, "legs"), side.word)
            if leg:
                why = leg.get("why")
                yield {
                    **{key: leg.get(key) for key in _AS_TOLD},
                    "block_number": order.index(name) + 1 if name in order else None,
                    "block": name,
                    "block_kind": block.get("kind"),
                    "ended": "ended",
                    "side": side.word,
                    "from_s": block.get("from_s"),
                    "to_s": block.get("to_s"),
                    "guards_beyond": _guards(table(leg, "guards")),
                    "why": "; ".join(map(str, why)) if isinstance(why, list) else None,
                }


def _guards(found: Mapping[str, Any]) -> str:
    told = [(words, table(found, words)) for words in found]
    return "; ".join(
        f"{words} +{number(each.get('rise')):.3g} {each.get('unit')}" for words, each in told
    )


# --- answers -----------------------------------------------------------------------------------------


def _answers(study: Study) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for session in sorted(study.sessions, key=lambda each: (each.subject_id, each.begun_utc)):
        found += _of_session(session)
    stores = {
        session.path.resolve().parent: session.subject_id
        for session in study.sessions
        if (session.path.resolve().parent / JOURNAL).is_file()
    }
    for store, person in stores.items():
        found += _outside(store, person)
    _mark(found)
    return found


def _of_session(session: SessionFolder) -> list[dict[str, Any]]:
    keys = key_cells(session)
    lines = _lines(session.path / OUTCOMES)
    if lines:
        return [keys | row for line in lines for row in _answer(line)]
    return [
        {
            **keys,
            "told_utc": each.when if "T" in each.when else None,
            "at_s": each.at_s,
            "question": each.name,
            "value": each.value,
            "replaces": each.replaces,
        }
        for each in session.outcomes
    ]


def _outside(store: Path, person: str) -> list[dict[str, Any]]:
    """What was noted for a participant without a moment of a session."""
    return [
        {"participant": person, "session": line.get("session"), **row}
        for line in _lines(store / JOURNAL)
        if line.get("what") == "answer" and "at_s" not in line
        for row in _answer(line)
    ]


def _answer(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    value = number(line.get("value"))
    if not isinstance(line.get("name"), str) or not isfinite(value):
        return []
    return [
        {
            "told_utc": line.get("utc"),
            "at_s": number(line.get("at_s")),
            "question": line["name"],
            "value": value,
            "replaces": line.get("replaces"),
        }
    ]


def _mark(found: list[dict[str, Any]]) -> None:
    """Mark each answer in whose place another one stands, also where that came in a further part."""
    standing: list[dict[str, Any]] = []
    for row in found:
        row["replaced"] = False
        own = [
            old
            for old in standing
            if row["replaces"] is not None
            and all(old.get(key) == row.get(key) for key in ("participant", "session", "question"))
            and old["value"] == row["replaces"]
            and (row["session"] is not None or old.get("recording") == row.get("recording"))
        ]
        same = [old for old in own if old["at_s"] == row["at_s"]]
        if own:
            mistaken = (same or own)[-1]
            mistaken["replaced"] = True
            standing = [old for old in standing if old is not mistaken]
        standing.append(row)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return json_lines.read(path, "list of answers")
    except EkamError:
        return []
