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


CURVES = (
    "ekam_nm",
    "kfm_nm",
    "fz_n",
    "ekam_vector_nm",
    "kfm_vector_nm",
    "ekam_jcs_nm",
    "knee_internal_rotation_nm",
    "ankle_dorsiflexion_nm",
    "ankle_inversion_nm",
    "hip_flexion_nm",
    "hip_adduction_nm",
    "ankle_flexion_rad",
    "knee_flexion_rad",
    "knee_varus_rad",
    "hip_flexion_rad",
    "hip_adduction_rad",
    "hip_internal_rotation_rad",
    "pelvic_drop_rad",
    "trunk_lean_rad",
    "foot_progression_rad",
    "tibia_frontal_rad",
    "tibia_sagittal_rad",
)
"""Columns of the curves of a stance. All moments are external, of the whole limb below the joint, in
the frame of its distal segment; ``vector`` = quasi-static, without weight and inertia of the segments;
``jcs`` = about the floating axis of the joint coordinate system. Signs: `compute.conventions`."""


@dataclass(frozen=True)
class StanceCurves:
    """The scored curves of one stance, one row per marker frame from heel strike to toe-off.

    Attributes
    ----------
    time_s : shape (n,), s from the first marker sample of the session.
    values : shape (n, len(CURVES)), SI; NaN where the markers at hand do not reach.
    """

    time_s: np.ndarray
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """One curve of `CURVES`, shape (n,)."""
        return self.values[:, CURVES.index(name)]

    @property
    def ekam_nm(self) -> np.ndarray:
        """External knee adduction moment, N·m, tibia frame."""
        return self.column("ekam_nm")

    @property
    def kfm_nm(self) -> np.ndarray:
        """External knee flexion moment, N·m, tibia frame."""
        return self.column("kfm_nm")

    @property
    def fz_n(self) -> np.ndarray:
        """Vertical ground reaction on the foot, N, same filter."""
        return self.column("fz_n")


@dataclass(frozen=True)
class Stance:
    """Result of one stance. Moments are external, in the tibia frame; NaN = cannot be computed.

    Times are seconds from the first marker sample of the session. `t_decide_s` is the deciding
    sample's time: nothing later went into the score. Verdict: valid when `reasons` is empty.
    `plate_offset_n` is what the plate read vertically in the swing before.
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
    ekam_impulse_signed_nms: float = nan
    ekam_peak1_sigma_nm: float = nan
    ekam_peak2_sigma_nm: float = nan
    ekam_peak1_vector_nm: float = nan
    ekam_peak2_vector_nm: float = nan
    ekam_peak1_jcs_nm: float = nan
    peak1_is_local: bool = False
    peak2_is_local: bool = False
    kfm_peak_nm: float = nan
    hip_adduction_moment_peak_nm: float = nan
    hip_adduction_peak_rad: float = nan
    hip_internal_rotation_peak_rad: float = nan
    pelvic_drop_peak_rad: float = nan
    foot_progression_rad: float = nan
    trunk_lean_peak_rad: float = nan
    knee_varus_at_peak_rad: float = nan
    knee_flexion_at_contact_rad: float = nan
    knee_flexion_peak_rad: float = nan
    tibia_frontal_at_peak_rad: float = nan
    tibia_sagittal_at_contact_rad: float = nan
    step_width_m: float = nan
    step_length_m: float = nan
    stride_length_m: float = nan
    fz_peak_n: float = nan
    fz_peak2_n: float = nan
    fz_impulse_ns: float = nan
    valr_n_per_s: float = nan
    vilr_n_per_s: float = nan
    cadence_steps_per_min: float = nan
    stride_s: float = nan
    double_support_s: float = nan
    single_support_s: float = nan
    ekam_symmetry_pct: float = nan
    stance_symmetry_pct: float = nan
    heel_forward_m: float = nan
    belt_speed_m_per_s: float = nan
    plate_offset_n: float = nan
    residual_mean_m: float = nan
    residual_max_m: float = nan
    dropped_marker: str = ""
    early_peak1_nm: float = nan
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
