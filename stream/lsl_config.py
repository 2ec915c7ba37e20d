"""Where Lab Streaming Layer (LSL) takes its configuration from: this machine only, or the lab's own."""

import os
import re
from zlib import crc32

from stream.errors import EkamError

SESSION_VARIABLE = "EKAM_LSL_SESSION"
DEFAULT_SESSION = "default"

# Level -3 keeps the library from printing a line whenever a publisher ends.
_LOOPBACK = """[ports]
MulticastPort = {multicast_port}
BasePort = {base_port}
PortRange = {port_range}
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session}
[log]
level = -3
"""

# Every outlet and resolver takes a port of the range, and one that finds none is not found itself.
# Sessions with a name of their own therefore get ports of their own: 200 ranges below those that
# operating systems hand out by themselves.
_PORT_RANGE = 48
_STANDARD_PORT = 16571
_FIRST_PORT = 17_000
_RANGES = 200

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
    session = session_id or os.environ.get(SESSION_VARIABLE) or DEFAULT_SESSION
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", session):
        raise EkamError(
            f"The LSL session {session!r} holds other characters than letters, digits, '_', '.' "
            f"and '-'; choose another name or mend the environment variable {SESSION_VARIABLE}."
        )
    if _session is None:
        from pylsl import set_config_content

        set_config_content(loopback_config(session))
        _session = session
    elif _session != session:
        raise EkamError(
            f"LSL already runs in session {_session!r} here; start another process for session "
            f"{session!r}."
        )
    return session


def loopback_config(session: str) -> str:
    """Text of a session's configuration, also for a file by which another program joins it (LSLAPICFG)."""
    port = _multicast_port(session)
    return _LOOPBACK.format(
        session=session, multicast_port=port, base_port=port + 1, port_range=_PORT_RANGE
    )


def _multicast_port(session: str) -> int:
    if session == DEFAULT_SESSION:
        return _STANDARD_PORT
    return _FIRST_PORT + crc32(session.encode()) % _RANGES * (_PORT_RANGE + 1)


def in_use() -> str:
    """Say where LSL's configuration comes from, for the session's record."""
    return "the lab's own configuration" if _session is None else f"loopback, session {_session}"
