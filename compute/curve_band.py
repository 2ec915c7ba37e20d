"""One leg's EKAM over stance: the newest curve, and mean and spread of those of the baseline."""

from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np

from compute.stance import Stance

PERCENT = np.linspace(0.0, 100.0, 101)
"""Where the curves are read, % of stance."""


def _nothing() -> np.ndarray:
    return np.full(len(PERCENT), np.nan)


@dataclass(frozen=True)
class CurveBand:
    """EKAM curves of one leg, N·m/kg at `PERCENT` of stance.

    Attributes
    ----------
    n : baseline stances in `mean`. mean : shape (101,). squares : sum of squared differences to it
        (Welford 1962). last : shape (101,), newest stance; NaN before. valid : whether that one is.
    """

    n: int = 0
    mean: np.ndarray = field(default_factory=_nothing)
    squares: np.ndarray = field(default_factory=_nothing)
    last: np.ndarray = field(default_factory=_nothing)
    valid: bool = False

    @property
    def sd(self) -> np.ndarray:
        """Sample standard deviation of the baseline curves, shape (101,); NaN below two."""
        return self.squares**0.5 / sqrt(self.n - 1) if self.n > 1 else _nothing()

    def after(self, stance: Stance, *, baseline: bool) -> "CurveBand":
        """With one more stance; `baseline` counts it to the baseline."""
        if stance.curves is None:
            return self
        at_s = stance.t_on_s + 0.01 * PERCENT * stance.stance_s
        moment_nm = np.interp(at_s, stance.curves.time_s, stance.curves.ekam_nm)
        curve = moment_nm / stance.body_mass_kg
        told = replace(self, last=curve, valid=stance.valid)
        if not baseline:
            return told
        if self.n == 0:
            return replace(told, n=1, mean=curve, squares=np.zeros_like(curve))
        mean = self.mean + (curve - self.mean) / (self.n + 1)
        squares = self.squares + (curve - self.mean) * (curve - mean)
        return replace(told, n=self.n + 1, mean=mean, squares=squares)
