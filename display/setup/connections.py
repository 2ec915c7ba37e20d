"""Everything of the set-up that touches the network, started and stopped together; no Qt."""

import os
from collections.abc import Mapping
from secrets import token_hex

from display.setup.answers import Answers
from display.setup.looks import Look
from display.setup.practice import PracticeWalker
from stream.check_network import Found
from stream.errors import EkamError
from stream.listener import Listener, Wanted
from stream.lookout import Lookout
from stream.lsl_config import SESSION_VARIABLE, use_loopback
from stream.lsl_find import StreamQuery
from stream.practice import Does
from stream.replay import of_publisher
from stream.source import Role, Source, StreamHealth, StreamInfo

_RESOLVE_S = 6.0
_DOES: Mapping[Look, Does] = {"empty": "away", "standing": "stands", "walking": "walks"}


class Connections:
    """The search for streams, what is received, and the practice walker.

    Attributes
    ----------
    where : words for where streams are looked for; empty before.
    """

    def __init__(self) -> None:
        self.where = ""
        self.listener = Listener(_lsl_source)
        self.practice: PracticeWalker | None = None
        self._lookout: Lookout | None = None
        self._own_session = False

    def start(self, answers: Answers, *, afresh: bool = False) -> None:
        """Configure LSL as answered and begin to look.

        Parameters
        ----------
        afresh : another set-up begins: the practice walker ends, and nothing that was seen is kept.

        Raises
        ------
        EkamError : it already runs otherwise; LSL reads its configuration only once.
        """
        where = self._where(answers)
        if self._lookout is not None:
            # the practice walker's own session shows nobody else's streams
            if where != self.where or (self._own_session and answers.way != "practise"):
                since = "practice began" if self._own_session else "this window was opened"
                raise EkamError(
                    f"streams are looked for on {self.where} since {since}: close the window and start "
                    "again to change that"
                )
            if afresh:
                self.stop()
                self.practice = None
                self.take_up()
            self._practise(answers)
            return
        if answers.way == "practise" and not os.environ.get(SESSION_VARIABLE):
            os.environ[SESSION_VARIABLE] = f"ekam-practice-{token_hex(8)}"
            self._own_session = True
        if self._loopback(answers):
            use_loopback()
        self.where = where
        self._practise(answers)
        self._lookout = Lookout()
        self._lookout.start()
        self.listener.start()

    def take_up(self) -> None:
        """Look and receive again after `let_go`."""
        self.listener, self._lookout = Listener(_lsl_source), Lookout()
        self._lookout.start()
        self.listener.start()

    @property
    def found(self) -> tuple[Found, ...]:
        """Streams on the network now; in practice those of its walker alone."""
        found = self._lookout.found if self._lookout is not None else ()
        if self.practice is None:
            return found
        return tuple(e for e in found if e.source_id.startswith(self.practice.publisher))

    @property
    def looked_round(self) -> bool:
        """Whether every stream had time to answer."""
        return self._lookout is not None and self._lookout.looked

    @property
    def infos(self) -> Mapping[Role, StreamInfo]:
        """Headers of what is received."""
        return self.listener.infos

    def health(self) -> tuple[StreamHealth, ...]:
        """State of what is received."""
        return self.listener.health()

    def want(self, answers: Answers) -> None:
        """Receive the chosen streams."""
        queries = [answers.section(role.value).get("stream") for role in Role]
        if not all(queries):
            self.listener.want(None)
            return
        markers, forces = (StreamQuery(**query) for query in queries if query)
        if self.practice is not None:
            markers, forces = of_publisher(self.practice.publisher, (markers, forces))
        replays = answers.allow_replay or answers.way == "practise"
        self.listener.want(Wanted(markers, forces, replays))

    def practise(self, look: Look) -> None:
        """Let the practice walker do what a look asks for; nothing in a laboratory."""
        if self.practice is not None and self.practice.does != _DOES[look]:
            self.practice.do(_DOES[look])

    def let_go(self) -> None:
        """Let go of the streams; the practice walker stays."""
        self.listener.stop()
        if self._lookout is not None:
            self._lookout.stop()

    def stop(self) -> None:
        """End everything."""
        self.let_go()
        if self.practice is not None:
            self.practice.stop()

    def _practise(self, answers: Answers) -> None:
        if answers.way == "practise" and self.practice is None:
            self.practice = PracticeWalker(use_loopback())

    @staticmethod
    def _loopback(answers: Answers) -> bool:
        replays = answers.allow_replay and not answers.network
        return answers.way == "practise" or replays or SESSION_VARIABLE in os.environ

    def _where(self, answers: Answers) -> str:
        return "this machine only" if self._loopback(answers) else "the laboratory's network"


def _lsl_source(wanted: Wanted) -> Source:
    from stream.lsl import LslSource

    return LslSource(
        wanted.markers,
        wanted.forces,
        allow_replay=wanted.allow_replay,
        resolve_timeout_s=_RESOLVE_S,
    )
