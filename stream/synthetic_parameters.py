"""Who the synthetic walker is and how it walks."""

from dataclasses import dataclass, replace

from compute.conventions import Side

STANCE_FRACTION = 0.63
"""Share of the gait cycle from heel strike to toe-off; above one half = double support."""


@dataclass(frozen=True)
class WalkParameters:
    """A walker. Pairs are (left, right), indexed by `Side`.

    Attributes
    ----------
    peak1_nm_per_kg, peak2_nm_per_kg : EKAM peaks at baseline.
    variability : standard deviation of both peaks over the strides, fraction of the mean.
    response : largest drop of peak 1 in the second half of the recording, fraction of baseline.
    trunk_lean_deg : largest lean of the trunk towards the stance leg.
    leading : leg whose heel strike comes first, `first_contact_s` after the first sample.
    """

    body_mass_kg: float = 72.0
    height_m: float = 1.72
    speed_m_per_s: float = 1.10
    cadence_steps_per_min: float = 105.0
    step_width_m: float = 0.15
    toe_out_deg: float = 6.0
    trunk_lean_deg: float = 1.5
    peak1_nm_per_kg: tuple[float, float] = (0.47, 0.45)
    peak2_nm_per_kg: tuple[float, float] = (0.41, 0.40)
    variability: float = 0.02
    response: float = 0.17
    leading: Side = Side.RIGHT
    first_contact_s: float = 0.15

    @property
    def stride_s(self) -> float:
        """Duration of a gait cycle, s."""
        return 120.0 / self.cadence_steps_per_min

    @property
    def stance_s(self) -> float:
        """Heel strike to toe-off, s."""
        return STANCE_FRACTION * self.stride_s

    @property
    def thigh_m(self) -> float:
        """Hip centre to knee centre."""
        return 0.245 * self.height_m

    @property
    def shank_m(self) -> float:
        """Knee centre to ankle centre."""
        return 0.243 * self.height_m

    def mirrored(self) -> "WalkParameters":
        """The mirror image of this walker: legs exchanged."""
        left1, right1 = self.peak1_nm_per_kg
        left2, right2 = self.peak2_nm_per_kg
        return replace(
            self,
            peak1_nm_per_kg=(right1, left1),
            peak2_nm_per_kg=(right2, left2),
            leading=self.leading.other,
        )

    def contact_s(self, side: Side) -> float:
        """First heel strike of a leg at or after `first_contact_s`, s."""
        return self.first_contact_s + (0.0 if side is self.leading else 0.5 * self.stride_s)
