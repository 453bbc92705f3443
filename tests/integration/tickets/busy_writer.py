"""Those who change tickets as fast as the database lets them."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from tests.reference_help_desk import NOW, ReferenceTicket
from ticket_export.infrastructure.help_desk.tables import HelpDeskTables
from ticket_export.infrastructure.persistence.database.engine import for_writing

#: Tickets that one transaction changes together; they always share a category.
GROUP = 5
#: The category of a ticket that is created while the writer writes begins so; the moment follows.
LATE = "late "
# Of the numbers from `first_id` on, the first half is for the tickets that are always there.
_NUMBERS = 10**8
# Groups that came late and are not deleted yet.
_MOST_LATE = 5


def just_after_now() -> datetime:
    return NOW + timedelta(microseconds=1)


class BusyWriter:
    """Every transaction replaces one group of tickets, changes one, soft-deletes and revives another, and creates one.

    So a view as of `as_of`, or of any moment of the day after it, holds the same number of tickets in any
    consistent snapshot, and one category a group; those that were created late, at `clock`, come on top. The
    numbers of all tickets are from `first_id` on. A writer whose connection is lost takes another and goes on.
    """

    def __init__(
        self,
        engine: Engine,
        tables: HelpDeskTables,
        groups: int,
        *,
        first_id: int = 0,
        as_of: datetime = NOW,
        clock: Callable[[], datetime] = just_after_now,
        rest: float = 0.0,
    ) -> None:
        self._engine = engine
        self._tickets = tables.tickets
        self._as_of, self._clock, self._rest = as_of, clock, rest
        self._random = random.Random(first_id + 7)
        self._stop = threading.Event()
        self._gate = threading.Lock()
        self._first_id, self._late_id = first_id, first_id + _NUMBERS // 2
        self._groups = [self._members(self._first_id + group * GROUP) for group in range(groups)]
        self._late: list[list[int]] = []
        self._next_id, self._next_late_id = first_id + groups * GROUP, self._late_id
        self._written = threading.Condition()
        self.transactions = self.losses = 0

    def fill(self) -> None:
        """Store the first tickets."""
        with self._engine.begin() as connection:
            for ids in self._groups:
                self._insert(connection, ids)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write until the block ends; what was written stays for the next time."""
        self._stop.clear()
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            self.wait_for_more()
            yield
        finally:
            self._stop.set()
            thread.join(60)

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
        while not self._stop.is_set():
            try:
                self._write()
            except OperationalError:
                self.losses += 1

    def _write(self) -> None:
        with for_writing(self._engine.connect()) as connection:
            with connection.begin():
                self._look(connection)
            while not self._stop.is_set():
                with self._gate, connection.begin():
                    self._change(connection)
                with self._written:
                    self.transactions += 1
                    self._written.notify_all()
                self._stop.wait(self._rest)

    def _look(self, connection: Connection) -> None:
        """See what there is: whether the last transaction took effect is not known, if its connection was lost."""
        ids = self._tickets.c.id
        mine = select(ids).where(ids >= self._first_id, ids < self._first_id + _NUMBERS).order_by(ids)
        # It may be under way still; this waits for its end.
        connection.execute(mine.with_for_update()).all()
        firsts = [number for number in connection.execute(mine).scalars() if number % GROUP == 0]
        self._groups = [self._members(number) for number in firsts if number < self._late_id]
        self._late = [self._members(number) for number in firsts if number >= self._late_id]

    def _change(self, connection: Connection) -> None:
        tickets, update = self._tickets, self._tickets.update()
        replaced, changed, deleted = self._random.sample(range(len(self._groups)), 3)
        connection.execute(tickets.delete().where(tickets.c.id.in_(self._groups[replaced])))
        self._groups[replaced] = self._members(self._next_id)
        self._next_id += GROUP
        self._insert(connection, self._groups[replaced])
        # All that a view can be sorted by moves, so that a reader that pages meets tickets twice or never.
        connection.execute(update.where(tickets.c.id.in_(self._groups[changed])).values(**self._values()))
        connection.execute(
            update.where(tickets.c.id.in_(self._groups[deleted])).values(
                is_deleted=~tickets.c.is_deleted, deletion_time=self._as_of + timedelta(days=1)
            )
        )
        self._come_late(connection)

    def _come_late(self, connection: Connection) -> None:
        if len(self._late) > _MOST_LATE:
            connection.execute(self._tickets.delete().where(self._tickets.c.id.in_(self._late.pop(0))))
        moment = self._clock()
        self._late.append(self._members(self._next_late_id))
        self._next_late_id += GROUP
        self._insert(connection, self._late[-1], creation_time=moment, category=f"{LATE}{moment.isoformat()}")

    def _members(self, first: int) -> list[int]:
        return list(range(first, first + GROUP))

    def _insert(self, connection: Connection, ids: list[int], **values: object) -> None:
        shared = self._values() | values
        rows = [ReferenceTicket(id=ticket_id).row() | shared for ticket_id in ids]
        connection.execute(self._tickets.insert(), rows)

    def _values(self) -> dict[str, object]:
        word = f"{self._random.randrange(10**6):06}"
        moment = self._as_of - timedelta(minutes=self._random.randrange(10**5))
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


class BusyWriters:
    """Several at once, each of which changes tickets of its own."""

    def __init__(self, writers: Sequence[BusyWriter]) -> None:
        self._writers = writers

    @property
    def transactions(self) -> int:
        return sum(writer.transactions for writer in self._writers)

    @property
    def losses(self) -> int:
        """How many connections they have lost."""
        return sum(writer.losses for writer in self._writers)

    def fill(self) -> None:
        """Store the first tickets."""
        for writer in self._writers:
            writer.fill()

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of them write until the block ends."""
        with ExitStack() as resources:
            for writer in self._writers:
                resources.enter_context(writer.running())
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """All of them are between two transactions, as long as the block lasts."""
        with ExitStack() as resources:
            for writer in self._writers:
                resources.enter_context(writer.paused())
            yield

    def wait_for_more(self) -> None:
        """Until one of them has committed a transaction that began after this call."""
        self._writers[0].wait_for_more()


def torn_groups(categories: Mapping[int, str]) -> list[int]:
    """The groups of which those tickets, with their categories, are not a moment's; by their first number."""
    members = Counter(number // GROUP for number in categories)
    kinds = Counter(group for group, _ in {(number // GROUP, category) for number, category in categories.items()})
    return [group * GROUP for group in members if (members[group], kinds[group]) != (GROUP, 1)]
