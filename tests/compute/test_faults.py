"""The fault table: every reason for which a stance is rejected, put into good samples and found again.

Real recordings wherever they hold enough steps; the synthetic walker for what needs more of them (an
outlier, four markers on a shank). The clean stances of the recordings themselves are never rejected.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, reduce

import faults
import numpy as np
import pytest
import walkers
from reference import TRIALS, clean_pairs, needs_data, samples_of, stances_of, subject_of

from compute import Engine, Side
from compute.lab_frame import markers_to_lab
from compute.stance import REASONS
from stream.lab import read_lab

CLUSTERS, BELTS, CENTRES = TRIALS[:3]
"""Three markers a shank, 60 Hz; epicondyles and malleoli while walking; the laboratory's joint centres."""
FOUR, MANY = 7, 14
"""Synthetic walker, four markers a shank: strides. Many: for what compares with the steps before."""
FIRST_S = 5.0
"""Of the long recording: three clean stances, then one after two that load both belts."""


def until(samples, last_s):
    late = (last_s, float("inf"))
    m = int(np.searchsorted(samples.marker_time_s, late[0]))
    f = int(np.searchsorted(samples.force_time_s, late[0]))
    return faults.dropped_force_samples(
        faults.dropped_frames(samples, late[0], len(samples.marker_time_s) - m),
        late[0],
        len(samples.force_time_s) - f,
    )


@cache
def good(source):
    if isinstance(source, int):
        walk, names = walkers.samples(source), walkers.subject().markers()
        return faults.Samples(
            names, walk.marker_time_s, walk.markers_m, walk.force_time_s, walk.wrench, 100.0, 1000.0
        )
    return samples_of(source)


def pushed(source, samples, flags=()):
    synthetic = isinstance(source, int)
    subject = walkers.subject() if synthetic else subject_of(source)
    lab = walkers.lab() if synthetic else read_lab(source.lab).lab
    running = Engine(
        subject, samples.marker_hz, samples.force_hz, lab.settings(), live=False, early=False
    )
    for flag in flags:
        running.flag(*flag)
    return running.push(
        samples.marker_time_s, samples.markers_m, samples.force_time_s, samples.wrench
    )


@cache
def before(source, last_s):
    samples = good(source)
    return tuple(pushed(source, until(samples, last_s) if last_s else samples))


@dataclass(frozen=True)
class Case:
    """One fault: where, in which stance, what must be said about it and about nothing else."""

    what: str
    source: object
    victim: int
    fault: Callable
    reasons: frozenset
    dropped: str = ""
    also: dict = field(default_factory=dict)
    last_s: float = 0.0


CASES = []


def case(what, source, victim, reasons, fault, **options):
    """`fault` takes samples, the stance, and a function from a share of the stance to seconds."""
    last_s = options.pop("last_s", FIRST_S if source is BELTS else 0.0)
    found = frozenset(reasons.split())
    CASES.append(Case(what, source, victim, fault, found, last_s=last_s, **options))


def received(samples):
    """Samples as they come through the edge, where 0, 0, 0 becomes missing."""
    n, k = samples.markers_m.shape[:2]
    at = markers_to_lab(
        samples.markers_m.reshape(n, -1), np.arange(3 * k).reshape(k, 3), np.ones(k), np.eye(3),
        np.empty((n, k, 3)),
    )  # fmt: skip
    return replace(samples, markers_m=at)


def spoilt(one):
    """Samples with the fault, and the stance as it was without."""
    stance = before(one.source, one.last_s)[one.victim - 1]
    assert stance.number == one.victim
    assert stance.valid

    def at(share):
        return stance.t_on_s + share * stance.stance_s

    samples = good(one.source)
    samples = until(samples, one.last_s) if one.last_s else samples
    return one.fault(samples, stance, at), stance


def shank(samples, side):
    """Markers that carry a shank, the lateral ones first."""
    letter = side.letter
    for group in (("SK1", "SK2", "SK3", "SK4"), ("KNE", "KNM", "ANK", "MED"), ("KJC", "AJC")):
        own = [letter + name for name in group if letter + name in samples.names]
        if own:
            return own
    raise AssertionError


def other_leg(name):
    return {"L": "R", "R": "L"}[name[0]] + name[1:]


# --- marker_gap ------------------------------------------------------------------------------------

for where, share in (("heel strike", 0.0), ("the peak", 0.25), ("toe-off", 0.97)):
    # Two other feet share the samples around both ends of a stance.
    shared = {"heel strike": {}, "the peak": {}, "toe-off": {2: "marker_gap"}}[where]
    case(
        f"frames dropped at {where}", CLUSTERS, 1, "marker_gap",
        lambda s, v, at, share=share: faults.dropped_frames(s, at(share), 2), also=shared,
    )  # fmt: skip
    for hide in (faults.occluded, faults.zeroed, faults.held):
        for source, victim in ((CLUSTERS, 1), (BELTS, 3), (BELTS, 7)):
            case(
                f"one of few hidden at {where} ({hide.__name__})", source, victim, "marker_gap",
                lambda s, v, at, share=share, hide=hide: received(
                    hide(s, shank(s, v.side)[:1], (at(share), at(share) + 0.1))
                ),
            )  # fmt: skip
        case(
            f"one of four hidden at {where} ({hide.__name__})", FOUR, 6, "",
            lambda s, v, at, share=share, hide=hide: received(
                hide(s, shank(s, v.side)[:1], (at(share), at(share) + 0.1))
            ),
            dropped="LSK1",
        )  # fmt: skip
case(
    "two of four hidden", FOUR, 6, "marker_gap",
    lambda s, v, at: faults.occluded(s, shank(s, v.side)[:2], (at(0.5), at(0.6))),
)  # fmt: skip
case(
    "one of four hidden all the time", FOUR, 6, "",
    lambda s, v, at: faults.occluded(s, shank(s, v.side)[:1], (at(-0.7), at(1.3))), dropped="LSK1",
)  # fmt: skip
for source, victim in ((CLUSTERS, 1), (BELTS, 3), (FOUR, 6)):
    case(
        "two repeated frames are let through", source, victim, "",
        lambda s, v, at: faults.held(
            s, shank(s, v.side)[:1], (at(0.4), at(0.4) + 1.0 / s.marker_hz)
        ),
    )  # fmt: skip
    case(
        "hidden in the other leg only, while it swings", source, victim, "",
        lambda s, v, at: faults.occluded(s, shank(s, v.side.other), (at(0.45), at(0.55))),
    )  # fmt: skip

# --- marker_swap -----------------------------------------------------------------------------------

for source, victim in ((CLUSTERS, 1), (BELTS, 7), (FOUR, 6)):
    case(
        "two of a shank swapped", source, victim, "marker_swap",
        lambda s, v, at: faults.swapped(s, *shank(s, v.side)[:2], (at(0.3), at(0.6))),
    )  # fmt: skip
    case(
        "the two last of a shank swapped", source, victim, "marker_swap",
        lambda s, v, at: faults.swapped(s, *shank(s, v.side)[-2:], (at(0.0), at(0.2))),
    )  # fmt: skip
    case(
        "whole legs swapped", source, victim, "marker_swap",
        lambda s, v, at: reduce(
            lambda now, name: faults.swapped(now, name, other_leg(name), (at(0.3), at(0.6))),
            [
                name
                for name in s.names
                if name[0] == v.side.letter
                and name[1:] not in faults.PELVIS
                and other_leg(name) in s.names
            ],
            s,
        ),
    )  # fmt: skip
for source, victim in ((CLUSTERS, 1), (BELTS, 7)):
    case(
        "swapped with the other leg", source, victim, "marker_swap",
        lambda s, v, at: faults.swapped(
            s, shank(s, v.side)[0], other_leg(shank(s, v.side)[0]), (at(0.3), at(0.6))
        ),
    )  # fmt: skip
    case(
        "swapped with the other leg for two frames", source, victim, "marker_swap",
        lambda s, v, at: faults.swapped(
            s, shank(s, v.side)[0], other_leg(shank(s, v.side)[0]), (at(0.3), at(0.3) + 0.02)
        ),
    )  # fmt: skip
    case(
        "heels swapped", source, victim, "marker_swap",
        lambda s, v, at: faults.swapped(s, "LHEE", "RHEE", (at(0.3), at(0.6))),
    )  # fmt: skip
case(
    "epicondyles swapped in all of the stance", BELTS, 7, "marker_swap",
    lambda s, v, at: faults.swapped(s, "LKNE", "LKNM", (at(-0.6), at(1.3))),
)  # fmt: skip
case(
    "knee and ankle swapped in all of the stance", CENTRES, 1, "marker_swap",
    lambda s, v, at: faults.swapped(s, "RKJC", "RAJC", (at(-0.6), at(1.3))),
)  # fmt: skip
case(
    "one of four swapped with the other leg", FOUR, 6, "",
    lambda s, v, at: faults.swapped(s, "LSK1", "RSK1", (at(0.3), at(0.45))), dropped="LSK1",
)  # fmt: skip

# --- cluster_residual ------------------------------------------------------------------------------

AXES = {"forward": (1.0, 0.0, 0.0), "down": (0.0, -1.0, 0.0), "sideways": (0.0, 0.0, 1.0)}
for axis, direction in AXES.items():
    for source, victim in ((CLUSTERS, 1), (BELTS, 3)):
        for k in (0, -1):
            case(
                f"marker {k} jumps 50 mm {axis} for a frame", source, victim, "cluster_residual",
                lambda s, v, at, k=k, d=direction: faults.spiked(
                    s, shank(s, v.side)[k], at(0.3), 0.05 * np.array(d)
                ),
            )  # fmt: skip
    case(
        f"one of four jumps 50 mm {axis} for a frame", FOUR, 6, "",
        lambda s, v, at, d=direction: faults.spiked(s, "LSK3", at(0.3), 0.05 * np.array(d)),
        dropped="LSK3",
    )  # fmt: skip
    case(
        f"one of four comes off {axis}", FOUR, 6, "",
        lambda s, v, at, d=direction: faults.moved(
            s, ("LSK4",), (at(-0.6), at(1.3)), 0.02 * np.array(d)
        ),
        dropped="LSK4",
    )  # fmt: skip
    for k in range(3):
        case(
            f"marker {k} of three came off {axis} long before", CLUSTERS, 1, "cluster_residual",
            lambda s, v, at, k=k, d=direction: faults.fallen(
                s, shank(s, v.side)[k], -1.0, 0.02 * np.array(d)
            ),
        )  # fmt: skip
    for k in range(4):
        case(
            f"landmark {k} comes off {axis} in mid-stance", BELTS, 7, "cluster_residual",
            lambda s, v, at, k=k, d=direction: faults.fallen(
                s, shank(s, v.side)[k], at(0.45), 0.02 * np.array(d)
            ),
        )  # fmt: skip
case(
    "a marker of three came off to the side where the cluster hardly bends", CLUSTERS, 1,
    "cluster_residual", lambda s, v, at: faults.fallen(s, "RSK1", -1.0, (0.0, 0.0, -0.015)),
)  # fmt: skip
for name in ("RKNE", "RKNM", "RANK", "RMED"):
    case(
        f"{name} came off sideways before the stance", BELTS, 12, "cluster_residual",
        lambda s, v, at, name=name: faults.moved(
            s, (name,), (at(-0.15), at(1.15)), (0.0, 0.0, 0.015)
        ),
        last_s=7.8,
    )  # fmt: skip
case(
    "one of four in the foot is wrong: dropped and said", FOUR, 6, "",
    lambda s, v, at: faults.moved(s, ("LTOE",), (at(-0.6), at(1.3)), (0.0, 0.03, 0.02)),
    dropped="LTOE",
)  # fmt: skip
case(
    "foot beyond use", BELTS, 3, "cluster_residual",
    lambda s, v, at: faults.moved(s, ("RHEE",), (at(-0.3), at(1.1)), (0.0, 0.10, 0.0)),
)  # fmt: skip

# --- plates ----------------------------------------------------------------------------------------

for source, victim in ((CLUSTERS, 2), (BELTS, 3), (CENTRES, 2)):
    for share in (0.85, 0.95):
        case(
            f"plate stops at {share} of its peak", source, victim, "plate_saturated",
            lambda s, v, at, share=share: faults.saturated(
                s, v.side, share * v.fz_peak_n, span=(at(0), at(1))
            ),
        )  # fmt: skip
    case(
        "shear stops at half of its peak", source, victim, "plate_saturated",
        lambda s, v, at: faults.saturated(
            s, v.side,
            0.5 * s.wrench[(s.force_time_s > at(0)) & (s.force_time_s < at(1)), v.side, 0].min(),
            channel=0, span=(at(0), at(1)),
        ),
    )  # fmt: skip
    for where, share in (("heel strike", 0.03), ("the peak", 0.3), ("push-off", 0.85)):
        case(
            f"own plate frozen for 40 ms at {where}", source, victim, "late_data",
            lambda s, v, at, share=share: faults.frozen(
                s, (at(share), at(share) + 0.04), (v.side,)
            ),
        )  # fmt: skip
    case(
        "plate samples lost", source, victim, "late_data",
        lambda s, v, at: faults.dropped_force_samples(s, at(0.5), 3),
    )  # fmt: skip
    for side in ("own", "other"):
        case(
            f"one value of the {side} plate missing", source, victim, "late_data",
            lambda s, v, at, side=side: faults.missing_force(
                s, (at(0.6), at(0.6) + 0.003), (1,), (v.side if side == "own" else v.side.other,)
            ),
        )  # fmt: skip
    case(
        "clock jump", source, victim, "clock_jump",
        lambda s, v, at: (s, [(at(0.5), "clock_jump")]),
        also={5: "clock_jump"} if source is BELTS else {},  # the merged contact that had begun
    )  # fmt: skip
for newtons in (15.0, 25.0, 60.0, -15.0, -60.0):
    case(
        f"plate not zeroed, {newtons:+g} N", CLUSTERS, 2, "plate_drift",
        lambda s, v, at, n=newtons: faults.untared(s, v.side, n, (at(-1.0), at(1.2))),
        also={1: "cross_belt"} if newtons > 20.0 else {},  # the zero of this plate is not known yet
    )  # fmt: skip
for newtons in (5.0, 9.0, -9.0):
    case(
        f"plate not quite zeroed, {newtons:+g} N, is corrected", CLUSTERS, 2, "",
        lambda s, v, at, n=newtons: faults.untared(s, v.side, n, (at(-1.0), at(1.2))),
    )  # fmt: skip

# --- steps -----------------------------------------------------------------------------------------

for source, victim in ((CLUSTERS, 1), (BELTS, 7), (CENTRES, 2), (FOUR, 6)):
    for share in (0.05, 0.3):
        case(
            f"{share:.0%} of the load on the other belt in single support", source, victim,
            "cross_belt",
            lambda s, v, at, share=share: faults.shared(s, v.side, share, (at(0.35), at(0.65))),
            also={2: "plate_drift"} if (source, share) == (CLUSTERS, 0.05) else {},  # taken for the zero
        )  # fmt: skip
    case(
        "the foot lands on the other belt", source, victim, "cross_belt",
        lambda s, v, at: faults.shared(s, v.side, 1.0, (at(0.0), at(0.18))),
        also={CENTRES: {1: "cop_outside_foot"}, FOUR: {5: "cop_outside_foot"}}.get(source, {}),
    )  # fmt: skip
    case(
        "the foot leaves by the other belt", source, victim, "cross_belt",
        lambda s, v, at: faults.shared(s, v.side, 1.0, (at(0.68), at(1.0))),
        also={CLUSTERS: {2: "cop_outside_foot"}, FOUR: {7: "cop_outside_foot"}}.get(source, {}),
    )  # fmt: skip
    case(
        "the foot slips off early", source, victim, "short_stance",
        lambda s, v, at: faults.cut_off(s, v.side, at(0.35), at(1.0)),
    )  # fmt: skip
    case(
        "the plate loses the foot", source, victim, "cross_belt",
        lambda s, v, at: faults.cut_off(s, v.side, at(0.68), at(1.0)),
    )  # fmt: skip
    for axis, by_m in (("sideways", (0.0, 0.0, 0.12)), ("forward", (0.13, 0.0, 0.0))):
        case(
            f"centre of pressure elsewhere, {axis}", source, victim, "cop_outside_foot",
            lambda s, v, at, by_m=by_m: faults.cop_shifted(s, v.side, by_m, (at(0), at(1))),
        )  # fmt: skip
    # What a stride lacks or has too much belongs to the steps of the other foot as well.
    strides = {0.5: {7: "handrail"}, 2.0: {5: "implausible", 7: "implausible"}}
    for factor in (0.5, 2.0):
        case(
            f"wrong gain {factor}", source, victim, "implausible",
            lambda s, v, at, factor=factor: faults.gained(s, factor, (v.side,), (at(0), at(1))),
            also=strides[factor] if source is FOUR else {},
        )  # fmt: skip
    case(
        "the leg shakes", source, victim, "lever_mismatch",
        lambda s, v, at: faults.shaken(s, v.side, (at(0.05), at(0.95)), 0.03, 5.0),
    )  # fmt: skip


def rising(samples, stance, first_m, last_m):
    """Centre of pressure that moves inwards all the time: the moment only rises."""
    share = (samples.force_time_s - stance.t_on_s) / stance.stance_s
    by = np.zeros((len(share), 3))
    by[:, 2] = -stance.side.sigma * np.interp(share, [0.0, 0.5], [first_m, last_m])
    inside = (share >= 0.0) & (share <= 1.0)
    by[~inside] = 0.0
    return faults.cop_shifted(samples, stance.side, by)


case("no first peak", CLUSTERS, 1, "no_peak", lambda s, v, at: rising(s, v, -0.02, 0.025))
case(
    "a handrail takes 8 % of the weight", BELTS, 3, "handrail",
    lambda s, v, at: faults.held_rail(s, v.body_mass_kg, 0.08, (at(-1.5), at(1.0))),
)  # fmt: skip
case(
    "a handrail takes 8 % of the weight in one stance", MANY, 8, "handrail",
    lambda s, v, at: faults.held_rail(s, v.body_mass_kg, 0.08, (at(-0.5), at(0.95))),
)  # fmt: skip
for by in (0.1, -0.1, 0.3):
    case(
        f"belts {by:+g} m/s", BELTS, 7, "speed_change",
        lambda s, v, at, by=by: faults.faster_belts(s, by, at(-0.05)),
    )  # fmt: skip
case(
    "far from the steps before", MANY, 24, "outlier",
    lambda s, v, at: faults.cop_shifted(
        s, v.side, (0.0, 0.0, -0.034 * v.side.sigma), (at(0), at(1))
    ),
)  # fmt: skip
case(
    "two faults at once", CLUSTERS, 1, "plate_saturated cluster_residual",
    lambda s, v, at: faults.saturated(
        faults.spiked(s, "RSK1", at(0.3), (0.05, 0.0, 0.0)), v.side, 0.9 * v.fz_peak_n,
        span=(at(0), at(1)),
    ),
)  # fmt: skip

# --- markers that the moment does not need ---------------------------------------------------------

OPTIONAL = {
    (CLUSTERS, 1): ("LASI", "SACR", "STRN", "LSHO", "RTH1", "LTH2"),
    (BELTS, 3): ("RASI", "LPSI", "C7", "STRN"),
    (FOUR, 6): ("LASI", "RPSI", "C7", "RTH1", "LTH2"),
}
for (source, victim), names in OPTIONAL.items():
    for name in names:
        case(
            f"{name} hidden", source, victim, "",
            lambda s, v, at, name=name: faults.occluded(s, (name,), (at(0.2), at(0.8))),
            dropped="*",
        )  # fmt: skip
        case(
            f"{name} came off", source, victim, "",
            lambda s, v, at, name=name: faults.moved(
                s, (name,), (at(-1.0), at(1.1)), (0.02, -0.03, 0.01)
            ),
            dropped="*",
        )  # fmt: skip


def named(one):
    where = one.source if isinstance(one.source, int) else one.source.folder.split("_")[-1]
    return f"{one.what}-{where}-{one.victim}"


def same(stance, others):
    """The stance of the good recording that this one is, by its times; None for one that is not there."""
    near = [
        other
        for other in others
        if other.side == stance.side
        and abs(other.t_on_s - stance.t_on_s) < 0.06
        and abs(other.t_off_s - stance.t_off_s) < 0.06
    ]
    return near[0] if near else None


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(one, id=named(one), marks=() if isinstance(one.source, int) else needs_data)
        for one in CASES
    ],
)
def test_a_fault_is_named_and_nothing_else_is_rejected(one):
    spoilt_, stance = spoilt(one)
    samples, flags = spoilt_ if isinstance(spoilt_, tuple) else (spoilt_, ())
    was = before(one.source, one.last_s)
    found = pushed(one.source, samples, flags)
    victim = min(
        (got for got in found if got.side == stance.side),
        key=lambda got: abs(got.t_on_s - stance.t_on_s) + abs(got.t_off_s - stance.t_off_s),
    )
    assert set(victim.reasons) >= one.reasons
    if not one.reasons:
        assert victim.valid
        assert victim.ekam_peak1_nm == pytest.approx(stance.ekam_peak1_nm, rel=2e-3)
        assert one.dropped in ("*", victim.dropped_marker)
    for got in found:
        if got is victim:
            continue
        good_ = same(got, was)
        if good_ is None:
            # A piece of the faulty step on the other belt, or the other foot's step with it added.
            assert not got.valid
            assert got.t_on_s < stance.t_off_s + 0.05
            assert got.t_off_s > stance.t_on_s - 0.05
        elif good_.number in one.also:
            assert one.also[good_.number] in got.reasons
        else:
            assert got.valid == good_.valid
            assert set(got.reasons) >= set(good_.reasons)


def test_every_reason_has_its_fault():
    assert set().union(*(one.reasons for one in CASES)) == set(REASONS)


@needs_data
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.folder)
def test_clean_stances_have_no_reason_at_all(trial):
    pairs = list(clean_pairs(trial, stances_of(trial)))
    assert len(pairs) == (5 if trial is BELTS else 2)
    assert {stance.reasons for stance, _ in pairs} == {()}


@needs_data
def test_every_contact_that_loads_both_belts_is_named_so():
    found = stances_of(BELTS)
    clean = {stance.number for stance, _ in clean_pairs(BELTS, found)}
    mixed = [stance for stance in found if stance.number not in clean]
    assert len(mixed) == 13
    assert all("cross_belt" in stance.reasons for stance in mixed)
    merged = max(mixed, key=lambda stance: stance.stance_s)
    assert (merged.side, merged.t_on_s, merged.t_off_s) == (
        Side.LEFT, pytest.approx(1.757, abs=0.005), pytest.approx(3.965, abs=0.005)
    )  # fmt: skip
    table = BELTS.reference()
    for side in Side:
        rows = (table["side"] == side) & (table["contact"] == 1) & (table["clean"] == 0)
        own = [stance for stance in mixed if stance.side == side]
        inside = [t for t in table["time_s"][rows] if 0.3 < t < max(s.t_off_s for s in own)]
        assert all(any(s.t_on_s - 0.02 <= t <= s.t_off_s + 0.02 for s in own) for t in inside)


@needs_data
@pytest.mark.parametrize("name", ["LASI", "RASI", "SACR"])
def test_a_hidden_pelvis_marker_empties_what_needs_the_pelvis_and_nothing_else(name):
    """Of three markers: none can be missed. Four, as on the belts, lose one without a word."""
    hidden = faults.occluded(good(CLUSTERS), (name,), (0.8, 1.2))
    was, got = before(CLUSTERS, 0.0)[0], pushed(CLUSTERS, hidden)[0]
    assert got.valid
    assert np.isnan(
        [got.hip_adduction_peak_rad, got.pelvic_drop_peak_rad, got.trunk_lean_peak_rad]
    ).all()
    for kept in ("ekam_peak1_nm", "ekam_peak2_nm", "kfm_peak_nm", "foot_progression_rad"):
        assert getattr(got, kept) == getattr(was, kept)


def test_a_value_missing_before_the_context_that_is_needed_only_shortens_it():
    """16 % of a stride before the other foot's heel strike: not its fault, and no reason to reject it."""
    was = before(FOUR, 0.0)
    at_s = was[5].t_on_s + 0.5 * was[5].stance_s
    found = pushed(
        FOUR, faults.missing_force(good(FOUR), (at_s, at_s + 0.003), (1,), (was[6].side,))
    )
    assert found[5].reasons == ("late_data",)
    assert found[6].reasons == ()


def any_fault(samples, rng):
    """One fault of any kind, anywhere."""
    first_s, side = rng.uniform(0.0, FIRST_S), Side(int(rng.integers(2)))
    span = (first_s, first_s + rng.exponential(0.3))
    names = tuple(rng.choice(samples.names, size=3, replace=False))
    kinds = (
        lambda: faults.occluded(samples, names, span),
        lambda: faults.held(samples, names, span),
        lambda: faults.swapped(samples, *names[:2], span),
        lambda: faults.moved(samples, names, span, rng.normal(0.0, 0.3, 3)),
        lambda: faults.dropped_frames(samples, first_s, int(rng.integers(1, 80))),
        lambda: faults.dropped_force_samples(samples, first_s, int(rng.integers(1, 800))),
        lambda: faults.missing_force(samples, span, sides=(side,)),
        lambda: faults.occluded(samples, samples.names, span),
        lambda: faults.frozen(samples, span),
        lambda: faults.gained(samples, rng.normal(0.0, 5.0), (side,), span),
        lambda: faults.cut_off(samples, side, *span),
    )
    return kinds[int(rng.integers(len(kinds)))]()


@needs_data
@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_nothing_raises_and_nothing_broken_is_valid(seed):
    rng = np.random.default_rng(seed)
    samples = until(good(BELTS), FIRST_S)
    for _ in range(4):
        samples = any_fault(samples, rng)
    for stance in pushed(BELTS, samples):
        assert not stance.valid or np.isfinite(stance.ekam_peak1_nm)
