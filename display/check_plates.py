"""``ekam check --plates``: the daily check of the plates, step by step at the treadmill."""

import json
import sys
from datetime import UTC, datetime
from threading import Event, Thread

import numpy as np
import typer

from display.check_say import finding_table, print_findings, summary
from display.say import out, stage
from stream.check_pole import Weight, one_marker_m, read_pole
from stream.check_receive import receive
from stream.check_seen import Seen, SeenStream, Verdict, worst
from stream.errors import EkamError
from stream.lab import LabFile
from stream.lsl import LslSource
from stream.plate_check import check_plates, keep_record, read_record
from stream.source import Role

_LONGEST_S = 600.0


def run_plate_check(
    lab: LabFile,
    *,
    seconds: float,
    pole_text: str,
    tip_m: float,
    weight_kg: float | None,
    at: str,
    allow_replay: bool,
    wait_s: float,
    as_json: bool,
) -> None:
    """Receive, judge, print and keep the record beside the lab file; none of replayed streams.

    On a terminal the operator is led through: empty belts first, which run, then pole or weight. Otherwise
    everything is received in one go of `seconds`, and told apart by the load.
    """
    from pylsl import local_clock

    pole = read_pole(pole_text, tip_m)
    weight = None if weight_kg is None else Weight(weight_kg, at)
    if pole is not None and weight is not None:
        raise EkamError("check with the pole or with the weight, one after the other")
    if tip_m and pole is None:
        raise EkamError("--tip-mm belongs to a pole: add --pole TOP,TIP")
    if at and weight is None:
        raise EkamError("--at names the marker on a weight: add --weight KG")
    read_record(lab.path)  # refused before anybody works
    source = LslSource(
        *lab.lab.queries(), allow_replay=allow_replay, resolve_timeout_s=max(wait_s, 5.0)
    )
    with stage("Looking for the marker and force streams …"):
        infos = source.open()
    try:
        empty = {
            role: SeenStream(
                info, np.empty(0), np.empty((0, len(info.channels))), np.empty(0), np.empty(0)
            )
            for role, info in infos.items()
        }
        for label in (pole.top, pole.low) if pole else (at,) if at else ():
            one_marker_m(empty[Role.MARKERS], lab.lab, label)  # refused before anybody works
        led = sys.stdin.isatty() and not as_json
        if led:
            _ask(source, "Belts running at test speed, nobody and nothing on them. Press Enter …")
        with stage(f"Receiving for {seconds:g} s …"):
            seen = receive(source, infos, seconds, local_clock)
        then = None
        if led and (pole is not None or weight is not None):
            _refuse_loaded(seen, lab)
            what = (
                "the pole at five points or more of each plate, a second each"
                if pole
                else "the weight onto each plate, some seconds each"
            )
            _ask(source, f"Belts stopped. Then put {what}. Press Enter to begin …")
            ended = _enter()
            with stage("Receiving; press Enter when done …"):
                then = receive(source, infos, _LONGEST_S, local_clock, enough=ended.is_set)
    finally:
        source.close()
    check = check_plates(
        seen, lab.lab, pole=pole, weight=weight, then=then, belts="running" if led else "unknown"
    )
    replayed = ", ".join(dict.fromkeys(info.replay for info in infos.values() if info.replay))
    path = None
    if not replayed:
        path = keep_record(
            lab, check, datetime.now(UTC), "pole" if pole else "weight" if weight else "zero"
        )
    if as_json:
        table = {
            "lab_sha256": lab.sha256,
            "verdict": worst(check.findings).value,
            "findings": finding_table(check.findings),
            "belts": check.belts,
            "plates": check.figures,
            "record": None if path is None else str(path),
        }
        out.print_json(json.dumps(table))
    else:
        print_findings(check.findings)
        out.print(summary(check.findings))
        out.print(
            f"Not kept: the streams are a replay of {replayed}, not this laboratory's plates."
            if path is None
            else f"Kept in {path}"
        )
    if worst(check.findings) in (Verdict.FAILED, Verdict.INCOMPLETE):
        raise typer.Exit(1)


def _refuse_loaded(seen: Seen, lab: LabFile) -> None:
    """Before anybody presses a pole: the plates were empty in the part that tells their zero."""
    for finding in check_plates(seen, lab.lab).findings:
        if finding.verdict is Verdict.INCOMPLETE:
            raise EkamError(f"{finding.check}: {finding.found}; {finding.cure}, and begin again")


def _ask(source: LslSource, text: str) -> None:
    """Wait for Enter while what arrives is thrown away."""
    out.print(text)
    pressed = _enter()
    while not pressed.is_set():
        source.pull(0.1)


def _enter() -> Event:
    """Set when a line is typed, or nothing can be typed any more."""
    pressed = Event()

    def read() -> None:
        sys.stdin.readline()
        pressed.set()

    Thread(target=read, name="ekam-enter", daemon=True).start()
    return pressed
