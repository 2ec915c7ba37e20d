"""Push to pull under four layouts of consumer: how much later than a bare consumer beside it is one that
computes and shows?

Run as a program (about eight minutes; `--seconds 5 --repeats 1` for a look). One process publishes 200 Hz x
180 channels and 1000 Hz x 12 channels as float32, stamped with the time of the push. A bare
pull-and-discard consumer runs all the time; beside it, in turn and in short rounds:

- nothing (the bare consumer alone),
- `source`: `LslSource`, pulled as the session pulls it,
- `thread`: the same in a thread of the process whose main thread paints both windows,
- `process`: the same with the windows in their own process (`display.window_process`).

The windows are given a new walker's picture 60 times a second, the status 10 times and a row of the trace
with each marker sample. Ratios are taken between a layout and the bare consumer in the same seconds.
"""

import argparse
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

RATES_HZ = {"markers": 200.0, "forces": 1000.0}
CHANNELS = {"markers": 180, "forces": 12}
LAYOUTS = ("alone", "source", "thread", "process")
ROUND_S = 5.0
LONGEST_S = 3600.0
PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}


def say(words):
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def publish():
    """Push one sample at a time, each at its time, until the standard input closes."""
    import pylsl

    clock = pylsl.local_clock
    outlets = {}
    for role, rate_hz in RATES_HZ.items():
        kind = {"markers": "Mocap", "forces": "Force"}[role]
        info = pylsl.StreamInfo(role, kind, CHANNELS[role], rate_hz, "float32", f"latency-{role}")
        outlets[role] = pylsl.StreamOutlet(info)
    samples = {role: np.zeros((1, n), np.float32) for role, n in CHANNELS.items()}
    start_s, n = clock(), 0
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set() and clock() - start_s < LONGEST_S:
        n += 1
        if (wait_s := start_s + n / RATES_HZ["forces"] - clock()) > 0:
            time.sleep(wait_s)
        for role in ("markers", "forces") if n % 5 == 0 else ("forces",):
            outlets[role].push_chunk(samples[role], clock())


class Recording:
    """Delays of the samples that arrive while it records."""

    def __init__(self):
        self._lists = {}
        self.on = False

    def take(self, role, delays_s):
        if self.on:
            self._lists[role].append(delays_s)

    def take_for(self, seconds, path, more=dict):
        self._lists = {role: [] for role in RATES_HZ}
        self.on = True
        time.sleep(seconds)
        self.on = False
        np.savez(path, **{role: np.concatenate(x) for role, x in self._lists.items()}, **more())


def consume_bare(recording):
    """Pull and discard, in a blocking thread per stream."""
    import pylsl

    def pull(role, inlet):
        buffer = np.empty((512, CHANNELS[role]), np.float32)
        while True:
            _, stamps_s = inlet.pull_chunk(
                timeout=0.2, max_samples=512, dest_obj=buffer, min_samples=1, as_numpy=True
            )
            if len(stamps_s):
                recording.take(role, pylsl.local_clock() - stamps_s)

    for role in RATES_HZ:
        [found] = pylsl.resolve_byprop("name", role, timeout=30.0)
        inlet = pylsl.StreamInlet(found, recover=False)
        threading.Thread(target=pull, args=(role, inlet), daemon=True).start()
    time.sleep(1.0)
    say("ready")
    for line in sys.stdin:
        seconds, path = line.split()
        recording.take_for(float(seconds), path)
        say("done")


def consume(layout, recording):
    """Pull as the session does, with the windows where `layout` puts them."""
    import pylsl

    from compute import Side
    from compute.feedback import LegFeedback, Target, WalkerFeedback
    from stream.lsl import LslSource, StreamQuery
    from stream.status import SessionStatus, SessionView

    source = LslSource(StreamQuery("Mocap"), StreamQuery("Force"), resolve_timeout_s=30.0)
    source.open()
    view, over, publish_s = SessionView(), threading.Event(), []
    status = SessionStatus(state="running", subject_id="S00")

    def pull():
        while not over.is_set():
            chunks = source.pull(0.1)
            now_s = pylsl.local_clock()
            for chunk in chunks:
                recording.take(chunk.role.value, now_s - chunk.stamps_s)
                if chunk.role.value == "markers":
                    rows = np.zeros((len(chunk.stamps_s), 5))
                    rows[:, 0] = chunk.stamps_s
                    rows[:, 1] = 0.3 * np.sin(6.0 * chunk.stamps_s)
                    view.trace.append(rows)

    def change():
        n = 0
        while not over.wait(1 / 60):
            n += 1
            value = 80.0 + 20.0 * np.sin(n / 10)
            legs = [LegFeedback(side, Target(), "feedback", 10, 0.5, value, value) for side in Side]
            before_s = time.perf_counter()
            view.walker.publish(WalkerFeedback(*legs))
            publish_s.append(time.perf_counter() - before_s)
            if n % 6 == 0:
                view.status.publish(replace(status, elapsed_s=n / 60, streams=source.health()))

    def work():
        view.status.publish(status)
        threads = [threading.Thread(target=pull), threading.Thread(target=change)]
        for thread in threads:
            thread.start()
        waited = 0
        while layout != "source" and not view.walker_sees.is_set() and (waited := waited + 1) < 900:
            time.sleep(0.1)
        time.sleep(1.5)
        say("ready")
        seconds, path = sys.stdin.readline().split()
        publish_s.clear()
        recording.take_for(
            float(seconds),
            path,
            lambda: {"publish": publish_s, "seen": view.walker_sees.is_set()},
        )
        over.set()
        for thread in threads:
            thread.join()
        source.close()
        view.status.publish(replace(status, state="ended"))
        say("done")

    if layout == "source":
        work()
    elif layout == "process":
        from display.window_process import WindowProcess

        with WindowProcess(view, sys.stderr.write):
            work()
    else:
        from display.app import show

        worker = threading.Thread(target=work)
        worker.start()
        show(view)
        worker.join()


def expect(process, word):
    """Wait for a word on the standard output of a process, two minutes at most."""
    readable, _, _ = select.select([process.stdout], [], [], 120.0)
    line = process.stdout.readline().strip() if readable else "nothing"
    if line != word:
        raise SystemExit(f"a process said {line!r} instead of {word!r}")


@contextlib.contextmanager
def role(*arguments):
    """This program in another part, ended at the end."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        process.kill()
        process.wait()


def one_round(bare, layout, seconds, folder):
    """Delays of the bare consumer and of a layout over the same seconds."""
    beside, mine = folder / "bare.npz", folder / "mine.npz"
    other = contextlib.nullcontext() if layout == "alone" else role("--consume", layout)
    with other as process:
        if process is not None:
            expect(process, "ready")
            process.stdin.write(f"{seconds} {mine}\n")
            process.stdin.flush()
        bare.stdin.write(f"{seconds} {beside}\n")
        bare.stdin.flush()
        expect(bare, "done")
        if process is None:
            return dict(np.load(beside)), {}
        expect(process, "done")
        found = dict(np.load(mine))
        if layout in ("thread", "process") and not found["seen"]:
            raise SystemExit(f"{layout}: the windows were not seen")
        return dict(np.load(beside)), found


def measure(seconds, folder):
    """One repeat: figures of every layout, with all rounds of it together."""
    bare_ms = {layout: {name: [] for name in RATES_HZ} for layout in LAYOUTS}
    mine_ms = {layout: {name: [] for name in (*RATES_HZ, "publish")} for layout in LAYOUTS}
    with role("--publish"), role("--consume", "bare") as bare:
        expect(bare, "ready")
        for i in range(max(1, round(seconds / ROUND_S))):
            order = LAYOUTS if i % 2 == 0 else LAYOUTS[::-1]
            for layout in order:
                beside, mine = one_round(bare, layout, min(seconds, ROUND_S), folder)
                for name in RATES_HZ:
                    bare_ms[layout][name].append(1e3 * beside[name])
                for name in mine_ms[layout] if mine else ():
                    mine_ms[layout][name].append(1e3 * mine[name])
    figures = {}
    for layout in LAYOUTS:
        found = figures[layout] = {}
        for name in RATES_HZ:
            beside = percentiles(bare_ms[layout][name])
            found[name] = {"bare_ms": beside}
            if layout != "alone":
                mine = percentiles(mine_ms[layout][name])
                found[name] |= {
                    "ms": mine,
                    "ratio": {key: mine[key] / beside[key] for key in PERCENTILES},
                }
        if layout != "alone":
            found["publish_us"] = {
                key: 1e3 * value for key, value in percentiles(mine_ms[layout]["publish"]).items()
            }
    return figures


def percentiles(lists):
    values = np.concatenate(lists)
    return {key: float(np.percentile(values, q)) for key, q in PERCENTILES.items()}


def median(figures):
    """Median over repeats, figure by figure."""
    if isinstance(figures[0], dict):
        return {key: median([each[key] for each in figures]) for key in figures[0]}
    return float(np.median(figures))


@contextlib.contextmanager
def screen():
    """A virtual screen of 1920 x 1080 where there is one to be had, else Qt's offscreen platform."""
    if not shutil.which("Xvfb"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield "offscreen"
        return
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        with os.fdopen(read) as said:
            os.environ["DISPLAY"] = ":" + said.readline().strip()
        os.environ.pop("QT_QPA_PLATFORM", None)
        yield "Xvfb 1920x1080, no vsync"
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="per layout and repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--publish", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--consume", choices=("bare", *LAYOUTS[1:]), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    from stream.lsl_config import SESSION_VARIABLE, use_loopback

    os.environ.setdefault(SESSION_VARIABLE, f"latency-{os.getpid()}")
    if asked.publish or asked.consume:
        use_loopback()
    if asked.publish:
        publish()
    elif asked.consume == "bare":
        consume_bare(Recording())
    elif asked.consume:
        consume(asked.consume, Recording())
    else:
        with screen() as where, tempfile.TemporaryDirectory() as folder:
            found = median([measure(asked.seconds, Path(folder)) for _ in range(asked.repeats)])
        found = {"screen": where, "repeats": asked.repeats, "seconds": asked.seconds, **found}
        say(json.dumps(found, indent=1) if asked.json else table(found))


def table(found):
    lines = [f"{found['screen']}; medians of {found['repeats']} repeats of {found['seconds']:g} s"]
    for layout in LAYOUTS:
        for name in RATES_HZ:
            each = found[layout][name]
            for what, form in (("bare_ms", ".3f"), ("ms", ".3f"), ("ratio", ".2f")):
                if what in each:
                    numbers = "  ".join(f"{k} {v:{form}}" for k, v in each[what].items())
                    lines.append(f"{layout:8} {name:8} {what:8} {numbers}")
        if "publish_us" in found[layout]:
            numbers = "  ".join(f"{k} {v:.1f}" for k, v in found[layout]["publish_us"].items())
            lines.append(f"{layout:8} publish  us       {numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
