"""Causal EKAM of both legs, one value per marker frame, for the trace and the operator.

Never the value a walker is judged by: the causal filter delays and reshapes the curve. Its group
delay is `compute.filters.group_delay_s` of the cut-off, on top of half a marker period over which
the plate samples are averaged.
"""

import numpy as np

from compute.conventions import ekam_nm
from compute.filters import Section, causal_step
from compute.jit import kernel
from compute.moment import moment_about
from compute.pose import ShankArrays, shank_pose


@kernel
def live_frames(
    marker_time_s: np.ndarray,
    markers_m: np.ndarray,
    force_time_s: np.ndarray,
    wrench: np.ndarray,
    half_period_s: float,
    section: Section,
    left: ShankArrays,
    right: ShankArrays,
    marker_state: np.ndarray,
    wrench_state: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:
    """Advance the live path over marker frames whose plate samples are all there.

    Parameters
    ----------
    marker_time_s : shape (n,). markers_m : shape (n, markers, 3), lab, m.
    force_time_s : shape (k,). wrench : shape (k, 2, 6), both sides, F and M_O, lab.
    half_period_s : the plate samples within this time of a marker frame are averaged, which brings
        them to the marker clock; then both pass the same filter at the marker rate.
    marker_state : shape (3 markers, 2). wrench_state : shape (12, 2). NaN before the first frame.
    out : shape (n, 5), receives time_s, EKAM left and right (N·m), Fz left and right (N).
    """
    markers = markers_m.shape[1]
    flat = np.empty(3 * markers)
    frame = np.empty((markers, 3))
    mean, smooth = np.empty(12), np.empty(12)
    r = np.empty((3, 3))
    kjc, ajc, moment = np.empty(3), np.empty(3), np.empty(3)
    gathered = np.empty((max(left.cluster.shape[0], right.cluster.shape[0], 1), 3))
    first = 0
    for i in range(marker_time_s.shape[0]):
        t = marker_time_s[i]
        while first < force_time_s.shape[0] and force_time_s[first] <= t - half_period_s:
            first += 1
        count = 0
        mean[:] = 0.0
        for k in range(first, force_time_s.shape[0]):
            if force_time_s[k] > t + half_period_s:
                break
            count += 1
            for side in range(2):
                for c in range(6):
                    mean[6 * side + c] += wrench[k, side, c]
        for c in range(12):
            mean[c] = mean[c] / count if count else np.nan
        for m in range(markers):
            for j in range(3):
                flat[3 * m + j] = markers_m[i, m, j]
        causal_step(flat, section, marker_state, flat)
        causal_step(mean, section, wrench_state, smooth)
        for m in range(markers):
            for j in range(3):
                frame[m, j] = flat[3 * m + j]
        out[i, 0] = t
        for side in range(2):
            shank_pose(frame, right if side == 1 else left, gathered, r, kjc, ajc)
            moment_about(smooth[6 * side : 6 * side + 6], kjc, moment)
            out[i, 1 + side] = ekam_nm(1.0 if side == 1 else -1.0, moment, r)
            out[i, 3 + side] = smooth[6 * side + 1]
    return out
