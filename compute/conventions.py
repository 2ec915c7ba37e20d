"""Frames, signs, sides and units: the one place that states them.

Lab frame (ISB, Wu & Cavanagh 1995)
    X forward (walking direction), Y up, Z to the walker's right. Metres, seconds, newtons.
Segment frames
    X anterior, Y proximal, Z to the right, **for both legs** (Z is lateral on the right leg and
    medial on the left).
Moments
    **External**: the load that the environment applies to the shank, about the knee joint centre,
    expressed in the tibia frame. The internal net joint moment is its negative.
Signs, alike for both legs
    EKAM = sigma * M . x_tibia, positive = adduction (turns the shank into varus).
    KFM = -M . z_tibia, positive = flexion.
    sigma = +1 right leg, -1 left leg.
Worked number
    700 N straight up, applied 40 mm medial of the knee centre at any height: EKAM = +28.0 N·m on
    either leg. 30 mm posterior: KFM = +21.0 N·m. ``tests/compute/test_conventions.py`` repeats it.
Units
    SI inside. Report units: N·m/kg (body mass as walked) and %BW·Ht.
Missing
    NaN, never zero.
"""

from enum import IntEnum

import numpy as np

from compute.jit import kernel

GRAVITY_M_PER_S2 = 9.81
"""Standard value of the field's normalisations; also used for the weight of segments."""


class Side(IntEnum):
    """A leg; the value is the row of that leg in every per-leg array."""

    LEFT = 0
    RIGHT = 1

    @property
    def sigma(self) -> float:
        """+1 for the right leg, -1 for the left."""
        return 1.0 if self is Side.RIGHT else -1.0

    @property
    def word(self) -> str:
        """``left`` or ``right``, as files and screens write it."""
        return self.name.lower()

    @property
    def letter(self) -> str:
        """``L`` or ``R``, the first letter of the side's marker names."""
        return self.name[0]

    @property
    def other(self) -> "Side":
        """The other leg."""
        return Side(1 - self)


SIGMA = np.array([Side.LEFT.sigma, Side.RIGHT.sigma])


@kernel
def ekam_nm(sigma: float, moment_lab: np.ndarray, r_lab_from_tibia: np.ndarray) -> float:
    """External knee adduction moment of one leg.

    Parameters
    ----------
    sigma : +1 right, -1 left.
    moment_lab : shape (3,), N·m, lab. External moment about the knee joint centre.
    r_lab_from_tibia : shape (3, 3). Columns are the tibia's X, Y, Z axes in the lab frame.

    Returns
    -------
    N·m, positive = adduction (varus).
    """
    return sigma * (
        moment_lab[0] * r_lab_from_tibia[0, 0]
        + moment_lab[1] * r_lab_from_tibia[1, 0]
        + moment_lab[2] * r_lab_from_tibia[2, 0]
    )


@kernel
def kfm_nm(moment_lab: np.ndarray, r_lab_from_tibia: np.ndarray) -> float:
    """External knee flexion moment of either leg; arguments as for `ekam_nm`, positive = flexion."""
    return -(
        moment_lab[0] * r_lab_from_tibia[0, 2]
        + moment_lab[1] * r_lab_from_tibia[1, 2]
        + moment_lab[2] * r_lab_from_tibia[2, 2]
    )


def pct_bw_ht(moment_nm: float, body_mass_kg: float, height_m: float) -> float:
    """Moment as a percentage of body weight times height (%BW·Ht)."""
    return 100.0 * moment_nm / (body_mass_kg * GRAVITY_M_PER_S2 * height_m)
