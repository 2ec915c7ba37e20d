"""Which protocol, session and part of it a command runs, from what was asked on the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from compute import Side
from compute.feedback import Display
from compute.variables import find
from display.say import err, out
from stream.errors import EkamError
from stream.json_lines import Lines
from stream.lab import LabFile
from stream.participants import (
    JOURNAL,
    LONGEST_BREAK_H,
    PERSON,
    Next,
    Participant,
    ago,
    line,
    read_participant,
)
from stream.protocol_file import read_protocol
from stream.protocol_run import ProtocolRun, Scripted, Setup, resumed, script_of
from stream.running import running
from stream.subject_file import SubjectFile, read_subject

LATE = ", and markers that were off since would change every value"


@dataclass(frozen=True)
class Chosen:
    """A session of a protocol that is to be run.

    Attributes
    ----------
    person : whose it is, with `comes`, the place in the schedule; None outside of a store.
    """

    setup: Setup
    person: Participant | None = None
    comes: Next | None = None

    def admit(self, replays: Sequence[str]) -> None:
        """Nobody walks a replay: it takes no place in a participant's schedule.

        Raises
        ------
        EkamError : these streams are replays, and the participant is no rehearsal.
        """
        names = ", ".join(dict.fromkeys(filter(None, replays)))
        if names and self.person is not None and not self.person.rehearsal:
            raise EkamError(
                f"the streams are a replay of {names}, and nobody walks it for {self.person.id}: rehearse "
                "with --protocol, or with one enrolled by `ekam participant ID --protocol P --rehearsal`"
            )

    def begun(self) -> None:
        """Note that the recording begins."""
        if self.person is not None and self.comes is not None:
            self.person.begin(self.comes)

    def ended(self, run: ProtocolRun, folder: Path) -> str:
        """Note how far the session came; returns why that could not be, empty where it was noted."""
        if self.person is None:
            return ""
        try:
            self.person.end(run, folder)
        except (EkamError, OSError) as error:
            return f"{self.person.folder / JOURNAL} does not know how far the session came: {error}"
        return ""

    def run(self, usual: Display = "bar") -> ProtocolRun:
        """The protocol, ready for a session; the participant's journal is told of every change of target."""
        if self.person is None:
            return ProtocolRun(self.setup, usual=usual)
        journal = Lines(self.person.folder / JOURNAL)
        session = self.setup.session

        def audit(what: str, table: Mapping[str, Any]) -> None:
            journal.add(line(what, session=session, **table))

        return ProtocolRun(self.setup, usual=usual, audit=audit, closing=journal.close)


def chosen(
    protocol: str,
    *,
    participant: str = "",
    store: Path = Path("participants"),
    session: int | None = None,
    leg: str = "",
    arm: str = "",
    go_on: Path | None = None,
    resume: bool = False,
    anew: bool = False,
    subject: SubjectFile,
    lab: LabFile | None = None,
) -> Chosen | None:
    """The session that was asked for; None without a protocol.

    Parameters
    ----------
    subject : who walks. lab : of a session that goes on. session : None for the first.
    go_on : folder of a session without a participant that broke off. resume, anew : a participant's session
        that broke off is continued, or begun again.

    Raises
    ------
    EkamError : what was asked for does not fit together, or is not there.
    """
    given = _given(protocol=protocol, session=session, leg=leg, arm=arm, go_on=go_on)
    if not participant and (resume or anew):
        raise EkamError(
            "--resume and --anew are of a participant's session: say whose with --participant"
        )
    if participant:
        if given:
            raise EkamError(
                f"--participant knows protocol, session, leg and arm: leave out {', '.join(given)}"
            )
        return _of_participant(store, participant, subject, lab, resume=resume, anew=anew)
    if go_on is not None:
        given.remove("--go-on")
        if given:
            raise EkamError(
                f"--go-on knows protocol, session, leg and arm: leave out {', '.join(given)}"
            )
        return Chosen(_gone_on(go_on, subject, lab))
    if not protocol:
        if given:
            raise EkamError(f"{', '.join(given)} of which protocol? Say so with --protocol")
        return None
    file = read_protocol(protocol)
    seed = f"{file.sha256[:8]}/{subject.sha256[:8]}"
    setup = Setup(file, session or 1, side_of(leg), arm, seed, (nan, nan))
    setup.plan()
    return Chosen(setup)


def _given(**options: object) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name, value in options.items() if value]


def _of_participant(
    store: Path,
    participant: str,
    subject: SubjectFile,
    lab: LabFile | None,
    *,
    resume: bool,
    anew: bool,
) -> Chosen:
    if resume and anew:
        raise EkamError("--resume goes on and --anew begins again: give one of them")
    person = read_participant(store, participant)
    if subject.subject.id != person.id:
        raise EkamError(
            f"{subject.path} is of {subject.subject.id}, not of {person.id}: give the file that "
            f"`ekam calibrate --id {person.id}` wrote"
        )
    comes = person.next()
    if comes.broken is not None:
        _refuse_unclear(person, comes, comes.broken, resume=resume, anew=anew)
    elif resume:
        raise EkamError(f"no session of {participant} broke off: leave out --resume")
    if resume and comes.broken_h > LONGEST_BREAK_H:
        err.print(f"Warning: session {comes.session} broke off {ago(comes.broken_h)}{LATE}.")
    lab_sha256 = "" if lab is None else lab.sha256
    setup = person.setup(comes, subject_sha256=subject.sha256, lab_sha256=lab_sha256, go_on=resume)
    return Chosen(setup, person, comes)


def _refuse_unclear(
    person: Participant, comes: Next, broken: Path, *, resume: bool, anew: bool
) -> None:
    """A session that runs, or one that broke off and nobody said what is to become of it."""
    if comes.running:
        raise EkamError(running(broken))
    said = f"session {comes.session} of {person.id} broke off {ago(comes.broken_h)}"
    if comes.damaged and not anew:
        raise EkamError(f"{said} and cannot go on ({comes.damaged}): --anew begins it again")
    if not resume and not anew:
        late = LATE if comes.broken_h > LONGEST_BREAK_H else ""
        raise EkamError(
            f"{said}{late}: --resume goes on in its block with its baseline, --anew begins it again"
        )


def _gone_on(folder: Path, subject: SubjectFile, lab: LabFile | None) -> Setup:
    """What is left of a session that belongs to no participant."""
    if (folder.parent / PERSON).is_file():
        name = folder.resolve().parent.name
        raise EkamError(
            f"{folder} is of participant {name}: go on with --participant {name} --resume, so that the "
            "schedule knows of it"
        )
    before = _subject_id(folder)
    if before and before != subject.subject.id:
        raise EkamError(
            f"{subject.path} is of {subject.subject.id}, and the session in {folder} of {before}"
        )
    return resumed(folder, subject.sha256, "" if lab is None else lab.sha256)


def _subject_id(folder: Path) -> str:
    """Who walked a session; empty where its file is gone."""
    try:
        return read_subject(folder / "subject.toml").subject.id
    except EkamError:
        return ""


def side_of(leg: str) -> Side | None:
    """A leg by its word; None for none.

    Raises
    ------
    EkamError : it is no leg.
    """
    if not leg:
        return None
    for side in Side:
        if side.word == leg:
            return side
    raise EkamError(f"--leg is left or right, not {leg!r}")


def read_wishes(path: Path | None) -> list[Scripted]:
    """What an operator asks while a file is processed, from a file with a JSON object a line.

    Raises
    ------
    EkamError : there is no such file, or a line is no wish.
    """
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        tables = [json.loads(text) for text in lines if text.strip()]
    except OSError as error:
        raise EkamError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise EkamError(f"{path} holds a line that is no JSON: {error}") from None
    try:
        if not all("ask" in table for table in tables):
            raise KeyError("ask")
        return sorted(script_of(tables), key=lambda each: each.ask.at_s)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EkamError(
            f'{path}: a wish is a line such as {{"ask": "next", "at_s": 60.0}}'
        ) from None


def of_file(
    protocol: str,
    session: int | None,
    leg: str,
    arm: str,
    wishes: Path | None,
    *,
    subject: SubjectFile,
) -> ProtocolRun | None:
    """A protocol that is run on a recording; None without one.

    Raises
    ------
    EkamError : what was asked for does not fit together, or is not there.
    """
    runs = chosen(protocol, session=session, leg=leg, arm=arm, subject=subject)
    if runs is None:
        if wishes is not None:
            raise EkamError("--wishes are asked of a protocol: say which with --protocol")
        return None
    run = ProtocolRun(runs.setup, script=read_wishes(wishes))
    tell_warning(run, subject)
    return run


def tell_warning(run: ProtocolRun, subject: SubjectFile) -> None:
    """What a protocol says of itself before it runs, and which of its guards this person cannot have."""
    protocol = run.setup.file.protocol
    err.print(f"Protocol: {protocol.name}, session {run.plan.session} of {protocol.sessions}")
    if protocol.warning:
        err.print(f"Warning: {protocol.warning}.")
    for guard in run.plan.guards:
        lacking = find(guard.variable).lacking(subject.subject)
        if lacking:
            err.print(
                f"Warning: the guard {guard.words} needs {lacking}, which were not calibrated: no block will "
                "be judged a success. Calibrate with them, or take the guard out of the protocol."
            )


def tell_protocol(run: ProtocolRun) -> None:
    """How each block went, and how far the session came; nothing that a blinded operator must not see."""
    if not run.plan.blinded:
        out.print(block_table(run))
        for result in run.state.results:
            for leg in result.legs:
                if leg.why and leg.success is False:
                    out.print(escape(f"{result.name}, {leg.side.word} leg: {'; '.join(leg.why)}"))
        for note in run.state.notes:
            out.print(escape(note))
    if run.state.ended:
        out.print("The protocol came to its end.")
    elif run.state.held or run.state.halted:
        out.print(escape(f"The protocol waits: {run.state.held or run.state.halted}"))
    else:
        block = run.plan.blocks[run.state.block]
        out.print(escape(f"The recording ended in the block {block.name}."))


def block_table(run: ProtocolRun) -> Table:
    """A line per block and leg."""
    table = Table(title=escape(run.plan.name))
    unit = run.target.unit
    heads = ("block", "s", "leg", "valid", "rejected", f"change [{unit}]", "in band [%]", "judged")
    for head in heads:
        table.add_column(
            escape(head), justify="left" if head in ("block", "leg", "judged") else "right"
        )
    for result in run.state.results:
        for leg in result.legs:
            judged = {None: "", True: "success", False: "no success"}[leg.success]
            table.add_row(
                escape(result.name), f"{result.to_s - result.from_s:.0f}", leg.side.word, str(leg.valid),
                str(leg.rejected), _number(leg.change, "+.1f"), _number(leg.in_band_pct, ".0f"),
                judged,
            )  # fmt: skip
    return table


def _number(value: float, form: str) -> str:
    return format(value, form) if isfinite(value) else ""
