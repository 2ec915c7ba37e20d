"""Whether one cause rejects most of a leg's stances, and what to do about it."""

from collections import Counter, deque

from compute import Side, Stance

LOOKED_AT = 8
TOLD_FROM = 4
"""So many of the last `LOOKED_AT` stances of a leg must share a reason."""

CURES = {
    "cross_belt": "ask the walker to keep each foot on its own belt, or check the sides of the plates",
    "marker_gap": "look for markers of shank and foot that the cameras miss, and for lost frames",
    "marker_swap": "correct the labels of shank and foot",
    "cluster_residual": "look for a marker that has slipped; fix it and calibrate again",
    "plate_saturated": "set the plate's amplifier to a wider range",
    "plate_drift": "zero the plates while nobody stands on them",
    "late_data": "look at the network, and at what else the publishing computer does",
    "clock_jump": "begin a new session",
    "cop_outside_foot": "check the corners and sides of the plates in the lab file, and the foot's labels",
    "no_peak": "let the walker find an even gait, or choose another variable",
    "implausible": "check the units and the plates in the lab file, and calibrate again",
    "outlier": "let the walker find an even gait",
    "handrail": "ask the walker to let go of the handrail",
    "short_stance": "let the walker find an even gait",
    "speed_change": "keep the belts at one speed",
    "lever_mismatch": "check the markers of shank and foot, and calibrate again",
}
"""What helps, per reason of `compute.stance.REASONS`."""


class RejectWatch:
    """Looks at the last stances of each leg."""

    def __init__(self) -> None:
        self._last: tuple[deque[tuple[str, ...]], ...] = tuple(
            deque(maxlen=LOOKED_AT) for _ in Side
        )

    def add(self, stance: Stance) -> None:
        """Take a stance with its verdict."""
        self._last[stance.side].append(stance.reasons)

    def sentence(self) -> str:
        """What to tell the operator; empty while most stances are valid."""
        for side in Side:
            found = Counter(reason for reasons in self._last[side] for reason in reasons)
            for reason in CURES:  # the first is the cause of what follows from it
                if found[reason] >= TOLD_FROM:
                    of = f"{found[reason]} of the last {len(self._last[side])} {side.word} stances"
                    return f"{of} were rejected ({reason}): {CURES[reason]}"
        return ""
