"""The Python of stream/reading.md runs as it stands there."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import received
import sessions
import walkers

PAGE = Path(__file__).parents[2] / "stream" / "reading.md"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_page_reads_a_session(tmp_path, monkeypatch, capsys):
    left = sessions.leg()
    folder = sessions.write(tmp_path / "s", left, sessions.leg(seed=9))
    recorded = tmp_path / "live"
    recorded.mkdir()
    received.run(received.chunks_of(walkers.trial().recording), recorded)
    shutil.copy(recorded / "raw.xdf", folder)
    monkeypatch.chdir(folder)
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(code) == 3
    exec(compile("\n".join(code), PAGE.name, "exec"), {})
    said = capsys.readouterr().out
    peaks = left["ekam_peak1_nm_per_kg"]
    assert f"left, baseline: {peaks[:60].mean():.3f} N·m/kg, 60 of 60 stances" in said
    assert f"left, with feedback: {peaks[60:].mean():.3f} N·m/kg, 200 of 200 stances" in said
    assert f"highest mean EKAM {peaks.mean():.3f} N·m/kg at 50 % of stance" in said
    assert "ekam-arrivals-markers Arrivals" in said
    assert np.isfinite(peaks).all()


@pytest.mark.parametrize(
    "column", ["feedback_value", "ekam_peak1_nm_per_kg", "verdict", "side", "stance"]
)
def test_the_page_names_columns_that_are_there(column):
    assert column in sessions.COLUMNS
    assert column in PAGE.read_text(encoding="utf-8")
