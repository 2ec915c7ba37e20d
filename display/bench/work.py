"""What is measured on: the synthetic walker, with as many markers, plates and samples as asked for."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from stream.recording import RecordedStream, Recording
from stream.source import Channel, Role
from stream.synthetic import Noise, synthesise, whole_strides, with_noise
from stream.synthetic_parameters import WalkParameters

REPLAY = "the walker of `ekam bench`"
"""What the published streams say that they replay: no live session takes them."""
PLATE_CHANNELS = 6
_STRIDES = 21


@dataclass(frozen=True)
class Size:
    """How much is streamed.

    Attributes
    ----------
    markers : all of them; those that the walker does not wear are sent and not used.
    plates : likewise beyond two.
    """

    markers: int = 60
    marker_hz: float = 200.0
    plates: int = 2
    force_hz: float = 1000.0
    cadence_steps_per_min: float = 120.0

    def text(self) -> str:
        """As one JSON object."""
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str) -> "Size":
        """What `text` wrote."""
        return Size(**json.loads(text))


def walk(size: Size) -> Recording:
    """About 20 s of the walker with measurement noise, which repeat without a seam."""
    who = replace(WalkParameters(), cadence_steps_per_min=size.cadence_steps_per_min)
    strides = whole_strides(who, _STRIDES, size.marker_hz, size.force_hz)
    trial = synthesise(who, strides, marker_rate_hz=size.marker_hz, force_rate_hz=size.force_hz)
    recording = with_noise(trial, Noise()).recording
    assert recording.forces is not None
    markers = _more(
        recording.markers, 3 * size.markers, "m", lambda i: (f"X{i // 3}", "XYZ"[i % 3])
    )
    forces = _more(
        recording.forces,
        PLATE_CHANNELS * size.plates,
        "N",
        lambda i: (f"Extra{i // 6}", "xyzabc"[i % 6]),
    )
    return replace(recording, markers=markers, forces=forces)


def _more(
    stream: RecordedStream, n: int, unit: str, name: Callable[[int], tuple[str, str]]
) -> RecordedStream:
    """The stream with further channels, that repeat its own, until there are `n`."""
    own = len(stream.info.channels)
    channels = list(stream.info.channels)
    for i in range(own, n):
        label, axis = name(i)
        channels.append(Channel(f"{label}_{axis}", unit, "", label))
    columns = np.concatenate([np.arange(own), np.arange(max(n - own, 0)) % own])
    info = replace(stream.info, channels=tuple(channels), replay=REPLAY)
    return RecordedStream(info, stream.stamps_s, np.ascontiguousarray(stream.values[:, columns]))


def source_id(role: Role) -> str:
    """Of the published stream."""
    return f"ekam-bench-{role.value}"


def save(path: Path | str, found: Mapping[str, np.ndarray]) -> None:
    """Hand arrays to the process that asked for them."""
    given: dict[str, Any] = dict(found)
    np.savez(path, **given)


def set_at_end_of_input(over: Event) -> None:
    """Set `over` when the process that started this one is done with it, or gone."""

    def wait() -> None:
        sys.stdin.read()
        over.set()

    Thread(target=wait, daemon=True).start()


def lab_and_subject(folder: Path) -> tuple[Path, Path]:
    """Copies of the walker's own lab and subject file, with a shorter baseline."""
    lab, subject = folder / "synthetic_lab.toml", folder / "synthetic_subject.toml"
    for path in (lab, subject):
        text = files("replay_data").joinpath(path.name).read_text(encoding="utf-8")
        path.write_text(text.replace("baseline_stances = 10", "baseline_stances = 3"), "utf-8")
    return lab, subject
