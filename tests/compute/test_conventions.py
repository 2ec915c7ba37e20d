import numpy as np
import pytest

from compute.conventions import Side, ekam_nm, kfm_nm, pct_bw_ht
from compute.newton_euler import moment_about
from compute.plates import centre_of_pressure_m
from compute.pose import tibia_frame

UPRIGHT = np.eye(3)


def moment_of(force, at, knee):
    wrench = np.concatenate([force, np.cross(at, force)])
    return moment_about(wrench, knee, np.empty(3))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("height_m", [0.0, 0.3, 0.5])
def test_worked_number(side, height_m):
    """700 N up, 40 mm medial and 30 mm posterior of the knee: +28.0 and +21.0 N·m on either leg."""
    knee = np.array([0.2, 0.5, 0.1 * side.sigma])
    medial = -side.sigma * np.array([0.0, 0.0, 1.0])
    force = np.array([0.0, 700.0, 0.0])
    at = np.array([knee[0], height_m, knee[2]]) + 0.040 * medial
    assert ekam_nm(side.sigma, moment_of(force, at, knee), UPRIGHT) == pytest.approx(
        28.0, abs=1e-12
    )
    at = np.array([knee[0] - 0.030, height_m, knee[2]])
    assert kfm_nm(moment_of(force, at, knee), UPRIGHT) == pytest.approx(21.0, abs=1e-12)


@pytest.mark.parametrize("side", Side)
def test_tibia_axes_of_an_upright_leg(side):
    """X forward, Y up, Z to the right on both legs, from lateral and medial epicondyles."""
    kjc, ajc = np.array([0.0, 0.5, 0.1]), np.array([0.0, 0.1, 0.1])
    lateral = kjc + [0.0, 0.0, 0.05 * side.sigma]
    medial = kjc - [0.0, 0.0, 0.05 * side.sigma]
    r = tibia_frame(kjc, ajc, side.sigma * (lateral - medial), np.empty((3, 3)))
    np.testing.assert_allclose(r, np.eye(3), atol=1e-15)


def test_centre_of_pressure_inverts_the_wrench():
    force = np.array([30.0, 700.0, -20.0])
    at = np.array([0.3, -0.0075, 0.15])
    wrench = np.concatenate([force, np.cross(at, force) + [0.0, 5.0, 0.0]])
    np.testing.assert_allclose(centre_of_pressure_m(wrench, -0.0075), at, atol=1e-12)


def test_percent_of_body_weight_and_height():
    assert pct_bw_ht(0.0981 * 70 * 1.7, 70.0, 1.7) == pytest.approx(1.0)


def test_sides():
    assert Side.LEFT.other is Side.RIGHT
    assert (Side.LEFT.sigma, Side.RIGHT.sigma) == (-1.0, 1.0)
    assert [side.letter + side.word for side in Side] == ["Lleft", "Rright"]
