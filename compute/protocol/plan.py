"""What one session of a protocol consists of: blocks, target, guards, questions. All of it is data.

A protocol spans several sessions; a `Plan` is one of them, with everything that depends on the session
(lengths, share of feedback, the leg that is trained) already settled.
"""

from dataclasses import dataclass
from math import ceil, nan
from typing import Literal, get_args

from compute.conventions import Side
from compute.feedback import Display
from compute.variables import Variable, find

Kind = Literal["familiarise", "baseline", "test", "train", "catch", "retention", "rest"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TOLD_KINDS: tuple[Kind, ...] = ("test", "train")
"""Blocks in which the walker is told how it walks."""
AIMED_KINDS: tuple[Kind, ...] = ("test", "train", "catch", "retention")
"""Blocks whose stances are compared with a target, told or not."""

Rule = Literal["relative", "band", "absolute", "normative", "personal"]
Sham = Literal["", "natural", "noise"]


@dataclass(frozen=True)
class Fading:
    """Share of a block in which the walker is told, in cycles: told first, then not.

    Attributes
    ----------
    by : whether `cycle` is seconds or steps of the trained legs.
    first, last : share of the block's first and last cycle, 0 to 1; linear in between.
    """

    by: Literal["time", "steps"] = "time"
    cycle: float = 60.0
    first: float = 1.0
    last: float = 1.0

    def share(self, done: float, length: float) -> float:
        """Share of the cycle that is running after `done` of `length` (s or steps; NaN = open end)."""
        if self.first == self.last or not length > self.cycle:
            return self.first
        through = (done // self.cycle) / (ceil(length / self.cycle) - 1)
        return self.first + (self.last - self.first) * min(through, 1.0)

    def told(self, done: float, length: float) -> bool:
        """Whether the walker is told after `done` of `length`."""
        # rounded: 0.1 of 20 steps are 2 steps, whatever the last bit says
        return done % self.cycle < round(self.share(done, length) * self.cycle, 9)


@dataclass(frozen=True)
class Block:
    """One part of a session.

    It ends when everything that is given is reached, or when the operator ends it; with neither given
    the operator alone ends it. A baseline also has to pass its checks.

    Attributes
    ----------
    after_s : walking time. after_valid : valid stances of every trained leg.
    display, message : what the walker is shown, None for the laboratory's picture. In a block that never
        tells the message is shown alone; while one that tells is faded out, general words.
    mean_of : the walker is told the mean of so many of the leg's last valid stances.
    change : of a ``test`` block, from the leg's own baseline, in the unit shown.
    """

    name: str
    kind: Kind
    after_s: float | None = None
    after_valid: int | None = None
    display: Display | None = None
    message: str = ""
    fading: Fading = Fading()
    mean_of: int = 1
    change: float = nan

    @property
    def by_operator(self) -> bool:
        """Whether only the operator ends it."""
        return self.after_s is None and self.after_valid is None


@dataclass(frozen=True)
class TargetRule:
    """How a leg's band follows from its baseline.

    Attributes
    ----------
    rule : ``relative``: from `change` to `limit` away from the baseline mean, in % or in the unit shown,
        as the variable is aimed at; ``band``: own mean ± `k` SD; ``absolute``: `low` to `high`;
        ``normative``: `mean` ± `k` · `sd`; ``personal``: the tested change that lowers `outcome` most,
        ± `tolerance`.
    responder_pct : a tested change has to lower the outcome by at least this, % of baseline.
    narrow : what becomes of a band that is narrower than the uncertainty of the value shown.
    """

    variable: str = "ekam_peak1"
    rule: Rule = "relative"
    change: float = -10.0
    limit: float = -40.0
    k: float = 1.0
    low: float = nan
    high: float = nan
    mean: float = nan
    sd: float = nan
    tolerance: float = 2.0
    outcome: str = ""
    responder_pct: float = 5.0
    narrow: Literal["widen", "refuse"] = "widen"

    @property
    def spec(self) -> Variable:
        """What is fed back."""
        return find(self.variable)

    @property
    def needs_baseline(self) -> bool:
        """Whether there is no band without a baseline."""
        return self.rule not in ("absolute", "normative")


@dataclass(frozen=True)
class BaselineRules:
    """When a baseline is good enough; judged on the last `stances` valid stances of each trained leg.

    Attributes
    ----------
    least : the operator may accept a baseline from so many on.
    trend_pct : first and last third differ by less, and by no more than chance would have it.
    speed_pct : belt speed of no third differs by more from the mean.
    """

    stances: int = 50
    least: int = 30
    trend_pct: float = 5.0
    speed_pct: float = 2.0


@dataclass(frozen=True)
class Guard:
    """A variable that must not get worse while the trained one gets better.

    Attributes
    ----------
    leg : the trained leg itself, or the other one. limit_pct : rise of the mean, % of baseline.
    limit : rise of the mean in the unit shown, of a variable whose zero is arbitrary, as of an angle: a
        share of it says nothing.
    """

    variable: str
    leg: Literal["own", "other"] = "own"
    limit_pct: float = 10.0
    limit: float = 2.0

    @property
    def by_share(self) -> bool:
        """Whether its limit is a share of the baseline."""
        return find(self.variable).mode == "relative"

    @property
    def most(self) -> float:
        """The rise that is tolerated, in `unit`."""
        return self.limit_pct if self.by_share else self.limit

    @property
    def unit(self) -> str:
        """Of its limit."""
        return "%" if self.by_share else find(self.variable).unit

    @property
    def words(self) -> str:
        """For the operator."""
        label = find(self.variable).label
        return f"{label} of the other leg" if self.leg == "other" else label


@dataclass(frozen=True)
class Question:
    """A number that the operator asks the walker for.

    Attributes
    ----------
    at : ``start`` and ``end`` of the session. every_s : again after so long; None for never.
    stop_at, stop_rise : this much, or so much more than the first answer, halts the training.
    """

    name: str
    low: float = 0.0
    high: float = 10.0
    at: tuple[Literal["start", "end"], ...] = ("start", "end")
    every_s: float | None = None
    stop_at: float | None = None
    stop_rise: float | None = None


@dataclass(frozen=True)
class Plan:
    """One session of a protocol.

    Attributes
    ----------
    legs : trained; the other is only watched.
    sham : empty, or what stands in for feedback (`compute.protocol.sham`). blinded : the operator must
        not learn which.
    seed : of the sham. carried : per leg, a personal target of an earlier session in the unit shown.
    success_pct : share of steps in the band that a block needs to succeed.
    strategies : what the operator may suggest to a walker who does not get on, after `hint_after_s`.
    """

    name: str
    blocks: tuple[Block, ...]
    target: TargetRule = TargetRule()
    baseline: BaselineRules = BaselineRules()
    legs: tuple[Side, ...] = (Side.LEFT, Side.RIGHT)
    guards: tuple[Guard, ...] = ()
    questions: tuple[Question, ...] = ()
    session: int = 1
    sessions: int = 1
    sham: Sham = ""
    blinded: bool = False
    seed: str = ""
    carried: tuple[float, float] = (nan, nan)
    success_pct: float = 60.0
    strategies: str = ""
    hint_after_s: float = 120.0

    @property
    def watched(self) -> tuple[str, ...]:
        """Variables that are kept of every stance; the first is the one fed back."""
        outcome = (self.target.outcome,) if self.target.outcome else ()
        return tuple(
            dict.fromkeys((self.target.variable, *outcome, *(g.variable for g in self.guards)))
        )

    @property
    def mean_of(self) -> int:
        """Steps over whose mean a walker is judged, also where nothing is told: as while training."""
        return max((block.mean_of for block in self.blocks if block.kind == "train"), default=1)

    @property
    def measured(self) -> str:
        """Variable by which a change is judged: the outcome of a personal target, else the one fed back."""
        return self.target.outcome or self.target.variable
