"""Everything that the streams tell of the laboratory at once, and into the answers; no Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, nan
from typing import Any

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2
from display.setup.answers import Answers, plate_tables, provisional_lab_of
from stream.axis_guess import AxisGuess, UnitGuess, guess_axes, guess_unit
from stream.body_checks import LOADED_N
from stream.check_axes import FEET
from stream.check_markers import seen_m
from stream.check_plates import PERSON_N, feet_at_forces, judge_place, judge_sign, plates_of
from stream.check_seen import Finding, Seen, SeenStream
from stream.errors import EkamError
from stream.lab import Lab, Markers
from stream.mapping import present_markers
from stream.marker_guess import MarkerGuess, guess_markers
from stream.plate_guess import (
    ForceUnits,
    PlateFound,
    SideGuess,
    find_plates,
    guess_force_units,
    guess_sides,
    load_n,
    loaded_alone,
    side_by_feet,
)

PELVIS = ("LASI", "RASI", "LPSI", "RPSI", "SACR")
STEADY = 0.03
"""SD of the load over its mean while somebody stands still."""
STILL_M = 0.03
"""How far a marker of a foot or the pelvis moves at most in `STANDING_S` of standing; a step is longer."""
STEADY_SHARE = 0.05
"""SD of what one plate carries of the whole while somebody stands still."""
STANDING_S = 2.0


@dataclass(frozen=True)
class Guesses:
    """What the newest seconds of both streams tell.

    Attributes
    ----------
    alone : number (from 0) of the plate that carries somebody while no other does; None if none.
    standing_kg : of who stands still on the plates; NaN if nobody does.
    rates_hz : measured rates of streams that declare none, by table of the laboratory file.
    loads_n : size of the force on each plate that was found, N, whatever its axes.
    load : whether the loads point up, lie on their plates and under their feet.
    """

    markers: MarkerGuess = field(default_factory=lambda: MarkerGuess("canonical"))
    unit: UnitGuess = field(default_factory=lambda: UnitGuess("auto", "", sure=False))
    axes: AxisGuess = field(default_factory=lambda: AxisGuess(None))
    plates: tuple[PlateFound, ...] = ()
    sides: tuple[SideGuess, ...] = ()
    units: ForceUnits = field(default_factory=ForceUnits)
    alone: int | None = None
    standing_kg: float = nan
    rates_hz: Mapping[str, float] = field(default_factory=dict)
    loads_n: tuple[float, ...] = ()
    load: tuple[Finding, ...] = ()


def guess(seen: Seen, answers: Answers) -> Guesses:
    """Guess everything that is not decided, from what is."""
    markers = guess_markers(seen.markers.info)
    table = (
        _marker_table(markers) if "markers" not in answers.decided else answers.section("markers")
    )
    named = _markers_of(table)
    unit = guess_unit(seen.markers, named)
    if "unit" not in answers.decided:
        named = named.model_copy(update={"unit": unit.unit})
    axes = guess_axes(seen, named)
    found = tuple(find_plates(seen.forces.info))
    units = guess_force_units(seen.forces.info)
    known_axes = axes.axes
    lab = provisional_lab_of(answers)
    if "axes" in answers.decided and lab is not None:
        known_axes = lab.axes
    sides = _sides(found, seen, answers, known_axes)
    unit_n = (
        units.force
        if "plates" not in answers.decided
        else answers.section("forces").get("force_unit", "auto")
    )
    return Guesses(
        markers,
        unit,
        axes,
        found,
        sides,
        units,
        loaded_alone(found, _newest(seen.forces, 0.3), unit_n),
        _standing_kg(seen, answers),
        {
            name: rate
            for name, stream in (("markers", seen.markers), ("forces", seen.forces))
            if not stream.info.nominal_rate_hz and (rate := _rate_hz(stream)) > 0.0
        },
        tuple(_mean(load_n(plate, _newest(seen.forces, 0.3), unit_n)) for plate in found),
        _judge_load(seen, answers),
    )


def applied(answers: Answers, guesses: Guesses) -> Answers:
    """The answers with what was guessed, wherever nobody has decided."""
    markers, forces = answers.section("markers"), answers.section("forces")
    if "markers" not in answers.decided:
        markers |= _marker_table(guesses.markers)
    if "unit" not in answers.decided and guesses.unit.sure:
        markers["unit"] = guesses.unit.unit
    for name, table in (("markers", markers), ("forces", forces)):
        if name in guesses.rates_hz and f"{name} rate" not in answers.decided:
            table.setdefault("rate_hz", guesses.rates_hz[name])
    if "axes" not in answers.decided and guesses.axes.axes is not None:
        answers = answers.having("axes", guesses.axes.axes.model_dump())
    if "plates" not in answers.decided:
        forces["force_unit"], forces["moment_unit"] = guesses.units.force, guesses.units.moment
        answers = answers.having("plates", _plates(answers, guesses))
    if answers.mass_kg is None and not isnan(guesses.standing_kg):
        answers = replace(answers, mass_kg=round(guesses.standing_kg, 1))
    return answers.having("markers", markers).having("forces", forces)


def _plates(answers: Answers, guesses: Guesses) -> list[dict[str, Any]]:
    """What was found, with sides that were known before kept where nothing tells another."""
    before = {_key(plate): plate for plate in answers.plates}
    tables = plate_tables(guesses.plates, [side.side for side in guesses.sides])
    for table in tables:
        known = before.get(_key(table), {})
        table["side"] = table["side"] or known.get("side", "")
        for key in ("corners_m", "origin_m", "acts_on"):
            if key in known:
                table[key] = known[key]
    return tables


def _key(plate: Mapping[str, Any]) -> str:
    return str(plate.get("index") or plate.get("force") or plate.get("wrench"))


def _sides(
    found: Sequence[PlateFound], seen: Seen, answers: Answers, axes: Any
) -> tuple[SideGuess, ...]:
    """By labels and places first, else by the foot under which the load lies."""
    sides = guess_sides(found, seen.forces, axes)
    if all(side.side for side in sides) or len(found) != 2 or axes is None:
        return tuple(sides)
    asked = answers.having("plates", plate_tables(found, ["left", "right"])).having(
        "axes", axes.model_dump()
    )
    lab = provisional_lab_of(asked)
    if lab is None or len(lab.plates) != 2:
        return tuple(sides)
    by_feet = [side_by_feet(seen, lab, number) for number in (1, 2)]
    told = [each.side for each in by_feet]
    if told in (["left", ""], ["right", ""]):
        other = "right" if told[0] == "left" else "left"
        by_feet[1] = SideGuess(other, "it is the other one")
    elif told in (["", "left"], ["", "right"]):
        other = "right" if told[1] == "left" else "left"
        by_feet[0] = SideGuess(other, "it is the other one")
    elif told[0] == told[1]:
        return tuple(sides)
    return tuple(by_feet)


def _marker_table(guess: MarkerGuess) -> dict[str, Any]:
    return {"preset": guess.preset, "names": dict(guess.names)}


def _markers_of(table: Mapping[str, Any]) -> Markers:
    given = {key: table[key] for key in ("preset", "names", "unit") if key in table}
    try:
        return Markers.model_validate(given)
    except ValueError:
        return Markers()


def _standing_kg(seen: Seen, answers: Answers) -> float:
    """Mass of who stands still on all plates; NaN where nobody does."""
    lab = provisional_lab_of(answers)
    if lab is None or not lab.plates:
        return nan
    try:
        forces = _newest(seen.forces, STANDING_S)
        plates = plates_of(forces, lab)
    except EkamError:
        return nan
    if forces.span_s < 0.9 * STANDING_S:
        return nan
    total_n = np.sum([plate.up_n for plate in plates], axis=0)
    if not len(total_n) or np.isnan(total_n).all():
        return nan
    mean_n = float(np.nanmean(total_n))
    if not PERSON_N[0] <= mean_n <= PERSON_N[1] or np.nanstd(total_n) > STEADY * mean_n:
        return nan
    still = _markers_still(_newest(seen.markers, STANDING_S), lab)
    if still is None:
        still = _shares_steady([plate.up_n for plate in plates], total_n)
    return mean_n / GRAVITY_M_PER_S2 if still else nan


def _markers_still(seen: SeenStream, lab: Lab) -> bool | None:
    """Whether feet and pelvis stay where they are; None where no such marker is seen all the time."""
    at_m, names = seen_m(seen, lab), present_markers(seen.info, lab)
    if at_m is None or not len(at_m):
        return None
    carried = {side + name for side in "LR" for name in FEET} | set(PELVIS)
    columns = [i for i, name in enumerate(names) if name in carried]
    seen_well = [i for i in columns if np.isfinite(at_m[:, i]).all(axis=1).mean() > 0.5]
    if not seen_well:
        return None
    low_m, high_m = np.nanpercentile(at_m[:, seen_well], (2, 98), axis=0)
    return bool((high_m - low_m).max() <= STILL_M)


def _shares_steady(loads_n: Sequence[np.ndarray], total_n: np.ndarray) -> bool:
    """Whether every plate carries part of the person, and the same part all the time."""
    shares = np.array(loads_n) / np.maximum(total_n, LOADED_N)
    loaded = np.nanmean(loads_n, axis=1) > LOADED_N
    return len(loads_n) > 1 and bool(
        loaded.all() and np.nanstd(shares, axis=1).max() < STEADY_SHARE
    )


def _judge_load(seen: Seen, answers: Answers) -> tuple[Finding, ...]:
    """What `ekam check` says of the loads, while there are any."""
    lab = provisional_lab_of(answers)
    if lab is None or not lab.plates or not len(seen.forces.values):
        return ()
    try:
        plates = plates_of(seen.forces, lab)
    except EkamError:
        return ()
    feet = feet_at_forces(seen, lab)
    return tuple(
        finding
        for plate in plates
        if plate.loaded.sum() >= 20
        for finding in judge_sign(plate, lab) + judge_place(plate, feet, seen.forces, lab)
    )


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else nan


def _newest(stream: SeenStream, seconds: float) -> SeenStream:
    if not len(stream.stamps_s):
        return stream
    keep = stream.stamps_s > stream.stamps_s[-1] - seconds
    return replace(
        stream,
        stamps_s=stream.stamps_s[keep],
        values=stream.values[keep],
        arrivals_s=stream.arrivals_s[keep],
        offsets_s=stream.offsets_s[keep],
    )


def _rate_hz(stream: SeenStream) -> float:
    """Measured rate, as a whole number where it is within 1 % of one; 0 where too little came."""
    if stream.span_s < 1.0:
        return 0.0
    rate = (len(stream.stamps_s) - 1) / stream.span_s
    whole = float(round(rate))
    return whole if abs(rate - whole) < 0.01 * rate else round(rate, 2)
