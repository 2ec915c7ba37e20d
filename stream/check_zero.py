"""What a plate reads while nothing stands on it: zero and noise, from received samples."""

import numpy as np

from stream.body_checks import LOADED_N
from stream.check_plates import ZERO_N, PlateSeen
from stream.check_seen import Finding, failed, not_checked, ok, warning

MOMENT_NM, MOMENT_LIMIT_NM = 3.5, 7.0
"""What an unloaded plate may read about its horizontal axes: under 700 N the centre of pressure is 5 and
10 mm off by it, the limits of science.md 3.3."""
NOISE_N = 5.0
"""SD that an unloaded plate may have (science.md 7.1)."""
QUIET_N, BUSY_N = 20.0, 50.0
QUIET_S, MARGIN_S, SMOOTH_S = 0.05, 0.025, 0.02


def unloaded(up_n: np.ndarray, rate_hz: float) -> np.ndarray:
    """Samples in which nothing stands on a plate, though its zero may be off, shape (n,).

    Those within 20 N of what the plate reads in between, for at least 50 ms, without the first and last
    25 ms of each such stretch; none where the plate always carries something. Told from the load averaged
    over 20 ms, so that a noisy plate counts as empty, too.
    """
    n = max(1, round(SMOOTH_S * rate_hz))
    if len(up_n) < 3 * n:
        return np.zeros(len(up_n), dtype=bool)
    level = np.convolve(up_n, np.full(n, 1.0 / n), mode="same")
    base = float(np.percentile(np.abs(level), 10.0))
    if not base < LOADED_N:
        return np.zeros(len(up_n), dtype=bool)
    zero = float(np.median(level[np.abs(level) < base + QUIET_N]))
    quiet = np.abs(level - zero) < QUIET_N
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    out = np.zeros(len(up_n), dtype=bool)
    margin = round(MARGIN_S * rate_hz)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= max(3, round(QUIET_S * rate_hz)):
            out[start + margin : stop - margin] = True
    return out


def loaded_share(up_n: np.ndarray, quiet: np.ndarray, rate_hz: float) -> float:
    """Share of the time in which the load, averaged over 20 ms, is 50 N or more off that of an empty plate.

    Parameters
    ----------
    quiet : samples in which it is empty (`unloaded`); where there are none, it is loaded all the time.
    """
    if not quiet.any():
        return 1.0
    n = max(1, round(SMOOTH_S * rate_hz))
    level = np.convolve(up_n, np.full(n, 1.0 / n), mode="same")
    return float(np.mean(np.abs(level - np.median(up_n[quiet])) >= BUSY_N))


def judge_zero(plate: PlateSeen, rate_hz: float, *, rezero: bool) -> Finding:
    """Mean and SD of each component while nothing stands on the plate.

    Parameters
    ----------
    rezero : as in the lab file: a session takes off what the empty plate reads, so that no moment fails.
    """
    name = f"{plate.name} zero"
    quiet = unloaded(plate.up_n, rate_hz)
    if quiet.sum() < 20:
        return not_checked(name, "something stands on it all the time", "step off the plate")
    mean, sd = unloaded_figures(plate, quiet)
    found = (
        "unloaded "
        + ", ".join(
            f"{axis} {mean[i]:+.1f} ± {sd[i]:.1f}"
            for i, axis in enumerate(("forward", "up", "right"))
        )
        + " N; moments about the plate's centre "
        + ", ".join(f"{mean[3 + i]:+.1f} ± {sd[3 + i]:.1f}" for i in range(3))
        + " N·m"
    )
    if np.abs(mean[:3]).max() > ZERO_N:
        cure = f"press zero on the amplifier with the belts running; {ZERO_N:g} N is the limit"
        return failed(name, found, cure)
    if sd[1] >= NOISE_N:
        return failed(
            name,
            found,
            "the plate is noisy: check its cable and grounding, and the belt's drive; "
            f"below {NOISE_N:g} N is needed",
        )
    moment_nm = 0.0 if plate.corners_m is None else float(np.abs(mean[[3, 5]]).max())
    if moment_nm > MOMENT_NM:
        found += f"; {moment_nm:.1f} N·m move the centre of pressure by {moment_nm / 0.7:.0f} mm under 700 N"
        if rezero:
            cure = (
                "press zero on the amplifier with the belts running; sessions take it off (rezero)"
            )
            return warning(name, found, cure)
        cure = "press zero on the amplifier with the belts running, or set rezero = true under [events]"
        return (failed if moment_nm > MOMENT_LIMIT_NM else warning)(name, found, cure)
    if np.abs(mean[:3]).max() > 0.5 * ZERO_N:
        return warning(name, found, "press zero on the amplifier with the belts running")
    return ok(name, found)


def unloaded_figures(plate: PlateSeen, quiet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD of force (N) and of the moment about the plate's centre (N·m), each shape (6,), lab."""
    rows = about_centre(plate)[quiet]
    return np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)


def about_centre(plate: PlateSeen) -> np.ndarray:
    """Wrench about the centre of the surface: M_C = M_O - C x F, shape (n, 6), lab."""
    centre = np.zeros(3) if plate.corners_m is None else plate.corners_m.mean(axis=0)
    force = plate.wrench[:, :3]
    return np.concatenate([force, plate.wrench[:, 3:] - np.cross(centre, force)], axis=1)
