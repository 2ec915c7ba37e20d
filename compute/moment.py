"""External knee moment of a buffered stance: filter, pose, moment of the plate wrench."""

import numpy as np

from compute.conventions import ekam_nm, kfm_nm
from compute.jit import kernel
from compute.pose import ShankArrays, shank_pose

# Columns of the curves of one stance.
EKAM, KFM, FZ, RESIDUAL, COP_TO_ANKLE, COP_TO_OTHER = range(6)
CURVE_COLUMNS = 6


@kernel
def resample(time_s: np.ndarray, x: np.ndarray, at_s: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Linear interpolation of every column; NaN outside the samples.

    Parameters
    ----------
    time_s : shape (n,), increasing. x : shape (n, channels).
    at_s : shape (m,), increasing. out : shape (m, channels).
    """
    n = time_s.shape[0]
    i = 0
    for k in range(at_s.shape[0]):
        t = at_s[k]
        while i + 2 < n and time_s[i + 1] <= t:
            i += 1
        if t < time_s[0] or t > time_s[n - 1]:
            out[k, :] = np.nan
            continue
        share = (t - time_s[i]) / (time_s[i + 1] - time_s[i])
        for c in range(x.shape[1]):
            out[k, c] = x[i, c] + share * (x[i + 1, c] - x[i, c])
    return out


@kernel
def moment_about(wrench: np.ndarray, point_m: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Moment of a wrench about a point: M_K = M_O - K x F.

    Parameters
    ----------
    wrench : shape (6,), F (N) and M_O (N·m) about the lab origin, lab.
    point_m : shape (3,), lab, m.
    out : shape (3,), receives N·m, lab.
    """
    out[0] = wrench[3] - (point_m[1] * wrench[2] - point_m[2] * wrench[1])
    out[1] = wrench[4] - (point_m[2] * wrench[0] - point_m[0] * wrench[2])
    out[2] = wrench[5] - (point_m[0] * wrench[1] - point_m[1] * wrench[0])
    return out


@kernel
def knee_moment_curves(
    markers_m: np.ndarray,
    wrench: np.ndarray,
    shank: ShankArrays,
    other: ShankArrays,
    sigma: float,
    out: np.ndarray,
) -> np.ndarray:
    """External knee moment of one leg, vector method, frame by frame.

    The quasi-static level of the definition: M = (P - K) x F + T, taken from the plate wrench
    without a centre of pressure. Segment weight and inertia are not included.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), filtered, lab, m.
    wrench : shape (n, 6), F and M_O on this foot at the same times, filtered alike, lab.
    shank, other : tracking of this leg and of the other one.
    sigma : +1 right, -1 left.
    out : shape (n, CURVE_COLUMNS), receives EKAM and KFM (N·m, external, tibia frame), Fz (N),
        cluster residual (m), horizontal distance of the centre of pressure from this ankle joint
        centre and from the other one (m; on the plane y = 0).
    """
    r = np.empty((3, 3))
    kjc, ajc, moment = np.empty(3), np.empty(3), np.empty(3)
    gathered = np.empty((max(shank.cluster.shape[0], other.cluster.shape[0], 1), 3))
    for i in range(markers_m.shape[0]):
        shank_pose(markers_m[i], other, gathered, r, kjc, ajc)
        other_x, other_z = ajc[0], ajc[2]
        out[i, RESIDUAL] = shank_pose(markers_m[i], shank, gathered, r, kjc, ajc)
        w = wrench[i]
        moment_about(w, kjc, moment)
        out[i, EKAM] = ekam_nm(sigma, moment, r)
        out[i, KFM] = kfm_nm(moment, r)
        out[i, FZ] = w[1]
        cop_x, cop_z = w[5] / w[1], -w[3] / w[1]
        out[i, COP_TO_ANKLE] = np.hypot(cop_x - ajc[0], cop_z - ajc[2])
        out[i, COP_TO_OTHER] = np.hypot(cop_x - other_x, cop_z - other_z)
    return out
