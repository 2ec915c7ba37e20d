"""What commands print: results on standard output, progress and notes on standard error."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from compute import Side, Stance

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


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


def summary_table(stances: Sequence[Stance]) -> Table:
    """One row a leg: how many, and mean ± SD of the valid ones."""
    table = Table(title="Summary", title_justify="left", box=None, pad_edge=False)
    for name in ("side", "valid", "rejected", "EKAM peak 1", "EKAM peak 2", "stance s"):
        table.add_column(name, justify="left" if name == "side" else "right")
    for side in Side:
        of_leg = [stance for stance in stances if stance.side is side]
        valid = [stance for stance in of_leg if stance.valid]
        table.add_row(
            side.word,
            str(len(valid)),
            str(len(of_leg) - len(valid)),
            _mean_sd([stance.ekam_peak1_nm_per_kg for stance in valid]),
            _mean_sd([stance.ekam_peak2_nm_per_kg for stance in valid]),
            _mean_sd([stance.stance_s for stance in valid]),
        )
    return table


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _mean_sd(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) if len(values) > 1 else 0.0:.3f}"
