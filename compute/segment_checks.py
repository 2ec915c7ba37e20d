"""Checks of pelvis, thigh, foot and trunk, and what is lost where their markers are missing."""

import numpy as np

from compute.calibration_checks import verdict
from compute.calibration_trial import Trial
from compute.conventions import Side
from compute.segment_calibration import FootFrames, PelvisFrames
from compute.subject import Check, Segment, cluster_spread_m

PELVIS_WIDTH_M = (0.15, 0.40)
PELVIS_DEPTH_M = (0.08, 0.30)
FARTHEST_M = {"thigh": 0.6, "foot": 0.35, "trunk": 0.8}
"""No marker of a segment lies further from its origin."""


def check_pelvis(trial: Trial, pelvis: PelvisFrames | None) -> list[Check]:
    """Size of the pelvis, and its spines on the right sides, in front and behind."""
    if pelvis is None:
        return [
            Check(
                "pelvis_markers",
                "warned",
                "the trial has no RASI, LASI and RPSI, LPSI (or SACR): without the pelvis the hip joint "
                "centres, hip moments, hip and pelvis angles and trunk lean stay empty",
            )
        ]
    for right, left in (("RASI", "LASI"), ("RPSI", "LPSI")):
        if (
            trial.has(right, left)
            and np.nanmedian((trial.at_m[right] - trial.at_m[left]) @ trial.right) < 0.0
        ):
            text = f"{right} lies left of {left}: their labels are swapped"
            return [Check("pelvis_order", "refused", text)]
    forward = np.cross([0.0, 1.0, 0.0], trial.right)
    middle = pelvis.mid_m - pelvis.frames.origin_m
    if np.nanmedian(middle @ forward) > 0.0:
        text = "the anterior spines of the pelvis lie behind the posterior ones: their labels are swapped"
        return [Check("pelvis_order", "refused", text)]
    checks = [Check("pelvis_order", "passed", "the spines of the pelvis lie where they should")]
    for what, size_m, (low, high) in (
        ("width", pelvis.width_m, PELVIS_WIDTH_M),
        ("depth", pelvis.depth_m, PELVIS_DEPTH_M),
    ):
        checks.append(
            verdict(
                f"pelvis_{what}",
                low <= size_m <= high,
                f"the pelvis has a {what} of {1000 * size_m:.0f} mm between its spines",
                f"(limits {1000 * low:.0f} to {1000 * high:.0f}): check the pelvis markers and their labels",
            )
        )
    return checks


def check_segment(name: str, kind: str, what: str, segment: Segment) -> Check:
    """A cluster whose markers sit on their segment; `kind` one of `FARTHEST_M`."""
    at_m = np.array(segment.local_m)
    far = np.linalg.norm(at_m, axis=1)
    worst = int(np.argmax(far))
    if far[worst] > FARTHEST_M[kind]:
        text = f"{segment.cluster[worst]} is {far[worst]:.2f} m from the origin of the {what}"
        return Check(name, "refused", f"{text}: it is another marker or on another segment")
    return Check(
        name,
        "passed",
        f"the {what} is carried by {', '.join(segment.cluster)}, "
        f"{1000 * cluster_spread_m(at_m):.0f} mm across",
    )


def check_leg_segments(
    side: Side,
    thigh: Segment | None,
    foot: Segment | None,
    hip_known: bool,
    axis_read: bool,
    frames: FootFrames | None,
) -> list[Check]:
    """Thigh and foot of one leg; `axis_read`: both epicondyles are needed while walking anyway."""
    checks, word = [], side.word
    if thigh is not None:
        checks.append(check_segment(f"thigh_cluster_{word}", "thigh", f"{word} thigh", thigh))
    elif hip_known and axis_read:
        text = (
            f"the {word} femur is read from the hip joint centre and the epicondyles in every frame"
        )
        checks.append(Check(f"thigh_markers_{word}", "passed", text))
    else:
        why = (
            f"the {word} thigh has fewer than three cluster markers ({side.letter}TH1 to {side.letter}TH4) "
            "out of line"
            if hip_known
            else f"the {word} hip joint centre is not known"
        )
        lost = "knee varus and the EKAM about the axis of the joint coordinate system stay empty"
        checks.append(Check(f"thigh_markers_{word}", "warned", f"{why}: {lost}"))
    if foot is None or frames is None:
        lost = "the foot is a point mass at the ankle, and foot progression stays empty"
        text = f"the {word} foot has no {side.letter}HEE with a metatarsal head: {lost}"
        return [*checks, Check(f"foot_markers_{word}", "warned", text)]
    checks.append(check_segment(f"foot_cluster_{word}", "foot", f"{word} foot", foot))
    if frames.absent:
        absent = " and ".join(frames.absent)
        text = (
            f"without {absent} the {word} foot ends at {frames.toes[0]}: its inertia is less exact"
        )
        checks.append(Check(f"foot_length_{word}", "warned", text))
    return checks


def check_trunk(trunk: Segment | None, top: tuple[str, ...]) -> list[Check]:
    """The trunk, or what stands for it."""
    if trunk is not None:
        return [check_segment("trunk_cluster", "trunk", "trunk", trunk)]
    if top:
        text = f"too few trunk markers for a cluster: its top is that of {', '.join(top)}"
        return [Check("trunk_markers", "warned", text)]
    text = "the trial has no C7, CLAV or both LSHO and RSHO: trunk lean stays empty"
    return [Check("trunk_markers", "warned", text)]
