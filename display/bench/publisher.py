"""The publisher of the bench: every sample pushed by itself, when it is due.

Stamps are the times at which samples are due, so they are as even as those of a device; when each was really
pushed is kept, and the publisher's own lateness is thus never counted as ours.

    python -m display.bench.publisher SIZE_JSON NPZ      (ends with its standard input)
"""

import sys
import threading

import numpy as np

from display.bench.work import Size, save, set_at_end_of_input, source_id, walk
from stream.clock import LslClock
from stream.header import copy_into, description
from stream.lsl_config import use_loopback
from stream.source import Role

LONGEST_S = 7200.0
_AHEAD_S = 0.3


def publish(size: Size, over: threading.Event) -> dict[str, np.ndarray]:
    """Push until `over`; stamps and times of every push."""
    import pylsl

    clock = LslClock()
    streams = walk(size).streams()
    outlets, rows = {}, {}
    for stream in streams:
        info = stream.info
        outlet_info = pylsl.StreamInfo(
            info.name,
            info.type,
            len(info.channels),
            info.nominal_rate_hz,
            "float32",
            source_id(info.role),
        )
        copy_into(description(info), outlet_info.desc())
        outlets[info.role] = pylsl.StreamOutlet(outlet_info)
        rows[info.role] = stream.values.astype(np.float32)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    begun_s = round(clock.now(), 6) + _AHEAD_S
    pushed: dict[Role, list[float]] = {role: [] for role in outlets}
    due = {stream.info.role: begun_s for stream in streams}
    rate_hz = {stream.info.role: stream.info.nominal_rate_hz for stream in streams}
    while not over.is_set() and clock.now() - begun_s < LONGEST_S:
        role = min(due, key=lambda each: due[each])
        clock.wait_until(due[role])
        n = len(pushed[role])
        # Before the push: while it returns, a consumer on the same core may already have the sample.
        pushed[role].append(clock.now())
        outlets[role].push_sample(rows[role][n % len(rows[role])], due[role])
        due[role] = begun_s + (n + 1) / rate_hz[role]
    found = {}
    for role, times in pushed.items():
        found[f"{role.value}_pushed_s"] = np.array(times)
        found[f"{role.value}_stamps_s"] = begun_s + np.arange(len(times)) / rate_hz[role]
    return found


def main() -> None:
    """Run until the standard input ends."""
    use_loopback()
    over = threading.Event()
    set_at_end_of_input(over)
    save(sys.argv[2], publish(Size.read(sys.argv[1]), over))


if __name__ == "__main__":
    main()
