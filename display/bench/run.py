"""One bench, part after part."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from display.bench import chain, load, peers, scale, soak, speed, whole
from display.bench.budgets import Budget, table
from display.bench.compare import compared
from display.bench.machine import machine
from display.bench.work import Size

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Asked:
    """What is to be measured; as the options of the command."""

    size: Size
    seconds: float
    minutes: float
    load: bool = False
    scale: bool = False
    soak_min: float | None = None
    display_ms: float | None = None
    peers: bool = True


def run(
    asked: Asked,
    say: Callable[[str], None],
    out: Path | None = None,
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure; the whole result as it is written to ``bench.json``.

    Parameters
    ----------
    say : told what is measured now.
    out : folder to make for the result and its pictures.
    old : an earlier result to compare with.
    """
    began = datetime.now(UTC)
    found: dict[str, Any] = {
        "written_utc": began.isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": asdict(asked),
    }
    say("Measuring the compute core …")
    core = speed.measure(asked.size)
    beside = load.commands() if asked.load else []
    say(f"Measuring a live session for {asked.seconds:g} s {'under load ' if asked.load else ''}…")
    live = chain.measure(asked.seconds, asked.size, beside)
    say(f"Reading and scoring a recording of {asked.minutes:g} min …")
    files = whole.measure(asked.minutes, asked.size)
    budgets = [*core.budgets(), *live.budgets(), *files.budgets()]
    found |= {"core": core.table(), "live": live.table(), "files": files.table()}
    if asked.peers:
        say("Measuring peers …")
        found["peers"] = peers.measure(asked.size)
    budgets.append(soak.budget(asked.soak_min, asked.size, say))
    found["filter_delay_ms"] = {
        "scored": 0.0,
        "live_trace": 1e3 * live.session["live_delay_s"],
        "what": "the score is filtered with zero lag, and waits for its deciding sample: 100 ms after "
        "toe-off, or half of the stance for the early value",
    }
    found["display_ms"] = NOT_MEASURED if asked.display_ms is None else asked.display_ms
    found["budgets"] = table(budgets)
    if asked.scale:
        found["scale"] = scale.measure(asked.size, say)
    if old is not None:
        found["compared"] = compared(old, found)
    found["took_s"] = round((datetime.now(UTC) - began).total_seconds(), 1)
    if out is not None:
        _keep(out, found, live, budgets)
    return found


def _keep(out: Path, found: dict[str, Any], live: chain.Chain, budgets: list[Budget]) -> None:
    out.mkdir(parents=True)
    (out / "bench.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    from display.screens import no_qt_reason

    reason = no_qt_reason()
    if reason is not None:
        found["no_picture"] = reason
        return
    from display.bench.picture import save_bench, save_scale

    save_bench(out / "bench.png", live, budgets)
    if "scale" in found:
        save_scale(out / "scale.png", found["scale"]["rows"])
