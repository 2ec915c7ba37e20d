"""Readers of OpenSim's text formats: TRC (markers) and MOT / STO (forces)."""

from pathlib import Path

import numpy as np

from stream.errors import EkamError
from stream.recording import RecordedStream
from stream.source import Channel, Role, StreamInfo

OPENSIM_UNITS = {"v": ("Force", "N"), "p": ("Position", "m"), "torque_": ("Moment", "N·m")}


def read_trc(path: Path) -> tuple[RecordedStream, float]:
    """Markers of a TRC file and the printed time of its first frame, s.

    Blank cells are missing markers. Printed times are often rounded: the stamps are frame / DataRate
    wherever the printed times agree with that to their last digit.

    Raises
    ------
    EkamError : not a TRC file, or its rows do not fit its header.
    """
    lines = _lines(path)
    try:
        keys, settings = lines[1].split("\t"), lines[2].split("\t")
        header = dict(
            zip((key.strip() for key in keys), (v.strip() for v in settings), strict=False)
        )
        rate_hz, unit = float(header["DataRate"]), header["Units"]
        names = [name.strip() for name in lines[3].rstrip("\r\n").split("\t")[2::3]]
        names = [name for name in names if name]
    except (IndexError, KeyError, ValueError):
        raise EkamError(
            f"{path.name} is not a TRC file: its header has no DataRate, Units or names"
        ) from None
    rows = []
    for number, line in enumerate(lines[5:], 6):
        cells = line.rstrip("\r\n").split("\t")
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [
                float(cell) if cell.strip() else np.nan for cell in cells[1 : 2 + 3 * len(names)]
            ]
        except ValueError:
            raise EkamError(f"{path.name}, line {number}: a cell is not a number") from None
        rows.append(row + [np.nan] * (1 + 3 * len(names) - len(row)))
    if len(rows) < 2:
        raise EkamError(f"{path.name} holds no frames")
    table = np.array(rows)
    channels = tuple(
        Channel(f"{name}_{axis}", unit, f"Position{axis}", name) for name in names for axis in "XYZ"
    )
    info = StreamInfo(Role.MARKERS, path.stem, "Mocap", channels, rate_hz, f"ekam-file-{path.name}")
    stamps, start_s = _stamps(table[:, 0], rate_hz, path)
    return RecordedStream(info, stamps, np.ascontiguousarray(table[:, 1:])), start_s


def read_mot(path: Path) -> tuple[RecordedStream, float]:
    """Forces of a MOT or STO file and the printed time of its first row, s.

    Columns named as OpenSim does (``..._vx``, ``..._px``, ``..._torque_x``) are in N, m and N·m.

    Raises
    ------
    EkamError : no ``endheader``, no ``time`` column, or a row that does not fit.
    """
    lines = _lines(path)
    end = next((i for i, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None or end + 2 >= len(lines):
        raise EkamError(f"{path.name} is not a MOT or STO file: it has no endheader line")
    labels = lines[end + 1].split()
    if not labels or labels[0].lower() != "time":
        raise EkamError(f"{path.name}: the first column is not time")
    try:
        table = np.array(
            [[float(cell) for cell in line.split()] for line in lines[end + 2 :] if line.strip()]
        )
    except ValueError:
        raise EkamError(
            f"{path.name}: a row holds something that is not a number, or is cut short"
        ) from None
    if table.ndim != 2 or table.shape[1] != len(labels) or len(table) < 2:
        raise EkamError(
            f"{path.name}: its rows do not have the {len(labels)} columns of its header"
        )
    rate_hz = round((len(table) - 1) / (table[-1, 0] - table[0, 0]), 3)
    channels = tuple(_mot_channel(label) for label in labels[1:])
    info = StreamInfo(Role.FORCES, path.stem, "Force", channels, rate_hz, f"ekam-file-{path.name}")
    stamps, start_s = _stamps(table[:, 0], rate_hz, path)
    return RecordedStream(info, stamps, np.ascontiguousarray(table[:, 1:])), start_s


def _mot_channel(label: str) -> Channel:
    for mark, (kind, unit) in OPENSIM_UNITS.items():
        for axis in "xyz":
            if label.endswith(f"_{mark}{axis}"):
                return Channel(
                    label, unit, f"{kind}{axis.upper()}", label[: -len(f"_{mark}{axis}")]
                )
    return Channel(label)


def _stamps(printed_s: np.ndarray, rate_hz: float, path: Path) -> tuple[np.ndarray, float]:
    """Stamps from zero, and the printed start."""
    if not np.all(np.diff(printed_s) > 0.0):
        raise EkamError(f"{path.name}: its times do not increase")
    even = np.arange(len(printed_s)) / rate_hz
    start_s = float(printed_s[0])
    rounded = np.abs(printed_s - start_s - even).max() < 1e-3
    return (even if rounded else printed_s - start_s), start_s


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        raise EkamError(f"there is no file {path}") from None
    except OSError as error:
        raise EkamError(f"{path} cannot be read: {error}") from None
