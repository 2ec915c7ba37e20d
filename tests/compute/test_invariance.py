"""What must not matter does not: mirror, axes, origin, units, order of markers, chunks, body mass.

On the synthetic walker and on a real trial, through the engine and, where the fault could lie there,
through the edge (lab file, marker map, plate map). Tolerances: 1e-9 relative where only the order of
rounding differs; where the plates' moments are taken about an origin a few metres away, 1e-7, because
they then lose three digits to the lever.
"""

from dataclasses import fields, replace
from functools import cache

import faults
import numpy as np
import pytest
import walkers
from mirror import AXIAL, FLIP, mirrored, swapped
from reference import TRIALS, needs_data, samples_of, subject_of

from compute import Engine, Side, Stance
from stream.lab import Axes, read_lab
from stream.mapping import MarkerMap, PlateMap
from stream.readers import read_recording
from stream.source import PlateDescription

CLUSTERS, BELTS = TRIALS[:2]
SOURCES = [
    pytest.param("synthetic", id="synthetic"),
    pytest.param(CLUSTERS, id="clusters", marks=needs_data),
    pytest.param(BELTS, id="landmarks", marks=needs_data),
]
FIELDS = tuple(f.name for f in fields(Stance) if f.type in (int, float, bool))
SIGMAS = ("ekam_peak1_sigma_nm", "ekam_peak2_sigma_nm")
"""From derivatives by one-sided differences, which a mirror takes on the other side."""
LAB_FIELDS = {"heel_forward_m"}
"""Measured from the origin of the lab."""


@cache
def person(source):
    return walkers.subject() if source == "synthetic" else subject_of(source)


@cache
def settings(source):
    return (walkers.lab() if source == "synthetic" else read_lab(source.lab).lab).settings()


@cache
def good(source):
    if source == "synthetic":
        walk = walkers.samples(7)
        names = walkers.subject().markers()
        return faults.Samples(
            names, walk.marker_time_s, walk.markers_m, walk.force_time_s, walk.wrench, 100.0, 1000.0
        )
    samples = samples_of(source)
    m, f = samples.marker_time_s < 5.0, samples.force_time_s < 5.0
    return replace(
        samples,
        marker_time_s=samples.marker_time_s[m],
        markers_m=np.ascontiguousarray(samples.markers_m[m]),
        force_time_s=samples.force_time_s[f],
        wrench=np.ascontiguousarray(samples.wrench[f]),
    )


def pushed(source, samples, subject=None):
    running = Engine(
        subject or person(source), samples.marker_hz, samples.force_hz, settings(source)
    )
    order = [samples.names.index(name) for name in running.markers]
    markers_m = np.ascontiguousarray(samples.markers_m[:, order])
    found = running.push(
        samples.marker_time_s, markers_m, samples.force_time_s, np.ascontiguousarray(samples.wrench)
    )
    return found, running.early


@cache
def before(source):
    return pushed(source, good(source))


def numbers(found, names):
    return np.array([[getattr(stance, name) for name in names] for stance in found], dtype=float)


def assert_same(found, expected, rtol=1e-9, without=(), atol=None):
    """The same stances with the same numbers; numbers near zero within `atol` of their unit."""
    assert [s.reasons for s in found] == [s.reasons for s in expected]
    assert [s.dropped_marker for s in found] == [s.dropped_marker for s in expected]
    names = [name for name in FIELDS if name not in without]
    np.testing.assert_allclose(
        numbers(found, names), numbers(expected, names), rtol=rtol, atol=atol or rtol
    )
    for got, was in zip(found, expected, strict=True):
        assert (got.curves is None) == (was.curves is None)
        if got.curves is not None:
            scale = np.nanmax(np.abs(was.curves.values))
            np.testing.assert_allclose(
                got.curves.values, was.curves.values, rtol=rtol, atol=rtol * scale
            )


@pytest.mark.parametrize("source", SOURCES)
def test_mirror(source):
    """Everything mirrored in the sagittal plane and every L and R exchanged: the sides are exchanged."""
    samples, (was, early) = good(source), before(source)
    subject = mirrored(person(source))
    names = tuple(swapped(name) for name in samples.names)
    found, found_early = pushed(
        source,
        replace(
            samples, names=names, markers_m=samples.markers_m * FLIP,
            wrench=samples.wrench[:, ::-1] * AXIAL,
        ),
        subject,
    )  # fmt: skip
    sides = ("ekam_symmetry_pct", "stance_symmetry_pct")  # left against right: the other way round
    assert [s.side for s in found] == [s.side.other for s in was]
    assert_same(found, was, rtol=1e-8, without={*sides, *SIGMAS})
    np.testing.assert_allclose(numbers(found, SIGMAS), numbers(was, SIGMAS), rtol=2e-4)
    np.testing.assert_allclose(numbers(found, sides), -numbers(was, sides), rtol=1e-8, atol=1e-8)
    assert [e.side for e in found_early] == [e.side.other for e in early]


@pytest.mark.parametrize(
    "source",
    [*SOURCES[:2], pytest.param(BELTS, id="landmarks", marks=needs_data)],
)
@pytest.mark.parametrize("by_m", [(3.0, 0.0, -2.0), (-5.0, 0.0, 4.0)])
def test_origin_of_the_lab(source, by_m):
    """Markers and wrenches seen from another origin on the same floor."""
    samples, (was, _) = good(source), before(source)
    about = samples.wrench[..., 3:] + np.cross(by_m, samples.wrench[..., :3])
    found, _ = pushed(
        source,
        replace(
            samples, markers_m=samples.markers_m + by_m,
            wrench=np.concatenate([samples.wrench[..., :3], about], axis=2),
        ),
    )  # fmt: skip
    assert_same(found, was, rtol=1e-7, without=LAB_FIELDS)
    moved = numbers(found, LAB_FIELDS) - numbers(was, LAB_FIELDS)
    np.testing.assert_allclose(moved[np.isfinite(moved)], by_m[0], atol=1e-9)


@pytest.mark.parametrize("source", SOURCES)
def test_order_of_the_markers(source):
    """By name, never by position: bit for bit."""
    samples, (was, early) = good(source), before(source)
    shuffled = np.random.default_rng(0).permutation(len(samples.names))
    found, found_early = pushed(
        source,
        replace(
            samples,
            names=tuple(samples.names[i] for i in shuffled),
            markers_m=samples.markers_m[:, shuffled],
        ),
    )
    assert np.array_equal(numbers(found, FIELDS), numbers(was, FIELDS), equal_nan=True)
    assert found_early == early


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", range(3))
def test_chunks(source, seed):
    """However the samples are cut and whichever stream runs ahead: bit for bit, early scores too."""
    samples, rng = good(source), np.random.default_rng(seed)
    ratio = round(samples.force_hz / samples.marker_hz)
    n, ahead = len(samples.marker_time_s), int(rng.integers(-30, 30))
    edges = [0, *np.sort(rng.integers(1, n, int(rng.integers(1, 200)))), n]
    whole, pieces = (
        Engine(person(source), samples.marker_hz, samples.force_hz, settings(source))
        for _ in range(2)
    )
    expected = whole.push(
        samples.marker_time_s, samples.markers_m, samples.force_time_s, samples.wrench
    )
    found, early = [], []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        m = slice(first, last)
        low = ratio * max(first + ahead, 0) if first else 0
        f = slice(low, ratio * max(last + ahead, 0) if last < n else None)
        found += pieces.push(
            samples.marker_time_s[m],
            samples.markers_m[m],
            samples.force_time_s[f],
            samples.wrench[f],
        )
        early += pieces.early
    assert len(expected) >= 2
    assert np.array_equal(numbers(found, FIELDS), numbers(expected, FIELDS), equal_nan=True)
    assert [s.reasons for s in found] == [s.reasons for s in expected]
    assert early == whole.early


def scaled(subject, factor):
    """A person heavier by `factor` of the same shape."""

    def heavier(inertia):
        tensor = tuple(tuple(factor * x for x in row) for row in inertia.inertia_kg_m2)
        return replace(inertia, mass_kg=factor * inertia.mass_kg, inertia_kg_m2=tensor)

    legs = {
        side.word: replace(
            subject.leg(side),
            **{
                name: heavier(getattr(subject.leg(side), name))
                for name in ("thigh_inertia", "shank_inertia", "foot_inertia")
            },
        )
        for side in Side
    }
    return replace(subject, body_mass_kg=factor * subject.body_mass_kg, **legs)


@pytest.mark.parametrize("factor", [0.9, 1.25])
def test_body_mass(factor):
    """A person and a load that are heavier by a factor: everything per kilogram stays.

    The thresholds of contact are newtons: the walker's sharp strikes hide that, real ones would not.
    """
    samples, (was, _) = good("synthetic"), before("synthetic")
    found, _ = pushed(
        "synthetic",
        replace(samples, wrench=factor * samples.wrench),
        scaled(person("synthetic"), factor),
    )
    late = [(a, b) for a, b in zip(found, was, strict=True) if b.number > 2]
    for got, expected in late:
        assert got.reasons == expected.reasons
        assert got.t_on_s == pytest.approx(expected.t_on_s, abs=0.003)
        for name in ("ekam_peak1_nm", "ekam_peak2_nm", "kfm_peak_nm", "fz_peak_n"):
            assert getattr(got, name) / factor == pytest.approx(getattr(expected, name), rel=1e-3)


# --- through the edge ------------------------------------------------------------------------------


@cache
def recording():
    return read_recording(BELTS.path(BELTS.walk), read_lab(BELTS.lab).lab, None)


def through_the_edge(markers, forces, lab):
    """The first seconds of a recording of the belts as the engine gets them."""
    m, f = (np.searchsorted(s.stamps_s - markers.stamps_s[0], 5.0) for s in (markers, forces))
    names = subject_of(BELTS).markers()
    return replace(
        good(BELTS),
        names=names,
        markers_m=MarkerMap(markers.info, lab, names).apply(markers.values[:m]),
        wrench=PlateMap(forces.info, lab).apply(forces.values[:f]),
    )


def turned(r):
    """The recording in capture axes turned by `r` (3, 3), and the lab file that says so."""
    lab, markers, forces = read_lab(BELTS.lab).lab, recording().markers, recording().forces
    points = markers.values.reshape(len(markers.values), -1, 3) @ r.T
    plates = tuple(
        PlateDescription(
            tuple(map(tuple, (np.array(plate.corners_m) @ r.T).tolist())),
            plate.origin_m,
            plate.reaction,
        )
        for plate in forces.info.plates
    )
    axes = []
    for row in lab.axes.r_lab_from_capture() @ r.T:
        k = int(np.argmax(np.abs(row)))
        axes.append(("-" if row[k] < 0 else "+") + "xyz"[k])
    return (
        replace(markers, values=points.reshape(markers.values.shape)),
        replace(forces, info=replace(forces.info, plates=plates)),
        lab.model_copy(update={"axes": Axes(forward=axes[0], up=axes[1], right=axes[2])}),
    )


QUARTER = {
    "about z": np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "about z, twice": np.diag([-1.0, -1.0, 1.0]),
    "about z, back": np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "y up": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    "x up": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
}


@needs_data
@pytest.mark.parametrize("how", QUARTER)
def test_capture_axes(how):
    """Another way of laying the capture axes, with the lab file that says so: the same stances."""
    found, _ = pushed(BELTS, through_the_edge(*turned(QUARTER[how])))
    assert_same(found, before(BELTS)[0])


@needs_data
def test_units():
    """Markers in metres or millimetres, loads in newtons or kilonewtons, moments in N·m or N·mm."""
    lab, markers, forces = read_lab(BELTS.lab).lab, recording().markers, recording().forces
    assert {channel.unit for channel in markers.info.channels} == {"mm"}

    def in_unit(stream, units):
        channels, values = list(stream.info.channels), stream.values.copy()
        for i, channel in enumerate(channels):
            for kind, (unit, factor) in units.items():
                if channel.kind.startswith(kind):
                    channels[i] = replace(channel, unit=unit)
                    values[:, i] *= factor
        return replace(stream, info=replace(stream.info, channels=tuple(channels)), values=values)

    moment_unit = next(c.unit for c in forces.info.channels if c.kind.startswith("Moment"))
    assert moment_unit in ("Nmm", "N*mm", "N.mm", "Nm", "N*m")
    to_nm = 1e-3 if "mm" in moment_unit else 1.0
    found, _ = pushed(
        BELTS,
        through_the_edge(
            in_unit(markers, {"Position": ("m", 1e-3)}),
            in_unit(forces, {"Force": ("kN", 1e-3), "Moment": ("Nm", to_nm)}),
            lab,
        ),
    )
    assert_same(found, before(BELTS)[0])
