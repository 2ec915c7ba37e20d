"""Events and early scores on real recordings, many of whose steps cross the border of the belts."""

from dataclasses import fields

import numpy as np
import pytest
from reference import TRIALS, clean_pairs, needs_data, samples_of, stances_of, subject_of

from compute import Engine, Side, Stance
from stream.lab import read_lab

pytestmark = needs_data
EVERY = pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.folder)
COLUMNS = tuple(f.name for f in fields(Stance) if f.type in (int, float, bool, Side))


def walked(trial, cuts=()):
    """Stances and early scores of a walker whose stance duration is known from before."""
    given = samples_of(trial)
    running = Engine(
        subject_of(trial), given.marker_hz, given.force_hz, read_lab(trial.lab).lab.settings()
    )
    before = stances_of(trial)
    for side in Side:
        usual_s = np.median([s.stance_s for s in before if s.side is side and s.stance_s < 1.0])
        for _ in range(2):
            running._steps._clocks[side].add(float(usual_s))
    found, early = [], []
    edges = [-np.inf, *sorted(cuts), np.inf]
    for first_s, last_s in zip(edges[:-1], edges[1:], strict=True):
        m = (given.marker_time_s > first_s) & (given.marker_time_s <= last_s)
        f = (given.force_time_s > first_s) & (given.force_time_s <= last_s)
        found += running.push(
            given.marker_time_s[m], given.markers_m[m], given.force_time_s[f], given.wrench[f]
        )
        early += running.early
    return found, early


@EVERY
def test_the_early_peak_is_the_final_one(trial):
    found, early = walked(trial)
    for stance, _ in clean_pairs(trial, found):
        gap_nm = abs(stance.early_peak1_nm - stance.ekam_peak1_nm)
        assert gap_nm <= max(1e-3 * stance.ekam_peak1_nm, 3e-4 * trial.mass_kg)
        value = next(e for e in early if (e.side, e.t_on_s) == (stance.side, stance.t_on_s))
        assert value.t_s - stance.t_on_s < 0.55 * stance.stance_s


@EVERY
def test_online_in_any_pieces_is_offline(trial):
    found, early = walked(trial)
    rng = np.random.default_rng(0)
    for pieces in (7, 150):
        cuts = rng.uniform(0.0, samples_of(trial).marker_time_s[-1], pieces)
        again, early_again = walked(trial, cuts)
        for a, b in zip(again, found, strict=True):
            assert a.reasons == b.reasons
            np.testing.assert_array_equal(
                [float(getattr(a, name)) for name in COLUMNS],
                [float(getattr(b, name)) for name in COLUMNS],
            )
        assert early_again == early
