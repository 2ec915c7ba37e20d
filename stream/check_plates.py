"""The plates: range, sign, place, side and weight, from received samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute import Settings, Side
from compute.conventions import GRAVITY_M_PER_S2
from compute.plates import centre_of_pressure_m, plate_axes
from stream.body_checks import CLEAR_M, LOADED_N
from stream.check_axes import FEET
from stream.check_markers import seen_m
from stream.check_seen import (
    Finding,
    Seen,
    SeenStream,
    failed,
    longest_run,
    not_checked,
    ok,
    warning,
)
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import PlateMap, present_markers
from stream.plate_evidence import EDGE_M, UNDER_FOOT_M
from stream.source import Role, StreamInfo
from stream.units import FORCE, MOMENT

ZERO_N = 10.0
"""What an unloaded plate may read (science.md 3.3)."""
MASS_SHARE, MASS_SHARE_WALKING = 0.02, 0.05
PERSON_N = (150.0, 3500.0)
"""Total vertical load of a standing or walking person."""
INSIDE = 0.9
STEEP = 0.7
LIGHT_N = 20.0


@dataclass(frozen=True)
class PlateSeen:
    """One plate as received.

    Attributes
    ----------
    wrench : shape (n, 6), F (N) and M_O (N·m) about the lab origin, lab.
    corners_m : shape (4, 3), lab; None for a plate that sends its centre of pressure.
    """

    number: int
    side: Side
    wrench: np.ndarray
    corners_m: np.ndarray | None

    @property
    def name(self) -> str:
        """``left plate``."""
        return f"{self.side.word} plate"

    @property
    def surface_m(self) -> float:
        """Height of the surface."""
        return 0.0 if self.corners_m is None else float(self.corners_m[:, 1].mean())

    @property
    def up_n(self) -> np.ndarray:
        """Vertical load, shape (n,)."""
        return self.wrench[:, 1]

    @property
    def loaded(self) -> np.ndarray:
        """Samples in which something stands on it, whatever the sign."""
        return np.linalg.norm(self.wrench[:, :3], axis=1) > LOADED_N


def plates_of(seen: SeenStream, lab: Lab) -> list[PlateSeen]:
    """Every plate of the lab file.

    Raises
    ------
    EkamError : the stream does not carry them as the lab file says.
    """
    plates = PlateMap(seen.info, lab)
    return [
        PlateSeen(
            number,
            Side[plate.side.upper()],
            plates.apply_one(number, seen.values),
            corners_lab_m(seen.info, lab, number),
        )
        for number, plate in enumerate(lab.plates, 1)
    ]


def corners_lab_m(info: StreamInfo, lab: Lab, number: int) -> np.ndarray | None:
    """Corners of plate `number` of the lab file, shape (4, 3), lab, m; None where nobody states them."""
    plate = lab.plates[number - 1]
    corners: Sequence[Sequence[float]] | None = plate.corners_m
    if plate.index is not None and plate.index <= len(info.plates):
        corners = info.plates[plate.index - 1].corners_m
    if not corners:
        return None
    return np.asarray(corners, dtype=float) @ lab.axes.r_lab_from_capture().T


def judge_alive(plate: PlateSeen, *, someone: bool) -> list[Finding]:
    """Channels that never change, or that are no numbers."""
    name = f"{plate.name} channels"
    missing = float(np.mean(np.isnan(plate.wrench).any(axis=1)))
    if missing > 0.0:
        return [
            failed(
                name,
                f"no numbers in {missing:.0%} of the samples",
                "check the plate's cable and amplifier, and that its channels are the right ones",
            )
        ]
    if np.ptp(plate.wrench, axis=0).max() > 0.0:
        return []
    value = float(np.abs(plate.wrench[0]).max())
    found = "all six are zero all the time" if value == 0.0 else "all six stand still"
    cure = (
        "the publisher fills only the first plate's channels, or the amplifier is off: let it send this plate"
        if value == 0.0
        else "a real plate has noise: is the amplifier paused?"
    )
    return [(failed if someone and value == 0.0 else warning)(name, found, cure)]


def judge_range(plate: PlateSeen, rate_hz: float) -> list[Finding]:
    """Force channels that stay at their extreme value: the same gate as `plate_saturated` of a stance."""
    loaded = plate.loaded
    if loaded.sum() < 20 or np.ptp(plate.wrench, axis=0).max() == 0.0:
        return []
    name = f"{plate.name} range"
    longest = max(5.0, Settings().saturated_s * rate_hz)
    for column, axis in zip(plate.wrench[:, :3].T, ("forward", "up", "right"), strict=True):
        for extreme in (column[loaded].max(), column[loaded].min()):
            at = loaded & (np.abs(column - extreme) <= 1e-6 * abs(extreme))
            if abs(extreme) > ZERO_N and longest_run(at) >= longest:
                stays_ms = 1e3 * longest_run(at) / rate_hz
                return [
                    failed(
                        name,
                        f"the {axis} force stays at {extreme:.0f} N for {stays_ms:.0f} ms",
                        "it is at its limit: choose a wider range (lower gain) on the amplifier",
                    )
                ]
    return [ok(name, f"no force stays at its limit, up to {np.abs(plate.up_n).max():.0f} N")]


def judge_sign(plate: PlateSeen, lab: Lab) -> list[Finding]:
    """A loaded plate pushes the foot up."""
    loaded = plate.loaded
    return judge_upward(plate, plate.wrench[loaded, :3], lab) if loaded.sum() >= 20 else []


def judge_upward(plate: PlateSeen, force: np.ndarray, lab: Lab) -> list[Finding]:
    """What a plate says while it is loaded, shape (n, 3), lab, N, points up."""
    name = f"{plate.name} direction"
    upright = float(np.median(force[:, 1] / np.linalg.norm(force, axis=1)))
    found = f"loaded, {upright:.0%} of the force points up"
    if upright > STEEP:
        return [ok(name, found)]
    if upright < -STEEP:
        config = lab.plates[plate.number - 1]
        if config.index is not None:
            cure = (
                "the publisher's header has the sign wrong: correct it there, or give wrench, corners_m, "
                "origin_m and acts_on instead of index"
            )
        else:
            other = "plate" if config.acts_on == "foot" else "foot"
            cure = f'set acts_on = "{other}" for this plate in the lab file'
        return [failed(name, f"loaded, the force points down ({-upright:.0%})", cure)]
    strongest = int(np.argmax(np.median(np.abs(force), axis=0)))
    return [
        failed(
            name,
            f"{found}; most of it points {('forward', 'up', 'right')[strongest]}",
            "check the order of the plate's channels, its corners_m and the axes in the lab file",
        )
    ]


@dataclass(frozen=True)
class Feet:
    """Where the feet are at the instants of the force samples that are looked at.

    Attributes
    ----------
    rows : rows of the force stream, shape (k,).
    at_m : per side, mean of its foot markers, shape (k, 3), lab, m; NaN where none is seen.
    """

    rows: np.ndarray
    at_m: dict[Side, np.ndarray]


def feet_at_forces(seen: Seen, lab: Lab) -> Feet | None:
    """Feet at the force sample nearest to each marker frame; None without foot markers."""
    at_m = seen_m(seen.markers, lab)
    if at_m is None or not len(seen.forces.values):
        return None
    names = present_markers(seen.markers.info, lab)
    marker_s = seen.markers.local_s - _delay_s(seen.markers, lab)
    force_s = seen.forces.local_s - _delay_s(seen.forces, lab)
    rows = np.clip(np.searchsorted(force_s, marker_s), 0, len(force_s) - 1)
    together = np.abs(force_s[rows] - marker_s) < 0.02
    feet = {}
    for side in Side:
        own = [i for i, n in enumerate(names) if n[0] == side.letter and n[1:] in FEET]
        if not own:
            return None
        at = at_m[:, own][together]
        there = ~np.isnan(at)
        with np.errstate(invalid="ignore"):
            feet[side] = np.where(there, at, 0.0).sum(axis=1) / np.where(
                there.any(axis=1), there.sum(axis=1), np.nan
            )
    return Feet(rows[together], feet) if together.any() else None


def _delay_s(seen: SeenStream, lab: Lab) -> float:
    table = lab.markers if seen.info.role is Role.MARKERS else lab.forces
    return table.device_delay_s + seen.info.device_delay_s


@dataclass(frozen=True)
class Fit:
    """How the centre of pressure of a plate lies.

    Attributes
    ----------
    inside : share of the loaded samples in which it lies on the plate; NaN without corners.
    own_m, other_m : median horizontal distance to the foot of the plate's side, and to the other foot.
    """

    samples: int
    inside: float
    own_m: float
    other_m: float


def place_fit(plate: PlateSeen, feet: Feet | None) -> Fit:
    """Where the centre of pressure lies while the plate is loaded, upward or not."""
    rows = np.arange(len(plate.wrench)) if feet is None else feet.rows
    loaded = plate.loaded[rows]
    wrench = plate.wrench[rows][loaded]
    cop_m = centre_of_pressure_m(wrench, plate.surface_m)
    inside = np.nan
    if plate.corners_m is not None and len(cop_m):
        inside = float(np.mean(on_plate(cop_m, plate.corners_m)))
    gap = dict.fromkeys(Side, np.nan)
    if feet is not None and len(cop_m):
        for side, at_m in feet.at_m.items():
            away = np.hypot(*(cop_m - at_m[loaded])[:, ::2].T)
            gap[side] = float(np.nanmedian(away)) if np.isfinite(away).any() else np.nan
    return Fit(len(cop_m), inside, gap[plate.side], gap[plate.side.other])


def on_plate(cop_m: np.ndarray, corners_m: np.ndarray) -> np.ndarray:
    """Whether points lie within a plate's corners and 20 mm around, shape (n,)."""
    try:
        r, centre = plate_axes(corners_m)
    except ValueError:
        return np.zeros(len(cop_m), dtype=bool)
    local = (cop_m - centre) @ r
    half_x = 0.5 * np.linalg.norm(corners_m[0] - corners_m[1]) + EDGE_M
    half_y = 0.5 * np.linalg.norm(corners_m[0] - corners_m[3]) + EDGE_M
    return (np.abs(local[:, 0]) <= half_x) & (np.abs(local[:, 1]) <= half_y)


def judge_place(plate: PlateSeen, feet: Feet | None, seen: SeenStream, lab: Lab) -> list[Finding]:
    """Centre of pressure on the plate and under the foot that the lab file puts there."""
    name, fit = f"{plate.name} load", place_fit(plate, feet)
    if fit.samples < 10:
        return [
            not_checked(
                name, "never loaded", f"let the walker stand with the {plate.side.word} foot on it"
            )
        ]
    nearest_m = (
        np.nanmin([fit.own_m, fit.other_m]) if np.isfinite(fit.own_m + fit.other_m) else np.nan
    )
    parts = []
    if np.isfinite(fit.inside):
        parts.append(f"centre of pressure on the plate in {fit.inside:.0%}")
    if np.isfinite(fit.own_m):
        parts.append(
            f"{1e3 * fit.own_m:.0f} mm from the {plate.side.word} foot, "
            f"{1e3 * fit.other_m:.0f} mm from the {plate.side.other.word}"
        )
    found = "; ".join(parts) or "neither corners nor foot markers are known"
    if fit.inside < INSIDE or nearest_m > UNDER_FOOT_M:
        return [failed(name, found, _moment_cure(plate, feet, seen, lab))]
    if fit.own_m - fit.other_m > CLEAR_M:
        return [
            failed(
                name,
                f"{found}: it carries the {plate.side.other.word} foot",
                f'the plates are swapped: set side = "{plate.side.other.word}" for it in the lab file; if '
                "only this one is wrong, the walker stands across, or left and right labels are swapped",
            )
        ]
    if not parts:
        return [not_checked(name, found, "label heels and toes, or give corners_m")]
    if not np.isfinite(nearest_m):
        return [warning(name, f"{found}; feet not seen", "label heels and toes of both feet")]
    return [ok(name, found)]


def _moment_cure(plate: PlateSeen, feet: Feet | None, seen: SeenStream, lab: Lab) -> str:
    """The moment unit that would put the load on the plate and under a foot, if one does."""
    fitting = []
    for unit in ("Nm", "Nmm", "Ncm"):
        changed = lab.model_copy(
            update={"forces": lab.forces.model_copy(update={"moment_unit": unit})}
        )
        try:
            fit = place_fit(plates_of(seen, changed)[plate.number - 1], feet)
        except EkamError:
            continue
        near = np.isnan(fit.own_m) or min(fit.own_m, fit.other_m) <= UNDER_FOOT_M
        same = MOMENT.get(lab.forces.moment_unit.lower()) == MOMENT[unit.lower()]
        if near and not fit.inside < INSIDE and not same:
            fitting.append((fit.own_m, unit))
    if fitting:
        unit = min(fitting)[1]
        return f'the moments look like {unit}: set moment_unit = "{unit}" under [forces]'
    return "check corners_m, origin_m, the order of the moment channels and the plate's side in the lab file"


def judge_weight(
    plates: list[PlateSeen], rate_hz: float, mass_kg: float, *, walking: bool
) -> list[Finding]:
    """Weight on all plates together against the body mass."""
    total_n = np.sum([plate.up_n for plate in plates], axis=0)
    rows, limit = slice(None), MASS_SHARE
    if walking:
        limit = MASS_SHARE_WALKING
        strikes = _strikes(np.abs(plates[0].up_n), rate_hz)
        if len(strikes) < 4:
            return [
                not_checked(
                    "weight", "fewer than three whole strides", "walk on, with --seconds 10"
                )
            ]
        rows = slice(
            int(strikes[0]), int(strikes[-1])
        )  # over whole strides the mean load is the weight
    found_kg = float(np.nanmean(total_n[rows])) / GRAVITY_M_PER_S2
    spread_n = float(np.nanstd(total_n[rows]))
    found = f"{found_kg:.1f} kg on all plates" + ("" if walking else f" (± {spread_n:.1f} N)")
    if np.isnan(mass_kg):
        return [
            not_checked(
                "weight", f"{found}; nothing to compare with", "say --mass KG or --subject FILE"
            )
        ]
    off = found_kg / mass_kg - 1.0
    found += f", {mass_kg:.1f} kg expected ({off:+.1%})"
    if abs(off) <= limit:
        return [ok("weight", found)]
    return [failed("weight", found, _weight_cure(found_kg / mass_kg))]


def _weight_cure(ratio: float) -> str:
    for value, cure in (
        (1e-3, 'the numbers look like kN: set force_unit = "kN" under [forces]'),
        (1e3, 'the numbers look like N where kN is declared: set force_unit = "N" under [forces]'),
        (1.0 / GRAVITY_M_PER_S2, "the plates send kilograms: let the publisher send newtons"),
        (1.0 / 4.448, "the plates send pounds: let the publisher send newtons"),
        (0.5, "one plate is not counted, or one foot stands beside the plates"),
        (2.0, "the load is counted twice: two plates of the lab file read the same channels"),
    ):
        if abs(abs(ratio) / value - 1.0) < 0.06:
            return cure
    return "both feet on the plates, hands off the rails; if so, the amplifier's gain is wrong"


def total_level_n(plates: list[PlateSeen]) -> np.ndarray:
    """Load on all plates whatever the sign of each, shape (n,)."""
    return np.sum([np.abs(plate.up_n) for plate in plates], axis=0)


def thousandfold_cure(total_n: np.ndarray) -> str:
    """What to do where a load is a person's but for a factor of a thousand; empty if it is not.

    Noise has no such level: its mean is small against its SD.
    """
    level_n = abs(float(np.mean(total_n)))
    if level_n < 2.0 * float(np.std(total_n)):
        return ""
    low_n, high_n = PERSON_N
    if low_n <= level_n * FORCE["kn"] <= high_n:
        return 'the numbers look like kN: set force_unit = "kN" under [forces]'
    if low_n <= level_n / FORCE["kn"] <= high_n:
        return 'the numbers are a thousand times too large: set force_unit = "N" under [forces]'
    return ""


def _strikes(level_n: np.ndarray, rate_hz: float) -> np.ndarray:
    """Rows at which the load rises above 50 N after 100 ms below, shape (k,)."""
    up = np.flatnonzero((level_n[1:] > 50.0) & (level_n[:-1] <= 50.0)) + 1
    before = round(0.1 * rate_hz)
    return np.array(
        [row for row in up if row >= before and (level_n[row - before : row] <= 50.0).all()],
        dtype=int,
    )
