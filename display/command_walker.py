"""``ekam walker``: recordings of a synthetic walker, to teach and to test with."""

from pathlib import Path
from typing import Annotated

import typer


def walker(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    toe_out: Annotated[
        float, typer.Option(min=-25.0, max=35.0, help="Foot progression, deg; below 0 = toe-in.")
    ] = 6.0,
    trunk_lean: Annotated[
        float, typer.Option(min=-5.0, max=20.0, help="Largest lean towards the stance leg, deg.")
    ] = 1.5,
    step_width: Annotated[
        float, typer.Option(min=0.04, max=0.4, help="Between the ankles, m.")
    ] = 0.15,
    speed: Annotated[float, typer.Option(min=0.3, max=2.0, help="Of the belts, m/s.")] = 1.10,
    cadence: Annotated[float, typer.Option(min=60.0, max=150.0, help="Steps a minute.")] = 105.0,
    mass: Annotated[float, typer.Option(min=30.0, max=200.0, help="Of the body, kg.")] = 72.0,
    height: Annotated[float, typer.Option(min=1.3, max=2.1, help="Of the body, m.")] = 1.72,
    peak1: Annotated[
        tuple[float, float],
        typer.Option(help="First EKAM peak of the usual walk, left and right, N·m/kg."),
    ] = (0.47, 0.45),
    peak2: Annotated[tuple[float, float], typer.Option(help="Second EKAM peak, likewise.")] = (
        0.41,
        0.40,
    ),
    lowers: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.5, help="Share by which the second half lowers the first peak."
        ),
    ] = 0.17,
    answers: Annotated[
        bool,
        typer.Option(
            "--answers/--no-answers",
            help="EKAM answers to toe-in, lean, width and speed; else it stays what --peak1, --peak2 say.",
        ),
    ] = True,
    strides: Annotated[
        int, typer.Option(min=4, max=3000, help="At least so many; more where samples ask for it.")
    ] = 21,
    marker_rate: Annotated[float, typer.Option(min=50.0, max=400.0, help="Hz.")] = 100.0,
    noise: Annotated[
        bool, typer.Option("--noise", help="0.5 mm, 2 N and 0.5 N·m of white noise.")
    ] = False,
) -> None:
    """Record a synthetic walker whose EKAM is known: walk, static trial, lab and subject file, and the truth.

    By --answers, a made-up rule, toe-in and trunk lean lower the first peak, toe-in raises the second one,
    and a wider step or a slower belt lowers both.

    Example: ekam walker toe-in --toe-out -4 --trunk-lean 6
    """
    import csv
    from importlib.resources import files

    from display.command_calibrate import Sex, calibrate
    from display.say import out as console
    from display.say import stage
    from stream.c3d_write import refuse_too_long, write_c3d
    from stream.errors import EkamError
    from stream.results import refuse_existing
    from stream.synthetic import Noise, static_trial, synthesise, whole_strides
    from stream.synthetic_parameters import WalkParameters
    from stream.synthetic_response import responding

    refuse_existing(out)
    asked = WalkParameters(
        body_mass_kg=mass,
        height_m=height,
        speed_m_per_s=speed,
        cadence_steps_per_min=cadence,
        step_width_m=step_width,
        toe_out_deg=toe_out,
        trunk_lean_deg=trunk_lean,
        peak1_nm_per_kg=peak1,
        peak2_nm_per_kg=peak2,
        response=lowers,
    )
    measured = Noise() if noise else None
    try:
        walks = responding(asked) if answers else asked
        count = whole_strides(walks, strides, marker_rate, 1000.0)
        with stage("Walking …"):
            trial = synthesise(walks, count, marker_rate_hz=marker_rate, noise=measured)
            # Who walks otherwise stands as usual.
            static = static_trial(
                WalkParameters(body_mass_kg=mass, height_m=height), noise=measured
            )
    except ValueError as error:
        raise EkamError(f"nobody walks like that: {error}") from None
    refuse_too_long(trial.recording, trial.recording.path)
    out.mkdir(parents=True)
    lab = out / "synthetic_lab.toml"
    lab.write_text(files("replay_data").joinpath(lab.name).read_text(encoding="utf-8"), "utf-8")
    for recording in (trial.recording, static):
        write_c3d(recording, out / recording.path.name)
    columns = (
        "side",
        "t_on_s",
        "t_off_s",
        "ekam_peak1_nm",
        "ekam_peak2_nm",
        "step_width_m",
        "step_length_m",
    )
    with (out / "synthetic_truth.csv").open("x", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for stance in trial.stances:
            table.writerow([stance.side.word, *(getattr(stance, name) for name in columns[1:])])
    calibrate(
        str(out / static.path.name),
        lab,
        mass,
        height,
        Sex.F,
        "SYNTHETIC",
        out / "synthetic_subject.toml",
    )
    for side, of in (("left", 0), ("right", 1)):
        console.print(
            f"{side}: EKAM peaks {walks.peak1_nm_per_kg[of]:.3f} and {walks.peak2_nm_per_kg[of]:.3f} N·m/kg, "
            f"{count} strides"
        )
    console.print(f"Folder: {out}")
