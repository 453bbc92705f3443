"""CSV: COPY writes the records; the reader adds the formula guard."""

from __future__ import annotations

from functools import partial
from typing import Final

import attrs
from sqlalchemy import Text, func

from ticket_export.application.formats.csv_format import CsvFormat, may_hold_any_text
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import Record, RowSpelling, Tickets
from ticket_export.infrastructure.tickets.postgresql.zones import unabbreviated
from ticket_export.infrastructure.tickets.ticket_select import select_tickets

_ESCAPES: Final = {"\t": "\\t"}
# Records of a single cell as COPY writes them, and as the file has them. An empty line would be read as no record. The
# end mark of a COPY FROM, which older servers quote, is a text as any other.
_ALONE: Final[dict[bytes, Record]] = {b"\n": b'""\n', b'"\\."\n': b"\\.\n"}


def csv_rows(csv_format: CsvFormat, tickets: Tickets) -> RowSpelling:
    """Return the spelling of CSV."""
    query = attrs.evolve(tickets.query, time_zone=unabbreviated(tickets.query.time_zone))
    return RowSpelling(
        select=select_tickets(tickets.catalog, query, tickets.rows, finish=_without_empty_texts, shown=tickets.shown),
        copy_options=f"FORMAT csv, DELIMITER E'{_ESCAPES.get(csv_format.delimiter, csv_format.delimiter)}'",
        rewrite=_single if len(query.columns) == 1 else None,
        finish=partial(csv_format.guarded, columns=query.columns),
    )


def _without_empty_texts(column: TicketColumn, cell: Expression) -> Expression:
    # COPY quotes an empty text to distinguish it from NULL; the file must not. In every collation only "" equals "".
    return func.nullif(cell.collate("C"), "", type_=Text()) if may_hold_any_text(column) else cell


def _single(record: Record) -> Record:
    return _ALONE.get(bytes(record), record)
