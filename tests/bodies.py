"""Marker sets of the synthetic walker standing and walking, as tests of calibration want them."""

from functools import cache

import numpy as np
import walkers

from compute import Side
from compute.calibration import Person
from stream.mapping import MarkerMap, PlateMap, present_markers
from stream.synthetic import static_trial
from stream.synthetic_motion import MIRROR, leg_markers, walking_leg

PERSON = Person("T1", 72.0, 1.72, "f")
RATE_HZ = 100.0


@cache
def _standing():
    static = static_trial(walkers.trial().parameters)
    names = present_markers(static.markers.info, walkers.lab())
    at = MarkerMap(static.markers.info, walkers.lab(), names).apply(static.markers.values)
    wrench = PlateMap(static.forces.info, walkers.lab()).apply(static.forces.values)
    return {name: at[:, i] for i, name in enumerate(names)}, wrench


def standing():
    """Markers of the static trial, lab: canonical name -> (n, 3); yours to change."""
    return {name: x.copy() for name, x in _standing()[0].items()}


def load():
    return _standing()[1].copy()


def walking(seconds=3.0):
    """Markers of a walk in which the medial markers stay on."""
    from stream.synthetic import walking_markers

    parameters = walkers.trial().parameters
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    markers = walking_markers(parameters, times)
    for side in Side:
        cycle = (times - parameters.contact_s(side)) / parameters.stride_s
        flip = np.eye(3) if side is Side.RIGHT else MIRROR
        for name, points in leg_markers(parameters, walking_leg(parameters, cycle)).items():
            markers[side.letter + name] = points @ flip
    return markers


def turned(markers, yaw_deg, moved=(0.0, 0.0, 0.0)):
    turn = np.radians(yaw_deg)
    r = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return {name: x @ r.T + np.array(moved) for name, x in markers.items()}


def mirrored(markers):
    swap = {"L": "R", "R": "L"}
    return {swap.get(name[0], name[0]) + name[1:]: x @ MIRROR for name, x in markers.items()}


def plug_in_gait(markers):
    """The conventional set: no medial markers, one wand on each segment, in the plane of the joint axis.

    Returns the markers, and the true knee and ankle joint centres (3,) by side.
    """
    out = {name: x for name, x in markers.items() if name[1:3] not in ("TH", "SK", "KN", "ME")}
    truth = {}
    for side in Side:
        letter = side.letter
        knee = 0.5 * (markers[letter + "KNE"] + markers[letter + "KNM"])
        ankle = 0.5 * (markers[letter + "ANK"] + markers[letter + "MED"])
        lateral = markers[letter + "KNE"] - knee
        out[letter + "KNE"] = markers[letter + "KNE"]
        out[letter + "TH1"] = markers[letter + "KNE"] + 1.4 * lateral + [0.0, 0.18, 0.0]
        aside = markers[letter + "ANK"] - ankle
        out[letter + "SK1"] = 0.5 * (knee + markers[letter + "ANK"]) + 1.8 * aside
        truth[side] = knee[0], ankle[0]
    return out, truth


def close(one, other, tolerance=1e-9):
    """Whether two subjects are the same body to within a tolerance."""

    def numbers(x):
        if isinstance(x, (int, float)):
            return [float(x)]
        if isinstance(x, dict):
            return [n for key in sorted(x) for n in [key, *numbers(x[key])]]
        if isinstance(x, (tuple, list)):
            return [n for each in x for n in numbers(each)]
        if hasattr(x, "__dataclass_fields__"):
            return [
                n
                for key in x.__dataclass_fields__
                if key != "checks"
                for n in numbers(getattr(x, key))
            ]
        return [x]

    first, second = numbers(one), numbers(other)
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        if isinstance(a, float) and isinstance(b, float):
            assert abs(a - b) <= tolerance, (a, b)
        else:
            assert a == b
