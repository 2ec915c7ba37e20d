"""A peer: the marker stream read by mne-lsl's StreamLSL, as its users read it.

python -m display.bench.mne NPZ      (ends with its standard input)
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from display.bench.work import save, set_at_end_of_input, source_id
from stream.lsl_config import SESSION_VARIABLE, loopback_config
from stream.source import Role

ACQUISITION_S = 0.001
"""Its thread looks for samples this often; the shortest that its makers use."""


def consume(over: threading.Event) -> np.ndarray:
    """Time from when a sample was due to when it could be read, s."""
    from mne_lsl.lsl import local_clock
    from mne_lsl.stream import StreamLSL

    stream = StreamLSL(bufsize=2.0, source_id=source_id(Role.MARKERS))
    stream.connect(acquisition_delay=ACQUISITION_S, timeout=30.0)
    late: list[np.ndarray] = []
    while not over.is_set():
        if not (n := stream.n_new_samples):
            time.sleep(0.0002)
            continue
        _, stamps_s = stream.get_data()
        late.append(local_clock() - stamps_s[-n:])
    stream.disconnect()
    return np.concatenate([np.empty(0), *late])


def main() -> None:
    """Run until the standard input ends."""
    over = threading.Event()
    set_at_end_of_input(over)
    with tempfile.TemporaryDirectory() as made:
        config = Path(made) / "lsl_api.cfg"
        config.write_text(loopback_config(os.environ[SESSION_VARIABLE]), encoding="utf-8")
        os.environ["LSLAPICFG"] = str(config)  # it brings an LSL library of its own
        save(sys.argv[1], {"late_s": consume(over)})


if __name__ == "__main__":
    main()
