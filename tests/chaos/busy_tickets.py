"""Tickets that change all the time, and what a file of them looks like that is one moment's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

from tests.chaos.arena import WRITING, Arena, named
from tests.file_rows import FORMATS, rows_in
from tests.integration.tickets.busy_writer import GROUP, LATE, BusyWriter, BusyWriters, torn_groups
from ticket_export.domain.export_job import ExportJob
from ticket_export.infrastructure.persistence.database.engine import create_engine

# Of each writer.
_GROUPS = 100
# Beyond those of all other tickets.
_FIRST_ID = 10**9
# Seconds between two transactions of one writer, or there would be little time left for anybody else.
_REST = 0.01
_SORTS = ("id", "title", "status", "category", "creationTime", "lastModificationTime", None)


class BusyTickets:
    """`writers` insert, change, soft-delete and delete tickets, on connections that may be ended."""

    def __init__(self, arena: Arena, *, writers: int) -> None:
        self._arena = arena
        self._engine = create_engine(named(arena.settings.database_url, WRITING))
        self._count = writers
        self.writers = BusyWriters([])

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Fill the table, and change it until the block ends."""
        began_at = datetime.now(UTC)
        self.writers = BusyWriters(
            [
                BusyWriter(
                    self._engine,
                    self._arena.container.tables(),
                    _GROUPS,
                    first_id=_FIRST_ID * number,
                    as_of=began_at,
                    clock=lambda: datetime.now(UTC),
                    rest=_REST,
                )
                for number in range(1, self._count + 1)
            ]
        )
        self.writers.fill()
        with self.writers.running():
            yield

    def views(self, count: int, random: Random) -> list[dict[str, object]]:
        """`count` views of all these tickets; none where nobody writes."""
        columns = ["id", "category", "title", "description", "creationTime"]
        return [
            {
                # No two are the same.
                "columns": [*columns, *(["status"] if number % 2 else ["priority"])],
                "filters": [{"field": "id", "operator": "gte", "value": str(_FIRST_ID - number)}],
                "sortField": random.choice(_SORTS),
                "sortDirection": random.choice(("asc", "desc")),
                "file": {"format": random.choice(FORMATS)},
            }
            for number in range(count if self._count else 0)
        ]

    def require_one_moment(self, job: ExportJob) -> None:
        """The job's file is a snapshot of the tickets, of no later one than its request."""
        assert job.media_item is not None
        key = job.media_item.object_key
        rows = rows_in(key.rpartition(".")[2], self._arena.read(key))
        assert len(rows) == job.row_count
        categories = {int(row[0]): row[1] for row in rows}
        assert len(categories) == len(rows), "a ticket is in the file twice"
        assert torn_groups(categories) == []
        late = [category.removeprefix(LATE) for category in categories.values() if category.startswith(LATE)]
        assert all(datetime.fromisoformat(moment) <= job.requested_at for moment in late)
        assert len(rows) - len(late) == self._count * _GROUPS * GROUP
