import numpy as np
import pytest

from compute import Side
from compute.calibration import CalibrationError, Person, calibrate
from compute.pose import CLUSTER, LANDMARKS

PERSON = Person("T1", 70.0, 1.75, "m")
RATE_HZ = 100.0


def standing(seconds=2.0, heading_deg=0.0):
    """An upright person facing forward, by hand: canonical name -> positions, lab, m."""
    at = {}
    for side in Side:
        z, out = 0.1 * side.sigma, side.sigma
        letter = side.letter
        at[letter + "ASI"] = (0.05, 0.98, 1.2 * z)
        at[letter + "PSI"] = (-0.10, 1.00, 0.5 * z)
        at[letter + "SHO"] = (-0.03, 1.40, 1.8 * z)
        at[letter + "TH1"] = (0.05, 0.75, z + 0.05 * out)
        at[letter + "TH2"] = (0.06, 0.60, z + 0.04 * out)
        at[letter + "TH3"] = (-0.02, 0.70, z + 0.07 * out)
        at[letter + "KNE"] = (0.0, 0.50, z + 0.05 * out)
        at[letter + "KNM"] = (0.0, 0.50, z - 0.05 * out)
        at[letter + "ANK"] = (-0.01, 0.10, z + 0.035 * out)
        at[letter + "MED"] = (0.01, 0.10, z - 0.035 * out)
        at[letter + "HEE"] = (-0.06, 0.04, z)
        at[letter + "TOE"] = (0.14, 0.03, z + 0.02 * out)
        at[letter + "MT1"] = (0.13, 0.03, z - 0.03 * out)
        at[letter + "MT5"] = (0.11, 0.03, z + 0.05 * out)
        at[letter + "SK1"] = (0.05, 0.40, z + 0.02 * out)
        at[letter + "SK2"] = (0.03, 0.25, z + 0.06 * out)
        at[letter + "SK3"] = (0.05, 0.20, z - 0.04 * out)
    at |= {"C7": (-0.09, 1.44, 0.0), "CLAV": (0.05, 1.37, 0.0), "T10": (-0.1, 1.2, 0.0)}
    at |= {"STRN": (0.08, 1.2, 0.0)}
    turn = np.radians(heading_deg)
    r = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    n = int(seconds * RATE_HZ)
    return {name: np.tile(r @ np.array(x), (n, 1)) for name, x in at.items()}


def load(left_kg=35.0, right_kg=35.0, ahead_m=0.0, outwards_m=0.0, frames=200):
    """Standing on two plates: F and M_O on the left and right foot, lab."""
    wrench = np.zeros((frames, 2, 6))
    for side, kg in ((Side.LEFT, left_kg), (Side.RIGHT, right_kg)):
        force = [0.0, 9.81 * kg, 0.0]
        at = [ahead_m, 0.0, side.sigma * (0.1 + outwards_m)]
        wrench[:, side] = [*force, *np.cross(at, force)]
    return wrench


def verdicts(subject):
    return {check.name: check.verdict for check in subject.checks}


def test_upright_person_passes_every_check():
    subject = calibrate(standing(), RATE_HZ, PERSON, wrench=load())
    assert set(verdicts(subject).values()) == {"passed"}
    assert {
        "static_still",
        "static_load",
        "knee_width_left",
        "torsion_right",
        "cluster_left",
    } <= set(verdicts(subject))
    for side in Side:
        shank = subject.shank(side)
        assert shank.tracking == "cluster"
        assert shank.length_m == pytest.approx(0.4)
        np.testing.assert_allclose(shank.ajc_local_m, [0, -0.4, 0], atol=1e-12)
        # Cluster in the tibia frame: origin at the knee centre, X forward, Y up, Z right on both legs.
        expected = [
            [0.05, -0.1, 0.02 * side.sigma],
            [0.03, -0.25, 0.06 * side.sigma],
            [0.05, -0.3, -0.04 * side.sigma],
        ]
        np.testing.assert_allclose(shank.local_m, expected, atol=1e-12)
        assert shank.arrays(shank.markers()).mode == CLUSTER


@pytest.mark.parametrize("heading_deg", [0.0, 90.0, 180.0, -135.0])
def test_the_way_a_person_faces_does_not_matter(heading_deg):
    reference = calibrate(standing(), RATE_HZ, PERSON)
    turned = calibrate(standing(heading_deg=heading_deg), RATE_HZ, PERSON)
    for side in Side:
        np.testing.assert_allclose(
            turned.shank(side).local_m, reference.shank(side).local_m, atol=1e-12
        )


def test_joint_centres_of_the_laboratory_win_and_either_axis_direction_serves():
    markers = standing()
    for side in Side:
        letter = side.letter
        markers[letter + "KJC"] = 0.5 * (markers[letter + "KNE"] + markers[letter + "KNM"])
        markers[letter + "AJC"] = 0.5 * (markers[letter + "ANK"] + markers[letter + "MED"])
        markers[letter + "TAO"] = markers[letter + "AJC"]
        markers[letter + "TAL"] = markers[letter + "AJC"] - [
            0.0,
            0.0,
            0.1,
        ]  # points left on both legs
        for name in ("KNM", "SK1", "SK2", "SK3"):
            del markers[letter + name]
    subject = calibrate(markers, RATE_HZ, PERSON)
    assert subject.shank(Side.RIGHT).axis == ("RTAL", "RTAO")
    assert subject.shank(Side.LEFT).axis == ("LTAL", "LTAO")
    arrays = subject.shank(Side.RIGHT).arrays(subject.markers())
    assert arrays.mode == LANDMARKS
    assert [subject.markers()[i] for i in (*arrays.knee, *arrays.ankle)] == [
        "RKJC",
        "RKJC",
        "RAJC",
        "RAJC",
    ]


def test_a_missing_knee_marker_is_named_with_its_purpose():
    markers = standing()
    del markers["RKNM"]
    with pytest.raises(CalibrationError, match=r"RKNM \(right medial epicondyle.*put it on"):
        calibrate(markers, RATE_HZ, PERSON)


def test_a_marker_hidden_too_often_is_named():
    markers = standing()
    markers["LMED"][::5] = np.nan
    with pytest.raises(CalibrationError, match=r"LMED .*80% of the frames"):
        calibrate(markers, RATE_HZ, PERSON)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("RKNE", "RKNM", "RKNE lies left of RKNM"),
        ("LKNM", "RKNM", "lies left of"),
        ("LANK", "LMED", "LMED lies left of LANK"),
        ("LSK1", "RSK1", "SK1 is 0.2. m from the axis of the"),
    ],
)
def test_swapped_labels_are_refused(one, other, says):
    markers = standing()
    markers[one], markers[other] = markers[other], markers[one]
    with pytest.raises(CalibrationError, match=says):
        calibrate(markers, RATE_HZ, PERSON)


def test_all_labels_of_the_legs_swapped_are_refused_by_the_feet():
    """The mirror image of a body stands just as well; only the feet tell."""
    markers = {
        {"L": "R", "R": "L"}.get(name[0], name[0]) + name[1:]: x for name, x in standing().items()
    }
    with pytest.raises(CalibrationError, match="foot points backward|it points backward"):
        calibrate(markers, RATE_HZ, PERSON)


def test_knees_of_different_width_are_refused():
    markers = standing()
    markers["RKNE"] += [0.0, 0.0, 0.03]
    with pytest.raises(CalibrationError, match="knee widths differ by 30 mm"):
        calibrate(markers, RATE_HZ, PERSON)


def test_a_swollen_knee_is_warned_of():
    markers = standing()
    markers["RKNE"] += [0.0, 0.0, 0.015]
    assert verdicts(calibrate(markers, RATE_HZ, PERSON))["knee_symmetry"] == "warned"


def test_blinking_markers_do_not_spoil_a_static_trial():
    markers = standing(3.0)
    for i, x in enumerate(markers.values()):
        x[10 + 7 * i] = np.nan
    subject = calibrate(markers, RATE_HZ, PERSON, wrench=load(frames=300))
    assert verdicts(subject)["static_still"] == "passed"
    np.testing.assert_allclose(subject.shank(Side.RIGHT).local_m[0], [0.05, -0.1, 0.02], atol=1e-9)


def test_a_cluster_marker_out_of_view_is_left_out():
    markers = standing()
    markers["RSK4"] = markers["RSK1"] + [0.0, -0.05, 0.05]
    markers["RSK4"][:150] = np.nan
    subject = calibrate(markers, RATE_HZ, PERSON)
    assert subject.shank(Side.RIGHT).cluster == ("RSK1", "RSK2", "RSK3")


def test_a_load_that_is_missing_is_no_load_that_fits():
    with pytest.raises(CalibrationError, match="plates carry nan"):
        calibrate(standing(), RATE_HZ, PERSON, wrench=np.full((200, 2, 6), np.nan))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["RKNE"].__iadd__([0, 0, 0.11]), "right knee is 210 mm wide"),
        (lambda m: [m["LANK"].__isub__([0, 0, 0.07]), m["LMED"].__iadd__([0, 0, 0.0])], "left ankle"),
        (lambda m: [m[k].__iadd__([0, 0.15, 0]) for k in ("RANK", "RMED")], "right shank is"),
        (lambda m: [m[k].__imul__([1, -1, 1]) for k in m], "check axes up"),
        (lambda m: [m[k].__iadd__([0, 0.001, 0] * np.arange(200)[:, None]) for k in m], "belt off"),
        (lambda m: m["RSK2"].__iadd__([0.04 - 0.03, 0.05, -0.06]), "less in line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_name(change, message):
    markers = standing()
    change(markers)
    with pytest.raises(CalibrationError, match=message):
        calibrate(markers, RATE_HZ, PERSON)


def test_load_that_does_not_fit_the_mass():
    with pytest.raises(CalibrationError, match=r"plates carry 63\.0 kg"):
        calibrate(standing(), RATE_HZ, PERSON, wrench=load(31.5, 31.5))
    subject = calibrate(standing(), RATE_HZ, PERSON, wrench=load(0.0, 0.0))
    assert verdicts(subject)["static_load"] == "warned"


def test_short_and_too_short_static_trials():
    assert verdicts(calibrate(standing(0.6), RATE_HZ, PERSON))["static_length"] == "warned"
    with pytest.raises(CalibrationError, match="lasts 0.30 s"):
        calibrate(standing(0.3), RATE_HZ, PERSON)


def test_from_walking_follows_the_landmarks_unless_a_cluster_is_asked_for():
    markers = standing()
    assert calibrate(markers, RATE_HZ, PERSON, from_walking=True).left.shank.tracking == "landmarks"
    subject = calibrate(markers, RATE_HZ, PERSON, from_walking=True, tracking="cluster")
    np.testing.assert_allclose(subject.shank(Side.RIGHT).local_m[0], [0.05, -0.1, 0.02], atol=1e-12)


def test_a_cluster_that_is_asked_for_must_be_there():
    markers = standing()
    del markers["LSK3"]
    with pytest.raises(CalibrationError, match="left shank has 2 cluster markers"):
        calibrate(markers, RATE_HZ, PERSON, tracking="cluster")
