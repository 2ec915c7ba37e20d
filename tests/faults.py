"""Faults that a laboratory meets, put into good samples.

Every injector takes samples and returns new ones; nothing is changed in place, and the same call gives
the same samples. Lab frame (X forward, Y up, Z to the right), m, N, N·m, s from the first marker
sample. A span of time is ``(first_s, last_s)``, both ends included; None is the whole recording.
"""

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2, Side

Span = tuple[float, float]


@dataclass(frozen=True)
class Samples:
    """A trial as the engine takes it, with the names of its markers."""

    names: tuple[str, ...]
    marker_time_s: np.ndarray
    markers_m: np.ndarray
    force_time_s: np.ndarray
    wrench: np.ndarray
    marker_hz: float
    force_hz: float


# --- markers ---------------------------------------------------------------------------------------


def dropped_frames(samples, at_s, count):
    """`count` marker frames from `at_s` on never arrived."""
    first = int(np.searchsorted(samples.marker_time_s, at_s))
    keep = np.ones(len(samples.marker_time_s), dtype=bool)
    keep[first : first + count] = False
    return replace(
        samples, marker_time_s=samples.marker_time_s[keep], markers_m=samples.markers_m[keep]
    )


def occluded(samples, names, span):
    """Markers that no camera sees: NaN."""
    return _with_markers(samples, names, span, lambda at: np.full_like(at, np.nan))


def held(samples, names, span):
    """Markers that the capture system lost and goes on sending where it last saw them."""
    return _with_markers(samples, names, span, lambda at: np.broadcast_to(at[:1], at.shape))


def zeroed(samples, names, span):
    """Markers coded as missing by 0, 0, 0; `compute.lab_frame.markers_to_lab` makes them NaN at the edge."""
    return _with_markers(samples, names, span, np.zeros_like)


def swapped(samples, a, b, span):
    """Two markers exchange their labels."""
    i, j = samples.names.index(a), samples.names.index(b)
    rows = _rows(samples.marker_time_s, span)
    markers = samples.markers_m.copy()
    markers[np.ix_(rows, [i, j])] = samples.markers_m[np.ix_(rows, [j, i])]
    return replace(samples, markers_m=markers)


def spiked(samples, name, at_s, by_m):
    """One marker jumps away for one frame (a reflection). by_m : shape (3,)."""
    k = int(np.searchsorted(samples.marker_time_s, at_s))
    at_s = float(samples.marker_time_s[min(k, len(samples.marker_time_s) - 1)])
    return moved(samples, (name,), (at_s, at_s), by_m)


def fallen(samples, name, at_s, by_m):
    """A marker comes off its place at `at_s` and stays there, in the segment's eyes `by_m` away."""
    return moved(samples, (name,), (at_s, inf), by_m)


def moved(samples, names, span, by_m):
    """Markers are displaced, shape (3,) or (frames, 3)."""
    return _with_markers(samples, names, span, lambda at: at + np.asarray(by_m))


def shaken(samples, side, span, amplitude_m, hz):
    """A whole leg and the load under it shake sideways (a tremor, a loose belt), zero at both ends."""
    first_s, last_s = span
    names = [name for name in samples.names if name[0] == side.letter and name[1:] not in PELVIS]

    def sideways(time_s):
        inside = (time_s >= first_s) & (time_s <= last_s)
        ramp = np.sin(np.pi * np.clip((time_s - first_s) / (last_s - first_s), 0.0, 1.0)) ** 0.5
        swing = amplitude_m * ramp * np.sin(2.0 * np.pi * hz * (time_s - first_s)) * inside
        return np.stack([0.0 * swing, 0.0 * swing, swing], axis=-1)

    markers = samples.markers_m.copy()
    rows = [samples.names.index(name) for name in names]
    markers[:, rows] += sideways(samples.marker_time_s)[:, None]
    wrench = samples.wrench.copy()
    wrench[:, side] = _carried(wrench[:, side], sideways(samples.force_time_s))
    return replace(samples, markers_m=markers, wrench=wrench)


PELVIS = ("ASI", "PSI", "SHO")
"""Markers of the pelvis and trunk that have a side in their name."""


# --- plates ----------------------------------------------------------------------------------------


def dropped_force_samples(samples, at_s, count):
    """`count` plate samples from `at_s` on never arrived."""
    first = int(np.searchsorted(samples.force_time_s, at_s))
    keep = np.ones(len(samples.force_time_s), dtype=bool)
    keep[first : first + count] = False
    return replace(samples, force_time_s=samples.force_time_s[keep], wrench=samples.wrench[keep])


def missing_force(samples, span, channels=range(6), sides=tuple(Side)):
    """Channels of the plates are NaN."""
    wrench = samples.wrench.copy()
    rows = _rows(samples.force_time_s, span)
    wrench[np.ix_(rows, list(sides), list(channels))] = np.nan
    return replace(samples, wrench=wrench)


def frozen(samples, span, sides=tuple(Side)):
    """The plate stream repeats its last sample."""

    def repeat(load):
        return np.broadcast_to(load[:1], load.shape)

    for side in sides:
        samples = _with_load(samples, side, span, repeat)
    return samples


def saturated(samples, side, limit, channel=1, span=None):
    """A channel cannot go beyond `limit` (of its own sign): a flat top."""

    def clip(load):
        load = load.copy()
        load[:, channel] = (
            np.minimum(load[:, channel], limit)
            if limit > 0
            else np.maximum(load[:, channel], limit)
        )
        return load

    return _with_load(samples, side, span, clip)


def drifting(samples, side, newtons_per_s, from_s=0.0):
    """The vertical channel of a plate runs away slowly."""
    wrench = samples.wrench.copy()
    wrench[:, side, 1] += newtons_per_s * np.clip(samples.force_time_s - from_s, 0.0, None)
    return replace(samples, wrench=wrench)


def untared(samples, side, newtons, span=None):
    """The vertical channel of a plate is not zeroed."""
    return _with_load(samples, side, span, lambda load: load + newtons * np.eye(6)[1])


def swapped_plates(samples):
    """Each plate's cable in the other plate's socket."""
    return replace(samples, wrench=np.ascontiguousarray(samples.wrench[:, ::-1]))


def gained(samples, factor, sides=tuple(Side), span=None):
    """Wrong calibration or unit: every channel of a plate times `factor`."""
    for side in sides:
        samples = _with_load(samples, side, span, lambda load: load * factor)
    return samples


def held_rail(samples, body_mass_kg, share=0.08, span=None):
    """A handrail takes `share` of the body weight; each plate loses in proportion to what it carries."""
    weight_n = body_mass_kg * GRAVITY_M_PER_S2
    rows = _rows(samples.force_time_s, span)
    wrench = samples.wrench.copy()
    both = wrench[rows, :, 1].clip(0.0, None).sum(axis=1)
    left = np.where(both > 0.3 * weight_n, 1.0 - share * weight_n / np.maximum(both, 1.0), 1.0)
    wrench[rows] *= left[:, None, None]
    return replace(samples, wrench=wrench)


def cop_shifted(samples, side, by_m, span=None):
    """The centre of pressure lies elsewhere (corners wrong, plate moved). by_m : (3,) or (samples, 3)."""
    return _with_load(samples, side, span, lambda load: _carried(load, np.asarray(by_m)))


def cut_off(samples, side, from_s, off_s):
    """The foot slips off its plate at `from_s`, well before its toe-off at `off_s`."""
    return _with_load(samples, side, (from_s, off_s), lambda load: 0.0 * load)


def shared(samples, side, share, span):
    """A foot steps on both belts: part of its load goes to the other plate, where the foot is."""
    rows = _rows(samples.force_time_s, span)
    wrench = samples.wrench.copy()
    wrench[rows, side.other] += share * wrench[rows, side]
    wrench[rows, side] *= 1.0 - share
    return replace(samples, wrench=wrench)


# --- everything ------------------------------------------------------------------------------------


def faster_belts(samples, by_m_per_s, from_s):
    """Belts speed up while the walker keeps walking: everything on them moves backwards faster."""
    wrench = samples.wrench.copy()

    def back(time_s):
        x = -by_m_per_s * np.clip(time_s - from_s, 0.0, None)
        return np.stack([x, 0.0 * x, 0.0 * x], axis=-1)

    for side in Side:
        wrench[:, side] = _carried(wrench[:, side], back(samples.force_time_s))
    markers = samples.markers_m + back(samples.marker_time_s)[:, None]
    return replace(samples, markers_m=markers, wrench=wrench)


def late_forces(samples, by_s):
    """Plates and cameras are not synchronous: the plates' stamps lie `by_s` later."""
    return replace(samples, force_time_s=samples.force_time_s + by_s)


def noisy(samples, marker_m, force_n, seed=0):
    """White noise on everything: a standard deviation per coordinate; moments a third of the forces."""
    rng = np.random.default_rng(seed)
    scale = force_n * np.array([1.0, 1.0, 1.0, 0.3, 0.3, 0.3])
    return replace(
        samples,
        markers_m=samples.markers_m + rng.normal(0.0, marker_m, samples.markers_m.shape),
        wrench=samples.wrench + rng.normal(0.0, 1.0, samples.wrench.shape) * scale,
    )


def _rows(time_s, span):
    """Indices of the samples in a span."""
    if span is None:
        return np.arange(len(time_s))
    return np.flatnonzero((time_s >= span[0] - 1e-9) & (time_s <= span[1] + 1e-9))


def _with_markers(samples, names, span, change):
    rows = _rows(samples.marker_time_s, span)
    markers = samples.markers_m.copy()
    for name in names:
        i = samples.names.index(name)
        if len(rows):
            markers[rows, i] = change(samples.markers_m[rows, i])
    return replace(samples, markers_m=markers)


def _with_load(samples, side, span, change):
    rows = _rows(samples.force_time_s, span)
    wrench = samples.wrench.copy()
    if len(rows):
        wrench[rows, side] = change(samples.wrench[rows, side])
    return replace(samples, wrench=wrench)


def _carried(load, by_m):
    """The same force acting `by_m` away: M_O grows by its lever. load : shape (n, 6)."""
    load = load.copy()
    load[:, 3:] += np.cross(np.broadcast_to(by_m, (len(load), 3)), load[:, :3])
    return load
