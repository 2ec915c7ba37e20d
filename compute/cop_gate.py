"""Whether the load acts under the foot that is said to carry it."""

import numpy as np

from compute.body import FOOT, leg_row
from compute.evidence import Evidence
from compute.plates import centre_of_pressure_m

_HALF_WIDTH_M = 0.045
"""Half the width of the forefoot where only one of its markers is known."""


def outside_foot(evidence: Evidence) -> bool:
    """The centre of pressure leaves the foot, or does not travel from heel to toe."""
    settings, stance, inside = evidence.settings, evidence.stance, evidence.inside
    loaded = evidence.wrench_at[:, 1] > settings.cop_min_n
    cop = centre_of_pressure_m(evidence.wrench_at)
    ajc = evidence.poses.ajc_m[inside, stance.side]
    away = np.hypot(cop[:, 0] - ajc[:, 0], cop[:, 2] - ajc[:, 2])[loaded]
    if not len(away) or not away.max() <= settings.max_cop_to_ankle_m:
        return True
    outline, forward = _outline(evidence)
    if outline is None:
        return False
    pct = evidence.pct
    early = loaded & (pct >= 10.0) & (pct <= 60.0)
    late = loaded & (pct > 60.0)
    longer = outline.copy()
    longer[:, 1:] += settings.toe_extension_m * forward[:, None, :]
    for when, shape in ((early, outline), (late, longer)):
        gaps = [_distance_outside(cop[k, [0, 2]], shape[k]) for k in np.flatnonzero(when)]
        if max(gaps, default=0.0) > settings.max_cop_outside_m:
            return True
    return False


def under_other_foot(evidence: Evidence) -> bool:
    """The load lies nearer to the other ankle, out of reach of this foot: plates swapped."""
    settings, stance, inside = evidence.settings, evidence.stance, evidence.inside
    loaded = evidence.wrench_at[:, 1] > settings.cop_min_n
    cop = centre_of_pressure_m(evidence.wrench_at)[loaded]
    ankles = evidence.poses.ajc_m[inside][loaded]
    if not len(cop):
        return False
    own, other = (
        float(np.median(np.hypot(cop[:, 0] - ankles[:, s, 0], cop[:, 2] - ankles[:, s, 2])))
        for s in (stance.side, stance.side.other)
    )
    return other < own and own > settings.max_cop_to_ankle_m


def _outline(evidence: Evidence) -> tuple[np.ndarray | None, np.ndarray]:
    """Heel, first, second and fifth metatarsal head on the floor, shape (m, 4, 2), and forward (m, 2).

    A first (fifth) head that is not known is the mirror image of the fifth (first) about the second.
    """
    stance, inside = evidence.stance, evidence.inside
    heel, mt1, mt2, mt5 = (
        evidence.foot_point_m(stance.side, name, inside)[:, [0, 2]]
        for name in ("HEE", "MT1", "TOE", "MT5")
    )
    r = evidence.poses.r[inside, leg_row(stance.side, FOOT)]
    forward = r[:, [0, 2], 0]
    forward = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    lateral = stance.side.sigma * np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    if np.isnan(mt2).any():
        mt2 = 0.5 * (mt1 + mt5)
    if np.isnan(mt5).any():
        mt5 = 2.0 * mt2 - mt1 if np.isfinite(mt1).all() else mt2 + _HALF_WIDTH_M * lateral
    if np.isnan(mt1).any():
        mt1 = 2.0 * mt2 - mt5
    outline = np.stack([heel, mt1, mt2, mt5], axis=1)
    return (None if np.isnan(outline).any() else outline), forward


def _distance_outside(point: np.ndarray, corners: np.ndarray) -> float:
    """Distance of a point from a polygon, 0 inside; shapes (2,) and (k, 2)."""
    a, b = corners, np.roll(corners, -1, axis=0)
    crosses = (a[:, 1] > point[1]) != (b[:, 1] > point[1])
    if crosses.any():
        x = a[:, 0] + (point[1] - a[:, 1]) / np.where(crosses, b[:, 1] - a[:, 1], 1.0) * (
            b[:, 0] - a[:, 0]
        )
        if np.count_nonzero(crosses & (point[0] < x)) % 2:
            return 0.0
    along = b - a
    t = np.sum((point - a) * along, axis=1) / np.sum(along**2, axis=1)
    nearest = a + np.clip(t, 0.0, 1.0)[:, None] * along
    return float(np.linalg.norm(point - nearest, axis=1).min())
