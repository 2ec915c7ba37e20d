"""Rates, gaps, delays and clocks of one received stream: `SeenStream` -> findings."""

import numpy as np

from stream.align import JUMP_S
from stream.check_seen import Finding, SeenStream, failed, not_checked, ok, warning
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import RATE_TOLERANCE, rate_hz
from stream.source import Role

CLOSE_RATE = 0.02
JITTER_S = 0.002
"""Marker and force times may differ by 2 ms; stamps that wander by more must be evened."""
LATE_S, TOO_LATE_S = 0.1, 0.5
"""A stance is decided 100 ms after toe-off; what comes later makes the walker wait for it."""
FUTURE_S = 0.001
SETTLE_S = 0.3
LOST_SHARE = 0.01
_COMMON_HZ = (50, 60, 100, 120, 128, 150, 200, 240, 250, 256, 300, 400, 500, 1000, 1200, 1500,
              2000, 2400, 3000, 5000, 10000)  # fmt: skip
_MIN_SAMPLES = 20


def judge_timing(seen: SeenStream, lab: Lab) -> list[Finding]:
    """Rate, missing samples, stamps, arrival and clock of one stream."""
    role = seen.info.role
    if len(seen.stamps_s) < _MIN_SAMPLES:
        return [
            failed(
                f"{role.value} rate",
                f"{len(seen.stamps_s)} samples came",
                "start the capture; if it runs, let TCP ports 16572 to 16604 through the firewalls",
            )
        ]
    findings = [_rate(seen, lab), *_restarts(seen)]
    rising = _rising(seen)
    if rising is not None:
        findings.append(rising)
    findings += [_missing(seen, lab), _jitter(seen, lab), _lag(seen), _clock(seen)]
    return findings


def _mean_hz(seen: SeenStream) -> float:
    return (len(seen.stamps_s) - 1) / seen.span_s if seen.span_s > 0.0 else float("inf")


def _even_hz(seen: SeenStream) -> float:
    """Rate by the median interval; not finite where samples come in blocks of equal stamps."""
    median_s = float(np.median(np.diff(seen.stamps_s)))
    return 1.0 / median_s if median_s > 0.0 else float("inf")


def _expected_hz(seen: SeenStream, lab: Lab) -> float:
    try:
        return rate_hz(seen.info, lab)
    except EkamError:
        return likely_rate_hz(_mean_hz(seen))


def likely_rate_hz(measured_hz: float) -> float:
    """The round rate that a measured one stands for: a common one within 2 %, else the nearest whole one."""
    near = min(_COMMON_HZ, key=lambda common: abs(common / measured_hz - 1.0))
    return float(near if abs(near / measured_hz - 1.0) < CLOSE_RATE else round(measured_hz))


def _rate(seen: SeenStream, lab: Lab) -> Finding:
    info, name = seen.info, f"{seen.info.role.value} rate"
    mean_hz, even_hz = _mean_hz(seen), _even_hz(seen)
    table = lab.markers if info.role is Role.MARKERS else lab.forces
    said = f"{info.nominal_rate_hz:g} Hz declared" if info.nominal_rate_hz else "none declared"
    if table.rate_hz:
        said += f", {table.rate_hz:g} Hz in the lab file"
    found = f"{mean_hz:.2f} Hz measured over {seen.span_s:.1f} s ({said})"
    write = f"write rate_hz = {likely_rate_hz(mean_hz):g} under [{info.role.value}] in the lab file"
    try:
        used_hz = rate_hz(info, lab)
    except EkamError as error:
        cure = write if not info.nominal_rate_hz and not table.rate_hz else str(error)
        return failed(name, found, cure)
    off = min(abs(mean_hz / used_hz - 1.0), abs(even_hz / used_hz - 1.0))
    if off > RATE_TOLERANCE:
        return failed(name, found, f"{write}, or set the device to {used_hz:g} Hz")
    if abs(mean_hz / used_hz - 1.0) > CLOSE_RATE:
        return warning(
            name, found, f"samples are lost or the device does not run at {used_hz:g} Hz"
        )
    return ok(name, found)


def _restarts(seen: SeenStream) -> list[Finding]:
    if not seen.restarts:
        return []
    return [
        warning(
            f"{seen.info.role.value} publisher",
            f"restarted {seen.restarts} times during the check; what came after was not judged",
            "wait until the capture runs steadily and check again",
        )
    ]


def _rising(seen: SeenStream) -> Finding | None:
    steps = np.diff(seen.local_s)
    back = int(np.sum(steps <= 0.0))
    if not back:
        return None
    name = f"{seen.info.role.value} stamps"
    found = f"{back} of {len(steps)} samples are not later than the one before"
    if float(steps.min()) < -JUMP_S:
        return failed(
            name,
            f"{found}, by up to {-1e3 * steps.min():.1f} ms",
            "the publisher's clock steps back: restart it, and stop time synchronisation programs that "
            "set its clock",
        )
    return warning(
        name, found, "the publisher stamps whole blocks: let it stamp each sample on its own"
    )


def _missing(seen: SeenStream, lab: Lab) -> Finding:
    """Samples missing between others, by intervals and by count, the smaller of both.

    Stamps that wander make long intervals without a loss, a rate that is a little off makes the count
    wrong; a lost sample shows in both.
    """
    name = f"{seen.info.role.value} lost samples"
    expected_hz = _expected_hz(seen, lab)
    intervals = np.diff(seen.stamps_s)
    periods = intervals * expected_hz
    long = periods > 1.5
    by_interval = int(np.rint(periods[long]).sum()) - int(long.sum())
    by_count = round(seen.span_s * expected_hz) + 1 - len(seen.stamps_s)
    lost = max(0, min(by_interval, by_count))
    found = (
        f"{lost} of {len(seen.stamps_s) + lost}; longest interval {1e3 * intervals.max():.1f} ms "
        f"(one period is {1e3 / expected_hz:.1f} ms)"
    )
    if not lost:
        return ok(name, found)
    cure = "use a cable instead of wireless, and relieve the capture computer"
    return (failed if lost > LOST_SHARE * len(seen.stamps_s) else warning)(name, found, cure)


def _jitter(seen: SeenStream, lab: Lab) -> Finding:
    """How far intervals are from whole periods (RMS over the square root of two: of single stamps)."""
    name = f"{seen.info.role.value} jitter"
    intervals = np.diff(seen.stamps_s)
    period_s = 1.0 / _expected_hz(seen, lab)
    rest = intervals - np.rint(intervals / period_s) * period_s
    # An interval near zero is a late stamp before an early one, not a period that is missing.
    rest = np.where(intervals < 0.5 * period_s, intervals - period_s, rest)
    jitter_s = float(np.sqrt(np.mean(rest**2) / 2.0))
    found = f"stamps wander by {1e3 * jitter_s:.2f} ms (SD)"
    if jitter_s <= JITTER_S:
        return ok(name, found)
    return warning(
        name,
        found,
        "the publisher stamps on arrival: have it stamp with the time of capture if it can; ekam evens "
        "the stamps as well as it can",
    )


def _lag(seen: SeenStream) -> Finding:
    name = f"{seen.info.role.value} arrival"
    if seen.info.replay_speed != 1.0:
        return not_checked(
            name, f"a replay at {seen.info.replay_speed:g} times speed", "replay with --speed 1"
        )
    newest = np.flatnonzero(np.diff(seen.arrivals_s, append=np.inf) != 0.0)
    # What was under way while the inlet connected arrives in one burst.
    settled = seen.arrivals_s[newest] >= seen.arrivals_s[0] + SETTLE_S
    newest = newest[settled] if settled.any() else newest
    lag_s = seen.arrivals_s[newest] - seen.local_s[newest]
    if not np.isfinite(lag_s).any():
        return not_checked(name, "arrival times are not known", "check on the live streams")
    median_s, worst_s = float(np.nanmedian(lag_s)), float(np.nanmax(lag_s))
    found = f"{1e3 * median_s:.1f} ms after the stamp (median), {1e3 * worst_s:.1f} ms at most"
    if median_s < -FUTURE_S:
        return failed(
            name,
            found,
            "the stamps lie in the future: the publisher stamps with a clock that is not LSL's",
        )
    if median_s > TOO_LATE_S:
        return failed(
            name,
            found,
            "the publisher holds data back, or stamps with a clock that is not LSL's; stances will be "
            "rejected as late",
        )
    if worst_s > LATE_S:
        return warning(
            name, found, "use a cable, shorten the publisher's blocks, close other programs"
        )
    return ok(name, found)


def _clock(seen: SeenStream) -> Finding:
    name = f"{seen.info.role.value} clock"
    low_s, high_s = float(seen.offsets_s.min()), float(seen.offsets_s.max())
    trip = "" if np.isnan(seen.rtt_s) else f", round trip {1e3 * seen.rtt_s:.2f} ms"
    host = seen.info.hostname or "the publisher"
    found = f"{1e3 * float(np.median(seen.offsets_s)):+.2f} ms from {host} to here{trip}"
    if high_s - low_s > JUMP_S:
        return failed(
            name,
            f"{found}; it changed by {1e3 * (high_s - low_s):.1f} ms",
            "a clock was set: stop time synchronisation programs for the session, then restart the publisher",
        )
    if seen.rtt_s > 2.0 * JUMP_S:
        return warning(
            name, found, "the clocks cannot be compared well over this network: use a cable"
        )
    return ok(name, found)
