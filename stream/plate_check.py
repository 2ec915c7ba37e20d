"""The daily check of the plates: unloaded zero and noise, a pole or a known weight, and its record.

The record lies beside the lab file, ``lab.plates.json`` for ``lab.toml``; earlier checks stay in it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from stream.check_plates import PlateSeen, judge_alive, plates_of
from stream.check_pole import Pole, Weight, against_pole, against_weight
from stream.check_seen import Finding, Seen, Verdict, failed, incomplete, not_checked, worst
from stream.check_zero import judge_zero, loaded_share, unloaded, unloaded_figures
from stream.errors import EkamError
from stream.lab import Lab, LabFile

FRESH = timedelta(days=1)
BUSY = 0.02
"""Share of the time in which a plate that should be empty may be loaded: less is a knock."""


@dataclass(frozen=True)
class PlateCheck:
    """Result of a daily check: what is said, and the figures per side's word.

    Attributes
    ----------
    belts : ``running`` or ``unknown``, while zero and noise were taken.
    """

    findings: list[Finding]
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    belts: str = "unknown"


def check_plates(
    seen: Seen,
    lab: Lab,
    *,
    pole: Pole | None = None,
    weight: Weight | None = None,
    then: Seen | None = None,
    belts: str = "unknown",
) -> PlateCheck:
    """Judge the plates from what was received while they were empty, and then with the pole or the weight.

    Zero and noise are those of the empty part alone, with the belts as they ran in it. What a plate reads
    while empty in the part with the pole or the weight is, where the lab file has ``rezero``, taken off
    there before the comparison, as in a session.

    Parameters
    ----------
    then : the part with the pole or the weight, perhaps with belts that stand still; None where both were
        received in one go: the empty stretches in it are then told by the load.
    belts : ``running`` or ``unknown``, while `seen` was received.
    """
    parts = [seen] if then is None else [seen, then]
    try:
        plates = [plates_of(each.forces, lab) for each in parts]
    except EkamError as error:
        return PlateCheck(
            [failed("plate channels", str(error), "correct [[plates]] in the lab file")],
            belts=belts,
        )
    if any(len(each.forces.values) < 20 for each in parts):
        return PlateCheck(
            [failed("plates", "no samples came", "switch the amplifier on")], belts=belts
        )
    asked = pole is not None or weight is not None
    findings: list[Finding] = []
    figures: dict[str, dict[str, Any]] = {}
    for empty, used in zip(plates[0], plates[-1], strict=True):
        alive = judge_alive(empty, someone=True) or judge_alive(used, someone=True)
        findings += alive
        if np.isnan(empty.wrench).any() or np.isnan(used.wrench).any():
            continue
        said, own = _empty(empty, _rate_hz(seen), lab, wholly=then is not None or not asked)
        findings += said
        offset = _offset(used, _rate_hz(parts[-1]), empty, _rate_hz(seen), lab)
        if pole is not None:
            said, own["pole"] = against_pole(used, offset, parts[-1], lab, pole)
            findings += said
        if weight is not None:
            said, own["weight"] = against_weight(used, offset, parts[-1], lab, weight)
            findings += said
        name = empty.side.word
        figures[name if name not in figures else f"{name}_{empty.number}"] = own
    if not asked:
        findings.append(
            not_checked(
                "centre of pressure",
                "only the empty plates were checked",
                "press a pole with two markers onto them (--pole TOP,TIP --tip-mm MM), or put down a known "
                "weight (--weight KG --at MARKER)",
            )
        )
    return PlateCheck(findings, figures, belts)


def _empty(
    plate: PlateSeen, rate_hz: float, lab: Lab, *, wholly: bool
) -> tuple[list[Finding], dict[str, Any]]:
    """Zero and noise; where the plate should be empty all the time, whether it was."""
    quiet = unloaded(plate.up_n, rate_hz)
    zero = judge_zero(plate, rate_hz, rezero=lab.events.rezero)
    busy = loaded_share(plate.up_n, quiet, rate_hz)
    if zero.verdict is Verdict.NOT_CHECKED or (wholly and busy > BUSY):
        return [
            incomplete(
                f"{plate.name} zero",
                f"something stands or walks on it in {busy:.0%} of the time",
                "keep everybody and everything off both plates until they have been checked empty; if "
                "nothing is on it, press zero on the amplifier",
            )
        ], {}
    mean, sd = unloaded_figures(plate, quiet)
    return [zero], {"unloaded": {"mean": mean.tolist(), "sd": sd.tolist()}}


def _offset(
    used: PlateSeen, used_hz: float, empty: PlateSeen, empty_hz: float, lab: Lab
) -> np.ndarray:
    """What is taken off a plate before it is compared: F and M_O, shape (6,), lab."""
    if not lab.events.rezero:
        return np.zeros(6)
    for plate, rate_hz in ((used, used_hz), (empty, empty_hz)):
        quiet = unloaded(plate.up_n, rate_hz)
        if quiet.sum() >= 20:
            return np.asarray(plate.wrench[quiet].mean(axis=0))
    return np.zeros(6)


def _rate_hz(seen: Seen) -> float:
    return (len(seen.forces.stamps_s) - 1) / max(seen.forces.span_s, 1e-9)


def record_path(lab_path: Path) -> Path:
    """Where the checks of a lab file are kept."""
    return lab_path.with_name(f"{lab_path.stem}.plates.json")


def read_record(lab_path: Path) -> list[dict[str, Any]]:
    """All kept checks, oldest first; empty if there are none.

    Raises
    ------
    EkamError : the file is there but is no such record; it is not written over.
    """
    path = record_path(lab_path)
    try:
        history = json.loads(path.read_text(encoding="utf-8"))["history"]
        if not all(isinstance(each, dict) and "date_utc" in each for each in history):
            raise ValueError
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        raise EkamError(
            f"{path} is no record of plate checks and is not written over: move it away"
        ) from None
    return list(history)


def keep_record(lab: LabFile, check: PlateCheck, now: datetime, what: str) -> Path:
    """Add a check to the record beside the lab file; a power cut leaves the old record or the new one.

    Parameters
    ----------
    what : ``zero``, ``pole`` or ``weight``.
    """
    history = read_record(lab.path)
    entry = {
        "date_utc": now.astimezone(UTC).isoformat(timespec="seconds"),
        "lab_sha256": lab.sha256,
        "what": what,
        "belts": check.belts,
        "verdict": worst(check.findings).value,
        "plates": check.figures,
        "findings": [
            {**asdict(finding), "verdict": finding.verdict.value} for finding in check.findings
        ],
    }
    path = record_path(lab.path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    text = json.dumps({"latest": entry, "history": [*history, entry]}, indent=2)
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise EkamError(f"{path} cannot be written: {error.strerror}") from None
    return path


@dataclass(frozen=True)
class LatestPlateCheck:
    """What a session says about the plates.

    Attributes
    ----------
    sentence : for the operator.
    good : the last check is one of this lab file and not older than a day, and the last of each kind was
        done in full and without a failure.
    entry : as recorded; empty if there is none.
    """

    sentence: str
    good: bool
    entry: Mapping[str, Any] = field(default_factory=dict)


def latest_plate_check(lab_path: Path, now: datetime) -> LatestPlateCheck:
    """The last check of each kind of the plates of a lab file: when and how it ended. Never raises.

    A pole that failed is not forgotten because somebody looked at the empty plates afterwards.
    """
    again = "run `ekam check --plates --lab LAB`"
    try:
        history = read_record(lab_path)
        if not history:
            return LatestPlateCheck(f"The plates were never checked: {again}.", False)
        newest = history[-1]
        kinds = {str(entry["what"]): entry for entry in history}
        others = [entry for entry in kinds.values() if entry is not newest]
        entries = [newest, *sorted(others, key=_when, reverse=True)]
        said = "; ".join(map(_how_it_ended, entries))
        same = newest["lab_sha256"] == hashlib.sha256(_text(lab_path).encode()).hexdigest()
        age = now.astimezone(UTC) - _when(newest)
        faults = [fault for entry in entries for fault in _faults(entry)]
    except EkamError as error:
        return LatestPlateCheck(f"{error}.", False)
    except (AttributeError, KeyError, ValueError, TypeError):
        return LatestPlateCheck(
            f"{record_path(lab_path).name} cannot be read: move it away and {again}.", False
        )
    if age > FRESH:
        faults.append(f"it is {age.days} days old" if age.days > 1 else "it is older than a day")
    elif age < -timedelta(minutes=5):
        faults.append("it lies in the future: this computer's clock was changed")
    if not same:
        faults.append("the lab file has changed since")
    said = f"Plates last checked {said}"
    if not faults:
        return LatestPlateCheck(f"{said}.", True, newest)
    return LatestPlateCheck(f"{said}; {'; '.join(faults)}: {again}.", False, newest)


_KINDS = {
    "zero": ("empty plates only", ""),
    "pole": ("with the pole", " --pole TOP,TIP"),
    "weight": ("with a weight", " --weight KG"),
}


def _when(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["date_utc"])


def _how_it_ended(entry: Mapping[str, Any]) -> str:
    what = str(entry["what"])
    how, _ = _KINDS.get(what, (what, ""))
    return f"{_when(entry):%Y-%m-%d %H:%M} UTC ({how}): {entry['verdict']}"


def _faults(entry: Mapping[str, Any]) -> list[str]:
    """What the last check of a kind left open."""
    verdict = str(entry["verdict"])
    if verdict not in ("failed", "incomplete"):
        return []
    how, option = _KINDS.get(str(entry["what"]), (str(entry["what"]), ""))
    bad = [f["check"] for f in entry.get("findings", []) if f.get("verdict") == verdict]
    said = f"it {'failed' if verdict == 'failed' else 'is incomplete'} ({', '.join(bad)})"
    return [said + (f" and is to be done again {how} (`--plates{option}`)" if option else "")]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
