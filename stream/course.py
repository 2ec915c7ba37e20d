"""Several sessions of one person: what changed between them, held against what measurement alone may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from compute import Side
from compute.norms import mdc95_nm_per_kg
from compute.serial import SerialMean
from stream.errors import EkamError
from stream.outcomes import unwalked
from stream.parts import whole
from stream.session_folder import SessionFolder, Unread, in_order
from stream.summary import Summary, summarise
from stream.watched import PEAK1


@dataclass(frozen=True)
class BetweenDays:
    """A leg's first EKAM peak in baseline walking, first against last session that has one, N·m/kg.

    Attributes
    ----------
    detectable : the minimal detectable change; NaN where the body height is not known.
    """

    side: Side
    first: float = nan
    last: float = nan
    difference: float = nan
    detectable: float = nan


@dataclass(frozen=True)
class Course:
    """The sessions of one person, in the order of time.

    Attributes
    ----------
    detectable_nm_per_kg : of the first EKAM peak between two days.
    outcomes : name -> last value told in each session, NaN where none was.
    unread : why which folder is left out, sentences. apart : what is beside the schedule, likewise.
    """

    subject_id: str
    sessions: tuple[Summary, ...]
    legs: tuple[BetweenDays, ...]
    detectable_nm_per_kg: float
    outcomes: dict[str, tuple[float, ...]]
    unread: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


def course(
    folders: Sequence[SessionFolder], unread: Sequence[Unread] = (), *, unblind: bool = False
) -> Course:
    """Sum up the sessions of one person.

    Where the others are known to be of somebody, a session that does not say whose it is is left out.

    Parameters
    ----------
    unread : folders beside them that could not be read.

    Raises
    ------
    EkamError : there are none, or they are of several people.
    """
    if not folders:
        raise EkamError("there is no session to sum up")
    known = [each for each in folders if each.subject_id] or list(folders)
    ordered = in_order(_each_once(known))
    sessions = tuple(summarise(each, unblind=unblind) for each in ordered)
    height_m = next((s.height_m for s in reversed(sessions) if isfinite(s.height_m)), nan)
    detectable = mdc95_nm_per_kg(height_m)
    return Course(
        ordered[0].subject_id,
        sessions,
        tuple(_between(sessions, side, detectable) for side in Side),
        detectable,
        _outcomes(sessions),
        (
            *(each.why for each in unread),
            *(
                f"{each.name} does not say whose it is: put its subject.toml back"
                for each in folders
                if each not in known
            ),
        ),
        tuple(
            f"{each.name} was begun again later and counts for nothing"
            for each in known
            if each.place.superseded
        )
        + tuple(
            f"noted for session {session}, which has not been walked: {each.name} {each.value:g}"
            for person in dict.fromkeys(each.path.resolve().parent for each in known)
            for session, each in unwalked(person)
        ),
    )


def _each_once(folders: Sequence[SessionFolder]) -> list[SessionFolder]:
    """Every session once, put together from its parts, without what was begun again."""
    gone_on = {(each.path.resolve().parent, each.place.continues) for each in folders}
    last = [
        each
        for each in folders
        if not each.place.superseded and (each.path.resolve().parent, each.name) not in gone_on
    ]
    return [whole(each) for each in last] or list(folders)


def baseline_of(summary: Summary, side: Side) -> SerialMean:
    """First EKAM peak in a session's baseline."""
    return summary.leg(side).baseline.means.get(PEAK1, SerialMean())


def _between(sessions: Sequence[Summary], side: Side, detectable: float) -> BetweenDays:
    means = [baseline_of(each, side).mean for each in sessions]
    known = [mean for mean in means if isfinite(mean)]
    if len(known) < 2:
        return BetweenDays(side, detectable=detectable)
    return BetweenDays(side, known[0], known[-1], known[-1] - known[0], detectable)


def _outcomes(sessions: Sequence[Summary]) -> dict[str, tuple[float, ...]]:
    names = dict.fromkeys(each.name for session in sessions for each in session.outcomes)
    return {
        name: tuple(
            next((o.value for o in reversed(session.outcomes) if o.name == name), nan)
            for session in sessions
        )
        for name in names
    }
