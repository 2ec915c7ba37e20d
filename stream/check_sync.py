"""Time of the forces against the markers, from steps or from a rod struck on the belts."""

import numpy as np

from compute.plate_check import TAP_SEARCH_S, tap_offsets_s, tap_onsets_s, tap_stops_s
from compute.sync_offset import MIN_TAPS, SyncOffset, measure_offset, measure_tap
from stream.check_markers import seen_m
from stream.check_plates import PlateSeen
from stream.check_pole import one_marker_m
from stream.check_seen import Finding, Seen, failed, incomplete, not_checked, ok, warning
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import PlateMap, present_markers

GOOD_S, LIMIT_S, STEADY_S = 0.002, 0.005, 0.001
"""science.md 3.4: 2 ms is aimed at, 5 ms is the limit, constant to within 1 ms."""
TAPS = 10
ONE_WINDOW_S = 0.001
"""SD of the figures of single windows of one walk (`compute.sync_offset`)."""
NAME = "markers against forces"
_STRIKE = f"strike a rod with a marker {TAPS} times on the belts (--tap MARKER --seconds 30)"


def judge_strikes(found: SyncOffset, lab: Lab) -> Finding:
    """An offset from strikes of a rod (positive: forces late) by the limits."""
    late = "late" if found.offset_s >= 0.0 else "early"
    said = (
        f"the forces are {1e3 * abs(found.offset_s):.1f} ms {late} "
        f"(± {1e3 * (found.bound_s + 2.0 * found.error_s):.1f} ms, {found.n} strikes)"
    )
    table, role = (lab.forces, "forces") if found.offset_s > 0.0 else (lab.markers, "markers")
    delay_s = round(table.device_delay_s + abs(found.offset_s), 4)
    cure = f"add it to the delay: device_delay_s = {delay_s:g} under [{role}] in the lab file"
    if abs(found.offset_s) > LIMIT_S:
        return failed(NAME, said, cure)
    if abs(found.offset_s) > GOOD_S:
        return warning(NAME, said, cure)
    if found.spread_s > STEADY_S:
        return warning(
            NAME, said, f"it is not steady: strike harder and straight down, {TAPS} times or more"
        )
    if found.n < TAPS:
        return warning(NAME, said, f"these are few strikes: {TAPS} or more are needed")
    return ok(NAME, said)


def judge_sync(seen: Seen, lab: Lab) -> list[Finding]:
    """From the steps of someone who walks; only what exceeds the error of the method itself counts."""
    names = present_markers(seen.markers.info, lab)
    at_m = seen_m(seen.markers, lab)
    if at_m is None or min(len(at_m), len(seen.forces.values)) < 2:
        return [not_checked(NAME, "one of them sent nothing", _STRIKE)]
    marker_s, force_s = times_s(seen, lab)
    first_s = marker_s[0]
    found = measure_offset(
        marker_s - first_s,
        at_m,
        names,
        force_s - first_s,
        PlateMap(seen.forces.info, lab).apply(seen.forces.values),
        _rate_hz(marker_s),
        _rate_hz(force_s),
    )
    if np.isnan(found.offset_s):
        return [not_checked(NAME, found.reason, _STRIKE)]
    return [judge_steps(found.offset_s, found.error_s, found.bound_s, found.n, lab)]


def judge_steps(offset_s: float, error_s: float, bound_s: float, n: int, lab: Lab) -> Finding:
    """An offset from steps, by what it may be at least and at most.

    Too large if it exceeds a limit by more than the method may be wrong, good only if it stays within 5 ms
    whatever the method is wrong by. In between nothing is told, and 5 ms or more are asked about.

    Parameters
    ----------
    error_s : standard error of n windows; NaN for fewer than three. bound_s : of the method itself.
    """
    unsure_s = bound_s + 2.0 * (ONE_WINDOW_S if np.isnan(error_s) else error_s)
    least_s = abs(offset_s) - unsure_s
    late = "late" if offset_s >= 0.0 else "early"
    found = (
        f"by {n} spans of steps the forces are {1e3 * abs(offset_s):.0f} ms {late}, which this method "
        f"tells to ± {1e3 * unsure_s:.0f} ms"
    )
    cure = f"find out by how much: {_STRIKE}; then set device_delay_s"
    if least_s > LIMIT_S:
        return failed(NAME, found, cure)
    if least_s > GOOD_S:
        return warning(NAME, found, cure)
    if abs(offset_s) + unsure_s <= LIMIT_S:
        return ok(NAME, found)
    found += f": a walk cannot tell it closer than the limit of {1e3 * LIMIT_S:.0f} ms"
    if abs(offset_s) > LIMIT_S:
        return warning(NAME, found, cure)
    return not_checked(NAME, found, _STRIKE)


def times_s(seen: Seen, lab: Lab) -> tuple[np.ndarray, np.ndarray]:
    """Times of markers and forces on the LSL local clock, delays of the devices taken off."""
    return (
        seen.markers.local_s - lab.markers.device_delay_s - seen.markers.info.device_delay_s,
        seen.forces.local_s - lab.forces.device_delay_s - seen.forces.info.device_delay_s,
    )


def _rate_hz(time_s: np.ndarray) -> float:
    return (len(time_s) - 1) / max(float(time_s[-1] - time_s[0]), 1e-9)


def judge_tap(seen: Seen, lab: Lab, plates: list[PlateSeen], tap: str) -> list[Finding]:
    """From a rod with a marker that was struck on the plates."""
    try:
        height_m = one_marker_m(seen.markers, lab, tap)[:, 1]
    except EkamError as error:
        return [failed(NAME, str(error), "name the rod's marker as the stream does: --tap LABEL")]
    marker_s, force_s = times_s(seen, lab)
    strikes_s = np.concatenate(
        [np.empty(0), *(tap_onsets_s(*_numbers(force_s, plate.up_n)) for plate in plates)]
    )
    stops_s = tap_stops_s(marker_s, height_m)
    found = measure_tap(tap_offsets_s(strikes_s, stops_s))
    if not np.isnan(found.offset_s):
        return [judge_strikes(found, lab)]
    fit = f"{found.n or 'none'} fit within {1e3 * TAP_SEARCH_S:.0f} ms"
    return [
        incomplete(
            NAME,
            f"{len(strikes_s)} strikes in the forces and {len(stops_s)} stops of {tap}, of which "
            f"{fit}; {MIN_TAPS} are needed",
            f"strike the rod straight down on each belt, {TAPS} times, with --seconds 30; if there are "
            "both and they do not fit, one stream is more than that late: look at the delays and clocks",
        )
    ]


def _numbers(time_s: np.ndarray, up_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Only the samples that are numbers."""
    there = np.isfinite(up_n)
    return time_s[there], up_n[there]
