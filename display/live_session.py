"""A session on streams that are there: what ``ekam live`` and the set-up window run."""

import os
from pathlib import Path

from display.protocol_choice import chosen
from display.runner import Waits, chosen_picture, options_of, run_session
from stream.errors import EkamError
from stream.lab import read_lab
from stream.lsl import LslSource
from stream.lsl_config import SESSION_VARIABLE, use_loopback
from stream.replay import of_publisher
from stream.results import refuse_existing
from stream.subject_file import read_subject


def run_live(
    lab: Path,
    subject: Path,
    *,
    out: Path | None = None,
    feedback: str = "",
    display: str = "",
    sound: str = "",
    screen: str = "",
    allow_replay: bool = False,
    network: bool = False,
    wait_s: float = 10.0,
    protocol: str = "",
    session: int | None = None,
    leg: str = "",
    arm: str = "",
    participant: str = "",
    store: Path = Path("participants"),
    resume: bool = False,
    anew: bool = False,
    go_on: Path | None = None,
    publisher: str = "",
    waits: Waits | None = None,
) -> None:
    """Run it to its end; all but the last two are options of ``ekam live``.

    Parameters
    ----------
    publisher : of a replay, whose streams are taken and nobody else's; empty for any.
    waits : of the window from which the session was started.

    Raises
    ------
    EkamError : no session came about, or it had to end.
    """
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
        lab=lab_file,
    )
    if runs is not None and feedback:
        raise EkamError("the protocol says what the walker is shown: leave out --feedback")
    if runs is not None and runs.comes is not None:
        out = out or runs.comes.folder
    chosen_picture(display, sound)
    if (allow_replay and not network) or SESSION_VARIABLE in os.environ:
        use_loopback()
    queries = lab_file.lab.queries()
    if publisher:
        queries = of_publisher(publisher, queries)
    source = LslSource(*queries, allow_replay=allow_replay, resolve_timeout_s=wait_s)
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
        waits=waits,
    )
