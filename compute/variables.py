"""Everything that can be fed back: how it is read off a stance, in what terms it is aimed at, and how.

The names are those of the columns of ``stances.csv`` without their unit. A value is read in the unit of
its column; on screens it may have another one (metres become centimetres).
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import degrees, nan
from operator import attrgetter
from typing import Literal

from compute.body import LIVE_AXIS, TIBIA_AXIS, body_arrays, femur_known
from compute.conventions import GRAVITY_M_PER_S2, Side
from compute.stance import Stance
from compute.subject import Subject

Mode = Literal["relative", "difference", "absolute"]
"""How a value is compared with the target: per cent of the leg's own baseline, value minus baseline in
the unit shown, or the value itself."""

Need = Literal["pelvis", "femur", "femur_axis", "foot", "trunk"]
"""A part of the body that must be tracked while walking."""

NEEDED_MARKERS: dict[Need, str] = {
    "pelvis": "the pelvis (LASI, RASI and SACR or LPSI, RPSI)",
    "femur": "the {x} thigh ({X}TH1, {X}TH2, {X}TH3, or the pelvis with LASI, RASI and SACR or LPSI, RPSI)",
    "femur_axis": "the {x} thigh ({X}TH1, {X}TH2, {X}TH3, or {X}KNE and {X}KNM while walking)",
    "foot": "the {x} foot ({X}HEE with {X}TOE, or with {X}MT1 and {X}MT5)",
    "trunk": "the trunk (LSHO and RSHO, or C7 or CLAV)",
}

CONDITIONAL_REASONS = ("no_peak",)
"""Reasons that reject a stance only where the fed back value depends on them."""


@dataclass(frozen=True)
class Variable:
    """One quantity of a stance that a walker can be shown.

    Attributes
    ----------
    name : as in lab.toml and on the command line.
    column : its column in ``stances.csv``.
    label : for the operator. plain : for the walker, short.
    unit : as shown. digits : decimals of values in that unit.
    read : value in the unit of the column; NaN where it could not be computed.
    shown_per_unit : factor from the unit of the column to the one shown.
    mode : how it is aimed at unless the laboratory says otherwise.
    low, high : default band: % of baseline, or difference or value in the unit shown.
    better : the way that is wanted, seen from the baseline.
    source : where the default band comes from.
    needs : what must be tracked.
    rejected_by : which `CONDITIONAL_REASONS` reject it.
    above, below : words to the walker whose value lies above or below the band; ``{side}`` is the leg.
    """

    name: str
    column: str
    label: str
    plain: str
    unit: str
    read: Callable[[Stance], float]
    mode: Mode
    low: float
    high: float
    better: Literal["lower", "higher", "either"]
    source: str
    digits: int = 2
    shown_per_unit: float = 1.0
    needs: tuple[Need, ...] = ()
    rejected_by: tuple[str, ...] = ()
    above: str = "go lower"
    below: str = "go higher"

    def value(self, stance: Stance) -> float:
        """Value of a stance in the unit shown; NaN where it could not be computed."""
        return self.shown_per_unit * self.read(stance)

    def lacking(self, subject: Subject) -> str:
        """Which markers this subject would need besides those that track it; empty when none."""
        lacking = [
            NEEDED_MARKERS[need].format(x=side.word, X=side.letter)
            for need in self.needs
            for side in Side
            if not _tracked(need, subject, side)
        ]
        return " and ".join(dict.fromkeys(lacking))


def _tracked(need: Need, subject: Subject, side: Side) -> bool:
    if need == "pelvis":
        return subject.pelvis is not None
    if need == "trunk":
        has_top = subject.trunk is not None or bool(subject.trunk_top)
        return has_top and subject.pelvis is not None
    if need == "foot":
        foot = subject.leg(side).foot
        seen = set() if foot is None else set(foot.points_m)
        return "HEE" in seen and ("TOE" in seen or {"MT1", "MT5"} <= seen)
    arrays = body_arrays(subject, subject.markers())
    femur = femur_known(arrays.right if side is Side.RIGHT else arrays.left)
    return femur >= (LIVE_AXIS if need == "femur_axis" else TIBIA_AXIS)


def judged(stance: Stance, variable: Variable) -> Stance:
    """The stance with only those reasons that reject it where `variable` is the scored quantity."""
    kept = tuple(
        reason
        for reason in stance.reasons
        if reason not in CONDITIONAL_REASONS or reason in variable.rejected_by
    )
    return stance if kept == stance.reasons else replace(stance, reasons=kept)


def find(name: str) -> Variable:
    """The variable of that name.

    Raises
    ------
    ValueError : there is none; the sentence lists all names.
    """
    if name in VARIABLES:
        return VARIABLES[name]
    near = difflib.get_close_matches(name, VARIABLES, n=1)
    meant = f", did you mean {near[0]!r}" if near else ""
    raise ValueError(
        f"there is no feedback variable {name!r}{meant}: take one of {', '.join(VARIABLES)}"
    )


def _si(field: str) -> Callable[[Stance], float]:
    """A field as it is."""
    return attrgetter(field)


def _deg(field: str) -> Callable[[Stance], float]:
    """An angle, rad inside, in degrees."""
    return lambda stance: degrees(getattr(stance, field))


def _per_kg(field: str) -> Callable[[Stance], float]:
    """A moment or impulse of a moment per kg of body mass."""
    return lambda stance: getattr(stance, field) / stance.body_mass_kg


def _bw(field: str) -> Callable[[Stance], float]:
    """A force, its rate or impulse in body weights."""
    return lambda stance: getattr(stance, field) / (stance.body_mass_kg * GRAVITY_M_PER_S2)


def _second_peak(stance: Stance) -> float:
    """The second EKAM peak; NaN where the curve only falls from the first: a flank is no peak."""
    return stance.ekam_peak2_nm_per_kg if stance.peak2_is_local else nan


def _larger_peak(stance: Stance) -> float:
    """The larger of the EKAM peaks that are peaks; the larger window maximum where neither is."""
    values = (stance.ekam_peak1_nm_per_kg, stance.ekam_peak2_nm_per_kg)
    local = (stance.peak1_is_local, stance.peak2_is_local)
    return max([v for v, is_peak in zip(values, local, strict=True) if is_peak] or values)


OURS = "our choice"
TENTH = (
    "10 % below baseline, the usual line (Richards 2018; Jackson 2018 asked for 20 %); floor of 60 % "
    "our choice"
)
IMPACT = "20 % down: Bowser 2018 found 25 %, Noehren 2011 about 20 %; floor of 50 % our choice"
PEAK1 = ("no_peak",)


def _moment(
    name: str, label: str, read: Callable[[Stance], float], source: str, *,
    high: float = 90.0, rejected_by: tuple[str, ...] = (), plain: str = "knee load",
    unit: str = "N·m/kg", needs: tuple[Need, ...] = (),
) -> Variable:  # fmt: skip
    column = f"{name}_{'nms' if 's' in unit else 'nm'}_per_kg"
    return Variable(
        name, column, label, plain, unit, read, "relative", 60.0, high, "lower", source,
        needs=needs, rejected_by=rejected_by,
    )  # fmt: skip


def _angle(
    name: str, label: str, plain: str, low: float, high: float, source: str, *,
    needs: tuple[Need, ...] = (), rejected_by: tuple[str, ...] = (),
    above: str = "go lower", below: str = "go higher",
) -> Variable:  # fmt: skip
    return Variable(
        name, f"{name}_deg", label, plain, "°", _deg(f"{name}_rad"), "difference", low, high,
        "lower" if high < 0.0 else "higher", source, digits=0, needs=needs, rejected_by=rejected_by,
        above=above, below=below,
    )  # fmt: skip


def _share(
    name: str, column: str, label: str, plain: str, unit: str, read: Callable[[Stance], float],
    low: float, high: float, source: str, *, digits: int = 2, shown_per_unit: float = 1.0,
    needs: tuple[Need, ...] = (), above: str = "go lower", below: str = "go higher",
) -> Variable:  # fmt: skip
    return Variable(
        name, column, label, plain, unit, read, "relative", low, high,
        "lower" if high < 100.0 else "higher", source, digits=digits, shown_per_unit=shown_per_unit,
        needs=needs, above=above, below=below,
    )  # fmt: skip


# Words that say what to do stand only where one movement is what is measured; the choice of them is ours, the
# movements are those of the sources. A moment, a load or a time can be changed in many ways, and which one
# suits is for the walker to find (van den Noort 2015, Richards 2017). So can the adduction of the hip, by the
# pelvis, the thigh or a wider step, and the drop of the pelvis: these are sent lower or higher.
VARIABLES: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        _moment("ekam_peak1", "EKAM peak 1", _per_kg("ekam_peak1_nm"), TENTH, rejected_by=PEAK1),
        _moment("ekam_peak2", "EKAM peak 2", _second_peak, TENTH),
        _moment("ekam_larger_peak", "larger EKAM peak", _larger_peak,
                "5 % below baseline counts as a response (Uhlrich 2022); floor of 60 % our choice",
                high=95.0),
        _moment("ekam_impulse", "EKAM impulse", _per_kg("ekam_impulse_nms"), TENTH, unit="N·m·s/kg"),
        _moment("kfm_peak", "KFM peak", _per_kg("kfm_peak_nm"), OURS),
        _moment("hip_adduction_moment_peak", "hip adduction moment peak",
                _per_kg("hip_adduction_moment_peak_nm"), OURS, plain="hip load",
                needs=("femur_axis",)),
        _angle("hip_adduction_peak", "hip adduction peak", "hip angle", -8.0, -2.0,
               "about the 5° that runners changed by (Noehren 2011); width our choice",
               needs=("pelvis", "femur")),
        _angle("hip_internal_rotation_peak", "hip internal rotation peak", "hip angle", -8.0, -2.0,
               OURS, needs=("pelvis", "femur_axis")),
        _angle("pelvic_drop_peak", "pelvic drop peak", "pelvic drop", -4.0, -1.0, OURS, needs=("pelvis",)),
        _angle("foot_progression", "foot progression", "foot angle", -9.0, -5.0,
               "7° of toe-in (Shull 2013), success within 2° (Karatsidis 2018)", needs=("foot",),
               above="turn toes in", below="turn toes out"),
        _angle("trunk_lean_peak", "trunk lean peak", "trunk lean", 3.0, 9.0,
               "toward the stance leg (direction: Silva 2022); size our choice", needs=("trunk",),
               above="lean less {side}", below="lean more {side}"),
        _angle("knee_varus_at_peak", "knee varus at EKAM peak 1", "knee angle", -6.0, -2.0,
               "toward valgus (direction: Barrios 2010); size our choice", needs=("femur_axis",),
               rejected_by=PEAK1, above="knee inward", below="knee outward"),
        _angle("knee_flexion_at_contact", "knee flexion at contact", "knee bend", 3.0, 9.0, OURS,
               needs=("femur",), above="land less bent", below="land more bent"),
        _angle("knee_flexion_peak", "knee flexion peak", "knee bend", 3.0, 9.0, OURS, needs=("femur",),
               above="bend knee less", below="bend knee more"),
        _angle("tibia_frontal_at_peak", "tibia frontal angle at EKAM peak 1", "shin angle", -5.0, -2.0,
               "knee moved inward; size our choice", rejected_by=PEAK1,
               above="knee inward", below="knee outward"),
        _angle("tibia_sagittal_at_contact", "tibia sagittal angle at contact", "shin angle", 3.0, 9.0,
               "shin more upright at contact, as with shorter steps; size our choice"),
        Variable("step_width", "step_width_m", "step width", "step width", "cm", _si("step_width_m"),
                 "difference", 4.0, 10.0, "higher", "wider lowers EKAM (Richards 2018); size our choice",
                 digits=0, shown_per_unit=100.0, above="step narrower", below="step wider"),
        _share("step_length", "step_length_m", "step length", "step length", "cm", _si("step_length_m"),
               85.0, 95.0, OURS, digits=0, shown_per_unit=100.0, needs=("foot",),
               above="shorter steps", below="longer steps"),
        _share("valr", "valr_bw_per_s", "average loading rate", "impact", "BW/s", _bw("valr_n_per_s"),
               50.0, 80.0, IMPACT, digits=0),
        _share("vilr", "vilr_bw_per_s", "instantaneous loading rate", "impact", "BW/s",
               _bw("vilr_n_per_s"), 50.0, 80.0,
               IMPACT, digits=0),
        _share("fz_peak", "fz_peak_bw", "vertical force peak", "foot load", "BW", _bw("fz_peak_n"),
               80.0, 95.0, OURS),
        _share("fz_impulse", "fz_impulse_bw_s", "vertical force impulse", "foot load", "BW·s",
               _bw("fz_impulse_ns"), 80.0, 95.0, OURS),
        _share("cadence", "cadence_steps_per_min", "cadence", "step rate", "/min",
               _si("cadence_steps_per_min"), 105.0, 115.0, OURS, digits=0,
               above="slower steps", below="quicker steps"),
        _share("stance_time", "stance_s", "stance time", "stance time", "s", _si("stance_s"),
               85.0, 95.0, OURS),
        _share("single_support", "single_support_s", "single support", "one-leg time", "s",
               _si("single_support_s"), 105.0, 115.0, OURS),
        _share("double_support", "double_support_s", "double support after heel strike", "two-leg time", "s",
               _si("double_support_s"), 75.0, 95.0, OURS),
        Variable("ekam_symmetry", "ekam_symmetry_pct", "EKAM symmetry", "balance", "%",
                 _si("ekam_symmetry_pct"), "absolute", -10.0, 10.0, "either", OURS, digits=0,
                 rejected_by=PEAK1, above="left is more", below="right is more"),
        Variable("stance_symmetry", "stance_symmetry_pct", "stance time symmetry", "balance", "%",
                 _si("stance_symmetry_pct"), "absolute", -5.0, 5.0, "either", OURS, digits=0,
                 above="left is longer", below="right is longer"),
    )
}  # fmt: skip
"""Every variable by name. Bands: evidence as far as there is any, marked as our choice where not."""


def readings(stance: Stance, variables: Iterable[Variable] | None = None) -> dict[str, float]:
    """Column of ``stances.csv`` -> value, in the column's unit."""
    chosen = VARIABLES.values() if variables is None else variables
    return {variable.column: variable.read(stance) for variable in chosen}
