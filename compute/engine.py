"""The engine: marker frames and plate wrenches in, scored stances out.

State is preallocated; results depend on the samples and their stamps, never on how they were cut
into calls.
"""

from dataclasses import dataclass

import numpy as np

from compute import contact
from compute.buffer import Window
from compute.conventions import Side
from compute.filters import causal_section, zero_lag_section
from compute.live import live_frames
from compute.scoring import Rates, Settings, Span, score, step_cadence
from compute.stance import Stance
from compute.subject import Subject

HISTORY_S = 6.0
HELD_S = 30.0
SLICE_S = 0.5
LIVE_COLUMNS = 5


@dataclass
class _Pending:
    side: Side
    t_on_s: float
    t_off_s: float
    cadence: float


class _Held:
    """Samples that wait until the other stream has come as far."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._time_s = np.empty(0)
        self._rows = np.empty((0, *shape))
        self.newest_s = -np.inf

    @property
    def oldest_s(self) -> float:
        """Stamp of the first sample that waits; infinity when none does."""
        return float(self._time_s[0]) if len(self._time_s) else np.inf

    def add(self, time_s: np.ndarray, rows: np.ndarray) -> None:
        """Put samples at the end of the queue."""
        if len(time_s):
            self._time_s = np.concatenate([self._time_s, time_s])
            self._rows = np.concatenate([self._rows, rows])
            self.newest_s = float(time_s[-1])

    def take(self, until_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Samples up to and including `until_s`."""
        n = int(np.searchsorted(self._time_s, until_s, side="right"))
        taken = self._time_s[:n], self._rows[:n]
        self._time_s, self._rows = self._time_s[n:], self._rows[n:]
        return taken

    def limit(self) -> None:
        """Let go of what waits for longer than `HELD_S`: the other stream has gone."""
        if self.newest_s - self.oldest_s > HELD_S:
            self.take(self.newest_s - HELD_S)


class Engine:
    """EKAM of every stance of one person.

    Parameters
    ----------
    subject : calibrated person.
    marker_rate_hz, force_rate_hz : of the two streams; filters are designed for them.
    settings : filters, events, gates.
    live : also compute the causal trace (`live_rows`).

    Attributes
    ----------
    markers : canonical names of the markers that `push` expects, in this order.
    under_other_foot : per side, stances whose load lay under the other foot, and all stances.
    """

    def __init__(
        self,
        subject: Subject,
        marker_rate_hz: float,
        force_rate_hz: float,
        settings: Settings | None = None,
        *,
        live: bool = True,
    ) -> None:
        self.subject = subject
        self.settings = settings = settings or Settings()
        self.markers = subject.markers()
        self.under_other_foot = np.zeros((2, 2), dtype=int)
        self._rates = Rates(
            marker_rate_hz,
            force_rate_hz,
            zero_lag_section(settings.filter_hz, marker_rate_hz),
            zero_lag_section(settings.filter_hz, force_rate_hz),
        )
        self._marker_window = Window(int(HISTORY_S * marker_rate_hz) + 2, (len(self.markers), 3))
        self._force_window = Window(int(HISTORY_S * force_rate_hz) + 2, (2, 6))
        self._contact = contact.new_state()
        self._held_markers = _Held((len(self.markers), 3))
        self._held_forces = _Held((2, 6))
        self._pending: list[_Pending] = []
        self._last_on_s = [-np.inf, -np.inf]
        self._number = 0
        self._live = live
        self._live_section = causal_section(settings.live_filter_hz, marker_rate_hz)
        self._shanks = (subject.left.arrays(self.markers), subject.right.arrays(self.markers))
        self._marker_state = np.full((3 * len(self.markers), 2), np.nan)
        self._wrench_state = np.full((12, 2), np.nan)
        self._live_done_s = -np.inf
        self.live_rows = np.empty((0, LIVE_COLUMNS))

    def push(
        self,
        marker_time_s: np.ndarray,
        markers_m: np.ndarray,
        force_time_s: np.ndarray,
        wrench: np.ndarray,
    ) -> list[Stance]:
        """Take new samples; return the stances that they settle, in order.

        Parameters
        ----------
        marker_time_s : shape (n,), s from the first marker sample, increasing over all calls.
        markers_m : shape (n, len(markers), 3), lab, m, NaN = missing.
        force_time_s : shape (k,), s, same clock.
        wrench : shape (k, 2, 6), load on the left and right foot: F (N), M_O (N·m) about the lab
            origin, lab frame.

        Notes
        -----
        The stream that is ahead waits for the other one, for up to `HELD_S`. `live_rows` afterwards
        holds the rows that these samples made ready: time_s, EKAM left, right (N·m/kg), Fz left, right (N).
        """
        self._held_markers.add(marker_time_s, markers_m)
        self._held_forces.add(force_time_s, wrench)
        ready_s = min(self._held_markers.newest_s, self._held_forces.newest_s)
        stances: list[Stance] = []
        live = []
        while True:
            # In slices that the windows can hold, whatever came at once.
            first_s = min(self._held_markers.oldest_s, self._held_forces.oldest_s)
            if first_s > ready_s:
                break
            until_s = min(first_s + SLICE_S, ready_s)
            self._marker_window.append(*self._held_markers.take(until_s))
            forces = self._held_forces.take(until_s)
            self._force_window.append(*forces)
            self._detect(*forces)
            if self._live:
                live.append(self._live_rows())
            stances += self._settle()
        self._held_markers.limit()
        self._held_forces.limit()
        self.live_rows = np.concatenate(live) if live else np.empty((0, LIVE_COLUMNS))
        return stances

    def _detect(self, time_s: np.ndarray, wrench: np.ndarray) -> None:
        out = np.empty((len(time_s) + 1, 3))
        found = contact.detect(time_s, wrench[:, :, 1], self.settings.contact, self._contact, out)
        for row in out[:found]:
            side, t_on_s, t_off_s = Side(int(row[0])), float(row[1]), float(row[2])
            cadence = step_cadence(side, t_on_s, (self._last_on_s[0], self._last_on_s[1]))
            self._last_on_s[side] = t_on_s
            self._pending.append(_Pending(side, t_on_s, t_off_s, cadence))

    def _settle(self) -> list[Stance]:
        ready_s = min(self._marker_window.newest_s, self._force_window.newest_s)
        done = []
        while self._pending and self._pending[0].t_off_s + self.settings.decide_after_s <= ready_s:
            done.append(self._score(self._pending.pop(0)))
        return done

    def _score(self, pending: _Pending) -> Stance:
        self._number += 1
        subject, settings = self.subject, self.settings
        stance = Stance(
            self._number,
            pending.side,
            pending.t_on_s,
            pending.t_off_s,
            pending.t_off_s + settings.decide_after_s,
            subject.body_mass_kg,
            subject.height_m,
            cadence_steps_per_min=pending.cadence,
        )
        first_s = stance.t_on_s - settings.context_s
        marker_time_s, markers_m = self._marker_window.between(first_s, stance.t_decide_s)
        force_time_s, wrench = self._force_window.between(first_s, stance.t_decide_s)
        span = Span(
            marker_time_s,
            markers_m,
            force_time_s,
            np.ascontiguousarray(wrench[:, pending.side]),
        )
        scored, under_other = score(stance, span, self._rates, subject, self.markers, settings)
        self.under_other_foot[pending.side] += (int(under_other), 1)
        return scored

    def _live_rows(self) -> np.ndarray:
        half_s = 0.5 / self._rates.marker_hz
        until_s = self._force_window.newest_s - half_s
        times = self._marker_window.time_s
        i = int(np.searchsorted(times, self._live_done_s, side="right"))
        j = int(np.searchsorted(times, until_s, side="right"))
        if i >= j:
            return np.empty((0, LIVE_COLUMNS))
        marker_time_s, markers_m = self._marker_window.between(times[i], times[j - 1])
        force_time_s, wrench = self._force_window.between(
            marker_time_s[0] - half_s, marker_time_s[-1] + half_s
        )
        rows = live_frames(
            marker_time_s,
            markers_m,
            force_time_s,
            wrench,
            half_s,
            self._live_section,
            *self._shanks,
            self._marker_state,
            self._wrench_state,
            np.empty((j - i, LIVE_COLUMNS)),
        )
        rows[:, 1:3] /= self.subject.body_mass_kg
        self._live_done_s = float(times[j - 1])
        return rows

    def warm_up(self) -> None:
        """Compile every kernel on made-up data, so that nothing compiles in front of a walker."""
        rates = self._rates
        twin = Engine(self.subject, rates.marker_hz, rates.force_hz, self.settings, live=self._live)
        marker_time_s = np.arange(int(2.5 * rates.marker_hz)) / rates.marker_hz
        force_time_s = np.arange(int(2.5 * rates.force_hz)) / rates.force_hz
        wrench = np.zeros((len(force_time_s), 2, 6))
        loaded = (force_time_s > 0.5) & (force_time_s < 1.2)
        wrench[loaded, :, 1] = self.subject.body_mass_kg * 9.81
        rng = np.random.default_rng(0)
        markers = rng.normal(size=(len(marker_time_s), len(self.markers), 3))
        twin.push(marker_time_s, markers, force_time_s, wrench)
