"""The Celery application of a host, as its workers and its beat import it; the environment tells it everything.

While the file ``hold`` is in the working directory, an export has written every row and does not end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery
from dependency_injector.providers import Factory

from ticket_export import TicketExportContainer
from ticket_export.application.ports.file_format import RowBlock
from ticket_export.celery import install
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource


class HeldSource:
    def __init__(self, source: SqlAlchemyTicketSource) -> None:
        self._source = source
        self.columns = source.columns

    @contextmanager
    def open(self, *arguments: Any) -> Iterator[HeldReader]:
        with self._source.open(*arguments) as reader:
            yield HeldReader(reader)


class HeldReader:
    def __init__(self, reader: Any) -> None:
        self.count = reader.count
        self._blocks = reader.blocks

    def blocks(self) -> Iterator[RowBlock]:
        yield from self._blocks()
        while Path("hold").exists():
            time.sleep(0.02)
            yield RowBlock(b"", 0)


container = TicketExportContainer()
container.ticket_source.override(
    Factory(HeldSource, Factory(SqlAlchemyTicketSource, container.engine, container.catalog))
)
app = Celery("host")
app.config_from_object(os.environ["HOST_OPTIONS"])
install(app, container)


@app.task(name="host.own")  # type: ignore[untyped-decorator]
def own() -> None:
    """A task of the host."""
    Path("host's own task has run").touch()
