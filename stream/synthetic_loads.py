"""Loads of the synthetic walker: closed-form curves over the stance, and where they must act.

As in `stream.synthetic_motion`, everything describes a **right** leg in the engine's lab frame (X
forward, Y up, Z right; SI); a left leg is the mirror image.

Every load is a window with quintic edges times a short cosine series in the stance fraction ``u``
(0 = heel strike, 1 = toe-off): zero with its first two derivatives at both ends. The series is
found from what is asked of the curve (peaks exactly where and as high as stated). Without the
window the loads are "reduced": they stay well above zero, so the centre of pressure is well defined
up to the very ends.

The prescribed curves are the **full** external moments about the knee centre K, in the tibia frame,
EKAM = M . x_tibia, KFM = -M . z_tibia (right leg), with

M = (P - K) x F + T + J,  J = weight and inertia of foot and shank (`stream.synthetic_body`, exact).

J does not vanish at the ends of the stance, so there the curves run into it: with the window w and the
reduced curve s, M = w s + (1 - w) J. Where w = 1, from 19 to 81 % of stance and with it at both peaks,
M = s; in swing, M = J. The reduced ground reaction has to supply s - J.
"""

from dataclasses import dataclass
from functools import cache
from math import radians

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2, Side
from compute.stance import CURVES
from stream.synthetic_body import KNEE, Body, angles_rad, inertial_moments, moments_nm, walking_body
from stream.synthetic_jet import constant, step
from stream.synthetic_motion import MIRROR
from stream.synthetic_parameters import STANCE_FRACTION, WalkParameters

PEAK1_AT = 0.28
PEAK2_AT = 0.76
_VALLEY_AT = 0.52
_VALLEY_RATIO = 0.60
"""EKAM between its peaks, as a fraction of their mean."""

_MEDIAL_TILT = 0.05
"""Medial over vertical ground reaction."""
_FREE_MOMENT_M = np.array([0.0, -0.005])
"""Cosine series of the free moment over body weight."""
_ROLL_FROM_M, _ROLL_TO_M = -0.035, 0.180
"""Centre of pressure ahead of the ankle's footprint at contact and at toe-off."""
_KFM_TERMS = 9
_EDGE = 0.19
"""Fraction of the stance over which loads rise after contact and fall before toe-off."""


@dataclass(frozen=True)
class LegTruth:
    """Loads and angles of one leg at n instants, in the engine's lab frame; no ground load in swing.

    Attributes
    ----------
    values : shape (n, len(CURVES)), columns as in `compute.stance.CURVES`, SI.
    force_n, torque_nm : shape (n, 3). Reaction on the foot and free moment at the pressure centre.
    cop_m : shape (n, 3). Centre of pressure; NaN in swing.
    """

    values: np.ndarray
    force_n: np.ndarray
    torque_nm: np.ndarray
    cop_m: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """One curve of `compute.stance.CURVES`, shape (n,)."""
        return self.values[:, CURVES.index(name)]

    @property
    def ekam_nm(self) -> np.ndarray:
        """Full external knee adduction moment, tibia frame."""
        return self.column("ekam_nm")

    @property
    def kfm_nm(self) -> np.ndarray:
        """Full external knee flexion moment, tibia frame."""
        return self.column("kfm_nm")

    @property
    def ekam_vector_nm(self) -> np.ndarray:
        """The same of the ground reaction alone, without weight and inertia of the segments."""
        return self.column("ekam_vector_nm")

    @property
    def kfm_vector_nm(self) -> np.ndarray:
        """Flexion moment of the ground reaction alone."""
        return self.column("kfm_vector_nm")

    @property
    def fz_n(self) -> np.ndarray:
        """Vertical ground reaction."""
        return self.column("fz_n")


def window(u: np.ndarray) -> np.ndarray:
    """Factor common to all loads: quintic edges, 1 between, 0 outside the stance."""
    return _step(u / _EDGE) * _step((1.0 - u) / _EDGE)


def _step(x: np.ndarray) -> np.ndarray:
    return step(constant(x)).at


def series(coefficients: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Cosine series: sum of ``coefficients[j] * cos(j pi u)``, shape of `u`."""
    u = np.clip(u, 0.0, 1.0)
    return np.cos(np.pi * np.multiply.outer(u, np.arange(len(coefficients)))) @ coefficients


def _value_row(u: float, terms: int) -> np.ndarray:
    """What the coefficients contribute to the value at `u`, where the window is 1."""
    return np.asarray(np.cos(np.arange(terms) * np.pi * u))


def _slope_row(u: float, terms: int) -> np.ndarray:
    """What the coefficients contribute to the slope at `u`, where the window is 1."""
    j = np.arange(terms)
    return np.asarray(-np.pi * j * np.sin(j * np.pi * u))


def _mean_row(terms: int) -> np.ndarray:
    """What the coefficients contribute to the mean of the windowed curve over the stance."""
    u = (np.arange(1000) + 0.5) / 1000.0
    return np.asarray(window(u) @ np.cos(np.pi * np.multiply.outer(u, np.arange(terms)))) / len(u)


def vertical_series() -> np.ndarray:
    """Vertical ground reaction in body weights: humps at 24 % and 77 % of stance.

    Its mean is such that both feet together carry the body weight over a stride; the valley
    between the humps follows from that.
    """
    terms = 5
    rows = [
        _value_row(0.24, terms),
        _slope_row(0.24, terms),
        _value_row(0.77, terms),
        _slope_row(0.77, terms),
        _mean_row(terms),
    ]
    return np.linalg.solve(np.array(rows), [1.08, 0.0, 1.06, 0.0, 0.5 / STANCE_FRACTION])


def forward_series() -> np.ndarray:
    """Forward ground reaction in body weights: braking, propulsion, no net impulse."""
    terms = 5
    rows = [
        _value_row(0.20, terms),
        _slope_row(0.20, terms),
        _value_row(0.80, terms),
        _slope_row(0.80, terms),
        _mean_row(terms),
    ]
    return np.linalg.solve(np.array(rows), [-0.17, 0.0, 0.215, 0.0, 0.0])


def ekam_series(peak1: np.ndarray, peak2: np.ndarray) -> np.ndarray:
    """EKAM with exactly these peaks at `PEAK1_AT` and `PEAK2_AT`; any unit.

    Peaks of shape (n,) give coefficients of shape (terms, n).
    """
    terms = 7
    rows = [
        _value_row(0.0, terms),
        _value_row(PEAK1_AT, terms),
        _slope_row(PEAK1_AT, terms),
        _value_row(_VALLEY_AT, terms),
        _value_row(PEAK2_AT, terms),
        _slope_row(PEAK2_AT, terms),
        _value_row(1.0, terms),
    ]
    none = np.zeros_like(peak1)
    valley = _VALLEY_RATIO * 0.5 * (peak1 + peak2)
    wanted = [0.4 * peak1, peak1, none, valley, peak2, none, 0.2 * peak2]
    return np.linalg.solve(np.array(rows), np.array(wanted))


def ground_reaction(parameters: WalkParameters, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reduced ground reaction on the foot, N, shape (n, 3), and free moment, N·m, shape (n, 3)."""
    weight = parameters.body_mass_kg * GRAVITY_M_PER_S2
    vertical = weight * series(vertical_series(), u)
    force = np.stack(
        [weight * series(forward_series(), u), vertical, -_MEDIAL_TILT * vertical], axis=1
    )
    torque = np.zeros_like(force)
    torque[:, 1] = weight * series(_FREE_MOMENT_M, u)
    return force, torque


def _moment_rows(
    body: Body, force: np.ndarray, torque: np.ndarray, effort: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Linear map from the centre of pressure on the surface to the moments: m = A @ (X, Z) + b.

    `effort` is J about the knee, (n, 3). Returns A, shape (n, 2, 2), and b, shape (n, 2); rows are
    EKAM and KFM.
    """
    # a . (r x F) = r . (F x a), with r = P - K
    r_tibia = body.tibia.r.at
    axes = np.stack([r_tibia[:, :, 0], -r_tibia[:, :, 2]], axis=1)
    arms = np.cross(force[:, None, :], axes)
    from_knee = -np.einsum("nij,nj->ni", arms, body.tibia.origin_m.at)
    return arms[:, :, [0, 2]], from_knee + np.einsum("nij,nj->ni", axes, torque + effort)


def centre_of_pressure(
    body: Body, loads: tuple[np.ndarray, np.ndarray], effort: np.ndarray, moments: np.ndarray
) -> np.ndarray:
    """Point of the surface, shape (n, 3), where reduced `loads` give reduced EKAM and KFM (n, 2)."""
    a, b = _moment_rows(body, *loads, effort)
    point = np.zeros((len(a), 3))
    point[:, [0, 2]] = np.linalg.solve(a, (moments - b)[:, :, None])[:, :, 0]
    return point


@cache
def flexion_series(parameters: WalkParameters, peak1: float, peak2: float) -> np.ndarray:
    """KFM of every stance, N·m: the cosine series that rolls the pressure from heel to toe.

    At baseline EKAM (peaks in N·m), the moment that a centre of pressure on the foot's long axis
    would ask for is known at every instant; the series is its least-squares fit. From then on the
    series *is* the prescribed KFM, and the centre of pressure follows from it.
    """
    u = np.linspace(0.0, 1.0, 201)
    body = walking_body(parameters, np.minimum(u * STANCE_FRACTION, 1.0 - 1e-12))
    force, torque = ground_reaction(parameters, u)
    a, b = _moment_rows(body, force, torque, inertial_moments(parameters, body)[:, KNEE])
    heading = radians(parameters.toe_out_deg)
    along = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-np.sin(heading), np.cos(heading)])
    roll = _ROLL_FROM_M + (_ROLL_TO_M - _ROLL_FROM_M) * 0.5 * (u + u * u * (3.0 - 2.0 * u))
    start = body.sole_m[:, [0, 2]] + roll[:, None] * along
    ekam = series(ekam_series(np.array(peak1), np.array(peak2)), u)
    at_start = np.einsum("nij,nj->ni", a, start) + b
    sideways = (ekam - at_start[:, 0]) / (a[:, 0] @ across)
    wanted = at_start[:, 1] + sideways * (a[:, 1] @ across)
    basis = np.cos(np.pi * np.multiply.outer(u, np.arange(_KFM_TERMS)))
    fit = np.asarray(np.linalg.lstsq(basis, wanted, rcond=None)[0])
    fit.flags.writeable = False  # shared by all callers
    return fit


def stride_peaks(
    parameters: WalkParameters, strides: int, side: Side, stride: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """EKAM peaks, N·m, of the strides numbered `stride` (shape (n,)) of a leg.

    Smooth and periodic in the stride number: a slow and a quicker wave, and, from the middle of the
    recording on, a lower first peak (between a half and all of `response`) that comes back at the end.
    """
    turn = 2.0 * np.pi * np.asarray(stride, dtype=np.float64) / strides
    lag = 0.0 if side is parameters.leading else 1.9
    wave1 = 1.2 * np.sin(3.0 * turn + lag) + 0.75 * np.sin(8.0 * turn + 2.0 * lag)
    wave2 = 1.2 * np.sin(2.0 * turn + 0.8 + lag) + 0.75 * np.sin(7.0 * turn + lag)
    where = np.mod(turn / (2.0 * np.pi), 1.0)
    lower = _step((where - 0.46) / 0.12) - _step((where - 0.80) / 0.15)
    depth = parameters.response * (13.0 + 4.0 * np.sin(3.0 * turn + 2.6)) / 17.0
    peak1 = parameters.peak1_nm_per_kg[side] * (1.0 + parameters.variability * wave1)
    peak2 = parameters.peak2_nm_per_kg[side] * (1.0 + parameters.variability * wave2)
    mass = parameters.body_mass_kg
    return mass * peak1 * (1.0 - depth * lower), mass * peak2


def leg_truth(
    parameters: WalkParameters, strides: int, side: Side, times_s: np.ndarray
) -> LegTruth:
    """Exact loads and angles of a leg of a walker whose recording has `strides` strides."""
    cycles = (np.asarray(times_s) - parameters.contact_s(side)) / parameters.stride_s
    number = np.floor(cycles)
    u = (cycles - number) / STANCE_FRACTION
    mass = parameters.body_mass_kg
    peaks = stride_peaks(parameters, strides, side, np.mod(number, strides))
    terms = ekam_series(*peaks)
    basis = np.cos(np.pi * np.multiply.outer(np.clip(u, 0.0, 1.0), np.arange(len(terms))))
    ekam = np.einsum("nj,jn->n", basis, terms)
    first = mass * parameters.peak1_nm_per_kg[side]
    second = mass * parameters.peak2_nm_per_kg[side]
    kfm = series(flexion_series(parameters, first, second), u)
    force, torque = ground_reaction(parameters, u)
    body = walking_body(parameters, cycles - number)
    efforts = inertial_moments(parameters, body)
    wanted = np.stack([ekam, kfm], axis=1)
    cop = centre_of_pressure(body, (force, torque), efforts[:, KNEE], wanted)
    factor = window(u)[:, None]
    force, torque = force * factor, torque * factor
    joints = np.stack([p.origin_m.at for p in (body.foot, body.tibia, body.thigh)], axis=1)
    ground = np.cross(cop[:, None] - joints, force[:, None]) + torque[:, None]
    curves = angles_rad(body) | moments_nm(body, ground + efforts, ground[:, KNEE])
    curves["fz_n"] = force[:, 1]
    values = np.stack([curves[name] for name in CURVES], axis=1)
    cop[u >= 1.0] = np.nan
    if side is Side.LEFT:
        force, torque, cop = force @ MIRROR, -torque @ MIRROR, cop @ MIRROR
    return LegTruth(values, force, torque, cop)
