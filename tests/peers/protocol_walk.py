"""A whole session of a template on a recording of a synthetic walker, computed and scored as any recording is.

The walker walks as usual up to the end of the baseline and from then on with a first peak that is lower by a share;
prints one line of JSON: time walked, time taken, and how each block went.

    python tests/peers/protocol_walk.py ekam_retraining --lower 0.12
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import walkers  # noqa: E402

from compute import Side  # noqa: E402
from stream.file_source import FileSource  # noqa: E402
from stream.protocol_file import read_protocol  # noqa: E402
from stream.protocol_run import ProtocolRun, Setup  # noqa: E402
from stream.recording import RecordedStream, Recording  # noqa: E402
from stream.session import Session  # noqa: E402
from stream.status import SessionView  # noqa: E402
from stream.synthetic import Noise, SyntheticTrial, synthesise, whole_strides  # noqa: E402
from stream.synthetic_parameters import WalkParameters  # noqa: E402


def joined(first: SyntheticTrial, second: SyntheticTrial) -> Recording:
    """One walk after the other: both are whole strides long."""

    def one(a: RecordedStream, b: RecordedStream) -> RecordedStream:
        stamps_s = np.concatenate([a.stamps_s, b.stamps_s + first.duration_s])
        return replace(a, stamps_s=stamps_s, values=np.concatenate([a.values, b.values]))

    a, b = first.recording, second.recording
    assert a.forces is not None
    assert b.forces is not None
    return replace(a, markers=one(a.markers, b.markers), forces=one(a.forces, b.forces))


def main() -> int:
    """Run as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("protocol")
    parser.add_argument("--lower", type=float, default=0.12)
    parser.add_argument("--session", type=int, default=1)
    asked = parser.parse_args()
    usual = WalkParameters(response=0.0)
    lowered = replace(
        usual, peak1_nm_per_kg=tuple((1.0 - asked.lower) * p for p in usual.peak1_nm_per_kg)
    )
    file = read_protocol(asked.protocol)
    leg = Side.LEFT if file.protocol.legs == "one" else None
    setup = Setup(file, asked.session, leg)
    blocks = setup.plan().blocks
    last = max(i for i, block in enumerate(blocks) if block.kind == "baseline")
    before_s, after_s = (
        sum(block.after_s or 40.0 for block in part)
        for part in (blocks[: last + 1], blocks[last + 1 :])
    )
    counts = [
        whole_strides(walk, round(seconds / walk.stride_s) + 1, 100.0, 1000.0)
        for walk, seconds in ((usual, before_s), (lowered, after_s))
    ]
    recording = joined(
        synthesise(usual, counts[0], noise=Noise(1)), synthesise(lowered, counts[1], noise=Noise(2))
    )
    run, view = ProtocolRun(setup), SessionView()
    view.control.start()
    session = Session(
        FileSource(recording), walkers.lab(), walkers.subject(), view, live=False, protocol=run
    )
    session.open()
    begun = time.perf_counter()
    outcome = session.run()
    took_s = time.perf_counter() - begun
    told = {
        "protocol": run.plan.name,
        "walked_s": round(float(recording.markers.stamps_s[-1]), 1),
        "took_s": round(took_s, 1),
        "stances": len(outcome.tally),
        "ended": run.state.ended,
        "held": run.state.held,
        "blocks": [
            [r.name, round(r.to_s - r.from_s, 2)]
            + [
                [leg.valid, leg.rejected, round(leg.change, 1), round(leg.in_band_pct), leg.success]
                if leg.change == leg.change
                else [leg.valid, leg.rejected]
                for leg in r.legs
            ]
            for r in run.state.results
        ],
    }
    print(json.dumps(told, indent=1))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
