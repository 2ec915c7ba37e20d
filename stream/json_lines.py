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
    """Add lines and wait until they are on the disk.

    Raises
    ------
    OSError : they cannot be written.
    """
    text = "".join(json.dumps(table, allow_nan=False) + "\n" for table in tables)
    with path.open("a+b") as file:
        # a line that a power cut has torn must not take the next one with it
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            text = text if file.read(1) == b"\n" else "\n" + text
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, what: str) -> list[dict[str, Any]]:
    """The lines that are whole.

    Raises
    ------
    EkamError : there is no such file, or it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise EkamError(f"there is no {what} {path}") from None
    except OSError as error:
        raise EkamError(f"the {what} {path} cannot be read: {error.strerror}") from None
    found = []
    for line in text.splitlines():
        try:
            table = json.loads(line)
        except ValueError:
            continue  # torn by a power cut
        if isinstance(table, dict):
            found.append(table)
    return found


class Lines:
    """Adds lines to a file from a thread of its own: a slow disk holds up nobody.

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
        while not ended:
            tables = [self._waiting.get()]
            while not self._waiting.empty():
                tables.append(self._waiting.get())
            ended = None in tables
            lines = [table for table in tables if table is not None]
            try:
                append(self._path, lines)
            except OSError as error:
                self.fault = (
                    f"{self._path.name} cannot be written ({error.strerror}): free the disk"
                )
