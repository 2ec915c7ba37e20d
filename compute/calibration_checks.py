"""Checks of a calibration trial, each passed, warned or refused by name: standing, legs, shanks.

Each measure of the body has two limits. Within the first pair it passes; all healthy static trials at
hand do. Beyond it is unusual and warned (obesity, a swollen or replaced joint, legs of different length).
Beyond the second pair no body is: a marker, a label, a unit or a plate is wrong, and it is refused.
"""

import numpy as np

from compute.conventions import Side
from compute.subject import MIN_CLUSTER_SPREAD_M, Check, Shank, cluster_spread_m

MAX_SPEED_M_PER_S = 0.010
WIDTH_M = {"knee": (0.070, 0.150), "ankle": (0.050, 0.100)}
WIDTH_REFUSED_M = {"knee": (0.060, 0.190), "ankle": (0.045, 0.130)}
SHANK_SHARE_OF_HEIGHT = (0.20, 0.29)
THIGH_SHARE_OF_HEIGHT = (0.19, 0.29)
MAX_LENGTH_DIFFERENCE_M = 0.020
LENGTH_DIFFERENCE_REFUSED_M = 0.045
TORSION_DEG = (-5.0, 50.0)
TORSION_USUAL_DEG = (0.0, 40.0)
MAX_WIDTH_DIFFERENCE_M = 0.010
WIDTH_DIFFERENCE_REFUSED_M = 0.025
MAX_FROM_AXIS_M = 0.15


def check_still(marker: str, speed_m_per_s: float, window_s: float) -> list[Check]:
    """Quiet standing: mean speed of the fastest marker over the window, and its length."""
    limit = 1000.0 * MAX_SPEED_M_PER_S
    still = verdict(
        "static_still",
        speed_m_per_s < MAX_SPEED_M_PER_S,
        f"no marker moves faster than {marker}, {1000.0 * speed_m_per_s:.1f} mm/s",
        f"(limit {limit:.0f}): record again with the person standing still and the belt off",
    )
    length = (
        Check("static_length", "passed", f"{window_s:.2f} s of standing used")
        if window_s >= 0.95
        else Check(
            "static_length", "warned", f"only {window_s:.2f} s of standing: two seconds are better"
        )
    )
    return [still, length]


def check_leg(
    side: Side,
    shank: Shank,
    widths_m: dict[str, float],
    ankle_axis_local: np.ndarray | None,
    foot_local: np.ndarray | None,
    height_m: float,
    kjc_m: np.ndarray,
    ajc_m: np.ndarray,
) -> list[Check]:
    """Widths, length, torsion, cluster shape and upright shank of one leg.

    Parameters
    ----------
    widths_m : between the lateral and medial markers of knee and ankle, where there are such.
    ankle_axis_local : malleolar axis in the tibia frame, pointing right; None without malleoli.
    foot_local : from heel to toe in the tibia frame; None without both.
    kjc_m, ajc_m : shape (n, 3), lab, m.
    """
    word = side.word
    checks = []
    up = float(np.nanmean(kjc_m[:, 1] - ajc_m[:, 1]))
    checks.append(
        verdict(
            f"upright_{word}",
            up > 0.5 * shank.length_m,
            f"the {word} knee is {up:.3f} m above the ankle",
            "although the shank should be upright: check axes up, forward and right in the lab file",
        )
    )
    for joint, width in widths_m.items():
        low, high = WIDTH_M[joint]
        least, most = WIDTH_REFUSED_M[joint]
        checks.append(
            graded(
                f"{joint}_width_{word}",
                low <= width <= high,
                least <= width <= most,
                f"the {word} {joint} is {1000 * width:.0f} mm wide between its markers",
                f"(usual: {1000 * low:.0f} to {1000 * high:.0f}): check the two markers and their labels",
            )
        )
    checks.append(
        _share(f"shank_length_{word}", f"{word} shank", shank.length_m, height_m, SHANK_SHARE_OF_HEIGHT,
               "knee and ankle markers")
    )  # fmt: skip
    if ankle_axis_local is not None:
        checks.append(_torsion(side, ankle_axis_local))
    if foot_local is not None and np.isfinite(foot_local).all():
        checks.append(
            verdict(
                f"foot_{word}",
                float(foot_local[0]) > 0.0,
                f"the {word} foot points forward",
                "is not so: it points backward in the tibia frame, so the labels of the legs, of heel and "
                "toe, or of the epicondyles are swapped",
            )
        )
    if shank.tracking == "cluster":
        checks.append(_placed(side, shank))
        spread = cluster_spread_m(np.array(shank.local_m))
        checks.append(
            verdict(
                f"cluster_{word}",
                spread > MIN_CLUSTER_SPREAD_M,
                f"the {word} shank cluster spreads {1000 * spread:.0f} mm across its long axis",
                f"(more than {1000 * MIN_CLUSTER_SPREAD_M:.0f} needed): place its markers less in line",
            )
        )
    return checks


def _placed(side: Side, shank: Shank) -> Check:
    """Every cluster marker sits on its own shank."""
    for name, (x, y, z) in zip(shank.cluster, shank.local_m, strict=True):
        if np.hypot(x, z) > MAX_FROM_AXIS_M or not -1.1 * shank.length_m <= y <= 0.1:
            text = f"{name} is {np.hypot(x, z):.2f} m from the axis of the {side.word} shank"
            return Check(
                f"cluster_place_{side.word}",
                "refused",
                text + ": it is another marker or on another leg",
            )
    return Check(
        f"cluster_place_{side.word}", "passed", f"the {side.word} cluster sits on its shank"
    )


def _torsion(side: Side, ankle_axis_local: np.ndarray) -> Check:
    """External tibial torsion: malleolar against epicondylar axis about the tibia's long axis."""
    external = side.sigma * float(np.degrees(np.arctan2(-ankle_axis_local[0], ankle_axis_local[2])))
    text = f"the {side.word} malleoli are turned out {external:.0f} deg against the epicondyles"
    name = f"torsion_{side.word}"
    if not TORSION_DEG[0] <= external <= TORSION_DEG[1]:
        cure = f"(limits {TORSION_DEG[0]:.0f} to {TORSION_DEG[1]:.0f}): check the knee and ankle markers"
        return Check(name, "refused", f"{text} {cure}")
    if not TORSION_USUAL_DEG[0] <= external <= TORSION_USUAL_DEG[1]:
        return Check(name, "warned", f"{text}, which is unusual: look at the epicondyle markers")
    return Check(name, "passed", text)


def _share(
    name: str, what: str, length_m: float, height_m: float, limits: tuple[float, float], look: str
) -> Check:
    share = length_m / height_m
    return verdict(
        name,
        limits[0] <= share <= limits[1],
        f"the {what} is {length_m:.3f} m, {share:.3f} of the height",
        f"(limits {limits[0]} to {limits[1]}): check --height and the {look}",
    )


def check_thighs(lengths_m: dict[Side, float], height_m: float) -> list[Check]:
    """Hip to knee joint centre against the body height, and left against right."""
    checks = [
        _share(f"thigh_length_{side.word}", f"{side.word} thigh", length_m, height_m,
               THIGH_SHARE_OF_HEIGHT, "pelvis and knee markers")
        for side, length_m in lengths_m.items()
    ]  # fmt: skip
    if len(lengths_m) == 2:
        gap = abs(lengths_m[Side.LEFT] - lengths_m[Side.RIGHT])
        checks.append(
            graded(
                "thigh_symmetry",
                gap < MAX_LENGTH_DIFFERENCE_M,
                gap < LENGTH_DIFFERENCE_REFUSED_M,
                f"the thighs differ by {1000 * gap:.0f} mm",
                f"(usual: below {1000 * MAX_LENGTH_DIFFERENCE_M:.0f}): check the markers of pelvis and knees",
            )
        )
    return checks


def check_pair(left: Shank, right: Shank, widths_m: dict[Side, dict[str, float]]) -> list[Check]:
    """Left against right: lengths of the shanks, widths of the joints."""
    gap = abs(left.length_m - right.length_m)
    widths = []
    for joint in sorted(set(widths_m[Side.LEFT]) & set(widths_m[Side.RIGHT])):
        by = abs(widths_m[Side.LEFT][joint] - widths_m[Side.RIGHT][joint])
        widths.append(
            graded(
                f"{joint}_symmetry",
                by < MAX_WIDTH_DIFFERENCE_M,
                by < WIDTH_DIFFERENCE_REFUSED_M,
                f"the {joint} widths differ by {1000 * by:.0f} mm",
                f"(usual: below {1000 * MAX_WIDTH_DIFFERENCE_M:.0f}): one {joint} marker is misplaced, "
                "unless a joint is swollen or replaced",
            )
        )
    return [
        *widths,
        graded(
            "shank_symmetry",
            gap < MAX_LENGTH_DIFFERENCE_M,
            gap < LENGTH_DIFFERENCE_REFUSED_M,
            f"the shanks differ by {1000 * gap:.0f} mm",
            f"(usual: below {1000 * MAX_LENGTH_DIFFERENCE_M:.0f}): check the knee and ankle markers of "
            "both legs",
        ),
    ]


def verdict(name: str, good: bool, text: str, cure: str) -> Check:
    """Passed with `text`, or refused with `text` and what to change."""
    return Check(name, "passed", text) if good else Check(name, "refused", f"{text} {cure}")


def graded(name: str, usual: bool, possible: bool, text: str, cure: str) -> Check:
    """Passed if usual, warned if possible, else refused; `cure` says what to look at."""
    if usual:
        return Check(name, "passed", text)
    return Check(name, "warned" if possible else "refused", f"{text} {cure}")
