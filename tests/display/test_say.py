"""What takes its time is said where nobody sees it move, too."""

from rich.console import Console

from display import say


def test_a_stage_is_a_plain_line_where_there_is_no_terminal(capsys):
    with say.stage("Reading walk.c3d …"):
        assert capsys.readouterr().err == "Reading walk.c3d …\n"
    assert capsys.readouterr().err == ""


def test_a_stage_leaves_nothing_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(say, "err", Console(stderr=True, force_terminal=True, width=60))
    with say.stage("Reading walk.c3d …"):
        pass
    assert not capsys.readouterr().err.endswith("…\n")
