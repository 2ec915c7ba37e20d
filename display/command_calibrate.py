"""``ekam calibrate``: from a static trial to a subject file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Sex(StrEnum):
    """Which inertia table fits the body."""

    F = "f"
    M = "m"


def calibrate(
    static: Annotated[
        str, typer.Argument(help="A static trial (.c3d, .trc), or `live` to record one now.")
    ],
    lab: Annotated[Path, typer.Option(help="The laboratory file, lab.toml.")],
    mass: Annotated[float, typer.Option(min=10.0, max=300.0, help="Body mass as walked, kg.")],
    height: Annotated[float, typer.Option(min=0.8, max=2.5, help="Body height, m.")],
    sex: Annotated[Sex, typer.Option(help="f or m.")],
    id_: Annotated[
        str, typer.Option("--id", help="Pseudonym: letters, digits, dot, dash, underscore.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Subject file to write.")],
    from_walking: Annotated[
        bool,
        typer.Option("--from-walking", help="The trial is a walk in which every landmark is seen."),
    ] = False,
    knee_width: Annotated[
        float | None,
        typer.Option(
            min=50.0, max=200.0, help="Width of the knee, mm: where it has no medial marker."
        ),
    ] = None,
    ankle_width: Annotated[
        float | None,
        typer.Option(
            min=40.0, max=150.0, help="Width of the ankle, mm: where it has no medial marker."
        ),
    ] = None,
    marker_radius: Annotated[
        float, typer.Option(min=1.0, max=20.0, help="Radius of the markers, mm; beside the widths.")
    ] = 7.0,
    leg_length: Annotated[
        float | None,
        typer.Option(
            min=400.0,
            max=1300.0,
            help="ASIS to medial malleolus, mm (default: measured between the markers).",
        ),
    ] = None,
    forces: Annotated[
        Path | None, typer.Option(help="Force file of a .trc (default: beside it).")
    ] = None,
    allow_replay: Annotated[
        bool,
        typer.Option("--allow-replay", help="With `live`: admit replayed streams of this machine."),
    ] = False,
) -> None:
    """Calibrate a person: anatomical points, joint centres, and a check of each.

    Without medial markers (Plug-in Gait) give --knee-width and --ankle-width.

    Example: ekam calibrate static.c3d --lab lab.toml --mass 72.6 --height 1.80 --sex m --id S01 -o S01.toml
    """
    from importlib.metadata import version

    from compute import Side
    from compute.calibration import CalibrationError, JointWidths, Person
    from display.say import err, stage
    from display.say import out as console
    from stream.calibrate_trial import calibrate_trial
    from stream.errors import EkamError
    from stream.lab import read_lab
    from stream.readers import read_recording
    from stream.results import refuse_existing
    from stream.subject_file import check_id, write_subject

    refuse_existing(out)
    check_id(id_)
    lab_file = read_lab(lab)
    if static == "live":
        from display.record import record_live

        trial = record_live(lab_file.lab, seconds=5.0, allow_replay=allow_replay)
    else:
        with stage(f"Reading {static} …"):
            trial = read_recording(Path(static), lab_file.lab, forces)
    for note in trial.notes:
        err.print(note)
    widths = JointWidths(
        None if knee_width is None else 1e-3 * knee_width,
        None if ankle_width is None else 1e-3 * ankle_width,
        1e-3 * marker_radius,
    )
    leg_length_m = None if leg_length is None else 1e-3 * leg_length
    try:
        subject = calibrate_trial(
            trial,
            lab_file.lab,
            Person(id_, mass, height, sex.value, widths, leg_length_m),
            from_walking=from_walking,
        )
    except CalibrationError as error:
        raise EkamError(f"{trial.path.name}: {error}") from None
    write_subject(
        out,
        subject,
        recording=trial,
        lab_sha256=lab_file.sha256,
        from_walking=from_walking,
        version=version("ekam"),
        model=lab_file.lab.model,
    )
    for check in subject.checks:
        console.print(f"{check.verdict:7s} {check.name}: {check.message}")
    for side in Side:
        shank = subject.shank(side)
        console.print(f"{side.word} tibia follows {', '.join(shank.markers())} ({shank.tracking})")
    console.print(f"Subject file: {out}")
