"""``ekam report``: what a session, or all sessions of a person, came to, as a page to read and print."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    session: Annotated[
        Path,
        typer.Argument(help="A session's folder, or a participant's folder that holds several."),
    ],
    unblind: Annotated[
        bool,
        typer.Option(
            "--unblind", help="Also tell the arm, target and success of a blinded session."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as one JSON object and write nothing.")
    ] = False,
) -> None:
    """Write report.html: steps used and rejected, change from baseline, its price, curves, latency, checks.

    A participant's folder gets a page over all sessions. An older report is kept as report_old1.html.
    A session that was cut off gets a report, too, which says what is missing. A folder that cannot be
    read does not hold up the page over the others: it is named there, and the exit code is 1.

    Example: ekam report sessions/S01_20261122T101500Z
    """
    import json

    from display.say import err, out, stage
    from stream.course import course
    from stream.parts import whole
    from stream.plain import plain
    from stream.session_folder import find_sessions, is_session, read_session, read_sessions
    from stream.summary import summarise

    folders = find_sessions(session)
    path: Path | None = None
    kept: Path | None = None
    partial = False
    if is_session(session):
        if as_json:
            found = summarise(whole(read_session(session)), unblind=unblind)
            out.print_json(json.dumps(plain(found)))
            return
        from display.report import write_session_report

        with stage(f"Summing up {session.name} …"):
            path, kept = write_session_report(session, unblind=unblind)
    else:
        with stage(f"Summing up {len(folders)} sessions …"):
            read, unread = read_sessions(folders)
            together = course(read, unread, unblind=unblind)
            partial = bool(together.unread)
            if not as_json:
                from display.report import UNBLINDED, WRITTEN, course_page, write_text

                hidden = unblind and any(each.concealed for each in read)
                path = session / (UNBLINDED if hidden else WRITTEN)
                kept = write_text(path, course_page(together))
        if as_json:
            out.print_json(json.dumps(plain(together)))
        for sentence in together.unread:
            err.print(f"Left out: {sentence}.")
    if kept is not None:
        err.print(f"The report that was there is kept as {kept.name}")
    if path is not None:
        out.print(f"Report: {path}")
    if partial:
        raise typer.Exit(1)
