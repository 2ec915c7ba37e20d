"""Where reports are written: complete or not at all, and never over an older one without keeping it."""

import os
from pathlib import Path

from display.report.page import session_page
from stream.errors import EkamError
from stream.parts import whole
from stream.session_folder import read_session
from stream.summary import summarise

WRITTEN = "report.html"
UNBLINDED = "report_unblinded.html"


def write_session_report(folder: Path, *, unblind: bool = False) -> tuple[Path, Path | None]:
    """Write the report of a session into its folder.

    Returns
    -------
    The report, and under which name an older, different one was kept.
    """
    session = whole(read_session(folder))
    page = session_page(session, summarise(session, unblind=unblind))
    hidden = session.concealed and unblind
    path = folder / (UNBLINDED if hidden else WRITTEN)
    return path, write_text(path, page)


def write_text(path: Path, text: str) -> Path | None:
    """Write a file at once; what stood there with other content is kept as ``NAME_old1`` and so on.

    Returns
    -------
    Where the older one is kept; None where there was none, or the very same.

    Raises
    ------
    EkamError : the folder cannot be written into.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    kept: Path | None = None
    try:
        if path.is_file() and path.read_bytes() == text.encode():
            return None
        with draft.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if path.exists():
            kept = next(
                each
                for i in range(1, 10_000)
                if not (each := path.with_name(f"{path.stem}_old{i}{path.suffix}")).exists()
            )
            path.rename(kept)
        draft.rename(path)
    except OSError as error:
        raise EkamError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
    return kept
