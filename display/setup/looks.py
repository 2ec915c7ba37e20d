"""The three looks of the check page and their findings together; no Qt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from display.setup.wording import said_in_window
from stream.check import Situation
from stream.check_seen import Finding, Verdict

Look = Literal["empty", "standing", "walking"]
LOOKS: tuple[Look, ...] = ("empty", "standing", "walking")
SECONDS: dict[Look, float] = {"empty": 4.0, "standing": 5.0, "walking": 20.0}
ASKED = {
    "empty": Situation.NOBODY,
    "standing": Situation.STANDING,
    "walking": Situation.WALKING,
}
WORDS = {"empty": "empty belts", "standing": "someone standing", "walking": "someone walking"}


@dataclass(frozen=True)
class Looked:
    """What the looks have found.

    Attributes
    ----------
    findings : of each look that was taken.
    """

    findings: Mapping[Look, tuple[Finding, ...]] = field(default_factory=dict)

    def having(self, look: Look, findings: Iterable[Finding]) -> "Looked":
        """With a look taken, again or for the first time."""
        return replace(self, findings={**self.findings, look: tuple(findings)})

    def missed(self, look: Look) -> str:
        """What was on the belts instead of what was asked for; empty when it was as asked."""
        for finding in self.findings.get(look, ()):
            if finding.check == "situation" and not finding.found.startswith(ASKED[look].value):
                return f"{finding.found}, not {WORDS[look]}"
        return ""

    def done(self, look: Look) -> bool:
        """Whether it was taken, with what was asked for on the belts."""
        return look in self.findings and not self.missed(look)

    @property
    def next(self) -> Look | None:
        """The look that is to be taken next; None when all were."""
        return next((look for look in LOOKS if not self.done(look)), None)

    def merged(self) -> list[Finding]:
        """One line a check: the worst of all looks, of equal ones the first.

        A line that one look could not judge is left out where another did, and so are the sentences that
        only say which situation a line needs.
        """
        judged: dict[str, Finding] = {}
        left: dict[str, Finding] = {}
        for look in LOOKS:
            for finding in self.findings.get(look, ()):
                if finding.check == "situation":
                    continue
                if finding.verdict is Verdict.NOT_CHECKED:
                    left[finding.check] = finding
                elif _RANK[finding.verdict] > _RANK.get(_verdict(judged, finding.check), 0):
                    judged[finding.check] = finding
        spread = {"markers, axes, sides", "plate zero", "horizontal forces",
                  "plate direction, sides, weight, horizontal forces"}  # fmt: skip
        if all(self.done(look) for look in LOOKS):
            left = {check: f for check, f in left.items() if check not in spread}
        return [*judged.values(), *(f for check, f in left.items() if check not in judged)]

    def failures(self) -> list[Finding]:
        """What no session should start with."""
        bad = (Verdict.FAILED, Verdict.INCOMPLETE)
        return [finding for finding in self.merged() if finding.verdict in bad]


_RANK = {Verdict.OK: 1, Verdict.WARNING: 2, Verdict.INCOMPLETE: 3, Verdict.FAILED: 4}


def _verdict(judged: Mapping[str, Finding], check: str) -> Verdict:
    return judged[check].verdict if check in judged else Verdict.NOT_CHECKED


def said_here(finding: Finding) -> str:
    """What was found and what to do, without the options of the command line."""
    if not finding.cure:
        return finding.found
    cure = said_in_window(finding.cure).replace(
        "say --mass KG or --subject FILE", "the static trial compares it with the mass"
    )
    return f"{finding.found}\n→ {cure}"


def sorted_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The worst first, in the order of the checks."""
    order = {
        Verdict.FAILED: 0,
        Verdict.INCOMPLETE: 1,
        Verdict.WARNING: 2,
        Verdict.NOT_CHECKED: 3,
        Verdict.OK: 4,
    }
    return sorted(findings, key=lambda finding: order[finding.verdict])
