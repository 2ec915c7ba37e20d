"""Causal EKAM of both legs, one value per marker frame, for the trace and the operator.

Never the value a walker is judged by: the causal filter delays and reshapes the curve. Its group
delay is `compute.filters.group_delay_s` of the cut-off, on top of half a marker period over which
the plate samples are averaged.
"""

import math

import numpy as np

from compute.buffer import Window
from compute.conventions import ekam_nm
from compute.filters import Section, causal_section, causal_step, group_delay_s
from compute.jit import kernel
from compute.newton_euler import moment_about
from compute.pose import ShankArrays, shank_pose_of_seen
from compute.subject import MIN_CLUSTER_SPREAD_M, Subject

LIVE_COLUMNS = 5
SETTLING = 4.0
"""Group delays after which a filter that restarted has caught up with the others."""


class LivePath:
    """The live trace of one person: filter states and scratch, kept between calls.

    Attributes
    ----------
    delay_s : by how much the trace lags behind: group delay of the filter and half a marker period.
    """

    def __init__(
        self, subject: Subject, names: tuple[str, ...], marker_hz: float, cutoff_hz: float
    ) -> None:
        self._half_s = 0.5 / marker_hz
        self.delay_s = group_delay_s(cutoff_hz) + self._half_s
        self._section = causal_section(cutoff_hz, marker_hz)
        used = [name for name in names if name in subject.needed()]
        self._rows = np.array([names.index(name) for name in used], dtype=np.int64)
        self._shanks = (
            subject.left.shank.arrays(tuple(used)),
            subject.right.shank.arrays(tuple(used)),
        )
        self._mass_kg = subject.body_mass_kg
        self._marker_state = np.full((3 * len(used), 2), np.nan)
        self._wrench_state = np.full((12, 2), np.nan)
        self._offset = np.zeros((2, 6))
        self._settling = np.zeros(len(used), dtype=np.int64)
        self._settle_frames = math.ceil(SETTLING * group_delay_s(cutoff_hz) * marker_hz)
        self._done_s = -np.inf

    def rows(self, markers: Window, forces: Window, offsets: np.ndarray) -> np.ndarray:
        """Rows of the marker frames whose plate samples have come since the last call.

        Parameters
        ----------
        markers, forces : what has come so far. offsets : `compute.steps.Steps.offsets`.

        Returns
        -------
        shape (n, 5): time_s, EKAM left, right (N·m/kg), Fz left, right (N).
        """
        times = markers.time_s
        i = int(np.searchsorted(times, self._done_s, side="right"))
        j = int(np.searchsorted(times, forces.newest_s - self._half_s, side="right"))
        if i >= j:
            return np.empty((0, LIVE_COLUMNS))
        marker_time_s, markers_m = markers.between(times[i], times[j - 1])
        force_time_s, wrench = forces.between(
            marker_time_s[0] - self._half_s, marker_time_s[-1] + self._half_s
        )
        out = live_frames(
            marker_time_s,
            markers_m,
            self._rows,
            force_time_s,
            wrench,
            offsets,
            self._offset,
            self._half_s,
            self._section,
            *self._shanks,
            self._marker_state,
            self._wrench_state,
            self._settling,
            self._settle_frames,
            np.empty((j - i, LIVE_COLUMNS)),
        )
        out[:, 1:3] /= self._mass_kg
        self._done_s = float(times[j - 1])
        return out


@kernel
def live_frames(
    marker_time_s: np.ndarray,
    markers_m: np.ndarray,
    rows: np.ndarray,
    force_time_s: np.ndarray,
    wrench: np.ndarray,
    offsets: np.ndarray,
    offset: np.ndarray,
    half_period_s: float,
    section: Section,
    left: ShankArrays,
    right: ShankArrays,
    marker_state: np.ndarray,
    wrench_state: np.ndarray,
    settling: np.ndarray,
    settle_frames: int,
    out: np.ndarray,
) -> np.ndarray:
    """Advance the live path over marker frames whose plate samples are all there.

    Parameters
    ----------
    marker_time_s : shape (n,). markers_m : shape (n, all markers, 3), lab, m.
    rows : shape (markers,), the markers that are used, in the order of `left` and `right`.
    force_time_s : shape (k,). wrench : shape (k, 2, 6), both sides, F and M_O as read, lab.
    offsets : changes of the plates' offsets in order of time, `compute.baseline.track_offset`.
    offset : shape (2, 6), state: the offset that holds, zero before the first frame.
    half_period_s : the plate samples within this time of a marker frame are averaged, which brings
        them to the marker clock; then both pass the same filter at the marker rate.
    marker_state : shape (3 markers, 2). wrench_state : shape (12, 2). NaN before the first frame.
    settling : shape (markers,), frames for which a marker that was away is still left out of its
        cluster: its filter has restarted and lags less than the others'. `settle_frames` of them.
    out : shape (n, 5), receives time_s, EKAM left and right (N·m), Fz left and right (N).
    """
    markers = rows.shape[0]
    flat = np.empty(3 * markers)
    frame = np.empty((markers, 3))
    usable, seen = np.empty(markers, dtype=np.bool_), np.empty(markers, dtype=np.bool_)
    mean, smooth = np.empty(12), np.empty(12)
    r = np.empty((3, 3))
    kjc, ajc, moment = np.empty(3), np.empty(3), np.empty(3)
    most = max(left.cluster.shape[0], right.cluster.shape[0], 1)
    gathered, local = np.empty((most, 3)), np.empty((most, 3))
    first, change = 0, 0
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
            while change < offsets.shape[0] and offsets[change, 0] < force_time_s[k]:
                if not np.isnan(offsets[change, 2]):
                    offset[int(offsets[change, 1])] = offsets[change, 2:8]
                change += 1
            for side in range(2):
                for c in range(6):
                    mean[6 * side + c] += wrench[k, side, c] - offset[side, c]
        for c in range(12):
            mean[c] = mean[c] / count if count else np.nan
        for m in range(markers):
            for j in range(3):
                flat[3 * m + j] = markers_m[i, rows[m], j]
            seen[m] = not np.isnan(flat[3 * m] + flat[3 * m + 1] + flat[3 * m + 2])
            if not seen[m]:
                settling[m] = settle_frames
            elif settling[m] > 0:
                settling[m] -= 1
            usable[m] = seen[m] and settling[m] == 0
        causal_step(flat, section, marker_state, flat)
        causal_step(mean, section, wrench_state, smooth)
        for m in range(markers):
            for j in range(3):
                frame[m, j] = flat[3 * m + j]
        out[i, 0] = t
        for side in range(2):
            shank = right if side == 1 else left
            shank_pose_of_seen(
                frame, usable, shank, MIN_CLUSTER_SPREAD_M, gathered, local, r, kjc, ajc
            )
            if np.isnan(kjc[0]):
                shank_pose_of_seen(
                    frame, seen, shank, MIN_CLUSTER_SPREAD_M, gathered, local, r, kjc, ajc
                )
            moment_about(smooth[6 * side : 6 * side + 6], kjc, moment)
            out[i, 1 + side] = ekam_nm(1.0 if side == 1 else -1.0, moment, r)
            out[i, 3 + side] = smooth[6 * side + 1]
    return out
