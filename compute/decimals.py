"""Tables of numbers as text, fast enough for curves of every stance."""

import numpy as np

from compute.jit import kernel

WIDEST = 24
"""Characters that one number and its comma take at most."""
LARGEST = 9e18
"""Largest scaled value that is written; what lies beyond (infinities too) is left empty like NaN."""


@kernel
def write_rows(
    prefix: np.ndarray, values: np.ndarray, decimals: np.ndarray, out: np.ndarray
) -> int:
    """Write lines of comma-separated numbers, rounded to a fixed number of decimals.

    Parameters
    ----------
    prefix : shape (p,), uint8, what every line begins with.
    values : shape (n, columns); NaN becomes an empty cell.
    decimals : shape (columns,), decimals of each column, 0 to 9; trailing zeros are left out.
    out : uint8, at least n * (p + columns * WIDEST) long.

    Returns
    -------
    Number of bytes written.
    """
    at = 0
    digits = np.empty(20, dtype=np.uint8)
    scale = 10.0**decimals
    ten = np.uint64(10)
    for i in range(values.shape[0]):
        for k in range(prefix.shape[0]):
            out[at] = prefix[k]
            at += 1
        for j in range(values.shape[1]):
            if j > 0:
                out[at] = 44  # comma
                at += 1
            x = values[i, j]
            scaled = np.rint(abs(x) * scale[j])
            if not scaled < LARGEST:
                continue
            number, places = np.uint64(scaled), decimals[j]
            if x < 0.0 and number > 0:
                out[at] = 45  # minus
                at += 1
            while places > 0 and number % ten == 0:
                number //= ten
                places -= 1
            count = 0
            while number > 0 or count <= places:
                digits[count] = 48 + number % ten
                number //= ten
                count += 1
            for k in range(count - 1, -1, -1):
                out[at] = digits[k]
                at += 1
                if k == places and k > 0:
                    out[at] = 46  # point
                    at += 1
        out[at] = 10  # line feed
        at += 1
    return at
