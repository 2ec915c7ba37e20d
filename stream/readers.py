"""Open a recording of any supported kind."""

from dataclasses import replace
from pathlib import Path

from stream.body_checks import check_body
from stream.c3d_file import read_c3d
from stream.errors import EkamError
from stream.lab import Lab
from stream.recording import RecordedStream, Recording
from stream.text_files import read_mot, read_trc
from stream.xdf_file import read_xdf


def read_recording(path: Path, lab: Lab, forces: Path | None = None) -> Recording:
    """Read a recording: an ``.xdf``, a ``.c3d``, or a ``.trc`` with its ``.mot`` or ``.sto``.

    Parameters
    ----------
    forces : the force file of a TRC; looked for beside it when not given.

    Raises
    ------
    EkamError : the file is missing, of another kind, or damaged.
    """
    if not path.is_file():
        raise EkamError(f"there is no file {path}")
    kind = path.suffix.lower()
    if kind == ".c3d":
        return read_c3d(path, lab)
    if kind == ".xdf":
        return read_xdf(path, lab)
    if kind == ".trc":
        recording = _read_trc_with_forces(path, forces)
        check_body(recording.markers.info, recording.markers.values, lab)
        return recording
    raise EkamError(
        f"{path.name} is not a recording that can be read: an .xdf, a .c3d or a .trc is needed"
    )


def _read_trc_with_forces(path: Path, forces: Path | None) -> Recording:
    markers, markers_start_s = read_trc(path)
    forces = forces or _beside(path)
    if forces is None:
        return Recording(path, markers, None, (f"no force file was found beside {path.name}",))
    stream, forces_start_s = read_mot(forces)
    stamps_s = stream.stamps_s + (forces_start_s - markers_start_s)
    moved = RecordedStream(replace(stream.info), stamps_s, stream.values)
    return Recording(path, markers, moved, (f"forces from {forces.name}",))


def _beside(path: Path) -> Path | None:
    """The one force file whose name begins as the marker file's does."""
    found = sorted(
        other
        for other in path.parent.iterdir()
        if other.suffix.lower() in (".mot", ".sto") and other.stem.startswith(path.stem)
    )
    if len(found) > 1:
        names = ", ".join(other.name for other in found)
        raise EkamError(f"several force files fit {path.name} ({names}): name one with --forces")
    return found[0] if found else None
