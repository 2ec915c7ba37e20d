"""The live health view of ``ekam check --watch``."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import isnan
from threading import Event

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from display.say import out
from stream.check_watch import Meter, Now
from stream.errors import EkamError
from stream.lab import Lab
from stream.lsl import LslSource
from stream.source import LampState, StreamHealth

_RESOLVE_S = 2.0
_PULL_S = 0.1
_LIVE_EVERY_S, _LINE_EVERY_S = 0.25, 1.0
_LISTED = 10
_MARKS = {
    LampState.OK: ("✓", "green"),
    LampState.DEGRADED: ("!", "yellow"),
    LampState.CONNECTING: ("…", "yellow"),
    LampState.LOST: ("✗", "bold red"),
    LampState.ABSENT: ("✗", "bold red"),
}
Show = Callable[[Sequence[StreamHealth], Now | None, str], None]


def watch_streams(lab: Lab, *, allow_replay: bool) -> None:
    """Show both streams' health until Ctrl-C; publishers may come and go."""
    with _until_interrupted() as stop:
        if out.is_terminal:
            with Live(console=out, auto_refresh=False) as live:
                _watch(
                    lab,
                    allow_replay,
                    stop,
                    _LIVE_EVERY_S,
                    lambda *seen: live.update(view(*seen), refresh=True),
                )
        else:
            _watch(lab, allow_replay, stop, _LINE_EVERY_S, lambda *seen: out.print(line(*seen)))


def _watch(lab: Lab, allow_replay: bool, stop: Event, every_s: float, show: Show) -> None:
    from pylsl import local_clock

    while not stop.is_set():
        source = LslSource(
            *lab.queries(),
            allow_replay=allow_replay,
            resolve_timeout_s=_RESOLVE_S,
            given_up=lambda: "stopped" if stop.is_set() else "",
        )
        try:
            meter = Meter(source.open(), lab)
        except EkamError as error:
            if not stop.is_set():
                show(source.health(), None, str(error))
                stop.wait(0.2)
            continue
        try:
            shown_s = local_clock()
            while not stop.is_set() and not source.ended:
                for chunk in source.pull(_PULL_S):
                    meter.update(chunk)
                if local_clock() - shown_s >= every_s:
                    shown_s = local_clock()
                    show(source.health(), meter.now(shown_s), "")
        finally:
            source.close()


@contextmanager
def _until_interrupted() -> Iterator[Event]:
    """Ctrl-C and a polite kill set the event."""
    stop = Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def line(healths: Sequence[StreamHealth], now: Now | None, waiting: str) -> str:
    """One line for a second: for logs and pipes."""
    parts = [f"{datetime.now():%H:%M:%S}"]
    if now is None:
        return f"{parts[0]} waiting: {waiting}"
    for health in healths:
        said = f" ({health.message})" if health.message else ""
        figures = ", ".join(f"{name} {value}" for name, value in _figures(health))
        parts.append(f"{health.role.value} {health.state.value}{said} {figures}")
    parts += [f"{name} {value}" for name, value in _content(now)]
    return " | ".join(parts)


def view(healths: Sequence[StreamHealth], now: Now | None, waiting: str) -> RenderableType:
    """The table on a terminal."""
    table = Table(title="ekam check --watch (Ctrl-C ends)", title_justify="left", box=None)
    for name in ("stream", "state", "rate", "age", "lost", "jitter", "clock"):
        table.add_column(name, justify="left" if name in ("stream", "state") else "right")
    for health in healths:
        mark, style = _MARKS[health.state]
        said = f"{mark} {health.state.value}" + (f": {health.message}" if health.message else "")
        table.add_row(
            f"{health.role.value} {health.name}",
            Text(said, style=style),
            *(value for _, value in _figures(health)),
        )
    if now is None:
        table.add_row("waiting", Text(waiting))
    else:
        for name, value in _content(now):
            table.add_row(name, Text(value))
    return table


def _figures(health: StreamHealth) -> list[tuple[str, str]]:
    return [
        ("rate", _number(health.rate_hz, "Hz")),
        ("age", _number(1e3 * health.age_s, "ms", 0)),
        ("lost", str(health.missing)),
        ("jitter", _number(1e3 * health.jitter_s, "ms", 2)),
        ("clock", _number(1e3 * health.clock_offset_s, "ms", 2)),
    ]


def _content(now: Now) -> list[tuple[str, str]]:
    missing = ", ".join(now.missing[:_LISTED]) or "none"
    if len(now.missing) > _LISTED:
        missing += f" and {len(now.missing) - _LISTED} more"
    left, right = (_number(up_n, "N", 0) for up_n in now.up_n)
    rows = [
        ("missing markers", f"{missing} ({len(now.missing)} of {now.known})"),
        ("load", f"left {left}, right {right}"),
    ]
    return rows + [(f"{role.value} refused", fault) for role, fault in now.faults.items()]


def _number(value: float, unit: str, digits: int = 1) -> str:
    return "–" if isnan(value) else f"{value:.{digits}f} {unit}"
