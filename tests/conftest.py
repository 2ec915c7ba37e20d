import os
import uuid

import pytest

# Own session: tests of several checkouts on one machine must not see each other's streams.
os.environ["EKAM_LSL_SESSION"] = f"test-{uuid.uuid4().hex}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("lsl"):
        from stream.lsl_config import use_loopback

        use_loopback()
