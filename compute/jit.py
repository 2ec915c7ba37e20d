"""The one decorator of all compiled kernels."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile with Numba on first call: without the GIL, divisions as in IEEE 754, cached on disk.

    No `fastmath`: NaN means missing and must survive. Where no folder is writable the cache is left
    out, at the cost of compiling at every start.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:
        return njit(**options)(function)
