"""Where Lab Streaming Layer (LSL) takes its configuration from: this machine only, or the lab's own."""

import os
import re

from stream.errors import EkamError

SESSION_VARIABLE = "EKAM_LSL_SESSION"

# Level -3 keeps the library from printing a line whenever a publisher ends.
_LOOPBACK = """[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session}
[log]
level = -3
"""

_session: str | None = None


def use_loopback(session_id: str | None = None) -> str:
    """Keep this process's LSL discovery on this machine.

    Must run before anything else in the process touches LSL, which reads its configuration once.
    Streams see each other only within one session. Asking again for the same session is fine.

    Parameters
    ----------
    session_id : letters, digits, ``_``, ``.`` and ``-``; without it the environment variable
        ``EKAM_LSL_SESSION`` counts, else ``default``.

    Returns
    -------
    The session in use.
    """
    global _session
    session = session_id or os.environ.get(SESSION_VARIABLE) or "default"
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", session):
        raise EkamError(
            f"The LSL session {session!r} holds other characters than letters, digits, '_', '.' "
            f"and '-'; choose another name or mend the environment variable {SESSION_VARIABLE}."
        )
    if _session is None:
        from pylsl import set_config_content

        set_config_content(_LOOPBACK.format(session=session))
        _session = session
    elif _session != session:
        raise EkamError(
            f"LSL already runs in session {_session!r} here; start another process for session "
            f"{session!r}."
        )
    return session


def in_use() -> str:
    """Say where LSL's configuration comes from, for the session's record."""
    return "the lab's own configuration" if _session is None else f"loopback, session {_session}"
