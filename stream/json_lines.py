"""Files of one JSON object a line that are only added to: what is on the disk stays, whatever happens."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from stream.errors import EkamError


def append(path: Path, tables: Iterable[Mapping[str, Any]]) -> None:
    """Add lines and wait until they are on the disk: all of them, or none.

    Raises
    ------
    OSError : they cannot be written; the file is as it was.
    """
    text = "".join(json.dumps(table, allow_nan=False) + "\n" for table in tables)
    with path.open("a+b", buffering=0) as file:
        # a line that a power cut has torn must not take the next one with it
        before = file.seek(0, os.SEEK_END)
        if before:
            file.seek(-1, os.SEEK_END)
            text = text if file.read(1) == b"\n" else "\n" + text
        try:
            left = text.encode()
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise


def read(path: Path, what: str) -> list[dict[str, Any]]:
    """The lines, but for one that a power cut has torn.

    Raises
    ------
    EkamError : there is no such file, it cannot be read, or a line is damaged.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        raise EkamError(f"there is no {what} {path}") from None
    except OSError as error:
        raise EkamError(f"the {what} {path} cannot be read: {error.strerror}") from None
    found = []
    lines = text.split("\n")
    for i, line in enumerate(lines):
        table = _parsed(line)
        if isinstance(table, dict):
            found.append(table)
        elif line and i < len(lines) - 1 and not _torn(line):  # the last one has no end of its own
            raise EkamError(
                f"line {i + 1} of the {what} {path} is damaged: put back a copy of the file"
            )
    return found


def _parsed(line: str) -> Any:
    """What a line says; None where it says nothing that was written here, which is ASCII throughout."""
    try:
        return json.loads(line) if line.isascii() else None
    except ValueError:
        return None


def _torn(line: str) -> bool:
    """Whether a line is the begin of one: a later one was added after a power cut."""
    return line.isascii() and line.isprintable() and line.startswith("{") and not line.endswith("}")


class Lines:
    """Adds lines to a file from a thread of its own: a slow disk holds up nobody, a full one loses nothing.

    What could not be written is tried again with the next line, and once more at the end.

    Attributes
    ----------
    fault : why the last lines are not on the disk; empty while all are.
    """

    def __init__(self, path: Path) -> None:
        self.fault = ""
        self._path = path
        self._waiting: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=f"ekam-{path.name}", daemon=True)
        self._thread.start()

    def add(self, table: Mapping[str, Any]) -> None:
        """Queue a line; never waits, never raises."""
        self._waiting.put(table)

    def close(self) -> None:
        """Write what waits; never raises. A second call does nothing."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        lines: list[Mapping[str, Any]] = []
        while not ended:
            tables = [self._waiting.get()]
            while not self._waiting.empty():
                tables.append(self._waiting.get())
            ended = None in tables
            lines += [table for table in tables if table is not None]
            try:
                append(self._path, lines)
                lines, self.fault = [], ""
            except OSError as error:
                self.fault = (
                    f"{self._path.name} cannot be written ({error.strerror}): free the disk"
                )
