"""What the database says about the query of a catalog, without reading a row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from ticket_export.application.actor import Actor
from ticket_export.application.checks.guarded import configuration_findings
from ticket_export.application.finding import Finding, error
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError, TicketSourceError, TicketsUnavailableError
from ticket_export.infrastructure.tickets.catalog import TicketCatalog

_log = logging.getLogger(__name__)

_WHERE: Final = "catalog"
_SHOW: Final = "correct the expression; ticket-export --debug check shows the database's own message"


def query_problems(
    catalog: TicketCatalog, actors: Sequence[Actor], prepare: Callable[[TicketQuery], None]
) -> Iterator[Finding]:
    """Prepare the query of all columns. If the database refuses it, find out which expression it refuses."""
    columns = tuple(catalog.describe())
    try:
        prepare(_query(columns))
    except ConfigurationError as raised:
        yield from configuration_findings(_WHERE, raised)
    except TicketsUnavailableError:
        raise
    except TicketSourceError:
        _log.info("the database refuses the query of the catalog", exc_info=True)
        yield from _refused(columns, prepare)


def _refused(columns: Sequence[TicketColumn], prepare: Callable[[TicketQuery], None]) -> Iterator[Finding]:
    refused = [column for column in columns if _is_refused(prepare, (column,))]
    # Each query also has the catalog's tables and conditions.
    if len(refused) == len(columns) > 1:
        yield error(_WHERE, "the database refuses the tables, or created_at, is_deleted or deleted_at", _SHOW)
        return
    for column in refused:
        yield error(_WHERE, f"the database refuses the expression of the column {column.name!r}", _SHOW)


def _is_refused(prepare: Callable[[TicketQuery], None], columns: tuple[TicketColumn, ...]) -> bool:
    try:
        prepare(_query(columns))
    except TicketSourceError:
        return True
    return False


def _query(columns: tuple[TicketColumn, ...]) -> TicketQuery:
    # An actor is needed, and nobody reads a row.
    return TicketQuery(actor=Actor(user_id=uuid4()), columns=columns, as_of=datetime.now(UTC))
