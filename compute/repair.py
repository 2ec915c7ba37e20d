"""Markers of one stance made fit for the filter: held ones blanked, gaps found and filled.

A gap is filled only from the other markers of the same rigid cluster, never by drawing a line through
it; a marker that has gaps is left out altogether where three others of its cluster carry the segment.
"""

from dataclasses import dataclass

import numpy as np

from compute.jit import kernel
from compute.pose import cluster_pose
from compute.subject import MIN_CLUSTER_SPREAD_M, Segment, cluster_spread_m

MAX_HELD = 2
"""A marker that repeats its position for more frames than this is not measured any more."""
MAX_FILLED_S = 0.1
"""Longest total gap of one marker that is filled within a stance."""


@kernel
def blank_held(markers_m: np.ndarray, max_held: int) -> int:
    """Blank markers that repeat exactly the same position in more than `max_held` frames in a row.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), changed in place: the repetitions become NaN, the first stays.

    Returns
    -------
    Number of blanked samples. No marker of a walking person holds still to the last bit; a capture
    system that lost one and repeats it does.
    """
    blanked = 0
    n = markers_m.shape[0]
    for m in range(markers_m.shape[1]):
        i = 0
        while i < n:
            j = i + 1
            while (
                j < n
                and markers_m[j, m, 0] == markers_m[i, m, 0]
                and markers_m[j, m, 1] == markers_m[i, m, 1]
                and markers_m[j, m, 2] == markers_m[i, m, 2]
            ):
                j += 1
            if j - i - 1 > max_held:
                for k in range(i + 1, j):
                    markers_m[k, m, :] = np.nan
                blanked += j - i - 1
            i = j
    return blanked


@dataclass(frozen=True)
class Tracking:
    """How one cluster gets through a stance.

    Attributes
    ----------
    possible : the segment can be tracked in every frame.
    left_out : markers of the cluster that are not used.
    filled : shape (n,), frames in which a marker was reconstructed.
    """

    possible: bool
    left_out: frozenset[str]
    filled: np.ndarray


def track_through(
    markers_m: np.ndarray,
    names: tuple[str, ...],
    segment: Segment,
    rate_hz: float,
) -> Tracking:
    """Decide which markers carry a cluster through all frames, filling short gaps in place.

    Parameters
    ----------
    markers_m : shape (n, markers, 3), lab, m; reconstructed samples are written into it.
    segment : the cluster. Points that are not among `names` (the carried ankle centre) count as seen.
    """
    none = np.zeros(len(markers_m), dtype=bool)
    inside = [i for i, name in enumerate(segment.cluster) if name in names]
    virtual = [i for i, name in enumerate(segment.cluster) if name not in names]
    local = np.array(segment.local_m)
    gone = np.zeros((len(markers_m), len(segment.cluster)), dtype=bool)
    for i in inside:
        gone[:, i] = np.isnan(markers_m[:, names.index(segment.cluster[i]), 0])
    if not gone.any():
        return Tracking(True, frozenset(), none)
    whole = [i for i in range(len(segment.cluster)) if not gone[:, i].any()]
    if _carries(local[whole]):
        return Tracking(True, frozenset(segment.cluster[i] for i in inside if i not in whole), none)
    # Different markers blink at different times: rebuild each from the others of its frame.
    most = MAX_FILLED_S * rate_hz
    if virtual or gone.sum(axis=0).max() > most:
        return Tracking(False, frozenset(), none)
    rows = [names.index(segment.cluster[i]) for i in inside]
    frames = np.flatnonzero(gone.any(axis=1))
    r, t = np.empty((3, 3)), np.empty(3)
    for k in frames:
        seen = ~gone[k]
        if not _carries(local[seen]):
            return Tracking(False, frozenset(), none)
        at = np.ascontiguousarray(
            markers_m[k][[row for row, s in zip(rows, seen, strict=True) if s]]
        )
        cluster_pose(np.ascontiguousarray(local[seen]), at, r, t)
        for missing in np.flatnonzero(~seen):
            markers_m[k, rows[missing]] = r @ local[missing] + t
    return Tracking(True, frozenset(), np.asarray(gone.any(axis=1)))


def _carries(local_m: np.ndarray) -> bool:
    return len(local_m) >= 3 and cluster_spread_m(local_m) > MIN_CLUSTER_SPREAD_M
