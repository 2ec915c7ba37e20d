"""Where all markers and loads are right now, for a picture: known markers by name, the others by label."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute import Side
from compute.plates import centre_of_pressure_m
from stream.body_checks import LOADED_N
from stream.channel_names import find_markers, marker_channels
from stream.check_plates import corners_lab_m
from stream.errors import EkamError
from stream.lab import Lab
from stream.mapping import PlateMap
from stream.source import Role, StreamInfo
from stream.units import LENGTH, factor


@dataclass(frozen=True)
class PlatePicture:
    """One plate now.

    Attributes
    ----------
    number : in the lab file. corners_m : shape (4, 3), lab; None where nobody states them.
    up_n : vertical load. cop_m : centre of pressure, shape (3,), lab; None while hardly loaded.
    """

    number: int
    side: Side
    up_n: float
    cop_m: np.ndarray | None
    corners_m: np.ndarray | None


@dataclass(frozen=True)
class Picture:
    """Everything at one instant, lab frame.

    Attributes
    ----------
    labels : of every marker of the stream. names : their canonical names, empty where unknown.
    at_m : shape (markers, 3), m, NaN = missing.
    """

    labels: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    at_m: np.ndarray
    plates: tuple[PlatePicture, ...] = ()
    fault: str = ""


class PictureMaker:
    """Makes pictures of the streams described by `infos` as a laboratory reads them."""

    def __init__(self, infos: Mapping[Role, StreamInfo], lab: Lab) -> None:
        info = infos[Role.MARKERS]
        groups = marker_channels(info.channels)
        self._columns = np.array([group.columns for group in groups], dtype=np.intp).reshape(-1, 3)
        self._valid = np.array([group.valid for group in groups], dtype=np.intp)
        units = [
            info.channels[group.columns[0]].unit if lab.markers.unit == "auto" else lab.markers.unit
            for group in groups
        ]
        self._to_m = np.array([factor(unit, LENGTH) or 1.0 for unit in units])
        self._r = lab.axes.r_lab_from_capture()
        found, _ = find_markers(info.channels, lab.markers.labels())
        by_columns: dict[tuple[int, int, int], list[str]] = {}
        for name, group in found.items():
            by_columns.setdefault(group.columns, []).append(name)
        self._labels = tuple(group.name for group in groups)
        self._names = tuple(tuple(by_columns.get(group.columns, ())) for group in groups)
        self._lab, self._plates, self.fault = lab, None, ""
        self._corners: list[np.ndarray | None] = []
        if lab.plates:
            try:
                self._plates = PlateMap(infos[Role.FORCES], lab)
                self._corners = [
                    corners_lab_m(infos[Role.FORCES], lab, number)
                    for number in range(1, len(lab.plates) + 1)
                ]
            except EkamError as error:
                self.fault = str(error)

    def picture(self, marker_row: np.ndarray, force_rows: np.ndarray) -> Picture:
        """Picture of one marker frame, shape (channels,), and some force samples, shape (n, channels)."""
        at = marker_row[self._columns]
        missing = (at == 0.0).all(axis=1) | np.isnan(at).any(axis=1)
        validity = np.where(self._valid >= 0, marker_row[self._valid], 1.0)
        missing |= ~(validity > 0.0)
        at_m = (at * self._to_m[:, None]) @ self._r.T
        at_m[missing] = np.nan
        return Picture(self._labels, self._names, at_m, self._loads(force_rows), self.fault)

    def _loads(self, rows: np.ndarray) -> tuple[PlatePicture, ...]:
        if self._plates is None or not len(rows):
            return ()
        plates = []
        for number, plate in enumerate(self._lab.plates, 1):
            wrench = np.mean(self._plates.apply_one(number, rows), axis=0)
            corners = self._corners[number - 1]
            cop_m = None
            if abs(wrench[1]) > LOADED_N:
                height = 0.0 if corners is None else float(corners[:, 1].mean())
                cop_m = centre_of_pressure_m(wrench, height)
            side = Side[plate.side.upper()]
            plates.append(PlatePicture(number, side, float(wrench[1]), cop_m, corners))
        return tuple(plates)
