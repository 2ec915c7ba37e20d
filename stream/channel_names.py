"""Which channels of a stream belong together: by metadata first, by their labels where there is none.

Markers and rigid bodies are apart: a body may have the same name as a marker (lsl.md 1, Qualisys).
Nothing is ever taken by its position in the stream.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stream.source import Channel

AXES = "XYZ"
ABSENT = -1
"""Column of a channel that the stream does not carry."""
WRENCH_KINDS = tuple(f"{what}{axis}" for what in ("Force", "Moment") for axis in AXES)

_VALID = "valid"
_NO_QUANTITY = ("", "position", "pos", "marker", "mocap", "misc", "force", "moment", "analog")
"""Metadata types that name no axis: the label does."""
_POSITION = re.compile(r"position[ _]?([xyz])", re.IGNORECASE)
_VALIDITY = re.compile(r"valid|validity|conf|confidence", re.IGNORECASE)
_MARKER_LABEL = re.compile(r"(.+?)[_:. ]c?([xyz])", re.IGNORECASE)
_VALIDITY_LABEL = re.compile(r"(.+?)[_:. ](?:valid|validity|conf|confidence)", re.IGNORECASE)
_WRENCH = re.compile(r"(force|moment|momentum|torque)[ _]?([xyz])", re.IGNORECASE)
_WRENCH_LABEL = re.compile(
    r"(?:(?P<before>.*?)[ _:.-]+)?(?P<what>f|force|m|moment|momentum|torque)[ _.]?(?P<axis>[xyz])"
    r"(?:[ _.-]*(?P<after>\d+|l|r|left|right))?",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"(?:force[ _]?plate|plate|fp|belt)?[ _:.#-]*(\d+|l|left|r|right)(?:[ _]?(?:plate|belt))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class MarkerChannels:
    """Channels of one marker of a stream.

    Attributes
    ----------
    name : as the stream has it.
    body : metadata `object` that the marker belongs to; empty if none.
    columns : of x, y, z.
    valid : column that says whether the position was measured; -1 if there is none.
    labels : of the three channels; where two channels claim the same place, of those two.
    doubled : whether two channels claim the same place.
    """

    name: str
    body: str
    columns: tuple[int, int, int]
    valid: int
    labels: tuple[str, ...]
    doubled: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names by which a lab file may call it exactly."""
        return (self.name, f"{self.body}:{self.name}") if self.body else (self.name,)


@dataclass(frozen=True)
class Unclear:
    """Two channels that could both be what a name means; `first` and `second` are their labels."""

    first: str
    second: str


def find_markers(
    channels: tuple[Channel, ...], wanted: Mapping[str, str]
) -> tuple[dict[str, MarkerChannels], dict[str, Unclear]]:
    """Markers of a stream by canonical name.

    Parameters
    ----------
    wanted : canonical name -> label.

    Returns
    -------
    Those found, and those for which two channels fit. A label is looked for as it is written, then
    whatever its case, then after a ``subject:`` prefix; a later step never takes what an earlier one
    found for another name. Two names may share a label: the ankle joint centre may be a point of an axis.
    """
    groups = marker_channels(channels)
    found: dict[str, MarkerChannels] = {}
    unclear: dict[str, Unclear] = {}
    taken: set[int] = set()
    for names_of, same in _STEPS:
        known: dict[str, list[int]] = {}
        for i, group in enumerate(groups):
            for name in {same(name) for name in names_of(group)}:
                known.setdefault(name, []).append(i)
        earlier = frozenset(taken)
        for canonical, label in wanted.items():
            if canonical in found or canonical in unclear:
                continue
            fitting = [i for i in known.get(same(label), ()) if i not in earlier]
            if len(fitting) > 1:
                first, second = (groups[i].labels[0] for i in fitting[:2])
                unclear[canonical] = Unclear(first, second)
            elif fitting:
                group = groups[fitting[0]]
                taken.add(fitting[0])
                if group.doubled:
                    unclear[canonical] = Unclear(*group.labels[:2])
                else:
                    found[canonical] = group
    return found, unclear


def marker_channels(channels: Iterable[Channel]) -> list[MarkerChannels]:
    """All markers of a stream that have x, y and z, in the order of their first channels."""
    grouped: dict[tuple[bool, str, str], dict[str, list[tuple[int, str]]]] = {}
    for column, channel in enumerate(channels):
        name, part = _marker_part(channel)
        if part:
            key = (bool(channel.target), channel.body, name)
            grouped.setdefault(key, {}).setdefault(part, []).append((column, channel.label))
    complete = {key: parts for key, parts in grouped.items() if set(AXES) <= set(parts)}
    described = {name for by_metadata, _, name in complete if by_metadata}
    return [
        _group(name, body, parts)
        for (by_metadata, body, name), parts in complete.items()
        if by_metadata or name not in described
    ]


def plate_channels(channels: Iterable[Channel]) -> dict[int, dict[str, list[int]]]:
    """Plate number -> kind (`WRENCH_KINDS`) -> columns, more than one where a channel is doubled.

    Left and right plates without a number are 1 and 2; a plate without either is 1 where it is alone.
    """
    numbered: dict[int, dict[str, list[int]]] = {}
    alone: dict[str, list[int]] = {}
    for column, channel in enumerate(channels):
        kind, plate = _wrench_part(channel)
        if kind:
            into = alone if plate is None else numbered.setdefault(plate, {})
            into.setdefault(kind, []).append(column)
    return numbered or ({1: alone} if alone else {})


def _marker_part(channel: Channel) -> tuple[str, str]:
    """Marker a channel belongs to, and its part: an axis, `_VALID`, or nothing."""
    if channel.body and not channel.target:
        return "", ""
    by_axis = _MARKER_LABEL.fullmatch(channel.label)
    by_validity = _VALIDITY_LABEL.fullmatch(channel.label)
    kind = _POSITION.fullmatch(channel.kind)
    if kind:
        axis = kind[1].upper()
        if channel.target:
            return channel.target, axis
        same = by_axis is not None and by_axis[2].upper() == axis
        return (by_axis[1] if by_axis is not None and same else channel.label), axis
    if by_validity or _VALIDITY.fullmatch(channel.kind):
        return channel.target or (by_validity[1] if by_validity else channel.label), _VALID
    if by_axis and channel.kind.casefold() in _NO_QUANTITY:
        return channel.target or by_axis[1], by_axis[2].upper()
    return "", ""


def _group(name: str, body: str, parts: dict[str, list[tuple[int, str]]]) -> MarkerChannels:
    first = {part: columns[0][0] for part, columns in parts.items()}
    twice = next((columns for columns in parts.values() if len(columns) > 1), None)
    labels = tuple(label for _, label in twice or [parts[axis][0] for axis in AXES])
    return MarkerChannels(
        name,
        body,
        (first["X"], first["Y"], first["Z"]),
        first.get(_VALID, ABSENT),
        labels,
        twice is not None,
    )


def _wrench_part(channel: Channel) -> tuple[str, int | None]:
    """Kind of a plate's channel (`WRENCH_KINDS`; empty for any other), and its plate if it says so."""
    label = _WRENCH_LABEL.fullmatch(channel.label)
    kind = _WRENCH.fullmatch(channel.kind)
    if kind:
        what, axis = kind[1], kind[2]
    elif label and channel.kind.casefold() in _NO_QUANTITY:
        what, axis = label["what"], label["axis"]
    else:
        return "", None
    plate = None
    if channel.target:
        plate = _plate_number(channel.target)
        if plate is None:  # of something that is no plate by number, e.g. an OpenSim column
            return "", None
    elif label:
        plate = _plate_number(label["after"] or label["before"] or "")
    return ("Force" if what[0].upper() == "F" else "Moment") + axis.upper(), plate


def _plate_number(text: str) -> int | None:
    found = _PLATE.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) if found[1].isdigit() else 1 + "lr".index(found[1][0].lower())


def _as_written(group: MarkerChannels) -> tuple[str, ...]:
    return group.names


def _without_subject(group: MarkerChannels) -> tuple[str, ...]:
    return (group.name.rpartition(":")[2],)


_STEPS: tuple[tuple[Callable[[MarkerChannels], tuple[str, ...]], Callable[[str], str]], ...] = (
    (_as_written, str),
    (_as_written, str.casefold),
    (_without_subject, str),
    (_without_subject, str.casefold),
)
