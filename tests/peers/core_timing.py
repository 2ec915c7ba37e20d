"""How fast the core is, against its NumPy twin and OpenSim, in one run on one processor core.

    python -m uv run --group peers python tests/peers/core_timing.py [--json FILE]

Everything is repeated in turns, so that a busy machine slows all of it alike; figures are medians of the
repetitions with their range. A frame is both legs: eight segment poses, full Newton-Euler to the hip, all
curves. OpenSim's frame is one inverse kinematics step and one inverse dynamics solution. "frame" is one
call per marker frame; a tick of the system's clock that falls into a call is part of its time, and at a
thousand ticks a second one call of 20 µs in fifty meets one.
"""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parents[2]),
    str(Path(__file__).parents[1]),
    str(Path(__file__).parent),
]

import numpy as np  # noqa: E402
from core_work import FOLDER, Twin, read_walk  # noqa: E402
from opensim_work import OpenSim  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from display.bench.core import Batch, FrameByFrame  # noqa: E402

BUDGET_US, BUDGET_PER_S, BUDGET_OPENSIM = 20.0, 100_000, 500


def one_core():
    """Stay on one processor core where the system lets a process choose."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def opensim_or_why(accuracy):
    try:
        return OpenSim(FOLDER, accuracy), ""
    except ImportError:
        return None, "OpenSim is not installed: run this with the group peers."


def measure(walk, batch, single, twin, peers):
    """One repetition; times per frame in microseconds."""
    parts = [batch.core() for _ in range(3)]
    best = min(parts, key=lambda part: sum(part.values()))
    row = {f"core {name}": 1e6 * s / walk.n for name, s in best.items()}
    row["core"] = sum(row.values())
    row["core and filters"] = row["core"] + 1e6 * min(batch.filters() for _ in range(2)) / walk.n
    took, idle = single.latencies_ns()
    for name, ns in (("frame", took), ("idle call", idle)):
        for label, q in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)):
            row[f"{name} {label}"] = float(np.percentile(ns, q)) / 1e3
    row["NumPy twin"] = 1e6 * twin.seconds() / walk.trial_frames
    for peer in peers:
        kinematics, dynamics = (1e6 * s / (peer.n - 1) for s in peer.seconds())
        name = f"OpenSim {peer.accuracy:g}"
        row |= {f"{name} IK": kinematics, f"{name} ID": dynamics, name: kinematics + dynamics}
    for name in [name for name in row if name in ("NumPy twin",) or _is_peer(name)]:
        row[f"{name} / core"] = row[name] / row["core"]
        row[f"{name} / frame p50"] = row[name] / row["frame p50"]
    row["frames per second"] = 1e6 / row["core"]
    return row


def _is_peer(name):
    return name.startswith("OpenSim") and not name.endswith((" IK", " ID"))


def shown(values):
    low, middle, high = min(values), float(np.median(values)), max(values)
    digits = 0 if middle >= 1000 else 1 if middle >= 20 else 2
    return f"{middle:,.{digits}f}", f"{low:,.{digits}f} to {high:,.{digits}f}"


def main():
    parser = argparse.ArgumentParser(description="Times the core against its peers.")
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    console = Console()
    if not FOLDER.is_dir():
        console.print(f"The recording {FOLDER.name} is not beside the checkout: nothing was timed.")
        return
    core = one_core()
    walk = read_walk(given.frames)
    batch, single, twin = Batch(walk), FrameByFrame(walk), Twin(walk)
    found = [opensim_or_why(accuracy) for accuracy in (1e-5, 1e-3)]
    peers = [peer for peer, _ in found if peer is not None]
    batch.core(), batch.filters(), single.latencies_ns(), twin.seconds()  # compile
    differs = max(twin.differs_by(batch), single.differs_by(batch))
    rows = [measure(walk, batch, single, twin, peers) for _ in range(given.repeats)]

    names = ("numpy", "numba", "scipy")
    versions = {"Python": platform.python_version()} | {name: version(name) for name in names}
    versions["OpenSim"] = peers[0].version if peers else None
    table = Table(title=f"{walk.n} frames of {FOLDER.name}, {given.repeats} repetitions in turns")
    table.add_column("per frame, both legs (times in µs)")
    for column in ("median", "range"):
        table.add_column(column, justify="right")
    for name in rows[0]:
        table.add_row(name, *shown([row[name] for row in rows]))
    console.print(table)
    console.print(
        f"Budgets: frame p99 <= {BUDGET_US:g} µs, >= {BUDGET_PER_S:,} frames per second, "
        f">= {BUDGET_OPENSIM} times OpenSim. Batch, single frames and twin differ by at most {differs:.1e} (N·m, rad)."
    )
    console.print(", ".join(f"{name} {value}" for name, value in versions.items()), f"core {core}")
    for why in dict.fromkeys(why for _, why in found if why):
        console.print(why)
    if given.json:
        report = {
            "versions": versions, "processor": platform.processor() or platform.machine(), "frames": walk.n,
            "largest_difference": differs, "repetitions": rows,
        }  # fmt: skip
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
