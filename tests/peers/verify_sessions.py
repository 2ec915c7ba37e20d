"""Live sessions on replays at several speeds: each must repeat itself, and all must score alike, bit for bit.

Three recordings are replayed over loopback and received by `ekam live`: two real treadmill walks (where they are at
hand) and the synthetic walker with faults. Every session is computed again from its `raw.xdf`, and its table compared
with that of `ekam process` on the file. Prints one line of JSON.

    python tests/peers/verify_sessions.py --speeds 1 10 0
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from commands import EKAM, ekam_process, without_screen  # noqa: E402
from reference import DATA, TRIALS  # noqa: E402

from stream.lsl_config import SESSION_VARIABLE  # noqa: E402
from stream.verify import NOT_REPEATED, verify  # noqa: E402

OWN = ROOT / "replay_data"
FAULTS = (
    "drop:share=0.002",
    "drop:stream=forces,share=0.001",
    "occlude:marker=RSK1,at=4,for=3",
    "swap:marker=LSK1,with=LSK2,at=12,for=2",
    "drift:n=15,at=14.5,for=4",
    "cross_belt:at=20,for=2",
)


@dataclass(frozen=True)
class Walk:
    """A recording with who walks in it, and what goes wrong when it is replayed."""

    name: str
    path: Path
    lab: Path
    subject: Path
    faults: tuple[str, ...] = ()


def walks(folder: Path) -> list[Walk]:
    """The recordings; subjects of real ones are calibrated into `folder`."""
    own = OWN / "synthetic_walk.c3d", OWN / "synthetic_lab.toml", OWN / "synthetic_subject.toml"
    found = [Walk("synthetic", *own), Walk("synthetic with faults", *own, FAULTS)]
    for trial in TRIALS[:2] if DATA.is_dir() else []:
        subject = folder / f"{trial.folder}.toml"
        _run(*trial.calibrate_arguments(subject))
        found.append(Walk(trial.folder, trial.path(trial.walk), trial.lab, subject))
    return found


def live(walk: Walk, folder: Path, speed: float, seed: int = 1) -> None:
    """Record a session into `folder` from a replay at this speed, 0 = as fast as it is taken."""
    faults = [part for fault in walk.faults for part in ("--fault", fault)]
    publisher = subprocess.Popen(
        [*EKAM, "replay", str(walk.path), "--lab", str(walk.lab), "--wait-consumers",
         "--speed", str(speed), "--seed", str(seed), *faults],
        env=without_screen(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        given = ["--lab", str(walk.lab), "--subject", str(walk.subject), "--allow-replay"]
        _run("live", *given, "--wait", "60", "-o", str(folder))
    finally:
        publisher.terminate()
        publisher.wait(30.0)


def process(walk: Walk, folder: Path) -> None:
    """Score the file itself into `folder`."""
    given = ["--lab", str(walk.lab), "--subject", str(walk.subject), "-o", str(folder)]
    _run("process", str(walk.path), *given)


def rows(folder: Path) -> list[dict[str, str]]:
    """The table without what tells of the machine."""
    with (folder / "stances.csv").open(encoding="utf-8", newline="") as file:
        return [
            {key: text for key, text in row.items() if key not in NOT_REPEATED}
            for row in csv.DictReader(file)
        ]


def _run(*arguments: str) -> None:
    done = ekam_process(*arguments)
    if done.returncode:
        raise RuntimeError(f"ekam {' '.join(arguments)}: {done.stderr}")


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--speeds", type=float, nargs="+", default=[1.0, 10.0, 0.0])
    speeds = parser.parse_args().speeds
    os.environ.setdefault(SESSION_VARIABLE, f"verify-{os.getpid()}")
    told: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="ekam-verify-") as made:
        for walk in walks(Path(made)):
            folder = Path(made) / walk.name
            process(walk, folder / "file")
            first: list[dict[str, str]] = rows(folder / "file") if not walk.faults else []
            for speed in speeds:
                live(walk, folder / str(speed), speed)
                found = verify(folder / str(speed))
                table = rows(folder / str(speed))
                first = first or table
                told.append(
                    {
                        "recording": walk.name,
                        "speed": speed,
                        "stances": found.stances,
                        "valid": sum(row["verdict"] == "valid" for row in table),
                        "difference": found.difference,
                        "as_the_others": table == first,
                        "notes": found.notes,
                    }
                )
    ok = all(not each["difference"] and each["as_the_others"] for each in told)
    print(json.dumps({"ok": ok, "each": told}))  # noqa: T201
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
