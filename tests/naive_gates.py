"""Slow, obvious NumPy twins of the kernels of gates, repair and uncertainty."""

from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks


def longest_run(flags):
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def longest_at_extreme(load, least_n):
    return max(
        (
            longest_run(np.abs(column - extreme) <= 1e-6 * abs(extreme))
            for column in load.T
            for extreme in (column.max(), column.min())
            if abs(extreme) > least_n
        ),
        default=0,
    )


def longest_repeat(load, least_n):
    same = (np.diff(load, axis=0) == 0.0).all(axis=1) & (np.abs(load[1:, 1]) > least_n)
    return longest_run(same)


def sharpest_bend_m(markers, rows):
    at = markers[:, rows]
    return np.linalg.norm(at[2:] - 2.0 * at[1:-1] + at[:-2], axis=2).max()


def trade_places(markers, rows, least_m):
    steps = np.linalg.norm(np.diff(markers, axis=0), axis=2)
    for a in rows:
        for k in np.flatnonzero(steps[:, a] > least_m):
            crossed = np.linalg.norm(markers[k + 1, a] - markers[k], axis=1)
            crossed += np.linalg.norm(markers[k + 1] - markers[k, a], axis=1)
            traded = (steps[k] > least_m) & (crossed < 0.5 * (steps[k] + steps[k, a]))
            if np.delete(traded, a).any():
                return True
    return False


def most_stretched_m(markers, knee, ankle, axis, length_m):
    kjc, ajc = markers[:, knee].mean(axis=1), markers[:, ankle].mean(axis=1)
    most = np.abs(np.linalg.norm(kjc - ajc, axis=1) - length_m).max()
    for a, b in (knee, ankle, axis):
        if a != b:
            width = np.linalg.norm(markers[:, a] - markers[:, b], axis=1)
            most = max(most, np.abs(width - np.median(width)).max())
    return most


def is_rigid(residual, mean_m, most_m, step_m):
    return (
        residual.mean() < mean_m
        and residual.max() < most_m
        and np.abs(np.diff(residual)).max(initial=0.0) < step_m
    )


def outline_of_foot(outline, r, sigma):
    """Heel, first, second, fifth head, and forward."""
    heel, mt1, mt2, mt5 = outline.transpose(1, 0, 2)
    forward = r[:, [0, 2], 0] / np.linalg.norm(r[:, [0, 2], 0], axis=1, keepdims=True)
    lateral = sigma * np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    if np.isnan(mt2).any():
        mt2 = 0.5 * (mt1 + mt5)
    if np.isnan(mt5).any():
        mt5 = 2.0 * mt2 - mt1 if np.isfinite(mt1).all() else mt2 + 0.045 * lateral
    if np.isnan(mt1).any():
        mt1 = 2.0 * mt2 - mt5
    return np.stack([heel, mt1, mt2, mt5], axis=1), forward


def longest_loaded(time_s, fz, marker_time_s, swing, first_s, last_s, limit_n):
    at = np.clip(np.searchsorted(marker_time_s, time_s), 0, len(swing) - 1)
    return longest_run((fz > limit_n) & swing[at] & (time_s >= first_s) & (time_s <= last_s))


def against_belt(speed, side):
    return np.minimum(speed[:, side], speed[:, 2 + side]) - speed.min(axis=1)


def swinging(speed, side, before, after, limit):
    swing = against_belt(speed, side) > limit
    edges = np.flatnonzero(np.diff(np.concatenate([[False], swing, [False]]).astype(np.int8)))
    out = np.zeros(len(speed), dtype=bool)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        out[first + before : max(last - after, 0)] = True
    return out


def maxima(time_s, x, prominence):
    times = []
    for i in find_peaks(x, prominence=prominence)[0]:
        before, at, after = x[i - 1 : i + 2]
        bend = before - 2.0 * at + after
        shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
        step = time_s[i] - time_s[i - 1] if shift < 0.0 else time_s[i + 1] - time_s[i]
        times.append(time_s[i] + shift * step)
    return np.array(times)


def seen_mean(markers, groups):
    x = markers[:, :, 0]
    for group in groups:
        rows = [row for row in group if row >= 0]
        if not np.isnan(x[:, rows]).any():
            return x[:, rows].mean(axis=1)
    return None


def unbroken(time_s, rate_hz, start_s, until_s):
    core = time_s[max(int(np.searchsorted(time_s, start_s, side="right")) - 1, 0) :]
    return (
        len(core) >= 8
        and core[0] <= start_s
        and core[-1] >= until_s
        and all(b - a <= max(1.5 / rate_hz, 0.0035) for a, b in pairwise(core))
    )


def unbroken_from(time_s, rate_hz, core_s):
    n = np.searchsorted(time_s, core_s, side="right")
    broken = np.flatnonzero(np.diff(time_s[:n]) > max(1.5 / rate_hz, 0.0035))
    return broken[-1] + 1 if len(broken) else 0


def last_missing(rows, time_s, core_s):
    """`rows` (n, ...): last one with a NaN before the one at or before `core_s`."""
    n = max(int(np.searchsorted(time_s, core_s, side="right")) - 1, 0)
    gone = [i for i in range(n) if np.isnan(rows[i]).any()]
    return gone[-1] if len(gone) else -1


def third_differences(x):
    d = np.diff(x, 3, axis=0)
    return d.T @ d / (20.0 * len(d))


def spread_nm2(by_marker, of_shank, shank_m2, foot_m2, gains, by_wrench, covariance, force_gain):
    per_coordinate = np.einsum("auj,ab,buj->u", by_marker, gains, by_marker)
    variances = np.repeat([shank_m2, foot_m2], [of_shank, by_marker.shape[1] - of_shank])
    return variances @ per_coordinate + force_gain * by_wrench @ covariance @ by_wrench
