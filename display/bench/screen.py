"""A screen for the windows that are measured."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

from display.screens import no_screen_reason

_SIZE = "1920x1080"


@contextlib.contextmanager
def screen() -> Iterator[tuple[dict[str, str], str]]:
    """Environment for processes with windows, and which screen it is; the one at hand, else a virtual one."""
    environment = dict(os.environ)
    if environment.get("QT_QPA_PLATFORM") != "offscreen" and no_screen_reason() is None:
        yield environment, "the screen of this machine"
    elif shutil.which("Xvfb"):
        environment.pop("QT_QPA_PLATFORM", None)
        with _virtual() as display:
            yield environment | {"DISPLAY": display}, f"Xvfb {_SIZE}, no vsync: a lower bound"
    else:
        environment["QT_QPA_PLATFORM"] = "offscreen"
        yield environment, "Qt offscreen, no screen: a lower bound"


@contextlib.contextmanager
def _virtual() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{_SIZE}x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as said:
            yield ":" + said.readline().strip()
    finally:
        server.terminate()
        server.wait()
