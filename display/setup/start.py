"""``ekam`` without a command: the set-up window, then the session that it made ready."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from display.screens import no_screen_reason, platform_environment

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from display.setup.connections import Connections
    from display.setup.plan import Plan
    from display.setup.state import Setup
    from display.setup.steps import Step
    from display.setup.window import SetupWindow

_LOOK_S = 20.0


def set_up(context: typer.Context) -> None:
    """Open the set-up window; without a screen say so and show the help."""
    from display.say import err, out

    reason = no_screen_reason()
    if reason is not None:
        err.print(f"The set-up window needs a screen: {reason}.")
        out.print(context.get_help())
        raise typer.Exit(2)
    code = run_set_up(Path.cwd())
    if code:
        raise typer.Exit(code)


def run_set_up(folder: Path) -> int:
    """Show the window; run the session that it made ready, in this process; the exit code."""
    os.environ.update(platform_environment())
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"
    from display.app import application
    from display.say import err
    from display.setup.connections import Connections
    from display.setup.drafts import Drafts, own_folder
    from display.setup.state import Setup
    from display.setup.steps import Step
    from stream.errors import EkamError

    app = application()
    connections, setup = Connections(), Setup(Drafts(own_folder()), folder)
    at, told = Step.START, ""
    hook, sys.excepthook = sys.excepthook, _log
    try:
        while (left := _shown(app, setup, connections, at, told)) is not None:
            try:
                run_plan(left)
                return 0
            except EkamError as error:
                # said where the operator looks, and once more on the terminal
                err.print(f"ekam: {error}")
                at, told = Step.READY, f"The session ended: {error}"
                connections.take_up()
            finally:
                left.there()
        return 0
    finally:
        sys.excepthook = hook
        connections.stop()


class Left:
    """A set-up window that was left with a plan; it stays until the session has something on the screen."""

    def __init__(self, app: "QApplication", window: "SetupWindow", plan: "Plan") -> None:
        self.plan = plan
        self._app, self._window = app, window
        self._gone = False

    @property
    def publisher(self) -> str:
        """Of the practice walker; empty in a laboratory."""
        practice = self._window.connections.practice
        return practice.publisher if practice is not None and self.plan.practise else ""

    def look(self) -> None:
        """Let it be painted."""
        self._app.processEvents()

    def there(self) -> None:
        """Take it away."""
        if not self._gone:
            self._gone = True
            self._window.hide()
            self._window.deleteLater()
            self._app.processEvents()


def run_plan(left: Left) -> None:
    """Run what `ekam live` would run.

    Raises
    ------
    EkamError : no session came about, or it had to end.
    """
    from display.live_session import run_live

    plan = left.plan
    run_live(
        plan.lab,
        plan.subject,
        feedback=plan.feedback,
        screen=plan.screen,
        protocol=plan.protocol,
        session=plan.session if plan.protocol else None,
        leg=plan.leg,
        participant=plan.participant,
        resume=plan.resume,
        anew=plan.anew,
        allow_replay=plan.allow_replay,
        network=plan.network,
        wait_s=_LOOK_S,
        publisher=left.publisher,
        waits=left,
    )


def _shown(
    app: "QApplication", setup: "Setup", connections: "Connections", at: "Step", told: str
) -> Left | None:
    """Show the window until it is left; with a plan it is still there."""
    from display.setup.window import SetupWindow

    window = SetupWindow(setup, connections, at, told)
    window.closed.connect(app.quit)
    # Qt waits in C++: Python sees Ctrl-C at the window's next tick
    handler = signal.signal(signal.SIGINT, lambda *_: window.close())
    try:
        screen = app.primaryScreen()
        if screen is not None:
            window.setGeometry(screen.availableGeometry())
        window.showMaximized()
        window.activateWindow()
        app.exec()
    finally:
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
    left = None if window.plan is None else Left(app, window, window.plan)
    if left is None:
        window.deleteLater()
        app.processEvents()
    return left


def _log(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """What escapes is logged and the window goes on."""
    logging.getLogger(__name__).error(
        "The set-up window failed.", exc_info=(kind, error, error.__traceback__)
    )
