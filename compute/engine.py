"""The engine: marker frames and plate wrenches in, scored stances out. Read `push` first.

State is preallocated; results depend on the samples and their stamps, never on how they were cut
into calls.
"""

from collections import deque
from dataclasses import replace
from math import inf

import numpy as np

from compute.buffer import Held, Window
from compute.cop_gate import farthest_outside
from compute.early import Early
from compute.evidence import Context, Span
from compute.history import History
from compute.live import LIVE_COLUMNS, LivePath
from compute.scoring import Scorer
from compute.settings import Settings
from compute.stance import REASONS, Stance
from compute.steps import LONGEST_STRIDE_S, Contact, Steps
from compute.subject import Subject

HISTORY_S = 6.0
HELD_S = 30.0
RETRY_S = 0.025
"""A first peak that is not certain yet is looked for again this much later."""
SLICE_S = 2.0


class Engine:
    """EKAM of every stance of one person.

    Parameters
    ----------
    subject : calibrated person.
    marker_rate_hz, force_rate_hz : of the two streams; filters are designed for them.
    settings : filters, events, gates.
    live : also compute the causal trace (`live_rows`).
    early : also score first peaks while the stance lasts (`early`). Final scores are the same either
        way but for `Stance.early_peak1_nm`.

    Attributes
    ----------
    markers : canonical names of the markers that `push` expects, in this order.
    live_rows, early : what the last `push` made ready: rows of the live trace, shape (n, 5): time_s,
        EKAM left, right (N·m/kg), Fz left, right (N); and early scores, in order.
    live_delay_s : by how much the live trace lags behind.
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
        early: bool = True,
    ) -> None:
        self.subject = subject
        self.settings = settings = settings or Settings()
        self.markers = subject.markers()
        self.under_other_foot = np.zeros((2, 2), dtype=int)
        self._rates_hz = marker_rate_hz, force_rate_hz
        self._scorer = Scorer(subject, self.markers, marker_rate_hz, force_rate_hz, settings)
        self._history = History()
        self._marker_window = Window(int(HISTORY_S * marker_rate_hz) + 2, (len(self.markers), 3))
        self._force_window = Window(int(HISTORY_S * force_rate_hz) + 2, (2, 6))
        self._held_markers = Held((len(self.markers), 3), HELD_S)
        self._held_forces = Held((2, 6), HELD_S)
        self._steps = Steps(settings, subject.body_mass_kg)
        self._pending: deque[Contact] = deque()
        self._hopeful: list[Contact] = []
        self._flags: list[tuple[float, str]] = []
        self._number = 0
        self._live_path = LivePath(subject, self.markers, marker_rate_hz, settings.live_filter_hz)
        self._with_live, self._with_early = live, early
        self.live_delay_s = self._live_path.delay_s
        self.live_rows = np.empty((0, LIVE_COLUMNS))
        self.early: list[Early] = []

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
        The arrays may be kept for a while: do not change them afterwards. The stream that is ahead
        waits for the other one, for up to `HELD_S`. Afterwards `live_rows`
        and `early` hold what else these samples made ready.
        """
        self._held_markers.add(marker_time_s, markers_m)
        self._held_forces.add(force_time_s, wrench)
        ready_s = min(self._held_markers.newest_s, self._held_forces.newest_s)
        stances: list[Stance] = []
        live = []
        self.early = []
        while True:
            # In slices that the windows can hold, whatever came at once.
            first_s = min(self._held_markers.oldest_s, self._held_forces.oldest_s)
            if first_s > ready_s:
                break
            until_s = min(first_s + SLICE_S, ready_s)
            self._marker_window.append(*self._held_markers.take(until_s))
            self._follow(*self._held_forces.take(until_s))
            if self._with_live:
                live.append(
                    self._live_path.rows(
                        self._marker_window, self._force_window, self._steps.offsets
                    )
                )
            stances += self._settle()
        self._held_markers.limit()
        self._held_forces.limit()
        self.live_rows = np.concatenate(live) if live else np.empty((0, LIVE_COLUMNS))
        return stances

    def flag(self, time_s: float, reason: str) -> None:
        """Reject every stance whose samples, from its context to its deciding one, include this time.

        Call it before the samples from `time_s` on are pushed.

        Raises
        ------
        ValueError : the reason is none of `compute.stance.REASONS`.
        """
        if reason not in REASONS:
            raise ValueError(f"{reason!r} is not a reason: use one of {', '.join(REASONS)}")
        self._flags.append((time_s, reason))

    def _follow(self, time_s: np.ndarray, wrench: np.ndarray) -> None:
        """Bring the contacts of both feet up to these plate samples."""
        begun, ended = self._steps.follow(time_s, wrench)
        self._force_window.append(time_s, wrench)
        self._pending += ended
        if self._with_early:
            self._hopeful += [step for step in begun if step.predicted_s == step.predicted_s]

    def _settle(self) -> list[Stance]:
        """Score what is due, early and final, in the order of the samples that decide it."""
        ready_s = min(self._marker_window.newest_s, self._force_window.newest_s)
        done = []
        while True:
            final_s = self._due_s(self._pending[0]) if self._pending else inf
            step, early_s = self._next_early()
            if min(final_s, early_s) > ready_s:
                break
            if final_s <= early_s:
                done.append(self._score(self._pending.popleft()))
            elif step is not None:
                self._try_early(step, early_s)
        oldest_s = ready_s - HISTORY_S
        self._flags = [flag for flag in self._flags if flag[0] >= oldest_s]
        return done

    def _due_s(self, step: Contact) -> float:
        return max(step.t_off_s + self.settings.decide_after_s, step.ended_s)

    def _next_early(self) -> tuple[Contact | None, float]:
        """The contact whose first peak is to be tried next, and the marker sample that decides."""
        times = self._marker_window.time_s
        chosen, first_s = None, inf
        for step in list(self._hopeful):
            i = int(times.searchsorted(step.half_s, side="left"))
            i = max(i, int(times.searchsorted(step.tried_s + RETRY_S, side="left")))
            if i == len(times):
                continue
            if times[i] >= min(step.ended_s, step.t_on_s + self.settings.max_stance_s):
                self._hopeful.remove(step)
            elif times[i] < first_s:
                chosen, first_s = step, float(times[i])
        return chosen, first_s

    def _try_early(self, step: Contact, at_s: float) -> None:
        """Score the first peak from the samples up to `at_s`; if it is not certain, try the next one."""
        step.tried_s = at_s
        offset = self._steps.offset_before(step.t_on_s)
        stance = self._stance(0, step, step.t_on_s + step.predicted_s, at_s)
        span, context = self._around(stance, offset)
        peak_nm = self._scorer.early_peak_nm(stance, span, context, self._history)
        if peak_nm is not None:
            step.early_peak1_nm = peak_nm
            mass_kg = self.subject.body_mass_kg
            self.early.append(Early(step.side, step.t_on_s, at_s, peak_nm, mass_kg))
            self._hopeful.remove(step)

    def _score(self, step: Contact) -> Stance:
        """Score a finished contact."""
        self._number += 1
        decide_s = step.t_off_s + self.settings.decide_after_s
        offset = self._steps.offset_before(step.t_on_s)
        stance = self._stance(self._number, step, step.t_off_s, decide_s)
        span, context = self._around(stance, offset)
        context = replace(context, stride_load_n=self._stride_load_n(step, context.offset))
        scored = self._scorer.score(stance, span, context, self._history)
        self._history.add(scored.stance)
        self.under_other_foot[step.side] += (int(scored.under_other), 1)
        return scored.stance

    def _stance(self, number: int, step: Contact, t_off_s: float, decide_s: float) -> Stance:
        """A stance of which only what the contact tells is known."""
        return Stance(
            number,
            step.side,
            step.t_on_s,
            t_off_s,
            decide_s,
            self.subject.body_mass_kg,
            self.subject.height_m,
            cadence_steps_per_min=step.cadence,
            plate_offset_n=float(self._steps.unloaded_before_n(step.t_on_s)[step.side]),
            early_peak1_nm=step.early_peak1_nm,
        )

    def _around(self, stance: Stance, offset: np.ndarray) -> tuple[Span, Context]:
        """Samples of a stance up to its deciding one, and what else was known by then."""
        first_s = stance.t_on_s - self.settings.context_s
        marker_time_s, markers_m = self._marker_window.between(first_s, stance.t_decide_s)
        force_time_s, wrench = self._force_window.between(first_s, stance.t_decide_s)
        until_s = max(stance.t_decide_s, float(marker_time_s[-1]) if len(marker_time_s) else -inf)
        taken_off = np.where(np.isnan(offset) | (not self.settings.rezero), 0.0, offset)
        other_off_s, other_on_s = self._steps.other_foot(stance)
        flags = frozenset(reason for at_s, reason in self._flags if first_s <= at_s <= until_s)
        context = Context(taken_off, other_off_s, other_on_s, flags=flags)
        return Span(marker_time_s, markers_m, force_time_s, wrench), context

    def _stride_load_n(self, step: Contact, offset: np.ndarray) -> float:
        """Mean vertical load of both plates from the last toe-off of this foot to this one."""
        if not step.t_off_s - step.previous_off_s <= LONGEST_STRIDE_S:
            return float("nan")
        time_s, wrench = self._force_window.between(step.previous_off_s, step.t_off_s)
        if not len(time_s) or time_s[0] > step.previous_off_s:
            return float("nan")
        return float(2.0 * wrench[:, :, 1].mean() - offset[0, 1] - offset[1, 1])

    def warm_up(self) -> None:
        """Compile every kernel on made-up data, so that nothing compiles in front of a walker."""
        marker_hz, force_hz = self._rates_hz
        twin = Engine(
            self.subject, marker_hz, force_hz, self.settings,
            live=self._with_live, early=self._with_early,
        )  # fmt: skip
        marker_time_s = np.arange(int(4.5 * marker_hz)) / marker_hz
        force_time_s = np.arange(int(4.5 * force_hz)) / force_hz
        wrench = np.zeros((len(force_time_s), 2, 6))
        loaded = (force_time_s > 0.5) & ((force_time_s - 0.5) % 1.2 < 0.7)
        wrench[loaded, :, 1] = self.subject.body_mass_kg * 9.81
        rng = np.random.default_rng(0)
        markers = rng.normal(size=(len(marker_time_s), len(self.markers), 3))
        twin.push(marker_time_s, markers, force_time_s, wrench)
        # Made-up feet do not get as far as their outline.
        farthest_outside(np.zeros((2, 2)), np.zeros((2, 4, 2)), np.zeros(2, dtype=np.bool_))
