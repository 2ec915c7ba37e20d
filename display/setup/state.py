"""What the set-up knows, and what it writes; no Qt, no streams, no clock.

The window puts in what was seen (`found`, `infos`, `guesses`, findings, checks).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import isnan
from pathlib import Path

from compute import Check, Side, Subject
from compute.feedback import Target
from display.setup.answers import Answers, lab_of, provisional_lab_of, table_of
from display.setup.drafts import Drafts
from display.setup.guessing import Guesses, applied
from display.setup.looks import Looked
from display.setup.plan import Plan, Question
from display.setup.schedule import Schedule, schedule_of
from stream.axis_guess import third_axis
from stream.check_network import Found, guess_role, looks_like
from stream.errors import EkamError
from stream.lab import Lab, LabFile, read_lab
from stream.lab_write import set_aside, write_lab
from stream.lookout import Pick, pick, query_of
from stream.lsl_find import StreamQuery
from stream.mapping import present_markers
from stream.marker_sets import PRESETS
from stream.participants import enrol
from stream.protocol_file import Protocol, read_protocol
from stream.source import Role, StreamInfo
from stream.subject_file import SubjectFile, read_subject

STARTING = "the practice walker is starting …"


@cache
def protocol_of(name: str) -> Protocol:
    """A protocol by its name; read once, for it is asked for at every look."""
    return read_protocol(name).protocol


class Setup:
    """The set-up so far.

    Attributes
    ----------
    answers : what was answered, with what was guessed.
    found, looked_round : streams on the network, and whether there was time to see them.
    infos : headers of what is received.
    guesses : what the newest data tell.
    looked : findings of the checks.
    checks, refusal : of the last calibration, and why it gave no subject.
    subject : the calibrated person.
    lab_file : the laboratory file as it is on the disk.
    begun : what the first page was last left with: the way, and the file that was opened.
    """

    def __init__(self, drafts: Drafts, folder: Path) -> None:
        self.drafts = drafts
        self.folder = folder
        self.answers = Answers(
            lab_path=str(free_name(folder / "lab.toml")),
            table={"name": folder.resolve().name or "Laboratory"},
        )
        self.begun: tuple[str, str] | None = None
        self._know_nothing()

    def _know_nothing(self) -> None:
        self.found: tuple[Found, ...] = ()
        self.looked_round = False
        self.infos: Mapping[Role, StreamInfo] = {}
        self.connection_fault = ""
        self.guesses = Guesses()
        self.looked = Looked()
        self.checks: tuple[Check, ...] = ()
        self.refusal = ""
        self.subject: Subject | None = None
        self.subject_file: SubjectFile | None = None
        self.lab_file: LabFile | None = None
        self.schedule: Schedule | None = None

    # -- another set-up --------------------------------------------------------------------------

    def asks_for(self, way: str) -> tuple[str, str]:
        """What `begun` is when the first page is left in a way, with the path that stands there."""
        return way, str(Path(self.answers.lab_path).absolute()) if way == "open" else ""

    def another(self, way: str) -> bool:
        """Whether that is another set-up than the one that was begun."""
        return self.begun is not None and self.begun != self.asks_for(way)

    def begin_afresh(self) -> None:
        """Forget everything but what the first page says: nothing goes from one laboratory to another."""
        said = self.answers
        self.answers = Answers(
            way=said.way, allow_replay=said.allow_replay, network=said.network, lab_path=said.lab_path,
            table={"name": said.table.get("name", "Laboratory")},
        )  # fmt: skip
        self._know_nothing()

    # -- streams ---------------------------------------------------------------------------------

    def see(self, found: tuple[Found, ...], looked_round: bool) -> None:
        """Streams on the network now; the best guess is taken where nobody has chosen."""
        self.found, self.looked_round = found, looked_round
        for role in Role:
            if f"{role.value} stream" in self.answers.decided:
                continue
            best = self.pick(role).stream
            if best is not None:
                self._take(role, best)

    def pick(self, role: Role) -> Pick:
        """The best guess for a role."""
        best = pick(role, self.found, allow_replay=self.admits_replays)
        if best.stream is None and not best.rivals and self.answers.way == "practise":
            return Pick(None, why=STARTING)
        return best

    @property
    def admits_replays(self) -> bool:
        """Whether replayed streams may be taken."""
        return self.answers.allow_replay or self.answers.way == "practise"

    def starting(self) -> str:
        """That the practice walker is not seen yet; empty otherwise."""
        waits = self.answers.way == "practise" and any(self.chosen(role) is None for role in Role)
        return STARTING if waits and not self.infos else ""

    def refused(self, role: Role) -> str:
        """Why the chosen stream is not received; empty where it may be."""
        stream = self.chosen(role)
        if stream is None or not stream.replay or self.admits_replays:
            return ""
        return (
            f"{stream.name!r} is a replay of {stream.replay}, not a live walker: go back to Start and admit "
            "replayed streams, or choose a live one"
        )

    def doubt(self, role: Role) -> str:
        """What speaks against the chosen stream; empty for nothing."""
        stream = self.chosen(role)
        if stream is None or stream.fault:
            return ""
        if self.twice():
            return "the same stream is chosen for markers and for forces: each needs its own"
        if guess_role(stream) is not role:
            return (
                f"{stream.name!r} is chosen for {role.value}, but looks like {looks_like(stream)}"
            )
        return ""

    def twice(self) -> bool:
        """Whether one stream is chosen for both roles."""
        markers, forces = (self.chosen(role) for role in Role)
        return markers is not None and markers is forces

    def was_chosen(self, role: Role) -> bool:
        """Whether the stream that is received is one that a person or the only guess has chosen."""
        return f"{role.value} stream" in self.answers.decided or self.chosen(role) is not None

    def choose(self, role: Role, stream: Found) -> None:
        """A person has chosen a stream."""
        self._take(role, stream)
        self.answers = self.answers.settled(f"{role.value} stream")

    def chosen(self, role: Role) -> Found | None:
        """The stream that is taken, if it is there."""
        query = self.answers.section(role.value).get("stream")
        if not query:
            return None
        fitting = [each for each in self.found if each.fits(StreamQuery(**query))]
        return fitting[0] if len(fitting) == 1 else None

    def _take(self, role: Role, stream: Found) -> None:
        table = self.answers.section(role.value)
        query = query_of(stream, self.found)
        if table.get("stream") != query:
            self.answers = self.answers.having(role.value, {**table, "stream": query})

    # -- guesses ---------------------------------------------------------------------------------

    def learn(self, guesses: Guesses) -> None:
        """Take over what was guessed, where nobody has decided."""
        self.guesses = guesses
        self.answers = applied(self.answers, guesses)

    def set_axes(self, forward: str, up: str) -> None:
        """A person has chosen two axes; the third follows."""
        right = third_axis(forward, up)
        self.answers = self.answers.having(
            "axes", {"forward": forward, "up": up, "right": right}
        ).settled("axes")

    def name_marker(self, canonical: str, label: str) -> None:
        """A person has said which label a marker has; empty for none."""
        markers = self.answers.section("markers")
        names = {**markers.get("names", {})}
        names.pop(canonical, None)
        if label and self.labels().get(canonical) != label:
            names[canonical] = label
        self.answers = self.answers.having("markers", {**markers, "names": names}).settled(
            "markers"
        )

    def labels(self) -> dict[str, str]:
        """Canonical name -> label, of the preset alone."""
        return PRESETS.get(self.answers.section("markers").get("preset", "canonical"), {})

    def set_plate(self, number: int, **changes: object) -> None:
        """A person has changed plate `number` (from 0); the other one of two takes the other side."""
        plates = self.answers.plates
        plates[number] |= changes
        side = changes.get("side")
        if side in ("left", "right"):
            for other, plate in enumerate(plates):
                if other != number and plate.get("side") in (side, ""):
                    plate["side"] = "right" if side == "left" else "left"
                    break
        self.answers = self.answers.having("plates", plates).settled("plates")

    def lab(self) -> Lab | None:
        """The laboratory as far as it is known."""
        return provisional_lab_of(self.answers)

    def there(self) -> tuple[str, ...]:
        """Canonical names of the markers that the stream carries."""
        lab, info = self.lab(), self.infos.get(Role.MARKERS)
        return (
            present_markers(info, lab, clear=True) if lab is not None and info is not None else ()
        )

    # -- files -------------------------------------------------------------------------------------

    def open_lab(self, path: Path) -> None:
        """Take a laboratory file as the answers.

        Raises
        ------
        EkamError : it cannot be read.
        """
        self.lab_file = read_lab(path)
        table = table_of(self.lab_file.lab)
        self.answers = replace(self.answers, table=table, lab_path=str(path), written="").settled(
            "markers stream", "forces stream", "axes", "unit", "markers", "plates",
            "markers rate", "forces rate",
        )  # fmt: skip
        self.drafts.used(path)

    def lab_question(self) -> Question | None:
        """What is to be asked before the laboratory file is written; None when nothing is."""
        path = Path(self.answers.lab_path)
        if not path.exists() or self._own(path) or not self.lab_changed():
            return None
        other = free_name(path)
        return Question(
            f"{path.name} exists and says something else.",
            (
                (f"Re&place it (the old one is kept as {free_name(path, '_old').name})", "replace"),
                (f"Wr&ite {other.name} instead", "other"),
            ),
        )

    def lab_changed(self) -> bool:
        """Whether the laboratory differs from what is on the disk.

        What the walker is shown makes no difference to a file that was opened: the command line says it.
        """
        path = Path(self.answers.lab_path)
        try:
            there, wanted = read_lab(path).lab, lab_of(self.answers)
        except EkamError:
            return True
        same_baseline = there.feedback.baseline_stances == wanted.feedback.baseline_stances
        if same_baseline and not self._own(path):
            wanted = wanted.model_copy(update={"feedback": there.feedback})
        return there != wanted

    def target(self) -> Target | None:
        """What the walker would be aimed at."""
        lab = self.lab()
        return lab.target() if lab is not None else None

    def write_lab(self, answer: str = "") -> None:
        """Write the laboratory file, unless it says the same already.

        Raises
        ------
        EkamError : it cannot be written.
        """
        path = Path(self.answers.lab_path)
        if path.exists() and not self.lab_changed():
            self.lab_file = read_lab(path)
        else:
            if answer == "other":
                path = free_name(path)
            own = self._own(path)
            if own:
                path.unlink()
            self.lab_file = write_lab(path, lab_of(self.answers), replace=answer == "replace")
            self.answers = replace(self.answers, lab_path=str(path), written=self.lab_file.sha256)
            self.looked = Looked()
        if self.answers.way != "practise":  # nobody opens it again: its walker is gone
            self.drafts.used(path)
        self.drafts.keep(self.answers)

    def _own(self, path: Path) -> bool:
        """Whether a file is what this set-up itself has written."""
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == self.answers.written
        except OSError:
            return False

    @property
    def subject_path(self) -> Path:
        """Where the subject file goes: beside the laboratory file."""
        return Path(self.answers.lab_path).parent / f"{self.answers.id}.toml"

    def subject_question(self) -> Question | None:
        """What is to be asked before the subject file is written; None when nothing is."""
        path = self.subject_path
        if self.subject_file is not None or not path.exists():
            return None
        return Question(
            f"{path.name} exists: this pseudonym was calibrated before.",
            (
                (f"Re&place it (the old one is kept as {free_name(path, '_old').name})", "replace"),
                (f"Wr&ite {free_name(path).name} instead", "other"),
            ),
        )

    def subject_target(self, answer: str) -> Path:
        """Make room for the subject file and say where it goes."""
        path = self.subject_path
        if answer == "other":
            return free_name(path)
        if answer == "replace" and path.exists():
            set_aside(path)
        return path

    def open_subject(self, path: Path) -> None:
        """Take a person who was calibrated before.

        Raises
        ------
        EkamError : the file cannot be read, or its markers are not in the stream.
        """
        self.subject_file = read_subject(path)
        self.subject = self.subject_file.subject
        self.answers = replace(self.answers, subject_path=str(path))

    def look_up_schedule(self) -> None:
        """Find out where the person's schedule stands; what comes next is offered first."""
        self.schedule = None
        if self.subject is not None and self.answers.way != "practise":
            self.schedule = schedule_of(self.store, self.subject.id)
        offered = [how for _, how in self.schedule.options] if self.schedule else []
        how = self.answers.schedule
        if how in ("next", "resume", "anew") and how not in offered:
            how = ""
        if not how and not self.answers.protocol and "schedule" not in self.answers.decided:
            how = "next" if "next" in offered else ""
        self.answers = replace(self.answers, schedule=how)

    @property
    def store(self) -> Path:
        """Folder of all participants, as the commands have it by themselves."""
        return self.folder / "participants"

    def enrol(self) -> None:
        """Make the person a participant of the chosen protocol, where that was asked for.

        Raises
        ------
        EkamError : it cannot be done; nothing is begun then.
        """
        answers = self.answers
        if answers.schedule != "enrol" or self.subject is None:
            return
        one = protocol_of(answers.protocol).legs == "one"
        leg = next((side for side in Side if one and side.word == answers.leg), None)
        enrol(self.store, self.subject.id, read_protocol(answers.protocol), leg)
        self.answers = replace(answers, schedule="next", protocol="")

    def plan(self) -> Plan:
        """What is to be started."""
        assert self.lab_file is not None
        assert self.subject_file is not None
        answers = self.answers
        scheduled = bool(answers.schedule)
        runs = protocol_of(answers.protocol) if answers.protocol and not scheduled else None
        leg = answers.leg if runs is not None and runs.legs == "one" else ""
        session = 1 if runs is None else min(answers.session, runs.sessions)
        chosen = answers.section("feedback").get("variable", "ekam_peak1")
        changed = chosen != self.lab_file.lab.feedback.variable
        replays = answers.allow_replay or answers.way == "practise"
        return Plan(
            self.lab_file.path,
            self.subject_file.path,
            chosen if changed and runs is None and not scheduled else "",
            replays,
            answers.network and replays,
            answers.walker_screen,
            "" if scheduled else answers.protocol,
            session,
            leg,
            answers.way == "practise",
            self.subject_file.subject.id if scheduled else "",
            answers.schedule == "resume",
            answers.schedule == "anew",
        )


def free_name(path: Path, mark: str = "") -> Path:
    """The path, or with the first number that is free: ``lab.toml``, ``lab2.toml`` and so on."""
    if not mark and not path.exists():
        return path
    number = 1 if mark else 2
    while (other := path.with_name(f"{path.stem}{mark}{number}{path.suffix}")).exists():
        number += 1
    return other


def mass_from_plates(answers: Answers) -> bool:
    """Whether the mass is what the plates offered, and nobody has typed another."""
    return (
        answers.mass_kg is not None and "mass" not in answers.decided and answers.way != "practise"
    )


def mass_note(answers: Answers, guesses: Guesses) -> str:
    """What the plates say of the mass; empty when nobody stands on them."""
    if isnan(guesses.standing_kg):
        return ""
    said = f"the plates carry {guesses.standing_kg:.1f} kg now"
    if answers.mass_kg and abs(guesses.standing_kg / answers.mass_kg - 1.0) > 0.02:
        return f"{said}: {guesses.standing_kg / answers.mass_kg - 1.0:+.1%} against what is given"
    return said


def worst_of(checks: Sequence[Check]) -> list[Check]:
    """Refused first, then warned, then passed."""
    order = {"refused": 0, "warned": 1, "passed": 2}
    return sorted(checks, key=lambda check: order[check.verdict])


def in_words(text: str) -> str:
    """A sentence without the names of command line options."""
    return re.sub(
        r"--([a-z]+)(-([a-z]+))?",
        lambda found: "the " + " ".join(filter(None, found.group(1, 3))),
        text,
    )
