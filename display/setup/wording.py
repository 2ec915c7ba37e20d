"""Sentences of the streams and the checks, as this window says them: its own pages are the cure."""

import re

_HERE = (
    ("`--allow-replay` admits it", "go back to Start and admit replayed streams"),
    ("or say --allow-replay", "or go back to Start and admit replayed streams"),
    ("name its source_id or hostname in the lab file", "choose it on the Streams page"),
    (", with --seconds 20", ""),
)
_UNDER = re.compile(r"name its source_id or hostname under \[\w+\]")
_OPTION = re.compile(r" ?\(--[^)]*\)")


def said_in_window(text: str) -> str:
    """A sentence without options of the command line and without lines of the laboratory file."""
    for there, here in _HERE:
        text = text.replace(there, here)
    return _OPTION.sub("", _UNDER.sub("choose it on the Streams page", text))
