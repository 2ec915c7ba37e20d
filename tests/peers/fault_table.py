"""Every fault that a replay can inject, through a whole session: what the walker saw, the verdicts, the lamps.

Prints a table in Markdown; exit code 1 when a rejected stance was shown as final, or a session does not repeat
itself. No network, no waiting: lamps that tell of the network itself (`tests/stream/test_lsl_restarts.py`) stay ok.

    python tests/peers/fault_table.py
"""

import csv
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import walkers  # noqa: E402
from received import lamps, run, with_faults  # noqa: E402

from stream.errors import EkamError  # noqa: E402
from stream.faults import KINDS  # noqa: E402
from stream.source import LampState, Role  # noqa: E402
from stream.verify import verify  # noqa: E402

MORE = {
    "occlude": ":marker=RSK1",
    "zero": ":marker=RSK1",
    "hold": ":marker=RSK1",
    "swap": ":marker=RSK1,with=RSK2",
    "drift": ":at=10,for=20",
    "delay": ":at=10",
}
STRIDES = 42


def row(fault: str) -> tuple[list[str], bool]:
    """Cells of one fault, and whether all is well."""
    with tempfile.TemporaryDirectory(prefix="ekam-fault-") as made:
        folder = Path(made)
        try:
            _, told = run(with_faults(walkers.trial(STRIDES).recording, fault), folder, seen=True)
        except EkamError as error:
            return [fault, "nothing: the session ends", "", str(error)], True
        with (folder / "stances.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        same = verify(folder).difference == ""
    valid = [each for each in rows if each["verdict"] == "valid"]
    rejected = [each for each in rows if each["verdict"] != "valid"]
    false = sum(each["shown"] == "final" for each in rejected)
    withdrawn = sum(each["shown"] == "early" for each in rejected)
    saw = f"{sum(each['shown'] == 'final' for each in valid)} final, {withdrawn} withdrawn, {false} false"
    reasons = Counter(reason for each in rejected for reason in each["reasons"].split(";"))
    verdicts = f"{len(valid)} valid; " + ", ".join(f"{n} {name}" for name, n in reasons.items())
    said = [
        f"{role.value} {state.value}: {message}"
        for role in Role
        for state, message in lamps(told, role)
        if state is not LampState.OK
    ] + [status.message for status in told if status.message]
    once = {re.sub(r"\d+", "#", sentence): sentence for sentence in reversed(said)}
    return [fault, saw, verdicts, "; ".join(reversed(once.values())) or "-"], not false and same


def main() -> int:
    """Print the table."""
    ok = True
    print("| fault | walker saw | verdicts | lamps and message |\n|---|---|---|---|")  # noqa: T201
    for name in KINDS:
        cells, well = row(name + MORE.get(name, ""))
        ok &= well
        print("| " + " | ".join(cells) + " |")  # noqa: T201
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
