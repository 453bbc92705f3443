"""What an export of a catalog reads, without a job: the records of its file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from ticket_export import Actor, CsvFormat
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog
from ticket_export.infrastructure.django.databases import engine_of
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource
from ticket_export.testing.entities import AN_ACTOR

_CSV = CsvFormat()


def written(
    catalog: DjangoTicketCatalog, *, actor: Actor = AN_ACTOR, file_format: FileFormat = _CSV, **view: Any
) -> bytes:
    """The rows of the file, without its header."""
    source = SqlAlchemyTicketSource(engine_of(catalog.database), catalog)
    # The databases' clock may be a little ahead.
    as_of = datetime.now(UTC) + timedelta(minutes=1)
    view = {"columns": [each.name for each in source.columns(actor)], **view}
    query = TicketQuery.of(view, source.columns(actor), actor=actor, as_of=as_of)
    with source.open(query, file_format) as reader:
        count, blocks = reader.count(), list(reader.blocks())
    assert count == sum(block.rows for block in blocks)
    return b"".join(block.data for block in blocks)


def records(catalog: DjangoTicketCatalog, *, actor: Actor = AN_ACTOR, **view: Any) -> list[list[str]]:
    """The cells of the file's rows."""
    return list(csv.reader(io.StringIO(written(catalog, actor=actor, **view).decode(), newline="")))


def cells(catalog: DjangoTicketCatalog, *, actor: Actor = AN_ACTOR, **view: Any) -> list[str]:
    """The cells of the file's only column."""
    return [cell for (cell,) in records(catalog, actor=actor, **view)]
