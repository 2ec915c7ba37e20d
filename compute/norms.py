"""Published numbers that a session is held against, each with its source."""

from dataclasses import dataclass

from compute.conventions import GRAVITY_M_PER_S2


@dataclass(frozen=True)
class Norm:
    """Mean and SD of a group, N·m/kg."""

    mean: float
    sd: float
    source: str


HEALTHY = "29 healthy young adults, mean ± SD (PLoS One 2017, 10.1371/journal.pone.0179260)"

HEALTHY_PEAK1 = Norm(0.45, 0.09, HEALTHY)
HEALTHY_PEAK2 = Norm(0.45, 0.13, HEALTHY)
"""Overground, other laboratories' frames: to see the order of magnitude, not to judge a person."""

MDC95_PCT_BWHT = 1.0
MDC95_SOURCE = (
    "standard error of measurement 0.36 %BW·Ht in 31 people with medial knee osteoarthritis, five "
    "trials a day "
    "(Birmingham 2007), times 1.96 √2"
)
"""Smallest difference of the EKAM peak between two days that is more than error of measurement (95 %)."""

MDC_SHARES = "20 to 40 % of the value in 32 healthy adults (Tan 2020)"


def mdc95_nm_per_kg(height_m: float) -> float:
    """The minimal detectable change between two days, N·m per kg of body mass."""
    return MDC95_PCT_BWHT / 100.0 * GRAVITY_M_PER_S2 * height_m
