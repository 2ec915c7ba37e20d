"""Is there a screen to open windows on? Asked without Qt, which ends the process when there is none.

Qt is tried in a child process: a missing system library, an unreachable X server and a platform
plugin that cannot be loaded all show there, and only there.
"""

import os
import re
import subprocess
import sys

APT_LINE = (
    "apt-get install libglib2.0-0 libgl1 libfontconfig1 libdbus-1-3 libx11-xcb1 "
    "libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xinerama0"
)

PROBE_TIMEOUT_S = 20.0

_PROBE = """
import sys
if sys.platform != "win32":
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from PyQt5.QtWidgets import QApplication
QApplication([])
"""

_MISSING_LIBRARY = re.compile(r"(lib[\w+.-]+\.so[.\d]*): cannot open shared object file")


def no_screen_reason() -> str | None:
    """Why no window can be opened, in one sentence; None when one can.

    Does not import Qt into this process.
    """
    if sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    ):
        return "no screen (DISPLAY is not set)"
    return _tried({**os.environ, **platform_environment()})


def no_qt_reason() -> str | None:
    """Why not even a picture can be painted without a screen, in one sentence; None when it can."""
    return _tried({**os.environ, "QT_QPA_PLATFORM": "offscreen"})


def _tried(environment: dict[str, str]) -> str | None:
    environment = {**environment, "QT_DEBUG_PLUGINS": "1"}
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no screen (it did not answer within {PROBE_TIMEOUT_S:.0f} s)"
    except OSError as error:
        return f"no screen (it could not be tried: {error})"
    return None if probe.returncode == 0 else explain(probe.stderr)


def explain(stderr: str) -> str:
    """Sentence for what Qt wrote before it gave up."""
    display = os.environ.get("DISPLAY", "")
    if "could not connect to display" in stderr:
        return f"no screen (the X server of DISPLAY={display} cannot be reached)"
    missing = _MISSING_LIBRARY.search(stderr)
    if missing:
        return f"the system library {missing[1]} is missing; {APT_LINE}"
    lines = [line for line in stderr.splitlines() if line.strip()]
    if any("Could not load the Qt platform plugin" in line for line in lines):
        return f"Qt cannot load its platform plugin; {APT_LINE}"
    return lines[-1].strip() if lines else "Qt ended without a word"


def platform_environment() -> dict[str, str]:
    """Qt's platform where it has to be said: X beside Wayland, for which Qt 5 places windows."""
    both = os.environ.get("DISPLAY") and os.environ.get("WAYLAND_DISPLAY")
    if sys.platform == "linux" and both and not os.environ.get("QT_QPA_PLATFORM"):
        return {"QT_QPA_PLATFORM": "xcb"}
    return {}
