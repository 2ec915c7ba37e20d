"""The operator's window."""

from display.console.window import Console

__all__ = ["Console"]
