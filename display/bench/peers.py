"""Other programs at the same work, in the same seconds, where they are installed."""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from display.bench import chain
from display.bench.work import Size
from stream.latency import percentiles

SECONDS = 8.0


def measure(size: Size) -> dict[str, Any]:
    """Due to readable, ms, of the marker stream: mne-lsl's and the session's, and their ratio; or why not."""
    if find_spec("mne_lsl") is None:
        return {"mne_lsl": None, "why": "mne-lsl is not installed: run with the group peers"}
    with tempfile.TemporaryDirectory(prefix="ekam-bench-") as made:
        path = Path(made) / "mne.npz"
        found = chain.measure(SECONDS, size, [("mne", str(path))])
        theirs = 1e3 * np.load(path)["late_s"]
    theirs = theirs[len(theirs) // 4 :]
    ours = percentiles(found.samples["markers"]["due"])
    others = percentiles(theirs)
    return {
        "mne_lsl": others,
        "session": ours,
        "ratio": {key: others[key] / ours[key] for key in others},
        "what": "marker sample due to readable by a program, ms; ratio: mne-lsl's StreamLSL over the session",
    }
