import numpy as np
import pytest
import walkers

from compute import Side
from compute.inertia import LegMeasures, leg_inertia
from stream import synthetic_body

WHOLE = LegMeasures(shank_m=0.4, thigh_m=0.42, foot_m=0.14, heel_m=(-0.06, -0.05, 0.0))


def test_worked_numbers_of_a_right_and_a_left_leg():
    """Dumas & Wojtusch, man of 70 kg: shank 4.8 %, centre of mass -4.8, -41.0, 0.7 % of 0.40 m."""
    _, right, foot = leg_inertia("dumas", "m", 70.0, 1.75, Side.RIGHT, WHOLE)
    _, left, _ = leg_inertia("dumas", "m", 70.0, 1.75, Side.LEFT, WHOLE)
    assert right.mass_kg == pytest.approx(3.36)
    assert right.com_m == pytest.approx((-0.0192, -0.164, 0.0028))
    assert left.com_m == pytest.approx((-0.0192, -0.164, -0.0028))
    np.testing.assert_allclose(
        right.inertia_kg_m2, np.diag(3.36 * np.array([0.112, 0.04, 0.112]) ** 2)
    )
    assert foot.com_m == pytest.approx((0.07028, -0.02786, 0.00476))
    assert foot.mass_kg == pytest.approx(0.84)


def test_de_leva():
    """Woman of 60 kg and 1.70 m: foot length 13.16 % of height, centre of mass 40.14 % of it from the heel."""
    thigh, shank, foot = leg_inertia("deleva", "f", 60.0, 1.70, Side.LEFT, WHOLE)
    assert shank.com_m == pytest.approx((0.0, -0.4416 * 0.4, 0.0))
    assert thigh.com_m == pytest.approx((0.0, -0.3612 * 0.42, 0.0))
    assert thigh.mass_kg == pytest.approx(60 * 0.1478)
    length = 0.1316 * 1.70
    assert foot.com_m == pytest.approx((-0.06 + 0.4014 * length, -0.05, 0.0))
    about = np.sqrt(np.diag(foot.inertia_kg_m2) / foot.mass_kg) / length
    np.testing.assert_allclose(
        about, [0.139, 0.299, 0.279]
    )  # longitudinal about X: a foot points ahead
    assert np.sqrt(shank.inertia_kg_m2[1][1] / shank.mass_kg) == pytest.approx(0.093 * 0.4)


@pytest.mark.parametrize("model", ["dumas", "deleva"])
def test_what_the_markers_do_not_tell_is_a_point_mass(model):
    thigh, shank, foot = leg_inertia(model, "f", 60.0, 1.7, Side.LEFT, LegMeasures(shank_m=0.4))
    for part in (thigh, foot):
        assert part.mass_kg > 0.5
        assert not np.any(part.com_m)
        assert not np.any(part.inertia_kg_m2)
    assert shank.inertia_kg_m2[0][0] > 0.0


@pytest.mark.parametrize("model", ["dumas", "deleva"])
@pytest.mark.parametrize("sex", ["m", "f"])
def test_segments_of_a_usual_size_have_usual_inertia(model, sex):
    """Both tables describe the same bodies: masses within a fifth, moments within a factor of two."""
    for part, other in zip(
        leg_inertia(model, sex, 70.0, 1.75, Side.RIGHT, WHOLE),
        leg_inertia("dumas", sex, 70.0, 1.75, Side.RIGHT, WHOLE),
        strict=True,
    ):
        assert 0.75 < part.mass_kg / other.mass_kg < 1.35
        ratio = part.inertia_kg_m2[2][2] / other.inertia_kg_m2[2][2]
        assert 0.5 < ratio < 2.0


def test_the_synthetic_walker_is_weighed_as_its_truth_is():
    true = synthetic_body.inertia(walkers.trial().parameters)
    leg = walkers.subject().right
    for found, expected in zip(
        (leg.thigh_inertia, leg.shank_inertia, leg.foot_inertia), true, strict=True
    ):
        assert found.mass_kg == pytest.approx(expected.mass_kg)
        np.testing.assert_allclose(found.com_m, expected.com_m, atol=1e-6)
        np.testing.assert_allclose(found.inertia_kg_m2, expected.inertia_kg_m2, atol=1e-7)
