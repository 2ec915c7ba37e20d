"""Which plates a force stream carries, how to read them, and which foot each one carries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from stream.body_checks import CLEAR_M, LOADED_N
from stream.channel_names import WRENCH_KINDS, plate_channels
from stream.check_plates import feet_at_forces, place_fit, plates_of
from stream.check_seen import Seen, SeenStream
from stream.errors import EkamError
from stream.lab import Axes, Lab
from stream.plate_evidence import UNDER_FOOT_M
from stream.source import StreamInfo
from stream.units import FORCE, LENGTH, MOMENT, factor

_OPENSIM = re.compile(r"(.*?)(force_v|force_p|torque_)([xyz])(.*)", re.IGNORECASE)
_POINT = re.compile(r"(.*?)(cop|c|p|f|t|force|tz|torque|freemoment)[_ ]?([xyz])(.*)", re.IGNORECASE)
_LEFT = re.compile(r"(?:^|[^a-z])(l|left)(?:$|[^a-z])", re.IGNORECASE)
_RIGHT = re.compile(r"(?:^|[^a-z])(r|right)(?:$|[^a-z])", re.IGNORECASE)
APART_M = 0.05
_ENOUGH = 10


@dataclass(frozen=True)
class PlateFound:
    """A plate of a force stream.

    Attributes
    ----------
    table : how a lab file names it, without its side: `index`, or `force`, `cop` and `free_moment`.
    described : whether the stream's header says where it is.
    labels : of its channels.
    columns : of its three force channels.
    named : side that its labels say; empty if they do not.
    """

    table: Mapping[str, Any]
    described: bool
    labels: tuple[str, ...]
    columns: tuple[int, int, int]
    named: str = ""

    @property
    def kind(self) -> str:
        """In words."""
        if "index" in self.table:
            return f"plate {self.table['index']}: six components (force and moment)"
        return "force with centre of pressure and free moment"

    @property
    def needs_geometry(self) -> bool:
        """Whether the lab file must say its corners and origin."""
        return "index" in self.table and not self.described


@dataclass(frozen=True)
class SideGuess:
    """Which foot a plate carries; empty where nothing tells, and why."""

    side: str
    evidence: str


@dataclass(frozen=True)
class ForceUnits:
    """Units to write into the lab file; `auto` where the stream says them."""

    force: str = "auto"
    moment: str = "auto"
    length: str = "auto"
    evidence: str = field(default="as the stream says")


def find_plates(info: StreamInfo) -> list[PlateFound]:
    """Every plate that the labels or the metadata of a force stream tell."""
    found = []
    for number, kinds in sorted(plate_channels(info.channels).items()):
        if not set(WRENCH_KINDS) <= set(kinds):
            continue
        columns = [kinds[kind][0] for kind in WRENCH_KINDS]
        labels = tuple(info.labels[column] for column in columns)
        targets = [info.channels[column].target for column in columns]
        found.append(
            PlateFound(
                {"index": number},
                number <= len(info.plates),
                labels,
                (columns[0], columns[1], columns[2]),
                _named([*labels, *targets]),
            )
        )
    return found or _with_cop(info)


def guess_force_units(info: StreamInfo) -> ForceUnits:
    """What the stream does not say is taken for SI; the load of a standing person shows whether it is."""
    units = [channel.unit for channel in info.channels]
    if all(units) or not units:
        return ForceUnits()
    return ForceUnits(
        "N" if not any(factor(unit, FORCE) for unit in units) else "auto",
        "Nm" if not any(factor(unit, MOMENT) for unit in units) else "auto",
        "auto",
        "the stream names no unit: taken for N and N·m; the weight of who stands there shows it",
    )


def guess_sides(
    plates: Sequence[PlateFound], seen: SeenStream, axes: Axes | None
) -> list[SideGuess]:
    """From labels, else from where the plates or their centres of pressure lie, else from nothing."""
    named = [plate.named for plate in plates]
    if sorted(named) == ["left", "right"]:
        return [SideGuess(each, f"its channels say {each}") for each in named]
    if axes is not None and len(plates) == 2:
        at_m = [_across_m(plate, seen, axes) for plate in plates]
        gap_m = abs(at_m[0] - at_m[1])
        if gap_m > APART_M:
            sides = ("left", "right") if at_m[0] < at_m[1] else ("right", "left")
            return [
                SideGuess(side, f"it lies {1e3 * gap_m:.0f} mm {side} of the other")
                for side in sides
            ]
    return [SideGuess("", "nothing tells yet: step on one belt alone") for _ in plates]


def _across_m(plate: PlateFound, seen: SeenStream, axes: Axes) -> float:
    """Where a plate lies along the right axis: its middle, or its typical centre of pressure; NaN unknown."""
    across = axes.r_lab_from_capture()[2]
    if "index" in plate.table:
        if not plate.described:
            return nan
        corners = seen.info.plates[plate.table["index"] - 1].corners_m
        return float(np.mean(corners, axis=0) @ across)
    columns = [seen.info.labels.index(label) for label in plate.table["cop"]]
    at = seen.values[load_n(plate, seen) > LOADED_N][:, columns]
    at = at[~np.isnan(at).any(axis=1)]
    to_m = factor(seen.info.channels[columns[0]].unit, LENGTH) or 1.0
    return float(np.median(at @ across)) * to_m if len(at) else nan


def load_n(plate: PlateFound, seen: SeenStream, unit: str = "auto") -> np.ndarray:
    """Size of the force on a plate, N, shape (n,): whatever its axes and sign."""
    said = seen.info.channels[plate.columns[0]].unit if unit == "auto" else unit
    values = seen.values[:, plate.columns] * (factor(said, FORCE) or 1.0)
    return np.asarray(np.linalg.norm(values, axis=1))


def loaded_alone(plates: Sequence[PlateFound], seen: SeenStream, unit: str = "auto") -> int | None:
    """Number (from 0) of the plate that carries somebody while no other does; None if none is alone."""
    if not len(seen.values):
        return None
    means = [float(np.nanmean(load_n(plate, seen, unit))) for plate in plates]
    loaded = [i for i, mean in enumerate(means) if mean > 2.0 * LOADED_N]
    empty = [i for i, mean in enumerate(means) if mean < 0.5 * LOADED_N]
    return loaded[0] if len(loaded) == 1 and len(empty) == len(means) - 1 else None


def _named(texts: Sequence[str]) -> str:
    left = any(_LEFT.search(text) for text in texts)
    right = any(_RIGHT.search(text) for text in texts)
    return "" if left == right else "left" if left else "right"


def _with_cop(info: StreamInfo) -> list[PlateFound]:
    """Plates that send force, centre of pressure and free moment: OpenSim's columns, or F, COP and T."""
    for pattern in (_OPENSIM, _POINT):
        grouped: dict[str, dict[str, dict[str, int]]] = {}
        for column, label in enumerate(info.labels):
            match = pattern.fullmatch(label)
            if match is None:
                continue
            before, what, axis, after = match.groups()
            key = (before + "|" + after).casefold().replace("ground_", "").strip("_")
            part = _part(what.casefold())
            grouped.setdefault(key, {}).setdefault(part, {})[axis.casefold()] = column
        found = [_cop_plate(parts, info) for parts in grouped.values() if _whole(parts)]
        if found:
            return found
    return []


def _part(what: str) -> str:
    if what in ("force_v", "f", "force"):
        return "force"
    return "cop" if what in ("force_p", "cop", "c", "p") else "free_moment"


def _whole(parts: Mapping[str, Mapping[str, int]]) -> bool:
    return all(len(parts.get(part, {})) == 3 for part in ("force", "cop", "free_moment"))


def _cop_plate(parts: Mapping[str, Mapping[str, int]], info: StreamInfo) -> PlateFound:
    columns = {
        part: [parts[part][axis] for axis in "xyz"] for part in ("force", "cop", "free_moment")
    }
    table = {part: [info.labels[column] for column in each] for part, each in columns.items()}
    labels = tuple(label for each in table.values() for label in each)
    first, second, third = columns["force"]
    return PlateFound(table, True, labels, (first, second, third), _named(labels))


def side_by_feet(seen: Seen, lab: Lab, number: int) -> SideGuess:
    """Under which foot the load of plate `number` of the lab file lies, whichever side that says.

    Parameters
    ----------
    lab : with the plates to be told apart, one of them left and one right.
    """
    try:
        plate = plates_of(seen.forces, lab)[number - 1]
    except EkamError as error:
        return SideGuess("", str(error))
    fit = place_fit(plate, feet_at_forces(seen, lab))
    if fit.samples < _ENOUGH or not np.isfinite(fit.own_m + fit.other_m):
        return SideGuess("", "nobody stands on it yet: step on this belt alone")
    if abs(fit.own_m - fit.other_m) < CLEAR_M or min(fit.own_m, fit.other_m) > UNDER_FOOT_M:
        return SideGuess("", "its load lies between the feet: step on this belt alone")
    side = plate.side if fit.own_m < fit.other_m else plate.side.other
    return SideGuess(
        side.word,
        f"its load lies {1e3 * min(fit.own_m, fit.other_m):.0f} mm from the {side.word} foot",
    )
