"""Which label of a stream is which marker: presets first, then labels that are nearly the same."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from compute.landmarks import MIDLINE, PER_SIDE
from stream.channel_names import MarkerChannels, find_markers, marker_channels
from stream.marker_sets import PRESETS
from stream.source import StreamInfo

ALIKE = 0.84
"""Likeness (0 to 1) from which two labels without their side count as the same."""
FEW = 4
"""So many markers of a preset tell that it is meant."""

_WORDS: dict[str, tuple[str, ...]] = {
    "ASI": ("asis", "asi", "ias", "pelvis front", "front pelvis"),
    "PSI": ("psis", "psi", "ips", "pelvis back", "back pelvis"),
    "SACR": ("sacrum", "sacral", "sacr"),
    "C7": ("c7", "cv7"),
    "T10": ("t10", "tv10"),
    "CLAV": ("clavicle", "jugular notch", "clav"),
    "STRN": ("sternum", "xiphoid", "strn"),
    "GTR": ("trochanter", "greater trochanter"),
    "KNE": ("knee", "knee lat", "knee lateral", "lat knee", "lateral knee", "knee out", "lateral epicondyle"),
    "KNM": ("knee med", "knee medial", "med knee", "medial knee", "knee in", "medial epicondyle"),
    "ANK": ("ankle", "ankle lat", "ankle lateral", "lat ankle", "lateral ankle", "lateral malleolus"),
    "MED": ("ankle med", "ankle medial", "med ankle", "medial ankle", "medial malleolus", "mal med"),
    "HEE": ("heel", "calcaneus", "calc"),
    "TOE": ("toe", "mt2", "second metatarsal"),
    "MT1": ("mt1", "first metatarsal", "toe med"),
    "MT5": ("mt5", "fifth metatarsal", "toe lat"),
    "SHO": ("shoulder", "acromion"),
    **{f"TH{i}": (f"thigh{i}", f"th{i}") for i in range(1, 5)},
    **{f"SK{i}": (f"shank{i}", f"sk{i}", f"tibia{i}") for i in range(1, 5)},
}  # fmt: skip
"""What people call the markers beside the labels of the presets, without the side."""

_PLUG_IN_GAIT = {"KJC": "FEO", "AJC": "TIO", "TAO": "TIO", "TAL": "TIL"}
"""Model outputs of Plug-in Gait that tell the tibia: origins of femur and tibia, and a point on its axis."""

_MODEL_OUTPUT = re.compile(
    r"(?:[LR](?:CL|FE|FO|HN|HU|RA|TI|TO)|PEL|HED|TRX)[OALP]|CentreOfMass.*|\*\d+|.*JC"
)
"""Points that Plug-in Gait computes; nobody stuck them on."""


@dataclass(frozen=True)
class MarkerGuess:
    """A marker table for a stream.

    Attributes
    ----------
    preset : the best one. names : canonical -> label where the preset does not fit.
    unsure : canonical names whose label is only alike: somebody should look.
    known : how many markers are named.
    evidence : why, in a sentence.
    """

    preset: str
    names: Mapping[str, str] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    known: int = 0
    evidence: str = ""


def guess_markers(info: StreamInfo) -> MarkerGuess:
    """Guess which channels are which markers, by their labels alone."""
    groups = marker_channels(info.channels)
    if not groups:
        return MarkerGuess("canonical", evidence="no channel is labelled as a marker")
    prefix = _prefix([group.name for group in groups])
    counts = {
        name: len(_placed(find_markers(info.channels, table)[0]))
        + len(_behind(groups, prefix, table))
        for name, table in PRESETS.items()
    }
    preset = max(counts, key=lambda name: counts[name])
    table = PRESETS[preset]
    found, unclear = find_markers(info.channels, table)
    names = {} if found else _behind(groups, prefix, table)
    if not found and not names:
        preset, table = "canonical", PRESETS["canonical"]
    taken = {group.columns for group in found.values()} | {
        group.columns for group in groups if group.name in names.values()
    }
    free = [
        group
        for group in groups
        if group.columns not in taken and not _MODEL_OUTPUT.fullmatch(group.name[len(prefix) :])
    ]
    there = set(found) | set(names)
    if counts[preset] < FEW:  # a stray label tells no preset; the nearest labels decide
        found, names, there, preset = {}, {}, set(), "canonical"
        free = [g for g in groups if not _MODEL_OUTPUT.fullmatch(g.name[len(prefix) :])]
    alike = _alike(
        [name for name in _canonical() if name not in there | set(unclear)], free, prefix
    )
    centres = _centres({group.name for group in groups}, there | set(alike), prefix)
    names = {**names, **alike, **centres}
    said = [f"{counts[preset]} of {len(groups)} labels are those of the preset {preset!r}"]
    if prefix:
        said.append(f"all begin with {prefix!r}")
    if alike:
        said.append(f"{len(alike)} are nearly the same as a known label: look at them")
    if centres:
        said.append("the knee and ankle joint centres are those of Plug-in Gait (FEO, TIO, TIL)")
    return MarkerGuess(
        preset, names, tuple(alike), len(there | set(names)), "; ".join(said)
    )  # fmt: skip


def similar_labels(canonical: str, labels: Iterable[str]) -> list[str]:
    """Labels in the order in which they may be this marker, the likeliest first."""
    labels = list(labels)
    prefix = _prefix(labels)
    return sorted(labels, key=lambda label: -_likeness(canonical, label[len(prefix) :]))


def _placed(found: Mapping[str, object]) -> list[str]:
    """Names of real markers: what a capture system computes is named alike in every laboratory."""
    return [name for name in found if name[1:] not in ("HJC", "KJC", "AJC", "TAO", "TAL")]


def _canonical() -> list[str]:
    return [*MIDLINE, *(side + name for side in "LR" for name in PER_SIDE)]


def _prefix(names: list[str]) -> str:
    """What all names begin with, up to a separator; empty if there is none or one name only."""
    if len(names) < 3:
        return ""
    common = min(names)
    while not all(name.startswith(common) for name in names):
        common = common[:-1]
    end = max(common.rfind(mark) for mark in "_:.- ")
    return common[: end + 1]


def _behind(groups: list[MarkerChannels], prefix: str, table: Mapping[str, str]) -> dict[str, str]:
    """Markers whose label stands behind a prefix that all have; canonical -> whole label."""
    if not prefix:
        return {}
    stripped = {group.name[len(prefix) :].casefold(): group.name for group in groups}
    return {
        canonical: stripped[label.casefold()]
        for canonical, label in table.items()
        if label.casefold() in stripped
    }


def _centres(labels: set[str], there: set[str], prefix: str) -> dict[str, str]:
    """Joint centres of Plug-in Gait, where the medial epicondyles are not seen."""
    wanted = {
        side + name: f"{prefix}{side}{label}"
        for side in "LR"
        for name, label in _PLUG_IN_GAIT.items()
    }
    if {"LKNM", "RKNM"} <= there or not set(wanted.values()) <= labels:
        return {}
    return {name: label for name, label in wanted.items() if name not in there}


def _alike(wanted: list[str], free: list[MarkerChannels], prefix: str) -> dict[str, str]:
    """The assignment of free labels to wanted markers that is likeliest as a whole."""
    if not wanted or not free:
        return {}
    likeness = np.array(
        [[_likeness(name, group.name[len(prefix) :]) for group in free] for name in wanted]
    )
    rows, columns = linear_sum_assignment(-likeness)
    return {
        wanted[row]: free[column].name
        for row, column in zip(rows, columns, strict=True)
        if likeness[row, column] >= ALIKE
    }


def _likeness(canonical: str, label: str) -> float:
    """How much a label looks like a marker's, 0 to 1; 0 where the side is another."""
    base, side = (
        (canonical, "") if canonical in _WORDS and canonical in MIDLINE else _split(canonical)
    )
    best = 0.0
    for said, rest in _readings(label.rpartition(":")[2]):
        if side and said != side:
            continue
        if not side and said:
            continue
        for word in _vocabulary(base):
            if word[-1:].isdigit() != rest[-1:].isdigit() or (
                word[-1:].isdigit() and word[-1] != rest[-1]
            ):
                continue  # a number tells one marker from the next
            best = max(best, difflib.SequenceMatcher(None, word, rest).ratio())
    return best


def _split(canonical: str) -> tuple[str, str]:
    return (canonical[1:], canonical[0]) if canonical[0] in "LR" else (canonical, "")


@cache
def _vocabulary(base: str) -> tuple[str, ...]:
    """Normalised words for a marker without its side."""
    words = {_plain(word) for word in _WORDS.get(base, ())}
    for table in PRESETS.values():
        if "R" + base in table:
            words |= {rest for said, rest in _readings(table["R" + base]) if said == "R"}
        elif base in table:
            words.add(_plain(table[base]))
    return tuple(sorted(word for word in words if len(word) > 1))


@cache
def _readings(label: str) -> tuple[tuple[str, str], ...]:
    """(side, the rest in small letters) in every way in which a label may say a side."""
    tokens = [t for t in re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", label) if t]
    sides = {"l": "L", "left": "L", "li": "L", "r": "R", "right": "R", "re": "R"}
    for at, token in enumerate(tokens):
        if token.casefold() in sides and len(tokens) > 1:
            rest = "".join(tokens[:at] + tokens[at + 1 :])
            return ((sides[token.casefold()], _plain(rest)),)
    whole = _plain(label)
    readings = [("", whole)]
    for word, side in (("left", "L"), ("right", "R"), ("l", "L"), ("r", "R")):
        if whole.startswith(word) and len(whole) > len(word) + 1:
            readings.append((side, whole[len(word) :]))
        if whole.endswith(word) and len(whole) > len(word) + 1:
            readings.append((side, whole[: -len(word)]))
    return tuple(readings)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
