"""Where the schedule of the person who was set up stands, if they are a participant of a protocol."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stream.errors import EkamError
from stream.participants import PERSON, Next, Participant, ago, read_participant

How = Literal["", "enrol", "next", "resume", "anew"]
"""What a session has to do with a schedule: nothing; it begins one; it is the next one of it; it goes on
with the one that broke off, or begins that one again."""


@dataclass(frozen=True)
class Schedule:
    """A participant, and what comes next.

    Attributes
    ----------
    person, comes : None where `fault` says why they cannot be read.
    """

    person: Participant | None = None
    comes: Next | None = None
    fault: str = ""

    @property
    def options(self) -> list[tuple[str, How]]:
        """What can be run, in words."""
        if self.person is None or self.comes is None:
            return []
        of, comes = self.person.file.protocol.sessions, self.comes
        session = f"session {comes.session} of {of}"
        if comes.broken is None:
            return [(f"{session} of {self.person.id}", "next")] if comes.session <= of else []
        if comes.running:
            return []
        again: list[tuple[str, How]] = [(f"begin {session} again", "anew")]
        if comes.damaged:
            return again
        return [(f"go on with {session} (broke off {ago(comes.broken_h)})", "resume"), *again]

    @property
    def said(self) -> str:
        """What has to be known of it; empty when nothing."""
        if self.person is None or self.comes is None:
            return self.fault
        if self.comes.running:
            return f"session {self.comes.session} of {self.person.id} is running in another window"
        if self.comes.damaged:
            return self.comes.damaged
        if not self.options:
            return f"all {self.person.file.protocol.sessions} sessions of {self.person.id} are over"
        return f"rehearsal: {self.person.id} is nobody" if self.person.rehearsal else ""


def schedule_of(store: Path, person_id: str) -> Schedule | None:
    """Where a person's schedule stands; None for who is no participant."""
    if not (store / person_id / PERSON).is_file():
        return None
    try:
        person = read_participant(store, person_id)
        return Schedule(person, person.next())
    except (EkamError, OSError) as error:
        return Schedule(fault=str(error))
