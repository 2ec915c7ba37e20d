"""Find both streams of a lab file, receive them for some seconds and judge them."""

from collections.abc import Sequence
from math import nan

from compute import Subject
from display.say import stage
from stream.check import judge
from stream.check_network import Found, judge_stream, samples_not_checked
from stream.check_receive import receive
from stream.check_seen import Finding, failed
from stream.errors import EkamError
from stream.lab import Lab
from stream.lsl import LslSource
from stream.source import Role

_OPEN_S = 10.0


def check_streams(
    lab: Lab,
    found: Sequence[Found],
    *,
    seconds: float,
    mass_kg: float | None,
    subject: Subject | None,
    tap: str,
    allow_replay: bool,
) -> list[Finding]:
    """One finding per check; what needs samples is left out where a stream is missing."""
    from pylsl import local_clock

    findings: list[Finding] = []
    taken: dict[Role, Found | None] = {}
    for role, query in zip(Role, lab.queries(), strict=True):
        finding, taken[role] = judge_stream(role, query, found, allow_replay=allow_replay)
        findings.append(finding)
    if not all(taken.values()):
        return [*findings, samples_not_checked()]
    source = LslSource(*lab.queries(), allow_replay=allow_replay, resolve_timeout_s=_OPEN_S)
    try:
        infos = source.open()
    except EkamError as error:
        return [*findings, failed("streams", str(error), "mend this and check again")]
    try:
        with stage(f"Receiving for {seconds:g} s …"):
            seen = receive(
                source,
                infos,
                seconds,
                local_clock,
                rtt_s={role: each.rtt_s if each else nan for role, each in taken.items()},
            )
    finally:
        source.close()
    with stage("Judging …"):
        return findings + judge(
            seen,
            lab,
            mass_kg=nan if mass_kg is None else mass_kg,
            subject=subject,
            tap=tap,
        )
