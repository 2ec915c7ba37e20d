"""What is left of a subject when a stream lacks some of its markers."""

from dataclasses import replace

import bodies
import pytest

from compute.calibration import JointWidths, calibrate


@pytest.fixture(scope="module")
def subject():
    return calibrate(bodies.standing(), bodies.RATE_HZ, bodies.PERSON)


def stream(*gone):
    return tuple(name for name in bodies.walking(0.1) if name not in gone)


def test_a_stream_that_carries_everything_changes_nothing(subject):
    same, said = subject.restricted_to(stream("RKNM", "LKNM", "RMED", "LMED"))
    assert same == subject
    assert said == ()


def test_a_cluster_of_four_does_without_one(subject):
    less, said = subject.restricted_to(stream("LSK4", "RTH1", "RTOE", "LPSI", "C7"))
    assert less.left.shank.cluster == ("LSK1", "LSK2", "LSK3")
    assert less.left.shank.local_m == subject.left.shank.local_m[:3]
    assert less.right.thigh.cluster == ("RTH2", "RTH3", "RTH4")
    assert less.right.foot.cluster == ("RHEE", "RMT1", "RMT5")
    assert less.pelvis.cluster == ("RASI", "LASI", "RPSI")
    assert "C7" not in less.trunk.cluster
    assert said == ("LSK4 not in the stream: the left shank is carried by the other markers",)
    assert set(less.markers()) <= set(stream("LSK4", "RTH1", "RTOE", "LPSI", "C7"))


def test_segments_that_cannot_be_carried_are_named(subject):
    gone = ("RTH1", "RTH2", "LASI", "LPSI", "LHEE", "T10", "STRN", "CLAV", "LSHO")
    less, said = subject.restricted_to(stream(*gone))
    assert (less.pelvis, less.trunk, less.right.thigh, less.left.foot) == (None,) * 4
    assert less.left.foot_inertia.com_m == (0.0, 0.0, 0.0)
    assert less.left.foot_inertia.mass_kg == subject.left.foot_inertia.mass_kg
    assert less.trunk_top == ("C7",)
    assert less.right.foot == subject.right.foot
    assert len(said) == 4
    for words in ("left foot", "right thigh", "pelvis", "trunk is that of C7"):
        assert any(words in sentence for sentence in said)


def test_no_trunk_at_all(subject):
    less, said = subject.restricted_to(stream("C7", "CLAV", "LSHO", "RSHO", "T10", "STRN"))
    assert (less.trunk, less.trunk_top) == (None, ())
    assert said == ("no trunk markers in the stream: trunk lean stays empty",)


def test_a_foot_with_two_markers_is_held_by_the_ankle(subject):
    less, said = subject.restricted_to(stream("LMT1", "LTOE"))
    assert less.left.foot.cluster == ("LHEE", "LMT5", "LAJC")
    assert less.left.foot.local_m[2] == (0.0, 0.0, 0.0)
    assert less.left.foot_inertia == subject.left.foot_inertia
    assert said == ()


def test_a_shank_that_cannot_be_tracked_keeps_its_needs(subject):
    less, said = subject.restricted_to(stream("LSK3", "LSK4"))
    assert less.left.shank == subject.left.shank
    assert set(less.needed()) - set(stream("LSK3", "LSK4")) == {"LSK3", "LSK4"}
    assert said == ()


def test_landmarks_give_way_to_the_cluster_of_the_static_trial():
    """Medial markers on while standing only, one marker on each shank (HBM)."""
    markers = {
        name: x for name, x in bodies.standing().items() if name[1:] not in ("SK2", "SK3", "SK4")
    }
    subject = calibrate(markers, bodies.RATE_HZ, bodies.PERSON)
    assert subject.left.shank.tracking == "landmarks"
    same, said = subject.restricted_to(tuple(markers))
    assert (same, said) == (subject, ())
    less, said = subject.restricted_to([n for n in markers if n[1:] not in ("KNM", "MED")])
    assert less.left.shank.tracking == "cluster"
    assert less.left.shank.cluster == ("LKNE", "LSK1", "LANK")
    assert "LKNM, LMED not in the stream: the left tibia is carried by LKNE, LSK1, LANK" in said[0]
    assert not {"LKNM", "LMED"} & set(less.markers())
    # without the wand nothing carries it, and the medial markers stay needed
    lost, _ = subject.restricted_to([n for n in markers if n[1:] not in ("KNM", "SK1")])
    assert "LKNM" in lost.needed()


def test_a_subject_without_options_is_left_alone():
    markers, _ = bodies.plug_in_gait(bodies.standing())
    person = replace(bodies.PERSON, widths=JointWidths(0.09, 0.06))
    subject = calibrate(markers, bodies.RATE_HZ, person)
    assert subject.restricted_to(tuple(markers)) == (subject, ())
