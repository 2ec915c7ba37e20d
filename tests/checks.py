"""What `ekam check` says of the synthetic walker and static, whole or with a fault put in."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import walkers

from stream.check import judge
from stream.check_seen import Seen, SeenStream, Verdict
from stream.lab import Lab
from stream.source import Role
from stream.synthetic import Noise, static_trial, with_noise

MASS_KG = 72.0
START_S = 1000.0
QUIET = Noise(seed=1, marker_m=2e-4, force_n=1.0, moment_nm=0.1)


def of(recording):
    """What `ekam check` would have received of a recording."""
    streams = {}
    for stream in recording.streams():
        stamps_s = stream.stamps_s + START_S
        streams[stream.info.role] = SeenStream(
            stream.info,
            stamps_s,
            stream.values.copy(),
            stamps_s + 0.002,
            np.zeros(len(stamps_s)),
            1e-4,
        )
    return Seen(streams)


@cache
def walk():
    return of(with_noise(walkers.trial(), QUIET).recording)


@cache
def stand():
    return of(static_trial(noise=QUIET))


def changed(seen, role, **fields):
    return Seen({**seen.streams, role: replace(seen.streams[role], **fields)})


def columns(seen, role, *labels):
    all_of = seen.streams[role].info.labels
    return [all_of.index(label) for label in labels]


def marker_columns(seen, name):
    return columns(seen, Role.MARKERS, *(f"{name}_{axis}" for axis in "XYZ"))


def with_values(seen, role, change):
    values = seen.streams[role].values.copy()
    change(values)
    return changed(seen, role, values=values)


def with_info(seen, role, **fields):
    return changed(seen, role, info=replace(seen.streams[role].info, **fields))


def lab_with(**fields):
    """The synthetic lab, its tables partly changed, checked again as a file would be."""
    table = walkers.lab().model_dump(mode="json", exclude_unset=True)
    for key, value in fields.items():
        table[key] = {**table[key], **value} if isinstance(value, dict) else value
    return Lab.model_validate_json(json.dumps(table))


def judged(seen, lab=None, **options):
    options.setdefault("mass_kg", MASS_KG)
    found = judge(seen, lab or walkers.lab(), **options)
    names = [finding.check for finding in found]
    assert len(names) == len(set(names)), "two lines of the same name"
    for finding in found:
        assert finding.found
        assert (finding.verdict is Verdict.OK) == (not finding.cure)
    return {finding.check: finding for finding in found}


def not_ok(found):
    return {
        name: finding
        for name, finding in found.items()
        if finding.verdict in (Verdict.WARNING, Verdict.FAILED)
    }


def only(found, name, verdict):
    """The one line that is not ok."""
    assert set(not_ok(found)) == {name}, {k: v.found for k, v in not_ok(found).items()}
    assert found[name].verdict is verdict
    return found[name]


def plate(seen, number, *kinds):
    return columns(seen, Role.FORCES, *(f"{kind}{number}" for kind in kinds))


SIX = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")
