"""Frozen data as JSON can hold it."""

from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import Any


def plain(value: Any) -> Any:
    """Dataclasses become objects, their properties are left out; a side its word; NaN and infinity null."""
    if isinstance(value, Enum):
        return value.name.lower()
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value
