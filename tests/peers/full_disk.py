"""A live session whose disk becomes full in the middle: what it tells, and what is left.

A walker is replayed over loopback and `ekam live` records into a tmpfs of `SIZE_MB`; where mounting one is not allowed
the size of its files is limited instead. After some stances the disk is filled. Prints one line of JSON.

    python tests/peers/full_disk.py
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pylsl

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from commands import EKAM, without_screen  # noqa: E402

from stream.lsl_config import SESSION_VARIABLE, use_loopback  # noqa: E402
from stream.outlet_layout import STANCES  # noqa: E402
from stream.verify import verify  # noqa: E402

DATA = ROOT / "replay_data"
LAB, SUBJECT, WALK = (
    DATA / f"synthetic_{name}" for name in ("lab.toml", "subject.toml", "walk.c3d")
)
SIZE_MB = 32
LONGEST_S = 60.0
FINAL = 1.0
"""Value of channel ``phase``."""


@contextlib.contextmanager
def small_disk() -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is a small disk of its own."""
    with tempfile.TemporaryDirectory(prefix="ekam-full-") as made:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", made]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        try:
            yield Path(made), mounted
        finally:
            if mounted:
                subprocess.run(["umount", made], check=True)


def fill(before: int = 3, after: int = 4) -> dict[str, Any]:
    """Fill the disk once `before` stances are there, wait for `after` more, stop; what was seen."""
    session = use_loopback()
    quiet = {"env": without_screen() | {SESSION_VARIABLE: session}, "stdout": subprocess.DEVNULL}
    publisher = subprocess.Popen(
        [*EKAM, "replay", str(WALK), "--lab", str(LAB), "--loop"],
        **quiet,
        stderr=subprocess.DEVNULL,
    )
    try:
        with small_disk() as (disk, mounted), tempfile.TemporaryFile("w+") as said:
            given = ["--lab", str(LAB), "--subject", str(SUBJECT), "--allow-replay", "--wait", "30"]
            live = subprocess.Popen(
                [*EKAM, "live", *given, "-o", str(disk / "s")], **quiet, stderr=said
            )
            try:
                inlet = _inlet()
                _finals(inlet, before)
                full_s = time.monotonic()
                _fill_up(disk, mounted, live.pid)
                told_s = _told(said, "The recording stopped") - full_s
                seen = _finals(inlet, after)
                live.send_signal(signal.SIGINT)
                code = live.wait(LONGEST_S)
            finally:
                live.kill()
                live.wait(30.0)
            said.seek(0)
            again = verify(disk / "s")
            return {
                "disk": "tmpfs" if mounted else "limited file size",
                "lamp_after_s": round(told_s, 2),
                "stances_after": seen,
                "exit_code": code,
                "said": [line for line in said.read().splitlines() if "free" in line],
                "verified": again.stances,
                "beyond": again.beyond,
                "difference": again.difference,
                "notes": again.notes,
            }
    finally:
        publisher.terminate()
        publisher.wait(30.0)


def _inlet() -> pylsl.StreamInlet:
    found = pylsl.resolve_byprop("name", STANCES, timeout=LONGEST_S)
    assert found, "the session published nothing"
    return pylsl.StreamInlet(found[0])


def _finals(inlet: pylsl.StreamInlet, count: int) -> int:
    """Wait until so many final values were published."""
    begun_s, seen = time.monotonic(), 0
    while seen < count:
        assert time.monotonic() < begun_s + LONGEST_S, f"{seen} of {count} stances came"
        sample, _ = inlet.pull_sample(timeout=1.0)
        seen += sample is not None and sample[0] == FINAL
    return seen


def _fill_up(disk: Path, mounted: bool, pid: int) -> None:
    if not mounted:
        size = (disk / "s" / "raw.xdf").stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
        return
    with contextlib.suppress(OSError), (disk / "other").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def _told(said: Any, words: str) -> float:
    """When a line with these words was there."""
    begun_s = time.monotonic()
    while words not in os.pread(said.fileno(), 1 << 20, 0).decode():
        assert time.monotonic() < begun_s + LONGEST_S, f"never said: {words}"
        time.sleep(0.01)
    return time.monotonic()


def main() -> int:
    """Run as asked on the command line."""
    os.environ.setdefault(SESSION_VARIABLE, f"full-{os.getpid()}")
    told = fill()
    print(json.dumps(told))  # noqa: T201
    return 0 if told["lamp_after_s"] <= 1.0 and not told["difference"] else 1


if __name__ == "__main__":
    sys.exit(main())
