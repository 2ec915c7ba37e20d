"""``stances.csv`` by columns."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np

from compute import Side
from stream.as_said import number
from stream.errors import EkamError

TEXT_COLUMNS = ("side", "verdict", "reasons", "block", "shown", "dropped_marker")


@dataclass(frozen=True)
class StanceTable:
    """``stances.csv`` by columns, in the order of the file.

    Attributes
    ----------
    numbers : column -> shape (n,), NaN where empty. texts : column -> n texts, for the others.
    """

    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, tuple[str, ...]]
    count: int

    def column(self, name: str) -> np.ndarray:
        """A column of numbers; NaN throughout where the file does not have it."""
        return self.numbers.get(name, np.full(self.count, nan))

    def text(self, name: str) -> tuple[str, ...]:
        """A column of texts; empty ones where the file does not have it."""
        return self.texts.get(name, ("",) * self.count)

    @property
    def valid(self) -> np.ndarray:
        """Which stances are valid, shape (n,)."""
        return np.array([verdict == "valid" for verdict in self.text("verdict")], dtype=bool)

    def of(self, side: Side) -> np.ndarray:
        """Which stances are of a leg, shape (n,)."""
        return np.array([word == side.word for word in self.text("side")], dtype=bool)


def whole_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """Cells of each line of a table, the header first; a torn or damaged line is an empty list.

    Line by line: no cell of ours holds a line break, so a stray quotation mark spoils its own line alone.
    """
    width = 0
    for line in lines:
        try:
            cells = next(csv.reader([line]), []) if line.endswith("\n") else []
        except csv.Error:
            cells = []
        width = width or len(cells)
        yield cells if len(cells) == width else []


def read_stances(path: Path, lacking: list[str]) -> StanceTable:
    """Read a table of stances; what of it is damaged is left out and added to `lacking`.

    Raises
    ------
    EkamError : it cannot be read, or is no such table.
    """
    name = path.parent.resolve().name
    cure = "put it back from a copy, or move the folder elsewhere"
    if (path.parent / "raw.xdf").is_file():
        cure = "`ekam process` makes it again from the raw.xdf beside it"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EkamError(
            f"stances.csv of {name} cannot be read ({error.strerror}): {cure}"
        ) from None
    rows = list(whole_rows(io.StringIO(text)))
    if not rows or not {"stance", "side", "verdict"} <= set(rows[0]):
        raise EkamError(
            f"stances.csv of {name} is no table of stances, its first line lacks stance, side, "
            f"verdict: {cure}"
        )
    if not text.endswith("\n"):
        lacking.append("the last line of stances.csv is torn: that stance is left out")
        rows.pop()
    header, body = rows[0], list(filter(None, rows[1:]))
    damaged = len(rows) - 1 - len(body)
    if damaged:
        are = "line of stances.csv is" if damaged == 1 else "lines of stances.csv are"
        lacking.append(f"{damaged} {are} damaged and left out")
    columns = list(zip(*body, strict=True)) if body else [()] * len(header)
    numbers: dict[str, np.ndarray] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name, cells in zip(header, columns, strict=True):
        if name in TEXT_COLUMNS:
            texts[name] = tuple(cells)
        else:
            numbers[name] = np.array([number(cell) for cell in cells], dtype=np.float64)
    return StanceTable(numbers, texts, len(body))
