"""From the push of a sample to the pixels: publisher, bare consumer and session, in the same seconds."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from display.bench.budgets import Budget
from display.bench.screen import screen
from display.bench.widget import BARE
from display.bench.work import Size, lab_and_subject
from stream.errors import EkamError
from stream.latency import DECIDED, FLUSHED, TOLD, percentiles
from stream.lsl_config import SESSION_VARIABLE
from stream.source import Role

SETTLE_S = 4.0
"""Left out at the beginning: connections, first pictures."""

PARTS = 3
"""The seconds are cut into as many parts; a figure is the median of theirs."""

FRAME_MS = 1000.0 / 60.0
_READY_S, _START_S, _END_S = 60.0, 120.0, 60.0
_SAME_S = 1e-6

BARS = {
    "push_p50": 0.3, "push_p99": 1.5, "scored_p99": 5.0, "flushed_p50": 10.0, "flushed_p99": FRAME_MS
}  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """What was seen, in ms.

    Attributes
    ----------
    screen : which one. seconds : measured.
    samples : per role: push to a bare consumer, and to the session, same samples, shape (n,); how late the
        publisher was; samples that never came.
    values : per phase: rows of (deciding sample pushed, taken by the bare consumer, taken by the session,
        scored, flushed), ms from when that sample was due, shape (n, 5); NaN where never flushed.
    of_part : the part of each row, per role and phase.
    session : what else the session told.
    pictures_ms : a bare widget on the same screen, and every picture of the walker's window alone there:
        asked to pixels handed to the window system, shape (n,).
    """

    screen: str
    seconds: float
    samples: Mapping[str, Mapping[str, np.ndarray]]
    values: Mapping[str, np.ndarray]
    of_part: Mapping[str, np.ndarray]
    session: Mapping[str, float]
    pictures_ms: Mapping[str, np.ndarray]

    def budgets(self) -> list[Budget]:
        """The promises about latency."""
        return [*self._pushed(), *self._decided()]

    def _pushed(self) -> Iterator[Budget]:
        for role in Role:
            ours, bare = (self.samples[role.value][key] for key in ("session", "bare"))
            parts = self.of_part[role.value]
            what = f"LSL push to value in the engine, {role.value}"
            p50, bare50 = _by_part(ours, parts, 50), _by_part(bare, parts, 50)
            p99, bare99 = _by_part(ours, parts, 99), _by_part(bare, parts, 99)
            why = "yardstick: a bare pull-and-discard consumer of the same samples"
            yield Budget(
                f"{what}: p50 above the bare consumer's", BARS["push_p50"], "ms", "<=",
                _median(p50 - bare50), _median(bare50), _median(p50 / bare50), why,
            )  # fmt: skip
            yield Budget(
                f"{what}: p99 over the bare consumer's", BARS["push_p99"], "times", "<=",
                _median(p99 / bare99), _median(bare99), _median(p99 / bare99), why,
            )  # fmt: skip

    def _decided(self) -> Iterator[Budget]:
        rows = np.concatenate([self.values[phase] for phase in ("early", "final")])
        parts = np.concatenate([self.of_part[phase] for phase in ("early", "final")])
        pushed, bare, _, scored, flushed = rows.T
        bare_ms, n = bare - pushed, len(rows)
        bare_widget_ms = percentiles(self.pictures_ms.get(BARE, np.empty(0))).get("p50", np.nan)
        for what, bar, end, q in (
            ("scored", BARS["scored_p99"], scored, 99),
            ("pixels flushed", BARS["flushed_p50"], flushed, 50),
            ("pixels flushed", BARS["flushed_p99"], flushed, 99),
        ):
            yield Budget(
                f"deciding sample pushed to {what}: p{q} over the bare consumer", bar, "ms", "<=",
                _median(_by_part(end - bare, parts, q)), _median(_by_part(bare_ms, parts, q)),
                _median(_by_part(end - pushed, parts, q) / _by_part(bare_ms, parts, q)),
                f"{n} values; yardstick: the bare consumer's time for the deciding sample; {self.screen}; "
                f"a bare widget there: p50 {bare_widget_ms:.1f} ms",
            )  # fmt: skip

    def table(self) -> dict[str, Any]:
        """For JSON: percentiles of every stage, the publisher's own lateness apart."""
        stages = {}
        for phase, rows in self.values.items():
            pushed, bare, there, scored, flushed = rows.T
            stages[phase] = {
                "values": len(rows),
                "never_flushed": int(np.isnan(flushed).sum()),
                "publisher_late": percentiles(pushed),
                "pushed_to_bare": percentiles(bare - pushed),
                "pushed_to_session": percentiles(there - pushed),
                "pushed_to_scored": percentiles(scored - pushed),
                "pushed_to_flushed": percentiles(_known(flushed - pushed)),
                "scored_to_flushed": percentiles(_known(flushed - scored)),
            }
        return {
            "screen": self.screen,
            "seconds": self.seconds,
            "samples_ms": {
                role: {
                    "publisher_late": percentiles(found["late"]),
                    "pushed_to_bare": percentiles(found["bare"]),
                    "pushed_to_session": percentiles(found["session"]),
                    "never_came": int(found["lost"]),
                }
                for role, found in self.samples.items()
            },
            "values_ms": stages,
            "session": dict(self.session),
            "pictures_ms": {name: percentiles(ms) for name, ms in self.pictures_ms.items()},
        }


def measure(seconds: float, size: Size, more: Sequence[Sequence[str]] = ()) -> Chain:
    """Run publisher, bare consumer and session together for `seconds`.

    Parameters
    ----------
    more : commands that run beside them and end with their standard input: load.

    Raises
    ------
    EkamError : one of them failed.
    """
    with (
        screen() as (environment, where),
        tempfile.TemporaryDirectory(prefix="ekam-bench-") as made,
    ):
        folder = Path(made)
        environment[SESSION_VARIABLE] = f"bench-{os.getpid()}-{time.monotonic_ns() % 100_000}"
        pushed, bare, mine = (folder / f"{name}.npz" for name in ("pushed", "bare", "mine"))
        lab, subject = lab_and_subject(folder)
        with contextlib.ExitStack() as stack:
            publisher = stack.enter_context(
                _child(environment, "publisher", size.text(), str(pushed))
            )
            _wait_ready(publisher)
            beside = stack.enter_context(_child(environment, "bare", str(bare)))
            for command in more:
                stack.enter_context(_child(environment, *command))
            session = stack.enter_context(
                _child(
                    environment, "session", str(lab), str(subject), str(folder / "s"),
                    str(seconds + SETTLE_S), str(mine),
                )
            )  # fmt: skip
            _finish(session, "session", _START_S + seconds)
            _finish(beside, "bare", _END_S)
            _finish(publisher, "publisher", _END_S)
            widget = folder / "widget.npz"
            with _child(environment, "widget", str(widget)) as painter:
                _finish(painter, "widget", _END_S)
        noted = [dict(np.load(path)) for path in (pushed, bare, mine)]
        pictures_ms = {name: 1e3 * took_s for name, took_s in np.load(widget).items()}
        joined = _joined(noted[0], noted[1], noted[2], where, seconds)
        return replace(joined, pictures_ms=pictures_ms)


@contextlib.contextmanager
def _child(
    environment: dict[str, str], name: str, *arguments: str
) -> Iterator["subprocess.Popen[str]"]:
    """A module of this package as a process, ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", f"display.bench.{name}", *arguments],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _wait_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        _finish(process, "publisher", _READY_S)
        raise EkamError("the publisher of the bench did not start")


def _finish(process: "subprocess.Popen[str]", name: str, within_s: float) -> None:
    """Let a child end, and see that it did its work."""
    try:
        _, said = process.communicate("", timeout=within_s)
    except subprocess.TimeoutExpired:
        raise EkamError(f"the {name} of the bench hangs: nothing was measured") from None
    if process.returncode:
        last = " ".join(said.strip().splitlines()[-3:])
        raise EkamError(f"the {name} of the bench failed: {last or process.returncode}")


def _joined(
    pushed: dict[str, np.ndarray],
    bare: dict[str, np.ndarray],
    mine: dict[str, np.ndarray],
    where: str,
    seconds: float,
) -> Chain:
    """Join what the three noted, by stamp."""
    first_s = max(float(mine[f"{role.value}_stamps_s"][0]) for role in Role) + SETTLE_S
    last_s = min(float(mine[f"{role.value}_stamps_s"][-1]) for role in Role)
    samples: dict[str, dict[str, np.ndarray]] = {}
    of_part: dict[str, np.ndarray] = {}
    for role in Role:
        stamps_s = pushed[f"{role.value}_stamps_s"]
        within = (stamps_s >= first_s) & (stamps_s <= last_s)
        stamps_s, at_s = stamps_s[within], pushed[f"{role.value}_pushed_s"][within]
        there = {
            name: _at(found[f"{role.value}_stamps_s"], found[f"{role.value}_there_s"], stamps_s)
            for name, found in (("bare", bare), ("session", mine))
        }
        lost = np.isnan(there["session"])
        both = ~lost & ~np.isnan(there["bare"])
        samples[role.value] = {
            "late": 1e3 * (at_s - stamps_s),
            "bare": 1e3 * (there["bare"] - at_s)[both],
            "session": 1e3 * (there["session"] - at_s)[both],
            "due": 1e3 * (there["session"] - stamps_s)[both],
            "lost": np.array(lost.sum()),
        }
        of_part[role.value] = _part(stamps_s[both], first_s, last_s)
    values = {}
    for phase in ("early", "final"):
        rows = mine[phase]
        rows = rows[(rows[:, DECIDED] >= first_s) & (rows[:, DECIDED] <= last_s - 0.5)]
        found = np.array([_decided(row, pushed, bare, mine) for row in rows]).reshape(-1, 5)
        known = np.isfinite(found[:, :4]).all(axis=1)
        values[phase] = found[known]
        of_part[phase] = _part(rows[known, DECIDED], first_s, last_s)
    told = {
        key: float(mine[key])
        for key in ("valid", "stances", "live_delay_s", "processor_s", "missing")
    }
    return Chain(where, seconds, samples, values, of_part, told, {})


def _decided(
    row: np.ndarray,
    pushed: dict[str, np.ndarray],
    bare: dict[str, np.ndarray],
    mine: dict[str, np.ndarray],
) -> list[float]:
    """When the sample that decided a value passed the stages, ms from when it was due.

    A value is decided by the first marker and the first plate sample at or after its time: by the one of them
    that came last.
    """
    due = push = taken = there = -np.inf
    for role in Role:
        stamps_s = pushed[f"{role.value}_stamps_s"]
        i = int(stamps_s.searchsorted(row[DECIDED] - _SAME_S))
        stamp_s = stamps_s[i : i + 1]
        due = max(due, float(stamp_s[0]))
        push = max(push, float(pushed[f"{role.value}_pushed_s"][i]))
        for found, name in ((bare, "bare"), (mine, "mine")):
            at_s = float(
                _at(found[f"{role.value}_stamps_s"], found[f"{role.value}_there_s"], stamp_s)[0]
            )
            if name == "bare":
                taken = np.fmax(taken, at_s)
            else:
                there = np.fmax(there, at_s)
    return [float(1e3 * (t_s - due)) for t_s in (push, taken, there, row[TOLD], row[FLUSHED])]


def _at(stamps_s: np.ndarray, times_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """Time noted for each wanted stamp; NaN where there is none."""
    if not len(stamps_s):
        return np.full(len(wanted_s), np.nan)
    order = np.argsort(stamps_s, kind="stable")
    sorted_s = stamps_s[order]
    i = np.minimum(sorted_s.searchsorted(wanted_s - _SAME_S), len(sorted_s) - 1)
    return np.where(np.abs(sorted_s[i] - wanted_s) <= _SAME_S, times_s[order[i]], np.nan)


def _part(t_s: np.ndarray, first_s: float, last_s: float) -> np.ndarray:
    return np.clip((t_s - first_s) / (last_s - first_s) * PARTS, 0, PARTS - 1).astype(int)


def _by_part(values: np.ndarray, parts: np.ndarray, q: float) -> np.ndarray:
    return np.array([np.percentile(known, q) if len(known := _known(values[parts == part])) else np.nan
                     for part in range(PARTS)])  # fmt: skip


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _median(values: np.ndarray) -> float:
    known = _known(values)
    return float(np.median(known)) if len(known) else float("nan")
