"""``ekam export``: tables over sessions and participants, and C3D files of spans of a session."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    sessions: Annotated[
        list[Path], typer.Argument(help="Session folders, or folders that hold several.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.")] = Path("export"),
    block: Annotated[
        list[str] | None, typer.Option(help="A C3D file of this block; may be given several times.")
    ] = None,
    start: Annotated[
        float | None, typer.Option(min=0.0, help="A C3D file from here, s of the session.")
    ] = None,
    end: Annotated[float | None, typer.Option(min=0.0, help="… to here.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="A C3D file of the whole session.")] = False,
    curves: Annotated[
        bool, typer.Option("--curves", help="Also the curves of every stance.")
    ] = False,
    unblind: Annotated[
        bool, typer.Option("--unblind", help="Also what tells the arm of a blinded session.")
    ] = False,
) -> None:
    """Write stances.csv, one row a stance over all sessions, with a codebook, and blocks.csv, answers.csv,
    sessions.csv; on request curves and C3D files.

    C3D files hold markers and plates as recorded, foot strikes and foot offs, and the person's mass; the
    lab and subject file beside them score them again with `ekam process`. An existing folder is not
    written into. What cannot be read of one session does not hold up the others: it is named, and the
    exit code is 1. A session without the block that was asked for has no C3D file of it, and is named.

    Example: ekam export sessions/S01_20261122T101500Z --block train -o for_visual3d

    Example: ekam export sessions --curves -o study
    """
    from display.say import err, stage
    from display.say import out as console
    from stream.codebook import codebook, write_codebook
    from stream.errors import EkamError
    from stream.export_c3d import export_c3d, file_name_of, spans_of_all
    from stream.results import refuse_existing
    from stream.session_folder import find_sessions, has_curves, read_sessions
    from stream.tidy import Study, study_stances, write_curves
    from stream.tidy_more import write_answers, write_blocks, write_sessions

    refuse_existing(out)
    paths = dict.fromkeys(path.resolve() for given in sessions for path in find_sessions(given))
    read, unread = read_sessions(paths)
    left_out = [each.why for each in unread]
    names = [(each.subject_id, each.name) for each in read]
    for person, name in names:
        if names.count((person, name)) > 1:
            raise EkamError(
                f"two sessions of {person} are called {name}: their rows could not be told apart, rename one"
            )
    wanted, without = spans_of_all(read, block or [], start, end, whole)
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise EkamError(f"{out} cannot be made: {error.strerror}") from None
    with stage(f"Writing {len(read)} sessions …"):
        study = Study(read, unblind=unblind)
        rows = study_stances(study, out / "stances.csv")
        write_codebook(out / "codebook.csv", codebook(unblind=unblind))
        console.print(
            f"{out / 'stances.csv'}: {rows} stances of {len(read)} sessions, columns in "
            f"codebook.csv"
        )
        for name, write, what in (
            ("blocks.csv", write_blocks, "attempts at blocks, leg by leg"),
            ("answers.csv", write_answers, "answers"),
            ("sessions.csv", write_sessions, "recordings"),
        ):
            console.print(f"{out / name}: {write(study, out / name)} {what}")
        if curves:
            rows = write_curves(read, out / "curves.csv")
            console.print(f"{out / 'curves.csv'}: {rows} points")
            left_out += [
                f"the curves of {file_name_of(each)}, which has no readable curves.csv: "
                "`ekam process` makes it again from a raw.xdf"
                for each in read
                if not has_curves(each.path)
            ]
        unfollowed = {each.path for each in study.unfollowed()}
        for session in read:
            said = file_name_of(session)
            if session.lacking:
                err.print(f"{said}: {'; '.join(session.lacking)}")
            if session.path in unfollowed:
                err.print(
                    f"{said}: protocol.jsonl is missing or damaged: attempts, what was judged and "
                    "baselines are left empty"
                )
            if session.concealed and not unblind:
                err.print(
                    f"{said} is blinded: what tells its arm is left empty (--unblind tells it)"
                )
            if wanted[session.path]:
                try:
                    made, notes = export_c3d(session, wanted[session.path], out)
                except EkamError as error:
                    if len(paths) == 1:
                        raise
                    left_out.append(str(error))
                    continue
                for note in notes:
                    err.print(f"{said}: {note}")
                for path in made:
                    console.print(str(path))
    for sentence in without:
        err.print(f"{sentence}.")
    for sentence in left_out:
        err.print(f"Left out: {sentence}.")
    if left_out:
        raise typer.Exit(1)
