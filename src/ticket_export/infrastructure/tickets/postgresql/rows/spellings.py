"""The formats that PostgreSQL writes itself. Any other format gets typed cells from `typed_cells`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.formats.ndjson_format import NdjsonFormat
from ticket_export.application.formats.xlsx_format import XlsxFormat
from ticket_export.application.ports.file_format import FileFormat
from ticket_export.infrastructure.tickets.postgresql.rows.csv import csv_rows
from ticket_export.infrastructure.tickets.postgresql.rows.ndjson import ndjson_rows
from ticket_export.infrastructure.tickets.postgresql.rows.spelling import RowSpelling, Tickets
from ticket_export.infrastructure.tickets.postgresql.rows.xlsx import xlsx_rows

# By the method whose bytes they are: a subclass with another one writes other rows.
_SPELLINGS: Final[Mapping[Callable[..., bytes], Callable[[Any, Tickets], RowSpelling]]] = {
    CsvFormat.rows: csv_rows,
    NdjsonFormat.rows: ndjson_rows,
    XlsxFormat.rows: xlsx_rows,
}


def spelled(file_format: FileFormat, tickets: Tickets) -> RowSpelling | None:
    """Return how PostgreSQL writes the rows of the format, or None if it cannot."""
    spelling = _SPELLINGS.get(type(file_format).rows)
    return spelling(file_format, tickets) if spelling else None
