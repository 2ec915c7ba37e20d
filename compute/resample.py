"""Read one stream at the times of another."""

import numpy as np

from compute.jit import kernel


@kernel
def resample(time_s: np.ndarray, x: np.ndarray, at_s: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Linear interpolation of every column; NaN outside the samples.

    Parameters
    ----------
    time_s : shape (n,), increasing. x : shape (n, channels).
    at_s : shape (m,), increasing. out : shape (m, channels).
    """
    n = time_s.shape[0]
    i = 0
    for k in range(at_s.shape[0]):
        t = at_s[k]
        while i + 2 < n and time_s[i + 1] <= t:
            i += 1
        if t < time_s[0] or t > time_s[n - 1]:
            out[k, :] = np.nan
            continue
        share = (t - time_s[i]) / (time_s[i + 1] - time_s[i])
        for c in range(x.shape[1]):
            out[k, c] = x[i, c] + share * (x[i + 1, c] - x[i, c])
    return out
