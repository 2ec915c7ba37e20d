"""People who walk for a protocol: stances made one by one, by somebody who is told things and may answer to them."""

from dataclasses import dataclass, field
from math import inf, radians

import numpy as np

from compute.conventions import Side
from compute.protocol.inputs import Ask, step_of
from compute.protocol.moment import moment_of
from compute.protocol.plan import Plan
from compute.protocol.state import State, start
from compute.stance import Stance

MASS_KG = 70.0


@dataclass
class Strider:
    """A walker of 70 kg.

    Attributes
    ----------
    answer : share by which the trained variable (EKAM, angles in degrees) goes down once trained.
    effects : foot angle change -> change of both EKAM peaks, share.
    kfm_rise : share by which KFM rises with the answer. rejects : share of stances that are rejected.
    """

    answer: float = 0.0
    effects: dict[float, float] = field(default_factory=dict)
    kfm_rise: float = 0.0
    other_rise: float = 0.0
    drift: float = 0.0
    rejects: float = 0.05
    sd: float = 0.08
    seed: int = 0
    speed_m_per_s: float = 1.1
    natural_deg: float = 6.0
    peak1: tuple[float, float] = (0.47, 0.45)
    learnt: bool = False

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def stance(self, number: int, side: Side, on_s: float, state: State) -> Stance:
        """The next stance, in the block that runs."""
        block = state.running
        kind = block.kind if block is not None else ""
        if kind == "train" and state.targets[side] is not None:
            self.learnt = True
        trained = side in state.plan.legs
        new = self.learnt and kind in ("train", "catch", "retention")
        change = 0.0
        if kind == "test":
            change = block.change
        elif new and trained and state.targets[side] is not None and self.effects:
            target = state.targets[side]
            change = 0.5 * (target.low + target.high)
        share = 1.0 + self.effects.get(round(change), 0.0) + self.drift * on_s
        if new and not self.effects:
            share *= 1.0 - self.answer if trained else 1.0 + self.other_rise
        noise = 1.0 + self.sd * self.random.standard_normal(6)
        first = MASS_KG * self.peak1[side] * share * noise[0]
        kfm = MASS_KG * 0.5 * noise[1] * (1.0 + (self.kfm_rise if new else 0.0))
        hip = 12.0 * noise[2] - (4.0 if new and self.answer else 0.0)
        reasons = ("marker_gap",) if self.random.random() < self.rejects else ()
        angle = self.natural_deg + change + 1.5 * self.random.standard_normal()
        return Stance(
            number, side, on_s, on_s + 0.72, on_s + 0.82, MASS_KG, 1.72, ekam_peak1_nm=first,
            ekam_peak2_nm=MASS_KG * 0.40 * share * noise[3], ekam_peak1_sigma_nm=0.4, ekam_peak2_sigma_nm=0.4,
            peak1_is_local=True, peak2_is_local=True, kfm_peak_nm=kfm, hip_adduction_peak_rad=radians(hip),
            foot_progression_rad=radians(angle), valr_n_per_s=MASS_KG * 9.81 * 20.0 * share * noise[4],
            fz_peak_n=MASS_KG * 9.81 * (1.1 + 0.02 * noise[5]), belt_speed_m_per_s=self.speed_m_per_s,
            reasons=reasons,
        )  # fmt: skip


@dataclass
class Walked:
    """A session that was walked: its inputs in order, and what became of every stance."""

    state: State
    inputs: list = field(default_factory=list)
    placed: list = field(default_factory=list)
    kinds: list = field(default_factory=list)
    moments: list = field(default_factory=list)


def walk(
    plan: Plan,
    strider: Strider,
    *,
    asks: tuple[Ask, ...] = (),
    seconds: float = 7200.0,
    state: State | None = None,
    step_s: float = 0.57,
    look_every_s: float = inf,
) -> Walked:
    """Walk a plan until it is over or the time is; the operator asks at given times, and looks now and then."""
    walked = Walked(state or start(plan))
    waiting, on_s, number = sorted(asks, key=lambda ask: ask.at_s), 0.0, 0
    label = ""
    while on_s < seconds and not walked.state.ended:
        number += 1
        side = Side(number % 2)
        on_s += step_s
        # what the walker does follows from what is shown when the foot lands
        stance = strider.stance(number, side, on_s, walked.state.at(on_s))
        while waiting and waiting[0].at_s <= stance.t_decide_s:
            walked.inputs.append(waiting.pop(0))
            walked.state = walked.state.asked(walked.inputs[-1])
        step = step_of(stance, plan)
        walked.inputs.append(step)
        walked.state = walked.state.after(step)
        walked.placed.append(walked.state.placed)
        looked = walked.moments and on_s - walked.moments[-1][0] < look_every_s
        if walked.state.stretches[-1].label != label or not looked:
            label = walked.state.stretches[-1].label
            walked.moments.append((walked.state.now_s, moment_of(walked.state)))
    return walked
