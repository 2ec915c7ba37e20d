"""Filters, events and gates of one session."""

from dataclasses import dataclass, field

from compute.contact import ContactThresholds


@dataclass(frozen=True)
class Settings:
    """What the lab file sets (filters, events), and the gates.

    The gates are those that clean stances of independent laboratories keep with room to spare; each
    rejects with the reason named. "Seen" is the range over eleven clean stances of four recordings (two
    treadmills, two laboratories over ground; 60 and 100 frames a second).

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
        Seen 0.6-0.7, 1.5-2.9 and 0.7-2.6 mm.
    max_foot_residual_m : of the foot cluster after its worst marker was dropped (`cluster_residual`).
        Seen 1.5-5.8 mm, and 17.7 mm with one bad marker of three.
    max_jump_m, max_jump_m_per_s2 : second difference of a shank marker from frame to frame, a fixed part
        and one that grows with the square of the frame's length (`cluster_residual`). Together 24.7 mm at
        60 and 14 mm at 100 frames a second; seen 6.7-11.7 and 2.1-5.0 mm.
    max_ankle_gap_m : median distance of the ankle joint centre as shank and foot carry it
        (`cluster_residual`). Seen 1-13 mm.
    max_pelvis_residual_m : mean over the stance, after the worst of four markers was left out; beyond it
        hip and pelvis values stay empty (seen below 2 mm; a marker 4 cm off makes 7).
    max_stretch_m : within a stance, of the distances between landmarks that carry a tibia, knee to ankle
        against calibration (`cluster_residual`). Seen 1-20 mm (a laboratory's own joint centres).
    max_width_change_m : of their medians, against the stances before (`cluster_residual`). Seen < 2 mm.
    max_cop_to_ankle_m, max_cop_outside_m : centre of pressure to the ankle (horizontal) and to the
        outline of the foot, while the load exceeds `cop_min_n` (`cop_outside_foot`). Seen 109-177 mm;
        -13 to 3 mm up to 60 % of stance, -26 to 30 mm after (the 30 where the other foot touched).
    toe_extension_m : the outline reaches this much further forward after 60 % of stance, for toes.
    cross_belt_n, cross_belt_s : load on the other belt, for so long, while the other foot swings
        (`cross_belt`). Seen up to 12 N.
    max_event_gap_s, max_event_gap_share : between force events and kinematic ones, in seconds or as a
        share of the stance, whichever is more: both grow with slowness (`cross_belt`). Seen up to 45 ms.
    ekam_limits_nm_per_kg, max_ekam_rate_nm_per_kg_s, max_impulse_nms_per_kg : `implausible`. Seen
        0.07-0.58, 4.1-6.3, 0.07-0.24.
    fz_peak_limits_bw, fz_mean_limits_bw, min_single_support_bw : `implausible`. Seen 1.06-1.19,
        0.76-0.85, 0.70-0.85.
    max_unweighting : missing share of the body weight over a stride (`handrail`), and too much of it
        (`implausible`). Seen 1.005-1.006 body weights over whole strides.
    max_lever_gap : share of the peak, or `max_lever_gap_nm_per_kg`, by which the full and the
        quasi-static value may differ (`lever_mismatch`). Seen up to 4.6 % and 0.017 N·m/kg.
    max_plate_offset_n : what the plate reads unloaded, before and behind the stance (`plate_drift`). Seen up
        to 0.5 N.
    saturated_s : a force channel that stays at its extreme for so long (`plate_saturated`). Seen 3 ms.
    frozen_s : all plate channels repeat for so long (`late_data`). Seen 0.
    max_speed_change, max_speed_change_m_per_s : of the stance foot against the last strides, share or
        m/s, whichever is more (`speed_change`). Seen 0.9 %.
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
    max_pelvis_residual_m: float = 0.005
    max_jump_m: float = 0.008
    max_jump_m_per_s2: float = 60.0
    max_ankle_gap_m: float = 0.030
    max_stretch_m: float = 0.030
    max_width_change_m: float = 0.008
    max_cop_to_ankle_m: float = 0.22
    max_cop_outside_m: float = 0.030
    toe_extension_m: float = 0.080
    cop_min_n: float = 100.0
    cross_belt_n: float = 20.0
    cross_belt_s: float = 0.03
    max_event_gap_s: float = 0.1
    max_event_gap_share: float = 0.16
    ekam_limits_nm_per_kg: tuple[float, float] = (-0.3, 1.3)
    max_ekam_rate_nm_per_kg_s: float = 20.0
    max_impulse_nms_per_kg: float = 0.6
    fz_peak_limits_bw: tuple[float, float] = (0.8, 1.6)
    fz_mean_limits_bw: tuple[float, float] = (0.55, 0.95)
    min_single_support_bw: float = 0.5
    max_unweighting: float = 0.05
    max_lever_gap: float = 0.15
    max_lever_gap_nm_per_kg: float = 0.05
    max_plate_offset_n: float = 10.0
    saturated_s: float = 0.02
    frozen_s: float = 0.02
    max_speed_change: float = 0.05
    max_speed_change_m_per_s: float = 0.05
    outlier_z: float = 4.0
    outlier_floor: float = 0.15
