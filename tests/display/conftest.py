import os

import pytest

from display.screens import APT_LINE

# Before anything loads Qt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"

try:
    import PyQt5.QtWidgets  # noqa: F401

    MISSING = ""
except ImportError as error:
    MISSING = f"{error}; {APT_LINE}"


def pytest_collection_modifyitems(items):
    """Tests with windows are skipped where Qt's system libraries are missing; a CI run fails instead."""
    if MISSING and os.environ.get("EKAM_REQUIRE_QT"):
        raise pytest.UsageError(f"Qt cannot be loaded: {MISSING}")
    for item in items:
        if MISSING and "qapp" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=MISSING))
