"""Every check of a calibration, passed, warned and refused."""

from dataclasses import replace

import bodies
import numpy as np
import pytest

from compute import Side
from compute.calibration import CalibrationError, calibrate
from compute.posture_checks import check_cross_talk


def verdicts(markers, person=bodies.PERSON, **options):
    subject = calibrate(markers, bodies.RATE_HZ, person, **options)
    return {check.name: check.verdict for check in subject.checks}


def shifted(**by):
    """The standing body with markers moved, m: RKNE=(0, 0, 0.01)."""
    markers = bodies.standing()
    for name, shift in by.items():
        markers[name] += np.array(shift)
    return markers


def knee_moved(side, shift):
    return shifted(**{side + "KNE": shift, side + "KNM": shift})


ALWAYS = {
    "markers_present", "plate_sides", "static_still", "static_length", "static_load", "pelvis_order", "pelvis_width",
    "pelvis_depth", "ankle_symmetry", "knee_symmetry", "shank_symmetry", "thigh_symmetry", "trunk_cluster",
    *(f"{what}_{side}" for side in ("left", "right") for what in (
        "upright", "knee_width", "ankle_width", "shank_length", "thigh_length", "torsion", "foot",
        "cluster_place", "cluster", "knee_flexion", "knee_varus", "thigh_cluster", "foot_cluster",
        "static_cop", "static_ekam")),
}  # fmt: skip


def test_a_complete_trial_makes_every_check():
    found = verdicts(bodies.standing(), wrench=bodies.load())
    assert set(found) == ALWAYS
    assert set(found.values()) == {"passed"}


def test_checks_that_cannot_be_made_are_left_out():
    assert {n for n in ALWAYS if n.startswith("static_")} - set(verdicts(bodies.standing())) == {
        "static_load", "static_cop_left", "static_cop_right", "static_ekam_left", "static_ekam_right",
    }  # fmt: skip
    one_plate = bodies.load()
    one_plate[:, 0] += one_plate[:, 1]
    one_plate[:, 1] = 0.0
    found = verdicts(bodies.standing(), wrench=one_plate)
    assert found["static_load"] == "passed"
    assert "static_cop_left" not in found
    walk = verdicts(bodies.walking(), from_walking=True)
    assert {"static_still", "knee_flexion_left"}.isdisjoint(walk)
    assert walk["cross_talk_right"] == "passed"


def test_one_moving_marker_is_named():
    markers = bodies.standing()
    markers["RASI"] += np.linspace(0.0, 0.06, 300)[:, None] * [1.0, 0.0, 0.0]
    with pytest.raises(CalibrationError, match=r"RASI, 20\.1 mm/s .*belt off"):
        verdicts(markers)
    # the trunk breathes and sways; it is not asked to stand still
    markers = bodies.standing()
    markers["STRN"] += np.linspace(0.0, 0.06, 300)[:, None] * [1.0, 0.0, 0.0]
    assert verdicts(markers)["static_still"] == "passed"


@pytest.mark.parametrize(
    ("markers", "name"),
    [
        (knee_moved("R", (0.045, 0.0, 0.0)), "knee_flexion_right"),
        (knee_moved("L", (0.0, 0.0, -0.03)), "knee_varus_left"),
    ],
)
def test_knees_that_stand_bent_or_bowed_are_warned_of(markers, name):
    assert verdicts(markers)[name] == "warned"


@pytest.mark.parametrize(
    ("markers", "says"),
    [
        (knee_moved("R", (0.12, 0.0, 0.0)), "right knee has 3. deg of flexion"),
        (knee_moved("L", (0.0, 0.0, -0.09)), "left knee has 2. deg of varus"),
        (shifted(RASI=(0.0, 0.15, 0.0), LASI=(0.0, 0.15, 0.0)), "thigh is 0.5.. m.*--height and the pelvis"),
        (shifted(RPSI=(0.35, 0.0, 0.0), LPSI=(0.35, 0.0, 0.0)), "anterior spines of the pelvis lie behind"),
        (shifted(RASI=(0.0, 0.0, 0.25)), "pelvis has a width of 490 mm|width of 4"),
        (shifted(RPSI=(0.12, 0.0, 0.0), LPSI=(0.12, 0.0, 0.0)), "pelvis has a depth of 31 mm"),
        (shifted(RTH1=(0.0, -0.7, 0.0)), "RTH1 is 0.8. m from the origin of the right thigh"),
        (shifted(LMT1=(0.0, 0.4, 0.0)), "LMT1 is 0.[34]. m from the origin of the left foot"),
        (shifted(T10=(0.0, -0.7, 0.0)), "T10 is 0.9. m from the origin of the trunk"),
        (shifted(RANK=(-0.04, 0.0, -0.02), RMED=(0.04, 0.0, 0.02)), "malleoli are turned out .. deg"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(markers, says):
    with pytest.raises(CalibrationError, match=says):
        verdicts(markers)


def test_thighs_of_different_length_are_refused():
    assert (
        verdicts(shifted(RASI=(0.0, 0.03, 0.0), RPSI=(0.0, 0.03, 0.0)))["thigh_symmetry"]
        == "warned"
    )
    with pytest.raises(CalibrationError, match="thighs differ by"):
        verdicts(shifted(RASI=(0.0, 0.07, 0.0), RPSI=(0.0, 0.07, 0.0)))


def test_swapped_spines_are_refused():
    markers = bodies.standing()
    markers["RPSI"], markers["LPSI"] = markers["LPSI"], markers["RPSI"]
    with pytest.raises(CalibrationError, match="RPSI lies left of LPSI"):
        verdicts(markers)


def test_unusual_torsion_is_warned_of():
    turned = shifted(
        RANK=(-0.022, 0.0, -0.005), RMED=(0.022, 0.0, 0.005),
        LANK=(-0.022, 0.0, 0.005), LMED=(0.022, 0.0, -0.005),
    )  # fmt: skip
    found = verdicts(turned)
    assert found["torsion_right"] == found["torsion_left"] == "warned"


def moved_load(side, along_m, across_m):
    """The load of one foot moved over the floor, forward and to the right."""
    wrench = bodies.load()
    shift = np.broadcast_to([along_m, 0.0, across_m], wrench[:, side, :3].shape)
    wrench[:, side, 3:] += np.cross(shift, wrench[:, side, :3])
    return wrench


@pytest.mark.parametrize("along_m", [-0.16, 0.22])
def test_load_off_the_foot_is_refused(along_m):
    with pytest.raises(
        CalibrationError, match=r"load on the left foot lies .* mm .*origin_m of the"
    ):
        verdicts(bodies.standing(), wrench=moved_load(Side.LEFT, along_m, 0.0))


@pytest.mark.parametrize(
    ("across_m", "verdict"), [(0.01, "passed"), (-0.02, "passed"), (0.065, "warned")]
)
def test_the_load_passes_near_the_knee(across_m, verdict):
    """5 N/kg on one leg: 50 mm aside make 0.25 N·m/kg, and outwards valgus."""
    found = verdicts(bodies.standing(), wrench=moved_load(Side.RIGHT, 0.0, across_m))
    assert found["static_ekam_right"] == verdict
    with pytest.raises(CalibrationError, match=r"right EKAM is -0\.[5-9].*side, corners_m"):
        verdicts(bodies.standing(), wrench=moved_load(Side.RIGHT, 0.0, 0.13))


def test_exchanged_plates_are_refused():
    with pytest.raises(
        CalibrationError, match='declared left lies under the right foot: set side = "right"'
    ):
        verdicts(bodies.standing(), wrench=bodies.load()[:, ::-1])


def test_the_static_load_is_compared_with_the_scale():
    markers, wrench = bodies.standing(), bodies.load()
    assert verdicts(markers, wrench=0.99 * wrench)["static_load"] == "passed"
    with pytest.raises(CalibrationError, match=r"plates carry 69\.8 kg.*check --mass"):
        verdicts(markers, wrench=0.97 * wrench)
    assert verdicts(markers, wrench=0.1 * wrench)["static_load"] == "warned"


def test_a_wrong_height_is_refused():
    with pytest.raises(CalibrationError, match="check --height"):
        verdicts(bodies.standing(), replace(bodies.PERSON, height_m=2.2))


@pytest.mark.parametrize(
    ("flexion", "varus", "verdict"),
    [
        (np.linspace(0, 60, 100), np.linspace(0, 12, 100), "warned"),
        (np.linspace(0, 60, 100), np.linspace(0, 8, 100), "passed"),
        (np.linspace(0, 60, 100), 6 * np.sin(np.linspace(0, 50, 100)), "passed"),
        (np.zeros(100), np.zeros(100), "passed"),
    ],
)
def test_cross_talk(flexion, varus, verdict):
    assert [c.verdict for c in check_cross_talk(Side.LEFT, flexion, varus)] == [verdict]


def test_cross_talk_of_nothing_is_left_out():
    assert check_cross_talk(Side.LEFT, np.full(100, np.nan), np.zeros(100)) == []


def test_epicondyles_turned_by_twenty_degrees_show_in_a_walk():
    markers = bodies.walking()
    for side in Side:
        lateral, medial = markers[side.letter + "KNE"], markers[side.letter + "KNM"]
        # turned about the thigh's long axis, as misplaced markers are
        r = np.radians(side.sigma * 20.0)
        middle, arm = 0.5 * (lateral + medial), 0.5 * (lateral - medial)
        y = markers[side.letter + "TH1"] - markers[side.letter + "TH2"]
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        new = arm * np.cos(r) + np.cross(y, arm) * np.sin(r)
        markers[side.letter + "KNE"], markers[side.letter + "KNM"] = middle + new, middle - new
    found = verdicts(markers, from_walking=True)
    assert found["cross_talk_left"] == found["cross_talk_right"] == "warned"
