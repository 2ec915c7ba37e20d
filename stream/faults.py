"""What goes wrong in a laboratory, put into a replay: for tests, and to train staff.

A fault is written ``NAME`` or ``NAME:key=value,key=value``, e.g. ``occlude:marker=RKNE,at=10,for=0.5``.
Every injector takes the pieces of a replay in order and gives pieces back; nothing else of the replay
knows of faults, and the same seed gives the same faults.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from compute.plates import plate_axes
from stream.errors import EkamError
from stream.pieces import Piece
from stream.source import Role, StreamInfo

Injector = Callable[[Iterable[Piece]], Iterator[Piece]]
Infos = Mapping[Role, StreamInfo]


@dataclass(frozen=True)
class Kind:
    """A fault that can be injected: what it does, and its keys with their defaults."""

    what: str
    keys: Mapping[str, float | str]


WHEN = {"at": 10.0, "for": 2.0}
ALWAYS = {"at": 0.0, "for": inf}
KINDS: Mapping[str, Kind] = {
    "drop": Kind("a share of the samples never arrives", {"stream": "markers", "share": 0.01, **ALWAYS}),
    "jitter": Kind(
        "stamps come late by chance, `ms` on average", {"stream": "markers", "ms": 3.0, **ALWAYS}
    ),
    "delay": Kind("stamps are late by a constant", {"stream": "forces", "ms": 8.0, **ALWAYS}),
    "lag": Kind("samples arrive late, with the right stamps", {"stream": "markers", "ms": 400.0, **WHEN}),
    "clock_step": Kind("the publisher's clock jumps", {"stream": "markers", "ms": 100.0, "at": 10.0}),
    "freeze": Kind("the publisher hangs, then sends all at once", {"stream": "markers", **WHEN}),
    "restart": Kind(
        "the publisher ends and comes back with its channels in another order",
        {"stream": "markers", **WHEN},
    ),
    "occlude": Kind("a marker is not seen (NaN)", {"marker": "", **WHEN}),
    "zero": Kind("a marker is not seen (0, 0, 0)", {"marker": "", **WHEN}),
    "hold": Kind("a marker is lost but sent on where it was", {"marker": "", **WHEN}),
    "swap": Kind("two markers exchange their labels", {"marker": "", "with": "", **WHEN}),
    "drift": Kind("the zero of a plate is off by `n` N, upward", {"plate": 1.0, "n": 40.0, **ALWAYS}),
    "saturate": Kind("a plate's vertical force ends at `n` N", {"plate": 1.0, "n": 500.0, **ALWAYS}),
    "swap_plates": Kind("the cables of two plates are exchanged", {"plate": 1.0, "with": 2.0, **ALWAYS}),
    "scale": Kind(
        "another unit is sent than the header says", {"stream": "markers", "by": 1000.0, **ALWAYS}
    ),
    "cross_belt": Kind(
        "the foot of one plate treads on the other", {"plate": 1.0, "with": 2.0, **WHEN}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One fault as asked for."""

    name: str
    values: Mapping[str, float | str]

    def number(self, key: str) -> float:
        """A value that is a number."""
        return float(self.values[key])

    def role(self) -> Role:
        """The stream that it befalls."""
        return Role(self.values["stream"])

    def covers(self, t_s: np.ndarray) -> np.ndarray:
        """Which of these times, s since the start of the replay, it befalls."""
        at_s = self.number("at")
        return (t_s >= at_s) & (t_s < at_s + float(self.values.get("for", inf)))


def parse(text: str) -> Fault:
    """Read ``NAME:key=value,…``.

    Raises
    ------
    EkamError : no such fault or key, or a value that cannot be.
    """
    name, _, rest = text.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        raise EkamError(f"there is no fault {name!r}: choose one of {', '.join(KINDS)}")
    values = dict(kind.keys)
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key not in values:
            raise EkamError(
                f"the fault {name!r} has no {pair!r}: write key=value with {', '.join(values)}"
            )
        if key in ("stream", "marker") or (name == "swap" and key == "with"):
            values[key] = value
            continue
        try:
            values[key] = float(value)
        except ValueError:
            raise EkamError(f"{key} of the fault {name!r} is {value!r}, not a number") from None
    if values.get("stream", "markers") not in {role.value for role in Role}:
        raise EkamError(f"stream of the fault {name!r} is markers or forces")
    if "" in (values.get("marker"), values.get("with")):
        raise EkamError(f"the fault {name!r} needs a marker: {name}:marker=RKNE")
    return Fault(name, values)


def described() -> list[str]:
    """One line a fault: its name, its keys with their defaults, what it does."""
    lines = []
    for name, kind in KINDS.items():
        keys = ",".join(
            f"{key}={value:g}" if isinstance(value, float) else f"{key}={value or 'RKNE'}"
            for key, value in kind.keys.items()
            if value != inf
        )
        lines.append(f"{name}:{keys}  {kind.what}")
    return lines


def injector(fault: Fault, infos: Infos, rng: np.random.Generator) -> Injector:
    """What carries a fault out.

    Parameters
    ----------
    infos : the streams as they are sent; markers are named by their label there.

    Raises
    ------
    EkamError : no such marker or plate.
    """
    if fault.name in ("occlude", "zero", "hold", "swap"):
        return _on_marker(fault, infos)
    if fault.name in ("drift", "saturate"):
        return _on_plate(fault, infos)
    if fault.name in ("swap_plates", "cross_belt"):
        return _on_two_plates(fault, infos)
    return {
        "drop": _drop, "jitter": _jitter, "delay": _shift, "clock_step": _shift, "lag": _lag,
        "freeze": _freeze, "restart": _restart, "scale": _scale,
    }[fault.name](fault, rng)  # fmt: skip


# --- on the way --------------------------------------------------------------------------------------


def _each(role: Role, change: Callable[[Piece], Piece]) -> Injector:
    """An injector that changes the pieces of one stream one by one."""

    def inject(pieces: Iterable[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            piece = change(piece) if piece.role is role and piece.send else piece
            if len(piece.stamps_s) or not piece.send:
                yield piece

    return inject


def _drop(fault: Fault, rng: np.random.Generator) -> Injector:
    def change(piece: Piece) -> Piece:
        gone = fault.covers(piece.t_s) & (rng.random(len(piece.t_s)) < fault.number("share"))
        return piece.only(~gone)

    return _each(fault.role(), change)


def _jitter(fault: Fault, rng: np.random.Generator) -> Injector:
    newest_s = -inf

    def change(piece: Piece) -> Piece:
        nonlocal newest_s
        late_s = rng.exponential(fault.number("ms") / 1e3, len(piece.t_s)) * fault.covers(piece.t_s)
        # A sample that is stamped on arrival is not stamped before the one in front of it.
        stamps_s = np.maximum.accumulate(np.concatenate([[newest_s], piece.stamps_s + late_s]))[1:]
        newest_s = float(stamps_s[-1])
        return replace(piece, stamps_s=stamps_s, due_s=piece.due_s + float(late_s[-1]))

    return _each(fault.role(), change)


def _shift(fault: Fault, _rng: np.random.Generator) -> Injector:
    def change(piece: Piece) -> Piece:
        by_s = fault.number("ms") / 1e3
        return replace(piece, stamps_s=piece.stamps_s + by_s * fault.covers(piece.t_s))

    return _each(fault.role(), change)


def _lag(fault: Fault, _rng: np.random.Generator) -> Injector:
    return _held_back(fault, lambda t_s: t_s + fault.number("ms") / 1e3)


def _freeze(fault: Fault, _rng: np.random.Generator) -> Injector:
    return _held_back(fault, lambda _t_s: fault.number("at") + fault.number("for"))


def _held_back(fault: Fault, until_s: Callable[[float], float]) -> Injector:
    """Pieces that are sent later than they should be; the order within a stream stays."""
    role = fault.role()

    def inject(pieces: Iterable[Piece]) -> Iterator[Piece]:
        waiting: list[Piece] = []
        for piece in pieces:
            while waiting and waiting[0].due_s <= piece.due_s:
                yield waiting.pop(0)
            if piece.role is role and (waiting or fault.covers(piece.t_s).any()):
                covered = bool(fault.covers(piece.t_s).any())
                due_s = until_s(piece.due_s) if covered else piece.due_s
                if waiting:
                    due_s = max(due_s, waiting[-1].due_s)
                waiting.append(replace(piece, due_s=due_s))
            else:
                yield piece
        yield from waiting

    return inject


def _restart(fault: Fault, rng: np.random.Generator) -> Injector:
    role, at_s = fault.role(), fault.number("at")
    back_s = at_s + fault.number("for")

    def inject(pieces: Iterable[Piece]) -> Iterator[Piece]:
        state = "before"
        for piece in pieces:
            if state == "before" and piece.due_s >= at_s:
                state = "away"
                yield Piece.close(role, at_s)
            if state == "away" and piece.due_s >= back_s:
                state = "back"
                yield Piece.open(role, back_s, int(rng.integers(1, 2**31)))
            if piece.role is not role or state != "away":
                yield piece

    return inject


def _scale(fault: Fault, _rng: np.random.Generator) -> Injector:
    def change(piece: Piece) -> Piece:
        factor = np.where(fault.covers(piece.t_s), fault.number("by"), 1.0)
        return replace(piece, values=piece.values * factor[:, None])

    return _each(fault.role(), change)


# --- markers -----------------------------------------------------------------------------------------


def _on_marker(fault: Fault, infos: Infos) -> Injector:
    columns = _marker_columns(str(fault.values["marker"]), infos[Role.MARKERS])
    other = (
        _marker_columns(str(fault.values["with"]), infos[Role.MARKERS])
        if fault.name == "swap"
        else columns
    )
    last: np.ndarray | None = None

    def change(piece: Piece) -> Piece:
        nonlocal last
        rows = fault.covers(piece.t_s)
        values = piece.values.copy()
        if fault.name == "hold":
            if last is None or not rows.any():
                last = piece.values[-1, columns]
            values[np.ix_(rows, columns)] = last
        elif fault.name == "swap":
            values[np.ix_(rows, columns)] = piece.values[np.ix_(rows, other)]
            values[np.ix_(rows, other)] = piece.values[np.ix_(rows, columns)]
        else:
            values[np.ix_(rows, columns)] = 0.0 if fault.name == "zero" else np.nan
        return replace(piece, values=values)

    return _each(Role.MARKERS, change)


def _marker_columns(name: str, info: StreamInfo) -> np.ndarray:
    found = [
        column
        for column, channel in enumerate(info.channels)
        if (channel.target or channel.label[:-2]) == name
    ]
    if len(found) < 3:
        names = dict.fromkeys(channel.target or channel.label[:-2] for channel in info.channels)
        raise EkamError(f"there is no marker {name!r} to fail: it has {', '.join(names)}")
    return np.array(found[:3])


# --- plates ------------------------------------------------------------------------------------------


def _on_plate(fault: Fault, infos: Infos) -> Injector:
    info = infos[Role.FORCES]
    number = int(fault.number("plate"))
    columns = _plate_columns(number, info)
    up = _up(number, columns, info)

    def change(piece: Piece) -> Piece:
        rows = fault.covers(piece.t_s)
        values = piece.values.copy()
        column = columns[int(np.argmax(np.abs(up)))]
        sign = np.sign(up[int(np.argmax(np.abs(up)))])
        if fault.name == "drift":
            values[rows, column] += sign * fault.number("n")
        else:
            most = fault.number("n")
            values[rows, column] = np.clip(values[rows, column], -most, most)
        return replace(piece, values=values)

    return _each(Role.FORCES, change)


def _on_two_plates(fault: Fault, infos: Infos) -> Injector:
    info = infos[Role.FORCES]
    numbers = [int(fault.number(key)) for key in ("plate", "with")]
    one, two = (_plate_columns(number, info) for number in numbers)
    matrix = _one_to_other(info, *numbers) if fault.name == "cross_belt" else None

    def change(piece: Piece) -> Piece:
        rows = fault.covers(piece.t_s)
        values = piece.values.copy()
        if matrix is None:
            values[np.ix_(rows, one)] = piece.values[np.ix_(rows, two)]
            values[np.ix_(rows, two)] = piece.values[np.ix_(rows, one)]
        else:
            values[np.ix_(rows, two)] += piece.values[np.ix_(rows, one)] @ matrix.T
            values[np.ix_(rows, one)] = 0.0
        return replace(piece, values=values)

    return _each(Role.FORCES, change)


def _plate_columns(number: int, info: StreamInfo) -> np.ndarray:
    targets = list(dict.fromkeys(channel.target for channel in info.channels if channel.target))
    if str(number) in targets:
        target = str(number)
    elif 1 <= number <= len(targets):
        target = targets[number - 1]
    else:
        raise EkamError(f"there is no plate {number} to fail: the stream has {len(targets)}")
    return np.array([c for c, channel in enumerate(info.channels) if channel.target == target])


def _up(number: int, columns: np.ndarray, info: StreamInfo) -> np.ndarray:
    """Which of the plate's channels is the vertical force, and whether it rises with the load."""
    if number > len(info.plates):  # force, centre of pressure, free moment: y is up in such files
        return np.array([1.0 if info.channels[c].kind == "ForceY" else 0.0 for c in columns])
    plate = info.plates[number - 1]
    # The plate's z points into the floor, so the load on the foot is negative there.
    sign = -1.0 if plate.reaction else 1.0
    return np.array([sign if info.channels[c].kind == "ForceZ" else 0.0 for c in columns])


def _one_to_other(info: StreamInfo, one: int, two: int) -> np.ndarray:
    """Wrench about one plate's origin in its axes to the other's, shape (6, 6)."""
    if max(one, two) > len(info.plates):
        raise EkamError("cross_belt needs plates whose corners and origin the recording describes")
    poses = []
    for number in (one, two):
        plate = info.plates[number - 1]
        turn, centre_m = plate_axes(np.array(plate.corners_m))
        poses.append(
            (turn, centre_m - turn @ np.array(plate.origin_m), 1.0 if plate.reaction else -1.0)
        )
    (turn_1, at_1, sign_1), (turn_2, at_2, sign_2) = poses
    arm = at_1 - at_2
    cross = np.array([[0, -arm[2], arm[1]], [arm[2], 0, -arm[0]], [-arm[1], arm[0], 0]])
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = turn_2.T @ turn_1
    matrix[3:, 3:] = turn_2.T @ turn_1
    matrix[3:, :3] = turn_2.T @ cross @ turn_1
    return matrix * sign_1 * sign_2
