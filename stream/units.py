"""Units as publishers and files write them, and their factors to SI."""

LENGTH = {"m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
          "cm": 1e-2, "centimeter": 1e-2, "centimeters": 1e-2,
          "centimetre": 1e-2, "centimetres": 1e-2,
          "mm": 1e-3, "millimeter": 1e-3, "millimeters": 1e-3,
          "millimetre": 1e-3, "millimetres": 1e-3}  # fmt: skip
FORCE = {"n": 1.0, "newton": 1.0, "newtons": 1.0,
         "kn": 1e3, "kilonewton": 1e3, "kilonewtons": 1e3}  # fmt: skip
MOMENT = {"nm": 1.0, "newtonmeter": 1.0, "newtonmeters": 1.0, "newtonmetre": 1.0, "newtonmetres": 1.0,
          "nmm": 1e-3, "newtonmillimeters": 1e-3, "newtonmillimetres": 1e-3,
          "ncm": 1e-2, "knm": 1e3}  # fmt: skip
"""Without the sign between the two units: N·m, N.m, N*m, N-m and N m are all ``nm``."""

_JOINING = str.maketrans("", "", " ·⋅∙.*-")


def factor(text: str, table: dict[str, float]) -> float | None:
    """Factor from a unit to SI, whatever its case; None for an unknown one."""
    return table.get(text.lower().translate(_JOINING))
