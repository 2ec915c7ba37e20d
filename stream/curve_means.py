"""Mean curves of a session over the stance, from its ``curves.csv``, read once from front to back."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from stream.tables import CURVE_POINTS

CURVES = ("ekam_nm_per_kg", "kfm_nm_per_kg", "fz_bw")


class CurveMean:
    """Mean and standard deviation of curves at 0, 1, … 100 % of stance, in the units of ``curves.csv``.

    Attributes
    ----------
    count : curves that went into it. mean : shape (101, len(CURVES)).
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = np.zeros((CURVE_POINTS, len(CURVES)))
        self._squares = np.zeros_like(self.mean)

    def add(self, values: np.ndarray) -> None:
        """Take one stance's curves (Welford 1962: no loss of digits, however many)."""
        self.count += 1
        deviation = values - self.mean
        self.mean += deviation / self.count
        self._squares += deviation * (values - self.mean)

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation between stances; NaN of a single one."""
        if self.count < 2:
            return np.full_like(self.mean, np.nan)
        return np.sqrt(self._squares / (self.count - 1))


def curve_means(
    path: Path, group_of: Mapping[int, str], found: dict[str, CurveMean] | None = None
) -> dict[str, CurveMean]:
    """Mean curves of each group of stances.

    Parameters
    ----------
    group_of : number of a stance -> its group; other stances are passed over. found : of an earlier part of
        the session, to which these are added.

    Notes
    -----
    A stance whose lines are incomplete, damaged or empty is left out; a missing file gives nothing.
    """
    found = {} if found is None else found
    try:
        with path.open("rb") as file:
            names = file.readline().decode(errors="replace").strip().split(",")
            if not {"stance", *CURVES} <= set(names):
                return found
            places = [names.index(name) for name in CURVES]
            last = max(places) + 1
            for number, lines in groupby(file, key=lambda line: line.partition(b",")[0]):
                group = group_of.get(int(number)) if number.isdigit() else None
                if group is None:
                    continue
                cells = [line.rstrip().split(b",", last) for line in lines]
                values = _values(cells, places)
                if values is not None:
                    found.setdefault(group, CurveMean()).add(values)
    except OSError:
        pass
    return found


def _values(cells: list[list[bytes]], places: list[int]) -> np.ndarray | None:
    if len(cells) != CURVE_POINTS:
        return None
    try:
        return np.array([[float(row[place]) for place in places] for row in cells])
    except (ValueError, IndexError):
        return None
