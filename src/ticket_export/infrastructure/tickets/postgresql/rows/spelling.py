"""A format's rows, as PostgreSQL and the reader write them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Select

from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.infrastructure.tickets.catalog import TicketCatalog
from ticket_export.infrastructure.tickets.row_rule import VisibleRows

Record: TypeAlias = bytes | bytearray | memoryview


@attrs.frozen(kw_only=True)
class Tickets:
    """The rows to read. The catalog has the stored types; `rows` are those that the actor of the query may see."""

    catalog: TicketCatalog
    query: TicketQuery
    rows: VisibleRows
    #: What `shown_tickets` returned for them.
    shown: ColumnElement[bool] | None = None


@attrs.frozen(kw_only=True)
class RowSpelling:
    """The same bytes as `FileFormat.rows`: the COPY of `select`, with its output changed.

    `rewrite` changes each record. `end`, one byte, replaces the line feed that ends a record. `finish` changes each
    block of whole records.
    """

    select: Select[Any]
    copy_options: str
    rewrite: Callable[[Record], Record] | None = None
    end: bytes = b"\n"
    finish: Callable[[bytes], bytes] = bytes
