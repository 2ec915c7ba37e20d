"""Pure mathematics of treadmill EKAM: no files, no clock, no streams, no windows.

Start with `compute.conventions` (frames and signs), then `compute.engine`.
"""

from compute.contact import ContactThresholds
from compute.conventions import Side
from compute.engine import Engine
from compute.landmarks import PURPOSE
from compute.settings import Settings
from compute.stance import Stance
from compute.subject import Check, Shank, Subject

__all__ = [
    "PURPOSE",
    "Check",
    "ContactThresholds",
    "Engine",
    "Settings",
    "Shank",
    "Side",
    "Stance",
    "Subject",
]
