"""What a report says in words: for a clinician who has two minutes, including what cannot be said."""

from collections.abc import Mapping
from math import isfinite

from compute import Side
from compute.norms import MDC95_PCT_BWHT
from compute.serial import LEAST, LEAST_EFFECTIVE, Change
from stream.course import BetweenDays
from stream.protocol_verdicts import of_training
from stream.summary import Leg, LegPart, Summary
from stream.watched import KFM, PEAK1, PEAK2

REASONS: Mapping[str, str] = {
    "cross_belt": "stepped on the other belt",
    "marker_gap": "markers were missing",
    "marker_swap": "markers were exchanged",
    "cluster_residual": "markers did not fit the leg",
    "plate_saturated": "force plate at its limit",
    "plate_drift": "force plate not at zero",
    "late_data": "data came too late or were incomplete",
    "clock_jump": "a clock jumped",
    "cop_outside_foot": "the load did not act under this foot",
    "no_peak": "no first peak",
    "implausible": "beyond what walking shows",
    "outlier": "far from the other steps",
    "handrail": "body weight was held by something else (handrail)",
    "short_stance": "step cut short",
    "speed_change": "belt or foot changed speed",
    "lever_mismatch": "two methods disagreed",
}

QUALITY = {
    "good": "good",
    "care": "usable with care",
    "bad": "not usable for a conclusion",
}
NO_INTERVAL = (
    f"no interval: fewer than {LEAST} steps, too few independent ones (an effective "
    f"number below {LEAST_EFFECTIVE:g}), steps that are not in the folder, or a baseline near zero"
)
PRICES = {KFM: "knee flexion moment", PEAK2: "second EKAM peak"}
"""What a lower first peak may be bought with."""
MODES = {"live": "live session", "process": "computed from a recording", "demo": "demonstration"}
MARKS = {"good": "✓", "care": "!", "bad": "✗", "unknown": "?"}


def signed(value: float, digits: int = 0) -> str:
    """A number with its sign; no minus zero, a dash where there is none."""
    if not isfinite(value):
        return "–"
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if rounded else ''}.{digits}f}".replace("-", "\N{MINUS SIGN}")


def change_sentence(name: str, each: Change, unit: str, digits: int = 3) -> str:
    """One change in words, with its interval, its two means and how many steps they rest on."""
    before, after = each.before, each.after
    means = (
        f"{before.mean:.{digits}f} → {after.mean:.{digits}f} {unit}, {after.count} steps against "
        f"{before.count}"
    )
    if not isfinite(each.pct):
        return f"{name} went {means}; a change in per cent cannot be told."
    low, high = each.pct_interval
    size = f"{abs(each.pct):.0f} % {'lower' if each.pct < 0.0 else 'higher'} than in the baseline"
    if not isfinite(low):
        return (
            f"{name} was {size} ({means}); how certain that is cannot be told: {no_interval(each)}."
        )
    if low <= 0.0 <= high:
        return f"{name} shows no certain change: {signed(each.pct)} % ({certainty(each)}; {means})."
    return f"{name} was {size} ({certainty(each)}; {means})."


def certainty(each: Change) -> str:
    """The confidence interval of a change, or why it has none."""
    low, high = each.pct_interval
    if not isfinite(low):
        return f"no interval, {no_interval(each)}"
    return f"95 % confidence interval {signed(low)} to {signed(high)} %"


def no_interval(each: Change) -> str:
    """Why a change has no confidence interval."""
    parts = ((each.before, "baseline"), (each.after, "later"))
    for mean, name in parts:
        if mean.count != 1 and not isfinite(mean.sd):
            return f"the {name} steps are not in this folder"
        if mean.count < LEAST:
            return f"too few steps, {mean.count} {name} ones where {LEAST} are needed"
    fewest, name = min(parts, key=lambda part: part[0].effective)
    if not fewest.bounded:
        effective = f"effective number {fewest.effective:.1f} of {fewest.count} {name} steps"
        return f"too few independent steps, {effective}"
    return "the baseline is too near zero"


def leg_sentences(leg: Leg, summary: Summary) -> list[str]:
    """What is said of one leg, most important first."""
    name = leg.side.word
    if not leg.valid and not leg.rejected:
        return [f"No step of the {name} leg was scored."]
    if not leg.valid:
        worst = next(iter(leg.reasons), "")
        return [
            f"None of the {leg.rejected} steps of the {name} leg could be used; most often: "
            f"{REASONS.get(worst, worst) or 'no reason is recorded'}."
        ]
    if summary.concealed:
        return [f"How the {name} leg walked after its baseline is left out: it would tell the arm."]
    return [
        *_main(leg, summary),
        *_band(leg, summary),
        *_price(leg, summary),
        *_judgement(leg, summary),
    ]


def _main(leg: Leg, summary: Summary) -> list[str]:
    name, column = leg.side.word, summary.main.column
    what = f"The {name} knee's {_named(summary)}"
    if column not in leg.training.changes:
        kept = leg.baseline.means.get(column)
        if kept is not None and kept.count and not leg.training.valid:
            return [
                f"{what} was {kept.mean:.3f} N·m/kg on average ({kept.count} "
                f"steps, all "
                "without feedback or before it began): there is nothing to compare it with."
            ]
        return [f"The {name} leg has no baseline: whether its EKAM changed cannot be said."]
    main = leg.training.changes[column]
    said = [change_sentence(what, main, "N·m/kg")]
    if leg.closing is not None and column in leg.closing.changes:
        end = leg.closing.changes[column]
        if isfinite(end.pct) and abs(end.pct - main.pct) >= 2.0:
            said.append(f"In the {leg.closing.name} it was {signed(end.pct)} % ({certainty(end)}).")
    return said


def _named(summary: Summary) -> str:
    """What a session is about, in a sentence."""
    return "first EKAM peak" if summary.main.column == PEAK1 else summary.main.label


def _band(leg: Leg, summary: Summary) -> list[str]:
    part = leg.training
    if not part.judged:
        if not leg.trained:
            return [f"The {leg.side.word} leg was not trained: it had no target."]
        return [f"No step of the {leg.side.word} leg was held against a target."]
    if not leg.trained:
        return []
    return [
        f"{part.in_band_pct:.0f} % of its steps {period(leg)} lay in the target band ({part.in_band} of "
        f"{part.judged} valid steps with a target, {min(part.told, part.judged)} of them told to the walker; "
        f"{summary.demands.in_band_pct:g} % are aimed at)."
    ]


def _price(leg: Leg, summary: Summary) -> list[str]:
    """A lower EKAM that is bought is never told without its price."""
    said = []
    for column, name in PRICES.items():
        each = leg.training.changes.get(column)
        limit = summary.demands.limit_pct(column)
        if each is None or not isfinite(each.pct):
            said.append(f"What became of its {name} is not known.")
        elif summary.demands.beyond(column, each):
            said.append(
                f"Its {name} rose by {each.pct:.0f} %, more than the {limit:g} % that are "
                f"tolerated: "
                "a lower first peak that is bought by this is no relief of the knee."
            )
        elif each.pct_interval[0] > 0.0:
            said.append(
                f"Its {name} rose by {each.pct:.0f} %, certain but within the {limit:g} % that are "
                "tolerated: keep an eye on it."
            )
        elif not isfinite(each.pct_interval[1]):
            said.append(
                f"Its {name} changed by {signed(each.pct)} %; a rise of more than {limit:g} % cannot be "
                f"ruled out ({certainty(each)})."
            )
        elif each.pct_interval[1] > limit:
            said.append(f"That its {name} rose by more than {limit:g} % cannot be ruled out.")
    return said


def _judgement(leg: Leg, summary: Summary) -> list[str]:
    if not leg.trained or not leg.training.judged:
        return []
    if leg.verdicts:
        return _of_protocol(leg)
    found = leg.judgement
    missing = "; ".join(found.missing)
    if found.state == "reached":
        risen = [name for name in found.rising if name not in found.risen]
        but = f", though {' and '.join(risen)} rose a little" if risen else ""
        return [f"The session's goal was reached for this leg{but}."]
    if found.state == "paid for":
        return [
            f"The target was met, but {' and '.join(found.risen)} paid for it: this counts as no "
            f"success."
        ]
    if found.state == "missed":
        also = f"; {' and '.join(found.risen)} rose beyond the limit" if found.risen else ""
        return [f"The session's goal was not reached for this leg: {missing}{also}."]
    return [f"Whether the goal was reached cannot be judged: {missing}."]


def _of_protocol(leg: Leg) -> list[str]:
    """What the protocol said of a trained leg's training blocks."""
    training = of_training(leg.verdicts)
    missing = "; ".join(leg.judgement.missing)
    if leg.judgement.state == "unknown":
        return [f"Whether the goal was reached cannot be judged: {missing}."]
    reached, count = sum(each.success is True for each in training), len(training)
    block = "training block" if leg.training.kind == "train" else "block without feedback"
    if leg.judgement.state == "reached":
        where = f"the {block}" if count == 1 else f"all {count} {block}s"
        return [f"The protocol's goal was reached for this leg in {where}."]
    where = "" if count == 1 else f" in {reached} of {count} {block}s"
    if leg.judgement.state == "paid for" and not reached:
        return [f"The target was met, but this counts as no success of the protocol: {missing}."]
    verb = "was reached" if reached else "was not reached"
    return [f"The protocol's goal {verb} for this leg{where if reached else ''}: {missing}."]


def halted(summary: Summary) -> str:
    """All halts of the protocol in one line; empty without one."""
    if not summary.halts:
        return ""
    said = "; ".join(
        f"{each.why} (after {each.at_s / 60.0:.1f} min)" if isfinite(each.at_s) else each.why
        for each in summary.halts
    )
    count = len(summary.halts)
    return f"The session was halted {'once' if count == 1 else f'{count} times'}: {said}."


def period(leg: Leg) -> str:
    """What a leg's steps against its baseline are called."""
    if leg.training.kind != "train":
        return "when walking as practised, without feedback"
    return "in training" if leg.trained else "while the other leg was trained"


def verdict(part: LegPart) -> str:
    """The protocol's verdict on a leg in a block, for a table."""
    found = part.verdict
    if found is None or (found.success is None and not found.why):
        return "–"
    if found.success is None:
        return f"? cannot be judged: {'; '.join(found.why)}"
    return "✓ success" if found.success else f"✗ {'; '.join(found.why) or 'no success'}"


def headline(summary: Summary) -> str:
    """The one sentence at the top."""
    valid = sum(leg.valid for leg in summary.legs)
    if not valid:
        return (
            "Nothing can be said of this session's walking: no step was measured without a fault."
        )
    if summary.concealed:
        return f"{valid} steps were measured. The session is blinded: its results are left out."
    parts = []
    for leg in summary.legs:
        each = leg.training.changes.get(summary.main.column)
        if each is None or not isfinite(each.pct):
            continue
        low, high = each.pct_interval
        way, price = f"{signed(each.pct)} %", ""
        if not isfinite(low):
            way += " of unknown certainty"
        elif low <= 0.0 <= high:
            way = "no certain change"
        if each.pct < 0.0 and way != "no certain change" and _rises(leg, summary):
            price = f" at the price of {_rises(leg, summary)}"
        parts.append(f"{leg.side.word} {way}{price}{_goal(leg, summary)}")
    if not parts:
        return f"{valid} steps were measured; a change from baseline cannot be told."
    named = "first peak of the knee adduction moment"
    if summary.main.column != PEAK1:
        named = summary.main.label
    return f"{named[0].upper()}{named[1:]} against baseline: {', '.join(parts)}."


def goal(leg: Leg, summary: Summary) -> str:
    """What came of a leg's goal, for a table."""
    return _goal(leg, summary).strip(" ()") or "–"


def _goal(leg: Leg, summary: Summary) -> str:
    if summary.concealed:
        return ""
    if not leg.trained:
        return " (not trained)"
    if not leg.training.judged:
        return ""
    training = of_training(leg.verdicts)
    reached = sum(each.success is True for each in training)
    if 0 < reached < len(training) and leg.judgement.state != "unknown":
        return f" (goal reached in {reached} of {len(training)} blocks)"
    return {
        "reached": " (goal reached)",
        "missed": " (goal not reached)",
        "paid for": " (no success)",
        "unknown": " (cannot be judged)",
    }[leg.judgement.state]


def _rises(leg: Leg, summary: Summary) -> str:
    names = []
    for column, name in PRICES.items():
        each = leg.training.changes.get(column)
        if each is not None and summary.demands.beyond(column, each):
            names.append(f"the {name} ({signed(each.pct)} %)")
    return " and ".join(names)


def cannot_be_said(summary: Summary) -> list[str]:
    """What a reader might ask and this session does not tell."""
    said = []
    for side in Side:
        leg = summary.leg(side)
        each = leg.training.changes.get(summary.main.column)
        if leg.training.valid and each is not None and not isfinite(each.pct_interval[0]):
            said.append(f"How certain the {side.word} leg's change is: {no_interval(each)}.")
    said.append(
        "Whether the contact force inside the knee fell: EKAM stands for it, and explains about half to "
        "three "
        "quarters of its variation."
    )
    said.append(
        f"A change against another day: markers are placed anew, which alone moves the peak by up to "
        f"{MDC95_PCT_BWHT:g} %BW·Ht. The intervals here compare steps of one session."
    )
    if summary.concealed:
        said.append("What this session's arm, target and success were: the session is blinded.")
    return said


def between_days(found: BetweenDays) -> str:
    """What became of a leg's baseline walking from the first to the last session."""
    name = found.side.word
    if not isfinite(found.difference):
        return f"Left out for the {name} leg: fewer than two sessions have a baseline."
    moved = f"{signed(found.difference, 3)} N·m/kg, from {found.first:.3f} to {found.last:.3f},"
    if not isfinite(found.detectable):
        return f"{name} baseline: {moved}; whether that is more than error of measurement is not known."
    verdict = (
        "more than error of measurement alone explains"
        if abs(found.difference) > found.detectable
        else "no more than error of measurement may do by itself"
    )
    return (
        f"The {name} knee's walking without feedback changed by {moved} between the first and the last "
        f"session: "
        f"{verdict} (minimal detectable change {found.detectable:.3f} N·m/kg)."
    )


def latest(summary: Summary, leg: Leg, part: LegPart | None) -> str:
    """What became of a leg in the newest session, in the last walking without feedback or in training."""
    each = None if part is None else part.changes.get(summary.main.column)
    if part is None or each is None or not isfinite(each.pct):
        return ""
    how = "in training" if part.kind == "train" else "when walking as practised, without feedback"
    day = f"In the newest session ({summary.begun_utc[:10]})"
    return (
        f"{day} the {leg.side.word} knee's {_named(summary)} was {signed(each.pct)} % of that day's baseline "
        f"{how} ({certainty(each)})."
    )
