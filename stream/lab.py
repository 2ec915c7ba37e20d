"""``lab.toml``: one laboratory.

Every key is checked: an unknown one, a wrong type or a value out of range is refused with its place in
the file.
"""

import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from compute import PURPOSE, ContactThresholds, Settings
from compute.feedback import Display, Sound, Target, target_for
from compute.inertia import InertiaModel
from compute.joint_centres import HipCentre
from compute.variables import Mode
from stream.errors import EkamError
from stream.lsl import StreamQuery
from stream.marker_sets import PRESETS
from stream.publishers import FORCE_PUBLISHERS, MARKER_PUBLISHERS, with_publisher
from stream.units import FORCE, LENGTH, MOMENT, factor

Axis = Literal["x", "y", "z", "+x", "+y", "+z", "-x", "-y", "-z"]
Point = tuple[float, float, float]
T = TypeVar("T", bound=BaseModel)


class _Table(BaseModel):
    """A table of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Axes(_Table):
    """Which capture axes point forward (walking direction), up, and to the walker's right."""

    forward: Axis
    up: Axis
    right: Axis

    @model_validator(mode="after")
    def _right_handed(self) -> "Axes":
        if not np.isclose(np.linalg.det(self.r_lab_from_capture()), 1.0):
            raise ValueError(
                f"forward {self.forward}, up {self.up}, right {self.right} are not a right-handed set of "
                "three different axes: forward cross up must be right"
            )
        return self

    def r_lab_from_capture(self) -> np.ndarray:
        """Rotation that takes capture coordinates to the lab frame, shape (3, 3)."""
        rows = []
        for axis in (self.forward, self.up, self.right):
            row = np.zeros(3)
            row["xyz".index(axis[-1])] = -1.0 if axis[0] == "-" else 1.0
            rows.append(row)
        return np.array(rows)


class StreamTable(_Table):
    """Which LSL stream to take: type, and name, source_id or host where the type is not enough."""

    type: str
    name: str = ""
    source_id: str = ""
    hostname: str = ""


class Markers(_Table):
    """The marker stream.

    `publisher` names a known one (`stream.publishers`), whose stream is looked for; keys of `stream` win.
    """

    publisher: str = ""
    stream: StreamTable = StreamTable(type="Mocap")
    unit: Literal["auto", "m", "cm", "mm"] = "auto"
    preset: str = "canonical"
    names: dict[str, str] = Field(default_factory=dict)
    rate_hz: Annotated[float, Field(gt=20.0, le=2000.0)] | None = None
    device_delay_s: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _of_publisher(cls, table: Any) -> Any:
        return with_publisher(table, MARKER_PUBLISHERS)

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, value: str) -> str:
        if value not in PRESETS:
            raise ValueError(f"there is no preset {value!r}; there are {', '.join(PRESETS)}")
        return value

    @field_validator("names")
    @classmethod
    def _known_names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in PURPOSE:
                raise ValueError(
                    f'{name!r} is not a canonical marker name; write canonical = "label in the stream", '
                    f'e.g. RKNE = "{value[name]}"'
                )
        return value

    def labels(self) -> dict[str, str]:
        """Canonical name -> label in the stream."""
        return {**PRESETS[self.preset], **self.names}


class Forces(_Table):
    """The force stream and its units; `publisher` as for the markers."""

    publisher: str = ""
    stream: StreamTable = StreamTable(type="Force")
    force_unit: str = "auto"
    moment_unit: str = "auto"
    length_unit: str = "auto"
    rate_hz: Annotated[float, Field(gt=20.0, le=20000.0)] | None = None
    device_delay_s: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _of_publisher(cls, table: Any) -> Any:
        return with_publisher(table, FORCE_PUBLISHERS)

    @model_validator(mode="after")
    def _units(self) -> "Forces":
        for text, table in (
            (self.force_unit, FORCE), (self.moment_unit, MOMENT), (self.length_unit, LENGTH)
        ):  # fmt: skip
            if text != "auto" and factor(text, table) is None:
                raise ValueError(f"unit {text!r} is not known; there are {', '.join(table)}")
        return self


class Plate(_Table):
    """One force plate (or belt) and the foot it carries.

    Exactly one of `index` (geometry and channels as the file or the stream header describes plate
    number `index`; `corners_m`, `origin_m` and `acts_on` stand in where it describes no geometry),
    `wrench` (six channels about the plate's own origin, with `corners_m` and `origin_m`) or `force`
    (with `cop` and `free_moment`, already in capture axes) is given.
    """

    side: Literal["left", "right"]
    index: Annotated[int, Field(ge=1, le=16)] | None = None
    wrench: tuple[str, str, str, str, str, str] | None = None
    corners_m: tuple[Point, Point, Point, Point] | None = None
    origin_m: Point | None = None
    acts_on: Literal["foot", "plate"] = "foot"
    force: tuple[str, str, str] | None = None
    cop: tuple[str, str, str] | None = None
    free_moment: tuple[str, str, str] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Plate":
        kinds = [k for k in ("index", "wrench", "force") if getattr(self, k) is not None]
        if len(kinds) != 1:
            raise ValueError(
                "a plate needs exactly one of index (as the file describes it), wrench (six channels) or "
                "force (with cop and free_moment)"
            )
        if (self.corners_m is None) != (self.origin_m is None):
            raise ValueError("corners_m and origin_m belong together: give both or none")
        if self.index and self.corners_m is None and self.acts_on != "foot":
            raise ValueError(
                "a plate given by index takes its sign from its description: where there is none, give "
                "corners_m and origin_m beside acts_on"
            )
        if self.wrench and (self.corners_m is None or self.origin_m is None):
            raise ValueError("a plate given by wrench needs corners_m and origin_m")
        if self.force and (self.cop is None or self.free_moment is None):
            raise ValueError("a plate given by force needs cop and free_moment")
        return self


class Filter(_Table):
    """Cut-off frequencies: of the scored value (zero-lag) and of the live trace (causal)."""

    scored_hz: Annotated[float, Field(ge=2.0, le=50.0)] = 6.0
    live_hz: Annotated[float, Field(ge=2.0, le=50.0)] = 10.0


class Events(_Table):
    """Thresholds of stance detection; `rezero`: take off what an unloaded plate reads."""

    rezero: bool = True
    on_n: Annotated[float, Field(ge=5.0, le=200.0)] = 50.0
    off_n: Annotated[float, Field(ge=5.0, le=200.0)] = 20.0
    on_min_s: Annotated[float, Field(ge=0.005, le=0.2)] = 0.03
    off_min_s: Annotated[float, Field(ge=0.005, le=0.2)] = 0.05

    @model_validator(mode="after")
    def _ordered(self) -> "Events":
        if self.on_n < self.off_n:
            raise ValueError("on_n must not be below off_n")
        return self


class Feedback(_Table):
    """What the walker is shown: a variable of `compute.variables` and its band.

    `low` and `high` are % of the leg's own baseline, or a difference to it or the value itself in the
    unit shown (`mode`); what is not given is the variable's default.
    """

    variable: str = Target.variable
    mode: Mode | None = None
    low: float | None = None
    high: float | None = None
    baseline_stances: Annotated[int, Field(ge=1, le=200)] = 30

    @model_validator(mode="after")
    def _makes_a_target(self) -> "Feedback":
        self.target()
        return self

    def target(self, chosen: str = "") -> Target:
        """The band; another variable than the file's has its default band.

        Raises
        ------
        ValueError : no such variable, or a band that cannot be.
        """
        if chosen and chosen != self.variable:
            return target_for(chosen, baseline_stances=self.baseline_stances)
        return target_for(
            self.variable,
            mode=self.mode,
            low=self.low,
            high=self.high,
            baseline_stances=self.baseline_stances,
        )


class DisplayTable(_Table):
    """What the walker sees and hears when a session starts; the operator can change it at any time.

    `sound`: a tone with the verdict of a step, `inside` for those in the band alone. `screen`: name of the
    walker's screen, or a part of it. `photodiode`: corner of a patch that turns with every new value.
    """

    picture: Display = "bar"
    sound: Sound = "off"
    screen: str = ""
    photodiode: Literal["", "top-left", "top-right", "bottom-left", "bottom-right"] = ""


class Model(_Table):
    """The body model that `ekam calibrate` builds.

    `tracking`: how the shank is followed, `auto` takes a cluster where there is one. `hip_centre`: formula
    of `compute.joint_centres`. `inertia`: table of `compute.inertia`.
    """

    tracking: Literal["auto", "cluster", "landmarks"] = "auto"
    hip_centre: HipCentre = "harrington"
    inertia: InertiaModel = "dumas"


class Lab(_Table):
    """One laboratory, as ``lab.toml`` states it."""

    name: str
    axes: Axes
    markers: Markers = Markers()
    forces: Forces = Forces()
    plates: tuple[Plate, ...] = ()
    filter: Filter = Filter()
    events: Events = Events()
    model: Model = Model()
    feedback: Feedback = Feedback()
    display: DisplayTable = DisplayTable()

    @model_validator(mode="after")
    def _plates_differ(self) -> "Lab":
        taken: set[str | int] = set()
        for number, plate in enumerate(self.plates, 1):
            used = [plate.index, *(plate.wrench or ()), *(plate.force or ()), *(plate.cop or ()),
                    *(label for label in plate.free_moment or ())]  # fmt: skip
            for each in (each for each in used if each is not None):
                if each in taken:
                    raise ValueError(f"plate {number} uses {each!r}, which is used already")
                taken.add(each)
        return self

    def queries(self) -> tuple[StreamQuery, StreamQuery]:
        """Which LSL streams to look for: markers, forces."""
        markers, forces = (
            StreamQuery(**table.stream.model_dump()) for table in (self.markers, self.forces)
        )
        return markers, forces

    def target(self, chosen: str = "") -> Target:
        """What the walker is aimed at: the lab file's, or the default of the variable `chosen`.

        Raises
        ------
        EkamError : there is no such variable.
        """
        try:
            return self.feedback.target(chosen)
        except ValueError as error:
            raise EkamError(str(error)) from None

    def settings(self) -> Settings:
        """Engine settings of this laboratory."""
        return Settings(
            filter_hz=self.filter.scored_hz,
            live_filter_hz=self.filter.live_hz,
            contact=ContactThresholds(**self.events.model_dump(exclude={"rezero"})),
            rezero=self.events.rezero,
        )


@dataclass(frozen=True)
class LabFile:
    """A laboratory with the text it was read from, which a session keeps verbatim."""

    lab: Lab
    path: Path
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_lab(path: Path) -> LabFile:
    """Read and check a laboratory file.

    Raises
    ------
    EkamError : the file is missing, not TOML, or a key or value is wrong; all faults are named.
    """
    text = read_text(path, "lab file")
    return LabFile(validate(Lab, text, path), path, text)


def read_text(path: Path, what: str) -> str:
    """Text of a configuration file, or an `EkamError` naming it."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise EkamError(f"there is no {what} {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise EkamError(f"the {what} {path} cannot be read: {error}") from None


def validate(model: type[T], text: str, path: Path) -> T:
    """Check TOML text against a model; every fault is named with its place."""
    try:
        # By way of JSON: there a list may stand for a tuple while types stay strict ("6" is no number).
        table = json.dumps(tomllib.loads(text.removeprefix("\ufeff")), default=str)
        return model.model_validate_json(table)
    except tomllib.TOMLDecodeError as error:
        raise EkamError(f"{path.name} is not valid TOML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise EkamError(f"{path.name}: {faults}") from None


def _fault(fault: Any) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(fault["loc"][-1]), sorted(_keys()), n=1)
        return f"the key {place!r} is not known" + (f"; did you mean {near[0]!r}?" if near else "")
    if fault["type"] == "missing":
        return f"the key {place!r} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _keys() -> set[str]:
    return {key for table in _Table.__subclasses__() for key in table.model_fields}
