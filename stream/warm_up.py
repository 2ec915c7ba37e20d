"""Compile everything that a session needs before a stream is connected, so that no sample waits for it."""

import numpy as np

from compute import Engine, Subject
from compute.lab_frame import markers_to_lab
from compute.plates import WRENCH, PlateArrays, add_wrench
from stream.align import Aligner
from stream.lab import Lab
from stream.source import Role
from stream.sync_check import SyncCheck

_RATES_HZ = {Role.MARKERS: 100.0, Role.FORCES: 1000.0}


def warm_up(lab: Lab, subject: Subject) -> None:
    """Compile the kernels of the whole path; later starts take them from the disk."""
    marker_hz, force_hz = _RATES_HZ.values()
    engine = Engine(subject, marker_hz, force_hz, lab.settings())
    engine.warm_up()
    Aligner(dict.fromkeys(Role, 0.0), _RATES_HZ)
    SyncCheck(lab, engine.markers, marker_hz, force_hz)
    n = len(engine.markers)
    columns = np.zeros((n, 4), dtype=np.int64)
    r_lab = lab.axes.r_lab_from_capture()
    markers_to_lab(np.empty((0, 3)), columns, np.ones(n), r_lab, np.empty((0, n, 3)))
    plate = PlateArrays(WRENCH, 0, np.zeros(6, dtype=np.int64), np.zeros((6, 6)))
    add_wrench(np.empty((0, 6)), plate, np.zeros((0, 2, 6)))
