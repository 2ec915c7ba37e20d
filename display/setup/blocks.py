"""What blocks the Next button of each page, in a sentence; no Qt."""

import re
from pathlib import Path

from compute import PURPOSE
from display.setup.answers import UNUSED, lab_of
from display.setup.state import Setup, protocol_of
from display.setup.steps import Step
from stream.check_markers import lacking_parts
from stream.errors import EkamError
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap
from stream.source import Role
from stream.subject_file import ID_PATTERN

MASS_KG, HEIGHT_M = (10.0, 300.0), (0.8, 2.5)


def blocked(setup: Setup, step: Step) -> str:
    """Why Next cannot be pressed on a page, in a sentence; empty when it can."""
    if Step.STREAMS < step < Step.READY and not setup.infos:
        return f"no streams: {setup.connection_fault}"
    checks = {
        Step.START: _start,
        Step.STREAMS: _streams,
        Step.AXES: _axes,
        Step.MARKERS: _markers,
        Step.PLATES: _plates,
        Step.CHECK: _check,
        Step.PERSON: _person,
        Step.STATIC: _static,
        Step.READY: _ready,
    }
    return checks[step](setup)


def _start(setup: Setup) -> str:
    if setup.answers.way == "practise":
        return ""
    if not setup.answers.lab_path.strip():
        return "say where the laboratory file is to be"
    path = Path(setup.answers.lab_path)
    if setup.answers.way == "open":
        try:
            read_lab(path)
        except EkamError as error:
            return str(error)
        return ""
    if path.suffix != ".toml":
        return "the name of a laboratory file ends with .toml"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}: make it or choose another"
    return ""


def _streams(setup: Setup) -> str:
    for role in Role:
        chosen = setup.chosen(role)
        if chosen is None:
            best = setup.pick(role)
            if best.rivals:
                return f"{role.value}: {best.why}"
            if best.stream is None:
                known = setup.looked_round or setup.answers.way == "practise"
                return best.why if known else "looking for streams …"
            return f"the {role.value} stream that was chosen is not there now"
        if chosen.fault:
            return f"{chosen.name!r} {chosen.fault}"
        if refused := setup.refused(role):
            return refused
        if setup.twice():
            return setup.doubt(role)
    return "" if setup.infos else f"connecting … {setup.connection_fault}"


def _axes(setup: Setup) -> str:
    axes = setup.answers.section("axes")
    if not axes:
        return setup.guesses.axes.why_not or "let someone with markers stand on the treadmill"
    if not axes.get("right"):
        return "forward and up are the same axis: choose two different ones"
    lab, info = setup.lab(), setup.infos.get(Role.MARKERS)
    if lab is not None and info is not None and (names := setup.there()):
        try:
            MarkerMap(info, lab, names)
        except EkamError as error:
            return f"{error}: choose a unit"
    return ""


def _markers(setup: Setup) -> str:
    there = set(setup.there())
    for side, word in (("L", "left"), ("R", "right")):
        for options in (("KNE", "KJC"), ("ANK", "AJC")):
            names = [side + option for option in options]
            if not there & set(names):
                return f"{' or '.join(names)} is missing: the {PURPOSE[names[0]]}; give it a label"
        if not {side + name for name in ("SK1", "KNM", "KJC", "SK2", "TAO")} & there:
            return f"nothing carries the {word} tibia: label its shank cluster ({side}SK1 to {side}SK3)"
    return ""


def lacking(setup: Setup) -> list[str]:
    """Parts of the body whose markers are missing, without which something stays empty."""
    return lacking_parts(setup.there())


def _plates(setup: Setup) -> str:
    plates = [plate for plate in setup.answers.plates if plate.get("side") != UNUSED]
    if not setup.answers.plates:
        return (
            "the force stream names no plate (Fx, Fy, Fz, Mx, My, Mz of each): label its channels"
        )
    sides = [plate.get("side", "") for plate in plates]
    if "" in sides:
        return "which plate is left and which is right? Step onto one belt alone, or choose"
    if set(sides) != {"left", "right"}:
        return "one plate must be left and one right"
    try:
        lab = lab_of(setup.answers)
        PlateMap(setup.infos[Role.FORCES], lab)
    except EkamError as error:
        return str(error)
    return ""


def _check(setup: Setup) -> str:
    if not setup.looked.findings:
        return "check first: press the button of one of the three looks"
    if not (setup.looked.done("standing") or setup.looked.done("walking")):
        return "take the look at someone standing or walking"
    failures = setup.looked.failures()
    if failures and not setup.answers.override:
        count = "one check" if len(failures) == 1 else f"{len(failures)} checks"
        return f"{count} failed: mend it and check again, or say below that you go on all the same"
    return ""


def _person(setup: Setup) -> str:
    answers = setup.answers
    if setup.subject_file is not None:
        return ""
    if not re.fullmatch(ID_PATTERN, answers.id):
        return "give a pseudonym: letters, digits, dot, dash, underscore; never a name"
    if answers.mass_kg is None or not MASS_KG[0] <= answers.mass_kg <= MASS_KG[1]:
        return f"give the mass in kg, {MASS_KG[0]:g} to {MASS_KG[1]:g}"
    if answers.height_m is None or not HEIGHT_M[0] <= answers.height_m <= HEIGHT_M[1]:
        return f"give the height in m, {HEIGHT_M[0]:g} to {HEIGHT_M[1]:g}"
    if answers.sex not in ("f", "m"):
        return "choose f or m: it selects the table of segment masses"
    return ""


def _static(setup: Setup) -> str:
    if setup.subject_file is not None or setup.subject is not None:
        return ""
    return (
        "record again: the last trial cannot be used"
        if setup.refusal
        else "record a static trial first"
    )


def _ready(setup: Setup) -> str:
    if setup.lab_file is None:
        return "the laboratory file is not written yet: go back to Plates"
    if setup.subject_file is None:
        return "the subject file is not written yet: go back"
    answers = setup.answers
    if not answers.protocol or answers.schedule not in ("", "enrol"):
        return ""
    runs = protocol_of(answers.protocol)
    if runs.legs == "one" and answers.leg not in ("left", "right"):
        return f"{runs.name} trains one leg: choose which"
    session = 1 if answers.schedule == "enrol" else min(answers.session, runs.sessions)
    kinds = {block.kind for table in runs.blocks for block in table.blocks(session)}
    if runs.target.rule == "personal" and "test" not in kinds:
        return (
            f"session {session} of {runs.name} needs the target of an earlier one: enrol the person as a "
            "participant, whose sessions follow one another"
        )
    return ""
