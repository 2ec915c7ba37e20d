"""``protocol.toml``: what the sessions of a protocol run.

Every key is checked: an unknown one, a wrong type or a value out of range is refused with its place in
the file. What may differ from session to session is a number, or a list of one number per session of
which the last one stays.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from math import nan
from pathlib import Path
from random import Random
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from compute.conventions import Side
from compute.feedback import Display
from compute.protocol.plan import BaselineRules as Rules
from compute.protocol.plan import (
    Block,
    Fading,
    Guard,
    Kind,
    Plan,
    Question,
    Rule,
    Sham,
    TargetRule,
)
from compute.protocol.state import END, HOLD, PAUSE
from compute.variables import find
from stream.errors import EkamError
from stream.lab import _Table, read_text, validate

TEMPLATES = "protocols"
"""Folder beside this file."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
BySession = float | Annotated[tuple[float, ...], Field(min_length=1)]
ShareBySession = Share | Annotated[tuple[Share, ...], Field(min_length=1)]
SPOKEN_FOR = (PAUSE, HOLD, END)
"""Names that stand in the column ``block`` outside of the blocks."""


def _of(session: int, value: BySession) -> float:
    """What a value is in a session, numbered from 1."""
    if isinstance(value, tuple):
        return value[min(session, len(value)) - 1]
    return value


def _known(name: str) -> str:
    find(name)
    return name


class TargetTable(_Table):
    """How a leg's band follows from its baseline; see `compute.protocol.plan.TargetRule`."""

    variable: str = "ekam_peak1"
    rule: Rule = "relative"
    change: BySession = -10.0
    limit: BySession = -40.0
    k: Annotated[float, Field(gt=0.0, le=4.0)] = 1.0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: Annotated[float, Field(gt=0.0)] | None = None
    tolerance: Annotated[float, Field(gt=0.0)] = 2.0
    outcome: str = ""
    responder_pct: Annotated[float, Field(ge=0.0, le=50.0)] = 5.0
    narrow: Literal["widen", "refuse"] = "widen"

    @field_validator("variable", "outcome")
    @classmethod
    def _variables(cls, value: str) -> str:
        return _known(value) if value else value

    @model_validator(mode="after")
    def _complete(self) -> "TargetTable":
        if self.rule == "absolute" and (
            self.low is None or self.high is None or not self.low < self.high
        ):
            raise ValueError("rule 'absolute' needs low and high, low below high")
        if self.rule == "normative" and (self.mean is None or self.sd is None):
            raise ValueError("rule 'normative' needs mean and sd, in the unit shown")
        if self.rule == "personal" and not self.outcome:
            raise ValueError("rule 'personal' needs outcome, the variable that is to fall")
        if self.rule == "personal" and find(self.variable).mode != "difference":
            raise ValueError("rule 'personal' needs a variable that is an angle or a width")
        if self.rule == "relative":
            for session in range(1, _longest(self.change, self.limit) + 1):
                change, limit = _of(session, self.change), _of(session, self.limit)
                if change * limit <= 0.0 or abs(limit) <= abs(change):
                    raise ValueError(
                        "limit must lie further from the baseline than change, on the same side"
                    )
        return self


def _longest(*values: BySession) -> int:
    return max(len(value) if isinstance(value, tuple) else 1 for value in values)


class BaselineTable(_Table):
    """When a baseline is good enough."""

    stances: Annotated[int, Field(ge=5, le=500)] = 50
    least: Annotated[int, Field(ge=5, le=500)] = 30
    trend_pct: Annotated[float, Field(gt=0.0, le=50.0)] = 5.0
    speed_pct: Annotated[float, Field(gt=0.0, le=20.0)] = 2.0

    @model_validator(mode="after")
    def _ordered(self) -> "BaselineTable":
        if self.least > self.stances:
            raise ValueError("least must not be above stances")
        return self


class GuardTable(_Table):
    """A variable that must not rise while the trained one gets better.

    `limit_pct` is of one whose zero means none; of an angle, a width or a symmetry it is `limit`, in the
    unit shown.
    """

    variable: str
    leg: Literal["own", "other"] = "own"
    limit_pct: Annotated[float, Field(gt=0.0, le=100.0)] = 10.0
    limit: Annotated[float, Field(gt=0.0)] = 2.0

    @field_validator("variable")
    @classmethod
    def _variable(cls, value: str) -> str:
        return _known(value)

    @model_validator(mode="after")
    def _terms(self) -> "GuardTable":
        spec, by_share = find(self.variable), Guard(self.variable).by_share
        if by_share and "limit" in self.model_fields_set:
            raise ValueError(f"a guard of {spec.name} takes limit_pct, % of baseline, not limit")
        if not by_share and "limit_pct" in self.model_fields_set:
            raise ValueError(
                f"a guard of {spec.name} takes limit, in {spec.unit}, not limit_pct: its zero is arbitrary"
            )
        return self


class QuestionTable(_Table):
    """A number that the operator asks for: pain, or the total of a questionnaire."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$")]
    low: float = 0.0
    high: float = 10.0
    at: tuple[Literal["start", "end"], ...] = ("start", "end")
    every_minutes: Annotated[float, Field(gt=0.0)] | None = None
    stop_at: float | None = None
    stop_rise: Annotated[float, Field(gt=0.0)] | None = None
    sessions: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> "QuestionTable":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self


class BlockTable(_Table):
    """One part of a session; `changes` of a test make one block each."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.+-]{0,39}$")]
    kind: Kind
    minutes: BySession | None = None
    valid: Annotated[int, Field(ge=1, le=5000)] | None = None
    sessions: tuple[Annotated[int, Field(ge=1)], ...] = ()
    display: Display | None = None
    message: Annotated[str, Field(max_length=120)] = ""
    mean_of: Annotated[int, Field(ge=1, le=50)] = 1
    share: ShareBySession = 1.0
    share_at_end: ShareBySession | None = None
    cycle_minutes: Annotated[float, Field(gt=0.0, le=60.0)] | None = None
    cycle_steps: Annotated[int, Field(ge=2, le=1000)] | None = None
    changes: tuple[float, ...] = ()
    shuffled: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "BlockTable":
        if self.name in SPOKEN_FOR:
            raise ValueError(f"a block cannot be called {self.name!r}: tables say so of no block")
        minutes = self.minutes if isinstance(self.minutes, tuple) else (self.minutes,)
        if any(each is not None and not 0.0 < each <= 240.0 for each in minutes):
            raise ValueError("minutes must be above 0 and at most 240")
        if (self.kind == "test") != bool(self.changes):
            raise ValueError(
                "changes belong to a test, and a test needs them, e.g. [-10, -5, 5, 10]"
            )
        if self.kind == "test" and self.minutes is None and self.valid is None:
            raise ValueError("a test needs minutes or valid")
        faded = self.share != 1.0 or self.share_at_end is not None
        if faded and self.kind != "train":
            raise ValueError("only a train block fades")
        if self.shuffled and self.kind != "test":
            raise ValueError("only the changes of a test are shuffled")
        if self.cycle_minutes is not None and self.cycle_steps is not None:
            raise ValueError("a cycle is so many minutes or so many steps, not both")
        if self.share_at_end is not None:
            length = self.valid if self.cycle_steps is not None else self.minutes
            if length is None:
                needed = "valid" if self.cycle_steps is not None else "minutes"
                raise ValueError(
                    f"a share that changes within the block needs its length, {needed}"
                )
        return self

    def blocks(self, session: int, seed: str = "") -> list[Block]:
        """The blocks that this makes in a session; `seed` draws the order of tests that are shuffled."""
        if self.sessions and session not in self.sessions:
            return []
        by_steps = self.cycle_steps is not None
        cycle = float(self.cycle_steps or 60.0 * (self.cycle_minutes or 1.0))
        first = _of(session, self.share)
        last = first if self.share_at_end is None else _of(session, self.share_at_end)
        after_s = None if self.minutes is None else 60.0 * _of(session, self.minutes)
        fading = Fading("steps" if by_steps else "time", cycle, first, last)
        changes = list(self.changes)
        if self.shuffled:
            Random(f"{seed}/{session}/{self.name}").shuffle(changes)
        return [
            Block(
                self.name if change != change else f"{self.name} {change:+g}",
                self.kind, after_s, self.valid, self.display, self.message, fading, self.mean_of, change,
            )
            for change in changes or (nan,)
        ]  # fmt: skip


class Protocol(_Table):
    """One protocol, as ``protocol.toml`` states it.

    `warning` is told before every session. `arms`: code of an arm -> what its walkers are shown; the
    operator of a `blinded` protocol is not told which.
    """

    name: str
    source: str = ""
    warning: str = ""
    sessions: Annotated[int, Field(ge=1, le=200)] = 1
    legs: Literal["both", "left", "right", "one"] = "both"
    success_pct: Annotated[float, Field(ge=0.0, le=100.0)] = 60.0
    strategies: str = ""
    hint_after_minutes: Annotated[float, Field(gt=0.0)] = 2.0
    blinded: bool = False
    target: TargetTable = TargetTable()
    baseline: BaselineTable = BaselineTable()
    arms: dict[str, Literal["feedback", "natural", "noise"]] = Field(default_factory=dict)
    guards: tuple[GuardTable, ...] = ()
    questions: tuple[QuestionTable, ...] = ()
    blocks: Annotated[tuple[BlockTable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _runs(self) -> "Protocol":
        for session in range(1, self.sessions + 1):
            blocks = [each for table in self.blocks for each in table.blocks(session)]
            fault = _order_fault(blocks, self.target)
            if fault:
                raise ValueError(f"session {session}: {fault}")
            asked = [q.name for q in self.questions if not q.sessions or session in q.sessions]
            twice = [name for name in asked if asked.count(name) > 1]
            if twice:
                raise ValueError(
                    f"session {session}: two questions are called {twice[0]!r}, so that an answer could "
                    "be of either"
                )
        beyond = [s for table in self.blocks for s in table.sessions if s > self.sessions]
        if beyond:
            raise ValueError(f"a block is of session {beyond[0]}, and there are {self.sessions}")
        return self

    def plan(
        self,
        session: int = 1,
        *,
        leg: Side | None = None,
        arm: str = "",
        seed: str = "",
        carried: tuple[float, float] = (nan, nan),
    ) -> Plan:
        """One session of it.

        Parameters
        ----------
        leg : the trained one, where the protocol leaves it open. arm : code of the walker's arm.
        seed : of a sham, and of what is shuffled. carried : personal targets of an earlier session.

        Raises
        ------
        EkamError : there is no such session or arm, or no leg was given.
        """
        if not 1 <= session <= self.sessions:
            raise EkamError(
                f"{self.name} has {self.sessions} sessions and no session {session}: it is over"
            )
        if leg is not None and self.legs != "one":
            trains = "both legs" if self.legs == "both" else f"the {self.legs} leg"
            raise EkamError(f"{self.name} trains {trains}, by itself: leave out --leg {leg.word}")
        if arm and arm not in self.arms:
            raise EkamError(
                f"{self.name} has no arm {arm!r}: {', '.join(self.arms) or 'it has none'}"
            )
        if self.arms and not arm:
            codes = ", ".join(self.arms)
            raise EkamError(f"{self.name} has arms ({codes}): say which, with --arm")
        shown = self.arms[arm] if arm else "feedback"
        sham: Sham = "" if shown == "feedback" else shown
        rule = self.target.model_dump(exclude_none=True) | {
            "change": _of(session, self.target.change),
            "limit": _of(session, self.target.limit),
        }
        return Plan(
            name=self.name,
            blocks=tuple(each for table in self.blocks for each in table.blocks(session, seed)),
            target=TargetRule(**rule),
            baseline=Rules(**self.baseline.model_dump()),
            legs=self._legs(leg),
            guards=tuple(Guard(**each.model_dump()) for each in self.guards),
            questions=tuple(
                _question(each)
                for each in self.questions
                if not each.sessions or session in each.sessions
            ),
            session=session,
            sessions=self.sessions,
            sham=sham,
            blinded=self.blinded,
            seed=seed,
            carried=carried,
            success_pct=self.success_pct,
            strategies=self.strategies,
            hint_after_s=60.0 * self.hint_after_minutes,
        )

    def check_answer(self, name: str, value: float) -> None:
        """Whether this answers one of the protocol's questions, of whatever session.

        Raises
        ------
        EkamError : there is no such question, or the number is beyond its range.
        """
        asked = [each for each in self.questions if each.name == name]
        if not asked:
            names = ", ".join(dict.fromkeys(each.name for each in self.questions))
            cure = f"take one of {names}" if names else "it has no questions"
            raise EkamError(f"{self.name} asks no question {name!r}: {cure}")
        if not any(each.low <= value <= each.high for each in asked):
            ranges = " or ".join(f"{each.low:g} to {each.high:g}" for each in asked)
            raise EkamError(f"{name} is a number from {ranges}, and {value:g} is none")

    def _legs(self, leg: Side | None) -> tuple[Side, ...]:
        if self.legs == "both":
            return tuple(Side)
        if self.legs == "one":
            if leg is None:
                raise EkamError(
                    f"{self.name} trains one leg: say which, with --leg left or --leg right"
                )
            return (leg,)
        return (Side.LEFT if self.legs == "left" else Side.RIGHT,)


def _question(table: QuestionTable) -> Question:
    every_s = None if table.every_minutes is None else 60.0 * table.every_minutes
    return Question(
        table.name, table.low, table.high, table.at, every_s, table.stop_at, table.stop_rise
    )


def _order_fault(blocks: Sequence[Block], target: TargetTable) -> str:
    """Why these blocks cannot follow one another; empty when they can."""
    if not blocks:
        return "it has no blocks"
    names = [block.name for block in blocks]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        return f"two blocks are called {twice[0]!r}"
    if any(block.kind == "test" for block in blocks) and target.rule != "personal":
        return "a test belongs to a target with rule 'personal'"
    needs = target.rule not in ("absolute", "normative")
    for i, block in enumerate(blocks):
        based = any(before.kind == "baseline" for before in blocks[:i])
        if block.kind in ("test", "train") and needs and not based:
            return f"{block.name!r} needs a baseline before it"
    return ""


@dataclass(frozen=True)
class ProtocolFile:
    """A protocol with the text it was read from, which a session keeps verbatim."""

    protocol: Protocol
    path: Path
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_protocol(chosen: str) -> ProtocolFile:
    """Read and check a protocol: a file, or a template by its name.

    Raises
    ------
    EkamError : there is none, or it is not right; all faults are named.
    """
    names = templates()
    if chosen in names:
        with as_file(files("stream").joinpath(TEMPLATES, f"{chosen}.toml")) as path:
            return _read(path)
    if not Path(chosen).is_file():
        raise EkamError(
            f"there is no protocol file {chosen}, and no template of that name: the templates are "
            f"{', '.join(names)}"
        )
    return _read(Path(chosen))


def _read(path: Path) -> ProtocolFile:
    text = read_text(path, "protocol file")
    return ProtocolFile(validate(Protocol, text, path), path, text)


def templates() -> dict[str, str]:
    """Templates that come with the program: name -> title."""
    folder = files("stream").joinpath(TEMPLATES)
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): validate(
            Protocol, folder.joinpath(name).read_text(encoding="utf-8"), Path(name)
        ).name
        for name in found
    }
