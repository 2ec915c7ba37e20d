"""Whether what a source says fits a human body: size, upright posture, heading, feet on their plates."""

import numpy as np

from compute import Side, Subject
from compute.plates import centre_of_pressure_m
from stream.channel_names import find_markers
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import MarkerMap, PlateMap, present_markers
from stream.recording import Recording
from stream.source import StreamInfo
from stream.units import LENGTH, factor

BODY_SPAN_M = (0.25, 3.0)
"""From the shanks alone to a giant with raised arms, and narrow enough to see a factor of ten."""
LOADED_N = 100.0
CLEAR_M = 0.05
FAR_M = 0.6
FEET = ("HEE", "ANK", "MED", "AJC", "TOE", "MT5")
ABOVE = ("ASI", "PSI", "KNE", "KNM", "KJC", "TH1", "SK1", "HJC")


def check_body(info: StreamInfo, values: np.ndarray, lab: Lab) -> bool:
    """Whether the markers span a body in the declared unit, feet down in the declared axes.

    Returns
    -------
    True once the frames suffice for a judgement: three quarters of the known markers in view.

    Raises
    ------
    EkamError : they span less than 0.25 m or more than 3 m, or the feet are not below the knees.
    """
    names = present_markers(info, lab, clear=True)
    if len(names) < 2:
        return True  # missing markers are named elsewhere
    at_m = MarkerMap(info, lab, names).apply(values[:1000])
    at_m = at_m[np.mean(~np.isnan(at_m[:, :, 0]), axis=1) >= 0.75]
    if not len(at_m):
        return False
    span_m = float(np.median((np.nanmax(at_m, axis=1) - np.nanmin(at_m, axis=1)).max(axis=1)))
    low_m, high_m = BODY_SPAN_M
    if low_m <= span_m <= high_m:
        _check_upright(names, at_m)
        return True
    found, _ = find_markers(info.channels, lab.markers.labels())
    first = info.channels[found[names[0]].columns[0]]
    unit = first.unit if lab.markers.unit == "auto" else lab.markers.unit
    whose = "the stream declares" if lab.markers.unit == "auto" else "the lab file declares"
    declared = factor(unit, LENGTH) or 1.0
    fitting = [u for u in ("m", "cm", "mm") if low_m <= span_m / declared * LENGTH[u] <= high_m]
    cure = (
        f'the numbers look like {fitting[0]}: set unit = "{fitting[0]}"'
        if fitting
        else "correct the unit"
    )
    raise EkamError(
        f"the markers of {info.name} span {span_m:.4g} m, which no body does; {whose} {unit!r}, {cure} under "
        "[markers] in the lab file"
    )


def _check_upright(names: tuple[str, ...], at_m: np.ndarray) -> None:
    """Feet below knees and pelvis, by at least the height of a child's shank."""
    heights_m = {
        which: np.nanmedian(at_m[:, [i for i, name in enumerate(names) if name[1:] in wanted], 1])
        for which, wanted in (("feet", FEET), ("above", ABOVE))
        if any(name[1:] in wanted for name in names)
    }
    if len(heights_m) == 2 and heights_m["above"] - heights_m["feet"] < 0.1:
        raise EkamError(
            f"the markers of knees and pelvis are {heights_m['above'] - heights_m['feet']:.2f} m above those "
            "of the feet, which no standing body has: correct up under axes in the lab file"
        )


def heading_note(recording: Recording, lab: Lab) -> str:
    """A sentence when the feet do not point along the forward axis; empty when they do.

    Knee moments do not depend on it, so it is no error; a laboratory may walk both ways.
    """
    names = [
        name
        for name in present_markers(recording.markers.info, lab, clear=True)
        if name[1:] in ("HEE", "TOE", "MT5")
    ]
    at_m = dict(
        zip(
            names,
            MarkerMap(recording.markers.info, lab, names)
            .apply(recording.markers.values)
            .transpose(1, 0, 2),
            strict=True,
        )
    )
    along = [
        at_m[side + toe] - at_m[side + "HEE"]
        for side in "RL"
        for toe in ("TOE", "MT5")
        if side + toe in at_m and side + "HEE" in at_m
    ]
    if not along:
        return ""
    mean = np.nanmean(np.concatenate(along), axis=0)
    if mean[0] > 0.5 * float(np.hypot(mean[0], mean[2])):
        return ""
    return (
        "the feet do not point along the forward axis of the lab file; knee moments do not depend on it, "
        "directions of feet and trunk will"
    )


def check_plate_sides(recording: Recording, lab: Lab, subject: Subject) -> None:
    """Refuse a recording in which a plate carries the other foot.

    Raises
    ------
    EkamError : over the loaded frames of a plate the load is nearer to the other leg's shank markers,
        or far from both.
    """
    if recording.forces is None:
        return
    plates = PlateMap(recording.forces.info, lab)
    at_m = {
        side: np.nanmean(
            MarkerMap(recording.markers.info, lab, subject.shank(side).markers()).apply(
                recording.markers.values
            ),
            axis=1,
        )
        for side in Side
    }
    nearest = np.searchsorted(recording.forces.stamps_s, recording.markers.stamps_s)
    nearest = np.minimum(nearest, len(recording.forces.stamps_s) - 1)
    values = recording.forces.values[nearest]
    for number, plate in enumerate(lab.plates, 1):
        wrench = plates.apply_one(number, values)
        loaded = wrench[:, 1] > LOADED_N
        cop_m = centre_of_pressure_m(wrench[loaded])
        own, other = Side[plate.side.upper()], Side[plate.side.upper()].other
        gap = {
            side: np.hypot(cop_m[:, 0] - at_m[side][loaded, 0], cop_m[:, 2] - at_m[side][loaded, 2])
            for side in Side
        }
        nearest_m = np.minimum(gap[own], gap[other])
        if np.isfinite(nearest_m).sum() >= 10 and np.nanmedian(nearest_m) > FAR_M:
            raise EkamError(
                f"the load of plate {number} lies {np.nanmedian(nearest_m):.2f} m from both feet: check its "
                "corners_m, origin_m, channels and units in the lab file"
            )
        nearer = gap[own] - gap[other]
        if np.isfinite(nearer).sum() >= 10 and np.nanmedian(nearer) > CLEAR_M:
            share = float(np.mean(nearer[np.isfinite(nearer)] > 0))
            raise EkamError(
                f"plate {number} is declared {own.word}, but in {share:.0%} of its loaded frames the load "
                f'lies under the {other.word} foot: set side = "{other.word}" for it in the lab file, or '
                "check the marker labels"
            )


def unused_plates(recording: Recording, lab: Lab, sides: set[Side]) -> list[str]:
    """Why there may be no stance on these sides: what their plates carried."""
    if recording.forces is None:
        return []
    load_n = PlateMap(recording.forces.info, lab).apply(recording.forces.values)[:, :, 1]
    said = []
    for side in sorted(sides):
        low, high = np.nanmin(load_n[:, side]), np.nanmax(load_n[:, side])
        sign = " (a load that points down: is acts_on right?)" if -low > max(high, LOADED_N) else ""
        said.append(
            f"no complete {side.word} stance: its plate carries {low:.0f} to {high:.0f} N{sign} over "
            f"{recording.forces.stamps_s[-1] - recording.forces.stamps_s[0]:.1f} s"
        )
    return said
