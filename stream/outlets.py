"""What a session tells other programs over Lab Streaming Layer: a haptic device, a recorder, a plot.

Three outlets: ``ekam-stances`` (a sample per early, final or withdrawn value), ``ekam-live`` (a sample per
marker frame) and ``ekam-events`` (JSON). A push hands samples to the library, which sends them from
threads of its own: no consumer, however slow, holds up the session.
"""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from threading import Event
from typing import Any

import numpy as np

from compute import Side, Stance
from compute.early import Early, Phase, phase_of
from stream.header import copy_into
from stream.outlet_layout import (
    CODES,
    EVENTS,
    LIVE,
    STANCE_CHANNELS,
    STANCES,
    Layout,
)
from stream.sinks import Told
from stream.tables import stance_row

Record = Callable[[str, np.ndarray, np.ndarray], None]

_LINGER_S = 1.0


class Outlets:
    """The outlets of one session, a `Follower`; they can be found from now on until `close`.

    Whatever goes wrong here is a sentence in `fault`, and costs nothing but the outlet concerned.

    Parameters
    ----------
    made : from `layouts`.
    record : also takes what is published but events, which a session records itself: name of the stream,
        stamps, values. Never raises.
    """

    def __init__(self, made: Sequence[Layout], record: Record | None = None) -> None:
        self._outlets: dict[str, Any] = {}
        self._faults: dict[str, str] = {}
        self._record = record
        # Values that still need a final or a withdrawn one after them: seen by the walker or not.
        self._open: dict[tuple[Side, float], tuple[Early, bool]] = {}
        self._origin_s = self._newest_s = nan
        try:
            for layout in made:
                self._outlets[layout.name] = _open(layout)
        except (
            Exception
        ) as error:  # also a library that does not load: the walker goes on all the same
            self._fail("LSL", error)

    @property
    def fault(self) -> str:
        """What went wrong, a sentence; empty while all is well."""
        if not self._faults:
            return ""
        told = "; ".join(f"{name}: {reason}" for name, reason in self._faults.items())
        return (
            f"other programs do not receive everything ({told}): feedback and recording go on, begin a new "
            "session where they need it"
        )

    def early(self, early: Early, told: Told, origin_s: float) -> None:
        """Publish a first peak whose stance has not ended, in phase 0."""
        self._open[early.side, early.t_on_s] = early, told.shown == "early"
        self._push_stance(_early_row(early, told), Phase.EARLY, early.t_s, origin_s)

    def stance(self, stance: Stance, told: Told, origin_s: float) -> None:
        """Publish a stance, in phase 1 or 2; earlier early values of this leg got none and are withdrawn."""
        for side, t_on_s in list(self._open):
            if side is stance.side and t_on_s < stance.t_on_s:
                self._withdraw(side, t_on_s, stance.t_decide_s, origin_s)
        self._open.pop((stance.side, stance.t_on_s), None)
        self._push_stance(_final_row(stance, told), phase_of(stance), stance.t_decide_s, origin_s)

    def live(self, rows: np.ndarray, origin_s: float) -> None:
        """Publish rows of the live trace."""
        self._origin_s, self._newest_s = origin_s, float(rows[-1, 0])
        self._push(LIVE, rows[:, 1:], (origin_s + rows[:, 0]).tolist())

    def event(self, text: str, t_s: float) -> None:
        """Publish an event."""
        self._push(EVENTS, [text], t_s)

    def close(self) -> None:
        """Withdraw what got no final value, wait until consumers have fetched the last, and end."""
        for (side, t_on_s), (early, _) in list(self._open.items()):
            at_s = self._newest_s if self._newest_s > early.t_s else early.t_s
            self._withdraw(side, t_on_s, at_s, self._origin_s)
        try:
            if any(outlet.have_consumers() for outlet in self._outlets.values()):
                Event().wait(_LINGER_S)  # an outlet that ends throws away what was not fetched
        except Exception as error:
            self._fail("LSL", error)
        self._outlets.clear()

    def _withdraw(self, side: Side, t_on_s: float, at_s: float, origin_s: float) -> None:
        early, seen = self._open.pop((side, t_on_s))
        row = {
            "side": side,
            "t_on_s": t_on_s,
            "early_peak1_nm_per_kg": early.ekam_peak1_nm_per_kg,
            "verdict": CODES["verdict"]["rejected"],
            "reasons": 0,
            "shown": CODES["shown"]["early" if seen else "none"],
        }
        self._push_stance(row, Phase.WITHDRAWN, at_s, origin_s)

    def _push_stance(
        self, row: Mapping[str, float], phase: Phase, t_decide_s: float, origin_s: float
    ) -> None:
        self._origin_s = origin_s
        told = {**row, "phase": phase, "t_decide_s": t_decide_s}
        sample = np.array([[told.get(label, nan) for label in STANCE_CHANNELS]], dtype=np.float64)
        self._push(STANCES, sample, origin_s + t_decide_s)

    def _push(
        self, name: str, values: np.ndarray | Sequence[str], stamps_s: float | list[float]
    ) -> None:
        if self._record is not None and name != EVENTS:
            self._record(name, np.atleast_1d(stamps_s), np.asarray(values))
        outlet = self._outlets.get(name)
        if outlet is None:
            return
        try:
            outlet.push_chunk(values, stamps_s)
        except Exception as error:  # whatever it is, the walker's feedback must not end with it
            self._fail(name, error)
            del self._outlets[name]

    def _fail(self, name: str, error: Exception) -> None:
        self._faults.setdefault(name, str(error) or type(error).__name__)


def _early_row(early: Early, told: Told) -> dict[str, float]:
    peak = early.ekam_peak1_nm_per_kg
    return {
        "side": early.side,
        "t_on_s": early.t_on_s,
        "ekam_peak1_nm": early.ekam_peak1_nm,
        "ekam_peak1_nm_per_kg": peak,
        "early_peak1_nm_per_kg": peak,
        "shown": CODES["shown"][told.shown],
        "latency_ms": told.latency_ms,
        "feedback_value": told.value,
    }


def _final_row(stance: Stance, told: Told) -> dict[str, float]:
    return stance_row(stance, told) | {
        "side": stance.side,
        "verdict": CODES["verdict"]["valid" if stance.valid else "rejected"],
        "reasons": sum(CODES["reasons"][reason] for reason in stance.reasons),
        "shown": CODES["shown"][told.shown],
        **_aim(told),
    }


def _aim(told: Told) -> dict[str, float]:
    """The band of a value that is told without a protocol."""
    low, high = told.aim
    return {"target_low": low, "target_high": high} if low == low else {}


def _open(layout: Layout) -> Any:
    import pylsl

    info = pylsl.StreamInfo(
        layout.name,
        layout.type,
        len(layout.channels),
        layout.rate_hz,
        layout.number_format,
        layout.source_id,
    )
    copy_into(layout.description(), info.desc())
    return pylsl.StreamOutlet(info)
