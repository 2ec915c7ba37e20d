"""The command ``ekam``: one file per command beside this one."""

import io
import sys

import typer

from display.command_bench import bench
from display.command_calibrate import calibrate
from display.command_check import check
from display.command_demo import demo
from display.command_export import export
from display.command_live import live
from display.command_participant import participant
from display.command_process import process
from display.command_replay import replay
from display.command_report import report
from display.command_walker import walker
from display.setup.start import set_up
from stream.errors import EkamError

app = typer.Typer(
    name="ekam",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Treadmill biofeedback of the external knee adduction moment (EKAM), live over Lab Streaming "
    "Layer. For research use; not a medical device.",
)
for command in (
    demo, check, calibrate, live, replay, process, report, export, participant, bench, walker,
):  # fmt: skip
    app.command()(command)


@app.callback(
    epilog="Without a command the set-up window opens: it finds the streams, writes lab.toml and the subject "
    "file, and starts the session."
)
def without_command(context: typer.Context) -> None:
    """Treadmill biofeedback of the external knee adduction moment (EKAM), live over Lab Streaming Layer.

    For research use; not a medical device.
    """
    if context.invoked_subcommand is None:
        set_up(context)


def main() -> None:
    """Run a command; a fault that the user can mend is one sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a terminal that knows no "·" still gets the table
    try:
        app()
    except EkamError as error:
        sys.stderr.write(f"ekam: {error}\n")
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"ekam: {where}{error.strerror or error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
