"""The report's page: complete in itself, and honest about what it does not know."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import sessions
from commands import ekam, refused

from compute import Side
from compute.serial import SerialMean, change
from display.report import figures, words
from display.report.write import write_session_report, write_text
from stream.errors import EkamError
from stream.session_folder import read_session
from stream.summary import summarise


class Page(HTMLParser):
    """Tags, attributes that load something, and the words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.words, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data", "action") and not (
                value or ""
            ).startswith("#"):
                self.loads.append((tag, name, value))

    def handle_endtag(self, tag):
        self._open = (
            self._open[: len(self._open) - 1 - self._open[::-1].index(tag)]
            if tag in self._open
            else self._open
        )

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page(folder, **options):
    path, _ = write_session_report(folder, **options)
    return path.read_text(encoding="utf-8")


def test_it_is_complete_in_itself(tmp_path):
    text = page(sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9)))
    found = Page(text)
    assert found.loads == []
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert not re.search(r"url\((?!#)|@import", text)
    assert found.tags.count("svg") == 8
    assert len(text) < 600_000
    for expected in (
        "Left leg: EKAM, first peak, step by step",
        "N·m/kg",
        "own baseline",
        "target band",
        "% of stance",
    ):
        assert expected in found.text


def test_every_picture_can_be_read_aloud(tmp_path):
    text = page(sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9)))
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', text)
    assert len(labels) == 8
    assert any("Left leg: change in training" in label for label in labels)


def test_the_same_session_gives_the_same_page(tmp_path):
    folder = sessions.write(tmp_path / "s", sessions.leg(), sessions.leg(seed=9))
    first = page(folder)
    assert page(folder) == first
    assert not list(folder.glob("report_old*"))


def test_a_bought_success_is_told_at_the_top(tmp_path):
    folder = sessions.write(
        tmp_path / "s", sessions.leg(kfm_change=0.2), sessions.leg(seed=9, peak2_change=0.25)
    )
    found = summarise(read_session(folder))
    top = words.headline(found)
    assert "at the price of the knee flexion moment (+" in top
    assert "at the price of the second EKAM peak (+" in top
    assert "(no success)" in top
    assert "goal reached" not in top
    assert any(
        "paid for it" in sentence for sentence in words.leg_sentences(found.leg(Side.LEFT), found)
    )
    assert top in Page(page(folder)).text


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        ({}, "no step was measured without a fault"),
        ({"left": {"rejected": 260}}, "None of the 260 steps of the left leg could be used; most often: markers were missing"),
        ({"left": {}}, "No step of the right leg was scored."),
        ({"left": {"baseline": 0}}, "The left leg has no baseline"),
        ({"left": {"training": 0}}, "there is nothing to compare it with"),
        ({"left": {"baseline": 12}}, "at least 30 are needed"),
        ({"left": {"baseline": 5, "training": 2}}, "how certain that is cannot be told: too few steps, 5 baseline ones where 8 are needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_said(tmp_path, legs, expected):
    folder = sessions.write(
        tmp_path / "s", **{side: sessions.leg(**given) for side, given in legs.items()}
    )
    assert expected in Page(page(folder)).text


def test_too_few_independent_steps_are_said_and_no_interval_is_printed(tmp_path):
    leg = sessions.leg(60, 60, kfm_change=0.02)
    after = np.arange(120) >= 60
    for column, start, end in (
        ("ekam_peak1_nm_per_kg", 0.5, 0.3),
        ("kfm_peak_nm_per_kg", 0.6, 0.63),
    ):
        leg[column] = np.where(after, np.linspace(2.0 * start - end, end, 120), leg[column])
    folder = sessions.write(tmp_path / "s", leg)
    found = summarise(read_session(folder))
    moved = found.leg(Side.LEFT).training.changes["ekam_peak1_nm_per_kg"]
    assert moved.after.effective < 3.0
    assert moved.pct < -10.0
    why = (
        f"too few independent steps, effective number {moved.after.effective:.1f} of 60 later steps"
    )
    text = page(folder)
    assert f"left {words.signed(moved.pct)} % of unknown certainty" in words.headline(found)
    assert f"{abs(moved.pct):.0f} % lower than in the baseline" in Page(text).text
    assert f"how certain that is cannot be told: {why}" in Page(text).text
    assert f"How certain the left leg's change is: {why}" in Page(text).text
    assert (
        "a rise of more than 10 % cannot be ruled out (no interval, too few independent"
        in Page(text).text
    )
    assert "EKAM, first peak: \N{MINUS SIGN}" in text
    assert "(no interval)" in text
    assert re.search(r"EKAM, first peak, N·m/kg left .*? % \* ", Page(text).text)
    assert "* no interval: fewer than 8 steps" in Page(text).text
    table = json.loads(ekam("report", folder, "--json").stdout)
    told = table["legs"][0]["training"]["changes"]["ekam_peak1_nm_per_kg"]
    assert told["pct_interval"] == told["difference_interval"] == [None, None]
    assert told["pct"] == pytest.approx(moved.pct)
    sure = Page(page(sessions.write(tmp_path / "t", sessions.leg(60, 60)))).text
    assert "* no interval" not in sure


def test_a_mean_without_an_interval_is_drawn_without_a_bar():
    sure, unsure = SerialMean(50, 0.5, 0.05, 40.0, 0.01), SerialMean(50, 0.5, 0.05, 2.1, 0.04)
    drawn = []
    for each in (sure, unsure):
        svg = figures.trend("t", "N·m/kg", figures.TimeAxis(np.zeros(1), "w", ("1",)), [each], 0.1)
        drawn.append(bool(re.search(r'LineCollection_1">\s*<path d=', svg)))
    assert drawn == [True, False]
    svg = figures.changes("t", [("KFM", change(sure, unsure))], {})
    assert "(no interval)" in svg


def test_a_killed_session_gets_its_report(tmp_path):
    folder = sessions.write(
        tmp_path / "s", sessions.leg(), sessions.leg(seed=9), facts=False, curves=False
    )
    text = Page(page(folder)).text
    assert "the session was cut off before its end" in text
    assert "curves.csv is missing" in text
    assert "usable with care" in text
    assert "first EKAM peak was" in text


def sham(n):
    names = ["sham baseline"] * 60 + ["sham train"] * 200
    return names[:n]


def test_a_blinded_page_hides_the_arm_from_its_reader(tmp_path):
    folder = sessions.write(
        tmp_path / "s", sessions.leg(blocks=sham), sessions.leg(seed=9, blocks=sham), protocol="[arm]\nsham = true\nname = 'sham'"
    )  # fmt: skip
    text = page(folder)
    for telling in ("sham", "target band<", "goal", "EKAM peak 1,"):
        assert telling not in Page(text).text
    assert "Blinded." in text
    opened = page(folder, unblind=True)
    assert "sham train" in opened
    assert (folder / "report.html").read_text(encoding="utf-8") == text
    assert (folder / "report_unblinded.html").is_file()


def test_names_are_text_and_never_markup(tmp_path):
    bad = "<img src=x onerror=alert(1)>"
    folder = sessions.write(tmp_path / "s", sessions.leg(blocks=lambda n: [bad] * n), subject_id="S&lt",
                            outcomes=[{"name": bad, "value": 3}])  # fmt: skip
    found = Page(page(folder))
    assert "img" not in found.tags
    assert found.loads == []


def test_5000_steps_stay_small(tmp_path):
    folder = sessions.write(
        tmp_path / "s", sessions.leg(100, 2400), sessions.leg(100, 2400, seed=4), curves=False
    )
    assert len(page(folder)) < 400_000


def test_an_older_report_is_kept(tmp_path):
    for text, kept in (("a", None), ("a", None), ("b", "r_old1.html"), ("c", "r_old2.html")):
        found = write_text(tmp_path / "r.html", text)
        assert (found and found.name) == kept
    assert (tmp_path / "r_old1.html").read_text() == "a"
    with pytest.raises(EkamError, match="cannot be written"):
        write_text(tmp_path / "nowhere" / "r.html", "a")


def test_the_command(tmp_path):
    folder = sessions.write(
        tmp_path / "S01" / "S01_20261101T090000Z", sessions.leg(), sessions.leg(seed=9)
    )
    done = ekam("report", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").is_file()
    sessions.write(
        tmp_path / "S01" / "S01_20261108T090000Z", sessions.leg(seed=3), outcomes=[{"pain": 4}]
    )
    done = ekam("report", tmp_path / "S01")
    assert done.returncode == 0, done.stderr
    found = Page((tmp_path / "S01" / "report.html").read_text(encoding="utf-8"))
    for expected in (
        "2 sessions",
        "minimal detectable change",
        "Birmingham 2007",
        "What the person said",
        "no more than error",
    ):
        assert expected in found.text
    assert found.loads == []
    table = json.loads(ekam("report", folder, "--json").stdout)
    assert table["legs"][0]["training"]["changes"]["ekam_peak1_nm_per_kg"]["pct"] < 0.0
    (tmp_path / "empty").mkdir()
    assert "no session folder" in refused(ekam("report", tmp_path / "empty"))


def test_the_export_command(tmp_path):
    folder = sessions.write(tmp_path / "a", sessions.leg(20, 10), protocol="blinded = true")
    done = ekam("export", folder, "--curves", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "answers.csv",
        "blocks.csv",
        "codebook.csv",
        "curves.csv",
        "sessions.csv",
        "stances.csv",
    ]
    assert "is blinded" in done.stderr
    assert "exists" in refused(ekam("export", folder, "-o", tmp_path / "out"))
    assert "no raw.xdf" in refused(ekam("export", folder, "--all", "-o", tmp_path / "other"))


def page_over(folder):
    assert ekam("report", folder).returncode == 0
    return (folder / "report.html").read_text(encoding="utf-8")


def test_an_export_inside_a_folder_of_sessions_is_none_of_them(tmp_path):
    days(tmp_path / "S01")
    for i in range(2):
        done = ekam("export", tmp_path / "S01", "-o", tmp_path / "S01" / f"study{i}")
        assert done.returncode == 0, done.stderr
        assert "240 stances of 3 sessions" in done.stdout
    assert "was exported" in refused(
        ekam("export", tmp_path / "S01" / "study0", "-o", tmp_path / "x")
    )
    assert "3 sessions" in Page(page_over(tmp_path / "S01")).text


def test_a_session_without_the_block_does_not_hold_up_the_others(tmp_path):
    blocks = {"a": "train", "b": "usual"}
    for name, block in blocks.items():
        sessions.write(
            tmp_path / "S" / name, sessions.leg(20, 10, blocks=lambda n, b=block: [b] * n)
        )
    said = refused(ekam("export", tmp_path / "S", "--block", "rest", "-o", tmp_path / "none"))
    assert "a has no block 'rest': it has train" in said
    assert "b has no block 'rest': it has usual" in said
    assert not (tmp_path / "none").exists()
    done = ekam("export", tmp_path / "S", "--block", "train", "-o", tmp_path / "out")
    assert "b has no block 'train': it has usual." in done.stderr
    assert "60 stances of 2 sessions" in done.stdout
    # that a has no recording is another matter: its file could not be made
    assert done.stderr.count("Left out: ") == 1
    assert "a has no raw.xdf" in done.stderr


def no_table(folder):
    (folder / "stances.csv").unlink()
    (folder / "raw.xdf").write_bytes(b"XDF:")


def nulls(folder):
    (folder / "stances.csv").write_bytes(bytes(4096))


def scribbled(folder):
    (folder / "stances.csv").write_bytes(np.random.default_rng(0).bytes(200_000) + b"\n")


def emptied(folder):
    (folder / "stances.csv").write_bytes(b"")


def of_nobody(folder):
    (folder / "subject.toml").write_text("[subject\n")
    (folder / "session.json").write_text('{"mode": "live", "subj')


UNREADABLE = [
    (no_table, "stances.csv of S01_20261108T090000Z cannot be read (No such file or directory): "
     "`ekam process` makes it again from the raw.xdf beside it."),
    (nulls, "stances.csv of S01_20261108T090000Z is no table of stances, its first line lacks stance, side, "
     "verdict: put it back from a copy, or move the folder elsewhere."),
    (scribbled, "stances.csv of S01_20261108T090000Z is no table of stances"),
    (emptied, "stances.csv of S01_20261108T090000Z is no table of stances"),
]  # fmt: skip


def days(folder, damage=None):
    """Three sessions of a person, the second one damaged."""
    for i in range(3):
        sessions.write(folder / f"S01_2026110{7 + i}T090000Z", sessions.leg(40, 40, seed=i))
    if damage is not None:
        damage(folder / "S01_20261108T090000Z")
    return folder


@pytest.mark.parametrize(
    ("damage", "expected"),
    [*UNREADABLE, (of_nobody, "S01_20261108T090000Z does not say whose it is: put its subject.toml back.")],
)  # fmt: skip
def test_an_unreadable_session_does_not_hold_up_the_page_over_the_others(
    tmp_path, damage, expected
):
    folder = days(tmp_path / "S01", damage)
    done = ekam("report", folder)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert done.stderr.count("Left out: ") == 1
    assert f"Left out: {expected}" in done.stderr
    assert str(folder / "report.html") in done.stdout
    text = Page((folder / "report.html").read_text(encoding="utf-8")).text
    assert "2 sessions" in text
    assert f"Left out: {expected}" in text
    assert str(tmp_path) not in text
    done = ekam("report", folder, "--json")
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["sessions"]) == 2
    assert expected.rstrip(".") in json.loads(done.stdout)["unread"][0]


@pytest.mark.parametrize(("damage", "expected"), UNREADABLE)
def test_an_unreadable_session_does_not_hold_up_the_export_of_the_others(
    tmp_path, damage, expected
):
    days(tmp_path / "S01", damage)
    done = ekam("export", tmp_path / "S01", "--curves", "-o", tmp_path / "out")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"Left out: {expected}" in done.stderr
    assert "160 stances of 2 sessions" in done.stdout
    assert len((tmp_path / "out" / "stances.csv").read_text().splitlines()) == 161
    assert len((tmp_path / "out" / "curves.csv").read_text().splitlines()) == 1 + 160 * 101


def test_damage_within_a_session_is_told_and_its_rest_is_used(tmp_path):
    folder = days(tmp_path / "S01")
    broken = folder / "S01_20261108T090000Z"
    (broken / "session.json").write_text('{"mode": "process", "subj')
    lines = (broken / "stances.csv").read_text().splitlines(keepends=True)
    lines[20] = lines[20].replace(",", ',"', 1)  # takes no other line with it
    (broken / "stances.csv").write_text("".join(lines[:50]) + lines[50][:30])
    done = ekam("report", folder)
    assert (done.returncode, done.stderr) == (0, "Summing up 3 sessions …\n")
    text = Page((folder / "report.html").read_text(encoding="utf-8")).text
    for expected in (
        "3 sessions",
        "session.json cannot be read",
        "the last line of stances.csv is torn",
        "1 line of stances.csv is damaged",
    ):
        assert expected in text
    done = ekam("export", folder, "-o", tmp_path / "out")
    assert done.returncode == 0
    assert "S01_20261108T090000Z: the last line of stances.csv is torn" in done.stderr
    assert "208 stances of 3 sessions" in done.stdout


def test_what_an_export_lacks_of_one_session_is_named(tmp_path):
    folder = days(tmp_path / "S01")
    (folder / "S01_20261107T090000Z" / "curves.csv").unlink()
    (folder / "S01_20261108T090000Z" / "curves.csv").write_bytes(bytes(100))
    done = ekam("export", folder, "--curves", "--all", "-o", tmp_path / "out")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "the curves of S01_20261107T090000Z" in done.stderr
    assert "the curves of S01_20261108T090000Z" in done.stderr
    assert done.stderr.count("has no raw.xdf") == 3
    assert len((tmp_path / "out" / "curves.csv").read_text().splitlines()) == 1 + 80 * 101


def test_none_of_several_sessions_can_be_read(tmp_path):
    for name in ("a", "b"):
        nulls(sessions.write(tmp_path / "S01" / name, sessions.leg(20, 10)))
    for command in (("report",), ("export", "-o", tmp_path / "out")):
        said = refused(ekam(*command, tmp_path / "S01"))
        assert "stances.csv of a is no table" in said
        assert "stances.csv of b is no table" in said
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "S01" / "report.html").exists()


def test_other_commands_start_without_the_plotting_library():
    code = "import sys, display.cli; sys.exit(bool({'matplotlib', 'jinja2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_report_that_fails_never_loses_the_session(tmp_path, capsys, monkeypatch):
    import display.report
    from display.runner import _page

    def broken(folder, **_):
        raise RuntimeError("no")

    monkeypatch.setattr(display.report, "write_session_report", broken)
    _page(tmp_path)
    said = capsys.readouterr().err
    assert "no report yet" in said
    assert "ekam report" in said


def protocol_session(folder, *, replay=""):
    """A session whose protocol says success with 47 % in the band, and which trained the left leg."""
    names = [*["baseline"] * 60, *["train"] * 200]
    left, right = (sessions.leg(seed=seed, blocks=lambda n: names[:n]) for seed in (0, 9))
    trained = np.arange(260) >= 60
    left["target_low"] = np.where(trained, 60.0, np.nan)
    left["target_high"] = np.where(trained, 87.0, np.nan)
    left["feedback_value"][120:] = np.nan
    right["feedback_value"][:] = np.nan
    legs = {"left": {"valid": 200, "in_band_pct": 47.0, "success": True, "why": [], "guards": {}},
            "right": {"valid": 200, "in_band_pct": None, "success": None}}  # fmt: skip
    blocks = [{"name": "train", "kind": "train", "from_s": 60.0, "to_s": 400.0, "legs": legs}]
    more = {"protocol": {"legs": ["left"], "blocks": blocks, "halted": "pain 6, the limit is 5"},
            "streams": {"markers": {"replay": replay}}}  # fmt: skip
    text = 'name = "P"\nsuccess_pct = 40\n[target]\nvariable = "ekam_peak1"\n'
    return sessions.write(folder, left, right, protocol=text, more=more, mode="live")


def test_a_protocol_and_its_report_say_the_same(tmp_path):
    folder = protocol_session(tmp_path / "s")
    text = Page(page(folder)).text
    assert "(goal reached), right" in text
    assert "(not trained)" in text
    assert "goal was reached for this leg in the training block" in text
    assert "not reached" not in text
    assert "47 % of its steps in training" in text
    assert "60 of them told to the walker; 40 % are aimed at" in text
    assert "session was halted once: pain 6, the limit is 5" in text
    assert "Right leg: change while the other leg was trained" in page(folder)


def test_a_replay_is_told_in_header_and_quality(tmp_path):
    text = Page(page(protocol_session(tmp_path / "s", replay="walk.c3d"))).text
    assert text.count("REPLAY of walk.c3d") >= 2
    assert "· live ·" not in text


def test_nothing_has_no_sign():
    before, after = SerialMean(60, 0.5, 0.05), SerialMean(60, 0.4999, 0.05)
    assert figures.pct_text(change(before, after)).startswith("0.0 %")
