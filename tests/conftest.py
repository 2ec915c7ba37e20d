import os
import uuid

import pytest
from hypothesis import settings

from display.screens import APT_LINE

# A first call compiles its kernel; no test judges by time. The same examples in every run:
# --hypothesis-seed draws others.
settings.register_profile("ekam", deadline=None, derandomize=True)
settings.load_profile("ekam")

# Own session: tests of several checkouts on one machine must not see each other's streams.
os.environ["EKAM_LSL_SESSION"] = f"test-{uuid.uuid4().hex}"
# Before anything loads Qt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"

try:
    import PyQt5.QtTest
    import PyQt5.QtWidgets  # noqa: F401

    QT_MISSING = ""
    pytest_plugins = [
        "pytestqt.plugin"
    ]  # it needs Qt to load: pyproject.toml keeps it from loading by itself
except ImportError as error:
    QT_MISSING = f"{error}: {APT_LINE}"
    if os.environ.get("EKAM_REQUIRE_QT"):
        raise


def pytest_addoption(parser: pytest.Parser) -> None:
    """Without its plugin the settings of pytest-qt must still be known."""
    if QT_MISSING:
        for name in ("qt_api", "qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "of pytest-qt")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if QT_MISSING and item.get_closest_marker("qt"):
        pytest.skip(QT_MISSING)
    if item.get_closest_marker("lsl"):
        from stream.lsl_config import use_loopback

        use_loopback()
