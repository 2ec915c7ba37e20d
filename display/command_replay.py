"""``ekam replay``: publish a recording as LSL outlets, shaped like the publishers of a lab."""

from pathlib import Path
from typing import Annotated

import typer

from display import listings


def replay(
    recording: Annotated[
        Path, typer.Argument(help="An .xdf, a .c3d, or a .trc with its .mot beside it.")
    ],
    lab: Annotated[Path, typer.Option(help="The laboratory file, lab.toml.")],
    speed: Annotated[
        float, typer.Option(min=0.0, help="1 = as recorded; 0 = as fast as consumers can take it.")
    ] = 1.0,
    loop: Annotated[
        bool, typer.Option("--loop", help="Begin again at the end, until Ctrl-C.")
    ] = False,
    wait_consumers: Annotated[
        bool, typer.Option("--wait-consumers", help="Send nothing until both streams are received.")
    ] = False,
    network: Annotated[
        bool,
        typer.Option("--network", help="Publish beyond this machine (default: loopback only)."),
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="End after this much of the recording.")
    ] = None,
    start: Annotated[
        float, typer.Option(min=0.0, help="Begin this many seconds into the recording.")
    ] = 0.0,
    end: Annotated[
        float | None, typer.Option(min=0.0, help="Leave out what comes after this many seconds.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="What goes wrong, e.g. drop:share=0.02 or occlude:marker=RKNE,at=10,for=0.5; may be "
            "given several times; `--fault ?` lists all.",
            callback=listings.faults,
            is_eager=True,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the chance in the faults.")] = 0,
    forces: Annotated[
        Path | None, typer.Option(help="Force file of a .trc (default: beside it).")
    ] = None,
) -> None:
    """Publish a recording over Lab Streaming Layer, on this machine only unless --network.

    Its streams say that they are a replay; `ekam live` admits them with --allow-replay only.

    Example: ekam replay walk.c3d --lab lab.toml --wait-consumers --fault freeze:at=20,for=3
    """
    import signal
    import threading
    from math import inf

    from display.say import err, stage
    from stream.clock import LslClock
    from stream.errors import EkamError
    from stream.faults import parse
    from stream.lab import read_lab
    from stream.lsl_config import use_loopback
    from stream.readers import read_recording
    from stream.replay import replay as publish

    faults = [parse(text) for text in fault or ()]
    lab_file = read_lab(lab)
    with stage(f"Reading {recording.name} …"):
        read = read_recording(recording, lab_file.lab, forces)
    for note in read.notes:
        err.print(note)
    if read.forces is None:
        raise EkamError(f"{recording.name} has no forces to publish ({'; '.join(read.notes)})")
    where = "the network" if network else f"this machine only (session {use_loopback()!r})"
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    err.print(f"Publishing {recording.name} on {where}; Ctrl-C ends.")
    sent_s = publish(
        read,
        LslClock(),
        stop=stop,
        speed=speed,
        loop=loop,
        start_s=start,
        end_s=inf if end is None else end,
        seconds=seconds,
        wait_consumers=wait_consumers,
        named=not network,
        faults=faults,
        seed=seed,
    )
    err.print(f"Sent {sent_s:.1f} s of {recording.name}.")
