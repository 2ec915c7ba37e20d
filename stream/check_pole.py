"""One plate against an instrumented pole or a known weight, from received samples."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from compute.lab_frame import markers_to_lab
from compute.plate_check import (
    LOADED_N,
    PointErrors,
    contacts,
    direction_error_deg,
    point_errors,
    pole_axis,
    pole_tip_m,
    weight_errors,
)
from stream.channel_names import find_markers, marker_channels
from stream.check_plates import PlateSeen, judge_upward
from stream.check_seen import Finding, Seen, SeenStream, Verdict, failed, incomplete, ok, warning
from stream.errors import EkamError
from stream.lab import Lab
from stream.units import LENGTH, factor

COP_RMS_M, COP_MAX_M = 0.005, 0.010
"""What a plate's centre of pressure may be off (science.md 3.3, 7.1)."""
DIRECTION_DEG = 1.0
"""Of the force against the pole. 1° moves the moment about a knee 0.45 m up by 0.08 N·m/kg."""
WEIGHT_SHARE = 0.02
POINTS = 5
TIP_OFF_M = 0.01
CONTACT_S, EDGE_S = 0.3, 0.05


@dataclass(frozen=True)
class Pole:
    """A pole with two markers: labels in the stream, and from the lower one to the tip, m."""

    top: str
    low: str
    tip_m: float


@dataclass(frozen=True)
class Weight:
    """A known weight put down, and the marker that lies on it (empty if none)."""

    mass_kg: float
    at: str = ""


def read_pole(text: str, tip_m: float) -> Pole | None:
    """``TOP,TIP`` as typed; None for an empty text.

    Raises
    ------
    EkamError : it does not name two markers.
    """
    if not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts) or parts[0] == parts[1]:
        raise EkamError(
            f"--pole {text!r} must name two markers, the upper and the lower: --pole TOP,TIP"
        )
    return Pole(parts[0], parts[1], tip_m)


def against_pole(
    plate: PlateSeen, offset: np.ndarray, seen: Seen, lab: Lab, pole: Pole
) -> tuple[list[Finding], dict[str, Any]]:
    """Centre of pressure against the tip, and the force against the axis, over all contacts."""
    name = f"{plate.name} pole"
    top, low = (one_marker_m(seen.markers, lab, label) for label in (pole.top, pole.low))
    wrench = _at_markers(plate.wrench - offset, seen, lab)
    tip, axis = pole_tip_m(top, low, pole.tip_m), pole_axis(top, low)
    found = _contacts(wrench, seen.markers)
    rows = _rows(found, len(wrench))
    upward = _upward(plate, wrench[rows, :3], lab)
    if upward:
        return upward, {}
    with np.errstate(invalid="ignore"):
        rows &= np.isfinite(tip).all(axis=1) & (wrench[:, 1] > LOADED_N)
    if rows.sum() < 10:
        return [
            incomplete(
                name,
                f"never loaded over {LOADED_N:g} N with both markers seen",
                f"press the pole onto the {plate.side.word} plate at {POINTS} points or more",
            )
        ], {}
    errors = point_errors(wrench[rows], tip[rows], plate.surface_m)
    angle = direction_error_deg(wrench[rows], axis[rows])
    points = [each for each in found if rows[each].sum() >= 10]
    height_m = float(np.median(tip[rows, 1])) - plate.surface_m
    figures = {
        "points": len(points),
        **asdict(errors),
        "direction_deg": angle,
        "tip_above_surface_m": height_m,
    }
    findings = [_cop_finding(name, errors, f"{len(points)} points")]
    findings.append(
        (ok if angle <= DIRECTION_DEG else failed)(
            f"{plate.name} force",
            f"{angle:.2f}° off the pole's axis (mean of {errors.samples} samples)",
            *(
                ()
                if angle <= DIRECTION_DEG
                else (
                    "the plate's corners, its axes or its sensitivity matrix are off; or the pole was not "
                    "pushed through a pivot at its top",
                )
            ),
        )
    )
    if abs(height_m) > TIP_OFF_M:
        findings.append(
            warning(
                f"{plate.name} tip",
                f"the tip is {1e3 * height_m:+.0f} mm above the plate's corners",
                "name the markers as TOP,TIP, measure --tip-mm again, or correct corners_m",
            )
        )
    if len(points) < POINTS:
        findings.append(
            warning(
                f"{plate.name} points",
                f"{len(points)} points",
                f"press at {POINTS} points or more, spread over where people walk",
            )
        )
    return findings, figures


def against_weight(
    plate: PlateSeen, offset: np.ndarray, seen: Seen, lab: Lab, weight: Weight
) -> tuple[list[Finding], dict[str, Any]]:
    """Vertical load against m·g, and the centre of pressure against the marker on the weight."""
    name = f"{plate.name} weight"
    wrench = _at_markers(plate.wrench - offset, seen, lab)
    half_n = min(LOADED_N, 0.5 * 9.81 * weight.mass_kg)
    found = _contacts(wrench, seen.markers, half_n)
    rows = _rows(found, len(wrench))
    upward = _upward(plate, wrench[rows, :3], lab)
    if upward:
        return upward, {}
    if rows.sum() < 10:
        return [
            incomplete(name, "nothing was put on it", "put the weight on this plate as well")
        ], {}
    load = weight_errors(wrench[rows, 1], weight.mass_kg)
    said = f"{load.mean_n:.1f} N, {load.error_n:+.1f} N ({load.share:+.1%}) against {weight.mass_kg:g} kg"
    good = abs(load.share) <= WEIGHT_SHARE
    findings = [
        ok(name, said)
        if good
        else failed(
            name,
            said,
            "correct the plate's gain or sensitivity; is the weight alone and wholly on this plate?",
        )
    ]
    figures: dict[str, Any] = asdict(load)
    if weight.at:
        point = one_marker_m(seen.markers, lab, weight.at)
        errors = point_errors(wrench[rows], point[rows], plate.surface_m, half_n)
        if errors.samples < 10:
            findings.append(
                incomplete(
                    f"{name} place", f"{weight.at} is not seen", "turn the marker to the cameras"
                )
            )
        else:
            findings.append(_cop_finding(f"{name} place", errors, f"marker {weight.at}"))
            figures |= asdict(errors)
    return findings, figures


def _upward(plate: PlateSeen, force: np.ndarray, lab: Lab) -> list[Finding]:
    """What is wrong with the direction of a loaded plate's force, lab, N; nothing if nothing is."""
    told = judge_upward(plate, force, lab) if len(force) >= 10 else []
    return [finding for finding in told if finding.verdict is Verdict.FAILED]


def _cop_finding(name: str, errors: PointErrors, where: str) -> Finding:
    forward_mm, right_mm = (1e3 * each for each in errors.mean_m)
    found = (
        f"centre of pressure {forward_mm:+.1f} mm forward, {right_mm:+.1f} mm right; "
        f"RMS {1e3 * errors.rms_m:.1f}, at most {1e3 * errors.max_m:.1f} mm ({where})"
    )
    if errors.rms_m <= COP_RMS_M and errors.max_m <= COP_MAX_M:
        return ok(name, found)
    steady = np.hypot(*errors.mean_m) > 0.7 * errors.rms_m
    return failed(
        name,
        found,
        "the same everywhere: correct corners_m and origin_m by it, or set the capture origin again"
        if steady
        else f"over {1e3 * COP_RMS_M:g} mm RMS or {1e3 * COP_MAX_M:g} mm: have the plate calibrated",
    )


def one_marker_m(seen: SeenStream, lab: Lab, name: str) -> np.ndarray:
    """One marker by its label in the stream or its canonical name, shape (n, 3), lab, m.

    Raises
    ------
    EkamError : the stream has no such marker, or its unit is not known.
    """
    label = lab.markers.labels().get(name, name)
    found, _ = find_markers(seen.info.channels, {"one": label})
    if "one" not in found:
        there = ", ".join(group.name for group in marker_channels(seen.info.channels))
        raise EkamError(
            f"the marker stream {seen.info.name!r} has no marker {label!r} (it has {there})"
        )
    columns = np.array([found["one"].columns], dtype=np.int64)
    unit: str = lab.markers.unit
    if unit == "auto":
        unit = seen.info.channels[int(columns[0, 0])].unit
    to_m = factor(unit, LENGTH)
    if to_m is None:
        raise EkamError(
            f"marker {label!r} has the unit {unit!r}: set unit under [markers] in the lab file"
        )
    out = np.empty((len(seen.values), 1, 3))
    r_lab = lab.axes.r_lab_from_capture()
    return np.asarray(markers_to_lab(seen.values, columns, np.array([to_m]), r_lab, out)[:, 0])


def _at_markers(wrench: np.ndarray, seen: Seen, lab: Lab) -> np.ndarray:
    """Wrench at the instants of the markers, shape (n, 6); NaN outside of what was received."""
    marker_s = seen.markers.local_s - lab.markers.device_delay_s - seen.markers.info.device_delay_s
    force_s = seen.forces.local_s - lab.forces.device_delay_s - seen.forces.info.device_delay_s
    return np.column_stack(
        [np.interp(marker_s, force_s, column, left=np.nan, right=np.nan) for column in wrench.T]
    )


def _contacts(wrench: np.ndarray, markers: SeenStream, min_load_n: float = LOADED_N) -> list[slice]:
    """Loaded stretches, whichever way the load points, without their first and last 50 ms, in frames."""
    rate_hz = (len(markers.stamps_s) - 1) / max(markers.span_s, 1e-9)
    edge = max(1, round(EDGE_S * rate_hz))
    with np.errstate(invalid="ignore"):
        loaded = np.linalg.norm(wrench[:, :3], axis=1) > min_load_n
    return [
        slice(each.start + edge, each.stop - edge)
        for each in contacts(loaded, max(2 * edge + 1, round(CONTACT_S * rate_hz)))
    ]


def _rows(found: list[slice], n: int) -> np.ndarray:
    rows = np.zeros(n, dtype=bool)
    for each in found:
        rows[each] = True
    return rows
