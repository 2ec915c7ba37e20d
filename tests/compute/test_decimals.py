"""Numbers as text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compute.decimals import WIDEST, write_rows


def written(values, decimals, prefix=""):
    values = np.array(values, dtype=float).reshape(-1, len(decimals))
    out = np.empty(len(values) * (len(prefix) + WIDEST * len(decimals)), dtype=np.uint8)
    start = np.frombuffer(prefix.encode(), dtype=np.uint8).copy()
    return out[: write_rows(start, values, np.array(decimals), out)].tobytes().decode()


def test_missing_is_empty_and_trailing_zeros_are_left_out():
    values = [0.0, -0.0, 1.0, -2.5, np.nan, 0.000001, -1e-9, 120.0]
    assert written(values, [6] * 8, "3,left,") == "3,left,0,0,1,-2.5,,0.000001,0,120\n"
    assert written([100.0, 7.0], [0, 0]) == "100,7\n"
    assert written([np.inf, -np.inf, 1e300], [6, 6, 0]) == ",,\n"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.integers(0, 6))
def test_it_is_what_python_writes_to_within_a_last_digit(values, decimals):
    text = written(values, [decimals] * len(values)).strip("\n")
    for got, value in zip(text.split(","), values, strict=True):
        assert abs(float(got) - value) <= 0.5000001 * 10.0**-decimals
        assert len(got.partition(".")[2]) <= decimals
        assert len(got) < WIDEST
