"""What has been answered so far, and the laboratory that follows from it; no Qt.

The laboratory is kept as the table of its file, so that what is checked is what will be written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from display.setup.schedule import How
from stream.errors import EkamError
from stream.lab import Lab, validate
from stream.plate_guess import PlateFound

Way = Literal["new", "open", "practise"]
UNUSED = "unused"
"""Side of a plate that is not used."""


@dataclass(frozen=True)
class Answers:
    """Everything that the set-up asks; replaced as a whole.

    Attributes
    ----------
    way : what the first page was answered with.
    allow_replay : replayed streams are admitted. network : they are looked for beyond this machine.
    lab_path : the laboratory file, made or opened.
    table : the laboratory as the table of its file; a plate's side may be empty (not known yet).
    decided : parts that a person has settled; guesses leave them alone.
    override : go on although a check failed.
    written : hash of the laboratory file that this set-up wrote or opened; empty before.
    subject_path : the subject file, made or opened.
    schedule : what the session has to do with the person's schedule; `protocol` is of the others.
    """

    way: Way = "practise"
    allow_replay: bool = False
    network: bool = False
    lab_path: str = ""
    table: Mapping[str, Any] = field(default_factory=dict)
    decided: tuple[str, ...] = ()
    override: bool = False
    written: str = ""
    id: str = ""
    mass_kg: float | None = None
    height_m: float | None = None
    sex: str = ""
    knee_width_mm: float | None = None
    ankle_width_mm: float | None = None
    subject_path: str = ""
    from_walking: bool = False
    walker_screen: str = ""
    schedule: How = ""
    protocol: str = ""
    session: int = 1
    leg: str = ""
    step: int = 0

    def section(self, name: str) -> dict[str, Any]:
        """A table of the laboratory file, as a copy."""
        return dict(self.table.get(name, {}))

    @property
    def plates(self) -> list[dict[str, Any]]:
        """The plates, as copies."""
        return [dict(plate) for plate in self.table.get("plates", ())]

    def having(self, name: str, value: Any) -> "Answers":
        """With a table of the laboratory file replaced."""
        return replace(self, table={**self.table, name: value})

    def settled(self, *parts: str) -> "Answers":
        """With parts that a person has settled."""
        return replace(self, decided=tuple(dict.fromkeys((*self.decided, *parts))))

    def open_again(self, *parts: str) -> "Answers":
        """With parts that are guessed again."""
        return replace(self, decided=tuple(part for part in self.decided if part not in parts))

    def of_another_person(self) -> "Answers":
        """Without what was said of the person before."""
        return replace(self.open_again("schedule"), leg="", schedule="")


def lab_of(answers: Answers) -> Lab:
    """The laboratory as answered.

    Raises
    ------
    EkamError : something is missing or cannot be.
    """
    if any(not plate.get("side") for plate in answers.plates):
        raise EkamError("which plate is left and which is right is not said yet")
    plates = [plate for plate in answers.plates if plate["side"] != UNUSED]
    return _lab({**answers.table, "plates": plates})


def provisional_lab_of(answers: Answers, *, plates: bool = True) -> Lab | None:
    """The laboratory as far as it is known, for a picture; None where not even that can be made.

    Axes that are not known are the capture system's own, sides that are not known follow the numbers.
    """
    table = dict(answers.table)
    table.setdefault("axes", {"forward": "+y", "up": "+z", "right": "+x"})
    table["plates"] = with_sides(answers.plates) if plates else []
    try:
        return _lab(table)
    except EkamError:
        try:
            return _lab({**table, "plates": []})
        except EkamError:
            return None


def with_sides(plates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Plates that are used, those without a side taking the one that is left over."""
    used = [dict(plate) for plate in plates if plate.get("side") != UNUSED]
    for plate in used:
        if not plate.get("side"):
            taken = {other.get("side") for other in used}
            plate["side"] = "right" if "left" in taken else "left"
    return used


def plate_tables(found: Sequence[PlateFound], sides: Sequence[str]) -> list[dict[str, Any]]:
    """Plates for the laboratory file."""
    return [{"side": side, **dict(plate.table)} for plate, side in zip(found, sides, strict=True)]


def table_of(lab: Lab) -> dict[str, Any]:
    """The table of a laboratory that was read."""
    return _plain(lab.model_dump(mode="json", exclude_none=True))


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    for name in ("markers", "forces"):
        if not table[name].get("publisher"):
            table[name].pop("publisher", None)
        table[name]["stream"] = {k: v for k, v in table[name]["stream"].items() if v}
    for plate in table.get("plates", []):
        if "index" in plate and "corners_m" not in plate:
            plate.pop("acts_on", None)
    return table


def _lab(table: Mapping[str, Any]) -> Lab:
    import tomli_w

    return validate(Lab, tomli_w.dumps(json.loads(json.dumps(table))), Path("the laboratory"))


# -- as JSON, for the draft ------------------------------------------------------------------------


def to_json(answers: Answers) -> str:
    """Text that `from_json` reads."""
    return json.dumps(asdict(answers), indent=2)


def from_json(text: str) -> Answers | None:
    """Answers of a draft; None where it cannot be read."""
    try:
        table = json.loads(text)
        names = {each.name for each in fields(Answers)}
        known = {key: value for key, value in table.items() if key in names}
        known["decided"] = tuple(known.get("decided", ()))
        answers = Answers(**known)
        if not isinstance(answers.table, dict) or not isinstance(answers.lab_path, str):
            return None
        return answers
    except (ValueError, TypeError, AttributeError):
        return None
