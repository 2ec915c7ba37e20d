"""The conventional marker set: no medial markers, a wand on thigh and shank, widths by calliper."""

from dataclasses import replace

import bodies
import numpy as np
import pytest

from compute import Side
from compute.calibration import CalibrationError, JointWidths, calibrate

WIDTHS = JointWidths(knee_m=0.104 - 0.014, ankle_m=0.074 - 0.014)
"""The synthetic walker's, between skin and skin: markers of 7 mm radius sit outside."""


def calibrated(markers, widths=WIDTHS, **options):
    person = replace(bodies.PERSON, widths=widths)
    return calibrate(markers, bodies.RATE_HZ, person, **options)


def centres_m(subject, markers, side):
    """Knee and ankle joint centre of the static trial as the subject's shank carries them, lab."""
    shank = subject.shank(side)
    at = np.stack([markers[name][0] for name in shank.cluster])
    local = np.array(shank.local_m)
    u, _, vt = np.linalg.svd((local - local.mean(axis=0)).T @ (at - at.mean(axis=0)))
    r = vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T
    knee = at.mean(axis=0) - r @ local.mean(axis=0)
    return knee, knee + r @ np.array(shank.ajc_local_m), r


def test_joint_centres_lie_where_the_medial_markers_would_have_put_them():
    markers, truth = bodies.plug_in_gait(bodies.standing())
    subject = calibrated(markers)
    full = calibrate(bodies.standing(), bodies.RATE_HZ, bodies.PERSON)
    for side in Side:
        shank = subject.shank(side)
        assert shank.tracking == "cluster"
        assert shank.cluster == tuple(side.letter + n for n in ("KNE", "SK1", "ANK"))
        knee, ankle, _ = centres_m(subject, markers, side)
        assert np.linalg.norm(knee - truth[side][0]) < 0.001
        assert np.linalg.norm(ankle - truth[side][1]) < 0.001
        true = full.shank(side).length_m
        assert shank.length_m == pytest.approx(true, abs=0.001)
        verdicts = {check.name: check for check in subject.checks}
        assert verdicts[f"plug_in_gait_{side.word}"].verdict == "warned"
        assert side.letter + "TH1" in verdicts[f"plug_in_gait_{side.word}"].message
        assert verdicts[f"leg_length_{side.word}"].verdict == "warned"


@pytest.mark.parametrize("turn_deg", [-5.0, 5.0])
def test_a_wand_that_stands_off_moves_the_knee_by_millimetres(turn_deg):
    markers, truth = bodies.plug_in_gait(bodies.standing())
    arm = markers["RTH1"] - markers["RKNE"]
    up = np.array([0.0, 1.0, 0.0])
    angle = np.radians(turn_deg)
    markers["RTH1"] = markers["RKNE"] + arm * np.cos(angle) + np.cross(up, arm) * np.sin(angle)
    markers["RTH1"] += up * (arm @ up)[:, None] * (1 - np.cos(angle))
    knee, _, _ = centres_m(calibrated(markers), markers, Side.RIGHT)
    # 52 mm from the epicondyle, turned by the angle that the wand makes at the line from hip to knee
    assert 0.003 < np.linalg.norm(knee - truth[Side.RIGHT][0]) < 0.052 * np.radians(5.0)


def test_a_walk_without_medial_markers_calibrates_too():
    markers, _ = bodies.plug_in_gait(bodies.walking())
    subject = calibrated(markers, from_walking=True)
    still, _ = bodies.plug_in_gait(bodies.standing())
    assert subject.left.shank.tracking == "cluster"
    assert subject.left.shank.length_m == pytest.approx(
        calibrated(still).left.shank.length_m, abs=0.005
    )


def test_one_medial_marker_is_better_than_none():
    markers, truth = bodies.plug_in_gait(bodies.standing())
    for side in "LR":
        markers[side + "KNM"] = bodies.standing()[side + "KNM"]
    subject = calibrated(markers, JointWidths(ankle_m=0.060))
    knee, ankle, _ = centres_m(subject, markers, Side.LEFT)
    np.testing.assert_allclose(knee, truth[Side.LEFT][0], atol=1e-6)
    np.testing.assert_allclose(ankle, truth[Side.LEFT][1], atol=1e-6)


def test_knee_centres_of_the_laboratory_with_the_epicondyle_as_axis():
    markers, truth = bodies.plug_in_gait(bodies.standing())
    for side in Side:
        markers[side.letter + "KJC"] = np.tile(truth[side][0], (300, 1))
        markers[side.letter + "AJC"] = np.tile(truth[side][1], (300, 1))
    subject = calibrated(markers, JointWidths())
    assert subject.right.shank.tracking == "landmarks"
    assert subject.right.shank.axis == ("RKJC", "RKNE")
    assert subject.left.shank.axis == ("LKNE", "LKJC")


@pytest.mark.parametrize(
    ("gone", "widths", "says"),
    [
        ((), JointWidths(), r"no marker LKNM \(left medial epicondyle.*--knee-width MM"),
        ((), JointWidths(knee_m=0.09), r"no marker LMED \(left medial malleolus.*--ankle-width MM"),
        (("LTH1",), WIDTHS, r"no marker LTH1 \(left thigh"),
        (("LSK1",), WIDTHS, r"no marker LSK1 \(left shank"),
        (("LASI", "RASI"), WIDTHS, "no hip joint centre .markers RASI"),
        (("LPSI",), WIDTHS, "no hip joint centre"),
        (("LKNE",), WIDTHS, r"no marker LKNE \(left lateral epicondyle.* and no marker LKNM"),
    ],
)
def test_what_is_missing_is_named_with_its_cure(gone, widths, says):
    markers, _ = bodies.plug_in_gait(bodies.standing())
    with pytest.raises(CalibrationError, match=says):
        calibrated({name: x for name, x in markers.items() if name not in gone}, widths)


def test_a_wand_in_front_of_the_thigh_is_refused():
    markers, _ = bodies.plug_in_gait(bodies.standing())
    markers["RTH1"] = markers["RKNE"] + [0.15, 0.18, -0.02]
    with pytest.raises(CalibrationError, match="RTH1 does not stand out to the side"):
        calibrated(markers)


def test_a_wand_in_line_with_the_joints_is_refused():
    markers, _ = bodies.plug_in_gait(bodies.standing())
    for side in "LR":
        markers[side + "SK1"] = 0.5 * (markers[side + "KNE"] + markers[side + "ANK"])
    with pytest.raises(CalibrationError, match="0 cluster markers|1 cluster markers|in line"):
        calibrated(markers)


def test_landmarks_cannot_be_asked_for_without_medial_markers():
    markers, _ = bodies.plug_in_gait(bodies.standing())
    with pytest.raises(CalibrationError, match='remove tracking = "landmarks"'):
        calibrated(markers, tracking="landmarks")
