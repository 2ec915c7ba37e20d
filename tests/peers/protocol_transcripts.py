"""Templates walked by synthetic people, faster than real time: blocks, bands, share told, verdicts, in Markdown.

python tests/peers/protocol_transcripts.py > transcripts.md
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from striders import Strider, Walked, walk  # noqa: E402

from compute.conventions import Side  # noqa: E402
from compute.protocol import Ask, Plan  # noqa: E402
from stream.protocol_file import read_protocol, templates  # noqa: E402

ANGLES = {-10: -0.04, -5: -0.12, 5: 0.01, 10: 0.04}
PEOPLE = {
    "responds: EKAM -12 %, hip adduction -4 degrees, loading rate -30 %": lambda name: (
        Strider(effects=ANGLES)
        if name == "foot_angle"
        else Strider(answer=0.3 if name == "loading_rate_runners" else 0.12)
    ),
    "does not respond": lambda name: (
        Strider(effects=dict.fromkeys(ANGLES, 0.0)) if name == "foot_angle" else Strider()
    ),
    "responds and pays with 25 % more KFM": lambda name: Strider(answer=0.12, kfm_rise=0.25),
}


def say(text: str) -> None:
    """Print a line."""
    print(text)  # noqa: T201


def tell(walked: Walked, plan: Plan, took_s: float) -> None:
    """One session."""
    state = walked.state
    say(f"{len(walked.placed)} stances, {state.now_s / 60.0:.1f} min walked in {took_s:.2f} s\n")
    say(
        "| block | from [s] | to [s] | leg | valid | rejected | told | band | mean | in band | judged |"
    )
    say("|---|---|---|---|---|---|---|---|---|---|---|")
    for result in state.results:
        for leg in result.legs:
            own = [p for p in walked.placed if p.block == result.name and p.number % 2 == leg.side]
            told = 100.0 * sum(p.told for p in own) / max(1, len(own))
            bands = {(p.low, p.high) for p in own if p.low == p.low}
            band = "; ".join(f"{low:.1f} to {high:.1f}" for low, high in sorted(bands))
            judged = {None: "", True: "success", False: "no success: " + "; ".join(leg.why)}
            shown = f"{leg.shown:.1f}" if leg.shown == leg.shown else f"({leg.mean:.3g})"
            inside = f"{leg.in_band_pct:.0f} %" if leg.in_band_pct == leg.in_band_pct else ""
            say(
                f"| {result.name} | {result.from_s:.1f} | {result.to_s:.1f} | {leg.side.word} | {leg.valid} | "
                f"{leg.rejected} | {told:.0f} % | {band} | {shown} | {inside} | {judged[leg.success]} |"
            )
    say("")
    for change in state.changes:
        edges = (
            "none"
            if change.target is None
            else f"{change.target.low:.1f} to {change.target.high:.1f}"
        )
        say(f"- target at {change.at_s:.1f} s, {change.side.word} leg: {edges} ({change.why})")
    for note in state.notes:
        say(f"- note: {note}")
    prompts: dict[str, float] = {}
    for at_s, moment in walked.moments:
        for prompt in moment.prompts:
            if prompt.kind not in ("answer", "note"):
                prompts.setdefault(f"{prompt.kind}: {prompt.text}", at_s)
    for text, at_s in prompts.items():
        say(f"- prompt, first seen at {at_s:.0f} s: {text}")
    end = (
        "came to its end"
        if state.ended
        else f"waits: {state.held or state.halted or 'recording over'}"
    )
    say(f"- the session {end}\n")


def one(name: str, session: int, title: str, strider: Strider, **options: object) -> None:
    """Walk a session of a template and tell it."""
    file = read_protocol(name).protocol
    carried = (1.0, float("nan")) if name == "foot_angle" and session > 1 else (float("nan"),) * 2
    leg = Side.LEFT if file.legs == "one" else None
    plan = replace(file.plan(session, leg=leg, carried=carried), **options)
    say(f"## {name}, session {session} of {file.sessions}: {title}\n")
    begun = time.perf_counter()
    asks = (Ask("answer", 5.0, "pain", 1.0),)
    walked = walk(plan, strider, asks=asks, seconds=3600.0, look_every_s=30.0)
    tell(walked, plan, time.perf_counter() - begun)


def main() -> None:
    """All of them."""
    for name in templates():
        for title, person in PEOPLE.items():
            if "KFM" not in title or name == "ekam_retraining":
                one(name, 1, title, person(name))
    for session in (4, 5, 6, 7):
        one("ekam_retraining", session, "faded across sessions", Strider(answer=0.12, learnt=True))
    one("foot_angle", 4, "an angle of session 1, faded", Strider(effects=ANGLES, learnt=True))
    for session in (5, 8):
        one("hip_adduction_runners", session, "faded", Strider(answer=0.12, learnt=True))
    for sham in ("natural", "noise"):
        title = f"sham {sham}, a walker who would respond"
        one("ekam_retraining", 1, title, Strider(answer=0.12), sham=sham, seed="S01")


if __name__ == "__main__":
    main()
