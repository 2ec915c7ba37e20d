"""What a report follows over a session: columns of ``stances.csv`` with their names in words."""

from dataclasses import dataclass

from compute.feedback import Target
from compute.variables import VARIABLES, find
from stream.as_said import table
from stream.codebook import unit_of
from stream.session_folder import SessionFolder


@dataclass(frozen=True)
class Watched:
    """One column of ``stances.csv`` that a report follows.

    Attributes
    ----------
    label : in words. unit : of the column. digits : decimals that are printed.
    relative : changes are told in per cent of the baseline, otherwise as a difference.
    """

    column: str
    label: str
    unit: str
    digits: int
    relative: bool = True


PEAK1 = "ekam_peak1_nm_per_kg"
PEAK2 = "ekam_peak2_nm_per_kg"
KFM = "kfm_peak_nm_per_kg"
SPEED = "belt_speed_m_per_s"

WATCHED = (
    Watched(PEAK1, "EKAM, first peak", "N·m/kg", 3),
    Watched(PEAK2, "EKAM, second peak", "N·m/kg", 3),
    Watched("ekam_impulse_nms_per_kg", "EKAM impulse", "N·m·s/kg", 3),
    Watched(KFM, "knee flexion moment (KFM), peak", "N·m/kg", 3),
    Watched("foot_progression_deg", "foot progression (+ = toes out)", "°", 1, relative=False),
    Watched("trunk_lean_peak_deg", "trunk lean to the stance side", "°", 1, relative=False),
    Watched("step_width_m", "step width", "m", 3, relative=False),
    Watched("cadence_steps_per_min", "cadence", "steps/min", 1),
    Watched("stance_s", "stance time", "s", 3),
    Watched(SPEED, "belt speed under the foot", "m/s", 3),
)


def main_outcome(folder: SessionFolder) -> Watched:
    """What a session is about: the outcome of a personal target's choice, else the first EKAM peak."""
    aim = table(folder.protocol, "target")
    name = str(aim.get("outcome") or "") if aim.get("rule") == "personal" else ""
    if name not in VARIABLES or find(name).column == PEAK1:
        return WATCHED[0]
    spec = find(name)
    return Watched(spec.column, spec.label, unit_of(spec.column), 3, spec.mode == "relative")


def watched(folder: SessionFolder, target: Target | None) -> tuple[Watched, ...]:
    """`WATCHED`, and what the session is about and what was fed back where those are other columns."""
    more = [main_outcome(folder)]
    if target is not None:
        spec = target.spec
        more.append(
            Watched(spec.column, spec.label, unit_of(spec.column), 3, target.mode == "relative")
        )
    found = {each.column: each for each in (*more, *WATCHED)}
    return tuple({**found, **{each.column: each for each in WATCHED}}.values())
