"""What every column of the tables means: name, unit, meaning and source, from the code's own definitions.

Beside the columns of ``stances.csv`` and ``curves.csv`` those that `stream.tidy_columns` describes.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from compute.stance import REASONS
from compute.variables import VARIABLES, Variable
from stream.outlet_layout import ENDINGS
from stream.tables import CURVE_COLUMNS, MORE_COLUMNS, STANCE_COLUMNS
from stream.tidy_columns import (
    ANSWERS,
    ARM,
    BLOCKS,
    KEYS,
    OF_RECORDING,
    OF_STANCE,
    SESSIONS,
    SHOWN,
    Column,
    names,
)

CODEBOOK_COLUMNS = ("table", "column", "unit", "meaning", "source")

KEY_COLUMNS = names(*KEYS)
"""What a tidy table has in front of the columns of a session's own."""

_SYMBOLS = {"Nm": "N·m", "*": "·", "deg": "°", "1/min": "steps/min", "count": "", "code": ""}
_UNITS = {
    "feedback_value": SHOWN,
    "target_low": SHOWN,
    "target_high": SHOWN,
    "pct": "% of stance",
}
_WORDS = ("side", "verdict", "reasons", "block", "shown", "dropped_marker")
_TELLS = "tells the arm: empty in a blinded session without --unblind"

_EXTERNAL = (
    "external moment (load applied by the environment), tibia frame, + = adduction, both legs alike"
)
_LINES = {
    "stance": ("number of the stance in its recording, both legs counted together; begins anew in each part",
    "foot contact"),
    "side": ("leg: left or right", "plate under the foot"),
    "t_on_s": ("heel strike, seconds from the first marker sample of the recording; begins anew in each "
    "part", "plate, back-dated to 20 N"),
    "t_off_s": ("toe-off, seconds from the first marker sample of the recording",
    "plate, back-dated to 20 N"),
    "ekam_peak1_nm": (f"first EKAM peak (8 to 50 % of stance): {_EXTERNAL}", "Newton-Euler of foot and "
    "shank"),
    "ekam_peak2_nm": ("second EKAM peak (50 to 100 % of stance)", "Newton-Euler of foot and shank"),
    "ekam_peak2_nm_per_kg": (
        "second EKAM peak per kg of body mass; the highest value of its window where there is no local "
        "maximum",
        "Newton-Euler of foot and shank",
    ),
    "ekam_peak1_pct_bwht": ("first EKAM peak in per cent of body weight times height", "ekam_peak1_nm"),
    "ekam_valley_nm_per_kg": ("lowest EKAM between the peaks", "Newton-Euler of foot and shank"),
    "ekam_peak1_at_pct": ("where in stance the first EKAM peak lies", "Newton-Euler of foot and shank"),
    "ekam_peak2_at_pct": ("where in stance the second EKAM peak lies", "Newton-Euler of foot and shank"),
    "ekam_peak1_sigma_nm_per_kg": (
        "standard uncertainty of the first peak from random measurement noise alone",
        "markers' misfit and plate noise",
    ),
    "ekam_peak2_sigma_nm_per_kg": (
        "standard uncertainty of the second peak from random measurement noise alone",
        "markers' misfit and plate noise",
    ),
    "ekam_peak1_vector_nm_per_kg": (
        "first EKAM peak without weight and inertia of foot and shank (quasi-static)", "(P - K) x F + T",
    ),
    "ekam_peak2_vector_nm_per_kg": (
        "second EKAM peak without weight and inertia of foot and shank (quasi-static)", "(P - K) x F + T",
    ),
    "ekam_peak1_jcs_nm_per_kg": (
        "first EKAM peak about the floating axis of the knee's joint coordinate system",
        "Newton-Euler, femur tracked",
    ),
    "ekam_peak1_is_local": ("1: the first peak is a local maximum; 0: only the highest value of its window",
    "curve"),
    "ekam_peak2_is_local": ("1: the second peak is a local maximum; 0: only the highest value of its window",
    "curve"),
    "ekam_impulse_signed_nms_per_kg": ("integral of the EKAM over stance with its sign", "curve"),
    "stride_length_m": ("distance walked on the belt since the last contact of this foot", "markers"),
    "fz_peak2_bw": ("second peak of the vertical load", "plate"),
    "stride_s": ("time since the last contact of this foot", "plate"),
    "belt_speed_m_per_s": ("speed of the stance foot while it is flat", "markers of the foot"),
    "plate_offset_n": ("what the plate read vertically in the swing before; taken off", "plate"),
    "residual_mean_mm": ("misfit of the shank cluster, mean over stance", "markers"),
    "residual_max_mm": ("misfit of the shank cluster, largest in stance", "markers"),
    "dropped_marker": ("marker of a cluster that was left out because it did not fit", "markers"),
    "verdict": ("valid, or rejected and then never shown as a success", "gates"),
    "reasons": (f"why it was rejected, separated by ';': {', '.join(REASONS)}", "gates"),
    "block": ("block of the protocol, the same in every arm; pause, hold and end are none of the blocks; "
    "empty without a protocol", "protocol.toml"),
    "target_low": ("lower edge of the band in force, in test, train, catch and retention, of a trained leg; "
    f"empty without a protocol. It {_TELLS}", "protocol.toml and baseline"),
    "target_high": ("upper edge of the band in force, in test, train, catch and retention, of a trained leg; "
    f"empty without a protocol. It {_TELLS}", "protocol.toml and baseline"),
    "shown": ("what the walker saw of it: none, early (then withdrawn) or final", "walker's window"),
    "latency_ms": ("deciding sample's stamp to value handed to the walker's window; empty for files",
    "clock"),
    "early_peak1_nm_per_kg": ("first EKAM peak as it was known at half of stance", "Newton-Euler, until "
    "then"),
    "feedback_value": ("what the walker is told of it: the mean of the leg's last mean_of valid stances of "
    "this block, or a made-up value in a sham arm of noise. Empty where told is not 1 (baseline, "
    "familiarisation, untold steps of a fading, catch, retention, rest, the leg that is not trained) and "
    "where the stance is rejected; for what is judged there see judged_value. shown says whether it stood on "
    f"the screen. It {_TELLS}", "protocol.jsonl; session.json: feedback"),
    "pct": ("place in the stance: 0 = heel strike, 100 = toe-off", "plate"),
}  # fmt: skip

_CURVES = {
    "ekam_nm_per_kg": f"EKAM: {_EXTERNAL}",
    "kfm_nm_per_kg": "external knee flexion moment, tibia frame, + = flexion",
    "fz_bw": "vertical ground reaction on the foot",
    "ekam_vector_nm_per_kg": "EKAM without weight and inertia of foot and shank",
    "kfm_vector_nm_per_kg": "knee flexion moment without weight and inertia of foot and shank",
    "ekam_jcs_nm_per_kg": "EKAM about the floating axis of the joint coordinate system",
    "knee_internal_rotation_nm_per_kg": "external knee moment about the tibia's long axis, + = internal "
    "rotation",
    "ankle_dorsiflexion_nm_per_kg": "external ankle moment, foot frame, + = dorsiflexion",
    "ankle_inversion_nm_per_kg": "external ankle moment, foot frame, + = inversion",
    "hip_flexion_nm_per_kg": "external hip moment, femur frame, + = flexion",
    "hip_adduction_nm_per_kg": "external hip moment, femur frame, + = adduction",
    "ankle_flexion_deg": "ankle angle, + = dorsiflexion",
    "knee_flexion_deg": "knee angle, + = flexion",
    "knee_varus_deg": "knee angle, + = varus",
    "hip_flexion_deg": "hip angle, + = flexion",
    "hip_adduction_deg": "hip angle, + = adduction",
    "hip_internal_rotation_deg": "hip angle, + = internal rotation",
    "pelvic_drop_deg": "pelvis in the frontal plane, + = swing side down",
    "trunk_lean_deg": "trunk in the frontal plane of the laboratory, + = toward the stance leg",
    "foot_progression_deg": "foot's long axis against the belt, + = toes out",
    "tibia_frontal_deg": "shank against the vertical in the frontal plane",
    "tibia_sagittal_deg": "shank against the vertical in the sagittal plane, + = leans forward",
}


class Line(NamedTuple):
    """One line of a codebook, as `CODEBOOK_COLUMNS`."""

    table: str
    column: str
    unit: str
    meaning: str
    source: str


def unit_of(column: str) -> str:
    """Unit of a column, empty for words, counts and codes."""
    if column in _UNITS:
        return _UNITS[column]
    if column in _WORDS:
        return ""
    unit = next(unit for ending, unit, _ in ENDINGS if column.endswith(ending))
    for ascii_text, symbol in _SYMBOLS.items():
        unit = unit.replace(ascii_text, symbol)
    return unit


def stance_columns(*, unblind: bool = False) -> tuple[str, ...]:
    """Columns of the table of stances, in their order."""
    arm = ARM if unblind else ()
    own = (*STANCE_COLUMNS, *MORE_COLUMNS)
    return (*KEY_COLUMNS, *names(*OF_RECORDING), *own, *names(*OF_STANCE, *arm))


def codebook(*, unblind: bool = False) -> tuple[Line, ...]:
    """Every column of the tidy tables."""
    arm = ARM if unblind else ()
    said = {column.name: column for column in (*KEYS, *OF_RECORDING, *OF_STANCE, *ARM)}
    stances = [_line("stances", name, said) for name in stance_columns(unblind=unblind)]
    curves = [
        Line("curves", c, unit_of(c), _CURVES[c], "curve of the scored stance")
        if c in _CURVES
        else _line("curves", c, said)
        for c in (*KEY_COLUMNS, *CURVE_COLUMNS)
    ]
    more = (
        ("answers", ANSWERS),
        ("blocks", (*BLOCKS, *arm)),
        ("sessions", (*SESSIONS, *arm)),
    )
    others = [Line(name, *column) for name, columns in more for column in columns]
    return (*stances, *curves, *others)


def write_codebook(path: Path, lines: Iterable[Line] | None = None) -> None:
    """Write ``codebook.csv``; an existing file is an error of the caller's."""
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CODEBOOK_COLUMNS)
        writer.writerows(codebook() if lines is None else lines)


def _line(table: str, column: str, said: Mapping[str, Column]) -> Line:
    if column in said:
        return Line(table, *said[column])
    if column in _LINES:
        meaning, source = _LINES[column]
        return Line(table, column, unit_of(column), meaning, source)
    return Line(table, column, unit_of(column), *_of_variable(_BY_COLUMN[column]))


def _of_variable(variable: Variable) -> tuple[str, str]:
    needed = (
        f"needs {', '.join(variable.needs)} tracked" if variable.needs else "markers and plates"
    )
    return f"{variable.label} (feedback variable {variable.name})", needed


_BY_COLUMN = {variable.column: variable for variable in VARIABLES.values()}
