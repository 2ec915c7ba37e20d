"""Sinks behind a thread of their own: a disk that takes its time never holds up the walker's feedback."""

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread

from compute import Stance
from stream.sinks import StanceSink, Told


class Behind:
    """Hands stances to `sinks` from a thread; a `StanceSink` itself.

    A sink that fails gets the next stance all the same. The failure is raised by the next call.
    """

    def __init__(self, sinks: Sequence[StanceSink]) -> None:
        self._sinks = tuple(sinks)
        self._queue: SimpleQueue[tuple[Stance, Told] | None] = SimpleQueue()
        self._failed: SimpleQueue[OSError] = SimpleQueue()
        self._thread = Thread(target=self._run, name="ekam-tables", daemon=True)
        self._thread.start()

    def stance(self, stance: Stance, told: Told) -> None:
        """Queue one stance.

        Raises
        ------
        OSError : an earlier one could not be written; this one is queued.
        """
        self._queue.put((stance, told))
        self._raise()

    def close(self) -> None:
        """Wait until all is written.

        Raises
        ------
        OSError : something could not be written.
        """
        self._queue.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if not self._failed.empty():
            raise self._failed.get()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            for sink in self._sinks:
                try:
                    sink.stance(*item)
                except OSError as error:
                    self._failed.put(error)
        for sink in self._sinks:
            try:
                sink.close()
            except OSError as error:
                self._failed.put(error)
