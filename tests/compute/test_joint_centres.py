import numpy as np
import pytest

from compute.joint_centres import chord, hip_centre_m


@pytest.mark.parametrize(
    ("method", "mm"),
    [
        # pelvis 150 mm deep, 240 mm wide, leg 850 mm
        ("harrington", (-45.9, -79.5, 88.3)),
        ("harrington_single", (-45.9, -82.9, 86.5)),
        ("bell", (-45.6, -72.0, 86.4)),
        ("hara", (-42.55, -75.3, 81.1)),
    ],
)
def test_hip_centres_by_hand(method, mm):
    right = hip_centre_m(method, 0.150, 0.240, 0.850, 1.0)
    left = hip_centre_m(method, 0.150, 0.240, 0.850, -1.0)
    np.testing.assert_allclose(1000 * right, mm, atol=0.01)
    np.testing.assert_allclose(left, right * [1, 1, -1])


def random_leg(seed):
    """Hip, true knee centre, lateral epicondyle at a right angle, wand in their plane; lab, (1, 3)."""
    rng = np.random.default_rng(seed)
    r = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    knee, hip, lateral = (np.array(x) for x in ([0, 0, 0.0], [0, 0.42, 0], [0, 0, 0.055]))
    wand = np.array([0, rng.uniform(0.1, 0.3), rng.uniform(0.08, 0.2)])
    return [x[None] @ r.T for x in (hip, wand, lateral, knee)], r[:, 2]


@pytest.mark.parametrize("seed", range(5))
def test_the_chord_finds_the_joint_centre(seed):
    (hip, wand, lateral, knee), out = random_leg(seed)
    np.testing.assert_allclose(chord(hip, wand, lateral, 0.055, out), knee, atol=1e-12)


def test_a_wand_inside_the_line_gives_the_same_knee():
    """The plane counts, not the side on which the wand stands in it."""
    (hip, wand, lateral, knee), out = random_leg(1)
    line = hip + 0.5 * (lateral - hip)
    np.testing.assert_allclose(chord(hip, 2 * line - wand, lateral, 0.055, out), knee, atol=1e-12)


def test_a_wand_that_is_turned_turns_the_axis_by_as_much():
    (hip, wand, lateral, knee), out = random_leg(2)
    along = (hip - lateral)[0] / np.linalg.norm(hip - lateral)
    angle = np.radians(5.0)
    arm = wand - lateral
    off = lateral + arm * np.cos(angle) + np.cross(along, arm) * np.sin(angle)
    off += along * (along @ arm[0]) * (1 - np.cos(angle))
    found = chord(hip, off, lateral, 0.055, out)
    assert np.linalg.norm(found - knee) == pytest.approx(0.055 * np.radians(5.0), rel=0.02)


def test_a_wand_in_line_tells_nothing():
    (hip, _, lateral, _), out = random_leg(3)
    assert np.isnan(chord(hip, 0.5 * (hip + lateral), lateral, 0.055, out)).all()
