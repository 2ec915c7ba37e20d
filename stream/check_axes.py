"""Which capture axes point forward, up and right, told from the body, against the lab file."""

from dataclasses import dataclass

import numpy as np

from stream.check_markers import seen_m
from stream.check_seen import Finding, SeenStream, failed, not_checked, ok, warning
from stream.lab import Lab
from stream.mapping import present_markers

FEET = ("HEE", "ANK", "MED", "AJC", "TOE", "MT1", "MT5")
TOES = ("TOE", "MT1", "MT5")
TRUNK = ("RASI", "LASI", "RPSI", "LPSI", "SACR", "C7", "T10", "CLAV", "STRN", "RSHO", "LSHO")
LEGS_ABOVE = ("KNE", "KNM", "KJC", "TH1", "TH2", "TH3", "TH4", "HJC", "GTR")
SLANTED_DEG = 15.0
PAIR_M = 0.02
SURFACE_M = (-0.03, 0.15)
"""Lowest foot marker above the belt: a marker on the sole's edge to one on a thick shoe."""


@dataclass(frozen=True)
class Body:
    """Directions told from the markers, unit vectors, shape (3,), capture axes; None where unknown.

    Attributes
    ----------
    forward : each evidence for the walking direction by its words.
    pairs : right minus left marker of each pair by base name, m, capture axes.
    """

    up: np.ndarray | None
    forward: dict[str, np.ndarray]
    pairs: dict[str, np.ndarray]


def body_directions(seen: SeenStream, lab: Lab, *, walking: bool) -> Body:
    """Up from feet to trunk, forward from heels to toes, pelvis and stance feet, right minus left."""
    names, at_lab = present_markers(seen.info, lab), seen_m(seen, lab)
    if at_lab is None:
        return Body(None, {}, {})
    at_m = at_lab @ lab.axes.r_lab_from_capture()  # rows: capture = R^T lab
    columns = {name: i for i, name in enumerate(names)}

    def mean(*wanted: str) -> np.ndarray | None:
        at = [columns[name] for name in wanted if name in columns]
        return _mean(at_m[:, at]) if at else None

    feet = mean(*(side + name for side in "LR" for name in FEET))
    above = mean(*TRUNK)
    if above is None:
        above = mean(*(side + name for side in "LR" for name in LEGS_ABOVE))
    up = _median(above - feet) if above is not None and feet is not None else None
    forward: dict[str, np.ndarray] = {}
    if up is not None and above is not None:
        axis = nearest_axis(up)
        along = [
            found
            for side in "LR"
            for found in [_difference(mean(*(side + t for t in TOES)), mean(side + "HEE"))]
            if found is not None
        ]
        if along:
            forward["heels to toes"] = np.mean(along, axis=0)
        pelvis = _difference(mean("RASI", "LASI"), mean("RPSI", "LPSI", "SACR"))
        if pelvis is not None:
            forward["back to front of the pelvis"] = pelvis
        if walking:
            travel = [
                found
                for side in "LR"
                for found in [_travel(mean(side + "HEE", side + "ANK"), above, axis)]
                if found is not None
            ]
            if travel:
                forward["against the stance foot's travel"] = -np.mean(travel, axis=0)
        forward = {k: v - (v @ axis) * axis for k, v in forward.items()}
        forward = {k: v for k, v in forward.items() if np.linalg.norm(v) > 1e-3}
    pairs = {
        name[1:]: difference
        for name in names
        if name[0] == "R" and "L" + name[1:] in columns
        for difference in [_median(at_m[:, columns[name]] - at_m[:, columns["L" + name[1:]]])]
        if difference is not None
    }
    return Body(_unit(up), {k: v / np.linalg.norm(v) for k, v in forward.items()}, pairs)


def judge_axes(seen: SeenStream, lab: Lab, *, walking: bool) -> list[Finding]:
    """Up, forward, right and the labels of both sides, each against the lab file."""
    body = body_directions(seen, lab, walking=walking)
    if body.up is None:
        return [
            not_checked(
                "axes",
                "feet or trunk are not seen",
                "let the walker stand in the middle of the treadmill, facing forward",
            )
        ]
    up = nearest_axis(body.up)
    findings = [_judge("up", body.up, lab, "from feet to trunk")]
    if not body.forward:
        findings.append(
            not_checked(
                "axis forward",
                "neither heels and toes nor the pelvis are seen",
                "put markers on heel and toes, or on the front and back of the pelvis",
            )
        )
        return findings
    forward, odd = majority(body.forward)
    if odd:
        findings.append(
            failed(
                "body directions",
                f"{odd} points against {_others(body.forward, odd)}",
                _CURES[odd],
            )
        )
    words = ", ".join(name for name in body.forward if name != odd)
    findings.append(_judge("forward", forward, lab, words))
    right = np.cross(nearest_axis(forward), up)
    findings.append(_judge("right", right, lab, "from forward and up"))
    findings += _labels(body.pairs, right)
    return findings


_CURES = {
    "heels to toes": "the labels of heel and toe are swapped: correct them in the capture software",
    "back to front of the pelvis": "front and back labels of the pelvis (ASI, PSI) are swapped: correct them",
    "against the stance foot's travel": "the belts run backwards, or the walker walks backwards",
}


def judge_surface(
    seen: SeenStream, lab: Lab, corners_lab_m: dict[str, np.ndarray], *, standing: bool
) -> list[Finding]:
    """Whether the feet come down to the plates' surface.

    Parameters
    ----------
    corners_lab_m : side's word -> shape (4, 3), lab, m, for the plates whose corners are known.
    """
    names, at_m = present_markers(seen.info, lab), seen_m(seen, lab)
    feet = [i for i, name in enumerate(names) if name[1:] in FEET]
    if at_m is None or not feet or not corners_lab_m or np.isnan(at_m[:, feet, 1]).all():
        return []
    heights = at_m[:, feet, 1]
    heights = heights[~np.isnan(heights).all(axis=1)]
    lowest_m = float(np.percentile(np.nanmin(heights, axis=1), 50.0 if standing else 5.0))
    surface_m = float(np.mean([corners[:, 1].mean() for corners in corners_lab_m.values()]))
    gap_m = lowest_m - surface_m
    found = f"the lowest foot marker is {1e3 * gap_m:.0f} mm above the plates' corners"
    if SURFACE_M[0] <= gap_m <= SURFACE_M[1]:
        return [ok("belt surface", found)]
    return [
        failed(
            "belt surface",
            found,
            "correct the height of the corners (corners_m) or set the capture origin on the belt again",
        )
    ]


def _judge(what: str, direction: np.ndarray, lab: Lab, evidence: str) -> Finding:
    """One axis of the lab file against a direction of the body, capture axes."""
    axis = nearest_axis(direction)
    right_name, said = axis_name(axis), _plain(getattr(lab.axes, what))
    facing = "" if what == "up" else "; or does the walker face another way?"
    off_deg = float(np.degrees(np.arccos(np.clip(direction @ axis, -1.0, 1.0))))
    if right_name != said:
        return failed(
            f"axis {what}",
            f"the lab file says {said}, the body says {right_name} ({evidence}, {off_deg:.0f}° off it)",
            f'set {what} = "{right_name}" under axes in the lab file{facing}',
        )
    found = f"{said}; the body is {off_deg:.0f}° off it ({evidence})"
    if off_deg > SLANTED_DEG:
        return warning(
            f"axis {what}",
            found,
            "let the walker face straight ahead, or calibrate the capture system along the belts",
        )
    return ok(f"axis {what}", found)


def _labels(pairs: dict[str, np.ndarray], right: np.ndarray) -> list[Finding]:
    if not pairs:
        return [not_checked("left and right", "no marker is seen on both sides", "label both legs")]
    across_m = {name: float(difference @ right) for name, difference in pairs.items()}
    swapped = [name for name, across in across_m.items() if across < -PAIR_M]
    if not swapped:
        mean_mm = 1e3 * float(np.mean(list(across_m.values())))
        return [
            ok("left and right", f"{len(pairs)} pairs, right ones {mean_mm:.0f} mm to the right")
        ]
    if len(swapped) > 0.5 * len(pairs):
        return [
            failed(
                "left and right",
                f"{len(swapped)} of {len(pairs)} right markers lie to the left of the left ones",
                "left and right labels are swapped, or the capture axes are mirrored (left-handed): correct "
                "the labels or the capture system's axes",
            )
        ]
    return [
        failed(
            "left and right",
            "swapped: " + ", ".join(f"R{name} and L{name}" for name in swapped),
            "correct these labels in the capture software or under [markers.names]",
        )
    ]


def axis_name(axis: np.ndarray) -> str:
    """``+x`` … ``-z`` of a unit vector along a capture axis."""
    i = int(np.argmax(np.abs(axis)))
    return ("+" if axis[i] > 0 else "-") + "xyz"[i]


def _plain(axis: str) -> str:
    return axis if axis[0] in "+-" else "+" + axis


def nearest_axis(direction: np.ndarray) -> np.ndarray:
    """Unit vector of the axis that a direction is nearest to."""
    i = int(np.argmax(np.abs(direction)))
    axis = np.zeros(3)
    axis[i] = np.sign(direction[i])
    return axis


def majority(forward: dict[str, np.ndarray]) -> tuple[np.ndarray, str]:
    """Mean of the evidence, and the words of the one that points the other way (empty if none).

    Of two that disagree the feet's travel is believed: belts do not run backwards by mistake as easily
    as labels are swapped.
    """
    words = list(forward)
    if len(words) == 1:
        return forward[words[0]], ""
    odd = ""
    for word in words:
        if all(forward[word] @ forward[other] < 0.0 for other in words if other != word):
            odd = word
    if len(words) == 2 and odd:
        odd = words[0] if "travel" in words[1] else words[1]
    rest = np.mean([v for k, v in forward.items() if k != odd], axis=0)
    return rest / max(float(np.linalg.norm(rest)), 1e-9), odd


def _others(forward: dict[str, np.ndarray], odd: str) -> str:
    return " and ".join(name for name in forward if name != odd)


def _travel(foot: np.ndarray | None, body: np.ndarray, up: np.ndarray) -> np.ndarray | None:
    """Median velocity of a foot relative to the body while it is low, capture axes, per frame."""
    if foot is None:
        return None
    height = foot @ up
    if np.isnan(height).all():
        return None
    step = np.diff(foot - body, axis=0)
    low = height[1:] <= np.nanpercentile(height, 40.0)
    return _median(step[low])


def _mean(at_m: np.ndarray) -> np.ndarray:
    """Mean over axis 1 of what is there; NaN where nothing is."""
    there = ~np.isnan(at_m[:, :, :1])
    count = there.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, at_m, 0.0).sum(axis=1) / np.where(count, count, np.nan))


def _median(rows: np.ndarray) -> np.ndarray | None:
    rows = rows[~np.isnan(rows).any(axis=1)]
    return np.median(rows, axis=0) if len(rows) else None


def _difference(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    return None if a is None or b is None else _median(a - b)


def _unit(direction: np.ndarray | None) -> np.ndarray | None:
    if direction is None or not np.linalg.norm(direction) > 0.0:
        return None
    return direction / np.linalg.norm(direction)
