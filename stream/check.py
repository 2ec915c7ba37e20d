"""Does what is on the network fit the lab file: every judgement on what was received, in order.

All of them are functions of the received samples and the lab file alone; who receives and who prints
is elsewhere.
"""

from enum import Enum
from math import isnan, nan

import numpy as np

from compute import Subject
from stream.check_axes import FEET, judge_axes, judge_surface
from stream.check_markers import judge_layout, judge_seen, judge_unit, seen_m
from stream.check_plates import (
    PERSON_N,
    PlateSeen,
    feet_at_forces,
    judge_alive,
    judge_place,
    judge_range,
    judge_sign,
    judge_weight,
    on_plate,
    plates_of,
    thousandfold_cure,
    total_level_n,
)
from stream.check_seen import Finding, Seen, Verdict, failed, not_checked, ok, warning
from stream.check_shear import judge_shear
from stream.check_sync import judge_sync, judge_tap
from stream.check_timing import judge_timing
from stream.check_zero import judge_zero
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import present_markers

SOMEONE_SHARE = 0.5
STEP_M = 0.15
UNSTEADY = 0.15
"""SD of the load over its mean: standing, even when the weight is shifted, has less."""
LOADED_N = 50.0


class Situation(Enum):
    """What happens on the belts; decides what can be checked."""

    NOBODY = "nobody on the belts"
    STANDING = "someone stands"
    WALKING = "someone walks"


def judge(
    seen: Seen,
    lab: Lab,
    *,
    mass_kg: float = nan,
    subject: Subject | None = None,
    tap: str = "",
) -> list[Finding]:
    """Every check that what was received allows; what it does not allow is said.

    Parameters
    ----------
    mass_kg : of the person on the belts; NaN if it is not known. The subject's counts where there is one.
    subject : whose markers are needed; None for any.
    tap : label or canonical name of a marker on a rod that was struck on the belts; empty without.
    """
    markers, forces = seen.markers, seen.forces
    if subject is not None and isnan(mass_kg):
        mass_kg = subject.body_mass_kg
    findings = judge_layout(markers, lab, subject)
    plates: list[PlateSeen] = []
    try:
        plates = plates_of(forces, lab)
        said = ", ".join(f"{p.name} = plate {p.number} of the lab file" for p in plates)
        findings.append(ok("plate channels", f"{said}; {len(forces.info.channels)} channels"))
    except EkamError as error:
        findings.append(failed("plate channels", str(error), "correct [[plates]] in the lab file"))
    for stream in (markers, forces):
        findings += judge_timing(stream, lab)
    situation, why = settle_situation(seen, lab, plates)
    findings.append(ok("situation", f"{situation.value} ({why})"))
    if situation is Situation.NOBODY:
        findings.append(
            not_checked(
                "markers, axes, sides",
                "nobody on the belts",
                "let the walker stand on the plates, one foot on each, and check again",
            )
        )
    else:
        walking = situation is Situation.WALKING
        findings += judge_seen(markers, lab)
        unit = judge_unit(markers, lab)
        findings += unit
        findings += judge_axes(markers, lab, walking=walking)
        if all(finding.verdict.value != "failed" for finding in unit):
            corners = {p.side.word: p.corners_m for p in plates if p.corners_m is not None}
            findings += judge_surface(markers, lab, corners, standing=not walking)
    if plates and len(forces.values):
        findings += _plates(seen, lab, plates, situation, mass_kg)
    if tap:
        findings += judge_tap(seen, lab, plates, tap)
    elif situation is Situation.WALKING and plates:
        findings += judge_sync(seen, lab)
    else:
        findings.append(
            not_checked(
                "markers against forces",
                "nobody walks",
                "let someone walk for 20 s (--seconds 20), or strike a rod with a marker (--tap MARKER)",
            )
        )
    return findings


def settle_situation(seen: Seen, lab: Lab, plates: list[PlateSeen]) -> tuple[Situation, str]:
    """Nobody, standing or walking, and what says so.

    The load decides where it is one of a person; otherwise the markers do, so that plates in a wrong unit
    do not pass for empty ones.
    """
    if plates and len(seen.forces.values):
        level = np.abs([plate.up_n for plate in plates])
        total = level.sum(axis=0)
        typical_n = float(np.nanpercentile(total, 90.0)) if not np.isnan(total).all() else 0.0
        if PERSON_N[0] <= typical_n <= PERSON_N[1]:
            rises = [int(np.sum((row[1:] > LOADED_N) & (row[:-1] <= LOADED_N))) for row in level]
            if min(rises) >= 2:
                return Situation.WALKING, f"{rises[0]} and {rises[-1]} contacts on the plates"
            if float(np.nanstd(total)) > UNSTEADY * float(np.nanmean(total)):
                return Situation.WALKING, "the load changes as no standing person's does"
            return Situation.STANDING, f"{typical_n:.0f} N on the plates"
    names, at_m = present_markers(seen.markers.info, lab), seen_m(seen.markers, lab)
    if at_m is None:
        return Situation.NOBODY, "no load and no marker of the lab file"
    share = np.mean(~np.isnan(at_m[:, :, 0]), axis=0)
    if float(np.median(share)) < SOMEONE_SHARE:
        return Situation.NOBODY, "no load and no markers"
    feet = at_m[:, [i for i, name in enumerate(names) if name[1:] in FEET]]
    if not feet.size or np.isnan(feet).all():
        return Situation.STANDING, "markers without feet, no load of a person"
    flat = feet.reshape(len(feet), -1)
    flat = flat[:, ~np.isnan(flat).all(axis=0)]
    body_m = float(np.nanmax(at_m) - np.nanmin(at_m))
    swing = float(
        np.max(np.nanpercentile(flat, 95.0, axis=0) - np.nanpercentile(flat, 5.0, axis=0))
    )
    # As a share of the body, for the unit of the markers may be wrong as well.
    if swing > STEP_M * min(body_m, 2.0) or swing > 0.1 * body_m:
        return Situation.WALKING, "the feet move, but no load of a person"
    return Situation.STANDING, "markers stand still, but no load of a person"


def _plates(
    seen: Seen, lab: Lab, plates: list[PlateSeen], situation: Situation, mass_kg: float
) -> list[Finding]:
    rate_hz = (len(seen.forces.stamps_s) - 1) / max(seen.forces.span_s, 1e-9)
    someone = situation is not Situation.NOBODY
    findings = []
    total_n = np.nan_to_num(np.sum([plate.up_n for plate in plates], axis=0))
    typical_n = float(np.percentile(np.nan_to_num(total_level_n(plates)), 90.0))
    plausible = PERSON_N[0] <= typical_n <= PERSON_N[1]
    for plate in plates:
        alive = judge_alive(plate, someone=someone)
        findings += alive
        if any("no numbers" in finding.found for finding in alive):
            plausible = False
    if any(np.isnan(plate.wrench).any() for plate in plates):
        return findings
    if someone and not plausible:
        cure = thousandfold_cure(total_n)
        found = f"{typical_n:.3g} N on all plates, which is nobody's weight"
        if cure:
            findings.append(failed("force unit", found, cure))
        elif _feet_on_plates(seen, lab, plates):
            findings.append(
                failed(
                    "force unit",
                    f"{found}, but the markers show feet on them",
                    "switch the amplifier on; check channels and force_unit in the lab file",
                )
            )
        else:
            findings.append(
                warning(
                    "force unit",
                    f"{found}; the markers show someone",
                    "let the walker step onto the plates, one foot on each, and check again",
                )
            )
        return findings
    if someone:
        findings.append(ok("force unit", f"{typical_n:.0f} N on all plates"))
    feet = feet_at_forces(seen, lab) if someone else None
    for plate in plates:
        if situation is not Situation.STANDING:
            findings.append(judge_zero(plate, rate_hz, rezero=lab.events.rezero))
        if someone:
            findings += judge_range(plate, rate_hz)
            told = judge_sign(plate, lab) + judge_place(plate, feet, seen.forces, lab)
            findings += told
            # Under another foot, or upside down, its horizontal forces are wrong as well.
            if situation is Situation.WALKING and all(
                finding.verdict is not Verdict.FAILED for finding in told
            ):
                findings += judge_shear(plate, rate_hz, seen.forces, lab)
    if someone:
        walking = situation is Situation.WALKING
        findings += judge_weight(plates, rate_hz, mass_kg, walking=walking)
    if situation is Situation.NOBODY:
        findings.append(
            not_checked(
                "plate direction, sides, weight, horizontal forces",
                "the plates are empty",
                "let the walker stand on the plates, one foot on each, then walk: check again (--mass KG)",
            )
        )
    elif situation is Situation.STANDING:
        findings += [
            not_checked(
                "plate zero", "someone stands on them", "step off the plates and check again"
            ),
            not_checked(
                "horizontal forces", "nobody walks", "let someone walk for 20 s (--seconds 20)"
            ),
        ]
    return findings


def _feet_on_plates(seen: Seen, lab: Lab, plates: list[PlateSeen]) -> bool:
    """Whether feet are above a plate in half of the frames; True where no corners are known."""
    corners = [plate.corners_m for plate in plates if plate.corners_m is not None]
    names, at_m = present_markers(seen.markers.info, lab), seen_m(seen.markers, lab)
    feet = [i for i, name in enumerate(names) if name[1:] in FEET]
    if at_m is None or not feet:
        return False
    if not corners:
        return True
    points = at_m[:, feet].reshape(-1, 3)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        return False
    return bool(np.mean(np.any([on_plate(points, each) for each in corners], axis=0)) > 0.5)
