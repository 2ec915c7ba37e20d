"""A whole live session for an hour: what is lost, how its memory grows.

``ekam replay`` sends a walker, 60 markers at 200 Hz and 12 plate channels at 1000 Hz, over and over; ``ekam
live`` receives, scores, publishes and records it, without windows. Prints one line of JSON; exit code 1 if
a sample was lost. `rss_mb` is the memory of the session, minute by minute.

    python tests/peers/soak_session.py --minutes 60
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from peers.soak import recorded_counts  # noqa: E402

from stream.c3d_write import write_c3d  # noqa: E402
from stream.lsl_config import SESSION_VARIABLE  # noqa: E402
from stream.source import Channel, Role  # noqa: E402
from stream.synthetic import synthesise  # noqa: E402

REPLAY_DATA = ROOT / "replay_data"
MARKERS = 60
EVERY_S = 60.0
RATES_HZ = {"markers": 200.0, "forces": 1000.0}


def walk(path: Path) -> None:
    """A walker with 60 markers at 200 Hz, in a C3D file."""
    recording = synthesise(marker_rate_hz=200.0, force_rate_hz=1000.0).recording
    markers = recording.markers
    more = MARKERS - len(markers.info.channels) // 3
    channels = tuple(
        Channel(f"X{i:02d}_{axis}", "m", f"Position{axis}", f"X{i:02d}")
        for i in range(more)
        for axis in "XYZ"
    )
    values = np.concatenate([markers.values, markers.values[:, : 3 * more]], axis=1)
    info = replace(markers.info, channels=markers.info.channels + channels)
    write_c3d(replace(recording, markers=replace(markers, info=info, values=values)), path)


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def soak(minutes: float) -> dict[str, object]:
    """Run it and say what was found."""
    environment = os.environ | {SESSION_VARIABLE: f"soak-session-{os.getpid()}"}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        environment.pop(name, None)
    ekam = [sys.executable, "-P", "-m", "display.cli"]
    lab, subject = REPLAY_DATA / "synthetic_lab.toml", REPLAY_DATA / "synthetic_subject.toml"
    with tempfile.TemporaryDirectory(prefix="ekam-soak-") as made:
        folder, path = Path(made) / "session", Path(made) / "walk.c3d"
        walk(path)
        given = [str(path), "--lab", str(lab), "--loop", "--wait-consumers"]
        quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        publisher = subprocess.Popen(
            [*ekam, "replay", *given, "--seconds", str(60.0 * minutes)], **quiet
        )
        live = subprocess.Popen(
            [*ekam, "live", "--lab", str(lab), "--subject", str(subject), "--allow-replay",
             "--wait", "60", "-o", str(folder)], **quiet,
        )  # fmt: skip
        memory: list[float] = []
        try:
            end_s = time.monotonic() + 60.0 * minutes + 180.0
            look_s = time.monotonic() + EVERY_S
            while live.poll() is None and time.monotonic() < end_s:
                if time.monotonic() >= look_s:
                    look_s += EVERY_S
                    memory.append(rss_mb(live.pid))
                time.sleep(0.2)
        finally:
            for process in (live, publisher):
                process.terminate()
                process.wait(60.0)
        told = json.loads((folder / "session.json").read_text())
        counts = recorded_counts(folder / "raw.xdf")
        with (folder / "stances.csv").open() as file:
            verdicts = [row["verdict"] for row in csv.DictReader(file)]
    streams = {}
    for number, role in enumerate(Role):
        health = told["streams"][role.value]["health"]
        streams[role.value] = {
            "sent": round(60.0 * minutes * RATES_HZ[role.value]),
            "received": health["samples"],
            "missing": health["missing"],
            "recorded": counts.get(1 + 2 * number, 0),
            "out_of_order": told["streams"][role.value][
                "samples_with_stamps_that_did_not_increase"
            ],
        }
    return {
        "minutes": minutes,
        **streams,
        "stances": len(verdicts),
        "valid": verdicts.count("valid"),
        "rss_mb": memory,
        "latency_ms": told["latency_ms"],
        "ok": all(
            each["received"] == each["recorded"] and not each["missing"] and not each["out_of_order"]
            for each in streams.values()
        ),
    }  # fmt: skip


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    found = soak(parser.parse_args().minutes)
    print(json.dumps(found))  # noqa: T201
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
