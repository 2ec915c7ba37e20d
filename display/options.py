"""Options that several commands have, each said once."""

from pathlib import Path
from typing import Annotated

import typer

from display import listings

Lab = Annotated[Path, typer.Option("--lab", help="The laboratory file, lab.toml.")]
SubjectFile = Annotated[
    Path, typer.Option("--subject", help="The subject file that `ekam calibrate` wrote.")
]
SessionFolder = Annotated[
    Path | None, typer.Option("-o", "--out", help="Session folder (default: sessions/ID_TIME).")
]
Feedback = Annotated[
    str,
    typer.Option(
        help="What the walker is shown, e.g. foot_progression (? lists all; default: the lab file's).",
        callback=listings.variables,
        is_eager=True,
    ),
]
Picture = Annotated[
    str,
    typer.Option(
        help="Its picture: bar, lane, colour, polar, blank (? lists all; default: the lab file's)."
    ),
]
Tone = Annotated[
    str, typer.Option(help="Tone with the verdict: off, inside, both (default: the lab file's).")
]
WalkerScreen = Annotated[
    str, typer.Option(help="Name of the walker's screen, or a part of it (default: the last one).")
]
Protocol = Annotated[
    str,
    typer.Option(
        help="What is run: a file, or a template's name; ? lists them.",
        callback=listings.protocols,
        is_eager=True,
    ),
]
SessionNumber = Annotated[
    int | None, typer.Option(min=1, help="With --protocol: which of its sessions (default: 1).")
]
Leg = Annotated[str, typer.Option(help="With --protocol: the trained leg, left or right.")]
Arm = Annotated[str, typer.Option(help="With --protocol: the code of the arm.")]
Store = Annotated[Path, typer.Option(help="Folder of all participants.")]
