"""The steps of the set-up window, in order."""

from enum import IntEnum


class Step(IntEnum):
    """One page."""

    START = 0
    STREAMS = 1
    AXES = 2
    MARKERS = 3
    PLATES = 4
    CHECK = 5
    PERSON = 6
    STATIC = 7
    READY = 8

    @property
    def title(self) -> str:
        """Name in the list and on the page."""
        return _TITLES[self][0]

    @property
    def lead(self) -> str:
        """What is to be done, in a sentence."""
        return _TITLES[self][1]


_TITLES = {
    Step.START: ("Start", "What do you want to set up?"),
    Step.STREAMS: ("Streams", "Switch on the capture system and the force plates: both are looked for."),
    Step.AXES: (
        "Axes and unit",
        "Let someone with markers stand on the treadmill, facing forward. The person below must be upright "
        "and walk to the right in the side view.",
    ),
    Step.MARKERS: (
        "Markers",
        "Each stick must join the right joints. Choose a row to see its marker, or click a marker.",
    ),
    Step.PLATES: (
        "Plates",
        "Step onto one belt alone: its bar must be the right one, and the load must lie under that foot.",
    ),
    Step.CHECK: ("Check", "Three looks: empty belts, someone standing one foot on each belt, then walking."),
    Step.PERSON: ("Person", "Who walks? A pseudonym, never a name."),
    Step.STATIC: (
        "Static trial",
        "Stand still, one foot on each belt, feet forward, hands off the rails; then record.",
    ),
    Step.READY: ("Ready", "Everything is written. Choose what the walker is shown and start."),
}  # fmt: skip
