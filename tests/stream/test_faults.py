"""Faults put into a replay: what reaches the publisher, without LSL."""

from math import inf

import numpy as np
import pytest
import walkers

from stream.errors import EkamError
from stream.faults import KINDS, Fault, injector, parse
from stream.pieces import Piece, pieces
from stream.source import Role

M, F = Role.MARKERS, Role.FORCES


@pytest.fixture(scope="module")
def recording():
    return walkers.trial().recording


def sent(recording, *texts: str, seconds: float = 4.0, seed: int = 1) -> list[Piece]:
    infos = {stream.info.role: stream.info for stream in recording.streams()}
    made = (piece for piece in pieces(recording, loop=False) if piece.due_s < seconds)
    rng = np.random.default_rng(seed)
    for text in texts:
        made = injector(parse(text), infos, rng)(made)
    return list(made)


def joined(made: list[Piece], role: Role):
    mine = [piece for piece in made if piece.role is role and piece.send]
    return tuple(
        np.concatenate([getattr(p, name) for p in mine]) for name in ("stamps_s", "values", "t_s")
    )


def key(piece: Piece) -> tuple:
    arrays = (piece.stamps_s.tobytes(), piece.values.tobytes(), piece.t_s.tobytes())
    return piece.due_s, piece.role, piece.send, piece.shuffle, *arrays


def columns(recording, marker: str) -> list[int]:
    return [i for i, c in enumerate(recording.markers.info.channels) if c.target == marker]


def test_without_a_fault_everything_is_sent_in_time(recording):
    made = sent(recording)
    for stream in recording.streams():
        stamps, values, taken = joined(made, stream.info.role)
        np.testing.assert_array_equal(
            stamps, stream.stamps_s[: len(stamps)] - recording.markers.stamps_s[0]
        )
        np.testing.assert_array_equal(taken, stamps)
        np.testing.assert_array_equal(values, stream.values[: len(values)])
    due = [piece.due_s for piece in made]
    assert due == sorted(due)


@pytest.mark.parametrize("name", KINDS)
def test_every_fault_changes_something_and_the_same_seed_the_same(recording, name):
    text = {
        "drop": "drop:share=0.2,at=1", "restart": "restart:at=1,for=0.5",
        "occlude": "occlude:marker=RKNE,at=1,for=0.5", "zero": "zero:marker=RKNE,at=1,for=0.5",
        "hold": "hold:marker=RKNE,at=1,for=0.5", "swap": "swap:marker=RKNE,with=LKNE,at=1,for=0.5",
    }.get(name, f"{name}:at=1")  # fmt: skip
    clean = sent(recording, seconds=2.0)
    first, second, other = (
        list(map(key, sent(recording, text, seconds=2.0, seed=seed))) for seed in (1, 1, 2)
    )
    assert (first == second) is True
    assert (first != list(map(key, clean))) is True
    if name in ("drop", "jitter", "restart"):
        assert (first != other) is True
    early = [key(piece) for piece in clean if piece.due_s < 0.99]
    assert (first[: len(early)] == early) is True  # nothing before its time


def test_markers(recording):
    clean = joined(sent(recording), M)[1]
    during = slice(100, 150)
    hz = recording.markers.info.nominal_rate_hz
    when = f"at={100 / hz},for={50 / hz}"
    knee, other = columns(recording, "RKNE"), columns(recording, "LKNE")
    for name, expected in (
        ("occlude", np.nan), ("zero", 0.0), ("hold", clean[99][knee]),
    ):  # fmt: skip
        values = joined(sent(recording, f"{name}:marker=RKNE,{when}"), M)[1]
        np.testing.assert_array_equal(values[during][:, knee], np.broadcast_to(expected, (50, 3)))
        rest = np.delete(np.arange(len(clean)), np.arange(100, 150))
        np.testing.assert_array_equal(values[rest], clean[rest])
    values = joined(sent(recording, f"swap:marker=RKNE,with=LKNE,{when}"), M)[1]
    np.testing.assert_array_equal(values[during][:, knee], clean[during][:, other])
    np.testing.assert_array_equal(values[during][:, other], clean[during][:, knee])


def test_timing(recording):
    clean_stamps, clean_values, _ = joined(sent(recording), M)
    stamps, _, taken = joined(sent(recording, "drop:share=0.1"), M)
    assert 0.85 < len(stamps) / len(clean_stamps) < 0.95
    np.testing.assert_array_equal(stamps, taken)
    stamps, _, taken = joined(sent(recording, "jitter:ms=3"), M)
    np.testing.assert_array_equal(taken, clean_stamps)
    assert 1e-3 < (stamps - taken).mean() < 8e-3
    assert (stamps >= taken).all()
    assert (np.diff(stamps) >= 0.0).all()
    force_clean = joined(sent(recording), F)[0]
    np.testing.assert_allclose(
        joined(sent(recording, "delay:ms=8"), F)[0] - force_clean, 8e-3, atol=1e-12
    )
    stamps, _, taken = joined(sent(recording, "clock_step:at=2,ms=-50"), M)
    np.testing.assert_allclose(stamps - taken, np.where(taken >= 2.0, -0.05, 0.0), atol=1e-12)
    for text, held_s in (("freeze:at=1,for=1", 1.0), ("lag:ms=400,at=1,for=1", 0.4)):
        made = sent(recording, text)
        due = [piece.due_s for piece in made]
        assert due == sorted(due)
        np.testing.assert_array_equal(joined(made, M)[1], clean_values)
        late = max(piece.due_s - piece.t_s[-1] for piece in made if piece.role is M)
        assert late == pytest.approx(held_s, abs=0.02)
        assert all(piece.due_s == piece.t_s[-1] for piece in made if piece.role is F)


def test_a_publisher_that_comes_back(recording):
    made = sent(recording, "restart:stream=forces,at=1,for=1")
    [away, back] = [piece for piece in made if not piece.send]
    assert (away.role, away.shuffle, away.due_s) == (F, 0, 1.0)
    assert (back.role, back.due_s) == (F, 2.0)
    assert back.shuffle > 0
    taken = joined(made, F)[2]
    assert not ((taken > 1.02) & (taken < 1.99)).any()
    assert taken[-1] > 3.9


def test_plates(recording):
    clean = joined(sent(recording), F)[1]
    info = recording.forces.info
    vertical = next(i for i, c in enumerate(info.channels) if (c.kind, c.target) == ("ForceZ", "1"))
    drifted = joined(sent(recording, "drift:plate=1,n=40"), F)[1]
    np.testing.assert_allclose(np.abs(drifted - clean)[:, vertical], 40.0)
    assert np.abs(np.delete(drifted - clean, vertical, axis=1)).max() == 0.0
    cut = joined(sent(recording, "saturate:plate=1,n=300"), F)[1]
    assert np.abs(cut[:, vertical]).max() == 300.0
    exchanged = joined(sent(recording, "swap_plates"), F)[1]
    one, two = ([i for i, c in enumerate(info.channels) if c.target == t] for t in "12")
    np.testing.assert_array_equal(exchanged[:, one], clean[:, two])
    np.testing.assert_array_equal(
        joined(sent(recording, "scale:by=1000"), M)[1], 1000 * joined(sent(recording), M)[1]
    )


def test_a_load_on_the_other_plate_is_the_same_load_in_the_lab(recording):
    from stream.mapping import PlateMap

    lab = walkers.lab()
    plates = PlateMap(recording.forces.info, lab)
    before = plates.apply(joined(sent(recording), F)[1])
    after = plates.apply(joined(sent(recording, "cross_belt:plate=1,with=2,at=0,for=99"), F)[1])
    np.testing.assert_allclose(after.sum(axis=1), before.sum(axis=1), atol=1e-6)
    assert np.abs(after[:, 0]).max() == 0.0
    assert np.abs(before[:, 0]).max() > 300.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fire", "there is no fault 'fire'"),
        ("drop:share=much", "share of the fault 'drop' is 'much'"),
        ("drop:marker=RKNE", "has no 'marker=RKNE'"),
        ("drop:stream=eeg", "markers or forces"),
        ("occlude", "needs a marker"),
    ],
)
def test_what_cannot_be_is_refused(text, message):
    with pytest.raises(EkamError, match=message):
        parse(text)


def test_a_marker_or_plate_that_is_not_there_is_named(recording):
    for text, message in (
        ("zero:marker=NOSE", "no marker 'NOSE'"),
        ("drift:plate=7", "no plate 7"),
    ):
        with pytest.raises(EkamError, match=message):
            sent(recording, text)
    assert Fault("drop", {"at": 1.0, "for": inf}).covers(np.array([0.5, 1.0])).tolist() == [
        False,
        True,
    ]


def test_rounds_follow_without_a_seam_and_parts_begin_at_zero(recording):
    made = pieces(recording, loop=True)
    stamps = []
    for piece in made:
        if piece.due_s > 2.5 * recording.markers.stamps_s[-1]:
            break
        if piece.role is M:
            stamps.append(piece.stamps_s)
    steps = np.diff(np.concatenate(stamps))
    np.testing.assert_allclose(steps, 1.0 / recording.markers.info.nominal_rate_hz, atol=1e-9)
    part = list(pieces(recording, loop=False, start_s=1.0, end_s=2.0))
    stamps, values, _ = joined(part, M)
    assert stamps[0] == pytest.approx(0.0, abs=0.01)
    assert stamps[-1] < 1.0
    first = int(
        np.searchsorted(recording.markers.stamps_s, recording.markers.stamps_s[0] + 1.0 - 1e-9)
    )
    np.testing.assert_array_equal(values[0], recording.markers.values[first])
