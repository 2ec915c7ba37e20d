"""Sign and order of a plate's horizontal forces, from the steps of someone who walks.

The load on a foot brakes in early stance and drives in late stance, and in between it points toward the
other foot, as the body is on that side of it. All figures are shares of the vertical load over the same
span, so that neither body mass nor the plate's gain matters. Seen in six walkers, treadmill and over
ground: -0.19 to -0.10 at 10-30 %, 0.13 to 0.18 at 70-90 %, 0.02 to 0.09 sideways at 20-40 %.

What steps do not show: the gain of the horizontal forces and anything about the free moment.
"""

from dataclasses import dataclass

import numpy as np

from stream.check_plates import PlateSeen
from stream.check_seen import Finding, SeenStream, failed, not_checked, ok, warning
from stream.check_zero import SMOOTH_S, unloaded
from stream.lab import Lab
from stream.mapping import PlateMap

BRAKE, PUSH, ASIDE = (0.1, 0.3), (0.7, 0.9), (0.2, 0.4)
"""Spans of stance."""
ON_N = 50.0
STANCE_S = (0.35, 1.5)
LONGER = 1.15
"""A step that lasts longer than the shorter half of them by this carries the other foot, too."""
FEWEST = 3
CHANGE = 0.05
"""From braking to driving; seen 0.2 and more. Less is nobody's walk, or not this force."""
UNSURE = 0.02
"""Whose force is smaller may well have the other sign: a walker who sets one foot before the other, does
not push off or walks up a slope, or a plate that lies 1° askew."""
_WALK = "walk straight on, each foot on its own belt, with --seconds 20"


@dataclass(frozen=True)
class Shear:
    """Horizontal load on one foot, medians over its stances, share of the vertical load.

    Attributes
    ----------
    brake, push : forward at 10-30 % and 70-90 % of stance.
    aside : toward the other foot at 20-40 %.
    aside_change : of the load toward the other foot from the first to the second of those spans.
    """

    stances: int
    brake: float = np.nan
    push: float = np.nan
    aside: float = np.nan
    aside_change: float = np.nan

    @property
    def change(self) -> float:
        """Forward, from braking to driving."""
        return self.push - self.brake


def shear_of(plate: PlateSeen, rate_hz: float) -> Shear:
    """From the whole stances of one foot alone, what the plate reads while it is empty taken off."""
    force = plate.wrench[:, :3]
    quiet = unloaded(plate.up_n, rate_hz)
    if quiet.sum() >= 20:
        force = force - force[quiet].mean(axis=0)
    found = stances(force[:, 1], rate_hz)
    if not found:
        return Shear(0)
    aside = -plate.side.sigma * force[:, 2]
    figures = np.array(
        [
            [
                _share(force[:, 0], force[:, 1], each, BRAKE),
                _share(force[:, 0], force[:, 1], each, PUSH),
                _share(aside, force[:, 1], each, ASIDE),
                _share(aside, force[:, 1], each, PUSH) - _share(aside, force[:, 1], each, BRAKE),
            ]
            for each in found
        ]
    )
    brake, push, medial, change = (float(each) for each in np.median(figures, axis=0))
    return Shear(len(found), brake, push, medial, change)


def stances(up_n: np.ndarray, rate_hz: float) -> list[slice]:
    """Rows of each whole step of one foot alone; a step onto a border of two belts lasts longer.

    Parameters
    ----------
    up_n : shape (n,), vertical load of one plate, N.
    """
    n = max(1, round(SMOOTH_S * rate_hz))
    if len(up_n) < 3 * n:
        return []
    on = np.convolve(up_n, np.full(n, 1.0 / n), mode="same") > ON_N
    edges = np.flatnonzero(np.diff(on.astype(np.int8))) + 1
    if on[0]:
        edges = edges[1:]  # begun before
    lasts_s = (edges[1::2] - edges[: 2 * (len(edges) // 2) : 2]) / rate_hz
    starts = edges[: 2 * (len(edges) // 2) : 2]
    steps = (lasts_s >= STANCE_S[0]) & (lasts_s <= STANCE_S[1])
    if not steps.any():
        return []
    usual_s = float(np.median(np.sort(lasts_s[steps])[: (int(steps.sum()) + 1) // 2]))
    steps &= lasts_s <= LONGER * usual_s
    return [
        slice(int(start), int(start + round(last_s * rate_hz)))
        for start, last_s in zip(starts[steps], lasts_s[steps], strict=True)
    ]


def _share(part: np.ndarray, up_n: np.ndarray, stance: slice, span: tuple[float, float]) -> float:
    first, last = (stance.start + round(at * (stance.stop - stance.start)) for at in span)
    return float(part[first:last].sum() / up_n[first:last].sum())


def judge_shear(plate: PlateSeen, rate_hz: float, seen: SeenStream, lab: Lab) -> list[Finding]:
    """Fore-aft and sideways force of one plate: their signs, and whether they are exchanged."""
    name, aside_name = f"{plate.name} fore-aft", f"{plate.name} sideways"
    shear = shear_of(plate, rate_hz)
    if shear.stances < FEWEST:
        found = f"{shear.stances} whole steps of one foot alone, {FEWEST} are needed"
        return [not_checked(f"{plate.name} horizontal forces", found, _WALK)]
    along, across = (_channel(plate, seen, lab, axis) for axis in (0, 2))
    found = (
        f"{shear.brake:+.0%} of the load at 10-30 % of stance, {shear.push:+.0%} at 70-90 % (channel "
        f"{along}, {shear.stances} steps; neither its gain nor the free moment is seen from steps)"
    )
    beside = (
        f"{abs(shear.aside):.0%} of the load {'toward' if shear.aside >= 0.0 else 'away from'} the other "
        f"foot at 20-40 % of stance (channel {across})"
    )
    if abs(shear.aside_change) > max(CHANGE, abs(shear.change)):
        return [
            failed(
                name,
                f"{found}, while the sideways force (channel {across}) changes by "
                f"{abs(shear.aside_change):.0%}, as the fore-aft force of a walker does",
                f"the channels {along} and {across} are exchanged: "
                + _order_cure(plate, lab, along, across),
            )
        ]
    findings = []
    if shear.change < -CHANGE:
        findings.append(
            failed(
                name,
                f"{found}: it drives where a walker brakes",
                _sign_cure(plate, along),
            )
        )
    elif shear.change <= CHANGE:
        findings.append(not_checked(name, f"{found}: too little to tell its sign", _WALK))
    elif shear.brake > UNSURE or shear.push < -UNSURE:
        findings.append(
            warning(
                name,
                f"{found}: it should brake first, then drive",
                "walk at an even speed on level belts, hands off the rails; if so, press zero on the "
                "amplifier and check the force with a pole (--plates --pole TOP,TIP)",
            )
        )
    else:
        findings.append(ok(name, found))
    if shear.aside < -UNSURE:
        findings.append(failed(aside_name, beside, _sign_cure(plate, across)))
    elif shear.aside < UNSURE:
        findings.append(not_checked(aside_name, f"{beside}: too little to tell its sign", _WALK))
    else:
        findings.append(ok(aside_name, beside))
    return findings


def _channel(plate: PlateSeen, seen: SeenStream, lab: Lab, axis: int) -> str:
    """Label of the channel that makes most of a lab axis' force."""
    count = len(seen.info.channels)
    force = PlateMap(seen.info, lab).apply_one(plate.number, np.eye(count))[:, axis]
    return seen.info.channels[int(np.abs(force).argmax())].label


def _sign_cure(plate: PlateSeen, channel: str) -> str:
    return (
        f"channel {channel} has the wrong sign: let the publisher or the amplifier reverse it (acts_on and "
        f"side in the lab file reverse more than this channel), or correct the corners of the {plate.name}"
    )


def _order_cure(plate: PlateSeen, lab: Lab, along: str, across: str) -> str:
    config = lab.plates[plate.number - 1]
    if config.index is not None:
        return (
            "let the publisher label them the other way round or correct the order of the plate's corners, "
            "or name the channels in the right order by wrench instead of index in the lab file"
        )
    key = "wrench" if config.wrench else "force"
    return f"exchange {along} and {across} in {key} of this plate in the lab file, or correct its corners"
