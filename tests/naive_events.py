"""Slow, obvious twins of the event kernels, over a whole record at once."""

import numpy as np
from scipy import signal


def offsets(time_s, wrench, rules):
    """Unloaded offset of one plate before each sample; `wrench` (n, 2, 6) has the own plate first.

    A stretch is a list of rows. What touches the plate ends it; a quiet one counts once the guard
    after it has passed without a touch.
    """
    fz, other = wrench[:, 0, 1], wrench[:, 1, 1]
    offset = np.full(6, np.nan)
    out = np.empty((len(time_s), 6))
    block, lead, free_after, waiting, high, last = [], None, -np.inf, None, None, -np.inf
    for i, t in enumerate(time_s):
        out[i] = offset
        if np.isnan(wrench[i, 0]).any():
            continue
        if t - last > rules.guard_s:
            block, lead, waiting = [], None, None
        last = t
        if waiting is not None:
            mean, stands, end = waiting
            if abs(fz[i] - mean[1]) > rules.loud_n:
                waiting = None
            elif t - end >= rules.guard_s:
                offset, high = moved(t, offset, mean, stands, high, rules)
                waiting = None
        if t < free_after:
            continue
        if lead is None:
            lead = i
        if abs(fz[i] - (np.mean(fz[block]) if block else fz[lead])) > rules.loud_n:
            block, lead, free_after = [], None, t + rules.guard_s
            continue
        if t - time_s[lead] < rules.guard_s:
            continue
        block = [*block, i]
        if t - time_s[block[0]] >= rules.block_s:
            first = [k for k in block if time_s[k] - time_s[block[0]] < 0.5 * rules.block_s]
            second = [k for k in block if k not in first]
            quiet = np.std(fz[block]) < rules.quiet_n and (
                abs(np.mean(fz[second]) - np.mean(fz[first])) < rules.trend_n
            )
            if quiet and abs(np.mean(fz[block])) < rules.max_n:
                stands = np.mean(other[block]) > rules.standing_n and np.std(other[block]) < 7.0
                waiting = wrench[block, 0].mean(axis=0), stands, t
            block = []
    return out


def moved(t, offset, mean, stands, high, rules):
    """Offset after a quiet stretch, and the run of stretches well above it: (since, count, load)."""
    above = mean[1] - offset[1]
    if np.isnan(above):
        return (offset if stands else mean), None
    if above < -rules.jump_n:
        return mean, None
    if above > rules.jump_n:
        if stands:
            return offset, high
        if high is None or abs(mean[1] - high[2]) > 5.0:
            high = (t, 0, mean[1])
        high = (high[0], high[1] + 1, high[2])
        if t - high[0] >= rules.jump_s and high[1] >= 5:
            return mean, None
        return offset, high
    if stands and above >= 0.0:
        return offset, None
    share = min(rules.gain, rules.slew_n / max(abs(mean[1] - offset[1]), 1e-12))
    return offset + share * (mean - offset), None


def event_times(time_s, foot, pelvis, section, prominence):
    """Maxima of foot minus pelvis that stand out of the lowest points on both sides up to a higher one."""
    d = signal.filtfilt(
        section.b, section.a, foot - pelvis, padtype="odd", padlen=min(section.pad, len(foot) - 1)
    )
    found = []
    for i in range(1, len(d) - 1):
        if not (d[i] > d[i - 1] and d[i] > d[i + 1]):
            continue
        left = next((k for k in range(i, -1, -1) if d[k] > d[i]), -1)
        right = next((k for k in range(i, len(d)) if d[k] > d[i]), len(d))
        if d[i] - max(d[left + 1 : i + 1].min(), d[i:right].min()) >= prominence:
            vertex = np.polynomial.Polynomial.fit(time_s[i - 1 : i + 2], d[i - 1 : i + 2], 2)
            found.append(float(vertex.deriv().roots()[0]))
    return found
