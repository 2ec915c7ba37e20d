"""A calibrated person in the sagittal mirror: left becomes right, Z changes its sign."""

from dataclasses import replace

import numpy as np

from compute.subject import Leg, Segment, Subject

MIDLINE = ("SACR", "C7", "T10", "CLAV", "STRN", "MID", "TOP", "KJC")
FLIP = np.array([1.0, 1.0, -1.0])
AXIAL = np.array([1.0, 1.0, -1.0, -1.0, -1.0, 1.0])
"""Signs of force (a vector) and moment (an axial one) in the mirror."""


def swapped(name: str) -> str:
    """The marker's name on the other side."""
    return name if name in MIDLINE else {"L": "R", "R": "L"}.get(name[:1], name[:1]) + name[1:]


def flipped(at_m):
    return tuple((x, y, -z) for x, y, z in at_m)


def mirrored(subject: Subject) -> Subject:
    return replace(
        subject,
        left=mirrored_leg(subject.right),
        right=mirrored_leg(subject.left),
        pelvis=subject.pelvis and mirrored_segment(subject.pelvis),
        trunk=subject.trunk and mirrored_segment(subject.trunk),
        trunk_top=tuple(swapped(name) for name in subject.trunk_top),
    )


def mirrored_segment(segment: Segment) -> Segment:
    return replace(
        segment,
        cluster=tuple(swapped(name) for name in segment.cluster),
        local_m=flipped(segment.local_m),
        points_m={
            swapped(name) if name.endswith("HJC") else name: (x, y, -z)
            for name, (x, y, z) in segment.points_m.items()
        },
    )


def mirrored_leg(leg: Leg) -> Leg:
    changes = {}
    for name in ("foot_inertia", "shank_inertia", "thigh_inertia"):
        own = getattr(leg, name)
        tensor = np.array(own.inertia_kg_m2) * np.outer(FLIP, FLIP)
        changes[name] = replace(
            own, com_m=tuple(own.com_m * FLIP), inertia_kg_m2=tuple(map(tuple, tensor))
        )
    shank = leg.shank
    knee, ankle, axis = (
        tuple(swapped(name) for name in pair) for pair in (shank.knee, shank.ankle, shank.axis)
    )
    changes["shank"] = replace(
        shank,
        cluster=tuple(swapped(name) for name in shank.cluster),
        local_m=flipped(shank.local_m),
        ajc_local_m=flipped([shank.ajc_local_m])[0],
        knee=knee,
        ankle=ankle,
        axis=axis[::-1],  # its second point lies to the right of the first
    )
    for name in ("foot", "thigh"):
        segment = getattr(leg, name)
        changes[name] = segment and mirrored_segment(segment)
    return replace(leg, **changes)
