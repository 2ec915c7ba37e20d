"""``ekam demo``: the whole system on one machine, with a synthetic walker."""

from typing import Annotated

import typer

from display import options

# Its standard input ends with the demo, however that ends: it never publishes on by itself.
_PUBLISHER = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
from display.cli import main
main()
"""


def demo(
    seconds: Annotated[float, typer.Option(min=5.0, max=3600.0, help="How long it runs.")] = 60.0,
    out: options.SessionFolder = None,
    feedback: options.Feedback = "",
    display: options.Picture = "",
    sound: options.Tone = "",
    screen: options.WalkerScreen = "",
) -> None:
    """Replay a bundled synthetic walker over real LSL, score it, and show both windows.

    Example: ekam demo --seconds 30
    """
    import os
    import subprocess
    import sys
    import tempfile
    from importlib.resources import as_file, files

    from display.runner import chosen_picture, options_of, run_session
    from display.say import err
    from stream.lab import read_lab
    from stream.lsl import LslSource
    from stream.lsl_config import SESSION_VARIABLE, use_loopback
    from stream.results import refuse_existing
    from stream.subject_file import read_subject

    refuse_existing(out)
    chosen_picture(display, sound)
    session_id = os.environ.get(SESSION_VARIABLE) or f"ekam-demo-{os.getpid()}"
    with as_file(files("replay_data")) as data, tempfile.TemporaryFile() as said:
        lab_file = read_lab(data / "synthetic_lab.toml")
        subject_file = read_subject(data / "synthetic_subject.toml")
        lab_file.lab.target(feedback)  # refused before anything is started
        use_loopback(session_id)
        err.print("The walker of this demo is synthetic; its EKAM is known exactly.")
        publisher = subprocess.Popen(
            [
                *(sys.executable, "-P", "-c", _PUBLISHER, "replay"),
                *(str(data / "synthetic_walk.c3d"), "--lab", str(data / "synthetic_lab.toml")),
                *("--loop", "--wait-consumers", "--seconds", str(seconds + 60.0)),
            ],
            env={**os.environ, SESSION_VARIABLE: session_id},
            stdin=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C reaches the session first, which then ends the publisher
        )

        def given_up() -> str:
            if publisher.poll() is None:
                return ""
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-5:]
            return (
                f"The demo's publisher ended by itself ({publisher.returncode}): {' '.join(last)}"
            )

        source = LslSource(
            *lab_file.lab.queries(), allow_replay=True, resolve_timeout_s=60.0, given_up=given_up
        )
        try:
            run_session(
                source,
                lab_file,
                subject_file,
                out=out,
                mode="demo",
                banner="SYNTHETIC WALKER",
                seconds=seconds,
                feedback=feedback,
                display=display,
                sound=sound,
                options=options_of(lab_file, screen),
            )
        finally:
            publisher.terminate()
            try:
                publisher.communicate(timeout=5.0)
            except subprocess.TimeoutExpired:
                publisher.kill()
                publisher.communicate()
