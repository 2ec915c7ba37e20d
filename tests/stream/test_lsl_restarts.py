"""Publishers in processes of their own, killed, frozen and restarted: what arrives is right or is not there."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import walkers

from stream.clock import LslClock
from stream.errors import EkamError
from stream.file_source import FileSource
from stream.header import description
from stream.lsl import LslSource, StreamQuery
from stream.lsl_inlet import Connection
from stream.recording import RecordedStream, Recording
from stream.session import Session
from stream.source import Channel, Chunk, LampState, Role, StreamHealth, StreamInfo
from stream.status import SessionView

pytestmark = pytest.mark.lsl

PROGRAM = Path(__file__).parents[1] / "peers" / "restarting_publisher.py"
WAIT_S = 60.0
COUNTS = 1 << 20  # of the program
RATE_HZ = {Role.MARKERS: 200.0, Role.FORCES: 1000.0}
TYPES = {Role.MARKERS: "Mocap", Role.FORCES: "Force"}
OK, LOST, DEGRADED, CONNECTING = (
    LampState.OK, LampState.LOST, LampState.DEGRADED, LampState.CONNECTING,
)  # fmt: skip
CODES = {f"{m}_{a}": 10 * i + j for i, m in enumerate("ABCFG", 1) for j, a in enumerate("XYZ", 1)}
MARKERS = tuple(label for label in CODES if label[0] in "AB")
FORCES = tuple(label for label in CODES if label[0] in "FG")


# --- publishers ------------------------------------------------------------------------------------


class Publisher:
    """A process that publishes once told to."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        environment.pop("PYTHONHASHSEED", None)
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip
        self.up_s = np.nan

    def publish(self, outlets: list[dict[str, Any]]) -> "Publisher":
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(outlets) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):  # pylsl prints, too
                self.up_s = json.loads(line)["up_s"]
                return self
        raise AssertionError("the publisher ended")

    def kill(self) -> float:
        """Kill it; returns when."""
        at_s = LslClock().now()
        self.process.kill()
        self.process.wait(10.0)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return at_s

    def freeze(self) -> float:
        at_s = LslClock().now()
        self.process.send_signal(signal.SIGSTOP)
        return at_s

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Fleet:
    """Publishers, some of which already wait for their order: starting Python takes long."""

    def __init__(self) -> None:
        self.waiting = [Publisher() for _ in range(3)]
        self.working: list[Publisher] = []

    def publish(self, *outlets: dict[str, Any]) -> Publisher:
        self.working.append(self.waiting.pop(0))
        self.waiting.append(Publisher())
        return self.working[-1].publish(list(outlets))

    def kill(self, publishers: list[Publisher]) -> None:
        for publisher in publishers:
            if publisher.process.poll() is None:
                publisher.kill()


@pytest.fixture(scope="module")
def all_publishers() -> Iterator[Fleet]:
    fleet = Fleet()
    yield fleet
    fleet.kill(fleet.waiting + fleet.working)


@pytest.fixture
def fleet(all_publishers: Fleet) -> Iterator[Fleet]:
    yield all_publishers
    all_publishers.kill(all_publishers.working)


def info(role: Role, labels: tuple[str, ...], name: str, **changes: Any) -> StreamInfo:
    return StreamInfo(
        role, name, TYPES[role], tuple(map(Channel, labels)), RATE_HZ[role], **changes
    )


def outlet(described: StreamInfo, **told: Any) -> dict[str, Any]:
    """What to tell a publisher of coded samples; an explicit source_id unless told otherwise."""
    made = {
        "name": described.name,
        "type": described.type,
        "rate_hz": described.nominal_rate_hz,
        "codes": [CODES.get(label, 0) for label in described.labels],
        "desc": ET.tostring(description(described), encoding="unicode"),
        "source_id": f"id of {described.name}",
    } | told
    return {key: value for key, value in made.items() if value is not None}


def both(
    called: str, markers: tuple[str, ...] = MARKERS, forces: tuple[str, ...] = FORCES, **told: Any
) -> list[dict[str, Any]]:
    return [
        outlet(info(Role.MARKERS, markers, called), **told),
        outlet(info(Role.FORCES, forces, f"{called} plates"), **told),
    ]


def open_source(name: str, **options: Any) -> LslSource:
    queries = StreamQuery("mocap", name), StreamQuery("force", f"{name} plates")
    return LslSource(*queries, resolve_timeout_s=WAIT_S, **options)


# --- what is seen of them --------------------------------------------------------------------------


class Watcher:
    """Opens a source, pulls it empty and notes every change of its lamps, in a thread."""

    def __init__(self, source: LslSource) -> None:
        self.source = source
        self.infos = source.open()
        self.chunks: dict[Role, list[tuple[float, Chunk]]] = {role: [] for role in Role}
        self.lamps: dict[Role, list[tuple[float, LampState, str]]] = {role: [] for role in Role}
        self.clock = LslClock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            for chunk in self.source.pull(0.005):
                self.chunks[chunk.role].append((self.clock.now(), chunk))
            for health in self.source.health():
                lamps = self.lamps[health.role]
                words = health.message.rstrip("0123456789. s")
                if not lamps or lamps[-1][1:] != (health.state, words):
                    lamps.append((self.clock.now(), health.state, words))

    def health(self, role: Role = Role.MARKERS) -> StreamHealth:
        return next(health for health in self.source.health() if health.role is role)

    def wait(self, state: LampState, words: str = "", after_s: float = 0.0) -> float:
        """When both lamps first showed this, from `after_s` on."""

        def seen(lamps: list[tuple[float, LampState, str]]) -> float:
            ends = [t for t, *_ in lamps[1:]] + [np.inf]
            for (t, shown, said), end in zip(lamps, ends, strict=False):
                if shown is state and words in said and end > after_s:
                    return max(t, after_s)
            return 0.0

        until(
            lambda: all(map(seen, self.lamps.values())),
            lambda: f"{state} {words!r}: {self.lamps}",
        )
        return max(map(seen, self.lamps.values()))

    def wait_bound(self, n: int) -> float:
        """When the first samples of the `n`-th binding of both streams had been pulled."""

        def firsts() -> list[float]:
            return [
                bindings(chunks)[n - 1][0][0] if len(bindings(chunks)) >= n else 0.0
                for chunks in self.chunks.values()
            ]

        until(lambda: all(firsts()), lambda: f"binding {n}: {self.lamps}")
        return max(firsts())

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20.0)
        began = time.monotonic()
        self.source.close()
        assert time.monotonic() - began < 20.0
        assert not self._thread.is_alive()

    def states(self, role: Role = Role.MARKERS) -> list[LampState]:
        """Lamp states in order, each once in a row."""
        states = [state for _, state, _ in self.lamps[role]]
        return [state for i, state in enumerate(states) if i == 0 or state is not states[i - 1]]


def until(condition: Callable[[], Any], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.01)


def bindings(chunks: list[tuple[float, Chunk]]) -> list[list[tuple[float, Chunk]]]:
    """Chunks by publisher."""
    parts: list[list[tuple[float, Chunk]]] = []
    for t, chunk in list(chunks):
        if not parts or parts[-1][0][1].info is not chunk.info:
            parts.append([])
        parts[-1].append((t, chunk))
    return parts


def check_values(watcher: Watcher) -> list[list[tuple[str, ...]]]:
    """Every sample must carry the codes of its labels and the count of its stamp, none lost while bound.

    Returns the labels of each binding, for markers and forces.
    """
    labels = []
    for role, chunks in watcher.chunks.items():
        assert chunks[0][1].info is None
        labels.append([])
        for number, part in enumerate(bindings(chunks)):
            described = part[0][1].info if number else watcher.infos[role]
            assert described is not None
            labels[-1].append(described.labels)
            stamps = np.concatenate([chunk.stamps_s for _, chunk in part])
            values = np.concatenate([chunk.values for _, chunk in part])
            k = np.rint(stamps * RATE_HZ[role]).astype(int)
            assert (np.diff(k) == 1).all()
            expected = np.array([CODES[label] for label in described.labels])
            np.testing.assert_array_equal(values, expected + (k % COUNTS)[:, None] / COUNTS)
            assert {chunk.clock_offset_s for _, chunk in part} == {0.0}
            assert all(chunk.t_arrival_s >= chunk.stamps_s[-1] for _, chunk in part)
    return labels


@dataclass
class Table:
    """Times of all rows, printed at the end (`pytest -s`)."""

    rows: list[tuple[str, float, float, list[LampState]]] = field(default_factory=list)

    def add(self, row: str, noticed_s: float, good_s: float, states: list[LampState]) -> None:
        self.rows.append((row, noticed_s, good_s, states))


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    made = Table()
    yield made
    print(f"\n{'row':<44}{'noticed after':>14}{'good after up':>14}  lamps")  # noqa: T201
    for row, noticed_s, good_s, states in made.rows:
        lamps = " > ".join(state.value for state in states)
        print(f"{row:<44}{1e3 * noticed_s:>11.1f} ms{1e3 * good_s:>11.1f} ms  {lamps}")  # noqa: T201


# --- the rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "again", "told"),
    [
        ("same id, same shape", (MARKERS, FORCES), {}),
        ("same id, labels reversed", (MARKERS[::-1], FORCES[::-1]), {}),
        ("6 channels, then 9", ((*MARKERS, "C_X", "C_Y", "C_Z"), FORCES), {}),
        ("the library's own source_id", (MARKERS[::-1], FORCES), {"source_id": None}),
        ("no source_id", (MARKERS, FORCES[::-1]), {"source_id": ""}),
        ("nothing was sent before the crash", (MARKERS[::-1], FORCES), {"silent": True}),
        ("no rate declared", (MARKERS[::-1], FORCES), {"declared": 0.0}),
    ],
)
def test_a_publisher_that_was_killed_is_followed_by_name(
    fleet: Fleet, table: Table, row: str, again: Any, told: dict[str, Any]
) -> None:
    silent = "silent" in told
    first = fleet.publish(*both(row, **told))
    watcher = Watcher(open_source(row))
    try:
        watcher.wait(CONNECTING if silent else OK)
        killed_s = first.kill()
        lost_s = watcher.wait(LOST, "the publisher is gone", killed_s)
        second = fleet.publish(*both(row, *again, **(told | {"silent": False})))
        good_s = watcher.wait_bound(1 if silent else 2)
        watcher.wait(OK, after_s=good_s)
        healths = watcher.source.health()
        states = watcher.states()
    finally:
        watcher.close()
    if silent:
        assert watcher.chunks[Role.MARKERS][0][1].info is not None
        assert watcher.chunks[Role.MARKERS][0][1].info.labels == again[0]
    else:
        assert check_values(watcher) == [[MARKERS, again[0]], [FORCES, again[1]]]
    assert [health.bound for health in healths] == [2, 2]
    assert [health.missing for health in healths] == [0, 0]
    assert {health.hostname for health in healths} == {watcher.infos[Role.MARKERS].hostname}
    assert states.index(LOST) < len(states) - 1 == max(i for i, s in enumerate(states) if s is OK)
    assert not watcher.source.ended
    table.add(row, lost_s - killed_s, good_s - second.up_s, states)


def test_clocks_are_compared_before_the_first_chunk_of_each_publisher(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Connection] = []

    def compare(connection: Connection) -> None:
        time.sleep(0.2)
        compared.append(connection)
        connection.offset_s = 10.0 if len(compared) <= 2 else 20.0

    monkeypatch.setattr(Connection, "compare_clocks", compare)
    monkeypatch.setattr(Connection, "watch_clock", lambda connection: None)
    first = fleet.publish(*both("clocks"))
    watcher = Watcher(open_source("clocks"))
    try:
        watcher.wait(OK)
        first.kill()
        fleet.publish(*both("clocks"))
        good_s = watcher.wait_bound(2)
        watcher.wait(OK, after_s=good_s)
        assert {health.clock_offset_s for health in watcher.source.health()} == {20.0}
    finally:
        watcher.close()
    assert len(compared) == 4
    for chunks in watcher.chunks.values():
        offsets = [{chunk.clock_offset_s for _, chunk in part} for part in bindings(chunks)]
        assert offsets == [{10.0}, {20.0}]


def test_two_of_the_same_identity_are_named_and_none_is_taken(fleet: Fleet, table: Table) -> None:
    name = "twins"
    first = fleet.publish(*both(name))
    watcher = Watcher(open_source(name))
    try:
        watcher.wait(OK)
        second = fleet.publish(*both(name, MARKERS[::-1]))
        watcher.wait(DEGRADED, "1 more like it")
        with pytest.raises(EkamError, match=f"2 streams fit.*host '{watcher.health().hostname}'"):
            open_source(name).open()
        third = fleet.publish(*both(name))
        watcher.wait(DEGRADED, "2 more like it")
        killed_s = first.kill()
        lost_s = watcher.wait(LOST, "2 streams could be it", killed_s)
        assert watcher.lamps[Role.MARKERS][-1][2].count(watcher.health().hostname) == 2
        ended_s = third.kill()
        good_s = watcher.wait_bound(2)
        watcher.wait(OK, after_s=good_s)
        states = watcher.states()
    finally:
        watcher.close()
    assert second.process.poll() is None
    assert check_values(watcher) == [[MARKERS, MARKERS[::-1]], [FORCES, FORCES]]
    table.add("two of one identity, then one", lost_s - killed_s, good_s - ended_s, states)


def test_a_frozen_publisher_is_told_and_goes_on(fleet: Fleet, table: Table) -> None:
    publisher = fleet.publish(*both("frozen"))
    watcher = Watcher(open_source("frozen"))
    try:
        watcher.wait(OK)
        frozen_s = publisher.freeze()
        told_s = watcher.wait(DEGRADED, "no samples for", frozen_s)
        watcher.wait(DEGRADED, "does not answer", frozen_s)
        resumed_s = watcher.clock.now()
        publisher.resume()
        good_s = watcher.wait(OK, after_s=resumed_s)
        states = watcher.states()
        healths = watcher.source.health()
    finally:
        watcher.close()
    assert check_values(watcher) == [[MARKERS], [FORCES]]  # not a sample is lost
    assert [health.bound for health in healths] == [1, 1]
    assert LOST not in states
    table.add("frozen, then resumed", told_s - frozen_s, good_s - resumed_s, states)


def test_a_frozen_publisher_is_replaced(fleet: Fleet, table: Table) -> None:
    first = fleet.publish(*both("replaced"))
    watcher = Watcher(open_source("replaced"))
    try:
        watcher.wait(OK)
        frozen_s = first.freeze()
        told_s = watcher.wait(DEGRADED, "no samples for", frozen_s)
        second = fleet.publish(*both("replaced", MARKERS[::-1]))
        good_s = watcher.wait_bound(2)
        watcher.wait(OK, after_s=good_s)
        first.resume()  # now there are two
        watcher.wait(DEGRADED, "1 more like it", good_s)
        ended_s = first.kill()
        watcher.wait(OK, after_s=ended_s)
        healths = watcher.source.health()
        states = watcher.states()
    finally:
        watcher.close()
    assert check_values(watcher) == [[MARKERS, MARKERS[::-1]], [FORCES, FORCES]]
    assert [health.bound for health in healths] == [2, 2]
    table.add("frozen, then replaced", told_s - frozen_s, good_s - second.up_s, states)


@pytest.mark.slow
def test_what_cannot_be_used_is_said_and_the_search_goes_on(fleet: Fleet) -> None:
    says: dict[str, dict[str, Any]] = {
        "describes 1 channels but declares 6": {
            "desc": "<desc><channels><channel/></channels></desc>"
        },
        "declares 5000 channels": {"codes": [0] * 5000, "desc": "<desc/>", "silent": True},
        "is a replay of walk.c3d": {"desc": "<desc><replay>walk.c3d</replay></desc>"},
        "its name is another: 'other'": {"name": "other", "source_id": "other"},
    }

    def publish(**told: Any) -> Publisher:
        markers, forces = both("hostile", **told)
        return fleet.publish(markers | {"type": "Odd markers"}, forces | {"type": "Odd forces"})

    last = publish()
    watcher = Watcher(
        LslSource(StreamQuery("odd markers"), StreamQuery("odd forces"), resolve_timeout_s=WAIT_S)
    )
    try:
        watcher.wait(OK)
        for words, told in says.items():
            last.kill()
            last = publish(**told)
            watcher.wait(LOST, words)
        last.kill()
        publish()
        good_s = watcher.wait_bound(2)
        watcher.wait(OK, after_s=good_s)
    finally:
        watcher.close()
    assert check_values(watcher) == [[MARKERS, MARKERS], [FORCES, FORCES]]


def test_a_replay_that_was_killed_is_over_even_if_it_comes_back(fleet: Fleet) -> None:
    name = "recorded"
    replayed = {"replay": "walk.c3d", "replay_speed": 2.0}
    outlets = [
        outlet(info(Role.MARKERS, MARKERS, name, **replayed)),
        outlet(info(Role.FORCES, FORCES, f"{name} plates", **replayed)),
    ]
    first = fleet.publish(*outlets)
    with pytest.raises(EkamError, match=r"is a replay of walk\.c3d.*--allow-replay"):
        open_source(name).open()
    source = open_source(name, allow_replay=True)
    try:
        infos = source.open()
        assert {(each.replay, each.replay_speed) for each in infos.values()} == {("walk.c3d", 2.0)}
        until(lambda: source.pull(0.1), lambda: "samples")
        assert not source.ended
        first.kill()
        until(lambda: not source.pull(0.0) and source.ended, lambda: str(source.health()))
        second = fleet.publish(*outlets)
        while LslClock().now() < second.up_s + 2.0:  # long enough to be taken up
            assert source.pull(0.1) == []
            assert source.ended
        assert {health.bound for health in source.health()} == {1}
    finally:
        source.close()


def test_the_soak_counts_every_sample() -> None:
    soak = PROGRAM.with_name("soak.py")
    ran = subprocess.run(
        [sys.executable, str(soak), "--minutes", "0.05"], capture_output=True, text=True, timeout=150.0
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    for role, rate_hz in RATE_HZ.items():
        counted = found[role.value]
        assert counted["received"] == counted["recorded"] > 2.0 * rate_hz
        assert counted["lost"] == counted["reordered"] == counted["repeated"] == 0
        assert (
            0.0 < counted["age_ms"]["p50"] <= counted["age_ms"]["p99"] <= counted["age_ms"]["max"]
        )


# --- a session -------------------------------------------------------------------------------------


class Keeper:
    def __init__(self) -> None:
        self.stances: list[Any] = []

    def stance(self, stance: Any, told: Any) -> None:
        self.stances.append(stance)

    def close(self) -> None:
        pass


def walking(folder: Path, described: StreamInfo, values: np.ndarray, kept: list[int]) -> Any:
    """An outlet of the walker that never stops, with these of its channels."""
    path = folder / f"{described.role.value}.npy"
    if not path.exists():
        np.save(path, values)
    channels = tuple(described.channels[i] for i in kept)
    return outlet(
        replace(described, name=f"walker {described.role.value}", type=TYPES[described.role], channels=channels),
        codes=kept,
        table=str(path),
    )  # fmt: skip


def twice(recording: Recording, n: int) -> Recording:
    """What the outlets send: `n` marker frames and ten times as many force samples, again and again."""

    def again(stream: RecordedStream, n: int, rate_hz: float) -> RecordedStream:
        values = np.tile(stream.values[:n], (2, 1))
        return RecordedStream(stream.info, np.arange(2 * n) / rate_hz, values)

    assert recording.forces is not None
    return replace(
        recording,
        markers=again(recording.markers, n, 100.0),
        forces=again(recording.forces, 10 * n, 1000.0),
    )


def stances_of(recording: Recording) -> list[Any]:
    view = SessionView()
    view.control.start()
    session = Session(FileSource(recording, 0.25), walkers.lab(), walkers.subject(), view)
    session.open()
    return session.run().stances


@pytest.mark.slow
def test_a_session_refuses_a_marker_that_is_missing_and_goes_on_when_it_is_back(
    fleet: Fleet, table: Table, tmp_path: Path
) -> None:
    recording = walkers.trial().recording
    markers, forces = recording.markers, recording.forces
    assert forces is not None
    n = min(len(markers.values), len(forces.values) // 10)
    everything = list(range(len(markers.info.channels)))
    needed = walkers.subject().needed()[0]
    without = [i for i in everything if markers.info.channels[i].target != needed]
    assert len(without) == len(everything) - 3

    def publish(kept: list[int]) -> Publisher:
        return fleet.publish(walking(tmp_path, markers.info, markers.values[:n], kept))

    fleet.publish(
        walking(tmp_path, forces.info, forces.values[: 10 * n], list(range(len(forces.info.channels))))
    )  # fmt: skip
    first = publish(everything)
    queries = (StreamQuery("Mocap", "walker markers"), StreamQuery("Force", "walker forces"))
    view, keeper = SessionView(), Keeper()
    session = Session(
        LslSource(*queries, resolve_timeout_s=WAIT_S),
        walkers.lab(), walkers.subject(), view, now=LslClock().now,
    )  # fmt: skip
    session.open()
    session.keep([keeper])
    view.control.start()
    thread = threading.Thread(target=session.run)
    thread.start()

    def lamp() -> StreamHealth:
        streams = view.status.read()[1].streams
        found = [health for health in streams if health.role is Role.MARKERS]
        return found[0] if found else StreamHealth(Role.MARKERS, "", LampState.ABSENT)

    def valid() -> list[Any]:
        return [stance for stance in keeper.stances if stance.valid]

    try:
        until(lambda: len({s.side for s in valid()}) == 2, lambda: f"{keeper.stances} {lamp()}")
        killed_s = first.kill()
        until(lambda: lamp().state is LOST, lambda: str(lamp()))
        lost_s = LslClock().now()
        second = publish(without)
        until(lambda: "is not used" in lamp().message, lambda: str(lamp()))
        assert lamp().state is LOST
        assert f"no marker {needed}" in lamp().message
        before = len(keeper.stances)
        second.kill()
        third = publish(everything[::-1])
        until(lambda: lamp().state is OK, lambda: str(lamp()))
        good_s = LslClock().now()
        n_before = len(valid())
        until(
            lambda: {s.side for s in valid()[n_before + 2 :]} == {*{s.side for s in valid()}},
            lambda: f"{keeper.stances[before:]} {lamp()}",
        )
        found = valid()
    finally:
        view.control.stop()
        thread.join(30.0)
    assert not thread.is_alive()
    # With channels swapped the moment would be another; strides differ by some per cent.
    right = stances_of(twice(recording, n))
    for stance in found:
        known = [s.ekam_peak1_nm_per_kg for s in right if s.side is stance.side]
        assert np.abs(np.array(known) / stance.ekam_peak1_nm_per_kg - 1.0).min() < 1e-3
    table.add(
        "a needed marker missing, then all reversed", lost_s - killed_s, good_s - third.up_s, [LOST, OK]
    )  # fmt: skip
