"""Rigid pose of a marker cluster and the tibia anatomical frame."""

from typing import NamedTuple

import numpy as np

from compute.jit import kernel

CLUSTER = 0
LANDMARKS = 1


class ShankArrays(NamedTuple):
    """How the pose of one shank follows from one frame of tracked markers.

    Attributes
    ----------
    mode : `CLUSTER` (the anatomical frame of the static trial is carried by the markers `cluster`)
        or `LANDMARKS` (joint centres and axis are read from markers in every frame).
    cluster : shape (n,), rows of the cluster markers in the frame.
    local_m : shape (n, 3), their positions in the tibia frame (origin: knee joint centre).
    ajc_local_m : shape (3,), ankle joint centre in the tibia frame; used in `CLUSTER` mode.
    knee, ankle : shape (2,), rows whose midpoint is the joint centre (twice the same row where the
        laboratory streams the centre itself); used in `LANDMARKS` mode.
    axis : shape (2,), rows of two points; the second lies to the right of the first along the
        medio-lateral axis of the tibia; used in `LANDMARKS` mode.
    """

    mode: int
    cluster: np.ndarray
    local_m: np.ndarray
    ajc_local_m: np.ndarray
    knee: np.ndarray
    ankle: np.ndarray
    axis: np.ndarray


@kernel
def cluster_pose(
    local_m: np.ndarray, measured_m: np.ndarray, out_r: np.ndarray, out_t: np.ndarray
) -> float:
    """Least-squares rigid pose: measured = R local + t.

    Parameters
    ----------
    local_m, measured_m : shape (n, 3), n >= 3, not collinear.
    out_r : shape (3, 3), receives R, a proper rotation.
    out_t : shape (3,), receives t, m.

    Returns
    -------
    Root mean square distance between the measured and the fitted markers, m. NaN in, NaN out.

    Notes
    -----
    Unit quaternion of the largest eigenvalue of Horn's 4 x 4 matrix (Horn 1987, J Opt Soc Am A
    4:629), the eigenvalue by Newton's method on its characteristic polynomial from above (Theobald
    2005, Acta Cryst A 61:478), the vector from the adjugate. Same optimum as the singular value
    solution of Soderkvist & Wedin 1993, without the cost of a decomposition.
    """
    n = local_m.shape[0]
    pm0 = pm1 = pm2 = qm0 = qm1 = qm2 = 0.0
    for i in range(n):
        pm0 += local_m[i, 0]
        pm1 += local_m[i, 1]
        pm2 += local_m[i, 2]
        qm0 += measured_m[i, 0]
        qm1 += measured_m[i, 1]
        qm2 += measured_m[i, 2]
    pm0, pm1, pm2, qm0, qm1, qm2 = pm0 / n, pm1 / n, pm2 / n, qm0 / n, qm1 / n, qm2 / n
    xx = xy = xz = yx = yy = yz = zx = zy = zz = spread = 0.0
    for i in range(n):
        px, py, pz = local_m[i, 0] - pm0, local_m[i, 1] - pm1, local_m[i, 2] - pm2
        qx, qy, qz = measured_m[i, 0] - qm0, measured_m[i, 1] - qm1, measured_m[i, 2] - qm2
        xx += px * qx
        xy += px * qy
        xz += px * qz
        yx += py * qx
        yy += py * qy
        yz += py * qz
        zx += pz * qx
        zy += pz * qy
        zz += pz * qz
        spread += px * px + py * py + pz * pz + qx * qx + qy * qy + qz * qz
    a, b, c, d = xx + yy + zz, yz - zy, zx - xz, xy - yx
    e, f, g = xx - yy - zz, xy + yx, zx + xz
    h, k, m = -xx + yy - zz, yz + zy, -xx - yy + zz
    # Characteristic polynomial of the traceless symmetric matrix [[a b c d] [b e f g] [c f h k] [d g k m]]
    squares = a * a + e * e + h * h + m * m + 2.0 * (b * b + c * c + d * d + f * f + g * g + k * k)
    c2 = -0.5 * squares
    c1 = -8.0 * (xx * (yy * zz - yz * zy) - xy * (yx * zz - yz * zx) + xz * (yx * zy - yy * zx))
    c0 = _det4(a, b, c, d, e, f, g, h, k, m)
    top = 0.5 * spread
    for _ in range(50):
        square = top * top
        value = square * square + c2 * square + c1 * top + c0
        slope = 4.0 * square * top + 2.0 * c2 * top + c1
        if slope == 0.0:
            break
        step = value / slope
        top -= step
        if abs(step) <= 1e-15 * abs(top):
            break
    a, e, h, m = a - top, e - top, h - top, m - top
    # The four columns of the adjugate are multiples of the eigenvector: take the longest.
    best = -1.0
    w = x = y = z = 0.0
    for column in range(4):
        if column == 0:
            v0, v1, v2, v3 = (
                _det3(e, f, g, f, h, k, g, k, m), -_det3(b, f, g, c, h, k, d, k, m),
                _det3(b, e, g, c, f, k, d, g, m), -_det3(b, e, f, c, f, h, d, g, k),
            )  # fmt: skip
        elif column == 1:
            v0, v1, v2, v3 = (
                -_det3(b, c, d, f, h, k, g, k, m), _det3(a, c, d, c, h, k, d, k, m),
                -_det3(a, b, d, c, f, k, d, g, m), _det3(a, b, c, c, f, h, d, g, k),
            )  # fmt: skip
        elif column == 2:
            v0, v1, v2, v3 = (
                _det3(b, c, d, e, f, g, g, k, m), -_det3(a, c, d, b, f, g, d, k, m),
                _det3(a, b, d, b, e, g, d, g, m), -_det3(a, b, c, b, e, f, d, g, k),
            )  # fmt: skip
        else:
            v0, v1, v2, v3 = (
                -_det3(b, c, d, e, f, g, f, h, k), _det3(a, c, d, b, f, g, c, h, k),
                -_det3(a, b, d, b, e, g, c, f, k), _det3(a, b, c, b, e, f, c, f, h),
            )  # fmt: skip
        norm = v0 * v0 + v1 * v1 + v2 * v2 + v3 * v3
        if norm > best:
            best, w, x, y, z = norm, v0, v1, v2, v3
    length = np.sqrt(best)
    w, x, y, z = w / length, x / length, y / length, z / length
    out_r[0, 0], out_r[0, 1], out_r[0, 2] = (
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)
    )  # fmt: skip
    out_r[1, 0], out_r[1, 1], out_r[1, 2] = (
        2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)
    )  # fmt: skip
    out_r[2, 0], out_r[2, 1], out_r[2, 2] = (
        2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)
    )  # fmt: skip
    out_t[0] = qm0 - (out_r[0, 0] * pm0 + out_r[0, 1] * pm1 + out_r[0, 2] * pm2)
    out_t[1] = qm1 - (out_r[1, 0] * pm0 + out_r[1, 1] * pm1 + out_r[1, 2] * pm2)
    out_t[2] = qm2 - (out_r[2, 0] * pm0 + out_r[2, 1] * pm1 + out_r[2, 2] * pm2)
    total = 0.0
    for i in range(n):
        for j in range(3):
            gap = (
                measured_m[i, j]
                - out_t[j]
                - out_r[j, 0] * local_m[i, 0]
                - out_r[j, 1] * local_m[i, 1]
                - out_r[j, 2] * local_m[i, 2]
            )
            total += gap * gap
    return np.sqrt(total / n)


@kernel
def _det3(
    a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float, k: float
) -> float:
    return a * (e * k - f * h) - b * (d * k - f * g) + c * (d * h - e * g)


@kernel
def _det4(
    a: float, b: float, c: float, d: float, e: float,
    f: float, g: float, h: float, k: float, m: float,
) -> float:  # fmt: skip
    return (
        a * _det3(e, f, g, f, h, k, g, k, m)
        - b * _det3(b, f, g, c, h, k, d, k, m)
        + c * _det3(b, e, g, c, f, k, d, g, m)
        - d * _det3(b, e, f, c, f, h, d, g, k)
    )


@kernel
def tibia_frame(
    kjc_m: np.ndarray, ajc_m: np.ndarray, to_the_right: np.ndarray, out_r: np.ndarray
) -> np.ndarray:
    """Tibia anatomical frame: y from ankle to knee, x forward, z to the right on both legs.

    Parameters
    ----------
    kjc_m, ajc_m : shape (3,), knee and ankle joint centre, lab, m.
    to_the_right : shape (3,), any vector along the medio-lateral axis pointing to the right, e.g.
        sigma * (lateral - medial epicondyle): the epicondylar axis, so without tibial torsion.
    out_r : shape (3, 3), receives R_lab_from_tibia; columns are the axes.

    Notes
    -----
    x = y cross `to_the_right`, z = x cross y (Grood & Suntay 1983 axes named after ISB, Wu 2002).
    """
    y0, y1, y2 = kjc_m[0] - ajc_m[0], kjc_m[1] - ajc_m[1], kjc_m[2] - ajc_m[2]
    length = np.sqrt(y0 * y0 + y1 * y1 + y2 * y2)
    y0, y1, y2 = y0 / length, y1 / length, y2 / length
    x0 = y1 * to_the_right[2] - y2 * to_the_right[1]
    x1 = y2 * to_the_right[0] - y0 * to_the_right[2]
    x2 = y0 * to_the_right[1] - y1 * to_the_right[0]
    length = np.sqrt(x0 * x0 + x1 * x1 + x2 * x2)
    x0, x1, x2 = x0 / length, x1 / length, x2 / length
    out_r[0, 0], out_r[0, 1], out_r[0, 2] = x0, y0, x1 * y2 - x2 * y1
    out_r[1, 0], out_r[1, 1], out_r[1, 2] = x1, y1, x2 * y0 - x0 * y2
    out_r[2, 0], out_r[2, 1], out_r[2, 2] = x2, y2, x0 * y1 - x1 * y0
    return out_r


@kernel
def shank_pose(
    frame_m: np.ndarray,
    shank: ShankArrays,
    gathered: np.ndarray,
    out_r: np.ndarray,
    out_kjc: np.ndarray,
    out_ajc: np.ndarray,
) -> float:
    """Pose of one shank in one frame.

    Parameters
    ----------
    frame_m : shape (markers, 3), lab, m.
    gathered : shape (>= cluster markers, 3), scratch.
    out_r : shape (3, 3), receives R_lab_from_tibia.
    out_kjc, out_ajc : shape (3,), receive the joint centres, lab, m.

    Returns
    -------
    Cluster residual, m; zero in `LANDMARKS` mode.
    """
    if shank.mode == CLUSTER:
        rows, ajc_local = shank.cluster, shank.ajc_local_m
        for i in range(rows.shape[0]):
            row = rows[i]
            for j in range(3):
                gathered[i, j] = frame_m[row, j]
        residual = cluster_pose(shank.local_m, gathered, out_r, out_kjc)
        for j in range(3):
            out_ajc[j] = (
                out_kjc[j]
                + out_r[j, 0] * ajc_local[0]
                + out_r[j, 1] * ajc_local[1]
                + out_r[j, 2] * ajc_local[2]
            )
        return residual
    for j in range(3):
        out_kjc[j] = 0.5 * (frame_m[shank.knee[0], j] + frame_m[shank.knee[1], j])
        out_ajc[j] = 0.5 * (frame_m[shank.ankle[0], j] + frame_m[shank.ankle[1], j])
        gathered[0, j] = frame_m[shank.axis[1], j] - frame_m[shank.axis[0], j]
    tibia_frame(out_kjc, out_ajc, gathered[0], out_r)
    return 0.0


@kernel
def second_extent_m(points_m: np.ndarray, n: int) -> float:
    """Extent of the first `n` points across their longest axis, as `compute.subject.cluster_spread_m`.

    Notes
    -----
    Root of the middle eigenvalue of the symmetric scatter matrix, by the trigonometric solution of
    its characteristic polynomial (Smith 1961, Commun ACM 4:168); good to a tenth of a millimetre for
    clusters of a leg.
    """
    mx = my = mz = 0.0
    for i in range(n):
        mx += points_m[i, 0] / n
        my += points_m[i, 1] / n
        mz += points_m[i, 2] / n
    xx = yy = zz = xy = xz = yz = 0.0
    for i in range(n):
        x, y, z = points_m[i, 0] - mx, points_m[i, 1] - my, points_m[i, 2] - mz
        xx += x * x
        yy += y * y
        zz += z * z
        xy += x * y
        xz += x * z
        yz += y * z
    mean = (xx + yy + zz) / 3.0
    xx, yy, zz = xx - mean, yy - mean, zz - mean
    p = np.sqrt((xx * xx + yy * yy + zz * zz + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0)
    if p == 0.0:
        return np.sqrt(mean)
    half = 0.5 * _det3(xx, xy, xz, xy, yy, yz, xz, yz, zz) / (p * p * p)
    angle = np.arccos(min(max(half, -1.0), 1.0)) / 3.0
    top = 2.0 * p * np.cos(angle)
    bottom = 2.0 * p * np.cos(angle + 2.0 * np.pi / 3.0)
    return np.sqrt(max(mean - top - bottom, 0.0))


@kernel
def shank_pose_of_seen(
    frame_m: np.ndarray,
    usable: np.ndarray,
    shank: ShankArrays,
    min_extent_m: float,
    gathered: np.ndarray,
    local: np.ndarray,
    out_r: np.ndarray,
    out_kjc: np.ndarray,
    out_ajc: np.ndarray,
) -> float:
    """`shank_pose` from the markers at hand: three of a cluster do if they are not nearly in line.

    Parameters
    ----------
    usable : shape (markers,), bool.
    min_extent_m : `second_extent_m` that the remaining markers must have.
    gathered, local : shape (>= cluster markers, 3), scratch.

    Returns
    -------
    Residual, m; NaN, like the pose, where the markers do not suffice.
    """
    if shank.mode != CLUSTER:
        return shank_pose(frame_m, shank, gathered, out_r, out_kjc, out_ajc)
    n, k = shank.cluster.shape[0], 0
    for i in range(n):
        if usable[shank.cluster[i]]:
            for j in range(3):
                gathered[k, j] = frame_m[shank.cluster[i], j]
                local[k, j] = shank.local_m[i, j]
            k += 1
    if k < 3 or (k < n and not second_extent_m(local, k) > min_extent_m):
        out_r[:] = np.nan
        out_kjc[:] = np.nan
        out_ajc[:] = np.nan
        return np.nan
    residual = cluster_pose(local[:k], gathered[:k], out_r, out_kjc)
    for j in range(3):
        out_ajc[j] = (
            out_kjc[j]
            + out_r[j, 0] * shank.ajc_local_m[0]
            + out_r[j, 1] * shank.ajc_local_m[1]
            + out_r[j, 2] * shank.ajc_local_m[2]
        )
    return residual
