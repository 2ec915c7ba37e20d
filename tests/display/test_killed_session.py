"""A live session that is killed leaves what it had received and scored."""

import pytest
from peers.kill_session import kill


@pytest.mark.lsl
def test_a_killed_session_loses_at_most_a_second_and_no_stance():
    for left in kill(2, seed=5):
        assert left["lost_s"] <= 1.0
        assert left["left"] >= left["known"]
        assert left["verified"] > 0
        assert left["difference"] == ""
