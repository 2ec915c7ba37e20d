"""``ekam live``: a session on the lab's own streams."""

from pathlib import Path
from typing import Annotated

import typer

from display import listings


def live(
    lab: Annotated[Path, typer.Option(help="The laboratory file, lab.toml.")],
    subject: Annotated[Path, typer.Option(help="The subject file that `ekam calibrate` wrote.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Session folder (default: sessions/ID_TIME).")
    ] = None,
    feedback: Annotated[
        str,
        typer.Option(
            help="What the walker is shown, e.g. foot_progression (? lists all; default: the lab file's).",
            callback=listings.variables,
            is_eager=True,
        ),
    ] = "",
    display: Annotated[
        str,
        typer.Option(
            help="Its picture: bar, lane, colour, polar, blank (? lists all; default: the lab file's).",
        ),
    ] = "",
    sound: Annotated[
        str,
        typer.Option(help="Tone with the verdict: off, inside, both (default: the lab file's)."),
    ] = "",
    screen: Annotated[
        str,
        typer.Option(help="Name of the walker's screen, or a part of it (default: the last one)."),
    ] = "",
    allow_replay: Annotated[
        bool,
        typer.Option(
            "--allow-replay",
            help="Admit replayed streams, for testing (this machine only).",
        ),
    ] = False,
    network: Annotated[
        bool, typer.Option("--network", help="With --allow-replay: look on the whole network.")
    ] = False,
    wait: Annotated[float, typer.Option(min=1.0, help="Seconds to look for the streams.")] = 10.0,
    protocol: Annotated[
        str,
        typer.Option(
            help="What is run: a file, or a template's name; ? lists them.",
            callback=listings.protocols,
            is_eager=True,
        ),
    ] = "",
    session: Annotated[
        int | None, typer.Option(min=1, help="With --protocol: which of its sessions (default: 1).")
    ] = None,
    leg: Annotated[str, typer.Option(help="With --protocol: the trained leg, left or right.")] = "",
    arm: Annotated[str, typer.Option(help="With --protocol: the code of the arm.")] = "",
    participant: Annotated[
        str, typer.Option(help="Run the next session of this participant (see `ekam participant`).")
    ] = "",
    store: Annotated[Path, typer.Option(help="Folder of all participants.")] = Path("participants"),
    resume: Annotated[
        bool, typer.Option("--resume", help="With --participant: go on with what broke off.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="With --participant: begin again what broke off.")
    ] = False,
    go_on: Annotated[
        Path | None, typer.Option(help="Go on with a session that broke off: its folder.")
    ] = None,
) -> None:
    """Run a session: receive markers and forces over LSL, score every stance, show the walker a band.

    With a screen the operator starts and stops it; without one it starts at once and ends on Ctrl-C.
    A replay ends it when the replay ends.

    Example: ekam live --lab lab.toml --subject S01.toml

    Example: ekam live --lab lab.toml --subject S01.toml --protocol ekam_retraining
    """
    import os

    from display.protocol_choice import chosen
    from display.runner import chosen_picture, options_of, run_session
    from stream.errors import EkamError
    from stream.lab import read_lab
    from stream.lsl import LslSource
    from stream.lsl_config import SESSION_VARIABLE, use_loopback
    from stream.results import refuse_existing
    from stream.subject_file import read_subject

    refuse_existing(out)
    lab_file, subject_file = read_lab(lab), read_subject(subject)
    lab_file.lab.target(feedback)  # refused before the streams are looked for
    runs = chosen(
        protocol,
        participant=participant,
        store=store,
        session=session,
        leg=leg,
        arm=arm,
        go_on=go_on,
        resume=resume,
        anew=anew,
        subject=subject_file,
    )
    if runs is not None and feedback:
        raise EkamError("the protocol says what the walker is shown: leave out --feedback")
    if runs is not None and runs.comes is not None:
        out = out or runs.comes.folder
    chosen_picture(display, sound)
    if (allow_replay and not network) or SESSION_VARIABLE in os.environ:
        use_loopback()
    source = LslSource(*lab_file.lab.queries(), allow_replay=allow_replay, resolve_timeout_s=wait)
    run_session(
        source,
        lab_file,
        subject_file,
        out=out,
        mode="live",
        feedback=feedback,
        display=display,
        sound=sound,
        options=options_of(lab_file, screen),
        protocol=runs,
    )
