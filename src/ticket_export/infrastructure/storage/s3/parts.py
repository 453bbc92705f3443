"""The parts of an upload that are being sent, several at once, so that none waits for the previous one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Thread

# Parts in memory: all of them are being sent, or the last one is being filled.
_AT_ONCE = 2


class S3Parts:
    """The sender of parts, each in its own thread, and their entity tags by number."""

    def __init__(self) -> None:
        self._tags: dict[int, Future[str]] = {}

    def send(self, number: int, send: Callable[[], str]) -> None:
        """Begin to send a part, and return when there is room for the next one; `send` returns the entity tag.

        Raises:
            Exception: the error of a part's `send`.
        """
        tag = Future[str]()
        # A daemon thread, so that a process can end while a store hangs.
        Thread(target=_settle, args=(tag, send), name="part of an export", daemon=True).start()
        # Only after the start of the thread that settles it.
        self._tags[number] = tag
        while len(under_way := [each for each in self._tags.values() if not each.done()]) >= _AT_ONCE:
            wait(under_way, return_when=FIRST_COMPLETED)
        for each in self._tags.values():
            if each.done():
                each.result()

    def tags(self) -> dict[int, str]:
        """Wait for all parts, and return their entity tags.

        Raises:
            Exception: the error of a part's `send`.
        """
        return {number: tag.result() for number, tag in self._tags.items()}

    def wait(self) -> None:
        """Wait until no part is being sent; errors are ignored."""
        wait(self._tags.values())


def _settle(tag: Future[str], send: Callable[[], str]) -> None:
    try:
        tag.set_result(send())
    except BaseException as error:  # noqa: BLE001 - raised again in the thread of the upload
        tag.set_exception(error)
