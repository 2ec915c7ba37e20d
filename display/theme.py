"""Colours by role and sizes from the viewing distance: the one place that chooses either.

Blue and orange of Okabe & Ito stay apart for red-green deficient eyes; every state also has a shape.
Sizes are minutes of arc at the walker's eye, turned into pixels from distance and screen width.
"""

from dataclasses import dataclass
from math import atan, degrees, radians, tan

BACKGROUND = "#101010"
TRACK = "#262626"
BAND_FILL = "#3C3C3C"
BAND_EDGE = "#F2F2F2"
TEXT = "#F2F2F2"
QUIET = "#A6A6A6"
INSIDE = "#56B4E9"
INSIDE_EDGE = "#FFFFFF"
OUTSIDE = "#E69F00"
NEUTRAL = "#646464"
TICK = "#B4B4B4"

PANEL = "#1C1C1C"
RULE = "#4A4A4A"
WARNING = "#F0E442"
FAULT = "#FF8A4C"
LEG_LEFT = "#F0E442"
LEG_RIGHT = "#CC79A7"

PICTURE_RATIO = 16.0 / 9.0
CAP_HEIGHT = 0.7
"""Height of a digit as a share of a font's pixel size; at most this in the usual sans-serif fonts."""


@dataclass(frozen=True)
class Viewing:
    """Where the walker's eyes are: distance to the screen and width of its picture."""

    distance_m: float = 2.5
    screen_width_m: float = 1.2

    def px(self, arcmin: float, picture_width_px: float) -> float:
        """Length on the screen that the walker sees under `arcmin` minutes of arc."""
        length_m = self.distance_m * tan(radians(arcmin / 60.0))
        return length_m / self.screen_width_m * picture_width_px

    def arcmin(self, share_of_width: float) -> float:
        """Minutes of arc under which the walker sees a length, given as a share of the picture's width."""
        return 60.0 * degrees(atan(share_of_width * self.screen_width_m / self.distance_m))


DEFAULT_VIEWING = Viewing()


@dataclass(frozen=True)
class Sizes:
    """Font sizes and line widths of the walker's picture, in pixels."""

    number_px: float
    words_px: float
    label_px: float
    title_px: float
    message_px: float
    band_edge_px: float
    bar_edge_px: float
    tick_px: float


def walker_sizes(width_px: float, height_px: float, viewing: Viewing = DEFAULT_VIEWING) -> Sizes:
    """Sizes of the walker's picture.

    The number is 98 minutes of arc tall (71 mm at 2.5 m) at most, the words 38; 22 is the least that
    standards ask of a seated reader. Lines shrink with the picture but never below two pixels.
    """
    picture_px = min(width_px, height_px * PICTURE_RATIO)

    def font_px(arcmin: float) -> float:
        return viewing.px(arcmin, picture_px) / CAP_HEIGHT

    def line_px(at_1080p_px: float) -> float:
        return max(2.0, round(at_1080p_px * picture_px / 1920.0))

    return Sizes(
        number_px=font_px(NUMBER_ARCMIN),
        words_px=font_px(WORDS_ARCMIN),
        label_px=font_px(34.0),
        title_px=font_px(26.0),
        message_px=font_px(64.0),
        band_edge_px=line_px(8.0),
        bar_edge_px=line_px(8.0),
        tick_px=line_px(6.0),
    )


NUMBER_ARCMIN, WORDS_ARCMIN, LEAST_ARCMIN = 98.0, 38.0, 22.0
"""Height of the number and the words as they are meant; the least that standards ask of a seated reader."""
NUMBER_ROOM, WORDS_ROOM = 0.083, 0.042
"""Font sizes that the boxes of a 16:9 picture have room for, shares of its width."""


def read_arcmin(viewing: Viewing) -> tuple[float, float]:
    """Height under which the walker sees a digit and a letter of the words, minutes of arc."""
    return (
        min(NUMBER_ARCMIN, viewing.arcmin(NUMBER_ROOM * CAP_HEIGHT)),
        min(WORDS_ARCMIN, viewing.arcmin(WORDS_ROOM * CAP_HEIGHT)),
    )


def sizes_in_words(viewing: Viewing) -> str:
    """How large the walker sees numbers and words, and what to do when that is too small."""
    number, words = read_arcmin(viewing)
    said = f"The walker sees digits {number:.0f}′ and words {words:.0f}′ tall (minutes of arc)"
    if words >= LEAST_ARCMIN:
        return f"● {said}: readable while walking."
    return f"▲ {said}: too small to read while walking. Bring the screen closer or make the picture wider."


CONSOLE_STYLE = f"""
QWidget {{ background: {BACKGROUND}; color: {TEXT}; font-size: 16px; }}
QLabel#banner {{ background: {WARNING}; color: #000000; font-size: 20px; font-weight: bold;
    padding: 4px; }}
QLabel#headline {{ font-size: 20px; font-weight: bold; }}
QLabel#counts, QLabel#recorded {{ font-size: 20px; }}
QLabel#alarm {{ background: {FAULT}; color: #000000; font-weight: bold; padding: 5px; }}
QLabel#message {{ color: {QUIET}; }}
QLabel#walker {{ padding: 2px; }}
QLabel#sizes {{ font-size: 15px; }}
QLineEdit, QComboBox, QDoubleSpinBox {{ background: {PANEL}; border: 2px solid {RULE}; padding: 4px; }}
QLineEdit:focus, QComboBox:focus, QDoubleSpinBox:focus, QListWidget:focus, QTabBar:focus {{
    border: 2px solid {BAND_EDGE}; }}
QListWidget {{ background: {PANEL}; border: 1px solid {RULE}; font-family: monospace; font-size: 15px; }}
QFrame#protocol {{ border: 2px solid {INSIDE}; border-radius: 4px; }}
QLabel#timeline {{ font-weight: bold; }}
QLabel#leg[beyond="true"] {{ color: {WARNING}; }}
QLabel#prompts {{ color: {WARNING}; font-size: 18px; }}
QLabel#due {{ color: {WARNING}; }}
QLabel#prompts[urgent="true"] {{ background: {FAULT}; color: #000000; font-weight: bold; padding: 4px; }}
QGraphicsView#preview {{ border: 2px solid {RULE}; }}
QTabBar::tab {{ background: {PANEL}; border: 2px solid {RULE}; padding: 5px 12px; }}
QTabBar::tab:selected {{ background: #333333; border-color: {BAND_EDGE}; }}
QTabWidget::pane {{ border: 1px solid {RULE}; }}
QLabel#notes {{ color: {WARNING}; }}
QLabel#question {{ font-size: 18px; font-weight: bold; }}
QLabel#keys {{ background: {PANEL}; padding: 8px; }}
QFrame#ask {{ border: 3px solid {FAULT}; }}
QPushButton {{ background: #333333; border: 2px solid {QUIET}; border-radius: 6px; padding: 6px 3px;
    font-size: 16px; }}
QPushButton:checked {{ background: #0072B2; border-color: {INSIDE}; }}
QPushButton:focus {{ border: 3px solid {BAND_EDGE}; }}
QPushButton#start, QPushButton#stop {{ font-size: 22px; font-weight: bold; }}
QPushButton#start:enabled {{ background: #0072B2; border-color: {INSIDE}; }}
QPushButton#stop:enabled {{ background: #7A3300; border-color: {OUTSIDE}; }}
QPushButton#start:disabled {{ background: {PANEL}; color: {TEXT}; border: 2px dashed {QUIET};
    font-size: 18px; }}
QPushButton#stop:disabled {{ background: {PANEL}; color: {QUIET}; border: 2px dashed {RULE}; }}
QTableWidget {{ background: {PANEL}; gridline-color: {RULE}; border: 1px solid {RULE}; }}
QTableWidget::item {{ padding: 0 5px; }}
QTableWidget:focus {{ border: 2px solid {BAND_EDGE}; }}
QHeaderView::section {{ background: #2A2A2A; color: {TEXT}; border: none; padding: 4px 5px;
    font-size: 15px; }}
"""
