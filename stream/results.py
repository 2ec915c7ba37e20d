"""The folder of a session: made, given its inputs, and summed up in session.json."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from math import isnan
from pathlib import Path
from typing import Any

from compute import Side
from stream.errors import EkamError
from stream.lab import LabFile
from stream.sinks import Outcome
from stream.source import Role
from stream.subject_file import SubjectFile

METHOD = {
    "ekam": "external knee adduction moment (the load that the environment applies; the internal net joint "
    "moment is its negative), positive = adduction, both legs alike: full Newton-Euler of foot and shank, "
    "the plate wrench about the knee joint centre and their weight and inertia, in the tibia frame",
    "inertia": "segment masses, centres and inertia of Dumas & Wojtusch 2018 by sex, scaled by body mass and "
    "segment length, as subject.toml holds them",
    "filter": "zero-lag Butterworth (2nd order, two passes) of one cut-off on markers, forces and plate "
    "moments, each at its own rate",
    "columns": "vector = quasi-static, without weight and inertia of the segments; jcs = about the floating "
    "axis of the joint coordinate system; angles and moments of other joints by the same run",
}
"""How the scored values come about, in words."""

PACKAGES = ("ekam", "ezc3d", "numba", "numpy", "pylsl", "scipy")


def refuse_existing(path: Path | None) -> None:
    """Refuse an output that exists, before any work is done."""
    try:
        taken = path is not None and path.exists()
    except OSError as error:
        raise EkamError(f"{path} cannot be written: {error.strerror}") from None
    if taken:
        raise EkamError(f"{path} exists and is not written into: choose another name with -o")


def new_folder(chosen: Path | None, subject_id: str) -> Path:
    """Make the session folder; an existing one is refused.

    Raises
    ------
    EkamError : it exists or cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = chosen or Path("sessions") / f"{subject_id}_{stamp}"
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise EkamError(
            f"{folder} exists and is not written into: choose another folder with -o"
        ) from None
    except OSError as error:
        raise EkamError(f"{folder} cannot be made: {error}") from None
    return folder


def keep_inputs(folder: Path, lab: LabFile, subject: SubjectFile) -> None:
    """Copy the laboratory and subject files verbatim."""
    (folder / "lab.toml").write_text(lab.text, encoding="utf-8")
    (folder / "subject.toml").write_text(subject.text, encoding="utf-8")


def write_session_json(
    folder: Path,
    outcome: Outcome,
    lab: LabFile,
    subject: SubjectFile,
    *,
    mode: str,
    origin: Mapping[str, Any],
    begun_utc: datetime | None = None,
    plate_check: Mapping[str, Any] | None = None,
) -> None:
    """``session.json``: what ran, on what, with which settings and how it went.

    Parameters
    ----------
    mode : ``live``, ``replay``, ``demo`` or ``process``.
    origin : where the data came from: file and hash, or the LSL configuration.
    begun_utc : when the walker's session began; None for one that is computed again.
    plate_check : how the plates' last daily check ended; None where it does not apply.
    """
    tally = outcome.tally
    table = {
        "mode": mode,
        "begun_utc": None if begun_utc is None else begun_utc.isoformat(timespec="seconds"),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "origin": dict(origin),
        "lab": {"name": lab.lab.name, "sha256": lab.sha256},
        "subject": {"id": subject.subject.id, "sha256": subject.sha256},
        "method": METHOD,
        "filter": lab.lab.filter.model_dump(),
        "events": lab.lab.events.model_dump(),
        "notes": list(outcome.notes),
        "plate_check": None if plate_check is None else dict(plate_check),
        "sync": outcome.sync.table(),
        "feedback": dict(outcome.feedback),
        "protocol": dict(outcome.protocol) or None,
        "streams": {
            role.value: {
                "name": info.name,
                "type": info.type,
                "channels": len(info.channels),
                "nominal_rate_hz": info.nominal_rate_hz,
                "rate_used_hz": outcome.rates_hz[role],
                "number_format": info.number_format,
                "source_id": info.source_id,
                "hostname": info.hostname,
                "replay": info.replay,
                "samples_with_stamps_that_did_not_increase": outcome.dropped.get(role, 0),
                "health": _health(outcome, role),
            }
            for role, info in outcome.infos.items()
        },
        "stances": {
            "valid": {side.word: len(tally.valid(side)) for side in Side},
            "rejected": sum(tally.rejected(side) for side in Side),
            "reasons": dict(sorted(tally.reasons.items())),
        },
        **outcome.latency.table(),
        "live_delay_ms": _number(1e3 * outcome.live_delay_s),
    }
    with (folder / "session.json").open("x", encoding="utf-8") as file:
        json.dump(table, file, indent=2)
        file.write("\n")


def _health(outcome: Outcome, role: Role) -> dict[str, Any] | None:
    """How a stream was at the end of the session."""
    for health in outcome.healths:
        if health.role is role:
            return {
                "state": health.state.value,
                "message": health.message,
                "samples": health.samples,
                "missing": health.missing,
                "publishers_bound": health.bound,
                "rate_hz": _number(health.rate_hz),
                "clock_offset_ms": _number(1e3 * health.clock_offset_s),
                "mean_lateness_of_stamps_ms": _number(1e3 * health.jitter_s),
            }
    return None


def _number(value: float) -> float | None:
    return None if isnan(value) else value
