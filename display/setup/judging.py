"""What a look and a static trial come to, computed beside the window; no Qt."""

from dataclasses import dataclass
from importlib.metadata import version
from math import nan
from pathlib import Path

from compute import Check, Subject
from compute.calibration import CalibrationError, JointWidths, Person
from display.setup.answers import Answers
from display.setup.taking import Trial
from stream.calibrate_trial import calibrate_trial, recorded
from stream.check import judge
from stream.check_network import Found, judge_stream
from stream.check_seen import Finding, Seen, seen_stream
from stream.errors import EkamError
from stream.lab import Lab, LabFile
from stream.recording import Recording
from stream.source import Role
from stream.subject_file import SubjectFile, read_subject, write_subject

STATIC_S, WALKING_S = 5.0, 12.0


@dataclass(frozen=True)
class Calibration:
    """What became of a static trial.

    Attributes
    ----------
    subject, trial : None where it was refused; `refusal` then says why.
    """

    checks: tuple[Check, ...]
    subject: Subject | None = None
    trial: Recording | None = None
    refusal: str = ""


def judge_look(
    trial: Trial, lab: Lab, found: tuple[Found, ...], *, mass_kg: float | None, allow_replay: bool
) -> list[Finding]:
    """Every check of `ekam check` on a trial."""
    infos, chunks = trial
    findings: list[Finding] = []
    rtt_s = {}
    for role, query in zip(Role, lab.queries(), strict=True):
        finding, taken = judge_stream(role, query, found, allow_replay=allow_replay)
        findings.append(finding)
        rtt_s[role] = taken.rtt_s if taken is not None else nan
    seen = Seen({role: seen_stream(infos[role], chunks[role], rtt_s[role]) for role in Role})
    return findings + judge(seen, lab, mass_kg=nan if mass_kg is None else mass_kg)


def calibrate_taken(trial: Trial, lab: Lab, answers: Answers) -> Calibration:
    """Calibrate from a trial; a refusal is a value with the checks that were made."""
    assert answers.mass_kg is not None
    assert answers.height_m is not None
    widths = JointWidths(
        None if answers.knee_width_mm is None else 1e-3 * answers.knee_width_mm,
        None if answers.ankle_width_mm is None else 1e-3 * answers.ankle_width_mm,
    )
    person = Person(
        answers.id, answers.mass_kg, answers.height_m, "f" if answers.sex == "f" else "m", widths
    )
    try:
        recording = recorded(*trial, lab)
        subject = calibrate_trial(recording, lab, person, from_walking=answers.from_walking)
    except CalibrationError as error:
        return Calibration(error.checks, refusal=str(error))
    except EkamError as error:
        return Calibration((), refusal=str(error))
    return Calibration(subject.checks, subject, recording)


def write_calibration(
    path: Path, made: Calibration, lab: LabFile, *, from_walking: bool
) -> SubjectFile:
    """Write the subject file and read it back.

    Raises
    ------
    EkamError : it exists or cannot be written.
    """
    assert made.subject is not None
    assert made.trial is not None
    write_subject(
        path,
        made.subject,
        recording=made.trial,
        lab_sha256=lab.sha256,
        from_walking=from_walking,
        version=version("ekam"),
        model=lab.lab.model,
    )
    return read_subject(path)
