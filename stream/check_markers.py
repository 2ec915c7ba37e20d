"""The marker stream: which markers there are, how well they are seen, and in which unit."""

import difflib
from collections.abc import Sequence

import numpy as np

from compute import PURPOSE, Subject
from stream.body_checks import BODY_SPAN_M
from stream.channel_names import find_markers, marker_channels
from stream.check_seen import Finding, SeenStream, failed, longest_run, not_checked, ok, warning
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import MarkerMap, present_markers
from stream.marker_sets import PRESETS
from stream.source import StreamInfo
from stream.units import LENGTH, factor

SEEN_WELL = 0.95
"""Share of frames in which a static trial needs a marker."""
SEEN_POORLY = 0.5
HELD_S = 0.1
HELD_SHARE = 0.02
STATIC_ONLY = ("KNM", "MED", "GTR")
_LISTED = 8

_LEG: tuple[tuple[tuple[str, ...], str], ...] = (
    (("KNE", "KJC"), "the knee joint centre"),
    (("ANK", "AJC"), "the ankle joint centre"),
    (("HEE",), "the foot"),
    (("TOE", "MT1", "MT5"), "the foot"),
)
_PELVIS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("RASI",), "the pelvis"),
    (("LASI",), "the pelvis"),
    (("SACR", "RPSI"), "the pelvis"),
)


def judge_layout(seen: SeenStream, lab: Lab, subject: Subject | None) -> list[Finding]:
    """Which markers of the lab file the stream carries, by its header alone."""
    info = seen.info
    labels = lab.markers.labels()
    by_name, unclear = find_markers(info.channels, labels)
    there = list(by_name)
    absent = [name for name in lab.markers.names if name not in there]
    needed = [n for n in (subject.needed() if subject is not None else ()) if n not in there]
    absent += [name for name in needed if name not in absent]
    lacking = lacking_parts(there)
    used = {group.columns for group in by_name.values()}
    groups = marker_channels(info.channels)
    carried = [group.name for group in groups]
    unknown = [group.name for group in groups if group.columns not in used]
    found = f"{len(there)} known of {len(carried)} in the stream: {_listed(there)}"
    if unknown:
        found += f"; not in the lab file: {_listed(unknown)}"
    if not carried:
        return [
            failed(
                "marker names",
                f"no channel of {info.name!r} is labelled as a marker ({_listed(info.labels)})",
                "let the publisher label its channels NAME_X, NAME_Y, NAME_Z, or write them into its header",
            )
        ]
    if unclear:
        said = "; ".join(f"{n}: {both.first!r} and {both.second!r}" for n, both in unclear.items())
        return [
            failed(
                "marker names",
                f"two channels fit one marker: {said}",
                "give each marker a label of its own in the capture software",
            )
        ]
    if absent:
        said = "; ".join(
            f"{n} ({PURPOSE.get(n, 'marker')}), label {labels.get(n, n)!r}{_near(labels.get(n, n), unknown)}"
            for n in absent
        )
        return [
            (failed if needed else warning)(
                "marker names",
                "; ".join([f"{found}; missing: {said}", *lacking]),
                "label them in the capture software or correct [markers.names] in the lab file",
            )
        ]
    better = _better_preset(info, len(there), lab)
    if better:
        return [failed("marker names", found, f'set preset = "{better}" under [markers]')]
    if lacking:
        return [
            warning(
                "marker names",
                f"{found}; missing: {'; '.join(lacking)}",
                "place and label them, or name them under [markers.names]; what they are for stays empty",
            )
        ]
    return [ok("marker names", found)]


def judge_seen(seen: SeenStream, lab: Lab) -> list[Finding]:
    """How often each marker is seen, and how a missing one is coded."""
    names = present_markers(seen.info, lab)
    if not names or len(seen.values) < 3:
        return []  # that nearly nothing came is said with the rate
    try:
        at_m = MarkerMap(seen.info, lab, names).apply(seen.values)
    except EkamError as error:
        return [failed("marker unit", str(error), "say the unit under [markers] in the lab file")]
    raw = raw_positions(seen, names, lab)
    share = np.mean(~np.isnan(at_m[:, :, 0]), axis=0)
    zeros = np.mean((raw == 0.0).all(axis=2), axis=0)
    held = held_share(at_m, (len(seen.stamps_s) - 1) / max(seen.span_s, 1e-9))
    if share.max() < SEEN_POORLY:
        return [
            not_checked(
                "markers seen",
                f"nobody: every marker is missing in most frames (best {share.max():.0%})",
                "let the walker stand in the middle of the treadmill",
            )
        ]
    poor = {n: s for n, s in zip(names, share, strict=True) if s < SEEN_WELL}
    static = [n for n in poor if n[1:] in STATIC_ONLY and poor[n] == 0.0]
    poor = {n: s for n, s in poor.items() if n not in static}
    coded = "NaN" if zeros.max() == 0.0 else f"zeros ({zeros.max():.0%} at most)"
    found = (
        f"{int(np.sum(share >= SEEN_WELL))} of {len(names)} in 95 % of {len(at_m)} frames or more"
    )
    if share.min() < 1.0:
        found += f"; missing ones come as {coded}"
    if static:
        found += f"; only for calibration: {', '.join(static)} never"
    findings = []
    if poor:
        said = ", ".join(f"{n} {s:.0%}" for n, s in sorted(poor.items(), key=lambda item: item[1]))
        verdict = failed if min(poor.values()) < SEEN_POORLY else warning
        findings.append(
            verdict(
                "markers seen",
                f"{found}; {said}",
                "look for fallen, covered or unlabelled markers; aim or add a camera",
            )
        )
    else:
        findings.append(ok("markers seen", found))
    stuck = {n: s for n, s in zip(names, held, strict=True) if s > HELD_SHARE}
    if stuck:
        said = ", ".join(f"{n} {s:.0%}" for n, s in stuck.items())
        findings.append(
            warning(
                "markers held",
                f"stand still while others move: {said}",
                "let the capture software send missing markers as NaN or 0 instead of their last place",
            )
        )
    else:
        findings.append(ok("markers held", "none stands still while others move"))
    still = np.diff(np.nan_to_num(at_m.reshape(len(at_m), -1)), axis=0)
    same = (still == 0.0).all(axis=1)
    if same.mean() > 0.9:
        findings.append(
            warning(
                "markers move",
                f"{same.mean():.0%} of the frames repeat the one before",
                "a standing person sways: is the capture paused?",
            )
        )
    elif same.mean() > HELD_SHARE:
        findings.append(
            failed(
                "markers move",
                f"{same.mean():.0%} of the frames repeat the one before",
                "the publisher sends frames twice: let it send each frame once",
            )
        )
    return findings


def judge_unit(seen: SeenStream, lab: Lab) -> list[Finding]:
    """Whether the markers span a body in the declared unit."""
    names = present_markers(seen.info, lab)
    at_m = seen_m(seen, lab)
    if at_m is None:
        return []
    enough = np.mean(~np.isnan(at_m[:, :, 0]), axis=1) >= 0.75
    if len(names) < 2 or not enough.any():
        return [
            not_checked(
                "marker unit",
                "no frame shows three quarters of the markers",
                "let the walker stand in the middle of the treadmill",
            )
        ]
    at_m = at_m[enough]
    span_m = float(np.median((np.nanmax(at_m, axis=1) - np.nanmin(at_m, axis=1)).max(axis=1)))
    auto = lab.markers.unit == "auto"
    unit = seen.info.channels[0].unit if auto else lab.markers.unit
    low_m, high_m = BODY_SPAN_M
    found = f"{unit} ({'declared by the stream' if auto else 'lab file'}): the markers span {span_m:.3g} m"
    if low_m <= span_m <= high_m:
        return [ok("marker unit", found)]
    declared = factor(unit, LENGTH) or 1.0
    fitting = [
        u for u in ("m", "cm", "mm") if low_m <= span_m / declared * LENGTH[u] <= high_m
    ]  # at most two fit; metres and millimetres never both
    cure = (
        f'the numbers look like {fitting[-1]}: set unit = "{fitting[-1]}" under [markers]'
        if fitting
        else "correct the unit in the publisher or under [markers]"
    )
    return [failed("marker unit", f"{found}, which no body does", cure)]


def seen_m(seen: SeenStream, lab: Lab) -> np.ndarray | None:
    """All known markers, shape (n, len(present_markers), 3), lab, m; None where their unit is unknown."""
    names = present_markers(seen.info, lab)
    if not names or not len(seen.values):
        return None
    try:
        return MarkerMap(seen.info, lab, names).apply(seen.values)
    except EkamError:
        return None


def raw_positions(seen: SeenStream, names: Sequence[str], lab: Lab) -> np.ndarray:
    """Positions as sent, capture axes and the stream's unit, shape (n, len(names), 3)."""
    found, _ = find_markers(seen.info.channels, lab.markers.labels())
    columns = np.array(
        [found[name].columns for name in names if name in found], dtype=np.intp
    ).reshape(-1, 3)
    return seen.values[:, columns]


def held_share(at_m: np.ndarray, rate_hz: float) -> np.ndarray:
    """Share of the frames in which a marker stands still while others move, shape (markers,).

    A marker that repeats its place exactly for 0.1 s, while most of the others do not, is one that the
    capture software lost and holds.
    """
    if len(at_m) < 3:
        return np.zeros(at_m.shape[1])
    same = (np.diff(at_m, axis=0) == 0.0).all(axis=2)
    visible = ~np.isnan(at_m[1:, :, 0])
    others = np.sum(visible & ~same, axis=1) > 0.5 * visible.sum(axis=1)
    shortest = max(3, round(HELD_S * rate_hz))
    share = np.zeros(at_m.shape[1])
    for marker in range(at_m.shape[1]):
        flags = same[:, marker] & others
        if longest_run(flags) >= shortest:
            share[marker] = flags.mean()
    return share


def lacking_parts(there: Sequence[str]) -> list[str]:
    """What a gait model misses, by body part: one sentence for each."""
    said = []
    for options, purpose in _PELVIS:
        if not set(options) & set(there):
            said.append(f"{' or '.join(options)} ({purpose})")
    for side in "LR":
        for options, purpose in _LEG:
            names = [side + option for option in options]
            if not set(names) & set(there):
                said.append(f"{' or '.join(names)} ({purpose})")
    return said


def _better_preset(info: StreamInfo, known: int, lab: Lab) -> str:
    """A preset that knows more than twice as many of the markers; empty if there is none."""
    counts = {name: len(find_markers(info.channels, table)[0]) for name, table in PRESETS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if best != lab.markers.preset and counts[best] > 2 * max(known, 2) else ""


def _near(label: str, unknown: Sequence[str]) -> str:
    near = difflib.get_close_matches(label, unknown, n=1)
    return f" (the stream has {near[0]!r})" if near else ""


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _LISTED:
        return ", ".join(names) or "none"
    return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"
