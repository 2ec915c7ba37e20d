"""Options that list what they take when they are given a question mark, whatever else is missing."""

import typer


def protocols(value: str) -> str:
    """Take the option; ``?`` lists the templates and ends the command."""
    if value == "?":
        from stream.protocol_file import templates

        _tell([f"{name}: {title}" for name, title in templates().items()])
    return value


def faults(values: list[str] | None) -> list[str] | None:
    """Take the option; ``?`` lists the faults and ends the command."""
    if values and "?" in values:
        from stream.faults import described

        _tell(list(described()))
    return values


def variables(value: str) -> str:
    """Take the option; ``?`` lists what can be fed back and ends the command."""
    if value == "?":
        from compute.variables import VARIABLES

        _tell([f"{each.name}: {each.label} ({each.unit})" for each in VARIABLES.values()])
    return value


def _tell(lines: list[str]) -> None:
    from display.say import out

    for line in lines:
        out.print(line, markup=False, highlight=False)
    raise typer.Exit
