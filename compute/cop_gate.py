"""Whether the load acts under the foot that is said to carry it."""

import numpy as np

from compute.body import FOOT, leg_row
from compute.evidence import Evidence
from compute.jit import kernel
from compute.plates import centre_of_pressure_m

_HALF_WIDTH_M = 0.045
"""Half the width of the forefoot where only one of its markers is known."""


def outside_foot(evidence: Evidence) -> bool:
    """The centre of pressure leaves the foot."""
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
    longer = np.ascontiguousarray(outline.copy())
    longer[:, 1:] += settings.toe_extension_m * forward[:, None, :]
    points = np.ascontiguousarray(cop[:, [0, 2]])
    return (
        max(farthest_outside(points, outline, early), farthest_outside(points, longer, late))
        > settings.max_cop_outside_m
    )


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
    outline = np.ascontiguousarray(np.stack([heel, mt1, mt2, mt5], axis=1))
    return (None if np.isnan(outline).any() else outline), forward


@kernel
def farthest_outside(points: np.ndarray, outlines: np.ndarray, when: np.ndarray) -> float:
    """Largest distance of a point from its polygon, m; 0 where all lie inside.

    Parameters
    ----------
    points : shape (n, 2). outlines : shape (n, k, 2), corners in order. when : shape (n,), rows that count.
    """
    farthest = 0.0
    k = outlines.shape[1]
    for i in range(points.shape[0]):
        if not when[i]:
            continue
        x, y = points[i, 0], points[i, 1]
        inside = False
        nearest = np.inf
        for a in range(k):
            b = (a + 1) % k
            ax, ay = outlines[i, a, 0], outlines[i, a, 1]
            bx, by = outlines[i, b, 0], outlines[i, b, 1]
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                inside = not inside
            dx, dy = bx - ax, by - ay
            t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
            t = min(max(t, 0.0), 1.0)
            nearest = min(nearest, np.hypot(x - ax - t * dx, y - ay - t * dy))
        if not inside:
            farthest = max(farthest, nearest)
    return farthest
