"""What is remembered of a screen: how the picture lies on it, and how far away it is seen from.

Kept per screen and resolution in one small file of this user, by Qt, which writes it whole or not at all.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from display.projection import TURNS, WHOLE, Corners, Projection, convex
from display.theme import Viewing

if TYPE_CHECKING:
    from PyQt5.QtGui import QScreen

DISTANCE_M, WIDTH_M = (0.3, 20.0), (0.05, 10.0)
"""Distances and widths that can be meant."""


@dataclass(frozen=True)
class ScreenSettings:
    """Settings of one screen."""

    projection: Projection = field(default_factory=Projection)
    viewing: Viewing = field(default_factory=Viewing)

    def to_json(self) -> str:
        """As kept in the file."""
        shape, viewing = self.projection, self.viewing
        return json.dumps(
            {
                "turn_deg": shape.turn_deg,
                "mirror": shape.mirror,
                "corners": shape.corners,
                "distance_m": viewing.distance_m,
                "screen_width_m": viewing.screen_width_m,
            }
        )


def from_json(text: str) -> ScreenSettings:
    """Settings as kept in the file; whatever cannot be used there is its default."""
    try:
        kept = json.loads(text)
        a, b, c, d = ((float(x), float(y)) for x, y in kept.get("corners", WHOLE))
        corners: Corners = (a, b, c, d)
        turn = kept.get("turn_deg", 0)
        mirror = bool(kept.get("mirror", False))
        distance_m = float(kept.get("distance_m", Viewing.distance_m))
        width_m = float(kept.get("screen_width_m", Viewing.screen_width_m))
    except (AttributeError, TypeError, ValueError):
        return ScreenSettings()
    projection = Projection(
        turn if turn in TURNS else 0, mirror, corners if convex(corners) else WHOLE
    )
    near, wide = DISTANCE_M[0] <= distance_m <= DISTANCE_M[1], WIDTH_M[0] <= width_m <= WIDTH_M[1]
    return ScreenSettings(
        projection,
        Viewing(
            distance_m if near else Viewing.distance_m, width_m if wide else Viewing.screen_width_m
        ),
    )


def screen_key(screen: "QScreen") -> str:
    """A screen by name and resolution, as `Remembered` keeps it."""
    size = screen.size()
    name = screen.name().replace("/", "_").replace("\\", "_") or "screen"
    return f"{name} {size.width()}x{size.height()}"


class Remembered:
    """Settings of screens, from one run of the program to the next.

    Parameters
    ----------
    file : ini file; the user's own when None.
    """

    def __init__(self, file: str | None = None) -> None:
        from PyQt5.QtCore import QSettings

        form, scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
        self._kept: QSettings = (
            QSettings(file, form) if file else QSettings(form, scope, "ekam", "screens")
        )

    def of(self, key: str) -> ScreenSettings:
        """Settings of a screen; the defaults for an unknown one."""
        return from_json(str(self._kept.value(f"screens/{key}", "{}")))

    def keep(self, key: str, settings: ScreenSettings) -> bool:
        """Remember the settings of a screen; False when the file cannot be written."""
        self._kept.setValue(f"screens/{key}", settings.to_json())
        self._kept.sync()
        return bool(self._kept.status() == self._kept.Status.NoError)

    @property
    def walker_screen(self) -> str:
        """Name of the screen that the walker's picture was last put on by hand; empty for none."""
        return str(self._kept.value("walker/screen", ""))

    @walker_screen.setter
    def walker_screen(self, name: str) -> None:
        self._kept.setValue("walker/screen", name)
        self._kept.sync()
