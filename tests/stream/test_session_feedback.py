"""What the walker is told in a session: early values, verdicts, variables that the markers can give."""

from dataclasses import replace

import numpy as np
import pytest
import walkers

from compute import Side, Stance
from compute.early import Early
from compute.feedback import Target, target_for
from stream.errors import EkamError
from stream.file_source import FileSource
from stream.latency import DECIDED, TOLD
from stream.session import Session
from stream.status import SessionView


def session(recording=None, view=None, **options):
    view = view or SessionView()
    view.control.start()
    source = FileSource(recording or walkers.trial().recording, 0.25)
    made = Session(source, walkers.lab(), walkers.subject(), view, **options)
    made.open()
    return made, view


class Keeper:
    """A sink that remembers."""

    def __init__(self):
        self.stances = []

    def stance(self, stance, told):
        self.stances.append((stance, told))

    def close(self):
        pass


class Scripted:
    """An engine that gives these early values and stances at its first push."""

    live_delay_s = 0.02
    live_rows = np.empty((0, 5))
    under_other_foot = np.zeros((2, 2), dtype=int)

    def __init__(self, events):
        self.events, self.early = events, []
        self.markers = walkers.subject().markers()

    def push(self, marker_time_s, markers_m, force_time_s, wrench):
        given, self.events = self.events, []
        self.early = [event for event in given if isinstance(event, Early)]
        return [event for event in given if isinstance(event, Stance)]


def scripted(monkeypatch, *events, sees=True, **options):
    """What a session tells of these stances and early values, and what the walker was shown."""
    monkeypatch.setattr("stream.session.Engine", lambda *_, **__: Scripted(list(events)))
    view, keeper, pictures = SessionView(), Keeper(), []
    if sees:
        view.walker_sees.set()
    publish = view.walker.publish
    monkeypatch.setattr(
        view.walker, "publish", lambda value: (pictures.append(value.left), publish(value))[1]
    )
    made, _ = session(view=view, target=Target(baseline_stances=1), **options)
    made.keep([keeper])
    made.run()
    return keeper.stances, pictures, made.outcome


def left(number, peak, *reasons, early=np.nan):
    """A left stance of 70 kg, one a second."""
    return Stance(
        number, Side.LEFT, number, number + 0.7, number + 0.8, 70.0, 1.7,
        ekam_peak1_nm=70.0 * peak, early_peak1_nm=70.0 * early, peak1_is_local="no_peak" not in reasons,
        reasons=reasons,
    )  # fmt: skip


def early(number, peak):
    return Early(Side.LEFT, float(number), number + 0.4, 70.0 * peak, 70.0)


def test_early_values_are_shown_in_their_turn_then_confirmed_or_withdrawn(monkeypatch):
    """However many come at once: the order is that of the samples that decide."""
    told, pictures, _ = scripted(
        monkeypatch, left(1, 0.5), early(2, 0.41), left(2, 0.4, early=0.41), early(3, 0.3),
        left(3, 0.3, "cross_belt", early=0.3), left(4, 0.45),
    )  # fmt: skip
    seen = [(leg.phase, round(leg.value, 6), leg.rejected) for leg in pictures[2:]]
    assert seen == [
        ("early", 82.0, False),
        ("feedback", 80.0, False),
        ("early", 60.0, False),
        ("feedback", 80.0, True),
        ("feedback", 90.0, False),
    ]
    assert [t.shown for _, t in told] == ["none", "final", "early", "final"]
    np.testing.assert_allclose([t.value for _, t in told], [np.nan, 80.0, np.nan, 90.0])


def test_nothing_was_shown_where_nobody_could_see_it(monkeypatch):
    told, _, _ = scripted(
        monkeypatch, left(1, 0.5), early(2, 0.41), left(2, 0.4, early=0.41), early(3, 0.3),
        left(3, 0.3, "cross_belt", early=0.3), sees=False,
    )  # fmt: skip
    assert [t.shown for _, t in told] == ["none"] * 3


def test_early_latency_is_kept_apart(monkeypatch):
    _, _, outcome = scripted(
        monkeypatch, left(1, 0.5), early(2, 0.41), left(2, 0.4, early=0.41), now=lambda: 100.0
    )
    finals_ms = outcome.latency.ms("final", DECIDED, TOLD)
    assert len(finals_ms) == 2
    [latency_ms] = outcome.latency.ms("early", DECIDED, TOLD)
    assert latency_ms - finals_ms[1] == pytest.approx(400.0)


def test_no_peak_counts_only_where_the_first_peak_is_fed_back(monkeypatch):
    events = [left(1, 0.5), left(2, 0.5, "no_peak"), left(3, 0.5, "no_peak", "marker_gap")]
    told, _, _ = scripted(monkeypatch, *events)
    assert [s.valid for s, _ in told] == [True, False, False]
    monkeypatch.undo()
    monkeypatch.setattr("stream.session.Engine", lambda *_, **__: Scripted(events))
    made, _ = session(target=target_for("stance_time"))
    keeper = Keeper()
    made.keep([keeper])
    made.run()
    assert [s.reasons for s, _ in keeper.stances] == [(), (), ("marker_gap",)]


def without(*names):
    """The recording with these markers gone from its stream."""
    markers = walkers.trial().recording.markers
    labels = [walkers.lab().markers.labels().get(name, name) for name in names]
    kept = [
        i for i, channel in enumerate(markers.info.channels)
        if channel.target not in labels and channel.label[:-2] not in labels
    ]  # fmt: skip
    assert len(kept) == len(markers.info.channels) - 3 * len(names)
    info = replace(markers.info, channels=tuple(markers.info.channels[i] for i in kept))
    stream = replace(markers, info=info, values=np.ascontiguousarray(markers.values[:, kept]))
    return replace(walkers.trial().recording, markers=stream)


PELVIS = ("LASI", "RASI", "LPSI", "RPSI")


def test_markers_that_are_not_there_cost_only_their_variables():
    whole = session()[0].run()
    made, view = session(without(*PELVIS))
    notes = made.outcome.notes
    assert any("too few pelvis markers in the stream" in note for note in notes)
    outcome = made.run()
    assert view.status.read()[1].notes == notes
    assert all(np.isnan(stance.pelvic_drop_peak_rad) for stance in outcome.stances)
    assert [s.ekam_peak1_nm for s in outcome.stances] == [s.ekam_peak1_nm for s in whole.stances]


def test_a_variable_that_the_markers_cannot_give_is_refused_at_the_start():
    with pytest.raises(EkamError, match="pelvic drop peak cannot be fed back without markers on the "
                                        r"pelvis \(LASI, RASI and"):  # fmt: skip
        session(without(*PELVIS), target=target_for("pelvic_drop_peak"))
    with pytest.raises(EkamError, match="LSK1"):
        session(without("LSK1", "LSK2"))


def test_another_variable_is_fed_back_to_the_end():
    made, view = session(target=target_for("foot_progression", baseline_stances=3))
    keeper = Keeper()
    made.keep([keeper])
    outcome = made.run()
    feedback = view.walker.read()[1].left
    of_leg = [np.degrees(s.foot_progression_rad) for s in outcome.stances if s.side is Side.LEFT]
    assert feedback.baseline == pytest.approx(np.mean(of_leg[:3]))
    assert feedback.value == pytest.approx(of_leg[-1] - np.mean(of_leg[:3]))
    last = [told for stance, told in keeper.stances if stance.side is Side.LEFT][-1]
    assert last.value == feedback.value
    assert outcome.feedback["baseline"]["left"] == feedback.baseline
    assert view.status.read()[1].baseline[Side.LEFT] == feedback.baseline
