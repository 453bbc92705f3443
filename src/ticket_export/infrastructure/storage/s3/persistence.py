"""The repetition of a call while S3 is away or too busy."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import uniform
from threading import Event
from time import monotonic
from typing import TypeVar

import attrs

from ticket_export.errors import StorageUnavailableError

T = TypeVar("T")
_log = logging.getLogger(__name__)

# Seconds before the first repetition; each pause is twice the one before, up to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@attrs.frozen
class S3Persistence:
    """Makes calls of one upload again, with growing pauses, until `patience` seconds are over.

    The time begins with the first try that fails, and ends with a success. A last try is made when it is over, so a
    failed call is always made again at least once. Threads may share this.
    """

    patience: float
    _interrupted: Event = attrs.field(factory=Event)

    @property
    def is_interrupted(self) -> bool:
        """Whether `interrupt` was called."""
        return self._interrupted.is_set()

    def interrupt(self) -> None:
        """End all pauses: the calls that wait, and all later ones, fail. A try that is being made goes on."""
        self._interrupted.set()

    def require(self) -> None:
        """Raise `StorageUnavailableError` if `interrupt` was called."""
        if self._interrupted.is_set():
            raise StorageUnavailableError("the file could not be written: its upload was interrupted")

    def make(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, as soon as it does not raise `StorageUnavailableError`.

        Raises:
            StorageUnavailableError: the last error, after `patience` seconds; or `interrupt` was called.
        """
        pause, deadline = _FIRST_PAUSE, None
        while True:
            self.require()
            began_at = monotonic()
            try:
                result = call()
            except StorageUnavailableError as error:
                if deadline is None:
                    # A store that does not respond was away already when the try began.
                    deadline = began_at + self.patience
                    _log.warning("%s; trying again for up to %g s", error, self.patience)
                elif monotonic() >= deadline:
                    raise
            else:
                if deadline is not None:
                    _log.info("the storage has accepted a request that had failed before")
                return result
            # At different times, because many uploads may wait for the same store.
            self._interrupted.wait(max(0.0, min(uniform(pause / 2, pause), deadline - monotonic())))  # noqa: S311
            pause = min(2 * pause, _LONGEST_PAUSE)
