"""Which capture axes point forward, up and right, and in which unit: guessed from who is seen."""

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np

from compute.plates import plate_axes
from stream.body_checks import BODY_SPAN_M, LOADED_N
from stream.channel_names import plate_channels
from stream.check import Situation, settle_situation
from stream.check_axes import SLANTED_DEG, axis_name, body_directions, majority, nearest_axis
from stream.check_markers import seen_m
from stream.check_seen import Seen, SeenStream
from stream.lab import Axes, Lab, Markers
from stream.source import Role
from stream.units import FORCE, LENGTH, factor

Unit = Literal["auto", "m", "cm", "mm"]
CAPTURE = Axes(forward="+x", up="+y", right="+z")
"""Capture axes taken as the lab's: what is told in the lab frame is then in capture axes."""


@dataclass(frozen=True)
class AxisGuess:
    """What the body says of the axes.

    Attributes
    ----------
    axes : None where they cannot be told; `why_not` then says what to do.
    evidence : sentences, one for each thing that told something.
    doubts : sentences that somebody should settle.
    height_m : of the markers along the up axis; NaN unknown.
    """

    axes: Axes | None
    evidence: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    why_not: str = ""
    height_m: float = nan


@dataclass(frozen=True)
class UnitGuess:
    """The unit of the markers, and why; `sure` is False where nobody is seen."""

    unit: Unit
    evidence: str
    sure: bool = True


def provisional_lab(markers: Markers) -> Lab:
    """A laboratory without plates whose axes are those of the capture system."""
    return Lab(name="provisional", axes=CAPTURE, markers=markers)


def guess_unit(seen: SeenStream, markers: Markers) -> UnitGuess:
    """As the stream says where a body fits it, else the unit in which one does."""
    declared = {channel.unit for channel in seen.info.channels if channel.unit}
    said = next(iter(declared)) if len(declared) == 1 else ""
    known = factor(said, LENGTH) is not None if said else False
    span = _span(seen, markers)
    if np.isnan(span):
        if known:
            return UnitGuess("auto", f"the stream says {said}; nobody is seen yet", sure=False)
        return UnitGuess("auto", "nobody is seen, and the stream names no unit", sure=False)
    low_m, high_m = BODY_SPAN_M
    if known:
        span_m = span * (factor(said, LENGTH) or 1.0)
        if low_m <= span_m <= high_m:
            return UnitGuess("auto", f"the stream says {said}: the markers span {span_m:.2f} m")
    fitting: list[Unit] = [u for u in ("m", "cm", "mm") if low_m <= span * LENGTH[u] <= high_m]
    if not fitting:
        return UnitGuess(
            "auto", f"the markers span {span:.3g}, which is no body in m, cm or mm", sure=False
        )
    # Centimetres fit beside one of the others only for a body of 25 to 30 cm: the larger body is meant.
    unit = max(fitting, key=lambda each: LENGTH[each])
    tells = f"although the stream says {said}" if said else "the stream names no unit"
    return UnitGuess(
        unit, f"{tells}, the markers span {span * LENGTH[unit]:.2f} m if they are {unit}"
    )


def guess_axes(seen: Seen, markers: Markers) -> AxisGuess:
    """Guess from feet, trunk, toes, heels, pelvis, the stance foot's travel and the plates.

    Parameters
    ----------
    markers : names and unit of the markers, as guessed.
    """
    lab = provisional_lab(markers)
    at_m = seen_m(seen.markers, lab)
    if at_m is None or np.isnan(at_m).all():
        return AxisGuess(
            None,
            why_not="no known marker is seen: let someone with markers stand on the treadmill, facing "
            "forward, or correct the names under Markers",
        )
    walking = settle_situation(seen, lab, [])[0] is Situation.WALKING
    body = body_directions(seen.markers, lab, walking=walking)
    if body.up is None:
        return AxisGuess(
            None,
            why_not="feet and pelvis are not both seen: let someone stand in view, or name heels, toes and "
            "pelvis under Markers",
        )
    up = nearest_axis(body.up)
    off_deg = float(np.degrees(np.arccos(np.clip(body.up @ up, -1.0, 1.0))))
    height_m = _height_m(at_m, up)
    evidence = [
        f"up is {axis_name(up)}: from feet to pelvis and trunk ({off_deg:.0f}° off), {height_m:.2f} m tall"
    ]
    doubts = []
    load = _load_direction(seen.streams.get(Role.FORCES))
    if load is not None:
        if axis_name(nearest_axis(load)) == axis_name(up):
            evidence.append(f"the plates push the feet along {axis_name(up)} as well")
        else:
            doubts.append(
                f"the plates push along {axis_name(nearest_axis(load))}: look at the plates later"
            )
    across = np.mean(list(body.pairs.values()), axis=0) if body.pairs else None
    if body.forward:
        direction, odd = majority(body.forward)
        words = ", ".join(name for name in body.forward if name != odd)
        if odd:
            doubts.append(f"{odd} points the other way: some of these labels are swapped")
    elif across is not None:
        direction, words = np.cross(up, across), "from up and the left-to-right markers"
    else:
        return AxisGuess(
            None,
            tuple(evidence),
            why_not="neither heels and toes nor both sides are seen: the walking direction is yours to say",
            height_m=height_m,
        )
    direction = direction - (direction @ up) * up
    direction = direction / max(float(np.linalg.norm(direction)), 1e-9)
    forward = nearest_axis(direction)
    off_deg = float(np.degrees(np.arccos(np.clip(direction @ forward, -1.0, 1.0))))
    evidence.append(f"forward is {axis_name(forward)}: {words} ({off_deg:.0f}° off)")
    if off_deg > SLANTED_DEG:
        doubts.append(f"the body faces {off_deg:.0f}° aside: let the walker face along the belts")
    right = np.cross(forward, up)
    if across is not None:
        if float(across @ right) < 0.0:
            doubts.append(
                "right markers lie left of the left ones: sides are swapped, or axes mirrored"
            )
        else:
            evidence.append(f"right is {axis_name(right)}: right markers lie there")
    axes = Axes.model_validate(
        {
            "forward": axis_name(forward),
            "up": axis_name(up),
            "right": axis_name(right),
        }
    )
    return AxisGuess(axes, tuple(evidence), tuple(doubts), height_m=height_m)


def third_axis(forward: str, up: str) -> str:
    """The right axis that makes two others a right-handed set; empty where they are not two."""
    if forward[-1] == up[-1]:
        return ""
    rows = []
    for axis in (forward, up):
        row = np.zeros(3)
        row["xyz".index(axis[-1])] = -1.0 if axis[0] == "-" else 1.0
        rows.append(row)
    return axis_name(np.cross(rows[0], rows[1]))


def _span(seen: SeenStream, markers: Markers) -> float:
    """Largest extent of the known markers in the stream's own numbers; NaN where nobody is seen."""
    lab = provisional_lab(markers.model_copy(update={"unit": "m"}))
    at = seen_m(seen, lab)
    if at is None or at.shape[1] < 2:
        return nan
    at = at[np.mean(~np.isnan(at[:, :, 0]), axis=1) >= 0.5]
    if not len(at):
        return nan
    return float(np.median((np.nanmax(at, axis=1) - np.nanmin(at, axis=1)).max(axis=1)))


def _height_m(at_m: np.ndarray, up: np.ndarray) -> float:
    heights = at_m @ up
    heights = heights[~np.isnan(heights).all(axis=1)]
    return float(np.median(np.nanmax(heights, axis=1) - np.nanmin(heights, axis=1)))


def _load_direction(seen: SeenStream | None) -> np.ndarray | None:
    """Where the plates that the header describes push the feet, unit vector, capture axes."""
    if seen is None or not len(seen.values) or not seen.info.plates:
        return None
    total = np.zeros(3)
    for number, kinds in plate_channels(seen.info.channels).items():
        columns = [kinds[f"Force{axis}"][0] for axis in "XYZ" if f"Force{axis}" in kinds]
        if len(columns) < 3 or number > len(seen.info.plates):
            continue
        described = seen.info.plates[number - 1]
        to_n = factor(seen.info.channels[columns[0]].unit, FORCE) or 1.0
        force = seen.values[:, columns] * to_n * (1.0 if described.reaction else -1.0)
        force = force[np.linalg.norm(force, axis=1) > LOADED_N]
        try:
            r, _ = plate_axes(np.array(described.corners_m))
        except ValueError:
            continue
        total += force.sum(axis=0) @ r.T
    length = float(np.linalg.norm(total))
    return total / length if length > 0.0 else None
