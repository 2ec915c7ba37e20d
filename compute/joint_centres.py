"""Hip joint centres by regression; knee and ankle joint centres from a wand and a joint width."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from compute.calibration_trial import unit

HipCentre = Literal["harrington", "harrington_single", "bell", "hara"]


def hip_centre_m(
    method: HipCentre, depth_m: float, width_m: float, leg_m: float, sigma: float
) -> np.ndarray:
    """Hip joint centre in the pelvis frame (origin mid-ASIS, X forward, Y up, Z right), shape (3,), m.

    Parameters
    ----------
    depth_m : mid-ASIS to mid-PSIS. width_m : between the ASIS. leg_m : ASIS to medial malleolus.

    Notes
    -----
    The regressions are in millimetres: Harrington 2007 (J Biomech 40:595), with three measures or with
    one a coordinate; Bell 1990 (J Biomech 23:617); Hara 2016 (Sci Rep 6:37707), leg length alone.
    """
    depth, width, leg = 1000.0 * depth_m, 1000.0 * width_m, 1000.0 * leg_m
    formulas: dict[HipCentre, Callable[[], tuple[float, float, float]]] = {
        "harrington": lambda: (
            -0.24 * depth - 9.9,
            -0.16 * width - 0.04 * leg - 7.1,
            0.28 * depth + 0.16 * width + 7.9,
        ),
        "harrington_single": lambda: (
            -0.24 * depth - 9.9,
            -0.30 * width - 10.9,
            0.33 * width + 7.3,
        ),
        "bell": lambda: (-0.19 * width, -0.30 * width, 0.36 * width),
        "hara": lambda: (11.0 - 0.063 * leg, -9.0 - 0.078 * leg, 8.0 + 0.086 * leg),
    }
    x, y, z = formulas[method]()
    return 0.001 * np.array([x, y, sigma * z])


def chord(
    proximal_m: np.ndarray,
    wand_m: np.ndarray,
    lateral_m: np.ndarray,
    offset_m: float,
    lateral: np.ndarray,
) -> np.ndarray:
    """Joint centre that sees the proximal centre and the lateral marker at a right angle.

    It lies in the plane of proximal joint centre, wand and lateral marker, `offset_m` (half of the
    joint's width and a marker radius) from the lateral marker: the construction of the conventional
    gait model (Davis 1991, Hum Mov Sci 10:575; Kadaba 1990). The wand must stand in the plane of the
    flexion axis; a turn of it turns the knee axis by as much.

    Parameters
    ----------
    proximal_m, wand_m, lateral_m : shape (n, 3), lab, m.
    lateral : shape (n, 3) or (3,), direction away from the body's midline.

    Returns
    -------
    Shape (n, 3), lab, m; of the two solutions in the plane the one on the medial side. NaN where the
    wand stands in line with the other two points.
    """
    down = lateral_m - proximal_m
    along = unit(-down)
    wand = wand_m - lateral_m
    beside = wand - along * np.sum(wand * along, axis=1, keepdims=True)
    length = np.linalg.norm(beside, axis=1, keepdims=True)
    beside = np.where(length > 0.005, beside / np.maximum(length, 1e-9), np.nan)
    medial = np.where(np.sum(beside * lateral, axis=1, keepdims=True) > 0.0, -beside, beside)
    cosine = offset_m / np.linalg.norm(down, axis=1, keepdims=True)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    return np.asarray(lateral_m + offset_m * (cosine * along + sine * medial))
