"""Which streams are on the network, and which of them is meant."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import inf
from threading import Event
from typing import Any

from stream.errors import EkamError
from stream.source import Role, StreamInfo

FORGET_S = 2.0
"""A publisher that does not answer for this long is not shown any more."""

_SETTLE_S = 0.7  # the answers of all outlets are there after half a second
_POLL_S = 0.02


@dataclass(frozen=True)
class StreamQuery:
    """Which stream is meant; empty means any. The type is compared without regard to case."""

    type: str
    name: str = ""
    source_id: str = ""
    hostname: str = ""

    def admits(self, found: Any) -> bool:
        """Whether a resolved stream (pylsl's) is one that is meant."""
        return (
            (not self.type or found.type().casefold() == self.type.casefold())
            and self.name in ("", found.name())
            and self.source_id in ("", found.source_id())
            and self.hostname in ("", found.hostname())
        )

    @property
    def pinned(self) -> bool:
        """Whether it names one publisher, wherever that runs."""
        return bool(self.source_id or self.hostname)

    def __str__(self) -> str:
        parts = ("type", "name", "source_id", "hostname")
        return ", ".join(f"{part} {getattr(self, part)!r}" for part in parts if getattr(self, part))


class Network:
    """The streams that can be seen, looked for continuously in the background."""

    def __init__(self) -> None:
        import pylsl

        self._clock = pylsl.local_clock
        self._resolver = pylsl.ContinuousResolver(forget_after=FORGET_S)

    def seen(self) -> dict[str, Any]:
        """What answers, by uid (pylsl's descriptions); every outlet has a uid of its own."""
        return {found.uid(): found for found in self._resolver.results()}

    def now_s(self) -> float:
        """LSL local clock."""
        return float(self._clock())

    def find(
        self, queries: dict[Role, StreamQuery], timeout_s: float, given_up: Callable[[], str]
    ) -> dict[Role, Any]:
        """Find exactly one stream for each query.

        Raises
        ------
        EkamError : none or several fit, or `given_up` says why to stop.
        """
        pause = Event()
        deadline_s, settled_s = self.now_s() + timeout_s, inf
        while True:
            seen = self.seen().values()
            fitting = {
                role: [found for found in seen if query.admits(found)]
                for role, query in queries.items()
            }
            now_s = self.now_s()
            if all(fitting.values()) and settled_s == inf:
                settled_s = now_s + _SETTLE_S
            if now_s >= min(settled_s, deadline_s):
                break
            if reason := given_up():
                raise EkamError(reason)
            pause.wait(_POLL_S)
        for role, streams in fitting.items():
            if not streams:
                raise EkamError(
                    f"No {role.value} stream was found: looked {timeout_s:g} s for {queries[role]}, "
                    f"saw {_listed(seen) or 'none at all'}. Start the publisher or correct the query "
                    "in the lab file."
                )
            if len(streams) > 1:
                raise EkamError(
                    f"{len(streams)} streams fit the {role.value} query ({queries[role]}): "
                    f"{_listed(streams)}. {_ONLY_ONE}."
                )
        return {role: streams[0] for role, streams in fitting.items()}


def successors(fitting: Collection[Any], last: StreamInfo, query: StreamQuery) -> list[Any]:
    """Those streams that can be the one described by `last` come back.

    The source_id tells, as it stays over a restart if the publisher gives one; else the name. Of
    streams with the same source_id all are returned, for nobody can tell which it is. One on another
    computer, perhaps of the laboratory next door, only where the query names it.
    """
    near = [found for found in fitting if query.pinned or found.hostname() == last.hostname]
    same = [found for found in near if last.source_id and found.source_id() == last.source_id]
    return same or [found for found in near if found.name() == last.name]


def why_none(fitting: Collection[Any], last: StreamInfo, query: StreamQuery) -> str:
    """Why none of these streams is taken in the place of the one described by `last`."""
    following = successors(fitting, last, query)
    if len(following) > 1:
        return (
            f"the publisher is gone and {len(following)} streams could be it: {_listed(following)}; "
            f"{_ONLY_ONE[0].lower()}{_ONLY_ONE[1:]}"
        )
    elsewhere = [found for found in fitting if found.hostname() != last.hostname]
    if elsewhere and not query.pinned:
        return (
            f"the publisher is gone; not taken because it runs on another computer: {_listed(elsewhere)}; "
            "name its hostname or source_id in the lab file and begin a new session"
        )
    if fitting:
        return (
            f"the publisher is gone; not taken because its name is another: {_listed(fitting)}; "
            "start the one from before, or begin a new session"
        )
    return "the publisher is gone; it is taken up again when it comes back"


def rivals(following: Collection[Any]) -> str:
    """What to say of other streams that look like the one that is received."""
    return (
        f"{len(following)} more like it: {_listed(following)}; end what is not this session's, or it "
        "cannot be taken up again after a failure"
    )


_ONLY_ONE = "End all but one of them, or name its source_id or hostname in the lab file"


def _listed(streams: Collection[Any]) -> str:
    return "; ".join(
        f"{_short(found.name())} (type {_short(found.type())}, host {_short(found.hostname())}, "
        f"source_id {_short(found.source_id())})"
        for found in list(streams)[:20]
    )


def _short(text: str) -> str:
    """A text from the network, fit for a sentence."""
    return repr(text[:80])
