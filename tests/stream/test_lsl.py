"""LSL on loopback; run as a program, this file is the publisher in another process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stream import lsl_config
from stream.clock import LslClock, ManualClock
from stream.errors import EkamError
from stream.lsl import LslSource, StreamQuery
from stream.lsl_config import in_use, use_loopback
from stream.lsl_inlet import Connection
from stream.recording import RecordedStream, Recording
from stream.replay import _as_sent, replay
from stream.source import Channel, Chunk, LampState, PlateDescription, Role, StreamInfo

pytestmark = pytest.mark.lsl

SECONDS = 0.8
QUERIES = (StreamQuery("mocap"), StreamQuery("FORCE"))
Publisher = Callable[..., None]


def make_recording(name: str, roles: str) -> Recording:
    rng = np.random.default_rng(7)
    markers = StreamInfo(
        Role.MARKERS,
        "tiny",
        "Mocap",
        tuple(
            Channel(f"{m}_{a}", "meters", f"Position{a}", m)
            for m in ("RKNE", "LKNE")
            for a in "XYZ"
        ),
        200.0,
    )
    plate = PlateDescription(((0.1, 1 / 3, 0), (0, 1, 2), (3, 4, 5), (6, 7, 8.5)), (0, 0, -0.04))
    forces = StreamInfo(
        Role.FORCES,
        "plates",
        "Force",
        tuple(Channel(f"F{a}1", "N", f"Force{a}", "1") for a in "xyz"),
        1000.0,
        number_format="float32",
        plates=(plate,),
    )
    marker_values = rng.normal(size=(round(SECONDS * 200), 6))
    marker_values[5] = np.nan
    force_values = rng.normal(size=(round(SECONDS * 1000), 3)).astype(np.float32)
    return Recording(
        Path("/somewhere/else") / name,
        RecordedStream(markers, np.arange(len(marker_values)) / 200.0, marker_values),
        RecordedStream(
            forces, np.arange(len(force_values)) / 1000.0, force_values.astype(np.float64)
        )
        if roles == "both"
        else None,
    )


def publish(name: str, roles: str, rounds: str) -> None:
    use_loopback()
    stop = threading.Event()
    timer = threading.Timer(60.0, stop.set)  # never outlive the tests
    timer.daemon = True
    timer.start()
    replay(
        make_recording(name, roles),
        LslClock(),
        stop=stop,
        loop=rounds != "1",
        seconds=float(rounds) * SECONDS,
        wait_consumers=True,
    )


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str = "walk.c3d", roles: str = "both", rounds: int = 1) -> None:
        command = [sys.executable, __file__, name, roles, str(rounds)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        started.append(subprocess.Popen(command, env=environment))

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=10)


def receive(source: LslSource, timeout_s: float = 20.0) -> dict[Role, list[Chunk]]:
    received: dict[Role, list[Chunk]] = {role: [] for role in Role}
    deadline = time.monotonic() + timeout_s
    while not source.ended and time.monotonic() < deadline:
        for chunk in source.pull(0.2):
            received[chunk.role].append(chunk)
    return received


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_replay_in_another_process_arrives_bit_for_bit(publisher: Publisher, rounds: int) -> None:
    publisher(rounds=rounds)
    source = LslSource(*QUERIES, allow_replay=True, resolve_timeout_s=60.0)
    assert {health.state for health in source.health()} == {LampState.ABSENT}
    infos = source.open()
    try:
        received = receive(source)
        assert source.ended
        assert {health.state for health in source.health()} == {LampState.LOST}
        assert [health.missing for health in source.health()] == [0, 0]
        assert [health.samples for health in source.health()] == [160 * rounds, 800 * rounds]
        assert source.pull(0.0) == []
    finally:
        source.close()
    source.close()
    recording = make_recording("walk.c3d", "both")
    started = received[Role.MARKERS][0].stamps_s[0]
    assert started == round(started, 6)
    for recorded in recording.streams():
        info = infos[recorded.info.role]
        assert info.channels == recorded.info.channels
        assert info.plates == recorded.info.plates
        assert info.number_format == recorded.info.number_format
        assert info.nominal_rate_hz == recorded.info.nominal_rate_hz
        assert info.type == recorded.info.type
        assert info.replay == "walk.c3d"
        assert "/somewhere" not in info.header_xml
        chunks = received[info.role]
        values = np.concatenate([chunk.values for chunk in chunks])
        stamps = np.concatenate([chunk.stamps_s for chunk in chunks])
        assert values.dtype == np.float64
        assert np.array_equal(values, np.tile(recorded.values, (rounds, 1)), equal_nan=True)
        expected = [recorded.stamps_s + turn * SECONDS for turn in range(rounds)]
        assert np.array_equal(stamps, started + np.concatenate(expected))
        assert np.abs(np.diff(stamps) - 1 / info.nominal_rate_hz).max() < 1e-9
        assert all(chunk.clock_offset_s == 0.0 for chunk in chunks)
        assert all(chunk.t_arrival_s >= chunk.stamps_s[-1] for chunk in chunks)


def test_a_missing_stream_is_named_with_what_was_seen(publisher: Publisher) -> None:
    import pylsl

    publisher(roles="markers")
    # However long the publisher takes to start: only then is the search for the other timed.
    assert pylsl.resolve_byprop("name", "tiny", timeout=90.0)
    source = LslSource(*QUERIES, resolve_timeout_s=6.0)
    with pytest.raises(EkamError, match=r"No forces stream.*6 s for type 'FORCE'.*'tiny'"):
        source.open()
    source.close()


def test_a_replay_is_refused_unless_admitted(publisher: Publisher) -> None:
    publisher()
    source = LslSource(*QUERIES, resolve_timeout_s=60.0)
    with pytest.raises(EkamError, match=r"replay of walk\.c3d.*--allow-replay"):
        source.open()
    source.close()


def test_two_candidates_are_both_named(publisher: Publisher) -> None:
    publisher("one.c3d")
    publisher("two.c3d")
    source_ids = set()
    for _ in range(60):  # until both publishers are up
        with pytest.raises(EkamError) as refusal:
            LslSource(*QUERIES, resolve_timeout_s=1.0).open()
        source_ids = {name for name in ("one.c3d", "two.c3d") if name in str(refusal.value)}
        if len(source_ids) == 2:
            break
    assert len(source_ids) == 2
    assert "2 streams fit" in str(refusal.value)
    source = LslSource(
        StreamQuery("Mocap", source_id="ekam-replay-markers-two.c3d"),
        StreamQuery("Force", source_id="ekam-replay-forces-two.c3d"),
        allow_replay=True,
    )
    infos = source.open()
    source.close()
    assert {info.replay for info in infos.values()} == {"two.c3d"}


def test_a_live_publisher_that_goes_is_lost_but_has_not_ended() -> None:
    import pylsl

    outlets = {
        kind: pylsl.StreamOutlet(pylsl.StreamInfo(f"live {kind}", kind, 3, 0.0, "float32", kind))
        for kind in ("MoCap", "Force")
    }
    source = LslSource(*QUERIES, resolve_timeout_s=60.0)
    infos = source.open()
    assert infos[Role.MARKERS].labels == ("", "", "")
    assert infos[Role.MARKERS].replay == ""
    assert {health.state for health in source.health()} == {LampState.CONNECTING}
    outlets["Force"].push_chunk(np.ones((4, 3), np.float32), [1.0, 2.0, 4.0, 5.0])
    chunks: list[Chunk] = []
    while sum(len(chunk.stamps_s) for chunk in chunks) < 4:
        chunks += source.pull(1.0)
    assert np.concatenate([chunk.stamps_s for chunk in chunks]).tolist() == [1.0, 2.0, 4.0, 5.0]
    assert chunks[0].role is Role.FORCES
    outlets.clear()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if {health.state for health in source.health()} == {LampState.LOST}:
            break
        source.pull(0.05)
    assert {health.state for health in source.health()} == {LampState.LOST}
    assert not source.ended
    source.close()


def test_a_hostile_header_is_refused() -> None:
    import pylsl

    info = pylsl.StreamInfo("liar", "Mocap", 3, 0.0, "float32", "liar")
    info.desc().append_child("channels").append_child("channel")
    wide = pylsl.StreamInfo("wide", "Force", 5000, 0.0, "float32", "wide")
    outlets = [pylsl.StreamOutlet(info), pylsl.StreamOutlet(wide)]
    source = LslSource(*QUERIES, resolve_timeout_s=60.0)
    with pytest.raises(EkamError, match="describes 1 channels but declares 3"):
        source.open()
    with pytest.raises(EkamError, match="5000 channels"):
        LslSource(QUERIES[1], QUERIES[1]).open()
    outlets.clear()


@pytest.mark.parametrize("rate_hz", [0.0, 300.0])
def test_minutes_wait_in_the_inlet_whatever_rate_is_declared(rate_hz: float) -> None:
    import pylsl

    n = 60_000  # LSL's own default loses all but 36,000 of a stream without a rate
    name = f"buffered {rate_hz:g}"
    outlet = pylsl.StreamOutlet(
        pylsl.StreamInfo(name, "Mocap", 3, rate_hz, "float32", name), max_buffered=1000
    )
    (found,) = pylsl.resolve_byprop("name", name, timeout=60.0)
    connection = Connection(Role.MARKERS, found)
    connection.subscribe()
    assert outlet.wait_for_consumers(60.0)
    for k in range(0, n, 500):
        numbers = np.arange(k, k + 500, dtype=np.float32)
        outlet.push_chunk(np.repeat(numbers[:, None], 3, axis=1), (1.0 + numbers / 300.0).tolist())
        time.sleep(0.002)  # so that nothing overflows on the way
    next_chunk, received = connection.puller(None), []
    while sum(map(len, received)) < n:
        chunk = next_chunk()
        assert chunk is not None, f"{sum(map(len, received))} of {n}"
        received.append(chunk.values[:, 0])
    assert np.array_equal(np.concatenate(received), np.arange(n))
    assert connection.missing == 0
    connection.leave()


def test_on_a_network_no_file_is_named() -> None:
    info = make_recording("Jane_Doe_knee.c3d", "both").markers.info
    of_file = replace(info, name="Jane_Doe_knee", source_id="ekam-file-Jane_Doe_knee.c3d")
    sent = _as_sent(of_file, "Jane_Doe_knee.c3d", False, 1.0)
    assert sent.replay == sent.name
    assert "Doe" not in sent.name
    assert _as_sent(info, "Jane_Doe_knee.c3d", False, 1.0).name == info.name  # the publisher's own
    assert _as_sent(of_file, "Jane_Doe_knee.c3d", True, 1.0).replay == "Jane_Doe_knee.c3d"


def test_replay_paces_by_its_clock_and_ends_by_recorded_time() -> None:
    recording = make_recording("walk.c3d", "both")
    told: list[float] = []
    clock = ManualClock(100.0)
    sent = replay(
        recording,
        clock,
        stop=threading.Event(),
        speed=0.5,
        loop=True,
        seconds=3.0,
        on_progress=told.append,
    )
    assert 2.9 < sent < 3.0
    assert 100.0 + sent / 0.5 <= clock.now() <= 100.0 + sent / 0.5 + 1.1
    assert told == sorted(told)
    assert 20 < len(told) < 30
    stopped = threading.Event()
    stopped.set()
    assert replay(recording, clock, stop=stopped, speed=0.0, loop=True, wait_consumers=True) == 0.0


def test_configuration_is_applied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session = use_loopback()
    assert use_loopback(session) == session
    assert in_use() == f"loopback, session {session}"
    with pytest.raises(EkamError, match="start another process"):
        use_loopback("another")
    with pytest.raises(EkamError, match="other characters"):
        use_loopback("a\n[lab]")
    monkeypatch.setattr(lsl_config, "_session", None)
    assert in_use() == "the lab's own configuration"


if __name__ == "__main__":
    publish(*sys.argv[1:])
