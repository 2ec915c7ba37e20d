"""A publisher to be killed, frozen and restarted.

It waits for one line of JSON on its standard input, a list of outlets, opens them and says on its standard
output when they were up. It ends with its input, so with the process that started it, and after two
minutes whatever happens.

An outlet is ``name, type, rate_hz, codes`` (one per channel), and perhaps ``desc`` (XML), ``source_id`` (none:
pylsl's own), ``declared`` (rate that the header states), ``format``, ``silent`` (nothing is sent) or ``table``
(an .npy file whose rows are sent in turn, its columns picked by ``codes``). Sample number k is stamped k / rate
of the LSL local clock, so publishers that follow each other go on in the same row; without a table each
channel carries its code, and the last 20 bits of k behind the point.
"""

import json
import os
import sys
import threading
import time
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pylsl

from stream.header import copy_into
from stream.lsl_config import use_loopback

TICK_S = 0.005
COUNTS = 1 << 20


class Outlet:
    """One stream, sent by the clock."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.codes = np.array(told["codes"])
        self.rate_hz = told["rate_hz"]
        self.silent = told.get("silent", False)
        self.table = np.load(told["table"]) if "table" in told else None
        info = pylsl.StreamInfo(
            told["name"],
            told["type"],
            len(self.codes),
            told.get("declared", self.rate_hz),
            told.get("format", "double64"),
            **({"source_id": told["source_id"]} if "source_id" in told else {}),
        )
        copy_into(ET.fromstring(told.get("desc", "<desc/>")), info.desc())
        self.outlet = pylsl.StreamOutlet(info)
        self.sent = int(pylsl.local_clock() * self.rate_hz)

    def send(self) -> None:
        """Send what is due."""
        due = int(pylsl.local_clock() * self.rate_hz)
        if due > self.sent and not self.silent:
            k = np.arange(self.sent + 1, due + 1)
            self.outlet.push_chunk(self.rows(k), (k / self.rate_hz).tolist())
            self.sent = due

    def rows(self, k: np.ndarray) -> np.ndarray:
        """Values of samples number `k`, shape (n, channels)."""
        if self.table is None:
            return self.codes + (k % COUNTS)[:, None] / COUNTS
        return np.ascontiguousarray(self.table[k % len(self.table)][:, self.codes])


def main() -> None:
    """Wait for the order, then send until the input ends."""
    threading.Timer(120.0, os._exit, (0,)).start()
    use_loopback()
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    outlets = [Outlet(told) for told in json.loads(line)]
    print(json.dumps({"up_s": pylsl.local_clock()}), flush=True)  # noqa: T201

    def until_the_end() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=until_the_end, daemon=True).start()
    while True:
        for outlet in outlets:
            outlet.send()
        time.sleep(TICK_S)


if __name__ == "__main__":
    main()
