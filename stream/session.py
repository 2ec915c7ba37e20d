"""One walking session: pull -> align -> compute -> publish. Read this file first.

Live sessions, replays, the demo and files all go through `Session.step`; they differ in the `Source`
and in the sinks. Nothing here touches Qt.

::

    Source --chunks--> Intake (gather, align, map) --times, lab frame--> Engine --> sinks
               |                                                            |
            Recorder (raw, before anything)                     SessionView (windows pull)
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite, nan
from typing import Literal

import numpy as np

from compute import Engine, Side, Stance, Subject
from compute.body import body_arrays
from compute.curve_band import CurveBand
from compute.early import Early
from compute.feedback import Display, Sound, Target, WalkerFeedback, start
from compute.figure import figure
from compute.variables import judged
from stream.binding import ChannelMap
from stream.errors import EkamError
from stream.intake import Intake, Samples
from stream.lab import Lab
from stream.latency import Latency, Phase
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.operator import Journal, carried_out, told
from stream.protocol_run import ProtocolRun
from stream.reject_watch import RejectWatch
from stream.sinks import Follower, Outcome, RawSink, StanceSink, Told
from stream.source import LampState, Role, Source, StreamHealth, StreamInfo
from stream.status import SessionStatus, SessionView
from stream.steering import NoProtocol, Steering
from stream.watches import Watches

PULL_S = 0.1
STATUS_EVERY_S = 0.1
FIGURE_EVERY_S = 0.05
RECENT = 12


class Session:
    """Binds a source, an engine and the sinks.

    Parameters
    ----------
    source : not yet open.
    lab, subject : laboratory and calibrated person.
    view : what the windows read.
    now : LSL local clock; None for files, which have no latency.
    target : what the walker is aimed at; None for the lab file's.
    banner : words that stay on the walker's screen. display, sound : what the walker is shown and
        hears at first; None for the lab file's.
    live : also compute the causal trace.
    protocol : steers the feedback and says what each stance belongs to; None for baseline, then `target`.
    """

    def __init__(
        self,
        source: Source,
        lab: Lab,
        subject: Subject,
        view: SessionView,
        *,
        now: Callable[[], float] | None = None,
        target: Target | None = None,
        banner: str = "",
        display: Display | None = None,
        sound: Sound | None = None,
        live: bool = True,
        protocol: ProtocolRun | None = None,
    ) -> None:
        self._source = source
        self._lab = lab
        self._subject = subject
        self._view = view
        self._now = now
        self._live = live
        self._steering: Steering = protocol or NoProtocol()
        self._target = target or (protocol.target if protocol is not None else lab.target())
        self._feedback: WalkerFeedback = start(
            self._target, banner, display or lab.display.picture, sound or lab.display.sound
        )
        self._feedback = self._steering.steer(self._feedback, 0.0)
        self._journal = Journal(view.log)
        self._curves = [CurveBand(), CurveBand()]
        self._figure_due_s = -np.inf
        self._early_seen = [False, False]
        self._ended = False
        self._sinks: list[StanceSink] = []
        self._followers: Sequence[Follower] = ()
        self._raw: RawSink | None = None
        self._recent: deque[Stance] = deque(maxlen=RECENT)
        self._rejects = RejectWatch()
        self._counts = np.zeros((2, 2), dtype=int)
        self._status = SessionStatus(banner=banner, subject_id=subject.id, target=self._target)
        self._status_at = self._started_at = -np.inf
        view.walker.publish(self._feedback)

    def open(self) -> Outcome:
        """Connect, check that the streams fit the lab and the subject, and compile the kernels.

        Raises
        ------
        EkamError : a stream, marker, plate, unit or rate is missing or wrong; the source is closed.
        """
        try:
            infos = self._source.open()
            lab = self._lab
            rates = {role: rate_hz(infos[role], lab) for role in Role}
            subject, notes = self._carried_by(infos[Role.MARKERS])
            self._engine = engine = Engine(
                subject,
                rates[Role.MARKERS],
                rates[Role.FORCES],
                lab.settings(),
                live=self._live,
            )
            self._body = body_arrays(subject, engine.markers)
            optional = set(engine.markers) - set(subject.needed())
            maps: dict[Role, Callable[[StreamInfo], ChannelMap]] = {
                Role.MARKERS: lambda info: MarkerMap(info, lab, engine.markers, optional),
                Role.FORCES: lambda info: PlateMap(info, lab),
            }
            self._watches = Watches(
                lab, engine.markers, subject.body_mass_kg, rates, plates=self._now is not None
            )
            self._intake = Intake(lab, infos, rates, maps, self._rebound)
        except BaseException:
            self._source.close()
            raise
        if not self._feedback.banner and any(info.replay for info in infos.values()):
            self._feedback = replace(self._feedback, banner="REPLAY")
            self._view.walker.publish(self._feedback)
        self.outcome = Outcome(
            infos, rates, notes, live_delay_s=engine.live_delay_s if self._live else nan,
            latency=Latency(on_time=all(info.replay_speed == 1.0 for info in infos.values())),
        )  # fmt: skip
        return self.outcome

    def keep(
        self,
        sinks: list[StanceSink],
        raw: RawSink | None = None,
        followers: Sequence[Follower] = (),
    ) -> None:
        """Where stances and raw chunks go from now on, and who is told while it happens."""
        self._sinks, self._raw, self._followers = sinks, raw, followers

    def run(self, folder: str = "", on_step: Callable[[], None] | None = None) -> Outcome:
        """Step until the source ends or the operator stops; leaves every sink closed.

        `on_step` is called after each step, for a progress bar.

        Raises
        ------
        EkamError : the markers are not in the unit that was declared.
        """
        control = self._view.control
        try:
            self._tell("waiting", folder=folder, force=True)
            while not control.start_requested.is_set() and not control.stop_requested.is_set():
                for chunk in self._source.pull(PULL_S):
                    self._intake.look(chunk)  # what arrives before Start is not part of the session
                self._tell("waiting")
                if self._source.ended:
                    break
            if self._now is not None:
                self._started_at = self._now()
            self._tell("running", force=True)
            self._event("start")
            self._tell_news()
            while not control.stop_requested.is_set():
                self.step()
                if on_step is not None:
                    on_step()
                if self._ended:
                    break
            else:
                self._score(self._intake.rest())  # nothing that was recorded stays unscored
            self._tell("stopping", force=True)
        finally:
            self.outcome.dropped = self._intake.dropped
            self.outcome.fault = self.outcome.fault or self._intake.fault
            self.outcome.sync = self._watches.verdict()
            self.outcome.healths = self._health()
            self.outcome.feedback = self._steering.aims(self._feedback)
            self.outcome.protocol = self._steering.summary()
            self._take_flushed()
            self._source.close()
            self._take_requests()
            self._event("stop")
            self._steering.close()
            for follower in self._followers:
                follower.close()
            for sink in self._sinks:
                try:
                    sink.close()
                except OSError as error:
                    self.outcome.fault = (
                        f"stances cannot be written: {error.strerror}; free the disk"
                    )
        return self.outcome

    def end(self, message: str = "") -> None:
        """Tell the windows that everything is written."""
        self._tell("ended", message=message, force=True)

    def step(self) -> None:
        """Pull -> align -> compute -> publish, once."""
        for chunk in self._source.pull(PULL_S):
            if self._raw is not None:
                self._raw.offer(chunk)
            self._intake.add(chunk)
        self._ended = self._source.ended  # asked once: it may end at any moment
        self._score(self._intake.rest() if self._ended else self._intake.take())
        self._take_requests()
        self._steer()
        self._tell("running")

    def _score(self, taken: tuple[Samples, Samples] | None) -> None:
        """Compute -> publish, with what is ready."""
        if taken is None:
            return
        markers, forces = taken
        for fault in self._intake.faults():
            self._engine.flag(*fault)
        stances = self._engine.push(*markers, *forces)
        if len(self._engine.live_rows):
            self._view.trace.append(self._engine.live_rows)
        early = list(self._engine.early)
        for stance in stances:
            while early and early[0].t_s <= stance.t_decide_s:
                self._publish_early(early.pop(0))
            self._publish(stance)
        for each in early:
            self._publish_early(each)
        if len(self._engine.live_rows):
            for follower in self._followers:
                follower.live(self._engine.live_rows, self._intake.origin_s)
        self._watches.add(markers, forces)
        self._show_figure(*markers, forces[1])

    def _show_figure(self, time_s: np.ndarray, markers_m: np.ndarray, wrench: np.ndarray) -> None:
        """Hand the operator's windows the walker of this moment, 20 times a second."""
        if self._now is None or not (len(time_s) and len(wrench)):
            return
        if time_s[-1] >= self._figure_due_s:
            self._figure_due_s = time_s[-1] + FIGURE_EVERY_S
            newest = figure(float(time_s[-1]), markers_m[-1], wrench[-1], self._body)
            self._view.figure.publish(newest)

    def _carried_by(self, info: StreamInfo) -> tuple[Subject, tuple[str, ...]]:
        """The subject as far as this stream's markers track it, and what the others cost, in sentences."""
        subject, notes = self._subject.restricted_to(present_markers(info, self._lab))
        spec = self._target.spec
        lacking = spec.lacking(subject)
        if lacking:
            raise EkamError(
                f"{spec.label} cannot be fed back without markers on {lacking}: place and label them and "
                "calibrate with them, or choose another variable (--feedback, or [feedback] in the lab file)"
            )
        return subject, tuple(notes)

    def _publish_early(self, early: Early) -> None:
        """Move the walker's bar before the stance has ended; nothing is counted or kept yet."""
        feedback, told = self._steering.early(self._feedback, early), Told()
        if feedback is not self._feedback:
            self._feedback = feedback
            self._time("early", early.t_s, self._view.walker.publish(feedback))
            seen = self._early_seen[early.side] = feedback.tells and self._view.walker_sees.is_set()
            value = feedback.leg(early.side).value
            told = Told("early" if seen else "none", self._since_ms(early.t_s), value)
        sent = self._sent(told)
        for follower in self._followers:
            follower.early(early, sent, self._intake.origin_s)

    def _publish(self, stance: Stance) -> None:
        """Walker first, then who follows over the network, then what is kept: a disk may take its time."""
        stance = judged(stance, self._target.spec)
        self._feedback = self._steering.after(self._feedback, stance)
        self._time("final", stance.t_decide_s, self._view.walker.publish(self._feedback))
        shown = self._told(stance)
        sent = self._sent(shown)
        for follower in self._followers:
            follower.stance(stance, sent, self._intake.origin_s)
        for sink in self._sinks:
            try:
                sink.stance(stance, shown)
            except OSError as error:  # a full disk must not take the walker's feedback away
                self.outcome.fault = f"stances cannot be written: {error.strerror}; free the disk"
        if self._now is not None:
            collected = self._steering.placed.collected
            band = self._curves[stance.side].after(stance, baseline=collected)
            self._curves[stance.side] = band
            self._view.curves.publish((self._curves[Side.LEFT], self._curves[Side.RIGHT]))
        kept = replace(stance, curves=None)  # an hour of them would be a hundred megabytes
        self.outcome.add(kept, live=self._now is not None)
        self._recent.append(kept)
        self._rejects.add(kept)
        self._counts[int(stance.valid), stance.side] += 1

    def _forget(self) -> None:
        """While a stream is lost nobody knows how the walker walks: no success may stand there."""
        unknown = self._feedback.unknown()
        if unknown != self._feedback:
            self._feedback = unknown
            self._view.walker.publish(unknown)

    def _sent(self, told: Told) -> Told:
        """What other programs are told; beside the true values, value and band would tell a sham."""
        if not self._steering.blinded:
            return told
        return replace(told, value=nan, low=nan, high=nan, aim=(nan, nan))

    def _told(self, stance: Stance) -> Told:
        """What of this stance reached the walker."""
        side, placed = stance.side, self._steering.placed
        usable = isfinite(placed.value)
        early_seen = self._early_seen[side] and isfinite(stance.early_peak1_nm)
        self._early_seen[side] = False
        seen: Literal["none", "early", "final"] = "early" if early_seen else "none"
        if usable and self._feedback.tells and self._view.walker_sees.is_set():
            seen = "final"
        leg = self._feedback.leg(side)
        value = leg.value if usable else nan
        aims = usable and not placed.block
        aim = (leg.target.low, leg.target.high) if aims else (nan, nan)
        latency_ms = self._since_ms(stance.t_decide_s)
        return Told(seen, latency_ms, value, placed.block, placed.low, placed.high, aim)

    def _steer(self) -> None:
        """Change the picture where its time has come, and tell what has become another."""
        feedback = self._steering.steer(self._feedback, self._session_s())
        if feedback is not self._feedback:
            self._feedback = feedback
            self._view.walker.publish(feedback)
        self._tell_news()

    def _tell_news(self) -> None:
        for event, more in self._steering.news(self._feedback):
            self._event(event, **more)

    def _session_s(self) -> float:
        """Now, s from the first marker sample; that of the newest stance without a clock."""
        if self._now is None or not np.isfinite(self._intake.origin_s):
            return 0.0
        return self._now() - self._intake.origin_s

    def _take_requests(self) -> None:
        """What the operator asked for since the last step."""
        requests = self._view.control.requests
        while requests:
            each = requests.popleft()
            wish = self._steering.asked(each.what, each.text, each.number, self._session_s())
            if wish is not None:
                self._event("protocol", **wish)
                continue
            feedback = carried_out(each.what, each.text, each.number, self._feedback)
            if feedback != self._feedback:
                self._feedback = feedback
                self._view.walker.publish(feedback)
            told(each.what, each.text, feedback, self._event)

    def _rebound(self, role: Role, refused: str) -> None:
        self._event("rebind", stream=role.value, refused=refused)

    def _event(self, event: str, **more: object) -> None:
        """Tell and record what happens beside the walking; a file has no such time."""
        if self._now is not None:
            text, now_s = json.dumps({"event": event, **more}), self._now()
            self._journal.event(self._elapsed_s(now_s), event, more)
            for follower in self._followers:
                follower.event(text, now_s)
            if self._raw is not None:
                self._raw.events(text, now_s)

    def _elapsed_s(self, now_s: float) -> float:
        return max(0.0, now_s - self._started_at) if np.isfinite(self._started_at) else 0.0

    def _since_ms(self, t_s: float) -> float:
        """Time since a sample's stamp, ms; NaN without a clock."""
        return 1e3 * (self._now() - self._intake.origin_s - t_s) if self._now else nan

    def _time(self, phase: Phase, decided_s: float, picture: int) -> None:
        """Note when a value passed the stages from its deciding sample to the windows."""
        if self._now is not None:
            local_s = self._intake.origin_s + decided_s
            self.outcome.latency.told(phase, local_s, self._intake.arrived_s, self._now(), picture)

    def _take_flushed(self) -> None:
        """Which pictures were flushed since the last time."""
        flushed = self._view.flushed
        while flushed:
            delay_ms = self.outcome.latency.flushed(*flushed.popleft())
            if delay_ms == delay_ms:
                self._view.delays.add(delay_ms)

    def _tell(
        self,
        state: str,
        *,
        folder: str | None = None,
        message: str | None = None,
        force: bool = False,
    ) -> None:
        """Refresh the operator's view, at most ten times a second."""
        now_s = self._now() if self._now is not None else 0.0
        if not force and now_s - self._status_at < STATUS_EVERY_S:
            return
        self._status_at = now_s
        self._take_flushed()
        rejected, valid = self._counts
        fault, notice = (self._raw.fault, self._raw.notice) if self._raw is not None else ("", "")
        unheard = next((each.fault for each in self._followers if each.fault), "")
        self._status = SessionStatus(
            state=state,
            banner=self._feedback.banner,
            subject_id=self._status.subject_id,
            folder=self._status.folder if folder is None else folder,
            streams=self._health(),
            recent=tuple(self._recent),
            valid=(int(valid[Side.LEFT]), int(valid[Side.RIGHT])),
            rejected=(int(rejected[Side.LEFT]), int(rejected[Side.RIGHT])),
            elapsed_s=self._elapsed_s(now_s),
            recorded_bytes=self._raw.bytes_written if self._raw is not None else 0,
            message=message
            or fault
            or self.outcome.fault
            or self._intake.fault
            or self._plate_fault()
            or self._watches.sync_alarm()
            or self._steering.fault
            or self._rejects.sentence()
            or self.outcome.latency.alarm()
            or notice
            or unheard,
            target=self._target if self._steering.blinded else self._feedback.left.target,
            baseline=(self._feedback.left.baseline, self._feedback.right.baseline),
            late=self.outcome.latency.late(),
            notes=self.outcome.notes,
            protocol=self._steering.moment(self._session_s()),
        )
        self._view.status.publish(self._status)
        if state == "running" and any(s.state is LampState.LOST for s in self._status.streams):
            self._forget()
        if np.isfinite(self._started_at):
            self._journal.lamps(self._elapsed_s(now_s), self._status.streams)
            self._journal.alarm(self._elapsed_s(now_s), self._status.message)

    def _health(self) -> tuple[StreamHealth, ...]:
        """Lamps of the streams: what the source sees, and whether what comes can be used."""
        return tuple(
            self._intake.lamp(each, self._watches.trouble) for each in self._source.health()
        )

    def _plate_fault(self) -> str:
        """What to tell the operator when the plates cannot be as the lab file says."""
        for side in Side:
            wrong, total = self._engine.under_other_foot[side]
            if wrong >= 3 and 2 * wrong > total:
                return (
                    f"the load of the {side.word} plate lies under the {side.other.word} foot: stop and swap "
                    "side of the plates in the lab file, or check the marker labels"
                )
        return self._watches.plate_sentence()
