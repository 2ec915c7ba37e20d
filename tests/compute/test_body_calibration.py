"""Pelvis, thigh, foot and trunk of the synthetic walker, whose anatomy is known."""

from dataclasses import replace

import bodies
import naive_body
import numpy as np
import pytest
import walkers

from compute import Side
from compute.calibration import CalibrationError, calibrate
from stream import synthetic_body
from stream.synthetic_motion import hip_pelvis_m


def calibrated(markers, **options):
    return calibrate(markers, bodies.RATE_HZ, options.pop("person", bodies.PERSON), **options)


def verdicts(subject):
    return {check.name: check.verdict for check in subject.checks}


def without(markers, *names):
    return {name: x for name, x in markers.items() if name not in names}


def test_the_whole_body_is_calibrated_and_nothing_is_doubted():
    subject = calibrated(bodies.standing(), wrench=bodies.load())
    assert set(verdicts(subject).values()) == {"passed"}
    assert {"static_cop_left", "static_ekam_right", "knee_varus_left", "thigh_symmetry"} <= set(
        verdicts(subject)
    )
    assert subject.pelvis.cluster == ("RASI", "LASI", "RPSI", "LPSI")
    assert subject.trunk.cluster == ("C7", "T10", "CLAV", "STRN", "LSHO", "RSHO")
    assert subject.left.foot.cluster == ("LHEE", "LMT1", "LTOE", "LMT5")
    assert set(subject.right.foot.points_m) == {"HEE", "MT1", "TOE", "MT5"}
    assert subject.right.thigh.cluster == ("RTH1", "RTH2", "RTH3", "RTH4")
    hip = hip_pelvis_m(walkers.trial().parameters)
    np.testing.assert_allclose(subject.pelvis.points_m["RHJC"], hip, atol=1e-6)
    np.testing.assert_allclose(subject.pelvis.points_m["LHJC"], hip * [1, 1, -1], atol=1e-6)
    np.testing.assert_allclose(subject.pelvis.points_m["MID"], [-0.075, 0, 0], atol=1e-6)


def test_the_frames_carried_through_a_walk_are_the_anatomical_ones():
    """Every segment of the walking body, found from its markers, against the walker's own anatomy."""
    subject, walk = calibrated(bodies.standing()), bodies.walking(2.0)
    names = subject.markers()
    parameters = walkers.trial().parameters
    times = np.arange(200) / bodies.RATE_HZ
    phase = (times - parameters.contact_s(Side.RIGHT)) / parameters.stride_s
    body = synthetic_body.walking_body(parameters, phase)
    for i in (0, 60, 130):
        poses = naive_body.body_poses(np.stack([walk[name][i] for name in names]), subject, names)
        right = int(Side.RIGHT)
        for key, true in (
            ("pelvis", body.pelvis),
            ((right, "thigh"), body.thigh),
            ((right, "shank"), body.tibia),
            ((right, "foot"), body.foot),
        ):
            np.testing.assert_allclose(poses[key][0], true.r.at[i], atol=2e-5, err_msg=str(key))
            np.testing.assert_allclose(poses[key][1], true.origin_m.at[i], atol=1e-5)


@pytest.mark.parametrize("yaw_deg", [37.0, 90.0, 180.0])
def test_where_the_laboratory_has_its_axes_does_not_matter(yaw_deg):
    markers, moved = bodies.standing(), (1.3, 0.0, -0.7)
    bodies.close(
        calibrated(bodies.turned(markers, yaw_deg, moved)), calibrated(markers), tolerance=1e-9
    )


def test_the_order_of_the_markers_does_not_matter():
    markers = bodies.standing()
    order = np.random.default_rng(3).permutation(list(markers))
    assert replace(calibrated({n: markers[n] for n in order}), checks=()) == replace(
        calibrated(markers), checks=()
    )


def test_the_mirror_image_of_a_body_is_the_body_with_legs_exchanged():
    markers = bodies.standing()
    markers["RKNE"] += [0.004, 0.006, 0.003]  # or the walker is its own mirror image
    markers["RTH2"] += [0.01, 0.0, 0.01]
    one, other = calibrated(markers), calibrated(bodies.mirrored(markers))
    mirror = np.array([1.0, 1.0, -1.0])
    for side in Side:
        leg, twin = one.leg(side), other.leg(side.other)
        for name in ("shank", "thigh", "foot"):
            a, b = getattr(leg, name), getattr(twin, name)
            np.testing.assert_allclose(a.local_m, np.array(b.local_m) * mirror, atol=1e-9)
        for part in ("shank_inertia", "thigh_inertia", "foot_inertia"):
            a, b = getattr(leg, part), getattr(twin, part)
            np.testing.assert_allclose(a.com_m, np.array(b.com_m) * mirror, atol=1e-9)
    np.testing.assert_allclose(
        one.pelvis.points_m["LHJC"], np.array(other.pelvis.points_m["RHJC"]) * mirror, atol=1e-9
    )


def test_a_sacral_marker_stands_for_both_posterior_spines():
    markers = bodies.standing()
    markers["SACR"] = 0.5 * (markers["RPSI"] + markers["LPSI"])
    subject = calibrated(without(markers, "RPSI", "LPSI"))
    full = calibrated(bodies.standing())
    assert subject.pelvis.cluster == ("RASI", "LASI", "SACR")
    for name in ("RHJC", "LHJC", "MID"):
        np.testing.assert_allclose(
            subject.pelvis.points_m[name], full.pelvis.points_m[name], atol=1e-6
        )


def test_the_hip_joint_centre_of_the_laboratory_wins():
    markers = bodies.standing()
    own = np.array([-0.05, -0.09, 0.08])
    for side in Side:
        turn = np.array([1, 1, side.sigma])
        full = calibrated(bodies.standing())
        local = np.array(full.pelvis.local_m)
        at = np.stack([markers[name][0] for name in full.pelvis.cluster])
        r, t, _ = naive_body.cluster_pose(local, at)
        markers[side.letter + "HJC"] = np.tile(t + r @ (own * turn), (300, 1))
    subject = calibrated(markers)
    np.testing.assert_allclose(subject.pelvis.points_m["RHJC"], own, atol=1e-6)
    # even without a pelvis the thigh is then known
    alone = calibrated(without(markers, "RASI", "LASI", "RPSI", "LPSI"))
    assert alone.pelvis is None
    assert alone.right.thigh is not None


def test_other_formulas_for_the_hip_and_a_leg_length_by_tape():
    markers = bodies.standing()
    bell = calibrated(markers, hip_centre="bell")
    np.testing.assert_allclose(bell.pelvis.points_m["RHJC"], [-0.0456, -0.072, 0.0864], atol=1e-6)
    taped = calibrated(markers, hip_centre="hara", person=replace(bodies.PERSON, leg_length_m=0.9))
    np.testing.assert_allclose(taped.pelvis.points_m["RHJC"], [-0.0457, -0.0792, 0.0854], atol=1e-6)


def test_feet_with_fewer_markers():
    markers = bodies.standing()
    for side in "LR":
        heel, toe = markers[side + "HEE"], markers[side + "TOE"]
        markers[side + "FT1"] = heel + 0.5 * (toe - heel) + [0.0, 0.04, 0.0]
        out = markers[side + "MT5"] - markers[side + "MT1"]
        markers[side + "FT2"] = heel + 0.6 * (toe - heel) + 0.4 * out
    assert calibrated(markers).left.foot.cluster == ("LHEE", "LFT1", "LFT2")
    midfoot = ("LFT1", "LFT2", "RFT1", "RFT2")
    only_toe = without(markers, *midfoot, "LMT1", "LMT5", "RMT1", "RMT5")
    subject = calibrated(only_toe)
    assert subject.left.foot.cluster == ("LHEE", "LTOE", "LAJC")
    assert "LAJC" not in subject.markers()
    assert verdicts(subject)["foot_length_left"] == "warned"
    # the sole lies flat: X of such a foot is horizontal up to the heights of its two markers
    full = calibrated(without(markers, *midfoot))
    for name in ("HEE", "TOE"):
        np.testing.assert_allclose(
            subject.left.foot.points_m[name], full.left.foot.points_m[name], atol=0.012
        )
    none = calibrated(without(only_toe, "LHEE", "RHEE"))
    assert none.left.foot is None
    assert none.left.foot_inertia.com_m == (0.0, 0.0, 0.0)
    assert none.left.foot_inertia.mass_kg == subject.left.foot_inertia.mass_kg
    assert verdicts(none)["foot_markers_left"] == "warned"


def test_trunks_with_fewer_markers():
    markers = bodies.standing()
    few = without(markers, "T10", "STRN", "CLAV", "C7")
    subject = calibrated(few)
    assert subject.trunk is None
    assert subject.trunk_top == ("LSHO", "RSHO")
    back = without(markers, "LSHO", "RSHO")
    assert calibrated(back).trunk.cluster == ("C7", "T10", "CLAV", "STRN")
    assert calibrated(without(back, "T10", "STRN")).trunk_top == ("C7", "CLAV")
    none = calibrated(without(back, "T10", "STRN", "C7", "CLAV"))
    assert (none.trunk, none.trunk_top) == (None, ())
    assert verdicts(none)["trunk_markers"] == "warned"


def test_the_least_marker_set_still_makes_a_subject_that_says_what_is_lost():
    """Joint centres that the capture system computes, and nothing else."""
    markers, least = bodies.standing(), {}
    for side in Side:
        letter = side.letter
        least[letter + "KJC"] = 0.5 * (markers[letter + "KNE"] + markers[letter + "KNM"])
        least[letter + "AJC"] = 0.5 * (markers[letter + "ANK"] + markers[letter + "MED"])
        least[letter + "TAO"] = least[letter + "AJC"]
        least[letter + "TAL"] = (
            least[letter + "AJC"] + markers[letter + "KNE"] - markers[letter + "KNM"]
        )
    subject = calibrated(least)
    assert subject.shank(Side.LEFT).tracking == "landmarks"
    found = {name for name, verdict in verdicts(subject).items() if verdict == "warned"}
    assert found == {
        "pelvis_markers",
        "trunk_markers",
        *(f"{what}_markers_{side}" for what in ("thigh", "foot") for side in ("left", "right")),
    }
    assert subject.right.thigh_inertia.com_m == (0.0, 0.0, 0.0)


def test_a_walk_with_all_landmarks_calibrates_the_same_body():
    still = calibrated(bodies.standing())
    walk = calibrated(bodies.walking(), from_walking=True, tracking="cluster")
    for side in Side:
        # the epicondyles move with the femur: the tibia turns against them by some degrees
        np.testing.assert_allclose(
            walk.leg(side).foot.local_m, still.leg(side).foot.local_m, atol=1e-6
        )
        np.testing.assert_allclose(
            walk.leg(side).thigh.points_m["KJC"], still.leg(side).thigh.points_m["KJC"], atol=3e-3
        )
    for name in ("RHJC", "LHJC"):
        np.testing.assert_allclose(
            walk.pelvis.points_m[name], still.pelvis.points_m[name], atol=3e-3
        )
    assert verdicts(walk)["cross_talk_left"] == "passed"
    assert calibrated(bodies.walking(), from_walking=True).left.shank.tracking == "landmarks"


def test_a_walk_is_judged_while_it_is_in_view_and_slips_do_not_count():
    markers = bodies.walking()
    full = calibrated(markers, from_walking=True, tracking="cluster")
    for x in markers.values():
        x[:100] = np.nan
    markers["RTOE"][120:150] += 0.05
    seen = calibrated(markers, from_walking=True, tracking="cluster")
    np.testing.assert_allclose(seen.right.foot.local_m, full.right.foot.local_m, atol=1e-4)


def test_markers_of_a_pelvis_that_blink_too_often_are_not_used():
    markers = bodies.standing()
    markers["RPSI"][::3] = np.nan
    subject = calibrated(markers)
    assert subject.pelvis is None
    assert verdicts(subject)["pelvis_markers"] == "warned"


def test_a_trial_without_legs_is_refused():
    with pytest.raises(CalibrationError, match="told apart"):
        calibrated({"C7": bodies.standing()["C7"]})
