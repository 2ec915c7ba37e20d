"""Heel strikes and toe-offs seen by the cameras, to cross-check those seen by the plates.

Zeni et al. 2008 (Gait Posture 27:710): heel strike where the heel is furthest in front of the pelvis,
toe-off where the toe is furthest behind it. They tell which foot stepped and whether a plate was
loaded by it; the kinetics rest on the plates' own events.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, nan

import numpy as np

from compute.conventions import Side
from compute.filters import Section, zero_lag
from compute.jit import kernel
from compute.peaks import maxima

# The first group of which every marker is seen in every frame is used. ``x``: letter of the side.
PELVIS = (("LPSI", "RPSI"), ("SACR",), ("LASI", "RASI"))
KNEES = (("LKJC", "RKJC"), ("LKNE", "LKNM", "RKNE", "RKNM"), ("LKNE", "RKNE"))
HEEL = (("xHEE",), ("xAJC",), ("xANK", "xMED"), ("xANK",))
TOE = (("xTOE",), ("xMT1", "xMT5"), ("xMT5",), ("xMT1",), ("xFT1", "xFT2"))

MIN_PROMINENCE_M = 0.02
"""An extremum stands out by this much from its surroundings; no more: a span ends soon after toe-off."""
MIN_RANGE_M = 0.2
"""A foot moves some 0.6 m against the pelvis in a stride; who stands and sways does not reach this."""
MIN_FRAMES = 5
SAME_EVENT_S = 0.25
"""Further apart, a kinematic event and one of the plate are not the same event: the feet alternate
twice as slowly at the quickest walk."""
SWING_SPEED_M_PER_S = 0.5
"""Forward speed against the belt above which a point of the foot is in the air."""


@dataclass(frozen=True)
class FootPaths:
    """Forward positions of the feet and of what carries them, smoothed, lab, m.

    Attributes
    ----------
    time_s : shape (n,). pelvis_m : shape (n,). heel_m, toe_m : shape (n, 2), left and right.
    has_toe : per side, whether `toe_m` is a toe; otherwise it is the heel again.
    """

    time_s: np.ndarray
    pelvis_m: np.ndarray
    heel_m: np.ndarray
    toe_m: np.ndarray
    has_toe: tuple[bool, bool]

    @cached_property
    def speed_m_per_s(self) -> np.ndarray:
        """Forward speed of both heels and both toes, shape (n, 4), left before right."""
        points_m = np.concatenate([self.heel_m, self.toe_m], axis=1)
        return speeds(self.time_s, points_m, np.empty_like(points_m))


@dataclass(frozen=True)
class KinematicEvents:
    """Events of both feet, s, per side in order of time."""

    strikes_s: tuple[np.ndarray, np.ndarray]
    toe_offs_s: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class StanceEvents:
    """Kinematic events nearest to those of the plate; NaN and None where there is none.

    Attributes
    ----------
    kinematic_on_s, kinematic_off_s : of the foot whose plate it is.
    nearest : the foot whose kinematic heel strike is nearest to that of the plate; not the side of
        the plate where plates are swapped or a foot stepped on the other belt.
    """

    kinematic_on_s: float = nan
    kinematic_off_s: float = nan
    nearest: Side | None = None


def foot_paths(
    time_s: np.ndarray,
    markers_m: np.ndarray,
    names: tuple[str, ...],
    section: Section,
    *,
    knees_m: np.ndarray | None = None,
    ankles_m: np.ndarray | None = None,
) -> FootPaths | None:
    """Read the feet and the pelvis off a span of marker frames.

    Parameters
    ----------
    time_s : shape (n,), evenly spaced. markers_m : shape (n, markers, 3), lab, m, unfiltered.
    names : canonical names of the markers.
    section : zero-lag filter for the marker rate.
    knees_m, ankles_m : shape (n, 2, 3), joint centres left and right, for laboratories whose markers
        show neither pelvis nor heel.

    Returns
    -------
    None when there is nothing that shows the feet, or too few frames.
    """
    n = len(time_s)
    if n < MIN_FRAMES:
        return None
    rows = _rows(names)
    paths = np.empty((n, 5))
    if not seen_mean(markers_m, rows["origin"], paths[:, 0]):
        if knees_m is None:
            return None
        paths[:, 0] = knees_m[:, :, 0].mean(axis=1)
    has_toe = [False, False]
    for side in Side:
        heel, toe = paths[:, 1 + side], paths[:, 3 + side]
        if not seen_mean(markers_m, rows[side.letter + "heel"], heel):
            if ankles_m is None:
                return None
            heel[:] = ankles_m[:, side, 0]
        has_toe[side] = bool(seen_mean(markers_m, rows[side.letter + "toe"], toe))
        if not has_toe[side]:
            toe[:] = heel
    if np.isnan(paths).any():
        return None
    zero_lag(paths, section, np.empty(n + 10 * section.pad), paths)
    return FootPaths(time_s, paths[:, 0], paths[:, 1:3], paths[:, 3:5], (has_toe[0], has_toe[1]))


@cache
def _rows(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Groups of which all markers are among `names`, in order: rows of their markers, -1 for no more."""

    def known(groups: tuple[tuple[str, ...], ...], letter: str = "") -> np.ndarray:
        own = [[name.replace("x", letter) for name in group] for group in groups]
        found = [[names.index(name) for name in group] for group in own if set(group) <= set(names)]
        return np.array([(*group, -1, -1, -1)[:4] for group in found], dtype=np.int64).reshape(
            -1, 4
        )

    rows = {"origin": known((*PELVIS, *KNEES))}
    for side in Side:
        rows[side.letter + "heel"] = known(HEEL, side.letter)
        rows[side.letter + "toe"] = known(TOE, side.letter)
    return rows


@kernel
def seen_mean(markers_m: np.ndarray, groups: np.ndarray, out: np.ndarray) -> bool:
    """Mean forward position of the first group of markers of which none is ever missing.

    Parameters
    ----------
    markers_m : shape (n, markers, 3). groups : shape (g, 4), rows of the markers, -1 for no more.
    out : shape (n,), receives the mean.

    Returns
    -------
    Whether there is such a group; `out` holds nothing of use otherwise.
    """
    for g in range(groups.shape[0]):
        count = 0
        while count < groups.shape[1] and groups[g, count] >= 0:
            count += 1
        seen = True
        for i in range(markers_m.shape[0]):
            total = markers_m[i, groups[g, 0], 0]
            for k in range(1, count):
                total += markers_m[i, groups[g, k], 0]
            out[i] = total / count
            seen = seen and not np.isnan(total)
        if seen:
            return True
    return False


@kernel
def speeds(time_s: np.ndarray, x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Derivative of every column: central differences of second order, as `numpy.gradient`'s.

    Parameters
    ----------
    time_s : shape (n,), n >= 2, increasing, any distances. x, out : shape (n, columns).
    """
    n, columns = x.shape
    for c in range(columns):
        out[0, c] = (x[1, c] - x[0, c]) / (time_s[1] - time_s[0])
        out[n - 1, c] = (x[n - 1, c] - x[n - 2, c]) / (time_s[n - 1] - time_s[n - 2])
    for i in range(1, n - 1):
        before, after = time_s[i] - time_s[i - 1], time_s[i + 1] - time_s[i]
        both = before + after
        low, middle = -after / (before * both), (after - before) / (before * after)
        high = before / (after * both)
        for c in range(columns):
            out[i, c] = low * x[i - 1, c] + middle * x[i, c] + high * x[i + 1, c]
    return out


def kinematic_events(paths: FootPaths, prominence_m: float = MIN_PROMINENCE_M) -> KinematicEvents:
    """Heel strikes and toe-offs of both feet in a span.

    An extremum must stand out of its surroundings by `prominence_m`; one whose surroundings the span
    does not show far enough is left out.
    """
    left, right = (events_of(paths, side, prominence_m) for side in Side)
    return KinematicEvents((left[0], right[0]), (left[1], right[1]))


def events_of(
    paths: FootPaths, side: Side, prominence_m: float = MIN_PROMINENCE_M
) -> tuple[np.ndarray, np.ndarray]:
    """Heel strikes and toe-offs of one foot, s."""
    forward, behind = paths.heel_m[:, side] - paths.pelvis_m, paths.pelvis_m - paths.toe_m[:, side]
    return (
        _maxima(paths.time_s, forward, prominence_m),
        _maxima(paths.time_s, behind, prominence_m),
    )


def stance_events(
    events: KinematicEvents, side: Side, t_on_s: float, t_off_s: float
) -> StanceEvents:
    """Kinematic events nearest to a stance of the plate under `side`."""
    own = nearest_event(events.strikes_s[side], t_on_s)
    other = nearest_event(events.strikes_s[side.other], t_on_s)
    gaps = [abs(own - t_on_s), abs(other - t_on_s)]
    nearest = None
    if not np.isnan(gaps).all():
        nearest = side if np.nanargmin(gaps) == 0 else side.other
    return StanceEvents(own, nearest_event(events.toe_offs_s[side], t_off_s), nearest)


def foot_in_swing(paths: FootPaths, side: Side, margin_s: float = 0.03) -> np.ndarray:
    """Frames in which a foot is certainly in the air, by its forward speed against the belt.

    Parameters
    ----------
    margin_s : taken off at both ends of every swing, and more at its beginning: 0.04 s because the toe
        rolls off (on real stances it was fast 32 ms before the load was gone), 0.1 s where no toe is
        seen, because the heel rises long before.

    Returns
    -------
    shape (n,), bool.

    Notes
    -----
    One of the four points (both heels, both toes) rests on the belt at any time of walking and no
    point moves backward faster than the belt, so the slowest of them moves with the belt; over
    ground it stands still. A foot swings when both its points are faster than that.
    """
    n = len(paths.time_s)
    period_s = (paths.time_s[-1] - paths.time_s[0]) / (n - 1)
    before = ceil((margin_s + (0.04 if paths.has_toe[side] else 0.1)) / period_s)
    after = ceil(margin_s / period_s)
    return swinging(paths.speed_m_per_s, int(side), before, after, np.empty(n, dtype=np.bool_))


@kernel
def against_belt(speed_m_per_s: np.ndarray, side: int) -> float:
    """Speed of a foot's slower point against the slowest of the four; of one frame, shape (4,)."""
    s = speed_m_per_s
    return min(s[side], s[2 + side]) - min(min(s[0], s[1]), min(s[2], s[3]))


@kernel
def swinging(
    speed_m_per_s: np.ndarray, side: int, before: int, after: int, out: np.ndarray
) -> np.ndarray:
    """Frames in which a foot is faster than the belt, but for those next to the ends of every swing.

    Parameters
    ----------
    speed_m_per_s : shape (n, 4), `FootPaths.speed_m_per_s`.
    before, after : frames taken off at the beginning and at the end of every swing.
    out : shape (n,), bool.
    """
    n = speed_m_per_s.shape[0]
    out[:] = False
    i = 0
    while i < n:
        end = i
        while end < n and against_belt(speed_m_per_s[end], side) > SWING_SPEED_M_PER_S:
            end += 1
        out[i + before : max(end - after, i + before)] = True
        i = end + 1
    return out


def _maxima(time_s: np.ndarray, x: np.ndarray, prominence_m: float) -> np.ndarray:
    """Times of the maxima of a path; none of one that hardly moves."""
    if x.max() - x.min() < MIN_RANGE_M:
        return np.empty(0)
    out = np.empty(len(x))
    return out[: maxima(time_s, x, prominence_m, out)]


def nearest_event(times_s: np.ndarray, to_s: float) -> float:
    """The event that is the same as the one of the plate at `to_s`; NaN where there is none."""
    if not len(times_s):
        return nan
    time_s = float(times_s[np.argmin(np.abs(times_s - to_s))])
    return time_s if abs(time_s - to_s) <= SAME_EVENT_S else nan
