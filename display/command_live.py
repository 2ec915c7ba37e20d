"""``ekam live``: a session on the lab's own streams."""

from pathlib import Path
from typing import Annotated

import typer

from display import options


def live(
    lab: options.Lab,
    subject: options.SubjectFile,
    out: options.SessionFolder = None,
    feedback: options.Feedback = "",
    display: options.Picture = "",
    sound: options.Tone = "",
    screen: options.WalkerScreen = "",
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
    protocol: options.Protocol = "",
    session: options.SessionNumber = None,
    leg: options.Leg = "",
    arm: options.Arm = "",
    participant: Annotated[
        str, typer.Option(help="Run the next session of this participant (see `ekam participant`).")
    ] = "",
    store: options.Store = Path("participants"),
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
