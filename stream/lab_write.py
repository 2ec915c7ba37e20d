"""A laboratory as the text of a ``lab.toml``, and onto the disk: read back before it is kept."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel

from compute import PURPOSE
from stream.errors import EkamError
from stream.lab import Events, Feedback, Filter, Forces, Lab, LabFile, Markers, Model, read_lab

_WHY = {
    "unit": "m, cm, mm, or auto: as the stream says",
    "preset": "canonical, vicon, qualisys, hbm or opensim",
    "rate_hz": "samples per second: the stream declares none, or another",
    "device_delay_s": "by which the stamps lag the event",
    "force_unit": "N, kN, or auto: as the stream says",
    "moment_unit": "Nm, Nmm, or auto: as the stream says",
    "length_unit": "of the centre of pressure",
    "index": "number of the plate in the stream",
    "corners_m": "capture axes; quadrants +x+y, -x+y, -x-y, +x-y of the plate's own axes",
    "origin_m": "from the transducer to the middle of the surface, the plate's own axes",
    "acts_on": "whether the numbers are the load on the foot or on the plate",
    "variable": "what the walker is shown",
    "baseline_stances": "valid stances of a leg before feedback begins",
}
"""Comments, each written beside its key."""


def lab_text(lab: Lab) -> str:
    """Text of a laboratory file that reads back as `lab`; what is as by default is mostly left out."""
    lines = [
        "# Laboratory file of ekam: one laboratory, read by `ekam check`, `calibrate` and `live`.",
        _line("name", lab.name),
        "",
        "# Which axis of the capture system points forward (walking direction), up, and right.",
        f"axes = {_inline(lab.axes.model_dump())}",
        "",
        "[markers]",
        *_stream_lines(lab.markers, Markers()),
    ]
    if lab.markers.names:
        lines += ["", '[markers.names] # canonical = "label in the stream"']
        lines += [_line(name, label, PURPOSE[name]) for name, label in lab.markers.names.items()]
    lines += ["", "[forces]", *_stream_lines(lab.forces, Forces())]
    for plate in lab.plates:
        lines += ["", "[[plates]]"]
        given = plate.model_dump(exclude_none=True)
        lines += [_line(key, value) for key, value in given.items() if _said(key, given)]
    for name, default in (
        ("filter", Filter()), ("events", Events()), ("model", Model()), ("feedback", Feedback())
    ):  # fmt: skip
        changed = list(_changed(getattr(lab, name), default))
        if name == "feedback" and "variable" not in dict(changed):
            changed.insert(0, ("variable", lab.feedback.variable))
        if changed:
            lines += ["", f"[{name}]", *(_line(key, value) for key, value in changed)]
    return "\n".join(lines) + "\n"


def write_lab(path: Path, lab: Lab, *, replace: bool = False) -> LabFile:
    """Write a laboratory file, whole or not at all; it is read back before it takes its name.

    Parameters
    ----------
    replace : take the name of an existing file, which is kept as `set_aside` says.

    Raises
    ------
    EkamError : it exists (and `replace` is not said) or cannot be written.
    """
    if path.exists() and not replace:
        raise EkamError(f"{path} exists and is not overwritten: choose another name")
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(lab_text(lab), encoding="utf-8")
        if read_lab(draft).lab != lab:
            raise EkamError(f"{path} was not written: what was written does not read back the same")
        if path.exists():
            set_aside(path)
        os.replace(draft, path)
    except OSError as error:
        raise EkamError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            draft.unlink()
    return read_lab(path)


def set_aside(path: Path) -> Path:
    """Give an existing file the first free name of ``lab_old1.toml``, ``lab_old2.toml`` …; returns it."""
    number = 1
    while (aside := path.with_name(f"{path.stem}_old{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _stream_lines(table: Markers | Forces, default: Markers | Forces) -> Iterator[str]:
    stream = {key: value for key, value in table.stream.model_dump().items() if value}
    if table.publisher:
        yield _line("publisher", table.publisher)
    yield f"stream = {_inline(stream)} # LSL query; name, source_id or hostname where several streams fit"
    for key, value in table.model_dump(exclude={"stream", "names", "publisher"}).items():
        if key in ("unit", "preset", "force_unit", "moment_unit") or value != getattr(default, key):
            yield _line(key, value)


def _said(key: str, given: Mapping[str, Any]) -> bool:
    """`acts_on` stands only beside the geometry or the channels that it belongs to."""
    return key != "acts_on" or "corners_m" in given or "force" in given


def _changed(table: BaseModel, default: BaseModel) -> Iterator[tuple[str, Any]]:
    for key, value in table:
        if value != getattr(default, key) and value is not None:
            yield key, value


def _line(key: str, value: Any, why: str = "") -> str:
    text = f"{key} = {_value(value)}"
    why = why or _WHY.get(key, "")
    return f"{text} # {why}" if why else text


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()


def _inline(table: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in table.items()) + " }"
