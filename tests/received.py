"""A session as it runs live, on chunks given beforehand, recorded as a live one is; no network, no waiting."""

from dataclasses import replace

import numpy as np
import walkers

from stream.faults import injector, parse
from stream.lab import read_lab
from stream.pieces import pieces
from stream.recorder import Recorder
from stream.results import keep_inputs
from stream.session import Session
from stream.source import Chunk, LampState, Role, StreamHealth
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import StancesCsv

CLOCK_S = 1000.0
"""LSL local clock at the first sample."""


class Received:
    """A source that hands on chunks as they arrived, and is stopped behind the last one."""

    def __init__(self, infos, chunks, view, ends=True, asks=()):
        self.infos, self.chunks, self.view, self.ends, self.given = infos, chunks, view, ends, 0
        self.asks = list(asks)
        self.lamps = {role: [] for role in Role}

    def open(self):
        return self.infos

    def pull(self, timeout_s):
        chunk = self.chunks[self.given]
        while self.asks and self.asks[0][0] <= self.now():
            self.view.control.requests.append(self.asks.pop(0)[1])
        self.given += 1
        if self.given == len(self.chunks) and not self.ends:
            self.view.control.stop()
        return [chunk]

    @property
    def ended(self):
        return self.ends and self.given == len(self.chunks)

    def health(self):
        return tuple(StreamHealth(role, "s", LampState.OK) for role in Role)

    def close(self):
        pass

    def now(self):
        """Arrival of the newest chunk."""
        return float(np.max(self.chunks[max(self.given - 1, 0)].t_arrival_s))


def chunks_of(recording, *, cut_s=0.02, lag_s=0.003, stamp_s=None, offset_s=None, info=None):
    """Chunks of both streams in the order of their arrival.

    stamp_s, offset_s, info : function of role and time of a chunk's first sample: what is added to its
    stamps, its clock offset, who sent it. lag_s: of arrivals, or a function of role and time likewise.
    """
    made = []
    for stream in recording.streams():
        role, n = stream.info.role, max(1, round(cut_s * stream.info.nominal_rate_hz))
        for first in range(0, len(stream.stamps_s), n):
            true_s, t_s = stream.stamps_s[first : first + n], float(stream.stamps_s[first])
            lag = lag_s(role, t_s) if callable(lag_s) else lag_s
            made.append(
                Chunk(
                    role,
                    true_s + CLOCK_S + (stamp_s(role, t_s) if stamp_s else 0.0),
                    stream.values[first : first + n],
                    float(true_s[-1]) + CLOCK_S + lag,
                    offset_s(role, t_s) if offset_s else 0.0,
                    info(role, t_s) if info else None,
                )
            )
    return sorted(made, key=lambda chunk: chunk.t_arrival_s)


def infos_of(recording):
    return {stream.info.role: stream.info for stream in recording.streams()}


def run(
    chunks,
    folder=None,
    *,
    ends=True,
    infos=None,
    seen=False,
    feedback="",
    asks=(),
    live=False,
    protocol=None,
):
    """The session when it is over, and every status that it told; recorded where there is a folder.

    seen : a walker looks at the picture. asks : (time, request) of an operator, in order of time.
    """
    view = SessionView()
    view.control.start()
    if seen:
        view.walker_sees.set()
    told = []
    publish = view.status.publish
    view.status.publish = lambda status: (told.append(status), publish(status))[1]
    source = Received(infos or infos_of(walkers.trial().recording), chunks, view, ends, asks)
    lab, subject = read_lab(walkers.LAB_PATH), read_subject(walkers.SUBJECT_PATH)
    session = Session(
        source,
        lab.lab,
        subject.subject,
        view,
        now=source.now,
        target=lab.lab.target(feedback) if protocol is None else None,
        live=live,
        protocol=protocol,
    )
    session.open()
    if folder is None:
        session.run()
        return session, told
    keep_inputs(folder, lab, subject)
    if protocol is not None:
        protocol.keep(folder)
    recorder = Recorder(folder / "raw.xdf", session.outcome.infos)
    session.keep([StancesCsv(folder, sync=False)], recorder)
    session.run()
    recorder.close()
    assert not recorder.fault
    return session, told


def lamps(told, role):
    """(state, message) of a stream, each once in a row."""
    seen = [(h.state, h.message) for status in told for h in status.streams if h.role is role]
    return [each for i, each in enumerate(seen) if i == 0 or each != seen[i - 1]]


def with_values(recording, role, values):
    """The recording with other samples in one of its streams."""
    name = role.value
    return replace(recording, **{name: replace(getattr(recording, name), values=values)})


def with_faults(recording, *faults, seed=1, lag_s=0.003):
    """Chunks of a replay of the recording with these faults (`stream.faults`), as an inlet hands them on."""
    infos = infos_of(recording)
    made, rng = pieces(recording, loop=False), np.random.default_rng(seed)
    for fault in faults:
        made = injector(parse(fault), infos, rng)(made)
    order = {role: np.arange(len(info.channels)) for role, info in infos.items()}
    sender = dict.fromkeys(Role)
    chunks = []
    for piece in made:
        role = piece.role
        if piece.info is not None:
            order[role], sender[role] = np.arange(len(piece.info.channels)), piece.info
        elif piece.shuffle:
            order[role] = np.random.default_rng(piece.shuffle).permutation(order[role])
            channels = tuple(infos[role].channels[i] for i in order[role])
            sender[role] = replace(infos[role], channels=channels)
        elif piece.send:
            values = np.ascontiguousarray(piece.values[:, order[role]])
            chunks.append(
                Chunk(role, CLOCK_S + piece.stamps_s, values, CLOCK_S + piece.due_s + lag_s, 0.0, sender[role])
            )  # fmt: skip
    return chunks
