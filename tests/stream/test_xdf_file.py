"""Recordings of sessions read back, whole, cut and damaged, and those of other programs."""

import random
import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stream.errors import EkamError
from stream.file_source import FileSource
from stream.header import header
from stream.lab import Lab
from stream.recorder import Recorder
from stream.source import Channel, Chunk, PlateDescription, Role, StreamInfo
from stream.xdf import XdfWriter
from stream.xdf_file import read_xdf
from stream.xdf_read import OtherShapeError, read_xdf_file

LAB = Lab.model_validate_json('{"name": "L", "axes": {"forward": "x", "up": "y", "right": "z"}}')
MARKERS = StreamInfo(
    Role.MARKERS,
    "Qualisys",
    "Mocap",
    tuple(Channel(f"RKNE_{axis}", "meters", f"Position{axis}", "RKNE") for axis in "XYZ"),
    200.0,
    source_id="127.0.0.1:22223",
    hostname="camera-pc",
)
FORCES = StreamInfo(
    Role.FORCES,
    "plates",
    "Force",
    (Channel("Fx1", "N", "ForceX", "1"), Channel("Mz1", "N·m", "MomentZ", "1")),
    1000.0,
    number_format="float32",
    plates=(PlateDescription(((1, 0, 1), (0, 0, 1), (0, 0, 0), (1, 0, 0)), (0, 0, -0.04)),),
)
INFOS = {Role.MARKERS: MARKERS, Role.FORCES: FORCES}


def offered(seconds: float, again: bool = False) -> list[Chunk]:
    """Chunks in order of arrival; markers come from a publisher with other channels after the half."""
    rng = np.random.default_rng(3)
    other = replace(MARKERS, channels=(*MARKERS.channels, Channel("N_X", "mm")))
    made = []
    for role, rate_hz in ((Role.MARKERS, 200.0), (Role.FORCES, 1000.0)):
        n, at = round(seconds * rate_hz), 0
        while at < n:
            size = int(rng.integers(1, 9))
            stamps = 500.0 + np.arange(at, min(at + size, n)) / rate_hz
            renewed = again and role is Role.MARKERS and at > n // 2
            channels = len((other if renewed else INFOS[role]).channels)
            values = rng.normal(size=(len(stamps), channels)).astype(np.float32).astype(float)
            offset_s = 0.25 if at < n // 3 else 0.2501
            arrival_s = stamps[-1] + offset_s + 0.0017
            made.append(
                Chunk(role, stamps, values, arrival_s, offset_s, other if renewed else None)
            )
            at += size
    return sorted(made, key=lambda chunk: chunk.t_arrival_s)


def record(path: Path, chunks: list[Chunk], **kwargs: object) -> Path:
    recorder = Recorder(path, INFOS, **kwargs)
    for chunk in chunks:
        recorder.offer(chunk)
    recorder.close()
    assert recorder.fault == ""
    return path


def samples(chunks, role: Role) -> list[tuple]:
    """Every sample of a role with all that is known of it."""
    rows = []
    for chunk in chunks:
        if chunk.role is role:
            n = len(chunk.stamps_s)
            arrivals = np.broadcast_to(chunk.t_arrival_s, n)
            offsets = np.broadcast_to(chunk.clock_offset_s, n)
            labels = chunk.info.labels if chunk.info else ()
            rows += [
                (stamp, tuple(values), arrival, offset, labels)
                for stamp, values, arrival, offset in zip(
                    chunk.stamps_s.tolist(), chunk.values.tolist(), arrivals, offsets, strict=True
                )
            ]
    return rows


@pytest.mark.parametrize("again", [False, True])
def test_what_was_received_is_what_is_read_bit_for_bit(tmp_path: Path, again: bool) -> None:
    chunks = offered(3.0, again)
    read = read_xdf(record(tmp_path / "raw.xdf", chunks), LAB)
    assert read.notes == ()
    for role in Role:
        assert samples(read.received, role) == samples(chunks, role)
    assert read.markers.info.channels == MARKERS.channels
    assert read.forces.info.plates == FORCES.plates
    assert read.markers.stamps_s[0] == 0.0
    assert len(read.received) < 20  # joined: half a second each


def slowly(path: Path, seconds: float) -> Path:
    """A file as a session leaves it: samples and arrivals every tenth of a second, marks every two."""
    recorder = Recorder(path, INFOS)
    recorder._closing.set()
    recorder._thread.join()  # everything below is written by this thread
    writer = XdfWriter(path.with_suffix(".tmp"))
    recorder._writer = writer
    recorder._next_id = 1
    recorder._tracks = {role: recorder._new_track(role, info) for role, info in INFOS.items()}
    chunks, due = offered(seconds), 500.1
    for chunk in chunks:
        while chunk.t_arrival_s > due:
            for track in recorder._tracks.values():
                if track.waiting:
                    recorder._write_track(track)
            due += 0.1
            if round(due * 10) % 20 == 0:
                writer.boundary()
        recorder._tracks[chunk.role].waiting.append(chunk)
    for track in recorder._tracks.values():
        if track.waiting:
            recorder._write_track(track)
    writer.close()
    path.with_suffix(".tmp").rename(path)
    return path


def test_a_file_that_is_cut_anywhere_loads_up_to_there(tmp_path: Path) -> None:
    seconds = 12.0
    path = slowly(tmp_path / "raw.xdf", seconds)
    data = path.read_bytes()
    whole = {role: samples(offered(seconds), role) for role in Role}
    rng = random.Random(5)
    for _ in range(200):
        end = rng.randrange(4, len(data))
        path.write_bytes(data[:end])
        reached_s = seconds * end / len(data)
        try:
            read = read_xdf(path, LAB)
        except EkamError as error:
            assert re.search("holds no|before its first samples|streams that fit", str(error))  # noqa: PT017
            assert reached_s < 0.4  # nothing but headers
            continue
        assert not read.whole
        assert any("not finished" in note for note in read.notes)
        for role in Role:
            found = samples(read.received, role)
            assert [row[:2] for row in found] == [row[:2] for row in whole[role][: len(found)]]
            assert found[-1][0] > 500.0 + reached_s - 0.4


def test_two_thousand_zeros_in_the_middle_cost_what_they_cover(tmp_path: Path) -> None:
    path = slowly(tmp_path / "raw.xdf", 12.0)
    data = path.read_bytes()
    whole = {role: samples(offered(12.0), role) for role in Role}
    rng = random.Random(6)
    for _ in range(60):
        at = rng.randrange(4000, len(data) - 2048)
        path.write_bytes(data[:at] + bytes(2048) + data[at + 2048 :])
        read = read_xdf(path, LAB)
        assert any(
            word in note
            for note in read.notes
            for word in ("damaged", "no arrival", "not finished")
        ), at
        for role in Role:
            found = {row[:2] for row in samples(read.received, role)}
            known = {row[:2] for row in whole[role]}
            assert found <= known, "a damaged sample was taken for a good one"
            lost_s = (len(known) - len(found)) / (200.0 if role is Role.MARKERS else 1000.0)
            assert lost_s < 2.2, (at, role)


def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "raw.xdf"
    with pytest.raises(EkamError, match="there is no file"):
        read_xdf(path, LAB)
    path.write_bytes(b"not an xdf")
    with pytest.raises(EkamError, match="does not begin with"):
        read_xdf(path, LAB)
    path.unlink()
    recorder = Recorder(path, INFOS)
    recorder.offer(offered(0.1)[0])
    recorder.close()
    with pytest.raises(EkamError, match=r"holds no (markers|forces)"):
        read_xdf(path, LAB)


def foreign(path: Path, leave_out: bool, count: int = 500) -> None:
    """As LabRecorder writes: headers first, offsets, stamps left out where they follow from the rate."""

    def chunk(tag: int, content: bytes) -> bytes:
        return struct.pack("<BIH", 4, len(content) + 2, tag) + content

    data = b"XDF:" + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    for stream_id, info in enumerate(INFOS.values(), 1):
        data += chunk(2, struct.pack("<I", stream_id) + header(info).encode())
        data += chunk(4, struct.pack("<Idd", stream_id, 10.0, 2.0))
        data += chunk(4, struct.pack("<Idd", stream_id, 15.0, 2.0))
        number = "d" if info.number_format == "double64" else "f"
        samples = b""
        for i in range(500):
            stamp = 10.0 + i / info.nominal_rate_hz
            samples += b"\x00" if leave_out and i % 50 else b"\x08" + struct.pack("<d", stamp)
            row = [float(i + c) for c in range(len(info.channels))]
            samples += struct.pack(f"<{len(row)}{number}", *row)
        data += chunk(3, struct.pack("<IBI", stream_id, 4, 500) + samples)
    for stream_id in (1, 2):
        footer = f'<?xml version="1.0"?><info><sample_count>{count}</sample_count></info>'
        data += chunk(6, struct.pack("<I", stream_id) + footer.encode())
    path.write_bytes(data)


@pytest.mark.parametrize("leave_out", [False, True])
def test_a_file_of_another_program(tmp_path: Path, leave_out: bool) -> None:
    path = tmp_path / "lab.xdf"
    foreign(path, leave_out)
    if leave_out:
        with pytest.raises(OtherShapeError):
            read_xdf_file(path)
    read = read_xdf(path, LAB)
    assert read.received == ()
    for stream, info in zip(read.streams(), INFOS.values(), strict=True):
        assert stream.info.channels == info.channels
        assert stream.info.plates == info.plates
        np.testing.assert_allclose(
            stream.stamps_s, np.arange(500) / info.nominal_rate_hz, atol=1e-9
        )
        np.testing.assert_array_equal(stream.values[:, 1], np.arange(500) + 1.0)
    other = LAB.model_validate_json(
        '{"name": "L", "axes": {"forward": "x", "up": "y", "right": "z"}, "markers": {"stream": {"type": "EEG"}}}'
    )
    with pytest.raises(EkamError, match=r"0 streams that fit the markers query.*Qualisys"):
        read_xdf(path, other)


@pytest.mark.parametrize(
    ("at", "stamp_s", "said"),
    [
        (0, np.nan, "1 samples of the markers without a usable time stamp are left out"),
        (499, np.inf, "1 samples of the markers without"),
        (250, 3.0, "1 samples of the markers without"),
        (499, 1e9, "jump by 1e"),
    ],
)
def test_a_bad_stamp_of_another_programs_file_is_told_and_ends(
    tmp_path: Path, at, stamp_s, said
) -> None:
    path = tmp_path / "lab.xdf"
    foreign(path, leave_out=False)
    data = bytearray(path.read_bytes())
    first = data.index(struct.pack("<d", 10.0) + struct.pack("<d", 0.0))
    struct.pack_into("<d", data, first + at * (9 + 24), stamp_s)
    path.write_bytes(data)
    if "jump" in said:
        with pytest.raises(EkamError, match=said):
            read_xdf(path, LAB)
        return
    read = read_xdf(path, LAB)
    assert any(said in note for note in read.notes)
    assert len(read.markers.stamps_s) == 499
    source = FileSource(read)
    source.open()
    samples = 0
    while not source.ended:
        samples += sum(len(chunk.stamps_s) for chunk in source.pull(0.0))
    assert samples == 999


def test_streams_of_different_clocks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "lab.xdf"
    foreign(path, leave_out=False)
    data = path.read_bytes()
    at = data.rindex(struct.pack("<Idd", 2, 10.0, 2.0))
    data = data[:at] + struct.pack("<Idd", 2, 10.0, 1.7e9) + data[at + 20 :]
    at = data.rindex(struct.pack("<Idd", 2, 15.0, 2.0))
    path.write_bytes(data[:at] + struct.pack("<Idd", 2, 15.0, 1.7e9) + data[at + 20 :])
    with pytest.raises(EkamError, match="not taken at the same time"):
        read_xdf(path, LAB)


def test_a_wrong_count_in_an_own_file_is_damage_and_not_another_programs(tmp_path: Path) -> None:
    path = slowly(tmp_path / "raw.xdf", 3.0)
    data = path.read_bytes()
    whole = {role: {row[:2] for row in samples(offered(3.0), role)} for role in Role}
    for stream_id in (1, 2, 3, 4):
        head = struct.pack("<HI", 3, stream_id)
        at = data.index(head) + len(head) + 1
        for bit in range(8):
            broken = bytearray(data)
            broken[at] ^= 1 << bit
            path.write_bytes(broken)
            read = read_xdf(path, LAB)
            assert read.received
            assert any("damaged" in note or "no arrival" in note for note in read.notes)
            for role in Role:
                assert {row[:2] for row in samples(read.received, role)} <= whole[role]


def test_what_another_programs_file_lacks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.xdf"
    foreign(path, leave_out=True)
    read = read_xdf(path, LAB)
    assert read.whole
    assert read.notes == ("recorded by another program",)
    data = path.read_bytes()
    path.write_bytes(data[:-40])
    read = read_xdf(path, LAB)
    assert not read.whole
    assert any("was not finished" in note for note in read.notes)
    foreign(path, leave_out=True, count=512)
    notes = read_xdf(path, LAB).notes
    assert "lab.xdf lacks 12 of the 512 samples of its markers" in notes
    assert "lab.xdf lacks 12 of the 512 samples of its forces" in notes
