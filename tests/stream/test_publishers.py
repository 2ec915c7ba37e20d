"""Every publisher's shape gives the stances of the plain file; run as a program, this file sends them all."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import publisher_shapes as shapes
import pytest
import walkers

from stream.errors import EkamError
from stream.file_source import FileSource
from stream.lsl import LslSource
from stream.lsl_config import use_loopback
from stream.publishers import FORCE_PUBLISHERS, MARKER_PUBLISHERS
from stream.recording import RecordedStream, Recording
from stream.session import Session
from stream.source import Role
from stream.status import SessionView

TABLE = Path(__file__).parents[2] / "stream" / "publishers.md"
each_shape = pytest.mark.parametrize("shape", shapes.SHAPES, ids=lambda shape: shape.publisher)


def stances(recording, lab):
    view = SessionView()
    view.control.start()
    made = Session(FileSource(recording), lab, walkers.subject(), view)
    made.open()
    return made.run().stances


@pytest.fixture(scope="module")
def plain():
    """The plain file, in which lost markers cost some stances."""
    found = stances(shapes.walk(), walkers.lab())
    assert sum(s.valid for s in found) > 8
    assert {reason for s in found for reason in s.reasons} == {"marker_gap"}
    return found


@each_shape
def test_a_shape_gives_the_stances_of_the_plain_file(shape, plain):
    """Bit for bit where the conversion is exact, else within the bound that the shape states."""
    got = stances(shape.recording(), shape.lab())
    assert [(s.side, s.reasons) for s in got] == [(s.side, s.reasons) for s in plain]
    bounds = {
        "t_on_s": 0.001 * (shape.bound > 0.0),  # a sample of the plates
        "t_off_s": 0.001 * (shape.bound > 0.0),
        "ekam_peak1_nm_per_kg": shape.bound,
        "ekam_peak2_nm_per_kg": shape.bound,
        "fz_peak_bw": min(shape.bound, shapes.FLOAT32),
    }
    for what, bound in bounds.items():
        a, b = (np.array([getattr(s, what) for s in found]) for found in (got, plain))
        np.testing.assert_allclose(a, b, rtol=0.0, atol=bound, err_msg=what)


def test_the_bounds_are_not_idle(plain):
    """Some shape is exact, and some is not."""
    assert {shape.bound == 0.0 for shape in shapes.SHAPES} == {True, False}
    rounded = next(shape for shape in shapes.SHAPES if shape.publisher == "qualisys")
    got = stances(rounded.recording(), rounded.lab())
    assert any(
        a.ekam_peak1_nm != b.ekam_peak1_nm for a, b in zip(got, plain, strict=True) if a.valid
    )


@each_shape
def test_the_table_says_what_the_lab_file_of_a_shape_says(shape):
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    row = next(line for line in rows if line.lower().startswith(f"| {shape.publisher}"))
    for line in (*shape.lab_markers, *shape.lab_forces):
        assert f"`{line}`" in row


def test_every_known_publisher_has_its_row_and_its_test():
    tested = {shape.publisher for shape in shapes.SHAPES}
    assert {*MARKER_PUBLISHERS, *FORCE_PUBLISHERS} <= tested


class Found:
    """A stream on the network, as far as a query looks at it."""

    def __init__(self, sent):
        self.sent = sent

    def type(self):
        return self.sent.type

    def name(self):
        return self.sent.name

    def source_id(self):
        return self.sent.source_id

    def hostname(self):
        return "host"


@each_shape
def test_the_query_of_a_publisher_finds_its_stream(shape):
    for role, query in zip(Role, shape.lab().queries(), strict=True):
        assert query.admits(Found(shape.sent(role)))
        assert not query.admits(Found(replace(shape.sent(role), type="EEG")))


# --- faults ----------------------------------------------------------------------------------------


def shape_of(publisher):
    return next(shape for shape in shapes.SHAPES if shape.publisher == publisher)


@pytest.mark.parametrize(
    ("publisher", "said", "looks"),
    [
        ("qualisys", "mm", "m"),
        ("vicon", "m", "mm"),
        ("shadow", "m", "cm"),
        ("home-made", "cm", "mm"),
    ],
)
def test_a_wrong_unit_is_refused_by_the_size_of_the_body(publisher, said, looks):
    shape = shape_of(publisher)
    lab = shape.lab()
    lab = lab.model_copy(update={"markers": lab.markers.model_copy(update={"unit": said})})
    with pytest.raises(EkamError, match=f'look like {looks}: set unit = "{looks}"'):
        stances(shape.recording(), lab)


def test_a_publisher_that_says_the_wrong_unit_is_refused():
    vicon = shape_of("vicon").sent(Role.MARKERS)
    lying = replace(
        vicon, channels=[{**c, "unit": c["unit"].replace("mm", "m")} for c in vicon.channels]
    )
    recording = Recording(Path("x"), lying.stream(Role.MARKERS), shapes.walk().forces)
    with pytest.raises(EkamError, match="the stream declares 'm', the numbers look like mm"):
        stances(recording, shape_of("vicon").lab())


def test_a_stream_without_labels_or_rate_is_refused_with_the_cure():
    bare = replace(shape_of("shadow").sent(Role.MARKERS), channels=[])
    recording = Recording(Path("x"), bare.stream(Role.MARKERS), shapes.walk().forces)
    with pytest.raises(EkamError, match="names none of its .* channels: let its publisher send"):
        stances(recording, shape_of("shadow").lab())
    shape = shape_of("qualisys")
    lab = shape.lab()
    lab = lab.model_copy(update={"markers": lab.markers.model_copy(update={"rate_hz": None})})
    with pytest.raises(
        EkamError, match=r"set rate_hz under \[markers\] .*`ekam check` measures it"
    ):
        stances(shape.recording(), lab)


def test_a_lost_marker_that_is_repeated_costs_what_a_missing_one_does(plain):
    """Without a word from the publisher: the engine sees that the last position is held."""
    markers = shapes.walk().markers
    values = markers.values.copy()
    for column in values.T:
        for i in np.flatnonzero(np.isnan(column)):
            column[i] = column[i - 1]
    assert np.isfinite(values).all()
    held = Recording(Path("x"), replace(markers, values=values), shapes.walk().forces)
    got = stances(held, walkers.lab())
    assert [(s.side, s.reasons) for s in got] == [(s.side, s.reasons) for s in plain]
    np.testing.assert_array_equal([s.ekam_peak1_nm for s in got], [s.ekam_peak1_nm for s in plain])


def test_swapped_plates_of_a_publisher_are_told():
    shape = replace(shape_of("amti"), plates=tuple(reversed(shape_of("amti").plates)))
    view = SessionView()
    view.control.start()
    made = Session(FileSource(shape.recording()), shape.lab(), walkers.subject(), view)
    made.open()
    assert not any(stance.valid for stance in made.run().stances)
    assert "the load of the left plate lies under the right foot" in view.status.read()[1].message


# --- over LSL --------------------------------------------------------------------------------------


def publish() -> None:
    """All shapes at once; each is sent as a whole when its consumer is there."""
    import pylsl

    use_loopback()
    timer = threading.Timer(150.0, os._exit, (1,))  # never outlive the tests
    timer.daemon = True
    timer.start()
    waiting = []
    for shape in shapes.SHAPES:
        outlets = []
        for role in Role:
            sent = shape.sent(role)
            info = pylsl.StreamInfo(
                sent.name,
                sent.type,
                len(sent.columns),
                sent.rate_hz,
                sent.number_format,
                sent.source_id,
            )
            _copy(sent.description(), info.desc())
            plain = shapes.walk().markers if role is Role.MARKERS else shapes.walk().forces
            outlets.append((pylsl.StreamOutlet(info), sent.values(), plain.stamps_s))
        waiting.append(outlets)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    kept = list(waiting)
    base_s = round(pylsl.local_clock(), 6)
    while waiting:
        for outlets in list(waiting):
            if all(outlet.have_consumers() for outlet, _, _ in outlets):
                time.sleep(0.3)  # a consumer opens its inlets one by one
                for outlet, values, stamps_s in outlets:
                    for i in range(0, len(values), 100):
                        part = slice(i, i + 100)
                        outlet.push_chunk(values[part], (base_s + stamps_s[part]).tolist())
                waiting.remove(outlets)
        time.sleep(0.05)
    sys.stdin.read()  # destroying an outlet throws away what has not been fetched
    del kept


def _copy(element, target) -> None:
    for child in element:
        if len(child):
            _copy(child, target.append_child(child.tag))
        else:
            target.append_child_value(child.tag, child.text or "")


def received(shape) -> Recording:
    """What a consumer gets of one shape."""
    queries = [
        replace(query, source_id=shape.sent(role).source_id)  # all shapes are there at once
        for role, query in zip(Role, shape.lab().queries(), strict=True)
    ]
    source = LslSource(*queries, resolve_timeout_s=60.0)
    infos = source.open()
    parts = {role: ([], []) for role in Role}
    wanted = {
        role: len(stream.stamps_s)
        for role, stream in zip(Role, shapes.walk().streams(), strict=True)
    }
    deadline = time.monotonic() + 60.0
    try:
        while time.monotonic() < deadline:
            for chunk in source.pull(0.2):
                parts[chunk.role][0].append(chunk.stamps_s)
                parts[chunk.role][1].append(chunk.values)
            if all(sum(map(len, stamps)) >= wanted[role] for role, (stamps, _) in parts.items()):
                break
    finally:
        source.close()
    streams = [
        RecordedStream(infos[role], np.concatenate(stamps), np.concatenate(values))
        for role, (stamps, values) in parts.items()
    ]
    return Recording(Path(shape.publisher), *streams)


@pytest.mark.slow
@pytest.mark.lsl
def test_every_shape_over_lsl_gives_the_same_stances():
    """One publisher process, one consumer: header, values and stances as without a network."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            with ThreadPoolExecutor(4) as pool:
                arrived = list(pool.map(received, shapes.SHAPES))
        finally:
            process.kill()
    for shape, got in zip(shapes.SHAPES, arrived, strict=True):
        expected = shape.recording()
        for a, b in zip(got.streams(), expected.streams(), strict=True):
            assert a.info.channels == b.info.channels
            assert a.info.plates == b.info.plates
            assert a.info.nominal_rate_hz == b.info.nominal_rate_hz
            np.testing.assert_array_equal(a.values, b.values)
        there = [(s.side, s.reasons, s.t_on_s, s.ekam_peak1_nm) for s in stances(got, shape.lab())]
        here = [
            (s.side, s.reasons, s.t_on_s, s.ekam_peak1_nm) for s in stances(expected, shape.lab())
        ]
        assert str(there) == str(here)  # NaN equals NaN


if __name__ == "__main__":
    publish()
