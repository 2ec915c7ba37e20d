"""Which stream may take the place of one that is gone."""

from dataclasses import dataclass, replace

from stream.lsl_find import StreamQuery, successors, why_none
from stream.source import Role, StreamInfo

LAST = StreamInfo(Role.MARKERS, "Qualisys", "Mocap", (), 0.0, "127.0.0.1:22223", "lab-a")
ANY = StreamQuery("Mocap")


@dataclass(frozen=True)
class Found:
    """A resolved stream, as pylsl describes it."""

    called: str = "Qualisys"
    at: str = "lab-a"
    id: str = "127.0.0.1:22223"

    def name(self):
        return self.called

    def type(self):
        return "Mocap"

    def hostname(self):
        return self.at

    def source_id(self):
        return self.id


def test_the_same_source_id_before_the_same_name():
    other = Found(id="another")
    assert successors([other, Found()], LAST, ANY) == [Found()]
    assert successors([other], LAST, ANY) == [other]
    assert successors([Found(called="x", id="y")], LAST, ANY) == []
    assert successors([Found(), Found(called="x")], LAST, ANY) == [Found(), Found(called="x")]


def test_the_laboratory_next_door_is_not_taken():
    """Its publisher has the same name and, as every Qualisys has, the same source_id."""
    neighbour = Found(at="lab-b")
    assert successors([neighbour], LAST, ANY) == []
    assert successors([neighbour, Found()], LAST, ANY) == [Found()]
    said = why_none([neighbour], LAST, ANY)
    assert "runs on another computer" in said
    assert "'lab-b'" in said


def test_one_that_the_lab_file_names_may_move():
    moved = Found(at="lab-b")
    for query in (replace(ANY, source_id=LAST.source_id), replace(ANY, hostname="lab-b")):
        assert query.admits(moved)
        assert successors([moved], LAST, query) == [moved]
