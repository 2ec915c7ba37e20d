"""Receive both streams for some seconds, for `ekam check`."""

from collections.abc import Callable, Mapping
from math import nan

from stream.check_seen import Seen, seen_stream
from stream.source import Chunk, Role, Source, StreamInfo

_PULL_S = 0.1


def receive(
    source: Source,
    infos: Mapping[Role, StreamInfo],
    seconds: float,
    now: Callable[[], float],
    *,
    rtt_s: Mapping[Role, float] | None = None,
    enough: Callable[[], bool] = lambda: False,
    on_wait: Callable[[float], None] | None = None,
) -> Seen:
    """Pull for `seconds`, or until `enough` says so or the source ends.

    Parameters
    ----------
    infos : what `Source.open` described.
    now : LSL local clock.
    rtt_s : round trip of the clock comparison per stream, where known.
    on_wait : told how many seconds have passed.
    """
    chunks: dict[Role, list[Chunk]] = {role: [] for role in infos}
    begun_s = now()
    while (passed_s := now() - begun_s) < seconds and not enough() and not source.ended:
        if on_wait is not None:
            on_wait(passed_s)
        for chunk in source.pull(_PULL_S):
            chunks[chunk.role].append(chunk)
    trips = rtt_s or {}
    return Seen(
        {
            role: seen_stream(info, chunks[role], trips.get(role, nan))
            for role, info in infos.items()
        }
    )
