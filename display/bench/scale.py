"""How cost grows with what is streamed, and with how many walkers one machine serves."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from display.bench import chain
from display.bench.work import Size

SECONDS = 8.0
AXES: dict[str, Sequence[tuple[float, dict[str, Any]]]] = {
    "markers": [(n, {"markers": n}) for n in (40, 60, 100, 150)],
    "marker rate, Hz": [(hz, {"marker_hz": float(hz)}) for hz in (100, 200, 400)],
    "plates at 1000 Hz": [(n, {"plates": n}) for n in (2, 3, 4)],
    "plate rate, Hz": [(hz, {"force_hz": float(hz)}) for hz in (1000, 2000)],
}
WALKERS = (1, 2, 4, 8)


def measure(size: Size, say: Callable[[str], None]) -> dict[str, Any]:
    """A row per size; slopes of the processor's use along each axis.

    The session's share of a processor core counts its own process, without the windows.
    """
    rows = []
    for axis, sizes in AXES.items():
        for value, change in sizes:
            say(f"Measuring {axis}: {value:g} …")
            rows.append(_row(axis, value, [chain.measure(SECONDS, replace(size, **change))]))
    for n in WALKERS:
        say(f"Measuring {n} walkers at once …")
        with ThreadPoolExecutor(n) as pool:
            found = list(pool.map(lambda _: chain.measure(SECONDS, size), range(n)))
        rows.append(_row("walkers", n, found))
    slopes = {}
    for axis in dict.fromkeys(row["axis"] for row in rows):
        own = [row for row in rows if row["axis"] == axis]
        slopes[axis] = float(
            np.polyfit([row["value"] for row in own], [row["processor"] for row in own], 1)[0]
        )
    return {"rows": rows, "processor_per_unit": slopes}


def _row(axis: str, value: float, chains: list[chain.Chain]) -> dict[str, Any]:
    samples = [each for found in chains for each in found.samples.values()]
    values = np.concatenate([rows for found in chains for rows in found.values.values()])
    pushed, _, _, scored, flushed = values.T
    there_ms = np.concatenate([each["session"] for each in samples])
    return {
        "axis": axis,
        "value": float(value),
        "processor": sum(each.session["processor_s"] for each in chains)
        / (SECONDS + chain.SETTLE_S),
        "push_p50_ms": _percentile(there_ms, 50),
        "push_p99_ms": _percentile(there_ms, 99),
        "scored_p99_ms": _percentile(scored - pushed, 99),
        "flushed_p99_ms": _percentile(flushed - pushed, 99),
        "publisher_late_p99_ms": _percentile(
            np.concatenate([each["late"] for each in samples]), 99
        ),
        "never_came": sum(int(each["lost"]) for each in samples),
        "valid": sum(int(each.session["valid"]) for each in chains),
        "stances": sum(int(each.session["stances"]) for each in chains),
    }


def _percentile(values: np.ndarray, q: float) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, q)) if len(known) else None
