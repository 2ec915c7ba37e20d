"""What is on the network: every LSL stream, what it looks like, and what to write into the lab file."""

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import nan
from threading import Event
from typing import Any

from stream.channel_names import marker_channels, plate_channels
from stream.check_seen import Finding, failed, not_checked, ok, warning
from stream.errors import EkamError
from stream.header import read_header
from stream.lsl import StreamQuery
from stream.source import Role, StreamInfo

LONGEST_S = 10.0
_HEADER_S = 3.0
_CLOCK_S = 2.0
_FORMATS = ("undefined", "float32", "double64", "string", "int32", "int16", "int8", "int64")
_MARKER_TYPES = ("mocap", "motion", "position", "marker positions")
_FORCE_TYPES = ("force", "forces", "grf", "forceplate", "force plate")


@dataclass(frozen=True)
class Found:
    """One stream on the network.

    Attributes
    ----------
    rate_hz : nominal; 0 = irregular.
    info : its header read; None where it cannot be used, and `fault` says why.
    offset_s, rtt_s : its clock against this machine's, and the round trip of the comparison; NaN unknown.
    """

    name: str
    type: str
    hostname: str
    source_id: str
    channels: int
    rate_hz: float
    number_format: str
    info: StreamInfo | None = None
    fault: str = ""
    offset_s: float = nan
    rtt_s: float = nan

    @property
    def replay(self) -> str:
        """What it replays; empty for a live publisher."""
        return self.info.replay if self.info is not None else ""

    def fits(self, query: StreamQuery) -> bool:
        """Whether a lab file's query means this stream."""
        return query.admits(_Asked(self))


class _Asked:
    """A `Found` under the names that pylsl's descriptions use, for `StreamQuery.admits`."""

    def __init__(self, found: Found) -> None:
        self.type = lambda: found.type
        self.name = lambda: found.name
        self.source_id = lambda: found.source_id
        self.hostname = lambda: found.hostname


def survey(
    seconds: float, wanted: Sequence[StreamQuery] = (), longest_s: float = LONGEST_S
) -> list[Found]:
    """Every stream on the network, with its header and its clock.

    Parameters
    ----------
    seconds : how long to look.
    wanted : looked for until each has an answer, for `longest_s` at most: on a busy network or machine
        some answers come late.
    """
    import pylsl

    resolver = pylsl.ContinuousResolver()
    pause = Event()
    begun_s = pylsl.local_clock()
    while True:
        seen = {found.uid(): found for found in resolver.results()}
        passed_s = pylsl.local_clock() - begun_s
        answered = all(any(map(query.admits, seen.values())) for query in wanted)
        if passed_s >= (seconds if answered else max(seconds, longest_s)):
            break
        pause.wait(0.05)
    if not seen:
        return []
    with ThreadPoolExecutor(min(16, len(seen))) as pool:
        found = list(pool.map(describe, seen.values()))
    return sorted(found, key=lambda each: (each.type.casefold(), each.name, each.hostname))


def describe(described: Any) -> Found:
    """Read one stream's header and compare its clock; takes about a second."""
    import pylsl

    number_format = described.channel_format()
    found = Found(
        described.name(),
        described.type(),
        described.hostname(),
        described.source_id(),
        described.channel_count(),
        described.nominal_srate(),
        _FORMATS[number_format] if number_format < len(_FORMATS) else "unknown",
    )
    if found.number_format == "string":
        return found
    try:
        inlet = pylsl.StreamInlet(described, recover=False)
        xml = inlet.info(timeout=_HEADER_S).as_xml()
        offset_s, rtt_s = _clock(inlet)
    except RuntimeError as error:  # the base of all errors of an inlet
        fault = f"does not answer ({error}): let TCP ports 16572 to 16604 through the firewalls"
        return _with(found, fault=fault)
    try:
        info = read_header(guess_role(found) or Role.MARKERS, xml)
        # Without a type that says so, the labels decide, and a plate's number is read from its own tag.
        if guess_role(_with(found, info=info)) is Role.FORCES and info.role is not Role.FORCES:
            info = read_header(Role.FORCES, xml)
    except EkamError as error:
        return _with(found, fault=str(error), offset_s=offset_s, rtt_s=rtt_s)
    return _with(found, info=info, offset_s=offset_s, rtt_s=rtt_s)


def _with(found: Found, **fields: Any) -> Found:
    return Found(**{**found.__dict__, **fields})


def _clock(inlet: Any) -> tuple[float, float]:
    """Clock offset and the round trip of the comparison, s; NaN where LSL does not say."""
    from pylsl.inlet import lib

    remote, trip, error = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    try:
        ask = lib.lsl_time_correction_ex
    except AttributeError:
        return nan, nan
    ask.restype = ctypes.c_double
    offset_s = ask(
        inlet.obj, ctypes.byref(remote), ctypes.byref(trip), ctypes.c_double(_CLOCK_S), ctypes.byref(error)
    )  # fmt: skip
    return (offset_s, trip.value) if error.value == 0 else (nan, nan)


def guess_role(found: Found) -> Role | None:
    """What a stream carries, by its type, else by its channels; None for neither."""
    kind = found.type.casefold().strip()
    if found.number_format == "string":
        return None
    if kind in _MARKER_TYPES:
        return Role.MARKERS
    if kind in _FORCE_TYPES:
        return Role.FORCES
    if found.info is None:
        return None
    if len(marker_channels(found.info.channels)) >= 2:
        return Role.MARKERS
    if any(len(kinds) >= 3 for kinds in plate_channels(found.info.channels).values()):
        return Role.FORCES
    return None


def looks_like(found: Found) -> str:
    """What a stream seems to be, in words."""
    role = guess_role(found)
    if found.number_format == "string":
        return "texts (event marks), not used"
    if found.fault:
        return f"cannot be used: {found.fault}"
    if role is Role.MARKERS and found.info is not None:
        return f"markers: {len(marker_channels(found.info.channels))} positions"
    if role is Role.FORCES and found.info is not None:
        plates = [n for n, kinds in plate_channels(found.info.channels).items() if len(kinds) >= 3]
        told = "with corners" if found.info.plates else "without corners in the header"
        return f"forces: {len(plates)} plates {told}"
    return "neither markers nor forces"


def lab_lines(found: Sequence[Found]) -> list[str]:
    """What to write into the lab file to take the streams that look right."""
    lines = []
    for role, table in ((Role.MARKERS, "markers"), (Role.FORCES, "forces")):
        fitting = [each for each in found if guess_role(each) is role and not each.fault]
        if not fitting:
            lines.append(f"# no stream on the network looks like {table}")
            continue
        lines.append(f"[{table}]")
        for i, each in enumerate(fitting):
            query = distinct_query(each, found)
            said = ", ".join(f'{key} = "{value}"' for key, value in query.items())
            lines.append(f"{'# or: ' if i else ''}stream = {{ {said} }}")
        if not fitting[0].rate_hz:
            lines.append(
                "# rate_hz = HZ  (it declares no rate: run `ekam check --lab LAB`, which measures it, and "
                "write the number here)"
            )
    return lines


def distinct_query(wanted: Found, found: Sequence[Found]) -> Mapping[str, str]:
    """The shortest query that fits this stream alone."""
    query = {"type": wanted.type}
    for key in ("name", "source_id", "hostname"):
        if sum(each.fits(StreamQuery(**query)) for each in found) <= 1:
            break
        value = getattr(wanted, key)
        if value:
            query[key] = value
    return query


def judge_stream(
    role: Role, query: StreamQuery, found: Sequence[Found], *, allow_replay: bool
) -> tuple[Finding, Found | None]:
    """Whether exactly one stream fits a lab file's query, and can be used."""
    name = f"{role.value} stream"
    fitting = [each for each in found if each.fits(query)]
    if not fitting:
        guessed = [each for each in found if guess_role(each) is role and not each.fault]
        seen = "; ".join(map(_called, found)) or "no stream at all"
        if guessed:
            said = ", ".join(f'{k} = "{v}"' for k, v in distinct_query(guessed[0], found).items())
            cure = f"{_called(guessed[0])} looks like it: write stream = {{ {said} }} under [{role.value}]"
        elif found:
            cure = f"start the publisher, or correct stream under [{role.value}] in the lab file"
        else:
            cure = (
                "start the publisher; if it runs, check that both machines are on one network and let UDP "
                "port 16571 and TCP ports 16572 to 16604 through their firewalls"
            )
        return failed(name, f"none fits {query}; seen: {seen}", cure), None
    if len(fitting) > 1:
        said = "; ".join(map(_called, fitting))
        cure = f"end all but one, or name its source_id or hostname under [{role.value}]"
        return failed(name, f"{len(fitting)} streams fit {query}: {said}", cure), None
    one = fitting[0]
    if one.fault:
        return failed(name, f"{_called(one)}: {one.fault}", "mend its publisher"), None
    if one.replay and not allow_replay:
        return (
            failed(
                name,
                f"{_called(one)} is a replay of {one.replay}, not a live walker",
                "end the replay, or say --allow-replay",
            ),
            None,
        )
    rate = f"{one.rate_hz:g} Hz" if one.rate_hz else "no rate declared"
    said = f"{_called(one)}: {one.channels} channels, {rate}, {one.number_format}"
    if one.replay:
        said += f", a replay of {one.replay}"
    if not one.source_id:
        cure = "let the publisher set a source_id, so that it is known again after a restart"
        return warning(name, f"{said}; it has no source_id", cure), one
    return ok(name, said), one


def samples_not_checked() -> Finding:
    """The line that stands for all that needs samples of both streams."""
    return not_checked(
        "samples", "both streams are needed", "mend what is said above and check again"
    )


def _called(found: Found) -> str:
    return f"{found.name!r} (type {found.type!r}, host {found.hostname!r}, source_id {found.source_id!r})"
