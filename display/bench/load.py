"""What a busy machine does beside a session: other streams, a disk that is written to, a processor in use.

python -m display.bench.load streams | disk | processor      (ends with its standard input)
"""

import os
import sys
import tempfile
import threading
import time

import numpy as np

from display.bench.work import set_at_end_of_input
from stream.lsl_config import use_loopback

STREAMS, CHANNELS, RATE_HZ = 20, 32, 250.0
_BLOCK = 4 << 20
_MOST = 64
"""Blocks of the file that is written over and over."""


def commands() -> list[tuple[str, str]]:
    """To be run beside a session."""
    return [("load", "streams"), ("load", "disk"), ("load", "processor")]


def streams(over: threading.Event) -> None:
    """Further publishers, as EEG or EMG in the same room."""
    import pylsl

    use_loopback()
    outlets = [
        pylsl.StreamOutlet(
            pylsl.StreamInfo(
                f"load {i}", "EEG", CHANNELS, RATE_HZ, "float32", f"ekam-bench-load-{i}"
            )
        )
        for i in range(STREAMS)
    ]
    row = np.zeros(CHANNELS, np.float32)
    due_s = time.monotonic()
    while not over.is_set():
        due_s += 1.0 / RATE_HZ
        time.sleep(max(0.0, due_s - time.monotonic()))
        for outlet in outlets:
            outlet.push_sample(row)


def disk(over: threading.Event) -> None:
    """A file that is written and brought to the disk, block after block."""
    block = os.urandom(_BLOCK)
    with tempfile.TemporaryFile() as file:
        while not over.is_set():
            for _ in range(_MOST):
                file.write(block)
                file.flush()
                os.fsync(file.fileno())
                if over.wait(0.05):
                    return
            file.seek(0)


def processor(over: threading.Event) -> None:
    """Half a core of arithmetic."""
    x = np.random.default_rng(0).normal(size=(200, 200))
    while not over.is_set():
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < 0.02:
            np.linalg.svd(x)
        over.wait(time.monotonic() - begun_s)


def main() -> None:
    """Run until the standard input ends."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    over = threading.Event()
    set_at_end_of_input(over)
    {"streams": streams, "disk": disk, "processor": processor}[sys.argv[1]](over)


if __name__ == "__main__":
    main()
