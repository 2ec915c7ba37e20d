"""What the set-up asks in between, and what it starts in the end; no Qt."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Question:
    """Something that is asked in the page before Next goes on.

    Attributes
    ----------
    options : words of each answer and the answer itself.
    """

    text: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """What is started when the window has closed."""

    lab: Path
    subject: Path
    feedback: str
    allow_replay: bool
    network: bool
    screen: str
    protocol: str
    session: int
    leg: str
    practise: bool
    participant: str = ""
    resume: bool = False
    anew: bool = False

    def arguments(self) -> list[str]:
        """Of the command that does the same."""
        given = ["live", "--lab", str(self.lab), "--subject", str(self.subject)]
        if self.feedback:
            given += ["--feedback", self.feedback]
        if self.protocol:
            given += ["--protocol", self.protocol]
        if self.session > 1:
            given += ["--session", str(self.session)]
        if self.leg:
            given += ["--leg", self.leg]
        if self.participant:
            given += ["--participant", self.participant]
        if self.resume:
            given.append("--resume")
        if self.anew:
            given.append("--anew")
        if self.screen:
            given += ["--screen", self.screen]
        if self.allow_replay:
            given.append("--allow-replay")
        if self.network:
            given.append("--network")
        return given
