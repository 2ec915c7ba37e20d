"""Sessions on replays at other speeds than time's own score what they score at any, and repeat themselves."""

import pytest
from peers.verify_sessions import live, process, rows, walks

from stream.verify import verify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walks")
    return folder, {walk.name: walk for walk in walks(folder)}


@pytest.mark.lsl
def test_a_replay_with_faults_scores_the_same_at_any_speed(made):
    folder, known = made
    walk = known["synthetic with faults"]
    tables = []
    for speed in (10.0, 0.0):
        live(walk, folder / f"faults {speed}", speed)
        found = verify(folder / f"faults {speed}")
        assert found.difference == ""
        assert found.stances > 20
        tables.append(rows(folder / f"faults {speed}"))
    assert tables[0] == tables[1]
    reasons = {reason for row in tables[0] for reason in row["reasons"].split(";")}
    assert {"marker_gap", "marker_swap", "plate_drift", "cross_belt"} <= reasons


@pytest.mark.lsl
@pytest.mark.parametrize("name", ["synthetic", "treadmill_gait2354_subject01"])
def test_a_replay_as_fast_as_it_is_taken_scores_what_the_file_scores(made, name):
    folder, known = made
    if name not in known:
        pytest.skip("the shared recordings are not beside the checkout")
    process(known[name], folder / f"{name} file")
    live(known[name], folder / f"{name} live", 0.0)
    assert verify(folder / f"{name} live").difference == ""
    table = rows(folder / f"{name} live")
    assert table == rows(folder / f"{name} file")
    assert any(row["verdict"] == "valid" for row in table)
