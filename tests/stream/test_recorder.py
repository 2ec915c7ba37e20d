import re
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pyxdf

from stream.errors import EkamError
from stream.outlet_layout import EVENTS
from stream.recorder import ARRIVALS, EVENTS_INFO, Recorder, refuse_full_disk
from stream.source import Channel, Chunk, Role, StreamInfo
from stream.xdf import XdfWriter

INFOS = {
    Role.MARKERS: StreamInfo(
        Role.MARKERS, "m", "Mocap", (Channel("A_X", "meters"), Channel("A_Y", "meters")), 200.0
    ),
    Role.FORCES: StreamInfo(
        Role.FORCES, "f", "Force", (Channel("Fz1", "N"),), 1000.0, number_format="float32"
    ),
}


def chunks(role: Role, rate_hz: float, n_channels: int) -> list[Chunk]:
    rng = np.random.default_rng(n_channels)
    made, at = [], 0
    for size in rng.integers(1, 9, size=300):
        stamps = 5000.0 + np.arange(at, at + size) / rate_hz
        values = rng.normal(size=(size, n_channels)).astype(np.float32).astype(np.float64)
        made.append(Chunk(role, stamps, values, stamps[-1] + 0.0011, 0.0))
        at += size
    return made


def load(path: Path) -> dict[str, Any]:
    streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


def test_everything_offered_reads_back(tmp_path: Path) -> None:
    scores = StreamInfo(Role.MARKERS, "scores", "Results", (Channel("a"), Channel("b")), 0.0)
    recorder = Recorder(tmp_path / "raw.xdf", INFOS, (EVENTS_INFO, scores))
    offered = {
        Role.MARKERS: chunks(Role.MARKERS, 200.0, 2),
        Role.FORCES: chunks(Role.FORCES, 1000.0, 1),
    }
    for marker_chunk, force_chunk in zip(*offered.values(), strict=True):
        recorder.offer(marker_chunk)
        recorder.offer(force_chunk)
    recorder.events("block: baseline", 5001.25)
    recorder.rows("scores", np.array([5002.0]), np.array([[1.5, np.nan]]))
    recorder.rows("scores", np.array([5003.0, 5004.0]), np.array([[2.5, 0.0], [3.5, 0.0]]))
    recorder.close()
    recorder.close()
    assert recorder.fault == ""
    assert recorder.lost == 0
    assert recorder.bytes_written == (tmp_path / "raw.xdf").stat().st_size
    streams = load(tmp_path / "raw.xdf")
    for role, info in INFOS.items():
        stream, arrivals = streams[info.name], streams[ARRIVALS[role]]
        assert np.array_equal(
            stream["time_stamps"], np.concatenate([c.stamps_s for c in offered[role]])
        )
        assert np.array_equal(
            stream["time_series"], np.concatenate([c.values for c in offered[role]])
        )
        expected = [[len(c.stamps_s), c.t_arrival_s, c.clock_offset_s] for c in offered[role]]
        assert np.array_equal(arrivals["time_series"], expected)
        assert np.array_equal(arrivals["time_stamps"], [c.t_arrival_s for c in offered[role]])
    assert streams[EVENTS]["time_series"] == [["block: baseline"]]
    assert streams[EVENTS]["time_stamps"].tolist() == [5001.25]
    assert streams["scores"]["time_stamps"].tolist() == [5002.0, 5003.0, 5004.0]
    np.testing.assert_array_equal(
        streams["scores"]["time_series"], [[1.5, np.nan], [2.5, 0.0], [3.5, 0.0]]
    )


def test_a_change_of_the_clock_offset_is_noted(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "raw.xdf", {Role.MARKERS: INFOS[Role.MARKERS]})
    for number, offset in enumerate((0.25, 0.25, 0.26)):
        stamps = np.array([100.0 + number])
        recorder.offer(
            Chunk(Role.MARKERS, stamps, np.zeros((1, 2)), 100.0 + number + offset, offset)
        )
    recorder.close()
    streams, _ = pyxdf.load_xdf(
        tmp_path / "raw.xdf", dejitter_timestamps=False, synchronize_clocks=False
    )
    assert streams[0]["clock_values"] == [0.25, 0.26]
    assert np.allclose(streams[0]["clock_times"], [100.0, 102.0])
    assert streams[0]["time_stamps"].tolist() == [100.0, 101.0, 102.0]


def test_chunks_read_from_a_file_have_no_arrival(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "raw.xdf", {Role.MARKERS: INFOS[Role.MARKERS]})
    recorder.offer(Chunk(Role.MARKERS, np.array([1.0, 2.0]), np.zeros((2, 2))))
    recorder.close()
    arrivals = load(tmp_path / "raw.xdf")[ARRIVALS[Role.MARKERS]]
    assert np.isnan(arrivals["time_series"][0, 1])
    assert arrivals["time_stamps"].tolist() == [2.0]


def test_a_full_queue_is_a_visible_fault(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "raw.xdf", INFOS, capacity=2)
    made = chunks(Role.MARKERS, 200.0, 2)
    for chunk in made:
        recorder.offer(chunk)
    assert recorder.lost > 0
    assert str(recorder.lost) in recorder.fault
    recorder.close()
    total = sum(len(chunk.stamps_s) for chunk in made)
    assert len(load(tmp_path / "raw.xdf")["m"]["time_stamps"]) == total - recorder.lost


def test_a_full_disk_is_a_fault_and_not_an_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "raw.xdf", INFOS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(XdfWriter, "samples", fail)
    made = chunks(Role.MARKERS, 200.0, 2)
    for chunk in made:
        recorder.offer(chunk)
    recorder.close()
    assert "No space left" in recorder.fault
    assert recorder.lost == sum(len(chunk.stamps_s) for chunk in made)
    recorder.offer(made[0])
    assert recorder.lost > sum(len(chunk.stamps_s) for chunk in made)


def test_a_disk_that_takes_nothing_is_told_before_anything_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.recorder.SLOW_S", 0.3)
    disk, wrote = threading.Event(), XdfWriter.samples

    def waits(*given: object) -> None:
        disk.wait(30.0)
        wrote(*given)

    monkeypatch.setattr(XdfWriter, "samples", waits)
    recorder = Recorder(tmp_path / "raw.xdf", INFOS)
    made = chunks(Role.MARKERS, 200.0, 2)
    recorder.offer(made[0])
    wait_until(lambda: recorder._queue == deque())
    recorder.offer(made[1])
    wait_until(lambda: "The disk has taken nothing for" in recorder.notice)
    assert recorder.fault == ""
    disk.set()
    wait_until(lambda: recorder.notice == "")
    recorder.close()
    assert recorder.lost == 0
    n = sum(len(chunk.stamps_s) for chunk in made[:2])
    assert len(load(tmp_path / "raw.xdf")["m"]["time_stamps"]) == n


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


def test_a_recording_that_would_end_within_a_minute_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    per_s = 200 * (9 + 16) + 1000 * (9 + 4)
    asked = []

    def usage(folder: Path) -> Any:
        asked.append(Path(folder))
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    free = 61 * per_s
    refuse_full_disk(tmp_path / "not" / "yet", INFOS)
    assert asked == [tmp_path]
    free = 42 * per_s
    with pytest.raises(EkamError, match=r"room for 42 s of recording only: free some space"):
        refuse_full_disk(tmp_path / "not" / "yet", INFOS)


def test_an_existing_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw.xdf").write_text("kept")
    with pytest.raises(EkamError, match=r"raw\.xdf exists already"):
        Recorder(tmp_path / "raw.xdf", INFOS)
    with pytest.raises(EkamError, match="cannot be written"):
        Recorder(tmp_path / "absent" / "raw.xdf", INFOS)


def test_a_publisher_that_came_back_gets_a_stream_of_its_own(tmp_path: Path) -> None:
    again = replace(INFOS[Role.FORCES], channels=(Channel("Fy1", "N"), Channel("Fz1", "N")))
    recorder = Recorder(tmp_path / "raw.xdf", INFOS)
    for number, info in enumerate((None, None, again, again)):
        stamps = 10.0 + number + np.arange(3) / 1000.0
        values = np.full((3, 1 if info is None else 2), float(number))
        recorder.offer(Chunk(Role.FORCES, stamps, values, 20.0 + number, 0.0, info))
    recorder.close()
    assert recorder.fault == ""
    streams, _ = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)
    sent = [stream for stream in streams if stream["info"]["name"][0] == "f"]
    assert [stream["time_series"][:, 0].tolist() for stream in sent] == [
        [0] * 3 + [1] * 3,
        [2] * 3 + [3] * 3,
    ]
    arrivals = {s["info"]["source_id"][0]: s["time_series"][:, 1].tolist() for s in streams
                if s["info"]["type"][0] == "Arrivals" and len(s["time_series"])}  # fmt: skip
    ids = [stream["info"]["stream_id"] for stream in sent]
    assert arrivals == {
        f"{ARRIVALS[Role.FORCES]}-{ids[0]}": [20.0, 21.0],
        f"{ARRIVALS[Role.FORCES]}-{ids[1]}": [22.0, 23.0],
    }


def test_a_disk_that_fills_up_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=60_000_000))
    recorder = Recorder(tmp_path / "raw.xdf", INFOS)  # 18 kB a second: 55 minutes
    recorder._drain()
    assert recorder.notice == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000_000))
    recorder._room_at = -1e9
    recorder._drain()
    assert re.search(r"room for about 9 more minutes", recorder.notice)
    recorder.close()
