"""Live sessions in which something is wrong with the time or the content of a stream; each verifies itself."""

import threading
import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import received
import walkers
from received import chunks_of, infos_of, lamps, run, with_faults, with_values

from compute import Side
from stream.clock import LslClock
from stream.errors import EkamError
from stream.faults import parse
from stream.pieces import pieces
from stream.recorder import Recorder
from stream.replay import replay
from stream.source import LampState, Role
from stream.tables import STANCE_COLUMNS
from stream.verify import verify
from stream.xdf_file import read_xdf

M, F = Role.MARKERS, Role.FORCES


@pytest.fixture(scope="module")
def clean():
    return run(chunks_of(walkers.trial().recording))[0].outcome.stances


def valid(session):
    return [stance for stance in session.outcome.stances if stance.valid]


def test_a_session_repeats_itself(clean, tmp_path):
    session, told = run(chunks_of(walkers.trial().recording), tmp_path)
    assert [s.ekam_peak1_nm for s in session.outcome.stances] == [s.ekam_peak1_nm for s in clean]
    assert all(stance.valid for stance in clean)
    assert lamps(told, M)[-1] == (LampState.OK, "")
    assert verify(tmp_path).difference == ""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("off_s", [1.7e9, 1e5, -1e5])
def test_a_stream_on_another_clock_is_told_and_not_used(tmp_path, role, off_s):
    """A publisher that stamps with the time of day: neither a wait without end nor a silent one."""
    recording = walkers.trial().recording
    chunks = chunks_of(recording, stamp_s=lambda which, _: off_s * (which is role))
    session, told = run(chunks, tmp_path, ends=False)
    assert session.outcome.stances == []
    state, message = lamps(told, role)[-1]
    assert state is LampState.DEGRADED
    assert "let its publisher stamp with LSL's clock" in message
    assert session.outcome.dropped[role] == len(recording.streams()[role is F].stamps_s)


@pytest.mark.parametrize("offset_s", [-3.0, -0.3, -0.05, 0.02])
@pytest.mark.parametrize("at_s", [2.6, 3.51, 4.9])
def test_a_clock_comparison_that_changes_rejects_the_same_stances_again(tmp_path, offset_s, at_s):
    session, _ = run(
        chunks_of(
            walkers.trial().recording, cut_s=0.01,
            offset_s=lambda role, t_s: offset_s if role is M and t_s >= at_s else 0.0,
        ),
        tmp_path,
    )  # fmt: skip
    assert verify(tmp_path).difference == ""
    assert not {"clock_jump"}.isdisjoint(r for s in session.outcome.stances for r in s.reasons)


@pytest.mark.parametrize("off_s", [0.02, 0.1, -0.02])
def test_a_publisher_that_comes_back_with_other_stamps_scores_nothing(off_s):
    """It was 3 ms late; now its samples come before they were taken, or another 20 ms late."""
    recording = walkers.trial(14).recording
    back = replace(recording.markers.info, source_id="again")
    session, told = run(
        chunks_of(
            recording,
            stamp_s=lambda role, t_s: off_s if role is M and t_s >= 6.0 else 0.0,
            info=lambda role, t_s: back if role is M and t_s >= 6.0 else None,
        )
    )
    before = [s for s in session.outcome.stances if s.t_decide_s < 5.9]
    after = [s for s in session.outcome.stances if s.t_on_s > (6.5 if off_s > 0 else 8.5)]
    assert all(s.valid for s in before)
    assert after
    assert all("clock_jump" in s.reasons for s in after)
    assert "begin a new session" in lamps(told, M)[-1][1]


def test_a_publisher_that_comes_back_with_the_same_stamps_goes_on():
    recording = walkers.trial(14).recording
    back = replace(recording.markers.info, source_id="again")
    session, told = run(
        chunks_of(recording, info=lambda role, t_s: back if role is M and t_s >= 6.0 else None)
    )
    assert all(stance.valid for stance in session.outcome.stances)
    assert lamps(told, M)[-1] == (LampState.OK, "")


def test_what_stays_late_stays_rejected():
    recording = walkers.trial(84).recording
    session, _ = run(chunks_of(recording, lag_s=lambda _, t_s: 4.0 if t_s >= 10.0 else 0.003))
    late = [s for s in session.outcome.stances if s.t_on_s > 11.0]
    assert late[-1].t_on_s > 90.0
    assert all("late_data" in s.reasons for s in late)
    assert all(s.valid for s in session.outcome.stances if s.t_decide_s < 9.5)


def test_late_from_the_beginning_is_late():
    session, told = run(chunks_of(walkers.trial().recording, lag_s=4.0))
    judged = [s for s in session.outcome.stances if s.t_on_s > 2.5]
    assert judged
    assert all("late_data" in s.reasons for s in judged)
    assert "late at best" in lamps(told, M)[-1][1]


@pytest.mark.parametrize("extra_s", [0.0, 0.01, 0.03, 0.06])
def test_stop_scores_what_was_held(clean, tmp_path, extra_s):
    """Stamps made on arrival are held for a while: what is recorded is scored all the same."""
    rng = np.random.default_rng(3)
    chunks = [
        replace(each, stamps_s=each.stamps_s + rng.exponential(0.003))
        for each in chunks_of(walkers.trial().recording, cut_s=0.001)
    ]
    end_s = clean[5].t_decide_s + extra_s + 1000.0
    chunks = [chunk for chunk in chunks if chunk.t_arrival_s - 0.003 <= end_s]
    run(chunks, tmp_path, ends=False)
    assert verify(tmp_path).difference == ""


def with_rate(recording, rate_hz):
    """The markers sampled anew; the stream declares no rate."""
    stream = recording.markers
    info = replace(stream.info, nominal_rate_hz=0.0, source_id="again")
    stamps_s = np.arange(0.0, stream.stamps_s[-1], 1.0 / rate_hz)
    rows = np.minimum(np.searchsorted(stream.stamps_s, stamps_s), len(stream.stamps_s) - 1)
    return replace(stream, info=info, stamps_s=stamps_s, values=stream.values[rows])


@pytest.mark.parametrize("rate_hz", [50.0, 125.0])
def test_a_publisher_that_comes_back_at_another_rate_is_refused(monkeypatch, rate_hz):
    recording = walkers.trial(14).recording
    other = replace(recording, markers=with_rate(recording, rate_hz))
    first = chunks_of(recording)
    second = chunks_of(other, info=lambda role, _: other.markers.info if role is M else None)
    chunks = [c for c in first if c.t_arrival_s < 1007.0 or c.role is F]
    chunks += [c for c in second if c.t_arrival_s >= 1007.0 and c.role is M]
    lab = walkers.lab()
    told_hz = lab.model_copy(update={"markers": lab.markers.model_copy(update={"rate_hz": 100.0})})
    monkeypatch.setattr("received.read_lab", lambda path: type("L", (), {"lab": told_hz})())
    session, told = run(sorted(chunks, key=lambda c: c.t_arrival_s))
    assert all(s.t_decide_s < 9.6 for s in session.outcome.stances)
    assert f"delivers {rate_hz:g} samples per second, not the 100" in session.outcome.fault
    assert lamps(told, M)[-1][0] is LampState.LOST


def test_a_pause_in_the_first_seconds_is_no_other_rate():
    recording = walkers.trial().recording
    chunks = [
        replace(each, stamps_s=np.full_like(each.stamps_s, each.stamps_s[-1]))
        for each in chunks_of(recording, cut_s=0.01)
        if not (each.role is F and 1001.5 <= each.stamps_s[0] < 1001.65)
    ]
    session, _ = run(chunks)
    assert session.outcome.fault == ""
    assert valid(session)


@pytest.mark.parametrize("first", [np.nan, np.inf, -np.inf, 1e9])
def test_a_bad_first_stamp_costs_that_sample(tmp_path, first):
    chunks = chunks_of(walkers.trial().recording, cut_s=0.01)
    for role in Role:
        i = next(i for i, chunk in enumerate(chunks) if chunk.role is role)
        stamps_s = chunks[i].stamps_s.copy()
        stamps_s[0] = first
        chunks[i] = replace(chunks[i], stamps_s=stamps_s)
    session, _ = run(chunks, tmp_path)
    assert len(valid(session)) >= 12
    assert session.outcome.dropped == {M: 1, F: 1}
    assert verify(tmp_path).difference == ""


def test_forces_do_not_pile_up_before_the_first_marker():
    recording = walkers.trial(14).recording
    chunks = [c for c in chunks_of(recording) if c.role is F or c.stamps_s[0] >= 1012.0]
    session, _ = run(chunks)
    assert session.outcome.dropped[F] == pytest.approx(7000, abs=300)
    assert valid(session)


@pytest.mark.parametrize(
    ("role", "spoil", "said"),
    [
        (M, lambda rows: np.full_like(rows, np.nan), "no marker that is needed is seen"),
        (M, lambda rows: np.zeros_like(rows), "no marker that is needed is seen"),
        (M, lambda rows: np.broadcast_to(rows[:1], rows.shape), "the same frame is sent again and"),
        (F, lambda rows: np.full_like(rows, np.nan), "the plates send no numbers"),
        (F, lambda rows: np.broadcast_to(rows[:1], rows.shape), "the same sample is sent again and"),
    ],
)  # fmt: skip
def test_a_stream_without_content_is_told_within_a_second(role, spoil, said):
    recording = walkers.trial().recording
    stream = recording.streams()[role is F]
    first = int(np.searchsorted(stream.stamps_s, 3.0))
    values = stream.values.copy()
    values[first:] = spoil(stream.values[first:])
    session, told = run(chunks_of(with_values(recording, role, values)))
    when = [
        s.elapsed_s for s in told if any(h.role is role and said in h.message for h in s.streams)
    ]
    assert when
    assert when[0] < 4.0
    assert not [s for s in valid(session) if s.t_on_s > 3.0 and s.side in Side]


def test_who_watches_content_is_content_with_walking():
    _, told = run(chunks_of(walkers.trial().recording))
    for role in Role:
        assert lamps(told, role) == [(LampState.OK, "")]


def test_infos_are_those_of_the_recording():
    assert set(infos_of(walkers.trial().recording)) == set(Role)


def test_what_is_left_of_a_session_that_broke_off_repeats_itself(tmp_path, monkeypatch):
    small = partial(Recorder, drain_s=0.002)  # the session runs faster than time goes
    monkeypatch.setattr("received.Recorder", small)
    recording = walkers.trial().recording
    session, _ = run(with_faults(recording, "drop:share=0.001"), tmp_path)
    data, lines = (tmp_path / "raw.xdf").read_bytes(), len(session.outcome.stances)
    table = (tmp_path / "stances.csv").read_text()
    compared = set()
    for share in np.linspace(0.3, 1.0, 30):
        (tmp_path / "raw.xdf").write_bytes(data[: int(share * len(data))])
        (tmp_path / "stances.csv").write_text(table + "99,left,3")  # a line that was begun
        found = verify(tmp_path)
        assert found.difference == ""
        assert found.stances + found.beyond == lines
        compared.add(found.stances)
    assert len(compared) > 5
    assert max(compared) == lines


def test_a_table_that_was_changed_is_told_by_its_first_difference(tmp_path):
    run(chunks_of(walkers.trial().recording), tmp_path)
    table = (tmp_path / "stances.csv").read_text().splitlines(keepends=True)
    cells = table[3].split(",")
    value = cells[STANCE_COLUMNS.index("ekam_peak1_nm")]
    other = repr(float(np.nextafter(float(value), 99.0)))
    cells[STANCE_COLUMNS.index("ekam_peak1_nm")] = other
    (tmp_path / "stances.csv").write_text("".join([*table[:3], ",".join(cells), *table[4:]]))
    assert verify(tmp_path).difference == f"stance 3: ekam_peak1_nm was {other} and is now {value}"
    (tmp_path / "stances.csv").write_text("".join(table[:-1]))
    n = len(table) - 1
    assert verify(tmp_path).difference == f"there were {n - 1} stances and there are {n} now"


@pytest.mark.parametrize(
    "faults", [(), ("restart:at=2,for=1", "lag:at=5.5,for=1"), ("jitter", "freeze:at=4,for=0.6")]
)
def test_a_recorded_session_is_replayed_as_it_came(tmp_path, faults):
    """Late data is late again, and a publisher that came back with other channels comes back."""
    recording = walkers.trial().recording
    session, _ = run(with_faults(recording, *faults), tmp_path)
    raw = read_xdf(tmp_path / "raw.xdf", walkers.lab())
    again, _ = run(with_faults(raw, lag_s=0.0), infos=infos_of(raw))
    assert [s.reasons for s in again.outcome.stances] == [
        s.reasons for s in session.outcome.stances
    ]
    for one, other in zip(session.outcome.stances, again.outcome.stances, strict=True):
        assert other.t_on_s == pytest.approx(one.t_on_s, abs=1e-6)
        assert other.ekam_peak1_nm == pytest.approx(one.ekam_peak1_nm, rel=1e-6, nan_ok=True)
    if "restart:at=2,for=1" in faults:
        assert "late_data" in {reason for s in again.outcome.stances for reason in s.reasons}
        with pytest.raises(EkamError, match="leave out --fault"):
            replay(raw, LslClock(), stop=threading.Event(), faults=[parse("drop")])


def test_a_publisher_that_came_back_before_the_session_began_is_its_first(tmp_path):
    recording = walkers.trial().recording
    again = replace(recording.markers.info, source_id="again")
    session, _ = run(
        chunks_of(recording, info=lambda role, _: again if role is M else None), tmp_path
    )
    found = verify(tmp_path)
    assert (found.stances, found.difference) == (len(session.outcome.stances), "")
    assert found.stances > 10


@pytest.mark.parametrize("late_s", [3.5, 5.03, 8.0])
def test_forces_from_long_before_the_first_marker_are_left_out_alike(tmp_path, late_s):
    recording = walkers.trial(14).recording
    chunks = [
        c
        for c in chunks_of(recording, cut_s=0.01)
        if c.role is F or c.stamps_s[0] >= 1000.0 + late_s
    ]
    session, _ = run(chunks, tmp_path)
    assert len(session.outcome.stances) > 20
    assert verify(tmp_path).difference == ""
    assert abs(session.outcome.dropped[F] - max(0.0, late_s - 5.0) * 1000.0) <= 10


@pytest.mark.parametrize("rate_hz", [50.0, 125.0])
@pytest.mark.parametrize("at_s", [4.0, 6.6])
def test_a_publisher_with_another_rate_than_the_last_is_left_at_the_same_sample(
    tmp_path, monkeypatch, rate_hz, at_s
):
    """It says no rate, and the lab file says 100 Hz: it is found out by its first two seconds."""
    recording = walkers.trial(14).recording
    info = replace(recording.markers.info, nominal_rate_hz=0.0, source_id="again")
    stamps_s = np.arange(0.0, recording.markers.stamps_s[-1], 1.0 / rate_hz)
    rows = np.minimum(
        np.searchsorted(recording.markers.stamps_s, stamps_s), len(recording.markers.stamps_s) - 1
    )
    other = replace(
        recording,
        markers=replace(
            recording.markers, info=info, stamps_s=stamps_s, values=recording.markers.values[rows]
        ),
    )
    second = chunks_of(other, cut_s=0.01, info=lambda role, _: info if role is M else None)
    chunks = [
        c for c in chunks_of(recording, cut_s=0.01) if c.role is F or c.t_arrival_s < 1000.0 + at_s
    ]
    chunks += [c for c in second if c.role is M and c.t_arrival_s >= 1000.0 + at_s]
    lab = walkers.lab()
    declared = lab.model_copy(update={"markers": lab.markers.model_copy(update={"rate_hz": 100.0})})
    text = walkers.LAB_PATH.read_text()
    for module in ("received", "stream.verify"):
        monkeypatch.setattr(
            f"{module}.read_lab", lambda path: SimpleNamespace(lab=declared, text=text, sha256="")
        )
    session, _ = run(sorted(chunks, key=lambda chunk: chunk.t_arrival_s), tmp_path)
    assert f"delivers {rate_hz:g} samples per second" in session.outcome.fault
    assert len(session.outcome.stances) > 5
    assert verify(tmp_path).difference == ""


@pytest.mark.parametrize("wild_s", [np.nan, 0.0, -np.inf, 1e9])
@pytest.mark.parametrize("which", [0, 3])
def test_a_wild_stamp_does_not_hold_up_the_replay_of_its_recording(tmp_path, wild_s, which):
    chunks = chunks_of(walkers.trial().recording, cut_s=0.01)
    for role in Role:
        at = [i for i, chunk in enumerate(chunks) if chunk.role is role][which]
        stamps_s = chunks[at].stamps_s.copy()
        stamps_s[0] = wild_s
        chunks[at] = replace(chunks[at], stamps_s=stamps_s)
    run(chunks, tmp_path)
    assert verify(tmp_path).difference == ""
    sent = [
        piece
        for piece in pieces(read_xdf(tmp_path / "raw.xdf", walkers.lab()), loop=False)
        if piece.send
    ]
    assert sum(len(piece.stamps_s) for piece in sent) == sum(
        len(chunk.stamps_s) for chunk in chunks
    )
    assert 0.0 <= sent[0].due_s < 0.1
    assert sent[-1].due_s < 9.0


def test_a_session_that_was_cut_off_is_verified_with_what_was_fed_back(tmp_path):
    """session.json is written at the end; what was fed back is among the events, too."""
    run(chunks_of(walkers.trial().recording), tmp_path, feedback="kfm_peak")
    assert not (tmp_path / "session.json").exists()
    assert verify(tmp_path).difference == ""
    table = (tmp_path / "stances.csv").read_text().splitlines(keepends=True)
    (tmp_path / "stances.csv").write_bytes("".join(table[:3]).encode() + b"3,le\xfft\n" + b"".join(
        line.encode() for line in table[4:]))  # fmt: skip
    assert "stance 3" in verify(tmp_path).difference
    narrow = "".join(",".join(line.split(",")[:2]) + "\n" for line in table)
    (tmp_path / "stances.csv").write_text(narrow)
    assert "was empty and is now" in verify(tmp_path).difference


def test_a_source_that_ends_between_two_looks_leaves_nothing_unscored(tmp_path):
    chunks = with_faults(walkers.trial().recording, "jitter")

    class Racy(received.Received):
        looks = 0

        @property
        def ended(self):
            if self.given < len(self.chunks):
                return False
            self.looks += 1
            return self.looks > 1

        def pull(self, timeout_s):
            return super().pull(timeout_s) if self.given < len(self.chunks) else []

    for n in range(len(chunks) - 60, len(chunks), 7):
        folder = tmp_path / str(n)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(received, "Received", Racy)
            run(chunks[:n], folder)
        assert verify(folder).difference == ""


def test_a_part_that_is_not_there_is_refused():
    recording = walkers.trial().recording
    for start_s, end_s, loop in ((1000.0, np.inf, False), (5.0, 2.0, True), (0.0, 0.0, False)):
        with pytest.raises(EkamError, match="correct --start and --end"):
            list(pieces(recording, loop, start_s, end_s))


@pytest.mark.lsl
def test_a_long_wait_of_a_replay_is_stopped_at_once():
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    begun_s = time.monotonic()
    replay(walkers.trial().recording, LslClock(), stop=stop, speed=1e-9)
    assert time.monotonic() - begun_s < 20.0


@pytest.mark.parametrize("wild_s", [0.0, 1e9, np.inf])
def test_what_is_left_is_verified_beside_a_wild_stamp(tmp_path, wild_s):
    chunks = chunks_of(walkers.trial().recording, cut_s=0.01)
    for role in Role:
        at = next(i for i, chunk in enumerate(chunks) if chunk.role is role)
        stamps_s = chunks[at].stamps_s.copy()
        stamps_s[0] = wild_s
        chunks[at] = replace(chunks[at], stamps_s=stamps_s)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("received.Recorder", partial(Recorder, drain_s=0.002))
        session, _ = run(chunks, tmp_path)
    data = (tmp_path / "raw.xdf").read_bytes()
    (tmp_path / "raw.xdf").write_bytes(data[: int(0.7 * len(data))])
    found = verify(tmp_path)
    assert found.difference == ""
    assert 3 < found.stances < len(session.outcome.stances)
