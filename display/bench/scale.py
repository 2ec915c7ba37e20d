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
    sessions = [
        np.concatenate([each["session"] for each in found.samples.values()]) for found in chains
    ]
    scored = [
        (rows[:, 3] - rows[:, 0]) for found in chains for rows in found.values.values() if len(rows)
    ]
    flushed = [
        (rows[:, 4] - rows[:, 0]) for found in chains for rows in found.values.values() if len(rows)
    ]
    span_s = SECONDS + chain.SETTLE_S
    return {
        "axis": axis,
        "value": float(value),
        "processor": sum(found.session["processor_s"] for found in chains) / span_s,
        "push_p50_ms": float(np.percentile(np.concatenate(sessions), 50)),
        "push_p99_ms": float(np.percentile(np.concatenate(sessions), 99)),
        "scored_p99_ms": float(np.percentile(np.concatenate(scored), 99)) if scored else None,
        "flushed_p99_ms": float(np.nanpercentile(np.concatenate(flushed), 99)) if flushed else None,
        "publisher_late_p99_ms": float(
            np.percentile(
                np.concatenate([each["late"] for f in chains for each in f.samples.values()]), 99
            )
        ),
        "never_came": sum(int(each["lost"]) for f in chains for each in f.samples.values()),
        "valid": sum(int(found.session["valid"]) for found in chains),
        "stances": sum(int(found.session["stances"]) for found in chains),
    }
