"""Whether a leg's training succeeded, and what may have paid for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from compute.serial import Change

IN_BAND_PCT = 60.0
MOST_RISE_PCT = 10.0
BASELINE_LEAST = 30
BASELINE_WANTED = 50
"""Valid stances of a leg in its baseline: with fewer than the least nothing is judged."""

RULE = (
    f"at least {IN_BAND_PCT:.0f} % of the valid steps in the target band, a mean change of at least half "
    "of what the band asks for, and none of knee flexion moment, second EKAM peak and the other knee's "
    f"first peak more than {MOST_RISE_PCT:.0f} % above its baseline; a baseline of at least "
    f"{BASELINE_LEAST} valid steps"
)
"""Our choice, from the trials' practice."""

State = Literal["reached", "missed", "paid for", "unknown"]


@dataclass(frozen=True)
class Judgement:
    """What is said of a leg.

    Attributes
    ----------
    state : ``reached``, ``missed``, ``paid for`` (the target was reached while a companion rose beyond the
        limit), or ``unknown``.
    missing : sentences' parts that say what is not fulfilled or not known.
    risen : companions whose mean rose beyond the limit.
    rising : companions that are certain to have risen, whether or not beyond the limit.
    """

    state: State
    missing: tuple[str, ...] = ()
    risen: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()


def judge(
    aimed: Change | None,
    moved: float,
    wanted: float,
    unit: str,
    in_band_pct: float,
    companions: Mapping[str, Change],
) -> Judgement:
    """Judge a leg by `RULE`.

    Parameters
    ----------
    aimed : change of what was fed back; None where it cannot be told.
    moved, wanted : that change, and the one that the band asks for, both in `unit`; `wanted` is NaN for a
        band that asks for none (an absolute one, or one around the baseline).
    in_band_pct : valid steps in the band, per cent; NaN where nothing was fed back.
    companions : name -> change of what must not rise.
    """
    risen = tuple(name for name, each in companions.items() if each.pct > MOST_RISE_PCT)
    rising = tuple(name for name, each in companions.items() if each.pct_interval[0] > 0.0)
    if aimed is None or not isfinite(moved):
        return Judgement("unknown", ("there is no baseline to compare with",), risen, rising)
    if aimed.before.count < BASELINE_LEAST:
        few = f"the baseline holds {aimed.before.count} valid steps, and at least {BASELINE_LEAST} are needed"
        return Judgement("unknown", (few,), risen, rising)
    if not isfinite(in_band_pct):
        return Judgement("unknown", ("no step was held against a band",), risen, rising)
    missing = []
    if in_band_pct < IN_BAND_PCT:
        missing.append(f"{in_band_pct:.0f} % of the steps were in the band")
    if isfinite(wanted) and moved * (1.0 if wanted > 0.0 else -1.0) < 0.5 * abs(wanted):
        missing.append(
            f"the mean changed by {moved:+.1f} {unit} where {wanted:+.1f} {unit} was asked for"
        )
    if missing:
        return Judgement("missed", tuple(missing), risen, rising)
    if risen:
        return Judgement("paid for", (), risen, rising)
    unknown = tuple(name for name, each in companions.items() if not isfinite(each.pct))
    if unknown or not companions:
        said = ", ".join(unknown) or "its companions"
        return Judgement("unknown", (f"what became of {said} is not known",), risen, rising)
    return Judgement("reached", (), risen, rising)


def wanted_change(low: float, high: float, baseline: float) -> float:
    """Change that a band asks for: from the baseline to its nearer edge; NaN where it holds the baseline.

    Parameters
    ----------
    low, high, baseline : in the same terms (baseline is 100 in per cent of baseline, 0 as a difference).
    """
    if high < baseline:
        return high - baseline
    return low - baseline if low > baseline else nan
