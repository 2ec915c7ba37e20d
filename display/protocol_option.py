"""The option ``--protocol`` of several commands: a ``?`` lists the templates, whatever else is missing."""

import typer


def listed(value: str) -> str:
    """Take the option; ``?`` lists the templates and ends the command."""
    if value == "?":
        from display.say import out
        from stream.protocol_file import templates

        for name, title in templates().items():
            out.print(f"{name}: {title}")
        raise typer.Exit
    return value
