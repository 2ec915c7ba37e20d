"""``ekam`` without a command: the set-up window, then the session that it made ready."""

import logging
import os
from pathlib import Path

import typer

from display.screens import no_screen_reason, platform_environment


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
    import signal
    import sys

    from display.app import application
    from display.setup.connections import Connections
    from display.setup.drafts import Drafts, own_folder
    from display.setup.state import Setup
    from display.setup.window import SetupWindow

    app = application()
    connections = Connections()
    window = SetupWindow(Setup(Drafts(own_folder()), folder), connections)
    window.closed.connect(app.quit)
    hook, sys.excepthook = sys.excepthook, _log
    handler = signal.signal(signal.SIGINT, lambda *_: window.close())
    try:
        screen = app.primaryScreen()
        if screen is not None:
            window.setGeometry(screen.availableGeometry())
        window.showMaximized()
        window.activateWindow()
        app.exec()
    finally:
        sys.excepthook = hook
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        plan = window.plan
        window.deleteLater()
        app.processEvents()
    if plan is None:
        return 0
    from display.command_live import live

    try:
        live(
            plan.lab,
            plan.subject,
            None,
            plan.feedback,
            plan.allow_replay,
            plan.network,
            20.0,
            None if plan.walker_screen is None else plan.walker_screen + 1,
        )
    finally:
        connections.stop()
    return 0


def _log(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """What escapes is logged and the window goes on."""
    logging.getLogger(__name__).error(
        "The set-up window failed.", exc_info=(kind, error, error.__traceback__)
    )
