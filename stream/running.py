"""Whether the session of a folder is running: a lock that the system takes back when its program ends.

So a session that was cut off, by a power cut or a kill, is told from one that still runs in another window.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from stream.errors import EkamError

LOCK = "running.lock"


class Running:
    """A session that runs in this program, from here on to `close`."""

    def __init__(self, folder: Path) -> None:
        self._lock = _lock(folder)
        self._path = folder / LOCK
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise EkamError(running(folder)) from None
        except (OSError, NotImplementedError):
            pass  # a share without locks: nobody is kept from walking for it

    def close(self) -> None:
        """It is over; a second call does nothing."""
        if self._lock.is_locked:
            self._lock.release()
            self._path.unlink(missing_ok=True)


def is_running(folder: Path) -> bool:
    """Whether a session runs in this folder, in whatever program."""
    if not (folder / LOCK).exists():
        return False
    lock = _lock(folder)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


def running(folder: Path) -> str:
    """What is said of it."""
    return f"the session in {folder} is running: end it in its own window first"


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / LOCK, thread_local=False)
