from dataclasses import replace

from display.status_lines import StatusLines
from stream.source import LampState, Role, StreamHealth
from stream.status import SessionStatus, SessionView


def test_each_trouble_is_said_once_when_it_begins():
    view, said = SessionView(), []
    lines = StatusLines(view, said.append)

    def told(t_s, message="", lamp=""):
        state = LampState.LOST if lamp else LampState.OK
        health = StreamHealth(Role.FORCES, "plates", state, message=lamp)
        view.status.publish(
            replace(SessionStatus(), elapsed_s=t_s, message=message, streams=(health,))
        )
        lines.look()
        new = said[:]
        said.clear()
        return new

    assert told(1.0) == []
    assert told(2.0, lamp="no samples for 1.5 s") == ["[2.0 s] forces lost: no samples for 1.5 s"]
    assert told(2.1, lamp="no samples for 1.6 s") == []
    assert told(3.0, message="disk full", lamp="no samples for 2.5 s") == ["[3.0 s] disk full"]
    assert told(4.0) == []
    assert told(5.0, lamp="no samples for 0.3 s") == []  # it comes and goes
    assert told(6.0) == []
    assert told(20.0, lamp="no samples for 0.3 s") == ["[20.0 s] forces lost: no samples for 0.3 s"]
