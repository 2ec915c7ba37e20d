"""What the operator asks of a running session, and the log of what happened in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from compute.feedback import DISPLAYS, SOUNDS, WalkerFeedback
from stream.source import StreamHealth
from stream.status import Entry, Rows

Tell = Callable[..., None]
"""Records and tells an event: its name, then what belongs to it by keyword."""

LONGEST = 500
"""Characters of a mark, a note or a message that are kept."""


def carried_out(asked: str, text: str, number: float, now: WalkerFeedback) -> WalkerFeedback:
    """Feedback once the operator's request is carried out; unchanged where it cannot be.

    Parameters
    ----------
    asked, text, number : of a `stream.status.Request`.
    """
    if asked == "display" and text in DISPLAYS:
        return replace(now, display=text)
    if asked == "sound" and text in SOUNDS:
        return replace(now, sound=text)
    if asked == "message":
        return replace(now, message=text[:LONGEST], display="message" if text else now.display)
    if asked == "shift_band" and number == number:
        target = now.left.target
        return now.aimed_at(replace(target, low=target.low + number, high=target.high + number))
    return now


def told(asked: str, text: str, after: WalkerFeedback, tell: Tell) -> None:
    """Record a request that was carried out."""
    if asked in ("mark", "note", "seen"):
        tell(asked, text=text[:LONGEST])
    elif asked in ("display", "message", "sound"):
        tell("display", display=after.display, message=after.message, sound=after.sound)
    elif asked == "shift_band":
        tell("target", **after.summary())


class Journal:
    """Writes the log that the operator reads: events, lamps that change, alarms that come and go."""

    def __init__(self, log: Rows[Entry]) -> None:
        self._log = log
        self._lamps: dict[str, str] = {}
        self._alarm = ""

    def event(self, t_s: float, event: str, more: Mapping[str, object]) -> None:
        """Something happened, `t_s` seconds after the session started."""
        self._log.add(Entry(t_s, event, sentence(event, more)))

    def lamps(self, t_s: float, streams: tuple[StreamHealth, ...]) -> None:
        """The streams are now as these lamps say."""
        for each in streams:
            name = each.role.value
            words = f"{each.state.value}: {each.message}" if each.message else each.state.value
            before = self._lamps.get(name)
            # the message of a lamp counts on; only its state is news
            if before is None or before.split(":")[0] != each.state.value:
                self._log.add(Entry(t_s, "lamp", f"{name} {words}"))
            self._lamps[name] = words

    def alarm(self, t_s: float, text: str) -> None:
        """The operator is told this now; empty when nothing is wrong."""
        # an alarm whose figures move is the same alarm
        if _kind(text) != _kind(self._alarm):
            self._log.add(Entry(t_s, "alarm", text or "the alarm before is over"))
        self._alarm = text


def _kind(text: str) -> str:
    return "".join(letter for letter in text if not letter.isdigit())[:40]


def sentence(event: str, more: Mapping[str, object]) -> str:
    """An event as the operator reads it."""
    if event in ("mark", "note", "seen"):
        return str(more.get("text", ""))
    if event == "display":
        words = f": {more['message']}" if more.get("display") == "message" else ""
        return f"the walker is shown {more.get('display')}{words}; sound {more.get('sound')}"
    if event == "target":
        low, high, why = more.get("low"), more.get("high"), more.get("why", "")
        said = (
            "none" if low is None or high is None else f"{low:g} to {high:g} {more.get('unit', '')}"
        )
        return f"target {more.get('label')}: {said}" + (f" ({why})" if why else "")
    if event == "block":
        return f"block {more.get('block')}"
    if event == "protocol":
        number = more.get("number")
        given = "" if number is None else f" {number:g}"
        old, why = more.get("replaces"), more.get("why")
        given += "" if old is None else f" in place of {old:g}"
        given += f": {why}" if why else ""
        return f"protocol: {more.get('ask')} {more.get('text')}{given}".rstrip()
    if event == "rebind":
        return f"{more.get('stream')} come from another publisher"
    return {"start": "the session started", "stop": "the session stopped"}.get(event, event)
