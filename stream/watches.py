"""All that looks at the mapped samples beside the engine; ten times a second, so that a step costs little."""

from collections.abc import Mapping, Sequence

import numpy as np

from stream.content_watch import ContentWatch
from stream.lab import Lab
from stream.plate_watch import PlateWatch
from stream.source import Role
from stream.sync_check import SyncCheck, SyncVerdict

EVERY_S = 0.1

Samples = tuple[np.ndarray, np.ndarray]
"""Times, shape (n,), and what the engine takes, shape (n, ...)."""


class Watches:
    """Watches content, plates, and whether markers and forces keep step.

    Parameters
    ----------
    names : canonical markers in the order of the samples.
    plates : whether somebody reads what `plate_sentence` says.
    """

    def __init__(
        self,
        lab: Lab,
        names: Sequence[str],
        body_mass_kg: float,
        rates_hz: Mapping[Role, float],
        *,
        plates: bool,
    ) -> None:
        self._content = {role: ContentWatch(role) for role in Role}
        self._plates = PlateWatch(lab, names, body_mass_kg) if plates else None
        self._sync = SyncCheck(lab, names, rates_hz[Role.MARKERS], rates_hz[Role.FORCES])
        self._held: dict[Role, list[Samples]] = {role: [] for role in Role}
        self._since_s = np.inf
        self._newest: tuple[Samples, Samples] | None = None

    def add(self, markers: Samples, forces: Samples) -> None:
        """Take samples in the order in which the engine takes them."""
        self._newest = (markers, forces)
        newest_s = -np.inf
        for role, samples in ((Role.MARKERS, markers), (Role.FORCES, forces)):
            if len(samples[0]):
                self._held[role].append(samples)
                self._since_s = min(self._since_s, float(samples[0][0]))
                newest_s = max(newest_s, float(samples[0][-1]))
        if newest_s - self._since_s >= EVERY_S:
            self._look(markers, forces)

    def trouble(self, role: Role) -> str:
        """What is wrong with the content of a stream, a sentence; empty while nothing is."""
        return self._content[role].trouble

    def plate_sentence(self) -> str:
        """What is wrong with the plates; empty while nothing is."""
        return "" if self._plates is None else self._plates.sentence()

    def sync_alarm(self) -> str:
        """Whether markers and forces are out of step, a sentence; empty while they are not."""
        return self._sync.latest.alarming

    def verdict(self) -> SyncVerdict:
        """Whether markers and forces kept step, after the last sample."""
        if self._newest:
            self._look(*self._newest)
        return self._sync.verdict()

    def _look(self, markers: Samples, forces: Samples) -> None:
        """Hand on what was held; of a stream of which nothing was, nothing in its shape."""
        whole = []
        for role, like in ((Role.MARKERS, markers), (Role.FORCES, forces)):
            held, self._held[role] = self._held[role], []
            parts = held or [(like[0][:0], like[1][:0])]
            time_s, values = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
            self._content[role].add(time_s, values)
            whole += [time_s, values]
        self._since_s = np.inf
        if self._plates is not None:
            self._plates.add(*whole)
        self._sync.add(*whole)
