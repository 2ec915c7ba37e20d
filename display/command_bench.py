"""``ekam bench``: latency and throughput on this machine, each beside its yardstick in the same run."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder to make, for bench.json and bench.png."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=6.0, max=3600.0, help="How long the session runs that is measured.")
    ] = 45.0,
    minutes: Annotated[
        float, typer.Option(min=0.5, max=120.0, help="Length of the recording that is processed.")
    ] = 3.0,
    markers: Annotated[int, typer.Option(min=10, max=300, help="Markers that are streamed.")] = 60,
    marker_rate: Annotated[float, typer.Option(min=50.0, max=500.0, help="Hz.")] = 200.0,
    plates: Annotated[int, typer.Option(min=2, max=8, help="Force plates that are streamed.")] = 2,
    force_rate: Annotated[float, typer.Option(min=200.0, max=4000.0, help="Hz.")] = 1000.0,
    load: Annotated[
        bool,
        typer.Option(
            "--load", help="Beside a busy disk, a busy processor and twenty more streams."
        ),
    ] = False,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale", help="How cost grows with markers, rates, plates and walkers (minutes)."
        ),
    ] = False,
    soak: Annotated[
        float | None,
        typer.Option(min=0.1, max=600.0, help="Minutes of a session whose losses are counted."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="A bench.json of before: what got worse, by ratio.")
    ] = None,
    display_ms: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="From the window system to light, as measured with a photodiode, ms."
        ),
    ] = None,
    photodiode: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            max=3600.0,
            help="Measure nothing: turn a patch for a photodiode for so many seconds (stream ekam-patch).",
        ),
    ] = None,
    corner: Annotated[
        str,
        typer.Option(help="Of the patch: top-left, top-right, bottom-left, bottom-right."),
    ] = "top-left",
    screen: Annotated[
        str,
        typer.Option(help="Name of the walker's screen, or a part of it (default: the last one)."),
    ] = "",
    network: Annotated[
        bool,
        typer.Option(
            "--network", help="With --photodiode: tell the whole network, not this machine."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure throughput and latency: compute core, LSL to engine, to score, to pixels, files.

    A real publisher process, real LSL on this machine only, the real session, real windows: on this screen,
    or on a virtual one. It takes less than two minutes.

    Example: ekam bench -o bench_today --compare bench_before/bench.json
    """
    import json

    from display.bench.compare import read_old
    from display.bench.run import Asked, run
    from display.bench.say import print_bench
    from display.bench.work import Size
    from display.say import err
    from display.say import out as console
    from stream.results import refuse_existing

    if photodiode is not None:
        turned = _patch(photodiode, corner, screen, network)
        if as_json:
            console.print_json(json.dumps(turned))
        else:
            console.print(
                f"{turned['turns']} turns, drawn in {turned['drawing_ms']:.1f} ms (median)"
            )
        return
    refuse_existing(out)
    old = None if compare is None else read_old(compare)
    size = Size(markers, marker_rate, plates, force_rate)
    asked = Asked(size, seconds, minutes, load, scale, soak, display_ms)
    with err.status("") as status:
        found = run(asked, status.update if err.is_terminal else err.print, out, old)
    if as_json:
        console.print_json(json.dumps(found))
    else:
        print_bench(found)
        if out is not None:
            console.print(f"Folder: {out}")


def _patch(seconds: float, corner: str, screen: str, network: bool) -> dict[str, float]:
    """Turn the patch, told on this machine only unless the network is asked for."""
    from display.bench.photodiode import alternate
    from display.scene.probe import PATCH_CORNERS
    from stream.errors import EkamError
    from stream.lsl_config import use_loopback

    chosen = next((each for each in PATCH_CORNERS if each == corner), None)
    if chosen is None:
        raise EkamError(f"there is no corner {corner!r}: use one of {', '.join(PATCH_CORNERS)}")
    if not network:
        use_loopback()
    return alternate(seconds, chosen, screen)
