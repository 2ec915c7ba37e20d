import logging
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from stream.errors import EkamError
from stream.header import header, read_header
from stream.source import Channel, PlateDescription, Role, StreamInfo
from stream.xdf import XdfWriter

MARKERS = StreamInfo(
    Role.MARKERS,
    "Qualisys",
    "Mocap",
    tuple(Channel(f"RKNE_{axis}", "meters", f"Position{axis}", "RKNE") for axis in "XYZ"),
    200.0,
    source_id="127.0.0.1:22223",
    hostname="camera-pc",
)
PLATE = PlateDescription(
    ((0.1, 1 / 3, -0.0), (1e-17, 2.0, 0.0), (0.0, 0.0, 0.0), (1e300, 5e-324, 7.0)),
    (0.0, 1.1, -0.04),
    reaction=False,
)
FORCES = StreamInfo(
    Role.FORCES,
    "plätte <1> & 2",
    "Force",
    (Channel("Fx1", "N", "ForceX", "1"), Channel("Mz1", "N·m", "MomentZ", "1")),
    1000.0,
    number_format="float32",
    replay="walk.c3d",
    plates=(PLATE, PLATE),
)
TEXTS = StreamInfo(
    Role.MARKERS, "marks", "Markers", (Channel("event"),), 0.0, number_format="string"
)


def samples(n: int, n_channels: int, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    stamps = 1234.567891 + np.arange(n) / rate_hz + rng.normal(size=n) * 1e-4
    values = rng.normal(size=(n, n_channels))
    values[3] = np.nan
    return stamps, values


def write(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    stamps, values = samples(700, 3, 200.0)
    stamps[400:] += 1.8  # a dropout that readers are tempted to smear
    force_stamps, forces = samples(3000, 2, 1000.0)
    forces = forces.astype(np.float32).astype(np.float64)
    writer = XdfWriter(path)
    writer.add_stream(1, MARKERS)
    writer.add_stream(2, FORCES)
    writer.add_stream(7, TEXTS)
    for stream_id in (1, 2, 7):
        writer.clock_offset(stream_id, 1234.0, 0.0)
    for start in range(0, 700, 100):
        writer.samples(1, stamps[start : start + 100], values[start : start + 100])
        writer.samples(2, force_stamps[4 * start : 4 * start + 400], forces[4 * start :][:400])
        writer.boundary()
    writer.samples(2, force_stamps[2800:], forces[2800:])
    writer.samples(7, np.array([1.5, 2.5]), [["block: Grundlinie"], ["é" * 300]])
    writer.samples(1, np.empty(0), np.empty((0, 3)))
    writer.clock_offset(1, 1240.0, 0.0)
    assert path.stat().st_size <= writer.bytes_written
    writer.close()
    writer.close()
    assert path.stat().st_size == writer.bytes_written
    return stamps, values, force_stamps, forces


@pytest.mark.parametrize("dejitter", [False, True])
def test_file_reads_back_bit_for_bit(
    tmp_path: Path, dejitter: bool, caplog: pytest.LogCaptureFixture
) -> None:
    stamps, values, force_stamps, forces = write(tmp_path / "raw.xdf")
    with caplog.at_level(logging.WARNING):
        streams, file_header = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=dejitter)
    assert not caplog.records
    assert file_header["info"]["version"] == ["1.0"]
    markers, plates, texts = streams
    assert np.array_equal(markers["time_stamps"], stamps)
    assert np.array_equal(markers["time_series"], values, equal_nan=True)
    assert np.array_equal(plates["time_stamps"], force_stamps)
    assert plates["time_series"].dtype == np.float32
    assert np.array_equal(plates["time_series"], forces, equal_nan=True)
    assert texts["time_series"] == [["block: Grundlinie"], ["é" * 300]]
    assert texts["time_stamps"].tolist() == [1.5, 2.5]
    assert plates["info"]["name"] == ["plätte <1> & 2"]
    channels = markers["info"]["desc"][0]["channels"][0]["channel"]
    assert [channel["label"][0] for channel in channels] == ["RKNE_X", "RKNE_Y", "RKNE_Z"]
    assert {channel["unit"][0] for channel in channels} == {"meters"}
    footer = markers["footer"]["info"]
    assert footer["sample_count"] == ["700"]
    assert float(footer["first_timestamp"][0]) == stamps[0]
    assert float(footer["last_timestamp"][0]) == stamps[-1]
    assert len(footer["clock_offsets"][0]["offset"]) == 2


@pytest.mark.parametrize("share", [0.5, 0.77, 0.93])
def test_file_cut_anywhere_keeps_what_came_before(tmp_path: Path, share: float) -> None:
    stamps, values, *_ = write(tmp_path / "raw.xdf")
    data = (tmp_path / "raw.xdf").read_bytes()
    cut = tmp_path / "cut.xdf"
    cut.write_bytes(data[: int(len(data) * share)])
    streams, _ = pyxdf.load_xdf(cut, dejitter_timestamps=False)
    n = len(streams[0]["time_stamps"])
    assert 700 * share - 250 < n <= 700
    assert np.array_equal(streams[0]["time_stamps"], stamps[:n])
    assert np.array_equal(streams[0]["time_series"], values[:n], equal_nan=True)


def test_flushed_file_without_footers_is_complete(tmp_path: Path) -> None:
    stamps, values = samples(50, 3, 200.0)
    writer = XdfWriter(tmp_path / "raw.xdf")
    writer.add_stream(1, MARKERS)
    writer.samples(1, stamps, values)
    writer.flush()
    (stream,), _ = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)
    assert np.array_equal(stream["time_stamps"], stamps)
    writer.abandon()


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "raw.xdf").write_text("kept")
    with pytest.raises(FileExistsError):
        XdfWriter(tmp_path / "raw.xdf")
    assert (tmp_path / "raw.xdf").read_text() == "kept"


def test_samples_of_another_width_are_refused(tmp_path: Path) -> None:
    writer = XdfWriter(tmp_path / "raw.xdf")
    writer.add_stream(1, MARKERS)
    with pytest.raises(ValueError, match="expected"):
        writer.samples(1, np.zeros(2), np.zeros((1, 3)))
    writer.close()


@pytest.mark.parametrize("info", [MARKERS, FORCES])
def test_header_reads_back_exactly(info: StreamInfo) -> None:
    read = read_header(info.role, header(info))
    assert read == info
    assert "can_drop_samples>true" in header(info)
    assert read_header(info.role, header(read)) == info


def test_publishers_own_header_is_kept() -> None:
    xml = (
        "<info><name>x</name><channel_count>3</channel_count><channel_format>float32</channel_format>"
        "<nominal_srate>100</nominal_srate><uid>abc</uid><desc><acquisition><model>M</model>"
        "</acquisition></desc></info>"
    )
    info = read_header(Role.MARKERS, xml)
    assert info.labels == ("", "", "")
    written = header(info)
    assert "<uid>abc</uid>" in written
    assert "<model>M</model>" in written
    assert "can_drop_samples>true" in written


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("</info>", "", "not readable XML"),
        ("<channel_count>3<", "<channel_count>5000<", "5000 channels"),
        ("<channel_count>3<", "<channel_count>two<", "wrong number"),
        ("<channel_count>3<", "<channel_count>4<", "describes 3 channels"),
        ("<nominal_srate>200.0<", "<nominal_srate>-1<", "rate of -1"),
        ("<nominal_srate>200.0<", "<nominal_srate>nan<", "rate of nan"),
        ("<nominal_srate>200.0<", "<nominal_srate>1e-310<", "rate of 1e-310"),
        ("double64", "string", "texts"),
        ("<desc>", "<desc><plates><plate><corners>1 2</corners></plate></plates>", "4 corners"),
    ],
)
def test_hostile_header_is_refused_in_one_sentence(old: str, new: str, named: str) -> None:
    xml = header(MARKERS)
    assert old in xml
    with pytest.raises(EkamError, match=named) as refusal:
        read_header(Role.MARKERS, xml.replace(old, new))
    assert "\n" not in str(refusal.value)
