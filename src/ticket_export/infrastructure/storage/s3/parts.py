"""Parts of an upload on their way, several at once, so that nobody waits for the network between two of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Thread

# Under way, or one less and the next one that fills. Each costs its size in memory.
_AT_ONCE = 2


class S3Parts:
    """Sends parts, each in a thread of its own, and keeps what S3 says of them by their number."""

    def __init__(self) -> None:
        self._tags: dict[int, Future[str]] = {}

    def send(self, number: int, send: Callable[[], str]) -> None:
        """Begin to send a part, and come back when there is room for the next one; `send` gives its entity tag.

        Raises:
            Exception: what the sending of a part has raised.
        """
        tag = Future[str]()
        # A daemon: a process that ends must not wait for a store that hangs.
        Thread(target=_settle, args=(tag, send), name="part of an export", daemon=True).start()
        # Not before there is somebody who settles it.
        self._tags[number] = tag
        while len(under_way := [each for each in self._tags.values() if not each.done()]) >= _AT_ONCE:
            wait(under_way, return_when=FIRST_COMPLETED)
        for each in self._tags.values():
            if each.done():
                each.result()

    def tags(self) -> dict[int, str]:
        """The entity tags of all parts, once they are there.

        Raises:
            Exception: what the sending of a part has raised.
        """
        return {number: tag.result() for number, tag in self._tags.items()}

    def wait(self) -> None:
        """Until nothing is under way any more, however it ended."""
        wait(self._tags.values())


def _settle(tag: Future[str], send: Callable[[], str]) -> None:
    try:
        tag.set_result(send())
    except BaseException as error:  # noqa: BLE001 - raised again, in the thread of whoever uploads
        tag.set_exception(error)
