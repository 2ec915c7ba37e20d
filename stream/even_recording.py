"""A recording on even grids, as file formats without time stamps need it.

Times are those of the session, with the same corrections of jitter, clocks and delays (`stream.align`).
Values stay as recorded, unfiltered, in the capture system's axes; units become m, N and N·m.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compute.plates import plate_axes
from stream.align import Aligner
from stream.binding import Binding, ChannelMap
from stream.channel_names import find_markers, marker_channels
from stream.errors import EkamError
from stream.file_source import FileSource
from stream.lab import Lab, Plate
from stream.mapping import MarkerMap, PlateMap, plate_geometry
from stream.recording import RecordedStream, Recording
from stream.source import Channel, Chunk, PlateDescription, Role, StreamInfo

HELD_SAMPLES = 2
"""So many lost plate samples in a row are bridged by a straight line; more stay missing."""

_MARGIN_M = 0.2
_DEPTH_M = 0.02


@dataclass(frozen=True)
class PlacedRecording:
    """Samples with the session's times.

    Attributes
    ----------
    labels : of the markers, as the stream has them.
    marker_s : shape (n,), s from the first marker sample. markers_m : shape (n, markers, 3), capture axes.
    force_s : shape (m,). plates : shape (m, plates, 6), reaction on the foot about each plate's transducer,
        N and N·m, the plate's own axes, in the order of the lab file's plates.
    described : geometry of each plate. notes : sentences on what was assumed.
    rates_hz : nominal, markers and forces.
    """

    labels: tuple[str, ...]
    marker_s: np.ndarray
    markers_m: np.ndarray
    force_s: np.ndarray
    plates: np.ndarray
    described: tuple[PlateDescription, ...]
    rates_hz: tuple[float, float]
    notes: tuple[str, ...] = ()


class _EveryPlate:
    """Wrenches of all plates of a lab file about the lab origin, shape (n, 6 * plates)."""

    def __init__(self, info: StreamInfo, lab: Lab) -> None:
        self._map, self._count = PlateMap(info, lab), len(lab.plates)

    def apply(self, values: np.ndarray) -> np.ndarray:
        return np.hstack([self._map.apply_one(n, values) for n in range(1, self._count + 1)])


class _EveryMarker:
    """Positions of all markers, shape (n, 3 * markers), lab, m."""

    def __init__(self, info: StreamInfo, lab: Lab, names: tuple[str, ...]) -> None:
        self._map = MarkerMap(info, lab, names, names)

    def apply(self, values: np.ndarray) -> np.ndarray:
        out = self._map.apply(values)
        return out.reshape(len(out), out.shape[1] * 3)


def placed(recording: Recording, lab: Lab) -> PlacedRecording:
    """Give every sample of a recording its time, and bring channels into markers and plates.

    Raises
    ------
    EkamError : there are no forces, or channels do not fit the lab file.
    """
    source = FileSource(recording)
    infos = source.open()
    names, labels = _names(infos[Role.MARKERS], lab)
    bound = {
        Role.MARKERS: Binding(
            infos[Role.MARKERS], lab, lambda info: _made(_EveryMarker(info, lab, names))
        ),
        Role.FORCES: Binding(infos[Role.FORCES], lab, lambda info: _made(_EveryPlate(info, lab))),
    }
    aligner = Aligner(
        {role: each.device_delay_s for role, each in bound.items()},
        {role: each.rate_hz for role, each in bound.items()},
        infos,
    )
    times: dict[Role, list[np.ndarray]] = {role: [] for role in Role}
    rows: dict[Role, list[np.ndarray]] = {role: [] for role in Role}

    def keep(role: Role, chunk: Chunk | None) -> None:
        for each in aligner.finish(role) if chunk is None else aligner.place(chunk):
            times[role].append(each.time_s)
            rows[role].append(bound[role].apply(each.values))

    waiting: list[Chunk] = []  # forces come after the first marker sample has its time
    while not source.ended:
        for chunk in source.pull(0.0):
            if chunk.role is Role.FORCES and not np.isfinite(aligner.origin_s):
                waiting.append(chunk)
                continue
            ready = [*waiting, chunk] if np.isfinite(aligner.origin_s) else [chunk]
            if np.isfinite(aligner.origin_s):
                waiting = []
            for each in ready:
                binding = bound[each.role]
                if binding.changes(each):
                    keep(each.role, None)
                    binding.renew(each)
                    if not binding.refused:
                        aligner.rebind(each.role, binding.device_delay_s)
                if not binding.refused:
                    keep(each.role, each)
    keep(Role.MARKERS, None)
    for each in waiting:
        keep(Role.FORCES, each)
    keep(Role.FORCES, None)
    r_capture = lab.axes.r_lab_from_capture().T
    marker_s, markers = _joined(times[Role.MARKERS], rows[Role.MARKERS], 3 * len(names))
    force_s, wrench = _joined(times[Role.FORCES], rows[Role.FORCES], 6 * len(lab.plates))
    if not (len(marker_s) and len(force_s)):
        raise EkamError(
            f"{recording.path.name} holds no markers or no forces that can be placed in time"
        )
    wrench = wrench.reshape(len(wrench), len(lab.plates), 6)
    local, described, notes = [], [], []
    for number, plate in enumerate(lab.plates):
        own = wrench[:, number].reshape(-1, 2, 3) @ r_capture.T  # F and M_O, capture axes
        description, note = _described(plate, number + 1, infos[Role.FORCES], lab, own)
        local.append(_about_transducer(own, description))
        described.append(description)
        notes += [note] if note else []
    return PlacedRecording(
        labels,
        marker_s,
        markers.reshape(len(markers), len(names), 3) @ r_capture.T,
        force_s,
        np.stack(local, axis=1),
        tuple(described),
        (bound[Role.MARKERS].rate_hz, bound[Role.FORCES].rate_hz),
        tuple(notes),
    )


def even(
    given: PlacedRecording, begin_s: float, end_s: float, name: str
) -> tuple[Recording, float]:
    """A span on even grids: markers in mm, a whole number of force samples a frame.

    Returns
    -------
    The recording, and the session time of its first frame.

    Raises
    ------
    EkamError : nothing was recorded in the span.

    Notes
    -----
    The grid of the frames has the rate that the stamps tell; each frame takes the sample nearest to it, a
    place without one stays missing. Forces are read at the grid's times by straight lines between samples.
    """
    begin_s = max(begin_s, float(given.marker_s[0]), float(given.force_s[0]))
    end_s = min(end_s, float(given.marker_s[-1]), float(given.force_s[-1]))
    inside = (given.marker_s >= begin_s) & (given.marker_s <= end_s)
    if inside.sum() < 2:
        raise EkamError(f"nothing was recorded in {name}: choose another span")
    stamps_s, markers = given.marker_s[inside], given.markers_m[inside]
    nominal_hz, force_hz = given.rates_hz
    places = np.concatenate(
        [[0], np.cumsum(np.maximum(np.round(np.diff(stamps_s) * nominal_hz), 1.0))]
    )
    slope, first_s = np.polyfit(places, stamps_s, 1)
    rate_hz = 1.0 / slope
    first_s = float(first_s)
    if abs(rate_hz / nominal_hz - 1.0) < 1e-6:
        rate_hz = nominal_hz
    places = places.astype(int)
    frames = np.full((places[-1] + 1, *markers.shape[1:]), np.nan)
    frames[places] = markers
    ratio = max(round(force_hz / nominal_hz), 1)
    at_s = first_s + np.arange(len(frames) * ratio) / (rate_hz * ratio)
    columns = given.plates.reshape(len(given.plates), -1)
    forces = np.column_stack([np.interp(at_s, given.force_s, column) for column in columns.T])
    after = np.searchsorted(given.force_s, at_s).clip(1, len(given.force_s) - 1)
    gap_s = given.force_s[after] - given.force_s[after - 1]
    forces[gap_s > (HELD_SAMPLES + 1.5) / force_hz] = np.nan
    marker_info = StreamInfo(
        Role.MARKERS,
        name,
        "Mocap",
        tuple(
            Channel(f"{label}_{axis}", "m", f"Position{axis}", label)
            for label in given.labels
            for axis in "XYZ"
        ),
        rate_hz,
    )
    force_info = StreamInfo(
        Role.FORCES,
        name,
        "Force",
        tuple(
            Channel(f"{what[0]}{axis.lower()}{plate}", unit, f"{what}{axis}", str(plate))
            for plate in range(1, len(given.described) + 1)
            for what, unit in (("Force", "N"), ("Moment", "N·m"))
            for axis in "XYZ"
        ),
        rate_hz * ratio,
        plates=given.described,
    )
    return Recording(
        Path(name),
        RecordedStream(
            marker_info, np.arange(len(frames)) / rate_hz, frames.reshape(len(frames), -1)
        ),
        RecordedStream(force_info, at_s - first_s, forces),
        given.notes,
    ), first_s


def _names(info: StreamInfo, lab: Lab) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every marker once: by its canonical name where it has one, and as the stream calls it."""
    found, _ = find_markers(info.channels, lab.markers.labels())
    by_columns = {group.columns: name for name, group in reversed(found.items())}
    names, labels = [], []
    for group in marker_channels(info.channels):
        if group.doubled or group.name in labels:
            continue
        canonical = by_columns.get(group.columns)
        if canonical is None and group.name in lab.markers.labels():
            continue  # the lab file gives this name to another label
        names.append(canonical or group.name)
        labels.append(group.name)
    return tuple(names), tuple(labels)


def _described(
    plate: Plate, number: int, info: StreamInfo, lab: Lab, wrench: np.ndarray
) -> tuple[PlateDescription, str]:
    """Geometry of a plate; of one given by its centre of pressure a surface under the loaded points."""
    if not plate.force:
        corners, origin, _ = plate_geometry(plate, number, info)
        return PlateDescription(_points(corners), _point(origin)), ""
    forward, up, right = lab.axes.r_lab_from_capture()
    force, moment = wrench[:, 0], wrench[:, 1]
    loaded = force @ up > 100.0
    if not loaded.any():
        raise EkamError(f"plate {number} was never loaded: its surface cannot be told")
    # centre of pressure on the floor: M_O = P x F + T with P and T known in height and direction
    f = force[loaded] @ np.stack([forward, up, right], axis=1)
    m = moment[loaded] @ np.stack([forward, up, right], axis=1)
    x, z = m[:, 2] / f[:, 1], -m[:, 0] / f[:, 1]
    lows, highs = (np.percentile(np.column_stack([x, z]), q, axis=0) for q in (1, 99))
    (x0, z0), (x1, z1) = lows - _MARGIN_M, highs + _MARGIN_M
    # x to the walker's left, y forward, z down: the order of corners of the C3D format
    surface = [a * forward + b * right for a, b in ((x1, z0), (x1, z1), (x0, z1), (x0, z0))]
    return (
        PlateDescription(_points(np.array(surface)), (0.0, 0.0, -_DEPTH_M)),
        f"plate {number} is known by its centre of pressure only: its surface was drawn around where it was "
        "loaded",
    )


def _about_transducer(wrench: np.ndarray, description: PlateDescription) -> np.ndarray:
    """F and M_O in capture axes to force and moment about the transducer, the plate's own axes, (n, 6)."""
    r, centre_m = plate_axes(np.array(description.corners_m))
    transducer_m = centre_m - r @ np.array(description.origin_m)
    force, moment = wrench[:, 0], wrench[:, 1]
    return np.hstack([force @ r, (moment - np.cross(transducer_m, force)) @ r])


def _joined(
    times: list[np.ndarray], rows: list[np.ndarray], width: int
) -> tuple[np.ndarray, np.ndarray]:
    if not times:
        return np.empty(0), np.empty((0, width))
    return np.concatenate(times), np.concatenate(rows)


def _points(corners: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    return tuple(_point(each) for each in corners)


def _point(values: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


def _made(channel_map: ChannelMap) -> ChannelMap:
    return channel_map
