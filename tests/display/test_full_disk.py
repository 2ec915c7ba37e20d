"""A disk that becomes full in the middle of a session."""

import pytest

pytest.importorskip("resource", reason="limits of a process are set by means that Windows lacks")

from peers.full_disk import fill


@pytest.mark.lsl
def test_a_full_disk_is_told_feedback_goes_on_and_what_was_recorded_stays():
    seen = fill()
    assert seen["stances_after"] >= 4
    assert seen["exit_code"] == 1
    assert any("The recording stopped" in line for line in seen["said"])
    assert "what was recorded is not complete" in seen["said"][-1]
    assert seen["verified"] > 0
    assert seen["difference"] == ""
    assert any("not finished" in note for note in seen["notes"])
