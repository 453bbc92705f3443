"""One request of a user at a time in each process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final
from uuid import UUID

from ticket_export.errors import JobDatabaseError

#: Seconds; longer than the transaction of a request waits for another process.
LONGEST_WAIT: Final = 10.0


class UserTurns:
    """A queue for the requests of each user, so that a waiting request holds no connection of the shared pool.

    The requests of one user are stored one after the other in any case, since each checks those before it. Threads may
    share it.
    """

    def __init__(self, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self.renew()

    def renew(self) -> None:
        """Forget all turns, for a process that was just forked: none of its threads has a turn."""
        self._changed = Condition()
        self._taken: dict[UUID, object] = {}

    @contextmanager
    def of(self, user_id: UUID) -> Iterator[Callable[[], None]]:
        """Hold the user's turn until the block ends or the yielded function is called.

        Raises:
            JobDatabaseError: other requests held the turn for too long; nothing was done.
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
