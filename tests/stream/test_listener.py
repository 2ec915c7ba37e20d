"""Streams found and received all the time, through their publishers' end and return, on loopback."""

import threading
import time

import pytest
from walkers import LAB_PATH, STATIC_PATH

from stream.clock import LslClock
from stream.errors import EkamError
from stream.lab import read_lab
from stream.listener import Listener, Wanted
from stream.lookout import Lookout, pick, query_of
from stream.lsl import LslSource
from stream.lsl_find import StreamQuery
from stream.readers import read_recording
from stream.replay import replay
from stream.source import Role

pytestmark = pytest.mark.lsl

WAIT_S = 30.0


class Publisher:
    """A replay in a thread."""

    def __init__(self):
        self._stop = threading.Event()
        recording = read_recording(STATIC_PATH, read_lab(LAB_PATH).lab)
        self._thread = threading.Thread(
            target=lambda: replay(recording, LslClock(), stop=self._stop, loop=True), daemon=True
        )
        self._thread.start()

    def end(self):
        self._stop.set()
        self._thread.join(10.0)


def until(true):
    end_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def source(wanted):
    return LslSource(
        wanted.markers, wanted.forces, allow_replay=wanted.allow_replay, resolve_timeout_s=3.0
    )


def test_found_received_recorded_lost_and_received_again():
    publisher, lookout, listener = Publisher(), Lookout(), Listener(source)
    lookout.start()
    listener.start()
    try:
        until(lambda: len(lookout.found) == 2)
        refused = pick(Role.MARKERS, lookout.found, allow_replay=False)
        assert refused.stream is None
        assert "not admitted" in refused.why
        queries = {}
        for role in Role:
            chosen = pick(role, lookout.found, allow_replay=True)
            assert chosen.stream is not None
            queries[role] = query_of(chosen.stream, lookout.found)
        assert queries[Role.MARKERS] == {
            "type": "Mocap"
        }  # nothing more is needed to tell them apart
        wanted = Wanted(*(StreamQuery(**queries[role]) for role in Role), allow_replay=True)
        assert listener.seen(1.0) is None
        listener.want(wanted)
        until(lambda: listener.infos and len(listener.seen(1.0).markers.values) > 50)
        assert listener.fault == ""
        listener.record()
        until(lambda: listener.recorded_s() > 1.0)
        infos, chunks = listener.take()
        assert infos[Role.MARKERS].name == "synthetic_static"
        assert sum(len(chunk.stamps_s) for chunk in chunks[Role.FORCES]) > 900
        seen = listener.seen(0.5)
        assert 0.3 < seen.markers.span_s < 0.7

        listener.record()
        publisher.end()
        until(lambda: not listener.infos)
        assert listener.fault
        with pytest.raises(EkamError, match="record again"):
            listener.take()
        until(lambda: not lookout.found)
        assert (
            "start the capture software" in pick(Role.MARKERS, lookout.found, allow_replay=True).why
        )

        publisher = Publisher()
        until(lambda: len(listener.infos) == 2)
        listener.want(None)
        until(lambda: not listener.infos)
    finally:
        listener.stop()
        lookout.stop()
        publisher.end()
