"""``ekam participant``: enrol somebody in a protocol, see where they are, note an outcome."""

from pathlib import Path
from typing import Annotated

import typer

from display import options

UNTOLD = ("utc", "what", "personal", "variable", "label")
"""Of a line of the journal, on the console."""


def participant(
    person: Annotated[str, typer.Argument(metavar="ID", help="Pseudonym.")],
    protocol: options.Protocol = "",
    leg: options.Leg = "",
    arm: options.Arm = "",
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal", help="With --protocol: nobody's; its sessions run on replayed streams."
        ),
    ] = False,
    answer: Annotated[
        tuple[str, float] | None,
        typer.Option(help="Note an outcome: its name and the total, e.g. 'WOMAC pain' 7."),
    ] = None,
    store: options.Store = Path("participants"),
) -> None:
    """Enrol a participant, show where the schedule stands, or note an outcome.

    Example: ekam participant S01 --protocol foot_angle --leg right

    Example: ekam participant S01 --answer "WOMAC pain" 7
    """
    from display.protocol_choice import side_of
    from display.say import out
    from stream.errors import EkamError
    from stream.participants import enrol, read_participant
    from stream.protocol_file import read_protocol

    if protocol:
        file = read_protocol(protocol)
        if answer is not None:
            file.protocol.check_answer(*answer)  # refused before anything is written
        known = enrol(store, person, file, side_of(leg), arm, rehearsal=rehearsal)
        out.print(f"{known.id} is enrolled in {known.file.protocol.name}: {known.folder}")
    else:
        if leg or arm or rehearsal:
            raise EkamError("--leg, --arm and --rehearsal are said once, together with --protocol")
        known = read_participant(store, person)
    if answer is not None:
        known.file.protocol.check_answer(*answer)
        session = known.next().session
        before = known.noted(answer[0], session)
        more = {} if before is None else {"replaces": before}
        known.note("answer", session=session, name=answer[0], value=answer[1], **more)
        if before is not None:
            out.print(f"{answer[0]} of session {session}: {answer[1]:g} instead of {before:g}.")
    _show(known.folder, store, person)


def _show(folder: Path, store: Path, person: str) -> None:
    from rich.markup import escape

    from display.say import out
    from stream.participants import ago, read_participant

    known = read_participant(store, person)
    comes, sessions = known.next(), known.file.protocol.sessions
    told = {"begun", "ended", "left", "answer", "target"}
    if known.file.protocol.blinded:
        told.discard("target")  # its band tells the arm
    for each in known.journal():
        if each.get("what") in told:
            more = {k: v for k, v in each.items() if k not in UNTOLD}
            said = ", ".join(f"{key} {value}" for key, value in more.items())
            out.print(escape(f"{each['utc']}  {each['what']}: {said}"))
    if comes.running:
        out.print(f"Session {comes.session} of {sessions} is running.")
    elif comes.broken is not None:
        out.print(f"Session {comes.session} of {sessions} broke off {ago(comes.broken_h)}.")
        if comes.damaged:
            out.print(escape(f"It cannot go on: {comes.damaged}."))
    elif comes.session > sessions:
        out.print(f"All {sessions} sessions are over.")
    else:
        out.print(f"Session {comes.session} of {sessions} comes next.")
