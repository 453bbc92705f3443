"""Requests of one user, one at a time within a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from ticket_export.domain.user_id import UserId
from ticket_export.errors import JobDatabaseError

#: Seconds; longer than the transaction of a request waits for another process.
LONGEST_WAIT: Final = 10.0


class UserTurns:
    """Makes the requests of one user wait here, without a connection of the pool that all users share.

    Requests of one user are always stored one after the other, since each one reads the earlier ones. Threads may
    share an object.
    """

    def __init__(self, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self.renew()

    def renew(self) -> None:
        """Begin with no turn taken, as a forked process must: the threads that have one do not exist there."""
        self._changed = Condition()
        self._taken: dict[UserId, object] = {}

    @contextmanager
    def of(self, user_id: UserId) -> Iterator[Callable[[], None]]:
        """Take the user's turn until the block ends or calls the yielded function.

        Raises:
            JobDatabaseError: other requests had the turn all the time; nothing was done.
        """
        mine = object()
        with self._changed:
            if not self._changed.wait_for(lambda: user_id not in self._taken, self._longest_wait):
                raise JobDatabaseError("other requests of this user are still being stored; try again later")
            self._taken[user_id] = mine

        def release() -> None:
            with self._changed:
                if self._taken.get(user_id) is mine:
                    del self._taken[user_id]
                    self._changed.notify_all()

        try:
            yield release
        finally:
            release()
