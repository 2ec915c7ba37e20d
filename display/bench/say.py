"""The bench on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from display.say import err, out

_VERDICT = {True: "met", False: "MISSED", None: "–"}


def print_bench(found: Mapping[str, Any]) -> None:
    """Budgets, percentiles of every stage, and what else was asked for."""
    out.print(_budgets(found["budgets"]))
    out.print(_stages(found["live"]))
    delay = found["filter_delay_ms"]
    out.print(
        f"Filter delay: score {delay['scored']:g} ms, live trace {delay['live_trace']:.0f} ms. "
        f"Display constant: {found['display_ms']}{'' if isinstance(found['display_ms'], str) else ' ms'}. "
        f"Screen: {found['live']['screen']}."
    )
    machine = found["machine"]
    out.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; took {found['took_s']:g} s"
    )
    if (peers := found.get("peers", {})).get("mne_lsl"):
        ratio = peers["ratio"]
        out.print(
            f"mne-lsl's StreamLSL takes {ratio['p50']:.3g} (p50) and {ratio['p99']:.3g} (p99) times as long "
            "as the session from a marker sample's time to where it can be read"
        )
    if "scale" in found:
        out.print(_scale(found["scale"]))
    for row in found.get("compared", ()):
        word = "WORSE" if row["regression"] else "as before" if row["factor"] > 0.8 else "better"
        out.print(
            f"{word}: {row['what']}: ratio {row['ratio_then']:.3g}, now {row['ratio_now']:.3g}"
        )
    if "no_picture" in found:
        err.print(f"No picture: {found['no_picture']}")


def _budgets(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Budgets", title_justify="left", box=None, pad_edge=False)
    for name in ("", "what", "figure", "bar", "yardstick", "ratio"):
        table.add_column(name, justify="left" if name in ("", "what") else "right")
    for row in rows:
        table.add_row(
            _VERDICT[row["met"]], row["what"], _number(row["figure"]),
            f"{row['direction']} {_number(row['bar'])} {row['unit']}", _number(row["yardstick"]),
            _number(row["ratio"]),
        )  # fmt: skip
        if row["met"] is None:
            table.add_row("", f"  {row['why']}")
    return table


def _stages(live: Mapping[str, Any]) -> Table:
    table = Table(
        title=f"Live session, {live['seconds']:g} s, ms",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for name in ("", "n", "p50", "p95", "p99", "max"):
        table.add_column(name, justify="left" if name == "" else "right")
    groups = [(role, "", found) for role, found in live["samples_ms"].items()]
    groups += [
        (f"picture {name}", "", {"asked to pixels flushed": took})
        for name, took in live["pictures_ms"].items()
    ]
    groups += [
        (f"{phase} value", f"{found['values']}", found)
        for phase, found in live["values_ms"].items()
    ]
    for title, n, found in groups:
        for stage, figures in found.items():
            if isinstance(figures, Mapping):
                table.add_row(
                    f"{title}: {stage.replace('_', ' ')}", n,
                    *(_number(figures.get(key)) for key in ("p50", "p95", "p99", "max")),
                )  # fmt: skip
    return table


def _scale(found: Mapping[str, Any]) -> Table:
    columns = (
        "processor",
        "push_p50_ms",
        "push_p99_ms",
        "scored_p99_ms",
        "flushed_p99_ms",
        "never_came",
    )
    table = Table(title="Growth", title_justify="left", box=None, pad_edge=False)
    for name in ("axis", "value", *(column.replace("_", " ") for column in columns), "valid"):
        table.add_column(name, justify="left" if name == "axis" else "right")
    for row in found["rows"]:
        table.add_row(
            row["axis"], f"{row['value']:g}", *(_number(row[column]) for column in columns),
            f"{row['valid']} of {row['stances']}",
        )  # fmt: skip
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
