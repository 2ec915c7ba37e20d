"""Commands as a lab member types them; those that use LSL in a process of their own."""

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock

EKAM = [sys.executable, "-P", "-m", "display.cli"]


def ekam(*arguments):
    """Run a command in this process (starting Python costs seconds)."""
    from display.cli import main

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["ekam", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def without_screen():
    """The environment of a command that opens no windows and starts at once."""
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    return {key: value for key, value in os.environ.items() if key not in hidden}


def ekam_process(*arguments, cwd=None):
    """Run a command in a process of its own, without a screen."""
    return subprocess.run(
        [*EKAM, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=180, check=False,
        env=without_screen(),
    )  # fmt: skip


def refused(result):
    """Exit code 1 and one plain sentence on standard error, without a traceback."""
    assert result.returncode == 1, result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith("ekam: ")]
    assert len(said) == 1
    assert "Traceback" not in result.stderr
    return said[0]
