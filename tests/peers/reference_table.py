"""Every clean stance of the shared recordings against every reference: ``python tests/peers/reference_table.py``.

Per stance and reference: correlation, root mean square and first and second peak (ours / theirs), all in
N·m/kg, and the impulse of the positive part in N·m·s/kg. Beside them how far the references' own methods are apart.
"""

import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from reference import TRIALS, clean_pairs, stances_of  # noqa: E402

LEVELS = (
    ("kam_ne_6", "ekam_nm", 6.0),
    ("kfm_ne_6", "kfm_nm", 6.0),
    ("kam_lever_6", "ekam_vector_nm", 6.0),
    ("kam_osim_6", "ekam_nm", 6.0),
    ("kam_lab", "ekam_nm", 20.0),
)


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def line(trial, stance, rows, column: str, curve: str) -> str | None:
    table = trial.reference()
    if column not in table:
        return None
    curves, time_s = stance.curves, table["time_s"][rows]
    there = (time_s >= curves.time_s[0]) & (time_s <= curves.time_s[-1])
    there &= ~np.isnan(table[column][rows])
    if not there.any():
        return None
    time_s, theirs = time_s[there], table[column][rows][there] / trial.mass_kg
    ours = np.interp(time_s, curves.time_s, curves.column(curve)) / trial.mass_kg
    pct = 100.0 * (time_s - stance.t_on_s) / stance.stance_s
    early, late = (pct >= 8.0) & (pct <= 50.0), pct > 50.0
    impulse = [float(np.trapezoid(np.maximum(x, 0.0), time_s)) for x in (ours, theirs)]
    own = table["kam_ne_6"][rows][there] / trial.mass_kg
    apart = f"  to kam_ne_6 {rms(theirs - own):.3f}" if column.startswith("kam") else ""
    return (
        f"  {column:12s} r {np.corrcoef(ours, theirs)[0, 1]:7.5f}  rms {rms(ours - theirs):.5f}  "
        f"peak 1 {ours[early].max():.3f}/{theirs[early].max():.3f}  "
        f"peak 2 {ours[late].max():.3f}/{theirs[late].max():.3f}  "
        f"impulse {impulse[0]:.4f}/{impulse[1]:.4f}{apart}"
    )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    for trial in TRIALS:
        by_filter = {hz: stances_of(trial, filter_hz=hz) for hz in (6.0, 20.0)}
        for stance, rows in clean_pairs(trial, by_filter[6.0]):
            verdict = ";".join(stance.reasons) or "valid"
            say(f"{trial.folder} {stance.side.word} {stance.t_on_s:.2f} s {verdict}")
            for column, curve, hz in LEVELS:
                [same] = [s for s in by_filter[hz] if s.number == stance.number]
                text = line(trial, same, rows, column, curve)
                if text:
                    say(text)


if __name__ == "__main__":
    main()
