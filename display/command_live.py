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
    from display.live_session import run_live

    run_live(
        lab,
        subject,
        out=out,
        feedback=feedback,
        display=display,
        sound=sound,
        screen=screen,
        allow_replay=allow_replay,
        network=network,
        wait_s=wait,
        protocol=protocol,
        session=session,
        leg=leg,
        arm=arm,
        participant=participant,
        store=store,
        resume=resume,
        anew=anew,
        go_on=go_on,
    )
