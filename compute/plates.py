"""From a plate's channels to the wrench about the lab origin, and the centre of pressure.

The engine works with the six components (F, M_O) of the load **on the foot** about the lab origin:
F in N, M_O in N·m, lab frame. The moment about any point K is then M_K = M_O - K x F, without ever
dividing by the load. The centre of pressure serves checks and pictures only.
"""

from typing import NamedTuple

import numpy as np

from compute.jit import kernel

WRENCH = 0
COP = 1

NO_COP_N = 20.0
"""Publishers leave the centre of pressure blank below some load, of which sensor noise remains."""


class PlateArrays(NamedTuple):
    """How one plate's channels become a wrench about the lab origin.

    Attributes
    ----------
    kind : `WRENCH` (six components about the plate's own origin) or `COP` (force, centre of
        pressure, free moment).
    side : row of the leg, `compute.conventions.Side`.
    channels : columns of the plate's channels in the stream: six, or nine for `COP` (a free moment
        of which only the vertical component is known repeats no column: missing ones are -1).
    matrix : shape (6, n), takes channels in the publisher's units to F (N) and M_O (N·m) in the lab
        frame for `WRENCH`; for `COP` shape (9, 9), to F, P (m) and T (N·m) in the lab frame.
    """

    kind: int
    side: int
    channels: np.ndarray
    matrix: np.ndarray


@kernel
def add_wrench(values: np.ndarray, plate: PlateArrays, out: np.ndarray) -> np.ndarray:
    """Add one plate's load to the wrench of its side.

    Parameters
    ----------
    values : shape (n, channels of the stream), publisher's units.
    out : shape (n, 2, 6), F and M_O per side, added to.

    Notes
    -----
    `COP`: M_O = P x F + T. An unloaded plate has no centre of pressure: where it is NaN and the
    force below `NO_COP_N`, force and moment are zero.
    """
    columns = plate.channels.shape[0]
    rows = plate.matrix.shape[0]
    lab = np.empty(rows)
    for i in range(values.shape[0]):
        for r in range(rows):
            total = 0.0
            for c in range(columns):
                share = plate.matrix[r, c]
                if share != 0.0 and plate.channels[c] >= 0:
                    total += share * values[i, plate.channels[c]]
            lab[r] = total
        target = out[i, plate.side]
        if plate.kind == WRENCH:
            for r in range(6):
                target[r] += lab[r]
        else:
            f0, f1, f2 = lab[0], lab[1], lab[2]
            p0, p1, p2 = lab[3], lab[4], lab[5]
            if np.isnan(p0 + p1 + p2) and f0 * f0 + f1 * f1 + f2 * f2 < NO_COP_N**2:
                continue
            target[0] += f0
            target[1] += f1
            target[2] += f2
            target[3] += p1 * f2 - p2 * f1 + lab[6]
            target[4] += p2 * f0 - p0 * f2 + lab[7]
            target[5] += p0 * f1 - p1 * f0 + lab[8]
    return out


def centre_of_pressure_m(wrench: np.ndarray, surface_y_m: float = 0.0) -> np.ndarray:
    """Centre of pressure on the horizontal plane y = `surface_y_m`.

    Parameters
    ----------
    wrench : shape (..., 6), F (N) and M_O (N·m), lab.

    Returns
    -------
    shape (..., 3), m, lab; not finite where the vertical load is zero.

    Notes
    -----
    From M_O = P x F + T with T vertical: P_x = (M_z + y F_x) / F_y, P_z = (y F_z - M_x) / F_y.
    """
    fx, fy, fz = wrench[..., 0], wrench[..., 1], wrench[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (wrench[..., 5] + surface_y_m * fx) / fy
        z = (surface_y_m * fz - wrench[..., 3]) / fy
    return np.stack([x, np.full_like(x, surface_y_m), z], axis=-1)


def plate_axes(corners_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes and centre of a plate from its corners (C3D order), in the frame of the corners.

    Parameters
    ----------
    corners_m : shape (4, 3), m.

    Returns
    -------
    r_capture_from_plate : shape (3, 3), columns x = C1 - C2, y = C1 - C4 (squared to x), z = x cross
        y, which points into the floor for plates described as in C3D files.
    centre_m : shape (3,).

    Raises
    ------
    ValueError : the corners do not span a rectangle.
    """
    x = corners_m[0] - corners_m[1]
    y = corners_m[0] - corners_m[3]
    width, length = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    if min(width, length) < 0.05 or abs(float(x @ y)) > 0.05 * width * length:
        raise ValueError("the four corners of the plate do not form a rectangle")
    x = x / width
    y = y - float(x @ y) * x
    y = y / np.linalg.norm(y)
    return np.column_stack([x, y, np.cross(x, y)]), corners_m.mean(axis=0)


def wrench_matrix(
    r_lab_from_plate: np.ndarray,
    transducer_lab_m: np.ndarray,
    force_to_si: float,
    moment_to_si: float,
) -> np.ndarray:
    """Matrix that takes (Fx Fy Fz Mx My Mz) of a plate to (F, M_O) in the lab.

    Parameters
    ----------
    r_lab_from_plate : shape (3, 3).
    transducer_lab_m : shape (3,), the point about which the plate states its moments, lab, m.
    force_to_si, moment_to_si : the publisher's units in N and N·m; negative for numbers that act on
        the plate instead of on the foot.

    Returns
    -------
    shape (6, 6). F = R f, M_O = R m + transducer x (R f).
    """
    x, y, z = transducer_lab_m
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    out = np.zeros((6, 6))
    out[:3, :3] = r_lab_from_plate * force_to_si
    out[3:, :3] = cross @ r_lab_from_plate * force_to_si
    out[3:, 3:] = r_lab_from_plate * moment_to_si
    return out
