"""What commands print: results on standard output, progress and notes on standard error."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.table import Table

from compute import Side, Stance
from stream.sinks import Tally

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def stage(words: str) -> Iterator[None]:
    """Say what takes its time meanwhile: it moves on a terminal and is a plain line anywhere else."""
    if err.is_terminal:
        with err.status(words):
            yield
    else:
        err.print(words)
        yield


def stance_table(stances: Sequence[Stance]) -> Table:
    """One row a stance."""
    table = Table(title="Stances", title_justify="left", box=None, pad_edge=False)
    for name in ("no", "side", "at s", "peak 1", "peak 2", "KFM", "verdict"):
        table.add_column(name, justify="left" if name in ("side", "verdict") else "right")
    for stance in stances:
        table.add_row(
            str(stance.number),
            stance.side.word,
            f"{stance.t_on_s:.2f}",
            _number(stance.ekam_peak1_nm_per_kg),
            _number(stance.ekam_peak2_nm_per_kg),
            _number(stance.kfm_peak_nm / stance.body_mass_kg),
            "valid" if stance.valid else "rejected: " + ", ".join(stance.reasons),
        )
    table.caption = "EKAM peaks and KFM in N·m/kg, external, tibia frame"
    table.caption_justify = "left"
    return table


SUMMARISED = ("ekam_peak1_nm_per_kg", "ekam_peak2_nm_per_kg", "stance_s")
"""What `Tally.valid` holds, by the names of ``stances.csv``."""


def summary_json(tally: Tally) -> dict[str, dict[str, object]]:
    """`summary_table` for programs; null where there is nothing."""
    found: dict[str, dict[str, object]] = {}
    for side in Side:
        valid = tally.valid(side)
        found[side.word] = {"valid": len(valid), "rejected": tally.rejected(side)}
        for name, values in zip(SUMMARISED, valid.T, strict=True):
            known = values[np.isfinite(values)]
            found[side.word][name] = {
                "mean": float(np.mean(known)) if len(known) else None,
                "sd": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            }
    return found


def summary_table(tally: Tally) -> Table:
    """One row a leg: how many, and mean ± SD of the valid ones."""
    table = Table(title="Summary", title_justify="left", box=None, pad_edge=False)
    for name in ("side", "valid", "rejected", "EKAM peak 1", "EKAM peak 2", "stance s"):
        table.add_column(name, justify="left" if name == "side" else "right")
    for side in Side:
        valid = tally.valid(side)
        table.add_row(
            side.word,
            str(len(valid)),
            str(tally.rejected(side)),
            *(_mean_sd(values) for values in valid.T),
        )
    return table


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _mean_sd(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) if len(values) > 1 else 0.0:.3f}"
