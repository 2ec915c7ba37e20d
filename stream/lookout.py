"""Which streams are on the network right now, looked for all the time in a thread of its own."""

from dataclasses import dataclass
from threading import Event, Thread

from stream.check_network import Found, describe, distinct_query, guess_role
from stream.lsl_find import Network
from stream.source import Role

_LOOK_S = 0.2
_JOIN_S = 8.0
_AGAIN_S = 5.0


@dataclass(frozen=True)
class Pick:
    """The stream that seems to be meant for a role, or why none does.

    Attributes
    ----------
    stream : None where there is none, or where it is a question which.
    rivals : the equal candidates of a question.
    why : the reason, or what to switch on.
    """

    stream: Found | None
    rivals: tuple[Found, ...] = ()
    why: str = ""


class Lookout:
    """Keeps looking for streams and reads each one's header once; `found` is replaced as a whole.

    LSL must be configured before it starts.
    """

    def __init__(self) -> None:
        self.found: tuple[Found, ...] = ()
        self.looked = False
        """Whether the first answers had time to come."""
        self._stop = Event()
        self._thread = Thread(target=self._run, name="ekam-lookout", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for an answer that is being read."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        network = Network()
        known: dict[str, Found] = {}
        asked_s: dict[str, float] = {}
        begun_s = network.now_s()
        while not self._stop.wait(_LOOK_S):
            seen = network.seen()
            for uid, described in seen.items():
                stale = (
                    uid in known and known[uid].fault and network.now_s() - asked_s[uid] > _AGAIN_S
                )
                if self._stop.is_set():
                    return
                if uid not in known or stale:
                    known[uid], asked_s[uid] = describe(described), network.now_s()
                    self._tell(known, seen)
            known = {uid: each for uid, each in known.items() if uid in seen}
            self._tell(known, seen)
            self.looked = network.now_s() - begun_s > 1.5

    def _tell(self, known: dict[str, Found], seen: dict[str, object]) -> None:
        there = [each for uid, each in known.items() if uid in seen]
        self.found = tuple(
            sorted(there, key=lambda each: (each.type.casefold(), each.name, each.hostname))
        )


def pick(role: Role, found: tuple[Found, ...], *, allow_replay: bool) -> Pick:
    """The best guess for a role; two that fit equally are a question, never a guess."""
    fitting = [each for each in found if guess_role(each) is role and not each.fault]
    live = [each for each in fitting if not each.replay]
    replays = [each for each in fitting if each.replay]
    usable = live or (replays if allow_replay else [])
    what = {
        Role.MARKERS: "the capture software and its LSL output (QTM, Vicon bridge, Motive …)",
        Role.FORCES: "the program that sends the force plates over LSL",
    }[role]
    if len(usable) == 1:
        return Pick(usable[0], why=f"the only {role.value} stream{_as(usable[0])}")
    if usable:
        return Pick(None, tuple(usable), f"{len(usable)} streams fit: choose the one that is yours")
    if replays:
        return Pick(
            None,
            why=f"{replays[0].name!r} is a replay, which was not admitted on the first page: admit it there, "
            f"or start {what}",
        )
    broken = [each for each in found if each.fault and guess_role(each) in (role, None)]
    if broken:
        return Pick(None, why=f"{broken[0].name!r} {broken[0].fault}")
    return Pick(
        None,
        why=f"no {role.value} yet: start {what}; if it runs, both machines must be on one network, with UDP "
        "port 16571 and TCP ports 16572 to 16604 open",
    )


def query_of(stream: Found, found: tuple[Found, ...]) -> dict[str, str]:
    """What a lab file says to take this stream and no other that is there."""
    return dict(distinct_query(stream, found))


def _as(stream: Found) -> str:
    kind = "its type says so" if stream.type.strip() else "its channels say so"
    return f" ({kind}: {stream.type or 'no type'}, {stream.channels} channels)"
