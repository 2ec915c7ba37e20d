"""The session of the bench: `ekam live` with every pull noted.

python -m display.bench.session LAB SUBJECT FOLDER SECONDS NPZ
"""

import sys
import time
from pathlib import Path

import numpy as np

from compute import Side
from display.bench.work import save
from display.runner import run_session
from stream.lab import read_lab
from stream.latency import Phase
from stream.lsl import LslSource
from stream.lsl_config import use_loopback
from stream.source import Chunk, Role, Source, StreamHealth, StreamInfo
from stream.subject_file import read_subject

_PHASES: tuple[Phase, Phase] = ("early", "final")


class Noted:
    """A source that notes when the session had each sample in its hands."""

    def __init__(self, source: Source) -> None:
        from pylsl import local_clock

        self._source, self._clock = source, local_clock
        self._stamps: dict[Role, list[np.ndarray]] = {role: [] for role in Role}
        self._there: dict[Role, list[np.ndarray]] = {role: [] for role in Role}

    def open(self) -> dict[Role, StreamInfo]:
        """Open the source."""
        return self._source.open()

    def pull(self, timeout_s: float) -> list[Chunk]:
        """Pull, and note."""
        chunks = self._source.pull(timeout_s)
        now_s = self._clock()
        for chunk in chunks:
            self._stamps[chunk.role].append(chunk.stamps_s + chunk.clock_offset_s)
            self._there[chunk.role].append(np.full(len(chunk.stamps_s), now_s))
        return chunks

    @property
    def ended(self) -> bool:
        """Whether the source has ended."""
        return self._source.ended

    def health(self) -> tuple[StreamHealth, ...]:
        """Health of the source."""
        return self._source.health()

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def found(self) -> dict[str, np.ndarray]:
        """What was noted."""
        noted = {}
        for role in Role:
            noted[f"{role.value}_stamps_s"] = np.concatenate([np.empty(0), *self._stamps[role]])
            noted[f"{role.value}_there_s"] = np.concatenate([np.empty(0), *self._there[role]])
        return noted


def main() -> None:
    """Run for the seconds that were asked for."""
    use_loopback()
    lab, subject = read_lab(Path(sys.argv[1])), read_subject(Path(sys.argv[2]))
    folder, seconds, out = Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
    source = Noted(LslSource(*lab.lab.queries(), allow_replay=True, resolve_timeout_s=60.0))
    before_s = time.process_time()
    outcome = run_session(
        source, lab, subject, out=folder, mode="bench", banner="BENCH", seconds=seconds
    )
    numbers = {
        "valid": sum(len(outcome.tally.valid(side)) for side in Side),
        "stances": len(outcome.tally),
        "live_delay_s": outcome.live_delay_s,
        "processor_s": time.process_time() - before_s,
        "missing": sum(health.missing for health in outcome.healths),
    }
    found = {str(phase): outcome.latency.stamps_s(phase) for phase in _PHASES}
    save(out, source.found() | found | {key: np.array(value) for key, value in numbers.items()})


if __name__ == "__main__":
    main()
