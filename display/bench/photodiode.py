"""The patch for a photodiode alone on the walker's screen, turning again and again; every turn is told over
LSL, stamped when its pixels were handed to the window system.

A recorder that takes this stream and the photodiode, best on a channel of the force plates, has the time
from there to light: what no software can know.
"""

import os
import random
import time
from statistics import median

from display.app import application
from display.scene.probe import PatchCorner
from display.screens import no_screen_reason, platform_environment
from stream.errors import EkamError

STREAM = "ekam-patch"
EVERY_S = (0.7, 1.3)
"""Turns come at random within these bounds, so that they do not beat against the screen."""


def alternate(seconds: float, corner: PatchCorner, screen: str = "") -> dict[str, float]:
    """Turn the patch for so long; Ctrl-C ends it before.

    Parameters
    ----------
    screen : name of the walker's screen, or a part of it; empty for the one of last time.

    Returns
    -------
    How many turns there were, and ms from asking for one to pixels handed to the window system, median.

    Raises
    ------
    EkamError : there is no screen.
    """
    screenless = no_screen_reason()
    if screenless is not None:
        raise EkamError(f"the patch cannot be shown: {screenless}")
    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    from pylsl import IRREGULAR_RATE, StreamInfo, StreamOutlet, local_clock
    from PyQt5.QtCore import QTimer

    from compute.feedback import Target, WalkerFeedback, start
    from display.placement import screen_named
    from display.screen_settings import Remembered, screen_key
    from display.walker import WalkerWindow
    from stream.latency import Stamps
    from stream.status import SessionView

    outlet = StreamOutlet(
        StreamInfo(STREAM, "Markers", 1, IRREGULAR_RATE, "string", f"{STREAM}-{os.getpid()}")
    )
    app, remembered, view = application(), Remembered(), SessionView()
    drawn_ms: list[float] = []

    def flushed(_: WalkerFeedback, stamps: Stamps) -> None:
        white = len(drawn_ms) % 2 == 0  # the first turn is to white
        flushed_s = stamps.on(local_clock() - time.perf_counter()).flushed_s
        outlet.push_sample(["white" if white else "black"], flushed_s)
        drawn_ms.append(1e3 * (stamps.flushed_s - stamps.shown_s))

    def turn() -> None:
        view.walker.publish(start(Target(), display="blank"))
        walker.tick()
        timer.start(int(1e3 * random.uniform(*EVERY_S)))

    walker = WalkerWindow(view, on_flushed=flushed, patch=corner)
    chosen = screen_named(app, screen or remembered.walker_screen) or app.primaryScreen()
    assert chosen is not None
    walker.settings = remembered.of(screen_key(chosen))
    walker.setGeometry(chosen.geometry())
    walker.showFullScreen()
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(turn)
    timer.start(500)
    QTimer.singleShot(int(1e3 * seconds), app.quit)
    app.exec()
    timer.stop()
    walker.hide()
    return {"turns": len(drawn_ms), "drawing_ms": median(drawn_ms) if drawn_ms else float("nan")}
