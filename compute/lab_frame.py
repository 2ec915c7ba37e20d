"""Marker positions from the publisher's channels to the lab frame."""

import numpy as np

from compute.jit import kernel


@kernel
def markers_to_lab(
    values: np.ndarray,
    columns: np.ndarray,
    to_m: np.ndarray,
    r_lab_from_capture: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:
    """Pick markers, convert to metres and rotate into the lab frame.

    Parameters
    ----------
    values : shape (n, channels), publisher's units and order.
    columns : shape (markers, 3) or (markers, 4), columns of x, y, z in capture axes, -1 for an absent
        marker; then the column that says whether the position was measured, -1 for none.
    to_m : shape (markers,), factor to metres.
    r_lab_from_capture : shape (3, 3).
    out : shape (n, markers, 3), lab, m. A marker is NaN where any coordinate is not finite or all
        three are exactly zero, which is how some publishers code a missing one, or where its validity
        or confidence is not above zero.
    """
    with_validity = columns.shape[1] > 3
    for i in range(values.shape[0]):
        for m in range(columns.shape[0]):
            if columns[m, 0] < 0:
                out[i, m, :] = np.nan
                continue
            if with_validity and columns[m, 3] >= 0 and not values[i, columns[m, 3]] > 0.0:
                out[i, m, :] = np.nan
                continue
            x = values[i, columns[m, 0]]
            y = values[i, columns[m, 1]]
            z = values[i, columns[m, 2]]
            if not np.isfinite(x + y + z) or (x == 0.0 and y == 0.0 and z == 0.0):
                out[i, m, :] = np.nan
                continue
            for j in range(3):
                out[i, m, j] = to_m[m] * (
                    r_lab_from_capture[j, 0] * x
                    + r_lab_from_capture[j, 1] * y
                    + r_lab_from_capture[j, 2] * z
                )
    return out
