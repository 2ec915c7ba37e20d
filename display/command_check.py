"""``ekam check``: what is on the network, and does it fit the lab file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def check(
    lab: Annotated[
        Path | None, typer.Option(help="The laboratory file; without it streams are only listed.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="How long to receive.")] = 6.0,
    subject: Annotated[
        Path | None, typer.Option(help="Who stands there: mass and needed markers are compared.")
    ] = None,
    mass: Annotated[
        float | None, typer.Option(min=10.0, max=300.0, help="Mass of who stands there, kg.")
    ] = None,
    tap: Annotated[
        str, typer.Option(help="Marker on a rod that you strike on the belts: times are compared.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the streams' health until Ctrl-C.")
    ] = False,
    plates: Annotated[
        bool,
        typer.Option("--plates", help="The daily check of the plates; kept beside the lab file."),
    ] = False,
    pole: Annotated[
        str, typer.Option(help="With --plates: markers on a pole, TOP,TIP (labels in the stream).")
    ] = "",
    tip_mm: Annotated[
        float, typer.Option(min=0.0, max=1000.0, help="From the TIP marker to the pole's tip, mm.")
    ] = 0.0,
    weight: Annotated[
        float | None,
        typer.Option(min=5.0, max=300.0, help="With --plates: known weight put down, kg."),
    ] = None,
    at: Annotated[
        str,
        typer.Option("--at", help="With --weight: marker that lies on it (label in the stream)."),
    ] = "",
    allow_replay: Annotated[
        bool,
        typer.Option(
            "--allow-replay", help="Admit replayed streams, for testing (this machine only)."
        ),
    ] = False,
    network: Annotated[
        bool, typer.Option("--network", help="With --allow-replay: look on the whole network.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0.5, help="Seconds to look for streams.")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the set-up: streams, names, units, axes, rates, clocks, and the plates' zero, sides and weight.

    Without --lab it lists every stream and says what to write into the lab file. Check three times: with
    empty belts, with someone standing one foot on each plate, and walking.

    Example: ekam check --lab lab.toml --mass 72.5
    """
    import json
    import os

    from display.check_say import (
        finding_table,
        print_findings,
        print_streams,
        stream_table,
        summary,
    )
    from display.say import out, stage
    from stream.check_network import lab_lines, survey
    from stream.check_seen import Verdict, worst
    from stream.errors import EkamError
    from stream.lab import read_lab
    from stream.lsl_config import SESSION_VARIABLE, use_loopback
    from stream.subject_file import read_subject

    refuse_ignored(
        "with --plates only: add --plates",
        ()
        if plates
        else (("--pole", pole), ("--tip-mm", tip_mm), ("--weight", weight), ("--at", at)),
    )
    walker = (("--tap", tap), ("--mass", mass), ("--subject", subject))
    refuse_ignored("not used with --plates: check for it by itself", walker if plates else ())
    shown = (*walker, ("--plates", plates), ("--json", as_json))
    refuse_ignored("not used with --watch: check for it by itself", shown if watch else ())
    if lab is None and (watch or plates or tap or subject is not None or mass is not None):
        raise EkamError("a lab file is needed to judge what is received: add --lab LAB")
    lab_file = None if lab is None else read_lab(lab)
    person = None if subject is None else read_subject(subject).subject
    if (allow_replay and not network) or SESSION_VARIABLE in os.environ:
        use_loopback()
    if lab_file is not None and watch:
        from display.check_watch import watch_streams

        watch_streams(lab_file.lab, allow_replay=allow_replay)
        return
    if lab_file is not None and plates:
        from display.check_plates import run_plate_check

        run_plate_check(
            lab_file, seconds=seconds, pole_text=pole, tip_m=1e-3 * tip_mm, weight_kg=weight, at=at,
            allow_replay=allow_replay, wait_s=wait, as_json=as_json,
        )  # fmt: skip
        return
    with stage(f"Looking for streams for {wait:g} s …"):
        found = survey(wait, () if lab_file is None else lab_file.lab.queries())
    if lab_file is None:
        lines = lab_lines(found)
        if as_json:
            out.print_json(json.dumps({"streams": stream_table(found), "lab_lines": lines}))
        else:
            print_streams(found)
            if found:
                out.print("\nFor the lab file:\n" + "\n".join(lines))
        if not found:
            raise typer.Exit(1)
        return
    from display.check_run import check_streams

    findings = check_streams(
        lab_file.lab, found, seconds=seconds, mass_kg=mass, subject=person, tap=tap,
        allow_replay=allow_replay,
    )  # fmt: skip
    if as_json:
        table = {
            "lab": lab_file.lab.name,
            "lab_sha256": lab_file.sha256,
            "verdict": worst(findings).value,
            "findings": finding_table(findings),
            "streams": stream_table(found),
        }
        out.print_json(json.dumps(table))
    else:
        print_findings(findings)
        out.print(summary(findings))
    if worst(findings) in (Verdict.FAILED, Verdict.INCOMPLETE):
        raise typer.Exit(1)


def refuse_ignored(why: str, given: Iterable[tuple[str, object]]) -> None:
    """Refuse options that would be silently ignored beside others.

    Parameters
    ----------
    given : name and value of each that is ignored; one that was not given is empty, zero or None.

    Raises
    ------
    EkamError : one of them was given.
    """
    from stream.errors import EkamError

    for name, value in given:
        if value:
            raise EkamError(f"{name} is {why}")
