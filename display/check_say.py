"""How `ekam check` prints: one line per check, with a word and a mark, then the cure."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from display.say import out
from stream.check_network import Found, looks_like
from stream.check_seen import Finding, Verdict, worst

MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.INCOMPLETE: ("…", "bold yellow"),
    Verdict.NOT_CHECKED: ("–", "dim"),
}


def print_findings(findings: Sequence[Finding]) -> None:
    """Print each finding and, below it, what to do."""
    width = max((len(finding.check) for finding in findings), default=0)
    for finding in findings:
        mark, style = MARKS[finding.verdict]
        line = Text(f"{mark} {finding.verdict.value:<11} ", style=style)
        line.append(f"{finding.check:<{width}}  {finding.found}", style="none")
        out.print(line)
        if finding.cure:
            out.print(Text(f"{'':<13} {'':<{width}}  → {finding.cure}"))


def summary(findings: Sequence[Finding]) -> str:
    """How many of each verdict, and what follows."""
    counts = {
        verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict
    }
    said = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    follows = {
        Verdict.FAILED: "not ready: mend what failed and check again",
        Verdict.INCOMPLETE: "not done: do what is said above and check again",
        Verdict.WARNING: "usable; look at the warnings",
        Verdict.OK: "ready" if not counts[Verdict.NOT_CHECKED] else "all that was checked is well",
    }
    return f"{said}: {follows[worst(findings)]}."


def print_streams(found: Sequence[Found]) -> None:
    """Print every stream on the network."""
    if not found:
        out.print(
            "No stream answers. Start a publisher; if one runs, check that both machines are on one network "
            "and let UDP port 16571 and TCP ports 16572 to 16604 through their firewalls."
        )
    for each in found:
        rate = f"{each.rate_hz:g} Hz" if each.rate_hz else "no rate declared"
        out.print(
            f"{each.name}  (type {each.type!r}, host {each.hostname}, source_id {each.source_id!r})"
        )
        kind = f"replay of {each.replay}" if each.replay else "live"
        out.print(f"    {each.channels} channels, {rate}, {each.number_format}, {kind}")
        out.print(f"    {looks_like(each)}")


def stream_table(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The streams for `--json`."""
    return [
        {
            "name": each.name,
            "type": each.type,
            "hostname": each.hostname,
            "source_id": each.source_id,
            "channels": each.channels,
            "nominal_rate_hz": each.rate_hz,
            "number_format": each.number_format,
            "replay": each.replay,
            "looks_like": looks_like(each),
        }
        for each in found
    ]


def finding_table(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings for `--json`."""
    return [
        {
            "check": finding.check,
            "verdict": finding.verdict.value,
            "found": finding.found,
            "cure": finding.cure,
        }
        for finding in findings
    ]
