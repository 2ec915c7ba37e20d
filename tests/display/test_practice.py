"""The practice walker's streams are its own, whoever else practises or replays on this machine."""

import time

import pytest

from display.setup.answers import Answers
from display.setup.connections import Connections
from display.setup.practice import PracticeWalker
from stream.lsl import LslSource
from stream.lsl_config import use_loopback
from stream.lsl_find import StreamQuery
from stream.replay import of_publisher
from stream.source import Role

WAIT_S = 60.0


def until(reached, what):
    limit_s = time.monotonic() + WAIT_S
    while not reached():
        assert time.monotonic() < limit_s, f"still waiting until {what}"
        time.sleep(0.1)


def test_another_walker_in_the_same_session_is_never_taken():
    other = PracticeWalker(use_loopback())
    runs = Connections()
    try:
        runs.start(Answers(way="practise"))
        assert runs.practice is not None
        lookout = runs._lookout
        until(lambda: len(lookout.found) >= 4, "both walkers are seen")
        mine = {stream.source_id for stream in runs.found}
        assert mine == {f"{runs.practice.publisher}-{role.value}" for role in Role}
        queries = {
            role: {"type": stream.type, "name": stream.name}
            for role in Role
            for stream in runs.found
            if stream.source_id.endswith(role.value)
        }
        answers = Answers(way="practise", allow_replay=True)
        for role, query in queries.items():
            answers = answers.having(role.value, {"stream": query})
        runs.want(answers)
        until(lambda: set(runs.infos) == set(Role), "they are received")
        assert {runs.infos[role].source_id for role in Role} == mine
        # and so in the session that is started then
        source = LslSource(
            *of_publisher(
                runs.practice.publisher, tuple(StreamQuery(**queries[role]) for role in Role)
            ),
            allow_replay=True,
            resolve_timeout_s=20.0,
        )
        try:
            assert {info.source_id for info in source.open().values()} == mine
        finally:
            source.close()
    finally:
        runs.stop()
        other.stop()


@pytest.mark.parametrize("given", ["", "of-this-test"])
def test_every_run_has_a_session_of_its_own_unless_one_is_given(monkeypatch, given):
    from display.setup import connections

    class Nothing:
        def __init__(self, *_args):
            pass

        start = stop = __init__

    for name in ("PracticeWalker", "Lookout", "Listener"):
        monkeypatch.setattr(connections, name, Nothing)
    monkeypatch.setattr(connections, "use_loopback", lambda: "session")
    sessions = set()
    for _ in range(2):
        monkeypatch.setenv(connections.SESSION_VARIABLE, given)
        connections.Connections().start(Answers(way="practise"))
        sessions.add(connections.os.environ[connections.SESSION_VARIABLE])
    assert sessions == {given} if given else len(sessions) == 2
