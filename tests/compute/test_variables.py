"""Every variable that can be fed back, on a made-up stance and on bodies with and without its markers."""

from dataclasses import fields, replace

import numpy as np
import pytest

from compute.conventions import Side
from compute.stance import Stance
from compute.subject import Leg, Segment, SegmentInertia, Shank, Subject
from compute.variables import CONDITIONAL_REASONS, VARIABLES, find, judged, readings

MASS_KG = 70.0
WEIGHT_N = MASS_KG * 9.81


def made_up():
    """A stance whose every number is known."""
    return Stance(
        number=7, side=Side.RIGHT, t_on_s=1.0, t_off_s=1.7, t_decide_s=1.8,
        body_mass_kg=MASS_KG, height_m=1.75,
        ekam_peak1_nm=35.0, ekam_peak2_nm=42.0, ekam_valley_nm=21.0, ekam_peak1_at_pct=27.0,
        ekam_peak2_at_pct=76.0, ekam_impulse_nms=14.0, ekam_impulse_signed_nms=13.3,
        ekam_peak1_sigma_nm=0.7, ekam_peak2_sigma_nm=1.4, ekam_peak1_vector_nm=34.3,
        ekam_peak2_vector_nm=41.3, ekam_peak1_jcs_nm=33.6, peak2_is_local=True, kfm_peak_nm=49.0,
        hip_adduction_moment_peak_nm=63.0, hip_adduction_peak_rad=np.radians(8.0),
        hip_internal_rotation_peak_rad=np.radians(6.0), pelvic_drop_peak_rad=np.radians(4.0),
        foot_progression_rad=np.radians(-3.0), trunk_lean_peak_rad=np.radians(2.0),
        knee_varus_at_peak_rad=np.radians(5.0), knee_flexion_at_contact_rad=np.radians(9.0),
        knee_flexion_peak_rad=np.radians(18.0), tibia_frontal_at_peak_rad=np.radians(1.0),
        tibia_sagittal_at_contact_rad=np.radians(-20.0), step_width_m=0.12, step_length_m=0.61,
        stride_length_m=1.22, fz_peak_n=1.1 * WEIGHT_N, fz_peak2_n=1.05 * WEIGHT_N,
        fz_impulse_ns=0.55 * WEIGHT_N, valr_n_per_s=8.0 * WEIGHT_N, vilr_n_per_s=12.0 * WEIGHT_N,
        cadence_steps_per_min=110.0, stride_s=1.1, double_support_s=0.25, single_support_s=0.45,
        ekam_symmetry_pct=-6.0, stance_symmetry_pct=1.5, belt_speed_m_per_s=1.2,
        plate_offset_n=3.0, residual_mean_m=0.001, residual_max_m=0.002, dropped_marker="RMT5",
    )  # fmt: skip


SHOWN = {
    "ekam_peak1": 0.5, "ekam_peak2": 0.6, "ekam_larger_peak": 0.6, "ekam_impulse": 0.2, "kfm_peak": 0.7,
    "hip_adduction_moment_peak": 0.9, "hip_adduction_peak": 8.0, "hip_internal_rotation_peak": 6.0,
    "pelvic_drop_peak": 4.0, "foot_progression": -3.0, "trunk_lean_peak": 2.0, "knee_varus_at_peak": 5.0,
    "knee_flexion_at_contact": 9.0, "knee_flexion_peak": 18.0, "tibia_frontal_at_peak": 1.0,
    "tibia_sagittal_at_contact": -20.0, "step_width": 12.0, "step_length": 61.0, "valr": 8.0, "vilr": 12.0,
    "fz_peak": 1.1, "fz_impulse": 0.55, "cadence": 110.0, "stance_time": 0.7, "single_support": 0.45,
    "double_support": 0.25, "ekam_symmetry": -6.0, "stance_symmetry": 1.5,
}  # fmt: skip
IN_METRES = {"step_width": 0.12, "step_length": 0.61}


def test_every_variable_is_listed_here():
    assert set(SHOWN) == set(VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_it_is_read_off_a_stance_in_the_unit_of_its_column_and_of_the_screen(name):
    variable = VARIABLES[name]
    assert variable.value(made_up()) == pytest.approx(SHOWN[name])
    column = readings(made_up())[variable.column]
    assert column == pytest.approx(IN_METRES.get(name, SHOWN[name]))


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "stance_time"])
def test_it_is_missing_where_the_stance_lacks_it(name):
    made = made_up()
    kept = {f.name for f in fields(Stance)[:7]}
    empty = {f.name: np.nan for f in fields(Stance) if f.name not in kept and f.type is float}
    assert np.isnan(VARIABLES[name].value(replace(made, **empty)))


@pytest.mark.parametrize("name", VARIABLES)
def test_the_default_band_lies_on_the_better_side_of_the_baseline(name):
    variable = VARIABLES[name]
    assert variable.low < variable.high
    baseline = {"relative": 100.0, "difference": 0.0, "absolute": None}[variable.mode]
    if variable.better == "lower":
        assert variable.high < baseline
    elif variable.better == "higher":
        assert variable.low > baseline
    else:
        assert variable.mode == "absolute"
    assert variable.source


def test_the_larger_peak_is_the_larger_one_that_is_a_peak():
    larger, second = VARIABLES["ekam_larger_peak"], VARIABLES["ekam_peak2"]
    both = replace(made_up(), ekam_peak1_nm=49.0, peak1_is_local=True, peak2_is_local=True)
    assert larger.value(both) == pytest.approx(0.7)
    assert larger.value(replace(both, ekam_peak1_nm=28.0)) == pytest.approx(0.6)
    flank = replace(both, ekam_peak1_nm=28.0, peak2_is_local=False)
    assert larger.value(flank) == pytest.approx(0.4)
    assert np.isnan(second.value(flank))
    assert larger.value(replace(flank, peak1_is_local=False)) == pytest.approx(0.6)


def test_toes_are_turned_the_right_way():
    """Foot progression is + toe-out: above the band the toes go in."""
    foot = VARIABLES["foot_progression"]
    assert (foot.above, foot.below) == ("turn toes in", "turn toes out")


def test_a_movement_is_asked_for_where_it_is_what_is_measured():
    """All + toward what is asked for below the band: lean to the stance leg, flexion, varus."""
    for name, above, below in (
        ("trunk_lean_peak", "lean less {side}", "lean more {side}"),
        ("knee_flexion_peak", "bend knee less", "bend knee more"),
        ("knee_varus_at_peak", "knee inward", "knee outward"),
        ("ekam_peak1", "go lower", "go higher"),
        ("hip_adduction_peak", "go lower", "go higher"),
    ):
        assert (VARIABLES[name].above, VARIABLES[name].below) == (above, below)
    assert all("{" not in each.plain for each in VARIABLES.values())


def test_no_peak_rejects_only_where_the_first_peak_is_what_counts():
    stance = replace(made_up(), reasons=("marker_gap", "no_peak"))
    assert judged(stance, VARIABLES["ekam_peak1"]) is stance
    assert judged(stance, VARIABLES["foot_progression"]).reasons == ("marker_gap",)
    assert judged(replace(stance, reasons=("no_peak",)), VARIABLES["ekam_larger_peak"]).valid
    for variable in VARIABLES.values():
        assert set(variable.rejected_by) <= set(CONDITIONAL_REASONS)


def test_an_unknown_name_is_answered_with_all_of_them():
    with pytest.raises(
        ValueError, match="no feedback variable 'foot_progresion', did you mean"
    ) as said:
        find("foot_progresion")
    assert all(name in str(said.value) for name in VARIABLES)


INERTIA = SegmentInertia(1.0, (0.0, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
POINTS = ((0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.1, 0.0))


def body(*, pelvis=True, foot=True, thigh=True, trunk=True):
    """A subject that has these segments."""

    def segment(names, points=()):
        return Segment(names, POINTS, dict.fromkeys(points, (0.1, 0.0, 0.0)))

    def leg(x):
        shank = Shank("cluster", (0.0, -0.4, 0.0), 0.4, (x + "SK1", x + "SK2", x + "SK3"), POINTS)
        return Leg(
            shank, INERTIA, INERTIA, INERTIA,
            segment((x + "HEE", x + "FT1", x + "FT2"), ("HEE", "TOE")) if foot else None,
            segment((x + "TH1", x + "TH2", x + "TH3"), ("KJC",)) if thigh else None,
        )  # fmt: skip

    return Subject(
        "S1", MASS_KG, 1.75, "f", leg("L"), leg("R"),
        segment(("LASI", "RASI", "SACR"), ("LHJC", "RHJC", "MID")) if pelvis else None,
        trunk_top=("LSHO", "RSHO") if trunk else (),
    )  # fmt: skip


@pytest.mark.parametrize("name", VARIABLES)
def test_a_whole_body_gives_every_variable(name):
    assert VARIABLES[name].lacking(body()) == ""


@pytest.mark.parametrize(
    ("name", "without", "named"),
    [
        ("foot_progression", {"foot": False}, ["LHEE with LTOE", "RHEE with RTOE"]),
        ("pelvic_drop_peak", {"pelvis": False}, ["LASI, RASI"]),
        ("hip_adduction_peak", {"pelvis": False}, ["LASI, RASI"]),
        ("hip_internal_rotation_peak", {"thigh": False}, ["LTH1", "RKNE and RKNM"]),
        ("trunk_lean_peak", {"trunk": False}, ["LSHO and RSHO"]),
        ("knee_flexion_peak", {"thigh": False, "pelvis": False}, ["LTH1", "RTH1"]),
    ],
)
def test_what_is_lacking_is_named_by_its_markers(name, without, named):
    said = VARIABLES[name].lacking(body(**without))
    assert all(marker in said for marker in named)
    assert VARIABLES["ekam_peak1"].lacking(body(**without)) == ""


def test_a_hip_centre_from_the_pelvis_stands_in_for_a_thigh_cluster():
    assert VARIABLES["hip_adduction_peak"].lacking(body(thigh=False)) == ""
    assert VARIABLES["knee_flexion_peak"].lacking(body(thigh=False)) == ""
