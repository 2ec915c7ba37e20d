"""What steers the walker's feedback in a session: a protocol, or none."""

from collections.abc import Mapping
from math import nan
from typing import Any, Protocol

from compute import Stance
from compute.early import Early
from compute.feedback import WalkerFeedback
from compute.protocol import Moment
from compute.protocol.records import Placed


class Steering(Protocol):
    """Takes every stance of a session in its order, and every wish of the operator."""

    @property
    def placed(self) -> Placed:
        """Where the newest stance belongs; its value is finite where the walker is told one."""
        ...

    @property
    def blinded(self) -> bool:
        """Whether the operator must not know what the walker is aimed at."""
        ...

    @property
    def fault(self) -> str:
        """What goes wrong; empty while nothing does."""
        ...

    def early(self, feedback: WalkerFeedback, early: Early) -> WalkerFeedback:
        """The walker's feedback once the first peak of a stance is known."""
        ...

    def after(self, feedback: WalkerFeedback, stance: Stance) -> WalkerFeedback:
        """The walker's feedback once a judged stance is scored."""
        ...

    def steer(self, feedback: WalkerFeedback, at_s: float) -> WalkerFeedback:
        """The walker's feedback as it has to be at a time of the session, s; the same where it is so."""
        ...

    def asked(self, what: str, text: str, number: float, at_s: float) -> Mapping[str, Any] | None:
        """Carry out a wish; returns it as an event for the recording, None where it is none of this."""
        ...

    def news(self, feedback: WalkerFeedback) -> list[tuple[str, dict[str, Any]]]:
        """Events since the last call: names, and what belongs to them."""
        ...

    def moment(self, at_s: float) -> Moment | None:
        """For the operator; None without a protocol."""
        ...

    def aims(self, feedback: WalkerFeedback) -> Mapping[str, Any]:
        """What the walker was aimed at, for session.json."""
        ...

    def summary(self) -> Mapping[str, Any]:
        """What ran, for session.json; empty without a protocol."""
        ...

    def close(self) -> None:
        """Finish what is written; never raises."""
        ...


class NoProtocol:
    """Each leg's baseline, then the target until the session is stopped."""

    blinded, fault = False, ""

    def __init__(self) -> None:
        self.placed = Placed(0, "")
        self._told = False

    def early(self, feedback: WalkerFeedback, early: Early) -> WalkerFeedback:
        """Move the bar."""
        return feedback.after_early(early)

    def after(self, feedback: WalkerFeedback, stance: Stance) -> WalkerFeedback:
        """Confirm or withdraw."""
        before, after = feedback.leg(stance.side), feedback.after(stance)
        leg = after.leg(stance.side)
        usable = before.phase != "baseline" and not leg.rejected
        self.placed = Placed(
            stance.number,
            "",
            told=usable,
            value=leg.value if usable else nan,
            collected=before.phase == "baseline" and not leg.rejected,
        )
        return after

    def steer(self, feedback: WalkerFeedback, at_s: float) -> WalkerFeedback:
        """Nothing changes but by stances."""
        return feedback

    def asked(self, what: str, text: str, number: float, at_s: float) -> None:
        """There is nothing to ask of."""
        return

    def news(self, feedback: WalkerFeedback) -> list[tuple[str, dict[str, Any]]]:
        """The target, once."""
        told, self._told = self._told, True
        return [] if told else [("target", dict(feedback.summary()))]

    def moment(self, at_s: float) -> None:
        """There is nothing to tell."""
        return

    def aims(self, feedback: WalkerFeedback) -> Mapping[str, Any]:
        """The target and the baselines reached."""
        return feedback.summary()

    def summary(self) -> Mapping[str, Any]:
        """Nothing ran."""
        return {}

    def close(self) -> None:
        """Nothing is open."""
