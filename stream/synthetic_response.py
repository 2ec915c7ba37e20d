"""How the synthetic walker's knee moment answers to the way it walks: a made-up rule, to teach with.

People differ, and so do studies; the shares below are round numbers of the direction and size that
gait-retraining studies report (toe-in and trunk lean lower the first peak, toe-in raises the second one,
a wider step and a slower belt lower both). They are this walker's own truth, and nobody else's.
"""

from dataclasses import dataclass, replace

from stream.synthetic_parameters import WalkParameters


@dataclass(frozen=True)
class Response:
    """Change of an EKAM peak, fraction of baseline, per unit by which the walk differs from the usual one.

    Each pair is (first peak, second peak). No peak falls below `least` of its baseline.
    """

    per_deg_of_toe_in: tuple[float, float] = (-0.012, 0.010)
    per_deg_of_trunk_lean: tuple[float, float] = (-0.025, -0.008)
    per_cm_of_step_width: tuple[float, float] = (-0.012, -0.008)
    per_tenth_m_per_s: tuple[float, float] = (0.025, 0.005)
    least: float = 0.3


def responding(
    parameters: WalkParameters,
    usual: WalkParameters | None = None,
    response: Response | None = None,
) -> WalkParameters:
    """The walker with the EKAM peaks that its way of walking gives it.

    Parameters
    ----------
    parameters : how it walks; its peaks are those of the usual walk.
    usual : the walk at which the peaks are what `parameters` says; the standard walker's when None.
    """
    usual, response = usual or WalkParameters(), response or Response()
    changes = (
        (response.per_deg_of_toe_in, usual.toe_out_deg - parameters.toe_out_deg),
        (response.per_deg_of_trunk_lean, parameters.trunk_lean_deg - usual.trunk_lean_deg),
        (response.per_cm_of_step_width, 100.0 * (parameters.step_width_m - usual.step_width_m)),
        (response.per_tenth_m_per_s, 10.0 * (parameters.speed_m_per_s - usual.speed_m_per_s)),
    )
    first, second = (
        max(response.least, 1.0 + sum(shares[peak] * by for shares, by in changes))
        for peak in (0, 1)
    )
    left1, right1 = parameters.peak1_nm_per_kg
    left2, right2 = parameters.peak2_nm_per_kg
    return replace(
        parameters,
        peak1_nm_per_kg=(first * left1, first * right1),
        peak2_nm_per_kg=(second * left2, second * right2),
    )
