"""One scored stance, as every sink receives it."""

from dataclasses import dataclass, field
from math import nan

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2, Side

REASONS = (
    "cross_belt",
    "marker_gap",
    "marker_swap",
    "cluster_residual",
    "plate_saturated",
    "plate_drift",
    "late_data",
    "clock_jump",
    "cop_outside_foot",
    "no_peak",
    "implausible",
    "outlier",
    "handrail",
    "short_stance",
    "speed_change",
    "lever_mismatch",
)
"""Every reason for which a stance is rejected, in the order in which they are written."""


@dataclass(frozen=True)
class StanceCurves:
    """The scored curves of one stance, one value per marker frame from heel strike to toe-off.

    Attributes
    ----------
    time_s : shape (n,), s from the first marker sample of the session.
    ekam_nm, kfm_nm : shape (n,), N·m, external, tibia frame (signs: `compute.conventions`).
    fz_n : shape (n,), N, vertical ground reaction on the foot, same filter.
    """

    time_s: np.ndarray
    ekam_nm: np.ndarray
    kfm_nm: np.ndarray
    fz_n: np.ndarray


@dataclass(frozen=True)
class Stance:
    """Result of one stance. Moments are external, in the tibia frame; NaN = cannot be computed.

    Times are seconds from the first marker sample of the session. `t_decide_s` is the deciding
    sample's time: nothing later went into the score. Verdict: valid when `reasons` is empty.
    """

    number: int
    side: Side
    t_on_s: float
    t_off_s: float
    t_decide_s: float
    body_mass_kg: float
    height_m: float
    ekam_peak1_nm: float = nan
    ekam_peak2_nm: float = nan
    ekam_valley_nm: float = nan
    ekam_peak1_at_pct: float = nan
    ekam_peak2_at_pct: float = nan
    ekam_impulse_nms: float = nan
    kfm_peak_nm: float = nan
    fz_peak_n: float = nan
    cadence_steps_per_min: float = nan
    reasons: tuple[str, ...] = ()
    curves: StanceCurves | None = field(default=None, repr=False, compare=False)

    @property
    def valid(self) -> bool:
        """True when nothing speaks against the stance."""
        return not self.reasons

    @property
    def stance_s(self) -> float:
        """Duration of the stance, s."""
        return self.t_off_s - self.t_on_s

    @property
    def ekam_peak1_nm_per_kg(self) -> float:
        """First EKAM peak, N·m per kg of body mass."""
        return self.ekam_peak1_nm / self.body_mass_kg

    @property
    def ekam_peak2_nm_per_kg(self) -> float:
        """Second EKAM peak, N·m per kg of body mass."""
        return self.ekam_peak2_nm / self.body_mass_kg

    @property
    def fz_peak_bw(self) -> float:
        """Peak vertical load in body weights."""
        return self.fz_peak_n / (self.body_mass_kg * GRAVITY_M_PER_S2)
