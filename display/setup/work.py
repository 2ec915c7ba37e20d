"""One thing at a time beside the window: judging and calibrating take seconds."""

import logging
from collections.abc import Callable
from threading import Thread
from typing import Any

from stream.errors import EkamError

_log = logging.getLogger(__name__)


class Work:
    """Does one job at a time in a thread; the window asks whether it is done."""

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._done: Callable[[Any, str], None] | None = None
        self._result: Any = None
        self._fault = ""
        self._job = 0
        self.what = ""

    @property
    def busy(self) -> bool:
        """Whether a job is running or waits to be collected."""
        return self._thread is not None

    def begin(self, what: str, job: Callable[[], Any], done: Callable[[Any, str], None]) -> bool:
        """Begin a job; False while another one runs.

        Parameters
        ----------
        done : called by `collect` with the result, or with None and a sentence on what went wrong.
        """
        if self._thread is not None:
            return False
        self.what, self._done, self._result, self._fault = what, done, None, ""
        self._thread = Thread(
            target=self._run, args=(job, self._job), name="ekam-setup-work", daemon=True
        )
        self._thread.start()
        return True

    def collect(self) -> None:
        """Hand over the result of a job that has ended."""
        if self._thread is None or self._thread.is_alive():
            return
        self._thread, done = None, self._done
        self.what, self._done = "", None
        if done is not None:
            done(self._result, self._fault)

    def drop(self) -> None:
        """Forget a job that runs: it ends by itself, and its result goes nowhere."""
        self._thread, self._done, self.what = None, None, ""
        self._job += 1

    def wait(self, seconds: float) -> None:
        """Wait for the job, when the window closes."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, job: Callable[[], Any], number: int) -> None:
        result, fault = None, ""
        try:
            result = job()
        except EkamError as error:
            fault = str(error)
        except Exception as error:  # nothing may end the window: said in it and logged
            _log.exception("A job of the set-up failed.")
            fault = f"this failed unexpectedly ({error!r}): please report it"
        if number == self._job:
            self._result, self._fault = result, fault
