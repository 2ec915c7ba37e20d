"""The one decorator of all compiled kernels."""

import hashlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def _sources() -> str:
    """Fingerprint of every source file of this package."""
    folder, found = os.path.dirname(__file__), hashlib.sha256()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                found.update(name.encode() + b"\0" + file.read())
    return found.hexdigest()


_STAMP = _sources()


def kernel(function: F) -> F:
    """Compile with Numba on first call: without the GIL, divisions as in IEEE 754, cached on disk.

    No `fastmath`: NaN means missing and must survive. Where no folder is writable the cache is left
    out, at the cost of compiling at every start.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        made = njit(cache=True, **options)(function)
    except RuntimeError:
        return njit(**options)(function)
    # Numba keeps what it compiled until the function's own file changes, but kernels are built into those
    # that call them: after an update of another file the old mathematics would go on.
    made._cache._cache_file._source_stamp = _STAMP
    return made
