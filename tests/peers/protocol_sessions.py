"""A session of a protocol that is killed in the middle of its training, and the one that goes on from there.

A walker is replayed over loopback; `ekam live --participant` runs a short protocol and is killed (SIGKILL) while
the walker trains; `ekam live --resume` goes on, perhaps with another subject file. Prints one line of JSON: block,
baselines and stances before and after, and whether both folders compute again to the same.

    python tests/peers/protocol_sessions.py
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from commands import EKAM, without_screen  # noqa: E402

from compute.protocol import start  # noqa: E402
from stream.lsl_config import SESSION_VARIABLE  # noqa: E402
from stream.protocol_run import read_setup, replayed  # noqa: E402
from stream.verify import verify  # noqa: E402

DATA = ROOT / "replay_data"
LAB, SUBJECT, WALK = (
    DATA / f"synthetic_{name}" for name in ("lab.toml", "subject.toml", "walk.c3d")
)
WALKER = "SYNTHETIC"
SHORT = """
name = "short"
[baseline]
stances = 6
least = 5
[[questions]]
name = "pain"
[[blocks]]
name = "baseline"
kind = "baseline"
[[blocks]]
name = "train"
kind = "train"
minutes = 0.5
share = 0.5
cycle_minutes = 0.05
[[blocks]]
name = "retention"
kind = "retention"
valid = 3
"""
LONGEST_S = 90.0


def interrupted(folder: Path) -> dict[str, Any]:
    """Run, kill, go on; what was before and after."""
    environment = without_screen() | {SESSION_VARIABLE: f"protocol-{os.getpid()}"}
    quiet: dict[str, Any] = {
        "env": environment,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    (folder / "short.toml").write_text(SHORT)
    store = folder / "participants"
    enrol = ["participant", WALKER, "--protocol", str(folder / "short.toml"), "--store", str(store)]
    enrol.append("--rehearsal")
    subprocess.run([*EKAM, *enrol], check=True, **quiet)
    # the marker that fell off was put back and calibrated: another file, the same walker
    again = folder / "again.toml"
    again.write_text("# calibrated anew\n" + SUBJECT.read_text())
    publisher = subprocess.Popen([*EKAM, "replay", str(WALK), "--lab", str(LAB), "--loop"], **quiet)
    given = ["--lab", str(LAB), "--allow-replay", "--wait", "30", "--participant", WALKER]
    command = [*EKAM, "live", *given, "--store", str(store)]
    first, second = store / WALKER / "session_01", store / WALKER / "session_01_2"
    try:
        live = subprocess.Popen([*command, "--subject", str(SUBJECT)], **quiet)
        try:
            _wait(lambda: sum(r["block"] == "train" for r in stances(first)) >= 1, live)
            beside = subprocess.run(
                [*command, "--subject", str(SUBJECT), "--resume"],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            _wait(lambda: sum(r["block"] == "train" for r in stances(first)) >= 4, live)
        finally:
            live.kill()
            live.wait(30.0)
        refused = subprocess.run(
            [*command, "--subject", str(SUBJECT)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        before = _state(first)
        gone_on = subprocess.run(
            [*command, "--subject", str(again), "--resume"],
            env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_S,
        )  # fmt: skip
    finally:
        publisher.terminate()
        publisher.wait(30.0)
    after = _state(second)
    return {
        "beside": beside.stderr.strip(),
        "refused": refused.stderr.strip(),
        "went_on": gone_on.returncode,
        "said": gone_on.stderr[-500:] if gone_on.returncode else "",
        "told_apart_pct": _told_apart_pct(second, after),
        "block_before": before.stretches[-1].label,
        "first_block_after": stances(second)[0]["block"],
        "blocks_after": list(dict.fromkeys(row["block"] for row in stances(second))),
        "kept": {
            "baselines": before.baselines == after.baselines,
            "targets": before.targets == after.targets,
            "stances_in_log": [sum(before.taken), len(stances(first))],
            "stances_of_both": [sum(after.taken), len(stances(first)) + len(stances(second))],
        },
        "ended": after.ended,
        "notes": list(after.notes),
        "verified": [verify(each).difference for each in (first, second)],
        "journal": [
            json.loads(line)["what"]
            for line in (store / WALKER / "journal.jsonl").read_text().splitlines()
        ],
    }


def _state(folder: Path) -> Any:
    setup, inputs = read_setup(folder)
    return replayed(start(setup.plan()), inputs)


def _told_apart_pct(folder: Path, state: Any) -> float:
    """How far what the walker was told of a step lies from its share of the baseline that was kept."""
    apart = [
        abs(float(row["feedback_value"]) - 100.0 * float(row["ekam_peak1_nm_per_kg"]) / mean)
        for row in stances(folder)
        if row["feedback_value"]
        for mean in [state.baselines[row["side"] == "right"].mean]
    ]
    assert apart, "no step was told"
    return max(apart)


def _wait(until: Any, live: subprocess.Popen[bytes]) -> None:
    begun_s = time.monotonic()
    while not until():
        assert time.monotonic() < begun_s + LONGEST_S, "it did not come to the training"
        assert live.poll() is None, "the session ended by itself"
        time.sleep(0.05)


def stances(folder: Path) -> list[dict[str, str]]:
    """Whole lines of a session's stances."""
    try:
        text = (folder / "stances.csv").read_text()
    except OSError:
        return []
    return list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines()))


def main() -> int:
    """Run it once."""
    with tempfile.TemporaryDirectory(prefix="ekam-protocol-") as made:
        print(json.dumps(interrupted(Path(made)), indent=1))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
