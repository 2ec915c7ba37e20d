"""The walker's picture as data: feedback in, polygons and words out. No Qt.

Both legs are mirror images, the left one on the left. Every verdict has a colour *and* a shape; a value
that is not yet judged, or an older one, has neither. How many shapes and words a picture has depends on
its kind alone, never on what it shows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from compute.feedback import Display, WalkerFeedback
from display import theme
from display.scene import bar, colour, grid, lane, message, polar, probe
from display.scene.probe import Patch
from display.scene.shapes import Frame, Polygon, Rect, Shape, Text
from display.scene.told import SHAPES, Axis, Told, Verdict, axis, number, told, verdict
from display.theme import Sizes, Viewing

__all__ = [
    "SHAPES",
    "Axis",
    "Frame",
    "Patch",
    "Polygon",
    "Rect",
    "Scene",
    "Shape",
    "Text",
    "Verdict",
    "axis",
    "grid_scene",
    "number",
    "verdict",
    "walker_scene",
]

_SHAPES: dict[Display, Callable[[Told, Frame, Sizes], tuple[Shape, ...]]] = {
    "bar": bar.shapes_of,
    "lane": lane.shapes_of,
    "colour": colour.shapes_of,
    "polar": polar.shapes_of,
}
_TEXTS: dict[Display, Callable[[Told, Frame, Sizes], tuple[Text, ...]]] = {
    "bar": bar.texts_of,
    "lane": lane.texts_of,
    "colour": colour.texts_of,
    "polar": polar.texts_of,
}


@dataclass(frozen=True)
class Scene:
    """The whole picture.

    Attributes
    ----------
    shapes, texts : drawn in this order, words last.
    """

    display: Display | Literal["grid"]
    frame: Frame
    sizes: Sizes
    shapes: tuple[Shape, ...]
    texts: tuple[Text, ...]

    def shape(self, name: str) -> Shape:
        """The shape of this name.

        Raises
        ------
        KeyError : this kind of picture has none.
        """
        return {each.name: each for each in self.shapes}[name]

    def text(self, name: str) -> Text:
        """The words of this name.

        Raises
        ------
        KeyError : this kind of picture has none.
        """
        return {each.name: each for each in self.texts}[name]


def walker_scene(
    feedback: WalkerFeedback,
    width_px: float,
    height_px: float,
    viewing: Viewing = theme.DEFAULT_VIEWING,
    patch: Patch | None = None,
) -> Scene:
    """Picture of `feedback` in a window of the given size.

    `patch` is for a photodiode and is there whatever else is shown.
    """
    scene = _scene(feedback, width_px, height_px, viewing)
    if patch is None:
        return scene
    return replace(scene, shapes=(*scene.shapes, probe.shape(patch, scene.frame)))


def _scene(feedback: WalkerFeedback, width_px: float, height_px: float, viewing: Viewing) -> Scene:
    sizes = theme.walker_sizes(width_px, height_px, viewing)
    frame = Frame(width_px, height_px)
    display = feedback.display
    if display == "blank":
        return Scene(display, frame, sizes, (), ())
    banner = Text(
        "banner", feedback.banner, frame.box(0.23, 0.01, 0.54, 0.09), sizes.words_px, theme.WARNING
    )
    if display == "message":
        words = message.texts_of(feedback.message, frame, sizes)
        return Scene(display, frame, sizes, (), (*words, banner))
    legs = (told(feedback.left), told(feedback.right))
    labels = bar.band_labels(legs, frame, sizes) if display == "bar" else ()
    return Scene(
        display,
        frame,
        sizes,
        tuple(shape for leg in legs for shape in _SHAPES[display](leg, frame, sizes)),
        (
            *(text for leg in legs for text in _TEXTS[display](leg, frame, sizes)),
            *labels,
            Text(
                "title",
                feedback.left.target.spec.plain,
                # between the legs, clear of what stands at the upper ends of the bars
                frame.box(*_TITLES[display]),
                sizes.title_px,
                theme.QUIET,
            ),
            banner,
        ),
    )


def grid_scene(
    screen: str,
    chosen: int,
    width_px: float,
    height_px: float,
    viewing: Viewing = theme.DEFAULT_VIEWING,
) -> Scene:
    """Picture by which the operator fits the walker's picture to its screen."""
    sizes = theme.walker_sizes(width_px, height_px, viewing)
    frame = Frame(width_px, height_px)
    return Scene(
        "grid",
        frame,
        sizes,
        grid.shapes_of(frame, sizes, chosen),
        grid.texts_of(frame, sizes, screen),
    )


_TITLES: dict[Display, tuple[float, float, float, float]] = {
    "bar": (0.425, 0.1, 0.15, 0.06),
    "lane": (0.02, 0.03, 0.2, 0.06),
    "colour": (0.02, 0.03, 0.2, 0.06),
    "polar": (0.02, 0.03, 0.2, 0.06),
}
"""Where the name of what is fed back stands, shares of the picture."""
