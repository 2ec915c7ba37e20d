"""What a protocol notes down: where a stance belongs, what the walker answered, what became of a target."""

from dataclasses import dataclass
from math import nan

from compute.conventions import Side
from compute.feedback import Target

Edges = tuple[float, float]
NO_BANDS: tuple[Edges | None, Edges | None] = (None, None)


@dataclass(frozen=True)
class Stretch:
    """A time in which nothing changes but what is walked: label and band of every stance in it."""

    from_s: float
    label: str
    block: int = -1
    bands: tuple[Edges | None, Edges | None] = NO_BANDS


@dataclass(frozen=True)
class Placed:
    """Where the newest stance belongs.

    Attributes
    ----------
    low, high : band of its leg then, in the target's terms; NaN where there was none.
    told : whether the walker is told of it, if only that it does not count. value : what is told, in the
        unit shown; NaN if nothing. collected : whether it is one of the baseline's.
    """

    number: int
    block: str
    low: float = nan
    high: float = nan
    told: bool = False
    value: float = nan
    collected: bool = False


NOWHERE = Placed(0, "")
"""Before the first stance."""


@dataclass(frozen=True)
class Answer:
    """A number that the walker gave.

    Attributes
    ----------
    block : number of the one in which it was given. corrected : whether another stands in its place.
    replaces : value in whose place it stands.
    """

    at_s: float
    name: str
    value: float
    block: int = -1
    corrected: bool = False
    replaces: float | None = None


@dataclass(frozen=True)
class Change:
    """A target that changed, and why: one line of the audit trail."""

    at_s: float
    side: Side
    target: Target | None
    why: str
