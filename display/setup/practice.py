"""The practice walker: a process of its own that publishes on this machine only and ends with this one."""

import os
import subprocess
import sys
from contextlib import suppress
from secrets import token_hex

from stream.lsl_config import SESSION_VARIABLE
from stream.practice import ALL, Does

_CHILD = "import sys; from display.setup.practice_child import run; run(sys.argv[1])"
MASS_KG, HEIGHT_M, SEX, ID = 72.0, 1.72, "f", "PRACTICE"
"""Who the bundled recordings are of."""


class PracticeWalker:
    """Starts the walker and tells it what to do.

    Attributes
    ----------
    publisher : what the source_id of its streams begins with; nobody else's does, whoever else practises or
        replays in the same LSL session.
    """

    def __init__(self, session: str) -> None:
        self.publisher = f"ekam-practice-{token_hex(8)}"
        self.does: Does = "stands"
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", _CHILD, self.publisher],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, SESSION_VARIABLE: session},
            text=True,
            start_new_session=True,  # Ctrl-C reaches the session first
        )

    def do(self, does: Does) -> None:
        """Step off, stand or walk."""
        assert does in ALL
        self.does = does
        assert self._child.stdin is not None
        with suppress(OSError):
            self._child.stdin.write(does + "\n")
            self._child.stdin.flush()

    @property
    def fault(self) -> str:
        """Why it has ended by itself; empty while it runs."""
        if self._child.poll() is None:
            return ""
        assert self._child.stderr is not None
        with suppress(ValueError, OSError):
            said = self._child.stderr.read().strip().splitlines()[-1:]
            return f"the practice walker has ended by itself: {' '.join(said)}"
        return "the practice walker has ended by itself"

    def stop(self) -> None:
        """End it."""
        with suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()
        try:
            self._child.wait(5.0)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stderr is not None:
            self._child.stderr.close()
