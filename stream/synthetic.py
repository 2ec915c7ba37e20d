"""A treadmill walker whose external knee adduction moment is known exactly.

Motion (`stream.synthetic_motion`) and loads (`stream.synthetic_loads`) are closed-form functions of
time; this module turns them into what a laboratory would record.

Capture axes of the recordings, unlike the engine's: **z up, walking towards -y, x to the walker's
left**. In a lab file: forward = "-y", up = "+z", right = "-x". Metres, newtons, N·m.

Force plates: plate 1 lies under the left belt, plate 2 under the right. The six channels of each
are the reaction on the foot about the transducer origin, in the plate's own axes: x to the left,
y forward, z **down**. The transducer origin lies below the surface and off its centre.

A recording spans a whole number of strides: the sample after the last one would be the first one.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import cos, lcm, radians, sin
from pathlib import Path

import numpy as np

from compute.conventions import GRAVITY_M_PER_S2, Side
from stream.recording import RecordedStream, Recording
from stream.source import Channel, PlateDescription, Role, StreamInfo
from stream.synthetic_body import step_geometry_m
from stream.synthetic_jet import rotation
from stream.synthetic_loads import PEAK1_AT, PEAK2_AT, LegTruth, leg_truth, stride_peaks
from stream.synthetic_motion import (
    MIRROR,
    PELVIS_MARKERS_M,
    STATIC_ONLY,
    TRUNK_MARKERS_M,
    leg_markers,
    pelvis_pose,
    standing_leg,
    trunk_pose,
    walking_leg,
)
from stream.synthetic_parameters import WalkParameters

CAPTURE_FROM_LAB = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""Rotation from the engine's lab frame to the capture axes."""

DEMO_STRIDES = 21
"""Strides of the bundled recording: 24 s at 105 steps/min."""

_PLATE_FROM_LAB = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
_BELT_LENGTH_M, _BELT_WIDTH_M, _BELT_GAP_M = 1.700, 0.500, 0.006
_ORIGIN_M = ((0.012, -0.020, -0.040), (-0.012, -0.020, -0.040))
_STATIC_S = 3.0
_STATIC_YAW_DEG = 4.0
_STATIC_COP_M = 0.045


@dataclass(frozen=True)
class Noise:
    """White noise on the samples (standard deviations); the truth stays what it is."""

    seed: int = 0
    marker_m: float = 0.0005
    force_n: float = 2.0
    moment_nm: float = 0.5


@dataclass(frozen=True)
class TrueStance:
    """One complete stance of a synthetic recording, exactly. Peaks in N·m.

    Attributes
    ----------
    step_width_m, step_length_m : at this heel strike, between the ankle joint centres across the
        belt and between the heels along it.
    """

    side: Side
    t_on_s: float
    t_off_s: float
    ekam_peak1_nm: float
    ekam_peak2_nm: float
    step_width_m: float
    step_length_m: float

    @property
    def t_peak1_s(self) -> float:
        """When the first peak is reached, s."""
        return self.t_on_s + PEAK1_AT * (self.t_off_s - self.t_on_s)

    @property
    def t_peak2_s(self) -> float:
        """When the second peak is reached, s."""
        return self.t_on_s + PEAK2_AT * (self.t_off_s - self.t_on_s)


@dataclass(frozen=True)
class SyntheticTrial:
    """A synthetic recording and everything that is known about it."""

    parameters: WalkParameters
    strides: int
    recording: Recording
    stances: tuple[TrueStance, ...]

    @property
    def duration_s(self) -> float:
        """Length of the recording, after which it repeats, s."""
        return self.strides * self.parameters.stride_s

    def truth(self, side: Side, times_s: np.ndarray) -> LegTruth:
        """Exact loads of a leg at any times (shape (n,), s); periodic beyond the recording."""
        return leg_truth(self.parameters, self.strides, side, times_s)


def walking_markers(parameters: WalkParameters, times_s: np.ndarray) -> dict[str, np.ndarray]:
    """Markers of the walker in the engine's lab frame, metres, each of shape (n, 3)."""
    phase = (np.asarray(times_s) - parameters.contact_s(Side.RIGHT)) / parameters.stride_s
    pelvis = pelvis_pose(parameters, phase)
    trunk = trunk_pose(parameters, phase, pelvis)
    markers = {name: pelvis.point(v).at for name, v in PELVIS_MARKERS_M.items()}
    for side in (Side.RIGHT, Side.LEFT):
        cycle = (np.asarray(times_s) - parameters.contact_s(side)) / parameters.stride_s
        flip = np.eye(3) if side is Side.RIGHT else MIRROR
        for name, points in leg_markers(parameters, walking_leg(parameters, cycle)).items():
            if name not in STATIC_ONLY:
                markers[side.letter + name] = points @ flip
    return markers | {name: trunk.point(v).at for name, v in TRUNK_MARKERS_M.items()}


def synthesise(
    parameters: WalkParameters | None = None,
    duration_strides: int = DEMO_STRIDES,
    *,
    marker_rate_hz: float = 100.0,
    force_rate_hz: float = 1000.0,
    noise: Noise | None = None,
) -> SyntheticTrial:
    """Record the walker for a whole number of strides.

    Raises
    ------
    ValueError
        If the strides do not fill a whole number of samples of both streams.
    """
    parameters = parameters or WalkParameters()
    duration = duration_strides * parameters.stride_s
    marker_times = _times(duration, marker_rate_hz)
    force_times = _times(duration, force_rate_hz)
    loads = []
    for side in Side:
        truth = leg_truth(parameters, duration_strides, side, force_times)
        loads.append(_wrench(side, truth.force_n, truth.torque_nm, truth.cop_m))
    markers = walking_markers(parameters, marker_times)
    recording = _recording("synthetic_walk", markers, marker_rate_hz, loads, force_rate_hz)
    stances = []
    steps = step_geometry_m(parameters)
    for side in Side:
        for stride in range(duration_strides):
            on = parameters.contact_s(side) + stride * parameters.stride_s
            off = on + parameters.stance_s
            if off <= duration:
                peaks = stride_peaks(parameters, duration_strides, side, np.array([stride]))
                first, second = float(peaks[0][0]), float(peaks[1][0])
                stances.append(TrueStance(side, on, off, first, second, *steps))
    stances.sort(key=lambda stance: stance.t_on_s)
    trial = SyntheticTrial(parameters, duration_strides, recording, tuple(stances))
    return trial if noise is None else with_noise(trial, noise)


def whole_strides(parameters: WalkParameters, least: int, *rates_hz: float) -> int:
    """Smallest number of strides, at least `least`, that fills whole samples at these rates.

    Raises
    ------
    ValueError
        If less than an hour of them does not.
    """
    stride_s = Fraction(120) / Fraction(str(parameters.cadence_steps_per_min))
    periods = [stride_s * Fraction(str(rate_hz)) for rate_hz in rates_hz]
    unit = lcm(*(period.denominator for period in periods))
    strides = -(-least // unit) * unit
    if strides * stride_s > 3600:
        raise ValueError(
            f"at {parameters.cadence_steps_per_min:g} steps/min no number of strides fills whole samples "
            "within an hour: choose a rounder cadence"
        )
    return strides


def with_noise(trial: SyntheticTrial, noise: Noise) -> SyntheticTrial:
    """The same walk measured with white noise on the samples; the truth stays what it is."""
    return replace(trial, recording=_noisy(trial.recording, noise))


def static_trial(
    parameters: WalkParameters | None = None,
    *,
    marker_rate_hz: float = 100.0,
    force_rate_hz: float = 1000.0,
    noise: Noise | None = None,
) -> Recording:
    """Stand still for 3 s, turned a few degrees, half of the weight on each plate, all markers on."""
    parameters = parameters or WalkParameters()
    yaw = rotation(1, radians(_STATIC_YAW_DEG))
    pose, mid_asis = standing_leg(parameters)
    markers = {}
    for name, offset in (PELVIS_MARKERS_M | TRUNK_MARKERS_M).items():
        markers[name] = mid_asis + np.array(offset)
    loads = []
    heading = radians(parameters.toe_out_deg)
    cop = pose.sole_m.at + _STATIC_COP_M * np.array([cos(heading), 0.0, sin(heading)])
    half = np.array([[0.0, 0.5 * parameters.body_mass_kg * GRAVITY_M_PER_S2, 0.0]])
    for side in Side:
        flip = np.eye(3) if side is Side.RIGHT else MIRROR
        for name, points in leg_markers(parameters, pose).items():
            markers[side.letter + name] = points @ flip
        wrench = _wrench(side, half, np.zeros((1, 3)), cop @ flip @ yaw.T)
        loads.append(np.repeat(wrench, round(_STATIC_S * force_rate_hz), axis=0))
    frames = round(_STATIC_S * marker_rate_hz)
    markers = {name: np.repeat(v @ yaw.T, frames, axis=0) for name, v in markers.items()}
    recording = _recording("synthetic_static", markers, marker_rate_hz, loads, force_rate_hz)
    return recording if noise is None else _noisy(recording, noise)


def plate_description(side: Side) -> PlateDescription:
    """Force plate under a belt, in capture axes."""
    inner, outer = 0.5 * _BELT_GAP_M, 0.5 * _BELT_GAP_M + _BELT_WIDTH_M
    left, right = (inner, outer) if side is Side.RIGHT else (-outer, -inner)
    front = 0.5 * _BELT_LENGTH_M
    corners = ((front, left), (front, right), (-front, right), (-front, left))
    lab = np.array([(x, 0.0, z) for x, z in corners])
    rows = [(float(x), float(y), float(z)) for x, y, z in lab @ CAPTURE_FROM_LAB.T]
    return PlateDescription(tuple(rows), _ORIGIN_M[side])


def _times(duration_s: float, rate_hz: float) -> np.ndarray:
    count = round(duration_s * rate_hz)
    if abs(duration_s * rate_hz - count) > 1e-6:
        raise ValueError(
            f"{duration_s:.4f} s is not a whole number of samples at {rate_hz:g} Hz: "
            "choose another number of strides or cadence, or the recording cannot be looped"
        )
    return np.arange(count) / rate_hz


def _wrench(side: Side, force: np.ndarray, torque: np.ndarray, cop: np.ndarray) -> np.ndarray:
    """Six channels of a plate, shape (n, 6), from loads in the lab frame; 0 where `cop` is NaN."""
    centre = np.mean(plate_description(side).corners_m, axis=0) @ CAPTURE_FROM_LAB
    origin = centre - np.array(_ORIGIN_M[side]) @ _PLATE_FROM_LAB
    moment = np.cross(np.nan_to_num(cop) - origin, force) + torque
    return np.concatenate([force @ _PLATE_FROM_LAB.T, moment @ _PLATE_FROM_LAB.T], axis=1)


def _recording(
    name: str,
    markers: dict[str, np.ndarray],
    marker_rate_hz: float,
    loads: list[np.ndarray],
    force_rate_hz: float,
) -> Recording:
    """Put markers (lab frame) and plate wrenches into the form in which files are read."""
    points = np.stack(list(markers.values()), axis=1) @ CAPTURE_FROM_LAB.T
    points = points.reshape(len(points), -1)
    forces = np.concatenate(loads, axis=1)
    point_channels = tuple(
        Channel(f"{marker}_{axis}", "m", f"Position{axis}", marker)
        for marker in markers
        for axis in "XYZ"
    )
    force_channels = tuple(
        Channel(f"{letter}{axis.lower()}{plate}", unit, kind + axis, str(plate))
        for plate in range(1, len(loads) + 1)
        for letter, unit, kind in (("F", "N", "Force"), ("M", "N·m", "Moment"))
        for axis in "XYZ"
    )
    plates = tuple(plate_description(side) for side in Side)
    return Recording(
        Path(f"{name}.c3d"),
        _stream(Role.MARKERS, name, point_channels, marker_rate_hz, points),
        _stream(Role.FORCES, name, force_channels, force_rate_hz, forces, plates),
        ("synthetic walker: forward = -y, up = +z, right = -x",),
    )


def _noisy(recording: Recording, noise: Noise) -> Recording:
    """White noise on every marker coordinate and every plate channel."""
    rng = np.random.default_rng(noise.seed)
    markers, forces = recording.markers, recording.forces
    points = markers.values + noise.marker_m * rng.standard_normal(markers.values.shape)
    noisy = replace(recording, markers=replace(markers, values=points))
    if forces is None:
        return noisy
    spread = [noise.moment_nm if c.unit == "N·m" else noise.force_n for c in forces.info.channels]
    channels = forces.values + np.array(spread) * rng.standard_normal(forces.values.shape)
    return replace(noisy, forces=replace(forces, values=channels))


def _stream(
    role: Role,
    name: str,
    channels: tuple[Channel, ...],
    rate_hz: float,
    values: np.ndarray,
    plates: tuple[PlateDescription, ...] = (),
) -> RecordedStream:
    kind = "MoCap" if role is Role.MARKERS else "Force"
    info = StreamInfo(role, f"{name}_{role.value}", kind, channels, rate_hz, plates=plates)
    return RecordedStream(info, np.arange(len(values)) / rate_hz, np.ascontiguousarray(values))
