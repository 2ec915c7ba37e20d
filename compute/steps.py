"""Contacts of both feet as they happen: plate offsets, beginnings and ends, what the other foot does."""

from dataclasses import dataclass
from math import inf, nan

import numpy as np

from compute import baseline, contact
from compute.conventions import Side
from compute.early import StanceClock
from compute.settings import Settings
from compute.stance import Stance

REMEMBERED_S = 6.0
KEPT_CHANGES = 200
SHORTEST_STEP_S, LONGEST_STEP_S = 0.2, 1.5
LONGEST_STRIDE_S = 3.0


@dataclass
class Contact:
    """One contact of a foot with its belt.

    Attributes
    ----------
    t_on_s : heel strike. begun_s : stamp of the sample that made it certain.
    predicted_s : duration that the stances before let expect; NaN when too few are known.
    previous_off_s : toe-off of the same foot before; NaN for the first.
    cadence : steps per minute, from the last heel strike of the other foot.
    t_off_s, ended_s : toe-off and the sample that made it certain; infinite while the foot is on.
    tried_s : last sample at which an early score was tried. early_peak1_nm : what it gave.
    """

    side: Side
    t_on_s: float
    begun_s: float
    predicted_s: float
    previous_off_s: float
    cadence: float
    t_off_s: float = inf
    ended_s: float = inf
    tried_s: float = -inf
    early_peak1_nm: float = nan

    @property
    def half_s(self) -> float:
        """When an early score is first tried, where a duration is predicted."""
        return max(self.t_on_s + 0.5 * self.predicted_s, self.begun_s)


class Steps:
    """Follows both plates, sample by sample.

    Attributes
    ----------
    offsets : shape (n, 9), the last quiet stretches of the plates, `compute.baseline.track_offset`.
    """

    def __init__(self, settings: Settings, body_mass_kg: float) -> None:
        self._thresholds = settings.contact
        self._rules = baseline.baseline_rules(body_mass_kg)
        self._offset_state = baseline.new_state()
        self.offsets = np.empty((0, baseline.LOG_COLUMNS))
        self._contact_state = contact.new_state()
        self._clocks = tuple(
            StanceClock(settings.min_stance_s, settings.max_stance_s) for _ in Side
        )
        self._recent: tuple[list[Contact], list[Contact]] = ([], [])

    def follow(self, time_s: np.ndarray, wrench: np.ndarray) -> tuple[list[Contact], list[Contact]]:
        """Take plate samples, shapes (n,) and (n, 2, 6); contacts that began, and that ended."""
        n = len(time_s)
        fz, log = np.empty((n, 2)), np.empty((2 * n, baseline.LOG_COLUMNS))
        changes = baseline.track_offset(time_s, wrench, self._rules, self._offset_state, fz, log)
        if changes:
            self.offsets = np.concatenate([self.offsets, log[:changes]])
        out = np.empty((2 * n, contact.EVENT_COLUMNS))
        found = contact.detect(time_s, fz, self._thresholds, self._contact_state, out)
        begun, ended = [], []
        for row in out[:found].tolist():
            side = Side(int(row[contact.SIDE]))
            if row[contact.KIND] == contact.BEGUN:
                begun.append(self._begin(side, row[contact.ON], row[contact.SETTLED]))
            else:
                last = self._recent[side][-1]
                last.t_off_s, last.ended_s = row[contact.OFF], row[contact.SETTLED]
                self._clocks[side].add(last.t_off_s - last.t_on_s)
                ended.append(last)
        if n:
            self._forget(float(time_s[-1]) - REMEMBERED_S)
        return begun, ended

    def offset_before(self, time_s: float) -> np.ndarray:
        """Offset of both plates as known before a sample, shape (2, 6); NaN where none is."""
        return self._before(time_s)[:, 2:8]

    def unloaded_before_n(self, time_s: float) -> np.ndarray:
        """What both plates last read vertically without a foot on them before a sample, shape (2,)."""
        return self._before(time_s)[:, baseline.READING]

    def _before(self, time_s: float) -> np.ndarray:
        out = np.full((2, baseline.LOG_COLUMNS), np.nan)
        before = self.offsets[: int(self.offsets[:, 0].searchsorted(time_s, side="left"))]
        for side in Side:
            own = (before[:, 1] == side).nonzero()[0]
            if len(own):
                out[side] = before[own[-1]]
        return out

    def other_foot(self, stance: Stance) -> tuple[float, float]:
        """Toe-off and next heel strike of the other foot within a stance, s; NaN where there is none.

        Only what was certain at `stance.t_decide_s` counts.
        """
        t_on_s, t_off_s, until_s = stance.t_on_s, stance.t_off_s, stance.t_decide_s
        others = [other for other in self._recent[stance.side.other] if other.begun_s <= until_s]
        offs = [
            other.t_off_s
            for other in others
            if other.ended_s <= until_s and t_on_s < other.t_off_s < t_off_s
        ]
        off_s = min(offs, default=nan)
        ons = [
            other.t_on_s
            for other in others
            if t_on_s < other.t_on_s < t_off_s and not other.t_on_s < off_s
        ]
        return off_s, min(ons, default=nan)

    def _begin(self, side: Side, t_on_s: float, settled_s: float) -> Contact:
        own, other = self._recent[side], self._recent[side.other]
        step_s = t_on_s - other[-1].t_on_s if other else nan
        cadence = 60.0 / step_s if SHORTEST_STEP_S <= step_s <= LONGEST_STEP_S else nan
        previous_off_s = own[-1].t_off_s if own else nan
        step = Contact(
            side, t_on_s, settled_s, self._clocks[side].predict_s(), previous_off_s, cadence
        )
        own.append(step)
        return step

    def _forget(self, before_s: float) -> None:
        for recent in self._recent:
            while len(recent) > 1 and recent[0].ended_s < before_s:
                recent.pop(0)
        if len(self.offsets) > KEPT_CHANGES:
            old = self.offsets[self.offsets[:, 0] < before_s]
            last = [np.flatnonzero(old[:, 1] == side)[-1:] for side in Side]
            kept = np.sort(np.concatenate(last))
            self.offsets = np.concatenate([old[kept], self.offsets[len(old) :]])
