"""A long session whose every recorded sample is counted."""

from collections.abc import Callable

from display.bench import chain
from display.bench.budgets import Budget
from display.bench.work import Size

WHAT = "recorded samples lost"


def budget(minutes: float | None, size: Size, say: Callable[[str], None]) -> Budget:
    """Samples that were pushed and never came into the session, in so many minutes; None: not run."""
    if minutes is None:
        return Budget(f"{WHAT} in 60 min", 0.0, "samples", "<=", why="run with --soak 60")
    say(f"Running a session for {minutes:g} min …")
    found = chain.measure(60.0 * minutes, size)
    lost = sum(int(each["lost"]) for each in found.samples.values())
    pushed = sum(len(each["late"]) for each in found.samples.values())
    return Budget(
        f"{WHAT} in {minutes:g} min", 0.0, "samples", "<=", float(lost),
        why=f"of {pushed} pushed; {found.session['stances']:.0f} stances",
    )  # fmt: skip
