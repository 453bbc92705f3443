"""Somebody who changes tickets as fast as the database lets them."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.reference_help_desk import NOW, ReferenceTicket
from ticket_export.infrastructure.persistence.engine import for_writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from ticket_export.infrastructure.persistence.tables import Tables

#: Tickets that one transaction changes together; they always share a category.
GROUP = 5


class BusyWriter:
    """Every transaction replaces one group of tickets, changes one and soft-deletes and revives another.

    So any consistent snapshot holds the same number of tickets, and one category a group.
    """

    def __init__(self, engine: Engine, tables: Tables, groups: int) -> None:
        self._engine = engine
        self._tickets = tables.tickets
        self._random = random.Random(7)
        self._stop = threading.Event()
        self._gate = threading.Lock()
        self._groups = [[group * GROUP + member for member in range(GROUP)] for group in range(groups)]
        self._next_id = groups * GROUP
        self._written = threading.Condition()
        self.transactions = 0

    def fill(self) -> None:
        """Store the first tickets."""
        with self._engine.begin() as connection:
            for ids in self._groups:
                self._insert(connection, ids)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write until the block ends; what was written stays for the next time."""
        self._stop.clear()
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            self.wait_for_more()
            yield
        finally:
            self._stop.set()
            thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Between two transactions, as long as the block lasts."""
        with self._gate:
            yield

    def wait_for_more(self) -> None:
        """Until a transaction was committed that began after this call."""
        with self._written:
            wanted = self.transactions + 2
            assert self._written.wait_for(lambda: self.transactions >= wanted, timeout=30), "the writer is stuck"

    def _run(self) -> None:
        with for_writing(self._engine.connect()) as connection:
            while not self._stop.is_set():
                with self._gate, connection.begin():
                    self._change(connection)
                with self._written:
                    self.transactions += 1
                    self._written.notify_all()

    def _change(self, connection: Connection) -> None:
        replaced, changed, deleted = self._random.sample(range(len(self._groups)), 3)
        connection.execute(self._tickets.delete().where(self._tickets.c.id.in_(self._groups[replaced])))
        self._groups[replaced] = list(range(self._next_id, self._next_id + GROUP))
        self._next_id += GROUP
        self._insert(connection, self._groups[replaced])
        update = self._tickets.update()
        # All that a view can be sorted by moves, so that a reader that pages meets tickets twice or never.
        connection.execute(update.where(self._tickets.c.id.in_(self._groups[changed])).values(**self._values()))
        connection.execute(
            update.where(self._tickets.c.id.in_(self._groups[deleted])).values(
                is_deleted=~self._tickets.c.is_deleted, deletion_time=NOW + timedelta(hours=1)
            )
        )

    def _insert(self, connection: Connection, ids: list[int]) -> None:
        values = self._values()
        rows = [ReferenceTicket(id=ticket_id).row() | values for ticket_id in ids]
        connection.execute(self._tickets.insert(), rows)

    def _values(self) -> dict[str, object]:
        word = f"{self._random.randrange(10**6):06}"
        moment = NOW - timedelta(minutes=self._random.randrange(10**5))
        return {
            "title": f"title {word}",
            "description": f"{word}\n" * 20,
            "status": self._random.choice(["new", "open", "closed"]),
            "priority": self._random.choice(["low", "high"]),
            "category": word,
            "language": self._random.choice([None, "en", "de"]),
            "sla_status": self._random.choice([None, word]),
            "creation_time": moment,
            "last_modification_time": self._random.choice([None, moment]),
        }
