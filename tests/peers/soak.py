"""An hour of streams at full rate: what is lost, out of order, how old it arrives, what it costs.

A publisher of its own sends 60 markers at 200 Hz and 12 force channels at 1000 Hz, every sample with its
number; an `LslSource` receives them and a `Recorder` writes them to a temporary folder (0.7 GB an hour).
Prints one line of JSON; exit code 1 if anything was lost, repeated or out of order.

    python tests/peers/soak.py --minutes 60
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from stream.header import copy_into, description  # noqa: E402
from stream.lsl import LslSource, StreamQuery  # noqa: E402
from stream.lsl_config import SESSION_VARIABLE, use_loopback  # noqa: E402
from stream.recorder import Recorder  # noqa: E402
from stream.source import Channel, Chunk, Role, StreamInfo  # noqa: E402

RATES_HZ = {Role.MARKERS: 200, Role.FORCES: 1000}
CHANNELS = {Role.MARKERS: 180, Role.FORCES: 12}
TYPES = {Role.MARKERS: "Mocap", Role.FORCES: "Force"}
TICK_S = 0.005
SETTLED_S = 120.0
"""Memory is taken for settled after this time, or after half of a shorter run."""


class Ages:
    """Percentiles in bins of 1 %, so that memory does not grow with time."""

    def __init__(self) -> None:
        self.counts = np.zeros(2000, dtype=np.int64)
        self.max_s = 0.0

    def add(self, age_s: float) -> None:
        at = int(np.log(max(age_s, 1e-6) / 1e-6) / np.log(1.01))
        self.counts[min(at, len(self.counts) - 1)] += 1
        self.max_s = max(self.max_s, age_s)

    def ms(self) -> dict[str, float]:
        share = np.cumsum(self.counts) / max(1, self.counts.sum())
        found = {
            f"p{p}": round(1e3 * 1e-6 * 1.01 ** int(np.searchsorted(share, p / 100)), 3)
            for p in (50, 95, 99)
        }
        return found | {"max": round(1e3 * self.max_s, 3)}


# --- the publisher ---------------------------------------------------------------------------------


def publish(most_s: float) -> None:
    """Send until a line comes, the input ends or `most_s` is over; say what was sent."""
    import pylsl

    use_loopback()
    asked = threading.Event()

    def listen() -> None:
        if not sys.stdin.readline():
            os._exit(0)  # whoever started this is gone
        asked.set()

    threading.Thread(target=listen, daemon=True).start()
    outlets = {role: outlet(pylsl, role) for role in Role}
    rows = {role: np.zeros((RATES_HZ[role], CHANNELS[role]), np.float32) for role in Role}
    sent, late = dict.fromkeys(Role, 0), Ages()
    begun_s = pylsl.local_clock()
    while not asked.is_set() and pylsl.local_clock() < begun_s + most_s:
        for role, rate_hz in RATES_HZ.items():
            due = int((pylsl.local_clock() - begun_s) * rate_hz)
            while sent[role] < due:
                n = min(due - sent[role], rate_hz)
                number = sent[role] + np.arange(n)
                rows[role][:n, 0] = number
                stamps_s = begun_s + (number + 1) / rate_hz
                outlets[role].push_chunk(rows[role][:n], stamps_s.tolist())
                sent[role] += n
                late.add(pylsl.local_clock() - stamps_s[-1])
        time.sleep(TICK_S - (pylsl.local_clock() - begun_s) % TICK_S)
    time.sleep(1.0)  # what is under way
    said = {role.value: count for role, count in sent.items()} | {"late_ms": late.ms()}
    print(json.dumps(said), flush=True)  # noqa: T201
    asked.wait(most_s)
    os._exit(0)


def outlet(pylsl: Any, role: Role) -> Any:
    """An outlet of numbered samples."""
    channels = tuple(Channel(f"{role.value} {i}") for i in range(CHANNELS[role]))
    info = StreamInfo(role, f"soak {role.value}", TYPES[role], channels, float(RATES_HZ[role]))
    made = pylsl.StreamInfo(
        info.name, info.type, CHANNELS[role], info.nominal_rate_hz, "float32", info.name
    )
    copy_into(description(info), made.desc())
    return pylsl.StreamOutlet(made)


# --- the receiver ----------------------------------------------------------------------------------


class Counter:
    """Numbers of the samples of one stream."""

    def __init__(self) -> None:
        self.received = self.lost = self.repeated = self.reordered = 0
        self.next = -1
        self.ages = Ages()

    def take(self, chunk: Chunk) -> None:
        numbers = chunk.values[:, 0]
        if self.next < 0:
            self.next = int(numbers[0])
        steps = np.diff(np.concatenate([[self.next - 1], numbers]))
        self.lost += int((steps[steps > 1] - 1).sum())
        self.repeated += int((steps == 0).sum())
        self.reordered += int((steps < 0).sum())
        self.next = int(numbers[-1]) + 1
        self.received += len(numbers)
        self.ages.add(float(chunk.t_arrival_s) - float(chunk.stamps_s[-1]))


def soak(minutes: float) -> dict[str, Any]:
    """Run it and say what was found."""
    os.environ[SESSION_VARIABLE] = f"soak-{os.getpid()}"
    use_loopback()
    span_s = 60.0 * minutes
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    publisher = subprocess.Popen(
        [sys.executable, __file__, "--publish", str(span_s + 180.0)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert publisher.stdin is not None
    assert publisher.stdout is not None
    queries = (StreamQuery("Mocap", "soak markers"), StreamQuery("Force", "soak forces"))
    source = LslSource(*queries, resolve_timeout_s=60.0)
    counters = {role: Counter() for role in Role}
    try:
        with tempfile.TemporaryDirectory(prefix="ekam-soak-") as folder:
            infos = source.open()
            path = Path(folder) / "raw.xdf"
            recorder = Recorder(path, infos)
            begun_s, begun_cpu_s = time.monotonic(), time.process_time()
            settled = 0.0
            asked = False
            silent_s = begun_s
            while True:
                chunks = source.pull(0.1)
                now_s = time.monotonic()
                for chunk in chunks:
                    recorder.offer(chunk)
                    counters[chunk.role].take(chunk)
                    silent_s = now_s
                if not settled and now_s - begun_s > min(SETTLED_S, span_s / 2):
                    settled = rss_mb()
                if not asked and now_s - begun_s > span_s:
                    cpu = (time.process_time() - begun_cpu_s) / (now_s - begun_s)
                    last = rss_mb()
                    publisher.stdin.write("stop\n")
                    publisher.stdin.flush()
                    asked = True
                if now_s - silent_s > (0.7 if asked else 30.0):
                    break  # all is here, or it never will be
            healths = source.health()
            source.close()
            recorder.close()
            said = json.loads(publisher.stdout.readline()) if asked else {}
            recorded = recorded_counts(path)
            lost_in_recorder, fault = recorder.lost, recorder.fault
    finally:
        publisher.kill()
        publisher.wait(10.0)
    streams = {}
    for number, (role, counter) in enumerate(counters.items()):
        tail = said.get(role.value, counter.next) - counter.next
        streams[role.value] = {
            "received": counter.received,
            "lost": counter.lost + tail,
            "reordered": counter.reordered,
            "repeated": counter.repeated,
            "recorded": recorded.get(1 + 2 * number, 0),
            "age_ms": counter.ages.ms(),
            "bound": next(health.bound for health in healths if health.role is role),
        }
    failed = not asked or bool(fault) or lost_in_recorder > 0
    for each in streams.values():
        failed |= bool(each["lost"] or each["reordered"] or each["repeated"])
        failed |= each["recorded"] != each["received"]
    return {
        "minutes": minutes,
        **streams,
        "publisher_late_ms": said.get("late_ms"),
        "rss_mb": {"settled": settled, "end": last if asked else rss_mb()},
        "cpu_share": round(cpu, 4) if asked else None,
        "recorder_fault": fault,
        "ok": not failed,
    }


def rss_mb() -> float:
    """Memory of this process; NaN where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def recorded_counts(path: Path) -> dict[int, int]:
    """Samples in an XDF file by stream id, counted without reading them."""
    counts: dict[int, int] = {}
    with path.open("rb") as file:
        file.seek(4)
        while length := read_length(file):
            end = file.tell() + length
            if int.from_bytes(file.read(2), "little") == 3:
                stream_id = int.from_bytes(file.read(4), "little")
                counts[stream_id] = counts.get(stream_id, 0) + read_length(file)
            file.seek(end)
    return counts


def read_length(file: BinaryIO) -> int:
    """Length in the variable size of the format; 0 at the end of the file."""
    size = file.read(1)
    return int.from_bytes(file.read(size[0]), "little") if size else 0


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--publish", type=float, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.publish is not None:
        publish(told.publish)
    found = soak(told.minutes)
    print(json.dumps(found))  # noqa: T201
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
