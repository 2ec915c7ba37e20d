"""What a trial runs, as data: blocks, targets, fading, guards. Pure, and driven by stances and their times.

Start with `compute.protocol.plan` (what there is to run), then `compute.protocol.state` (running it).
"""

from compute.protocol.inputs import ASKS, Ask, Step, from_table, step_of
from compute.protocol.leg_moment import GuardNow, LegNow
from compute.protocol.moment import Moment, Prompt, moment_of, picture, steered
from compute.protocol.plan import Block, Fading, Guard, Plan, Question, TargetRule
from compute.protocol.state import State, start

__all__ = [
    "ASKS",
    "Ask",
    "Block",
    "Fading",
    "Guard",
    "GuardNow",
    "LegNow",
    "Moment",
    "Plan",
    "Prompt",
    "Question",
    "State",
    "Step",
    "TargetRule",
    "from_table",
    "moment_of",
    "picture",
    "start",
    "steered",
    "step_of",
]
