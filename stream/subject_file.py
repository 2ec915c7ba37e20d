"""``subject.toml``: one calibrated person, written by ``ekam calibrate``."""

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tomli_w
from pydantic import BaseModel, ConfigDict, Field, model_validator

from compute import PURPOSE, Check, Shank, Subject
from compute.subject import MIN_CLUSTER_SPREAD_M, cluster_spread_m
from stream.errors import EkamError
from stream.lab import Point, read_text, validate
from stream.recording import Recording

Pair = tuple[str, str]
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


class _Shank(_Table):
    tracking: Literal["cluster", "landmarks"]
    frame: str
    ajc_local_m: Point
    length_m: Annotated[float, Field(gt=0.1, lt=0.8)]
    cluster: tuple[str, ...] = ()
    local_m: tuple[Point, ...] = ()
    knee: Pair
    ankle: Pair
    axis: Pair

    @model_validator(mode="after")
    def _complete(self) -> "_Shank":
        names = (
            self.cluster if self.tracking == "cluster" else (*self.knee, *self.ankle, *self.axis)
        )
        unknown = [name for name in names if name not in PURPOSE]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a canonical marker name")
        if len({name[0] for name in names}) > 1:
            raise ValueError("markers of both legs track one shank")
        if len(self.cluster) != len(self.local_m) or len(set(self.cluster)) != len(self.cluster):
            raise ValueError("cluster and local_m must name as many different markers as points")
        points = np.array(self.local_m)
        if self.tracking == "cluster" and (
            len(points) < 3
            or cluster_spread_m(points) < MIN_CLUSTER_SPREAD_M
            or np.abs(points).max() > 1.0
        ):
            raise ValueError("the cluster needs three points, in metres, that are not in line")
        if not -1.02 * self.length_m < self.ajc_local_m[1] < -0.98 * self.length_m:
            raise ValueError("ajc_local_m does not lie length_m below the knee")
        return self


class _Check(_Table):
    name: str
    verdict: Literal["passed", "warned", "refused"]
    message: str


class _SubjectFile(_Table):
    subject: _Person
    origin: _Origin
    left: _Shank
    right: _Shank
    checks: tuple[_Check, ...] = ()

    @model_validator(mode="after")
    def _own_legs(self) -> "_SubjectFile":
        for letter, shank in (("L", self.left), ("R", self.right)):
            if (shank.cluster or shank.knee)[0][:1] != letter:
                raise ValueError("the markers of left and right are exchanged")
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
    table = validate(_SubjectFile, text, path)

    def shank(leg: _Shank) -> Shank:
        return Shank(**leg.model_dump(exclude={"frame"}))

    subject = Subject(
        **table.subject.model_dump(),
        left=shank(table.left),
        right=shank(table.right),
        checks=tuple(Check(**check.model_dump()) for check in table.checks),
    )
    return SubjectFile(subject, path, text, table.origin.lab_sha256)


def write_subject(
    path: Path,
    subject: Subject,
    *,
    recording: Recording,
    lab_sha256: str,
    from_walking: bool,
    version: str,
) -> None:
    """Write a subject file; an existing file is refused.

    Raises
    ------
    EkamError : the file exists, or cannot be written.
    """
    how = {
        "cluster": "y ankle to knee, z epicondylar axis of the calibration trial, carried by the cluster",
        "landmarks": "y ankle to knee, z medio-lateral axis, read in every frame",
    }

    def shank(leg: Shank) -> dict[str, Any]:
        return {"tracking": leg.tracking, "frame": how[leg.tracking], **asdict(leg)}

    table = {
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
        },
        "left": shank(subject.left),
        "right": shank(subject.right),
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
