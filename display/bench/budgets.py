"""What is promised, and whether it was kept."""

from dataclasses import asdict, dataclass
from math import isfinite, nan
from typing import Any, Literal


@dataclass(frozen=True)
class Budget:
    """One promise.

    Attributes
    ----------
    bar, figure : in `unit`; as `what` says, the figure may be a difference to the yardstick's, or a multiple.
    direction : ``<=`` or ``>=``: how the figure must lie to the bar.
    yardstick : what the same work takes without ours; NaN where there is none.
    ratio : ours over the yardstick's; NaN where there is none.
    why : where nothing was measured: what for; else what the yardstick is.
    """

    what: str
    bar: float
    unit: str
    direction: Literal["<=", ">="]
    figure: float = nan
    yardstick: float = nan
    ratio: float = nan
    why: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it was kept; None where it was not measured."""
        if not isfinite(self.figure):
            return None
        return self.figure <= self.bar if self.direction == "<=" else self.figure >= self.bar

    def table(self) -> dict[str, Any]:
        """For JSON: null where there is no number."""
        found = {
            key: value if not isinstance(value, float) or isfinite(value) else None
            for key, value in asdict(self).items()
        }
        return {**found, "met": self.met}


def table(budgets: list[Budget]) -> list[dict[str, Any]]:
    """For JSON."""
    return [budget.table() for budget in budgets]
