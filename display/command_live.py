"""``ekam live``: a session on the lab's own streams."""

from pathlib import Path
from typing import Annotated

import typer


def live(
    lab: Annotated[Path, typer.Option(help="The laboratory file, lab.toml.")],
    subject: Annotated[Path, typer.Option(help="The subject file that `ekam calibrate` wrote.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Session folder (default: sessions/ID_TIME).")
    ] = None,
    feedback: Annotated[
        str,
        typer.Option(
            help="What the walker is shown, e.g. ekam_peak1, foot_progression (default: the lab file's)."
        ),
    ] = "",
    display: Annotated[
        str,
        typer.Option(
            help="Its picture: bar, lane, colour, polar, blank (default: the lab file's)."
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
) -> None:
    """Run a session: receive markers and forces over LSL, score every stance, show the walker a band.

    With a screen the operator starts and stops it; without one it starts at once and ends on Ctrl-C.
    A replay ends it when the replay ends.

    Example: ekam live --lab lab.toml --subject S01.toml
    """
    import os

    from display.runner import chosen_picture, options_of, run_session
    from stream.lab import read_lab
    from stream.lsl import LslSource
    from stream.lsl_config import SESSION_VARIABLE, use_loopback
    from stream.results import refuse_existing
    from stream.subject_file import read_subject

    refuse_existing(out)
    lab_file, subject_file = read_lab(lab), read_subject(subject)
    lab_file.lab.target(feedback)  # refused before the streams are looked for
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
    )
