"""Filters, events and gates of one session."""

from dataclasses import dataclass, field

from compute.contact import ContactThresholds


@dataclass(frozen=True)
class Settings:
    """What the lab file sets (filters, events), and the gates.

    The gates are those that clean stances of independent laboratories keep with room to spare; each
    rejects with the reason named.

    Attributes
    ----------
    filter_hz : zero-lag cut-off of the scored value, the same for markers and plate channels.
    inertia_hz : zero-lag cut-off of the markers where they are differentiated; no higher than
        `filter_hz`, because second derivatives turn marker noise into moment.
    live_filter_hz : causal cut-off of the live trace.
    wide_band_hz : zero-lag cut-off of the vertical load for loading rates.
    rezero : take off what each plate read in the last swing of its foot.
    decide_after_s : the deciding sample is the first one this long after the back-dated toe-off.
    context_s : data before heel strike that the filter is given where there are such.
    min_context_s : less than this before heel strike rejects the stance (`marker_gap`, `late_data`).
    min_stance_s, max_stance_s : shorter is `short_stance`, longer `implausible`.
    max_residual_mean_m, max_residual_m, max_residual_step_m : of the shank cluster, unfiltered, in
        stance; the step is the change from frame to frame at 100 frames a second (`cluster_residual`).
    max_foot_residual_m : of the foot cluster after its worst marker was dropped.
    max_stretch_m : distances between landmarks that carry a tibia, against calibration.
    max_cop_to_ankle_m, max_cop_outside_m : centre of pressure to the ankle (horizontal) and to the
        outline of the foot, while the load exceeds `cop_min_n` (`cop_outside_foot`).
    toe_extension_m : the outline reaches this much further forward after 60 % of stance, for toes.
    cross_belt_n, cross_belt_s : load on the other belt, for so long, while the other foot swings.
    max_event_gap_s : between force events and kinematic ones (`cross_belt`).
    ekam_limits_nm_per_kg, max_ekam_rate_nm_per_kg_s, max_impulse_nms_per_kg : `implausible`.
    fz_peak_limits_bw, fz_mean_limits_bw, min_single_support_bw : `implausible`.
    max_unweighting : missing share of the body weight over a stride (`handrail`).
    max_lever_gap : share of the peak, or `max_lever_gap_nm_per_kg`, by which the full and the
        quasi-static value may differ (`lever_mismatch`).
    max_plate_offset_n : unloaded plate (`plate_drift`).
    saturated_s : a force channel that stays at its extreme for so long (`plate_saturated`).
    frozen_s : all plate channels repeat for so long (`late_data`).
    max_speed_change : of the stance foot against the last strides (`speed_change`).
    outlier_z, outlier_floor : robust z of EKAM peak 1 against the last 30 stances, with at least
        this share of their median as one standard deviation (`outlier`).
    """

    filter_hz: float = 6.0
    inertia_hz: float = 6.0
    live_filter_hz: float = 10.0
    wide_band_hz: float = 50.0
    contact: ContactThresholds = field(default_factory=ContactThresholds)
    rezero: bool = True
    decide_after_s: float = 0.1
    context_s: float = 0.3
    min_context_s: float = 0.05
    min_stance_s: float = 0.35
    max_stance_s: float = 1.5
    max_residual_mean_m: float = 0.003
    max_residual_m: float = 0.006
    max_residual_step_m: float = 0.004
    max_foot_residual_m: float = 0.020
    max_stretch_m: float = 0.020
    max_cop_to_ankle_m: float = 0.22
    max_cop_outside_m: float = 0.030
    toe_extension_m: float = 0.080
    cop_min_n: float = 100.0
    cross_belt_n: float = 20.0
    cross_belt_s: float = 0.03
    max_event_gap_s: float = 0.1
    ekam_limits_nm_per_kg: tuple[float, float] = (-0.3, 1.3)
    max_ekam_rate_nm_per_kg_s: float = 20.0
    max_impulse_nms_per_kg: float = 0.6
    fz_peak_limits_bw: tuple[float, float] = (0.8, 1.6)
    fz_mean_limits_bw: tuple[float, float] = (0.7, 0.95)
    min_single_support_bw: float = 0.5
    max_unweighting: float = 0.05
    max_lever_gap: float = 0.15
    max_lever_gap_nm_per_kg: float = 0.05
    max_plate_offset_n: float = 10.0
    saturated_s: float = 0.02
    frozen_s: float = 0.02
    max_speed_change: float = 0.05
    outlier_z: float = 4.0
    outlier_floor: float = 0.10
