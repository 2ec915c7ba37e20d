"""Live sessions that are killed in the middle: what is left of them.

A walker is replayed over loopback; again and again `ekam live` receives and records it and is killed (SIGKILL)
at a random moment. Prints one line of JSON: how much of the raw data in front of the kill is missing from
`raw.xdf`, and how many stances that were scored are missing from `stances.csv`.

    python tests/peers/kill_session.py --kills 20
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyxdf

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from commands import EKAM, without_screen  # noqa: E402

from stream.lsl_config import SESSION_VARIABLE  # noqa: E402
from stream.verify import verify  # noqa: E402

DATA = ROOT / "replay_data"
LAB, SUBJECT, WALK = (
    DATA / f"synthetic_{name}" for name in ("lab.toml", "subject.toml", "walk.c3d")
)
LONGEST_S = 60.0


def kill(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Kill `count` sessions; what was left of each."""
    environment = without_screen() | {SESSION_VARIABLE: f"kill-{os.getpid()}"}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    moments = random.Random(seed)
    publisher = subprocess.Popen([*EKAM, "replay", str(WALK), "--lab", str(LAB), "--loop"], **quiet)
    try:
        with tempfile.TemporaryDirectory(prefix="ekam-kill-") as made:
            return [
                _one(Path(made) / str(i), moments.uniform(0.0, 4.0), quiet) for i in range(count)
            ]
    finally:
        publisher.terminate()
        publisher.wait(30.0)


def _one(folder: Path, more_s: float, quiet: dict[str, Any]) -> dict[str, Any]:
    given = ["--lab", str(LAB), "--subject", str(SUBJECT), "--allow-replay", "--wait", "30"]
    live = subprocess.Popen([*EKAM, "live", *given, "-o", str(folder)], **quiet)
    try:
        begun_s = time.monotonic()
        while len(_stances(folder)) < 2:
            assert time.monotonic() < begun_s + LONGEST_S, "no stance came"
            assert live.poll() is None, "the session ended by itself"
            time.sleep(0.01)
        time.sleep(more_s)
        known = len(_stances(folder))
    finally:
        killed_s = time.monotonic()  # LSL's clock
        live.kill()
        live.wait(30.0)
    streams, _ = pyxdf.load_xdf(folder / "raw.xdf", dejitter_timestamps=False)
    ends = {
        s["info"]["type"][0]: float(s["time_stamps"][-1]) for s in streams if len(s["time_stamps"])
    }
    left, again = len(_stances(folder)), verify(folder)
    return {
        "lost_s": round(max(killed_s - ends["Mocap"], killed_s - ends["Force"]), 3),
        "known": known,
        "left": left,
        "verified": again.stances,
        "difference": again.difference,
    }


def _stances(folder: Path) -> list[dict[str, str]]:
    try:
        text = (folder / "stances.csv").read_text()
    except OSError:
        return []
    return list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines()))


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    found = kill(parser.parse_args().kills)
    worst = max(each["lost_s"] for each in found)
    lost = sum(max(0, each["known"] - each["left"]) for each in found)
    ok = worst <= 1.0 and not lost and not any(each["difference"] for each in found)
    told = {
        "kills": len(found),
        "most_lost_s": worst,
        "stances_lost": lost,
        "ok": ok,
        "each": found,
    }
    print(json.dumps(told))  # noqa: T201
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
