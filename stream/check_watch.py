"""What comes in right now, for a technician who plugs and unplugs."""

from dataclasses import dataclass
from math import nan

import numpy as np

from compute import Side
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import MarkerMap, PlateMap, present_markers
from stream.source import Chunk, Role, StreamInfo

MISSING_OVER_S = 1.0
LOAD_OVER_S = 0.2


@dataclass(frozen=True)
class Now:
    """The last second.

    Attributes
    ----------
    missing : known markers that were not seen at all. known : how many the stream carries.
    up_n : vertical load of left and right plate, N; NaN while nothing comes.
    faults : per role, why a stream cannot be read; empty while it can.
    """

    missing: tuple[str, ...]
    known: int
    up_n: tuple[float, float]
    faults: dict[Role, str]


class Meter:
    """Takes chunks and tells what the last second held.

    Every publisher's chunks are mapped by its own header, so one that comes back with other channels is
    read rightly or said to be wrong.
    """

    def __init__(self, infos: dict[Role, StreamInfo], lab: Lab) -> None:
        self._lab = lab
        self._first = infos
        self._seen: dict[Role, StreamInfo | None] = {}
        self._names: tuple[str, ...] = ()
        self._markers: MarkerMap | None = None
        self._plates: PlateMap | None = None
        self._rows: dict[Role, list[tuple[float, np.ndarray]]] = {role: [] for role in Role}
        self._faults: dict[Role, str] = {}

    def update(self, chunk: Chunk) -> None:
        """Take one chunk."""
        info = chunk.info or self._first[chunk.role]
        if self._seen.get(chunk.role) is not info:
            self._bind(chunk.role, info)
        mapped = self._markers if chunk.role is Role.MARKERS else self._plates
        if mapped is None or not len(chunk.values):
            return
        rows = self._rows[chunk.role]
        arrived_s = float(np.max(chunk.t_arrival_s))
        rows.append((arrived_s, mapped.apply(chunk.values)))
        over_s = MISSING_OVER_S if chunk.role is Role.MARKERS else LOAD_OVER_S
        while len(rows) > 1 and rows[0][0] < arrived_s - over_s:
            rows.pop(0)

    def _bind(self, role: Role, info: StreamInfo) -> None:
        self._seen[role] = info
        self._rows[role] = []
        self._faults.pop(role, None)
        try:
            if role is Role.MARKERS:
                self._markers = None
                self._names = present_markers(info, self._lab)
                self._markers = MarkerMap(info, self._lab, self._names)
            else:
                self._plates = None
                self._plates = PlateMap(info, self._lab)
        except EkamError as error:
            self._faults[role] = str(error)

    def now(self, now_s: float) -> Now:
        """What came over the last second before `now_s` (LSL local clock)."""
        markers = [rows for at, rows in self._rows[Role.MARKERS] if at > now_s - MISSING_OVER_S]
        forces = [rows for at, rows in self._rows[Role.FORCES] if at > now_s - MISSING_OVER_S]
        missing = self._names
        if markers:
            gone = np.isnan(np.concatenate(markers)[:, :, 0]).all(axis=0)
            missing = tuple(name for name, out in zip(self._names, gone, strict=True) if out)
        up = (nan, nan)
        if forces:
            mean = np.concatenate(forces)[:, :, 1].mean(axis=0)
            up = (float(mean[Side.LEFT]), float(mean[Side.RIGHT]))
        return Now(missing, len(self._names), up, dict(self._faults))
