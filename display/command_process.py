"""``ekam process``: score a recording, the same path as live, without LSL and without windows."""

from pathlib import Path
from typing import Annotated

import typer

from display import options


def process(
    recording: Annotated[
        Path | None,
        typer.Argument(help="An .xdf, a .c3d, or a .trc with its .mot beside it."),
    ] = None,
    lab: Annotated[Path | None, typer.Option(help="The laboratory file, lab.toml.")] = None,
    subject: Annotated[
        Path | None, typer.Option(help="The subject file that `ekam calibrate` wrote.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Session folder to make.")] = None,
    verify: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a recording: a session's folder, to be computed again and compared."
        ),
    ] = None,
    trace: Annotated[
        bool,
        typer.Option("--trace", help="Also write trace.csv: EKAM, KFM and load per marker frame."),
    ] = False,
    feedback: options.Feedback = "",
    forces: Annotated[
        Path | None, typer.Option(help="Force file of a .trc (default: beside it).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    protocol: options.Protocol = "",
    session: options.SessionNumber = None,
    leg: options.Leg = "",
    arm: options.Arm = "",
    wishes: Annotated[
        Path | None,
        typer.Option(
            help='With --protocol: what the operator asks, lines of {"ask": "next", "at_s": 60}.'
        ),
    ] = None,
) -> None:
    """Score every stance of a recording, or prove that a session's folder repeats itself.

    Example: ekam process walk.c3d --lab lab.toml --subject S01.toml -o out --trace

    Example: ekam process --verify sessions/S01_20261122T101500Z
    """
    if verify is not None:
        if recording is not None:
            raise typer.BadParameter("--verify takes a session's folder and no recording")
        _verify(verify, as_json)
        return
    if recording is None or lab is None or subject is None or out is None:
        given = {"RECORDING": recording, "--lab": lab, "--subject": subject, "-o": out}
        missing = ", ".join(name for name, value in given.items() if value is None)
        raise typer.BadParameter(f"missing: {missing}")
    _process(
        recording, lab, subject, out, trace, feedback, forces, as_json,
        (protocol, session, leg, arm, wishes),
    )  # fmt: skip


def _verify(folder: Path, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from display.say import err, out, stage
    from stream.errors import EkamError
    from stream.verify import verify

    with stage(f"Computing {folder.name} again …"):
        found = verify(folder)
    for note in found.notes:
        err.print(note)
    if as_json:
        out.print_json(json.dumps({"session": str(folder), **asdict(found)}))
    if found.difference:
        raise EkamError(f"{folder} does not repeat itself: {found.difference}")
    if as_json:
        return
    out.print(f"{folder}: {found.stances} stances, every column the same, bit for bit")
    if found.beyond:
        out.print(f"{found.beyond} more cannot be compared: the recording broke off with them")


def _process(
    recording: Path,
    lab: Path,
    subject: Path,
    out: Path,
    trace: bool,
    feedback: str,
    forces: Path | None,
    as_json: bool,
    protocol: tuple[str, int | None, str, str, Path | None],
) -> None:
    import hashlib
    import json

    from rich.progress import Progress

    from compute import Side
    from display.protocol_choice import of_file, tell_protocol
    from display.say import err, stage, stance_table, summary_json, summary_table
    from display.say import out as console
    from stream.body_checks import check_plate_sides, heading_note, unused_plates
    from stream.errors import EkamError
    from stream.file_source import FileSource
    from stream.lab import read_lab
    from stream.readers import read_recording
    from stream.results import (
        keep_inputs,
        new_folder,
        refuse_existing,
        write_session_json,
    )
    from stream.session import Session
    from stream.sinks import StanceSink
    from stream.status import SessionView
    from stream.subject_file import read_subject
    from stream.tables import CurvesCsv, StancesCsv, TraceCsv

    refuse_existing(out)
    lab_file, subject_file = read_lab(lab), read_subject(subject)
    runs = of_file(*protocol, subject=subject_file)
    if runs is not None and feedback:
        raise EkamError("the protocol says what the walker is shown: leave out --feedback")
    target = lab_file.lab.target(feedback) if runs is None else runs.target
    with stage(f"Reading {recording.name} …"):
        read = read_recording(recording, lab_file.lab, forces)
    notes = [*read.notes, heading_note(read, lab_file.lab)]
    if subject_file.lab_sha256 != lab_file.sha256:
        notes.append(f"{subject.name} was calibrated with another lab file than {lab.name}")
    for note in filter(None, notes):
        err.print(note)
    source = FileSource(read)

    view = SessionView()
    view.control.start()
    session = Session(
        source, lab_file.lab, subject_file.subject, view, target=target, live=False, protocol=runs
    )
    for note in session.open().notes:
        err.print(note)
    check_plate_sides(read, lab_file.lab, subject_file.subject)
    folder = new_folder(out, subject_file.subject.id)
    keep_inputs(folder, lab_file, subject_file)
    if runs is not None:
        runs.keep(folder)
    tables: list[StanceSink] = [StancesCsv(folder, sync=False), CurvesCsv(folder)]
    session.keep([*tables, TraceCsv(folder)] if trace else tables)
    if not err.is_terminal:
        err.print("Scoring …")
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Scoring", total=1.0)
        outcome = session.run(
            str(folder), on_step=lambda: progress.update(task, completed=source.progress)
        )
    if outcome.fault:
        raise EkamError(outcome.fault)
    write_session_json(
        folder,
        outcome,
        lab_file,
        subject_file,
        mode="process",
        origin={
            "file": recording.name,
            "sha256": hashlib.sha256(recording.read_bytes()).hexdigest(),
            "notes": list(filter(None, notes)),
        },
    )
    idle = unused_plates(
        read, lab_file.lab, set(Side) - {stance.side for stance in outcome.stances}
    )
    if not outcome.stances:
        raise EkamError(
            f"{recording.name} holds no stance that could be scored: " + "; ".join(idle)
        )
    for note in idle:
        err.print(note)
    if outcome.sync.alarming:
        err.print(f"Warning: {outcome.sync.alarming}.")
    if as_json:
        table = {
            "folder": str(folder),
            "sides": summary_json(outcome.tally),
            "reasons": dict(sorted(outcome.tally.reasons.items())),
            "sync": outcome.sync.table(),
            "protocol": dict(outcome.protocol) or None,
            "notes": list(filter(None, [*notes, *outcome.notes, *idle])),
        }
        console.print_json(json.dumps(table))
        return
    console.print(stance_table(outcome.stances))
    console.print(summary_table(outcome.tally))
    if runs is not None:
        tell_protocol(runs)
    console.print(f"Session folder: {folder}")
