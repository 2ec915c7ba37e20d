"""Checks of how the person stands on the plates and how the knees stand and move."""

import numpy as np

from compute.calibration_checks import verdict
from compute.calibration_trial import Frames
from compute.conventions import GRAVITY_M_PER_S2, Side, ekam_nm
from compute.plates import centre_of_pressure_m
from compute.subject import Check

MAX_LOAD_ERROR = 0.02
STOOD_ON_PLATES = 0.6
"""Less than this share of the body mass on the plates: the person stood elsewhere."""
OWN_SHARE = 0.2
"""A foot that carries less than this of the load stands beside its plate."""
CLEAR_M = 0.05
"""A load that is this much nearer to the other ankle lies under the other foot."""
COP_BEHIND_M, COP_AHEAD_M = 0.03, 0.08
"""The load may lie this far behind the heel marker or ahead of the metatarsal heads (toes)."""
STATIC_EKAM_NM_PER_KG = 0.25
STATIC_EKAM_REFUSED_NM_PER_KG = 0.50
FLEXION_DEG, FLEXION_REFUSED_DEG = 10.0, 25.0
VARUS_DEG, VARUS_REFUSED_DEG = 8.0, 20.0
"""A known deformity passes the narrow limits with a warning; a wrong marker exceeds the wide ones."""
CROSS_TALK_R2, CROSS_TALK_ROM_DEG = 0.5, 10.0


def check_load(fz_n: np.ndarray, body_mass_kg: float) -> list[Check]:
    """Plates against the scale: `fz_n` is the mean load per foot, shape (2,)."""
    mass_kg = float(fz_n.sum()) / GRAVITY_M_PER_S2
    text = f"the plates carry {mass_kg:.1f} kg, the scale said {body_mass_kg:.1f} kg"
    if mass_kg < STOOD_ON_PLATES * body_mass_kg:
        return [Check("static_load", "warned", text + ": the person did not stand on the plates")]
    right = abs(mass_kg / body_mass_kg - 1.0) < MAX_LOAD_ERROR  # False for NaN as well
    cure = f"(limit {MAX_LOAD_ERROR:.0%}): check --mass, the force unit and the plates' zero"
    return [verdict("static_load", right, text, cure)]


def each_foot_loaded(fz_n: np.ndarray, body_mass_kg: float) -> bool:
    """Whether each foot stood on its own plate: only then does a plate tell of its leg."""
    total_n = float(fz_n.sum())
    stood = total_n >= STOOD_ON_PLATES * body_mass_kg * GRAVITY_M_PER_S2
    return stood and bool((fz_n >= OWN_SHARE * total_n).all())


def check_sides(wrench: np.ndarray, ankles_m: dict[Side, np.ndarray]) -> list[Check]:
    """The load of each foot lies under that foot.

    Parameters
    ----------
    wrench : shape (2, 6), F and M_O on the left and right foot, lab.
    ankles_m : ankle joint centres, shape (3,) each, lab, m.
    """
    for side, ankle in ankles_m.items():
        cop_m = centre_of_pressure_m(wrench[side : side + 1])[0]
        own_m, other_m = (
            float(np.hypot(*(cop_m - at)[[0, 2]])) for at in (ankle, ankles_m[side.other])
        )
        if own_m - other_m > CLEAR_M:
            text = (
                f"the load of the plate that is declared {side.word} lies under the {side.other.word} foot: "
                f'set side = "{side.other.word}" for it in the lab file, or check the marker labels'
            )
            return [Check("plate_sides", "refused", text)]
    return [Check("plate_sides", "passed", "each plate carries the foot that it should")]


def check_cop(
    side: Side, wrench: np.ndarray, heel_m: np.ndarray, toes_m: np.ndarray
) -> list[Check]:
    """Centre of pressure of a standing foot between heel and toes, along the foot.

    Parameters
    ----------
    wrench : shape (6,), F and M_O, lab, mean over the window.
    heel_m, toes_m : shape (3,), lab, m.
    """
    cop_m = centre_of_pressure_m(wrench[None])[0]
    along = (toes_m - heel_m)[[0, 2]]
    length_m = float(np.linalg.norm(along))
    ahead_m = float((cop_m - heel_m)[[0, 2]] @ along) / length_m
    good = -COP_BEHIND_M <= ahead_m <= length_m + COP_AHEAD_M
    return [
        verdict(
            f"static_cop_{side.word}",
            good,
            f"the load on the {side.word} foot lies {1000 * ahead_m:.0f} mm ahead of the heel marker",
            f"and the metatarsal heads {1000 * length_m:.0f} mm: check side, index, corners_m and origin_m "
            "of the plate, and that each foot stood on its own plate",
        )
    ]


def static_ekam_nm(side: Side, wrench: np.ndarray, tibia: Frames) -> float:
    """External knee adduction moment of quiet standing, without segment weights, N·m."""
    moment = wrench[3:] - np.cross(tibia.origin_m[0], wrench[:3])
    return float(ekam_nm(side.sigma, moment, np.ascontiguousarray(tibia.r[0])))


def check_static_ekam(side: Side, ekam: float, body_mass_kg: float) -> list[Check]:
    """Standing, the load passes near the knee joint centre; `ekam` in N·m."""
    per_kg = ekam / body_mass_kg
    name = f"static_ekam_{side.word}"
    text = f"standing, the {side.word} EKAM is {per_kg:+.2f} N·m/kg"
    if abs(per_kg) <= STATIC_EKAM_NM_PER_KG:
        return [Check(name, "passed", text)]
    limit = f"(usual: within {STATIC_EKAM_NM_PER_KG})"
    if abs(per_kg) <= STATIC_EKAM_REFUSED_NM_PER_KG:
        return [
            Check(
                name,
                "warned",
                f"{text} {limit}: look at the knee markers, at where the feet stood and at the plates, "
                "unless the knee is known to be deformed",
            )
        ]
    return [
        Check(
            name,
            "refused",
            f"{text} {limit}: check side, corners_m and origin_m of the plates, and the knee markers",
        )
    ]


def knee_angles_deg(side: Side, thigh: Frames, tibia: Frames) -> tuple[np.ndarray, np.ndarray]:
    """Flexion and varus of the knee, shape (n,) each, deg (Grood & Suntay 1983)."""
    r = np.swapaxes(thigh.r, 1, 2) @ tibia.r
    alpha = np.arctan2(-r[:, 0, 1], r[:, 1, 1])
    beta = np.arcsin(np.clip(r[:, 2, 1], -1.0, 1.0))
    return -np.degrees(alpha), side.sigma * np.degrees(beta)


def check_static_knee(side: Side, flexion_deg: float, varus_deg: float) -> list[Check]:
    """Knees of quiet standing: straight, neither varus nor valgus."""
    checks = []
    for what, value, usual, refused in (
        ("flexion", flexion_deg, FLEXION_DEG, FLEXION_REFUSED_DEG),
        ("varus", varus_deg, VARUS_DEG, VARUS_REFUSED_DEG),
    ):
        name = f"knee_{what}_{side.word}"
        text = f"standing, the {side.word} knee has {round(value):d} deg of {what}"
        if abs(value) < usual:
            checks.append(Check(name, "passed", text))
        elif abs(value) < refused:
            warning = f"{text} (usual: below {usual:.0f}): look at the markers of hip and knee, unless known"
            checks.append(Check(name, "warned", warning))
        else:
            refusal = f"{text} (limit {refused:.0f}): markers of pelvis, knee or ankle are wrong"
            checks.append(Check(name, "refused", refusal))
    return checks


def check_cross_talk(side: Side, flexion_deg: np.ndarray, varus_deg: np.ndarray) -> list[Check]:
    """Varus that rises and falls with flexion over a walk: the knee axis is turned."""
    there = np.isfinite(flexion_deg) & np.isfinite(varus_deg)
    if there.sum() < 20:
        return []
    flexion, varus = flexion_deg[there], varus_deg[there]
    low, high = np.percentile(varus, [1.0, 99.0])  # a single bad frame is no range of motion
    rom = float(high - low)
    moves = rom > 0.1 and np.ptp(flexion) > 0.1  # a correlation needs movement
    r2 = float(np.corrcoef(flexion, varus)[0, 1] ** 2) if moves else 0.0
    text = f"walking, the {side.word} knee moves {rom:.0f} deg in varus, r2 = {r2:.2f} with its flexion"
    name = f"cross_talk_{side.word}"
    if r2 > CROSS_TALK_R2 and rom > CROSS_TALK_ROM_DEG:
        return [Check(name, "warned", f"{text}: the epicondyle markers are probably misplaced")]
    return [Check(name, "passed", text)]
