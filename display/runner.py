"""Run one session with its recorder, files and windows; what `live` and `demo` share."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from compute.feedback import DISPLAYS, SOUNDS, Display, Sound, Target
from display.protocol_choice import Chosen, tell_protocol, tell_warning
from display.say import err, out, stage, stance_table, summary_table
from display.screens import no_screen_reason
from display.status_lines import StatusLines
from display.window_options import WindowOptions
from display.window_process import WindowProcess
from stream.behind import Behind
from stream.errors import EkamError
from stream.lab import LabFile
from stream.outlet_layout import layouts
from stream.outlets import Outlets
from stream.plate_check import latest_plate_check
from stream.protocol_run import ProtocolRun
from stream.recorder import Recorder, refuse_full_disk
from stream.results import keep_inputs, new_folder, refuse_existing, write_session_json
from stream.session import Session
from stream.sinks import Outcome
from stream.source import Role, Source
from stream.status import Control, SessionStatus, SessionView
from stream.subject_file import SubjectFile
from stream.tables import CurvesCsv, StancesCsv
from stream.warm_up import warm_up as compile_all

COMPILING = "Preparing the compute core (the first start takes about a minute)"
LOOKING = "Looking for the marker and force streams"


class Waits(Protocol):
    """A window that stays until those of the session have something on the screen."""

    def look(self) -> None:
        """Called often meanwhile."""

    def there(self) -> None:
        """They have."""


def run_session(
    source: Source,
    lab: LabFile,
    subject: SubjectFile,
    *,
    out: Path | None,
    mode: str,
    banner: str = "",
    seconds: float | None = None,
    feedback: str = "",
    display: str = "",
    sound: str = "",
    options: WindowOptions | None = None,
    protocol: Chosen | None = None,
    waits: Waits | None = None,
) -> Outcome:
    """Run a session to its end and print where its folder is.

    Parameters
    ----------
    out : session folder to make; None for the default name.
    banner : words that stay on the walker's screen; a replay says so by itself.
    seconds : ends the session by itself; it then also starts by itself.
    feedback : variable that the walker is shown; empty for the lab file's. display, sound : picture and
        sound to begin with, likewise.
    options : how the windows are opened; None for the lab file's.
    protocol : what is run; None for a baseline and then the target.
    waits : of the window from which the session was started.

    Raises
    ------
    EkamError : nothing was started, or the session had to end; what was received is on disk.
    """
    from pylsl import library_version, local_clock

    from stream.lsl_config import in_use

    refuse_existing(out)
    picture, tone = chosen_picture(display, sound)
    run = None if protocol is None else protocol.run(picture or lab.lab.display.picture)
    target = lab.lab.target(feedback) if run is None else run.target
    view = SessionView()
    options = options or options_of(lab)
    with _windows(view, local_clock, options, waits) as shown:
        view.status.publish(SessionStatus(blocked=COMPILING))
        warm_up(lab, subject)
        view.status.publish(SessionStatus(blocked=LOOKING))
        err.print(f"{LOOKING} …")
        session = Session(
            source,
            lab.lab,
            subject.subject,
            view,
            now=local_clock,
            target=target,
            banner=banner,
            display=picture,
            sound=tone,
            protocol=run,
        )
        outcome = session.open()
        for role in Role:
            info = outcome.infos[role]
            err.print(
                f"{role.value}: {info.name} from {info.hostname}, {outcome.rates_hz[role]:g} Hz"
            )
        if protocol is not None:
            protocol.admit([info.replay for info in outcome.infos.values()])
        for note in outcome.notes:
            err.print(note)
        if view.control.stop_requested.is_set():
            raise EkamError("it was stopped before it began.")
        plate_check = _plate_check(lab, outcome)
        if plate_check is not None:
            outcome.notes = (*outcome.notes, plate_check["sentence"])
        begun_utc = datetime.now(UTC)
        folder, recorder = _folder(out, lab, subject, session, target)
        if protocol is not None and run is not None:
            tell_warning(run, subject)
            protocol.begun()  # first: a folder that the journal does not know of stops everything
            run.keep(folder)
        if seconds is not None or not shown:
            view.control.start()
        err.print(f"Recording into {folder}.")
        # Until everything is written, also a second Ctrl-C only asks to stop.
        with _interrupts(view.control):
            with _limit(seconds, view.control):
                fault = _run(session, recorder, str(folder), None if shown else _unseen(view, run))
                unnoted = "" if protocol is None or run is None else protocol.ended(run, folder)
            origin = {
                "lsl": in_use(),
                "liblsl": library_version(),
                "recording_fault": recorder.fault,
            }
            incomplete = recorder.fault or outcome.fault or unnoted
            try:
                write_session_json(
                    folder, outcome, lab, subject, mode=mode, origin=origin, begun_utc=begun_utc,
                    plate_check=plate_check,
                )  # fmt: skip
            except OSError as error:
                incomplete = incomplete or f"session.json cannot be written: {error.strerror}"
            if run is not None:
                tell_protocol(run)
            _report(folder, outcome)
            if outcome.sync.alarming:
                err.print(f"Warning: {outcome.sync.alarming}.")
    if fault is not None:
        raise fault
    if incomplete:
        raise EkamError(f"what was recorded is not complete: {incomplete}")
    return outcome


def chosen_picture(display: str, sound: str) -> tuple[Display | None, Sound | None]:
    """Picture and sound by name; None for what is empty.

    Raises
    ------
    EkamError : there is none of that name.
    """
    for name, known, what in ((display, DISPLAYS, "picture"), (sound, SOUNDS, "sound")):
        if name and name not in known:
            raise EkamError(f"there is no {what} {name!r}: use one of {', '.join(known)}")
    picture = next((each for each in DISPLAYS if each == display), None)
    return picture, next((each for each in SOUNDS if each == sound), None)


def options_of(lab: LabFile, screen: str = "") -> WindowOptions:
    """How the lab file wants the windows to be opened; `screen` instead of its screen."""
    return WindowOptions(screen or lab.lab.display.screen, lab.lab.display.photodiode)


def _plate_check(lab: LabFile, outcome: Outcome) -> dict[str, Any] | None:
    """Tell how the plates' last daily check ended; nothing for replays, which have no plates here."""
    if any(info.replay for info in outcome.infos.values()):
        return None
    latest = latest_plate_check(lab.path, datetime.now(UTC))
    err.print(latest.sentence if latest.good else f"Warning: {latest.sentence}")
    return {"sentence": latest.sentence, "good": latest.good, "latest": dict(latest.entry)}


def warm_up(lab: LabFile, subject: SubjectFile) -> None:
    """Compile the kernels before anybody stands on a belt; later starts take them from the cache."""
    with (
        _leaves_at_once(),
        stage(f"{COMPILING} …"),
    ):
        compile_all(lab.lab, subject.subject)


@contextmanager
def _leaves_at_once() -> Iterator[None]:
    """Ctrl-C ends the program on the spot: the compiler swallows the exception, or trips over it."""

    def leave(*_: object) -> None:
        sys.stderr.write("\nStopped; nothing was begun.\n")
        os._exit(130)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _folder(
    chosen: Path | None, lab: LabFile, subject: SubjectFile, session: Session, target: Target
) -> tuple[Path, Recorder]:
    """Session folder with everything that is written into it opened, and the outlets."""
    infos = session.outcome.infos
    refuse_full_disk(chosen or Path("sessions"), infos)
    folder = new_folder(chosen, subject.subject.id)
    keep_inputs(folder, lab, subject)
    made = layouts(session.outcome, lab.lab, target)
    recorder = Recorder(folder / "raw.xdf", infos, [each.info() for each in made])
    outlets = Outlets(made, recorder.rows)
    if outlets.fault:
        err.print(f"Warning: {outlets.fault}.")
    session.keep([Behind([StancesCsv(folder), CurvesCsv(folder)])], recorder, [outlets])
    return folder, recorder


@contextmanager
def _windows(
    view: SessionView, now: Callable[[], float], options: WindowOptions, waits: Waits | None = None
) -> Iterator[bool]:
    """Both windows beside what is done in here; whether there are any."""
    screenless = no_screen_reason()
    if screenless is not None:
        err.print(f"Running without windows: {screenless}.")
        yield False
        return
    with WindowProcess(view, err.print, now, options) as windows:
        if waits is not None:
            windows.wait_until_there(waits.look)
            waits.there()
        yield True


def _unseen(view: SessionView, run: ProtocolRun | None) -> Callable[[], None]:
    """What is done after each step where there are no windows: tell troubles; end with the protocol."""
    lines = StatusLines(view, err.print)

    def look() -> None:
        lines.look()
        if run is not None and run.state.ended:
            view.control.stop()

    return look


def _run(
    session: Session, recorder: Recorder, folder: str, on_step: Callable[[], None] | None
) -> EkamError | None:
    """Run the loop; returns what ended it early."""
    gc.collect()
    gc.freeze()  # what was loaded so far is never looked at again by the collector
    fault: EkamError | None = None
    try:
        session.run(folder, on_step)
    except EkamError as error:
        fault = error
    finally:
        recorder.close()
        session.end(str(fault or ""))
    return fault


@contextmanager
def _interrupts(control: Control) -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed terminal end the session instead of the program."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    before = {number: signal.signal(number, lambda *_: control.stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _limit(seconds: float | None, control: Control) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, control.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _report(folder: Path, outcome: Outcome) -> None:
    out.print(stance_table(outcome.stances))
    if len(outcome.tally) > len(outcome.stances):
        out.print(f"The last {len(outcome.stances)} of {len(outcome.tally)}; all in stances.csv")
    out.print(summary_table(outcome.tally))
    out.print(f"Session folder: {folder}")
    _page(folder)


def _page(folder: Path) -> None:
    """Write report.html; whatever goes wrong with it, the session is on disk and stays a good one."""
    try:
        from display.report import write_session_report

        with stage("Writing the report …"):
            path, _ = write_session_report(folder)
        out.print(f"Report: {path}")
    except Exception as error:
        err.print(
            f"Warning: there is no report yet ({error}): write it with `ekam report {folder}`."
        )
