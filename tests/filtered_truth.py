"""What the zero-lag filter of the scored path makes of the synthetic walker's truth.

The scored path filters what is measured, markers x and plate wrench w, and computes the moment of that:
f(Lx, Lw). The truth is f(x, w), and the filtered truth L f(x, w). The three differ:

- L f against f: the filter takes away what lies above its cut-off.
- f(Lx, Lw) against L f(x, w): the moment is nonlinear, in the main a product of position and force. For a
  product and a filter whose impulse response h has unit area,

      L(ab) - La Lb = 1/2 INT INT h(p) h(q) [a(t-p) - a(t-q)] [b(t-p) - b(t-q)] dp dq,

  the covariance of both factors under the filter's weight: of second order in how much either changes
  within its length, zero where one stands still. For slow factors it is, since the two-pass Butterworth
  filter is 1 - (D/w)^4 with w = 2 pi f_c / 0.8022, -(4 a'b''' + 6 a''b'' + 4 a'''b') / w^4: the term in
  a'b' vanishes. It belongs to the method, not to a program: every laboratory that filters its inputs has it.
- The program against f(Lx, Lw): sampling, differences, the finite window. Only this is its own error.

`filtered_inputs` is f(Lx, Lw) at 1000 samples a second of everything, with the filter as a gain on the
spectrum of the periodic recording, and plain NumPy for the rest: no finite window, no aliasing.
"""

import numpy as np

from compute.conventions import Side
from compute.stance import CURVES
from stream.synthetic import SyntheticTrial, static_trial, walking_markers
from stream.synthetic_loads import LegTruth
from tests.walker_twin import joint_loads, lab_markers, moment_curves, twin_segments

RATE_HZ = 1000.0


def gain(hz, cutoff_hz):
    """Second-order Butterworth, forward and back, -3 dB at the cut-off."""
    return 1.0 / (1.0 + (np.sqrt(2.0) - 1.0) * (hz / cutoff_hz) ** 4)


def low_pass(values, cutoff_hz, rate_hz=RATE_HZ):
    """Zero-lag filter of whole periods, time first."""
    hz = np.fft.rfftfreq(len(values), 1.0 / rate_hz)
    shape = (-1,) + (1,) * (values.ndim - 1)
    return np.fft.irfft(
        np.fft.rfft(values, axis=0) * gain(hz, cutoff_hz).reshape(shape), len(values), axis=0
    )


def times(trial: SyntheticTrial):
    return np.arange(round(trial.duration_s * RATE_HZ)) / RATE_HZ


def wrench(truth: LegTruth):
    """Force and moment about the lab origin, shape (n, 6)."""
    moment = np.cross(np.nan_to_num(truth.cop_m), truth.force_n) + truth.torque_nm
    return np.concatenate([truth.force_n, moment], axis=1)


def filtered_inputs(
    trial: SyntheticTrial, side: Side, cutoff_hz: float | None = 6.0, every: int = 10
):
    """Moments f(Lx, Lw) at every tenth millisecond of the recording; names of `CURVES`.

    Without a cut-off nothing is filtered.
    """
    t = times(trial)
    markers = walking_markers(trial.parameters, t)
    load = wrench(trial.truth(side, t))
    if cutoff_hz is not None:
        markers = {name: low_pass(points, cutoff_hz) for name, points in markers.items()}
        load = low_pass(load, cutoff_hz)
    rows = np.arange(0, len(t), every)
    around = (rows[:, None] + np.arange(-4, 5)).ravel() % len(t)
    near = {name: points[around] for name, points in markers.items()}
    segments = twin_segments(near, lab_markers(static_trial(trial.parameters)), side)
    # A wrench about the lab origin is a force there and a free moment.
    loads = load[rows, :3], load[rows, 3:], np.zeros((len(rows), 3))
    found = joint_loads(segments, loads, side, trial.parameters.body_mass_kg, 1.0 / RATE_HZ)
    return moment_curves(segments, found, side)


def filtered_truth(trial: SyntheticTrial, side: Side, cutoff_hz: float = 6.0, every: int = 10):
    """Truth through the filter, L f(x, w), at every tenth millisecond; names of `CURVES`."""
    truth = trial.truth(side, times(trial))
    smooth = low_pass(truth.values, cutoff_hz)[::every]
    return {name: smooth[:, i] for i, name in enumerate(CURVES)}


def order_estimate(trial: SyntheticTrial, side: Side, cutoff_hz: float = 6.0, every: int = 10):
    """EKAM and KFM of f(Lx, Lw) - L f(x, w), to second order in the motion of the knee and the tibia.

    With a(t - p) = a - p a' + p^2 a''/2 the covariance above becomes a' g_1 + a'' g_2 / 2, where g_1 and g_2
    are b through filters of impulse response -p h(p) and p^2 h(p), of gain -i dH/dw and -d2H/dw2 (for
    p h and p^2 h themselves have no area). For the knee centre K, an axis e of the tibia and
    M = M_O - K x F that makes e . (K' x g_1F + K'' x g_2F / 2) - e' . g_1M - e'' . g_2M / 2.
    """
    t = times(trial)
    load = wrench(trial.truth(side, t))
    segments = twin_segments(
        walking_markers(trial.parameters, t), lab_markers(static_trial(trial.parameters)), side
    )
    knee, r = segments["shank"].origin, segments["shank"].r
    moment = load[:, 3:] - np.cross(knee, load[:, :3])

    def rate(x):
        return (np.roll(x, -1, axis=0) - np.roll(x, 1, axis=0)) * (0.5 * RATE_HZ)

    w = 2.0 * np.pi * cutoff_hz / (np.sqrt(2.0) - 1.0) ** 0.25
    x = 2.0 * np.pi * np.fft.rfftfreq(len(t), 1.0 / RATE_HZ)[:, None] / w
    first = 4.0j * x**3 / (1.0 + x**4) ** 2 / w
    second = (12.0 * x**2 - 20.0 * x**6) / (1.0 + x**4) ** 3 / w**2

    def passed(values, spectrum):
        return np.fft.irfft(np.fft.rfft(values, axis=0) * spectrum, len(values), axis=0)

    speed, turning = rate(knee), rate(r)
    added = np.cross(speed, passed(load[:, :3], first))
    added += 0.5 * np.cross(rate(speed), passed(load[:, :3], second))
    found = {}
    for name, axis, sign in (("ekam_nm", 0, side.sigma), ("kfm_nm", 2, -1.0)):
        turned = turning[:, :, axis] * passed(moment, first)
        turned += 0.5 * rate(turning)[:, :, axis] * passed(moment, second)
        found[name] = sign * np.sum(r[:, :, axis] * added - turned, axis=1)[::every]
    return found
