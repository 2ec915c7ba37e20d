"""Inertia of thigh, shank and foot from body mass, sex and segment lengths.

Two tables to choose from. Products of inertia are taken as zero: they move EKAM by less than rounding
and the sources disagree in their signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compute.conventions import Side
from compute.subject import Point, SegmentInertia

InertiaModel = Literal["dumas", "deleva"]
Sex = Literal["f", "m"]

DUMAS: dict[Sex, dict[str, tuple[float, Point, Point]]] = {
    "m": {
        "thigh": (12.3, (-4.1, -42.9, 3.3), (29.0, 15.0, 30.0)),
        "shank": (4.8, (-4.8, -41.0, 0.7), (28.0, 10.0, 28.0)),
        "foot": (1.2, (50.2, -19.9, 3.4), (22.0, 49.0, 48.0)),
    },
    "f": {
        "thigh": (14.6, (-7.7, -37.7, 0.8), (31.0, 19.0, 32.0)),
        "shank": (4.5, (-4.9, -40.4, 3.1), (28.0, 10.0, 28.0)),
        "foot": (1.0, (38.2, -30.9, 5.5), (24.0, 50.0, 50.0)),
    },
}
"""Dumas & Wojtusch 2018 (Handbook of Human Motion): mass in per cent of the body; centre of mass and
radii of gyration (X anterior, Y proximal, Z lateral) in per cent of the segment's length. Lengths: hip
to knee, knee to ankle joint centre, and ankle joint centre to the middle of the metatarsal heads 1, 5."""

DELEVA: dict[Sex, dict[str, tuple[float, float, Point]]] = {
    "m": {
        "thigh": (14.16, 40.95, (32.9, 14.9, 32.9)),
        "shank": (4.33, 44.59, (25.5, 10.3, 24.9)),
        "foot": (1.37, 44.15, (12.4, 25.7, 24.5)),
    },
    "f": {
        "thigh": (14.78, 36.12, (36.9, 16.2, 36.4)),
        "shank": (4.81, 44.16, (27.1, 9.3, 26.7)),
        "foot": (1.29, 40.14, (13.9, 29.9, 27.9)),
    },
}
"""de Leva 1996 (J Biomech 29:1223): mass in per cent of the body; centre of mass along the segment's
long axis from its proximal end (foot: from the heel), and radii of gyration about our X, Y, Z, in per
cent of its length. The long axis is Y of thigh and shank and X of the foot; "sagittal" is about the
antero-posterior axis of an upright limb (Y of the foot), "transverse" about the medio-lateral one."""

DELEVA_FOOT_SHARE_OF_HEIGHT: dict[Sex, float] = {"m": 0.1483, "f": 0.1316}
"""Heel to toe tip over stature of de Leva's subjects (0.2581/1.741 m, 0.2283/1.735 m): no marker sits on
the toe tip."""


@dataclass(frozen=True)
class LegMeasures:
    """What the tables need of one leg; None where the markers do not tell.

    Attributes
    ----------
    thigh_m, shank_m : hip to knee, knee to ankle joint centre.
    foot_m : ankle joint centre to the middle of the metatarsal heads.
    heel_m : heel in the foot frame (origin: ankle joint centre).
    """

    shank_m: float
    thigh_m: float | None = None
    foot_m: float | None = None
    heel_m: Point | None = None


def leg_inertia(
    model: InertiaModel,
    sex: Sex,
    body_mass_kg: float,
    height_m: float,
    side: Side,
    measures: LegMeasures,
) -> tuple[SegmentInertia, SegmentInertia, SegmentInertia]:
    """Thigh, shank and foot of one leg, in the segment frames of `compute.conventions`.

    A segment of unknown length is a point mass at its origin. The mediolateral terms of the tables are
    those of a right leg and mirrored for a left one.
    """
    lengths = {"thigh": measures.thigh_m, "shank": measures.shank_m, "foot": measures.foot_m}
    made = []
    for name, length_m in lengths.items():
        if model == "dumas":
            share, com, radii = DUMAS[sex][name]
            x, y, z = (0.01 * (length_m or 0.0) * c for c in com)
            at = (x, y, side.sigma * z)
        else:
            share, along, radii = DELEVA[sex][name]
            if name == "foot":
                length_m = DELEVA_FOOT_SHARE_OF_HEIGHT[sex] * height_m if measures.heel_m else None
                x, y, z = measures.heel_m or (0.0, 0.0, 0.0)
                at = (x + 0.01 * along * (length_m or 0.0), y, z)
            else:
                at = (0.0, -0.01 * along * (length_m or 0.0), 0.0)
        made.append(_solid(0.01 * share * body_mass_kg, at, radii, length_m or 0.0))
    return made[0], made[1], made[2]


def _solid(
    mass_kg: float, com_m: Point, radii_pct: Sequence[float], length_m: float
) -> SegmentInertia:
    a, b, c = (mass_kg * (0.01 * length_m * radius) ** 2 for radius in radii_pct)
    return SegmentInertia(mass_kg, com_m, ((a, 0.0, 0.0), (0.0, b, 0.0), (0.0, 0.0, c)))
