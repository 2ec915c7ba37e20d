"""What the console's lamps tell, as lines, where there are no windows."""

import re
from collections.abc import Callable

from stream.status import SessionStatus, SessionView

AGAIN_S = 10.0
"""A sentence that comes and goes is said so often at most."""


class StatusLines:
    """Says each trouble of a session once when it begins.

    Parameters
    ----------
    say : takes a line.
    """

    def __init__(self, view: SessionView, say: Callable[[str], None]) -> None:
        self._view = view
        self._say = say
        self._said_s: dict[str, float] = {}
        self._now: frozenset[str] = frozenset()

    def look(self) -> None:
        """Say what is new since the last call."""
        status = self._view.status.read()[1]
        told = {_without_numbers(text): text for text in _troubles(status)}
        for key in told.keys() - self._now:
            if not status.elapsed_s - self._said_s.get(key, -AGAIN_S) < AGAIN_S:
                self._said_s[key] = status.elapsed_s
                self._say(f"[{status.elapsed_s:.1f} s] {told[key]}")
        self._now = frozenset(told)


def _troubles(status: SessionStatus) -> list[str]:
    lamps = [
        f"{each.role.value} {each.state.value}: {each.message}"
        for each in status.streams
        if each.message
    ]
    prompts = () if status.protocol is None else status.protocol.prompts
    told = [each.text for each in prompts if each.kind not in ("note", "hint")]
    return [*filter(None, [status.message]), *told, *lamps]


def _without_numbers(text: str) -> str:
    """A sentence that counts on is the same sentence."""
    return re.sub(r"\d+(\.\d+)?", "#", text)
