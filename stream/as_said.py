"""What a file says, read tolerantly: nothing where it says nothing, or something that cannot be."""

from collections.abc import Mapping
from math import isfinite, nan
from typing import Any


def table(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A table in a table; an empty one where there is none, or something else in its place."""
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def count_of(value: Any) -> int:
    """What a file says as a whole number; 0 where it is none."""
    found = number(value)
    return int(found) if isfinite(found) else 0


def number(value: Any) -> float:
    """What a file says as a number; NaN where it is none, or not finite."""
    try:
        found = float(value)
    except (OverflowError, TypeError, ValueError):
        return nan
    return found if isfinite(found) else nan
