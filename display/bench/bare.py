"""The yardstick of every latency: a consumer that pulls and discards, a blocking thread per stream.

python -m display.bench.bare NPZ      (ends with its standard input)
"""

import sys
import threading

import numpy as np

from display.bench.work import save, source_id
from stream.lsl_config import use_loopback
from stream.source import Role

_MOST = 512
_LONGEST_S = 60.0


def consume(role: Role, name: str, over: threading.Event, found: dict[str, np.ndarray]) -> None:
    """Receive a stream until `over`; stamps of all samples and when each was there."""
    import pylsl

    infos = pylsl.resolve_byprop("source_id", name, timeout=_LONGEST_S)
    if not infos:
        return
    inlet = pylsl.StreamInlet(infos[0], recover=False)
    buffer = np.empty((_MOST, infos[0].channel_count()), np.float32)
    stamps, there = [], []
    while not over.is_set():
        try:
            _, stamps_s = inlet.pull_chunk(
                timeout=0.2, max_samples=_MOST, dest_obj=buffer, min_samples=1, as_numpy=True
            )
        except pylsl.util.LostError:
            break
        if len(stamps_s):
            there.append(np.full(len(stamps_s), pylsl.local_clock()))
            stamps.append(np.array(stamps_s))
    found[f"{role.value}_stamps_s"] = np.concatenate([np.empty(0), *stamps])
    found[f"{role.value}_there_s"] = np.concatenate([np.empty(0), *there])


def main() -> None:
    """Run until the standard input ends."""
    use_loopback()
    over = threading.Event()
    found: dict[str, np.ndarray] = {}
    threads = [
        threading.Thread(target=consume, args=(role, source_id(role), over, found)) for role in Role
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    save(sys.argv[1], found)


if __name__ == "__main__":
    main()
