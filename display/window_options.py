"""How the windows are opened; handed to their process on its command line."""

import json
from dataclasses import asdict, dataclass

from display.scene.probe import PATCH_CORNERS


@dataclass(frozen=True)
class WindowOptions:
    """What is asked of the windows when a session starts.

    Attributes
    ----------
    screen : name, or a part of it, of the walker's screen; empty for the one of last time, else the first
        that is not the operator's.
    photodiode : corner of the patch for a photodiode, `PATCH_CORNERS`; empty for none.
    """

    screen: str = ""
    photodiode: str = ""

    def __post_init__(self) -> None:
        if self.photodiode and self.photodiode not in PATCH_CORNERS:
            raise ValueError(
                f"there is no corner {self.photodiode!r}: use one of {', '.join(PATCH_CORNERS)}"
            )

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))


def from_json(text: str) -> WindowOptions:
    """Options off a command line."""
    return WindowOptions(**json.loads(text))
