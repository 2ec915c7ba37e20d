"""From a static trial (or a walking trial with all landmarks) to a calibrated subject.

Anatomical points are taken with the person standing still, expressed in the frame of the shank
cluster and carried by it while walking (CAST; Cappozzo 1995). Where the laboratory streams joint
centres, or leaves the medial markers on, the tibia frame is read in every frame instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from compute.calibration_checks import check_leg, check_load, check_pair, check_still
from compute.conventions import Side
from compute.filters import zero_lag, zero_lag_section
from compute.landmarks import PURPOSE
from compute.pose import tibia_frame
from compute.subject import Check, Shank, Subject, Tracking

WINDOW_S = 1.0
MIN_WINDOW_S = 0.5
MIN_PRESENT = 0.95


class CalibrationError(ValueError):
    """The trial cannot calibrate: one sentence that names the thing and the cure."""


@dataclass(frozen=True)
class Person:
    """What is not in the trial: pseudonym and body measures."""

    id: str
    body_mass_kg: float
    height_m: float
    sex: Literal["f", "m"]


@dataclass(frozen=True)
class _Points:
    """Names from which one leg's tibia frame is built; `axis` points to the right."""

    knee: tuple[str, str]
    ankle: tuple[str, str]
    axis: tuple[str, str]
    cluster: tuple[str, ...]

    def landmarks(self) -> set[str]:
        return {*self.knee, *self.ankle, *self.axis}


def calibrate(
    markers_m: Mapping[str, np.ndarray],
    rate_hz: float,
    person: Person,
    *,
    fz_n: np.ndarray | None = None,
    from_walking: bool = False,
    tracking: Literal["auto", "cluster", "landmarks"] = "auto",
) -> Subject:
    """Calibrate both legs.

    Parameters
    ----------
    markers_m : canonical name -> positions, shape (n, 3), lab, m, NaN = missing.
    rate_hz : of the markers.
    fz_n : shape (k, 2), vertical load on the left and right foot over the same trial, N; None where
        the trial has no plates.
    from_walking : the trial is a walking trial in which every landmark is seen.
    tracking : `auto` takes a shank cluster of three or more markers where there is one (from a walking
        trial: only where asked for).

    Returns
    -------
    Subject whose checks are all passed or warned.

    Raises
    ------
    CalibrationError : a needed marker is missing, named with what it is for, or a check refuses.
    """
    markers_m = {name: x for name, x in markers_m.items() if not np.isnan(x).all()}
    to_the_right = _to_the_right(markers_m)
    points = {side: _points(markers_m, side, to_the_right) for side in Side}
    used = sorted(set().union(*(p.landmarks() | set(p.cluster) for p in points.values())))
    _require_order(markers_m, to_the_right)
    present = {name: _seen(markers_m[name]) for name in used}
    _require_present(present, set().union(*(p.landmarks() for p in points.values())))
    checks: list[Check] = []
    n = len(next(iter(markers_m.values())))
    span = slice(0, n)
    if not from_walking:
        span, speed_m_per_s = _stillest(markers_m, used, rate_hz)
        checks += check_still(speed_m_per_s, (span.stop - span.start) / rate_hz)
        if fz_n is not None and len(fz_n):
            share = slice(span.start * len(fz_n) // n, span.stop * len(fz_n) // n)
            there = fz_n[share][~np.isnan(fz_n[share]).any(axis=1)]
            load_n = there.mean(axis=0) if len(there) else np.full(2, np.nan)
            checks += check_load(load_n, person.body_mass_kg)
        seen = {name: x[span] for name, x in markers_m.items()}
        _require_present(
            {name: _seen(seen[name]) for name in used},
            set().union(*(p.landmarks() for p in points.values())),
        )
    shanks, widths = {}, {}
    for side in Side:
        shanks[side], widths[side], leg_checks = _shank(
            markers_m, span, points[side], side, person, from_walking, tracking
        )
        checks += leg_checks
    checks += check_pair(shanks[Side.LEFT], shanks[Side.RIGHT], widths)
    refused = [check.message for check in checks if check.verdict == "refused"]
    if refused:
        raise CalibrationError("; ".join(refused))
    return Subject(
        person.id,
        person.body_mass_kg,
        person.height_m,
        person.sex,
        shanks[Side.LEFT],
        shanks[Side.RIGHT],
        tuple(checks),
    )


def _seen(x: np.ndarray) -> float:
    """Share of the frames in which a marker is there."""
    return float(np.mean(~np.isnan(x).any(axis=1)))


def _to_the_right(markers_m: Mapping[str, np.ndarray]) -> np.ndarray:
    """The person's own left-to-right direction, unit vector, lab: independent of the way they face."""
    total = np.zeros(3)
    for name in ("ASI", "KNE", "KJC", "ANK", "AJC"):
        if "L" + name in markers_m and "R" + name in markers_m:
            total += np.nan_to_num(
                np.nanmean(markers_m["R" + name] - markers_m["L" + name], axis=0)
            )
    total[1] = 0.0
    length = float(np.linalg.norm(total))
    if length < 0.05:
        raise CalibrationError(
            "left and right cannot be told apart: neither the pelvis nor both knees or ankles are labelled"
        )
    return total / length


def _points(markers_m: Mapping[str, np.ndarray], side: Side, to_the_right: np.ndarray) -> _Points:
    """Choose the landmarks of one leg; the laboratory's own joint centres and axis win."""
    letter = side.letter
    have = set(markers_m)

    def pair(own: tuple[str, str], markers: tuple[str, str]) -> tuple[str, str]:
        own = (letter + own[0], letter + own[1])
        markers = (letter + markers[0], letter + markers[1])
        if set(own) <= have:
            return own
        missing = [name for name in markers if name not in have]
        if missing:
            raise CalibrationError(
                "the trial has no marker "
                + " and no marker ".join(f"{name} ({PURPOSE[name]})" for name in missing)
                + f": put it on and record again, or name {own[0]} as a point that the capture system "
                "computes in the lab file"
            )
        return markers

    knee = pair(("KJC", "KJC"), ("KNE", "KNM"))
    ankle = pair(("AJC", "AJC"), ("ANK", "MED"))
    axis = pair(("TAO", "TAL"), ("KNM", "KNE"))
    across = markers_m[axis[1]] - markers_m[axis[0]]
    share = float(np.nanmean(across @ to_the_right) / np.nanmean(np.linalg.norm(across, axis=1)))
    if abs(share) < 0.5:
        raise CalibrationError(
            f"the line from {axis[0]} to {axis[1]} does not run across the body: check the labels of "
            "these markers"
        )
    if share < 0:
        axis = (axis[1], axis[0])
    cluster = tuple(letter + f"SK{i}" for i in range(1, 5) if letter + f"SK{i}" in have)
    return _Points(knee, ankle, axis, cluster)


def _require_order(markers_m: Mapping[str, np.ndarray], to_the_right: np.ndarray) -> None:
    """From left to right stand lateral, medial, medial, lateral: a label on the wrong leg shows here."""
    for lateral, medial in (("KNE", "KNM"), ("ANK", "MED")):
        names = ["L" + lateral, "L" + medial, "R" + medial, "R" + lateral]
        if not set(names) <= set(markers_m):
            continue
        across = [float(np.nanmean(markers_m[name] @ to_the_right)) for name in names]
        for first, second, a, b in zip(names[:-1], names[1:], across[:-1], across[1:], strict=True):
            if a > b:
                raise CalibrationError(
                    f"{second} lies left of {first}, where no body has it: their labels are swapped"
                )


def _require_present(present: dict[str, float], needed: set[str]) -> None:
    gone = [name for name in sorted(needed) if present[name] < MIN_PRESENT]
    if gone:
        raise CalibrationError(
            "; ".join(
                f"{name} ({PURPOSE[name]}) is seen in {present[name]:.0%} of the frames"
                for name in gone
            )
            + f": at least {MIN_PRESENT:.0%} are needed; record again with these markers in view"
        )


def _stillest(
    markers_m: Mapping[str, np.ndarray], names: list[str], rate_hz: float
) -> tuple[slice, float]:
    """The second with the lowest mean marker speed after 6 Hz, and that speed, m/s."""
    stacked = np.stack([markers_m[name] for name in names], axis=1)
    n = len(stacked)
    if n < MIN_WINDOW_S * rate_hz:
        raise CalibrationError(
            f"the static trial lasts {n / rate_hz:.2f} s: at least {MIN_WINDOW_S} s of quiet standing are "
            "needed"
        )
    section = zero_lag_section(6.0, rate_hz)
    flat = stacked.reshape(n, -1).copy()
    for column in flat.T:  # a blink must not blank the whole column in the filter
        gone = np.isnan(column)
        if gone.any() and not gone.all():
            column[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), column[~gone])
    smooth = zero_lag(flat, section, np.empty(n + 2 * section.pad), np.empty_like(flat))
    step = np.diff(smooth.reshape(stacked.shape), axis=0) * rate_hz
    speed = np.linalg.norm(step, axis=2)
    length = min(n, round(WINDOW_S * rate_hz))
    best, best_speed = slice(0, length), np.inf
    for first in range(0, n - length + 1, max(1, round(0.1 * rate_hz))):
        part = speed[first : first + length - 1]
        seen = ~np.isnan(part).all(axis=0)
        mean = float(np.nanmean(part[:, seen])) if seen.any() else np.inf
        if mean < best_speed:
            best, best_speed = slice(first, first + length), mean
    return best, best_speed


def _shank(
    markers_m: Mapping[str, np.ndarray],
    span: slice,
    points: _Points,
    side: Side,
    person: Person,
    from_walking: bool,
    tracking: Literal["auto", "cluster", "landmarks"],
) -> tuple[Shank, dict[str, float], list[Check]]:
    """Tracking of one leg, the widths of its joints where both markers are there, and its checks."""

    def frames(name: str) -> np.ndarray:
        return markers_m[name][span]

    kjc = 0.5 * (frames(points.knee[0]) + frames(points.knee[1]))
    ajc = 0.5 * (frames(points.ankle[0]) + frames(points.ankle[1]))
    right = frames(points.axis[1]) - frames(points.axis[0])
    if not from_walking:
        kjc, ajc, right = (np.nanmean(x, axis=0, keepdims=True) for x in (kjc, ajc, right))
    r = np.stack(
        [tibia_frame(k, a, z, np.empty((3, 3))) for k, a, z in zip(kjc, ajc, right, strict=True)]
    )

    def local(name: str) -> tuple[float, float, float]:
        at = frames(name) if from_walking else np.nanmean(frames(name), axis=0, keepdims=True)
        x, y, z = np.nanmean(np.einsum("nji,nj->ni", r, at - kjc), axis=0)
        return float(x), float(y), float(z)

    ajc_local = np.nanmean(np.einsum("nji,nj->ni", r, ajc - kjc), axis=0)
    chosen: Tracking
    if tracking == "auto":
        chosen = "cluster" if len(points.cluster) >= 3 and not from_walking else "landmarks"
    else:
        chosen = tracking
    cluster = tuple(name for name in points.cluster if _seen(frames(name)) >= MIN_PRESENT)
    if chosen == "cluster" and len(cluster) < 3:
        raise CalibrationError(
            f"the {side.word} shank has {len(cluster)} cluster markers in view and needs three: label "
            f'{side.letter}SK1 to {side.letter}SK3 or set tracking = "landmarks" under [model]'
        )
    cluster = cluster if chosen == "cluster" else ()
    shank = Shank(
        tracking=chosen,
        ajc_local_m=(float(ajc_local[0]), float(ajc_local[1]), float(ajc_local[2])),
        length_m=float(np.nanmean(np.linalg.norm(kjc - ajc, axis=1))),
        cluster=cluster,
        local_m=tuple(local(name) for name in cluster),
        knee=points.knee,
        ankle=points.ankle,
        axis=points.axis,
    )
    widths = {
        joint: float(np.nanmean(np.linalg.norm(frames(a) - frames(b), axis=1)))
        for joint, (a, b) in (("knee", points.knee), ("ankle", points.ankle))
        if a != b
    }
    ankle_axis = None
    if points.ankle[0] != points.ankle[1]:
        lateral, medial = np.array(local(points.ankle[0])), np.array(local(points.ankle[1]))
        ankle_axis = side.sigma * (lateral - medial)
    foot = None
    for toe in ("TOE", "MT5", "MT1", "FT1"):
        if {side.letter + "HEE", side.letter + toe} <= set(markers_m) and foot is None:
            foot = np.array(local(side.letter + toe)) - np.array(local(side.letter + "HEE"))
    checks = check_leg(side, shank, widths, ankle_axis, foot, person.height_m, kjc, ajc)
    return shank, widths, checks
