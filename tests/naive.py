"""Slow, obvious NumPy and SciPy twins of every compiled kernel."""

import numpy as np
from scipy import signal


def zero_lag(x, section):
    pad = min(section.pad, len(x) - 1)
    return signal.filtfilt(section.b, section.a, x, axis=0, padtype="odd", padlen=pad)


def causal(x, section):
    state = section.zi[:, None] * x[0]
    return signal.lfilter(section.b, section.a, x, axis=0, zi=state)[0]


def cluster_pose(local, measured):
    """Soderkvist & Wedin 1993: singular value decomposition."""
    p, q = local.mean(axis=0), measured.mean(axis=0)
    u, _, vt = np.linalg.svd((local - p).T @ (measured - q))
    d = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
    r = vt.T @ d @ u.T
    t = q - r @ p
    return r, t, np.sqrt(np.mean(np.sum((measured - local @ r.T - t) ** 2, axis=1)))


def tibia_frame(kjc, ajc, to_the_right):
    y = (kjc - ajc) / np.linalg.norm(kjc - ajc)
    x = np.cross(y, to_the_right)
    x /= np.linalg.norm(x)
    return np.column_stack([x, y, np.cross(x, y)])


def moment_about(wrench, point):
    return wrench[3:] - np.cross(point, wrench[:3])


def resample(time_s, x, at_s):
    out = np.column_stack([np.interp(at_s, time_s, column) for column in x.T])
    out[(at_s < time_s[0]) | (at_s > time_s[-1])] = np.nan
    return out


def markers_to_lab(values, columns, to_m, r):
    out = np.full((len(values), len(columns), 3), np.nan)
    for m, xyz in enumerate(columns):
        if xyz[0] >= 0:
            raw = values[:, xyz[:3]]
            good = np.isfinite(raw).all(axis=1) & ~(raw == 0.0).all(axis=1)
            if len(xyz) > 3 and xyz[3] >= 0:
                good &= np.nan_to_num(values[:, xyz[3]]) > 0.0
            out[good, m] = to_m[m] * raw[good] @ r.T
    return out


def plate_wrench(force, moment, r, transducer):
    """Load about the lab origin from a load about the transducer, row by row."""
    rows = []
    for f, m in zip(force, moment, strict=True):
        f_lab = r @ f
        rows.append(np.concatenate([f_lab, r @ m + np.cross(transducer, f_lab)]))
    return np.array(rows)


def cop_wrench(force, cop, free_moment):
    return np.hstack([force, np.cross(cop, force) + free_moment])


def stances(time_s, fz, on_n, off_n, on_min_s, off_min_s, back_date_s):
    """Contacts of one foot from the whole record at once, by looking for runs of samples."""
    found = []
    i, n = 0, len(time_s)
    while i < n and not fz[i] < off_n:
        i += 1
    while i < n:
        while i < n and fz[i] < off_n:
            i += 1
        start, loaded = i, None
        while i < n and fz[i] >= off_n:
            if loaded is None and fz[i] >= on_n:
                loaded = i
            if loaded is not None and time_s[i] - time_s[loaded] >= on_min_s:
                break
            i += 1
        if i >= n or fz[i] < off_n:
            continue
        end = i
        while True:
            while end < n and fz[end] >= off_n:
                end += 1
            back = end
            while back < n and fz[back] < off_n and time_s[back] - time_s[end] < off_min_s:
                back += 1
            if back >= n:
                return found
            if fz[back] < off_n:
                break
            end = back
        if time_s[loaded] - time_s[start] > back_date_s:
            start = loaded
        found.append((time_s[start], time_s[end]))
        i = back
    return found


def ekam_kfm(markers, wrench, shank, sigma):
    """Vector-method EKAM and KFM of one frame from the centre of pressure form (P - K) x F + T."""
    if shank.mode == 0:
        r, kjc, _ = cluster_pose(shank.local_m, markers[shank.cluster])
    else:
        kjc = markers[shank.knee].mean(axis=0)
        right = markers[shank.axis[1]] - markers[shank.axis[0]]
        r = tibia_frame(kjc, markers[shank.ankle].mean(axis=0), right)
    force, about_origin = wrench[:3], wrench[3:]
    cop = np.array([about_origin[2] / force[1], 0.0, -about_origin[0] / force[1]])
    free = about_origin - np.cross(cop, force)
    moment = np.cross(cop - kjc, force) + free
    return sigma * moment @ r[:, 0], -moment @ r[:, 2]
