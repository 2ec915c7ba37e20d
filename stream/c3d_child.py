"""C3D files read in a process of their own.

The C3D library ends the process, or never returns, on some files with damaged parameters: that must
cost the file and not the session.
"""

import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stream.errors import EkamError

LONGEST_S = 120.0


def load_c3d(path: Path) -> dict[str, Any]:
    """Parameters and data of a C3D file as plain dictionaries, lists and arrays.

    Raises
    ------
    EkamError : the file cannot be read, or the library crashed or hung on it.
    """
    command = [sys.executable, "-P", "-c", "from stream.c3d_child import main; main()", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        raise EkamError(
            f"{path.name} cannot be read: nothing came of it for {LONGEST_S:g} s; it is damaged, "
            "export it again"
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said and done.returncode > 0 else "the C3D library broke down on it"
        raise EkamError(f"{path.name} cannot be read as a C3D file: {why}")
    return dict(pickle.loads(done.stdout))


def main() -> None:
    """Read the file named in the arguments and send what it holds to the parent, over standard output."""
    import ezc3d

    sent, sys.stdout = sys.stdout.buffer, sys.stderr  # the library prints warnings
    try:
        file = ezc3d.c3d(sys.argv[1], extract_forceplat_data=True)
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        sys.exit(str(error).replace("\n", " "))
    sent.write(pickle.dumps({key: _plain(file[key]) for key in ("parameters", "data")}, 5))
    sent.flush()


def _plain(value: Any) -> Any:
    """Without the library's own objects, which cannot be sent."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if _sendable(each)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value if _sendable(each)]
    return value


def _sendable(value: Any) -> bool:
    return value is None or isinstance(
        value, Mapping | list | tuple | str | bytes | bool | int | float | np.ndarray | np.generic
    )
