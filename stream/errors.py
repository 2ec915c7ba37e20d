"""Errors that a lab member can act on."""


class EkamError(Exception):
    """Something the user can mend: one plain sentence that names the thing and the cure."""
