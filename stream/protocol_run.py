"""A protocol in a session: takes stances and the operator's wishes, steers the walker's picture, keeps a log.

Everything that decides is in `compute.protocol`; here it is fed. What was fed is in ``protocol.jsonl`` of
the session folder, a line each as it happens: how the session is set up, then every stance and every wish.
A session that broke off goes on from there. The wishes are also among the events of ``raw.xdf``, with the
number of stances before them, so that a session can be computed again from what it received.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite, nan
from pathlib import Path
from typing import Any

from compute import Side, Stance
from compute.early import Early
from compute.feedback import EARLY_VARIABLE, Display, Target, WalkerFeedback
from compute.feedback import start as fresh
from compute.protocol import (
    ASKS,
    Ask,
    Moment,
    Plan,
    State,
    Step,
    from_table,
    moment_of,
    picture,
    start,
    steered,
    step_of,
)
from compute.protocol.bands import placeholder
from compute.protocol.questions import newest
from compute.protocol.records import Change, Placed
from stream import json_lines
from stream.errors import EkamError
from stream.protocol_file import ProtocolFile, read_protocol
from stream.running import Running, is_running, running

LOG = "protocol.jsonl"
FILE = "protocol.toml"
OUTCOMES = "outcomes.jsonl"


@dataclass(frozen=True)
class Setup:
    """A protocol file and everything that makes one session of it.

    Attributes
    ----------
    before : inputs of the parts of this session that broke off, the wish ``resumed`` after each.
    """

    file: ProtocolFile
    session: int = 1
    leg: Side | None = None
    arm: str = ""
    seed: str = ""
    carried: tuple[float, float] = (nan, nan)
    before: tuple[Step | Ask, ...] = ()

    def plan(self) -> Plan:
        """The session's plan."""
        return self.file.protocol.plan(
            self.session, leg=self.leg, arm=self.arm, seed=self.seed, carried=self.carried
        )

    def table(self) -> dict[str, Any]:
        """First line of the log."""
        return {
            "protocol": self.file.protocol.name,
            "sha256": self.file.sha256,
            "session": self.session,
            "leg": None if self.leg is None else self.leg.word,
            "arm": self.arm,
            "seed": self.seed,
            "carried": [each if isfinite(each) else None for each in self.carried],
        }


@dataclass(frozen=True)
class Scripted:
    """A wish that was made before: after so many stances of a recording, or at its time where that is NaN."""

    ask: Ask
    after_stance: float = nan


class ProtocolRun:
    """One session of a protocol.

    Parameters
    ----------
    script : wishes that are carried out by themselves, in their order.
    usual : the laboratory's picture. audit : takes every change of a target and every answer as it
        comes: ``target`` or ``answer``, and what belongs to it.
    closing : called at the end.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        script: Sequence[Scripted] = (),
        usual: Display = "bar",
        audit: Callable[[str, Mapping[str, Any]], None] | None = None,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self.setup = setup
        self.plan = setup.plan()
        self.state = replayed(start(self.plan), setup.before)
        self.usual = usual
        self._audit, self._closing = audit, closing
        self._script = list(script)
        self._stances = 0
        self._log: json_lines.Lines | None = None
        self._running: Running | None = None
        self._outcomes: json_lines.Lines | None = None
        self._picture: tuple[Display, str] | None = None
        self._label = ""
        self._changes = len(self.state.changes)

    @property
    def target(self) -> Target:
        """What the walker is aimed at as far as it is known before the first stance: its terms."""
        return placeholder(self.plan)

    @property
    def placed(self) -> Placed:
        """Where the newest stance belongs."""
        return self.state.placed

    def keep(self, folder: Path) -> None:
        """Write the protocol and the log into the session folder from now on."""
        self._running = Running(folder)
        (folder / FILE).write_text(self.setup.file.text, encoding="utf-8")
        before = [each.table() for each in self.setup.before]
        json_lines.append(folder / LOG, [self.setup.table(), *before])
        self._log = json_lines.Lines(folder / LOG)
        if self.plan.questions:
            self._outcomes = json_lines.Lines(folder / OUTCOMES)

    def close(self) -> None:
        """Finish the log; `news` that was not fetched is audited."""
        self.news()
        for each in (self._log, self._outcomes):
            if each is not None:
                each.close()
        if self._closing is not None:
            self._closing()
        if self._running is not None:
            self._running.close()

    @property
    def fault(self) -> str:
        """Why the log is not whole; empty while it is."""
        return next((each.fault for each in (self._log, self._outcomes) if each and each.fault), "")

    @property
    def blinded(self) -> bool:
        """Whether the operator must not know what the walker is aimed at."""
        return self.plan.blinded

    def asked(self, what: str, text: str, number: float, at_s: float) -> dict[str, Any] | None:
        """Carry out a wish of the operator; returns it as an event for the recording, None if it is none."""
        if what not in ASKS:
            return None
        ask = Ask(what, max(at_s, self.state.now_s), text, number)
        before, self.state = self.state, self.state.asked(ask)
        self._write(ask)
        told = {**ask.table(), "after_stance": self._stances}
        if len(self.state.answers) > len(before.answers):
            given = newest(before.answers, self.state.answers)
            answer = {"name": given.name, "value": given.value, "at_s": given.at_s}
            if given.replaces is not None:
                told["replaces"] = answer["replaces"] = given.replaces
                answer["corrected_at_s"] = ask.at_s
            if self._outcomes is not None:
                self._outcomes.add(
                    {"utc": datetime.now(UTC).isoformat(timespec="seconds"), **answer}
                )
            if self._audit is not None:
                self._audit("answer", answer)
        if self.state.halted != before.halted and what in ("answer", "correct"):
            told["why"] = self.state.halted
        return told

    def early(self, feedback: WalkerFeedback, early: Early) -> WalkerFeedback:
        """The walker's feedback once the first peak of a stance is known."""
        state = self.state.at(early.t_s)
        feedback = self._steered(feedback, state)
        # one that began in the block before will not be judged in this one
        belongs = state.stretch_at(early.t_on_s) is state.stretches[-1]
        if not (belongs and state.tells(early.side)) or self.plan.target.variable != EARLY_VARIABLE:
            return feedback
        return feedback.after_early(early, state.told_value(early.side, early.ekam_peak1_nm_per_kg))

    def after(self, feedback: WalkerFeedback, stance: Stance) -> WalkerFeedback:
        """The walker's feedback once a judged stance is scored; `placed` tells where it belongs."""
        self._carry_out(stance.t_decide_s)
        step = step_of(stance, self.plan)
        feedback = self._steered(feedback, self.state.at(stance.t_decide_s))
        self.state = self.state.after(step)
        self._stances += 1
        self._write(step)
        if not self.placed.told:
            return feedback
        return feedback.after(stance, self.placed.value if step.usable else nan)

    def steer(self, feedback: WalkerFeedback, at_s: float) -> WalkerFeedback:
        """The walker's feedback as it has to be at a time; changes no state."""
        return self._steered(feedback, self.state.at(at_s))

    def moment(self, at_s: float) -> Moment:
        """For the operator; changes no state."""
        return moment_of(self.state.at(at_s), self.usual)

    def news(self, feedback: WalkerFeedback | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Blocks and targets that have become others since the last call, as events."""
        found: list[tuple[str, dict[str, Any]]] = []
        stretch = self.state.stretches[-1]
        if stretch.label != self._label:
            self._label = stretch.label
            block = self.state.running
            kind = "" if block is None else block.kind
            found.append(
                ("block", {"block": stretch.label, "kind": kind, "from_s": stretch.from_s})
            )
        changed = self.state.changes[self._changes :]
        self._changes = len(self.state.changes)
        for each in changed:
            table = change_table(each, self.plan)
            if self._audit is not None:
                self._audit("target", table)
            if not self.plan.blinded:
                found.append(("target", table))
        return found

    def aims(self, feedback: WalkerFeedback) -> dict[str, Any]:
        """What the walker was aimed at: the last band of the first trained leg; only its terms if blinded."""
        state, made = self.state, fresh(self.target)
        first = self.plan.legs[0]
        target = self.target if self.blinded else state.targets[first] or self.target
        legs = (made.left, made.right)
        known = [
            replace(leg, target=target)
            if base is None
            else replace(leg, target=target, baseline=base.mean, baseline_count=base.count)
            for leg, base in zip(legs, state.baselines, strict=True)
        ]
        return dict(replace(made, left=known[0], right=known[1]).summary())

    def summary(self) -> dict[str, Any]:
        """For session.json: what ran and how it went. What a blinded operator must not see is left out."""
        told = {
            "name": self.plan.name,
            "sha256": self.setup.file.sha256,
            "session": self.plan.session,
            "sessions": self.plan.sessions,
            "legs": [side.word for side in self.plan.legs],
            "blinded": self.plan.blinded,
            "kinds": {block.name: block.kind for block in self.plan.blocks},
            "ended": self.state.ended,
            "halted": self.state.halted,
            "held": self.state.held,
            "answers": [
                {
                    "at_s": each.at_s,
                    "name": each.name,
                    "value": each.value,
                    "corrected": each.corrected,
                    "replaces": each.replaces,
                }
                for each in self.state.answers
            ],
        }
        if self.plan.blinded:
            return told
        return told | {
            "notes": list(self.state.notes),
            "targets": [change_table(each, self.plan) for each in self.state.changes],
            "blocks": [
                {
                    "name": result.name,
                    "kind": result.kind,
                    "from_s": result.from_s,
                    "to_s": result.to_s,
                    "legs": {leg.side.word: leg_table(leg) for leg in result.legs},
                }
                for result in self.state.results
            ],
        }

    def _steered(self, feedback: WalkerFeedback, state: State) -> WalkerFeedback:
        feedback = steered(feedback, state)
        if self._picture is not None and feedback.display != self._picture[0] and feedback.tells:
            self.usual = (
                feedback.display
            )  # the operator's choice, wherever a block has none of its own
        wanted = picture(state, self.usual)
        if wanted == self._picture:
            return feedback  # also where the operator has put another one in its place meanwhile
        self._picture = wanted
        return replace(feedback, display=wanted[0], message=wanted[1])

    def _carry_out(self, t_s: float) -> None:
        """Wishes of the script that come before the next stance."""
        while self._script:
            each = self._script[0]
            due = (
                each.after_stance <= self._stances
                if isfinite(each.after_stance)
                else each.ask.at_s <= t_s
            )
            if not due:
                break
            self._script.pop(0)
            self.state = self.state.asked(each.ask)
            self._write(each.ask)

    def _write(self, given: Step | Ask) -> None:
        if self._log is not None:
            self._log.add(given.table())


def replayed(state: State, inputs: Sequence[Step | Ask]) -> State:
    """The state after these inputs."""
    for each in inputs:
        state = state.after(each) if isinstance(each, Step) else state.asked(each)
    return state


def change_table(change: Change, plan: Plan) -> dict[str, Any]:
    """A change of target as an event, for the audit trail and for the operator's log."""
    spec, target = plan.target.spec, change.target
    return {
        "side": change.side.word,
        "variable": spec.name,
        "label": f"{spec.label}, {change.side.word} leg",
        "low": None if target is None else target.low,
        "high": None if target is None else target.high,
        "unit": "" if target is None else target.unit,
        "why": change.why,
        "at_s": change.at_s,
    }


def leg_table(leg: Any) -> dict[str, Any]:
    """How a leg did in a block."""
    numbers = ("mean", "shown", "change", "asked", "measured_pct", "in_band_pct")
    return {
        "valid": leg.valid,
        "rejected": leg.rejected,
        **{name: v if isfinite(v) else None for name in numbers for v in [getattr(leg, name)]},
        "guards": {each.words: {"rise": each.rise, "unit": each.unit} for each in leg.guards},
        "success": leg.success,
        "why": list(leg.why),
    }


def read_setup(folder: Path) -> tuple[Setup, tuple[Step | Ask, ...]]:
    """How the session of a folder was set up, and all of its inputs, those before an interruption included.

    Raises
    ------
    EkamError : the folder has no protocol, or its log is damaged.
    """
    lines = json_lines.read(folder / LOG, "protocol log")
    file = read_protocol(str(folder / FILE))
    try:
        first = lines[0]
        leg = None if first["leg"] is None else {side.word: side for side in Side}[first["leg"]]
        left, right = (nan if each is None else float(each) for each in first["carried"])
        setup = Setup(file, int(first["session"]), leg, first["arm"], first["seed"], (left, right))
        inputs = tuple(from_table(line) for line in lines[1:])
    except (IndexError, KeyError, TypeError, ValueError):
        raise EkamError(
            f"{folder / LOG} is damaged: the session cannot be continued from it"
        ) from None
    gap = _gap(inputs)
    if gap:
        raise EkamError(
            f"{folder / LOG} is damaged, it lacks {gap}: what the session came to is not known"
        )
    if first["sha256"] != file.sha256:
        raise EkamError(
            f"{folder / FILE} is not the protocol that the session ran: its hash differs"
        )
    return setup, inputs


def _gap(inputs: Sequence[Step | Ask]) -> str:
    """Which stances a log lacks, in words; they are numbered from 1 in each recording."""
    due = 1
    for each in inputs:
        if isinstance(each, Step):
            if each.number != due:
                return f"stances {due} to {each.number - 1}"
            due += 1
        elif each.what == "resumed":
            due = 1
    return ""


def resumed(folder: Path, subject_sha256: str = "", lab_sha256: str = "") -> Setup:
    """The session of a folder, to go on where it broke off.

    Parameters
    ----------
    subject_sha256, lab_sha256 : of the files that are used from now on; others than before are noted.

    Raises
    ------
    EkamError : it runs, or came to its end; its log is damaged.
    """
    if is_running(folder):
        raise EkamError(running(folder))
    setup, inputs = read_setup(folder)
    if replayed(start(setup.plan()), inputs).ended:
        raise EkamError(f"the protocol in {folder} came to its end: there is nothing to go on with")
    before = [*inputs, Ask("resumed", 0.0, f"resumed after an interruption of {folder.name}")]
    if subject_sha256 and _sha256(folder / "subject.toml") != subject_sha256:
        before.append(Ask("recalibrated", 0.0, subject_sha256[:12]))
    if lab_sha256 and _sha256(folder / "lab.toml") != lab_sha256:
        before.append(Ask("another_lab", 0.0, lab_sha256[:12]))
    return replace(setup, before=tuple(before))


def _sha256(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        return hashlib.sha256(text.encode()).hexdigest()
    except (OSError, UnicodeDecodeError):
        return ""


def before_this_recording(setup: Setup, inputs: Sequence[Step | Ask]) -> Setup:
    """The session as it stood when its newest recording began: up to the last interruption."""
    resumes = [
        i for i, each in enumerate(inputs) if isinstance(each, Ask) and each.what == "resumed"
    ]
    if not resumes:
        return setup
    last = resumes[-1] + 1
    while last < len(inputs):
        follows = inputs[last]
        if not isinstance(follows, Ask) or follows.what not in ("recalibrated", "another_lab"):
            break
        last += 1
    return replace(setup, before=tuple(inputs[:last]))


def script_of(events: Sequence[Mapping[str, Any]]) -> list[Scripted]:
    """Wishes among the events of a recording, or of a file of wishes.

    Raises
    ------
    EkamError : one of them is no wish.
    """
    found = []
    for event in events:
        if "ask" not in event:
            continue
        if event["ask"] not in ASKS:
            raise EkamError(f"there is no wish {event['ask']!r}: {', '.join(ASKS)}")
        ask = from_table({"text": "", "number": None, "at_s": 0.0, **event})
        if isinstance(ask, Ask):
            found.append(Scripted(ask, float(event.get("after_stance", nan))))
    return found
