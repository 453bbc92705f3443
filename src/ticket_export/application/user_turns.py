"""One request of a user at a time, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final
from uuid import UUID

from ticket_export.errors import JobDatabaseError

#: Seconds; longer than a transaction of the request waits for another process.
LONGEST_WAIT: Final = 10.0


class UserTurns:
    """Lets the requests of one user wait here, and not each with a connection of the pool that all users share.

    Requests of one user are stored one after the other in any case, since each looks at those before it. Threads may
    share it.
    """

    def __init__(self, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self.renew()

    def renew(self) -> None:
        """Begin with no turn taken, as in a process that was just forked: no thread of it has one."""
        self._changed = Condition()
        self._taken: dict[UUID, object] = {}

    @contextmanager
    def of(self, user_id: UUID) -> Iterator[Callable[[], None]]:
        """Have the user's turn until the block ends, or what it yields is called.

        Raises:
            JobDatabaseError: others had it all the time; nothing was done.
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
