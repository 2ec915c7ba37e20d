"""Heel strikes and toe-offs seen by the cameras, to cross-check those seen by the plates.

Zeni et al. 2008 (Gait Posture 27:710): heel strike where the heel is furthest in front of the pelvis,
toe-off where the toe is furthest behind it. They tell which foot stepped and whether a plate was
loaded by it; the kinetics rest on the plates' own events.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.signal import find_peaks

from compute.conventions import Side
from compute.filters import Section, zero_lag

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
    x = markers_m[:, :, 0]
    seen = {name for i, name in enumerate(names) if not np.isnan(x[:, i]).any()}

    def mean(groups: Iterable[tuple[str, ...]], letter: str = "") -> np.ndarray | None:
        for group in groups:
            own = [name.replace("x", letter) for name in group]
            if seen.issuperset(own):
                return np.asarray(x[:, [names.index(name) for name in own]].mean(axis=1))
        return None

    paths = np.empty((n, 5))
    origin = mean((*PELVIS, *KNEES))
    if origin is None and knees_m is not None:
        origin = knees_m[:, :, 0].mean(axis=1)
    has_toe = [False, False]
    for side in Side:
        heel = mean(HEEL, side.letter)
        if heel is None and ankles_m is not None:
            heel = ankles_m[:, side, 0]
        toe = mean(TOE, side.letter)
        if heel is None or origin is None:
            return None
        has_toe[side] = toe is not None
        paths[:, 1 + side] = heel
        paths[:, 3 + side] = heel if toe is None else toe
        paths[:, 0] = origin
    if np.isnan(paths).any():
        return None
    zero_lag(paths, section, np.empty(n + 2 * section.pad), paths)
    return FootPaths(time_s, paths[:, 0], paths[:, 1:3], paths[:, 3:5], (has_toe[0], has_toe[1]))


def kinematic_events(paths: FootPaths, prominence_m: float = MIN_PROMINENCE_M) -> KinematicEvents:
    """Heel strikes and toe-offs of both feet in a span.

    An extremum must stand out of its surroundings by `prominence_m`; one whose surroundings the span
    does not show far enough is left out.
    """
    strikes, toe_offs = (
        tuple(
            _maxima(paths.time_s, sign * (foot[:, side] - paths.pelvis_m), prominence_m)
            for side in Side
        )
        for sign, foot in ((1.0, paths.heel_m), (-1.0, paths.toe_m))
    )
    return KinematicEvents((strikes[0], strikes[1]), (toe_offs[0], toe_offs[1]))


def stance_events(
    events: KinematicEvents, side: Side, t_on_s: float, t_off_s: float
) -> StanceEvents:
    """Kinematic events nearest to a stance of the plate under `side`."""
    own = _nearest(events.strikes_s[side], t_on_s)
    other = _nearest(events.strikes_s[side.other], t_on_s)
    gaps = [abs(own - t_on_s), abs(other - t_on_s)]
    nearest = None
    if not np.isnan(gaps).all():
        nearest = side if np.nanargmin(gaps) == 0 else side.other
    return StanceEvents(own, _nearest(events.toe_offs_s[side], t_off_s), nearest)


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
    points = np.concatenate([paths.heel_m, paths.toe_m], axis=1)
    speed = np.gradient(points, paths.time_s, axis=0)
    belt = speed.min(axis=1)
    own = np.minimum(speed[:, side], speed[:, 2 + side])
    swing = own - belt > SWING_SPEED_M_PER_S
    edges = np.flatnonzero(np.diff(np.concatenate([[False], swing, [False]]).astype(np.int8)))
    period_s = (paths.time_s[-1] - paths.time_s[0]) / (n - 1)
    before = int(np.ceil((margin_s + (0.04 if paths.has_toe[side] else 0.1)) / period_s))
    after = int(np.ceil(margin_s / period_s))
    out = np.zeros(n, dtype=bool)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        out[first + before : max(last - after, 0)] = True
    return out


def _maxima(time_s: np.ndarray, x: np.ndarray, prominence: float) -> np.ndarray:
    """Times of the maxima, at the vertex of the parabola through the highest frames."""
    if np.ptp(x) < MIN_RANGE_M:
        return np.empty(0)
    top, _ = find_peaks(x, prominence=prominence)
    if not len(top):
        return np.empty(0)
    before, at, after = x[top - 1], x[top], x[top + 1]
    bend = before - 2.0 * at + after
    shift = np.where(bend < 0.0, 0.5 * (before - after) / np.where(bend < 0.0, bend, -1.0), 0.0)
    step = np.where(shift < 0.0, time_s[top] - time_s[top - 1], time_s[top + 1] - time_s[top])
    return np.asarray(time_s[top] + shift * step)


def _nearest(times_s: np.ndarray, to_s: float) -> float:
    if not len(times_s):
        return nan
    time_s = float(times_s[np.argmin(np.abs(times_s - to_s))])
    return time_s if abs(time_s - to_s) <= SAME_EVENT_S else nan
