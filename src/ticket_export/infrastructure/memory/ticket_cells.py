"""How the values of an in-memory ticket are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from ticket_export.application.csv_format import time_text
from ticket_export.application.formula_guard import guard

if TYPE_CHECKING:
    from ticket_export.application.csv_format import Cell, CsvFormat
    from ticket_export.application.ticket_column import TicketColumn
    from ticket_export.application.ticket_query import TicketQuery

#: A sequence of texts stands for joined tags.
CellValue: TypeAlias = str | int | float | Decimal | bool | datetime | date | UUID | Sequence[str] | None


def cell_of(value: CellValue, column: TicketColumn, query: TicketQuery, csv_format: CsvFormat) -> Cell:
    """The value as `encode_rows` takes it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return time_text(value, query.time_zone)
        case date():
            return value.isoformat()
        case int() | float() | Decimal() | UUID():
            return str(value)
    text = text_of(value)
    return guard(text) if column.is_text and csv_format.formula_guard else text


def text_of(value: CellValue) -> str:
    """The value as a search sees it; empty for None."""
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value)
    return str(value)
