"""What the operator reads, as words. No Qt."""

from collections.abc import Sequence
from math import nan

import numpy as np

from compute.conventions import Side
from compute.feedback import Target
from compute.protocol import GuardNow, LegNow, Moment
from compute.protocol.bands import text as band_text
from compute.protocol.plan import Question
from compute.protocol.questions import takes
from compute.protocol.records import Answer
from compute.stance import Stance
from display import theme
from stream.latency import BUDGETS_MS
from stream.source import LampState, StreamHealth
from stream.status import Entry, SessionStatus

Cell = tuple[str, str]
"""Words and their colour."""

LAMPS = {
    LampState.ABSENT: ("○", theme.QUIET),
    LampState.CONNECTING: ("◌", theme.WARNING),
    LampState.OK: ("●", theme.INSIDE),
    LampState.DEGRADED: ("▲", theme.WARNING),
    LampState.LOST: ("✖", theme.FAULT),
}
"""Shape and colour of a stream's state; the word stands beside."""

STREAM_COLUMNS = (
    "state", "stream", "host", "rate (Hz)", "jitter (ms)", "clock", "age (s)", "missing", "restarts",
)  # fmt: skip
SPARE_COLUMNS = tuple(map(STREAM_COLUMNS.index, ("jitter (ms)", "clock")))
"""What can be done without where there is little room; ``ekam check`` and the session's files have it."""
STANCE_COLUMNS = ("no", "leg", "peak 1", "peak 2", "KFM", "feedback", "verdict and reasons")

KEYS = (
    "F5  start        F6  stop (asks)        Ctrl+F6  stop without asking        Esc  keep running\n"
    "B  blank the walker's picture, again to bring it back        "
    "1 to 6  picture: bar, lane, colour, polar, blank, message\n"
    "+  −  move the band        S  next sound        Space  mark this moment        N  write a note\n"
    "with a protocol:  F7  next block        F8  repeat        F9  accept        P  pause\n"
    "A  answer what is asked        C  correct the last answer, again for the one before\n"
    "F2  show the walker's window        F3  next screen for it        K  fit its picture to the screen\n"
    "Alt and the underlined letter: tabs        Tab, Enter: buttons        F1  hide this list"
)

BUDGET_MS = sum(BUDGETS_MS.values())
"""Deciding sample to pixels: what the operator is warned of. The next heel strike of that foot is some
300 ms away."""


def start_blocked(status: SessionStatus, requested: bool) -> str:
    """Why Start cannot be pressed; empty when it can."""
    if status.state in ("preparing", "waiting") and status.blocked:
        return status.blocked
    if status.state == "waiting":
        return "starting…" if requested else ""
    return "already running" if status.state == "running" else status.state


def clock(elapsed_s: float) -> str:
    """Elapsed time as h:mm:ss."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


def headline(status: SessionStatus) -> str:
    """State, person and time."""
    subject = short(status.subject_id, 20) or "–"
    return f"{status.state.upper()}     {clock(status.elapsed_s)}\nsubject {subject}"


def counts(status: SessionStatus) -> str:
    """Stances of each leg."""
    return "\n".join(
        f"{side.word}:  {status.valid[side]} valid,  {status.rejected[side]} rejected"
        for side in Side
    )


def aim(status: SessionStatus) -> str:
    """What the walker is aimed at, and from which baseline."""
    target = status.target
    spec, unit, digits = target.spec, target.unit, target.digits
    if status.protocol is not None:
        # each leg's own band stands with the protocol
        return f"feedback  {spec.label}{baselines(status.protocol.legs)}"
    space = "" if unit == "°" else " "
    of = {"relative": " of baseline", "difference": " from baseline", "absolute": ""}[target.mode]
    signed = "+" if target.mode == "difference" else ""
    band = f"{target.low:{signed}.{digits}f} to {target.high:{signed}.{digits}f}{space}{unit}{of}"
    known = [
        f"{side.word} {with_unit(value, spec.digits + 1, spec.unit)}"
        for side, value in zip(Side, status.baseline, strict=True)
        if value == value
    ]
    baseline = f"     baseline  {',  '.join(known)}" if known else ""
    return f"feedback  {spec.label}: {band}{baseline}"


def band_in_unit(status: SessionStatus) -> str:
    """The band of each leg in the variable's own unit, as far as its baseline is known."""
    if status.protocol is not None:
        return ""
    target, spec = status.target, status.target.spec
    lines = []
    for side, baseline in zip(Side, status.baseline, strict=True):
        if baseline != baseline:
            continue
        low, high = target.low, target.high
        if target.mode == "relative":
            low, high = 0.01 * low * baseline, 0.01 * high * baseline
        elif target.mode == "difference":
            low, high = low + baseline, high + baseline
        digits = spec.digits + 1
        lines.append(f"{side.word}  {low:.{digits}f} to {high:.{digits}f} {spec.unit}")
    return "\n".join(lines)


def band_step(target: Target) -> float:
    """How far one press moves the band, in the target's terms."""
    return 1.0 if target.mode == "relative" else float(10.0**-target.digits)


def stream_row(stream: StreamHealth) -> list[Cell]:
    """A stream's line."""
    shape, colour = LAMPS[stream.state]
    nominal = number(stream.nominal_rate_hz, ".0f") if stream.nominal_rate_hz else "irregular"
    rebinds = max(stream.bound - 1, 0)
    offset_s = stream.clock_offset_s
    # computers that count from their own start are days apart, and still in step
    offset = f"{1e3 * offset_s:+.2f} ms" if abs(offset_s) < 1.0 else f"{offset_s:+.1f} s"
    return [
        (f"{shape}  {stream.state.value}", colour),
        (f"{stream.role.value}: {short(stream.name, 12) or '–'}", theme.TEXT),
        (short(stream.hostname, 10) or "–", theme.TEXT),
        (f"{number(stream.rate_hz, '.1f')} / {nominal}", theme.TEXT),
        (number(1e3 * stream.jitter_s, ".2f"), theme.TEXT),
        (offset, theme.TEXT),
        (number(stream.age_s, ".2f"), theme.TEXT),
        (f"{stream.missing}", theme.TEXT if not stream.missing else theme.WARNING),
        (f"{rebinds}", theme.TEXT if not rebinds else theme.WARNING),
    ]


def stance_row(stance: Stance, target: Target) -> list[Cell]:
    """A stance's line."""
    colour = theme.TEXT if stance.valid else theme.WARNING
    spec = target.spec
    reasons = ", ".join(reason.replace("_", " ") for reason in stance.reasons)
    return [
        (f"{stance.number}", colour),
        (stance.side.word, colour),
        (number(stance.ekam_peak1_nm_per_kg, ".3f"), colour),
        (number(stance.ekam_peak2_nm_per_kg, ".3f"), colour),
        (number(stance.kfm_peak_nm / stance.body_mass_kg, ".3f"), colour),
        (with_unit(spec.value(stance), spec.digits + 1, spec.unit), colour),
        ("● valid" if stance.valid else f"✖ rejected: {reasons}", colour),
    ]


def log_line(entry: Entry) -> str:
    """An entry of the log."""
    return f"{clock(entry.t_s)}  {entry.kind:<7}  {entry.text}"


def timeline(moment: Moment) -> str:
    """Every block of the session in its order."""
    said = []
    for each in moment.timeline:
        if each.when == "done":
            mark, how = {True: ("✓", " succeeded"), False: ("✖", " not reached"), None: ("•", "")}[
                each.success
            ]
            said.append(f"{mark} {each.name}{how}")
        elif each.when == "now":
            said.append(f"▶ {each.name.upper()}")
        else:
            said.append(f"○ {each.name}{_planned(each.length_s, each.valid)}")
    session = f"session {moment.session} of {moment.sessions}" if moment.sessions > 1 else ""
    return "    ".join(_whole(each) for each in (session, *said) if each)


def _whole(words: str) -> str:
    """Words that no line break parts."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def _planned(length_s: float, valid: int | None) -> str:
    parts = [f"{length_s / 60.0:g} min"] if length_s == length_s else []
    parts += [f"{valid} steps a leg"] if valid else []
    return f" ({', '.join(parts)})" if parts else ""


def progress(moment: Moment) -> str:
    """How far the running block is, what the walker is told, and what comes next."""
    if moment.ended:
        return "the protocol is over: ask what is due, then stop (F6)"
    said = [f"block {moment.number} of {moment.of}"]
    if moment.halted or moment.held:
        said.append("PAUSED" if moment.halted else "WAITS FOR YOU")
    elif moment.left_s == moment.left_s:
        said.append(f"{clock(moment.left_s)} left")
    elif moment.elapsed_s == moment.elapsed_s:
        said.append(f"since {clock(moment.elapsed_s)}")
    needed = f" of {moment.needed}" if moment.needed else ""
    said.append(
        ",  ".join(f"{side.word} {moment.counted[side]}{needed}" for side in Side) + " valid"
    )
    told = [side.word for side in Side if moment.told[side]]
    said.append(f"feedback: {' and '.join(told)}" if told else "no feedback now")
    coming = next((each.name for each in moment.timeline if each.when == "to come"), "")
    said.append(f"next: {coming}" if coming else "the last block")
    return "     ".join(said)


def leg_line(leg: LegNow) -> str:
    """A trained leg: what it is aimed at, how its last steps went, and the lamps of its guards."""
    said = [leg.side.word]
    target = leg.target
    said.append(f"target {band_text(target)}" if target is not None else "no target now")
    if leg.last and target is not None:
        digits = 0 if target.mode == "relative" else max(target.digits, 1)
        said.append(f"last {leg.last}: {leg.shown:.{digits}f} {target.unit}, {leg.inside} inside")
    return "     ".join(map(_whole, [*said, *map(_guard, leg.guards)]))


GUARDS = {"unknown": "○", "within": "●", "beyond": "✖"}


def _guard(guard: GuardNow) -> str:
    """A guard's lamp: shape, name, change from the baseline, and the limit that it is beyond."""
    if guard.state == "unknown":
        return f"{GUARDS[guard.state]} {guard.words}"
    digits = 0 if guard.unit == "%" else 1
    limit = f" (limit {guard.limit:g})" if guard.state == "beyond" else ""
    return f"{GUARDS[guard.state]} {guard.words} {guard.change:+.{digits}f} {guard.unit}{limit}"


def baselines(legs: Sequence[LegNow]) -> str:
    """Mean and standard deviation of each trained leg's baseline."""
    said = [
        f"{leg.side.word} {leg.baseline.mean:.3g} ± {leg.baseline.sd:.2g} {leg.unit} "
        f"({leg.baseline.count} steps)"
        for leg in legs
        if leg.baseline is not None
    ]
    return f"     baseline  {',  '.join(said)}" if said else ""


def answer(given: Answer) -> str:
    """An answer: when, to what, and what it replaces."""
    when = clock(given.at_s) if given.at_s >= 0.0 else "before"
    was = "" if given.replaces is None else f" (was {given.replaces:g})"
    return f"{when}  {short(given.name, 16)} {given.value:g}{was}"


def typed(number: str) -> float:
    """A number as it was typed, with point or comma; NaN for none."""
    try:
        return float(number.replace(",", "."))
    except ValueError:
        return nan


def refused(value: float, name: str, questions: Sequence[Question]) -> str:
    """Why a value is no answer to a question; empty where it is."""
    own = [each for each in questions if each.name == name]
    if value != value:
        return "a number"
    if any(takes(each, name, value) for each in own):
        return ""
    return f"{name} is " + " or ".join(f"{each.low:g} to {each.high:g}" for each in own)


def latency(delays_ms: Sequence[float], late: str = "") -> tuple[str, str]:
    """The newest delays in words, and their colour; shape and word say what the colour says.

    Parameters
    ----------
    late : what the session says takes too long, by stage and over the last steps only; the verdict is its.
    """
    if not delays_ms:
        return "latency  –  (no picture of a value yet)", theme.QUIET
    p50, p95 = np.percentile(delays_ms, (50, 95))
    if late:
        word, colour = f"▲ late: {late}", theme.WARNING
    elif p50 > BUDGET_MS:  # the last steps were in time, or a replay has a speed of its own
        word, colour = "◌ over the budget on the whole", theme.TEXT
    else:
        word, colour = "● in time", theme.INSIDE
    return (
        f"latency  {word}   p50 {p50:.0f}   p95 {p95:.0f}   worst {max(delays_ms):.0f} ms   "
        f"(budget {BUDGET_MS:.0f} ms)",
        colour,
    )


def short(words: str, letters: int) -> str:
    """Words, cut to so many letters: a long name must not push the numbers out of sight."""
    return words if len(words) <= letters else words[: letters - 1] + "…"


def number(value: float, form: str) -> str:
    """A number, or a dash for none."""
    return format(value, form) if value == value else "–"


def with_unit(value: float, digits: int, unit: str) -> str:
    """A number with its unit, or a dash for none."""
    space = "" if unit == "°" else " "
    return f"{value:.{digits}f}{space}{unit}" if value == value else "–"
