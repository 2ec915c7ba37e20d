"""What a session came to, as numbers: every figure of its report, and of ``ekam report --json``.

A pure function of what `stream.session_folder` read. Every change is against the leg's own baseline of
the same session; its confidence interval is that of `compute.serial`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan

import numpy as np

from compute import Side
from compute.feedback import Target
from compute.serial import Change, SerialMean, change, serial_mean
from compute.success import Judgement, judge, wanted_change
from stream.as_said import number, table
from stream.latency import PERCENTILES, percentiles
from stream.outcomes import Outcome
from stream.phases import Phase, baseline_rows, later_kinds, phases, pooled
from stream.protocol_verdicts import Demands, Halt, Verdict, demands, halts, trained, verdicts
from stream.protocol_verdicts import judgement as by_protocol
from stream.quality import Quality, quality
from stream.session_folder import SessionFolder
from stream.watched import KFM, PEAK1, PEAK2, WATCHED, Watched, main_outcome, watched

CLOSING = 50

SHAM = "this arm is a sham ({}), so what was shown is no measure of success"


@dataclass(frozen=True)
class LegPart:
    """A leg in one part of the session.

    Attributes
    ----------
    judged : valid stances that were held against a band, told or not. in_band : those inside it.
    told : valid stances whose value the walker was told.
    verdict : of the protocol on this leg in this block; None where it gave none.
    means : column -> mean of the valid stances. changes : column -> against the baseline.
    """

    name: str
    kind: str
    valid: int = 0
    rejected: int = 0
    judged: int = 0
    in_band: int = 0
    told: int = 0
    target_low: float = nan
    target_high: float = nan
    means: Mapping[str, SerialMean] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    verdict: Verdict | None = None

    @property
    def in_band_pct(self) -> float:
        """Valid stances inside the band, per cent of those held against it; NaN of none."""
        return 100.0 * self.in_band / self.judged if self.judged else nan


@dataclass(frozen=True)
class Leg:
    """One leg of a session.

    Attributes
    ----------
    reasons : reason -> rejected stances that have it; a stance may have several.
    baseline : the steps that every change is against. training : all training together, of kind ``train``; in
        a session without any, all walking as practised, of kind ``retention``. closing : the last `CLOSING`
        valid stances of the training, None where it is not twice as long. parts : each by itself, in order.
    judgement : by the protocol where one ran, otherwise by `compute.success.RULE`.
    trained : whether this leg was. verdicts : of the protocol on its blocks, empty where none ran.
    """

    side: Side
    valid: int
    rejected: int
    reasons: Mapping[str, int]
    baseline: LegPart
    training: LegPart
    closing: LegPart | None
    parts: tuple[LegPart, ...]
    judgement: Judgement
    trained: bool = True
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Summary:
    """A session in numbers.

    Attributes
    ----------
    concealed : arm, target, band, success and all results are left out because the session is blinded.
    replayed : what the streams replayed; empty for a walker. session : its number in the schedule, 0 without
        a protocol. folders : of its recordings. rehearsal : of nobody.
    main : what the session is about. happened : what the protocol noted and the operator changed.
    demands : what counts as a success. halts : of the protocol.
    variable, label, unit : what was fed back; empty when concealed or not known.
    """

    name: str
    subject_id: str
    begun_utc: str
    mode: str
    minutes: float
    height_m: float
    body_mass_kg: float
    concealed: bool
    variable: str
    label: str
    band: tuple[float, float]
    unit: str
    legs: tuple[Leg, ...]
    quality: Quality
    latency_ms: Mapping[str, Mapping[str, float]]
    outcomes: tuple[Outcome, ...]
    lacking: tuple[str, ...]
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    demands: Demands
    halts: tuple[Halt, ...] = ()
    replayed: str = ""
    session: int = 0
    folders: tuple[str, ...] = ()
    rehearsal: bool = False
    main: Watched = WATCHED[0]
    happened: tuple[str, ...] = ()

    def leg(self, side: Side) -> Leg:
        """Summary of one leg."""
        return self.legs[side]


def summarise(folder: SessionFolder, *, unblind: bool = False) -> Summary:
    """Sum up a session.

    Parameters
    ----------
    unblind : also tell what a blinded session hides.
    """
    concealed = folder.concealed and not unblind
    found = phases(folder)
    if concealed:  # a block's own name may tell the arm
        found = tuple(replace(p, name=f"{p.kind} {i}") for i, p in enumerate(found, 1))
    target = None if concealed else folder.target
    said = {side: () if target is None or folder.sham else verdicts(folder, side) for side in Side}
    parts = {side: _parts(folder, found, side, target, said[side]) for side in Side}
    legs = tuple(_leg(folder, found, side, parts, target, said[side]) for side in Side)
    legs = tuple(map(_without_results, legs)) if concealed else legs
    on_s, off_s = folder.stances.column("t_on_s"), folder.stances.column("t_off_s")
    span_s = float(np.nanmax(off_s) - np.nanmin(on_s)) if np.isfinite(on_s).any() else 0.0
    return Summary(
        folder.name,
        folder.subject_id,
        folder.begun_utc.isoformat(timespec="minutes"),
        str(folder.facts.get("mode") or "unknown"),
        span_s / 60.0,
        folder.height_m,
        folder.body_mass_kg,
        concealed,
        target.variable if target else "",
        target.spec.label if target else "",
        _band(target, legs),
        target.unit if target else "",
        legs,
        quality(folder, found),
        latency(folder),
        folder.outcomes,
        folder.lacking,
        {str(k): str(v) for k, v in table(folder.facts, "versions").items()},
        _hashes(folder, concealed),
        demands(folder),
        halts(folder),
        folder.replayed,
        folder.place.session,
        tuple(each.path.resolve().name for each in folder.recordings),
        folder.place.rehearsal,
        main_outcome(folder),
        () if concealed else _happened(folder),
    )


def _happened(folder: SessionFolder) -> tuple[str, ...]:
    """What the protocol noted, and what the operator changed, sentences."""
    told = table(folder.facts, "protocol")
    notes, targets = told.get("notes"), told.get("targets")
    moved = [
        f"{each.get('at_s', 0.0) / 60.0:.0f} min, {each.get('side')} leg: the band was {each['why']}"
        for each in (targets if isinstance(targets, list) else ())
        if isinstance(each, dict)
        and isfinite(number(each.get("at_s")))
        and str(each.get("why")).startswith(("moved by", "accepted by"))
    ]
    return (*(str(each) for each in (notes if isinstance(notes, list) else ())), *moved)


def _without_results(leg: Leg) -> Leg:
    """A leg of which is told how much was measured, and its baseline: how it walked later tells the arm."""

    def hidden(part: LegPart) -> LegPart:
        if part.kind in ("baseline", "familiarise"):
            return part
        return replace(part, means=dict.fromkeys(part.means, SerialMean()), changes={})

    parts = tuple(map(hidden, leg.parts))
    return replace(leg, training=hidden(leg.training), closing=None, parts=parts)


def _band(target: Target | None, legs: Sequence[Leg]) -> tuple[float, float]:
    """The band of the training; NaN where the legs had different ones."""
    trained = {
        (leg.training.target_low, leg.training.target_high) for leg in legs if leg.training.judged
    }
    if target is None or len(trained) > 1:
        return nan, nan
    return trained.pop() if trained else (target.low, target.high)


def latency(folder: SessionFolder) -> dict[str, dict[str, float]]:
    """Stage -> percentiles, ms: by ``session.json``, or of a session that was cut off by its stances."""
    facts = folder.facts
    stages = {
        "value to the walker's window": facts.get("latency_ms"),
        "pixels to the window system": facts.get("flush_latency_ms"),
        "early value to the walker's window": facts.get("early_latency_ms"),
        **{str(k): v for k, v in table(facts, "latency_stages_ms").items()},
    }
    found = {
        name: {key: number(points[key]) for key in PERCENTILES}
        for name, points in stages.items()
        if isinstance(points, Mapping)
        and all(isfinite(number(points.get(key))) for key in PERCENTILES)
    }
    if found:
        return found
    took = folder.stances.column("latency_ms")
    took = took[np.isfinite(took)]
    if not len(took):
        return {}
    return {"value to the walker's window": percentiles(took)}


def _parts(
    folder: SessionFolder,
    found: Sequence[Phase],
    side: Side,
    target: Target | None,
    said: Sequence[Verdict],
) -> tuple[LegPart, ...]:
    """Baseline and training of a leg as wholes, then every phase."""
    kinds, count = later_kinds(found), folder.stances.count
    baseline = _part(folder, side, "baseline", "baseline", baseline_rows(folder, found), target, {})
    baseline = _with_earlier(folder, side, baseline, target)
    against, kind = baseline.means, kinds[0]
    training = _part(folder, side, kind, kind, pooled(found, kinds, count), target, against)
    training = _as_judged(training, [each for each in said if each.kind in kinds])
    each = [
        _part(
            folder,
            side,
            f"{p.name}, begun again" if p.again else p.name,
            p.kind,
            p.rows,
            target,
            against,
        )
        for p in found
    ]
    for verdict in said:  # a block that was halted is several parts: the verdict stands at the last
        of = [
            i
            for i, p in enumerate(found)
            if p.name == verdict.name and p.begin_s <= verdict.to_s and not p.again
        ]
        if of:
            each[of[-1]] = replace(_as_judged(each[of[-1]], [verdict]), verdict=verdict)
    return (baseline, training, *each)


def _as_judged(part: LegPart, said: Sequence[Verdict]) -> LegPart:
    """The part with the protocol's own count of steps in the band."""
    known = [each for each in said if isfinite(each.in_band_pct)]
    if not known:
        return part
    inside = sum(round(each.in_band_pct * each.valid / 100.0) for each in known)
    return replace(part, judged=sum(each.valid for each in known), in_band=inside)


def _with_earlier(
    folder: SessionFolder, side: Side, baseline: LegPart, target: Target | None
) -> LegPart:
    """The baseline; where none of its stances is in this folder, the value that the session went by."""
    told = table(table(folder.facts, "feedback"), "baseline").get(side.word)
    if baseline.valid or target is None or not isinstance(told, int | float):
        return baseline
    counts = table(table(folder.facts, "feedback"), "baseline_counts").get(side.word)
    kept = SerialMean(counts if isinstance(counts, int) else 0, told / target.spec.shown_per_unit)
    return replace(baseline, means={**baseline.means, target.spec.column: kept})


def _closing(
    folder: SessionFolder,
    found: Sequence[Phase],
    side: Side,
    target: Target | None,
    against: Mapping[str, SerialMean],
) -> LegPart | None:
    stances = folder.stances
    own = pooled(found, ["train"], stances.count) & stances.of(side) & stances.valid
    places = np.flatnonzero(own)
    if len(places) < 2 * CLOSING:
        return None
    rows = np.zeros(stances.count, dtype=bool)
    rows[places[-CLOSING:]] = True
    return _part(
        folder, side, f"last {CLOSING} steps of the training", "train", rows, target, against
    )


def _part(
    folder: SessionFolder,
    side: Side,
    name: str,
    kind: str,
    rows: np.ndarray,
    target: Target | None,
    against: Mapping[str, SerialMean],
) -> LegPart:
    stances = folder.stances
    own = rows & stances.of(side)
    good = own & stances.valid
    means = {
        each.column: serial_mean(stances.column(each.column)[good])
        for each in watched(folder, target)
    }
    changes = {
        column: change(against[column], mean)
        for column, mean in means.items()
        if column in against and isfinite(against[column].mean) and mean.count
    }
    if target is None:
        return LegPart(
            name, kind, int(good.sum()), int((own & ~good).sum()), means=means, changes=changes
        )
    value, low, high = held_against(folder, target)
    told = int((good & np.isfinite(folder.stances.column("feedback_value"))).sum())
    spec = target.spec
    if spec.column in against and (folder.protocol or any(stances.text("block"))):
        value = _with_untold(folder, target, side, value, against[spec.column].mean)
    judged = good & np.isfinite(value) & np.isfinite(low) & np.isfinite(high)
    inside = judged & (low <= value) & (value <= high)
    lows, highs = low[judged], high[judged]
    return LegPart(
        name,
        kind,
        int(good.sum()),
        int((own & ~good).sum()),
        int(judged.sum()),
        int(inside.sum()),
        told,
        float(np.median(lows)) if len(lows) else nan,
        float(np.median(highs)) if len(highs) else nan,
        means,
        changes,
    )


def _with_untold(
    folder: SessionFolder, target: Target, side: Side, value: np.ndarray, baseline: float
) -> np.ndarray:
    """Values in the terms of the target also of stances of which nothing, or a sham, was told.

    Parameters
    ----------
    baseline : of the leg, in the unit of the column; that which the session went by comes first.
    """
    per_unit = target.spec.shown_per_unit
    told = table(table(folder.facts, "feedback"), "baseline").get(side.word)
    zero = float(told) if isinstance(told, int | float) else per_unit * baseline
    own = np.asarray(target.shown(per_unit * folder.stances.column(target.spec.column), zero))  # type: ignore[arg-type]
    return own if folder.sham else np.where(np.isfinite(value), value, own)


def held_against(
    folder: SessionFolder, target: Target
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and band of every stance in the terms of the target, shape (n,) each; NaN where there was none.

    The band is that of the protocol where its columns are filled, otherwise that of the whole session.
    """
    stances = folder.stances
    value = stances.column("feedback_value")
    low, high = stances.column("target_low"), stances.column("target_high")
    if not (np.isfinite(low).any() or any(stances.text("block"))):
        low, high = np.full(stances.count, target.low), np.full(stances.count, target.high)
    return value, low, high


def _leg(
    folder: SessionFolder,
    found: Sequence[Phase],
    side: Side,
    parts: Mapping[Side, tuple[LegPart, ...]],
    target: Target | None,
    said: tuple[Verdict, ...],
) -> Leg:
    stances = folder.stances
    own = stances.of(side)
    rejected = own & ~stances.valid
    reasons: Counter[str] = Counter()
    for texts, bad in zip(stances.text("reasons"), rejected, strict=True):
        if bad:
            reasons.update(reason for reason in texts.split(";") if reason)
    baseline, training, *each = parts[side]
    return Leg(
        side,
        int((own & stances.valid).sum()),
        int(rejected.sum()),
        dict(reasons.most_common()),
        baseline,
        training,
        _closing(folder, found, side, target, baseline.means),
        tuple(each),
        by_protocol(said, _planned(folder))
        if said
        else _judgement(training, parts[side.other][1], side, target, folder.sham),
        trained(folder, side),
        said,
    )


def _planned(folder: SessionFolder) -> tuple[str, ...]:
    """Names of the training blocks that this session was to have."""
    kinds = table(table(folder.facts, "protocol"), "kinds")
    return tuple(str(name) for name, kind in kinds.items() if kind == "train")


def _judgement(
    training: LegPart, other: LegPart, side: Side, target: Target | None, sham: str
) -> Judgement:
    companions = {}
    for name, part, column in (
        (f"the {side.word} knee's first EKAM peak", training, PEAK1),
        (f"the {side.word} knee flexion moment", training, KFM),
        (f"the {side.word} knee's second EKAM peak", training, PEAK2),
        (f"the {side.other.word} knee's first EKAM peak", other, PEAK1),
    ):
        aimed_at = target is not None and part is training and column == target.spec.column
        if column in part.changes and not aimed_at:
            companions[name] = part.changes[column]
    if target is None:
        return judge(None, nan, nan, "", nan, companions)
    if sham:
        return replace(judge(None, nan, nan, "", nan, companions), missing=(SHAM.format(sham),))
    aimed = training.changes.get(target.spec.column)
    moved, neutral, unit = nan, nan, target.unit
    if aimed is not None and target.mode == "relative":
        moved, neutral = aimed.pct, 100.0
    elif aimed is not None:
        moved = target.spec.shown_per_unit * aimed.difference
        neutral = 0.0 if target.mode == "difference" else nan
    low, high = (
        (training.target_low, training.target_high)
        if isfinite(training.target_low)
        else (target.low, target.high)
    )
    wanted = wanted_change(low, high, neutral) if isfinite(neutral) else nan
    return judge(aimed, moved, wanted, unit, training.in_band_pct, companions)


def _hashes(folder: SessionFolder, concealed: bool) -> dict[str, str]:
    facts, origin = folder.facts, table(folder.facts, "origin")
    found = {
        "lab.toml": table(facts, "lab").get("sha256"),
        "subject.toml": table(facts, "subject").get("sha256"),
        str(origin.get("file") or "recording"): origin.get("sha256"),
    }
    if not concealed:
        found["protocol.toml"] = table(facts, "protocol").get("sha256")
    return {name: str(value) for name, value in found.items() if value}
