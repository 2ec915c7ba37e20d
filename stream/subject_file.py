"""``subject.toml``: one calibrated person, written by ``ekam calibrate``."""

import hashlib
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tomli_w
from pydantic import BaseModel, ConfigDict, Field, model_validator

from compute import PURPOSE, Check, Shank, Side, Subject
from compute.inertia import InertiaModel
from compute.joint_centres import HipCentre
from compute.subject import (
    MIN_CLUSTER_SPREAD_M,
    Leg,
    Point,
    Segment,
    SegmentInertia,
    cluster_spread_m,
)
from stream.errors import EkamError
from stream.lab import Model, read_text, validate
from stream.recording import Recording

Pair = tuple[str, str]
LAYOUT = 2
"""Raised when a file of an older version cannot be read any more."""
CARRIED = {
    "pelvis": {"MID", "LHJC", "RHJC"},
    "thigh": {"KJC"},
    "foot": {"HEE", "MT1", "TOE", "MT5"},
    "trunk": {"TOP"},
}
"""Points that a segment carries."""
HOW = {
    "cluster": "y ankle to knee, z epicondylar axis of the calibration trial, carried by the cluster",
    "landmarks": "y ankle to knee, z medio-lateral axis, read in every frame",
}
"""What the tibia frame is, for a reader of the file."""
ID_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Person(_Table):
    id: Annotated[str, Field(pattern=ID_PATTERN)]
    body_mass_kg: Annotated[float, Field(ge=10.0, le=300.0)]
    height_m: Annotated[float, Field(ge=0.8, le=2.5)]
    sex: Literal["f", "m"]


class _Origin(_Table):
    recording: str
    recording_sha256: str
    lab_sha256: str
    from_walking: bool
    ekam_version: str
    hip_centre: HipCentre
    inertia: InertiaModel


def _check_cluster(names: tuple[str, ...], points: tuple[Point, ...]) -> None:
    """As many different markers as points, three or more of them, in metres, not in line."""
    if len(names) != len(points) or len(set(names)) != len(names):
        raise ValueError("cluster and local_m must name as many different markers as points")
    at_m = np.array(points)
    if len(at_m) < 3 or cluster_spread_m(at_m) < MIN_CLUSTER_SPREAD_M or np.abs(at_m).max() > 1.0:
        raise ValueError("the cluster needs three points, in metres, that are not in line")


def _check_names(names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in PURPOSE]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a canonical marker name")


class _Shank(_Table):
    tracking: Literal["cluster", "landmarks"]
    frame: str
    ajc_local_m: Point
    length_m: Annotated[float, Field(gt=0.1, lt=0.8)]
    cluster: tuple[str, ...] = ()
    local_m: tuple[Point, ...] = ()
    knee: Pair = ("", "")
    ankle: Pair = ("", "")
    axis: Pair = ("", "")

    @model_validator(mode="after")
    def _complete(self) -> "_Shank":
        landmarks = tuple(name for name in (*self.knee, *self.ankle, *self.axis) if name)
        _check_names((*self.cluster, *landmarks))
        if len({name[0] for name in (*self.cluster, *landmarks)}) > 1:
            raise ValueError("markers of both legs track one shank")
        if self.tracking == "landmarks" and len(landmarks) < 6:
            raise ValueError("tracking by landmarks needs knee, ankle and axis")
        if self.tracking == "cluster" or self.cluster or self.local_m:
            _check_cluster(self.cluster, self.local_m)
        if not -1.02 * self.length_m < self.ajc_local_m[1] < -0.98 * self.length_m:
            raise ValueError("ajc_local_m does not lie length_m below the knee")
        return self


class _Segment(_Table):
    cluster: tuple[str, ...]
    local_m: tuple[Point, ...]
    points_m: dict[str, Point] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "_Segment":
        _check_names(self.cluster)
        _check_cluster(self.cluster, self.local_m)
        if self.points_m and np.abs(np.array(list(self.points_m.values()))).max() > 1.0:
            raise ValueError("a point lies more than a metre from the segment's origin")
        return self

    def segment(self) -> Segment:
        return Segment(self.cluster, self.local_m, dict(self.points_m))


class _Inertia(_Table):
    mass_kg: Annotated[float, Field(ge=0.0, le=100.0)]
    com_m: Point
    inertia_kg_m2: tuple[Point, Point, Point]

    @model_validator(mode="after")
    def _possible(self) -> "_Inertia":
        tensor = np.array(self.inertia_kg_m2)
        if not np.allclose(tensor, tensor.T) or np.linalg.eigvalsh(tensor).min() < -1e-9:
            raise ValueError("inertia_kg_m2 is not symmetric with moments of zero or more")
        return self


class _Leg(_Table):
    shank: _Shank
    thigh: _Segment | None = None
    foot: _Segment | None = None
    thigh_inertia: _Inertia
    shank_inertia: _Inertia
    foot_inertia: _Inertia

    def markers(self) -> set[str]:
        """Names that begin with the side's letter."""
        used = {*self.shank.cluster, *self.shank.knee, *self.shank.ankle, *self.shank.axis} - {""}
        return used.union(*(s.cluster for s in (self.thigh, self.foot) if s is not None))

    def leg(self) -> Leg:
        def inertia(part: _Inertia) -> SegmentInertia:
            return SegmentInertia(part.mass_kg, part.com_m, part.inertia_kg_m2)

        return Leg(
            Shank(**self.shank.model_dump(exclude={"frame"})),
            foot_inertia=inertia(self.foot_inertia),
            shank_inertia=inertia(self.shank_inertia),
            thigh_inertia=inertia(self.thigh_inertia),
            foot=self.foot.segment() if self.foot else None,
            thigh=self.thigh.segment() if self.thigh else None,
        )


class _Check(_Table):
    name: str
    verdict: Literal["passed", "warned", "refused"]
    message: str


class _SubjectFile(_Table):
    layout: Literal[2]
    trunk_top: tuple[str, ...] = ()
    subject: _Person
    origin: _Origin
    pelvis: _Segment | None = None
    trunk: _Segment | None = None
    left: _Leg
    right: _Leg
    checks: tuple[_Check, ...] = ()

    @model_validator(mode="after")
    def _own_legs(self) -> "_SubjectFile":
        for letter, leg in (("L", self.left), ("R", self.right)):
            if {name[:1] for name in leg.markers()} != {letter}:
                raise ValueError("the markers of left and right are exchanged")
        return self

    @model_validator(mode="after")
    def _known_points(self) -> "_SubjectFile":
        _check_names(self.trunk_top)
        parts = [("pelvis", self.pelvis), ("trunk", self.trunk)]
        for leg in (self.left, self.right):
            parts += [("thigh", leg.thigh), ("foot", leg.foot)]
        for name, segment in parts:
            unknown = set(segment.points_m) - CARRIED[name] if segment else set()
            if unknown:
                raise ValueError(f"the {name} carries no point {sorted(unknown)[0]!r}")
        return self


@dataclass(frozen=True)
class SubjectFile:
    """A subject with the text it was read from, which a session keeps verbatim."""

    subject: Subject
    path: Path
    text: str
    lab_sha256: str

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def check_id(text: str) -> None:
    """Refuse a pseudonym that is not one plain word (it becomes part of a folder's name)."""
    if not re.fullmatch(ID_PATTERN, text):
        raise EkamError(
            f"--id {text!r} is not a pseudonym: use up to 64 letters, digits, dots, dashes, underscores"
        )


def _hash(recording: Recording) -> str:
    """Hash of the file, or of the numbers where the trial was recorded live."""
    if recording.path.is_file():
        return hashlib.sha256(recording.path.read_bytes()).hexdigest()
    return hashlib.sha256(recording.markers.values.tobytes()).hexdigest()


def read_subject(path: Path) -> SubjectFile:
    """Read and check a subject file.

    Raises
    ------
    EkamError : the file is missing or does not hold a calibrated subject.
    """
    text = read_text(path, "subject file")
    _refuse_old(text, path)
    table = validate(_SubjectFile, text, path)
    subject = Subject(
        **table.subject.model_dump(),
        left=table.left.leg(),
        right=table.right.leg(),
        pelvis=table.pelvis.segment() if table.pelvis else None,
        trunk=table.trunk.segment() if table.trunk else None,
        trunk_top=table.trunk_top,
        checks=tuple(Check(**check.model_dump()) for check in table.checks),
    )
    return SubjectFile(subject, path, text, table.origin.lab_sha256)


def _refuse_old(text: str, path: Path) -> None:
    """A file of another layout is not half understood."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # said by `validate`
    if "subject" in table and table.get("layout") != LAYOUT:
        raise EkamError(
            f"{path} was written by another version of this program (layout {table.get('layout', 1)}, not "
            f"{LAYOUT}): run `ekam calibrate` again on its static trial"
        )


def write_subject(
    path: Path,
    subject: Subject,
    *,
    recording: Recording,
    lab_sha256: str,
    from_walking: bool,
    version: str,
    model: Model | None = None,
) -> None:
    """Write a subject file; an existing file is refused.

    Parameters
    ----------
    model : formulas that the lab file chose; None for their defaults.

    Raises
    ------
    EkamError : the file exists, or cannot be written.
    """
    model = model or Model()
    table: dict[str, Any] = {
        "layout": LAYOUT,
        **({"trunk_top": subject.trunk_top} if subject.trunk_top else {}),
        "subject": {
            "id": subject.id,
            "body_mass_kg": subject.body_mass_kg,
            "height_m": subject.height_m,
            "sex": subject.sex,
        },
        "origin": {
            "recording": recording.path.name,
            "recording_sha256": _hash(recording),
            "lab_sha256": lab_sha256,
            "from_walking": from_walking,
            "ekam_version": version,
            "hip_centre": model.hip_centre,
            "inertia": model.inertia,
        },
        **_there(pelvis=subject.pelvis, trunk=subject.trunk),
        **{side.word: _leg_table(subject.leg(side)) for side in Side},
        "checks": [asdict(check) for check in subject.checks],
    }
    text = tomli_w.dumps(table)
    validate(_SubjectFile, text, path)  # what is written can be read
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise EkamError(
            f"{path} exists and is not overwritten: choose another name with -o"
        ) from None
    except OSError as error:
        raise EkamError(f"{path} cannot be written: {error}") from None


def _there(**parts: Segment | None) -> dict[str, dict[str, Any]]:
    return {name: asdict(part) for name, part in parts.items() if part is not None}


def _leg_table(leg: Leg) -> dict[str, Any]:
    shank = {"frame": HOW[leg.shank.tracking], **asdict(leg.shank)}
    # An empty pair is a joint centre that no landmarks tell.
    shank = {key: value for key, value in shank.items() if value not in (("", ""), ())}
    return {
        "shank": shank,
        **_there(thigh=leg.thigh, foot=leg.foot),
        "thigh_inertia": asdict(leg.thigh_inertia),
        "shank_inertia": asdict(leg.shank_inertia),
        "foot_inertia": asdict(leg.foot_inertia),
    }
